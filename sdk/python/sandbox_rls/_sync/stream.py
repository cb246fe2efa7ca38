# SPDX-License-Identifier: MIT
# Generated from _async/stream.py. DO NOT EDIT.
"""The output of a command, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
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


class ExecStream:
    """Chunks of what a command prints; each says in `stream` where it was printed.

    Once it is exhausted, `result` says how the command ended. A command that ran
    for too long raises CommandTimeoutError at the end of its output. Closing the
    stream, or leaving a `with` block, ends the command if it still runs.
    """

    def __init__(self, messages: Iterator[sandbox_pb2.ExecOutput], about: About) -> None:
        self._messages = messages
        self._about = about
        self.result: ExecResult | None = None
        """How the command ended, without what it printed; None until then."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> OutputChunk:
        while True:
            with self._about:
                message = self._messages.__next__()
            if message.HasField("result"):
                self._end(message.result)
            if message.data:
                return convert.chunk(message)

    def _end(self, result: sandbox_pb2.ExecResult) -> None:
        self.result = convert.exec_result(result, self._about.command)
        if self.result.timed_out:
            raise timed_out(self.result, self._about)

    def close(self) -> None:
        """Stop listening, which ends the command if it still runs."""
        close = getattr(self._messages, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class RunningCommand(ExecStream):
    """A command that is fed while it runs: its output, and ways to reach it."""

    def __init__(
        self,
        messages: Iterator[sandbox_pb2.ExecOutput],
        about: About,
        inputs: _io.Channel[sandbox_pb2.ExecInput],
    ) -> None:
        super().__init__(messages, about)
        self._inputs = inputs
        inputs.end_with(self)

    def __next__(self) -> OutputChunk:
        try:
            return super().__next__()
        except BaseException:
            self._inputs.close()
            raise

    def write(self, data: bytes | str) -> None:
        """Send more standard input."""
        text = data.encode() if isinstance(data, str) else data
        self._inputs.put(sandbox_pb2.ExecInput(stdin=text))

    def close_stdin(self) -> None:
        """Send the end of standard input."""
        self._inputs.put(sandbox_pb2.ExecInput(close_stdin=common_pb2.Empty()))

    def resize(self, rows: int, cols: int) -> None:
        """Give its terminal another size."""
        self._inputs.put(sandbox_pb2.ExecInput(resize=terminal_size((rows, cols))))

    def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        self._inputs.put(sandbox_pb2.ExecInput(signal=number))

    def close(self) -> None:
        """Stop listening, which ends the command if it still runs."""
        self._inputs.close()
        super().close()


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
