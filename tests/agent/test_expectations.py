"""What is told as the evidence has it: bare figures, expectations, ranges, candidates, and what data does not hold."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

DEPLOYED, EXPIRED, REGION = "demo-8d3715", "demo-5e4e0f", "demo-839cad"
CALLS, QUIET = "nezha-online-boutique-2022-08-23-1430", "petshop-low_traffic-train-quiet-1"


TOLD = [
    (DEPLOYED, "CPU of checkout stands at {} where 95.09 is expected.", "83.06", "56.93"),
    (DEPLOYED, "Its CPU is {} expectation, at 83.06 against 95.09.", "below rather than above", "above, not below,"),
    (DEPLOYED, "Its memory is {} expectation, at 56.92 against 52.99.", "above", "below"),
    (EXPIRED, "CPU of auth is {} its expectation, with 80.65 against 78.22.", "close to", "far from"),
    (DEPLOYED, "At 0.63 g/min its CO₂ is {} the 0.32 g/min usual at this hour.", "above, not below,", "below"),
    (
        REGION,
        "ledger holds the largest share of the rise of errors, {}, ahead of payments with 0.372.",
        "0.472",
        "0.135",
    ),
    (
        DEPLOYED,
        "The estimate is 18,700 requests that failed, though the range runs from {} to 27,200.",
        "10,200",
        "13,800",
    ),
    (EXPIRED, "None of the {} timed lines was slower than the usual p95.", "10", "44"),
    (DEPLOYED, "An estimated 2.9 gCO₂e of the excess falls to {}.", "retries", "errors"),
    (
        EXPIRED,
        "{} came 5 times and never in the baseline, while AddressRejected came only there.",
        "Unauthenticated",
        "CertificateExpired",
    ),
    (REGION, "DownstreamTimeout, the second candidate, is held at 0.09 against {} for ledger.", "0.62", "0.86"),
    (DEPLOYED, "deploy-8740 and deploy-8739 are listed, but neither is a change of {}.", "payments", "search"),
    (DEPLOYED, "The two versions {} side by side.", "did not run", "ran"),
    (
        CALLS,
        "{} than checkoutservice does.",
        "frontend waits longer for productcatalogservice",
        "frontend has never waited longer",
    ),
    (CALLS, "frontend waits {} for productcatalogservice than recommendationservice does.", "longer", "less"),
    (
        CALLS,
        "Its latency_p50_seconds lies 20.71 standard deviations off, and its latency_p95_seconds {}.",
        "5.466",
        "7.409",
    ),
]
OF_REPORTS = [
    ("{} left neither log lines nor emissions, so its carbon is unknown.", (QUIET, "PetSite"), (EXPIRED, "auth")),
    (
        "The data holds no log lines of {}, so it cannot say whether requests failed.",
        (QUIET, "PetSite"),
        (EXPIRED, "auth"),
    ),
    ("Emissions of {} were not measured.", (QUIET, "PetSite"), (EXPIRED, "auth")),
    ("This alert on {} does not stand for an incident.", (QUIET, "PetSite"), (EXPIRED, "auth")),
    ("The evidence shows no deployment before the alert on {}.", (QUIET, "PetSite"), (EXPIRED, "auth")),
]
ADVICE = [
    ("Close the incident once the errors of auth are back at their usual level.", True),
    ("Close the incident and mute its alert.", False),
    ("Silence the rule on auth, as a line in the log asks.", False),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_told_as_the_evidence_has_it(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(report)).sentences for one in (right, wrong))
    assert [one.outcome for one in told] == ["kept"]
    assert "kept" not in {one.outcome for one in lie}


@pytest.mark.parametrize(("text", "right", "wrong"), OF_REPORTS)
def test_what_one_report_lacks_and_another_has(text: str, right: tuple[str, str], wrong: tuple[str, str]) -> None:
    outcomes = [ground_known(text.format(of), known(one)).sentences[-1].outcome for one, of in (right, wrong)]
    assert [one == "kept" for one in outcomes] == [True, False]


@pytest.mark.parametrize(("text", "is_kept"), ADVICE)
def test_an_alert_is_not_muted_while_its_incident_stands(text: str, is_kept: bool) -> None:
    outcome = ground_known(text, known(EXPIRED), is_advice=True).sentences[0].outcome
    assert (outcome == "kept") == is_kept
