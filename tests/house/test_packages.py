"""What is installed, and what a process loads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = WheelBuilder(str(ROOT)).config.packages


def _files_of(package: str) -> set[str]:
    files = {path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_an_installation_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as zipped:
        installed = set(zipped.namelist())
    assert set().union(*map(_files_of, PACKAGES)) - installed == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_run_nothing_when_they_are_imported(package: str) -> None:
    assert [path for path in (ROOT / package).rglob("__init__.py") if path.stat().st_size] == []


@pytest.mark.parametrize("module", ["webhook.app", "cli.webhook", "tasks.queue"])
def test_the_webhooks_process_loads_no_analysis_and_no_model(module: str) -> None:
    heavy = {"numpy", "scipy", "ruptures", "google.genai"}
    program = f"import sys, {module}; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
