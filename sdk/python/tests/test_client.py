# SPDX-License-Identifier: MIT
"""The low-level API, against a real server."""

from __future__ import annotations

import io
import tarfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import sandbox_rls as rls
from sandbox_rls import (
    Permission,
    PermissionRule,
    ResourceLimitExceededError,
    ResourceLimits,
    SandboxClient,
    SandboxStatus,
    SessionStatus,
    _held,
)

from . import server


def test_a_file_that_is_large_is_not_held(
    client: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    codebase = client.create_codebase(name="large", owner_id="holder")
    sandbox = client.create_sandbox(
        codebase.id, permissions=[{"pattern": "**", "permission": "write"}]
    )
    client.start_sandbox(sandbox.id)
    client.exec(sandbox.id, "truncate -s 1000000 small; truncate -s 1T huge")
    monkeypatch.setattr(_held, "MAX_READ_FILE", 1_000_000)
    assert client.read_file(sandbox.id, "small") == bytes(1_000_000)
    with pytest.raises(ResourceLimitExceededError) as e:
        client.read_file(sandbox.id, "huge")
    assert (e.value.sandbox_id, e.value.path) == (sandbox.id, "huge")
    assert next(iter(client.iter_file(sandbox.id, "huge")))
    client.exec(sandbox.id, "rm huge")  # destroying it would carry that into the codebase
    client.destroy_sandbox(sandbox.id)
    client.delete_codebase(codebase.id)


def test_codebases(client: SandboxClient) -> None:
    codebase = client.create_codebase(name="project", owner_id="user")
    assert (codebase.name, codebase.owner_id, codebase.file_count) == ("project", "user", 0)
    assert codebase.created_at and datetime.now(timezone.utc) - codebase.created_at < timedelta(
        minutes=1
    )
    assert codebase in client.list_codebases()
    assert client.list_codebases("user") == [codebase]
    assert client.list_codebases("nobody") == []
    uploaded = client.upload_file(codebase.id, "a/b.txt", b"12345", chunk_size=2)
    assert (uploaded.size, uploaded.file_path) == (5, "a/b.txt")
    assert uploaded.checksum == "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5"
    client.upload_file(codebase.id, "empty", b"")
    client.upload_file(codebase.id, "stream", io.BytesIO(b"x" * 5_000_000))
    then = datetime(2020, 1, 2, tzinfo=timezone.utc)
    client.upload_file(codebase.id, "run", "text", mode=0o755, modified_at=then)
    assert client.download_file(codebase.id, "a/b.txt") == b"12345"
    assert client.download_file(codebase.id, "empty") == b""
    assert client.download_file(codebase.id, "stream") == b"x" * 5_000_000
    assert [f.path for f in client.list_files(codebase.id)] == ["a", "empty", "run", "stream"]
    assert [f.path for f in client.list_files(codebase.id, "a")] == ["a/b.txt"]
    assert "a/b.txt" in [f.path for f in client.list_files(codebase.id, recursive=True)]
    run = next(f for f in client.list_files(codebase.id) if f.name == "run")
    assert (run.is_dir, run.size, run.mode & 0o777, run.modified_at) == (False, 4, 0o755, then)
    assert client.get_codebase(codebase.id).file_count == 4
    client.delete_codebase(codebase.id)
    with pytest.raises(rls.CodebaseNotFoundError) as e:
        client.get_codebase(codebase.id)
    assert (e.value.codebase_id, e.value.reason, e.value.code) == (
        codebase.id,
        "CODEBASE_NOT_FOUND",
        "not_found",
    )


def test_archives(client: SandboxClient) -> None:
    codebase = client.create_codebase("archive")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("dir/file")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    assert client.upload_archive(codebase.id, [buffer.getvalue()]).file_count == 1
    out = io.BytesIO(b"".join(client.download_archive(codebase.id)))
    with tarfile.open(fileobj=out) as tar:
        assert "dir/file" in tar.getnames()
    with pytest.raises(rls.InvalidConfigurationError):
        client.upload_archive(codebase.id, [b"no archive" * 1000])
    with pytest.raises(rls.CodebaseNotFoundError):
        client.upload_archive("cb_none", [buffer.getvalue()])
    client.delete_codebase(codebase.id)


def test_an_upload_that_is_refused_early(client: SandboxClient) -> None:
    """The answer comes although not all was sent."""
    with pytest.raises(rls.CodebaseNotFoundError):
        client.upload_file("cb_none", "a", b"x" * 50_000_000)


def test_files_that_are_not_there(client: SandboxClient) -> None:
    codebase = client.create_codebase("files")
    with pytest.raises(rls.FileNotFoundError) as e:
        client.download_file(codebase.id, "nope")
    assert (e.value.path, e.value.codebase_id) == ("nope", codebase.id)
    with pytest.raises(FileNotFoundError):
        client.list_files(codebase.id, "nope")
    with pytest.raises(rls.SandboxError):
        client.upload_file(codebase.id, "../up", b"")
    client.delete_codebase(codebase.id)


def test_sandboxes(client: SandboxClient) -> None:
    codebase = client.create_codebase("sandboxes")
    client.upload_file(codebase.id, "src/a.py", b"print('a')")
    sandbox = client.create_sandbox(
        codebase.id,
        permissions=[
            {"pattern": "**/*.py", "permission": "read"},
            PermissionRule("/docs/", Permission.WRITE, rls.PatternType.DIRECTORY, 3),
        ],
        labels={"a": "b"},
        expires_in=timedelta(hours=1),
        idle_timeout=1800,
    )
    assert sandbox.status is SandboxStatus.PENDING
    assert sandbox.permissions[1] == PermissionRule(
        "/docs/", Permission.WRITE, rls.PatternType.DIRECTORY, 3
    )
    assert sandbox.expires_at and sandbox.idle_timeout == timedelta(minutes=30)
    assert [s.id for s in client.list_sandboxes(codebase.id)] == [sandbox.id]
    assert [s.id for s in client.list_sandboxes(labels={"a": "b"})] == [sandbox.id]
    assert client.list_sandboxes(labels={"a": "c"}) == []
    assert client.start_sandbox(sandbox.id).status is SandboxStatus.RUNNING
    assert client.get_sandbox(sandbox.id).started_at
    result = client.exec(
        sandbox.id,
        command="python3 src/a.py; cat; echo $D; pwd",
        stdin="in",
        env={"D": "1"},
        workdir="/workspace/src",
    )
    assert result.exit_code == 0 or result.stdout  # python3 need not be there
    assert client.exec(sandbox.id, "pwd", workdir="docs").stdout == "/workspace/docs\n"
    assert b"".join(client.exec_stream(sandbox.id, command="echo hi")) == b"hi\n"
    client.write_file(sandbox.id, "docs/x", b"1")
    assert client.read_file(sandbox.id, "docs/x") == b"1"
    assert [f.path for f in client.list_workspace(sandbox.id)] == ["docs", "src"]
    assert client.list_workspace(sandbox.id, "docs")[0].permission is Permission.WRITE
    assert client.get_usage(sandbox.id).files > 0
    assert [c.path for c in client.list_changes(sandbox.id)] == ["docs/x"]
    assert b"docs/x" in client.get_diff(sandbox.id)
    assert client.commit(sandbox.id).applied
    client.discard(sandbox.id)
    assert client.stop_sandbox(sandbox.id).status is SandboxStatus.STOPPED
    client.destroy_sandbox(sandbox.id)
    client.delete_codebase(codebase.id)


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("get_sandbox", ()),
        ("start_sandbox", ()),
        ("stop_sandbox", ()),
        ("destroy_sandbox", ()),
        ("exec", ("true",)),
        ("create_session", ()),
        ("list_sessions", ()),
        ("get_usage", ()),
        ("read_file", ("a",)),
        ("write_file", ("a", b"")),
        ("list_workspace", ()),
        ("explain", ("a",)),
        ("list_changes", ()),
        ("get_diff", ()),
        ("commit", ()),
        ("discard", ()),
        ("fork", ()),
        ("create_checkpoint", ()),
        ("list_checkpoints", ()),
        ("restore", ("cp",)),
        ("update_resources", (ResourceLimits(),)),
    ],
)
def test_a_missing_sandbox(client: SandboxClient, method: str, args: tuple[object, ...]) -> None:
    with pytest.raises(rls.SandboxNotFoundError) as e:
        getattr(client, method)("sb_none", *args)
    assert e.value.sandbox_id == "sb_none"
    assert e.value.reason == "SANDBOX_NOT_FOUND"


