# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import subprocess
import sys

from . import server


def test_agent(endpoint: str) -> None:
    ended = subprocess.run(
        [sys.executable, str(server.ROOT / "examples/agent/python/agent.py")],
        env={**os.environ, "SANDBOX_ENDPOINT": endpoint},
        timeout=180,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "sk-live" not in ended.stdout
    for shown in (
        "read_file(.env)\n    error: no such file\n",
        "write_file(test_price.py)\n    error: not allowed\n",
        "AssertionError: 3.0\n",
        "exit code 0\n    ok\n",
        "model: The discount was taken for the price.",
        "+    return sum(prices) * (1 - discount)\n",
        "committed: modified price.py\n",
        "== price.py ==\ndef total(prices, discount):\n    return sum(prices) * (1 - discount)\n",
    ):
        assert shown in ended.stdout
    assert "test_price.py" not in ended.stdout.partition("== What it changed ==")[2]
