# SPDX-License-Identifier: MIT
"""Between the types of this package and the messages of the protocol."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any, TypedDict

from google.protobuf.duration_pb2 import Duration as DurationMessage
from google.protobuf.timestamp_pb2 import Timestamp as TimestampMessage

from . import types as t
from ._gen.sandbox.v1 import codebase_pb2, common_pb2, sandbox_pb2
from .exceptions import InvalidConfigurationError
from .rules import Decision

Seconds = float | int | dt.timedelta
"""A time span: seconds, or a timedelta."""

_PERMISSIONS = {
    common_pb2.PERMISSION_NONE: t.Permission.NONE,
    common_pb2.PERMISSION_VIEW: t.Permission.VIEW,
    common_pb2.PERMISSION_READ: t.Permission.READ,
    common_pb2.PERMISSION_WRITE: t.Permission.WRITE,
}
_PATTERN_TYPES = {
    common_pb2.PATTERN_TYPE_GLOB: t.PatternType.GLOB,
    common_pb2.PATTERN_TYPE_DIRECTORY: t.PatternType.DIRECTORY,
    common_pb2.PATTERN_TYPE_FILE: t.PatternType.FILE,
}
_RUNTIMES = {
    sandbox_pb2.RUNTIME_TYPE_UNSPECIFIED: t.RuntimeType.DEFAULT,
    sandbox_pb2.RUNTIME_TYPE_BWRAP: t.RuntimeType.BWRAP,
    sandbox_pb2.RUNTIME_TYPE_DOCKER: t.RuntimeType.DOCKER,
    sandbox_pb2.RUNTIME_TYPE_NATIVE: t.RuntimeType.NATIVE,
}
_STATUSES = {
    sandbox_pb2.SANDBOX_STATUS_PENDING: t.SandboxStatus.PENDING,
    sandbox_pb2.SANDBOX_STATUS_RUNNING: t.SandboxStatus.RUNNING,
    sandbox_pb2.SANDBOX_STATUS_STOPPED: t.SandboxStatus.STOPPED,
    sandbox_pb2.SANDBOX_STATUS_ERROR: t.SandboxStatus.ERROR,
}
_SESSION_STATUSES = {
    sandbox_pb2.SESSION_STATUS_ACTIVE: t.SessionStatus.ACTIVE,
    sandbox_pb2.SESSION_STATUS_CLOSED: t.SessionStatus.CLOSED,
}
_CHANGE_KINDS = {
    sandbox_pb2.CHANGE_KIND_ADDED: t.ChangeKind.ADDED,
    sandbox_pb2.CHANGE_KIND_MODIFIED: t.ChangeKind.MODIFIED,
    sandbox_pb2.CHANGE_KIND_DELETED: t.ChangeKind.DELETED,
}
_TO_PERMISSION = {v: k for k, v in _PERMISSIONS.items()}
_TO_PATTERN_TYPE = {v: k for k, v in _PATTERN_TYPES.items()}
_TO_RUNTIME = {v: k for k, v in _RUNTIMES.items()}


def seconds(span: Seconds | None) -> float | None:
    """Return a time span in seconds."""
    return span.total_seconds() if isinstance(span, dt.timedelta) else span


def to_duration(span: Seconds | None) -> DurationMessage | None:
    """Return the message for a time span, which must be positive. None and 0 are none."""
    if not span:
        return None
    delta = span if isinstance(span, dt.timedelta) else dt.timedelta(seconds=span)
    if delta <= dt.timedelta():
        raise InvalidConfigurationError(f"a time span is not positive: {span}")
    message = DurationMessage()
    message.FromTimedelta(delta)
    return message


def _time(message: Any, name: str) -> dt.datetime | None:
    if not message.HasField(name):
        return None
    stamp: TimestampMessage = getattr(message, name)
    return stamp.ToDatetime(tzinfo=dt.timezone.utc)


def _span(message: Any, name: str) -> dt.timedelta | None:
    if not message.HasField(name):
        return None
    duration: DurationMessage = getattr(message, name)
    return duration.ToTimedelta()


class _Path(TypedDict, total=False):
    path: str
    path_bytes: bytes


def _path(message: Any) -> str:
    """Return a path, which has surrogates where it is not UTF-8, as in os.fsdecode."""
    raw: bytes = message.path_bytes
    path: str = message.path
    return raw.decode("utf-8", "surrogateescape") if raw else path


def _to_path(path: str) -> _Path:
    """Return the fields that name a path: `_path` reads them."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raw = path.encode("utf-8", "surrogateescape")
        return {"path": raw.decode("utf-8", "replace"), "path_bytes": raw}
    return {"path": path}


