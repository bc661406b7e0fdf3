"""An alert that was investigated, labelled, and evaluated again from the folder: the same cause is found."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cli.evaluate import evaluate
from cli.label import label
from evaluation.cases import read_folder
from tests.cli.conftest import printed
from tests.e2e import telemetry
from tests.engines.servers import Engine
from tests.profiles.conftest import fill, forget, spare_the_owner
from tests.profiles.shapes import Apm, OpenTelemetry
from tests.profiles.story import FIRED, Story, bad_release, failing_stranger, slow_callee
from tests.profiles.test_shipped import alert
from worker.assembly import open_investigator
from worker.bootstrap import Stores, connect
from worker.domain.alert import Alert
from worker.domain.incident import Feedback
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.incidents import record
from worker.ports import Notification
from worker.settings import Settings
from worker.store.templates import install_templates

Run = Callable[..., Result]
LATENCY = "transaction.duration.summary"


@contextmanager
def opened(engine: Engine) -> Iterator[Stores]:
    spare_the_owner(engine)
    found = connect(Settings(elasticsearch_url=engine.url))
    install_templates(found.client)
    forget(found.client)
    yield found
    forget(found.client)
    found.client.close()


def runner(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SPIKETRACE_ELASTICSEARCH_URL", engine.url)

    def called(command: click.Command, *arguments: str, profile: str = Apm.profile) -> Result:
        monkeypatch.setenv("SPIKETRACE_PROFILE", profile)
        return CliRunner().invoke(command, arguments)

    return called


@pytest.fixture
def stores(embedded_engine: Engine) -> Iterator[Stores]:
    with opened(embedded_engine) as found:
        yield found


@pytest.fixture
def run(embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(embedded_engine, monkeypatch)


def recorded(stores: Stores, fired: Alert, *, profile: str | None = None) -> str:
    """The alert as the webhook stores it; with a profile, investigated as well."""
    (found,) = stores.alerts.record([Notification(alert=fired, received_at=datetime.now(UTC))])
    if profile:
        settings = Settings(profile=profile)
        report = open_investigator(settings, stores.client)(fired, found.alert_id)
        stores.reports.create(report)
        stores.alerts.claim(found.alert_id, owner="test", lease_seconds=60)
        stores.alerts.finish(found.alert_id, report_id=report.report_id, incident_id=None)
    return found.alert_id


def told(stores: Stores, story: Story, shape: type[Apm] | type[OpenTelemetry] = Apm, *, embedded: bool = True) -> None:
    fill(stores.client, shape, story, embedded=embedded)


def documents(folder: Path, kind: str) -> list[dict[str, Any]]:
    (path,) = folder.rglob(f"{kind}.ndjson.gz")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def evaluated(run: Run, folder: Path, engine: Engine) -> dict[str, Any]:
    result = run(evaluate, str(folder), "--elasticsearch-url", engine.url, "--jobs", "1", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = printed(result)
    return found


@pytest.mark.parametrize("shape", [Apm, OpenTelemetry])
def test_a_labelled_incident_is_evaluated_to_the_same_cause(
    shape: type[Apm] | type[OpenTelemetry], engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with opened(engine) as stores:
        round_trip(shape, runner(engine, monkeypatch), stores, engine, tmp_path)


def round_trip(
    shape: type[Apm] | type[OpenTelemetry], run: Run, stores: Stores, engine: Engine, tmp_path: Path
) -> None:
    told(stores, slow_callee(), shape, embedded=engine.is_embedded)
    alert_id = recorded(stores, alert(LATENCY), profile=shape.profile)
    arguments = ("--service", "ledger", "--cause", "slow disk", "--to", str(tmp_path / "ours"))
    result = run(label, alert_id, *arguments, profile=shape.profile)
    assert result.exit_code == 0, result.output
    assert "The report had said root_cause, ledger first." in result.stdout
    assert f"Next: spiketrace evaluate {tmp_path / 'ours'}" in result.stdout
    (case,) = read_folder(tmp_path / "ours")
    assert (case.alert.service, case.alert.metric) == ("frontend", "transaction_duration_summary")
    found = evaluated(run, tmp_path / "ours", engine)
    assert found["cases"][0]["ranking"][0] == "ledger"
    assert found["summary"]["scores"]["system"]["ours"]["top_1"] == 1.0


def test_nothing_after_the_alert_and_nothing_of_other_indices_is_exported(
    run: Run, stores: Stores, tmp_path: Path
) -> None:
    told(stores, bad_release())
    early = alert(LATENCY).model_copy(update={"date": FIRED - timedelta(minutes=30)})
    alert_id = recorded(stores, early)
    result = run(label, alert_id, "--nothing-was-wrong", "--to", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    counts = printed(result)["documents"]
    assert set(counts) == {"metrics", "edges", "logs", "deployments"}
    for kind, count in counts.items():
        found = documents(tmp_path, kind)
        assert len(found) == count
        assert max(one["@timestamp"] for one in found) < "2026-03-04T09:30:00.000Z"
    # 120 of 150 minutes; four services that are measured and one that is only called.
    assert counts["metrics"] == 120 * 5
    assert {one["service"] for one in documents(tmp_path, "metrics")} == {
        *("frontend", "checkout", "catalog", "ledger", "bank")
    }
    assert documents(tmp_path, "deployments") == [
        {"@timestamp": "2026-03-04T09:10:00.000Z", "service": "catalog", "version": "7.0.2"}
    ]
    first = documents(tmp_path, "edges")[0]
    assert set(first) == {"@timestamp", "caller", "callee", "calls", "duration_p50_seconds"}
    assert first["calls"] == 200
    (case,) = read_folder(tmp_path)
    assert case.truth is not None
    assert case.truth.service is None


def test_a_service_that_sends_nothing_is_still_found_from_the_folder(
    run: Run, stores: Stores, embedded_engine: Engine, tmp_path: Path
) -> None:
    told(stores, failing_stranger())
    alert_id = recorded(stores, alert("event.success_count"))
    result = run(label, alert_id, "--service", "bank", "--cause", "outage", "--to", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert evaluated(run, tmp_path, embedded_engine)["cases"][0]["ranking"][0] == "bank"


def test_a_guilty_deployment_is_evaluated_too(
    run: Run, stores: Stores, embedded_engine: Engine, tmp_path: Path
) -> None:
    told(stores, bad_release())
    alert_id = recorded(stores, alert(LATENCY))
    arguments = ("--service", "checkout", "--deployment", "2.4.1", "--to", str(tmp_path))
    assert run(label, alert_id, *arguments).exit_code == 0
    (case,) = evaluated(run, tmp_path, embedded_engine)["cases"]
    assert case["deployment"] == {"service": "checkout", "version": "2.4.1"}


def test_labelling_again_changes_the_truth_and_nothing_else(run: Run, stores: Stores, tmp_path: Path) -> None:
    told(stores, slow_callee())
    alert_id = recorded(stores, alert(LATENCY))
    assert "Added case" in run(label, alert_id, "--service", "catalog", "--to", str(tmp_path)).stdout
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = run(label, alert_id, "--service", "ledger", "--to", str(tmp_path))
    assert "Replaced case" in again.stdout
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.name for path in {*before, *after} if before.get(path) != after.get(path)} == {"truth.json"}


def test_the_default_profile_is_exported_too(run: Run, stores: Stores, embedded_engine: Engine, tmp_path: Path) -> None:
    telemetry.load(embedded_engine.url)
    fired = telemetry_alert()
    alert_id = recorded(stores, fired)
    arguments = ("--service", telemetry.CULPRIT, "--to", str(tmp_path), "--json")
    result = run(label, alert_id, *arguments, profile="spiketrace")
    assert result.exit_code == 0, result.output
    assert printed(result)["warnings"] == []
    names = set().union(*documents(tmp_path, "metrics"))
    assert {"estimated_co2_grams", "cpu_pct", "memory_pct", "requests_per_min", "region"} <= names
    assert len(evaluated(run, tmp_path, embedded_engine)["cases"]) == 1


def telemetry_alert() -> Alert:
    fired = alert("estimated_co2_grams", telemetry.CULPRIT)
    at = datetime(2026, 2, 26, 9, 30, tzinfo=UTC)
    rule = fired.rule.model_copy(update={"params": {**fired.rule.params, "termField": "service"}})
    return fired.model_copy(update={"date": at, "rule": rule})


def test_log_lines_are_limited_to_the_newest_and_that_is_said(run: Run, stores: Stores, tmp_path: Path) -> None:
    told(stores, slow_callee())
    alert_id = recorded(stores, alert(LATENCY))
    result = run(label, alert_id, "--service", "ledgr", "--to", str(tmp_path), "--most-lines", "30", "--json")
    warnings = " ".join(printed(result)["warnings"])
    assert "only the newest 30 log lines" in warnings
    assert "names ledgr" in warnings
    found = documents(tmp_path, "logs")
    assert len(found) == 30
    assert min(one["@timestamp"] for one in found) == "2026-03-04T09:50:00.000Z"
    none = run(label, alert_id, "--service", "ledger", "--to", str(tmp_path), "--most-lines", "0")
    assert none.exit_code == 0
    assert list(tmp_path.rglob("logs.ndjson.gz")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--service"),
        (("--nothing-was-wrong", "--service", "ledger"), "--nothing-was-wrong"),
        (("--nothing-was-wrong", "--deployment", "2"), "--nothing-was-wrong"),
        (("--service", "ledger", "--deployment", "2", "--no-deployment"), "contradict"),
    ],
)
def test_a_label_that_says_nothing_or_two_things_is_refused(
    run: Run, arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    result = run(label, "a", *arguments, "--to", str(tmp_path))
    assert result.exit_code == 2
    assert said in result.output


def test_an_alert_that_is_not_there_and_telemetry_that_is_gone_are_said(
    run: Run, stores: Stores, tmp_path: Path
) -> None:
    unknown = run(label, "nobody", "--service", "ledger", "--to", str(tmp_path)).exception
    assert isinstance(unknown, ConfigurationError)
    assert "no alert nobody" in unknown.reason
    alert_id = recorded(stores, alert(LATENCY))
    arguments = ("--service", "ledger", "--alerted", "frontend", "--to", str(tmp_path))
    gone = run(label, alert_id, *arguments).exception
    assert isinstance(gone, EvidenceUnavailable)
    assert "nothing to export" in gone.reason
    assert not (tmp_path / "cases.json").exists()


def test_what_people_said_in_slack_is_the_truth(run: Run, stores: Stores, tmp_path: Path) -> None:
    told(stores, slow_callee())
    alert_id = recorded(stores, alert(LATENCY), profile=Apm.profile)
    arguments = (alert_id, "--from-feedback", "--to", str(tmp_path))
    result = run(label, *arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert "nobody has said in Slack" in result.exception.reason
    found = stores.reports.get(f"r-{alert_id}")
    assert found is not None
    assert found.root_cause is not None
    said = Feedback(at=FIRED, by="slack:U1", report_id=found.report_id, right=True, root_cause=found.root_cause)
    incident = record(found, stores.incidents, FIRED)
    assert incident is not None
    stores.incidents.update(incident.incident_id, lambda it: it.model_copy(update={"feedback": [said]}))
    result = run(label, *arguments)
    assert result.exit_code == 0, result.output
    (truth,) = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")).values()
    assert (truth["service"], truth["fault"]) == (found.root_cause.service, found.root_cause.kind)
    assert run(label, *arguments, "--service", "x").exit_code == 2
