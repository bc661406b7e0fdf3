"""The OpenAPI document is true: whatever is sent, no 5xx, and no answer that it does not describe.

`make fuzz` sends hundreds of requests of each kind to each operation, new ones each time; the tests send a few.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.engines.servers import Broker, Engine
from tests.incidents.samples import a_report
from tests.tasks.conftest import wait_until
from tests.webhook.answers import QUESTION
from tests.webhook.bodies import active
from tests.webhook.conftest import TOKEN, serving, webhook_settings
from tests.webhook.test_access import requests_of
from tests.webhook.test_questions import Worker
from webhook.access import OPEN_PATHS, role_of
from webhook.app import create_app
from webhook.kibana_payload import PATH as ALERTS
from webhook.openapi import PATH, document_of
from worker.bootstrap import Stores, connect
from worker.domain.severity import Severity
from worker.incidents import record
from worker.store.templates import install_templates

REQUESTS = int(os.environ.get("SPIKETRACE_FUZZ_REQUESTS", "4"))
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
NOWHERE = webhook_settings(elasticsearch_url="http://localhost:1", redis_url="redis://localhost:1")
DOCUMENT = document_of(create_app(NOWHERE))
SCHEMA: OpenApiSchema = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method, path) for path, item in DOCUMENT["paths"].items() for method in item]
# What people read in a browser with what loads there, and what Slack signs.
NOT_FOR_PROGRAMS = re.compile(r"/(reports|replays|backtests|questions|static)?(/.*)?|/openapi.json")


class Scene(NamedTuple):
    client: httpx.Client
    stores: Stores

    def ask(self, case: Case[Any], accept: str = "application/json") -> Any:
        """The answer, which is as described. Raises AssertionError."""
        headers = {"authorization": f"Bearer {TOKEN}", "accept": accept}
        return case.call_and_validate(base_url=str(self.client.base_url), headers=headers, checks=CHECKS)


@pytest.fixture(scope="module")
def scene(_quick_engine: Engine, _shared_broker: Broker) -> Iterator[Scene]:
    """One server for all, with a worker that answers questions; Jira is there to be wished for, and never called."""
    _quick_engine.wipe()
    settings = webhook_settings(
        elasticsearch_url=_quick_engine.url,
        redis_url=_shared_broker.url,
        webhook_acts_per_minute=10_000_000,
        webhook_reads_per_minute=10_000_000,
        questions_per_minute=10_000_000,
        jira_url="https://jira.shop.example",
        jira_user="somebody",
        jira_token=SecretStr("a-token-of-jira"),
        jira_project="OPS",
    )
    stores, worker = connect(settings), Worker(settings.redis_url)
    install_templates(stores.client)
    with serving(create_app(settings, stores=stores, queue=worker)) as client:
        yield Scene(client, stores)
    worker.wait()


def a_case(operation: str, body: Any = NOT_SET, **parameters: str) -> Case[Any]:
    return SCHEMA.find_operation_by_id(operation).Case(
        path_parameters=parameters, body=body, media_type="application/json"
    )


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_described(scene: Scene, method: str, path: str) -> None:
    takes = "{" in path or "requestBody" in DOCUMENT["paths"][path][method]
    for mode in GenerationMode if takes else [GenerationMode.POSITIVE]:

        @examples(max_examples=REQUESTS if takes else 1, deadline=None, suppress_health_check=list(HealthCheck))
        @given(SCHEMA[path][method].as_strategy(generation_mode=mode))
        def send(case: Case[Any]) -> None:
            scene.ask(case)

        send()


def test_what_is_there_is_as_described(scene: Scene) -> None:
    """A document of each kind, by the way that makes it."""
    report = a_report(severity=Severity.MEDIUM)
    incident = record(report, scene.stores.incidents, datetime.now(UTC))
    assert incident
    scene.stores.reports.create(report.model_copy(update={"incident_id": incident.incident_id}))
    taken = scene.ask(a_case("takeAlert", active())).json()
    got = [
        scene.ask(a_case("getAlert", alert_id=taken["alert_id"])),
        scene.ask(a_case("getReport", report_id=report.report_id)),
        scene.ask(a_case("getIncident", incident_id=incident.incident_id)),
        scene.ask(a_case("askQuestion", {"question": QUESTION})),
        scene.ask(a_case("askQuestion", {"question": QUESTION}), accept="text/event-stream"),
        scene.ask(a_case("askForDelivery", {"destination": "jira"}, incident_id=incident.incident_id)),
    ]
    assert [answer.status_code for answer in got] == [200] * 5 + [202]


def test_a_replay_is_as_described(scene: Scene) -> None:
    alert_id = scene.ask(a_case("takeAlert", active())).json()["alert_id"]
    wait_until(lambda: scene.stores.alerts.get(alert_id) is not None)
    scene.stores.client.indices.refresh(index="spiketrace-*")
    begun = scene.ask(a_case("beginReplay", {"ids": alert_id}))
    replay_id = begun.json()["replay_id"]
    got = [
        scene.ask(a_case("getReplay", replay_id=replay_id)),
        scene.ask(a_case("pauseReplay", replay_id=replay_id)),
        scene.ask(a_case("resumeReplay", replay_id=replay_id)),
        scene.ask(a_case("cancelReplay", replay_id=replay_id)),
        scene.ask(a_case("listReplays")),
        scene.ask(a_case("pauseReplay", replay_id=replay_id)),
    ]
    assert (begun.status_code, [answer.status_code for answer in got]) == (202, [200] * 5 + [409])


def test_every_route_for_programs_is_described_and_says_its_role() -> None:
    described = {(method.upper(), re.sub(r"{\w+}", "x", path)) for method, path in OPERATIONS}
    served = {(method, path) for method, path in requests_of(create_app(NOWHERE)) if not for_people(path)}
    assert served - described == {("GET", ALERTS), ("HEAD", "/healthz"), ("HEAD", "/readyz")}
    assert described <= served
    for method, path in OPERATIONS:
        operation = DOCUMENT["paths"][path][method]
        assert (operation.get("security") == []) == (path in OPEN_PATHS)
        if path not in OPEN_PATHS:
            assert f"Takes the role `{role_of(method.upper(), path)}`." in operation["description"]


def for_people(path: str) -> bool:
    return NOT_FOR_PROGRAMS.fullmatch(path) is not None


def test_readers_get_it_and_nobody_else(scene: Scene) -> None:
    assert scene.client.get(PATH).json() == DOCUMENT
    assert httpx.get(f"{scene.client.base_url}{PATH}").status_code == 401


def test_the_command_prints_it_and_needs_no_settings() -> None:
    command = [sys.executable, "-m", "cli.main", "webhook", "--openapi"]
    printed = subprocess.run(command, capture_output=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}).stdout
    assert json.loads(printed) == DOCUMENT


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_a_time_that_is_none_in_utc_is_no_5xx(scene: Scene, since: str) -> None:
    answer = scene.ask(a_case("beginReplay", {"since": since, "dry_run": True}))
    assert (answer.status_code, "before or after all dates" in answer.text) == (422, True)


@pytest.mark.parametrize("incident_id", ["", "..", "a/b", "x" * 201])
def test_an_offer_of_what_is_no_id_is_refused(scene: Scene, incident_id: str) -> None:
    offer = {"sentence": "Shall I?", "destinations": ["jira"], "incident_id": incident_id}
    assert scene.ask(a_case("takeUpOffer", {"offer": offer})).status_code == 422
