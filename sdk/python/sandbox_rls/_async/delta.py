# SPDX-License-Identifier: MIT
"""Calls about what a sandbox changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import _convert as convert
from .. import _requests as requests
from .._convert import Seconds
from .._gen.sandbox.v1 import sandbox_pb2
from ..exceptions import ConflictError
from ..types import Change, Checkpoint, CommitReport, ResourceLimits, SandboxInfo
from .calls import Calls


class DeltaCalls(Calls):
    """Changes, commits, forks and checkpoints."""

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
            paths=[requests.to_workspace(p) for p in paths],
            context=context,
            max_file_size=max_file_size,
        )
        patch = bytearray()
        with self._about("diff", sandbox_id=sandbox_id):
            async for m in self._sandbox_contents.get_diff(request, headers=self._headers):
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
        expect: Iterable[Change] | None = None,
    ) -> CommitReport:
        """Carry changes over to the codebase.

        If somebody else has changed the same, nothing is carried over and
        ConflictError is raised, unless `partial` leaves that out or
        `overwrite` lets it be overwritten. `dry_run` changes nothing and reports
        what would be done.

        `expect`, unless it is None, are the only changes that are carried over:
        those that somebody has looked at, whatever commands write meanwhile. One
        that is another by now fails: of another type, permission or size, or holding
        something else than its `checksum` says, if it has one.
        """
        request = sandbox_pb2.CommitRequest(
            sandbox_id=sandbox_id,
            paths=[requests.to_workspace(p) for p in paths],
            dry_run=dry_run,
            partial=partial,
            overwrite=overwrite,
            expect=convert.to_expect(expect),
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
