"""Everything that is wanted on one deployment, in the order in which it is made, and what is left out with its reason.

Pure but for reading the shipped files: settings and a platform in, things out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from kibana.agent_builder import FIRST_VERSION, agent_for, load_agent, load_tools, tools_for
from kibana.dashboards import load_export
from kibana.inbox_document import INDEX_CONNECTOR_ID, through_the_inbox
from kibana.manifest import Entry, load_manifest, with_variables
from kibana.rules import SHIPPED_RULES
from kibana.setup.connectors import INBOX, JIRA, SLACK, WEBHOOK, connectors
from kibana.setup.kinds.agent_builder import WORKFLOW_ID, agent_body, tool_body
from kibana.setup.kinds.elasticsearch import role_body
from kibana.setup.kinds.rules import rule_body
from kibana.setup.kinds.saved_objects import TYPES, saved_object_body
from kibana.setup.platform import Platform
from kibana.setup.privileges import roles
from kibana.setup.things import FEATURES, Json, Key, Kind, LeftOut, Thing
from worker.errors import ConfigurationError
from worker.settings import Settings
from worker.store.templates import fingerprint, index_templates
from worker.telemetry.profiles import load_profile
from worker.yaml_file import read_yaml

SHIPPED = Path(__file__).resolve().parents[2]
WORKFLOW_SINCE = (9, 3)
Wanted = Thing | LeftOut


@dataclass(frozen=True)
class Desired:
    """`things` in order; `way` says how alerts will reach SpikeTrace, and why that way."""

    things: dict[Key, Thing]
    left_out: list[LeftOut]
    way: str


def desired(settings: Settings, platform: Platform) -> Desired:
    """Raises ConfigurationError for a file or a setting that will not do."""
    wanted: list[Wanted] = [*_templates(), *_roles(settings), *connectors(settings, platform)]
    by_type = {
        item.body["connector_type_id"]: item.key
        for item in wanted
        if isinstance(item, Thing) and item.key.kind is Kind.CONNECTOR
    }
    wanted += _rules(settings, platform, by_type)
    wanted += _saved_objects(settings)
    wanted += _workflow(platform, by_type)
    wanted += _agent(platform, {item.key for item in wanted if isinstance(item, Thing)})
    things = {item.key: item for item in wanted if isinstance(item, Thing)}
    return Desired(things, [item for item in wanted if isinstance(item, LeftOut)], _way(platform, by_type))


def _templates() -> Iterator[Thing]:
    for name, template in index_templates().items():
        yield Thing(Key(Kind.TEMPLATE, name), name, {"version": fingerprint(template)})


def _roles(settings: Settings) -> Iterator[Thing]:
    for name, role in roles(load_profile(settings.profile)).items():
        yield Thing(Key(Kind.ROLE, name), name, role_body(role))


def _way(platform: Platform, by_type: Mapping[str, Key]) -> str:
    if WEBHOOK in by_type:
        return "by webhook: the licence allows Kibana's webhook connector"
    if INBOX in by_type:
        return (
            "through the index spiketrace-alert-inbox, which the worker reads: the licence "
            f"({platform.licence}) does not allow Kibana's webhook connector"
        )
    return "not at all: the webhook connector has no credentials, so the rules are left out"


def _rules(settings: Settings, platform: Platform, by_type: Mapping[str, Key]) -> Iterator[Wanted]:
    manifest = load_manifest()
    chosen = chosen_values(settings, manifest)
    for rule_id, entry in manifest.items():
        body = json.loads((SHIPPED_RULES / f"{rule_id}.json").read_text(encoding="utf-8"))
        key = Key(Kind.RULE, rule_id)
        if not entry.fits(platform.version):
            yield LeftOut(key, body["name"], f"Kibana {platform.version} does not take it: it needs {entry.kibana}")
        elif connector := by_type.get(WEBHOOK) or by_type.get(INBOX):
            yield _rule(key, entry, body, chosen.get(rule_id, {}), connector)
        else:
            yield LeftOut(key, body["name"], "there is no connector that it could call")


def _rule(key: Key, entry: Entry, shipped: Json, chosen: Mapping[str, object], connector: Key) -> Thing:
    body = through_the_inbox(shipped) if connector.id == INDEX_CONNECTOR_ID else shipped
    body = with_variables(entry, body, chosen)
    return Thing(key, body["name"], rule_body(body), needs=(connector,), shipped=rule_body(shipped))


def chosen_values(settings: Settings, manifest: Mapping[str, Entry]) -> dict[str, dict[str, object]]:
    """What SPIKETRACE_KIBANA_THRESHOLDS says of the shipped rules. Raises ConfigurationError."""
    chosen = load_thresholds(settings.kibana_thresholds)
    if unknown := sorted(set(chosen) - set(manifest)):
        raise ConfigurationError(
            f"{settings.kibana_thresholds} names {', '.join(unknown)}: there are only {', '.join(manifest)}"
        )
    return chosen


def load_thresholds(path: Path | None) -> dict[str, dict[str, object]]:
    """Your own values of the rules' variables: `{rule: {variable: value}}`. Raises ConfigurationError."""
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ConfigurationError(
            f"SPIKETRACE_KIBANA_THRESHOLDS names {path}, which cannot be read: {error.strerror}"
        ) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(values, dict) for values in found.values()):
        raise ConfigurationError(f"{path} must hold the rules' ids, and for each its variables and their values")
    return found


