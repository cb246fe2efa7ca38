# SPDX-License-Identifier: MIT
"""Rules, evaluated on this side as the server does.

Of the rules that match a path one decides: the one with the higher priority;
then FILE before DIRECTORY before GLOB; then the more specific pattern; then
the later one. What no rule matches is NONE, except for the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import _glob, _shape
from .types import PatternType, Permission, PermissionRule, RuleLike, to_rules

__all__ = ["Decision", "Policy", "RuleError"]

_MAX_PATTERN = 4096
_MAX_ALTERNATIVES = 1024
_RANK = {PatternType.FILE: 0, PatternType.DIRECTORY: 1, PatternType.GLOB: 2}
_SLASHES = re.compile("/+")


class RuleError(ValueError):
    """A rule that no sandbox can be made with."""

    def __init__(self, index: int, rule: PermissionRule, message: str) -> None:
        super().__init__(f"rule {index}, pattern {rule.pattern!r}: bad pattern: {message}")
        self.index = index
        self.rule = rule


@dataclass(frozen=True)
class Decision:
    """Which level a path has, and why."""

    path: str
    permission: Permission
    rule: PermissionRule | None = None
    """The rule that decides; None if none matches."""
    index: int = -1
    """Its place in the list of rules; -1 if none matches, or where it is not known."""
    beaten: tuple[PermissionRule, ...] = ()
    """The other rules that match, the strongest first."""


@dataclass(frozen=True)
class _Ranked:
    index: int
    rule: PermissionRule
    test: _shape.Test


class Policy:
    """A list of rules, ready to be asked. Malformed rules raise RuleError."""

    def __init__(self, rules: Iterable[RuleLike]) -> None:
        self.rules: tuple[PermissionRule, ...] = tuple(to_rules(rules))
        for i, rule in enumerate(self.rules):
            _validate(i, rule)
        order = sorted(enumerate(self.rules), key=lambda e: _strength(*e))
        self._ranked = [_Ranked(i, r, _test(r)) for i, r in order]

    def level(self, path: str | bytes) -> Permission:
        """Return the level of a path of the workspace."""
        clean = canonical(path)
        found = next((r.rule.permission for r in self._ranked if r.test(clean)), Permission.NONE)
        return _at_root(found) if clean == "" else found

    def decide(self, path: str | bytes) -> Decision:
        """Return the level of a path, with the rule that gives it and those it beat."""
        clean = canonical(path)
        found = [r for r in self._ranked if r.test(clean)]
        level = found[0].rule.permission if found else Permission.NONE
        if clean == "":
            level = _at_root(level)
        if not found:
            return Decision(clean or "/", level)
        beaten = tuple(r.rule for r in found[1:])
        return Decision(clean or "/", level, found[0].rule, found[0].index, beaten)


def _at_root(level: Permission) -> Permission:
    return Permission.VIEW if level is Permission.NONE else level


def canonical(path: str | bytes) -> str:
    """Bring a path into the form "/a/b"; the root is ""."""
    text = path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else path
    parts: list[str] = []
    for name in text.split("/"):
        if name == "..":
            del parts[-1:]
        elif name not in ("", "."):
            parts.append(name)
    return "".join("/" + p for p in parts)


def _normalize(pattern: str) -> str:
    trimmed = pattern.strip("/")
    return "/" + _SLASHES.sub("/", trimmed) if trimmed else ""


def _test(rule: PermissionRule) -> _shape.Test:
    norm = _normalize(rule.pattern)
    if rule.type is PatternType.FILE:
        return _shape.exact(norm)
    if rule.type is PatternType.DIRECTORY:
        return _shape.subtree(norm)
    return _shape.compile_glob(norm)


def _strength(index: int, rule: PermissionRule) -> tuple[int, ...]:
    """Return a key by which stronger rules come first."""
    norm = _normalize(rule.pattern)
    wildcards, literal = _specificity(norm) if rule.type is PatternType.GLOB else (0, _size(norm))
    return -rule.priority, _RANK[rule.type], min(wildcards, 1), -literal, wildcards, -index


def _specificity(glob: str) -> tuple[int, int]:
    """Count the wildcard characters, and the bytes before the first of them."""
    wildcards = literal = i = 0
    while i < len(glob):
        c = glob[i]
        if c in "*?{[":
            wildcards += 1
            if c == "[":
                i = _glob.skip(glob, i)
        else:
            if c == "\\":
                i += 1
            if wildcards == 0:
                literal += _size(glob[i])
        i += 1
    return wildcards, literal


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _validate(index: int, rule: PermissionRule) -> None:
    message = _fault(rule)
    if message:
        raise RuleError(index, rule, message)


def _fault(rule: PermissionRule) -> str:
    try:
        size = _size(rule.pattern)
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if not rule.pattern:
        return "it is empty"
    if size > _MAX_PATTERN:
        return f"longer than {_MAX_PATTERN} bytes"
    if "\0" in rule.pattern:
        return "it holds a NUL byte"
    norm = _normalize(rule.pattern)
    for part in norm.split("/"):
        if part in (".", ".."):
            return f"a component is {part!r}"
    if rule.type is not PatternType.GLOB:
        return ""
    if not _glob.valid(norm):
        return "a bracket, brace or backslash is not closed"
    if _count_alternatives(norm) > _MAX_ALTERNATIVES:
        return f"its braces give more than {_MAX_ALTERNATIVES} choices"
    return ""


def _count_alternatives(glob: str) -> int:
    """Count, from above, the ways to choose among all the braces of a glob."""
    total, groups, i = 1, [], 0
    while i < len(glob) and total <= _MAX_ALTERNATIVES:
        c = glob[i]
        if c == "{":
            groups.append(1)
        elif c == "," and groups:
            groups[-1] += 1
        elif c == "}" and groups:
            total *= groups.pop()
        else:
            i = _glob.skip(glob, i)
        i += 1
    return total
