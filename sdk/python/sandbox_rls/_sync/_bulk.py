# SPDX-License-Identifier: MIT
"""HTTP for what may be large, by the HTTP library's own transport for threads.

An event loop takes its time for each frame of 16 KB. Here a thread of its own
reads, and the caller's waits where it hears signals; see _loop.py.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pyqwest import SyncHTTPTransport, SyncRequest, SyncResponse

from .._endpoint import Endpoint

_PIECE = 256 * 1024
_AHEAD = 4


class BulkTransport:
    """Sends requests whose answers begin at once."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._transport = SyncHTTPTransport(**endpoint.transport)

    def execute_sync(self, request: SyncRequest) -> SyncResponse:
        """Send a request, and wait for the beginning of the answer."""
        return _Download(self._transport, request).response()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class _Download:
    """One request and its answer, read by a thread."""

    def __init__(self, transport: SyncHTTPTransport, request: SyncRequest) -> None:
        self._transport = transport
        self._request = request
        self._queue: queue.Queue[SyncResponse | bytes | _End] = queue.Queue(_AHEAD)
        self._abandoned = threading.Event()
        threading.Thread(target=self._run, name="sandbox_rls download", daemon=True).start()

    def response(self) -> SyncResponse:
        try:
            head = self._queue.get()
        except BaseException:
            self._abandon()
            raise
        if isinstance(head, _End):
            raise head.error or EOFError
        assert isinstance(head, SyncResponse)
        return SyncResponse(
            status=head.status,
            http_version=head.http_version,
            headers=head.headers,
            content=self._content(),
        )

    def _content(self) -> Iterator[bytes]:
        try:
            while isinstance(piece := self._queue.get(), bytes):
                yield piece
            if isinstance(piece, _End) and piece.error is not None:
                raise piece.error
        finally:
            self._abandon()

    def _abandon(self) -> None:
        self._abandoned.set()
        while not self._queue.empty():
            self._queue.get_nowait()

    def _run(self) -> None:
        end = _End(None)
        try:
            with self._transport.execute_sync(self._request) as response:
                self._put(response)
                held = bytearray()
                for piece in response.content:
                    held += piece
                    if len(held) >= _PIECE or self._queue.empty():
                        self._put(bytes(held))
                        held.clear()
                    if self._abandoned.is_set():
                        return
                if held:
                    self._put(bytes(held))
        except BaseException as e:
            end = _End(e)
        self._put(end)

    def _put(self, item: SyncResponse | bytes | _End) -> None:
        while not self._abandoned.is_set():
            try:
                self._queue.put(item, timeout=0.5)
            except queue.Full:
                continue
            return
