"""Calls between services: whose end is slow, and who stopped making them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.system.calls import fewer_calls, share_the_excess, slower_edges, surprise
from worker.analysis.system.topology import Topology
from worker.domain.telemetry import CallHistory, Calls, CallSpan, Edge, Quantiles


def around(median: float, count: int = 60) -> Quantiles:
    return Quantiles(count, median * 0.9, median * 0.92, median, median * 1.08, median * 1.1)


def history(
    before: float | None,
    within: float | None,
    callee: tuple[float, float] | None = None,
    moments: tuple[int, int] = (60, 4),
    calls: tuple[float, float] | None = (600, 40),
) -> CallHistory:
    def span(which: int, median: float | None) -> CallSpan | None:
        if median is None:
            return None
        inner = around(callee[which], moments[which]) if callee else None
        return CallSpan(moments[which], calls[which] if calls else None, around(median, moments[which]), inner)

    return CallHistory(span(0, before), span(1, within))


def calls(edges: dict[Edge, CallHistory]) -> Calls:
    return Calls({"counted": edges}, {"counted": (60, 4)})


def shares(edges: dict[Edge, CallHistory]) -> dict[str, float]:
    known = calls(edges)
    found = share_the_excess(known, slower_edges(known), Topology.of(known.edges))
    return {service: one.strength for service, one in found.items()}


def first(edges: dict[Edge, CallHistory]) -> str:
    found = shares(edges)
    return max(found, key=lambda service: found[service])


FRONTEND = {("client", "frontend"): history(0.1, 0.1)}


def test_steady_calls_are_not_slower() -> None:
    assert slower_edges(calls({("a", "b"): history(0.1, 0.11)})) == {}


def test_a_slow_callee_is_suspected_and_not_its_callers() -> None:
    edges = {
        ("a", "cart"): history(0.1, 1.0),
        ("b", "cart"): history(0.1, 1.0),
        ("a", "other"): history(0.1, 0.1),
        ("b", "other"): history(0.1, 0.1),
    }
    assert first(edges) == "cart"


def test_of_a_chain_the_end_is_suspected() -> None:
    edges = {
        ("a", "b"): history(0.3, 1.3),
        ("b", "c"): history(0.2, 1.2),
        ("c", "d"): history(0.1, 1.1),
        ("a", "x"): history(0.1, 0.1),
        ("b", "x"): history(0.1, 0.1),
        ("c", "x"): history(0.1, 0.1),
    }
    assert first(edges) == "d"


def test_a_service_whose_every_call_is_slow_is_starved_itself() -> None:
    others = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")]
    edges = {edge: history(0.1, 1.0, callee=(0.09, 0.09)) for edge in others}
    edges |= {("x", "b"): history(0.1, 0.1), ("x", "c"): history(0.1, 0.1), ("x", "d"): history(0.1, 0.1)}
    assert first(edges) == "a"


def test_time_between_the_two_ends_is_a_gap() -> None:
    found = slower_edges(calls({("a", "b"): history(0.1, 1.0, callee=(0.09, 0.09))}))
    assert found[("a", "b")].rise == pytest.approx(0.9)


def test_an_edge_without_a_past_is_not_judged() -> None:
    assert slower_edges(calls({("a", "b"): history(None, 5.0)})) == {}


def test_few_samples_need_a_larger_rise() -> None:
    few, many = history(0.1, 0.25, moments=(3, 3), calls=(6, 6)), history(0.1, 0.25)
    assert slower_edges(calls({("a", "b"): few})) == {}
    assert slower_edges(calls({("a", "b"): many})) != {}


def test_who_is_called_as_before_and_calls_no_more_has_changed() -> None:
    edges = FRONTEND | {
        ("frontend", "email"): CallHistory(CallSpan(60, 60), CallSpan(1, 1)),
        ("frontend", "cart"): CallHistory(CallSpan(60, 60), CallSpan(4, 4)),
    }
    found = fewer_calls(calls(edges))
    assert list(found) == ["frontend"]
    assert found["frontend"].missing == ("email",)


def test_who_is_no_longer_called_is_excused() -> None:
    edges = {
        ("client", "frontend"): CallHistory(CallSpan(60, 600), CallSpan(1, 1)),
        ("frontend", "email"): CallHistory(CallSpan(60, 60), None),
    }
    assert "frontend" not in fewer_calls(calls(edges))


def test_fewer_calls_for_each_one_received_are_a_change() -> None:
    edges = {
        ("client", "frontend"): history(0.1, 0.1, calls=(1000, 1000)),
        ("frontend", "cart"): history(0.1, 0.1, calls=(4000, 400)),
    }
    assert fewer_calls(calls(edges))["frontend"].bits > 0


def test_a_busier_service_makes_more_calls_and_has_not_changed() -> None:
    edges = {
        ("client", "frontend"): history(0.1, 0.1, calls=(1000, 100)),
        ("frontend", "cart"): history(0.1, 0.1, calls=(4000, 420)),
    }
    assert fewer_calls(calls(edges)) == {}


def test_sources_are_never_mixed() -> None:
    slow_clock, quick_clock = {("a", "b"): history(1.0, 1.0)}, {("a", "b"): history(0.1, 0.1)}
    known = Calls({"counted": slow_clock, "sampled": quick_clock}, {"counted": (60, 4), "sampled": (60, 4)})
    assert slower_edges(known) == {}


@given(st.integers(0, 10_000), st.floats(0, 10_000), st.sampled_from([0.02, 0.1]))
def test_surprise_is_least_where_it_was_expected(count: int, expected: float, overdispersion: float) -> None:
    bits = surprise(count, expected, overdispersion)
    assert 0 <= bits < 50
    assert surprise(round(expected), expected, overdispersion) < 2.5


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")),
        st.tuples(st.floats(1e-4, 10), st.floats(1e-4, 10)),
        max_size=8,
    )
)
def test_any_graph_is_shared_without_an_error(edges: dict[Edge, tuple[float, float]]) -> None:
    found = shares({edge: history(*times) for edge, times in edges.items()})
    assert all(0 <= strength < 10 for strength in found.values())
