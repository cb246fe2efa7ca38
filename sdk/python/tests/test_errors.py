# SPDX-License-Identifier: MIT
"""Every reason that the server gives has an exception."""

from __future__ import annotations

import pickle

import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from protobuf.wkt import Any

import sandbox_rls as rls
from sandbox_rls import exceptions
from sandbox_rls._errors import About, translate
from sandbox_rls._gen.sandbox.v1 import common_pb2


def error(code: Code, reason: str = "", **info: str) -> ConnectError:
    details = []
    if reason:
        value = common_pb2.ErrorInfo(reason=reason, **info).SerializeToString()
        details = [
            ErrorDetail(Any(type_url="type.googleapis.com/sandbox.v1.ErrorInfo", value=value))
        ]
    return ConnectError(code, "what happened", details)


REASONS = {
    "SANDBOX_NOT_FOUND": rls.SandboxNotFoundError,
    "CODEBASE_NOT_FOUND": rls.CodebaseNotFoundError,
    "SESSION_NOT_FOUND": rls.SessionNotFoundError,
    "CHECKPOINT_NOT_FOUND": rls.CheckpointNotFoundError,
    "FILE_NOT_FOUND": rls.FileNotFoundError,
    "SANDBOX_NOT_RUNNING": rls.SandboxNotRunningError,
    "SANDBOX_BUSY": rls.SandboxBusyError,
    "SESSION_CLOSED": rls.SessionClosedError,
    "CONFLICT": rls.ConflictError,
    "COMMAND_TIMEOUT": rls.CommandTimeoutError,
    "PERMISSION_DENIED": rls.PermissionDeniedError,
    "INVALID": rls.InvalidConfigurationError,
    "UNSUPPORTED": rls.UnsupportedError,
    "CLOSED": rls.SandboxError,
    "QUOTA_EXCEEDED": rls.ResourceLimitExceededError,
    "UNAUTHENTICATED": rls.AuthenticationError,
    "TOO_LARGE": rls.ResourceLimitExceededError,
    "FILE_ERROR": rls.SandboxError,
    "CANCELED": rls.SandboxError,
    "DEADLINE": rls.SandboxError,
    "INTERNAL": rls.SandboxError,
}


@pytest.mark.parametrize("reason", REASONS)
def test_reasons(reason: str) -> None:
    about = About("exec", "http://x", sandbox_id="sb_1", command="make", timeout=2.0)
    got = translate(error(Code.UNKNOWN, reason, path="a", errno="ENOSPC"), about)
    assert type(got) is REASONS[reason]
    assert got.sandbox_id == "sb_1"
    assert got.reason == reason
    if not isinstance(got, rls.CommandTimeoutError):
        assert (got.path, got.error_name, got.operation) == ("a", "ENOSPC", "exec")
        assert str(got) == "what happened"
    restored = pickle.loads(pickle.dumps(got))
    assert type(restored) is type(got) and vars(restored) == vars(got)


def test_the_id_says_what_it_was_about() -> None:
    got = translate(error(Code.NOT_FOUND, "CODEBASE_NOT_FOUND", id="cb_9"), About("create"))
    assert (got.codebase_id, got.sandbox_id) == ("cb_9", None)


@pytest.mark.parametrize(
    ("code", "about", "want"),
    [
        (Code.NOT_FOUND, About("x", sandbox_id="s"), rls.SandboxNotFoundError),
        (Code.NOT_FOUND, About("x", sandbox_id="s", path="p"), rls.FileNotFoundError),
        (
            Code.NOT_FOUND,
            About("x", sandbox_id="s", checkpoint_id="c"),
            rls.CheckpointNotFoundError,
        ),
        (Code.NOT_FOUND, About("x", session_id="s"), rls.SessionNotFoundError),
        (Code.NOT_FOUND, About("x", codebase_id="s"), rls.CodebaseNotFoundError),
        (Code.NOT_FOUND, About("x"), rls.SandboxError),
        (Code.UNAVAILABLE, About("x"), rls.ConnectionError),
        (Code.DEADLINE_EXCEEDED, About("x", command="c"), rls.CommandTimeoutError),
        (Code.DEADLINE_EXCEEDED, About("x"), rls.SandboxError),
        (Code.PERMISSION_DENIED, About("x"), rls.PermissionDeniedError),
        (Code.UNAUTHENTICATED, About("x"), rls.AuthenticationError),
        (Code.INVALID_ARGUMENT, About("x"), rls.InvalidConfigurationError),
        (Code.RESOURCE_EXHAUSTED, About("x"), rls.ResourceLimitExceededError),
        (Code.UNIMPLEMENTED, About("x"), rls.UnsupportedError),
        (Code.INTERNAL, About("x", session_id="s"), rls.SessionError),
        (Code.INTERNAL, About("x", codebase_id="s"), rls.CodebaseError),
    ],
)
def test_codes_without_a_reason(code: Code, about: About, want: type[Exception]) -> None:
    assert type(translate(error(code), about)) is want


def test_all_are_sandbox_errors() -> None:
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), rls.SandboxError)
        assert name in rls.__all__
    assert issubclass(rls.FileNotFoundError, FileNotFoundError)
    assert issubclass(rls.ConnectionError, ConnectionError)
