#!/usr/bin/env python3
"""What the suite costs beside the tools that users would pick instead: same work, same run, taking turns.

    python3 src/bench/compare/compare.py [start] [virtual] [real] [codecs] [instructions] [recordings]

Everything unless something is named. Prints the ratio of every goal as least, median and greatest of the pairs, and ends with 1 where one is
missed. `HARNESS` names the program to measure (default: the release build, built first); `PAIRS` how many pairs (7), `CALLS` how many
one-call SIPp runs stand for a full run (30, scaled to as many as there are test cases). SIPp, tshark and tcpdump come from the system;
behave and cucumber-js are installed below `target/compare` where the path has none. A tool that is not there is told, not counted.
"""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = ROOT / "target/compare"
PAIRS = int(os.environ.get("PAIRS", "7"))
CALLS = int(os.environ.get("CALLS", "30"))
SCENARIO = "TC-ADR-03-01"
missed = []


def cost(command, folder=None):
    """Wall and processor seconds of one command."""
    began = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def spread(values):
    return f"{min(values):.3f} / {statistics.median(values):.3f} / {max(values):.3f}"


def tell(what, ratios, goal, of="wall"):
    word = "met" if statistics.median(ratios) <= goal else "MISSED"
    if word == "MISSED":
        missed.append(what)
    print(f"{what}: {of} ratio {spread(ratios)}, goal {goal:.3g}: {word}", flush=True)


def beside(what, ours, theirs, goal, folder=None):
    """Both take turns; the ratios of wall times are judged, processor times told."""
    cost(ours), cost(theirs, folder)
    pairs = [(cost(ours), cost(theirs, folder)) for _ in range(PAIRS)]
    (own, other) = ([p[0][0] for p in pairs], [p[1][0] for p in pairs])
    print(f"{what}: ours {spread(own)} s, theirs {spread(other)} s", flush=True)
    cpu = [p[0][1] / max(p[1][1], 1e-6) for p in pairs]
    print(f"{what}: processor time ratio {spread(cpu)}", flush=True)
    tell(what, [a / b for a, b in zip(own, other)], goal)
    return other


def harness():
    named = os.environ.get("HARNESS")
    if named:
        return named
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release/ims-conformance")


def run(*more):
    return [harness_path, "run", "--quiet", "--out", str(WORK / "run"), *more]


