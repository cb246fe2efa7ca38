# SPDX-License-Identifier: MIT
# Generated from _async/commit.py. DO NOT EDIT.
"""Commits to a local directory."""

from __future__ import annotations

from .. import _linktext as linktext
from .. import _local as local
from .._item import Item, parts_of
from ..exceptions import ConflictError
from ..types import CommitReport
from . import _io
from .client import SandboxClient


def commit_to_tree(
    client: SandboxClient,
    sandbox_id: str,
    tree: local.LocalTree,
    paths: list[str],
    *,
    dry_run: bool,
    partial: bool,
    overwrite: bool,
) -> CommitReport:
    """Carry what a sandbox changed over to the directory that was uploaded."""
    changes = client.list_changes(sandbox_id)
    commit = _io.run(local.LocalCommit, tree, dry_run=dry_run)
    try:
        _io.run(commit.choose, changes, paths)
        for item in list(commit.items):
            _fetch(client, sandbox_id, commit, item)
        _io.run(commit.decide, overwrite=overwrite)
        report = commit.report()
        if dry_run:
            return report
        if report.conflicts and not partial:
            raise ConflictError(
                f"commit: conflicts in {', '.join(i.path for i in report.conflicts)}",
                report,
                sandbox_id=sandbox_id,
                reason="CONFLICT",
                operation="commit",
            )
        _io.run(commit.apply)
        report = commit.report()
    finally:
        _io.run(commit.close)
    # What is in the directory now is to be no change any more, if it is what was fetched.
    for part in parts_of(commit.settled()):
        # Servers of before `expect` go by the paths.
        client.commit(
            sandbox_id, [c.path for c in part], partial=True, overwrite=True, expect=part
        )
    return report


def _fetch(
    client: SandboxClient, sandbox_id: str, commit: local.LocalCommit, item: Item
) -> None:
    """Get what a change puts in its place."""
    if item.is_link:
        patch = client.get_diff(sandbox_id, [item.path], context=linktext.CONTEXT)
        text = linktext.text_of(patch)
        if text is None:
            commit.items.remove(item)
            commit.skipped.append(item.done("the text of the symbolic link is not known"))
        item.has_link(text or "")
    if not item.is_file:
        return
    stage = _io.run(commit.stage, item)
    try:
        for data in client.iter_file(sandbox_id, item.path):
            _io.run(stage.write, data)
        _io.run(stage.finish)
    except local.TooManyZerosError:
        _io.run(commit.refuse, item)
    finally:
        stage.close()
