from __future__ import annotations

from pathlib import Path

import pytest

from cli.doctor import doctor, examine
from tests.cli.conftest import Invoke, printed
from tests.engines.servers import Engine
from worker.bootstrap import Stores
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


def test_a_destination_configured_in_part_is_a_problem(settings: Settings, telemetry: None) -> None:
    in_part = Settings.model_validate({**dict(settings), "jira_url": "https://jira.example.com"})
    problems = [check for check in examine(in_part) if check.advice]
    assert [check.name for check in problems] == ["destinations"]
    assert "SPIKETRACE_JIRA_USER" in (problems[0].advice or "")


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
