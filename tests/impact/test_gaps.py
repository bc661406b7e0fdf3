"""What is not known of emissions is said once for all that it is true of."""

from __future__ import annotations

import pytest

from worker.domain.evidence import EvidenceLog
from worker.domain.telemetry import Scope
from worker.impact.assess_carbon import Gaps

WHERE = "us-central1"


@pytest.mark.parametrize(
    ("scopes", "what"),
    [
        ([("auth", WHERE)], "auth, us-central1"),
        ([("auth", WHERE), ("cart", WHERE)], "auth and cart in us-central1"),
        ([(name, WHERE) for name in ("a", "b", "c", "d")], "a, b, c and d in us-central1"),
        ([(name, WHERE) for name in ("a", "b", "c", "d", "e")], "a, b, c and 2 more in us-central1"),
        ([("auth", WHERE), ("auth", "asia-east1")], "auth, us-central1 and auth, asia-east1"),
        ([("auth", None), ("cart", None)], "auth and cart"),
    ],
)
def test_scopes_with_one_reason_are_one_gap(scopes: list[tuple[str, str | None]], what: str) -> None:
    gaps, log = Gaps(), EvidenceLog()
    for service, region in scopes:
        gaps.miss(Scope(service, region), reason="a sample is late", effect="the range is wider")
    gaps.tell(log)
    assert [gap.what for gap in log.gaps] == [f"Emissions of {what}"]


def test_each_reason_is_a_gap_of_its_own() -> None:
    gaps, log = Gaps(), EvidenceLog()
    gaps.miss(Scope("auth", WHERE), reason="a sample is late", effect="the range is wider")
    gaps.miss(Scope("cart", WHERE), reason="a counter was reset", effect="the range is wider")
    gaps.tell(log)
    assert [gap.what for gap in log.gaps] == ["Emissions of auth, us-central1", "Emissions of cart, us-central1"]
