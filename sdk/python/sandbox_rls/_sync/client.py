# SPDX-License-Identifier: MIT
# Generated from _async/client.py. DO NOT EDIT.
"""The low-level client: one method a call of the server."""

from __future__ import annotations

from types import TracebackType

from typing_extensions import Self

from .._endpoint import PEM, resolve
from .codebases import CodebaseCalls
from .commands import CommandCalls
from .delta import DeltaCalls
from .sandboxes import SandboxCalls
from .workspace import WorkspaceCalls


class SandboxClient(CodebaseCalls, SandboxCalls, CommandCalls, WorkspaceCalls, DeltaCalls):
    """A connection to a server, with one method a call.

    `endpoint` is "host:port", which is taken without TLS unless `secure` is set, or
    begins with http:// or https://. Default: $SANDBOX_ENDPOINT, or
    localhost:9000. `token` is sent with each call; default: $SANDBOX_TOKEN.
    `ca_cert`, `client_cert` and `client_key` are PEM, or files of it. It may be
    used from several threads at once.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        secure: bool = False,
        *,
        token: str | None = None,
        ca_cert: PEM | None = None,
        client_cert: PEM | None = None,
        client_key: PEM | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        super().__init__(
            resolve(
                endpoint,
                secure=secure,
                token=token,
                ca_cert=ca_cert,
                client_cert=client_cert,
                client_key=client_key,
                connect_timeout=connect_timeout,
            )
        )

    def close(self) -> None:
        """Close the connection. What is on the server stays there."""
        self._closed = True
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
