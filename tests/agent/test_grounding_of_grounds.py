"""Parts, ranks, past incidents, comparisons and grounds: what is so is kept, what is not so is not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CALLEE, DEPLOYED, OF_AUTH = "petshop-high_traffic-train-issue_1", "demo-23590e", "demo-b3ce5c"
QUIET, METRIC, UNSAMPLED = "petshop-high_traffic-train-quiet-5", "nab-traffic-occupancy-t4013-1442390940", "demo-4eec42"
SEARCH = "PetSearch_AWS::ECS::Fargate"


def outcome(report: str, text: str, *, is_advice: bool = False) -> str:
    return ground_known(text, known(report), is_advice=is_advice).sentences[-1].outcome


TOLD = [
    # By what was alerted.
    (CALLEE, "PetSite raised the alert, though {}.", "its own metrics are as usual", "its availability fell"),
    (CALLEE, "The latency alert came from {}.", "PetSite, whose own metrics are as usual", SEARCH),
    (CALLEE, "What is not as usual is {}.", SEARCH, "PetSite"),
    (CALLEE, "{} logged nothing in the window.", "PetSite", SEARCH),
    (CALLEE, "{}.", "PetSite wrote nothing in the window", "PetSite wrote errors in the window"),
    # Ranks.
    (CALLEE, "{} leads clearly with 0.87.", SEARCH, "servi-searc.us-west-2.elb.amazonaws.com_remote"),
    (CALLEE, SEARCH + " is taken for the cause with {}.", "0.87", "0.03"),
    (CALLEE, "servi-searc.us-west-2.elb.amazonaws.com_remote gets no more than {}.", "0.03", "0.87"),
    (DEPLOYED, "deploy-8739 of search is the {} candidate.", "second", "first"),
    (DEPLOYED, "{} can be set aside, because it shows no deviation.", "search", "deploy-8740"),
    # Comparisons of deployments.
    (DEPLOYED, "The new version of checkout needs {} ms where the old one needed {} ms.", "1,950|226", "226|1,950"),
    (DEPLOYED, "Lines of {} fail more often than those before it.", "deploy-8740", "deploy-8739"),
    # Parts of a rise.
    (DEPLOYED, "{} has no share in the rise of errors.", "cart in us-central1", "frontend in us-central1"),
    (OF_AUTH, "checkout in {} has no part in the rise of errors.", "us-central1", "europe-west1"),
    (OF_AUTH, "checkout in us-central1 shows {}.", "no rise of errors", "the same rise of errors as europe-west1"),
    # In the window and before it.
    (DEPLOYED, "PoolTimeout turned up 15 times {}.", "in the window and never before it", "before and never in it"),
    (OF_AUTH, "auth's CertificateExpired appeared {} times before the window and 9 times in it.", "7", "9"),
    (OF_AUTH, "{} of checkout names auth.", "Every new error", "No error"),
    (OF_AUTH, "auth is far ahead of {} with 0.10.", "checkout", "inventory"),
    (OF_AUTH, "{} is at 0.10 only, since its new errors name auth.", "checkout", "inventory"),
    (UNSAMPLED, "{} request takes the CO₂ it usually takes.", "A single", "Not a single"),
    # Ranges.
    (DEPLOYED, "The estimate is 22,600 failed requests out of about {}.", "87,500", "32,200"),
    (DEPLOYED, "22,600 requests failed, and anything from {} to 32,200 is possible.", "13,000", "22,600"),
    (DEPLOYED, "checkout emits {} g/min.", "0.66 instead of 0.32", "0.32 instead of 0.66"),
    # Metrics by their own name.
    (METRIC, "occupancy_percent lies 7.6 standard deviations {} the expected value.", "above", "below"),
    (QUIET, "The alert of PetSite {} to be an incident.", "did not turn out", "turned out"),
    (UNSAMPLED, "No sample speaks of {} of the window's 10 minutes.", "2", "5"),
    (UNSAMPLED, "Only {} was there to compare with.", "1 earlier day", "3 earlier days"),
    # Past incidents.
    (DEPLOYED, "\"checkout: orders hang\" of 2026-11-16 had the same {}.", "error", "region"),
    (DEPLOYED, "\"recommendations cost\" of 2026-11-03 was in the same {}.", "region", "service"),
    (OF_AUTH, "\"Labels not printed\" perhaps had the same {}.", "kind of cause", "error"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_so_is_kept_and_what_is_not_so_is_not(report: str, text: str, right: str, wrong: str) -> None:
    assert outcome(report, text.format(*right.split("|"))) == "kept"
    assert outcome(report, text.format(*wrong.split("|"))) != "kept"


GROUNDS = [
    (OF_AUTH, "inventory is no strong rival, since it shows no deviation of its own.", True),
    (OF_AUTH, "auth is no strong rival, since it shows no deviation of its own.", False),
    (QUIET, "Nothing fails more often, since PetSite has 99.9 % availability.", True),
    (QUIET, "The carbon of PetSite could not be judged, because none was measured.", True),
    (DEPLOYED, "checkout is slow because search no longer answers.", False),
    (DEPLOYED, "checkout fails because its memory ran full.", False),
    (DEPLOYED, "The pool of checkout ran full.", True),
    (UNSAMPLED, "Requests fail because of more demand.", False),
    (DEPLOYED, "deploy-8739 of search has no bearing on this, because search shows no deviation.", True),
    (DEPLOYED, "deploy-8740 has no bearing on this, because checkout shows no deviation.", False),
    (DEPLOYED, "checkout emits more CO₂ because fewer requests came.", False),
    (DEPLOYED, "All instances of checkout were down from 15:37 UTC on.", False),
    (DEPLOYED, "Retries make up 48 % of checkout's requests, just as they usually do.", False),
]


@pytest.mark.parametrize(("report", "text", "is_kept"), GROUNDS)
def test_a_ground_for_a_judgement_blames_nobody(report: str, text: str, *, is_kept: bool) -> None:
    assert (outcome(report, text) == "kept") is is_kept


def test_a_reason_of_advice_blames_only_the_cause() -> None:
    assert outcome(DEPLOYED, "Roll back deploy-8740, as it made requests fail.", is_advice=True) == "kept"
    assert outcome(DEPLOYED, "Roll back deploy-8739, as it made checkout fail.", is_advice=True) != "kept"
