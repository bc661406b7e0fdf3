"""`spiketrace replay`: what would run, what ran, what differs, and what a CI makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from cli.replay import replay
from cli.replay_text import progress
from tests.cli.conftest import Invoke, printed
from tests.e2e import telemetry
from tests.tasks import samples
from worker.assembly import open_investigator
from worker.bootstrap import Stores
from worker.ports import Notification
from worker.replay.model import Choice, ItemState
from worker.replay.selection import select
from worker.replay.starting import start_replay
from worker.settings import Settings, process_environment

ALL = ("--since", "2026-01-01")


def accept(stores: Stores, *instances: str) -> list[str]:
    """Alerts, each with the report that the scripted investigation would have written."""
    alerts = [samples.alert(one).model_copy(update={"date": telemetry.END, "group": one}) for one in instances]
    recorded = stores.alerts.record([Notification(alert=one, received_at=datetime.now(UTC)) for one in alerts])
    for alert, one in zip(alerts, recorded, strict=True):
        report = samples.report(alert, one.alert_id)
        stores.reports.create(report)
        stores.alerts.finish(one.alert_id, report_id=report.report_id, incident_id=None)
    stores.client.indices.refresh(index="spiketrace-*")
    return [one.alert_id for one in recorded]


def begin(stores: Stores, alert_ids: list[str]) -> str:
    chosen = select(Choice(ids=tuple(alert_ids)), stores.past_alerts, stores.reports)
    return start_replay(chosen, stores.replays, now=datetime.now(UTC)).replay_id


def test_a_dry_run_says_what_would_run_and_runs_nothing(invoke: Invoke, stores: Stores) -> None:
    accept(stores, "checkout", "search")
    done = invoke(replay, *ALL, "--service", "search", "--dry-run")
    assert done.exit_code == 0
    assert "1 alert would be replayed, 0 without a report so far. Nothing was run." in done.output
    assert "search" in done.output
    assert "carbon-spike" in done.output
    found = printed(invoke(replay, *ALL, "--dry-run", "--json"))
    would_run = found.pop("would_run")
    assert found == {"replay_id": None, "alerts": 2, "same": 0, "different": [], "failed": []}
    assert {(one["rule_id"], one["group"]) for one in would_run} == {
        ("carbon-spike", "checkout"),
        ("carbon-spike", "search"),
    }
    assert all(one["report_id"] == f"r-{one['alert_id']}" and one["date"] for one in would_run)
    assert stores.replays.latest(10) == []


def test_it_can_be_begun_and_left_alone(invoke: Invoke, stores: Stores) -> None:
    (alert_id,) = accept(stores, "checkout")
    begun = printed(invoke(replay, "--id", alert_id, "--no-wait", "--json"))
    assert (begun["alerts"], begun["url"]) == (1, f"http://127.0.0.1:8080/replays/{begun['replay_id']}")
    assert f"spiketrace replay status {begun['replay_id'][:7]}" in invoke(replay, *ALL, "--no-wait").output
    (item,) = stores.replays.items(begun["replay_id"])
    assert (item.alert_id, item.state) == (alert_id, ItemState.WAITING)


def test_ids_of_no_alert_are_named(invoke: Invoke, stores: Stores) -> None:
    """Among others they would be passed over, and once more by a CI."""
    (alert_id,) = accept(stores, "checkout")
    both = ("--id", alert_id, "--id", "nobody")
    assert "no alert is recorded under this id: nobody" in invoke(replay, *both, "--dry-run").output
    begun = invoke(replay, *both, "--no-wait", "--json")
    assert json.loads(begun.stdout)["unknown_ids"] == ["nobody"]
    assert "nobody" in begun.stderr
    assert "nobody" in invoke(replay, "status", json.loads(begun.stdout)["replay_id"]).output


def test_settings_that_cannot_be_used_leave_nothing_begun(
    invoke: Invoke, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever go on with it."""
    accept(stores, "checkout")
    monkeypatch.setenv("SPIKETRACE_PROFILE", "no-such-profile")
    done = invoke(replay, *ALL, "--here")
    assert "no-such-profile" in _told(done)
    assert stores.replays.latest(10) == []


def test_that_nothing_was_chosen_is_said(invoke: Invoke, stores: Stores) -> None:
    accept(stores, "checkout")
    done = invoke(replay, "--id", "there-is-no-such-alert", "--json")
    assert "no alert fits" in done.stderr
    assert json.loads(done.stdout)["alerts"] == 0


def test_without_a_terminal_progress_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("replaying") as told:
        told(1, None)
        for done in range(41):
            told(done, 40)
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"replaying: {done} of 40" for done in range(0, 41, 4)]
    assert captured.out == ""