def test_a_missing_session(client: SandboxClient) -> None:
    for call in (
        lambda: client.get_session("se_none"),
        lambda: client.session_exec("se_none", "true"),
        lambda: list(client.session_exec_stream("se_none", "true")),
        lambda: client.destroy_session("se_none"),
    ):
        with pytest.raises(rls.SessionNotFoundError) as e:
            call()
        assert e.value.session_id == "se_none"


def test_sessions(client: SandboxClient) -> None:
    codebase = client.create_codebase("sessions")
    sandbox = client.create_sandbox(codebase.id, preset="full-access", start=True)
    session = client.create_session(sandbox.id, "/bin/sh", {"A": "1"}, workdir="/tmp")
    assert client.get_session(session.id).status is SessionStatus.ACTIVE
    assert [s.id for s in client.list_sessions(sandbox.id)] == [session.id]
    assert client.session_exec(session.id, "echo $A; pwd").stdout == "1\n/tmp\n"
    with client.session(sandbox.id) as other:
        assert other.exec("true").success
    client.destroy_session(session.id)
    client.destroy_sandbox(sandbox.id)
    client.delete_codebase(codebase.id)


def test_limits(client: SandboxClient) -> None:
    codebase = client.create_codebase("limits")
    limits = ResourceLimits(memory_bytes=256 << 20, pids_limit=50)
    sandbox = client.create_sandbox(
        codebase.id, preset="read-only", resources=limits, best_effort=True
    )
    assert sandbox.resources == limits
    client.start_sandbox(sandbox.id)
    assert {e.resource for e in client.get_sandbox(sandbox.id).enforced} >= {"memory", "pids"}
    client.destroy_sandbox(sandbox.id)
    client.delete_codebase(codebase.id)


