# SPDX-License-Identifier: MIT
"""What a file of a directory is, in a string that two states are compared by.

A file is reached from the descriptor of its tree's root, a component at a time,
and no symbolic link is followed on the way.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable

_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BLOCK = 1 << 20

DIRECTORY = "directory"
OTHER = "other"


def of_file(mode: int, digest: str) -> str:
    """Return the fingerprint of a regular file."""
    return f"file {stat.S_IMODE(mode) & 0o777:o} {digest}"


def of_link(text: str) -> str:
    """Return the fingerprint of a symbolic link."""
    return "link " + text


def open_root(path: str) -> int:
    """Open the root of a tree, which may be reached by symbolic links."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def open_directory(
    root: int, parts: list[str], admits: Callable[[int, str], bool] = lambda parent, name: True
) -> int:
    """Open a directory of a tree. The caller closes it.

    One on the way that `admits` does not take, by its parent and its name, is an OSError.
    """
    at = os.dup(root)
    for name in parts:
        try:
            inner = os.open(name, _DIRECTORY, dir_fd=at)
            if not admits(at, name):
                os.close(inner)
                raise OSError(f"{name!r} is called something else here")
        finally:
            os.close(at)
        at = inner
    return at


def is_called(parent: int, name: str) -> bool:
    """Report whether what a name leads to is called that, to the letter.

    Many file systems, those of macOS for one, take "A" for "a": rules do not, and
    what one says of "a" must hold. Where another spelling leads nowhere, or elsewhere,
    the directory need not be listed.
    """
    if name.isascii() and not _is_same(parent, name, name.swapcase()):
        return True
    return name in os.listdir(parent)


def _is_same(parent: int, name: str, other: str) -> bool:
    if name == other:
        return False
    try:
        return os.path.samestat(
            os.stat(name, dir_fd=parent, follow_symlinks=False),
            os.stat(other, dir_fd=parent, follow_symlinks=False),
        )
    except FileNotFoundError:
        return False


def open_file(parent: int, name: str) -> tuple[int, os.stat_result]:
    """Open a regular file for reading. The caller closes it."""
    fd = os.open(name, _FILE, dir_fd=parent)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise OSError(f"{name!r} is not a regular file any more")
    return fd, status


def take(parent: int, name: str) -> str | None:
    """Return the fingerprint of a name in a directory, or None if it is not there."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            return DIRECTORY
        if stat.S_ISLNK(status.st_mode):
            return of_link(os.readlink(name, dir_fd=parent))
        if not stat.S_ISREG(status.st_mode):
            return OTHER
        fd, status = open_file(parent, name)
    except FileNotFoundError:
        return None
    try:
        digest = hashlib.sha256()
        while data := os.read(fd, _BLOCK):
            digest.update(data)
    finally:
        os.close(fd)
    return of_file(status.st_mode, digest.hexdigest())
