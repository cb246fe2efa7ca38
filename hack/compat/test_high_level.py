# SPDX-License-Identifier: MIT
"""Every method of Sandbox."""

from datetime import timedelta

import pytest
import sandbox_rls as rls
from sandbox_rls import Sandbox, SandboxClient, SandboxStatus


@pytest.fixture
def sandbox(endpoint, project):
    with Sandbox.from_local(
        project,
        preset="agent-safe",
        permissions=[{"pattern": "/src/**", "permission": "write"}],
        endpoint=endpoint,
        labels={"a": "b"},
        codebase_name="mine",
        owner_id="me",
        ignore_patterns=["*.md"],
    ) as sandbox:
        yield sandbox


def test_from_local(sandbox):
    assert sandbox.status == SandboxStatus.RUNNING
    assert sandbox.id == sandbox.info.id and sandbox.codebase_id == sandbox.codebase.id
    assert (sandbox.codebase.name, sandbox.info.labels) == ("mine", {"a": "b"})
    result = sandbox.run("cat main.py; cat server.key; ls docs secrets")
    assert result.stdout == "print('hello')\n"
    assert sandbox.runtime and sandbox.refresh().id == sandbox.id


def test_from_local_by_default(endpoint, project):
    with Sandbox.from_local(project, endpoint=endpoint) as sandbox:
        assert "main.py" in sandbox.run("ls").stdout
    with SandboxClient(endpoint=endpoint) as client:
        with pytest.raises(rls.SandboxError, match="not found"):
            client.get_sandbox(sandbox.id)
        with pytest.raises(rls.SandboxError, match="not found"):
            client.get_codebase(sandbox.codebase_id)


@pytest.mark.parametrize("preset", ["agent-safe", "read-only", "full-access", "development", "view-only"])
def test_presets(endpoint, project, preset):
    with Sandbox.from_local(project, preset=preset, endpoint=endpoint) as sandbox:
        read = sandbox.run("cat main.py").success if hasattr(rls.ExecResult, "success") else sandbox.run("cat main.py").exit_code == 0
        assert read == (preset != "view-only")
        assert (sandbox.run("echo x >>main.py").exit_code == 0) == (preset in ("full-access", "development"))
        assert (sandbox.run("ls server.key").exit_code == 0) == (preset in ("full-access", "read-only", "view-only"))
        assert (sandbox.run("echo x >output/x").exit_code == 0) == (preset == "agent-safe")


def test_run(sandbox):
    result = sandbox.run("echo $A; pwd; echo err >&2", timeout=30, env={"A": "b"}, workdir="/workspace/src")
    assert (result.stdout, result.stderr, result.exit_code) == ("b\n/workspace/src\n", "err\n", 0)
    with pytest.raises(rls.CommandExecutionError) as e:
        sandbox.run("echo out; exit 5", raise_on_error=True)
    assert (e.value.exit_code, e.value.stdout) == (5, "out\n")
    with pytest.raises(rls.CommandTimeoutError):
        sandbox.run("sleep 60", timeout=1)


def test_exec(sandbox):
    result = sandbox.exec("cat; echo $A", stdin="in\n", env={"A": "b"}, workdir="/workspace", timeout=timedelta(seconds=9))
    assert result.stdout == "in\nb\n"
    assert b"".join(sandbox.exec_stream("echo a; sleep 0.1; echo b")) == b"a\nb\n"


def test_session(sandbox):
    with sandbox.session(env={"A": "1"}) as session:
        session.exec("cd /workspace/src")
        session.exec("export B=2")
        result = session.exec("pwd; echo $A$B")
        assert result.stdout == "/workspace/src\n12\n"
        assert session.id and session.sandbox_id == sandbox.id and session.shell and session.status


def test_files(sandbox):
    assert sandbox.read_file("/workspace/main.py") == "print('hello')\n"
    assert sandbox.read_file("main.py") == "print('hello')\n"
    assert sandbox.read_file_bytes("src/a.txt") == b"a\n"
    sandbox.write_file("/workspace/src/new.txt", "new")
    sandbox.write_file("src/bytes", b"\xff")
    assert sandbox.run("cat src/new.txt").stdout == "new"
    assert sandbox.read_file_bytes("src/bytes") == b"\xff"
    assert sorted(sandbox.list_files("src")) == ["src/a.txt", "src/bytes", "src/new.txt"]
    assert "main.py" in sandbox.list_files()
    assert "src/a.txt" in sandbox.list_files(recursive=True)
    sandbox.run("echo from inside >output/made")
    assert sandbox.read_file("output/made") == "from inside\n"
    with pytest.raises(rls.SandboxError):
        sandbox.read_file("none")


def test_life(endpoint, project):
    sandbox = Sandbox.from_local(project, endpoint=endpoint, preset="full-access", auto_start=False)
    assert sandbox.status == SandboxStatus.PENDING
    assert sandbox.start().status == SandboxStatus.RUNNING
    sandbox.run("echo 2 >src/a.txt")
    same = Sandbox.connect(sandbox.id, endpoint=endpoint)
    assert same.run("cat src/a.txt").stdout == "2\n"
    assert sandbox.stop().status == SandboxStatus.STOPPED
    assert sandbox.start().run("cat src/a.txt").stdout == "2\n"
    sandbox.destroy(delete_codebase=False)
    with Sandbox.from_codebase(sandbox.codebase_id, preset="read-only", endpoint=endpoint) as other:
        assert other.run("cat src/a.txt").stdout == "2\n"
    with SandboxClient(endpoint=endpoint) as client:
        client.delete_codebase(sandbox.codebase_id)
