"""Drives approvals with the Python package `mcp`, in both eras of the protocol, against a given binary.

A client that says yes gets its program run; one that says no, closes the dialogue, accepts without a word, or has no
dialogue at all gets nothing: nobody else is there to answer. Every case is looked up in the owner's log.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import ElicitResult

POLICY = """
path = ["/usr/bin", "/bin"]
[agents.default.vaults]
Dev = "write"
[[agents.default.commands]]
run = "touch *"
approve = "always"
[[agents.default.commands]]
run = "mkdir *"
approve = "always"
approve_by = "local"
"""

# What the person says, and whether the program runs.
ANSWERS = {
    "allows": (ElicitResult(action="accept", content={"answer": "allow"}), True),
    "denies": (ElicitResult(action="accept", content={"answer": "deny"}), False),
    "declines": (ElicitResult(action="decline"), False),
    "cancels": (ElicitResult(action="cancel"), False),
    "says nothing": (ElicitResult(action="accept", content={}), False),
    "has no dialogue": (None, False),
}


async def case(hushkey: str, mode: str, name: str) -> None:
    answer, runs = ANSWERS[name]
    with tempfile.TemporaryDirectory() as directory:
        home, work = Path(directory, "home"), Path(directory, "work")
        work.mkdir()
        subprocess.run([hushkey, "--home", str(home), "init"], check=True, capture_output=True)
        (home / "policy.toml").write_text(POLICY)
        (home / "config.toml").write_text("[agent]\napproval_seconds = 1\n")
        (home / "config.toml").chmod(0o600)
        shown = []

        async def person(context, question):
            shown.append(question.message)
            return answer

        server = StdioServerParameters(
            command=hushkey, args=["--home", str(home), "mcp"], cwd=work
        )
        callback = person if answer is not None else None
        async with Client(stdio_client(server), mode=mode, elicitation_callback=callback) as client:
            ran = await client.call_tool("run_command", {"command": ["touch", "ran"]})
            local = await client.call_tool("run_command", {"command": ["mkdir", "made"]})

        assert (work / "ran").exists() == runs, (name, ran)
        assert ran.is_error != runs, (name, ran)
        if not runs:
            assert ran.content[0].text.startswith("a person has not allowed it"), ran
        assert len(shown) == (answer is not None), shown
        assert all("wants to run: touch ran" in message for message in shown), shown
        assert local.is_error and not (work / "made").exists(), "a dialogue answered for a local word"
        log = subprocess.run(
            [hushkey, "--home", str(home), "log"], check=True, capture_output=True, text=True
        ).stdout
        assert log.count("waits for a person's leave") == 2, log
        assert ("(dialogue) allowed default running" in log) == runs, log


async def drive(hushkey: str, mode: str) -> None:
    for name in ANSWERS:
        await case(hushkey, mode, name)
    print(f"ok: Python mcp, {mode}: approvals")


def main() -> None:
    [hushkey] = sys.argv[1:]
    for mode in ["legacy", "2026-07-28"]:
        asyncio.run(drive(hushkey, mode))


main()
