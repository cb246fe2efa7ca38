# SPDX-License-Identifier: MIT
"""Sandboxes for AI agents, with a level of permission for each path.

    from sandbox_rls import Sandbox

    with Sandbox.from_local("./my-project") as sandbox:
        result = sandbox.run("python main.py")
        print(result.stdout)

`Sandbox` is all that most programs need, `SandboxClient` has a method for each
call of the server, and `AsyncSandbox` and `AsyncSandboxClient` are the same for
asyncio.
"""

from ._async.client import AsyncSandboxClient
from ._async.sandbox import AsyncSandbox
from ._async.session import AsyncSession
from ._async.stream import AsyncExecStream, AsyncRunningCommand
from ._sync.client import SandboxClient
from ._sync.sandbox import Sandbox
from ._sync.session import Session
from ._sync.stream import ExecStream, RunningCommand
from .exceptions import (
    AuthenticationError,
    CheckpointNotFoundError,
    CodebaseError,
    CodebaseNotFoundError,
    CommandExecutionError,
    CommandTimeoutError,
    ConflictError,
    ConnectionError,
    FileNotFoundError,
    InvalidConfigurationError,
    PermissionDeniedError,
    ResourceLimitExceededError,
    SandboxBusyError,
    SandboxError,
    SandboxNotFoundError,
    SandboxNotRunningError,
    SessionClosedError,
    SessionError,
    SessionNotFoundError,
    UnsupportedError,
    UploadError,
)
from .presets import (
    DEFAULT_PRESET,
    PRESET_AGENT_SAFE,
    PRESET_DEVELOPMENT,
    PRESET_FULL_ACCESS,
    PRESET_READ_ONLY,
    PRESET_VIEW_ONLY,
    PRESETS,
    extend_preset,
    get_preset,
    get_preset_dicts,
    list_presets,
    register_preset,
)
from .rules import Decision, Policy, RuleError
from .types import (
    Change,
    ChangeKind,
    Checkpoint,
    Codebase,
    CommitItem,
    CommitReport,
    Enforcement,
    ExecResult,
    FileInfo,
    OutputChunk,
    PatternType,
    Permission,
    PermissionRule,
    ResourceLimits,
    RuntimeType,
    SandboxInfo,
    SandboxStatus,
    SessionInfo,
    SessionStatus,
    SkippedFile,
    UploadProgress,
    UploadResult,
    Usage,
)

SessionWrapper = Session
"""The name of Session in earlier versions."""
AsyncSessionWrapper = AsyncSession
"""The name of AsyncSession in earlier versions."""

__version__ = "0.3.0"

__all__ = [
    "AsyncExecStream",
    "AsyncRunningCommand",
    "AsyncSandbox",
    "AsyncSandboxClient",
    "AsyncSession",
    "AsyncSessionWrapper",
    "AuthenticationError",
    "Change",
    "ChangeKind",
    "Checkpoint",
    "CheckpointNotFoundError",
    "Codebase",
    "CodebaseError",
    "CodebaseNotFoundError",
    "CommandExecutionError",
    "CommandTimeoutError",
    "CommitItem",
    "CommitReport",
    "ConflictError",
    "ConnectionError",
    "DEFAULT_PRESET",
    "Decision",
    "Enforcement",
    "ExecResult",
    "ExecStream",
    "FileInfo",
    "FileNotFoundError",
    "InvalidConfigurationError",
    "OutputChunk",
    "PRESETS",
    "PRESET_AGENT_SAFE",
    "PRESET_DEVELOPMENT",
    "PRESET_FULL_ACCESS",
    "PRESET_READ_ONLY",
    "PRESET_VIEW_ONLY",
    "PatternType",
    "Permission",
    "PermissionDeniedError",
    "PermissionRule",
    "Policy",
    "ResourceLimitExceededError",
    "ResourceLimits",
    "RuleError",
    "RunningCommand",
    "RuntimeType",
    "Sandbox",
    "SandboxBusyError",
    "SandboxClient",
    "SandboxError",
    "SandboxInfo",
    "SandboxNotFoundError",
    "SandboxNotRunningError",
    "SandboxStatus",
    "Session",
    "SessionClosedError",
    "SessionError",
    "SessionInfo",
    "SessionNotFoundError",
    "SessionStatus",
    "SessionWrapper",
    "SkippedFile",
    "UnsupportedError",
    "UploadError",
    "UploadProgress",
    "UploadResult",
    "Usage",
    "extend_preset",
    "get_preset",
    "get_preset_dicts",
    "list_presets",
    "register_preset",
]
