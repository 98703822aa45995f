"""Checks a finished server.json: what the registry demands of it, and that it names the bundle that was built.

Usage: server_json.py SERVER_JSON BUNDLE

The schema is the registry's, not ours, so no copy of it lies here: where it can be fetched and the package `jsonschema` is there,
it is used as well; else that is said.
"""

import hashlib
import json
import re
import sys
import urllib.request
from pathlib import Path


def main() -> None:
    path, bundle = map(Path, sys.argv[1:])
    server = json.loads(path.read_text(encoding="utf-8"))
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", server["name"]), server["name"]
    assert 1 <= len(server["description"]) <= 100, server["description"]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", server["version"]), server["version"]
    assert server["repository"].keys() >= {"url", "source"}
    assert "OWNER" not in path.read_text(encoding="utf-8")
    [package] = server["packages"]
    assert package["registryType"] == "mcpb" and package["transport"] == {"type": "stdio"}
    assert package["version"] == server["version"]
    assert package["identifier"].startswith("https://github.com/") and package["identifier"].endswith(bundle.name)
    assert package["fileSha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    print("ok: server.json has what the registry demands")
    try:
        import jsonschema

        with urllib.request.urlopen(server["$schema"], timeout=20) as answer:
            schema = json.load(answer)
    except (ImportError, OSError) as error:
        print(f"SKIPPED: server.json against the registry's own schema: {type(error).__name__}")
        return
    jsonschema.validate(server, schema)
    print("ok: server.json is as the registry's schema has it")


main()
