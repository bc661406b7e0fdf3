"""Figures, times and names as people read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook_pages import samples
from worker.domain import figures
from worker.domain.figures import CO2_GRAMS, VCPU_HOURS, Unit, describe, describe_count, describe_usd
from worker.domain.report import CauseKind, Impact, Quantity, RootCause
from worker.domain.text import Piece, one_line, paragraphs, pieces, reveal
from worker.domain.window import Window
from worker.domain.wording import cause_in_words, confidence_in_words, impact_groups, scope_in_words, sentences


@pytest.mark.parametrize(
    ("low", "likely", "high", "units", "words"),
    [
        (352, 410, 471, CO2_GRAMS, ("410 gCO₂e", "352 to 471 gCO₂e")),
        (2430, 2810, 3190, CO2_GRAMS, ("2.81 kgCO₂e", "2.43 to 3.19 kgCO₂e")),
        (1.2e6, 1.5e6, 2e6, CO2_GRAMS, ("1.5 tCO₂e", "1.2 to 2 tCO₂e")),
        (-0.002, 0.4, 0.9, CO2_GRAMS, ("400 mgCO₂e", "−2 to 900 mgCO₂e")),
        (-500, -400, -300, CO2_GRAMS, ("−400 gCO₂e", "−500 to −300 gCO₂e")),
        (0, 0, 0, CO2_GRAMS, ("0 gCO₂e", None)),
        (0.5, 0.61, 0.8, VCPU_HOURS, ("0.61 vCPU-h", "0.5 to 0.8 vCPU-h")),
    ],
)
def test_quantity_in_the_unit_that_fits(
    low: float, likely: float, high: float, units: tuple[Unit, ...], words: tuple[str, str | None]
) -> None:
    assert describe(Quantity(low=low, likely=likely, high=high), units) == words


@pytest.mark.parametrize(
    ("low", "likely", "high", "words"),
    [
        (3243, 3243, 3243, ("3,243", None)),
        (3243, 3543, 4021, ("3,540", "3,240 to 4,020")),
        (70.2, 85.7, 101.6, ("86", "70 to 102")),
        (85.7, 85.7, 85.7, ("86", None)),
        (0.4, 2.5, 9.9, ("2.5", "0.4 to 9.9")),
    ],
)
def test_what_can_be_counted_has_no_parts(
    low: float, likely: float, high: float, words: tuple[str, str | None]
) -> None:
    assert describe_count(Quantity(low=low, likely=likely, high=high)) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [(20_200, "$20,200"), (48.5, "$48.50"), (0.9, "$0.90"), (0.0412, "$0.0412"), (0, "$0"), (-12, "−$12.00")],
)
def test_money(usd: float, words: str) -> None:
    assert figures.money(usd) == words
    assert describe_usd(Quantity(low=usd, likely=usd, high=usd)).likely == words


@given(st.floats(-1e15, 1e15))
def test_number_is_right_to_three_digits(value: float) -> None:
    said = float(figures.number(value).replace(",", "").replace("−", "-"))
    assert said == pytest.approx(value, rel=0.00501, abs=1e-300)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_unknown(value: float) -> None:
    assert figures.number(value) == "unknown"
    assert figures.exact(value) == "unknown"


def test_times_are_utc_whatever_zone_they_come_in() -> None:
    moment = datetime.fromisoformat("2026-02-26T11:42:30+01:00")
    assert figures.time_of(moment) == "10:42:30 UTC, 26 Feb 2026"


def test_window_names_the_day_once_or_both() -> None:
    start = datetime(2026, 2, 26, 23, 30, tzinfo=UTC)
    assert figures.span_of(Window(start=start, end=start + timedelta(minutes=16))) == (
        "23:30 to 23:46 UTC, 26 Feb 2026 (16 min)"
    )
    assert figures.span_of(Window(start=start, end=start + timedelta(hours=1))) == (
        "23:30 UTC, 26 Feb 2026 to 00:30 UTC, 27 Feb 2026 (1 h)"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (45, "45 s"), (7_500, "2 h 5 min"), (604_800, "7 d"), (90_061, "1 d 1 h")]
)
def test_duration(seconds: int, words: str) -> None:
    assert figures.duration(timedelta(seconds=seconds)) == words


def test_cause_leaves_out_the_scope_that_is_reported_on() -> None:
    cause = samples.cause()
    assert cause_in_words(cause) == "Deployment deploy-8841, version 2.3.0 (checkout, us-central1)"
    assert cause_in_words(cause, reported=("checkout", "us-central1")) == "Deployment deploy-8841, version 2.3.0"
    assert cause_in_words(RootCause(kind=CauseKind.DEPENDENCY, service="ledger")) == "Dependency ledger"
    assert cause_in_words(RootCause(kind=CauseKind.UNKNOWN)) == "Unknown"


def test_reasons_are_sentences() -> None:
    assert sentences(["31 % fail.", "CO₂ is 3.9 times the usual", " "]) == "31 % fail. CO₂ is 3.9 times the usual."


@pytest.mark.parametrize(("confidence", "words"), [(0.934, "0.93"), (0.001, "below 0.01"), (0, "0.00"), (1, "1.00")])
def test_confidence(confidence: float, words: str) -> None:
    assert confidence_in_words(confidence) == words


def test_scope_without_names_is_everything() -> None:
    assert scope_in_words(None, None) == "all services"


def test_figures_that_are_not_known_are_named() -> None:
    assert [group.unknown for group in impact_groups(Impact())] == [
        ["Requests failed", "Requests slowed", "Users affected"],
        ["Excess CO₂", "Emitted CO₂", "Expected CO₂"],
        ["Excess compute", "Excess cost"],
        ["Orders affected", "Revenue lost"],
    ]


def test_text_is_cut_at_its_citations() -> None:
    assert list(pieces("A [e1 e2]. B [e3, e4][e5] [x] [e]")) == [
        Piece("A "),
        Piece("[e1 e2]", ("e1", "e2")),
        Piece(". B "),
        Piece("[e3, e4]", ("e3", "e4")),
        Piece("[e5]", ("e5",)),
        Piece(" [x] [e]"),
    ]


@given(st.text())
def test_pieces_make_up_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_revealed_text_can_be_stored_and_means_the_same_json(text: str) -> None:
    shown = reveal(text)
    assert not {"\x00", "\u202e"} & set(shown)
    shown.encode()
    document = json.dumps({"name": text}, ensure_ascii=False)
    assert json.loads(reveal(document), strict=False) == json.loads(document, strict=False)


@pytest.mark.parametrize("text", ["shop 🛒 👩‍💻", "Zürich, 東京, القاهرة", "CO₂ – 31 %", "a\tb"])
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert reveal(text) == text


def test_lines() -> None:
    assert one_line(" a\n b\tc ") == "a b c"
    assert paragraphs("a\n\n b \n") == ["a", "b"]
