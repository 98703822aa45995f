"""Drives the real binary over stdio with the independent Python client, in both eras.

list -> get -> create with `generate` -> run, once with `initialize` and once with `server/discover`.
The program that is run receives the generated value; nothing that the client received holds it.

Usage: python_client.py HUSHKEY
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

TOOLS = {
    "attach_file",
    "check_references",
    "create_item",
    "delete_item",
    "get_item",
    "inject_template",
    "list_activity",
    "list_items",
    "list_vaults",
    "read_command",
    "request_access",
    "run_command",
    "save_file",
    "start_command",
    "stop_command",
    "update_item",
}


class Transcript:
    """Everything that tools answered, to be searched for the value at the end."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.text = ""

    async def call(self, tool: str, arguments: dict) -> dict:
        result = await self.client.call_tool(tool, arguments)
        told = "".join(block.text for block in result.content)
        self.text += told + json.dumps(result.structured_content)
        assert not result.is_error, f"{tool}: {told}"
        assert json.loads(told) == result.structured_content, f"{tool}: text and structure differ"
        return result.structured_content


async def session(hushkey: str, mode: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        home, work = Path(directory, "home"), Path(directory, "work")
        work.mkdir()
        server = StdioServerParameters(
            command=hushkey,
            args=["--home", str(home), "mcp"],
            cwd=work,
        )
        async with Client(stdio_client(server), mode=mode) as client:
            await drive(client, work, mode)


async def drive(client: Client, work: Path, mode: str) -> None:
    transcript = Transcript(client)
    listed = await client.list_tools()
    assert {tool.name for tool in listed.tools} == TOOLS, listed

    vaults = await transcript.call("list_vaults", {})
    assert [vault["name"] for vault in vaults["vaults"]] == ["Dev"], vaults
    assert await transcript.call("list_items", {"vault": "Dev"}) == {"items": []}

    created = await transcript.call(
        "create_item",
        {
            "vault": "Dev",
            "title": "Orders",
            "fields": [
                {"label": "username", "text": "orders"},
                {"label": "password", "purpose": "PASSWORD", "generate": {"length": 24}},
            ],
        },
    )
    read = await transcript.call("get_item", {"item": "Orders"})
    assert read == created, (read, created)
    reference = next(field["reference"] for field in read["fields"] if field["concealed"])

    ran = await transcript.call(
        "run_command",
        {
            "command": ["sh", "-c", 'printf %s "$PASSWORD" >received; echo "it is $PASSWORD"'],
            "env": {"PASSWORD": reference},
            "reason": "interoperability",
        },
    )
    received = (work / "received").read_text()
    assert len(received) == 24, "the program did not receive the value"
    assert ran["ok"] and ran["stdout"] == f"it is <concealed:{reference}>\n", ran
    assert ran["concealed"] == {reference: 1}, ran

    wrong = await client.call_tool("get_item", {"item": 7})
    assert wrong.is_error and "argument `item` must be a string" in wrong.content[0].text, wrong

    prompts = await client.list_prompts()
    assert any(prompt.name == "run_with_secrets" for prompt in prompts.prompts), prompts
    vaults = await client.read_resource("hushkey://vaults")
    assert "Dev" in vaults.contents[0].text, vaults

    assert received not in transcript.text, "an answer holds the value"
    print(f"ok: Python mcp, {mode}: protocol {client.protocol_version}")


def main() -> None:
    [hushkey] = sys.argv[1:]
    for mode in ["legacy", "auto", "2026-07-28"]:
        asyncio.run(session(hushkey, mode))


main()
