"""Log patterns: values are masked, kinds of lines are told apart, and what changed is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.system.patterns import Miner, PatternChange, compare, mask, spoken
from worker.domain.telemetry import Line, Lines

NOON = datetime(2026, 2, 26, 12, tzinfo=UTC)
SERVICES = ("cart", "ledger", "orders")


def lines(*messages: str, service: str = "cart", severity: str | None = "normal") -> list[Line]:
    return [Line(NOON + timedelta(seconds=k), service, text, severity) for k, text in enumerate(messages)]  # type: ignore[arg-type]


def trends(before: list[Line], within: list[Line]) -> dict[tuple[str, str], PatternChange]:
    return {(one.service, one.trend): one for one in compare(Lines(before, within), SERVICES)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user 17 logged in", "user 4211 logged in"),
        ("took 12.5ms", "took 980ms"),
        ("order 5f0f2c44-3f1e-4c5e-9d3a-0a1b2c3d4e5f paid", "order 00000000-1111-4222-8333-444455556666 paid"),
        ("trace bf4c22954373d2c543d7612afb713af8 done", "trace 00aa22954373d2c543d7612afb713aff done"),
        ('name "Soup" ordered', 'name "Pasta with cheese" ordered'),
        ("[pay][id: abc-1]", "[pay][id: something else]"),
        ("at 2026-02-26T09:30:00.123Z ok", "at 2025-12-01T23:59:59.999Z ok"),
        ('{"message": "user 1 in", "ts": 5}', '{"ts": 9, "message": "user 2 in"}'),
    ],
)
def test_lines_that_differ_in_values_are_one_pattern(one: str, other: str) -> None:
    miner = Miner()
    assert miner.pattern(one) is miner.pattern(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("payment accepted", "payment refused by bank"),
        ("[getRoute][id: 7]", "[getRoute][ids: [7, 8, 9]]"),
        ("connection opened", "cache miss"),
    ],
)
def test_lines_of_another_kind_are_another_pattern(one: str, other: str) -> None:
    miner = Miner()
    assert miner.pattern(one) is not miner.pattern(other)


def test_a_word_that_varies_is_found_without_a_mask() -> None:
    miner = Miner()
    found = [
        miner.pattern(f"the request that came from {name} was served from the cache") for name in ("ann", "bob", "eve")
    ]
    assert len({id(one) for one in found}) == 1
    assert "<*>" in found[0].text


def test_new_errors_are_found_with_their_example_and_share() -> None:
    before = lines(*["served"] * 100)
    within = lines(*["served"] * 30) + lines(*["no contacts for id 7"] * 20, severity="error")
    one = trends(before, within)[("cart", "new")]
    assert (one.before, one.within, one.example) == (0, 20, "no contacts for id 7")
    assert one.share == pytest.approx(0.4)


def test_errors_as_frequent_as_before_are_no_news() -> None:
    usual = lines(*["served"] * 90) + lines(*["no such user"] * 10, severity="error")
    assert trends(usual, usual) == {}


def test_more_ordinary_lines_are_more_work_and_no_news() -> None:
    assert trends(lines(*["served"] * 50), lines(*["served"] * 50, *["indexed a page"] * 400)) == {}


def test_lines_that_stop_are_gone() -> None:
    before = lines(*["asked"] * 60, *["answered"] * 60)
    within = lines(*["asked"] * 60, *["answered"] * 2)
    assert ("cart", "gone") in trends(before, within)


def test_a_service_that_does_less_has_not_lost_its_lines() -> None:
    before = lines(*["asked"] * 200, *["answered"] * 200)
    within = lines(*["asked"] * 40, *["answered"] * 38)
    assert trends(before, within) == {}


def test_an_error_that_names_another_service_says_whom() -> None:
    within = lines("ok", *["no instances available for ledger"] * 12, severity="error")
    one = trends(lines(*["ok"] * 50), within)[("cart", "new")]
    assert one.names == ("ledger",)


def test_part_of_a_name_names_nobody() -> None:
    within = lines("ok", *["bookledger-service is down"] * 12, severity="error")
    assert trends(lines(*["ok"] * 50), within)[("cart", "new")].names == ()


@pytest.mark.parametrize(
    ("severity", "message", "is_error"),
    [
        ("error", "all is well", True),
        ("normal", "fatal error in the name of a product", False),
        ("warning", "connection refused", True),
        ("warning", "verification begins", False),
        (None, "panic: nil pointer", True),
        (None, "served", False),
    ],
)
def test_trouble_is_told_by_the_level_and_else_by_the_words(severity: str | None, message: str, is_error: bool) -> None:
    before, within = lines(*["served"] * 80), lines(*["served"] * 20) + lines(*[message] * 30, severity=severity)
    assert (("cart", "new") in trends(before, within)) is is_error


def test_nothing_is_compared_with_no_past() -> None:
    assert compare(Lines([], lines(*["broken"] * 20, severity="error")), SERVICES) == []


@given(st.text())
def test_any_line_has_a_pattern(message: str) -> None:
    Miner().pattern(message)
    assert isinstance(mask(spoken(message)), str)


@given(st.lists(st.text(max_size=40), max_size=30), st.lists(st.text(max_size=40), max_size=30))
def test_any_lines_are_compared(before: list[str], within: list[str]) -> None:
    for change in compare(Lines(lines(*before, severity=None), lines(*within, severity=None)), SERVICES):
        assert change.bits > 0
        assert 0 <= change.share <= 1
