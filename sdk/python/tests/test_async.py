# SPDX-License-Identifier: MIT
"""The clients for asyncio do what those for threads do."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import sandbox_rls as rls
from sandbox_rls import AsyncSandbox, AsyncSandboxClient

from .limits import BEGUN, HAS_BEGUN, LIMITS

pytestmark = pytest.mark.usefixtures("default_endpoint")

SRC = [{"pattern": "/src/**", "permission": "write"}]

Test = Callable[..., Coroutine[Any, Any, None]]


def asynchronous(test: Test) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 300))

    return run


@asynchronous
async def test_sandbox(project: Path) -> None:
    async with AsyncSandbox.from_local(
        project, permissions=SRC, progress=lambda p: None
    ) as sandbox:
        result = await sandbox.run("cat main.py; exit 3")
        assert (result.stdout, result.exit_code) == ('print("hello")\n', 3)
        assert [bytes(c) async for c in sandbox.exec_stream("echo a")] == [b"a\n"]
        for seconds in LIMITS:
            with pytest.raises(rls.CommandTimeoutError) as e:
                await sandbox.run(f"echo before; {BEGUN}; sleep 100", timeout=seconds)
            if (await sandbox.run(HAS_BEGUN)).success:
                break
        assert e.value.stdout == "before\n"
        async with sandbox.session() as session:
            await session.exec("cd src")
            assert (await session.exec("pwd")).stdout == "/workspace/src\n"
            assert [bytes(c) async for c in session.exec_stream("pwd")] == [b"/workspace/src\n"]
        session = await sandbox.session()
        await session.close()
        await sandbox.write_file("src/new", "new")
        assert await sandbox.read_file("src/new") == "new"
        assert "src/new" in await sandbox.list_files("src")
        assert [c.path for c in await sandbox.changes()] == ["src/new"]
        assert "+new" in await sandbox.diff()
        checkpoint = await sandbox.checkpoint("c")
        await sandbox.restore(checkpoint)
        async with await sandbox.fork() as fork:
            assert await fork.read_file("src/new") == "new"
        assert (await sandbox.explain("main.py")).permission is rls.Permission.READ
        await sandbox.commit()
        assert (project / "src/new").read_text() == "new"
        async with AsyncSandbox.connect(sandbox.id) as same:
            assert (await same.refresh()).id == sandbox.id
        await sandbox.stop()
        await sandbox.start()
        await sandbox.discard()
    with pytest.raises(rls.SandboxNotFoundError):
        await AsyncSandbox.connect(sandbox.id)


@asynchronous
async def test_from_codebase(project: Path) -> None:
    sandbox = await AsyncSandbox.from_local(project)
    async with AsyncSandbox.from_codebase(sandbox.codebase_id, client=sandbox.client) as other:
        assert await other.read_file("main.py") == 'print("hello")\n'
    await sandbox.destroy()
    await sandbox.destroy()


@asynchronous
async def test_interactive(project: Path) -> None:
    async with (
        AsyncSandbox.from_local(project) as sandbox,
        await sandbox.exec_interactive("cat; exit 5") as command,
    ):
        await command.write("one\n")
        assert await command.__anext__() == b"one\n"
        await command.close_stdin()
        assert [c async for c in command] == []
        assert command.result and command.result.exit_code == 5


@asynchronous
async def test_many_at_once(project: Path) -> None:
    async with AsyncSandbox.from_local(project) as sandbox:
        results = await asyncio.gather(*(sandbox.run(f"sleep 0.2; echo {i}") for i in range(20)))
        assert [r.stdout for r in results] == [f"{i}\n" for i in range(20)]


@asynchronous
async def test_a_command_ends_with_the_task_that_waits_for_it(project: Path) -> None:
    async with AsyncSandbox.from_local(project) as sandbox:
        task = asyncio.create_task(sandbox.run("sleep 60.25"))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(600):
            count = (
                await sandbox.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 60.2[5]")
            ).stdout
            if count == "0\n":
                return
            await asyncio.sleep(0.1)
        pytest.fail("the command still runs")


@asynchronous
async def test_client(project: Path) -> None:
    async with AsyncSandboxClient() as client:
        codebase = await client.create_codebase("async")
        await client.upload_file(codebase.id, "a", b"x" * 1_000_000)
        assert await client.download_file(codebase.id, "a") == b"x" * 1_000_000
        assert [f.path for f in await client.list_files(codebase.id)] == ["a"]
        archive = [data async for data in client.download_archive(codebase.id)]
        assert sum(map(len, archive)) > 1_000_000
        sandbox = await client.create_sandbox(codebase.id, preset="read-only", start=True)
        async with client.session(sandbox.id) as session:
            assert (await session.exec("echo hi")).stdout == "hi\n"
        assert sandbox.id in [s.id for s in await client.list_sandboxes()]
        await client.destroy_sandbox(sandbox.id)
        await client.delete_codebase(codebase.id)
        with pytest.raises(rls.CodebaseNotFoundError):
            await client.upload_archive(codebase.id, [b"x" * 100])


@pytest.mark.parametrize(
    ("asynchronous_class", "synchronous_class"),
    [
        (AsyncSandbox, rls.Sandbox),
        (AsyncSandboxClient, rls.SandboxClient),
        (rls.AsyncSession, rls.Session),
        (rls.AsyncExecStream, rls.ExecStream),
        (rls.AsyncRunningCommand, rls.RunningCommand),
    ],
)
def test_both_have_the_same_methods(asynchronous_class: type, synchronous_class: type) -> None:
    def public(cls: type) -> dict[str, list[str]]:
        return {
            {"aclose": "close"}.get(n, n): [*inspect.signature(f).parameters]
            for n, f in inspect.getmembers(cls, callable)
            if not n.startswith("_")
        }

    assert public(asynchronous_class) == public(synchronous_class)
