"""What is shipped for Kibana, read into memory: so that a test can check it, and a copy that it broke."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml
from jsonschema import Draft202012Validator, FormatChecker

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("kibana_rules", "connectors", "workflows", "agents", "dashboards")
RULES = "kibana_rules/*.json"
TOOLS = "agents/tools/*.json"
AGENT = "agents/spiketrace.json"
WORKFLOWS = "workflows/*.yaml"
CONNECTORS = "connectors/*.ndjson"
DASHBOARDS = "dashboards/*.ndjson"


class Fault(NamedTuple):
    path: str
    sentence: str


@dataclass(frozen=True)
class Tree:
    """Texts by their path in the repository."""

    files: Mapping[str, str]

    def matching(self, pattern: str) -> list[str]:
        return [path for path in sorted(self.files) if PurePosixPath(path).match(pattern)]

    def each(self, pattern: str) -> Iterator[tuple[str, Any]]:
        for path in self.matching(pattern):
            yield path, self.content(path)

    def content(self, path: str) -> Any:
        """JSON and YAML as they are, ndjson as the list of its lines."""
        text = self.files[path]
        if path.endswith(".ndjson"):
            return [json.loads(line) for line in text.splitlines()]
        return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)

    def with_text(self, path: str, text: str) -> Tree:
        return Tree({**self.files, path: text})

    def broken(self, path: str, change: Callable[[Any], object]) -> Tree:
        """A copy in which `change` was done to the content of one file."""
        content = self.content(path)
        change(content)
        return self.with_text(path, _written(path, content))


def _written(path: str, content: Any) -> str:
    if path.endswith(".ndjson"):
        return "".join(json.dumps(line) + "\n" for line in content)
    return json.dumps(content) if path.endswith(".json") else yaml.safe_dump(content, sort_keys=False)


@cache
def shipped() -> Tree:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return Tree({path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths})


@cache
def schema(name: str) -> Draft202012Validator:
    document = json.loads((Path(__file__).parent / "schemas.json").read_text(encoding="utf-8"))
    return Draft202012Validator({**document, "$ref": f"#/$defs/{name}"}, format_checker=FormatChecker())


def misfits(name: str, path: str, content: Any) -> Iterator[Fault]:
    for error in schema(name).iter_errors(content):
        yield Fault(path, f"{'/'.join(str(step) for step in error.absolute_path)}: {error.message}")


@cache
def index_fields() -> dict[str, dict[str, str]]:
    """Fields and their types by index pattern, from the templates that SpikeTrace installs."""
    templates = sorted((ROOT / "worker" / "store" / "index_templates").glob("*.json"))
    read = [json.loads(path.read_text(encoding="utf-8")) for path in templates]
    return {
        pattern: dict(_fields(template["template"]["mappings"]["properties"]))
        for template in read
        for pattern in template["index_patterns"]
    }


def _fields(properties: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, mapping in properties.items():
        yield f"{before}{name}", mapping.get("type", "object")
        yield from _fields(mapping.get("properties", {}), f"{before}{name}.")
        yield from _fields(mapping.get("fields", {}), f"{before}{name}.")


def every_string(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from every_string(key)
            yield from every_string(item)
    elif isinstance(value, list):
        for item in value:
            yield from every_string(item)
