# SPDX-License-Identifier: MIT
"""Every method of SandboxClient."""

import hashlib
from datetime import timedelta

import pytest
import sandbox_rls as rls
from sandbox_rls import (
    PatternType,
    Permission,
    PermissionRule,
    ResourceLimits,
    RuntimeType,
    SandboxClient,
    SandboxStatus,
    SessionStatus,
)

RULES = [
    {"pattern": "/**", "permission": "read"},
    {"pattern": "/docs/**", "permission": "write"},
    PermissionRule("/src/", Permission.WRITE, PatternType.DIRECTORY, 5),
    PermissionRule("/view.txt", Permission.VIEW, PatternType.FILE),
    PermissionRule("**/*.key", Permission.NONE, priority=100),
]


@pytest.fixture
def client(endpoint):
    with SandboxClient(endpoint=endpoint) as c:
        yield c


@pytest.fixture
def codebase(client):
    codebase = client.create_codebase(name="compat", owner_id="user_123")
    for path, content in {
        "hello.py": b'print("Hello, World!")\n',
        "src/a.txt": b"a\n",
        "docs/guide.md": b"guide\n",
        "view.txt": b"seen, not read\n",
        "server.key": b"secret\n",
    }.items():
        client.upload_file(codebase.id, path, content)
    yield codebase
    client.delete_codebase(codebase.id)


@pytest.fixture
def sandbox(client, codebase):
    sandbox = client.create_sandbox(codebase_id=codebase.id, permissions=RULES)
    client.start_sandbox(sandbox.id)
    yield sandbox
    client.destroy_sandbox(sandbox.id)


