"""Labels, reports and times as people give them: what is read, and what is said of what cannot be."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.replay.builders import NOW, document
from worker.domain.report import CauseKind, RootCause, Verdict
from worker.errors import ConfigurationError
from worker.replay.against import read_reports
from worker.replay.labels import is_right, read_labels
from worker.replay.model import Choice, Label
from worker.replay.starting import required
from worker.replay.when import when

LABEL = {"service": "checkout", "deployment": "deploy-1", "verdict": "root_cause"}


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", {"a1": LABEL}),
        ("labels.json", [{"alert_id": "a1", **LABEL}]),
        ("labels.csv", "alert_id,service,deployment,verdict\na1,checkout,deploy-1,root_cause\n"),
        ("labels.csv", "\ufeffalert_id,service,deployment,verdict\r\na1,checkout,deploy-1,root_cause\r\n"),
        ("labels.CSV", "verdict,alert_id,service,deployment\nroot_cause,a1,checkout,deploy-1\n"),
    ],
)
def test_labels_are_read_in_each_form(tmp_path: Path, name: str, content: Any) -> None:
    assert read_labels(written(tmp_path, name, content)) == {"a1": Label.model_validate(LABEL)}


def test_a_label_may_say_only_a_part(tmp_path: Path) -> None:
    path = written(tmp_path, "labels.csv", "alert_id,service,verdict\na1,checkout,\na2,,not_confirmed\n")
    assert read_labels(path) == {"a1": Label(service="checkout"), "a2": Label(verdict=Verdict.NOT_CONFIRMED)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("labels.json", "{", "holds no labels"),
        ("labels.json", [1], "an object by alert id, or a list"),
        ("labels.json", [{"service": "checkout"}], "no alert_id"),
        ("labels.json", {"a1": {}}, "a label says verdict, service or deployment"),
        ("labels.json", {"a1": {"verdict": "guilty"}}, "verdict"),
        ("labels.json", {"a1": {"culprit": "checkout"}}, "culprit"),
        ("labels.csv", "alert,service\na1,checkout\n", "columns are to be alert_id"),
        ("labels.csv", "alert_id,verdict\n", "it is empty"),
        ("labels.csv", "alert_id,verdict\na1,guilty\n", "a1: verdict: Input should be"),
        ("labels.csv", "alert_id,service\na1,checkout,more\n", "more values than there are columns"),
        ("labels.csv", "alert_id,service\na1,checkout\na1,search\n", "a1 has two that say different things"),
        ("labels.csv", "", "columns are to be alert_id"),
    ],
)
def test_labels_that_cannot_be_read_are_told(tmp_path: Path, name: str, content: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_labels(written(tmp_path, name, content))


def test_labels_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_labels(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("label", "right"),
    [
        (Label(verdict=Verdict.ROOT_CAUSE), True),
        (Label(verdict=Verdict.INCONCLUSIVE), False),
        (Label(service="checkout"), True),
        (Label(service="search"), False),
        (Label(deployment="deploy-1"), True),
        (Label(deployment="2.3.0"), True),
        (Label(deployment="deploy-2"), False),
        (Label(service="search", deployment="deploy-1"), False),
    ],
)
def test_a_report_is_right_when_it_says_all_that_the_label_knows(label: Label, right: bool) -> None:
    cause = RootCause(kind=CauseKind.DEPLOYMENT, service="checkout", deployment_id="deploy-1", version="2.3.0")
    assert is_right(document(root_cause=cause), label) is right
    unnamed = document(verdict=Verdict.INCONCLUSIVE, root_cause=None)
    assert is_right(unnamed, label) is (label.verdict is Verdict.INCONCLUSIVE)


def test_reports_are_read_from_files_and_folders(tmp_path: Path) -> None:
    one, other = document(), document() | {"alert_id": "a2"}
    written(tmp_path, "a.ndjson", json.dumps(one) + "\n\n" + json.dumps(other) + "\n")
    written(tmp_path, "b.json", [document() | {"alert_id": "a3"}])
    written(tmp_path, "c.json", document() | {"alert_id": "a4"})
    written(tmp_path, "notes.txt", "no reports")
    assert set(read_reports(tmp_path)) == {"a1", "a2", "a3", "a4"}
    assert set(read_reports(tmp_path / "c.json")) == {"a4"}
    assert "evidence" not in read_reports(tmp_path)["a1"]


def test_a_report_of_another_version_is_taken_as_it_stands(tmp_path: Path) -> None:
    old = {"alert_id": "a1", "verdict": "root_cause", "severity": "high", "root_cause": {"service": "checkout"}}
    assert read_reports(written(tmp_path, "old.json", old)) == {"a1": old}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "neither JSON nor one JSON document a line"),
        ("[]", "holds no reports"),
        ([{"alert_id": "a1"}], "number 1 is no report"),
        ([{"alert_id": "a1", "verdict": "guilty", "severity": "low"}], "number 1 is no report"),
        ("3", "number 1 is no report"),
        ([document() | {"gaps": ["a text"], "impact": 3}], "number 1 is no report: impact, gaps cannot be read"),
    ],
)
def test_reports_that_cannot_be_read_are_told(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_reports(written(tmp_path, "reports.json", content))


@pytest.mark.parametrize(
    ("text", "ago"),
    [("30d", timedelta(days=30)), ("12h", timedelta(hours=12)), (" 45m ", timedelta(minutes=45))],
)
def test_a_time_may_be_so_long_ago(text: str, ago: timedelta) -> None:
    assert when(text, NOW) == NOW - ago


def test_a_time_may_be_a_date() -> None:
    assert when("2026-03-01", NOW) == NOW.replace(hour=0)
    assert when("2026-03-01T12:00+00:00", NOW) == NOW


@given(st.text(max_size=12))
def test_any_other_text_is_a_value_error(text: str) -> None:
    try:
        found = when(text, NOW)
    except ValueError:
        return
    assert found.tzinfo is not None


def test_far_too_long_ago_is_said_to_be() -> None:
    with pytest.raises(ValueError, match="longer ago"):
        when("999999d", NOW)


@pytest.mark.parametrize("choice", [Choice(), Choice(limit=5)])
def test_nothing_chosen_is_no_choice(choice: Choice) -> None:
    with pytest.raises(ConfigurationError, match="say which alerts"):
        required(choice)