def _saved_objects(settings: Settings) -> Iterator[Thing]:
    """Data views first: a dashboard whose data views are missing is refused. Links lead to where the reports are."""
    kinds = {name: kind for kind, name in TYPES.items()}
    found: dict[Key, Thing] = {}
    for path in sorted((SHIPPED / "dashboards").glob("*.ndjson")):
        ours = load_export(path, public_url=settings.public_url)
        for item, shipped in zip(ours, load_export(path), strict=True):
            key = Key(kinds[item["type"]], item["id"])
            needs = tuple({Key(kinds[ref["type"]], ref["id"]): None for ref in item["references"]})
            name = item["attributes"].get("name") or item["attributes"]["title"]
            bodies = {"body": saved_object_body(item), "shipped": saved_object_body(shipped)}
            found[key] = Thing(key, name, needs=needs, source=item, **bodies)
    yield from sorted(found.values(), key=lambda thing: thing.key.kind is not Kind.DATA_VIEW)


def _workflow(platform: Platform, by_type: Mapping[str, Key]) -> Iterator[Wanted]:
    text = (SHIPPED / "workflows" / "create_incident.yaml").read_text(encoding="utf-8")
    key, name = Key(Kind.WORKFLOW, WORKFLOW_ID), read_yaml(text)["name"]
    needs = tuple(by_type[kind] for kind in (JIRA, SLACK) if kind in by_type)
    if reason := platform.lacking.get(FEATURES[Kind.WORKFLOW]):
        yield LeftOut(key, name, reason)
    elif platform.release < WORKFLOW_SINCE:
        yield LeftOut(key, name, f"Kibana {platform.version} has no workflows: they came with 9.3")
    elif not platform.allows(".gemini"):
        # Both need the same licence, and Kibana tells of connectors only.
        yield LeftOut(key, name, f"workflows need an Enterprise licence or a trial, and this is {platform.licence}")
    elif len(needs) < 2:
        yield LeftOut(key, name, "it calls jira-connector and slack-connector, of which one at least is left out")
    else:
        yield Thing(key, name, {"yaml": text}, needs=needs)


def _agent(platform: Platform, there: set[Key]) -> Iterator[Wanted]:
    agent, shipped = load_agent(), load_tools()
    workflow = Key(Kind.WORKFLOW, WORKFLOW_ID)
    lacking = _why_no_agent(platform)
    workflow_id = WORKFLOW_ID if workflow in there else None
    tools = [] if lacking else tools_for(platform.release, shipped, workflow_id=workflow_id)
    made = {tool["id"] for tool in tools}
    for tool in shipped:
        if tool["id"] not in made:
            reason = lacking or f"it runs the workflow {WORKFLOW_ID}, which is left out"
            yield LeftOut(Key(Kind.TOOL, tool["id"]), tool["id"], reason)
    for tool in tools:
        needed = (workflow,) if tool["type"] == "workflow" else ()
        yield Thing(Key(Kind.TOOL, tool["id"]), tool["id"], tool_body(tool), needs=needed)
    key = Key(Kind.AGENT, agent["id"])
    if lacking:
        yield LeftOut(key, agent["name"], lacking)
    else:
        # Kibana refuses an agent that names a tool which is not there.
        needs = tuple(Key(Kind.TOOL, tool["id"]) for tool in tools)
        yield Thing(key, agent["name"], agent_body(agent_for(agent, tools)), needs=needs)


def _why_no_agent(platform: Platform) -> str | None:
    if platform.release < FIRST_VERSION:
        return f"Kibana {platform.version} has no Agent Builder: it came with 9.2"
    return platform.lacking.get(FEATURES[Kind.AGENT])
