# SPDX-License-Identifier: MIT
# Generated from _async/session.py. DO NOT EDIT.
"""A shell that goes on from one command to the next."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TYPE_CHECKING

from typing_extensions import Self

from .._convert import Seconds
from ..exceptions import SessionNotFoundError
from ..types import ExecResult, SessionInfo, SessionStatus
from .stream import ExecStream

if TYPE_CHECKING:
    from .commands import CommandCalls


class Session:
    """A shell in a sandbox, which keeps its directory, its variables and its jobs.

    Leaving a `with` block closes it.
    """

    def __init__(self, client: CommandCalls, session: SessionInfo) -> None:
        self._client = client
        self._info = session

    @property
    def id(self) -> str:
        """What the server calls it."""
        return self._info.id

    @property
    def sandbox_id(self) -> str:
        """The sandbox that it is in."""
        return self._info.sandbox_id

    @property
    def shell(self) -> str:
        """The path of its shell."""
        return self._info.shell

    @property
    def status(self) -> SessionStatus:
        """Its status, when it was last asked for."""
        return self._info.status

    @property
    def info(self) -> SessionInfo:
        """What was last known of it."""
        return self._info

    def refresh(self) -> Self:
        """Ask for its status."""
        self._info = self._client.get_session(self.id)
        return self

    def exec(self, command: str, timeout: Seconds | None = None) -> ExecResult:
        """Run a command and wait for it.

        After `timeout` it is interrupted, which raises CommandTimeoutError and
        leaves the session usable.
        """
        return self._client.session_exec(self.id, command, timeout)

    def exec_stream(self, command: str, timeout: Seconds | None = None) -> ExecStream:
        """Run a command and go over what it prints."""
        return self._client.session_exec_stream(self.id, command, timeout)

    def close(self) -> None:
        """End the session with all that it has started. A second time does nothing."""
        if self._info.status is SessionStatus.CLOSED:
            return
        with contextlib.suppress(SessionNotFoundError):
            self._client.destroy_session(self.id)
        self._info = SessionInfo(
            self.id, self.sandbox_id, SessionStatus.CLOSED, self.shell, self._info.created_at
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
