"""Which sentences of a model's recommendations say what to do."""

from __future__ import annotations

import pytest

from worker.agent.advising import is_advice


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Roll back deploy-7 of cart.", True),
        ("Afterwards, verify that cart's errors are back at 0.4 %.", True),
        ("If the errors persist after the rollback, look at what ledger logged.", True),
        ("As a precaution, limit the retries against cart to two.", True),
        ("It would be sensible to check ledger's logs.", True),
        ("The size of the pool should be checked first.", True),
        ("The repair has worked once the p95 of cart is back near 120 ms.", True),
        ("Tell the owners of cart that its new errors name ledger.", True),
        ("Search the log of cart for that line.", True),
        ("After the rollback check that cart's errors are back at 0.4 %.", True),
        ("Before version 2.18.0 is rolled out again, find out why cart runs into PoolTimeout.", True),
        ("Then settle it: roll back deploy-7 of cart.", True),
        ("search fails in the window.", False),
        ("List prices were used for what it cost.", False),
        ("deploy-7 leaks memory in cart.", False),
        ("search cannot reach ledger, so 30 % of its requests fail.", False),
        ("After the deployment, cart's errors rose to 21 %.", False),
        ("cart was rolled back at 12:09 UTC.", False),
    ],
)
def test_advice_says_what_to_do(text: str, *, holds: bool) -> None:
    assert is_advice(text) is holds
