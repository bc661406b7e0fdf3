"""What a deployment put where and when, what ran before it, times of the window, and figures told in a row."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report.facts import known_of
from worker.domain.report import Verdict

DECODER, PEAK, QUIET = "decoder-deployment", "evening-peak", "demo-28f7ea"
SLOW, LEDGER, NEZHA = "demo-1378d8", "demo-9059f2", "nezha-train-ticket-2023-01-29-1056"
MADE = "Rel-2291 was made in asia-northeast1 at 13:45 UTC."
# Right and wrong in one place of the last sentence of each.
TOLD = [
    (
        DECODER,
        "Rel-2291 put version 4.7.0 of transcoder into {} at 13:45 UTC.",
        "asia-northeast1",
        "southamerica-east1",
    ),
    (DECODER, "Rel-2291 took {} from 4.6.3 to 4.7.0.", "transcoder", "ingest-api"),
    (DECODER, "Rel-2291 set transcoder to version {}.", "4.7.0", "4.6.3"),
    (QUIET, "deploy-8733 of auth put version 8.0.16 into {}.", "us-central1", "asia-east1"),
    (DECODER, "At {} UTC rel-2291 of transcoder went live in asia-northeast1.", "13:45", "13:35"),
    (DECODER, "At {} UTC, version 1.19.0 of ingest-api was deployed to asia-northeast1.", "13:35", "13:45"),
    (DECODER, "Rel-2291 put 4.7.0 into asia-northeast1. The version before was {}.", "4.6.3", "1.19.0"),
    (DECODER, f"{MADE} Transcoder had been at its usual level. The release before it was {{}}.", "4.6.3", "4.7.0"),
    (DECODER, f"{MADE} It put version {{}} of transcoder there.", "4.7.0", "4.6.3"),
    (QUIET, "deploy-873{} is of auth. That is another region than the one of the alert.", "2", "3"),
    (DECODER, "Transcoder ran {} until rel-2291 replaced it.", "4.6.3", "4.7.0"),
    (DECODER, "For rel-22{} no previous version is recorded.", "90", "91"),
    (DECODER, "Which version of {} ran before is not known.", "ingest-api", "transcoder"),
    # The window and the baseline.
    (PEAK, "CO₂ of playback stayed close to its usual level from 13:48 to {} UTC.", "13:58", "13:55"),
    (PEAK, "CO₂ of playback stayed within its usual range between {} and 13:58 UTC.", "13:48", "13:38"),
    (SLOW, "The window from 08:54 to 09:09 UTC was compared with the {} before.", "3 h 44 min", "15 min"),
    (DECODER, "The window is set against the 3 h 41 min before it, {} UTC.", "10:06 to 13:47", "13:47 to 14:05"),
    # Whose part of a rise, where all in all it hardly rose.
    (QUIET, "{} makes up 45 % of the small rise in carbon, search 29 % and auth 23 %.", "Frontend", "Inventory"),
    (QUIET, "{} adds 45 % to the rise of carbon.", "Frontend", "Ledger"),
    # Figures in a row.
    (DECODER, "An estimated 3,390 requests failed (2,250 to 4,520), out of some {}.", "19,900", "29,900"),
    (DECODER, "Over the window 77 g was expected, within {} to 79, and 168 g was measured.", "75", "65"),
    (DECODER, "Before the window, p95 was 134 ms, p50 {} and p99 174 ms.", "81 ms", "246 ms"),
    # Of which level a line is.
    (NEZHA, "Only 4 lines of ts-route-service at level {} came, where 43 were expected.", "INFO", "WARN"),
    (NEZHA, "4 lines of ts-route-service came. They are lines of level INFO, {}.", "not an error", "an error"),
    # Who brings it, and who does not.
    (LEDGER, "The trouble of payments comes from {}.", "ledger", "checkout"),
    (LEDGER, "The {} of payments comes from ledger.", "latency", "traffic"),
    (DECODER, "Ingest-api shows no deviation, so rel-{} does not explain it.", "2290", "2291"),
]


@pytest.mark.parametrize(("report", "text", "right", "wrong"), TOLD)
def test_only_what_is_so_is_kept(report: str, text: str, right: str, wrong: str) -> None:
    assert ground_known(text.format(right), known(report)).sentences[-1].outcome == "kept"
    assert ground_known(text.format(wrong), known(report)).sentences[-1].outcome != "kept"


OPEN = [
    ("The likeliest cause is {}.", "ledger", "payments"),
    ("{} is the most probable cause.", "Ledger", "Checkout"),
    ("The {} cause is ledger.", "likeliest", "proven"),
    ("{} does not explain the errors.", "Payments", "Ledger"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), OPEN)
def test_an_open_investigation_has_a_likeliest_cause(text: str, right: str, wrong: str) -> None:
    told = known(LEDGER).report
    report = known_of(told.model_copy(update={"verdict": Verdict.INCONCLUSIVE, "root_cause": None}))
    assert ground_known(text.format(right), report).sentences[0].outcome == "kept"
    assert ground_known(text.format(wrong), report).sentences[0].outcome != "kept"
