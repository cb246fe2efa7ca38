# SPDX-License-Identifier: MIT
"""What the API speaks of: levels, rules, limits, and descriptions of things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from .exceptions import CommandExecutionError

__all__ = [
    "Change",
    "ChangeKind",
    "Checkpoint",
    "Codebase",
    "CommitItem",
    "CommitReport",
    "Enforcement",
    "ExecResult",
    "FileInfo",
    "OutputChunk",
    "PatternType",
    "Permission",
    "PermissionRule",
    "ResourceLimits",
    "RuleLike",
    "RuntimeType",
    "SandboxInfo",
    "SandboxStatus",
    "SessionInfo",
    "SessionStatus",
    "SkippedFile",
    "UploadProgress",
    "UploadResult",
    "Usage",
]


class Permission(str, Enum):
    """The level of a path. Each includes what the one before allows."""

    NONE = "none"
    """The path does not exist."""
    VIEW = "view"
    """It is listed, and cannot be read."""
    READ = "read"
    """It can be read."""
    WRITE = "write"
    """It can be changed."""


class PatternType(str, Enum):
    """How a pattern is compared with a path."""

    GLOB = "glob"
    """`*`, `?`, `[...]` and `{a,b}` within a name, `**` across directories."""
    DIRECTORY = "directory"
    """The directory and all beneath it."""
    FILE = "file"
    """Exactly this path."""


class RuntimeType(str, Enum):
    """What keeps the processes of a sandbox apart from the machine."""

    BWRAP = "bwrap"
    """Namespaces, by bubblewrap; where that is not installed, the server's own."""
    DOCKER = "docker"
    """A container of an image."""
    NATIVE = "native"
    """Namespaces, by the server itself."""
    DEFAULT = "default"
    """The server's default."""


class SandboxStatus(str, Enum):
    """What a sandbox is doing."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    """Created, never started."""
    RUNNING = "running"
    STOPPED = "stopped"
    """What it changed is kept; it can be started again."""
    ERROR = "error"
    """It ended by itself, or could not be started."""


class SessionStatus(str, Enum):
    """Whether a session can be used."""

    UNKNOWN = "unknown"
    ACTIVE = "active"
    CLOSED = "closed"


class ChangeKind(str, Enum):
    """What happened to a path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True)
class PermissionRule:
    """Gives the paths that its pattern matches a level."""

    pattern: str
    permission: Permission = Permission.READ
    type: PatternType = PatternType.GLOB
    priority: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as a dictionary of plain values."""
        return {
            "pattern": self.pattern,
            "permission": self.permission.value,
            "type": self.type.value,
            "priority": self.priority,
        }


RuleLike = PermissionRule | Mapping[str, Any]
"""A rule, or a dictionary with its fields: {"pattern": "/docs/**", "permission": "write"}."""


def to_rules(rules: Iterable[RuleLike]) -> list[PermissionRule]:
    """Return rules of which some may be dictionaries."""
    return [r if isinstance(r, PermissionRule) else _rule_of(r) for r in rules]


def _rule_of(given: Mapping[str, Any]) -> PermissionRule:
    unknown = given.keys() - {"pattern", "permission", "type", "priority"}
    if unknown or "pattern" not in given:
        raise ValueError(f"not a rule: {dict(given)!r}")
    return PermissionRule(
        pattern=given["pattern"],
        permission=Permission(_lower(given.get("permission", Permission.READ))),
        type=PatternType(_lower(given.get("type", PatternType.GLOB))),
        priority=int(given.get("priority", 0)),
    )


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) and not isinstance(value, Enum) else value


@dataclass(frozen=True)
class ResourceLimits:
    """Bounds what all processes of a sandbox use together. None is no limit."""

    memory_bytes: int | None = None
    cpu_quota: int | None = None
    """Microseconds of processor time in each 100 ms."""
    cpu_shares: int | None = None
    """The weight against others: 1024 is that of each."""
    pids_limit: int | None = None
    """Processes and threads."""
    disk_bytes: int | None = None
    """What the changes take on disk."""

    def to_dict(self) -> dict[str, int]:
        """Return the limits that are set."""
        return {k: v for k, v in vars(self).items() if v is not None}

    @staticmethod
    def from_dict(data: Mapping[str, int]) -> ResourceLimits:
        """Make limits of a dictionary such as `to_dict` returns."""
        return ResourceLimits(**data)


@dataclass(frozen=True)
class SkippedFile:
    """A file of a source that is not in what was made of it."""

    path: str
    reason: str


@dataclass(frozen=True)
class Codebase:
    """A set of files of which sandboxes are made."""

    id: str
    name: str
    owner_id: str
    size: int = 0
    """Bytes of its regular files."""
    file_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    skipped: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True)
class Enforcement:
    """What came of a limit that was asked for."""

    resource: str
    """"memory", "cpu", "pids" or "disk"."""
    by: str
    """What enforces it. Empty: nothing does."""
    reason: str = ""
    """Why nothing enforces it, and what would help."""


@dataclass(frozen=True)
class SandboxInfo:
    """Describes a sandbox."""

    id: str
    codebase_id: str
    status: SandboxStatus
    permissions: tuple[PermissionRule, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    runtime: RuntimeType = RuntimeType.BWRAP
    image: str | None = None
    resources: ResourceLimits | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    expires_at: datetime | None = None
    owner_id: str = ""
    runtime_name: str = ""
    runtime_note: str = ""
    """Why the runtime is not the one that was asked for. Empty: it is."""
    reason: str = ""
    """Why the status is an error."""
    network: str = ""
    enforced: tuple[Enforcement, ...] = ()
    parked: bool = False
    """It has no process at the moment; the next command brings it back."""
    parent_id: str = ""
    """The sandbox that it was forked from."""
    idle_timeout: timedelta | None = None
    skipped: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True)
class SessionInfo:
    """Describes a session."""

    id: str
    sandbox_id: str
    status: SessionStatus
    shell: str = ""
    created_at: datetime | None = None
    closed_at: datetime | None = None
    exit_code: int | None = None
    """The shell's, once it has ended."""


