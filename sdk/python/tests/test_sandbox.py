# SPDX-License-Identifier: MIT
"""The high-level API, against a real server."""

from __future__ import annotations

import io
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

import sandbox_rls
from sandbox_rls import (
    ChangeKind,
    CommandExecutionError,
    CommandTimeoutError,
    InvalidConfigurationError,
    Permission,
    PermissionDeniedError,
    RuntimeType,
    Sandbox,
    SandboxClient,
    SandboxNotFoundError,
    SandboxNotRunningError,
    SandboxStatus,
    SessionClosedError,
    SessionStatus,
    UploadProgress,
)

from .limits import BEGUN, HAS_BEGUN, LIMITS

pytestmark = pytest.mark.usefixtures("default_endpoint")

SRC = [{"pattern": "/src/**", "permission": "write"}]


def test_run(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        result = sandbox.run("cat main.py; echo oops >&2; exit 3", env={"A": "b"})
        assert result.stdout == 'print("hello")\n'
        assert result.stderr == "oops\n"
        assert result.exit_code == 3
        assert not result.success
        assert result.output == 'print("hello")\noops\n'
        assert result.duration and result.duration > timedelta()
        assert sandbox.run(["printf", "%s|", "a b", "*"]).stdout == "a b|*|"
        assert sandbox.run("echo $A; pwd", env={"A": "b"}, workdir="src").stdout == (
            "b\n/workspace/src\n"
        )


def test_a_result_can_be_an_error(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        with pytest.raises(CommandExecutionError) as e:
            sandbox.run("echo out; echo err >&2; exit 7", raise_on_error=True)
        assert (e.value.exit_code, e.value.stdout, e.value.stderr) == (7, "out\n", "err\n")
        with pytest.raises(CommandExecutionError):
            sandbox.run("false").raise_on_error()
        sandbox.run("true", raise_on_error=True)


def test_a_timeout_has_the_output_so_far(project: Path) -> None:
    command = f"echo before; {BEGUN}; sleep 100"
    with Sandbox.from_local(project) as sandbox:
        for seconds in LIMITS:
            with pytest.raises(CommandTimeoutError) as e:
                sandbox.run(command, timeout=seconds)
            if sandbox.run(HAS_BEGUN).success:
                break
        assert isinstance(e.value, TimeoutError)
        assert e.value.stdout == "before\n"
        assert e.value.timeout == e.value.timeout_seconds == seconds
        assert e.value.sandbox_id == sandbox.id
        assert e.value.command == command
        for seconds in LIMITS:
            output = b""
            with pytest.raises(CommandTimeoutError):
                for chunk in sandbox.exec_stream(command, timeout=timedelta(seconds=seconds)):
                    output += chunk
            if sandbox.run(HAS_BEGUN).success:
                break
        assert output == b"before\n"
        restored = pickle.loads(pickle.dumps(e.value))
        assert type(restored) is CommandTimeoutError
        assert (str(restored), restored.stdout) == (str(e.value), "before\n")


def test_output_that_is_not_text(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        result = sandbox.run(r"printf 'a\377'; printf 'b' >&2")
        assert (result.stdout, result.stdout_bytes) == ("a\ufffd", b"a\xff")
        assert (result.stderr, result.stderr_bytes) == ("b", b"b")


def test_stdin(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        assert sandbox.exec("cat", stdin="text").stdout == "text"
        assert sandbox.exec("cat", stdin=b"\xff\0").stdout_bytes == b"\xff\0"


def test_secrets_are_not_uploaded(project: Path, client: SandboxClient) -> None:
    with Sandbox.from_local(project) as sandbox:
        assert sandbox.list_files() == ["docs", "empty", "link", "main.py", "output", "src", "tmp"]
        there = [f.path for f in client.list_files(sandbox.codebase_id, recursive=True)]
        assert not [p for p in there if "env" in p or "key" in p or "secrets" in p]
        archive = b"".join(client.download_archive(sandbox.codebase_id))
        assert b"TOP SECRET" not in archive
        with pytest.raises(FileNotFoundError) as e:
            sandbox.read_file(".env")
        assert isinstance(e.value, sandbox_rls.FileNotFoundError)
        assert e.value.path == ".env"
        assert e.value.sandbox_id == sandbox.id


def test_of_what_can_only_be_listed_the_content_stays_here(
    project: Path, client: SandboxClient
) -> None:
    (project / "big.bin").write_bytes(b"TOP SECRET" * 1000)
    (project / "none.bin").touch()
    with Sandbox.from_local(project, preset="view-only") as sandbox:
        sizes = {f.path: f.size for f in sandbox.list_file_infos() if not f.is_dir}
        assert sizes["big.bin"] == 10000
        assert sizes["none.bin"] == 0
        assert client.download_file(sandbox.codebase_id, "big.bin") == bytes(10000)
        assert b"TOP SECRET" not in b"".join(client.download_archive(sandbox.codebase_id))
        with pytest.raises(PermissionDeniedError):
            sandbox.read_file("big.bin")


def test_ignore_files(project: Path) -> None:
    (project / ".gitignore").write_text("*.log\n/build/\n!keep.log\n")
    (project / "src" / ".gitignore").write_text("b.txt\n!c.log\n")
    (project / ".sandboxignore").write_text("docs\n!d.log\n")
    for name in ("a.log", "keep.log", "src/c.log", "src/d.log", "build/x", "src/build/y"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
    with Sandbox.from_local(project, ignore_patterns=["link"]) as sandbox:
        # fmt: off
        assert [f for f in sandbox.list_files(recursive=True) if f not in ("output", "tmp")] == [
            ".gitignore", ".sandboxignore", "empty", "keep.log", "main.py", "src", "src/.gitignore",
            "src/a.txt", "src/build", "src/build/y", "src/c.log", "src/d.log",
        ]
        # fmt: on
    with Sandbox.from_local(project, ignore_files=False) as sandbox:
        assert "build/x" in sandbox.list_files("build")


def test_names_and_modes_survive(project: Path) -> None:
    names = ["with space", "new\nline", "ünï", "a" * 200, "[x]*", "-rf", "\\back"]
    for name in names:
        (project / name).write_text(name)
    deep = project / "/".join(["d" * 100] * 5)
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    (project / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (project / "run.sh").chmod(0o755)
    with Sandbox.from_local(project) as sandbox:
        for name in names:
            assert sandbox.read_file(name) == name
        assert sandbox.read_file(str(deep.relative_to(project) / "file")) == "deep"
        assert sandbox.run("./run.sh").stdout == "ran\n"
        assert sandbox.run("readlink link").stdout == "main.py\n"


def test_progress(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[UploadProgress] = []
    with Sandbox.from_local(project, progress=seen.append):
        pass
    assert (seen[-1].files, seen[-1].bytes) == (seen[-1].total_files, seen[-1].total_bytes)
    assert seen[-1].total_files == 4
    with Sandbox.from_local(project, progress=True):
        assert "upload" in capsys.readouterr().err


def test_what_is_no_directory(project: Path) -> None:
    with pytest.raises(ValueError, match="not a directory"):
        Sandbox.from_local(project / "main.py")


def test_files(project: Path) -> None:
    with Sandbox.from_local(project, permissions=SRC) as sandbox:
        assert sandbox.read_file("/workspace/src/a.txt") == "a\n"
        sandbox.write_file("/workspace/src/new.txt", "new")
        sandbox.write_file("src/bytes", b"\xff")
        sandbox.write_file("src/stream", io.BytesIO(b"x" * 1_000_000))
        sandbox.write_file("src/empty", "")
        assert sandbox.run("cat src/new.txt; wc -c <src/stream").stdout == "new1000000\n"
        assert sandbox.read_file_bytes("src/bytes") == b"\xff"
        assert sandbox.read_file("src/empty") == ""
        assert sandbox.list_files("/workspace/src") == [
            f"src/{n}" for n in ("a.txt", "b.txt", "bytes", "empty", "new.txt", "stream")
        ]
        with pytest.raises(PermissionError) as e:
            sandbox.write_file("main.py", "")
        assert isinstance(e.value, PermissionDeniedError)
        assert e.value.reason == "PERMISSION_DENIED"


def test_exec_stream(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        stream = sandbox.exec_stream(
            "echo out; until [ -e /tmp/seen ]; do sleep 0.01; done; echo err >&2; exit 4"
        )
        chunks = []
        for c in stream:
            chunks.append((bytes(c), c.stream))
            sandbox.run("touch /tmp/seen")
        assert chunks == [(b"out\n", "stdout"), (b"err\n", "stderr")]
        assert stream.result and stream.result.exit_code == 4
        with sandbox.exec_stream("echo first; sleep 60") as stream:
            assert next(stream) == b"first\n"
        assert stream.result is None
        total = sum(len(c) for c in sandbox.exec_stream("head -c 20000000 /dev/zero"))
        assert total == 20_000_000


def running(sandbox: Sandbox, command: str) -> bool:
    """Report whether a command runs, whose name begins with a bracket to find itself not."""
    find = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep "
    return sandbox.run(f"{find} '{command}'").success


def ends(sandbox: Sandbox, command: str) -> bool:
    """Wait for a command to end."""
    for _ in range(600):
        if not running(sandbox, command):
            return True
        time.sleep(0.1)
    return False


def test_a_stream_that_is_left_ends_its_command(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        with sandbox.exec_stream("echo first; sleep 61.5") as stream:
            next(stream)
            assert running(sandbox, "sleep 61.[5]")
        assert ends(sandbox, "sleep 61.[5]")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT interrupts. Python leaves it ignored if it was, as in the background of a script."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_ends_the_wait_and_the_command(project: Path, interruptible: None) -> None:
    def interrupt() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    with Sandbox.from_local(project) as sandbox:
        for call in (sandbox.run, lambda c: list(sandbox.exec_stream(c))):
            thread = threading.Thread(target=interrupt)
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                call("sleep 62.5")
            thread.join()
            assert ends(sandbox, "sleep 62.[5]")
        with sandbox.session() as session:
            thread = threading.Thread(target=interrupt)
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                session.exec("sleep 63.5")
            thread.join()
            assert ends(sandbox, "sleep 63.[5]")


def test_a_download_that_is_left(project: Path) -> None:
    def readers() -> int:
        return sum(t.name == "sandbox_rls download" for t in threading.enumerate())

    with Sandbox.from_local(project, permissions=SRC) as sandbox:
        sandbox.run("head -c 50000000 /dev/zero >src/big")
        for _ in range(5):
            pieces = sandbox.client.iter_file(sandbox.id, "src/big")
            next(pieces)
            pieces.close()  # type: ignore[attr-defined]
        for _ in range(600):
            if readers() == 0:
                break
            time.sleep(0.1)
        assert readers() == 0
        assert len(sandbox.read_file_bytes("src/big")) == 50_000_000


def test_threads(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox, ThreadPoolExecutor(20) as pool:
        results = pool.map(lambda i: sandbox.run(f"sleep 0.2; echo {i}").stdout, range(20))
        assert list(results) == [f"{i}\n" for i in range(20)]


def test_many_interactive_commands(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        commands = [sandbox.exec_interactive("cat") for _ in range(20)]
        for i, command in enumerate(commands):
            command.write(f"{i}\n")
            assert next(command) == f"{i}\n".encode()
        for command in commands:
            command.close()


def test_exec_interactive(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        with sandbox.exec_interactive("cat; exit 5") as command:
            command.write("one\n")
            assert next(command) == b"one\n"
            command.write(b"two\n")
            assert next(command) == b"two\n"
            command.close_stdin()
            assert list(command) == []
            assert command.result and command.result.exit_code == 5
        with sandbox.exec_interactive("read x; stty size", tty=True, size=(30, 90)) as command:
            command.resize(40, 100)
            command.write("\n")
            assert b"40 100" in b"".join(command)
        with sandbox.exec_interactive("echo up; exec sleep 60") as command:
            next(command)
            command.signal(15)
            assert list(command) == []
            assert command.result and command.result.exit_code == 143


def test_session(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox:
        with sandbox.session(env={"A": "1"}) as session:
            session.exec("cd src; B=2")
            assert session.exec("pwd; echo $A$B").stdout == "/workspace/src\n12\n"
            assert session.exec("(exit 6)").exit_code == 6
            for seconds in LIMITS:
                with pytest.raises(CommandTimeoutError) as e:
                    session.exec(f"echo early; {BEGUN}; sleep 100", timeout=seconds)
                if sandbox.run(HAS_BEGUN).success:
                    break
            assert (e.value.session_id, e.value.stdout) == (session.id, "early\n")
            assert [bytes(c) for c in session.exec_stream("echo $B")] == [b"2\n"]
            assert (session.sandbox_id, session.shell) == (sandbox.id, "/bin/sh")
            assert session.refresh().status is SessionStatus.ACTIVE
        assert session.status is SessionStatus.CLOSED
        session.close()
        with pytest.raises(sandbox_rls.SessionError) as closed:
            session.exec("true")
        assert closed.value.session_id == session.id
        other = sandbox.session()
        assert other.exec("exit 3").session_ended
        with pytest.raises(SessionClosedError):
            other.exec("true")


def test_life(project: Path) -> None:
    with Sandbox.from_local(project, permissions=SRC, auto_start=False, labels={"a": "b"}) as s:
        assert s.status is SandboxStatus.PENDING
        assert s.info.labels == {"a": "b"}
        with pytest.raises(SandboxNotRunningError) as e:
            s.run("true")
        assert e.value.sandbox_id == s.id
        assert s.start().status is SandboxStatus.RUNNING
        s.run("echo kept >src/a.txt")
        assert s.stop().status is SandboxStatus.STOPPED
        assert s.start().run("cat src/a.txt").stdout == "kept\n"
        assert s.refresh().runtime is RuntimeType.NATIVE
        assert s.usage().disk_bytes > 0
        assert s.explain("src/a.txt").permission is Permission.WRITE
        assert s.explain("/workspace/.env").permission is Permission.NONE
        with Sandbox.connect(s.id) as same:
            assert same.run("cat src/a.txt").stdout == "kept\n"
        s.refresh()
    s.destroy()
    with pytest.raises(sandbox_rls.SandboxError, match="closed"):
        s.refresh()
    with pytest.raises(SandboxNotFoundError) as gone:
        Sandbox.connect(s.id)
    assert gone.value.sandbox_id == s.id


def test_destroy_deletes_what_is_its_own(project: Path, client: SandboxClient) -> None:
    with Sandbox.from_local(project) as sandbox:
        pass
    with pytest.raises(sandbox_rls.CodebaseNotFoundError) as e:
        client.get_codebase(sandbox.codebase_id)
    assert e.value.codebase_id == sandbox.codebase_id
    kept = Sandbox.from_local(project, permissions=SRC)
    kept.run("echo folded >src/a.txt")
    kept.destroy(delete_codebase=False)
    with Sandbox.from_codebase(kept.codebase_id) as again:
        assert again.read_file("src/a.txt") == "folded\n"
    client.delete_codebase(kept.codebase_id)


def test_an_exception_in_the_block_is_not_hidden(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), Sandbox.from_local(project) as sandbox:
        sandbox.client.destroy_sandbox(sandbox.id)
        sandbox.client.delete_codebase(sandbox.codebase_id)
        1 / 0  # noqa: B018


def test_nothing_is_left_of_what_failed(project: Path, client: SandboxClient) -> None:
    before = client.list_codebases()
    with pytest.raises(sandbox_rls.SandboxError):
        Sandbox.from_local(project, network="nonsense")
    with pytest.raises(sandbox_rls.UploadError) as e:
        Sandbox.from_local(project, progress=lambda p: (project / "src/b.txt").unlink(True))
    assert e.value.path == "src/b.txt"
    with pytest.raises(ZeroDivisionError):
        Sandbox.from_local(project, progress=lambda p: 1 / 0)  # type: ignore[arg-type]
    assert client.list_codebases() == before


def test_bad_rules_are_refused_before_anything_is_sent(project: Path) -> None:
    for rule in ({"pattern": "/["}, {"pattern": "/a", "permission": "all"}):
        with pytest.raises(ValueError):
            Sandbox.from_local(project, permissions=[rule])


def test_changes_and_diff(project: Path) -> None:
    with Sandbox.from_local(project, permissions=SRC) as sandbox:
        sandbox.run("echo x >>src/a.txt; rm src/b.txt; mkdir src/d; echo n >src/d/n")
        assert [(c.path, c.kind) for c in sandbox.changes()] == [
            ("src/a.txt", ChangeKind.MODIFIED),
            ("src/b.txt", ChangeKind.DELETED),
            ("src/d", ChangeKind.ADDED),
            ("src/d/n", ChangeKind.ADDED),
        ]
        assert "+x\n" in sandbox.diff()
        assert "src/d/n" not in sandbox.diff(["src/a.txt"])
        sandbox.discard()
        assert sandbox.changes() == []


def test_fork_and_checkpoints(project: Path) -> None:
    with Sandbox.from_local(project, permissions=SRC) as sandbox:
        sandbox.run("echo 1 >src/a.txt")
        checkpoint = sandbox.checkpoint("one")
        assert sandbox.checkpoints() == [checkpoint]
        with sandbox.fork(labels={"fork": "yes"}) as fork:
            assert fork.run("cat src/a.txt; echo 2 >src/a.txt").stdout == "1\n"
            assert fork.info.parent_id == sandbox.id
            assert fork.info.labels == {"fork": "yes"}
        assert sandbox.read_file("src/a.txt") == "1\n"
        sandbox.run("echo 3 >src/a.txt")
        sandbox.restore(checkpoint)
        assert sandbox.read_file("src/a.txt") == "1\n"
        sandbox.delete_checkpoint(checkpoint)
        with pytest.raises(sandbox_rls.CheckpointNotFoundError) as e:
            sandbox.restore(checkpoint.id)
        assert e.value.checkpoint_id == checkpoint.id


def test_from_codebase_commits_to_the_codebase(project: Path, client: SandboxClient) -> None:
    codebase = client.create_codebase("c")
    client.upload_file(codebase.id, "a", b"1\n")
    with Sandbox.from_codebase(codebase.id, "full-access", client=client) as sandbox:
        sandbox.run("echo 2 >a")
        assert [i.path for i in sandbox.commit().applied] in (["a"], ["/a"])
        assert sandbox.changes() == []
    assert client.download_file(codebase.id, "a") == b"2\n"
    client.delete_codebase(codebase.id)


def test_time_spans_must_be_positive(project: Path) -> None:
    with Sandbox.from_local(project) as sandbox, pytest.raises(InvalidConfigurationError):
        sandbox.run("true", timeout=-1)
