# SPDX-License-Identifier: MIT
"""Requests that need more than their fields to be filled in."""

from __future__ import annotations

import datetime as dt
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from google.protobuf.timestamp_pb2 import Timestamp

from . import _convert as convert
from ._gen.sandbox.v1 import codebase_pb2, sandbox_pb2
from .exceptions import InvalidConfigurationError

CHUNK = 256 * 1024
WORKSPACE = "/workspace"

Content = bytes | bytearray | memoryview | str | BinaryIO
"""What is written into a file: bytes, text, which becomes UTF-8, or an open binary file."""

Command = str | Sequence[str]
"""A command line for /bin/sh, or a program and its arguments."""


def exec_request(
    sandbox_id: str,
    command: Command,
    *,
    stdin: str | bytes | None,
    env: Mapping[str, str] | None,
    workdir: str | None,
    timeout: convert.Seconds | None,
    tty: bool = False,
    size: tuple[int, int] | None = None,
) -> sandbox_pb2.ExecRequest:
    """Make the request for a command. Its result is always wanted."""
    request = sandbox_pb2.ExecRequest(
        sandbox_id=sandbox_id,
        env=env,
        workdir=workdir or "",
        timeout=convert.to_duration(timeout),
        tty=tty,
        full_result=True,
    )
    if isinstance(command, str):
        request.command = command
    else:
        request.argv.extend(command)
    if isinstance(stdin, bytes):
        request.stdin_data = stdin
    elif stdin:
        request.stdin = stdin
    if size:
        request.size.CopyFrom(terminal_size(size))
    return request


def terminal_size(size: tuple[int, int]) -> sandbox_pb2.TerminalSize:
    """Make the message for a number of rows and columns."""
    return sandbox_pb2.TerminalSize(rows=size[0], cols=size[1])


def command_line(command: Command) -> str:
    """Return a command as it is shown to people."""
    return command if isinstance(command, str) else " ".join(command)


def chunks(content: Content, size: int = CHUNK) -> Iterator[bytes]:
    """Cut a content into pieces."""
    if size <= 0:
        raise InvalidConfigurationError(f"the size of a chunk is not positive: {size}")
    if isinstance(content, str):
        content = content.encode()
    if isinstance(content, (bytes, bytearray, memoryview)):
        view = memoryview(content).cast("B")
        for at in range(0, len(view), size):
            yield bytes(view[at : at + size])
        return
    while data := content.read(size):
        yield data


def upload_chunks(
    codebase_id: str,
    path: str,
    content: Content,
    *,
    chunk_size: int,
    mode: int | None,
    modified_at: dt.datetime | None,
) -> Iterator[codebase_pb2.UploadChunk]:
    """Make the messages that upload a file."""
    stamp = None
    if modified_at is not None:
        stamp = Timestamp()
        stamp.FromDatetime(modified_at)
    metadata = codebase_pb2.UploadChunk.Metadata(
        codebase_id=codebase_id, file_path=path, mode=mode or 0, modified_at=stamp
    )
    if isinstance(content, str):
        content = content.encode()
    if isinstance(content, (bytes, bytearray, memoryview)):
        metadata.total_size = memoryview(content).nbytes
    yield codebase_pb2.UploadChunk(metadata=metadata)
    for data in chunks(content, chunk_size):
        yield codebase_pb2.UploadChunk(data=data)


def archive_chunks(
    codebase_id: str, archive: Iterable[bytes]
) -> Iterator[codebase_pb2.UploadArchiveRequest]:
    """Make the messages that upload an archive."""
    yield codebase_pb2.UploadArchiveRequest(codebase_id=codebase_id)
    for data in archive:
        yield codebase_pb2.UploadArchiveRequest(data=data)


def write_chunks(
    sandbox_id: str, path: str, content: Content
) -> Iterator[sandbox_pb2.WriteFileRequest]:
    """Make the messages that write a file of a workspace."""
    yield sandbox_pb2.WriteFileRequest(sandbox_id=sandbox_id, path=path)
    for data in chunks(content):
        yield sandbox_pb2.WriteFileRequest(data=data)


def in_workspace(path: str) -> str:
    """Return a path relative to the workspace, which may be given as /workspace/path."""
    if path == WORKSPACE:
        return ""
    return path.removeprefix(WORKSPACE + "/")


def to_workspace(path: str) -> str:
    """Return a path for a request: in full beneath a directory that is called as the workspace."""
    relative = in_workspace(path)
    full = posixpath.normpath("/" + relative.lstrip("/"))
    return WORKSPACE + full if f"{full}/".startswith(WORKSPACE + "/") else relative
