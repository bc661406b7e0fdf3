"""Whatever the text: nothing is raised, twice is once, and what comes out stays in bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evaluation.redaction.corpus import labelled
from worker.domain.redaction.kinds import PLACEHOLDER, Kind
from worker.domain.redaction.redact import count_redacted, excerpt, redact, redact_values

PIECES = st.sampled_from(
    [
        *("password", "token", "secret", "api_key", "Authorization: ", "Bearer ", "Basic ", "Cookie: ", "-----BEGIN "),
        *("PRIVATE KEY-----", "-----END ", "=", ": ", '"', "'", "\\", " ", "\n", "://", "@", ".", "%", "&#64;", "%40"),
        *("\\u0040", "\u200b", "x@y.example", "4111111111111111", "DE89370400440532013000", "eyJ", "a1B2c3D4e5", "é"),
        *("[redacted password]", "[redacted ", "]", "AKIA" + "A" * 16, "--password ", "<password>", "</", "null", ","),
        *("cGFzc3dvcmQ9aHVudGVyMg==", "70617373776f72643d68756e74657232"),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))
LABELLED = [one.text for one in labelled()][::5]
# A placeholder is longer than the shortest secret, `pw=x`, by so much at most.
GROWTH = 8


@given(TEXTS)
@example("[redacted password]: [redacted")
@example("password=[redacted passw")
@settings(max_examples=150)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


def test_what_the_corpus_becomes_is_at_rest() -> None:
    assert all(redact(redact(text)) == redact(text) for text in LABELLED)


@given(TEXTS)
def test_what_comes_out_stays_in_bounds(text: str) -> None:
    assert len(redact(text)) <= GROWTH * len(text)


@given(TEXTS, st.integers(min_value=1, max_value=80))
def test_an_excerpt_is_cut_after_it_is_redacted(text: str, limit: int) -> None:
    told = excerpt(text, limit)
    assert len(told) <= limit
    assert redact(text).startswith(told)


@pytest.mark.parametrize("blanks", [True, False])
def test_a_cut_leaves_no_half_of_a_secret(blanks: bool) -> None:
    secret = "gh" + "p_" + "A1b2C3d4" * 5
    filler = ("word " if blanks else "words") * 2_000
    for limit in range(4_000, 4_100):
        assert "A1b2" not in excerpt(filler[:4_050] + " " + secret + filler, limit)


def test_of_a_text_that_is_all_secrets_no_half_one_is_told() -> None:
    secret = "gh" + "p_" + "A1b2C3d4" * 100 + " "
    assert set(excerpt(secret * 40, 300).split("] ")) <= {"[redacted token", "[redacted token]", ""}


documents = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_a_document_keeps_its_shape(document: Any) -> None:
    redacted = redact_values(document)
    assert _shape(redacted) == _shape(document)
    assert redact_values(redacted) == redacted


def _shape(value: Any) -> Any:
    match value:
        case dict():
            return [_shape(item) for item in value.values()]
        case list():
            return [_shape(item) for item in value]
        case str():
            return ""
        case _:
            return value


def test_keys_that_were_secrets_stay_apart() -> None:
    counts = {"ann@shop.example": 1, "bob@shop.example": 2, "eu": 3}
    assert redact_values(counts) == {"[redacted e-mail]": 1, "[redacted e-mail] (2)": 2, "eu": 3}


def test_a_field_tells_as_much_as_its_name() -> None:
    assert redact_values({"password": "swordfish", "user": "ann", "token": "expired"}) == {
        "password": "[redacted password]",
        "user": "ann",
        "token": "expired",
    }


def test_what_was_taken_is_counted_by_kind() -> None:
    told = redact_values({"a": ["ann@shop.example", "bob@shop.example"], "b": {"password": "x9"}})
    assert count_redacted(told) == {"e-mail": 2, "password": 1}
    assert count_redacted({"a": 1, "b": "nothing"}) == {}


@pytest.mark.parametrize("kind", list(Kind))
def test_a_placeholder_is_left_alone(kind: Kind) -> None:
    text = f"{kind.placeholder}: value, password={kind.placeholder} and {kind.placeholder}"
    assert redact(text) == text
    assert len(PLACEHOLDER.findall(text)) == 3
