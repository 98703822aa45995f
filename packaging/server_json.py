"""Makes the server.json of one release for the MCP registry: whose repository it is, and each bundle with its digest.

Usage: server_json.py OWNER/REPOSITORY BUNDLE… > server.json

The registry takes bundles of GitHub releases; their names have to say `mcp`, which `.mcpb` does.
"""

import hashlib
import json
import sys
from pathlib import Path


def main() -> None:
    repository, *bundles = sys.argv[1:]
    if not bundles or repository.count("/") != 1:
        sys.exit(__doc__)
    owner = repository.split("/")[0]
    server = json.loads(Path(__file__).with_name("server.json").read_text(encoding="utf-8"))
    server["name"] = server["name"].replace("OWNER", owner)
    server["repository"]["url"] = f"https://github.com/{repository}"
    version = server["version"]
    for bundle in map(Path, sorted(bundles)):
        server["packages"].append(
            {
                "registryType": "mcpb",
                "identifier": f"https://github.com/{repository}/releases/download/v{version}/{bundle.name}",
                "version": version,
                "fileSha256": hashlib.sha256(bundle.read_bytes()).hexdigest(),
                "transport": {"type": "stdio"},
            }
        )
    json.dump(server, sys.stdout, indent=2)
    print()


main()