def test_codebases(client):
    codebase = client.create_codebase(name="one", owner_id="owner-of-one")
    assert (codebase.name, codebase.owner_id, codebase.size, codebase.file_count) == ("one", "owner-of-one", 0, 0)
    assert codebase.created_at and codebase.updated_at
    client.upload_file(codebase.id, "a", b"12345")
    found = client.get_codebase(codebase.id)
    assert (found.id, found.size, found.file_count) == (codebase.id, 5, 1)
    assert [c.id for c in client.list_codebases(owner_id="owner-of-one")] == [codebase.id]
    assert codebase.id in [c.id for c in client.list_codebases()]
    client.delete_codebase(codebase.id)
    with pytest.raises(rls.SandboxError, match="not found"):
        client.get_codebase(codebase.id)


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 10_000_000])
def test_upload_and_download(client, codebase, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    result = client.upload_file(codebase.id, "dir/file.bin", content)
    assert (result.codebase_id, result.file_path, result.size) == (codebase.id, "dir/file.bin", size)
    assert result.checksum == hashlib.sha256(content).hexdigest()
    assert client.download_file(codebase.id, "dir/file.bin") == content


def test_upload_in_other_chunks(client, codebase):
    client.upload_file(codebase.id, "new", b"0123456789", chunk_size=3)
    assert client.download_file(codebase.id, "new") == b"0123456789"


def test_list_files(client, codebase):
    assert sorted(f.path for f in client.list_files(codebase.id)) == ["docs", "hello.py", "server.key", "src", "view.txt"]
    (file,) = client.list_files(codebase.id, path="/src", recursive=True)
    assert (file.path, file.name, file.is_dir, file.size) == ("src/a.txt", "a.txt", False, 2)
    assert file.modified_at
    paths = {f.path: f.is_dir for f in client.list_files(codebase.id, recursive=True)}
    assert paths["src"] and not paths["src/a.txt"]


def test_sandbox_life(client, codebase):
    sandbox = client.create_sandbox(
        codebase_id=codebase.id,
        permissions=RULES,
        labels={"team": "a"},
        expires_in=timedelta(hours=1),
        runtime=RuntimeType.BWRAP,
    )
    assert sandbox.status == SandboxStatus.PENDING
    assert (sandbox.codebase_id, sandbox.labels) == (codebase.id, {"team": "a"})
    assert sandbox.permissions[2] == RULES[2]
    assert sandbox.expires_at > sandbox.created_at
    assert client.start_sandbox(sandbox.id).status == SandboxStatus.RUNNING
    found = client.get_sandbox(sandbox.id)
    assert found.started_at and found.runtime in (RuntimeType.BWRAP, None)
    assert [s.id for s in client.list_sandboxes(codebase_id=codebase.id)] == [sandbox.id]
    assert sandbox.id in [s.id for s in client.list_sandboxes()]
    stopped = client.stop_sandbox(sandbox.id)
    assert stopped.status == SandboxStatus.STOPPED and stopped.stopped_at
    client.destroy_sandbox(sandbox.id)
    with pytest.raises(rls.SandboxError, match="not found"):
        client.get_sandbox(sandbox.id)


def test_exec(client, sandbox):
    result = client.exec(sandbox.id, command="cat hello.py; echo err >&2; exit 3")
    assert (result.stdout, result.stderr, result.exit_code) == ('print("Hello, World!")\n', "err\n", 3)
    assert result.duration > timedelta()
    result = client.exec(
        sandbox_id=sandbox.id,
        command="pwd; cat; echo $DEBUG",
        stdin="input data\n",
        env={"DEBUG": "1"},
        workdir="/workspace/src",
        timeout=timedelta(seconds=30),
    )
    assert result.stdout == "/workspace/src\ninput data\n1\n"


def test_rules_are_enforced(client, sandbox):
    result = client.exec(sandbox.id, command="ls; cat view.txt; cat server.key; echo x >hello.py; echo x >docs/x && cat docs/x")
    assert result.stdout == "docs\nhello.py\nsrc\nview.txt\nx\n"
    assert "Permission denied" in result.stderr and "No such file" in result.stderr and "Read-only" in result.stderr


def test_exec_timeout(client, sandbox):
    with pytest.raises(rls.CommandTimeoutError):
        client.exec(sandbox.id, command="sleep 60", timeout=timedelta(seconds=1))
    assert client.exec(sandbox.id, command="echo fine").stdout == "fine\n"


def test_exec_stream(client, sandbox):
    assert b"".join(client.exec_stream(sandbox.id, command="echo a; echo b; cat", stdin="c")) == b"a\nb\nc"
    assert sum(map(len, client.exec_stream(sandbox.id, command="head -c 10000000 /dev/zero"))) == 10_000_000


def test_large_output(client, sandbox):
    """gRPC refuses answers of more than 4 MB."""
    result = client.exec(sandbox.id, command="head -c 30000000 /dev/zero | tr '\\0' x; head -c 30000000 /dev/zero | tr '\\0' y >&2")
    assert result.exit_code == 0
    assert len(result.stdout) > 1_000_000 and len(result.stderr) > 1_000_000


def test_output_that_is_not_text(client, sandbox):
    assert client.exec(sandbox.id, command=r"printf 'a\377b'").stdout == "a\ufffdb"


def test_what_is_written_shows_in_the_codebase(client, codebase, sandbox):
    client.exec(sandbox.id, command="echo by the sandbox >docs/new.md")
    assert client.download_file(codebase.id, "docs/new.md") == b"by the sandbox\n"
    client.upload_file(codebase.id, "docs/up.md", b"by the client\n")
    assert client.exec(sandbox.id, command="cat docs/up.md").stdout == "by the client\n"


def test_sessions(client, sandbox):
    session = client.create_session(sandbox.id, shell="/bin/sh", env={"A": "1"})
    assert (session.sandbox_id, session.status, session.shell) == (sandbox.id, SessionStatus.ACTIVE, "/bin/sh")
    session.exec("cd src; export B=2")
    result = session.exec("pwd; echo $A$B; exit_code() { return 4; }; exit_code", timeout=timedelta(seconds=10))
    assert (result.stdout, result.exit_code) == ("/workspace/src\n12\n", 4)
    assert client.session_exec(session.id, command="echo $B").stdout == "2\n"
    with pytest.raises(rls.CommandTimeoutError):
        client.session_exec(session.id, command="sleep 60", timeout=timedelta(seconds=1))
    assert session.exec("echo $B").stdout == "2\n"
    assert client.get_session(session.id).status == SessionStatus.ACTIVE
    assert [s.id for s in client.list_sessions(sandbox.id)] == [session.id]
    client.destroy_session(session.id)
    with pytest.raises(rls.SandboxError):
        client.session_exec(session.id, command="true")
    with client.session(sandbox.id) as session:
        assert session.exec("echo hi").stdout == "hi\n"
    closed = client.create_session(sandbox.id)
    closed.close()


def test_errors(client, codebase):
    with pytest.raises(rls.SandboxError):
        client.create_sandbox(codebase_id="cb_none")
    with pytest.raises(rls.SandboxError):
        client.create_sandbox(codebase_id=codebase.id, permissions=[{"pattern": "/[", "permission": "read"}])
    with pytest.raises(rls.SandboxError):
        client.download_file(codebase.id, "none")
    with pytest.raises(rls.SandboxError):
        client.upload_file(codebase.id, "../out", b"")
    for call in (client.get_sandbox, client.start_sandbox, client.stop_sandbox, client.destroy_sandbox):
        with pytest.raises(rls.SandboxError, match="not found"):
            call("sb_none")
    stopped = client.create_sandbox(codebase_id=codebase.id, permissions=RULES)
    with pytest.raises(rls.SandboxError):
        client.exec(stopped.id, command="true")
    client.destroy_sandbox(stopped.id)


def test_limits_are_enforced_or_refused(client, codebase):
    limits = ResourceLimits(memory_bytes=256 << 20, cpu_quota=50_000, pids_limit=50)
    try:
        sandbox = client.create_sandbox(codebase_id=codebase.id, permissions=RULES, resources=limits)
    except rls.SandboxError as e:
        assert "limit" in str(e) or "cgroup" in str(e)
        return
    assert sandbox.resources == limits
    client.destroy_sandbox(sandbox.id)


def test_no_server():
    with SandboxClient(endpoint="127.0.0.1:1") as client, pytest.raises(rls.ConnectionError):
        client.list_sandboxes()
