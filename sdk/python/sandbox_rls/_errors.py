# SPDX-License-Identifier: MIT
"""From the errors of calls to the exceptions of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, NoReturn, TypeVar

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from . import exceptions as ex
from ._gen.sandbox.v1 import common_pb2 as pb
from .exceptions import SandboxError

T = TypeVar("T")


class Sent(Generic[T]):
    """Messages to be sent, and what went wrong when they were made."""

    def __init__(self, messages: Iterable[T]) -> None:
        self._messages = iter(messages)
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return next(self._messages)
        except StopIteration:
            raise
        except Exception as e:
            self.error = e
            raise


@dataclass(frozen=True)
class About:
    """What a call is about. Use it as a context manager around the call."""

    operation: str
    endpoint: str = ""
    sandbox_id: str | None = None
    codebase_id: str | None = None
    session_id: str | None = None
    checkpoint_id: str | None = None
    path: str | None = None
    command: str | None = None
    timeout: float | None = None
    sent: Sent[Any] | None = None
    """What is sent. If that fails, its own exception tells why the call did."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, ConnectError):
            if isinstance(error.__cause__, asyncio.CancelledError):
                raise error.__cause__  # a task that is cancelled must know it
            if self.sent is not None and self.sent.error is not None:
                raise self.sent.error
            self.fail(error)

    def fail(self, error: ConnectError) -> NoReturn:
        """Raise the exception that an error stands for."""
        raise translate(error, self) from error


def translate(error: ConnectError, about: About) -> SandboxError:
    """Return the exception that an error of a call stands for."""
    info = _info(error)
    reason = info.reason or _REASON_OF_CODE.get(error.code, "")
    if not info.reason and error.code is Code.NOT_FOUND:
        reason = _missing(about)
    if reason == "COMMAND_TIMEOUT" and about.command is not None:
        return ex.CommandTimeoutError(
            about.command,
            about.timeout,
            sandbox_id=about.sandbox_id,
            session_id=about.session_id,
            code=error.code.value,
            operation=about.operation,
        )
    fields: dict[str, str | None] = {
        "sandbox_id": about.sandbox_id,
        "codebase_id": about.codebase_id,
        "session_id": about.session_id,
        "checkpoint_id": about.checkpoint_id,
        "path": info.path or about.path,
        "reason": info.reason or None,
        "code": error.code.value,
        "operation": info.op or about.operation,
        "errno": info.errno or None,
    }
    subject = _SUBJECTS.get(reason.partition("_")[0])
    if subject and info.id and not fields[subject]:
        fields[subject] = info.id
    message = error.message or reason or error.code.value
    if reason == "UNREACHABLE":
        return ex.ConnectionError(
            f"{about.operation}: no answer from {about.endpoint}: {message}",
            about.endpoint,
            **fields,
        )
    make = _BY_REASON.get(reason, SandboxError)
    if make is SandboxError and about.session_id:
        make = ex.SessionError
    elif make is SandboxError and about.codebase_id:
        make = ex.CodebaseError
    return make(message, **fields)


def _info(error: ConnectError) -> pb.ErrorInfo:
    for detail in error.details:
        if detail.type_name == pb.ErrorInfo.DESCRIPTOR.full_name:
            return pb.ErrorInfo.FromString(detail.message_bytes)
    return pb.ErrorInfo()


def _missing(about: About) -> str:
    """Say what was not found, where only the code says that something was not."""
    if about.checkpoint_id:
        return "CHECKPOINT_NOT_FOUND"
    if about.session_id:
        return "SESSION_NOT_FOUND"
    if about.path:
        return "FILE_NOT_FOUND"
    if about.sandbox_id:
        return "SANDBOX_NOT_FOUND"
    return "CODEBASE_NOT_FOUND" if about.codebase_id else ""


_SUBJECTS = {
    "SANDBOX": "sandbox_id",
    "CODEBASE": "codebase_id",
    "SESSION": "session_id",
    "CHECKPOINT": "checkpoint_id",
}

_BY_REASON: dict[str, Callable[..., SandboxError]] = {
    "SANDBOX_NOT_FOUND": ex.SandboxNotFoundError,
    "CODEBASE_NOT_FOUND": ex.CodebaseNotFoundError,
    "SESSION_NOT_FOUND": ex.SessionNotFoundError,
    "CHECKPOINT_NOT_FOUND": ex.CheckpointNotFoundError,
    "FILE_NOT_FOUND": ex.FileNotFoundError,
    "SANDBOX_NOT_RUNNING": ex.SandboxNotRunningError,
    "SANDBOX_BUSY": ex.SandboxBusyError,
    "SESSION_CLOSED": ex.SessionClosedError,
    "CONFLICT": ex.ConflictError,
    "PERMISSION_DENIED": ex.PermissionDeniedError,
    "INVALID": ex.InvalidConfigurationError,
    "UNSUPPORTED": ex.UnsupportedError,
    "QUOTA_EXCEEDED": ex.ResourceLimitExceededError,
    "TOO_LARGE": ex.ResourceLimitExceededError,
    "UNAUTHENTICATED": ex.AuthenticationError,
}

# For servers, and proxies before them, that do not say the reason.
_REASON_OF_CODE = {
    Code.UNAVAILABLE: "UNREACHABLE",
    Code.DEADLINE_EXCEEDED: "COMMAND_TIMEOUT",
    Code.PERMISSION_DENIED: "PERMISSION_DENIED",
    Code.UNAUTHENTICATED: "UNAUTHENTICATED",
    Code.INVALID_ARGUMENT: "INVALID",
    Code.RESOURCE_EXHAUSTED: "QUOTA_EXCEEDED",
    Code.UNIMPLEMENTED: "UNSUPPORTED",
    Code.ABORTED: "CONFLICT",
}
