# SPDX-License-Identifier: MIT
"""What differs between _async and _sync, in the terms of threads."""

from __future__ import annotations

import queue
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from pyqwest import SyncClient
from typing_extensions import ParamSpec

from .._endpoint import Endpoint
from ._bulk import BulkTransport
from ._loop import LoopTransport

T = TypeVar("T")
P = ParamSpec("P")
Close = Callable[[], None]


def connect(endpoint: Endpoint) -> tuple[SyncClient, SyncClient, Close]:
    """Return an HTTP client, one for large answers, and what closes both."""
    transport, bulk = LoopTransport(endpoint), BulkTransport(endpoint)

    def close() -> None:
        transport.close()
        bulk.close()

    return SyncClient(transport), SyncClient(bulk), close


def run(func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may wait for a disk."""
    return func(*args, **kwargs)


def iterate(items: Iterable[T]) -> Iterator[T]:
    """Go over what may wait for a disk at each step."""
    return iter(items)


class Channel(Generic[T]):
    """Items for a stream that goes on until it is closed."""

    def __init__(self) -> None:
        # A SimpleQueue, since what is closed by the garbage collector may be in the
        # middle of anything.
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()

    def put(self, item: T) -> None:
        self._queue.put(item)

    def close(self) -> None:
        self._queue.put(None)

    def end_with(self, owner: object) -> None:
        """Close it when nobody has its owner any more: a thread waits for the items."""
        weakref.finalize(owner, self.close).atexit = False

    def __iter__(self) -> Iterator[T]:
        while (item := self._queue.get()) is not None:
            yield item


def opening(made: T) -> T:
    """Return what was made."""
    return made
