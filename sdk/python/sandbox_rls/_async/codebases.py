# SPDX-License-Identifier: MIT
"""Calls about codebases."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterable

from .. import _convert as convert
from .. import _requests as requests
from .._errors import Sent
from .._gen.sandbox.v1 import codebase_pb2
from .._requests import Content
from ..types import Codebase, FileInfo, UploadResult
from . import _io
from .calls import PAGE, Calls


class CodebaseCalls(Calls):
    """Codebases, and files of theirs."""

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
        request = codebase_pb2.ListCodebasesRequest(owner_id=owner_id or "", page_size=PAGE)
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
            async for m in self._codebase_contents.download_file(request, headers=self._headers):
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
            async for m in self._codebase_contents.download_archive(request, headers=self._headers):
                yield m.data