class Sipp:
    """A UAS that stays, and calls of one process each. The port lies below those that the system gives to others."""

    def __enter__(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            self.port = next(port for port in range(21060, 21999) if not probe.connect_ex(("127.0.0.1", port)) and free(port))
        uas = ["sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", str(self.port), "-nostdin"]
        self.uas = subprocess.Popen(uas, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while free(self.port) and time.monotonic() < deadline:
            time.sleep(0.05)
        return ["sipp", "-sn", "uac", f"127.0.0.1:{self.port}", "-i", "127.0.0.1", "-m", "1", "-d", "0", "-nostdin"]

    def __exit__(self, *_):
        self.uas.kill()
        self.uas.wait()


def free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def there(name):
    if shutil.which(name):
        return True
    print(f"{name} is not here: not compared", flush=True)
    return False


def installed(name, *install):
    """A tool of the path, or one below `target/compare`."""
    if shutil.which(name):
        return shutil.which(name)
    for place in (WORK / "venv/bin" / name, WORK / "node_modules/.bin" / name):
        if place.exists():
            return str(place)
    for command in install:
        subprocess.run(command, cwd=WORK, check=False, stdout=subprocess.DEVNULL)
    found = [p for p in (WORK / "venv/bin" / name, WORK / "node_modules/.bin" / name) if p.exists()]
    if not found:
        print(f"{name} is not here and was not installed: not compared", flush=True)
    return str(found[0]) if found else None


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


FEATURE = "Feature: one\n  Scenario: one\n    Given a user\n    When she writes\n    Then it arrives\n"


def start():
    """One scenario from a cold process, beside one SIPp call and beside a scenario that does nothing in behave and cucumber-js."""
    one = run("--clock", "virtual", SCENARIO)
    if there("sipp"):
        with Sipp() as call:
            beside("one scenario, cold, beside one SIPp call", one, call, 0.15)
    behave = installed("behave", ["python3", "-m", "venv", "venv"], ["venv/bin/pip", "install", "--quiet", "behave"])
    if behave:
        folder = WORK / "behave"
        write(folder / "features/one.feature", FEATURE)
        steps = "from behave import given, when, then\n"
        for word, text in (("given", "a user"), ("when", "she writes"), ("then", "it arrives")):
            steps += f"@{word}('{text}')\ndef step(context):\n    pass\n"
        write(folder / "features/steps/one.py", steps)
        beside("one scenario, cold, beside behave", one, [behave, "-f", "null", "-q"], 0.1, folder)
    cucumber = installed("cucumber-js", ["npm", "install", "--silent", "--no-audit", "--no-fund", "@cucumber/cucumber"])
    if cucumber:
        folder = WORK / "cucumber"
        write(folder / "features/one.feature", FEATURE)
        steps = "const { Given, When, Then } = require('@cucumber/cucumber');\n"
        steps += "Given('a user', () => {});\nWhen('she writes', () => {});\nThen('it arrives', () => {});\n"
        write(folder / "features/one.js", steps)
        if not (folder / "node_modules").exists() and (WORK / "node_modules").exists():
            (folder / "node_modules").symlink_to(WORK / "node_modules")
        beside("one scenario, cold, beside cucumber-js", one, [cucumber], 0.1, folder)


def record():
    import json

    return json.loads((WORK / "run/run.json").read_text())


def virtual():
    """Everything on the clock that jumps, beside as many SIPp runs of one call, one after the other."""
    if not there("sipp"):
        return
    ratios = []
    with Sipp() as call:
        for _ in range(min(PAIRS, 3)):
            ours, _ = cost(run("--clock", "virtual"))
            cases = len(record()["cases"])
            theirs = sum(cost(call)[0] for _ in range(CALLS)) * cases / CALLS
            print(f"{cases} test cases: ours {ours:.1f} s, as many SIPp runs {theirs:.1f} s", flush=True)
            ratios.append(ours / theirs)
    tell("full run on the virtual clock beside SIPp", ratios, 1 / 30)


def real():
    """Everything on the real clock, beside its own longest test case."""
    ratios = []
    for _ in range(min(PAIRS, 3)):
        ours, _ = cost(run("--jobs", "256"))
        longest = max(case.get("duration_ms") or 0 for case in record()["cases"]) / 1000
        print(f"full run {ours:.1f} s, its longest test case {longest:.1f} s", flush=True)
        ratios.append(ours / longest)
    tell("full run on the real clock beside its longest test case", ratios, 1.10)


def bench(*command):
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        missed.append(" ".join(command))


def codecs():
    """rsip, rsipstack and rusmpp in one process with ours."""
    bench("cargo", "bench", "--locked", "--manifest-path", "src/bench/codecs/Cargo.toml")


def instructions():
    """The same without noise: instructions as callgrind counts them."""
    if there("valgrind"):
        bench("python3", "src/bench/codecs/instructions.py")


def recordings():
    """tshark and tcpdump beside the intake of recordings."""
    if there("tshark") and there("tcpdump"):
        bench("cargo", "bench", "--locked", "--bench", "check")


ALL = [start, virtual, real, codecs, instructions, recordings]
wanted = sys.argv[1:] or [part.__name__ for part in ALL]
unknown = [name for name in wanted if name not in [part.__name__ for part in ALL]]
if unknown:
    sys.exit(f"no comparison {' '.join(unknown)}; there are: {' '.join(part.__name__ for part in ALL)}")
WORK.mkdir(parents=True, exist_ok=True)
harness_path = harness() if {"start", "virtual", "real"} & set(wanted) else ""
print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
for part in ALL:
    if part.__name__ in wanted:
        part()
for what in missed:
    print(f"MISSED: {what}", file=sys.stderr)
sys.exit(1 if missed else 0)
