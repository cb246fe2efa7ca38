# SPDX-License-Identifier: MIT
"""What a commit to a local directory carries over: a change, and the content of its file."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from . import _fingerprint as fingerprint
from .types import Change, ChangeKind, CommitItem

# How many bytes of zeros at a time become a hole here.
_BLOCK = 64 << 10

# How many bytes a message has at most, and a change in it without its path.
MAX_MESSAGE = 4 << 20
_CHANGE = 128


@dataclass
class Item:
    """A change on its way."""

    change: Change
    path: str
    parts: list[str]
    wanted: str | None = None
    """The fingerprint that it is to have; None if it is to go."""
    staged: str | None = None
    """Where its content is, for a file."""
    link: str = ""
    """Its text, for a symbolic link."""
    checksum: str = ""
    size: int = 0
    """What was fetched: of a file or a symbolic link."""

    @property
    def is_file(self) -> bool:
        """Whether its content must be fetched."""
        return self.change.kind is not ChangeKind.DELETED and stat.S_ISREG(self.change.mode)

    @property
    def is_link(self) -> bool:
        """Whether its text must be fetched."""
        return self.change.kind is not ChangeKind.DELETED and stat.S_ISLNK(self.change.mode)

    def has_link(self, text: str) -> None:
        """Note what a symbolic link leads to."""
        raw = text.encode("utf-8", "surrogateescape")
        self.link, self.size, self.checksum = text, len(raw), hashlib.sha256(raw).hexdigest()

    def fetched(self) -> Change:
        """Return the change as it was fetched."""
        size = self.size if self.is_file or self.is_link else self.change.size
        return dataclasses.replace(self.change, size=size, checksum=self.checksum)

    def done(self, reason: str = "") -> CommitItem:
        """Say what became of it."""
        return CommitItem(self.path, self.change.kind, reason)


class Stage:
    """A file that is being fetched. Its zeros are holes, as they commonly are in the sandbox."""

    def __init__(self, item: Item, count: Callable[[int], None]) -> None:
        assert item.staged is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._fd = os.open(item.staged, flags, 0o600)
        self._item = item
        self._count = count
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Add to its content."""
        self._digest.update(data)
        self._item.size += len(data)
        for at in range(0, len(data), _BLOCK):
            block = data[at : at + _BLOCK]
            if block.lstrip(b"\0"):
                self._write(block)
            else:
                self._count(len(block))
                os.lseek(self._fd, len(block), os.SEEK_CUR)

    def _write(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            view = view[os.write(self._fd, view) :]

    def finish(self) -> None:
        """Note that its content is complete."""
        os.ftruncate(self._fd, os.lseek(self._fd, 0, os.SEEK_CUR))
        mode = stat.S_IMODE(self._item.change.mode) & 0o777
        os.fchmod(self._fd, mode)
        os.fsync(self._fd)
        self._item.checksum = self._digest.hexdigest()
        self._item.wanted = fingerprint.of_file(mode, self._item.checksum)

    def close(self) -> None:
        """Close it, complete or not."""
        os.close(self._fd)


def parts_of(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Go over changes in parts that a message can tell of: it may not become too large."""
    part: list[Change] = []
    size = 0
    for change in changes:
        # Its path is there twice.
        more = 2 * len(change.path.encode()) + _CHANGE
        if part and size + more > MAX_MESSAGE:
            yield part
            part, size = [], 0
        part.append(change)
        size += more
    if part:
        yield part


def is_unicode(path: str) -> bool:
    """Report whether the protocol can name a path: text is Unicode there."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
