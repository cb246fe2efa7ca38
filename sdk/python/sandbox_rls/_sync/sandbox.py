# SPDX-License-Identifier: MIT
# Generated from _async/sandbox.py. DO NOT EDIT.
"""The high-level API: one object for a sandbox and all that belongs to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from .. import _local as local
from .. import _upload as upload
from .._convert import Seconds
from .._endpoint import PEM
from .._progress import Progress, reporting
from .._requests import Command, Content, in_workspace
from ..exceptions import (
    InvalidConfigurationError,
    SandboxError,
    SandboxNotFoundError,
)
from ..presets import DEFAULT_PRESET, get_preset
from ..rules import Decision, Policy
from ..types import (
    Change,
    Checkpoint,
    Codebase,
    CommitReport,
    ExecResult,
    FileInfo,
    PermissionRule,
    ResourceLimits,
    RuleLike,
    RuntimeType,
    SandboxInfo,
    SandboxStatus,
    Usage,
    to_rules,
)
from . import _io
from .client import SandboxClient
from .commit import commit_to_tree
from .session import Session
from .stream import ExecStream, RunningCommand


class Sandbox:
    """A sandbox. Make one with `from_local`, `from_codebase` or `connect`.

    Leaving a `with` block destroys it, with the codebase if `from_local` made that;
    one of `connect` is left as it is.
    """

    def __init__(
        self,
        client: SandboxClient,
        sandbox_info: SandboxInfo,
        codebase: Codebase | None = None,
        owns_client: bool = False,
        owns_codebase: bool = False,
        *,
        owns_sandbox: bool = True,
        tree: local.LocalTree | None = None,
    ) -> None:
        self._client = client
        self._info = sandbox_info
        self._codebase = codebase
        self._owns_client = owns_client
        self._owns_codebase = owns_codebase
        self._owns_sandbox = owns_sandbox
        self._tree = tree
        self._destroyed = False

    # Making one

    @classmethod
    def from_local(
        cls,
        path: str | os.PathLike[str],
        preset: str | None = DEFAULT_PRESET,
        permissions: Iterable[RuleLike] | None = None,
        runtime: RuntimeType = RuntimeType.DEFAULT,
        image: str | None = None,
        resources: ResourceLimits | None = None,
        endpoint: str | None = None,
        secure: bool = False,
        owner_id: str | None = None,
        codebase_name: str | None = None,
        ignore_patterns: Iterable[str] | None = None,
        labels: Mapping[str, str] | None = None,
        auto_start: bool = True,
        *,
        ignore_files: bool = True,
        progress: Progress = False,
        expires_in: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        network: str | None = None,
        best_effort: bool = False,
        output_limit: int = 0,
        client: SandboxClient | None = None,
        token: str | None = None,
        ca_cert: PEM | None = None,
        client_cert: PEM | None = None,
        client_key: PEM | None = None,
    ) -> Sandbox:
        """Make a sandbox of a directory, which is uploaded, and start it.

        The rules are those of the preset, which may be None, and then `permissions`.
        What they hide is not uploaded, and neither is the content of what can only
        be listed. What `ignore_patterns`, .sandboxignore and .gitignore leave out
        is not uploaded either; `ignore_files=False` does not look at the files.
        `progress` shows a bar, if tqdm is installed, or is a function that is
        called. The directory itself changes only by `commit`.
        """
        return _io.opening(
            cls._from_local(
                Path(path),
                _rules(preset, permissions),
                _client(client, endpoint, secure, token, ca_cert, client_cert, client_key),
                owns_client=client is None,
                owner_id=owner_id or "",
                codebase_name=codebase_name,
                ignore_patterns=ignore_patterns or (),
                ignore_files=ignore_files,
                progress=progress,
                create={
                    "runtime": runtime,
                    "image": image,
                    "resources": resources,
                    "labels": labels,
                    "start": auto_start,
                    "expires_in": expires_in,
                    "idle_timeout": idle_timeout,
                    "network": network,
                    "best_effort": best_effort,
                    "output_limit": output_limit,
                    "owner_id": owner_id,
                },
            )
        )

    @classmethod
    def _from_local(
        cls,
        path: Path,
        rules: list[PermissionRule],
        client: SandboxClient,
        *,
        owns_client: bool,
        owner_id: str,
        codebase_name: str | None,
        ignore_patterns: Iterable[str],
        ignore_files: bool,
        progress: Progress,
        create: dict[str, object],
    ) -> Sandbox:
        codebase: Codebase | None = None
        try:
            if not path.is_dir():
                raise InvalidConfigurationError(f"not a directory: {os.fspath(path)!r}")
            root = path.resolve()
            tree = local.LocalTree(root, Policy(rules))
            entries = _io.run(
                upload.scan, root, tree.policy, ignore_patterns, ignore_files=ignore_files
            )
            codebase = client.create_codebase(codebase_name or root.name or "root", owner_id)
            with reporting(progress) as report:
                codebase = client.upload_archive(
                    codebase.id, upload.archive(root, entries, tree.base, report)
                )
            info = client.create_sandbox(codebase.id, rules, **create)  # type: ignore[arg-type]
        except BaseException:
            with contextlib.suppress(SandboxError):
                if codebase is not None:
                    client.delete_codebase(codebase.id)
            if owns_client:
                client.close()
            raise
        return cls(client, info, codebase, owns_client, owns_codebase=True, tree=tree)

    @classmethod
    def from_codebase(
        cls,
        codebase_id: str,
        preset: str | None = DEFAULT_PRESET,
        permissions: Iterable[RuleLike] | None = None,
        runtime: RuntimeType = RuntimeType.DEFAULT,
        image: str | None = None,
        resources: ResourceLimits | None = None,
        endpoint: str | None = None,
        secure: bool = False,
        labels: Mapping[str, str] | None = None,
        auto_start: bool = True,
        *,
        expires_in: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        network: str | None = None,
        best_effort: bool = False,
        output_limit: int = 0,
        client: SandboxClient | None = None,
        token: str | None = None,
        ca_cert: PEM | None = None,
        client_cert: PEM | None = None,
        client_key: PEM | None = None,
    ) -> Sandbox:
        """Make a sandbox of a codebase that is there, and start it."""
        return _io.opening(
            cls._from_codebase(
                codebase_id,
                _rules(preset, permissions),
                _client(client, endpoint, secure, token, ca_cert, client_cert, client_key),
                owns_client=client is None,
                create={
                    "runtime": runtime,
                    "image": image,
                    "resources": resources,
                    "labels": labels,
                    "start": auto_start,
                    "expires_in": expires_in,
                    "idle_timeout": idle_timeout,
                    "network": network,
                    "best_effort": best_effort,
                    "output_limit": output_limit,
                },
            )
        )

    @classmethod
    def _from_codebase(
        cls,
        codebase_id: str,
        rules: list[PermissionRule],
        client: SandboxClient,
        *,
        owns_client: bool,
        create: dict[str, object],
    ) -> Sandbox:
        try:
            codebase = client.get_codebase(codebase_id)
            info = client.create_sandbox(codebase_id, rules, **create)  # type: ignore[arg-type]
        except BaseException:
            if owns_client:
                client.close()
            raise
        return cls(client, info, codebase, owns_client)

    @classmethod
    def connect(
        cls,
        sandbox_id: str,
        endpoint: str | None = None,
        secure: bool = False,
        *,
        client: SandboxClient | None = None,
        token: str | None = None,
        ca_cert: PEM | None = None,
        client_cert: PEM | None = None,
        client_key: PEM | None = None,
    ) -> Sandbox:
        """Return a sandbox that is there. Leaving a `with` block does not destroy it."""
        return _io.opening(
            cls._connect(
                sandbox_id,
                _client(client, endpoint, secure, token, ca_cert, client_cert, client_key),
                owns_client=client is None,
            )
        )

    @classmethod
    def _connect(
        cls, sandbox_id: str, client: SandboxClient, *, owns_client: bool
    ) -> Sandbox:
        try:
            info = client.get_sandbox(sandbox_id)
        except BaseException:
            if owns_client:
                client.close()
            raise
        return cls(client, info, None, owns_client, owns_sandbox=False)

    # What it is

    @property
    def id(self) -> str:
        """What the server calls it."""
        return self._info.id

    @property
    def codebase_id(self) -> str:
        """The codebase that it was made of."""
        return self._info.codebase_id

    @property
    def codebase(self) -> Codebase | None:
        """What was last known of the codebase; None after `connect`."""
        return self._codebase

    @property
    def client(self) -> SandboxClient:
        """The low-level client that it uses."""
        return self._client

    @property
    def info(self) -> SandboxInfo:
        """What was last known of it; see `refresh`."""
        return self._info

    @property
    def status(self) -> SandboxStatus:
        """Its status, when it was last asked for."""
        return self._info.status

    @property
    def runtime(self) -> RuntimeType:
        """The kind of its runtime."""
        return self._info.runtime

    def refresh(self) -> Self:
        """Ask the server what it is now."""
        self._info = self._client.get_sandbox(self.id)
        return self

    def usage(self) -> Usage:
        """Say what it uses."""
        return self._client.get_usage(self.id)

    def explain(self, path: str) -> Decision:
        """Say which level a path has, and why."""
        return self._client.explain(self.id, path)

    # Its life

    def start(self) -> Self:
        """Start it, with what it had changed."""
        self._info = self._client.start_sandbox(self.id)
        return self

    def stop(self) -> Self:
        """End all commands and sessions; what they changed is kept."""
        self._info = self._client.stop_sandbox(self.id)
        return self

    def update_resources(self, resources: ResourceLimits) -> None:
        """Replace its limits."""
        self._client.update_resources(self.id, resources)

    def destroy(self, delete_codebase: bool | None = None) -> None:
        """Remove it, and the codebase: by default if `from_local` made that.

        What it changed goes into the codebase. A second time does nothing.
        """
        if self._destroyed:
            return
        self._destroyed = True
        if delete_codebase is None:
            delete_codebase = self._owns_codebase
        try:
            with contextlib.suppress(SandboxNotFoundError):
                self._client.destroy_sandbox(self.id)
            if delete_codebase:
                self._client.delete_codebase(self.codebase_id)
        finally:
            if self._owns_client:
                self._client.close()

    def close(self) -> None:
        """Leave it: destroy it, or, after `connect`, close the connection alone."""
        if self._owns_sandbox:
            self.destroy()
        elif self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except SandboxError:
            if error is None:
                raise

    # Commands

    def run(
        self,
        command: Command,
        timeout: Seconds | None = 60,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        raise_on_error: bool = False,
    ) -> ExecResult:
        """Run a command and wait for it.

        `raise_on_error` makes an exit code that is not 0 a CommandExecutionError.
        One that runs for longer than `timeout` raises CommandTimeoutError.
        """
        result = self.exec(command, env=env, workdir=workdir, timeout=timeout)
        return result.raise_on_error() if raise_on_error else result

    def exec(
        self,
        command: Command,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
    ) -> ExecResult:
        """Run a command and wait for it. There is no timeout unless one is given."""
        return self._client.exec(self.id, command, stdin, env, workdir, timeout)

    def exec_stream(
        self,
        command: Command,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
    ) -> ExecStream:
        """Run a command and go over what it prints, as it comes."""
        return self._client.exec_stream(self.id, command, stdin, env, workdir, timeout)

    def exec_interactive(
        self,
        command: Command,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
        *,
        tty: bool = False,
        size: tuple[int, int] | None = None,
    ) -> RunningCommand:
        """Run a command that is fed while it runs."""
        return self._client.exec_interactive(
            self.id, command, env, workdir, timeout, tty=tty, size=size
        )

    def session(
        self,
        shell: str = "/bin/sh",
        env: Mapping[str, str] | None = None,
        *,
        workdir: str | None = None,
    ) -> Session:
        """Open a session: a shell that goes on from one command to the next."""
        return self._client.session(self.id, shell, env, workdir=workdir)

    # Files

    def read_file(self, path: str) -> str:
        """Return a file of the workspace as text. It must be UTF-8."""
        return (self.read_file_bytes(path)).decode("utf-8")

    def read_file_bytes(self, path: str) -> bytes:
        """Return a file of the workspace."""
        return self._client.read_file(self.id, path)

    def write_file(self, path: str, content: Content) -> None:
        """Write a file of the workspace, under the rules."""
        self._client.write_file(self.id, path, content)

    def list_files(self, path: str = "", recursive: bool = False) -> list[str]:
        """List the paths in a directory of the workspace."""
        return [f.path for f in self.list_file_infos(path, recursive)]

    def list_file_infos(self, path: str = "", recursive: bool = False) -> list[FileInfo]:
        """List a directory of the workspace, with sizes, times and levels."""
        return self._client.list_workspace(self.id, path, recursive)

    # Changes

    def changes(self) -> list[Change]:
        """List what it changed."""
        return self._client.list_changes(self.id)

    def diff(self, paths: Iterable[str] = (), *, context: int = 0) -> str:
        """Return what it changed as a patch. For the exact bytes see `client.get_diff`."""
        patch = self._client.get_diff(self.id, paths, context=context)
        return patch.decode("utf-8", "replace")

    def commit(
        self,
        paths: Iterable[str] = (),
        *,
        dry_run: bool = False,
        partial: bool = False,
        overwrite: bool = False,
    ) -> CommitReport:
        """Carry changes over to the directory that `from_local` was given.

        That is done file by file, each whole or not at all. A file that has changed
        there since it was uploaded is a conflict: nothing is carried over then, and
        ConflictError is raised, unless `partial` leaves it out or `overwrite`
        lets it be overwritten. `dry_run` changes nothing and reports what would be
        done. After `from_codebase` and `connect` the codebase takes the
        directory's place.

        What a command writes to a file that has just been fetched stays a change, for
        the next commit. If it is what the file held at first, or a new file goes away
        again, it is none: the directory then keeps what was fetched.
        """
        if self._tree is None:
            return self._client.commit(
                self.id, paths, dry_run=dry_run, partial=partial, overwrite=overwrite
            )
        return commit_to_tree(
            self._client,
            self.id,
            self._tree,
            [in_workspace(p) for p in paths],
            dry_run=dry_run,
            partial=partial,
            overwrite=overwrite,
        )

    def discard(self) -> None:
        """Drop what it changed."""
        self._client.discard(self.id)

    def fork(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        resources: ResourceLimits | None = None,
        best_effort: bool = False,
        expires_in: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        start: bool = True,
    ) -> Sandbox:
        """Make another sandbox from its state."""
        info = self._client.fork(
            self.id,
            labels=labels,
            resources=resources,
            best_effort=best_effort,
            expires_in=expires_in,
            idle_timeout=idle_timeout,
            start=start,
        )
        tree = self._tree
        if tree is not None:
            tree = local.LocalTree(tree.root, tree.policy, dict(tree.base))
        return type(self)(self._client, info, self._codebase, tree=tree)

    def checkpoint(self, name: str = "") -> Checkpoint:
        """Keep its state."""
        return self._client.create_checkpoint(self.id, name)

    def checkpoints(self) -> list[Checkpoint]:
        """List what was kept."""
        return self._client.list_checkpoints(self.id)

    def restore(self, checkpoint: Checkpoint | str) -> None:
        """Put it back to a checkpoint."""
        self._client.restore(self.id, _checkpoint_id(checkpoint))

    def delete_checkpoint(self, checkpoint: Checkpoint | str) -> None:
        """Drop a checkpoint."""
        self._client.delete_checkpoint(self.id, _checkpoint_id(checkpoint))


def _rules(preset: str | None, permissions: Iterable[RuleLike] | None) -> list[PermissionRule]:
    """Return the rules of a preset, followed by others."""
    rules = (get_preset(preset) if preset else []) + to_rules(permissions or ())
    Policy(rules)  # refuses malformed ones
    return rules


def _client(
    client: SandboxClient | None,
    endpoint: str | None,
    secure: bool,
    token: str | None,
    ca_cert: PEM | None,
    client_cert: PEM | None,
    client_key: PEM | None,
) -> SandboxClient:
    if client is not None:
        return client
    return SandboxClient(
        endpoint,
        secure,
        token=token,
        ca_cert=ca_cert,
        client_cert=client_cert,
        client_key=client_key,
    )


def _checkpoint_id(checkpoint: Checkpoint | str) -> str:
    return checkpoint if isinstance(checkpoint, str) else checkpoint.id
