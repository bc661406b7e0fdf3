from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from demo import command
from demo.story import staying_up


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the story was asked for; `answer` is what it gives back, or raises."""
    asked: dict[str, Any] = {"answer": True}

    def run(**arguments: Any) -> bool:
        asked.update(arguments)
        if isinstance(asked["answer"], BaseException):
            raise asked["answer"]
        return bool(asked["answer"])

    monkeypatch.setattr(command, "run", run)
    return asked


@pytest.mark.parametrize(("answer", "exit_code"), [(True, 0), (False, 1), (KeyboardInterrupt(), 130)])
def test_the_exit_code_says_whether_all_was_found(asked: dict[str, Any], answer: object, exit_code: int) -> None:
    asked["answer"] = answer
    assert CliRunner().invoke(command.demo, []).exit_code == exit_code


def test_now_is_taken_as_utc(asked: dict[str, Any]) -> None:
    CliRunner().invoke(command.demo, ["--now", "2026-11-23T17:37", "--seed", "5", "--keep"])
    assert asked["now"] == datetime(2026, 11, 23, 17, 37, tzinfo=UTC)
    assert (asked["seed"], asked["keep"], asked["port"]) == (5, True, 0)


def test_who_stays_is_told_where_to_look_and_how_to_get_in(tmp_path: Path) -> None:
    ready = {"url": "http://127.0.0.1:1", "user": "spiketrace", "password": "of this run"}
    told = staying_up(ready, "http://127.0.0.1:2", tmp_path)
    assert "http://127.0.0.1:1/" in told
    assert "http://127.0.0.1:2/" in told
    assert f"as spiketrace; the password is in {tmp_path / 'cli.main.json'}" in told
    assert "of this run" not in told
