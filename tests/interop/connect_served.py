"""Runs a command against a fresh `hushkey serve` that answers the Connect API: a Connect server with tokens, on loopback.

The command finds in its environment:
    CONNECT_URL          where the server is; with --prism, where prism stands before it and holds every message against
                         docs/connect-openapi.yaml
    CONNECT_TOKEN        a token to read and write the vault `Dev`; CONNECT_READER, CONNECT_WRITER: to do only one of both
    CONNECT_VAULT        the id of `Dev`; CONNECT_ELSEWHERE: of a vault that no token reaches
    CONNECT_ITEM         the id of an item in `Dev` that has the file CONNECT_FILE (its text)

Usage: connect_served.py [--prism PRISM] HUSHKEY COMMAND [ARG…]
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

FILE_TEXT = "what only the file knows: 7d1f3c"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until_it_answers(url: str, process: subprocess.Popen) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            opener.open(f"{url}/heartbeat", timeout=2).read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


def main() -> int:
    words = sys.argv[1:]
    prism = None
    if words[0] == "--prism":
        prism, words = words[1], words[2:]
    program, *command = words
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory, "home")

        def hushkey(*arguments: str) -> str:
            run = [program, "--home", home, *arguments]
            return subprocess.run(run, check=True, capture_output=True, text=True, cwd=directory).stdout.strip()

        hushkey("init")
        hushkey("vault", "create", "Elsewhere")
        vaults = {vault["name"]: vault["id"] for vault in json.loads(hushkey("--json", "vault", "list"))}
        path = Path(directory, "note.txt")
        path.write_text(FILE_TEXT)
        hushkey("item", "create", "--vault", "Dev", "--title", "With a file", "password=behind-the-file")
        item = json.loads(hushkey("--json", "file", "attach", "With a file", str(path), "--vault", "Dev"))["id"]
        hushkey("connect", "server", "create", "web", "--vaults", "Dev")
        tokens = {
            name: hushkey("connect", "token", "create", name, "--server", "web", "--vault", f"Dev,{access}")
            for name, access in (("both", "rw"), ("reader", "r"), ("writer", "w"))
        }
        serving = [program, "--home", home, "--json", "serve", "--listen", "127.0.0.1:0", "--no-mcp"]
        server = subprocess.Popen(serving, stdout=subprocess.PIPE, text=True)
        between = None
        try:
            [told] = json.loads(server.stdout.readline())["listening"]
            url = told.removesuffix("/").removesuffix("/v1").removesuffix("/mcp")
            if prism:
                port = free_port()
                # Where there is an answer to bad requests, prism lets them pass and leaves them to the server.
                lines = (Path(__file__).parents[2] / "docs" / "connect-openapi.yaml").read_text().splitlines()
                described = Path(directory, "description.yaml")
                described.write_text("\n".join(line for line in lines if not line.lstrip().startswith("'400':")))
                between = subprocess.Popen(
                    [prism, "proxy", "--errors", "--port", str(port), str(described), url],
                    stdout=subprocess.DEVNULL,
                )
                url = f"http://127.0.0.1:{port}"
                until_it_answers(url, between)
            environment = os.environ | {
                "CONNECT_URL": url,
                "CONNECT_TOKEN": tokens["both"],
                "CONNECT_READER": tokens["reader"],
                "CONNECT_WRITER": tokens["writer"],
                "CONNECT_VAULT": vaults["Dev"],
                "CONNECT_ELSEWHERE": vaults["Elsewhere"],
                "CONNECT_ITEM": item,
                "CONNECT_FILE": FILE_TEXT,
                # A server on this machine is reached without a proxy.
                "NO_PROXY": "127.0.0.1,localhost",
                "no_proxy": "127.0.0.1,localhost",
            }
            return subprocess.run(command, env=environment).returncode
        finally:
            for process in (between, server):
                if process:
                    process.terminate()
                    process.wait()


sys.exit(main())
