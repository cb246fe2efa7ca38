# SPDX-License-Identifier: MIT
"""Globs as the server matches them, which takes them from doublestar.

Patterns and names are strings in which every byte that is not part of valid
UTF-8 is U+FFFD: `runes` makes them. A pattern is expected to be valid.
"""

from __future__ import annotations

import re

_SEPARATOR = "/"
_NO_RANGE = "\U0010ffff"
_INVALID = re.compile("[\udc80-\udcff]")
_ZERO_LENGTH = frozenset(("", "*", "**", "/**", "**/", "/**/"))


def runes(data: bytes) -> str:
    """Decode bytes the way Go ranges over a string."""
    return _INVALID.sub("\ufffd", data.decode("utf-8", "surrogateescape"))


def valid(pattern: str) -> bool:
    """Report whether all brackets, braces and escapes of a pattern are closed."""
    depth = 0
    i, length = 0, len(pattern)
    while i < length:
        c = pattern[i]
        if c == "\\":
            i += 1
            if i >= length:
                return False
        elif c == "[":
            end = _class_end(pattern, i)
            if end < 0:
                return False
            i = end
        elif c == "{":
            depth += 1
        elif c == "}":
            if depth == 0:
                return False
            depth -= 1
        i += 1
    return depth == 0


def _class_end(pattern: str, start: int) -> int:
    """Find the bracket that closes the class opened at start, or -1."""
    i, length = start + 1, len(pattern)
    if i < length and pattern[i] in "^!":
        i += 1
    if i >= length or pattern[i] == "]":
        return -1
    while i < length:
        if pattern[i] == "\\":
            i += 1
        elif pattern[i] == "]":
            return i
        i += 1
    return -1


def match(pattern: str, name: str) -> bool:
    """Report whether a pattern matches the whole of a name."""
    try:
        return _Matcher(pattern, name).run()
    except (IndexError, _MalformedError):
        return False  # choosing among braces may leave a bracket open


class _MalformedError(Exception):
    pass


class _Matcher:
    """One attempt to match: places in both, and where to go on after a mismatch."""

    def __init__(self, pattern: str, name: str) -> None:
        self.pattern = pattern
        self.name = name
        self.pat = 0
        self.at = 0
        self.deep_pat = self.deep_at = -1  # after the last "**/"
        self.star_pat = self.star_at = -1  # after the last "*"
        self.segment = True  # at the start of a component of the pattern

    def fork(self, pattern: str, pat: int) -> _Matcher:
        """Go on with another pattern from here."""
        m = _Matcher(pattern, self.name)
        m.pat, m.at = pat, self.at
        m.deep_pat, m.deep_at = self.deep_pat, self.deep_at
        m.star_pat, m.star_at = self.star_pat, self.star_at
        m.segment = pat == 0 or pattern[pat - 1] == _SEPARATOR
        return m

    def run(self) -> bool:
        pattern, name = self.pattern, self.name
        while self.at < len(name):
            if self.pat < len(pattern):
                c = pattern[self.pat]
                if c == "{":
                    return self.any_alternative()
                if c == "*":
                    if self.star():
                        return True
                    continue
                if self.one(c):
                    continue
            if not self.backtrack():
                return False
        return _matches_nothing(pattern[self.pat :])

    def star(self) -> bool:
        """Take "*", "**" or "**/", and report whether the rest matches whatever it is."""
        pattern = self.pattern
        self.pat += 1
        if pattern.startswith("*", self.pat):
            self.pat += 1
            if self.segment:
                if self.pat >= len(pattern):
                    return True
                if pattern[self.pat] == _SEPARATOR:
                    self.pat += 1
                    self.deep_pat, self.deep_at = self.pat, self.at
                    self.star_pat = self.star_at = -1
                    return False
        self.segment = False
        self.star_pat, self.star_at = self.pat, self.at
        return False

    def one(self, c: str) -> bool:
        """Match one character, and report whether it did."""
        name_rune = self.name[self.at]
        if c == "?":
            self.segment = False
            if name_rune == _SEPARATOR:
                return False
            self.pat += 1
        elif c == "[":
            self.segment = False
            end = self.matched_class(name_rune)
            if end < 0:
                return False
            self.pat = end + 1
        else:
            if c == "\\":
                c = self.pattern[self.pat + 1]
                if c != name_rune:
                    return False
                self.pat += 1
            elif c != name_rune:
                return False
            self.pat += 1
            self.segment = c == _SEPARATOR
        self.at += 1
        return True

    def matched_class(self, rune: str) -> int:
        """Return where the class at this place ends if it has the rune, or -1."""
        pattern = self.pattern
        end = _class_end(pattern, self.pat)
        if end < 0:
            raise _MalformedError
        i = self.pat + 1
        negated = pattern[i] in "!^"
        if negated:
            i += 1
        return end if _in_class(pattern, i, end, rune) != negated else -1

    def any_alternative(self) -> bool:
        """Try what stands in the braces at this place, word by word."""
        pattern, before = self.pattern, self.pat
        close = _closing_brace(pattern, before + 1)
        for word in _alternatives(pattern[before + 1 : close]):
            if self.fork(pattern[:before] + word + pattern[close + 1 :], before).run():
                return True
        return False

    def backtrack(self) -> bool:
        """Let the last "*", or else the last "**/", take more."""
        if self.star_pat >= 0 and self.name[self.star_at] != _SEPARATOR:
            self.star_at += 1
            self.pat, self.at = self.star_pat, self.star_at
            self.segment = False
            return True
        if self.deep_pat >= 0:
            slash = self.name.find(_SEPARATOR, self.deep_at)
            if slash >= 0:
                self.at = self.deep_at = slash + 1
                self.pat = self.deep_pat
                self.segment = True
                return True
        return False


def _in_class(pattern: str, i: int, end: int, rune: str) -> bool:
    last = _NO_RANGE
    while i < end:
        c = pattern[i]
        i += 1
        if last < _NO_RANGE and c == "-" and i < end:
            if pattern[i] == "\\":
                i += 1
            high = pattern[i]
            i += 1
            if last <= rune <= high:
                return True
            last = _NO_RANGE
            continue
        if c == "\\":
            c = pattern[i]
            i += 1
        if c == rune:
            return True
        last = c
    return False


def skip(s: str, i: int) -> int:
    """Return the last index of the escape or class that begins at i, or i."""
    if s[i] == "\\":
        return i + 1
    if s[i] == "[":
        i += 1
        while i < len(s) and s[i] != "]":
            i += 2 if s[i] == "\\" else 1
    return i


def _closing_brace(s: str, i: int) -> int:
    depth = 1
    while i < len(s):
        c = s[i]
        if c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                return i
        else:
            i = skip(s, i)
        i += 1
    return -1


def _alternatives(s: str) -> list[str]:
    words = []
    depth = start = i = 0
    while i < len(s):
        c = s[i]
        if c == "{":
            depth += 1
        elif c == "}":
            depth -= 1
        elif c == "," and depth == 0:
            words.append(s[start:i])
            start = i + 1
        else:
            i = skip(s, i)
        i += 1
    words.append(s[start:])
    return words


def _matches_nothing(pattern: str) -> bool:
    """Report whether a pattern matches the empty string."""
    if pattern in _ZERO_LENGTH:
        return True
    if not pattern.startswith("{"):
        return False
    close = _closing_brace(pattern, 1)
    rest = pattern[close + 1 :]
    return any(_matches_nothing(word + rest) for word in _alternatives(pattern[1:close]))
