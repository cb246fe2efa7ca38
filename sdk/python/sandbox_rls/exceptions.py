# SPDX-License-Identifier: MIT
"""What can go wrong. Each exception says what it was about in its attributes."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import CommitReport, ExecResult

__all__ = [
    "AuthenticationError",
    "CheckpointNotFoundError",
    "CodebaseError",
    "CodebaseNotFoundError",
    "CommandExecutionError",
    "CommandTimeoutError",
    "ConflictError",
    "ConnectionError",
    "FileNotFoundError",
    "InvalidConfigurationError",
    "PermissionDeniedError",
    "ResourceLimitExceededError",
    "SandboxBusyError",
    "SandboxError",
    "SandboxNotFoundError",
    "SandboxNotRunningError",
    "SessionClosedError",
    "SessionError",
    "SessionNotFoundError",
    "UnsupportedError",
    "UploadError",
]


class SandboxError(Exception):
    """The base of all exceptions of this package.

    What it was about is in `sandbox_id`, `codebase_id`, `session_id`,
    `checkpoint_id` and `path`, None where it is not known. `reason` is the kind as
    the server names it ("SANDBOX_NOT_FOUND"), `code` the status of the call
    ("not_found"), `operation` what was to be done, `errno` the system's word for
    it ("ENOSPC").
    """

    def __init__(
        self,
        message: str,
        *,
        sandbox_id: str | None = None,
        codebase_id: str | None = None,
        session_id: str | None = None,
        checkpoint_id: str | None = None,
        path: str | None = None,
        reason: str | None = None,
        code: str | None = None,
        operation: str | None = None,
        errno: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.sandbox_id = sandbox_id
        self.codebase_id = codebase_id
        self.session_id = session_id
        self.checkpoint_id = checkpoint_id
        self.path = path
        self.reason = reason
        self.code = code
        self.operation = operation
        self.error_name = errno

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    cls: type[SandboxError], args: tuple[object, ...], state: dict[str, object]
) -> SandboxError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class SandboxNotFoundError(SandboxError):
    """There is no such sandbox."""


class SandboxNotRunningError(SandboxError):
    """The sandbox must be started first."""


class SandboxBusyError(SandboxError):
    """Another call is at work on the sandbox."""


class CheckpointNotFoundError(SandboxError):
    """There is no such checkpoint."""


class CodebaseError(SandboxError):
    """A codebase, or a file of one, could not be worked on."""


class CodebaseNotFoundError(CodebaseError):
    """There is no such codebase."""


class FileNotFoundError(CodebaseError, builtins.FileNotFoundError):
    """There is no such file. It is also the builtin FileNotFoundError."""


class UploadError(CodebaseError):
    """A file could not be uploaded."""


class CommandTimeoutError(SandboxError, builtins.TimeoutError):
    """A command ran for longer than it might. It is also the builtin TimeoutError.

    What it had printed until then is in `stdout` and `stderr`, and `result` has all
    that is known of it, unless it was a stream.
    """

    def __init__(
        self,
        command: str,
        timeout: float | None = None,
        *,
        result: ExecResult | None = None,
        sandbox_id: str | None = None,
        session_id: str | None = None,
        code: str | None = None,
        operation: str | None = None,
    ) -> None:
        after = f" after {timeout:g} seconds" if timeout is not None else ""
        super().__init__(
            f"command timed out{after}: {command}",
            sandbox_id=sandbox_id,
            session_id=session_id,
            reason="COMMAND_TIMEOUT",
            code=code,
            operation=operation,
        )
        self.command = command
        self.timeout = timeout
        self.result = result
        self.stdout = result.stdout if result else ""
        self.stderr = result.stderr if result else ""
        self.exit_code = result.exit_code if result else None

    @property
    def timeout_seconds(self) -> float | None:
        """The timeout, in seconds."""
        return self.timeout


class CommandExecutionError(SandboxError):
    """A command ended with an exit code that is not 0."""

    def __init__(self, command: str, exit_code: int, stdout: str = "", stderr: str = "") -> None:
        super().__init__(f"command failed with exit code {exit_code}: {command}")
        self.command = command
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr


class PermissionDeniedError(SandboxError, builtins.PermissionError):
    """The rules, or the owner of the token, do not allow it.

    It is also the builtin PermissionError.
    """


class AuthenticationError(PermissionDeniedError):
    """The server wants a token, or another one."""


class SessionError(SandboxError):
    """A session could not be worked with."""


class SessionNotFoundError(SessionError):
    """There is no such session."""


class SessionClosedError(SessionError):
    """The session has ended."""


class ConflictError(SandboxError):
    """Nothing was committed, since somebody else has changed the same.

    `report` says what conflicts. `commit(overwrite=True)` commits all the same,
    `commit(partial=True)` what has no conflict.
    """

    def __init__(self, message: str, report: CommitReport | None = None, **about: str | None):
        super().__init__(message, **about)
        self.report = report


class ResourceLimitExceededError(SandboxError):
    """A quota is used up, or something is larger than the server takes."""


class InvalidConfigurationError(SandboxError, ValueError):
    """An argument makes no sense. It is also a ValueError."""


class UnsupportedError(SandboxError):
    """The server, or this machine, lacks what that takes."""


class ConnectionError(SandboxError, builtins.ConnectionError):
    """The server could not be reached. It is also the builtin ConnectionError."""

    def __init__(self, message: str, endpoint: str = "", **about: str | None):
        super().__init__(message, **about)
        self.endpoint = endpoint