def test_presets_are_those_of_the_server(client: SandboxClient) -> None:
    assert client.list_presets() == {n: rls.get_preset(n) for n in rls.PRESETS}


def test_pages(client: SandboxClient) -> None:
    ids = [client.create_codebase("page", "pages").id for _ in range(3)]
    assert [c.id for c in client.list_codebases("pages")] == ids
    for codebase_id in ids:
        client.delete_codebase(codebase_id)


def test_no_server() -> None:
    with SandboxClient("127.0.0.1:1") as client, pytest.raises(rls.ConnectionError) as e:
        client.list_sandboxes()
    assert isinstance(e.value, ConnectionError)
    assert e.value.endpoint == "http://127.0.0.1:1"


def test_a_closed_client(endpoint: str) -> None:
    client = SandboxClient(endpoint)
    client.close()
    with pytest.raises(rls.SandboxError, match="closed") as e:
        client.get_sandbox("sb")
    assert e.value.reason == "CLOSED"


def test_tokens(tmp_path: Path) -> None:
    with server.serving(tmp_path / "state", "--auth") as address:
        with SandboxClient(address) as client, pytest.raises(rls.AuthenticationError):
            client.list_sandboxes()
        with SandboxClient(address, token="wrong") as client, pytest.raises(PermissionError):
            client.list_sandboxes()
        token = server.token(tmp_path / "state", "me")
        with SandboxClient(address, token=token) as client:
            assert client.create_codebase("c").owner_id == "me"
            with pytest.raises(PermissionError):
                client.create_codebase("c", "somebody else")


def test_tls(tmp_path: Path) -> None:
    cert, key = server.certificate(tmp_path)
    with server.serving(tmp_path / "state", f"--tls-cert={cert}", f"--tls-key={key}") as address:
        port = address.rpartition(":")[2]
        with SandboxClient(f"localhost:{port}", secure=True, ca_cert=cert) as client:
            assert client.list_sandboxes() == []
        with SandboxClient(f"https://localhost:{port}", ca_cert=cert.read_bytes()) as client:
            assert client.list_sandboxes() == []
        with (
            SandboxClient(f"localhost:{port}", secure=True) as client,
            pytest.raises(rls.ConnectionError),
        ):
            client.list_sandboxes()
