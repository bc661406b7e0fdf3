"""What a message asks for, whatever stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.a2a_server.wishes import wish_of
from interop.asking import Investigation, Question, ReportWanted
from interop.telling import shown
from worker.errors import RequestRefused

DIGEST = "0123456789abcdef0123456789abcdef"
NAMES = st.text(st.characters(categories=["L", "N"]) | st.sampled_from("-_./ "), min_size=1, max_size=60).filter(
    lambda name: name == name.strip()
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("words", "service", "region", "at"),
    [
        ("investigate checkout", "checkout", None, None),
        ("Investigate checkout in us-central1.", "checkout", "us-central1", None),
        ("please investigate checkout at 2026-02-26T09:30Z", "checkout", None, "2026-02-26T09:30:00+00:00"),
        ("investigate `in at` in eu as of 2026-02-26 ", "in at", "eu", "2026-02-26T00:00:00+00:00"),
    ],
)
def test_an_investigation_in_words(words: str, service: str, region: str | None, at: str | None) -> None:
    wish = wish_of([words], [])
    assert isinstance(wish, Investigation)
    assert (wish.service, wish.region, wish.at and wish.at.isoformat()) == (service, region, at)


@given(service=NAMES, region=st.none() | NAMES)
def test_any_quoted_name_is_taken_as_it_stands(service: str, region: str | None) -> None:
    wish = wish_of([f'investigate "{service}"' + (f' in "{region}"' if region else "")], [])
    assert isinstance(wish, Investigation)
    assert (wish.service, wish.region) == (service, region)


@pytest.mark.parametrize(
    ("words", "report_id"),
    [
        (f"r-{DIGEST}", f"r-{DIGEST}"),
        (DIGEST, DIGEST),
        (f"show the report r-{DIGEST}", f"r-{DIGEST}"),
        ("report my-own", "my-own"),
    ],
)
def test_a_report_in_words(words: str, report_id: str) -> None:
    assert wish_of([words], []) == ReportWanted(id=report_id)


@pytest.mark.parametrize("words", ["hello", "report", "Why did emissions spike?", "investigate", "investigate a b c"])
def test_everything_else_is_a_question(words: str) -> None:
    assert wish_of([words], []) == Question(question=words)


@given(texts=st.lists(st.text(), max_size=3), data=st.lists(VALUES, max_size=2))
def test_whatever_is_sent_is_a_wish_or_is_refused(texts: list[str], data: list[Any]) -> None:
    try:
        found = wish_of(texts, data)
    except RequestRefused as error:
        found, reason = None, error.reason
    assert isinstance(found, Investigation | ReportWanted | Question) or 0 < len(reason) < 1_200


@given(VALUES)
def test_what_is_shown_is_short_and_hides_nothing(value: Any) -> None:
    for text in _texts(shown(value)):
        assert len(text) <= 400
        assert text.isprintable() or not text.isascii()


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_what_is_shown_of_figures_is_json() -> None:
    assert json.dumps(shown({"a": [1.23456789, 123456.7, 3, None, True]})) == '{"a": [1.235, 123457, 3, null, true]}'
