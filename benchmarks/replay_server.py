"""A server for benchmarks that says again what a stand-in said: answers rendered before, by method and path, in order."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection


class Replay:
    """The running server: its address, and what it used."""

    def __init__(self, base_url: str, pipe: Connection) -> None:
        self.base_url, self._pipe = base_url, pipe

    def used(self) -> tuple[int, float]:
        """Calls and CPU seconds since the last question; the answers begin again."""
        self._pipe.send("used")
        calls, seconds = self._pipe.recv()
        return calls, seconds


@contextmanager
def replaying(answers: Mapping[str, Sequence[bytes]], delay: float = 0.0) -> Iterator[Replay]:
    """Whole HTTP answers by `METHOD /path`, without query, each after `delay` seconds; after the last the first comes again."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, answers, delay), daemon=True)
    process.start()
    try:
        yield Replay(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, answers: Mapping[str, Sequence[bytes]], delay: float) -> None:
    asyncio.run(_Server(pipe, answers, delay).serve())


class _Server:
    def __init__(self, pipe: Connection, answers: Mapping[str, Sequence[bytes]], delay: float) -> None:
        self.pipe, self.answers, self.delay = pipe, answers, delay
        self.said: dict[str, int] = {}
        self.calls, self.began = 0, 0.0

    async def serve(self) -> None:
        """Answers until the process ends."""
        listener = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=1 << 26)
        self.began = time.process_time()
        asyncio.get_running_loop().add_reader(self.pipe.fileno(), self._tell)
        self.pipe.send(listener.sockets[0].getsockname()[1])
        await listener.serve_forever()

    def _tell(self) -> None:
        self.pipe.recv()
        self.pipe.send((self.calls, time.process_time() - self.began))
        self.calls, self.began, self.said = 0, time.process_time(), {}

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")
                length = next(
                    (int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0
                )
                await reader.readexactly(length)
                call = lines[0].rpartition(" ")[0].partition("?")[0]
                known = self.answers[call]
                number = self.said.get(call, 0)
                self.said[call] = number + 1
                self.calls += 1
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(known[number % len(known)])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
