"""Profiles: the shipped one, one of your own, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.telemetry.profiles import load_profile

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
    indices = (SHIPPED.metrics.index, SHIPPED.logs.index, SHIPPED.changes.index, SHIPPED.incidents.index)
    assert indices == (
        "spiketrace-carbon-metrics-*",
        "spiketrace-logs-*",
        "spiketrace-deployments-*",
        "spiketrace-incidents",
    )


def test_the_shipped_profile_names_the_documented_fields() -> None:
    signals = {signal.name: (signal.field, signal.kind) for signal in SHIPPED.metrics.signals}
    assert signals == {
        "carbon": ("estimated_co2_grams", "mass"),
        "cpu": ("cpu_pct", "gauge"),
        "memory": ("memory_pct", "gauge"),
        "traffic": ("requests_per_min", "rate"),
    }
    assert SHIPPED.metrics.provider == "cloud.provider"
    assert SHIPPED.metrics.cross_check is not None
    assert (SHIPPED.metrics.cross_check.field, SHIPPED.metrics.cross_check.factor) == ("emissions_kg_co2e", 1000)
    assert "ERROR" in SHIPPED.logs.error_levels


def test_a_profile_of_your_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = written(tmp_path, lambda own: own["logs"].update(service="service.name", retry=None))
    assert load_profile(str(path)).logs.service == "service.name"
    assert load_profile(str(path)).logs.retry is None


def test_one_signal_and_one_level_are_enough(tmp_path: Path) -> None:
    def only_one(own: dict[str, Any]) -> None:
        own["logs"]["error_levels"] = ["ERROR"]
        own["metrics"]["signals"] = own["metrics"]["signals"][:1]

    own = load_profile(str(written(tmp_path, only_one)))
    assert [signal.name for signal in own.metrics.signals] == ["carbon"]


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (lambda own: own["logs"].pop("message"), "logs.message"),
        (lambda own: own["logs"].update(mesage="message"), "logs.mesage"),
        (lambda own: own["logs"].update(error_levels=[]), "logs.error_levels"),
        (lambda own: own["logs"].update(error_levels="ERROR"), "logs.error_levels"),
        (lambda own: own["metrics"]["signals"][1].update(kind="counter"), "metrics.signals.1.kind"),
        (lambda own: own["metrics"]["signals"][0].pop("unit"), "metrics.signals.0.unit"),
        (lambda own: own["metrics"].update(signals=[]), "metrics.signals"),
        (lambda own: own["metrics"]["cross_check"].update(factor="thousand"), "metrics.cross_check.factor"),
        (lambda own: own["changes"].update(index=None), "changes.index"),
        (lambda own: own.pop("incidents"), "incidents"),
        (lambda own: own.update(traces={"index": "traces-*"}), "traces"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, edit: Edit, key: str) -> None:
    path = written(tmp_path, edit)
    assert refusal(path).startswith(f"profile {path}: {key}: ")


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
    assert refusal(path).startswith(f"profile {path}: ")


def test_a_file_that_is_not_there_is_named_with_the_setting(tmp_path: Path) -> None:
    for name in (tmp_path / "gone.yaml", tmp_path, "unknown"):
        assert refusal(name).startswith(f"SPIKETRACE_PROFILE names {str(name)!r}: neither a shipped profile nor")


def test_a_profile_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        SHIPPED.logs.service = "other"  # type: ignore[misc]
