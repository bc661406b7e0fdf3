"""No text takes longer than its length: shown on the patterns themselves, and on texts that would take years."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from worker.domain.redaction import reading, rules, telling
from worker.domain.redaction.redact import redact

PATTERNS = {
    **{rule.name: rule.pattern for rule in rules.RULES},
    "wrapped": rules.WRAPPED,
    "encoded": reading._ENCODED,
    "empty place": telling._EMPTY_PLACE,
}
# Longest stretch that a repetition may give back: so often at most a character is looked at again.
MOST_GIVEN_BACK = 320
UNBOUNDED = 4_294_967_295
PUMPS = [
    *("password=", "a@", "token:", '"token="', "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY", "%40", "%25"),
    *(
        "a",
        "a.b",
        "4111 ",
        "4",
        "\u200b",
        "://a:",
        "cookie=a",
        "x=",
        'token: "    ',
        "DE89 3704 ",
        "eyJ",
        "eyJa.",
        "Aa1_",
    ),
    *(
        "authorization: ",
        "authorization: Basic ",
        "&#64;",
        "&amp",
        "\\u0040",
        "\\",
        "postgres://a:b",
        "--token ",
        "<password>",
    ),
    *(
        " -u a:",
        "password is ",
        "password 'a",
        "{password=",
        ",password",
        "'a",
        "cGFz",
        "6d",
        "[redacted e-mail]",
        "[redacted ",
    ),
]


def _parsed(pattern: str, flags: int) -> Any:
    """What the expression is made of, as Python itself sees it."""
    return importlib.import_module("re._parser").parse(pattern, flags)


def _repeats(parsed: Any, depth: int = 0, *, is_kept: bool = False) -> Iterator[tuple[str, int, int, bool]]:
    """(operation, most, depth of unbounded repetitions around it that give back, is_kept) of each repetition."""
    for operation, argument in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, inner = argument
            keeps = is_kept or name == "POSSESSIVE_REPEAT"
            yield name, int(most), depth, keeps
            is_unbounded = int(most) == UNBOUNDED and name != "POSSESSIVE_REPEAT"
            yield from _repeats(inner, depth + is_unbounded, is_kept=is_kept)
        else:
            yield from (each for part in _parts(argument) for each in _repeats(part, depth, is_kept=is_kept))


def _parts(argument: Any) -> Iterator[Any]:
    """The sub-expressions of a group, a branch, a look-around."""
    if type(argument).__name__ == "SubPattern":
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from _parts(each)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_repetition_gives_back_more_than_a_bounded_stretch(name: str) -> None:
    pattern = PATTERNS[name]
    for operation, most, depth, _ in _repeats(_parsed(pattern.pattern, pattern.flags)):
        assert depth == 0, f"{name}: a repetition within one that is not bounded and gives back"
        if operation != "POSSESSIVE_REPEAT" and most == UNBOUNDED:
            # Only within a bounded text: a value that is refused is at most so long.
            assert name == "empty place", f"{name}: {operation} without a bound gives back"
        elif operation != "POSSESSIVE_REPEAT":
            assert most <= MOST_GIVEN_BACK, name


def test_a_pattern_that_is_not_linear_is_seen() -> None:
    nested = list(_repeats(_parsed(r"(?:a+b?)+c", 0)))
    assert [depth for _, _, depth, _ in nested][1] == 1
    assert ("POSSESSIVE_REPEAT", UNBOUNDED, 0, True) in list(_repeats(_parsed(r"a++", 0)))


@pytest.mark.parametrize("pump", PUMPS)
def test_a_long_text_is_done_with(pump: str) -> None:
    """Quadratic work on this much would run into the limit of a test."""
    text = pump * (100_000 // len(pump))
    redacted = redact(text)
    assert len(redacted) <= 8 * len(text)
    assert redact(redacted) == redacted


def test_a_secret_at_the_end_of_a_long_line_is_found() -> None:
    assert redact("x" * 200_000 + " password=" + "swordfish").endswith(" password=[redacted password]")
