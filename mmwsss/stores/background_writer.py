"""Write entries in background threads, so that the next image does not wait for the disk."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mmwsss.stores.base import Store

THREADS = 4
_WAITING = 16  # entries in hand; more would only take memory


class BackgroundWriter:
    """Encodes and writes entries in threads; each file is complete before it gets its name.

    So an entry that is there is there in full, as with :meth:`Store.write`. What a killed run loses
    are the entries in hand, at most 16.

    Args:
        store: Where to write.
        threads: How many write at once.

    Example:
        >>> with BackgroundWriter(store) as writer:
        ...     for id, value in results:
        ...         writer.put(id, value)
        ...     failed = writer.drain()
    """

    def __init__(self, store: Store, threads: int = THREADS) -> None:
        self.store = store
        store.lock()  # refuse here, not in a thread
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix='store')
        self._waiting: deque[tuple[str, Future]] = deque()

    def put(self, id: str, value: Any) -> None:
        """Queue an entry for writing, waiting if many are queued; do not change the value then."""
        self._waiting.append((id, self._pool.submit(self.store.write, id, value)))
        unfinished = [future for _, future in self._waiting if not future.done()]
        if len(unfinished) > _WAITING:
            unfinished[0].exception()

    def done(self) -> list[tuple[str, Exception]]:
        """Return the failed ones among the finished entries, in order."""
        failed = []
        while self._waiting and self._waiting[0][1].done():
            id, future = self._waiting.popleft()
            if (error := future.exception()) is not None:
                if not isinstance(error, Exception):
                    raise error
                failed.append((id, error))
        return failed

    def drain(self) -> list[tuple[str, Exception]]:
        """Wait for all entries, flush directories to disk, and return the failed entries."""
        for _, future in self._waiting:
            future.exception()
        failed = self.done()
        self.store.sync()
        return failed

    def __enter__(self) -> 'BackgroundWriter':
        return self

    def __exit__(self, *_: Any) -> None:
        """Finish entries being written and discard the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)
