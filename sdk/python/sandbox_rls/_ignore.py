# SPDX-License-Identifier: MIT
"""What .gitignore and .sandboxignore leave out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pathspec import GitIgnoreSpec

FILES = (".gitignore", ".sandboxignore")
"""Names of the files, the later of which has the last word in a directory."""


class Ignore:
    """What is left out of a directory: the patterns of its own and those from above.

    Paths are relative to the root of the tree, and do not begin with a slash.
    """

    def __init__(self, specs: tuple[tuple[int, GitIgnoreSpec], ...] = ()) -> None:
        self._specs = specs  # with how many characters of the path lead to it, strongest first

    @staticmethod
    def of(patterns: Iterable[str]) -> Ignore:
        """Leave out what patterns say, before any file has a say."""
        lines = list(patterns)
        return Ignore(((0, GitIgnoreSpec.from_lines(lines)),)) if lines else Ignore()

    def into(self, directory: Path, path: str) -> Ignore:
        """Take the files of a directory into account."""
        lines: list[str] = []
        for name in FILES:
            file = directory / name
            if file.is_file():
                lines += file.read_text("utf-8", "surrogateescape").splitlines()
        if not lines:
            return self
        at = len(path) + 1 if path else 0
        return Ignore(((at, GitIgnoreSpec.from_lines(lines)), *self._specs))

    def ignores(self, path: str, *, is_dir: bool) -> bool:
        """Report whether a path is left out."""
        name = path + "/" if is_dir else path
        for at, spec in self._specs:
            verdict = spec.check_file(name[at:]).include
            if verdict is not None:
                return verdict
        return False