def test_status_pause_resume_cancel_and_list(invoke: Invoke, stores: Stores) -> None:
    replay_id = begin(stores, accept(stores, "checkout"))
    assert "1 waiting" in invoke(replay, "status", replay_id).output
    undecided = invoke(replay, "status", replay_id, "--fail-if-worse")
    assert undecided.exit_code == 1
    assert "is running, so it cannot be said" in undecided.output
    assert invoke(replay, "pause", replay_id).stdout == f"{replay_id} is paused\n"
    assert printed(invoke(replay, "resume", replay_id, "--json"))["state"] == "running"
    assert "cancelled" in invoke(replay, "cancel", replay_id).output
    assert "1 cancelled" in invoke(replay, "status", replay_id).output
    assert replay_id in invoke(replay, "list").output
    assert [one["replay_id"] for one in printed(invoke(replay, "list", "--json"))] == [replay_id]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which alerts"),
        (("--limit", "3"), "say which alerts"),
        (("--since", "1h", "--until", "2h"), "until must be later than since"),
        (("--since", "soon"), "neither a time such as"),
        (("--since", "1h", "--verdict", "guilty"), "guilty"),
        (("--since", "1h", "--against", "no-such-file"), "there is no such file or folder, and no such replay"),
        (("--since", "1h", "--labels", "no-such-file"), "cannot be read"),
        (("--since", "1h", "--dry-run", "--labels", "no-such-file"), "cannot be read"),
        (("--since", "1h", "--export", "no/such/folder"), "--export no/such/folder cannot be written"),
        (("--since", "1h", "--no-wait", "--export", "x"), "--no-wait cannot be combined"),
        (("--since", "1h", "list"), "--since cannot be combined with `list`"),
        (("--since", "1h", "--here", "--fail-if-worse"), "no alert was replayed"),
        (("status", "replay-none"), "there is no replay replay-none"),
        (("cancel", "feed"), "there is no replay feed"),
    ],
)
def test_what_cannot_be_done_is_told(invoke: Invoke, stores: Stores, arguments: tuple[str, ...], said: str) -> None:
    done = invoke(replay, *arguments)
    assert done.exit_code != 0
    assert said in _told(done)


def _told(done: Result) -> str:
    return f"{done.output} {getattr(done.exception, 'reason', '')}"


@pytest.fixture
def checkout(stores: Stores, settings: Settings) -> str:
    """An alert on real telemetry, with the report that this version writes of it."""
    telemetry.load(settings.elasticsearch_url)
    (alert_id,) = accept(stores, "checkout")
    alert = stores.alerts.get(alert_id)
    assert alert
    assert alert.alert
    stores.client.delete(index="spiketrace-reports", id=f"r-{alert_id}")
    stores.reports.create(open_investigator(settings, stores.client)(alert.alert, alert_id))
    stores.client.indices.refresh(index="spiketrace-*")
    return alert_id


def test_findings_do_not_depend_on_the_process(settings: Settings, checkout: str) -> None:
    """What Python keeps in no order comes in another one in every process."""
    command = [sys.executable, "-m", "cli.main", "investigate", "--service", "checkout", "--json"]
    found = [
        subprocess.run(
            [*command, "--at", telemetry.END.isoformat()],
            env=process_environment(settings) | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    one, other = (json.loads(text) | {"created_at": None, "known_by": None, "timings": None} for text in found)
    assert json.dumps(one) == json.dumps(other)


def test_a_version_is_tried_on_the_past_and_judged(
    invoke: Invoke, stores: Stores, checkout: str, tmp_path: Path
) -> None:
    """Without the queue, in this process, as a CI does."""
    exported = tmp_path / "reports.ndjson"
    same = printed(invoke(replay, *ALL, "--here", "--json", "--export", str(exported), "--fail-if-worse"))
    assert same == {"replay_id": same["replay_id"], "alerts": 1, "same": 1, "different": [], "failed": []}
    (report,) = [json.loads(line) for line in exported.read_text().splitlines()]
    assert (report["alert_id"], report["replay_id"]) == (checkout, same["replay_id"])
    assert stores.client.count(index="spiketrace-incidents", ignore_unavailable=True)["count"] == 0

    cause = report["root_cause"] | {"deployment_id": "deploy-of-old"}
    old = tmp_path / "old.json"
    old.write_text(json.dumps(report | {"root_cause": cause}))
    worse = invoke(replay, *ALL, "--here", "--against", str(old), "--fail-if-worse")
    assert worse.exit_code == 1
    assert "1 different" in worse.output
    assert "root_cause.deployment_id" in worse.output
    assert f"worse than before: 1 alert without the answer there was: {checkout}" in worse.output

    labels = tmp_path / "labels.csv"
    labels.write_text(f"alert_id,deployment\n{checkout},deploy-202\n")
    arguments = ("--here", "--against", str(old), "--labels", str(labels), "--fail-if-worse", "--json")
    better = invoke(replay, *ALL, *arguments)
    assert better.exit_code == 0
    found = printed(better)
    assert found["accuracy"] == {"labelled": 1, "before": 0.0, "after": 1.0}
    assert [one["field"] for one in found["different"]] == ["root_cause.deployment_id"]
    assert found["different"][0] == {
        "alert_id": checkout,
        "field": "root_cause.deployment_id",
        "before": "deploy-of-old",
        "after": "deploy-202",
    }

    again = invoke(replay, *ALL, "--here", "--against", found["replay_id"], "--labels", "feedback", "--json")
    assert printed(again)["same"] == 1
    assert "none of the labels is of an alert that was replayed" in again.stderr
    assert stores.alerts.get(checkout) is not None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--against",), "none of the alerts had a report to compare with"),
        (("--labels",), "none of the labels is of an alert that was replayed"),
        (("--id", "nobody"), "no alert is recorded under this id: nobody"),
    ],
)
def test_a_ci_does_not_pass_on_what_was_not_shown(
    invoke: Invoke, stores: Stores, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    (alert_id,) = accept(stores, "checkout")
    given = tmp_path / "other.json"
    report = samples.report(samples.alert("other"), "another-alert").model_dump(mode="json", by_alias=True)
    given.write_text(json.dumps(report if "--against" in arguments else {"another-alert": {"service": "other"}}))
    of = (*arguments, str(given)) if len(arguments) == 1 else arguments
    done = invoke(replay, "--id", alert_id, *of, "--here", "--fail-if-worse")
    assert done.exit_code == 1
    assert f"{why}, so it cannot be said whether it is worse" in done.output
