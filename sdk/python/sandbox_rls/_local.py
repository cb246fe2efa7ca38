# SPDX-License-Identifier: MIT
"""Carries the changes of a sandbox over to a local directory.

What comes from the sandbox is hostile: names, types and content. A path is taken
apart and gone a component at a time from the directory's own descriptor, no
symbolic link is followed, and only what the rules let the sandbox write is
written, under the name that they speak of. A file is complete in a directory of
its own before it is moved to its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import _fingerprint as fingerprint
from ._item import Item, Stage, is_unicode
from .exceptions import UnsupportedError
from .rules import Policy
from .types import Change, ChangeKind, CommitItem, CommitReport, Permission

_FORBIDDEN = ("", ".", "..")

# How many bytes of zeros a commit carries over, which take nothing in a sandbox.
MAX_ZEROS = 16 << 30


class TooManyZerosError(Exception):
    """The files of a commit have so many zeros that somebody means harm."""


@dataclass
class LocalTree:
    """A directory that was uploaded, and what its files were then."""

    root: Path
    policy: Policy
    base: dict[str, str] = field(default_factory=dict)


class LocalCommit:
    """One commit: choose, stage, decide, apply, in this order; then clean up."""

    def __init__(self, tree: LocalTree, *, dry_run: bool = False) -> None:
        if os.rename not in os.supports_dir_fd or os.open not in os.supports_dir_fd:
            raise UnsupportedError("this system cannot change a directory safely: dir_fd")
        self._tree = tree
        self._root = fingerprint.open_root(os.fspath(tree.root))
        self._dry_run = dry_run
        self._staging: Path | None = None
        self._seen: dict[str, str | None] = {}
        self._zeros = 0
        self._done = False
        self._chosen: dict[str, Item] = {}
        self.items: list[Item] = []
        self.applied: list[CommitItem] = []
        self.unchanged: list[CommitItem] = []
        self.conflicts: list[CommitItem] = []
        self.denied: list[CommitItem] = []
        self.skipped: list[CommitItem] = []
        self.failed: list[CommitItem] = []

    def close(self) -> None:
        """Remove what was staged."""
        os.close(self._root)
        if self._staging is not None:
            shutil.rmtree(self._staging, ignore_errors=True)

    def choose(self, changes: Iterable[Change], paths: Iterable[str]) -> None:
        """Take the changes that are wanted, and refuse those that are not allowed."""
        wanted = ["/".join(p for p in w.split("/") if p not in ("", ".")) for w in paths]
        for change in changes:
            parts = _parts(change.path)
            if parts is None:
                self.denied.append(CommitItem(change.path, change.kind, "not a path to write to"))
                continue
            item = Item(change, "/".join(parts), parts)
            if wanted and not any(_is_beneath(item.path, w) for w in wanted):
                continue
            if self._tree.policy.level("/" + item.path) is not Permission.WRITE:
                self.denied.append(item.done("the rules do not let it be written"))
            elif change.kind is not ChangeKind.DELETED and not _is_carried(change.mode):
                self.skipped.append(item.done("neither a file, a directory nor a symbolic link"))
            elif (item.is_file or item.is_link) and not is_unicode(item.path):
                self.skipped.append(item.done("its name is not valid UTF-8"))
            else:
                self.items.append(item)
                self._chosen[item.path] = item

    def stage(self, item: Item) -> Stage:
        """Return where the content of a file goes until it is moved to its place."""
        if self._staging is None:
            self._staging = self._make_staging()
        item.staged = os.fspath(self._staging / secrets.token_hex(8))
        return Stage(item, self._count)

    def _count(self, zeros: int) -> None:
        self._zeros += zeros
        if self._zeros > MAX_ZEROS:
            raise TooManyZerosError

    def refuse(self, item: Item) -> None:
        """Leave out an item whose content is too much."""
        self.items.remove(item)
        assert item.staged is not None
        os.unlink(item.staged)
        self.failed.append(
            item.done(f"the commit's files have more than {MAX_ZEROS >> 30} GiB of zeros")
        )

    def _make_staging(self) -> Path:
        if self._dry_run:
            return Path(tempfile.mkdtemp(prefix="sandbox-commit-"))
        name = f".sandbox-commit-{secrets.token_hex(8)}"
        os.mkdir(name, 0o700, dir_fd=self._root)
        return self._tree.root / name

    def decide(self, *, overwrite: bool) -> None:
        """Leave in `items` what is to be applied: the rest is there, or in conflict."""
        left: list[Item] = []
        made: set[str] = set()  # directories that will be where something else is
        for item in sorted(self.items, key=lambda i: i.parts):
            if not item.is_file:
                item.wanted = _wanted(item)
            if any("/".join(item.parts[:n]) in made for n in range(1, len(item.parts))):
                left.append(item)
                continue
            now, obstacle = self._now(item)
            if obstacle:
                self.conflicts.append(item.done(obstacle))
            elif now == item.wanted:
                self.unchanged.append(item.done())
                self._remember(item)
            elif now == self._tree.base.get(item.path) or overwrite:
                left.append(item)
                if item.wanted == fingerprint.DIRECTORY and now is not None:
                    made.add(item.path)
            else:
                self.conflicts.append(item.done(_conflict(item, now)))
        self.items = left

    def apply(self) -> None:
        """Do what was decided: what goes first, the deepest first; then what comes."""
        self._done = True
        going = [i for i in self.items if i.wanted is None]
        coming = [i for i in self.items if i.wanted is not None]
        for item in sorted(going, key=lambda i: i.parts, reverse=True):
            self._do(item, self._remove)
        for item in sorted(coming, key=lambda i: i.parts):
            self._do(item, self._put)

    def report(self) -> CommitReport:
        """Say what became of everything. Before it is applied: what would."""
        applied = self.applied if self._done else [i.done() for i in self.items]
        lists = (
            applied,
            self.unchanged,
            self.conflicts,
            self.denied,
            self.skipped,
            self.failed,
        )
        return CommitReport(*(tuple(sorted(x, key=lambda i: i.path)) for x in lists))

    def settled(self) -> list[Change]:
        """Return the changes that are in the directory now, as they were fetched."""
        left = (*self.conflicts, *self.denied, *self.skipped, *self.failed)
        # A directory that goes stands for all beneath it, and not all of that is settled.
        above = {d for i in left for d in _directories(i.path)}
        done = {i.path for i in (*self.applied, *self.unchanged) if is_unicode(i.path)}
        return [self._chosen[p].fetched() for p in sorted(done - above)]

    def _now(self, item: Item) -> tuple[str | None, str]:
        """Return what is at a path, or why it cannot be reached."""
        try:
            parent = self._directory(item.parts[:-1])
        except FileNotFoundError:
            # What the sandbox made, or what it removes, has a directory that is not here.
            return None, self._missing_parent(item)
        except OSError:
            return None, "a directory on its path is something else here"
        try:
            self._seen[item.path] = now = fingerprint.take(parent, item.parts[-1])
            if now is not None and not fingerprint.is_called(parent, item.parts[-1]):
                return now, "is called something else here"
            return now, ""
        except OSError as e:
            return None, f"cannot be read here: {e.strerror or e}"
        finally:
            os.close(parent)

    def _directory(self, parts: list[str]) -> int:
        return fingerprint.open_directory(self._root, parts, fingerprint.is_called)

    def _missing_parent(self, item: Item) -> str:
        """Say whether a directory on the path was here once."""
        if item.wanted is None:
            return ""
        for n in range(1, len(item.parts)):
            try:
                os.close(fingerprint.open_directory(self._root, item.parts[:n]))
            except FileNotFoundError:
                above = "/".join(item.parts[:n])
                return "its directory is not there any more" if above in self._tree.base else ""
        return ""

    def _do(self, item: Item, action: Callable[[Item], None]) -> None:
        try:
            action(item)
        except OSError as e:
            self.failed.append(item.done(e.strerror or str(e)))
            return
        self.applied.append(item.done())
        self._remember(item)

    def _remember(self, item: Item) -> None:
        if item.wanted is None:
            self._tree.base.pop(item.path, None)
        else:
            self._tree.base[item.path] = item.wanted

    def _remove(self, item: Item) -> None:
        parent = self._directory(item.parts[:-1])
        try:
            self._recheck(parent, item)
            _remove_at(parent, item.parts[-1])
        finally:
            os.close(parent)

    def _put(self, item: Item) -> None:
        parent = self._make_parents(item.parts[:-1])
        name = item.parts[-1]
        try:
            now = self._recheck(parent, item)
            if item.wanted == fingerprint.DIRECTORY:
                if now is not None:
                    _remove_at(parent, name)
                os.mkdir(name, 0o700, dir_fd=parent)
                with contextlib.suppress(NotImplementedError):
                    os.chmod(name, stat.S_IMODE(item.change.mode) & 0o777, dir_fd=parent)
                return
            if now == fingerprint.DIRECTORY:
                os.rmdir(name, dir_fd=parent)
            if item.is_link:
                self._put_link(parent, name, item.link)
            else:
                assert item.staged is not None
                os.rename(item.staged, name, dst_dir_fd=parent)
        finally:
            os.close(parent)

    def _put_link(self, parent: int, name: str, text: str) -> None:
        temporary = f".sandbox-commit-{secrets.token_hex(8)}"
        os.symlink(text, temporary, dir_fd=parent)
        try:
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except OSError:
            os.unlink(temporary, dir_fd=parent)
            raise

    def _recheck(self, parent: int, item: Item) -> str | None:
        """See to it that nothing has happened since it was decided."""
        now = fingerprint.take(parent, item.parts[-1])
        if now != self._seen.get(item.path):
            raise OSError(errno.EBUSY, "it was changed here a moment ago")
        return now

    def _make_parents(self, parts: list[str]) -> int:
        for n in range(len(parts), -1, -1):
            try:
                at = self._directory(parts[:n])
                break
            except FileNotFoundError:
                continue
        for name in parts[n:]:
            try:
                os.mkdir(name, 0o755, dir_fd=at)
                inner = fingerprint.open_directory(at, [name])
            finally:
                os.close(at)
            at = inner
        return at


def _parts(path: str) -> list[str] | None:
    """Take a path apart, or return None for one that nothing may be written to."""
    parts = path.split("/")
    if any(p in _FORBIDDEN or "\0" in p or ("\\" in p and os.sep == "\\") for p in parts):
        return None
    return parts


def _directories(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def _is_beneath(path: str, directory: str) -> bool:
    return not directory or path == directory or path.startswith(directory + "/")


def _is_carried(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _wanted(item: Item) -> str | None:
    if item.change.kind is ChangeKind.DELETED:
        return None
    return fingerprint.of_link(item.link) if item.is_link else fingerprint.DIRECTORY


def _conflict(item: Item, now: str | None) -> str:
    if now is None:
        return "was removed here"
    if item.change.kind is ChangeKind.ADDED:
        return "is there already"
    return "was changed here"


def _remove_at(parent: int, name: str) -> None:
    if fingerprint.take(parent, name) == fingerprint.DIRECTORY:
        os.rmdir(name, dir_fd=parent)
    else:
        os.unlink(name, dir_fd=parent)
