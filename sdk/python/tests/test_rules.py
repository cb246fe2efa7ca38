# SPDX-License-Identifier: MIT
"""Rules mean here what they mean to the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox_rls import Permission, PermissionRule
from sandbox_rls.rules import Policy, RuleError

LINES = (Path(__file__).parent / "data" / "rules.jsonl").read_text("utf-8").splitlines()
VECTORS = [json.loads(line) for line in LINES]
GOOD = [v for v in VECTORS if not v.get("bad")]
BAD = [v["rules"][0] for v in VECTORS if v.get("bad")]


@pytest.mark.parametrize("vector", GOOD, ids=range(len(GOOD)))
def test_policy_decides_as_the_server(vector: dict[str, Any]) -> None:
    policy = Policy(vector["rules"])
    for want in vector["paths"]:
        path = bytes.fromhex(want["path"])
        got = policy.decide(path)
        assert (got.permission.value, got.index, len(got.beaten)) == (
            want["level"],
            want["index"],
            want["beaten"],
        ), path
        assert policy.level(path) == got.permission


@pytest.mark.parametrize("rule", BAD, ids=range(len(BAD)))
def test_bad_rules_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(RuleError):
        Policy([rule])


@pytest.mark.parametrize(
    "pattern",
    ["", "/a\0", "/a/../b", "./a", "/[a", "/{a", "/a}", "/a\\", "{a,b}" * 20, "a" * 5000, "\udcff"],
)
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(RuleError) as e:
        Policy([PermissionRule("/ok"), PermissionRule(pattern)])
    assert e.value.index == 1


def test_an_empty_list_hides_all_but_the_root() -> None:
    policy = Policy([])
    assert policy.level("/") is Permission.VIEW
    assert policy.level("/a") is Permission.NONE
