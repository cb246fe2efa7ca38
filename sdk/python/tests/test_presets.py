# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

import sandbox_rls
from sandbox_rls import (
    PRESETS,
    Permission,
    PermissionRule,
    extend_preset,
    get_preset,
    get_preset_dicts,
    list_presets,
    presets,
    register_preset,
)
from sandbox_rls.rules import Policy


@pytest.fixture(autouse=True)
def forget_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "_registered", {})


def test_built_in_presets() -> None:
    assert list_presets() == ["agent-safe", "development", "full-access", "read-only", "view-only"]
    assert sorted(PRESETS) == list_presets()
    assert presets.DEFAULT_PRESET == "agent-safe"


def test_a_preset_is_a_copy() -> None:
    get_preset("read-only").clear()
    get_preset_dicts("read-only")[0]["permission"] = "write"
    assert get_preset("read-only") == [PermissionRule("/**", Permission.READ)]


def test_dictionaries_are_rules() -> None:
    for name in list_presets():
        assert list(Policy(get_preset_dicts(name)).rules) == get_preset(name)


def test_unknown_preset() -> None:
    with pytest.raises(ValueError, match="'nope' is none of agent-safe"):
        get_preset("nope")


def test_additions_leave_secrets_hidden() -> None:
    policy = Policy(extend_preset("agent-safe", [{"pattern": "/src/**", "permission": "write"}]))
    assert policy.level("/src/a.py") is Permission.WRITE
    assert policy.level("/src/.env") is Permission.NONE


def test_overrides_beat_everything_and_keep_their_order() -> None:
    rules = extend_preset(
        "agent-safe",
        [{"pattern": "/x/**", "permission": "none", "priority": 500}],
        [
            {"pattern": "/x/.env", "permission": "read", "priority": 1},
            {"pattern": "/x/**", "permission": "write"},
        ],
    )
    assert [r.priority for r in rules[-2:]] == [502, 501]
    policy = Policy(rules)
    assert policy.level("/x/.env") is Permission.READ
    assert policy.level("/x/a") is Permission.WRITE


def test_overrides_that_are_high_enough_stay() -> None:
    rules = extend_preset("read-only", overrides=[PermissionRule("/a", priority=7)])
    assert rules[-1].priority == 7


def test_register_preset() -> None:
    register_preset("mine", [{"pattern": "/a/**", "permission": "write"}])
    assert "mine" in list_presets()
    assert get_preset("mine") == [PermissionRule("/a/**", Permission.WRITE)]
    for name in ("mine", "agent-safe"):
        with pytest.raises(ValueError, match="already exists"):
            register_preset(name, [])
    with pytest.raises(ValueError, match="empty"):
        register_preset("", [])
    with pytest.raises(ValueError, match="bad pattern"):
        register_preset("other", [{"pattern": "/["}])


@pytest.mark.parametrize(
    "rule",
    [
        {"permission": "read"},
        {"pattern": "/a", "permision": "read"},
        {"pattern": "/a", "type": "regexp"},
    ],
)
def test_what_is_not_a_rule(rule: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Policy([rule])


def test_levels_in_capitals() -> None:
    assert Policy(
        [{"pattern": "/a", "permission": "READ", "type": "FILE", "priority": "3"}]
    ).rules == (PermissionRule("/a", Permission.READ, sandbox_rls.PatternType.FILE, 3),)
