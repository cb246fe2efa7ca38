# SPDX-License-Identifier: MIT
"""What a sandbox changed comes into the local directory, and nothing else does."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox_rls import (
    Change,
    ChangeKind,
    CommitItem,
    ConflictError,
    InvalidConfigurationError,
    Permission,
    PermissionRule,
    Sandbox,
)
from sandbox_rls._convert import to_expect
from sandbox_rls._gen.sandbox.v1.sandbox_pb2 import CommitRequest
from sandbox_rls._item import MAX_MESSAGE, Item, parts_of
from sandbox_rls._linktext import text_of
from sandbox_rls._local import LocalCommit, LocalTree
from sandbox_rls.presets import get_preset
from sandbox_rls.rules import Policy

FULL = get_preset("full-access")
FILE = stat.S_IFREG | 0o644


def paths(items: tuple[CommitItem, ...]) -> list[str]:
    return [i.path for i in items]


def tree_of(root: Path) -> dict[str, str]:
    found = {}
    for directory, _, names in os.walk(root):
        found[os.path.relpath(directory, root)] = "directory"
        for name in names:
            path = Path(directory, name)
            text = f"link {os.readlink(path)}" if path.is_symlink() else path.read_text()
            found[os.path.relpath(path, root)] = text
    return found


@pytest.mark.usefixtures("default_endpoint")
class TestWithServer:
    def test_all_kinds_of_changes(self, project: Path) -> None:
        before = tree_of(project)
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run(
                "echo 2 >main.py; chmod 755 main.py; rm src/b.txt; mkdir -p new/deep/er;"
                "echo n >new/deep/er/f; ln -s ../main.py new/l; rm -r docs; echo now a file >docs;"
                "rmdir empty; rm link; mkdir link; echo x >link/x; touch nothing; mkfifo fifo;"
                "head -c 3000000 /dev/zero >big",
                raise_on_error=True,
            )
            report = sandbox.commit(dry_run=True)
            assert tree_of(project) == before
            assert sandbox.commit() == report
            assert not report.conflicts and not report.failed and not report.denied
            assert paths(report.skipped) == ["fifo"]
            after = tree_of(project)
            assert after.pop("big") == "\0" * 3_000_000
            want = {
                k: v
                for k, v in before.items()
                if not k.startswith(("docs", "empty", "link", "src/b"))
            }
            want |= {"main.py": "2\n", "new": "directory", "new/deep": "directory"}
            want |= {"new/deep/er": "directory", "new/deep/er/f": "n\n", "new/l": "link ../main.py"}
            want |= {"docs": "now a file\n", "link": "directory", "link/x": "x\n", "nothing": ""}
            assert after == want
            assert stat.S_IMODE((project / "main.py").stat().st_mode) == 0o755
            assert [c.path for c in sandbox.changes()] == ["fifo"]
            sandbox.run("echo 3 >main.py")
            assert paths(sandbox.commit().applied) == ["main.py"]
            assert (project / "main.py").read_text() == "3\n"

    def test_links_in_the_place_of_others(self, project: Path) -> None:
        (project / "lines").symlink_to("a\nb\nc\nd\ne\nf")
        (project / "open").symlink_to("a\n")
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run(
                "ln -sf /nowhere main.py; rm -r src docs; ln -s ++x src;"
                "ln -s 'diff --git a b' docs;"
                "ln -sfn '@@ -1 +1 @@' link; rmdir empty; ln -s '# a' empty;"
                "ln -sfn 'a\nb\nc\nd\ne\nF' lines; ln -sfn 'a\nb\n' open",
                raise_on_error=True,
            )
            report = sandbox.commit()
            assert not report.skipped and not report.failed and not report.conflicts
            assert not sandbox.changes()
        after = {k: v for k, v in tree_of(project).items() if v.startswith("link ")}
        assert after == {
            "main.py": "link /nowhere",
            "src": "link ++x",
            "docs": "link diff --git a b",
            "link": "link @@ -1 +1 @@",
            "empty": "link # a",
            "lines": "link a\nb\nc\nd\ne\nF",
            "open": "link a\nb\n",
        }

    def test_zeros(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What takes nothing in the sandbox must not fill this disk."""
        size = 16 << 20
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run(f"truncate -s {size} a; truncate -s {size} b; echo x >>b; echo x >c")
            with monkeypatch.context() as m:
                m.setattr("sandbox_rls._local.MAX_ZEROS", size * 3 // 2)
                for dry_run in (True, False):
                    report = sandbox.commit(dry_run=dry_run)
                    assert paths(report.applied) == ["a", "c"]
                    assert [(i.path, "zeros" in i.reason) for i in report.failed] == [("b", True)]
            assert [c.path for c in sandbox.changes()] == ["b"]
            assert paths(sandbox.commit().applied) == ["b"]
        for name, end in (("a", b""), ("b", b"x\n")):
            status = (project / name).stat()
            assert status.st_size == size + len(end)
            assert status.st_blocks * 512 < 1 << 20
            with (project / name).open("rb") as f:
                f.seek(size)
                assert f.read() == end

    def test_conflicts(self, project: Path) -> None:
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo box | tee main.py src/a.txt mine; rm src/b.txt; echo same >same")
            (project / "src/a.txt").write_text("host\n")
            (project / "src/b.txt").write_text("host\n")
            (project / "mine").write_text("host\n")
            (project / "same").write_text("same\n")
            before = tree_of(project)
            with pytest.raises(ConflictError) as e:
                sandbox.commit()
            assert tree_of(project) == before
            assert e.value.report
            assert {i.path: i.reason for i in e.value.report.conflicts} == {
                "mine": "is there already",
                "src/a.txt": "was changed here",
                "src/b.txt": "was changed here",
            }
            assert paths(sandbox.commit(dry_run=True).applied) == ["main.py"]
            report = sandbox.commit(partial=True)
            assert (paths(report.applied), paths(report.unchanged)) == (["main.py"], ["same"])
            assert (project / "src/a.txt").read_text() == "host\n"
            assert [c.path for c in sandbox.changes()] == ["mine", "src/a.txt", "src/b.txt"]
            assert paths(sandbox.commit(["src"], overwrite=True).applied) == [
                "src/a.txt",
                "src/b.txt",
            ]
            assert (project / "src/a.txt").read_text() == "box\n"
            assert not (project / "src/b.txt").exists()
            assert (project / "mine").read_text() == "host\n"

    def test_paths(self, project: Path) -> None:
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo 2 | tee main.py src/a.txt src/b.txt srcx")
            assert paths(sandbox.commit(["/workspace/src/", "srcx"]).applied) == [
                "src/a.txt",
                "src/b.txt",
                "srcx",
            ]
            assert (project / "main.py").read_text() == 'print("hello")\n'
            assert [c.path for c in sandbox.changes()] == ["main.py"]

    def test_what_is_written_meanwhile_comes_with_the_next_commit(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run(
                "echo 2 | tee main.py src/a.txt src/b.txt; mkdir new; echo 1 >new/f;"
                "ln -s one new/l; rm -r docs"
            )
            apply = LocalCommit.apply

            def write_and_apply(commit: LocalCommit) -> None:
                sandbox.run(
                    "echo 3 >main.py; chmod 755 src/a.txt; rm src/b.txt; echo 1 >new/g;"
                    "ln -sfn two new/l; mkdir docs; echo 1 >docs/mine",
                    raise_on_error=True,
                )
                apply(commit)

            with monkeypatch.context() as m:
                m.setattr(LocalCommit, "apply", write_and_apply)
                report = sandbox.commit()
            assert not (report.conflicts or report.failed or report.skipped)
            after = tree_of(project)
            assert (after["main.py"], after["src/b.txt"], after["new/l"]) == (
                "2\n",
                "2\n",
                "link one",
            )
            assert "new/g" not in after and "docs" not in after
            assert {c.path for c in sandbox.changes()} == {
                *("docs/mine", "main.py", "new/g", "new/l", "src/a.txt", "src/b.txt")
            }
            report = sandbox.commit()
            assert not (report.conflicts or report.failed or report.skipped)
            after = tree_of(project)
            assert (after["main.py"], after["new/g"], after["new/l"]) == ("3\n", "1\n", "link two")
            assert after["docs/mine"] == "1\n" and "src/b.txt" not in after
            assert stat.S_IMODE((project / "src/a.txt").stat().st_mode) == 0o755
            assert sandbox.changes() == []

    def test_only_what_was_looked_at_is_committed(self, project: Path) -> None:
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo 2 | tee main.py src/a.txt src/b.txt")
            seen = [
                dataclasses.replace(c, checksum=hashlib.sha256(b"2\n").hexdigest())
                for c in sandbox.changes()
                if c.path != "src/b.txt"
            ]
            sandbox.run("echo 3 >main.py")
            client, name = sandbox.client, sandbox.id
            with pytest.raises(ConflictError):
                client.commit(name, expect=seen)
            report = client.commit(name, expect=seen, partial=True)
            assert paths(report.applied) == ["src/a.txt"]
            assert [(i.path, "changed" in i.reason) for i in report.failed] == [("main.py", True)]
            with pytest.raises(InvalidConfigurationError):
                client.commit(name, expect=[dataclasses.replace(seen[0], checksum="no")])
            assert client.commit(name, expect=[]).applied == ()  # all were refused
            assert [c.path for c in sandbox.changes()] == ["main.py", "src/b.txt"]

    def test_a_directory_with_the_name_of_the_workspace(self, project: Path) -> None:
        (project / "workspace").mkdir()
        (project / "workspace/x").write_text("1\n")
        (project / "x").write_text("mine\n")
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo 2 >workspace/x; ln -s x workspace/l", raise_on_error=True)
            assert sandbox.read_file("workspace/x") == "2\n"
            assert sandbox.read_file("/workspace/x") == "mine\n"
            report = sandbox.commit()
            assert paths(report.applied) == ["workspace/l", "workspace/x"]
            after = tree_of(project)
            assert (after["workspace/x"], after["workspace/l"]) == ("2\n", "link x")
            assert after["x"] == "mine\n"
            assert sandbox.changes() == []

    def test_a_directory_that_went_away(self, project: Path) -> None:
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo 2 >src/new; rm -r docs")
            for name in ("a.txt", "b.txt"):
                (project / "src" / name).unlink()
            (project / "src").rmdir()
            (project / "docs/mine").touch()
            report = sandbox.commit(partial=True)
            assert report.conflicts == (
                CommitItem("src/new", ChangeKind.ADDED, "its directory is not there any more"),
            )
            assert paths(report.failed) == ["docs"]
            assert (project / "docs/mine").exists()

    def test_what_was_ignored_is_not_overwritten(self, project: Path) -> None:
        (project / ".gitignore").write_text("out\n")
        (project / "out").write_text("host\n")
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo box >out")
            with pytest.raises(ConflictError, match="out"):
                sandbox.commit()

    def test_links_are_not_followed(self, project: Path, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.txt").write_text("outside\n")
        with Sandbox.from_local(project, "development") as sandbox:
            sandbox.run("echo box >src/a.txt; echo box >src/new; echo box >main.py")
            for name in ("a.txt", "b.txt"):
                (project / "src" / name).unlink()
            (project / "src").rmdir()
            (project / "src").symlink_to(outside)
            (project / "main.py").unlink()
            (project / "main.py").symlink_to(outside / "a.txt")
            for overwrite in (False, True):
                report = sandbox.commit(partial=True, overwrite=overwrite)
                assert set(paths(report.conflicts)) >= {"src/a.txt", "src/new"}
            assert (project / "main.py").read_text() == "box\n"
            assert not (project / "main.py").is_symlink()
            assert tree_of(outside) == {".": "directory", "a.txt": "outside\n"}

    def test_names_that_are_not_utf8(self, project: Path) -> None:
        odd = os.fsencode(project) + b"/odd\xff"
        Path(os.fsdecode(odd)).write_text("odd")
        with Sandbox.from_local(project, "development") as sandbox:
            assert "odd\udcff" in sandbox.list_files()
            sandbox.run("rm odd*; echo 2 >main.py; echo x >new$(printf '\\377')")
            report = sandbox.commit()
            assert paths(report.applied) == ["main.py", "odd\udcff"]
            assert paths(report.skipped) == ["new\udcff"]
            assert not os.path.exists(odd)

    def test_a_fork_commits_too(self, project: Path) -> None:
        with Sandbox.from_local(project, "development") as sandbox, sandbox.fork() as fork:
            fork.run("echo fork >main.py")
            fork.commit()
            assert (project / "main.py").read_text() == "fork\n"
            sandbox.run("echo other >main.py")
            with pytest.raises(ConflictError):
                sandbox.commit()


def local(root: Path, changes: list[Change], rules: list[PermissionRule] = FULL) -> LocalCommit:
    """Commit changes that a server need not be asked for."""
    commit = LocalCommit(LocalTree(root, Policy(rules)))
    commit.choose(changes, [])
    for item in commit.items:
        if item.is_file:
            stage = commit.stage(item)
            stage.write(b"evil")
            stage.finish()
            stage.close()
        item.link = "/etc/passwd"
    commit.decide(overwrite=True)
    commit.apply()
    commit.close()
    return commit


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/x",
        "//x",
        "a/../../x",
        "..",
        ".",
        "",
        "a//b",
        "a/",
        "./x",
        "a/./b",
        "a\0b",
        "\0",
        "../" * 20 + "etc/x",
    ],
)
def test_hostile_paths_are_denied(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for kind, mode in (
        (ChangeKind.ADDED, FILE),
        (ChangeKind.DELETED, FILE),
        (ChangeKind.ADDED, stat.S_IFLNK),
    ):
        report = local(root, [Change(path, kind, mode)]).report()
        assert (paths(report.denied), report.applied, report.failed) == ([path], (), ())
    assert tree_of(tmp_path) == {".": "directory", "root": "directory"}


def test_only_what_the_rules_let_write_is_written(tmp_path: Path) -> None:
    changes = [
        Change(p, ChangeKind.ADDED, FILE)
        for p in ("a", ".git/hooks/post-commit", "output/x", ".env")
    ]
    changes.append(Change("main.py", ChangeKind.DELETED, FILE))
    (tmp_path / "main.py").write_text("mine")
    report = local(tmp_path, changes, get_preset("agent-safe")).report()
    assert paths(report.applied) == ["output/x"]
    assert paths(report.denied) == [".env", ".git/hooks/post-commit", "a", "main.py"]
    assert tree_of(tmp_path) == {
        ".": "directory",
        "main.py": "mine",
        "output": "directory",
        "output/x": "evil",
    }


def test_a_link_from_the_sandbox_is_no_way_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    changes = [
        Change("d", ChangeKind.ADDED, stat.S_IFLNK | 0o777),
        Change("d/evil", ChangeKind.ADDED, FILE),
        Change("e/evil", ChangeKind.ADDED, FILE),
    ]
    (root / "e").symlink_to(tmp_path)
    report = local(root, changes).report()
    assert paths(report.applied) == ["d"]
    assert {*paths(report.conflicts), *paths(report.failed)} == {"d/evil", "e/evil"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["root"]


def test_devices_and_set_id_bits_do_not_come(tmp_path: Path) -> None:
    changes = [
        Change(n, ChangeKind.ADDED, m) for n, m in (("c", stat.S_IFCHR), ("s", stat.S_IFSOCK))
    ]
    changes.append(Change("suid", ChangeKind.ADDED, stat.S_IFREG | 0o6755))
    report = local(tmp_path, changes).report()
    assert paths(report.skipped) == ["c", "s"]
    assert stat.S_IMODE((tmp_path / "suid").stat().st_mode) == 0o755


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    changes = [
        Change("a\udcff", ChangeKind.ADDED, FILE),
        Change("b\udcff", ChangeKind.DELETED, FILE),
    ]
    Path(os.fsdecode(bytes(tmp_path) + b"/b\xff")).touch()
    report = local(tmp_path, changes).report()
    assert (paths(report.skipped), paths(report.applied)) == (["a\udcff"], ["b\udcff"])
    assert tree_of(tmp_path) == {".": "directory"}


@pytest.fixture
def folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names lead to what is called the same but for case, as on macOS."""

    def fold(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(name: Any, *args: Any, dir_fd: int | None = None, **rest: Any) -> Any:
            if dir_fd is not None:
                name = next((n for n in os.listdir(dir_fd) if n.lower() == name.lower()), name)
            return call(name, *args, dir_fd=dir_fd, **rest)

        return called

    kept = os.supports_dir_fd
    for name in ("open", "stat", "mkdir", "rmdir", "unlink", "readlink"):
        call = getattr(os, name)
        monkeypatch.setattr(os, name, fold(call))
        kept = kept | {getattr(os, name)}
    monkeypatch.setattr(os, "supports_dir_fd", kept)


@pytest.mark.usefixtures("folded")
def test_no_rule_is_passed_by_in_capitals(tmp_path: Path) -> None:
    (tmp_path / ".git/hooks").mkdir(parents=True)
    (tmp_path / ".env").write_text("SECRET")
    (tmp_path / "straße").write_text("1")
    (tmp_path / "Makefile").write_text("1")
    before = tree_of(tmp_path)
    rules = [
        *FULL,
        PermissionRule("**/.git/**", Permission.READ, priority=100),
        PermissionRule("**/.env", Permission.NONE, priority=100),
    ]
    names = [".GIT/hooks/pre-commit", ".git/hooks/pre-commit", ".Env", ".env", "STRASSE", "STRAßE"]
    commit = local(tmp_path, [Change(n, ChangeKind.ADDED, FILE) for n in names], rules)
    report = commit.report()
    assert paths(report.denied) == [".env", ".git/hooks/pre-commit"]
    assert {i.path: i.reason for i in report.conflicts} == {
        ".Env": "is called something else here",
        ".GIT/hooks/pre-commit": "a directory on its path is something else here",
        "STRAßE": "is called something else here",
    }
    assert paths(report.applied) == ["STRASSE"]
    assert tree_of(tmp_path) == before | {"STRASSE": "evil"}
    names = ["makefile", "straße", "new/A", "new/a"]
    report = local(tmp_path, [Change(n, ChangeKind.ADDED, FILE) for n in names], rules).report()
    assert paths(report.conflicts) == ["makefile"]
    assert paths(report.applied) == ["new/A", "straße"]
    assert paths(report.failed) == ["new/a"]


def test_what_changes_between_deciding_and_applying_fails(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    commit = LocalCommit(LocalTree(tmp_path, Policy(FULL)))
    commit.choose([Change("a", ChangeKind.DELETED, FILE)], [])
    commit.decide(overwrite=True)
    (tmp_path / "a").write_text("2")
    commit.apply()
    commit.close()
    assert paths(commit.report().failed) == ["a"]
    assert (tmp_path / "a").read_text() == "2"


def test_nothing_is_left_of_a_commit_that_is_given_up(tmp_path: Path) -> None:
    commit = LocalCommit(LocalTree(tmp_path, Policy(FULL)))
    commit.choose([Change("a", ChangeKind.ADDED, FILE)], [])
    stage = commit.stage(commit.items[0])
    stage.write(b"half")
    stage.close()
    commit.close()
    assert tree_of(tmp_path) == {".": "directory"}


@pytest.mark.parametrize(
    ("patch", "want"),
    [
        (b"diff\nnew file mode 120000\n@@ -0,0 +1 @@\n+a/b\n\\ No newline at end of file\n", "a/b"),
        (b"diff\nnew file mode 120000\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline\n", "a\nb"),
        (b"diff\nold mode 100644\nnew mode 120000\n@@ -1 +1 @@\n-x\n+y\n\\ No\n", "y"),
        (b"diff\nnew file mode 100644\n@@ -0,0 +1 @@\n+a\n", None),
        (b"", None),
    ],
)
def test_the_text_of_a_link(patch: bytes, want: str | None) -> None:
    assert text_of(patch) == want


def test_an_item_says_what_it_needs() -> None:
    item = Item(Change("a", ChangeKind.DELETED, FILE), "a", ["a"])
    assert not item.is_file and not item.is_link


def test_no_message_of_what_was_committed_is_too_large() -> None:
    changes = [Change(f"{n:08d}" + "x" * 4000, ChangeKind.ADDED, FILE) for n in range(3000)]
    parts = list(parts_of(changes))
    assert [c for part in parts for c in part] == changes
    for part in parts:
        request = CommitRequest(paths=[c.path for c in part], expect=to_expect(part))
        assert 0 < request.ByteSize() <= MAX_MESSAGE
    assert list(parts_of([])) == []
