# SPDX-License-Identifier: MIT
"""What the tests of other clients have in common."""

import importlib.metadata
import os

import pytest


def release():
    """Return the version of the client, as (0, 1)."""
    return tuple(map(int, importlib.metadata.version("sandbox-rls").split(".")[:2]))


# 0.1 has nothing for asyncio.
collect_ignore = ["test_async.py"] if release() < (0, 2) else []


@pytest.fixture
def endpoint():
    return os.environ["SANDBOX_ENDPOINT"]


@pytest.fixture
def project(tmp_path):
    """A small project with secrets."""
    for name, text in {
        "main.py": "print('hello')\n",
        "src/a.txt": "a\n",
        "docs/guide.md": "guide\n",
        "secrets/token": "TOP SECRET\n",
        "server.key": "TOP SECRET\n",
        "empty": "",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return str(tmp_path)