@dataclass(frozen=True)
class ExecResult:
    """How a command ended, and what it printed."""

    stdout: str
    """As text: what is not UTF-8 is replaced by U+FFFD."""
    stderr: str
    exit_code: int
    """128 + the number of the signal that ended it; 127 when it was not found."""
    duration: timedelta | None = None
    command: str | None = None
    stdout_bytes: bytes = field(default=b"", repr=False)
    stderr_bytes: bytes = field(default=b"", repr=False)
    signal: str | None = None
    """The name of the signal that ended it."""
    user_time: timedelta | None = None
    system_time: timedelta | None = None
    peak_memory: int | None = None
    """The largest resident set of any one of its processes, in bytes."""
    timed_out: bool = False
    oom_killed: bool = False
    pids_limited: bool = False
    session_ended: bool = False
    """The session's shell ended with the command."""
    stdout_truncated: bool = False
    stderr_truncated: bool = False

    @property
    def success(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def output(self) -> str:
        """What it printed: stdout, then stderr."""
        return self.stdout + self.stderr

    def raise_on_error(self) -> ExecResult:
        """Raise CommandExecutionError unless the exit code is 0."""
        if self.exit_code != 0:
            raise CommandExecutionError(
                self.command or "", self.exit_code, self.stdout, self.stderr
            )
        return self


class OutputChunk(bytes):
    """Bytes that a command printed, with `stream` saying where: "stdout" or "stderr"."""

    stream: str

    def __new__(cls, data: bytes, stream: str = "stdout") -> OutputChunk:
        """Take the bytes, and where they were printed."""
        chunk = super().__new__(cls, data)
        chunk.stream = stream
        return chunk


@dataclass(frozen=True)
class FileInfo:
    """Describes a file."""

    path: str
    """Relative to the codebase, or the workspace."""
    name: str
    is_dir: bool
    size: int
    modified_at: datetime | None = None
    mode: int = 0
    """Type and permissions, as st_mode has them."""
    permission: Permission | None = None
    """The level, of a file of a workspace."""


@dataclass(frozen=True)
class UploadResult:
    """What became of an uploaded file."""

    codebase_id: str
    file_path: str
    size: int
    checksum: str
    """SHA-256 of the content, in hexadecimal."""


@dataclass(frozen=True)
class UploadProgress:
    """How far the upload of a directory has come."""

    files: int
    total_files: int
    bytes: int
    total_bytes: int
    path: str
    """The file that is being sent."""


@dataclass(frozen=True)
class Usage:
    """What a sandbox uses. All but disk_bytes and files needs a limit of that kind."""

    counted: bool = False
    """There is a cgroup that counts."""
    cpu: timedelta = timedelta()
    cpu_user: timedelta = timedelta()
    cpu_system: timedelta = timedelta()
    throttled: timedelta = timedelta()
    throttled_periods: int = 0
    memory_bytes: int = 0
    memory_peak_bytes: int = 0
    pids: int = 0
    oom_kills: int = 0
    pids_refused: int = 0
    disk_bytes: int = 0
    files: int = 0


@dataclass(frozen=True)
class Change:
    """One path that a sandbox changed."""

    path: str
    """Relative to the workspace."""
    kind: ChangeKind
    mode: int = 0
    """Type and permissions, as st_mode has them; of a deleted file, what they were."""
    size: int = 0
    old_mode: int = 0
    old_size: int = 0
    checksum: str = ""
    """The SHA-256, in hexadecimal, of what a file holds or of the text of a symbolic link,
    in what a commit expects. It is empty in what `changes` returns."""


@dataclass(frozen=True)
class CommitItem:
    """What became of one change."""

    path: str
    kind: ChangeKind
    reason: str = ""


@dataclass(frozen=True)
class CommitReport:
    """What became of all changes, each list sorted by path."""

    applied: tuple[CommitItem, ...] = ()
    """Carried over or, in a dry run, what would be."""
    unchanged: tuple[CommitItem, ...] = ()
    """There already."""
    conflicts: tuple[CommitItem, ...] = ()
    """Somebody else has changed it."""
    denied: tuple[CommitItem, ...] = ()
    """The rules do not allow it."""
    skipped: tuple[CommitItem, ...] = ()
    """Not carried over, such as FIFOs."""
    failed: tuple[CommitItem, ...] = ()
    left: tuple[CommitItem, ...] = ()
    """Could not be taken back when the commit was given up."""


@dataclass(frozen=True)
class Checkpoint:
    """A state of a sandbox that was kept."""

    id: str
    name: str
    created_at: datetime | None = None
