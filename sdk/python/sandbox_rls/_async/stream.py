# SPDX-License-Identifier: MIT
"""The output of a command, as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import cast

from typing_extensions import Self

from .. import _convert as convert
from .._errors import About
from .._gen.sandbox.v1 import common_pb2, sandbox_pb2
from .._requests import terminal_size
from ..exceptions import CommandTimeoutError
from ..types import ExecResult, OutputChunk
from . import _io


class AsyncExecStream:
    """Chunks of what a command prints; each says in `stream` where it was printed.

    Once it is exhausted, `result` says how the command ended. A command that ran
    for too long raises CommandTimeoutError at the end of its output. Closing the
    stream, or leaving a `with` block, ends the command if it still runs.
    """

    def __init__(self, messages: AsyncIterator[sandbox_pb2.ExecOutput], about: About) -> None:
        self._messages = messages
        self._about = about
        self.result: ExecResult | None = None
        """How the command ended, without what it printed; None until then."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> OutputChunk:
        while True:
            with self._about:
                message = await self._messages.__anext__()
            if message.HasField("result"):
                self._end(message.result)
            if message.data:
                return convert.chunk(message)

    def _end(self, result: sandbox_pb2.ExecResult) -> None:
        self.result = convert.exec_result(result, self._about.command)
        if self.result.timed_out:
            raise timed_out(self.result, self._about)

    async def aclose(self) -> None:
        """Stop listening, which ends the command if it still runs."""
        close = getattr(self._messages, "aclose", None)
        if close is not None:
            await close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class AsyncRunningCommand(AsyncExecStream):
    """A command that is fed while it runs: its output, and ways to reach it."""

    def __init__(
        self,
        messages: AsyncIterator[sandbox_pb2.ExecOutput],
        about: About,
        inputs: _io.Channel[sandbox_pb2.ExecInput],
    ) -> None:
        super().__init__(messages, about)
        self._inputs = inputs
        inputs.end_with(self)

    async def __anext__(self) -> OutputChunk:
        try:
            return await super().__anext__()
        except BaseException:
            self._inputs.close()
            raise

    async def write(self, data: bytes | str) -> None:
        """Send more standard input."""
        text = data.encode() if isinstance(data, str) else data
        await self._inputs.put(sandbox_pb2.ExecInput(stdin=text))

    async def close_stdin(self) -> None:
        """Send the end of standard input."""
        await self._inputs.put(sandbox_pb2.ExecInput(close_stdin=common_pb2.Empty()))

    async def resize(self, rows: int, cols: int) -> None:
        """Give its terminal another size."""
        await self._inputs.put(sandbox_pb2.ExecInput(resize=terminal_size((rows, cols))))

    async def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        await self._inputs.put(sandbox_pb2.ExecInput(signal=number))

    async def aclose(self) -> None:
        """Stop listening, which ends the command if it still runs."""
        self._inputs.close()
        await super().aclose()


def timed_out(result: ExecResult, about: About) -> CommandTimeoutError:
    """Return the exception for a command that ran for too long."""
    return CommandTimeoutError(
        cast(str, about.command),
        about.timeout,
        result=result,
        sandbox_id=about.sandbox_id,
        session_id=about.session_id,
        operation=about.operation,
    )