def to_rules(rules: Iterable[t.RuleLike] | None) -> list[common_pb2.PermissionRule]:
    return [
        common_pb2.PermissionRule(
            pattern=r.pattern,
            type=_TO_PATTERN_TYPE[r.type],
            permission=_TO_PERMISSION[r.permission],
            priority=r.priority,
        )
        for r in t.to_rules(rules or ())
    ]


def rule(m: common_pb2.PermissionRule) -> t.PermissionRule:
    return t.PermissionRule(
        pattern=m.pattern,
        permission=_PERMISSIONS.get(m.permission, t.Permission.NONE),
        type=_PATTERN_TYPES.get(m.type, t.PatternType.GLOB),
        priority=m.priority,
    )


def to_runtime(runtime: t.RuntimeType | str | None) -> sandbox_pb2.RuntimeType:
    return _TO_RUNTIME[t.RuntimeType.DEFAULT if runtime is None else t.RuntimeType(runtime)]


def to_limits(limits: t.ResourceLimits | None) -> sandbox_pb2.ResourceLimits | None:
    return None if limits is None else sandbox_pb2.ResourceLimits(**limits.to_dict())


def _limits(m: sandbox_pb2.ResourceLimits) -> t.ResourceLimits:
    names = [f.name for f in dataclasses.fields(t.ResourceLimits)]
    return t.ResourceLimits(**{n: getattr(m, n) or None for n in names})


def _skipped(files: Iterable[common_pb2.SkippedFile]) -> tuple[t.SkippedFile, ...]:
    return tuple(t.SkippedFile(_path(f), f.reason) for f in files)


def codebase(m: codebase_pb2.Codebase) -> t.Codebase:
    return t.Codebase(
        id=m.id,
        name=m.name,
        owner_id=m.owner_id,
        size=m.size,
        file_count=m.file_count,
        created_at=_time(m, "created_at"),
        updated_at=_time(m, "updated_at"),
        skipped=_skipped(m.skipped),
    )


def file_info(m: codebase_pb2.FileInfo) -> t.FileInfo:
    return t.FileInfo(
        path=_path(m),
        name=_path(m).rpartition("/")[2] if m.path_bytes else m.name,
        is_dir=m.is_dir,
        size=m.size,
        modified_at=_time(m, "modified_at"),
        mode=m.mode,
        permission=_PERMISSIONS.get(m.permission),
    )


def upload_result(m: codebase_pb2.UploadResult) -> t.UploadResult:
    return t.UploadResult(m.codebase_id, m.file_path, m.size, m.checksum)


def sandbox(m: sandbox_pb2.Sandbox) -> t.SandboxInfo:
    return t.SandboxInfo(
        id=m.id,
        codebase_id=m.codebase_id,
        status=_STATUSES.get(m.status, t.SandboxStatus.UNKNOWN),
        permissions=tuple(rule(r) for r in m.permissions),
        labels=dict(m.labels),
        runtime=_RUNTIMES.get(m.runtime, t.RuntimeType.DEFAULT),
        image=m.image or None,
        resources=_limits(m.resources) if m.HasField("resources") else None,
        created_at=_time(m, "created_at"),
        started_at=_time(m, "started_at"),
        stopped_at=_time(m, "stopped_at"),
        expires_at=_time(m, "expires_at"),
        owner_id=m.owner_id,
        runtime_name=m.runtime_name,
        runtime_note=m.runtime_note,
        reason=m.reason,
        network=m.network,
        enforced=tuple(t.Enforcement(e.resource, e.by, e.reason) for e in m.enforced),
        parked=m.parked,
        parent_id=m.parent_id,
        idle_timeout=_span(m, "idle_timeout"),
        skipped=_skipped(m.skipped),
    )


