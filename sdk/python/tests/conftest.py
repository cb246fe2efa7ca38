# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox_rls import SandboxClient

from . import server


@pytest.fixture(scope="session", autouse=True)
def _cleaned() -> Iterator[None]:
    yield
    server.remove_program()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server of the default runtime is."""
    with server.serving(tmp_path_factory.mktemp("state")) as address:
        yield address


@pytest.fixture(scope="session")
def docker_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server is that has an engine with the image of the examples."""
    if "DOCKER_HOST" not in os.environ:
        server.missing("docker", "DOCKER_HOST names no engine")
    with server.serving(tmp_path_factory.mktemp("state-docker"), "--runtimes=docker,native") as a:
        yield a


@pytest.fixture
def default_endpoint(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the server be the one that is meant when none is named."""
    monkeypatch.setenv("SANDBOX_ENDPOINT", endpoint)
    return endpoint


@pytest.fixture
def client(endpoint: str) -> Iterator[SandboxClient]:
    with SandboxClient(endpoint) as c:
        yield c


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with secrets."""
    root = tmp_path / "project"
    for name, text in {
        "main.py": 'print("hello")\n',
        "src/a.txt": "a\n",
        "src/b.txt": "b\n",
        "docs/guide.md": "guide\n",
        "secrets/token": "TOP SECRET\n",
        ".env": "KEY=TOP SECRET\n",
        "server.key": "TOP SECRET\n",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (root / "link").symlink_to("main.py")
    (root / "empty").mkdir()
    return root
