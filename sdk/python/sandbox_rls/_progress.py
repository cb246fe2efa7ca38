# SPDX-License-Identifier: MIT
"""A bar that shows how far an upload has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .types import UploadProgress

Progress = bool | Callable[[UploadProgress], None]
"""A function that is called as an upload goes on, or True for a bar."""


@contextmanager
def reporting(progress: Progress) -> Iterator[Callable[[UploadProgress], None] | None]:
    """Return what is to be called. A bar needs tqdm, and without it there is none."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    with tqdm(unit="B", unit_scale=True, desc="upload") as bar:

        def update(p: UploadProgress) -> None:
            bar.total = p.total_bytes
            bar.update(p.bytes - bar.n)

        yield update
