"""`spiketrace rules backtest` from the telemetry to what is printed, drawn, kept and sent on."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.replay_here import open_here, run_here
from cli.rules import file_name, rules
from tests.backtest import samples
from tests.cli.conftest import Invoke, invoke, printed, settings, stores
from tests.kibana.builders import rule_body
from worker.bootstrap import Stores
from worker.domain.window import iso
from worker.replay.model import ItemState, Replay
from worker.settings import Settings

__all__ = ["invoke", "settings", "stores"]

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
# Well within what is asked for, also where the hour turns before the test runs.
BEGAN = NOW - timedelta(hours=19, minutes=30)
FEW = 2
MANY = 9


@pytest.fixture
def telemetry(stores: Stores) -> Stores:
    """A day of a service with a few errors every ten minutes, and many of them for half an hour."""
    operations: list[dict[str, Any]] = []
    for minute in range(24 * 60):
        at = NOW - timedelta(days=1) + timedelta(minutes=minute)
        is_trouble = BEGAN <= at < BEGAN + timedelta(minutes=30)
        for second in range(MANY if is_trouble else FEW if minute % 10 == 0 else 0):
            line = {"@timestamp": iso(at + timedelta(seconds=second)), "service": "checkout", "region": "us-central1"}
            operations += [{"index": {"_index": "spiketrace-logs-x"}}, {**line, "level": "ERROR"}]
    operations += [{"index": {"_index": "spiketrace-incidents"}}, _incident("Orders hang", "checkout", BEGAN)]
    operations += [{"index": {"_index": "spiketrace-incidents"}}, _incident("Search slow", "search", BEGAN)]
    stores.client.indices.create(index="spiketrace-logs-x", mappings=MAPPINGS)
    stores.client.bulk(operations=operations, refresh=True)
    return stores


MAPPINGS = {
    "properties": {
        "@timestamp": {"type": "date"},
        **{name: {"type": "keyword"} for name in ("service", "region", "level")},
    }
}


def _incident(title: str, service: str, at: datetime) -> dict[str, Any]:
    return {"@timestamp": iso(at), "title": title, "service": service, "region": None, "duration_minutes": 30}


def test_one_rule_is_told_with_what_it_caught(invoke: Invoke, telemetry: Stores) -> None:
    result = invoke(rules, "backtest", "--since", "24h", "--rule", "spiketrace-errors-by-service")
    assert result.exit_code == 0, result.output
    assert "1 of 1 rules simulated, 1 alert, 1 of 2 known incidents caught" in result.output
    assert "Errors by service (spiketrace-errors-by-service)" in result.output
    assert "▲" in result.output
    assert "Orders hang (checkout): 3 min after its beginning, by checkout" in result.output
    assert "Search slow (search)" in result.output
    assert "← the rule's own" in result.output


def test_every_shipped_rule_is_simulated_or_named_with_the_engine_s_reason(invoke: Invoke, telemetry: Stores) -> None:
    """The embedded engine has no scripts and no ES|QL: what is asked run by run is asked once, and named."""
    result = invoke(rules, "backtest", "--since", "24h", "--no-sweep", "--json")
    found = printed(result)
    assert len(found["rules"]) == 6
    assert {(rule["searches"], len(rule["sweep"])) for rule in found["rules"]} == {(None, 0)}
    assert len(found["not_simulated"]) == 8
    assert all(rule["reason"].startswith("Elasticsearch answered 4") for rule in found["not_simulated"])
    assert "8 rules are asked run by run, which takes " in result.stderr


@pytest.fixture
def relative(tmp_path: Path) -> Path:
    """A rule of your own whose query speaks of now: the errors of the last five of its ten minutes."""
    query = {"bool": {"filter": [{"term": {"level": "ERROR"}}, {"range": {"@timestamp": {"gte": "now-5m"}}}]}}
    params = {"searchType": "esQuery", "esQuery": json.dumps({"query": query}), "size": 0, "threshold": [20]}
    body = {**rule_body(**params, timeWindowSize=10), "rule_type_id": ".es-query", "id": "mine", "actions": []}
    given = tmp_path / "exported.json"
    given.write_text(json.dumps(body), encoding="utf-8")
    return given


def test_a_rule_is_asked_run_by_run(invoke: Invoke, telemetry: Stores, relative: Path) -> None:
    result = invoke(rules, "backtest", "--since", "21h", "--until", "18h", "--rules", str(relative))
    assert result.exit_code == 0, result.output
    assert (
        "1 of 1 rules simulated (1 of them asked run by run), 1 alert, 1 of 2 known incidents caught" in result.output
    )
    assert "Asked of Elasticsearch run by run, 180 searches as of their own moments." in result.output
    assert "1 rule is asked run by run, which takes 180 searches\n" in result.stderr
    assert "← the rule's own" in result.output


def test_more_searches_than_are_allowed_are_not_sent(invoke: Invoke, telemetry: Stores, relative: Path) -> None:
    asked = ("--since", "21h", "--until", "18h", "--rules", str(relative), "--searches", "100", "--json")
    result = invoke(rules, "backtest", *asked)
    (rule,) = printed(result)["not_simulated"]
    assert "takes 180 searches, and 100 of 100 are left: give --searches 180" in rule["reason"]
    assert "; --searches allows 100 in all" in result.stderr


def test_a_rule_by_data_view_is_simulated(invoke: Invoke, telemetry: Stores, tmp_path: Path) -> None:
    search = {"query": {"query": "level : ERROR", "language": "kuery"}, "index": "logs"}
    of_none = dict.fromkeys(("index", "timeField"))
    params = {**of_none, "searchType": "searchSource", "searchConfiguration": search, "size": 0, "threshold": [20]}
    given = tmp_path / "exported.json"
    given.write_text(json.dumps({**rule_body(**params), "rule_type_id": ".es-query", "id": "mine", "actions": []}))
    asked = ("--since", "24h", "--rules", str(given), "--json", "--no-sweep")
    (named,) = printed(invoke(rules, "backtest", *asked))["not_simulated"]
    assert "give --data-view logs=INDEX,TIMEFIELD" in named["reason"]
    found = printed(invoke(rules, "backtest", *asked, "--data-view", "logs=spiketrace-logs-*,@timestamp"))
    assert [(rule["rule_id"], len(rule["alerts"])) for rule in found["rules"]] == [("mine", 1)]


def test_what_is_printed_as_json_is_what_is_kept(invoke: Invoke, telemetry: Stores) -> None:
    found = printed(invoke(rules, "backtest", "--since", "24h", "--rule", "spiketrace-errors-by-service", "--json"))
    kept = telemetry.backtests.get(found["backtest_id"])
    assert kept is not None
    assert kept.model_dump(mode="json") == found
    (head,) = telemetry.backtests.latest(10)
    assert (head.backtest_id, head.alerts, head.incidents, head.caught) == (found["backtest_id"], 1, 2, 1)


def test_of_very_many_alerts_only_the_first_are_kept(stores: Stores) -> None:
    told = samples.backtest(samples.rule(*(samples.alert(n / 100, n / 100 + 0.005) for n in range(2_500))))
    stores.backtests.put(told)
    kept = stores.backtests.get(told.backtest_id)
    assert kept is not None
    assert (len(kept.rules[0].alerts), kept.rules[0].count) == (2_000, 2_500)
    assert kept.head == told.head


def test_nothing_is_kept_that_is_only_to_be_printed(invoke: Invoke, telemetry: Stores) -> None:
    result = invoke(rules, "backtest", "--since", "24h", "--no-store", "--no-sweep")
    assert result.exit_code == 0
    assert "/backtests/" not in result.output
    assert telemetry.backtests.latest(10) == []


def test_thresholds_of_your_own_are_swept(invoke: Invoke, telemetry: Stores) -> None:
    one = ("--rule", "spiketrace-errors-by-service", "--json")
    found = printed(invoke(rules, "backtest", "--since", "24h", *one, "--threshold", "1,40,200"))
    told = [(point["threshold"], point["caught"]) for point in found["rules"][0]["sweep"]]
    assert told == [([1.0], 0), ([4.0], 1), ([40.0], 1), ([200.0], 0)]


def test_the_setting_s_thresholds_count(
    invoke: Invoke, telemetry: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "thresholds.yaml"
    chosen.write_text("spiketrace-errors-by-service: {errors: 500}", encoding="utf-8")
    monkeypatch.setenv("SPIKETRACE_KIBANA_THRESHOLDS", str(chosen))
    one = ("--rule", "spiketrace-errors-by-service", "--json", "--no-sweep")
    (rule,) = printed(invoke(rules, "backtest", "--since", "24h", *one))["rules"]
    assert (rule["threshold"], rule["alerts"]) == ([500.0], [])


def test_rules_from_a_file_take_the_place_of_the_shipped_ones(
    invoke: Invoke, telemetry: Stores, tmp_path: Path
) -> None:
    body = rule_body(filterKuery='level : "ERROR" and not service : search', threshold=[20])
    other = {**body, "rule_type_id": "apm.error_rate", "id": "theirs"}
    given = tmp_path / "exported.json"
    given.write_text(json.dumps({"data": [{**body, "id": "mine", "actions": []}, other]}), encoding="utf-8")
    found = printed(invoke(rules, "backtest", "--since", "24h", "--rules", str(given), "--json"))
    assert [(rule["rule_id"], len(rule["alerts"])) for rule in found["rules"]] == [("mine", 1)]
    assert [rule["rule_id"] for rule in found["not_simulated"]] == ["theirs"]


def test_drawings_are_files_of_their_own(invoke: Invoke, telemetry: Stores, tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    one = ("--rule", "spiketrace-errors-by-service", "--output", str(folder), "--no-store")
    assert invoke(rules, "backtest", "--since", "24h", *one).exit_code == 0
    drawn = sorted(path.name for path in folder.iterdir())
    assert drawn == ["spiketrace-errors-by-service-sweep.svg", "spiketrace-errors-by-service-timeline.svg"]
    for path in folder.iterdir():
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - written by ourselves
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_alerts_are_sent_on_as_a_replay(invoke: Invoke, telemetry: Stores) -> None:
    one = ("--rule", "spiketrace-errors-by-service", "--no-sweep", "--investigate", "--json")
    found = printed(invoke(rules, "backtest", "--since", "24h", *one))
    replay = telemetry.replays.get(found["replay_id"])
    assert isinstance(replay, Replay)
    assert (replay.origin, replay.alerts, replay.manner.deliver) == ("backtest", 1, False)
    (item,) = telemetry.replays.items(replay.replay_id)
    known = telemetry.replays.item(replay.replay_id, item.alert_id)
    assert known is not None
    assert (known.alert.rule.id, known.alert.instance) == ("spiketrace-errors-by-service", "checkout")
    assert known.alert.date == BEGAN + timedelta(minutes=3)


def test_what_was_sent_on_is_investigated_and_harms_nothing(
    invoke: Invoke, telemetry: Stores, settings: Settings
) -> None:
    one = ("--rule", "spiketrace-errors-by-service", "--no-sweep", "--investigate", "--json")
    found = printed(invoke(rules, "backtest", "--since", "24h", *one))
    replay = telemetry.replays.get(found["replay_id"])
    assert replay is not None
    run_here(replay, open_here(settings, telemetry), telemetry)
    (item,) = telemetry.replays.items(replay.replay_id)
    assert (item.state, item.reason) == (ItemState.NEW, None)
    assert item.report_id is not None
    report = telemetry.reports.get(item.report_id)
    assert report is not None
    assert (report.service, report.timestamp) == ("checkout", BEGAN + timedelta(minutes=3))
    assert telemetry.incidents.open_ones() == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--since", "1h", "--until", "2h"], "--since must be before --until"),
        (["--since", "1h", "--until", "2999-01-01"], "in the future"),
        (["--since", "1h", "--threshold", "4"], "goes with one rule"),
        (["--since", "1h", "--rule", "none"], "there is no rule none"),
        (["--since", "1h", "--output", "/dev/null/plots"], "--output /dev/null/plots cannot be made"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(invoke: Invoke, arguments: list[str], why: str) -> None:
    result = invoke(rules, "backtest", *arguments)
    assert result.exit_code != 0
    assert why in str(result.exception)


def test_without_telemetry_nothing_fires(invoke: Invoke, stores: Stores) -> None:
    found = printed(invoke(rules, "backtest", "--since", "24h", "--no-store", "--json"))
    assert [rule["alerts"] for rule in found["rules"]] == [[]] * 6


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@given(st.lists(st.text(min_size=1), min_size=2, unique=True))
def test_no_two_rules_draw_into_one_file(rule_ids: list[str]) -> None:
    names = [file_name(rule_id) for rule_id in rule_ids]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._~-]{1,120}", name) for name in names)


def test_a_rule_draws_into_a_file_of_its_own_name_where_it_can() -> None:
    assert file_name("spiketrace-errors-by-service") == "spiketrace-errors-by-service"
    assert len({file_name(one) for one in ("a/b", "a_b", "a b", "A_B", "x" * 200, "x" * 201)}) == 6
