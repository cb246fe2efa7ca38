# SPDX-License-Identifier: MIT
"""Presets: sets of rules with a name."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from .rules import Policy
from .types import PermissionRule, RuleLike, to_rules

__all__ = [
    "DEFAULT_PRESET",
    "PRESETS",
    "PRESET_AGENT_SAFE",
    "PRESET_DEVELOPMENT",
    "PRESET_FULL_ACCESS",
    "PRESET_READ_ONLY",
    "PRESET_VIEW_ONLY",
    "extend_preset",
    "get_preset",
    "get_preset_dicts",
    "list_presets",
    "register_preset",
]


def _load() -> tuple[str, dict[str, tuple[PermissionRule, ...]]]:
    """Read presets.json, which is generated from the presets of the server."""
    text = resources.files(__package__).joinpath("presets.json").read_text("utf-8")
    data = json.loads(text)
    return data["default"], {n: tuple(to_rules(r)) for n, r in data["presets"].items()}


DEFAULT_PRESET, _BUILTIN = _load()

PRESET_AGENT_SAFE = "agent-safe"
PRESET_DEVELOPMENT = "development"
PRESET_FULL_ACCESS = "full-access"
PRESET_READ_ONLY = "read-only"
PRESET_VIEW_ONLY = "view-only"

PRESETS: Mapping[str, list[dict[str, Any]]] = {
    name: [r.to_dict() for r in rules] for name, rules in _BUILTIN.items()
}
"""The built-in presets, as dictionaries. Changing them changes nothing."""

_lock = threading.Lock()
_registered: dict[str, tuple[PermissionRule, ...]] = {}


def get_preset(name: str) -> list[PermissionRule]:
    """Return the rules of a preset. An unknown name is a ValueError."""
    with _lock:
        rules = _BUILTIN.get(name) or _registered.get(name)
    if rules is None:
        raise ValueError(f"preset not found: {name!r} is none of {', '.join(list_presets())}")
    return list(rules)


def get_preset_dicts(name: str) -> list[dict[str, Any]]:
    """Return the rules of a preset as dictionaries."""
    return [r.to_dict() for r in get_preset(name)]


def list_presets() -> list[str]:
    """Return the names of all presets, built-in and registered, sorted."""
    with _lock:
        return sorted([*_BUILTIN, *_registered])


def extend_preset(
    base: str,
    additions: Iterable[RuleLike] | None = None,
    overrides: Iterable[RuleLike] | None = None,
) -> list[PermissionRule]:
    """Return the rules of a preset, followed by additions and then overrides.

    Additions keep the priorities they have: in agent-safe, one of priority 0 opens
    a directory and leaves the secrets in it hidden. Overrides are raised above
    every rule of the preset and every addition; among themselves they keep their
    order of priority.
    """
    rules = get_preset(base) + to_rules(additions or ())
    raised = _raise(to_rules(overrides or ()), rules)
    Policy(rules + raised)  # refuses malformed ones
    return rules + raised


def _raise(rules: list[PermissionRule], others: list[PermissionRule]) -> list[PermissionRule]:
    if not rules or not others:
        return rules
    top = max(r.priority for r in others)
    low = min(r.priority for r in rules)
    if low > top:
        return rules
    by = top + 1 - low
    return [dataclasses.replace(r, priority=r.priority + by) for r in rules]


def register_preset(name: str, rules: Iterable[RuleLike]) -> None:
    """Make rules known under a name to this process.

    A name that is taken, and rules that are malformed, are a ValueError.
    """
    if not name:
        raise ValueError("the name of a preset is empty")
    given = Policy(rules).rules
    with _lock:
        if name in _BUILTIN or name in _registered:
            raise ValueError(f"preset already exists: {name!r}")
        _registered[name] = given
