"""Checks of `workflows/`, each over a tree of files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.artifacts.connector_checks import connectors
from tests.artifacts.tree import WORKFLOWS, Fault, Tree, every_string, misfits

INPUTS = {"summary", "description", "severity", "issueType"}
ROOT_KEYS = {"version", "name", "description", "enabled", "tags", "triggers", "inputs", "consts", "steps"}
# What 9.3 takes already: a timeout of a step, for one, came with 9.4.
STEP_KEYS = {"name", "type", "connector-id", "with", "on-failure", "condition", "steps", "else"}
CONNECTOR_OF_STEP = {
    "jira.pushToService": ".jira",
    "slack": ".slack",
    "pagerduty": ".pagerduty",
    "email": ".email",
    "servicenow-itsm.pushToService": ".servicenow",
}
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_TICKET = re.compile(r"steps\.\w+\.output\.(title|url)")


def fit_their_shape(tree: Tree) -> Iterator[Fault]:
    names: set[str] = set()
    for path, workflow in tree.each(WORKFLOWS):
        yield from misfits("workflow", path, workflow)
        if workflow.get("version") != "1" or workflow.keys() != ROOT_KEYS:
            yield Fault(path, "has no version '1', or other keys than Kibana 9.3 knows")
        if workflow["name"] != workflow["name"].strip() or workflow["name"] in names:
            yield Fault(path, "its name has spaces around it, or is another's too")
        names.add(workflow["name"])
        if [trigger["type"] for trigger in workflow["triggers"]] != ["manual", "alert"]:
            yield Fault(path, "is not started both by people and by alerts")
        if any("inputs" in trigger for trigger in workflow["triggers"]):
            yield Fault(path, "inputs under a trigger are known since 9.5 only")


def steps_of(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every step, those within others included, in the order of the text."""
    for step in steps:
        yield step
        yield from steps_of(step.get("steps", []))
        yield from steps_of(step.get("else", []))
        yield from steps_of(step.get("on-failure", {}).get("fallback", []))


def name_their_steps_once(tree: Tree) -> Iterator[Fault]:
    for path, workflow in tree.each(WORKFLOWS):
        names = [step["name"] for step in steps_of(workflow["steps"])]
        if len(set(names)) != len(names):
            yield Fault(path, "two steps have one name")
        for step in steps_of(workflow["steps"]):
            for key in step.keys() - STEP_KEYS:
                yield Fault(path, f"the step {step['name']} has {key}, which Kibana 9.3 does not know")


def call_shipped_connectors(tree: Tree) -> Iterator[Fault]:
    kinds = {item["id"]: item["attributes"]["actionTypeId"] for _, item in connectors(tree)}
    for path, workflow in tree.each(WORKFLOWS):
        for step in steps_of(workflow["steps"]):
            if step["type"] == "if":
                continue
            if step["type"] not in CONNECTOR_OF_STEP:
                yield Fault(path, f"there is no step of type {step['type']}")
            elif kinds.get(step.get("connector-id", "")) != CONNECTOR_OF_STEP[step["type"]]:
                yield Fault(path, f"no connector that is shipped serves the step {step['name']}")


def use_what_they_declare(tree: Tree) -> Iterator[Fault]:
    for path, workflow in tree.each(WORKFLOWS):
        text = json.dumps(workflow["steps"])
        declared = {item["name"] for item in workflow["inputs"]}
        if not declared >= INPUTS:
            yield Fault(path, f"lacks the inputs {sorted(INPUTS - declared)}")
        yield from _mismatch(path, "input", declared, set(re.findall(r"\binputs\.(\w+)", text)))
        yield from _mismatch(path, "constant", set(workflow["consts"]), set(re.findall(r"\bconsts\.(\w+)", text)))
        before: set[str] = set()
        for step in steps_of(workflow["steps"]):
            for name in re.findall(r"\bsteps\.(\w+)\.", json.dumps(step)):
                if name not in before:
                    yield Fault(path, f"{step['name']} uses the output of {name}, which did not run before it")
            before.add(step["name"])


def _mismatch(path: str, kind: str, declared: set[str], used: set[str]) -> Iterator[Fault]:
    for name in sorted(declared - used):
        yield Fault(path, f"the {kind} {name} is declared and not used")
    for name in sorted(used - declared):
        yield Fault(path, f"the {kind} {name} is used and not declared")


def have_templates_that_close(tree: Tree) -> Iterator[Fault]:
    for path, workflow in tree.each(WORKFLOWS):
        for text in every_string(workflow["steps"]):
            if re.search(r"\{\{|\}\}", _TEMPLATE.sub("", text)):
                yield Fault(path, f"a template is left open: {text}")


def survive_a_vendor_that_is_away(tree: Tree) -> Iterator[Fault]:
    """A ticket is tried more than once, and whatever fails, Slack is told."""
    for path, workflow in tree.each(WORKFLOWS):
        tickets = [step for step in steps_of(workflow["steps"]) if step["type"] == "jira.pushToService"]
        for step in tickets:
            on_failure = step.get("on-failure", {})
            if on_failure.get("retry", {}).get("max-attempts", 0) < 2:
                yield Fault(path, f"{step['name']} is tried once only")
            if not on_failure.get("continue") and "slack" not in {
                item["type"] for item in on_failure.get("fallback", [])
            }:
                yield Fault(path, f"nobody hears of it when {step['name']} fails")


def tell_what_was_opened(tree: Tree) -> Iterator[Fault]:
    """The message has the ticket's key and link, and both have the severity that was put in."""
    for path, workflow in tree.each(WORKFLOWS):
        by_type: dict[str, list[str]] = {}
        for step in workflow["steps"]:
            by_type.setdefault(step["type"], []).append(json.dumps(step.get("with")))
        if {match[1] for match in _TICKET.finditer(" ".join(by_type["slack"]))} != {"title", "url"}:
            yield Fault(path, "the message lacks the ticket's key or its link")
        for text in by_type["slack"] + by_type["jira.pushToService"]:
            if "inputs.severity" not in text or "inputs.summary" not in text:
                yield Fault(path, "severity or summary is not the one that was put in")
