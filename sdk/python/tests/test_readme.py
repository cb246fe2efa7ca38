# SPDX-License-Identifier: MIT
"""The examples of README.md run as they stand there.

Each Python block is a test of its own, run in a directory in which ./my-project
and ./project are, with the names that an earlier example of the README has left. `localhost:9000`
is the server of the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox_rls import Sandbox, SandboxClient, _endpoint, presets

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^(?P<indent> *)```python\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)


def examples() -> Iterator[Any]:
    text = README.read_text("utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        code = match["code"]
        marks = [pytest.mark.docker] if "RuntimeType.DOCKER" in code else []
        yield pytest.param(code, line, id=f"line {line}", marks=marks)


FILES = {
    "main.py": "import sys\nprint('main', *sys.argv[1:])\n",
    "script.py": "print(input())\n",
    "hello.py": "print('hello')\n",
    "test_it.py": "def test_it():\n    assert True\n",
    "requirements.txt": "",
    "Makefile": "test:\n\techo tested\n",
    "config.yaml": "a: 1\n",
    "docs/guide.md": "guide\n",
    "src/main.py": "print('main of src')\n",
    "src/script.py": "print(input())\n",
    "src/venv/bin/activate": "VIRTUAL_ENV=1\n",
    ".env": "SECRET=1\n",
}


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for directory in ("my-project", "project"):
        for name, text in FILES.items():
            file = tmp_path / directory / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def namespace(
    request: pytest.FixtureRequest, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    docker = request.node.get_closest_marker("docker") is not None
    address = request.getfixturevalue("docker_endpoint" if docker else "endpoint")
    split = _endpoint._split
    monkeypatch.setattr(
        _endpoint, "_split", lambda g, s: split(address if g == "localhost:9000" else g, s)
    )
    monkeypatch.setattr(presets, "_registered", {})
    with SandboxClient() as client:
        codebase = client.create_codebase("readme")
        for name, text in FILES.items():
            client.upload_file(codebase.id, name, text)
        sandbox = client.create_sandbox(codebase.id, preset="development", start=True)
        long = "#!/bin/sh\nfor i in 1 2 3; do echo $i; done\n"
        client.write_file(sandbox.id, "long-running-task", long)
        yield {
            "Sandbox": Sandbox,
            "SandboxClient": SandboxClient,
            "client": client,
            "codebase": codebase,
            "sandbox": sandbox,
        }
        client.destroy_sandbox(sandbox.id)
        client.delete_codebase(codebase.id)


def adapted(code: str, namespace: dict[str, Any]) -> str:
    """Name what only the reader's machine has by what there is here."""
    code = code.replace('"cb_123"', repr(namespace["codebase"].id))
    return code.replace('"long-running-task"', '"sh ./long-running-task"')


def commands(code: str) -> str:
    """Return an example whose `await` at the top level stands in a function."""
    if not re.search(r"^(async |await )", code, re.MULTILINE):
        return code
    body = "".join("    " + line for line in code.splitlines(keepends=True))
    return f"async def example():\n{body}\nimport asyncio\nasyncio.run(example())\n"


# What examples print, by what is in them.
PRINTED = {
    "print(list_presets())": "['agent-safe', 'development', 'full-access', 'read-only', ",
    "python hello.py": "Hello, World!\n",
    'exec("pytest")': "1 passed",
    "python script.py": "Exit code: ",
    "long-running-task": "1\n2\n3\n",
    'path="/src"': "src/main.py - 21 bytes\n",
    '(codebase.id, "config.yaml")': "a: 1\n",
    "new_file.txt": "Uploaded 12 bytes, checksum: ",
    "sandbox.commit(": "modified docs/guide.md\n",
    "exec_interactive": "b'hello\\n'\n",
    "sandbox.exec_stream": "guide\n",
}


@pytest.mark.parametrize(("code", "line"), list(examples()))
def test_example(
    code: str, line: int, namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program = commands(adapted(code, namespace))
    exec(compile("\n" * (line - 1) + program, str(README), "exec"), namespace)
    printed = capsys.readouterr().out
    for part, want in PRINTED.items():
        assert part not in code or want in printed


def test_the_interpreter_ends_with_clients_open(endpoint: str, prepared: Path) -> None:
    code = "from sandbox_rls import SandboxClient; c = SandboxClient(); c.list_sandboxes()"
    environment = {**os.environ, "SANDBOX_ENDPOINT": endpoint}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