def session(m: sandbox_pb2.Session) -> t.SessionInfo:
    status = _SESSION_STATUSES.get(m.status, t.SessionStatus.UNKNOWN)
    return t.SessionInfo(
        id=m.id,
        sandbox_id=m.sandbox_id,
        status=status,
        shell=m.shell,
        created_at=_time(m, "created_at"),
        closed_at=_time(m, "closed_at"),
        exit_code=m.exit_code if status is t.SessionStatus.CLOSED else None,
    )


def exec_result(m: sandbox_pb2.ExecResult, command: str | None) -> t.ExecResult:
    return t.ExecResult(
        stdout=m.stdout,
        stderr=m.stderr,
        exit_code=m.exit_code,
        duration=_span(m, "duration"),
        command=command if command is not None else m.command,
        stdout_bytes=m.stdout_data or m.stdout.encode(),
        stderr_bytes=m.stderr_data or m.stderr.encode(),
        signal=m.signal or None,
        user_time=_span(m, "user_time"),
        system_time=_span(m, "system_time"),
        peak_memory=m.peak_memory or None,
        timed_out=m.timed_out,
        oom_killed=m.oom_killed,
        pids_limited=m.pids_limited,
        session_ended=m.session_ended,
        stdout_truncated=m.stdout_truncated,
        stderr_truncated=m.stderr_truncated,
    )


def chunk(m: sandbox_pb2.ExecOutput) -> t.OutputChunk:
    is_stderr = m.type == sandbox_pb2.ExecOutput.OUTPUT_TYPE_STDERR
    return t.OutputChunk(m.data, "stderr" if is_stderr else "stdout")


def usage(m: sandbox_pb2.Usage) -> t.Usage:
    spans = ("cpu", "cpu_user", "cpu_system", "throttled")
    counts = [f.name for f in dataclasses.fields(t.Usage) if f.name not in spans]
    return t.Usage(
        **{n: getattr(m, n).ToTimedelta() for n in spans}, **{n: getattr(m, n) for n in counts}
    )


def change(m: sandbox_pb2.Change) -> t.Change:
    kind = _CHANGE_KINDS.get(m.kind, t.ChangeKind.MODIFIED)
    return t.Change(_path(m), kind, m.mode, m.size, m.old_mode, m.old_size, m.checksum)


def to_changes(changes: Iterable[t.Change]) -> list[sandbox_pb2.Change]:
    kinds = {v: k for k, v in _CHANGE_KINDS.items()}
    return [
        sandbox_pb2.Change(
            **_to_path(c.path),
            kind=kinds[c.kind],
            mode=c.mode,
            size=c.size,
            old_mode=c.old_mode,
            old_size=c.old_size,
            checksum=c.checksum,
        )
        for c in changes
    ]


def to_expect(changes: Iterable[t.Change] | None) -> sandbox_pb2.Changes | None:
    return None if changes is None else sandbox_pb2.Changes(changes=to_changes(changes))


def report(m: sandbox_pb2.CommitReport) -> t.CommitReport:
    lists = [f.name for f in dataclasses.fields(t.CommitReport)]
    return t.CommitReport(**{n: tuple(_commit_item(i) for i in getattr(m, n)) for n in lists})


def _commit_item(m: sandbox_pb2.CommitItem) -> t.CommitItem:
    return t.CommitItem(_path(m), _CHANGE_KINDS.get(m.kind, t.ChangeKind.MODIFIED), m.reason)


def checkpoint(m: sandbox_pb2.Checkpoint) -> t.Checkpoint:
    return t.Checkpoint(m.id, m.name, _time(m, "created_at"))


def decision(m: sandbox_pb2.ExplainResponse) -> Decision:
    return Decision(
        path=m.path,
        permission=_PERMISSIONS.get(m.permission, t.Permission.NONE),
        rule=rule(m.rule) if m.HasField("rule") else None,
        beaten=tuple(rule(r) for r in m.beaten),
    )
