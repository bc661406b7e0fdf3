"""Checks of `connectors/`, each over a tree of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tests.artifacts.tree import CONNECTORS, Fault, Tree, every_string, misfits, schema

PRECONFIGURED = "connectors/preconfigured.yaml"
MAIN = "connectors/connectors.ndjson"
OLDEST_VERSIONS = ("8.8.0", "8.3.0")
EXAMPLES = re.compile(r"(^|[@./])example\.com$|^[a-z0-9-]+-aiplatform\.googleapis\.com$")
_HOST = re.compile(r"https?://(?P<url>[^/\s\"'{}]+)|[\w.+-]+@(?P<mail>[\w-]+(?:\.[\w-]+)+)")

# What Kibana 8.19 takes: newer versions have more, and older ones refuse what they do not know.
CONFIG = {
    ".webhook": {"url", "method", "hasAuth", "authType", "headers"},
    ".index": {"index", "refresh", "executionTimeField"},
    ".jira": {"apiUrl", "projectKey"},
    ".slack": set(),
    ".gemini": {"apiUrl", "defaultModel", "gcpRegion", "gcpProjectID"},
    ".pagerduty": {"apiUrl"},
    ".email": {"service", "host", "port", "secure", "from", "hasAuth"},
    ".servicenow": {"apiUrl", "isOAuth", "usesTableApi"},
}
SECRETS = {
    ".webhook": {"user", "password"},
    ".index": set(),
    ".jira": {"email", "apiToken"},
    ".slack": {"webhookUrl"},
    ".gemini": {"credentialsJson"},
}


def connectors(tree: Tree) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, lines in tree.each(CONNECTORS):
        yield from ((path, line) for line in lines if "type" in line)


def connector_ids(tree: Tree, kind: str | None = None) -> set[str]:
    return {item["id"] for _, item in connectors(tree) if kind in {None, item["attributes"]["actionTypeId"]}}


def fit_their_shape(tree: Tree) -> Iterator[Fault]:
    for path, item in connectors(tree):
        yield from misfits("connector", path, item)
        config = item["attributes"]["config"]
        if config.keys() != CONFIG[item["attributes"]["actionTypeId"]]:
            yield Fault(path, f"{item['attributes']['name']} is configured with {sorted(config)}")
        if item["attributes"]["actionTypeId"] == ".webhook":
            yield from misfits("webhook_config", path, config)


def have_ids_that_every_kibana_takes(tree: Tree) -> Iterator[Fault]:
    """UUIDs: below 9.4 Kibana refuses any other id, since connectors hold encrypted attributes."""
    seen: set[str] = set()
    for path, item in connectors(tree):
        try:
            version = UUID(item["id"]).version
        except ValueError:
            version = None
        if version != 4 or item["id"] in seen:
            yield Fault(path, f"{item['id']} is no UUID of its own")
        seen.add(item["id"])


def can_be_imported_by_the_oldest(tree: Tree) -> Iterator[Fault]:
    for path, item in connectors(tree):
        if (item.get("coreMigrationVersion"), item.get("typeMigrationVersion")) != OLDEST_VERSIONS:
            yield Fault(path, f"{item['attributes']['name']} is of a version that 8.19 may not know")


def say_that_their_secrets_are_missing(tree: Tree) -> Iterator[Fault]:
    """Only an `.index` connector has none."""
    for path, item in connectors(tree):
        attributes = item["attributes"]
        if attributes["secrets"] or attributes["isMissingSecrets"] is (attributes["actionTypeId"] == ".index"):
            yield Fault(path, f"{attributes['name']} has secrets, or does not say that they are missing")


def are_counted(tree: Tree) -> Iterator[Fault]:
    for path, lines in tree.each(CONNECTORS):
        yield from summary_faults(path, lines)


def summary_faults(path: str, lines: list[dict[str, Any]]) -> Iterator[Fault]:
    """The last line of an export counts those before it."""
    *objects, summary = lines
    if not schema("export_summary").is_valid(summary) or any("type" not in item for item in objects):
        yield Fault(path, "the last line is no summary, or another line is one")
    elif (summary["exportedCount"], summary["missingRefCount"]) != (len(objects), 0):
        yield Fault(path, "the summary counts other objects than there are")


def are_the_same_by_file(tree: Tree) -> Iterator[Fault]:
    """`kibana.yml` gets the connectors that are imported otherwise, and secrets from its environment."""
    by_file = tree.content(PRECONFIGURED)["xpack.actions.preconfigured"]
    imported = {item["id"]: item["attributes"] for item in tree.content(MAIN) if "type" in item}
    if by_file.keys() != imported.keys():
        yield Fault(PRECONFIGURED, "other connectors than in connectors.ndjson")
        return
    for identifier, item in by_file.items():
        attributes, secrets = imported[identifier], item.get("secrets", {})
        if any(item[key] != attributes[key] for key in ("name", "actionTypeId", "config")):
            yield Fault(PRECONFIGURED, f"{item['name']} is not as in connectors.ndjson")
        if secrets.keys() != SECRETS[item["actionTypeId"]]:
            yield Fault(PRECONFIGURED, f"{item['name']} needs the secrets {sorted(SECRETS[item['actionTypeId']])}")
        if not all(re.fullmatch(r"\$\{[A-Z0-9_]+\}", value) for value in secrets.values()):
            yield Fault(PRECONFIGURED, f"a secret of {item['name']} stands in the file")


def name_nobody(tree: Tree) -> Iterator[Fault]:
    """Of every shipped file: hosts and addresses are examples."""
    for path in tree.matching("*"):
        for match in _HOST.finditer("\n".join(every_string(_content(tree, path)))):
            host = (match["url"] or match["mail"]).split(":")[0]
            if not EXAMPLES.search(host):
                yield Fault(path, f"{host} belongs to somebody")


def _content(tree: Tree, path: str) -> Any:
    return tree.content(path) if path.endswith((".json", ".ndjson", ".yaml")) else tree.files[path]
