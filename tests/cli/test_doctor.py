from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from cli.checks.check import Check, clock_check
from cli.doctor import doctor, examine
from tasks.app import SENT_AT
from tests.agent.server import running_gemini
from tests.cli.conftest import Invoke, printed
from tests.delivery_paths.kibana_documents import (
    alert_of,
    connector_writes,
    create_alerts_index,
    drop_alerts_index,
    kibana_keeps,
)
from tests.engines.servers import Engine
from tests.standins.queue import Queued
from tests.store.builders import an_alert, arriving
from tests.traces.processes import collecting
from worker.assembly import open_desk
from worker.bootstrap import Stores, connect
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.tally import SEEN_KEY, RedisTally
from worker.store.templates import install_template


@pytest.fixture
def telemetry(stores: Stores) -> None:
    for index in ("spiketrace-carbon-metrics-0001", "spiketrace-logs-0001"):
        stores.client.index(index=index, document={"@timestamp": "2026-02-26T09:30:00Z"}, refresh=True)


def test_with_everything_there_all_is_well(invoke: Invoke, telemetry: None) -> None:
    result = invoke(doctor)
    assert result.exit_code == 0, result.output
    assert "PROBLEM" not in result.output
    assert printed(invoke(doctor, "--json"))["well"] is True


def test_without_templates_and_telemetry_it_says_what_to_do(invoke: Invoke, embedded_engine: Engine) -> None:
    result = invoke(doctor, "--json")
    assert result.exit_code == 1
    problems = {check["name"]: check for check in printed(result)["checks"] if check["advice"]}
    assert set(problems) == {"index templates", "telemetry: metrics", "telemetry: logs"}
    assert "spiketrace-alerts" in problems["index templates"]["found"]


def test_nothing_answers() -> None:
    settings = Settings(elasticsearch_url="http://127.0.0.1:1", redis_url="redis://127.0.0.1:1")
    problems = {check.name for check in examine(settings) if check.advice}
    assert problems == {"elasticsearch", "broker", "webhook"}


