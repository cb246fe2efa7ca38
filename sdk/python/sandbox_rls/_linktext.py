# SPDX-License-Identifier: MIT
"""Reads where a symbolic link leads from a patch, in which the protocol tells it."""

from __future__ import annotations

import re

# Unchanged lines around a change to ask for: the text of a link has fewer, of PATH_MAX bytes.
CONTEXT = 4096
_PART = re.compile(rb"^diff --git ", re.MULTILINE)
_IS_LINK = re.compile(
    rb"^(new (?:file )?mode 120000|index [0-9a-f]+\.\.[0-9a-f]+ 120000)$", re.MULTILINE
)


def text_of(patch: bytes) -> str | None:
    """Return the text of the symbolic link that a patch of one path leaves there.

    None if there is no such link, or if what was a directory has several beneath it.
    """
    texts = [t for part in _PART.split(patch) if (t := _text_after(part))]
    return texts[0].decode("utf-8", "surrogateescape") if len(texts) == 1 else None


def _text_after(part: bytes) -> bytes:
    """Return the text of a link after the change that a part of a patch is about."""
    header, hunk, body = part.partition(b"\n@@ ")
    if not hunk or not _IS_LINK.search(header):
        return b""
    text, mine = b"", False
    for line in body.split(b"\n")[1:]:
        if line[:1] in (b" ", b"+"):
            text, mine = text + line[1:] + b"\n", True
        elif line[:1] == b"\\" and mine:  # no newline at the end
            text = text[:-1]
        elif line[:1] == b"@":
            return b""
        else:
            mine = False
    return text
