"""What Prometheus's own tool makes of the metrics, of the alert rules, and of what the dashboard asks."""

import json
import re
import shutil
import subprocess

import pytest

from stack import REPOSITORY
from test_metrics import text, with_metrics

PROMTOOL = shutil.which("promtool") or REPOSITORY / "build/unpacked/usr/bin/promtool"


@pytest.fixture
def s(new_stack):
    def change(config):
        with_metrics(config)
        config["metrics"] = {"per_environment": True}
    return new_stack(change)


def promtool(*arguments, text=None):
    return subprocess.run([PROMTOOL, *arguments], input=text, capture_output=True, text=True, timeout=60)


def test_prometheus_reads_it(s):
    s.launch("shop")
    s.env("shop")
    r = promtool("check", "metrics", text=text(s))
    assert (r.returncode, r.stdout, r.stderr) == (0, "", ""), r


def test_every_metric_is_explained(s):
    shown = set(re.findall(r"^# TYPE (mirage_\w+) ", text(s), re.M))
    explained = set(re.findall(r"`(mirage_\w+)`", (REPOSITORY / "docs/METRICS.md").read_text()))
    assert shown == explained
    for path in ("deploy/prometheus/alerts.yml", "deploy/grafana/dashboard.json"):
        used = set(re.findall(r"\b(mirage_[a-z_]+?)(?:_bucket|_count|_sum)?\b(?=[{\[\s)\\]|$)", (REPOSITORY / path).read_text()))
        assert used and used <= shown, (path, used - shown)


def test_alert_rules(folder):
    rules, tests = REPOSITORY / "deploy/prometheus/alerts.yml", REPOSITORY / "deploy/prometheus/alerts_test.yml"
    assert promtool("check", "rules", rules).returncode == 0
    r = promtool("test", "rules", tests)
    assert r.returncode == 0 and "SUCCESS" in r.stdout, r.stdout + r.stderr
    names = re.findall(r"alert: (\w+)", rules.read_text())
    assert set(names) == set(re.findall(r"alertname: (\w+)", tests.read_text())), "each is tested"
    (folder / "alerts.yml").write_text(rules.read_text().replace("> 120", "> 100000"))
    (folder / "alerts_test.yml").write_text(tests.read_text())
    assert promtool("test", "rules", folder / "alerts_test.yml").returncode == 1, "a rule that is wrong is found"


def test_the_dashboard():
    board = json.loads((REPOSITORY / "deploy/grafana/dashboard.json").read_text())
    expressions = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    assert len(expressions) > 20
    for e in expressions:
        plain = e.replace("$__rate_interval", "5m").replace("$instance", ".*")
        rules = {"groups": [{"name": "x", "rules": [{"record": "x", "expr": plain}]}]}
        r = promtool("check", "rules", "/dev/stdin", text=json.dumps(rules))
        assert r.returncode == 0, (e, r.stdout + r.stderr)
