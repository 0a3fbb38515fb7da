"""Snapshots go into the store as they come: several in one transaction, written by a thread of its own.

A poll that is killed leaves what it had read. What goes wrong with the file is raised when the block
ends; the poll itself is not disturbed, for what it reads is still to be shown.
"""

from __future__ import annotations

import threading
from queue import Empty, Queue
from types import TracebackType
from typing import TYPE_CHECKING, Self

from netdiag.model import Snapshot

if TYPE_CHECKING:
    from netdiag.store import Store

_BATCH = 64
_WAIT_S = 0.25
"""How long a snapshot may wait for others: each transaction waits for the disk once."""


class Keeper:
    """`keep(snapshot)` from any thread, inside `with`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: Queue[Snapshot | None] = Queue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def keep(self, snapshot: Snapshot) -> None:
        """Soon stored."""
        self._queue.put(snapshot)

    def _run(self) -> None:
        ended = False
        while not ended:
            batch: list[Snapshot] = []
            try:
                one = self._queue.get()
                while one is not None and len(batch) < _BATCH:
                    batch.append(one)
                    one = self._queue.get(timeout=_WAIT_S)
                ended = one is None
                if one is not None:
                    batch.append(one)
            except Empty:
                pass
            self._write(batch)

    def _write(self, batch: list[Snapshot]) -> None:
        if self._error is None:
            try:
                self._store.add_snapshots(batch)
            except Exception as exc:  # noqa: BLE001  raised where the block ends
                self._error = exc
