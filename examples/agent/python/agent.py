# SPDX-License-Identifier: MIT
"""The loop of a coding agent: a model asks for tools, and they work in a sandbox.

What they answer goes back to the model, until it is done. What it changed is then
shown, and committed to the directory.

    sandboxd &
    python examples/agent/python/agent.py

The model is a script (model.py), so that it needs no network; a real one takes its
place behind the same method.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from model import Call, Message, Model, Script

from sandbox_rls import (
    CommandTimeoutError,
    Permission,
    PermissionRule,
    Sandbox,
    SandboxError,
    Session,
)

# A bug, a test that shows it, and a secret.
PROJECT = {
    "price.py": "def total(prices, discount):\n    return sum(prices) * discount\n",
    "test_price.py": (
        "from price import total\n"
        "assert total([10, 20], 0.1) == 27, total([10, 20], 0.1)\n"
        "print('ok')\n"
    ),
    ".env": "PAYMENT_KEY=sk-live-0000\n",
}

# The agent may change code, see that there are tests but not change them, and has
# never heard of the secret, which does not even leave this machine.
RULES = [PermissionRule("/test_*.py", Permission.READ, priority=1)]

STEPS = 20  # a model may go round in circles


class Tools:
    """What the model may use.

    Each works in the sandbox, under its rules, so there is nothing to check here: a
    tool that is refused says so.
    """

    def __init__(self, sandbox: Sandbox, session: Session) -> None:
        self._sandbox = sandbox
        self._session = session

    def use(self, call: Call) -> str:
        """Use a tool. An error is an answer like another: the model may learn from it."""
        try:
            return self._call(call)
        except FileNotFoundError:
            return "error: no such file"
        except PermissionError:
            return "error: not allowed"
        except CommandTimeoutError as e:
            return f"error: {e}\n{e.stdout}{e.stderr}"
        except SandboxError as e:
            return f"error: {e}"

    def _call(self, call: Call) -> str:
        if call.tool == "list_files":
            files = self._sandbox.list_file_infos(call.path, recursive=True)
            return "\n".join(f"{f.path} ({f.permission.value})" for f in files if f.permission)
        if call.tool == "read_file":
            return self._sandbox.read_file(call.path)
        if call.tool == "write_file":
            self._sandbox.write_file(call.path, call.content)
            return "written"
        if call.tool == "run":
            result = self._session.exec(call.command, timeout=10)
            return f"exit code {result.exit_code}\n{result.output}"
        return f"error: there is no tool {call.tool!r}"


def loop(model: Model, tools: Tools) -> None:
    """Let the model use the tools until it has an answer."""
    messages = [Message("user", "The test of price.py fails. Mend it.")]
    for _ in range(STEPS):
        reply = model.next(messages)
        messages.append(reply)
        if reply.call is None:
            print("model:", reply.text)
            return
        answer = tools.use(reply.call)
        shown = answer.rstrip("\n").replace("\n", "\n    ")
        print(f"{reply.call.tool}({reply.call.path}{reply.call.command})\n    {shown}")
        messages.append(Message("tool", answer))
    raise RuntimeError(f"no answer after {STEPS} steps")


def main() -> None:
    """Run the agent on a project of its own."""
    with tempfile.TemporaryDirectory(prefix="agent-") as directory:
        for name, content in PROJECT.items():
            Path(directory, name).write_text(content)
        with (
            Sandbox.from_local(directory, preset="development", permissions=RULES) as sandbox,
            sandbox.session(env={"PYTHONDONTWRITEBYTECODE": "1"}) as session,
        ):
            loop(Script(), Tools(sandbox, session))
            print("\n== What it changed ==")
            print(sandbox.diff(), end="")
            for item in sandbox.commit(["price.py"]).applied:
                print(f"committed: {item.kind.value} {item.path}")
        print("\n== price.py ==")
        print(Path(directory, "price.py").read_text(), end="")


if __name__ == "__main__":
    main()
