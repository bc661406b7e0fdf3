"""What Kibana refuses: told in a sentence, and in nobody's way who does not need it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch

from demo.standins.kibana.deployment import AREAS, Account, Space
from kibana.client import connect_kibana
from kibana.errors import KibanaError, KibanaRefused
from kibana.setup.apply import Done, Outcome
from kibana.setup.compare import Take
from kibana.setup.plan import Action
from kibana.setup.record import AnotherSetup
from kibana.setup.session import Setup
from kibana.setup.things import Kind
from tests.setup.conftest import EVERYTHING, SECRETS, Open, StartKibana, silent
from worker.errors import ConfigurationError, SpikeTraceError
from worker.settings import Settings

WEBHOOK = "6f0c2b1e-4d5a-4c8b-9a37-2e1d5b8f7c60"


def reasons(done: Iterable[Done], outcome: Outcome) -> dict[str, str]:
    return {item.step.name: item.reason or "" for item in done if item.outcome is outcome}


class SaysNothingOfLicences(httpx.HTTPTransport):
    """As if Kibana did not list its types of connectors."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("connector_types"):
            return httpx.Response(200, json=[])
        return super().handle_request(request)


def test_a_licence_that_only_the_refusal_tells_of(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(version="9.4.3", licence="basic")
    with open_setup(kibana, transport=SaysNothingOfLicences()) as setup:
        assert "webhook" in setup.plan().way
        done = setup.apply(None, silent)
        assert "spiketrace-alert-inbox" in setup.plan().way
    assert reasons(done, Outcome.FAILED) == {}
    assert [item["name"] for item in kibana.space.connectors.values()] == ["spiketrace-alert-inbox"]
    assert kibana.space.rules
    assert "license" in reasons(done, Outcome.LEFT_OUT)["SpikeTrace create incident"].lower()


def test_workflows_that_are_switched_off(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(version="9.3.1", workflows_are_on=False)
    for _ in range(2):
        with open_setup(kibana) as setup:
            done = setup.apply(None, silent)
        assert reasons(done, Outcome.FAILED) == {}
        left_out = reasons(done, Outcome.LEFT_OUT)
        assert "advanced settings" in left_out["SpikeTrace create incident"]
        assert "create_incident_ticket" in left_out
        assert "spiketrace" in kibana.space.agents


def test_credentials_that_may_only_look(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(accounts={"ApiKey reader": Account(may_change=frozenset())})
    with open_setup(kibana, kibana_api_key="reader") as setup:
        assert setup.platform.may_make_rules is False
        done = setup.apply(None, silent)
    failed = reasons(done, Outcome.FAILED)
    assert "docs/kibana.md" in failed["spiketrace-webhook"]
    assert "it needs connector" in reasons(done, Outcome.LEFT_OUT)["Carbon by region"]
    assert not any(kibana.space.summary().values())


def test_one_area_without_privileges_does_not_hold_up_the_others(start_kibana: StartKibana, open_setup: Open) -> None:
    areas = frozenset(AREAS) - {"agents"}
    kibana = start_kibana(accounts={"ApiKey some": Account(may_change=areas, may_read=areas)})
    with open_setup(kibana, kibana_api_key="some") as setup:
        plan = setup.plan()
        done = setup.apply(None, silent)
    assert {step.key.kind for step in plan.steps if step.action is Action.CANNOT} == {Kind.TOOL, Kind.AGENT}
    assert len(reasons(done, Outcome.FAILED)) == 10
    assert kibana.space.workflows


def test_wrong_credentials_end_it_at_once(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(accounts={"ApiKey right": Account()})
    with pytest.raises(KibanaError, match="SPIKETRACE_KIBANA_API_KEY"), open_setup(kibana, kibana_api_key="wrong"):
        pass
    assert kibana.deployment.writes == []


def test_a_conflict_is_looked_at_again(start_kibana: StartKibana, open_setup: Open) -> None:
    """Somebody made the connector between the look and the write: it is theirs, and ours beside it."""
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        plan = setup.plan()
        assert plan.pending

        def meanwhile(done: Done) -> None:
            if done.step.key.kind is Kind.ROLE:
                kibana.space.connectors[WEBHOOK] = {
                    "id": WEBHOOK,
                    "name": "spiketrace-webhook",
                    "connector_type_id": ".webhook",
                    "config": {"url": "https://theirs.example.com/hook", "hasAuth": True},
                    "is_missing_secrets": False,
                    "secrets": {},
                }

        done = setup.apply(None, meanwhile)
    assert reasons(done, Outcome.FAILED) == {}
    assert kibana.space.connectors[WEBHOOK]["config"]["url"] == "https://theirs.example.com/hook"
    with open_setup(kibana) as setup:
        setup.remove(silent, dry_run=False)
    assert list(kibana.space.connectors) == [WEBHOOK]


def test_a_concurrent_change_is_tried_again(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    transport = Conflicts(f"/api/actions/connector/{WEBHOOK}", times=2)
    with open_setup(kibana, public_url="https://new.example.com", transport=transport) as setup:
        done = setup.apply(None, silent)
    assert reasons(done, Outcome.FAILED) == {}
    assert transport.left == 0
    assert kibana.space.connectors[WEBHOOK]["config"]["url"].startswith("https://new.example.com")


class Conflicts(httpx.HTTPTransport):
    """Answers the first PUTs to a path as Kibana does when somebody else was writing."""

    def __init__(self, path: str, *, times: int) -> None:
        super().__init__()
        self._path, self.left = path, times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path == self._path and self.left:
            self.left -= 1
            return httpx.Response(409, json={"statusCode": 409, "error": "Conflict", "message": "version conflict"})
        return super().handle_request(request)


def test_connectors_of_kibana_yml_are_used_and_left_alone(start_kibana: StartKibana, open_setup: Open) -> None:
    there = {"name": "spiketrace-webhook", "connector_type_id": ".webhook", "config": {}}
    kibana = start_kibana(preconfigured={WEBHOOK: there})
    with open_setup(kibana) as setup:
        done = setup.apply(None, silent)
        assert setup.plan().pending == []
    assert reasons(done, Outcome.FAILED) == {}
    assert WEBHOOK not in kibana.space.connectors
    assert {action["id"] for rule in kibana.space.rules.values() for action in rule["actions"]} == {WEBHOOK}


def test_a_connector_that_others_use_stays(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    kibana.space.rules["theirs"] = {"id": "theirs", "actions": [{"id": WEBHOOK}], "name": "theirs"}
    with open_setup(kibana) as setup:
        failed = reasons(setup.remove(silent, dry_run=False), Outcome.FAILED)
    assert "used by 1 other rules" in failed["spiketrace-webhook"]
    assert list(kibana.space.connectors) == [WEBHOOK]


def test_without_the_deprecated_calls_for_saved_objects(start_kibana: StartKibana, open_setup: Open) -> None:
    """Nobody can look at a dashboard then: what was applied last is what is known."""
    kibana = start_kibana(has_saved_object_calls=False)
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    written = len(kibana.deployment.writes)
    with open_setup(kibana) as setup:
        assert setup.plan().pending == []
        setup.apply(None, silent)
    assert len(kibana.deployment.writes) == written
    with open_setup(kibana) as setup:
        failed = reasons(setup.remove(silent, dry_run=False), Outcome.FAILED)
    assert set(failed) == {"spiketrace-dashboard", "spiketrace-itself", "spiketrace-sre"}
    assert all("Saved Objects" in reason for reason in failed.values())


def test_a_workflow_of_the_same_name_is_somebody_elses(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(version="9.3.1")
    theirs = {"id": "workflow-theirs", "name": "SpikeTrace create incident", "yaml": "name: theirs"}
    kibana.space.workflows["workflow-theirs"] = theirs
    with open_setup(kibana) as setup:
        done = setup.apply(None, silent)
    assert "SpikeTrace create incident" in reasons(done, Outcome.FAILED)
    with open_setup(kibana) as setup:
        setup.remove(silent, dry_run=False)
    assert kibana.space.workflows == {"workflow-theirs": theirs}


class Refuses(httpx.HTTPTransport):
    """Answers 400 to what would change anything at that path."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" and request.url.path.startswith(self._path):
            return httpx.Response(400, json={"statusCode": 400, "error": "Bad Request", "message": "not like this"})
        return super().handle_request(request)


def test_what_was_refused_is_not_remembered_as_made(start_kibana: StartKibana, open_setup: Open) -> None:
    """Somebody who makes it by hand afterwards keeps it."""
    kibana = start_kibana()
    with open_setup(kibana, transport=Refuses("/api/agent_builder/agents")) as setup:
        done = setup.apply(None, silent)
    assert set(reasons(done, Outcome.FAILED)) == {"SpikeTrace Commander"}
    theirs = {"id": "spiketrace", "name": "Ours", "configuration": {"tools": []}}
    kibana.space.agents["spiketrace"] = theirs
    with open_setup(kibana) as setup:
        setup.remove(silent, dry_run=False)
    assert kibana.space.agents == {"spiketrace": theirs}


def test_a_refused_change_is_tried_again_the_next_time(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as setup:
        setup.apply(None, silent)
    moved = {"public_url": "https://new.example.com"}
    with open_setup(kibana, transport=Refuses("/api/actions/connector/"), **moved) as setup:
        assert set(reasons(setup.apply(None, silent), Outcome.FAILED)) == {"spiketrace-webhook"}
    with open_setup(kibana, **moved) as setup:
        assert reasons(setup.apply(None, silent), Outcome.FAILED) == {}
    assert kibana.space.connectors[WEBHOOK]["config"]["url"].startswith("https://new.example.com")


class SeesNoTools(httpx.HTTPTransport):
    """As if this Kibana had no call that reads a tool."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and "/agent_builder/" in request.url.path:
            return httpx.Response(404, json={"statusCode": 404, "error": "Not Found", "message": "Not Found"})
        return super().handle_request(request)


def test_what_cannot_be_read_is_not_written_again(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    for _ in range(2):
        with open_setup(kibana, transport=SeesNoTools()) as setup:
            done = setup.apply(None, silent)
        assert reasons(done, Outcome.FAILED) == {}
    assert [path for method, path in kibana.deployment.writes if method == "PUT"] == []
    assert len(kibana.space.tools) == 9


def test_two_at_the_same_time(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana) as one, open_setup(kibana) as other:
        one.apply(None, silent)
        with pytest.raises(AnotherSetup, match="at work in space default"):
            other.apply(None, silent)


def test_a_space_that_is_not_there(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with pytest.raises(ConfigurationError, match="no space 'sre'"), open_setup(kibana, kibana_space="sre"):
        pass


@pytest.mark.parametrize("answer", [{"status_code": 404, "json": {}}, {"status_code": 200, "json": {}}])
def test_spaces_that_nobody_lists(answer: dict[str, Any], start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(spaces={"default": Space(), "sre": Space()})
    with open_setup(kibana, kibana_space="sre", transport=Lacks("/api/spaces", **answer)) as setup:
        setup.apply(None, silent)
    assert kibana.deployment.spaces["sre"].rules
    assert not kibana.space.rules


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, json={"error": "no such route"}), "does not answer as Kibana does"),
        (httpx.Response(200, json={"status": "green"}), "does not say its version"),
        (httpx.Response(200, json=[]), "does not say its version"),
        (httpx.Response(302, headers={"location": "/login"}), "leads elsewhere"),
    ],
)
def test_something_else_at_the_address(answer: httpx.Response, said: str, elasticsearch: Elasticsearch) -> None:
    settings = Settings(kibana_url="http://127.0.0.1:1", **EVERYTHING)
    transport = httpx.MockTransport(lambda _: answer)
    with connect_kibana(settings, transport=transport) as client, pytest.raises(SpikeTraceError, match=said):
        Setup(settings, client, elasticsearch)


class Lacks(httpx.HTTPTransport):
    """As if the call did not exist: `answer` to whatever is asked of a path that begins so."""

    def __init__(self, *paths: str, **answer: Any) -> None:
        super().__init__()
        self._paths = paths
        self._answer = answer or {"status_code": 404, "json": {"statusCode": 404, "message": "Not Found"}}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith(self._paths):
            return httpx.Response(**self._answer)
        return super().handle_request(request)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(
    ("version", "licence", "dated"),
    [("9.4.3", "basic", "9.4"), ("9.3.1", "trial", "9.3"), ("8.19.8", "trial", "8.19")],
)
def test_a_version_that_is_not_told_shows_in_the_calls(
    version: str, licence: str, dated: str, status: int, start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(version=version, licence=licence)
    with open_setup(kibana, transport=Lacks("/api/status", status_code=status, json={})) as setup:
        assert setup.platform.version == dated
        assert "SPIKETRACE_KIBANA_VERSION" in setup.platform.described
        assert reasons(setup.apply(None, silent), Outcome.FAILED) == {}
    assert kibana.space.rules


def test_a_version_that_is_not_told_may_be_set(start_kibana: StartKibana, open_setup: Open) -> None:
    """The calls of 9.2 and 9.3 are alike, and the types of a tool's parameters are not."""
    kibana = start_kibana(version="9.2.0")
    with open_setup(kibana, transport=Lacks("/api/status"), kibana_version="9.2") as setup:
        assert reasons(setup.apply(None, silent), Outcome.FAILED) == {}
    assert "spiketrace" in kibana.space.agents


def test_a_version_in_one_word(start_kibana: StartKibana, open_setup: Open) -> None:
    with open_setup(
        start_kibana(), transport=Lacks("/api/status", status_code=200, json={"version": "9.4.3"})
    ) as setup:
        assert setup.platform.described == "Kibana 9.4.3, licence: Enterprise or trial"


def test_a_preview_of_workflows_that_nobody_can_read(start_kibana: StartKibana, open_setup: Open) -> None:
    """All that 9.3 documents is the call that creates one: what was applied last is what is known."""
    kibana = start_kibana(version="9.3.1")
    for _ in range(2):
        with open_setup(kibana, transport=Lacks("/api/workflows/")) as setup:
            assert reasons(setup.apply(None, silent), Outcome.FAILED) == {}
            assert setup.plan().pending == []
    assert [path for _, path in kibana.deployment.writes if path == "/api/workflows"] == ["/api/workflows"]
    with open_setup(kibana, transport=Lacks("/api/workflows/")) as setup:
        failed = reasons(setup.remove(silent, dry_run=False), Outcome.FAILED)
    assert "its page Workflows does" in failed["spiketrace-create-incident"]


@pytest.mark.parametrize(
    ("take", "title"), [(None, "theirs"), (Take.THEIRS, "theirs"), (Take.OURS, "spiketrace-logs-*")]
)
def test_what_was_imported_by_hand_where_nobody_can_look(
    take: Take | None, title: str, start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(has_saved_object_calls=False)
    view = {"type": "index-pattern", "id": "spiketrace-logs", "attributes": {"title": "theirs"}, "references": []}
    kibana.space.objects["index-pattern", "spiketrace-logs"] = view
    with open_setup(kibana) as setup:
        done = setup.apply(take, silent)
    assert reasons(done, Outcome.FAILED) == {}
    assert kibana.space.objects["index-pattern", "spiketrace-logs"]["attributes"]["title"] == title
    assert ("dashboard", "spiketrace-sre") in kibana.space.objects
    stays = "it stays as it is" in reasons(done, Outcome.UNCHANGED).get("spiketrace-logs", "")
    assert stays is (take is not Take.OURS)
    with open_setup(kibana) as setup:
        assert setup.plan().pending == []
        kept = reasons(setup.remove(silent, dry_run=True), Outcome.STAYS)
    assert set(kept) == {"spiketrace-logs"}


def test_a_workflow_whose_id_nobody_tells_is_not_guessed(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana(version="9.3.1")
    there = {"id": "workflow-1", "name": "SpikeTrace create incident", "yaml": "name: there"}
    kibana.space.workflows["workflow-1"] = there
    with open_setup(kibana, transport=Lacks("/api/workflows/")) as setup:
        done = setup.apply(None, silent)
    assert "does not tell its id" in reasons(done, Outcome.FAILED)["SpikeTrace create incident"]
    assert "create_incident_ticket" in reasons(done, Outcome.LEFT_OUT)
    assert kibana.space.workflows == {"workflow-1": there}


def test_an_import_says_what_it_misses(start_kibana: StartKibana, open_setup: Open) -> None:
    missing = {"type": "missing_references", "references": [{"type": "index-pattern", "id": "spiketrace-logs"}]}
    refused = {"success": False, "successCount": 0, "errors": [{"type": "dashboard", "id": "x", "error": missing}]}
    transport = Lacks("/api/saved_objects/_import", status_code=200, json=refused)
    with open_setup(start_kibana(), transport=transport) as setup:
        failed = reasons(setup.apply(None, silent), Outcome.FAILED)
    assert "missing_references: index-pattern spiketrace-logs" in failed["spiketrace-logs"]


class KnowsNoRows(httpx.HTTPTransport):
    """As a patch release before ES|QL rules could have an alert per row."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and b'"row"' in request.read():
            said = "params invalid: [groupBy]: groupBy must be one of [all, top]"
            return httpx.Response(400, json={"statusCode": 400, "error": "Bad Request", "message": said})
        return super().handle_request(request)


def test_rules_with_an_alert_per_row_that_this_version_does_not_take(
    start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(version="8.19.8")
    with open_setup(kibana, transport=KnowsNoRows()) as setup:
        done = setup.apply(None, silent)
    assert reasons(done, Outcome.FAILED) == {}
    assert "query DSL" in reasons(done, Outcome.LEFT_OUT)["Carbon by service against its own past"]
    assert "spiketrace-carbon-against-past-by-service" in kibana.space.rules


def test_a_kibana_that_is_too_old(start_kibana: StartKibana, open_setup: Open) -> None:
    with pytest.raises(ConfigurationError, match=r"8\.19"), open_setup(start_kibana(version="8.18.4")):
        pass


def test_without_credentials_for_the_webhook_there_are_no_rules(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    with open_setup(kibana, webhook_user=None) as setup:
        done = setup.apply(None, silent)
        assert setup.plan().way.startswith("not at all")
    assert "SPIKETRACE_WEBHOOK_USER" in reasons(done, Outcome.LEFT_OUT)["spiketrace-webhook"]
    assert kibana.space.rules == {}


@pytest.mark.parametrize("version", ["8.19.8", "9.2.0"])
def test_a_token_is_a_secret_header_where_kibana_keeps_those(
    version: str, start_kibana: StartKibana, open_setup: Open
) -> None:
    kibana = start_kibana(version=version)
    with open_setup(kibana, webhook_user=None, webhook_token="token-of-the-tests") as setup:
        setup.apply(None, silent)
    if version == "8.19.8":
        assert WEBHOOK not in kibana.space.connectors
        return
    connector = kibana.space.connectors[WEBHOOK]
    assert connector["secrets"] == {"secretHeaders": {"Authorization": "Bearer token-of-the-tests"}}
    assert "token-of-the-tests" not in str(connector["config"])


def test_kibana_gets_the_credential_that_may_do_the_least(start_kibana: StartKibana, open_setup: Open) -> None:
    kibana = start_kibana()
    lines = "ada all the-secret-of-ada-12\nkibana-only deliver the-secret-of-kibana\nbob read the-secret-of-bob-12"
    with open_setup(kibana, webhook_credentials=lines) as setup:
        setup.apply(None, silent)
    secrets = kibana.space.connectors[WEBHOOK]["secrets"]
    assert secrets == {"user": "kibana-only", "password": "the-secret-of-kibana"}


class EchoesEverything(httpx.BaseTransport):
    """A Kibana, or a proxy before it, that repeats in its error what it was sent."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/status":
            return httpx.Response(200, json={"version": {"number": "9.4.3"}})
        if request.url.path in {"/api/actions/connector_types", "/api/alerting/rule_types"}:
            return httpx.Response(200, json=[])
        if request.method == "GET":
            return httpx.Response(404, json={"message": "Saved object [x/y] not found"})
        said = f"{request.headers.get('authorization')} {request.read().decode()}"
        return httpx.Response(400, json={"statusCode": 400, "error": "Bad Request", "message": said})


def test_secrets_are_in_no_message_and_no_log(elasticsearch: Elasticsearch, caplog: pytest.LogCaptureFixture) -> None:
    secrets = {**SECRETS, "kibana_api_key": "kibana-key-of-the-tests"}
    settings = Settings(kibana_url="http://127.0.0.1:1", **{**EVERYTHING, **secrets})
    caplog.set_level(logging.DEBUG)
    with connect_kibana(settings, transport=EchoesEverything()) as client:
        done = Setup(settings, client, elasticsearch).apply(None, silent)
    failed = [item for item in done if item.outcome is Outcome.FAILED]
    assert len(failed) > 10
    said = "\n".join([*(item.reason or "" for item in done), repr(done), caplog.text])
    assert [secret for secret in [*secrets.values(), "gemini-key-of-the-tests"] if secret in said] == []
    assert "[secret]" in said


def test_a_refusal_is_told_apart_from_a_missing_call() -> None:
    assert KibanaRefused("GET /x", 404, "Not Found").lacks_route
    assert KibanaRefused("GET /x", 404, "Route GET /x not found").lacks_route
    assert KibanaRefused("GET /x", 405, "Method not found").lacks_route
    assert not KibanaRefused("GET /x", 404, "Saved object [alert/x] not found").lacks_route
    assert KibanaRefused("POST /x", 403, "your basic license does not support it").lacks_licence
    assert not KibanaRefused("POST /x", 403, "unauthorized").lacks_licence
