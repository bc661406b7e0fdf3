"""Where text comes in beside telemetry: alerts, what is no alert, dead letters, and what a process logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from elasticsearch import Elasticsearch

from evaluation.redaction.measure import left_of
from tests.engines.servers import Engine
from worker.domain.alert import Alert
from worker.elastic import connect_elasticsearch
from worker.kibana_body import LETTER_CHARACTERS, LINE_CHARACTERS, letter_about, read_alert
from worker.logs import configure_logging
from worker.settings import Settings
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.templates import install_templates

NOW = datetime(2026, 3, 12, 15, tzinfo=UTC)
SETTING = "unguessable-words"
SECRET = "gh" + "p_" + "R4nd0mN3ss" * 4
BODY: dict[str, Any] = {
    "rule": {
        "id": "r1",
        "name": f"errors, ask {SECRET}",
        "tags": ["carbon", f"token={SECRET}"],
        "url": f"https://kibana.example/app?token={SECRET}",
        "params": {"termField": "service", "filterKuery": f'password: "{SECRET}"', "apiKey": SECRET},
    },
    "alert": {"id": "checkout", "uuid": "0c1f9a3e-0000-4000-8000-000000000001", "action_group": "threshold met"},
    "context": {
        "title": f"title {SECRET}",
        "message": f"message {SECRET}",
        "conditions": f"conditions {SECRET}",
        "group": "checkout,us-central1",
        "link": f"https://user:{SECRET}@kibana.example/app",
    },
}


def test_an_alert_is_read_without_secrets_and_its_names_stay() -> None:
    alert = read_alert(BODY, received_at=NOW)
    assert left_of([SECRET], alert.model_dump_json()) == []
    assert (alert.rule.id, alert.instance, alert.group) == ("r1", "checkout", "checkout,us-central1")
    assert alert.uuid == BODY["alert"]["uuid"]
    assert alert.rule.params["termField"] == "service"
    assert alert.title == "title [redacted token]"
    assert alert.link == "https://user:[redacted password]@kibana.example/app"


@pytest.mark.parametrize("before", range(LINE_CHARACTERS - 50, LINE_CHARACTERS + 10, 7))
def test_an_alerts_text_is_cut_after_its_secrets_are_out(before: int) -> None:
    body = BODY | {"context": {"title": "x" * before + f" {SECRET} " + "x" * 100}}
    title = read_alert(body, received_at=NOW).title
    assert left_of([SECRET], title) == []
    assert len(title) <= LINE_CHARACTERS


@pytest.mark.parametrize("before", [0, LETTER_CHARACTERS - 60, LETTER_CHARACTERS - 20, LETTER_CHARACTERS - 5])
def test_what_is_no_alert_is_kept_without_secrets(before: int) -> None:
    body = ("x" * before + f" password={SECRET} " + "y" * 9_000).encode()
    letter = letter_about(body, "no JSON")
    assert left_of([SECRET], letter.payload) == []
    assert len(letter.payload) <= LETTER_CHARACTERS


@pytest.fixture
def letters(embedded_engine: Engine) -> Iterator[ElasticDeadLetterStore]:
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        install_templates(client)
        yield ElasticDeadLetterStore(client)


def test_a_dead_letter_holds_no_secret(letters: ElasticDeadLetterStore, embedded_url: str) -> None:
    alert = Alert.model_validate(read_alert(BODY, received_at=NOW).model_dump() | {"message": f"message {SECRET}"})
    reason = f"Slack answered 404 to https://hooks.slack.com/services/T0/B0/{SECRET}"
    letters.put("a1", reason=reason, kind="investigation", payload=alert.model_dump(mode="json"))
    letters.put("a2", reason="no JSON", kind="invalid", payload=f'{{"password": "{SECRET}"')
    with Elasticsearch(embedded_url) as client:
        client.indices.refresh(index="spiketrace-dead-letters")
        stored = json.dumps(client.search(index="spiketrace-dead-letters").body)
    assert left_of([SECRET], stored) == []
    letter = letters.get("investigation:a1")
    assert letter
    # It can still be requeued.
    assert Alert.model_validate_json(letter.payload).alert_id == alert.alert_id


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("INFO", process="test", json_lines=True)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_what_went_wrong_is_logged_without_secrets(logged: io.StringIO) -> None:
    log = structlog.get_logger("t")
    log.warning("refused", reason=f"401 for token={SECRET}", alert_id="a1")
    logging.getLogger("t").error("broken", exc_info=ValueError(f"password={SECRET}"))
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert left_of([SECRET], logged.getvalue()) == []
    assert [line.get("spiketrace.alert_id") for line in lines] == ["a1", None]
    assert "ValueError: password=[redacted password]" in lines[1]["error.stack_trace"]


@pytest.mark.parametrize("json_lines", [True, False])
def test_neither_settings_nor_variables_are_in_any_line(json_lines: bool, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("INFO", process="test", json_lines=json_lines, secrets=[SETTING])
    in_a_variable = f"telemetry of {SECRET}"
    try:
        assert not in_a_variable
    except AssertionError:
        structlog.get_logger("t").exception("broken", reason=None)
    structlog.get_logger("t").info("said in passing", told=[{"to": f"https://{SETTING}@example.com"}])
    logging.getLogger("t").info("connected to redis://:%s@broker", SETTING)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    written = capsys.readouterr().err
    assert "said in passing" in written
    assert SETTING not in written
    assert in_a_variable not in written
