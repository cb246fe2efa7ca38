# SPDX-License-Identifier: MIT
# Generated from _async/commands.py. DO NOT EDIT.
"""Calls that run commands, on their own and in sessions."""

from __future__ import annotations

from collections.abc import Mapping

from .. import _convert as convert
from .. import _requests as requests
from .._convert import Seconds
from .._errors import About
from .._gen.sandbox.v1 import sandbox_pb2
from .._requests import Command
from ..types import ExecResult, SessionInfo
from . import _io
from .calls import Calls
from .session import Session
from .stream import ExecStream, RunningCommand, timed_out


class CommandCalls(Calls):
    """Commands and sessions."""

    def exec(
        self,
        sandbox_id: str,
        command: Command,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
    ) -> ExecResult:
        """Run a command and wait for it.

        One that runs for longer than `timeout` is killed, which raises
        CommandTimeoutError with what it had printed.
        """
        about = self._about(
            "exec",
            sandbox_id=sandbox_id,
            command=requests.command_line(command),
            timeout=timeout,
        )
        request = requests.exec_request(
            sandbox_id, command, stdin=stdin, env=env, workdir=workdir, timeout=timeout
        )
        with about:
            reply = self._sandboxes.exec(request, headers=self._headers)
        return _checked(convert.exec_result(reply, about.command), about)

    def exec_stream(
        self,
        sandbox_id: str,
        command: Command,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
    ) -> ExecStream:
        """Run a command and go over what it prints. It begins with the first step."""
        about = self._about(
            "exec",
            sandbox_id=sandbox_id,
            command=requests.command_line(command),
            timeout=timeout,
        )
        request = requests.exec_request(
            sandbox_id, command, stdin=stdin, env=env, workdir=workdir, timeout=timeout
        )
        return ExecStream(self._sandboxes.exec_stream(request, headers=self._headers), about)

    def exec_interactive(
        self,
        sandbox_id: str,
        command: Command,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
        *,
        tty: bool = False,
        size: tuple[int, int] | None = None,
    ) -> RunningCommand:
        """Run a command that is fed while it runs. It begins with the first step.

        `tty` runs it at a terminal, of `size` rows and columns. It takes HTTP/2.
        """
        about = self._about(
            "exec",
            sandbox_id=sandbox_id,
            command=requests.command_line(command),
            timeout=timeout,
        )
        request = requests.exec_request(
            sandbox_id,
            command,
            stdin=None,
            env=env,
            workdir=workdir,
            timeout=timeout,
            tty=tty,
            size=size,
        )
        inputs: _io.Channel[sandbox_pb2.ExecInput] = _io.Channel()
        inputs.put(sandbox_pb2.ExecInput(start=request))
        messages = self._sandboxes.exec_interactive(inputs.__iter__(), headers=self._headers)
        return RunningCommand(messages, about, inputs)

    def create_session(
        self,
        sandbox_id: str,
        shell: str = "/bin/sh",
        env: Mapping[str, str] | None = None,
        *,
        workdir: str | None = None,
    ) -> Session:
        """Open a session: a shell that goes on from one command to the next."""
        request = sandbox_pb2.CreateSessionRequest(
            sandbox_id=sandbox_id, shell=shell, env=env, workdir=workdir or ""
        )
        with self._about("create session", sandbox_id=sandbox_id):
            reply = self._sandboxes.create_session(request, headers=self._headers)
        return Session(self, convert.session(reply))

    def session(
        self,
        sandbox_id: str,
        shell: str = "/bin/sh",
        env: Mapping[str, str] | None = None,
        *,
        workdir: str | None = None,
    ) -> Session:
        """Open a session for a `with` block, at the end of which it is closed."""
        return _io.opening(self.create_session(sandbox_id, shell, env, workdir=workdir))

    def get_session(self, session_id: str) -> SessionInfo:
        """Describe a session."""
        request = sandbox_pb2.GetSessionRequest(session_id=session_id)
        with self._about("get session", session_id=session_id):
            reply = self._sandboxes.get_session(request, headers=self._headers)
        return convert.session(reply)

    def list_sessions(self, sandbox_id: str) -> list[SessionInfo]:
        """List the sessions of a sandbox."""
        request = sandbox_pb2.ListSessionsRequest(sandbox_id=sandbox_id)
        with self._about("list sessions", sandbox_id=sandbox_id):
            reply = self._sandboxes.list_sessions(request, headers=self._headers)
        return [convert.session(s) for s in reply.sessions]

    def destroy_session(self, session_id: str) -> None:
        """End a session with all that it has started."""
        request = sandbox_pb2.DestroySessionRequest(session_id=session_id)
        with self._about("destroy session", session_id=session_id):
            self._sandboxes.destroy_session(request, headers=self._headers)

    def session_exec(
        self, session_id: str, command: str, timeout: Seconds | None = None
    ) -> ExecResult:
        """Run a command in a session and wait for it."""
        about = self._about("session exec", session_id=session_id, command=command, timeout=timeout)
        request = sandbox_pb2.SessionExecRequest(
            session_id=session_id,
            command=command,
            timeout=convert.to_duration(timeout),
            full_result=True,
        )
        with about:
            reply = self._sandboxes.session_exec(request, headers=self._headers)
        return _checked(convert.exec_result(reply, command), about)

    def session_exec_stream(
        self, session_id: str, command: str, timeout: Seconds | None = None
    ) -> ExecStream:
        """Run a command in a session and go over what it prints."""
        about = self._about("session exec", session_id=session_id, command=command, timeout=timeout)
        request = sandbox_pb2.SessionExecRequest(
            session_id=session_id,
            command=command,
            timeout=convert.to_duration(timeout),
            full_result=True,
        )
        return ExecStream(
            self._sandboxes.session_exec_stream(request, headers=self._headers), about
        )


def _checked(result: ExecResult, about: About) -> ExecResult:
    if result.timed_out:
        raise timed_out(result, about)
    return result
