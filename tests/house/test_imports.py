"""What the code imports is what pyproject.toml asks for, not what happens to be there because of something else."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"webhook", "tasks", "worker", "interop", "kibana", "evaluation", "demo", "cli", "tests", "benchmarks"}
# Parts of a framework that it ships as distributions of their own, with its own releases.
PART_OF = {
    "billiard": "celery",
    "elastic-transport": "elasticsearch",
    "httpx2": "mcp",
    "kombu": "celery",
    "markupsafe": "jinja2",
    "pydantic-core": "pydantic",
    "starlette": "fastapi",
    # By its extra `standard`, which we ask for.
    "uvloop": "uvicorn",
}


def _names(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


DISTRIBUTIONS = packages_distributions()
RUNTIME = _names(PROJECT["dependencies"])
EMBEDDED = RUNTIME | _names(PROJECT["optional-dependencies"]["embedded"])
LOCAL = RUNTIME | _names(PROJECT["optional-dependencies"]["local-embeddings"])
AGENTS = RUNTIME | _names(PROJECT["optional-dependencies"]["agents"])
EVERYTHING = EMBEDDED | LOCAL | AGENTS | _names(PROJECT["optional-dependencies"]["dev"])
# Run in an environment of its own, beside which ours is measured.
MEASURED_BESIDE = {"baro", "codecarbon", "pandas"}
ALLOWED = {
    **dict.fromkeys(OURS, RUNTIME),
    "benchmarks": RUNTIME | MEASURED_BESIDE,
    "demo": EMBEDDED,
    "evaluation": EMBEDDED,
    "interop": AGENTS,
    "kibana": EMBEDDED,
    "tests": EVERYTHING,
    "worker": LOCAL,
}


def _imported(package: str) -> Iterator[str]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.split(".")[0]


@pytest.mark.parametrize("package", sorted(OURS))
def test_every_import_is_declared(package: str) -> None:
    foreign = set(_imported(package)) - OURS - set(sys.stdlib_module_names)
    # Several distributions may share a namespace (`google`): one of them must be asked for.
    found = {name: {canonicalize_name(one) for one in DISTRIBUTIONS.get(name, [name])} for name in foreign}
    missing = {name for name, ones in found.items() if not {PART_OF.get(one, one) for one in ones} & ALLOWED[package]}
    assert missing == set()