def test_a_policy_that_cannot_be_used_is_a_problem(settings: Settings, telemetry: None, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("routes:\n- {name: a, tell: [slak]}\n", encoding="utf-8")
    wrong = settings.model_copy(update={"policy": file})
    (problem,) = [check for check in examine(wrong) if check.advice]
    assert problem.name == "policy"
    assert "line 2: routes.0.tell: " in str(problem.advice)
    with pytest.raises(ConfigurationError, match="there is no destination 'slak'"):
        open_desk(wrong, Queued(), connect(wrong))
    file.write_text("routes:\n- {name: a, tell: [slack]}\n", encoding="utf-8")
    (checked,) = [check for check in examine(wrong) if check.name == "policy"]
    assert checked.found.endswith("named and not configured: slack")


def test_a_destination_configured_in_part_is_a_problem(settings: Settings, telemetry: None) -> None:
    in_part = Settings.model_validate({**dict(settings), "jira_url": "https://jira.example.com"})
    problems = [check for check in examine(in_part) if check.advice]
    assert [check.name for check in problems] == ["destinations"]
    assert "SPIKETRACE_JIRA_USER" in (problems[0].advice or "")


def found(settings: Settings, name: str, *, deep: bool = False) -> Check:
    (check,) = [check for check in examine(settings, deep=deep) if check.name == name]
    return check


@pytest.mark.parametrize(("seconds", "is_well"), [(0.4, True), (-2.9, True), (3.1, False), (-600.0, False)])
def test_clocks_that_differ_by_seconds_are_a_problem(seconds: float, is_well: bool) -> None:
    check = clock_check("a clock", timedelta(seconds=seconds))
    assert (check.advice is None) is is_well
    assert ("ahead of" if seconds > 0 else "behind") in check.found


def test_the_clocks_of_both_engines_are_looked_at(settings: Settings, telemetry: None) -> None:
    assert found(settings, "broker: clock").advice is None
    assert found(settings, "elasticsearch: clock").advice is None


def test_a_setting_that_does_not_exist_is_a_problem(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKETRACE_RETENTION_DAY", "30")
    (check,) = [check for check in printed(invoke(doctor, "--json"))["checks"] if check["name"] == "settings"]
    assert check["found"] == "there is no setting SPIKETRACE_RETENTION_DAY"
    assert "SPIKETRACE_RETENTION_DAYS meant" in check["advice"]


def test_certificates_that_are_not_there_are_a_problem(settings: Settings, tmp_path: Path) -> None:
    check = found(settings.model_copy(update={"delivery_ca_file": tmp_path / "gone.pem"}), "settings")
    assert check.found == f"there is no file {tmp_path}/gone.pem (SPIKETRACE_DELIVERY_CA_FILE)"
    assert check.advice


def test_who_works_is_told_also_while_the_search_engine_is_away(settings: Settings, redis_url: str) -> None:
    RedisTally(redis_url).seen("beat")
    away = settings.model_copy(update={"elasticsearch_url": "http://127.0.0.1:1"})
    assert "s ago" in found(away, "beat").found


@pytest.mark.parametrize("part", ["beat", "sweep"])
def test_who_ran_once_and_stopped_is_a_problem(settings: Settings, telemetry: None, redis_url: str, part: str) -> None:
    assert found(settings, part) == Check(part, "has not run yet")
    tally = RedisTally(redis_url)
    tally.seen(part)
    assert found(settings, part).advice is None
    with redis.Redis.from_url(redis_url) as client:
        client.hset(SEEN_KEY, part, time.time() - 600)
    check = found(settings, part)
    assert "ran 600 s ago" in check.found
    assert f"spiketrace {'beat' if part == 'beat' else 'worker'}" in str(check.advice)


def test_what_waits_too_long_is_a_problem(settings: Settings, telemetry: None, stores: Stores) -> None:
    arrived = datetime.now(UTC) - timedelta(minutes=7)
    stores.alerts.record([arriving(an_alert()).model_copy(update={"received_at": arrived})])
    stores.client.indices.refresh(index="spiketrace-*")
    check = found(settings, "alerts")
    assert "1 queued; the oldest without a report waits for 7 min" in check.found
    assert check.advice
    with redis.Redis.from_url(settings.redis_url) as client:
        client.lpush("live", json.dumps({"headers": {SENT_AT: time.time() - 400}}))
    check = found(settings, "queues")
    assert "1 messages wait, the oldest for 400 s" in check.found
    assert "SPIKETRACE_WORKER_CONCURRENCY" in str(check.advice)


def test_dead_letters_are_counted_by_kind(settings: Settings, telemetry: None, stores: Stores) -> None:
    assert found(settings, "dead letters") == Check("dead letters", "none")
    for alert_id in ("a", "b"):
        stores.dead_letters.put(alert_id, reason="refused", kind="delivery-jira", payload={})
    stores.client.indices.refresh(index="spiketrace-*")
    check = found(settings, "dead letters")
    assert check.found == "2 delivery-jira"
    assert "dead-letters list" in str(check.advice)


def test_an_index_that_was_made_before_its_template_is_a_problem(
    settings: Settings, telemetry: None, stores: Stores
) -> None:
    assert "as they should be" in found(settings, "indices").found
    stores.client.indices.delete_index_template(name="spiketrace-dead-letters")
    stores.client.indices.create(index="spiketrace-dead-letters", mappings={"properties": {"kind": {"type": "text"}}})
    check = found(settings, "indices")
    assert check.found == "spiketrace-dead-letters has other types in kind"
    assert check.advice


def test_an_index_of_an_older_version_is_a_problem(settings: Settings, telemetry: None, stores: Stores) -> None:
    stores.client.indices.delete_index_template(name="spiketrace-replays")
    stores.client.indices.create(index="spiketrace-replays", mappings={"dynamic": False, "properties": {}})
    install_template(stores.client, "spiketrace-replays", is_upgrade=False)
    check = found(settings, "indices")
    assert "spiketrace-replays lacks @timestamp, " in check.found
    assert "restored from a snapshot" in check.found
    assert "spiketrace worker" in str(check.advice)


def test_an_index_that_takes_no_writes_is_a_problem(settings: Settings, telemetry: None, stores: Stores) -> None:
    stores.client.indices.create(index="spiketrace-reports", settings={"index.blocks.read_only_allow_delete": True})
    check = found(settings, "indices")
    assert check.found.startswith("spiketrace-reports takes no writes")
    assert "disk" in str(check.advice)


def test_a_template_of_another_release_is_a_problem(settings: Settings, telemetry: None, stores: Stores) -> None:
    stores.client.indices.put_index_template(
        name="spiketrace-alerts", index_patterns=["spiketrace-alerts"], meta={"fingerprint": "older"}
    )
    check = found(settings, "index templates")
    assert check.found == "of another release: spiketrace-alerts"
    assert check.advice


def test_a_destination_that_does_not_answer_is_a_problem(settings: Settings, telemetry: None) -> None:
    away = {
        "jira_url": "http://127.0.0.1:1",
        "jira_user": "someone",
        "jira_token": "a-jira-token",
        "jira_project": "OPS",
    }
    with_two = Settings.model_validate({**dict(settings), **away, "slack_webhook_url": "http://127.0.0.1:1/x"})
    problems = [check for check in examine(with_two) if check.advice]
    assert [check.name for check in problems] == ["destination: jira"]
    assert "cannot be reached" in problems[0].found
    assert "only a message would show" in found(with_two, "destination: slack").found


def test_the_model_is_asked_only_on_request(settings: Settings, telemetry: None) -> None:
    with running_gemini() as gemini:
        asked = gemini.settings()
        with_model = settings.model_copy(update=_of_gemini(asked))
        assert "of 600 calls" in found(with_model, "model: budget").found
        assert gemini.requests == []
        gemini.script({"text": "ok"}, {"status": 404})
        assert "answered" in found(with_model, "model: answer", deep=True).found
        check = found(with_model, "model: answer", deep=True)
    assert "there is no such model here" in check.found
    assert check.advice


def test_a_model_of_this_machine_is_tried_and_geminis_only_on_request(
    settings: Settings, telemetry: None, sentence_model_folder: Path, tmp_path: Path
) -> None:
    assert "embeddings" not in {check.name for check in examine(settings)}
    local = settings.model_copy(update={"embeddings": True, "embedding_model_dir": sentence_model_folder})
    assert found(local, "embeddings").found.startswith("all-minilm-l6-v2-q-")
    empty = found(local.model_copy(update={"embedding_model_dir": tmp_path}), "embeddings")
    assert "must hold one *.onnx" in empty.found
    assert empty.advice
    with running_gemini() as gemini:
        hosted = local.model_copy(update={"embedding_model_dir": None, **_of_gemini(gemini.settings())})
        gemini.script({"text": "ok"}, {"status": 403})
        assert found(hosted, "embeddings").advice is None
        assert gemini.requests == []
        assert "Gemini answered 403" in found(hosted, "embeddings", deep=True).found


def _of_gemini(asked: Settings) -> dict[str, Any]:
    return {"gemini_api_key": asked.gemini_api_key, "gemini_base_url": asked.gemini_base_url}


def test_a_budget_that_is_used_up_is_a_problem(settings: Settings, telemetry: None) -> None:
    spent = Settings.model_validate({**dict(settings), "gemini_api_key": "k", "gemini_day_calls": 0})
    assert "SPIKETRACE_GEMINI_DAY_CALLS" in str(found(spent, "model: budget").advice)


def test_a_collector_that_takes_no_spans_is_a_problem(settings: Settings, telemetry: None) -> None:
    assert found(settings, "traces") == Check("traces", "off")
    with collecting() as collector:
        to_it = settings.model_copy(update={"otlp_endpoint": collector.url, "otlp_headers": SecretStr("a=b,c=d")})
        assert found(to_it, "traces") == Check("traces", f"to {collector.url}/v1/traces, which answered 200")
        assert collector.spans == []
        wrong = found(to_it.model_copy(update={"otlp_endpoint": f"{collector.url}/elsewhere"}), "traces")
    away = found(to_it, "traces")
    assert "answered 429" in wrong.found
    assert "does not answer" in away.found
    assert wrong.advice == away.advice
    assert "SPIKETRACE_OTLP_ENDPOINT" in str(away.advice)


def test_who_is_asked_for_the_hours_of_the_grid_and_does_not_answer_is_a_problem(settings: Settings) -> None:
    assert found(settings, "grid intensity").advice is None
    asked = {"electricity_maps_url": "http://127.0.0.1:1", "electricity_maps_token": SecretStr("a-token")}
    check = found(settings.model_copy(update=asked), "grid intensity")
    assert "Electricity Maps" in check.found
    assert "the year's value is used" in str(check.advice)


class TestOtherPaths:
    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @pytest.fixture
    def kept(self, stores: Stores) -> Iterator[Stores]:
        create_alerts_index(stores.client)
        yield stores
        drop_alerts_index(stores.client)

    def found(self, settings: Settings, name: str) -> tuple[str, str | None]:
        (check,) = [check for check in examine(settings) if check.name == name]
        return check.found, check.advice

    def test_a_document_that_nobody_takes_in_is_a_problem(
        self, settings: Settings, telemetry: None, kept: Stores
    ) -> None:
        connector_writes(kept.client, {"@timestamp": self.now.isoformat()})
        assert self.found(settings, "inbox index") == ("1 waiting in spiketrace-alert-inbox", None)
        connector_writes(kept.client, {"@timestamp": (self.now - timedelta(minutes=6)).isoformat()})
        found, advice = self.found(settings, "inbox index")
        assert "2 waiting" in found
        assert "worker and beat" in (advice or "")

    def test_kibanas_alerts_that_are_not_there_are_a_gap_with_a_name(self, settings: Settings, telemetry: None) -> None:
        found, advice = self.found(settings, "kibana's alerts")
        assert "stay lost" in found
        assert advice is None

    def test_kibanas_alerts_are_counted(self, settings: Settings, telemetry: None, kept: Stores) -> None:
        ended = alert_of("b", start=self.now, end=self.now)
        theirs = alert_of("c", start=self.now) | {"kibana.alert.rule.uuid": "x", "kibana.alert.rule.tags": []}
        kibana_keeps(kept.client, alert_of("a", start=self.now), ended, theirs)
        assert self.found(settings, "kibana's alerts") == ("can be read; 1 active of our rules", None)

    def test_what_is_switched_off_is_not_looked_at(self, settings: Settings, telemetry: None) -> None:
        off = settings.model_copy(update={"index_intake": False, "missed_alerts": False})
        assert not {"inbox index", "kibana's alerts"} & {check.name for check in examine(off)}


def test_a_factor_table_that_is_wrong_is_a_problem_with_its_line(
    settings: Settings, telemetry: None, tmp_path: Path
) -> None:
    header, good = "provider,region,g_per_kwh,pue,year,source,licence", "gcp,us-central1,000077,1.1,2024,mine,mine"
    table = f"{header}\n{good}\ngcp,europe-west1,,1.1,2024,mine,mine\n"
    (tmp_path / "grid_intensity.csv").write_text(table, encoding="utf-8")
    own = Settings.model_validate({**dict(settings), "factors": tmp_path})
    (problem,) = [check for check in examine(own) if check.advice]
    assert (problem.name, problem.found) == (
        "carbon factors",
        "grid_intensity.csv, line 3: g_per_kwh: Input should be a valid number, unable to parse string as a number",
    )
