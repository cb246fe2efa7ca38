# SPDX-License-Identifier: MIT
"""HTTP for threads, by an event loop in a thread of its own.

The HTTP library has a transport for threads too, but a thread that waits in it
hears no signal: Ctrl-C would do nothing until a command has ended. Here it ends
the wait, and the request with it, on which the server ends the command.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pyqwest import HTTPTransport, Request, Response, SyncRequest, SyncResponse

from .._endpoint import Endpoint

T = TypeVar("T")
_AHEAD = 4  # pieces of a request that are made before they are sent
_READ_AHEAD = 32  # pieces of an answer, of 16 KB commonly, that are read before they are wanted


class LoopTransport:
    """Sends requests of any thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport = HTTPTransport(**endpoint.transport)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="sandbox_rls", daemon=True
        )
        self._thread.start()
        self._process = os.getpid()
        self._stop = weakref.finalize(self, _stop, self._loop, self._thread, self._process)
        self._stopping: set[asyncio.Task[None]] = set()

    def execute_sync(self, request: SyncRequest) -> SyncResponse:
        """Send a request, and wait for the beginning of the answer."""
        response = self._wait(self._execute(request))
        return SyncResponse(
            status=response.status,
            http_version=response.http_version,
            headers=response.headers,
            content=self._content(response),
        )

    def close(self) -> None:
        """Close all connections."""
        if self._runs():
            self._wait(_close(self._transport))
        self._stop()

    def _runs(self) -> bool:
        """Report whether the loop does: it does not in a process that was forked."""
        return self._stop.alive and os.getpid() == self._process

    async def _execute(self, request: SyncRequest) -> Response:
        content = request.content
        body = content if isinstance(content, bytes) else _feed(content)
        return await self._transport.execute(
            Request(request.method, request.url, request.headers, body)
        )

    def _content(self, response: Response) -> Iterator[bytes]:
        reader = _Reader(response)
        self._wait(reader.start())
        try:
            while piece := self._wait(reader.take()):
                yield piece
        finally:
            if self._runs():
                self._let_go(reader)

    def _let_go(self, reader: _Reader) -> None:
        if threading.current_thread() is not self._thread:
            self._wait(reader.stop())
            return
        # An answer that nobody holds any more is collected in any thread, this one too,
        # which would wait for itself.
        task = self._loop.create_task(reader.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if not self._runs():
            coroutine.close()
            raise RuntimeError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread, process: int) -> None:
    if os.getpid() != process:
        return  # what it would tell is the other process's loop
    loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join()
        loop.close()


async def _close(transport: HTTPTransport) -> None:
    await transport.aclose()


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class _Reader:
    """Reads ahead, so that a thread that waits is woken for more than one frame."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._queue: asyncio.Queue[bytes | _End] = asyncio.Queue(_READ_AHEAD)
        self._end: _End | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        end = _End(None)
        try:
            async for piece in self._response.content:
                await self._queue.put(bytes(piece))
        except Exception as e:
            end = _End(e)
        await self._queue.put(end)

    async def take(self) -> bytes:
        """Return what there is, at least something; nothing at the end."""
        taken = bytearray()
        while self._end is None and not (taken and self._queue.empty()):
            item = await self._queue.get()
            if isinstance(item, _End):
                self._end = item
            else:
                taken += item
        if not taken and self._end is not None and self._end.error is not None:
            raise self._end.error
        return bytes(taken)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._response.aclose()


async def _feed(items: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Go over what a thread of its own makes, since that may wait."""
    queue: asyncio.Queue[bytes | _End] = asyncio.Queue(_AHEAD)
    loop = asyncio.get_running_loop()
    abandoned = threading.Event()

    def put(item: bytes | _End) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()

    def pump() -> None:
        end = _End(None)
        try:
            for item in items:
                if abandoned.is_set():
                    return
                put(item)
        except BaseException as e:
            end = _End(e)
        put(end)

    threading.Thread(target=pump, name="sandbox_rls request", daemon=True).start()
    try:
        while not isinstance(item := await queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        abandoned.set()
        while not queue.empty():
            queue.get_nowait()
