#!/usr/bin/env python3
"""Writes down which functions a short start needs, for build.rs to have them put side by side.

    packaging/link_order.py target/release/hushkey > packaging/link_order.txt

The kernel maps 64 KiB around each page of the program that is touched. Scattered over the whole text, what a start
needs touches a window each; side by side it touches few. Valgrind (callgrind) tells what is called; nm, how large it is.
A name is written without its hash, so that the list outlives compilers and versions. Where it then also means functions that
no start calls, these come along, unless they are larger than the window that is saved.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Bytes of strangers that are put up with to save one window.
WINDOW = 64_000
HASH = re.compile(r"17h[0-9a-f]{16}E.*$")
CRATE = re.compile(r"Cs[0-9a-zA-Z]+_")
VARIANT = re.compile(r"\.(constprop|isra|part|cold|llvm)\..*$")

CALLS = [
    ("tools/list", {}),
    ("tools/call", {"name": "list_vaults", "arguments": {}}),
    ("tools/call", {"name": "list_items", "arguments": {"vault": "Dev"}}),
    ("tools/call", {"name": "get_item", "arguments": {"vault": "Dev", "item": "One"}}),
    (
        "tools/call",
        {
            "name": "run_command",
            "arguments": {"command": ["/usr/bin/true"], "env": {"ONE": "op://Dev/One/password"}},
        },
    ),
]


def pattern(symbol):
    """A symbol without what a compiler or a version adds."""
    return CRATE.sub("Cs*_", HASH.sub("17h*", VARIANT.sub("", symbol)))


def messages(calls):
    """What a client says: the opening, then the calls."""
    opening = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "order", "version": "1"},
    }
    said = [{"id": 0, "method": "initialize", "params": opening}]
    if calls:
        said.append({"method": "notifications/initialized"})
    said += [{"id": i + 1, "method": m, "params": p} for i, (m, p) in enumerate(calls)]
    return [json.dumps({"jsonrpc": "2.0", **one}) + "\n" for one in said]


class Recorder:
    def __init__(self, program, home):
        self.program, self.home = program, home
        self.environment = {"HUSHKEY_HOME": str(home), "PATH": os.environ["PATH"]}

    def plain(self, *arguments):
        subprocess.run(
            [self.program, *arguments], env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def called(self, arguments, said=()):
        """The symbols that one run calls. A client waits for each answer before it goes on."""
        out = self.home / "calls"
        command = ["valgrind", "-q", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}"]
        child = subprocess.Popen(
            [*command, self.program, *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in said:
            child.stdin.write(line)
            child.stdin.flush()
            if '"id"' in line and not child.stdout.readline():
                sys.exit(f"{arguments}: no answer to {line}")
        child.stdin.close()
        child.stdout.read()
        if child.wait() != 0:
            sys.exit(f"{arguments}: {child.returncode}")
        found = re.findall(r"^c?fn=\(\d+\) ([^\s']+)", out.read_text(), re.MULTILINE)
        return set(found)


def main(program):
    sizes = {}
    for line in subprocess.run(["nm", "-S", program], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tT":
            sizes[words[3]] = int(words[1], 16)
    total = collections.Counter()
    for symbol, size in sizes.items():
        total[pattern(symbol)] += size

    with tempfile.TemporaryDirectory() as home:
        recorder = Recorder(program, pathlib.Path(home))
        recorder.plain("init")
        recorder.plain("item", "create", "--vault", "Dev", "--title", "One", "--generate-password")
        serve = recorder.called(["mcp"], messages([]))
        run = recorder.called(["run", "--env", "ONE=op://Dev/One/password", "--", "true"])
        run |= recorder.called(["read", "op://Dev/One/password"])
        later = recorder.called(["mcp"], messages(CALLS))

    groups = [
        ("every start", serve & run),
        ("the first answer of `mcp`", serve - run),
        ("`run` and `read`", run - serve),
        ("later calls", later - serve - run),
    ]
    print("# Made by packaging/link_order.py; see there. Functions that lie side by side in the program.")
    written = set()
    for title, symbols in groups:
        called, count = collections.Counter(), collections.Counter()
        for symbol in symbols & sizes.keys():
            called[pattern(symbol)] += sizes[symbol]
            count[pattern(symbol)] += 1
        chosen = sorted(
            name for name in called if name not in written and total[name] - called[name] <= WINDOW * count[name]
        )
        written.update(chosen)
        print(f"\n# {title}", *chosen, sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]))
