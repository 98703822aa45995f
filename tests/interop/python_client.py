"""Drives the real binary with the independent Python client, in both eras: over stdio, or over HTTP if served.py has
started a server.

list -> get -> create with `generate` -> run, once with `initialize` and once with `server/discover`.
The program that is run receives the generated value; nothing that the client received holds it.

Usage: python_client.py HUSHKEY     or     served.py HUSHKEY python_client.py
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

TOOLS = {
    "attach_file",
    "check_references",
    "create_environment",
    "create_item",
    "delete_item",
    "get_item",
    "inject_template",
    "list_activity",
    "list_environments",
    "list_items",
    "list_variables",
    "list_vaults",
    "read_command",
    "rename_environment",
    "request_access",
    "run_command",
    "save_file",
    "set_variables",
    "start_command",
    "stop_command",
    "update_item",
}


# What the agent has no right for is not listed.
UNGRANTED = {
    "create_environment",
    "delete_item",
    "inject_template",
    "list_environments",
    "list_variables",
    "rename_environment",
    "save_file",
    "set_variables",
}

# Started programs live with one process, and over HTTP the next request may go to another.
HANDLES = {"read_command", "start_command", "stop_command"}


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


async def served(mode: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['HUSHKEY_TOKEN']}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(os.environ["HUSHKEY_URL"], http_client=http)
        async with Client(transport, mode=mode) as client:
            await drive(client, Path(os.environ["HUSHKEY_WORK"]), f"{mode} over HTTP", over_http=True)


async def drive(client: Client, work: Path, mode: str, over_http: bool = False) -> None:
    transcript = Transcript(client)
    listed = {tool.name for tool in (await client.list_tools()).tools}
    assert listed == TOOLS - UNGRANTED - (HANDLES if over_http else set()), listed

    vaults = await transcript.call("list_vaults", {})
    assert [vault["name"] for vault in vaults["vaults"]] == ["Dev"], vaults
    title = f"Orders {mode}"
    assert await transcript.call("list_items", {"vault": "Dev", "query": title}) == {"items": []}

    created = await transcript.call(
        "create_item",
        {
            "vault": "Dev",
            "title": title,
            "fields": [
                {"label": "username", "text": "orders"},
                {"label": "password", "purpose": "PASSWORD", "generate": {"length": 24}},
            ],
        },
    )
    read = await transcript.call("get_item", {"item": title})
    assert read == created, (read, created)
    reference = next(field["reference"] for field in read["fields"] if field["concealed"])

    ran = await transcript.call(
        "run_command",
        {
            "command": ["sh", "-c", 'printf %s "$PASSWORD" >received; echo "it is $PASSWORD"'],
            "env": {"PASSWORD": reference},
            "cwd": str(work),
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
    for mode in ["legacy", "auto", "2026-07-28"]:
        if "HUSHKEY_URL" in os.environ:
            asyncio.run(served(mode))
        else:
            [hushkey] = sys.argv[1:]
            asyncio.run(session(hushkey, mode))


main()
