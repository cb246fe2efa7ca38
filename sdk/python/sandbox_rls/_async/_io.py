# SPDX-License-Identifier: MIT
"""What differs between _async and _sync, in the terms of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable
from types import TracebackType
from typing import Any, Generic, TypeVar

from pyqwest import Client, HTTPTransport
from typing_extensions import ParamSpec

from .._endpoint import Endpoint

T = TypeVar("T")
P = ParamSpec("P")
Close = Callable[[], Awaitable[None]]


def connect(endpoint: Endpoint) -> tuple[Client, Client, Close]:
    """Return an HTTP client, one for large answers, and what closes both."""
    transport = HTTPTransport(**endpoint.transport)

    async def close() -> None:
        await transport.aclose()

    client = Client(transport)
    return client, client, close


async def run(func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what may wait for a disk."""
    return await asyncio.to_thread(func, *args, **kwargs)


async def iterate(items: Iterable[T]) -> AsyncIterator[T]:
    """Go over what may wait for a disk at each step."""
    end = object()
    iterator = iter(items)
    while True:
        item = await asyncio.to_thread(next, iterator, end)
        if item is end:
            return
        yield item  # type: ignore[misc]


class Channel(Generic[T]):
    """Items for a stream that goes on until it is closed."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[T | None] = asyncio.Queue()

    async def put(self, item: T) -> None:
        await self._queue.put(item)

    def close(self) -> None:
        self._queue.put_nowait(None)

    def end_with(self, owner: object) -> None:
        """Do nothing: whoever takes the items ends with the request."""

    async def __aiter__(self) -> AsyncIterator[T]:
        while (item := await self._queue.get()) is not None:
            yield item


C = TypeVar("C", bound=Any)


class Opening(Generic[C]):
    """Something that is being made: await it, or enter it with `async with`."""

    def __init__(self, coroutine: Coroutine[Any, Any, C]) -> None:
        self._coroutine = coroutine
        self._made: C | None = None

    def __await__(self) -> Generator[Any, None, C]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> C:
        self._made = await self._coroutine
        entered: C = await self._made.__aenter__()
        return entered

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._made is not None
        await self._made.__aexit__(kind, error, trace)


def opening(coroutine: Coroutine[Any, Any, C]) -> Opening[C]:
    """Let a coroutine be awaited or entered."""
    return Opening(coroutine)
