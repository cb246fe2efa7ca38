# SPDX-License-Identifier: MIT
"""What is held in memory of a file."""

from __future__ import annotations

from .exceptions import ResourceLimitExceededError

# The size, in bytes, of the largest file that is held, as in Go.
MAX_READ_FILE = 256 << 20


class Held:
    """The content of a file of a workspace, which may not be too much."""

    def __init__(self, *, sandbox_id: str, path: str) -> None:
        self.data = bytearray()
        self._sandbox_id, self._path = sandbox_id, path

    def add(self, part: bytes) -> None:
        """Add what has come."""
        if len(self.data) + len(part) > MAX_READ_FILE:
            raise ResourceLimitExceededError(
                f"read file {self._path!r}: it has more than {MAX_READ_FILE} bytes; use iter_file",
                sandbox_id=self._sandbox_id,
                path=self._path,
                reason="TOO_LARGE",
                operation="read file",
            )
        self.data += part
