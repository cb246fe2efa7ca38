# SPDX-License-Identifier: MIT
"""Fast tests for the globs that rules commonly consist of.

`compile_glob` returns a function that tells whether a path matches, which for
most patterns looks at the ends of the path and not at the whole of it. Paths
are canonical here: the root is "", all others begin with a slash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from . import _glob

Test = Callable[[str], bool]

_MAX_EXPANSIONS = 64
_SPECIAL = re.compile(r"[*?\[\]{}\ufffd]")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def subtree(directory: str) -> Test:
    """Match a directory and all beneath it."""
    beneath = directory + "/"
    return lambda path: path == directory or path.startswith(beneath)


def exact(wanted: str) -> Test:
    """Match one path."""
    return wanted.__eq__


def compile_glob(norm: str) -> Test:
    """Make the test of a normalized, valid glob."""
    globs = _expand(norm)
    tests = [_compile_one(g) for g in globs]
    if len(tests) == 1:
        return tests[0]
    return lambda path: any(test(path) for test in tests)


def _compile_one(norm: str) -> Test:
    components = norm.split("/")[1:]
    literal: list[str] = []
    for c in components:
        name = _unescape(c)
        if name is None:
            break
        literal.append(name)
    directory = "".join("/" + c for c in literal)
    rest = components[len(literal) :]
    if not rest:
        return exact(directory)
    if rest == ["**"]:
        return subtree(directory)
    if rest == ["**", "*"]:
        beneath = directory + "/"
        return lambda path: path.startswith(beneath) and path != beneath
    test = None
    if rest[0] == "**":
        test = _deep(directory, rest[1:])
    elif len(rest) == 1:
        test = _affix(directory, rest[0], direct=True)
    return test or partial(_match_glob, norm)


def _match_glob(norm: str, path: str) -> bool:
    return _glob.match(norm, _glob.runes(path.encode("utf-8", "surrogateescape")))


def _deep(directory: str, rest: list[str]) -> Test | None:
    """Make the test of what follows "dir/**", if it is one of the usual."""
    names, ending = rest, ""
    if names[-1] == "**":
        names, ending = names[:-1], "all"
    elif names[-2:] == ["**", "*"]:
        names, ending = names[:-2], "strict"
    if not names:
        return None
    words = [_unescape(n) for n in names]
    if any(w is None for w in words):
        if len(names) == 1 and not ending:
            return _affix(directory, names[0], direct=False)
        return None
    tail = "".join(f"/{w}" for w in words)
    at = len(directory)
    if not ending:
        return lambda path: path.endswith(tail) and _beneath(directory, path, len(path) - len(tail))
    inside = tail + "/"
    if ending == "strict":
        return lambda path: path.startswith(directory + "/") and path.find(inside, at) >= 0
    return lambda path: path.startswith(directory + "/") and (path + "/").find(inside, at) >= 0


def _beneath(directory: str, path: str, end: int) -> bool:
    """Report whether the first end characters of a path are a directory or beneath it."""
    at = len(directory)
    return end >= at and path.startswith(directory) and path[at : at + 1] == "/"


def _affix(directory: str, component: str, *, direct: bool) -> Test | None:
    """Make the test of one component with one star in it."""
    before, star, after = component.partition("*")
    prefix, suffix = _unescape(before), _unescape(after)
    if not star or prefix is None or suffix is None:
        return None
    least = len(prefix) + len(suffix)

    def test(path: str) -> bool:
        slash = path.rfind("/")
        if slash < 0 or not path.endswith(suffix) or not path.startswith(prefix, slash + 1):
            return False
        if len(path) - slash - 1 < least:
            return False
        if direct:
            return path[:slash] == directory
        return _beneath(directory, path, slash)

    return test


def _unescape(part: str) -> str | None:
    """Return the only string that a part of a glob stands for, or None."""
    plain = _ESCAPE.sub("", part) if "\\" in part else part
    if _SPECIAL.search(plain) or "\ufffd" in part:
        return None
    return _ESCAPE.sub(r"\1", part) if "\\" in part else part


def _expand(norm: str) -> list[str]:
    """Replace braces by what they stand for, where their words are plain."""
    done, rest = [""], norm
    while True:
        start = _next_brace(rest)
        if start < 0:
            return [d + rest for d in done]
        end = rest.find("}", start)
        words = rest[start + 1 : end].split(",")
        if end < 0 or len(done) * len(words) > _MAX_EXPANSIONS:
            return [norm]
        if any(not w or re.search(r"[*?\[\]{}\\/]", w) for w in words):
            return [norm]
        done = [d + rest[:start] + w for d in done for w in words]
        rest = rest[end + 1 :]


def _next_brace(glob: str) -> int:
    i = 0
    while i < len(glob):
        if glob[i] == "{":
            return i
        i = _glob.skip(glob, i) + 1
    return -1
