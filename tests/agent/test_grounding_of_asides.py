"""What is slipped in besides: earlier days, certainty without a verdict, remedies told as done, effects of carbon."""

from __future__ import annotations

import pytest

from evaluation.grounding.measure import known
from worker.agent.grounding.ground import ground_known
from worker.agent.grounding.report.known import Known

CHECKOUT = known("demo-373452")
PAYMENTS, QUIET = known("demo-4138dd"), known("demo-28f7ea")
OF_CHECKOUT = [
    # Another day.
    ("38 % of the requests of checkout, which had been failing since the night before, ended in errors.", False),
    ("checkout had already been slow for days, and 38 % of its requests failed.", False),
    ("38 % of the requests of checkout failed; they had failed the previous night, too.", False),
    ("38 % of the requests of checkout, of which usually 0.7 % fail, ended in errors.", True),
    ("38 % of the requests of checkout failed, and its latency was 2,150 ms.", True),
    # A region in brackets, and a judgement behind.
    ("38 % of the requests of checkout (us-central1) failed, which is fewer than usual.", False),
    ("In us-central1, 38 % of the requests (checkout) failed, which is less than expected.", False),
    ("The latency of checkout (us-central1) was 2,150 ms, which is lower than usual.", False),
    ("38 % of the requests of checkout (us-central1) failed, which is more than usual.", True),
    ("The latency of checkout (us-central1) was 2,150 ms, which is higher than usual.", True),
    # What emissions bring about.
    ("Because its emissions rose, requests of checkout failed.", False),
    ("The errors of checkout were caused by its higher CO₂.", False),
    ("The additional carbon made checkout slow.", False),
    ("Because requests of checkout failed, its CO₂ rose.", True),
    ("CO₂ of checkout did not cause its errors.", True),
    # Remedies.
    ("The rollback of deploy-8723 has been completed, and 38 % of the requests of checkout failed.", False),
    ("A restart has already brought the errors of checkout down.", False),
    ("The fix was applied at 15:45 UTC and checkout is better.", False),
    ("A rollback of deploy-8723 would bring the errors of checkout down.", True),
    # Who drops out, and who did it.
    ("deploy-8722 of search drops out, since search shows no deviation.", True),
    ("deploy-8723 of checkout drops out, since checkout shows no deviation.", False),
    ("What broke checkout is deploy-8723.", True),
    ("What broke checkout is deploy-8722.", False),
    ("checkout itself is what broke, its latency being 2,150 ms.", False),
    ("What slowed checkout is search, which broke it.", False),
    ("The rollout of deploy-8723 brought this about.", True),
    ("The rollout of deploy-8722 brought this about.", False),
    ("No candidate is put forward.", False),
    ("The business lost nothing, because the spike was not confirmed.", False),
    ("How many users of checkout were affected is unknown.", True),
]  # fmt: skip
OF_PAYMENTS = [
    ("payments in europe-west1 is definitely slower than usual.", False),
    ("The 12 log lines of payments in europe-west1 prove that it fails.", False),
    ("It is beyond doubt that payments in europe-west1 has errors.", False),
    ("The 12 log lines of payments in europe-west1 are certainly too few.", True),
    ("No candidate is put forward for payments.", True),
]
OF_QUIET = [("The business lost nothing, because the spike was not confirmed.", True)]


@pytest.mark.parametrize(
    ("of", "text", "is_kept"),
    [(of, *one) for of, told in ((CHECKOUT, OF_CHECKOUT), (PAYMENTS, OF_PAYMENTS), (QUIET, OF_QUIET)) for one in told],
)
def test_what_is_told_besides(of: Known, text: str, is_kept: bool) -> None:
    outcomes = {one.outcome for one in ground_known(text, of).sentences}
    assert (outcomes == {"kept"}) == is_kept
