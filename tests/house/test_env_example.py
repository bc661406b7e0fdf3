"""`.env.example` and the settings are one list."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from worker.settings import PREFIX, Settings, load_settings

FILE = Path(__file__).resolve().parents[2] / ".env.example"
TEXT = FILE.read_text(encoding="utf-8")
LISTED = {name: value.strip('"') for name, value in re.findall(rf"^({PREFIX}\w+)=(.*)$", TEXT, re.MULTILINE)}


def test_every_setting_is_listed_and_nothing_else() -> None:
    assert set(LISTED) == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_listed_values_are_the_defaults() -> None:
    assert load_settings(LISTED) == Settings()


def test_a_shell_reads_it_as_the_readme_says() -> None:
    script = f"set -eua; . {FILE}; exec env -0"
    done = subprocess.run(["/bin/sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    read = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line.startswith(PREFIX))
    assert (read, done.stderr) == (LISTED, b"")


def test_every_default_is_written_out() -> None:
    silent = [name for name, value in LISTED.items() if not value]
    assert all(Settings.model_fields[name.removeprefix(PREFIX).lower()].default is None for name in silent)


def test_a_secret_from_a_file_is_explained() -> None:
    assert f"{PREFIX}JIRA_TOKEN_FILE=" in TEXT
