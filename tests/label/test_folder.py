"""A folder of labelled cases: what is written, replaced and refused; the names under which metrics are exported."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.cases import read_folder
from evaluation.export import pieces
from evaluation.label import CaseFolder, Incident, Verdict, alerted_service, change_document, exported_names
from tests.tasks import samples
from worker.domain.telemetry import Change, Role, Scope
from worker.domain.window import Window
from worker.errors import ConfigurationError
from worker.telemetry.profiles import Metrics, Signal, load_profile

FIRED = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
WINDOW = Window(start=FIRED - timedelta(minutes=10), end=FIRED)
LABELLED = load_profile("labelled-cases").metrics


def incident(alert_id: str = "a" * 32) -> Incident:
    return Incident(alert_id, "frontend", "latency", WINDOW, "elastic-apm", "report-1")


def add(folder: Path, verdict: Verdict, alert_id: str = "a" * 32, topology: list[list[str]] | None = None) -> bool:
    cases, known = CaseFolder(folder, 60), incident(alert_id)
    entry = known.entry(cases.name, has_topology=bool(topology))
    with cases.begun(entry["id"]) as partial:
        (partial / "written").write_text(str(verdict), encoding="utf-8")
        return cases.add(entry, verdict.truth(entry["alert"]["started_at"]), topology or [])


def test_what_is_written_is_a_folder_of_cases(tmp_path: Path) -> None:
    assert not add(tmp_path / "ours", Verdict("ledger", "slow disk", "2.4.1"), topology=[["frontend", "ledger"]])
    (case,) = read_folder(tmp_path / "ours")
    assert case.id == "ours-incident-20260304T1000-aaaaaaaaaaaa"
    assert (case.alert.service, case.alert.metric) == ("frontend", "latency")
    assert (case.alert.started_at, case.alert.fired_at) == (WINDOW.start, WINDOW.end)
    assert case.dataset.step_seconds == 60
    assert case.topology == (("frontend", "ledger"),)
    assert case.system == "ours"
    assert case.truth is not None
    assert (case.truth.service, case.truth.fault) == ("ledger", "slow disk")
    assert case.truth.deployment is not None
    assert case.truth.deployment.version == "2.4.1"


def test_a_deployment_that_is_not_known_is_not_said_to_be_none(tmp_path: Path) -> None:
    add(tmp_path, Verdict("ledger"))
    truth = read_folder(tmp_path)[0].truth
    assert truth is not None
    assert not truth.names_deployment
    add(tmp_path, Verdict("ledger", no_deployment=True))
    truth = read_folder(tmp_path)[0].truth
    assert truth is not None
    assert (truth.names_deployment, truth.deployment) == (True, None)


def test_a_second_case_is_added_and_the_first_one_replaced(tmp_path: Path) -> None:
    add(tmp_path, Verdict("ledger"))
    assert not add(tmp_path, Verdict(None), alert_id="b" * 32)
    assert add(tmp_path, Verdict("bank"))
    cases = {case.id[-1]: case for case in read_folder(tmp_path)}
    assert {name: case.truth.service for name, case in cases.items() if case.truth} == {"a": "bank", "b": None}
    assert "bank" in (tmp_path / cases["a"].telemetry[0].folder / "written").read_text(encoding="utf-8")
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == []


def test_what_was_begun_and_failed_is_no_case_and_leaves_the_old_one(tmp_path: Path) -> None:
    add(tmp_path, Verdict("ledger"))
    before = sorted(tmp_path.rglob("*"))
    cases = CaseFolder(tmp_path, 60)
    with pytest.raises(RuntimeError), cases.begun(incident().case_id(cases.name)):
        raise RuntimeError("the engine went away")
    assert sorted(tmp_path.rglob("*")) == before
    assert len(read_folder(tmp_path)) == 1


def test_cases_of_another_dataset_keep_what_they_say_of_themselves(tmp_path: Path) -> None:
    known = {"name": "shop", "step_seconds": 60, "citation": "ours"}
    (tmp_path / "dataset.json").write_text(json.dumps(known), encoding="utf-8")
    add(tmp_path, Verdict("ledger"))
    assert json.loads((tmp_path / "dataset.json").read_bytes()) == known
    assert read_folder(tmp_path)[0].id.startswith("shop-incident-")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dataset.json", '{"name": "x", "step_seconds": 300}', "every 300 s"),
        ("dataset.json", "{", "cannot be read as JSON"),
        ("dataset.json", "[]", "is not of the form"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        CaseFolder(tmp_path, 60)


def names(*signals: Signal) -> dict[str, str]:
    assert LABELLED is not None
    return exported_names(Metrics(index="m", service="s", signals=list(signals)), LABELLED)


def signal(name: str, field: str, role: Any, kind: Any = "gauge") -> Signal:
    return Signal(name=name, field=field, kind=kind, role=role)


def test_a_metric_keeps_its_own_name_where_it_tells_its_role() -> None:
    found = names(
        signal("latency", "transaction.duration.summary", "latency"),
        signal("success", "event.success_count", "availability"),
        signal("traffic", "transaction.duration.summary", "traffic", "count"),
        signal("strange", "p.q", "errors"),
        signal("none", "p.q", None),
    )
    assert found["latency"] == "transaction_duration_summary"
    assert found["success"] == "event_success_count"
    assert found["traffic"] == "requests_traffic"
    assert found["strange"] == "p_q_errors"
    assert found["none"] == "p_q"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1), st.sampled_from(get_args(Role))), max_size=6))
def test_every_role_survives_the_export_and_no_two_names_are_alike(found: list[tuple[str, str, Role]]) -> None:
    assert LABELLED is not None
    signals = [signal(f"{number}{name}", field, role) for number, (name, field, role) in enumerate(found)]
    exported = names(*signals) if signals else {}
    assert len(set(exported.values())) == len(signals)
    for one in signals:
        discovered = LABELLED.discovery_of(exported[one.name])
        assert discovered is not None
        assert discovered.role == one.role


@given(st.integers(1, 5000), st.integers(1, 700), st.sampled_from([10, 60, 300]))
def test_pieces_cover_a_span_once(steps: int, most: int, step: int) -> None:
    end = FIRED + timedelta(seconds=steps * step - step / 2)
    found = list(pieces(FIRED, end, step, most))
    assert found[0].start == FIRED
    assert found[-1].end >= end > found[-1].end - timedelta(seconds=step)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(one.count <= most for one in found)


def test_a_change_that_is_no_deployment_is_a_flag() -> None:
    release = Change(FIRED, "ledger", "eu", "deploy-7", None, None)
    flag = Change(FIRED, "ledger", None, "fast-path", "on", None, kind="flag")
    at = "2026-03-04T10:00:00.000Z"
    assert change_document(release) == (
        "deployments",
        {"@timestamp": at, "service": "ledger", "version": "deploy-7", "region": "eu"},
    )
    assert change_document(flag) == (
        "flags",
        {"@timestamp": at, "service": "ledger", "flag": "fast-path", "change": "on"},
    )


def test_the_alerted_service_is_what_is_given_else_what_the_alert_says_else_its_report() -> None:
    alert = samples.alert("checkout")
    assert alerted_service(alert, Scope("a", None), "b", "c") == "c"
    assert alerted_service(alert, Scope("a", None), "b", None) == "a"
    assert alerted_service(alert, Scope(None, None), "b", None) == "b"
    with pytest.raises(ConfigurationError, match="--alerted"):
        alerted_service(alert, Scope(None, None), None, None)
