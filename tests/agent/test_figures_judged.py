"""Figures of a list or a range, judged by the usual value, of the sentence before, or of a past incident."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known

CARBON, TRAFFIC, CHECKOUT, LEDGER, PAYMENTS = (
    "demo-cd2a93",
    "demo-2eeef4",
    "demo-bccffc",
    "demo-53ce21",
    "demo-4afc0a",
)
SEARCH = "edgedelta-rootcausebench-unbounded-query-delayed-onset"
PAIRS = [
    (
        CARBON,
        "By deployment, deploy-8706 rose most, from 4.6 to 8.2 g/min.",
        "By deployment, deploy-8699 rose most, from 4.6 to 8.2 g/min.",
    ),
    (
        CARBON,
        "Recommendations has 31 % of the rise. Frontend follows with 24 % and search with 22 %. Catalog adds 15 %.",
        "Recommendations has 31 % of the rise. Frontend follows with 24 % and search with 22 %. Catalog adds 24 %.",
    ),
    (
        TRAFFIC,
        "The measured value lies within the range of 140 to 150 g.",
        "The measured value lies within the range of 147 to 150 g.",
    ),
    (
        TRAFFIC,
        "Over these minutes, and those before, 147 g were measured and 145 g expected.",
        "Over these minutes, and those before, 145 g were measured and 147 g expected.",
    ),
    (
        CHECKOUT,
        "The estimate is wide, from 13,500 to 36,000.",
        "The estimate is wide, from 13,500 to 93,300.",
    ),
    (
        CHECKOUT,
        "The estimate comes from the sampled log and ranges from 13,500 to 36,000.",
        "The estimate comes from the sampled log and ranges from 13,500 to 93,300.",
    ),
    (
        CHECKOUT,
        "Half of the requests to checkout took 333 ms or more, while the usual median is 215 ms.",
        "Half of the requests to checkout took 215 ms or more, while the usual median is 333 ms.",
    ),
    (
        CHECKOUT,
        "At the 95th percentile the latency is 5.0 s. Before, it was 0.4 s.",
        "The median latency is 333 ms. Before, it was 0.4 s.",
    ),
    (
        CHECKOUT,
        "The lines of deploy-8730 are worse than those of the version before: 36 % are errors, against 0 %.",
        "The lines of deploy-8730 are worse than those of the version before: 0 % are errors, against 36 %.",
    ),
    (
        CHECKOUT,
        "AddressRejected and OutOfStock were each seen once before and not in the window.",
        "AddressRejected and PoolTimeout were each seen once before and not in the window.",
    ),
    (
        CHECKOUT,
        "Checkout logged 13 errors of the type PoolTimeout, none of them in the baseline.",
        "Checkout logged 13 errors of the type PoolTimeout, two of them in the baseline.",
    ),
    (
        CHECKOUT,
        "deploy-8730 broke checkout in us-central1 at 15:33 UTC.",
        "deploy-8730 broke checkout in us-central1 at 15:36 UTC.",
    ),
    (
        LEDGER,
        "ledger has a confidence of 0.62, while payments and PaymentFailed have 0.09 each.",
        "ledger has a confidence of 0.62, while payments and PaymentFailed have 0.62 each.",
    ),
    (
        LEDGER,
        "An incident of 19 November in europe-west1 ended after 52 min.",
        "An incident of 19 November in europe-west1 ended after 41 min.",
    ),
    (
        PAYMENTS,
        "Half of the sampled requests of payments now take 2,003 ms or longer.",
        "Half of the sampled requests of payments now take 2,013 ms or longer.",
    ),
    (SEARCH, "None of the 3 requests failed.", "None of the 13 requests failed."),
    (
        SEARCH,
        "The other two changes are v2026.06.21-1036 at 10:38 UTC and search_relevance_v2 at 10:35 UTC.",
        "The other three changes are v2026.06.21-1036 at 10:38 UTC and search_relevance_v2 at 10:35 UTC.",
    ),
    (
        SEARCH,
        "The database metrics of searchservice are above the expected, but each by less than two standard deviations.",
        "The database metrics of searchservice are above the expected, but each by more than two standard deviations.",
    ),
]


@pytest.mark.parametrize(("report", "right", "wrong"), PAIRS)
def test_a_figure_is_what_its_list_its_range_or_the_sentence_before_makes_it(
    report: str, right: str, wrong: str
) -> None:
    def outcome(text: str) -> str:
        return ground_known(text, known(report)).sentences[-1].outcome

    assert outcome(right) == "kept"
    assert outcome(wrong) != "kept"
