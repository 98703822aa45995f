"""Runs a command against a fresh `hushkey serve`: a home, an agent with a token, a server on loopback.

The command finds HUSHKEY_URL, HUSHKEY_TOKEN and HUSHKEY_WORK (where the agent's programs may start) in its environment.
With --proxy, HUSHKEY_URL is that of a small proxy that adds the token to each request: for clients that can't.

Usage: served.py [--proxy] HUSHKEY COMMAND [ARG…]
"""

import http.client
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit


def hushkey(home: Path, program: str, *words: str) -> str:
    ran = subprocess.run([program, "--home", home, *words], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def proxy(url: str, token: str) -> str:
    """A proxy of one server on one machine: it passes on what it gets, with the token, piece by piece."""
    place = urlsplit(url)

    class Adding(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            # The suite speaks to this port; names that are foreign stay as they are.
            own = f":{self.server.server_port}"
            for name in list(headers):
                if name.lower() in ("host", "origin"):
                    headers[name] = headers[name].replace(own, f":{place.port}")
            headers["Authorization"] = f"Bearer {token}"
            upstream = http.client.HTTPConnection(place.hostname, place.port)
            upstream.request(self.command, place.path, body, headers)
            answer = upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while piece := answer.read1(65536):
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    break
            upstream.close()
            self.close_connection = True

        do_GET = do_POST = do_DELETE = do_PUT = pass_on

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Adding)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/mcp"


def main() -> int:
    words = sys.argv[1:]
    proxied = words[0] == "--proxy"
    program, *command = words[1:] if proxied else words
    with tempfile.TemporaryDirectory() as directory:
        home, work = Path(directory, "home"), Path(directory, "work")
        work.mkdir()
        hushkey(home, program, "init")
        token = hushkey(home, program, "agent", "create", "interop", "--vault", "Dev=write")
        hushkey(home, program, "agent", "allow", "interop", "--command", "**", "--secrets", "op://Dev/**")
        policy = home / "policy.toml"
        text = policy.read_text()
        own = "[agents.interop]\n"
        assert own in text, text
        policy.write_text(text.replace(own, f'{own}roots = ["{work}"]\n'))
        serving = [program, "--home", home, "--json", "serve", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(serving, stdout=subprocess.PIPE, text=True)
        try:
            [url] = json.loads(server.stdout.readline())["listening"]
            address = proxy(url, token) if proxied else url
            environment = os.environ | {
                "HUSHKEY_URL": address,
                "HUSHKEY_TOKEN": token,
                "HUSHKEY_WORK": str(work),
                # A server on this machine is reached without a proxy.
                "NO_PROXY": "127.0.0.1,localhost",
                "no_proxy": "127.0.0.1,localhost",
            }
            return subprocess.run(command, env=environment).returncode
        finally:
            server.terminate()
            server.wait()


sys.exit(main())
