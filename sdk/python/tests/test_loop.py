# SPDX-License-Identifier: MIT
"""The thread that sends the requests of all others."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sandbox_rls import Sandbox, SandboxClient
from sandbox_rls._sync._loop import LoopTransport

T = TypeVar("T")


def transports() -> set[LoopTransport]:
    return {o for o in gc.get_objects() if isinstance(o, LoopTransport)}


@contextmanager
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
    thread.join(30)
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
