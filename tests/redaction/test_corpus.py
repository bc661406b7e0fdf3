"""What must go goes, in every form; what is needed stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from demo.shop import generate
from evaluation.redaction.__main__ import main
from evaluation.redaction.corpus import Labelled, labelled
from evaluation.redaction.measure import changed, leaks, recall
from evaluation.redaction.ordinary import ORDINARY
from tests.investigation import timeline
from worker.domain.redaction.kinds import PLACEHOLDER
from worker.domain.redaction.redact import redact

RULES = Path(__file__).parents[2] / "kibana_rules"


def test_nothing_is_left_of_any_secret() -> None:
    rows = recall(labelled(seed=1))
    assert {row.kind: row.missed for row in rows if row.missed} == {}
    assert sum(row.texts for row in rows) > 3_000


def test_every_secret_of_the_corpus_can_be_read_before() -> None:
    """A corpus whose secrets were hidden anyway would prove nothing."""
    plain = [one for one in labelled() if one.form in ("in a sentence", "key=value", "header", "URL", "said")]
    assert all(leaks(one.secret, one.text) for one in plain)
    assert len(plain) > 300


def test_the_words_around_a_secret_stay() -> None:
    said = {one.text: redact(one.text) for one in labelled() if one.form == "in a sentence"}
    assert all(text.startswith("call of ") and text.endswith(" failed after 300 ms") for text in said.values())


def test_ordinary_names_and_lines_stay_as_they_are() -> None:
    assert changed(ORDINARY) == []
    assert len(ORDINARY) > 150


def test_of_the_demo_shop_nothing_is_redacted() -> None:
    texts = set(_strings(list(islice(generate(datetime(2026, 11, 25, 10, tzinfo=UTC)), 20_000))))
    assert len(texts) > 10_000
    assert changed(texts) == []


def test_of_the_tests_shop_its_alerts_and_the_shipped_rules_nothing_is_redacted() -> None:
    shop = set(_strings([document for _, document in islice(timeline.open_shop().documents(), 20_000)]))
    alerts = set(_strings([alert.model_dump(mode="json") for alert in timeline.ALERTS.values()]))
    rules = set(_strings([json.loads(path.read_text(encoding="utf-8")) for path in RULES.glob("*.json")]))
    assert changed(shop | alerts | rules) == []


def _strings(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for item in value.items() for part in item for text in _strings(part)]
        case list():
            return [text for item in value for text in _strings(item)]
        case _:
            return []


def test_the_kind_says_what_it_was() -> None:
    kinds = {one.kind: PLACEHOLDER.findall(redact(one.text)) for one in labelled() if one.form == "in a sentence"}
    assert kinds["e-mail"] == ["e-mail"]
    assert kinds["card number"] == kinds["card number in groups"] == ["card number"]
    assert kinds["IBAN in groups"] == ["IBAN"]
    assert kinds["private key"] == ["private key"]
    assert kinds["AWS key"] == kinds["JWT"] == ["token"]


def test_the_command_prints_both_figures_and_fails_on_neither() -> None:
    run = CliRunner().invoke(main, ["--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    assert told["hit"] == []
    assert {row["kind"] for row in told["recall"]} >= {"password", "JWT", "IBAN", "cookie"}


def test_the_command_tells_of_your_own_lines() -> None:
    lines = "request served\npassword=" + "swordfish\n"
    run = CliRunner().invoke(main, ["--lines", "-"], input=lines)
    assert run.output.startswith("password=[redacted password]\n")
    assert "1 of 2 lines" in run.output
    assert "swordfish" not in run.output


def test_a_leak_is_seen() -> None:
    one = Labelled("password", "key=value", "password=abcdefgh", "abcdefgh")
    assert leaks(one.secret, "the value cdefgh it was")
    assert leaks(one.secret, "bcd%65fgh")
    assert not leaks(one.secret, "abc def")
