from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.doctor import doctor, examine
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
from worker.assembly import open_desk
from worker.bootstrap import Stores
from worker.errors import ConfigurationError
from worker.settings import Settings


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
        open_desk(wrong, Queued())
    file.write_text("routes:\n- {name: a, tell: [slack]}\n", encoding="utf-8")
    (checked,) = [check for check in examine(wrong) if check.name == "policy"]
    assert checked.found.endswith("named and not configured: slack")


def test_a_destination_configured_in_part_is_a_problem(settings: Settings, telemetry: None) -> None:
    in_part = Settings.model_validate({**dict(settings), "jira_url": "https://jira.example.com"})
    problems = [check for check in examine(in_part) if check.advice]
    assert [check.name for check in problems] == ["destinations"]
    assert "SPIKETRACE_JIRA_USER" in (problems[0].advice or "")


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
