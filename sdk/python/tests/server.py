# SPDX-License-Identifier: MIT
"""A server for the tests: sandboxd, built from this tree."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def required(feature: str) -> bool:
    """Report whether SANDBOX_REQUIRE demands that a feature is there."""
    wanted = os.environ.get("SANDBOX_REQUIRE", "").replace(",", " ").split()
    return "all" in wanted or feature in wanted


def missing(feature: str, reason: str) -> None:
    """Skip a test that this machine lacks a feature for, or fail where it is required."""
    if required(feature):
        pytest.fail(f"{feature} is required (SANDBOX_REQUIRE): {reason}")
    pytest.skip(reason)


@functools.cache
def program() -> Path:
    """Build sandboxd, or take the one that SANDBOXD names."""
    if given := os.environ.get("SANDBOXD"):
        return Path(given)
    out = Path(tempfile.mkdtemp(prefix="sandboxd-")) / "sandboxd"
    for name in ("sandboxd", "sandbox-init"):
        command = ["go", "build", "-o", str(out.with_name(name)), f"./cmd/{name}"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return out


def remove_program() -> None:
    """Remove what was built."""
    if program.cache_info().currsize and "SANDBOXD" not in os.environ:
        shutil.rmtree(program().parent)


@contextmanager
def serving(state: Path, *flags: str) -> Iterator[str]:
    """Run a server, and return its address."""
    command = [str(program()), "--listen", "127.0.0.1:0", "--state-dir", str(state), *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        log: list[str] = []
        assert process.stderr and process.stdout
        stderr = process.stderr
        reader = threading.Thread(target=lambda: log.extend(stderr), daemon=True)
        reader.start()
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                process.kill()
                reader.join(5)
                raise RuntimeError("sandboxd did not start:\n" + "".join(log))
            yield line.removeprefix("listening on ").strip()
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            reader.join(5)


def token(state: Path, owner: str) -> str:
    """Make a token for an owner."""
    command = [str(program()), "token", "create", f"--state-dir={state}", f"--owner={owner}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate of localhost, which it has issued itself, and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key
