# SPDX-License-Identifier: MIT
"""From a local directory to a tar stream, of what the rules show.

Hidden files are not in it. Of files whose content the rules keep back, their size
is: their content is not even read, and zeros stand in for it.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import _fingerprint as fingerprint
from ._ignore import Ignore
from .exceptions import UploadError
from .rules import Policy
from .types import Permission, UploadProgress

_PIECE = 256 * 1024
_BLOCK = tarfile.BLOCKSIZE

Report = Callable[[UploadProgress], None]


@dataclass(frozen=True)
class Entry:
    """Something that is uploaded."""

    path: str
    status: os.stat_result
    hole: bool = False
    """Zeros are sent in place of its content."""

    @property
    def sent(self) -> int:
        """How many bytes of its content are sent."""
        return self.status.st_size if stat.S_ISREG(self.status.st_mode) and not self.hole else 0


def scan(
    root: Path, policy: Policy, patterns: Iterable[str] = (), *, ignore_files: bool = True
) -> list[Entry]:
    """List what of a directory is uploaded, directories before what is in them."""
    return list(_scan(root, "", policy, Ignore.of(patterns), ignore_files))


def _scan(
    directory: Path, path: str, policy: Policy, ignore: Ignore, files: bool
) -> Iterator[Entry]:
    if files:
        ignore = ignore.into(directory, path)
    with os.scandir(directory) as found:
        entries = sorted(found, key=lambda e: e.name)
    for e in entries:
        inner = f"{path}/{e.name}" if path else e.name
        is_dir = e.is_dir(follow_symlinks=False)
        if ignore.ignores(inner, is_dir=is_dir):
            continue
        level = policy.level("/" + inner)
        if is_dir:
            beneath = _scan(directory / e.name, inner, policy, ignore, files)
            first = next(beneath, None)
            if first is not None or level is not Permission.NONE:
                yield Entry(inner, e.stat(follow_symlinks=False))
            if first is not None:
                yield first
                yield from beneath
            continue
        if level is Permission.NONE:
            continue
        status = e.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            yield Entry(inner, status, hole=level is Permission.VIEW and status.st_size > 0)
        elif stat.S_ISLNK(status.st_mode):
            yield Entry(inner, status)


def archive(
    root: Path, entries: list[Entry], base: dict[str, str], report: Report | None = None
) -> Iterator[bytes]:
    """Make a tar stream of entries, and take down in `base` what each was."""
    return _gather(_Archiver(root, entries, base, report).pieces())


class _Archiver:
    def __init__(
        self, root: Path, entries: list[Entry], base: dict[str, str], report: Report | None
    ) -> None:
        self._root = root
        self._entries = entries
        self._base = base
        self._report = report
        self._files = self._bytes = 0
        regular = [e for e in entries if stat.S_ISREG(e.status.st_mode)]
        self._total_files = len(regular)
        self._total_bytes = sum(e.sent for e in regular)

    def pieces(self) -> Iterator[bytes]:
        root = fingerprint.open_root(os.fspath(self._root))
        try:
            for e in self._entries:
                for piece in self._guarded(root, e):
                    yield piece
                    self._tell(e.path)
                if stat.S_ISREG(e.status.st_mode):
                    self._files += 1
                    self._tell(e.path)
        finally:
            os.close(root)
        yield bytes(2 * _BLOCK)

    def _guarded(self, root: int, e: Entry) -> Iterator[bytes]:
        try:
            yield from self._entry(root, e)
        except OSError as error:
            raise UploadError(f"uploading {e.path!r}: {error}", path=e.path) from error

    def _entry(self, root: int, e: Entry) -> Iterator[bytes]:
        mode = e.status.st_mode
        header = _header(e)
        if stat.S_ISDIR(mode):
            self._base[e.path] = fingerprint.DIRECTORY
            yield _bytes(header)
            return
        *above, name = e.path.split("/")
        parent = fingerprint.open_directory(root, above)
        try:
            if stat.S_ISLNK(mode):
                header.linkname = os.readlink(name, dir_fd=parent)
                self._base[e.path] = fingerprint.of_link(header.linkname)
                yield _bytes(header)
                return
            if e.hole:
                yield from _hole(header)
            else:
                yield from self._content(parent, name, e, header)
        finally:
            os.close(parent)

    def _content(
        self, parent: int, name: str, e: Entry, header: tarfile.TarInfo
    ) -> Iterator[bytes]:
        fd, status = fingerprint.open_file(parent, name)
        try:
            header.size = status.st_size
            header.mtime = status.st_mtime
            yield _bytes(header)
            digest = hashlib.sha256()
            left = status.st_size
            while left > 0:
                data = os.read(fd, min(left, _PIECE))
                if not data:
                    raise OSError("it became shorter while it was read")
                digest.update(data)
                left -= len(data)
                self._bytes += len(data)
                yield data
        finally:
            os.close(fd)
        self._base[e.path] = fingerprint.of_file(status.st_mode, digest.hexdigest())
        yield bytes(-status.st_size % _BLOCK)

    def _tell(self, path: str) -> None:
        if self._report is not None:
            self._report(
                UploadProgress(self._files, self._total_files, self._bytes, self._total_bytes, path)
            )


def _header(e: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(e.path)
    mode = e.status.st_mode
    header.mode = stat.S_IMODE(mode) & 0o777
    header.mtime = e.status.st_mtime
    if stat.S_ISDIR(mode):
        header.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(mode):
        header.type = tarfile.SYMTYPE
    else:
        header.size = e.status.st_size
    return header


def _bytes(header: tarfile.TarInfo) -> bytes:
    return header.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _hole(header: tarfile.TarInfo) -> Iterator[bytes]:
    """Make a file of zeros: the server takes no sparse files."""
    yield _bytes(header)
    whole, rest = divmod(header.size + -header.size % _BLOCK, _PIECE)
    yield from itertools.repeat(bytes(_PIECE), whole)
    yield bytes(rest)


def _gather(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join what is small, so that a file of ten bytes is no message of its own."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
