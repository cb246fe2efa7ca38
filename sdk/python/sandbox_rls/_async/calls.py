# SPDX-License-Identifier: MIT
"""What all calls of a client have in common."""

from __future__ import annotations

import os
from typing import Any

from .. import _convert as convert
from .._convert import Seconds
from .._endpoint import Endpoint
from .._errors import About, Sent
from .._gen.sandbox.v1.codebase_connect import CodebaseServiceClient
from .._gen.sandbox.v1.sandbox_connect import SandboxServiceClient
from ..exceptions import SandboxError
from . import _io

PAGE = 1000
"""How much of a list is asked for at a time."""


class Calls:
    """A connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        http, bulk, self._close = _io.connect(endpoint)
        self._closed = False
        self._process = os.getpid()
        self._headers = endpoint.headers
        self._codebases = CodebaseServiceClient(
            endpoint.url, http_client=http, send_compression=None, accept_compression=()
        )
        self._sandboxes = SandboxServiceClient(
            endpoint.url, http_client=http, send_compression=None, accept_compression=()
        )

        # For what is downloaded.
        self._codebase_contents = CodebaseServiceClient(
            endpoint.url, http_client=bulk, send_compression=None, accept_compression=()
        )
        self._sandbox_contents = SandboxServiceClient(
            endpoint.url, http_client=bulk, send_compression=None, accept_compression=()
        )

    @property
    def endpoint(self) -> str:
        """The address of the server, as a URL."""
        return self._endpoint.url

    def _about(
        self,
        operation: str,
        *,
        sandbox_id: str | None = None,
        codebase_id: str | None = None,
        session_id: str | None = None,
        checkpoint_id: str | None = None,
        path: str | None = None,
        command: str | None = None,
        timeout: Seconds | None = None,
        sent: Sent[Any] | None = None,
    ) -> About:
        if self._closed or os.getpid() != self._process:
            # Of what a connection needs, fork(2) takes no thread along.
            why = "closed" if self._closed else "another process's: make one after the fork"
            raise SandboxError(
                f"{operation}: the client is {why}",
                sandbox_id=sandbox_id,
                codebase_id=codebase_id,
                session_id=session_id,
                reason="CLOSED",
                operation=operation,
            )
        return About(
            operation,
            self.endpoint,
            sandbox_id,
            codebase_id,
            session_id,
            checkpoint_id,
            path,
            command,
            convert.seconds(timeout),
            sent,
        )
