# SPDX-License-Identifier: MIT
"""The thread that sends the requests of all others."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from sandbox_rls import Sandbox, SandboxClient, SandboxError
from sandbox_rls._sync._loop import LoopTransport

T = TypeVar("T")


def transports() -> set[LoopTransport]:
    return {o for o in gc.get_objects() if isinstance(o, LoopTransport)}


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Leave it to the test when garbage is collected."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_time(call: Callable[[], T]) -> T:
    """Call something in a thread that may be left behind."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(60)
    assert results, "it hangs, or has failed"
    return results[0]


def test_garbage_collected_in_the_loop(endpoint: str, project: Path) -> None:
    """A stream that was left in the middle is garbage, which any thread may collect."""
    others = transports()
    with SandboxClient(endpoint) as client:
        (transport,) = transports() - others
        with Sandbox.from_local(project, "development", client=client) as sandbox, no_collection():
            stream = sandbox.exec_stream("echo begun; sleep 1000")
            assert next(stream) == b"begun\n"
            garbage: list[object] = [stream]
            garbage.append(garbage)
            del stream, garbage

            async def collect() -> int:
                return gc.collect()

            found = asyncio.run_coroutine_threadsafe(collect(), transport._loop)
            assert in_time(found.result) > 0
            assert in_time(lambda: sandbox.run("echo again").stdout) == "again\n"


def test_forked(endpoint: str) -> None:
    """A fork has none of the threads: a call there fails, and waits for nobody."""

    def forked(client: SandboxClient) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that other threads may hold locks
            child = os.fork()
        if child == 0:
            code = 1
            with contextlib.suppress(BaseException):
                with pytest.raises(SandboxError, match="fork"), client:
                    client.list_presets()
                code = 0
            gc.collect()
            os._exit(code)
        return os.waitpid(child, 0)[1]

    with SandboxClient(endpoint) as client:
        assert client.list_presets()
        assert in_time(lambda: forked(client)) == 0
        assert client.list_presets()


def test_left_in_the_middle(endpoint: str, project: Path) -> None:
    """A command that is fed, and that nobody has any more, keeps no thread."""
    with (
        SandboxClient(endpoint) as client,
        Sandbox.from_local(project, "development", client=client) as sandbox,
    ):
        before = threading.active_count()
        for _ in range(3):
            assert next(client.exec_interactive(sandbox.id, "echo begun; cat")) == b"begun\n"
        gc.collect()
        until = time.monotonic() + 60
        while threading.active_count() > before:
            assert time.monotonic() < until, threading.enumerate()
            time.sleep(0.01)
