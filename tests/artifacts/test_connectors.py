"""The shipped connectors pass every check, and a broken copy of their files does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kibana.inbox_document import INBOX_INDEX, INDEX_CONNECTOR_ID
from tests.artifacts import connector_checks as checks
from tests.artifacts.breaking import Breakage, Change, Check, faulty_paths, named
from tests.artifacts.tree import CONNECTORS, shipped

CHECKS = [
    checks.fit_their_shape,
    checks.have_ids_that_every_kibana_takes,
    checks.can_be_imported_by_the_oldest,
    checks.say_that_their_secrets_are_missing,
    checks.are_counted,
    checks.are_the_same_by_file,
    checks.name_nobody,
]
FILES = shipped().matching(CONNECTORS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shipped_connectors_pass(check: Check) -> None:
    assert list(check(shipped())) == []


def test_the_ids_are_those_that_others_rely_on() -> None:
    names = {item["id"]: item["attributes"]["name"] for _, item in checks.connectors(shipped())}
    assert names["451d6a4e-1027-4d7d-9e70-e8064fc5a342"] == "jira-connector"
    assert names["4d58f484-1138-4316-ac7d-399cb555d3d1"] == "slack-connector"
    assert {"gemini-connector", "spiketrace-webhook"} <= set(names.values())


def test_the_index_connector_writes_into_the_inbox() -> None:
    (connector,) = [item for _, item in checks.connectors(shipped()) if item["id"] == INDEX_CONNECTOR_ID]
    assert connector["attributes"]["config"]["index"] == INBOX_INDEX


def _attributes(change: Callable[[dict[str, Any]], object]) -> Change:
    return lambda lines: change(lines[0]["attributes"])


BREAKAGES: list[Breakage] = [
    (
        "an option of newer versions",
        checks.fit_their_shape,
        _attributes(lambda item: item["config"].update(temperature=0)),
    ),
    ("a reference", checks.fit_their_shape, lambda lines: lines[0]["references"].append({})),
    (
        "a name for an id",
        checks.have_ids_that_every_kibana_takes,
        lambda lines: lines[0].update(id="spiketrace-webhook"),
    ),
    ("an id twice", checks.have_ids_that_every_kibana_takes, lambda lines: lines[1].update(id=lines[0]["id"])),
    (
        "a newer version",
        checks.can_be_imported_by_the_oldest,
        lambda lines: lines[0].update(typeMigrationVersion="10.1.0"),
    ),
    ("no version", checks.can_be_imported_by_the_oldest, lambda lines: lines[0].pop("coreMigrationVersion")),
    (
        "a secret",
        checks.say_that_their_secrets_are_missing,
        _attributes(lambda item: item.update(secrets={"password": "change-me"})),
    ),
    (
        "nothing is missing",
        checks.say_that_their_secrets_are_missing,
        _attributes(lambda item: item.update(isMissingSecrets=False)),
    ),
    ("one too few", checks.are_counted, lambda lines: lines.pop(0)),
    ("no summary", checks.are_counted, lambda lines: lines.pop()),
    ("a host", checks.name_nobody, _attributes(lambda item: item.update(name="https://acme.atlassian.net"))),
    ("an address", checks.name_nobody, _attributes(lambda item: item.update(name="jane@acme.io"))),
]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(**named(BREAKAGES))
def test_a_broken_copy_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


@pytest.mark.parametrize("name", ["spiketrace-webhook", "jira-connector", "slack-connector", "gemini-connector"])
@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.update(name="other"),
        lambda item: item["config"].update(more=1),
        lambda item: item.pop("secrets"),
        lambda item: item["secrets"].update(dict.fromkeys(item["secrets"], "change-me")),
    ],
)
def test_a_broken_connector_by_file_fails(name: str, change: Change) -> None:
    def changed(content: dict[str, Any]) -> None:
        by_id = content["xpack.actions.preconfigured"]
        change(next(item for item in by_id.values() if item["name"] == name))

    assert faulty_paths(checks.are_the_same_by_file, checks.PRECONFIGURED, changed) == {checks.PRECONFIGURED}


def test_a_connector_that_is_not_there_by_file_fails() -> None:
    def changed(content: dict[str, Any]) -> None:
        content["xpack.actions.preconfigured"].pop(INDEX_CONNECTOR_ID)

    assert faulty_paths(checks.are_the_same_by_file, checks.PRECONFIGURED, changed) == {checks.PRECONFIGURED}


@pytest.mark.parametrize("path", shipped().matching("*"))
def test_whoever_is_named_in_a_shipped_file_is_found(path: str) -> None:
    def renamed(content: Any) -> None:
        target = content[0] if isinstance(content, list) else content
        target["who"] = "https://acme.atlassian.net/browse/OPS-1"

    assert path in faulty_paths(checks.name_nobody, path, renamed)


@pytest.mark.parametrize("path", shipped().matching("*"))
def test_a_file_that_is_cut_is_no_file(path: str) -> None:
    text = shipped().files[path]
    half = text[: len(text) // 2] if not path.endswith(".yaml") else text.rstrip()[:-1] + "\n\t: ["
    with pytest.raises(ValueError, match=r".") if not path.endswith(".yaml") else pytest.raises(Exception, match=r"."):
        shipped().with_text(path, half).content(path)
