"""Checks of `kibana_rules/`, each over a tree of files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kibana.manifest import Entry, read_variables
from kibana.render import render_body
from tests.artifacts import esql
from tests.artifacts.connector_checks import connector_ids
from tests.artifacts.contexts import CASES
from tests.artifacts.tree import RULES, Fault, Tree, index_fields, misfits
from worker.errors import InvalidAlert
from worker.posted import parse_alert

CREATED_WITH = {"rule_type_id", "consumer", "enabled"}
MANIFEST = "kibana_rules/manifest.yaml"
NOW = datetime(2026, 11, 23, 12, 1, tzinfo=UTC)


def fit_the_api(tree: Tree) -> Iterator[Fault]:
    """As a body that creates, and as one that updates: that one must name no type, consumer or state."""
    for path, rule in tree.each(RULES):
        yield from misfits("create_rule", path, rule)
        yield from misfits("update_rule", path, {key: rule[key] for key in rule.keys() - CREATED_WITH})


def are_named_and_tagged(tree: Tree) -> Iterator[Fault]:
    names: dict[str, str] = {}
    for path, rule in tree.each(RULES):
        if rule["consumer"] != "stackAlerts":
            yield Fault(path, "the consumer of both rule types is stackAlerts")
        if "spiketrace" not in rule.get("tags", []) or not Path(path).stem.startswith("spiketrace-"):
            yield Fault(path, "neither id nor tags say whose rule it is")
        if rule["name"] in names:
            yield Fault(path, f"is called like {names[rule['name']]}")
        names[rule["name"]] = path


def tell_begin_and_end(tree: Tree) -> Iterator[Fault]:
    """One action for each alert when it begins, and one when it ends, each with a frequency of its own."""
    for path, rule in tree.each(RULES):
        begins = {".index-threshold": "threshold met", ".es-query": "query matched"}[rule["rule_type_id"]]
        if [action.get("group") for action in rule["actions"]] != [begins, "recovered"]:
            yield Fault(path, f"its actions are not one for {begins!r} and one for 'recovered'")
        for action in rule["actions"]:
            if action.get("frequency") != {"summary": False, "notify_when": "onActionGroupChange", "throttle": None}:
                yield Fault(path, "an action lacks the frequency: each alert by itself, when its group changes")


def call_shipped_connectors(tree: Tree) -> Iterator[Fault]:
    webhooks = connector_ids(tree, ".webhook")
    for path, rule in tree.each(RULES):
        for action in rule["actions"]:
            if action["id"] not in webhooks:
                yield Fault(path, f"no webhook connector that is shipped has the id {action['id']}")


def send_what_the_webhook_reads(tree: Tree) -> Iterator[Fault]:
    """Whatever the names hold, the body is one JSON object, and the alert that the webhook reads is the one meant."""
    for path, rule in tree.each(RULES):
        for action in rule["actions"]:
            for case, make in CASES.items():
                sentence = misread(action["params"]["body"], make())
                if sentence:
                    yield Fault(path, f"{case}: {sentence}")


def misread(template: str, known: dict[str, Any]) -> str | None:
    """What is wrong with the body that this template makes of what is known; None if it is read as it was meant."""
    body = render_body(template, known)
    try:
        document = json.loads(body)
        alert = parse_alert(body.encode("utf-8", "surrogatepass"), received_at=NOW)
    except (ValueError, InvalidAlert) as error:
        return f"{error}"
    context = known["context"] or {}
    expected = {
        "rule": (known["rule"]["id"], known["rule"]["name"], known["rule"]["tags"], known["rule"]["params"]),
        "alert": (known["alert"]["uuid"], known["alert"]["id"], known["alert"]["actionGroup"]),
        "context": (context.get("group", ""), context.get("message", "")),
    }
    rule, life, said = document["rule"], document["alert"], document["context"]
    sent = {
        "rule": (rule["id"], rule["name"], rule["tags"], rule["params"]),
        "alert": (life["uuid"], life["id"], life["action_group"]),
        "context": (said["group"], said["message"]),
    }
    if sent != expected:
        return f"the body says {sent}, not {expected}"
    if alert.flapping != known["alert"]["flapping"] or alert.consecutive_matches != 1:
        return "flapping or the count of matches is lost"
    return None if alert.date.isoformat() == "2026-11-23T12:00:03.120000+00:00" else "the date is lost"


def look_at_fields_that_are_there(tree: Tree) -> Iterator[Fault]:
    for path, rule in tree.each(RULES):
        params = rule["params"]
        if "esqlQuery" in params:
            yield from (Fault(path, sentence) for sentence in esql.faults(params["esqlQuery"]["esql"], ()))
            continue
        query = json.loads(params["esQuery"]) if "esQuery" in params else {}
        known = index_fields()[params["index"][0]].keys() | query.get("runtime_mappings", {}).keys()
        for field in _fields_of(params, query):
            if field not in known:
                yield Fault(path, f"no field of {params['index'][0]} is called {field}")


def _fields_of(params: dict[str, Any], query: dict[str, Any]) -> Iterator[str]:
    yield params["timeField"]
    if params.get("aggType", "count") != "count":
        yield params["aggField"]
    terms = params.get("termField", [])
    yield from [terms] if isinstance(terms, str) else terms
    if kql := params.get("filterKuery"):
        yield kql.split(":")[0].strip()
    for runtime in query.get("runtime_mappings", {}).values():
        yield from (part.split("']")[0] for part in runtime["script"]["source"].split("doc['")[1:])
    yield from _fields_of_query(query.get("query", {}))


def _fields_of_query(query: Any) -> Iterator[str]:
    match query:
        case {"exists": {"field": field}}:
            yield field
        case {"term": inner} | {"terms": inner} | {"range": inner}:
            yield from inner
        case {"bool": inner}:
            for clauses in inner.values():
                for clause in clauses if isinstance(clauses, list) else ():
                    yield from _fields_of_query(clause)


def are_all_in_the_manifest(tree: Tree) -> Iterator[Fault]:
    """Each rule with its entry, and with the defaults that the entry names."""
    entries = {name: Entry.model_validate(value) for name, value in tree.content(MANIFEST)["rules"].items()}
    rules = {Path(path).stem: (path, rule) for path, rule in tree.each(RULES)}
    for name in sorted(entries.keys() - rules.keys()):
        yield Fault(MANIFEST, f"{name} has no file")
    for name, (path, rule) in rules.items():
        if name not in entries:
            yield Fault(path, "is not in the manifest")
        elif read_variables(entries[name], rule) != {
            key: item.default for key, item in entries[name].variables.items()
        }:
            yield Fault(path, "has other values than the manifest's defaults")
        elif rule["enabled"] is (entries[name].instead_of is not None):
            yield Fault(path, "two rules that ask the same are enabled, or none")
