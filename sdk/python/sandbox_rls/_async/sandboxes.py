# SPDX-License-Identifier: MIT
"""Calls about sandboxes and their lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import _convert as convert
from .._convert import Seconds
from .._gen.sandbox.v1 import sandbox_pb2
from ..types import PermissionRule, ResourceLimits, RuleLike, RuntimeType, SandboxInfo, Usage
from .calls import PAGE, Calls


class SandboxCalls(Calls):
    """Sandboxes, from the first to the last of a life."""

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
            codebase_id=codebase_id or "", page_size=PAGE, labels=labels, owner_id=owner_id or ""
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

    async def list_presets(self) -> dict[str, list[PermissionRule]]:
        """Return the presets that the server has."""
        with self._about("list presets"):
            reply = await self._sandboxes.list_presets(
                sandbox_pb2.ListPresetsRequest(), headers=self._headers
            )
        return {p.name: [convert.rule(r) for r in p.permissions] for p in reply.presets}
