#!/usr/bin/env python3
"""Instructions per message of every codec, as callgrind counts them: the same on every machine with the same compiler, whatever else runs.

    python3 src/bench/codecs/instructions.py [--accept]

Compares with `instructions.json`, which is reviewed like code; more than 3 % above it ends with 1. `--accept` writes it anew. Also prints our
counts beside those of the peers. It needs an optimised build with the peers' crates, minutes that continuous integration has not.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
KNOWN = HERE / "instructions.json"
ABOVE = 1.03
READERS = ["sip", "sip-rsipstack", "sip-rsip", "smpp", "smpp-rusmpp", "smpp-owned", "smpp-rusmpp-owned", "msrp", "tpdu"]
GOALS = [("sip", "sip-rsipstack", 0.6), ("sip", "sip-rsip", 0.2), ("smpp", "smpp-rusmpp", 0.75), ("smpp-owned", "smpp-rusmpp-owned", 0.75)]


def program():
    build = ["cargo", "bench", "--locked", "--no-run", "--message-format", "json", "--manifest-path", str(HERE / "Cargo.toml")]
    told = subprocess.run(build, stdout=subprocess.PIPE, check=True, text=True).stdout
    made = [json.loads(line).get("executable") for line in told.splitlines()]
    return [path for path in made if path][-1]


def count(path, reader, turns):
    """All instructions of the process, and how many messages a turn reads."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", path, "--turns", reader, str(turns)]
    done = subprocess.run(command, check=True, text=True, capture_output=True)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    return int(collected.group(1)), int(done.stdout.split()[-1])


def main():
    path, found = program(), {}
    for reader in READERS:
        once, messages = count(path, reader, 1)
        thrice, _ = count(path, reader, 3)
        found[reader] = round((thrice - once) / 2 / messages)
        print(f"{reader:<20} {found[reader]:>8} instructions per message of {messages}", flush=True)
    for ours, theirs, goal in GOALS:
        ratio = found[ours] / found[theirs]
        print(f"{ours} beside {theirs}: {ratio:.2f}, goal {goal} {'met' if ratio <= goal else 'MISSED'}")
    own = {reader: value for reader, value in found.items() if reader in ("sip", "smpp", "smpp-owned", "msrp", "tpdu")}
    if "--accept" in sys.argv:
        KNOWN.write_text(json.dumps(own, indent=2) + "\n")
        return 0
    if not KNOWN.exists():
        print(f"nothing is accepted yet: --accept writes {KNOWN.name}", file=sys.stderr)
        return 1
    known = json.loads(KNOWN.read_text())
    worse = [reader for reader, value in own.items() if value > known[reader] * ABOVE]
    for reader in worse:
        print(f"{reader}: {own[reader]} instructions, {known[reader]} accepted", file=sys.stderr)
    return 1 if worse else 0


sys.exit(main())
