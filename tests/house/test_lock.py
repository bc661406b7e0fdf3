"""The lock pins everything that pyproject.toml asks for, to files whose hashes are known."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^(\S.*?)\s*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.MULTILINE)
PINNED = {canonicalize_name(Requirement(line).name): Requirement(line) for line, _ in ENTRIES}


def _asked_for() -> list[Requirement]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = chain.from_iterable(document["project"]["optional-dependencies"].values())
    lines = chain(document["build-system"]["requires"], document["project"]["dependencies"], extras)
    return [Requirement(line) for line in lines]


def test_the_lock_is_nothing_but_pinned_entries_with_hashes() -> None:
    rest = LOCK
    for line, hashes in ENTRIES:
        rest = rest.replace(f"{line} \\\n{hashes}", "", 1)
    assert rest.strip() == ""
    assert len(ENTRIES) > 50


def test_the_lock_names_no_host_and_no_folder() -> None:
    assert not re.search(r"://|^-|[ @]/|file:", LOCK, re.MULTILINE)


def test_every_entry_is_one_version() -> None:
    assert all(str(pinned.specifier).startswith("==") for pinned in PINNED.values())


@pytest.mark.parametrize("wanted", _asked_for(), ids=str)
def test_every_dependency_is_locked_to_a_version_it_allows(wanted: Requirement) -> None:
    pinned = PINNED[canonicalize_name(wanted.name)]
    version = str(pinned.specifier).removeprefix("==")
    assert wanted.specifier.contains(version)
