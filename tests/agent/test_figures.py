"""Figures of sentences: what follows from others, how far apart onsets are, how many there are, whose and when."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.text.numerals import numbers

CHECKOUT, PAYMENTS = "demo-373452", "demo-2deaae"
DEADLINE = "edgedelta-rootcausebench-grpc-deadline-too-tight"
TOKENS = "edgedelta-rootcausebench-auth-jwt-validation-regression"


def outcome(report: str, text: str, *, is_advice: bool = False) -> str:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome


def check_right_and_wrong(report: str, text: str, right: str, wrong: str) -> None:
    assert outcome(report, text.format(right)) == "kept"
    assert outcome(report, text.format(wrong)) != "kept"


WORKED_OUT = [
    (CHECKOUT, "Traffic rose to 5,776 requests per minute against an expected 2,905, roughly {} more.", "99 %", "60 %"),
    (CHECKOUT, "CPU fell from 93.8 % to 84.6 %, a drop of {} percentage points.", "9.3", "4.3"),
    (CHECKOUT, "Emissions of 7.6 gCO₂e against an expected 3.9 gCO₂e are a difference of about {}.", "95 %", "45 %"),
    (CHECKOUT, "Retries account for 2.7 of the 3.7 gCO₂e of excess, or about {}.", "73 %", "37 %"),
    (CHECKOUT, "The excess is 3.7 gCO₂e (3.5 to 4.2), of which retries are {}.", "72 %", "27 %"),
    (CHECKOUT, "Its average latency went from 233 ms to 2,149 ms, a rise by a factor of {}.", "9.2", "4.2"),
    (PAYMENTS, "Traffic was 3,313 requests per minute instead of 2,254, {} higher.", "47 %", "23 %"),
    (PAYMENTS, "13 of 22 timed lines are errors (59 %), and p95 rose from 634 ms to 2,014 ms, {} times.", "3.2", "5.1"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), WORKED_OUT)
def test_what_follows_from_other_figures(report: str, text: str, right: str, wrong: str) -> None:
    check_right_and_wrong(report, text, right, wrong)


APART = [
    (CHECKOUT, "Errors rose {} before traffic increased.", "three minutes", "one minute"),
    (CHECKOUT, "Traffic rose at 15:40 UTC, {} after retries rose.", "two minutes", "five minutes"),
    (CHECKOUT, "Errors rose at 15:37 UTC, and retries followed {} later.", "a minute", "six minutes"),
    (PAYMENTS, "Emissions rose at 09:44 UTC, {} after the errors.", "two minutes", "seven minutes"),
    (PAYMENTS, "Latency rose {} before the retries did.", "two minutes", "nine minutes"),
    (CHECKOUT, "Errors rose at 15:37 UTC, and {} later retries followed.", "a minute", "four minutes"),
    (CHECKOUT, "deploy-8722 of search was followed by deploy-8723 of checkout {} later.", "11 minutes", "21 minutes"),
    (TOKENS, "userservice and orderservice followed gatewayservice {} later.", "a minute", "four minutes"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), APART)
def test_how_far_onsets_are_apart(report: str, text: str, right: str, wrong: str) -> None:
    check_right_and_wrong(report, text, right, wrong)


COUNTED = [
    (DEADLINE, "{} candidates were weighed.", "Five", "Three"),
    (DEADLINE, "Six changes are on record, {} deployments and two flags.", "four", "five"),
    (DEADLINE, "{} services are affected.", "Three", "Seven"),
    (DEADLINE, "productcatalogservice ranks {}, with a confidence of 0.015.", "second", "fourth"),
    (DEADLINE, "It logged {} new lines in the window.", "twenty-two", "twenty-eight"),
    (PAYMENTS, "The threshold of {} was exceeded.", "4", "14"),
    (PAYMENTS, "The baseline covers {}.", "3 h 53 min", "5 h 10 min"),
    (PAYMENTS, "{} of the three quoted messages read “failed: 503 no healthy upstream”.", "Two", "Three"),
    (CHECKOUT, "The alert's threshold of {} was exceeded.", "6", "9"),
    (CHECKOUT, "{} of them concern checkout or search: deploy-8723 and deploy-8722.", "Two", "Three"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), COUNTED)
def test_how_many_there_are(report: str, text: str, right: str, wrong: str) -> None:
    check_right_and_wrong(report, text, right, wrong)


WHOSE = [
    (CHECKOUT, "38 % of its requests fail; {} is usual.", "0.67 %", "5.2 %"),
    (
        CHECKOUT,
        "With 64 % retries, checkout took 5,776 requests per minute, 99 % more than the usual {}.",
        "2,905",
        "3,905",
    ),
    (CHECKOUT, "36,200 more requests than usual took longer than {}.", "431 ms", "231 ms"),
    (CHECKOUT, "38 % fail, usually 0.7 %, and its average latency has climbed to {}.", "2,149 ms", "3,149 ms"),
    (CHECKOUT, "Emissions were {} (3.5 to 4.2) higher than expected.", "3.7 gCO₂e", "7.6 gCO₂e"),
    (CHECKOUT, "Memory stayed normal, {} against 52.5 %.", "52.8 %", "58.2 %"),
    (CHECKOUT, "7.6 gCO₂e were emitted, where {}–4.1 g were expected.", "3.7", "2.7"),
    (CHECKOUT, "The incident raised emissions by {}—about 95 % over the expected 3.9 gCO₂e.", "3.7 gCO₂e", "1.7 gCO₂e"),
    (CHECKOUT, "Per thousand requests, 217 mgCO₂e are emitted instead of {}.", "116 mgCO₂e", "196 mgCO₂e"),
    (
        CHECKOUT,
        "Traffic was far above its usual level, at {} per minute against 2,905.",
        "5,776 requests",
        "7,576 requests",
    ),
    (CHECKOUT, "CPU was at 84.6 %, 10 % less than the usual {}.", "93.8 %", "73.8 %"),
    (
        CHECKOUT,
        "Emissions of 0.63 g per minute compare with the {} per minute that would be expected.",
        "0.32 g",
        "0.52 g",
    ),
    (CHECKOUT, "Its requests fail in 38 % of all cases, where normally fewer than {} do.", "1 %", "0.2 %"),
    (DEADLINE, "frontend and recommendationservice have a confidence of {} and 0.94 respectively.", "0.012", "0.12"),
    (PAYMENTS, "An estimated 11,700 requests out of about {} failed.", "19,900", "29,900"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), WHOSE)
def test_whose_a_figure_is_and_when(report: str, text: str, right: str, wrong: str) -> None:
    check_right_and_wrong(report, text, right, wrong)


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("Two of the three quoted messages of payments say “failed: 503 no healthy upstream”.", True),
        ("All three quoted messages of payments say “failed: 503 no healthy upstream”.", False),
        ("All four quoted messages of payments mention “http://ledger/entries”.", False),
        ("10,800 more requests than usual exceeded 634 ms.", True),
        ("10,800 more requests than usual exceeded 834 ms.", False),
        ("Of the excess of 0.11 gCO₂e, 104 mgCO₂e or about 61 % stem from retries.", False),
    ],
)
def test_quoted_messages_and_parts_are_counted(text: str, *, is_kept: bool) -> None:
    assert (outcome(PAYMENTS, text) == "kept") is is_kept


ADVICE = [
    (CHECKOUT, "After the rollback, p95 latency should fall from 5,010 ms back toward {}.", "431 ms", "131 ms"),
    (CHECKOUT, "Roll back deploy-8723, which saves about {} (16 to 19) an hour.", "17 gCO₂e", "27 gCO₂e"),
    (PAYMENTS, "Restart ledger, which saves about 1.1 gCO₂e ({} to 1.4) an hour.", "0.93", "0.43"),
    (PAYMENTS, "Retries should be capped at two, since {} of payments' requests are retries.", "32 %", "62 %"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), ADVICE)
def test_what_is_proposed_is_no_figure_but_what_it_rests_on(report: str, text: str, right: str, wrong: str) -> None:
    assert outcome(report, text.format(right), is_advice=True) == "kept"
    assert outcome(report, text.format(wrong), is_advice=True) != "kept"


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("forty-seven lines", "lines", 47),
        ("an hour and a half before", "seconds", 5400),
        ("3 h 49 min", "seconds", 13_740),
        ("by a factor of 47", "times", 47),
        ("at 0.84 the confidence is high", "confidence", 0.84),
        ("it ranks third", "place", 3),
        ("a third of its requests", "share", 1 / 3),
        ("an HTTP 503", "status", 503),
    ],
)
def test_figures_in_words_and_of_several_parts(text: str, dimension: str, value: float) -> None:
    (found,) = numbers(text)
    assert found.dimension == dimension
    assert found.value == pytest.approx(value)


def test_of_a_range_in_brackets_none_is_a_confidence() -> None:
    assert [one.dimension for one in numbers("saves 0.51 gCO₂e (0.26 to 0.76) an hour")] == ["grams_per_hour"] * 3
