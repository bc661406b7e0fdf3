"""Profiles: the shipped one, one of your own, and what is wrong with the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.telemetry.shipped import CHANGES, INCIDENTS, LOGS, METRICS
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.telemetry.profiles import Discovered, Metrics, Signal, load_profile, shipped_profiles

SHIPPED = load_profile("spiketrace")

Edit = Callable[[dict[str, Any]], object]


def written(folder: Path, edit: Edit) -> Path:
    """The shipped profile with one thing changed."""
    content = SHIPPED.model_dump()
    edit(content)
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def refusal(name: str | Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_profile(str(name))
    return refused.value.reason


def test_the_default_profile_is_shipped() -> None:
    assert load_profile(Settings().profile) == SHIPPED


def test_the_shipped_profile_reads_the_four_indices() -> None:
    indices = (METRICS.index, LOGS.index, CHANGES.index, INCIDENTS.index)
    assert indices == (
        "spiketrace-carbon-metrics-*",
        "spiketrace-logs-*",
        "spiketrace-deployments-*",
        "spiketrace-incidents",
    )


def test_the_shipped_profile_names_the_documented_fields() -> None:
    signals = {signal.name: (signal.field, signal.kind) for signal in METRICS.signals}
    assert signals == {
        "carbon": ("estimated_co2_grams", "mass"),
        "cpu": ("cpu_pct", "gauge"),
        "memory": ("memory_pct", "gauge"),
        "traffic": ("requests_per_min", "rate"),
    }
    assert METRICS.provider == "cloud.provider"
    assert METRICS.cross_check is not None
    assert (METRICS.cross_check.field, METRICS.cross_check.factor) == ("emissions_kg_co2e", 1000)
    assert "ERROR" in LOGS.error_levels


def test_a_profile_of_your_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = written(tmp_path, lambda own: own["logs"].update(service="service.name", retry=None))
    logs = load_profile(str(path)).logs
    assert logs is not None
    assert (logs.service, logs.retry) == ("service.name", None)


def test_one_signal_and_one_level_are_enough(tmp_path: Path) -> None:
    def only_one(own: dict[str, Any]) -> None:
        own["logs"]["error_levels"] = ["ERROR"]
        own["metrics"]["signals"] = own["metrics"]["signals"][:1]

    own = load_profile(str(written(tmp_path, only_one)))
    assert own.metrics is not None
    assert [signal.name for signal in own.metrics.signals] == ["carbon"]


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (lambda own: own["logs"].pop("message"), "logs.message"),
        (lambda own: own["logs"].update(mesage="message"), "logs.mesage"),
        (lambda own: own["logs"].update(error_levels=[]), "logs"),
        (lambda own: own["logs"].update(error_levels="ERROR"), "logs.error_levels"),
        (lambda own: own["metrics"]["signals"][1].update(kind="counter"), "metrics.signals.1.kind"),
        (lambda own: own["metrics"]["signals"][0].update(role="latence"), "metrics.signals.0.role"),
        (lambda own: own["metrics"].update(signals=[]), "metrics"),
        (lambda own: own["metrics"].update(discover=[{"match": "*"}]), "metrics.discover.0"),
        (lambda own: own["metrics"]["cross_check"].update(factor="thousand"), "metrics.cross_check.factor"),
        (lambda own: own["changes"][0].update(index=None), "changes.0.index"),
        (lambda own: own.update(incidents={}), "incidents.index"),
        (lambda own: own.update(topology=[["a"]]), "topology.0"),
        (lambda own: own["sampling"].update(past_step_seconds=60, step_seconds=300), "sampling"),
        (lambda own: own.update(edges={"index": "e", "caller": "a", "callee": "b", "duration": {}}), "edges.duration"),
        (
            lambda own: own.update(edges={"index": "e", "caller": "a", "callee": "b", "duration": {"total": "t"}}),
            "edges",
        ),
        (lambda own: own.update(traces={"index": "traces-*"}), "traces"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, edit: Edit, key: str) -> None:
    path = written(tmp_path, edit)
    assert re.match(rf"profile {re.escape(str(path))}, line \d+: {re.escape(key)}[.\d]*: ", refusal(path))


def test_a_wrong_value_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "name: own\nmetrics:\n  index: m\n  service: s\n  signals:\n"
        "    - {name: a, field: a, kind: gauge}\n    - {name: b, field: b, kind: counter}\n",
        encoding="utf-8",
    )
    assert f"{path}, line 7: metrics.signals.1.kind: " in refusal(path)


def test_a_missing_key_is_named_with_the_line_of_what_lacks_it(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nlogs:\n  index: l\n  service: s\n", encoding="utf-8")
    assert f"{path}, line 3: logs.message: " in refusal(path)


def test_a_profile_that_reads_nothing_is_none(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\n", encoding="utf-8")
    assert "needs metrics or logs" in refusal(path)


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_is_valid_and_is_called_like_its_file(name: str) -> None:
    assert load_profile(name).name == name


def test_discovery_takes_what_matches_first_and_leaves_what_is_ignored_or_known() -> None:
    metrics = Metrics(
        index="m",
        service="service",
        signals=[Signal(name="known", field="cpu_known", kind="gauge")],
        discover=[
            Discovered(match="node_*", ignore=True),
            Discovered(match=["*LATENCY*", "*duration*"], role="latency", unit="s"),
            Discovered(match="*cpu*", role="saturation"),
        ],
    )
    found = metrics.with_fields(["node_cpu", "p99_latency", "cpu_known", "cpu_share", "other"])
    assert [(one.name, one.role) for one in found.signals] == [
        ("known", None),
        ("cpu_share", "saturation"),
        ("p99_latency", "latency"),
    ]


@pytest.mark.parametrize(
    "content", ["a: [1", "a: b: c", "\ta: 1", "a: &x\n  - *y", "!!python/object/apply:os.getcwd []"]
)
def test_what_is_no_yaml_is_named_with_its_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    assert str(path) in refusal(path)
    assert "is not YAML" in refusal(path)


@pytest.mark.parametrize("content", ["", "just text", "- 1\n- 2\n", "42"])
def test_what_is_no_mapping_is_named_with_its_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content, encoding="utf-8")
    assert refusal(path).startswith(f"profile {path}, line ")


def test_a_file_that_is_not_there_is_named_with_the_setting(tmp_path: Path) -> None:
    for name in (tmp_path / "gone.yaml", tmp_path, "unknown"):
        assert refusal(name).startswith(f"SPIKETRACE_PROFILE names {str(name)!r}: neither a shipped profile (")


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        LOGS.service = "other"  # type: ignore[misc]
