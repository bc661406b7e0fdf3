"""Who is blamed: the cause and not those who suffer from it, from whichever kind of evidence there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.system.anomaly import Anomaly
from worker.analysis.system.calls import FewerCalls
from worker.analysis.system.patterns import PatternChange
from worker.analysis.system.topology import Topology
from worker.analysis.system.weighing import Account, Findings, weigh
from worker.domain.telemetry import Edge, Metric, Role

WORSE = {"availability": "down"}


def one(role: Role, strength: float, rise: float = 1.0, onset: int = 0) -> Anomaly:
    metric = Metric(role, role, WORSE.get(role, "up"))  # type: ignore[arg-type]
    return Anomaly(metric, 1.0 + rise, 1.0, 20.0, strength, onset, 0.05)


def pattern(service: str, bits: float, *, names: tuple[str, ...] = (), trend: str = "new") -> PatternChange:
    is_error = trend != "gone"
    return PatternChange(service, trend, "x", "x", 0, 20, 0.0, bits, 0.5, is_error, names)  # type: ignore[arg-type]


def accounts(
    anomalies: Mapping[str, Iterable[Anomaly]],
    edges: Iterable[Edge] = (),
    patterns: Iterable[PatternChange] = (),
    fewer: Iterable[FewerCalls] = (),
    alerted: str | None = "front",
) -> list[Account]:
    return weigh(
        Findings(
            anomalies={service: list(found) for service, found in anomalies.items()},
            slower={},
            shares={},
            fewer={found.service: found for found in fewer},
            patterns=list(patterns),
            topology=Topology.of(edges),
            alerted=alerted,
        )
    )


CHAIN = [("front", "cart"), ("cart", "ledger")]


def test_a_slow_callee_explains_its_callers() -> None:
    slow = {name: [one("latency", 4.0, rise=1.0)] for name in ("front", "cart", "ledger")}
    found = accounts(slow, CHAIN)
    assert [account.service for account in found] == ["ledger", "cart", "front"]
    assert found[2].explained_by == "cart"


def test_a_callee_that_is_slower_by_little_explains_little() -> None:
    slow = {"front": [one("latency", 5.0, rise=10.0)], "cart": [one("latency", 4.0, rise=0.1)]}
    assert accounts(slow, [("front", "cart")])[0].service == "front"


def test_failures_that_set_in_later_are_no_cause() -> None:
    failing = {"front": [one("errors", 4.0, onset=3)], "cart": [one("errors", 4.0, onset=5)]}
    assert accounts(failing, [("front", "cart")])[0].service == "front"


def test_failures_that_set_in_together_are_the_callees() -> None:
    failing = {"front": [one("errors", 4.0, onset=3)], "cart": [one("errors", 4.0, onset=3)]}
    assert accounts(failing, [("front", "cart")])[0].service == "cart"


def test_a_cause_without_metrics_is_found_by_its_logs() -> None:
    found = accounts({"front": [one("errors", 4.0)]}, CHAIN, [pattern("ledger", 12.0)])
    assert found[0].service == "ledger"


def test_errors_that_name_another_service_do_not_blame_their_logger() -> None:
    found = accounts({}, CHAIN, [pattern("cart", 12.0, names=("ledger",)), pattern("ledger", 2.0)])
    assert found[0].service == "ledger"


def test_a_service_that_stopped_calling_is_blamed_for_its_callers_failures() -> None:
    fewer = [FewerCalls("cart", 14.0, ("ledger",))]
    assert accounts({"front": [one("availability", 4.0)]}, CHAIN, fewer=fewer)[0].service == "cart"


def test_more_that_suffers_speaks_for_a_cause() -> None:
    edges = [("front", "cart"), ("other", "cart"), ("front", "search")]
    slow = {name: [one("saturation", 3.0)] for name in ("cart", "search")} | {"other": [one("latency", 3.0)]}
    assert accounts(slow, edges)[0].service == "cart"


def test_what_nothing_connects_with_the_alert_counts_half() -> None:
    found = accounts({"cart": [one("latency", 3.0)], "far": [one("latency", 4.0)]}, [*CHAIN, ("other", "far")])
    assert found[0].service == "cart"
    assert found[1].place < 1


def test_without_calls_the_strongest_comes_first() -> None:
    found = accounts({"a": [one("latency", 2.0)], "b": [one("latency", 4.0)]})
    assert [account.service for account in found] == ["b", "a"]
    assert found[0].place == 1


def test_quantiles_of_one_latency_are_one_finding() -> None:
    found = accounts({"a": [one("latency", 3.0)] * 5, "b": [one("latency", 2.0), one("saturation", 2.0)]})
    assert found[0].service == "b"


def test_nobody_is_blamed_where_nothing_deviates() -> None:
    assert all(account.score == 0 for account in accounts({"a": [one("latency", 0.0)]}, CHAIN))


roles = st.sampled_from(["latency", "errors", "availability", "saturation", "memory", "traffic", "other"])
services = st.sampled_from(["front", "cart", "ledger", "search", "mail"])
anomalies = st.dictionaries(
    services, st.lists(st.builds(one, roles, st.floats(0, 5), st.floats(-10, 10), st.integers(0, 5)), max_size=4)
)


@given(anomalies, st.lists(st.tuples(services, services), max_size=8))
def test_any_findings_are_weighed_the_same_whatever_their_order(
    found: dict[str, list[Anomaly]], edges: list[Edge]
) -> None:
    once = accounts(found, edges)
    again = accounts(dict(reversed(found.items())), list(reversed(edges)))
    assert [(one.service, round(one.score, 9)) for one in once] == [(one.service, round(one.score, 9)) for one in again]
    assert all(account.score >= 0 and 0 <= account.explained <= 1 for account in once)
