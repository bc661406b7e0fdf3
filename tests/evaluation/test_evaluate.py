"""Labelled incidents through the real pipeline, on every engine, and the command that does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.evaluate import evaluate as command
from evaluation.cases import Case
from evaluation.predict import Prediction, alert_of
from evaluation.run import document, evaluate, read_folders
from tests.engines.servers import HTTP, Engine
from tests.evaluation.folders import TRUTH, shop
from worker.errors import ConfigurationError
from worker.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def predicted(folder: Path, engine: Engine) -> dict[str, Prediction]:
    found = evaluate(read_folders([folder]), [Settings(elasticsearch_url=engine.url)])
    assert found.failures == []
    return {case.id: prediction for case, prediction in found.predictions}


def test_causes_are_found_and_nobody_is_blamed_for_a_quiet_day(
    predicted: dict[str, Prediction], engine: Engine
) -> None:
    firsts = {name: one.ranking[:1] for name, one in predicted.items() if name != "shop-quiet"}
    assert firsts == {"shop-slow": ["ledger"], "shop-failing": ["cart"], "shop-released": ["front"]}
    assert predicted["shop-quiet"].verdict == "not_confirmed"
    assert predicted["shop-quiet"].confidence is None
    released = predicted["shop-released"].deployment
    assert released is not None
    assert (released.service, released.version) == ("front", "v7")
    left = HTTP.get(f"{engine.url}/_cat/indices/spiketrace-evaluation-*", params={"format": "json"}).json()
    assert left == []


def test_nothing_later_than_the_alert_is_read(folder: Path, embedded_url: str) -> None:
    """The quiet case's later samples are a hundred times as slow: seen, they would confirm it."""
    (quiet,) = [case for case in read_folders([folder]) if case.id == "shop-quiet"]
    found = evaluate([quiet], [Settings(elasticsearch_url=embedded_url)])
    assert found.predictions[0][1].verdict == "not_confirmed"


def test_the_same_case_is_predicted_the_same_twice(folder: Path, embedded_url: str) -> None:
    cases = [case for case in read_folders([folder]) if case.id == "shop-slow"]
    once, again = (evaluate(cases, [Settings(elasticsearch_url=embedded_url)]).predictions[0][1] for _ in range(2))
    assert once.model_dump(exclude={"seconds"}) == again.model_dump(exclude={"seconds"})


def test_an_engine_that_does_not_answer_fails_the_run_and_says_why(folder: Path) -> None:
    nowhere = Settings(elasticsearch_url="http://127.0.0.1:9")
    (case, *_) = read_folders([folder])
    found = evaluate([case], [nowhere], pause_seconds=0)
    assert found.predictions == []
    assert "cannot be reached" in found.failures[0].reason
    assert document(found)["summary"]["failed"] == [{"id": case.id, "reason": found.failures[0].reason}]


def test_the_command_writes_predictions_and_scores(folder: Path, embedded_url: str, tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    arguments = [str(folder), str(folder / "cases.json"), "--output", str(output), "--elasticsearch-url", embedded_url]
    result = CliRunner().invoke(command, [*arguments, "--jobs", "1"])
    assert result.exit_code == 0, result.output
    written = json.loads(output.read_text(encoding="utf-8"))
    assert {case["id"] for case in written["cases"]} == TRUTH.keys()
    assert written["cases"][0].keys() == {"id", "verdict", "ranking", "deployment", "confidence", "seconds"}
    overall = written["summary"]["scores"]["overall"]["all"]
    assert (overall["faults"], overall["top_1"], overall["not_blamed"]) == (3, 1.0, 1.0)
    assert written["summary"]["baselines"].keys() == {"shop"}
    assert "4 cases, 0 failed" in result.output


def test_without_truth_cases_are_predicted_and_not_scored(tmp_path: Path, embedded_url: str) -> None:
    cases = read_folders([shop(tmp_path, with_truth=False)])
    found = document(evaluate(cases[:1], [Settings(elasticsearch_url=embedded_url)]))
    assert len(found["cases"]) == 1
    assert found["summary"]["scores"]["overall"] == {}
    assert found["summary"]["baselines"] == {}


@pytest.mark.parametrize("folders", [[], ["nowhere"], ["empty"]])
def test_a_run_over_nothing_fails(tmp_path: Path, folders: list[str]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no case to evaluate"):
        read_folders([tmp_path / name for name in folders])


def test_two_cases_of_one_id_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="more than one case: shop-failing"):
        read_folders([folder, shop(tmp_path)])


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("dataset.json", "{}", "dataset.json: name: Field required"),
        ("dataset.json", '{"name": "x", "step_seconds": 0}', "dataset.json: step_seconds: "),
        ("cases.json", "[]", "cases.json holds no case"),
        ("cases.json", "{", "cases.json: the file: Invalid JSON"),
        ("cases.json", '[{"id": "a", "alert": {}, "telemetry": []}]', "cases.json: 0.alert.service: "),
        ("truth.json", '{"shop-slow": {}}', "truth.json: shop-slow.service: Field required"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named(tmp_path: Path, file: str, content: str, complaint: str) -> None:
    shop(tmp_path)
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_folders([tmp_path])
    assert complaint in refused.value.reason


def test_telemetry_that_is_not_there_is_named(tmp_path: Path) -> None:
    cases = json.loads((shop(tmp_path) / "cases.json").read_text(encoding="utf-8"))
    cases[0]["telemetry"][0]["folder"] = "telemetry/gone"
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="its telemetry is not there: telemetry/gone"):
        read_folders([tmp_path])


def test_an_alert_is_the_rules_that_would_have_fired(folder: Path) -> None:
    (case, *_) = read_folders([folder])
    alert = alert_of(case)
    assert (alert.date, alert.group) == (case.alert.fired_at, "front")
    assert alert.rule.params["timeWindowSize"] == 6


def test_documents_are_moved_by_their_folders_shift(tmp_path: Path) -> None:
    cases = json.loads((shop(tmp_path) / "cases.json").read_text(encoding="utf-8"))
    cases[0]["telemetry"][0]["shift_seconds"] = 90.0
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    moved: Case = read_folders([tmp_path])[0]
    assert next(iter(moved.documents("metrics")))["@timestamp"] == "2026-02-26T08:41:30.000Z"
