"""`make bench` works: nothing else runs what it measures with. The figures themselves do not count here."""

import json
import os
import subprocess

import pytest

from stack import BUILD, ON_ECS, REPOSITORY, SANITIZED, WEB

pytestmark = pytest.mark.skipif(SANITIZED or ON_ECS or WEB != "lighttpd", reason="nothing is measured")


def test_bench(folder):
    listed = subprocess.run([BUILD / "bench/bench_list"], capture_output=True, text=True, timeout=300)
    assert listed.returncode == 0 and "ms CPU" in listed.stdout, listed
    results = folder / "results.json"
    r = subprocess.run([REPOSITORY / "tests/bench/run", "--only", "patterns", "--only", "api_list", "--rounds", "1",
                        "--seconds", "1", "--results", results], env={**os.environ, "MIRAGE_BUILD": str(BUILD)},
                       capture_output=True, text=True, timeout=300)
    assert r.returncode == 0, r
    assert len(json.loads(results.read_text())["rows"]) == 3
