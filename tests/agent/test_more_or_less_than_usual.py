"""What is told in words of more and less, of load, of shares and of certainty: each true with one thing that is not."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

LEDGER, DEMAND, DEPLOYED = "demo-7e8969", "demo-7d647c", "demo-be3b51"
CATALOG, CERTIFICATE = "catalog-cpu", "expired-certificate"

TOLD = [
    (LEDGER, "{} requests than usual come to payments in europe-west1 [e1].", "Far more", "Far fewer"),
    (LEDGER, "{} requests of payments fail than usual [e2].", "Many more", "Far fewer"),
    (CATALOG, "Each request of catalog takes {} CO₂ it usually takes [e1].", "2.1 times the", "1.3 times the"),
    (CATALOG, "catalog takes 2.1 times {} CO₂ than its requests usually take [e1].", "more", "less"),
    (CATALOG, "catalog in asia-northeast1 emitted far {} CO₂ than expected [e1].", "more", "less"),
    (CATALOG, "The traffic of catalog in asia-northeast1 is {} before [e1].", "about the same as", "far higher than"),
    (CATALOG, "The {} of catalog in asia-northeast1 is much higher than usual [e1].", "CPU", "memory"),
    (DEPLOYED, "All of the rise of errors is that of checkout in {} [e3].", "us-central1", "europe-west1"),
    (DEMAND, "{} in us-central1 shows the largest rise of carbon [e3].", "recommendations", "catalog"),
    (DEPLOYED, "The rise of errors comes from {} [e3].", "us-central1", "us-central1 and europe-west1 alike"),
    (DEPLOYED, "deploy-8736, 12 min before the onset, was a deployment of {} [e5].", "search", "checkout"),
    (
        DEPLOYED,
        "{} as well as deploy-8735 preceded the onset, and deploy-8736, a change of {}, did, too.",
        "deploy-8737|search",
        "deploy-8737|payments",
    ),
    (DEPLOYED, "Per request, checkout emits {} the usual [e1].", "1.1 times", "1.5 times"),
    (DEPLOYED, "checkout took {} CO₂ per 1,000 requests than before.", "more", "less"),
    (CERTIFICATE, "playback emitted {} was expected [e1].", "about what", "far more than"),
    (DEPLOYED, "Errors are {} more frequent than usual [e2].", "far", "slightly"),
    (DEPLOYED, "checkout began to fail at 15:37 {} [e2].", "UTC", "US Central time"),
    (DEPLOYED, "The errors of checkout are explained by {} [e4].", "deploy-8737", "a surge of additional requests"),
    (DEPLOYED, "{} made the requests of checkout fail [e4].", "deploy-8737", "Heavy retries against checkout"),
    (DEPLOYED, "The excess of 1.6 gCO₂e {}, as its range {} zero [e1].", "is certain|excludes", "may be none|includes"),
    (CERTIFICATE, "The excess of playback {} none, as its range includes zero [e1].", "may be", "is certainly not"),
    (LEDGER, "That ledger is the cause is {}, with a confidence of 0.67.", "likely", "certain"),
    (LEDGER, "ledger is named by {} of payments' new errors, and it is also slow.", "100 %", "33 %"),
    (LEDGER, "payments is named by {} of checkout's new errors.", "all", "a third"),
    (LEDGER, "Of the candidates, {} is the likeliest.", "ledger", "payments"),
    (LEDGER, "{} fails most often, at 100 %.", "ledger", "payments"),
    (LEDGER, "payments in europe-west1 has {} [e1].", "its usual memory", "no memory left, as it is full"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_what_is_more_or_less_than_usual(report: str, text: str, right: str, wrong: str) -> None:
    told, lie = (_outcome(text.format(*one.split("|")), report) for one in (right, wrong))
    assert told == "kept"
    assert lie != "kept"


def _outcome(text: str, report: str) -> str:
    return ground_known(text, known(report)).sentences[-1].outcome
