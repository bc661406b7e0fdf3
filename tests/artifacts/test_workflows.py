"""The shipped workflows pass every check, and a broken copy of them does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.artifacts import workflow_checks as checks
from tests.artifacts.breaking import Breakage, Change, Check, faulty_paths, named
from tests.artifacts.tree import WORKFLOWS, shipped

CHECKS = [
    checks.fit_their_shape,
    checks.name_their_steps_once,
    checks.call_shipped_connectors,
    checks.use_what_they_declare,
    checks.have_templates_that_close,
    checks.survive_a_vendor_that_is_away,
    checks.tell_what_was_opened,
]
FILES = shipped().matching(WORKFLOWS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shipped_workflows_pass(check: Check) -> None:
    assert list(check(shipped())) == []


def _in_steps(old: str, new: str) -> Change:
    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(old, new)
        if isinstance(value, dict):
            return {key: replaced(item) for key, item in value.items()}
        return [replaced(item) for item in value] if isinstance(value, list) else value

    def change(workflow: dict[str, Any]) -> None:
        steps = replaced(workflow["steps"])
        assert steps != workflow["steps"]
        workflow["steps"] = steps

    return change


BREAKAGES: list[Breakage] = [
    ("a number for a version", checks.fit_their_shape, lambda workflow: workflow.update(version=1)),
    ("no trigger", checks.fit_their_shape, lambda workflow: workflow.update(triggers=[])),
    ("people only", checks.fit_their_shape, lambda workflow: workflow["triggers"].pop()),
    ("a space after its name", checks.fit_their_shape, lambda workflow: workflow.update(name=workflow["name"] + " ")),
    ("an unknown key", checks.fit_their_shape, lambda workflow: workflow.update(trigger={"type": "manual"})),
    (
        "inputs under the trigger",
        checks.fit_their_shape,
        lambda workflow: workflow["triggers"][0].update(inputs=workflow["inputs"]),
    ),
    ("a choice of nothing", checks.fit_their_shape, lambda workflow: workflow["inputs"][2].pop("options")),
    ("no steps", checks.fit_their_shape, lambda workflow: workflow.update(steps=[])),
    (
        "one name twice",
        checks.name_their_steps_once,
        lambda workflow: workflow["steps"][1].update(name="create_incident"),
    ),
    ("a timeout of a step", checks.name_their_steps_once, lambda workflow: workflow["steps"][0].update(timeout="30s")),
    ("a key that is none", checks.name_their_steps_once, lambda workflow: workflow["steps"][0].update(max_retries=3)),
    (
        "a connector of one deployment",
        checks.call_shipped_connectors,
        lambda workflow: workflow["steps"][0].update({"connector-id": "00000000-0000-4000-8000-000000000000"}),
    ),
    (
        "a connector of another kind",
        checks.call_shipped_connectors,
        _in_steps("451d6a4e-1027-4d7d-9e70-e8064fc5a342", "4d58f484-1138-4316-ac7d-399cb555d3d1"),
    ),
    ("no connector", checks.call_shipped_connectors, lambda workflow: workflow["steps"][0].pop("connector-id")),
    ("a type that is none", checks.call_shipped_connectors, _in_steps("jira.pushToService", "jira.createIssue")),
    ("an issue type of one site", checks.use_what_they_declare, _in_steps("{{ inputs.issueType }}", "10054")),
    ("an input that is not declared", checks.use_what_they_declare, _in_steps("inputs.issueType", "inputs.issue_type")),
    ("an input less", checks.use_what_they_declare, lambda workflow: workflow["inputs"].pop(1)),
    ("a constant that is not used", checks.use_what_they_declare, lambda workflow: workflow["consts"].update(team="x")),
    ("an output of later", checks.use_what_they_declare, lambda workflow: workflow["steps"].reverse()),
    (
        "a template left open",
        checks.have_templates_that_close,
        _in_steps("{{ inputs.issueType }}", "{{ inputs.issueType }"),
    ),
    (
        "one attempt only",
        checks.survive_a_vendor_that_is_away,
        lambda workflow: workflow["steps"][0]["on-failure"].pop("retry"),
    ),
    (
        "a failure that nobody hears of",
        checks.survive_a_vendor_that_is_away,
        lambda workflow: workflow["steps"][0].update({"on-failure": {"retry": {"max-attempts": 3}}}),
    ),
    ("no key", checks.tell_what_was_opened, _in_steps("create_incident.output.title", "create_incident.output.id")),
    ("no link", checks.tell_what_was_opened, _in_steps("create_incident.output.url", "create_incident.output.id")),
    (
        "one severity for all",
        checks.tell_what_was_opened,
        _in_steps("inputs.severity | default: consts.severity", "'high'"),
    ),
]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(**named(BREAKAGES))
def test_a_broken_copy_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


def test_the_example_reaches_everybody() -> None:
    steps = checks.steps_of(shipped().content("workflows/create_incident_extended.yaml")["steps"])
    kinds = {step["type"] for step in steps}
    assert kinds >= {"jira.pushToService", "slack", "pagerduty", "email", "servicenow-itsm.pushToService", "if"}


@pytest.mark.parametrize("by", ["severity", "service", "region"])
def test_the_example_routes(by: str) -> None:
    steps = checks.steps_of(shipped().content("workflows/create_incident_extended.yaml")["steps"])
    assert any(f"inputs.{by} :" in step.get("condition", "") for step in steps)
