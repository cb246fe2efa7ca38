# SPDX-License-Identifier: MIT
"""The low-level client: one method a call of the server."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any

from typing_extensions import Self

from .. import _convert as convert
from .. import _requests as requests
from .._convert import Seconds
from .._endpoint import PEM, resolve
from .._errors import About, Sent
from .._gen.sandbox.v1 import codebase_pb2, sandbox_pb2
from .._gen.sandbox.v1.codebase_connect import CodebaseServiceClient
from .._gen.sandbox.v1.sandbox_connect import SandboxServiceClient
from .._requests import Command, Content
from ..exceptions import ConflictError, SandboxError
from ..rules import Decision
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
    SessionInfo,
    UploadResult,
    Usage,
)
from . import _io
from .session import AsyncSession
from .stream import AsyncExecStream, AsyncRunningCommand, timed_out

_PAGE = 1000


class AsyncSandboxClient:
    """A connection to a server, with one method a call.

    `endpoint` is "host:port", which is taken without TLS unless `secure` is set, or
    begins with http:// or https://. Default: $SANDBOX_ENDPOINT, or
    localhost:9000. `token` is sent with each call; default: $SANDBOX_TOKEN.
    `ca_cert`, `client_cert` and `client_key` are PEM, or files of it. It may be
    used from several tasks at once.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        secure: bool = False,
        *,
        token: str | None = None,
        ca_cert: PEM | None = None,
        client_cert: PEM | None = None,
        client_key: PEM | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self._endpoint = resolve(
            endpoint,
            secure=secure,
            token=token,
            ca_cert=ca_cert,
            client_cert=client_cert,
            client_key=client_key,
            connect_timeout=connect_timeout,
        )
        http, self._close = _io.connect(self._endpoint)
        self._closed = False
        self._headers = self._endpoint.headers
        self._codebases = CodebaseServiceClient(
            self._endpoint.url, http_client=http, send_compression=None, accept_compression=()
        )
        self._sandboxes = SandboxServiceClient(
            self._endpoint.url, http_client=http, send_compression=None, accept_compression=()
        )

    @property
    def endpoint(self) -> str:
        """The address of the server, as a URL."""
        return self._endpoint.url

    async def close(self) -> None:
        """Close the connection. What is on the server stays there."""
        self._closed = True
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

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
        if self._closed:
            raise SandboxError(
                f"{operation}: the client is closed",
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

    # Codebases

    async def create_codebase(self, name: str, owner_id: str = "") -> Codebase:
        """Make an empty codebase."""
        request = codebase_pb2.CreateCodebaseRequest(name=name, owner_id=owner_id)
        with self._about("create codebase"):
            reply = await self._codebases.create_codebase(request, headers=self._headers)
        return convert.codebase(reply)

    async def get_codebase(self, codebase_id: str) -> Codebase:
        """Describe a codebase."""
        request = codebase_pb2.GetCodebaseRequest(codebase_id=codebase_id)
        with self._about("get codebase", codebase_id=codebase_id):
            reply = await self._codebases.get_codebase(request, headers=self._headers)
        return convert.codebase(reply)

    async def list_codebases(self, owner_id: str | None = None) -> list[Codebase]:
        """List codebases, the oldest first; of one owner, if that is given."""
        request = codebase_pb2.ListCodebasesRequest(owner_id=owner_id or "", page_size=_PAGE)
        found: list[Codebase] = []
        while True:
            with self._about("list codebases"):
                reply = await self._codebases.list_codebases(request, headers=self._headers)
            found += [convert.codebase(c) for c in reply.codebases]
            if not reply.next_page_token:
                return found
            request.page_token = reply.next_page_token

    async def delete_codebase(self, codebase_id: str) -> None:
        """Forget a codebase. Sandboxes that were made of it go on."""
        request = codebase_pb2.DeleteCodebaseRequest(codebase_id=codebase_id)
        with self._about("delete codebase", codebase_id=codebase_id):
            await self._codebases.delete_codebase(request, headers=self._headers)

    async def upload_file(
        self,
        codebase_id: str,
        file_path: str,
        content: Content,
        chunk_size: int = requests.CHUNK,
        *,
        mode: int | None = None,
        modified_at: dt.datetime | None = None,
    ) -> UploadResult:
        """Write a file of a codebase, which appears whole, also in its sandboxes."""
        messages = Sent(
            requests.upload_chunks(
                codebase_id,
                file_path,
                content,
                chunk_size=chunk_size,
                mode=mode,
                modified_at=modified_at,
            )
        )
        with self._about("upload file", codebase_id=codebase_id, path=file_path, sent=messages):
            reply = await self._codebases.upload_files(_io.iterate(messages), headers=self._headers)
        return convert.upload_result(reply)

    async def download_file(self, codebase_id: str, file_path: str) -> bytes:
        """Return the content of a file of a codebase."""
        request = codebase_pb2.DownloadFileRequest(codebase_id=codebase_id, file_path=file_path)
        content = bytearray()
        with self._about("download file", codebase_id=codebase_id, path=file_path):
            async for m in self._codebases.download_file(request, headers=self._headers):
                content += m.data
        return bytes(content)

    async def list_files(
        self, codebase_id: str, path: str = "", recursive: bool = False
    ) -> list[FileInfo]:
        """List a directory of a codebase."""
        request = codebase_pb2.ListFilesRequest(
            codebase_id=codebase_id, path=path, recursive=recursive
        )
        with self._about("list files", codebase_id=codebase_id, path=path or None):
            reply = await self._codebases.list_files(request, headers=self._headers)
        return [convert.file_info(f) for f in reply.files]

    async def upload_archive(self, codebase_id: str, archive: Iterable[bytes]) -> Codebase:
        """Add all that a tar archive, given in pieces, holds: everything or nothing."""
        messages = Sent(requests.archive_chunks(codebase_id, archive))
        with self._about("upload archive", codebase_id=codebase_id, sent=messages):
            reply = await self._codebases.upload_archive(
                _io.iterate(messages), headers=self._headers
            )
        return convert.codebase(reply)

    async def download_archive(self, codebase_id: str) -> AsyncIterator[bytes]:
        """Go over the pieces of a tar archive of a codebase."""
        request = codebase_pb2.DownloadArchiveRequest(codebase_id=codebase_id)
        with self._about("download archive", codebase_id=codebase_id):
            async for m in self._codebases.download_archive(request, headers=self._headers):
                yield m.data

    # Sandboxes

    async def create_sandbox(
        self,
        codebase_id: str,
        permissions: Iterable[RuleLike] | None = None,
        labels: Mapping[str, str] | None = None,
        expires_in: Seconds | None = None,
        runtime: RuntimeType = RuntimeType.DEFAULT,
        image: str | None = None,
        resources: ResourceLimits | None = None,
        *,
        preset: str | None = None,
        idle_timeout: Seconds | None = None,
        network: str | None = None,
        best_effort: bool = False,
        start: bool = False,
        output_limit: int = 0,
        runtime_name: str | None = None,
        owner_id: str | None = None,
    ) -> SandboxInfo:
        """Make a sandbox. It is stopped, unless `start` is set.

        What neither `permissions` nor `preset`, one of the server's, speak of is
        hidden. `network` is "none" unless it is given. `best_effort` makes it although not all
        limits can be enforced. `output_limit` is how many bytes of stdout, and of
        stderr, a result keeps.
        """
        request = sandbox_pb2.CreateSandboxRequest(
            codebase_id=codebase_id,
            permissions=convert.to_rules(permissions),
            expires_in=convert.to_duration(expires_in),
            labels=labels,
            runtime=convert.to_runtime(runtime),
            image=image or "",
            resources=convert.to_limits(resources),
            idle_timeout=convert.to_duration(idle_timeout),
            network=network or "",
            best_effort=best_effort,
            start=start,
            output_limit=output_limit,
            runtime_name=runtime_name or "",
            preset=preset or "",
            owner_id=owner_id or "",
        )
        with self._about("create sandbox", codebase_id=codebase_id):
            reply = await self._sandboxes.create_sandbox(request, headers=self._headers)
        return convert.sandbox(reply)

    async def get_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """Describe a sandbox."""
        request = sandbox_pb2.GetSandboxRequest(sandbox_id=sandbox_id)
        with self._about("get sandbox", sandbox_id=sandbox_id):
            reply = await self._sandboxes.get_sandbox(request, headers=self._headers)
        return convert.sandbox(reply)

    async def list_sandboxes(
        self,
        codebase_id: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        owner_id: str | None = None,
    ) -> list[SandboxInfo]:
        """List sandboxes, the oldest first, that have all of what is given."""
        request = sandbox_pb2.ListSandboxesRequest(
            codebase_id=codebase_id or "", page_size=_PAGE, labels=labels, owner_id=owner_id or ""
        )
        found: list[SandboxInfo] = []
        while True:
            with self._about("list sandboxes"):
                reply = await self._sandboxes.list_sandboxes(request, headers=self._headers)
            found += [convert.sandbox(s) for s in reply.sandboxes]
            if not reply.next_page_token:
                return found
            request.page_token = reply.next_page_token

    async def start_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """Start a sandbox, with what it had changed."""
        request = sandbox_pb2.StartSandboxRequest(sandbox_id=sandbox_id)
        with self._about("start sandbox", sandbox_id=sandbox_id):
            reply = await self._sandboxes.start_sandbox(request, headers=self._headers)
        return convert.sandbox(reply)

    async def stop_sandbox(self, sandbox_id: str) -> SandboxInfo:
        """End all commands and sessions of a sandbox; what they changed is kept."""
        request = sandbox_pb2.StopSandboxRequest(sandbox_id=sandbox_id)
        with self._about("stop sandbox", sandbox_id=sandbox_id):
            reply = await self._sandboxes.stop_sandbox(request, headers=self._headers)
        return convert.sandbox(reply)

    async def destroy_sandbox(self, sandbox_id: str) -> None:
        """Remove a sandbox. What it changed goes into its codebase."""
        request = sandbox_pb2.DestroySandboxRequest(sandbox_id=sandbox_id)
        with self._about("destroy sandbox", sandbox_id=sandbox_id):
            await self._sandboxes.destroy_sandbox(request, headers=self._headers)

    async def update_resources(self, sandbox_id: str, resources: ResourceLimits) -> None:
        """Replace the limits of a sandbox."""
        request = sandbox_pb2.UpdateResourcesRequest(
            sandbox_id=sandbox_id, resources=convert.to_limits(resources)
        )
        with self._about("update resources", sandbox_id=sandbox_id):
            await self._sandboxes.update_resources(request, headers=self._headers)

    async def get_usage(self, sandbox_id: str) -> Usage:
        """Say what a sandbox uses."""
        request = sandbox_pb2.GetUsageRequest(sandbox_id=sandbox_id)
        with self._about("get usage", sandbox_id=sandbox_id):
            reply = await self._sandboxes.get_usage(request, headers=self._headers)
        return convert.usage(reply)

    # Commands

    async def exec(
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
            reply = await self._sandboxes.exec(request, headers=self._headers)
        return _checked(convert.exec_result(reply, about.command), about)

    def exec_stream(
        self,
        sandbox_id: str,
        command: Command,
        stdin: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
    ) -> AsyncExecStream:
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
        return AsyncExecStream(self._sandboxes.exec_stream(request, headers=self._headers), about)

    async def exec_interactive(
        self,
        sandbox_id: str,
        command: Command,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: Seconds | None = None,
        *,
        tty: bool = False,
        size: tuple[int, int] | None = None,
    ) -> AsyncRunningCommand:
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
        await inputs.put(sandbox_pb2.ExecInput(start=request))
        messages = self._sandboxes.exec_interactive(inputs.__aiter__(), headers=self._headers)
        return AsyncRunningCommand(messages, about, inputs)

    # Sessions

    async def create_session(
        self,
        sandbox_id: str,
        shell: str = "/bin/sh",
        env: Mapping[str, str] | None = None,
        *,
        workdir: str | None = None,
    ) -> AsyncSession:
        """Open a session: a shell that goes on from one command to the next."""
        request = sandbox_pb2.CreateSessionRequest(
            sandbox_id=sandbox_id, shell=shell, env=env, workdir=workdir or ""
        )
        with self._about("create session", sandbox_id=sandbox_id):
            reply = await self._sandboxes.create_session(request, headers=self._headers)
        return AsyncSession(self, convert.session(reply))

    def session(
        self,
        sandbox_id: str,
        shell: str = "/bin/sh",
        env: Mapping[str, str] | None = None,
        *,
        workdir: str | None = None,
    ) -> _io.Opening[AsyncSession]:
        """Open a session for a `with` block, at the end of which it is closed."""
        return _io.opening(self.create_session(sandbox_id, shell, env, workdir=workdir))

    async def get_session(self, session_id: str) -> SessionInfo:
        """Describe a session."""
        request = sandbox_pb2.GetSessionRequest(session_id=session_id)
        with self._about("get session", session_id=session_id):
            reply = await self._sandboxes.get_session(request, headers=self._headers)
        return convert.session(reply)

    async def list_sessions(self, sandbox_id: str) -> list[SessionInfo]:
        """List the sessions of a sandbox."""
        request = sandbox_pb2.ListSessionsRequest(sandbox_id=sandbox_id)
        with self._about("list sessions", sandbox_id=sandbox_id):
            reply = await self._sandboxes.list_sessions(request, headers=self._headers)
        return [convert.session(s) for s in reply.sessions]

    async def destroy_session(self, session_id: str) -> None:
        """End a session with all that it has started."""
        request = sandbox_pb2.DestroySessionRequest(session_id=session_id)
        with self._about("destroy session", session_id=session_id):
            await self._sandboxes.destroy_session(request, headers=self._headers)

    async def session_exec(
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
            reply = await self._sandboxes.session_exec(request, headers=self._headers)
        return _checked(convert.exec_result(reply, command), about)

    def session_exec_stream(
        self, session_id: str, command: str, timeout: Seconds | None = None
    ) -> AsyncExecStream:
        """Run a command in a session and go over what it prints."""
        about = self._about("session exec", session_id=session_id, command=command, timeout=timeout)
        request = sandbox_pb2.SessionExecRequest(
            session_id=session_id,
            command=command,
            timeout=convert.to_duration(timeout),
            full_result=True,
        )
        return AsyncExecStream(
            self._sandboxes.session_exec_stream(request, headers=self._headers), about
        )

    # The workspace

    async def read_file(self, sandbox_id: str, path: str) -> bytes:
        """Return the content of a file of the workspace, under the rules."""
        request = sandbox_pb2.ReadFileRequest(
            sandbox_id=sandbox_id, path=requests.in_workspace(path)
        )
        content = bytearray()
        with self._about("read file", sandbox_id=sandbox_id, path=path):
            async for m in self._sandboxes.read_file(request, headers=self._headers):
                content += m.data
        return bytes(content)

    async def iter_file(self, sandbox_id: str, path: str) -> AsyncIterator[bytes]:
        """Go over the content of a file of the workspace, however large it is."""
        request = sandbox_pb2.ReadFileRequest(
            sandbox_id=sandbox_id, path=requests.in_workspace(path)
        )
        with self._about("read file", sandbox_id=sandbox_id, path=path):
            async for m in self._sandboxes.read_file(request, headers=self._headers):
                yield m.data

    async def write_file(self, sandbox_id: str, path: str, content: Content) -> None:
        """Write a file of the workspace, under the rules."""
        relative = requests.in_workspace(path)
        messages = Sent(requests.write_chunks(sandbox_id, relative, content))
        with self._about("write file", sandbox_id=sandbox_id, path=path, sent=messages):
            await self._sandboxes.write_file(_io.iterate(messages), headers=self._headers)

    async def list_workspace(
        self, sandbox_id: str, path: str = "", recursive: bool = False
    ) -> list[FileInfo]:
        """List a directory of the workspace, under the rules."""
        request = sandbox_pb2.ListWorkspaceRequest(
            sandbox_id=sandbox_id, path=requests.in_workspace(path), recursive=recursive
        )
        with self._about("list workspace", sandbox_id=sandbox_id, path=path or None):
            reply = await self._sandboxes.list_workspace(request, headers=self._headers)
        return [convert.file_info(f) for f in reply.files]

    async def explain(self, sandbox_id: str, path: str) -> Decision:
        """Say which level a path has, and why."""
        request = sandbox_pb2.ExplainRequest(
            sandbox_id=sandbox_id, path=requests.in_workspace(path)
        )
        with self._about("explain", sandbox_id=sandbox_id, path=path):
            reply = await self._sandboxes.explain(request, headers=self._headers)
        return convert.decision(reply)

    # Changes

    async def list_changes(self, sandbox_id: str) -> list[Change]:
        """List what a sandbox changed."""
        request = sandbox_pb2.ListChangesRequest(sandbox_id=sandbox_id)
        with self._about("list changes", sandbox_id=sandbox_id):
            reply = await self._sandboxes.list_changes(request, headers=self._headers)
        return [convert.change(c) for c in reply.changes]

    async def get_diff(
        self,
        sandbox_id: str,
        paths: Iterable[str] = (),
        *,
        context: int = 0,
        max_file_size: int = 0,
    ) -> bytes:
        """Return what a sandbox changed as a patch.

        `context` is how many unchanged lines surround a change (0: 3);
        files larger than `max_file_size` (0: 1 MB) are only said to differ.
        """
        request = sandbox_pb2.GetDiffRequest(
            sandbox_id=sandbox_id,
            paths=[requests.in_workspace(p) for p in paths],
            context=context,
            max_file_size=max_file_size,
        )
        patch = bytearray()
        with self._about("diff", sandbox_id=sandbox_id):
            async for m in self._sandboxes.get_diff(request, headers=self._headers):
                patch += m.data
        return bytes(patch)

    async def commit(
        self,
        sandbox_id: str,
        paths: Iterable[str] = (),
        *,
        dry_run: bool = False,
        partial: bool = False,
        overwrite: bool = False,
    ) -> CommitReport:
        """Carry changes over to the codebase.

        If somebody else has changed the same, nothing is carried over and
        ConflictError is raised, unless `partial` leaves that out or
        `overwrite` lets it be overwritten. `dry_run` changes nothing and reports
        what would be done.
        """
        request = sandbox_pb2.CommitRequest(
            sandbox_id=sandbox_id,
            paths=[requests.in_workspace(p) for p in paths],
            dry_run=dry_run,
            partial=partial,
            overwrite=overwrite,
        )
        with self._about("commit", sandbox_id=sandbox_id):
            reply = await self._sandboxes.commit(request, headers=self._headers)
        report = convert.report(reply.report)
        if reply.conflict and not dry_run:
            raise ConflictError(
                f"commit: conflicts in {', '.join(i.path for i in report.conflicts)}",
                report,
                sandbox_id=sandbox_id,
                reason="CONFLICT",
                operation="commit",
            )
        return report

    async def discard(self, sandbox_id: str) -> None:
        """Drop what a sandbox changed."""
        request = sandbox_pb2.DiscardRequest(sandbox_id=sandbox_id)
        with self._about("discard", sandbox_id=sandbox_id):
            await self._sandboxes.discard(request, headers=self._headers)

    async def fork(
        self,
        sandbox_id: str,
        *,
        labels: Mapping[str, str] | None = None,
        resources: ResourceLimits | None = None,
        best_effort: bool = False,
        expires_in: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        start: bool = True,
    ) -> SandboxInfo:
        """Make another sandbox from the state of one.

        `labels` and `resources` are those of the other one unless they are given.
        """
        request = sandbox_pb2.ForkRequest(
            sandbox_id=sandbox_id,
            labels=None if labels is None else sandbox_pb2.Labels(labels=labels),
            resources=convert.to_limits(resources),
            best_effort=best_effort,
            expires_in=convert.to_duration(expires_in),
            idle_timeout=convert.to_duration(idle_timeout),
            start=start,
        )
        with self._about("fork", sandbox_id=sandbox_id):
            reply = await self._sandboxes.fork(request, headers=self._headers)
        return convert.sandbox(reply)

    async def create_checkpoint(self, sandbox_id: str, name: str = "") -> Checkpoint:
        """Keep the state of a sandbox."""
        request = sandbox_pb2.CreateCheckpointRequest(sandbox_id=sandbox_id, name=name)
        with self._about("create checkpoint", sandbox_id=sandbox_id):
            reply = await self._sandboxes.create_checkpoint(request, headers=self._headers)
        return convert.checkpoint(reply)

    async def list_checkpoints(self, sandbox_id: str) -> list[Checkpoint]:
        """List what was kept of a sandbox."""
        request = sandbox_pb2.ListCheckpointsRequest(sandbox_id=sandbox_id)
        with self._about("list checkpoints", sandbox_id=sandbox_id):
            reply = await self._sandboxes.list_checkpoints(request, headers=self._headers)
        return [convert.checkpoint(c) for c in reply.checkpoints]

    async def restore(self, sandbox_id: str, checkpoint_id: str) -> None:
        """Put a sandbox back to a checkpoint."""
        request = sandbox_pb2.RestoreRequest(sandbox_id=sandbox_id, checkpoint_id=checkpoint_id)
        with self._about("restore", sandbox_id=sandbox_id, checkpoint_id=checkpoint_id):
            await self._sandboxes.restore(request, headers=self._headers)

    async def delete_checkpoint(self, sandbox_id: str, checkpoint_id: str) -> None:
        """Drop a checkpoint."""
        request = sandbox_pb2.DeleteCheckpointRequest(
            sandbox_id=sandbox_id, checkpoint_id=checkpoint_id
        )
        with self._about("delete checkpoint", sandbox_id=sandbox_id, checkpoint_id=checkpoint_id):
            await self._sandboxes.delete_checkpoint(request, headers=self._headers)

    async def list_presets(self) -> dict[str, list[PermissionRule]]:
        """Return the presets that the server has."""
        with self._about("list presets"):
            reply = await self._sandboxes.list_presets(
                sandbox_pb2.ListPresetsRequest(), headers=self._headers
            )
        return {p.name: [convert.rule(r) for r in p.permissions] for p in reply.presets}


def _checked(result: ExecResult, about: About) -> ExecResult:
    if result.timed_out:
        raise timed_out(result, about)
    return result
