"""The stand-in says no where Kibana does: a set-up that it accepts is worth something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from demo.standins.kibana.deployment import Account, Space
from tests.standins.kibana import Kibana, running_kibana

UUID = "6f0c2b1e-4d5a-4c8b-9a37-2e1d5b8f7c60"
XSRF = {"kbn-xsrf": "t"}
WEBHOOK: dict[str, Any] = {
    "name": "hook",
    "connector_type_id": ".webhook",
    "config": {"url": "https://a.example.com/x", "hasAuth": True, "authType": "webhook-authentication-basic"},
    "secrets": {"user": "u", "password": "p"},
}
RULE: dict[str, Any] = {
    "name": "r",
    "rule_type_id": ".index-threshold",
    "consumer": "stackAlerts",
    "schedule": {"interval": "5m"},
    "params": {
        "index": ["x"],
        "timeField": "@timestamp",
        "timeWindowSize": 5,
        "timeWindowUnit": "m",
        "thresholdComparator": ">",
        "threshold": [1],
    },
    "actions": [],
}
ACTION: dict[str, Any] = {
    "group": "threshold met",
    "id": UUID,
    "params": {"body": "{}"},
    "frequency": {"summary": False, "notify_when": "onActionGroupChange", "throttle": None},
}
TOOL: dict[str, Any] = {
    "id": "t",
    "type": "esql",
    "description": "d",
    "tags": [],
    "configuration": {
        "query": "FROM x | WHERE s == ?s | LIMIT 1",
        "params": {"s": {"type": "string", "description": "d"}},
    },
}
AGENT: dict[str, Any] = {
    "id": "a",
    "name": "a",
    "description": "d",
    "configuration": {"instructions": "i", "tools": [{"tool_ids": ["t"]}]},
}
WORKFLOW = 'version: "1"\nname: w\ntriggers: [{type: manual}]\nsteps: [{name: s, type: console}]\n'


@pytest.fixture(scope="module")
def all_running() -> Iterator[dict[tuple[str, str], Kibana]]:
    deployments = [(version, "trial") for version in ("8.19.8", "9.2.0", "9.3.1", "9.4.3")] + [("9.4.3", "basic")]
    with ExitStack() as running:
        yield {
            (version, licence): running.enter_context(running_kibana(version=version, licence=licence))
            for version, licence in deployments
        }


class Caller:
    def __init__(self, kibana: Kibana) -> None:
        self.kibana = kibana
        kibana.deployment.spaces["default"] = Space()

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        request = {"headers": XSRF, **({"json": body} if body is not None else {}), **options}
        return httpx.request(method, f"{self.kibana.url}{path}", **request)

    def refused(self, status: int, said: str, method: str, path: str, body: Any = None, **options: Any) -> None:
        answer = self(method, path, body, **options)
        assert answer.status_code == status, answer.text
        shown = answer.json()
        assert shown["statusCode"] == status
        assert said in shown["message"]

    def import_file(self, *objects: Any, name: str = "x.ndjson", **params: str) -> Any:
        lines = "\n".join(map(json.dumps, objects)).encode()
        file = {"file": (name, lines, "application/ndjson")}
        url = f"{self.kibana.url}/api/saved_objects/_import"
        return httpx.post(url, files=file, params=params, headers=XSRF)


Deployments = dict[tuple[str, str], Kibana]


def on(running: Deployments, version: str, licence: str = "trial") -> Caller:
    return Caller(running[version, licence])


@pytest.fixture
def call(all_running: Deployments) -> Caller:
    return on(all_running, "9.4.3")


def test_every_write_needs_the_header(call: Caller) -> None:
    call.refused(400, "kbn-xsrf", "POST", f"/api/alerting/rule/{UUID}", RULE, headers={})
    assert call("GET", "/api/alerting/rule/x", headers={}).status_code == 404


def test_calls_that_do_not_exist(call: Caller) -> None:
    call.refused(404, "Not Found", "GET", "/api/nothing")
    call.refused(404, "Saved object [alert/x] not found", "GET", "/api/alerting/rule/x")


def test_who_is_not_known_or_may_not() -> None:
    reader = Account(may_change=frozenset())
    with running_kibana(accounts={"ApiKey r": reader}) as kibana:
        call = Caller(kibana)
        call.refused(401, "Unauthorized", "GET", "/api/alerting/rule/x")
        assert "version" not in call("GET", "/api/status").json()
        known = XSRF | {"authorization": "ApiKey r"}
        call.refused(403, "unauthorized", "POST", f"/api/alerting/rule/{UUID}", RULE, headers=known)
        assert call("GET", "/api/status", headers=known).json()["version"]["number"]


@pytest.mark.parametrize(("version", "status"), [("8.19.8", 400), ("9.2.0", 400), ("9.3.1", 400), ("9.4.3", 200)])
def test_connector_ids_are_uuids_before_9_4(all_running: Deployments, version: str, status: int) -> None:
    call = on(all_running, version)
    assert call("POST", "/api/actions/connector/my-hook", WEBHOOK).status_code == status
    assert call("POST", f"/api/actions/connector/{UUID}", WEBHOOK).status_code == 200
    call.refused(409, "conflict", "POST", f"/api/actions/connector/{UUID}", WEBHOOK)


def test_a_connector_never_tells_its_secrets(call: Caller) -> None:
    call("POST", f"/api/actions/connector/{UUID}", WEBHOOK)
    assert "secrets" not in call("GET", f"/api/actions/connector/{UUID}").json()
    assert call.kibana.space.connectors[UUID]["secrets"] == WEBHOOK["secrets"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"config": WEBHOOK["config"] | {"colour": "red"}}, "definition for this key is missing"),
        ({"config": WEBHOOK["config"] | {"hasAuth": False}}, "authType must be null"),
        ({"secrets": {}}, "user and password"),
        ({"secrets": {"user": "u"}}, "user and password"),
        ({"connector_type_id": ".nothing"}, "not registered"),
        ({"is_missing_secrets": False}, "definition for this key is missing"),
    ],
)
def test_connector_bodies_are_strict(call: Caller, changes: dict[str, Any], said: str) -> None:
    call.refused(400, said, "POST", f"/api/actions/connector/{UUID}", WEBHOOK | changes)


def test_an_update_takes_no_type_and_replaces_the_secrets(call: Caller) -> None:
    call("POST", f"/api/actions/connector/{UUID}", WEBHOOK)
    call.refused(400, "connector_type_id", "PUT", f"/api/actions/connector/{UUID}", WEBHOOK)
    body = {name: value for name, value in WEBHOOK.items() if name != "connector_type_id"}
    assert call("PUT", f"/api/actions/connector/{UUID}", body | {"secrets": {"user": "v", "password": "w"}}).is_success
    call.refused(400, "user and password", "PUT", f"/api/actions/connector/{UUID}", body | {"secrets": {}})


def test_licences(all_running: Deployments) -> None:
    call = on(all_running, "9.4.3", "basic")
    call.refused(403, "your basic license does not support it", "POST", f"/api/actions/connector/{UUID}", WEBHOOK)
    call.refused(403, "license", "POST", "/api/workflows/workflow", {"yaml": WORKFLOW})
    call.refused(403, "license", "GET", "/api/agent_builder/tools/t")
    types = {item["id"]: item["enabled_in_license"] for item in call("GET", "/api/actions/connector_types").json()}
    assert (types[".index"], types[".webhook"]) == (True, False)


def test_secret_headers_came_with_9_2(all_running: Deployments) -> None:
    body = WEBHOOK | {
        "config": {"url": "https://a.example.com/x", "hasAuth": False},
        "secrets": {"secretHeaders": {"Authorization": "Bearer x"}},
    }
    on(all_running, "8.19.8").refused(400, "secretHeaders", "POST", f"/api/actions/connector/{UUID}", body)
    assert on(all_running, "9.2.0")("POST", f"/api/actions/connector/{UUID}", body).is_success


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "definition for this key is missing"),
        ({"schedule": {"interval": "0m"}}, "schedule"),
        ({"rule_type_id": ".nothing"}, "not registered"),
        ({"params": RULE["params"] | {"groupBy": "top"}}, "termField"),
        ({"params": RULE["params"] | {"esQuery": "{}"}}, "definition for this key is missing"),
        ({"params": RULE["params"] | {"threshold": [1, 2]}}, "threshold"),
        ({"actions": [ACTION | {"group": "query matched"}]}, "Invalid action groups"),
        ({"actions": [{k: v for k, v in ACTION.items() if k != "frequency"}]}, "Actions missing frequency parameters"),
        ({"actions": [ACTION | {"uuid": "1"}, ACTION | {"uuid": "1"}]}, "duplicated UUIDs"),
        ({"actions": [ACTION | {"alerts_filter": {}}]}, "alertsFilter"),
        ({"actions": [ACTION], "notify_when": "onActiveAlert"}, "per-action frequency"),
        (
            {
                "actions": [
                    ACTION | {"frequency": {"summary": False, "notify_when": "onThrottleInterval", "throttle": "1m"}}
                ]
            },
            "throttle",
        ),
        ({"actions": [ACTION | {"connector_type_id": ".webhook"}]}, "definition for this key is missing"),
    ],
)
def test_rules_are_checked(call: Caller, changes: dict[str, Any], said: str) -> None:
    call("POST", f"/api/actions/connector/{UUID}", WEBHOOK)
    call.refused(400, said, "POST", "/api/alerting/rule/r", RULE | changes)
    assert call("POST", "/api/alerting/rule/r", RULE | {"actions": [ACTION]}).is_success


def test_rules_of_es_query_take_one_kind_of_query(call: Caller) -> None:
    base = {"size": 1, "timeField": "@timestamp", "timeWindowSize": 5, "timeWindowUnit": "m"}
    compared = {"thresholdComparator": ">", "threshold": [0]}
    dsl = base | compared | {"esQuery": '{"query": {"match_all": {}}}', "index": ["x"]}
    esql = base | compared | {"searchType": "esqlQuery", "esqlQuery": {"esql": "FROM x"}}
    for params in (dsl, esql):
        body = RULE | {"rule_type_id": ".es-query", "params": params}
        assert call("POST", "/api/alerting/rule", body).is_success
    for params in (dsl | {"esqlQuery": {"esql": "FROM x"}}, esql | {"index": ["x"]}, esql | {"threshold": [3]}):
        body = RULE | {"rule_type_id": ".es-query", "params": params}
        assert call("POST", "/api/alerting/rule", body).status_code == 400


def test_an_update_of_a_rule_takes_only_what_can_change(call: Caller) -> None:
    assert call("POST", "/api/alerting/rule/r", RULE | {"tags": ["a"]}).is_success
    call.refused(409, "conflict", "POST", "/api/alerting/rule/r", RULE)
    for name in ("rule_type_id", "consumer", "enabled"):
        body = {key: RULE[key] for key in ("name", "schedule", "params")} | {name: True}
        call.refused(400, name, "PUT", "/api/alerting/rule/r", body)
    call("PUT", "/api/alerting/rule/r", {key: RULE[key] for key in ("name", "schedule", "params")})
    assert call("GET", "/api/alerting/rule/r").json()["tags"] == []


def test_what_came_later_is_refused_before(all_running: Deployments) -> None:
    old = on(all_running, "8.19.8")
    old.refused(400, "artifacts", "POST", "/api/alerting/rule", RULE | {"artifacts": {"dashboards": []}})
    flapping = {"look_back_window": 10, "status_change_threshold": 3, "enabled": True}
    old.refused(400, "flapping", "POST", "/api/alerting/rule", RULE | {"flapping": flapping})
    for path in ("/api/agent_builder/tools", "/api/workflows", "/api/workflows/workflow"):
        old.refused(404, "Not Found", "POST", path, {})
    on(all_running, "9.2.0").refused(404, "Not Found", "POST", "/api/workflows", {"yaml": WORKFLOW})


VIEW = {"type": "index-pattern", "id": "v", "attributes": {"title": "x"}, "references": []}
BOARD = {
    "type": "dashboard",
    "id": "d",
    "attributes": {"title": "d"},
    "references": [{"type": "index-pattern", "id": "v", "name": "n"}],
    "typeMigrationVersion": "8.9.0",
}


def test_an_import_answers_200_whatever_became_of_it(call: Caller) -> None:
    answer = call.import_file(BOARD)
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert answer.json()["errors"][0]["error"]["type"] == "missing_references"
    assert call.import_file(VIEW, BOARD, {"exportedCount": 2}).json()["successCount"] == 2
    assert call.import_file(VIEW).json()["errors"][0]["error"]["type"] == "conflict"
    assert call.import_file(VIEW, overwrite="true").json()["success"] is True
    assert call.import_file({"type": "wish", "id": "w"}).json()["errors"][0]["error"]["type"] == "unsupported_type"


def test_a_file_must_have_its_ending(call: Caller) -> None:
    assert call.import_file(VIEW, name="x.json").status_code == 400
    assert httpx.post(f"{call.kibana.url}/api/saved_objects/_import", headers=XSRF).status_code in {400, 415}


@pytest.mark.parametrize(
    ("kind", "version"), [("dashboard", "10.9.0"), ("index-pattern", "10.1.0"), ("lens", "10.1.0")]
)
def test_objects_of_a_newer_kibana_are_refused(all_running: Deployments, kind: str, version: str) -> None:
    item = {"type": kind, "id": "n", "attributes": {"title": "n"}, "references": [], "typeMigrationVersion": version}
    error = on(all_running, "8.19.8").import_file(item).json()["errors"][0]["error"]
    assert "belongs to a more recent version of Kibana" in error["message"]


def test_imported_connectors_lack_their_secrets_and_rules_cannot_call_them(call: Caller) -> None:
    attributes = {
        "actionTypeId": ".webhook",
        "name": "hook",
        "isMissingSecrets": True,
        "config": WEBHOOK["config"],
        "secrets": {},
    }
    answer = call.import_file({"type": "action", "id": UUID, "attributes": attributes, "references": []}).json()
    assert answer["warnings"][0]["type"] == "action_required"
    call.refused(400, "Invalid connectors: hook", "POST", "/api/alerting/rule/r", RULE | {"actions": [ACTION]})
    body = {name: WEBHOOK[name] for name in ("name", "config", "secrets")}
    call("PUT", f"/api/actions/connector/{UUID}", body)
    assert call("POST", "/api/alerting/rule/r", RULE | {"actions": [ACTION]}).is_success


def test_workflows_of_9_3_and_of_9_4(all_running: Deployments) -> None:
    preview, public = on(all_running, "9.3.1"), on(all_running, "9.4.3")
    preview.refused(404, "Not Found", "POST", "/api/workflows", {"yaml": WORKFLOW})
    internal = XSRF | {"x-elastic-internal-origin": "Kibana"}
    made = preview("POST", "/api/workflows", {"yaml": WORKFLOW}, headers=internal).json()
    assert made["id"].startswith("workflow-")
    preview.refused(400, "id", "POST", "/api/workflows", {"yaml": WORKFLOW, "id": "my-flow"}, headers=internal)
    assert public("POST", "/api/workflows/workflow", {"yaml": WORKFLOW, "id": "my-flow"}).json()["id"] == "my-flow"
    public.refused(409, "exists", "POST", "/api/workflows/workflow", {"yaml": WORKFLOW, "id": "my-flow"})
    public.refused(409, "named 'w'", "POST", "/api/workflows/workflow", {"yaml": WORKFLOW, "id": "other"})
    bare = WORKFLOW.replace('"1"', "1")
    public.refused(400, "version", "POST", "/api/workflows/workflow", {"yaml": bare, "id": "bare"})


@pytest.mark.parametrize(("version", "kind"), [("9.2.0", "keyword"), ("9.3.1", "string"), ("9.4.3", "string")])
def test_parameters_of_tools_have_other_types_in_9_2(all_running: Deployments, version: str, kind: str) -> None:
    call = on(all_running, version)
    for other in ("keyword", "string"):
        body = json.loads(json.dumps(TOOL).replace('"string"', f'"{other}"'))
        assert call("POST", "/api/agent_builder/tools", body).is_success == (other == kind)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "x"}, "definition for this key is missing"),
        ({"id": "Not Lower"}, "Invalid id"),
        ({"id": "observability.mine"}, "protected namespace"),
        ({"configuration": {"query": "FROM x | LIMIT 1"}}, "params"),
        ({"configuration": {"query": "FROM x", "params": TOOL["configuration"]["params"]}}, "used and declared differ"),
    ],
)
def test_tools_are_checked(call: Caller, changes: dict[str, Any], said: str) -> None:
    call.refused(400, said, "POST", "/api/agent_builder/tools", TOOL | changes)


def test_an_agent_and_its_tools_hold_together(call: Caller) -> None:
    call.refused(400, "does not exist", "POST", "/api/agent_builder/agents", AGENT)
    assert call("POST", "/api/agent_builder/tools", TOOL).is_success
    call.refused(400, "already exists", "POST", "/api/agent_builder/tools", TOOL)
    assert call("POST", "/api/agent_builder/agents", AGENT).is_success
    call.refused(409, "used by agents", "DELETE", "/api/agent_builder/tools/t")
    assert call("DELETE", "/api/agent_builder/agents/a").is_success
    assert call("DELETE", "/api/agent_builder/tools/t").is_success


def test_spaces_do_not_see_each_other(call: Caller) -> None:
    call.kibana.deployment.spaces["sre"] = Space()
    assert call("POST", "/s/sre/api/alerting/rule/r", RULE).is_success
    assert call("GET", "/api/alerting/rule/r").status_code == 404
    assert call("GET", "/s/sre/api/alerting/rule/r").is_success
    assert call("POST", "/s/nowhere/api/alerting/rule/r", RULE).is_success
    assert call("GET", "/s/nowhere/api/alerting/rule/r").status_code == 404
