"""What the documentation points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import SUBCOMMANDS
from worker.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_links_into_the_repository_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@every_page
def test_commands_exist(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= TARGETS
    assert set(re.findall(r"\bspiketrace ([a-z][a-z-]+)", code)) <= set(SUBCOMMANDS)


@every_page
def test_settings_exist(page: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {"SPIKETRACE_TEST_ELASTICSEARCH_URL"}
    named = re.findall(rf"{PREFIX}[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8"))
    assert {name for name in named if not {name, name.removesuffix("_FILE")} & known} == set()


def test_every_decision_is_in_the_list() -> None:
    pages = {page.name for page in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert pages == set(re.findall(r"\]\(([^)]+)\)", listed))


def test_the_decisions_are_numbered_without_a_hole() -> None:
    numbers = sorted(int(page.name[:4]) for page in (ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_the_simulation_agrees_in_is_tested_line_by_line() -> None:
    listed = re.findall(
        r"\| `(test_\w+)` \|$", (ROOT / "docs" / "backtest.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    tests = (ROOT / "tests" / "kibana" / "test_agreement.py").read_text(encoding="utf-8")
    assert listed == re.findall(r"    def (test_\w+)", tests)
