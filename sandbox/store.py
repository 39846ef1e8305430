"""What a stand-in server remembers: JSON objects by kind and id in SQLite, so that a restart keeps them."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Store:
    """Objects by kind and id; one lock, since a stand-in serves few callers."""

    def __init__(self, file: Path | None) -> None:
        self._db = sqlite3.connect(
            str(file) if file else ":memory:", check_same_thread=False, isolation_level=None
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS object (kind TEXT, id TEXT, at INTEGER, body TEXT, PRIMARY KEY (kind, id))"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS by_time ON object (kind, at, id)")
        self.lock = threading.RLock()

    @property
    def writes(self) -> int:
        """How many rows were written, replaced or deleted since this store was opened."""
        return self._db.total_changes

    @contextmanager
    def together(self) -> Iterator[None]:
        """What happens inside happens wholly or not at all."""
        with self.lock:
            self._db.execute("SAVEPOINT together")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO together")
                self._db.execute("RELEASE together")
                raise
            self._db.execute("RELEASE together")

    def put(self, kind: str, key: str, body: Json, at: int = 0) -> None:
        """Stores or replaces; `at` orders by time."""
        text = json.dumps(body, ensure_ascii=False)
        with self.lock:
            self._db.execute("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)", (kind, key, at, text))

    def get(self, kind: str, key: str) -> Json | None:
        """The object, or None."""
        with self.lock:
            row = self._db.execute(
                "SELECT body FROM object WHERE kind = ? AND id = ?", (kind, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def delete(self, kind: str, key: str) -> bool:
        """Whether there was one."""
        with self.lock:
            return self._db.execute("DELETE FROM object WHERE kind = ? AND id = ?", (kind, key)).rowcount > 0

    def all(self, kind: str) -> list[tuple[str, Json]]:
        """Every object of the kind, by id."""
        with self.lock:
            rows = self._db.execute(
                "SELECT id, body FROM object WHERE kind = ? ORDER BY id", (kind,)
            ).fetchall()
        return [(key, json.loads(body)) for key, body in rows]

    def owned(self, kind: str, owner: str, value: str | int) -> list[Json]:
        """The objects of the kind whose property `owner` has that value, by id."""
        # an index for each property that is asked for, in the answer's order: else SQLite would rather read every object
        column = f"json_extract(body, '$.{owner}')"
        with self.lock:
            self._db.execute(f"CREATE INDEX IF NOT EXISTS owned_by_{owner} ON object (kind, {column}, id)")
            rows = self._db.execute(
                f"SELECT body FROM object WHERE kind = ? AND {column} = ? ORDER BY id",
                (kind, value),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def since(
        self, kind: str, low: int, high: int, after: tuple[int, str], limit: int
    ) -> list[tuple[int, str, Json]]:
        """The next objects by (time, id) after a position, with low <= time <= high."""
        with self.lock:
            rows = self._db.execute(
                "SELECT at, id, body FROM object WHERE kind = ? AND at BETWEEN ? AND ? AND (at, id) > (?, ?) "
                "ORDER BY at, id LIMIT ?",
                (kind, low, high, *after, limit),
            ).fetchall()
        return [(at, key, json.loads(body)) for at, key, body in rows]

    def latest(self, kind: str, low: int, high: int, before: str, limit: int) -> list[tuple[str, Json]]:
        """The next objects by id downwards below a position, with low <= time <= high."""
        with self.lock:
            rows = self._db.execute(
                "SELECT id, body FROM object WHERE kind = ? AND id < ? AND at BETWEEN ? AND ? ORDER BY id DESC LIMIT ?",
                (kind, before, low, high, limit),
            ).fetchall()
        return [(key, json.loads(body)) for key, body in rows]

    def next_number(self, name: str, first: int) -> int:
        """A counter that survives a restart."""
        with self.together():
            row = self.get("_counter", name) or {"value": first - 1}
            self.put("_counter", name, {"value": row["value"] + 1})
            return int(row["value"]) + 1

    def kinds(self) -> list[str]:
        """Every kind that is stored, counters left out."""
        with self.lock:
            rows = self._db.execute(
                "SELECT DISTINCT kind FROM object WHERE kind NOT LIKE '\\_%' ESCAPE '\\' ORDER BY kind"
            )
            return [row[0] for row in rows.fetchall()]

    def clear(self) -> None:
        """Forgets everything."""
        with self.lock:
            self._db.execute("DELETE FROM object")
