"""A vendor for benchmarks: pages rendered before, a bulk door that counts what comes twice; one process, one connection loop."""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection


@contextmanager
def running(
    pages: Sequence[bytes], page_seconds: float, bulk_seconds: float, *, upsert: bool
) -> Iterator[str]:
    """The server in a process of its own; its address. Without `upsert` a second row with one reference is kept."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, pages, page_seconds, bulk_seconds, upsert), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(
    told: Connection, pages: Sequence[bytes], page_seconds: float, bulk_seconds: float, upsert: bool
) -> None:
    asyncio.run(_Vendor(pages, page_seconds, bulk_seconds, upsert).serve(told))


class _Vendor:
    def __init__(
        self, pages: Sequence[bytes], page_seconds: float, bulk_seconds: float, upsert: bool
    ) -> None:
        self.pages, self.page_seconds, self.bulk_seconds, self.upsert = (
            pages,
            page_seconds,
            bulk_seconds,
            upsert,
        )
        self.rows: dict[str, list[dict[str, object]]] = {}
        self.calls, self.waited = 0, 0.0

    async def serve(self, told: Connection) -> None:
        """Answers until the process ends."""
        listener = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=1 << 24)
        self.began = time.process_time()
        told.send(listener.sockets[0].getsockname()[1])
        await listener.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (
                        int(line[15:])
                        for line in head.lower().split("\r\n")
                        if line.startswith("content-length:")
                    ),
                    0,
                )
                body = await reader.readexactly(length)
                answer = await self._answer(head.split(" ", 2)[1], body)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % len(answer)
                    + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, path: str, body: bytes) -> bytes:
        if path.startswith("/results/"):
            await asyncio.sleep(self.page_seconds)
            return self.pages[int(path.rpartition("/")[2])]
        if path == "/bulk":
            began = time.perf_counter()
            await asyncio.sleep(self.bulk_seconds)
            self.calls, self.waited = self.calls + 1, self.waited + time.perf_counter() - began
            return self._keep(json.loads(body))
        if path == "/find":
            found = {ref: self.rows[ref] for ref in json.loads(body) if ref in self.rows}
            return json.dumps(found).encode()
        doubled = sum(len(rows) - 1 for rows in self.rows.values())
        spent = time.process_time() - self.began
        # a timer wakes up late: what a caller could reach at best is told by what was really waited
        waited = self.waited / max(1, self.calls)
        return json.dumps(
            {"rows": len(self.rows), "doubled": doubled, "cpu": spent, "waited": waited}
        ).encode()

    def _keep(self, items: list[dict[str, object]]) -> bytes:
        for item in items:
            known = self.rows.setdefault(str(item["ref"]), [])
            if self.upsert and known:
                known[0] = item
            else:
                known.append(item)
        return json.dumps([{"id": item["ref"]} for item in items]).encode()
