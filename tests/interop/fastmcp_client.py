"""Drives the real binary with FastMCP's client: over stdio, or over HTTP if served.py has started a server.

list -> create with `generate` -> get -> run -> a refusal. The program that is run receives the generated value; nothing that
the client received holds it.

Usage: fastmcp_client.py HUSHKEY     or     served.py HUSHKEY fastmcp_client.py
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError


async def drive(client: Client, work: Path, place: str) -> None:
    told = []

    async def call(tool: str, arguments: dict) -> dict:
        result = await client.call_tool(tool, arguments)
        text = "".join(block.text for block in result.content)
        told.append(text + json.dumps(result.structured_content))
        assert json.loads(text) == result.structured_content, f"{tool}: text and structure differ"
        return result.structured_content

    async with client:
        assert "run_command" in {tool.name for tool in await client.list_tools()}
        vaults = await call("list_vaults", {})
        assert [vault["name"] for vault in vaults["vaults"]] == ["Dev"], vaults
        title = f"Orders {place}"
        password = {"label": "password", "purpose": "PASSWORD", "generate": {"length": 24}}
        created = await call("create_item", {"vault": "Dev", "title": title, "fields": [password]})
        assert created == await call("get_item", {"item": title})
        reference = next(field["reference"] for field in created["fields"] if field["concealed"])
        ran = await call(
            "run_command",
            {
                "command": ["sh", "-c", 'printf %s "$PASSWORD" >received; echo "it is $PASSWORD"'],
                "env": {"PASSWORD": reference},
                "cwd": str(work),
                "reason": "interoperability",
            },
        )
        assert ran["stdout"] == f"it is <concealed:{reference}>\n", ran
        try:
            await client.call_tool("get_item", {"item": "canary"})
            raise AssertionError("what is not there was found")
        except ToolError as error:
            told.append(str(error))
        assert any(prompt.name == "run_with_secrets" for prompt in await client.list_prompts())
        assert "Dev" in (await client.read_resource("hushkey://vaults"))[0].text

    received = (work / "received").read_text()
    assert len(received) == 24, "the program did not receive the value"
    assert not any(received in text for text in told), "an answer holds the value"
    print(f"ok: FastMCP {place}")


def main() -> None:
    if "HUSHKEY_URL" in os.environ:
        headers = {"Authorization": f"Bearer {os.environ['HUSHKEY_TOKEN']}"}
        transport = StreamableHttpTransport(os.environ["HUSHKEY_URL"], headers=headers)
        asyncio.run(drive(Client(transport), Path(os.environ["HUSHKEY_WORK"]), "over HTTP"))
        return
    [program] = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        home, work = Path(directory, "home"), Path(directory, "work")
        work.mkdir()
        transport = StdioTransport(command=program, args=["--home", str(home), "mcp"], cwd=str(work))
        asyncio.run(drive(Client(transport), work, "over stdio"))


main()
