# SPDX-License-Identifier: MIT
"""Every method of AsyncSandbox and AsyncSandboxClient."""

import asyncio
from datetime import timedelta

import pytest
import sandbox_rls as rls
from sandbox_rls import AsyncSandbox, AsyncSandboxClient, SandboxStatus, SessionStatus

SRC = [{"pattern": "/src/**", "permission": "write"}]


def test_sandbox(endpoint, project):
    async def test():
        sandbox = await AsyncSandbox.from_local(project, preset="agent-safe", permissions=SRC, endpoint=endpoint)
        async with sandbox:
            assert sandbox.status == SandboxStatus.RUNNING
            assert sandbox.codebase.id == sandbox.codebase_id and sandbox.runtime
            result = await sandbox.run("cat main.py; exit 3")
            assert (result.stdout, result.exit_code, result.success) == ("print('hello')\n", 3, False)
            with pytest.raises(rls.CommandExecutionError):
                await sandbox.run("false", raise_on_error=True)
            with pytest.raises(rls.CommandTimeoutError):
                await sandbox.run("sleep 60", timeout=1)
            result = await sandbox.exec("cat; echo $A", stdin="in\n", env={"A": "b"}, workdir="src", timeout=timedelta(seconds=9))
            assert result.stdout == "in\nb\n"
            assert b"".join([c async for c in sandbox.exec_stream("echo a; echo b")]) == b"a\nb\n"
            async with await sandbox.session(env={"A": "1"}) as session:
                await session.exec("cd src")
                assert (await session.exec("pwd; echo $A")).stdout == "/workspace/src\n1\n"
            await sandbox.write_file("/workspace/src/new", "new")
            assert await sandbox.read_file("src/new") == "new"
            assert await sandbox.read_file_bytes("src/new") == b"new"
            assert sorted(await sandbox.list_files("src")) == ["src/a.txt", "src/new"]
            results = await asyncio.gather(*(sandbox.run(f"sleep 0.2; echo {i}") for i in range(10)))
            assert [r.stdout for r in results] == [f"{i}\n" for i in range(10)]
            assert (await sandbox.stop()).status == SandboxStatus.STOPPED
            assert (await sandbox.start()).status == SandboxStatus.RUNNING
            await sandbox.refresh()
            other = await AsyncSandbox.connect(sandbox.id, endpoint=endpoint)
            assert (await other.run("cat src/new")).stdout == "new"
            async with await AsyncSandbox.from_codebase(sandbox.codebase_id, preset="read-only", endpoint=endpoint) as made:
                assert (await made.run("cat src/new")).stdout == "new"
        with pytest.raises(rls.SandboxError, match="not found"):
            await AsyncSandbox.connect(sandbox.id, endpoint=endpoint)

    asyncio.run(test())


def test_client(endpoint):
    async def test():
        async with AsyncSandboxClient(endpoint=endpoint) as client:
            codebase = await client.create_codebase(name="async", owner_id="me")
            assert (await client.get_codebase(codebase.id)).name == "async"
            assert codebase.id in [c.id for c in await client.list_codebases(owner_id="me")]
            result = await client.upload_file(codebase.id, "src/a", b"x" * 1_000_000)
            assert result.size == 1_000_000
            assert await client.download_file(codebase.id, "src/a") == b"x" * 1_000_000
            assert [f.path for f in await client.list_files(codebase.id, "src")] == ["src/a"]
            sandbox = await client.create_sandbox(codebase.id, permissions=SRC)
            assert (await client.start_sandbox(sandbox.id)).status == SandboxStatus.RUNNING
            assert (await client.get_sandbox(sandbox.id)).id == sandbox.id
            assert sandbox.id in [s.id for s in await client.list_sandboxes(codebase.id)]
            assert (await client.exec(sandbox.id, "wc -c <src/a")).stdout.strip() == "1000000"
            assert b"".join([c async for c in client.exec_stream(sandbox.id, "echo a")]) == b"a\n"
            session = await client.create_session(sandbox.id)
            assert (await client.session_exec(session.id, "echo hi")).stdout == "hi\n"
            assert (await client.get_session(session.id)).status == SessionStatus.ACTIVE
            assert [s.id for s in await client.list_sessions(sandbox.id)] == [session.id]
            await client.destroy_session(session.id)
            async with await client.session(sandbox.id) as other:
                assert other.id and (await other.exec("true")).exit_code == 0
            await client.stop_sandbox(sandbox.id)
            await client.destroy_sandbox(sandbox.id)
            await client.delete_codebase(codebase.id)
            with pytest.raises(rls.SandboxError, match="not found"):
                await client.get_codebase(codebase.id)

    asyncio.run(test())
