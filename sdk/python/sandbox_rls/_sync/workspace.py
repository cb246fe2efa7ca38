# SPDX-License-Identifier: MIT
# Generated from _async/workspace.py. DO NOT EDIT.
"""Calls about what a sandbox sees."""

from __future__ import annotations

from collections.abc import Iterator

from .. import _convert as convert
from .. import _requests as requests
from .._errors import Sent
from .._gen.sandbox.v1 import sandbox_pb2
from .._held import Held
from .._requests import Content
from ..rules import Decision
from ..types import FileInfo
from . import _io
from .calls import Calls


class WorkspaceCalls(Calls):
    """Files of workspaces, under the rules."""

    def read_file(self, sandbox_id: str, path: str) -> bytes:
        """Return the content of a file of the workspace, under the rules.

        More than 256 MiB is a `ResourceLimitExceededError`: a sandbox can make a file
        of any size. `iter_file` reads those.
        """
        request = sandbox_pb2.ReadFileRequest(
            sandbox_id=sandbox_id, path=requests.to_workspace(path)
        )
        content = Held(sandbox_id=sandbox_id, path=path)
        with self._about("read file", sandbox_id=sandbox_id, path=path):
            for m in self._sandbox_contents.read_file(request, headers=self._headers):
                content.add(m.data)
        return bytes(content.data)

    def iter_file(self, sandbox_id: str, path: str) -> Iterator[bytes]:
        """Go over the content of a file of the workspace, however large it is."""
        request = sandbox_pb2.ReadFileRequest(
            sandbox_id=sandbox_id, path=requests.to_workspace(path)
        )
        with self._about("read file", sandbox_id=sandbox_id, path=path):
            for m in self._sandbox_contents.read_file(request, headers=self._headers):
                yield m.data

    def write_file(self, sandbox_id: str, path: str, content: Content) -> None:
        """Write a file of the workspace, under the rules."""
        messages = Sent(requests.write_chunks(sandbox_id, requests.to_workspace(path), content))
        with self._about("write file", sandbox_id=sandbox_id, path=path, sent=messages):
            self._sandboxes.write_file(_io.iterate(messages), headers=self._headers)

    def list_workspace(
        self, sandbox_id: str, path: str = "", recursive: bool = False
    ) -> list[FileInfo]:
        """List a directory of the workspace, under the rules."""
        request = sandbox_pb2.ListWorkspaceRequest(
            sandbox_id=sandbox_id, path=requests.to_workspace(path), recursive=recursive
        )
        with self._about("list workspace", sandbox_id=sandbox_id, path=path or None):
            reply = self._sandboxes.list_workspace(request, headers=self._headers)
        return [convert.file_info(f) for f in reply.files]

    def explain(self, sandbox_id: str, path: str) -> Decision:
        """Say which level a path has, and why."""
        request = sandbox_pb2.ExplainRequest(
            sandbox_id=sandbox_id, path=requests.to_workspace(path)
        )
        with self._about("explain", sandbox_id=sandbox_id, path=path):
            reply = self._sandboxes.explain(request, headers=self._headers)
        return convert.decision(reply)
