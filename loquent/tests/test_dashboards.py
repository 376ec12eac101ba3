"""The dashboard and the alerts ask for metrics and labels that there are."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from loquent.tests.metric_names import in_registry, samples

DEPLOY = Path(settings.BASE_DIR) / "deploy"
OWN_LABELS = {"le", "job", "instance"}


def alerts() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    text = (DEPLOY / "grafana" / "loquent.json").read_text("utf-8")
    return [panel for panel in json.loads(text)["panels"] if panel["type"] != "row"]


def queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])


def test_queried_metrics_exist_and_every_metric_is_shown() -> None:
    asked = {name for query in queries() for name in re.findall(r"\bloquent_\w+", query)}
    assert asked - samples() == set()
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert in_registry().keys() - shown == set()


def test_queried_labels_exist() -> None:
    known = {label for _, labels in in_registry().values() for label in labels} | OWN_LABELS
    for query in queries():
        grouped = re.findall(r"\bby \(([^)]*)\)", query)
        chosen = re.findall(r"[{,]\s*(\w+)=~?\"", query)
        assert {name.strip() for names in grouped for name in names.split(",")} <= known, query
        assert set(chosen) <= known, query


def test_legend_uses_only_labels_of_its_query() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            kept = {
                name.strip()
                for names in re.findall(r"\bby \(([^)]*)\)", target["expr"])
                for name in names.split(",")
            }
            assert named <= kept, panel["title"]


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_alert_has_an_action() -> None:
    for rule in alerts():
        assert rule["annotations"].keys() == {"summary", "action"}
        assert rule["labels"]["severity"] in {"page", "warn", "info"}


@pytest.mark.server
def test_prometheus_accepts_the_rules(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch()
    for name in ("prometheus.yml", "alerts.yml"):
        text = (DEPLOY / "prometheus" / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/etc/prometheus/loquent-token", str(token)))
    done = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


@pytest.mark.server
def test_prometheus_accepts_the_dashboard_queries(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": re.sub(r"\$__rate_interval", "5m", query)}
        for number, query in enumerate(queries())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    done = subprocess.run(
        ["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
