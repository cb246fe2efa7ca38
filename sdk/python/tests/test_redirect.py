# SPDX-License-Identifier: MIT
"""What is said to a server goes to no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox_rls import SandboxClient, SandboxError
from sandbox_rls._endpoint import Endpoint, resolve


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    """Answer all requests in one way, at a port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def by_http1(*args: Any, **rest: Any) -> Endpoint:
    """Resolve an endpoint as ever, but for a server that speaks HTTP/1.1 alone."""
    endpoint = resolve(*args, **rest)
    transport = {k: v for k, v in endpoint.transport.items() if k != "http_version"}
    return replace(endpoint, transport=transport)


def test_no_redirection_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox_rls._sync.client.resolve", by_http1)
    reached: list[str] = []

    def take(request: BaseHTTPRequestHandler) -> None:
        reached.append(request.path)
        request.send_response(404)

    with serving(take) as elsewhere:

        def send_there(request: BaseHTTPRequestHandler) -> None:
            request.send_response(307)
            request.send_header("Location", f"http://localhost:{elsewhere}{request.path}")

        with serving(send_there) as port, SandboxClient(f"http://127.0.0.1:{port}") as client:
            with pytest.raises(SandboxError):
                client.create_codebase("secret")
            with pytest.raises(SandboxError):
                client.download_file("cb_0", "secret")
    assert not reached
