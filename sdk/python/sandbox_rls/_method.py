# SPDX-License-Identifier: MIT
"""What describes a method, in all versions of connectrpc that are supported.

The generated clients are those of 0.13, which requires `stream_type`. 0.12, the
last one for Python 3.10, does not know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import connectrpc.method
from connectrpc.method import IdempotencyLevel

__all__ = ["IdempotencyLevel", "MethodInfo", "StreamType"]

if TYPE_CHECKING or hasattr(connectrpc.method, "StreamType"):
    from connectrpc.method import MethodInfo, StreamType
else:
    from enum import Enum

    class StreamType(Enum):
        """Which sides of a method are streams."""

        UNARY = 1
        CLIENT_STREAM = 2
        SERVER_STREAM = 3
        BIDI_STREAM = 4

    def MethodInfo(*, stream_type: StreamType, **known: Any) -> connectrpc.method.MethodInfo:  # noqa: N802
        """Describe a method without saying which of its sides are streams."""
        return connectrpc.method.MethodInfo(**known)
