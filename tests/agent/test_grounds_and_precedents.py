"""Why somebody is ruled out, what past incidents were caused by, and what is told of another by "so does"."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

REPORT = "demo-0ef562"
PAIRS = [
    # What a candidate is ruled out for.
    ("deploy-8736 is ruled out because search {}.", "shows no deviation of its own", "runs in another region"),
    ("Since search {}, deploy-8736 is ruled out.", "shows no deviation", "has other owners"),
    ("deploy-8736 is set aside since {}.", "there are too few log lines of it", "search is on its own"),
    # What was deployed, and by what it is called the cause.
    ("deploy-8736 was a deployment of {} [e6].", "search", "shipment"),
    ("{} is most likely the root cause [e6].", "deploy-8737, which went out 1 min before,", "search"),
    ("search, which was deployed 12 min before the onset, shows {}.", "no deviation", "a deviation of its own"),
    # Past incidents.
    ("The past incident “checkout: orders hang” {}.", "ended after 52 min", "was caused by a power failure"),
    ("“checkout: orders hang” may have the same {}.", "kind of cause, a deployment", "kind of cause, a full disk"),
    ("“recommendations cost” is the {} of the past incidents, and ended after 5 h 10 min.", "oldest", "shortest"),
    ("The {} past incident ended after 5 h 10 min.", "oldest", "most recent"),
    ("{} concern checkout and ended after 52 min.", "One past incident", "Three past incidents"),
    # Of another as well.
    ("checkout is slower than usual, and so {}.", "are its p95 requests", "is search"),
    # Reasons of a severity, of an alert, and who notices nothing.
    ("The severity is high {}because of the latency.", "among others ", "only "),
    ("The alert fired because checkout emitted more than {} gCO₂e.", "6", "7"),
    ("The severity is high{}.", ", as 25 % of requests failed", " although users notice nothing"),
    ("{} of deploy-8736 exist to compare it [e6].", "Too few log lines", "Enough log lines"),
    # When.
    ("The errors of checkout set in at 15:37 UTC, {} [e2].", "before the alert", "before the window of checkout"),
    ("checkout fails since {} [e2].", "15:37 UTC", "15:37 UTC in the evening"),
    ("{} UTC is when checkout began to fail.", "15:37", "15:50"),
    ("search was deployed {} in us-central1.", "once", "twice"),
]


@pytest.mark.parametrize(("text", "right", "wrong"), PAIRS)
def test_what_nobody_wrote_is_not_kept(text: str, right: str, wrong: str) -> None:
    told, lie = (ground_known(text.format(one), known(REPORT)).sentences[0] for one in (right, wrong))
    assert told.outcome == "kept"
    assert lie.outcome != "kept"


def test_it_was_deployed_is_of_whom_the_sentence_before_spoke() -> None:
    of_search = "search shows no deviation. It was deployed at 15:25 UTC."
    assert ground_known(of_search, known(REPORT)).sentences[1].outcome == "kept"
    of_checkout = "checkout fails since 15:37 UTC. It was deployed at 15:25 UTC."
    assert ground_known(of_checkout, known(REPORT)).sentences[1].outcome != "kept"
