"""What `make test` closes with: every skip with its reason, and one line of totals. The runs write down what became of
their tests in the file that MIRAGE_TOTALS names, a line of JSON each: pytest by this plugin (`-p totals`), `make unit` by

    tests/totals.py unit LABEL <what the unit tests said
    tests/totals.py show SECONDS        # prints, and fails where something failed or nothing ran
"""

import collections
import json
import os
import re
import sys
import time

BEGAN = time.monotonic()
FILE = "MIRAGE_TOTALS"
LABEL = "MIRAGE_TOTALS_LABEL"


def write_down(label, passed, failed, skips):
    """`skips`: (where, reason) of each."""
    skips = [(where, " ".join(reason.split())) for where, reason in skips]
    with open(os.environ[FILE], "a") as f:
        f.write(json.dumps({"run": label, "passed": passed, "failed": failed, "skips": skips,
                            "seconds": round(time.monotonic() - BEGAN)}) + "\n")


def pytest_terminal_summary(terminalreporter):
    if not os.environ.get(FILE) or hasattr(terminalreporter.config, "workerinput"):
        return  # a worker of xdist's reports to the process that sums up
    stats = terminalreporter.stats
    skips = [(report.nodeid.partition("::")[0] or str(report.longrepr[0]), str(report.longrepr[2]).removeprefix("Skipped: "))
             for report in stats.get("skipped", [])]
    write_down(os.environ.get(LABEL, "pytest"), len(stats.get("passed", [])),
               len(stats.get("failed", [])) + len(stats.get("error", [])), skips)


def unit(label, text):
    """cmocka's lines, up to what it repeats at each program's end; a skip has said why in the line before
    (tests/unit/skip.h). A program that died has said no end, and is in make's own list."""
    passed, failed, skips, why, ended = 0, 0, [], "it does not say why", set()
    running = True
    for line in text.splitlines():
        if line.startswith("[==========] "):
            running = line.startswith("[==========] Running")
        elif line.startswith("skipped: "):
            why = line.removeprefix("skipped: ")
        elif found := re.match(r"\[  SKIPPED \] (\S+)$", line) if running else None:
            skips.append((found[1], why))
            why = "it does not say why"
        elif found := re.match(r"\[  PASSED  \] (\d+) test", line):
            passed += int(found[1])
        elif found := re.match(r" *(\d+) FAILED TEST", line):
            failed += int(found[1])
        elif re.match(r"fuzz_\w+: \d+ texts$", line):
            passed += 1
        elif line.startswith("failed: "):
            ended = set(line.split()[1:])
    write_down(label, passed, max(failed, len(ended)), skips)


def show(seconds):
    runs = [json.loads(line) for line in open(os.environ[FILE])] if os.path.exists(os.environ[FILE]) else []
    skips = collections.defaultdict(collections.Counter)
    for run in runs:
        for where, reason in run["skips"]:
            skips[reason][f"{run['run']}: {where}"] += 1
    if skips:
        print("\nSkipped, and why:")
    for reason, places in sorted(skips.items()):
        print(f"{sum(places.values()):5} × {reason}")
        for place, n in sorted(places.items()):
            print(f"        {n} in {place}")
    if runs:
        print("\nMinutes:")
    for run in runs:
        print(f"{run['seconds'] / 60:7.1f}  {run['run']}: {run['passed']:,} passed, {run['failed']:,} failed")
    passed, failed = (sum(run[key] for run in runs) for key in ("passed", "failed"))
    n = sum(len(run["skips"]) for run in runs)
    print(f"\nmake test: {passed:,} passed, {failed:,} failed, {n:,} skipped, in {len(runs)} runs and "
          f"{seconds // 60} min {seconds % 60} s")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if sys.argv[1] == "unit":
        unit(sys.argv[2], sys.stdin.read())
    else:
        sys.exit(show(int(sys.argv[2])))
