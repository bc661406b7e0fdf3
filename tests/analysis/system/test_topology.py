"""The call graph: distances, cycles, services that are not in it, and a thousand of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.analysis.system.topology import Topology

names = st.sampled_from("abcdefgh")


def test_distances_are_those_of_the_shortest_way() -> None:
    found = Topology.of([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    assert found.reached_from("a") == {"b": 1, "c": 1, "d": 2}
    assert found.suffering_from("d") == {"c": 1, "b": 2, "a": 2}


def test_a_cycle_ends() -> None:
    found = Topology.of([("a", "b"), ("b", "c"), ("c", "a")])
    assert found.reached_from("a") == {"b": 1, "c": 2}


def test_a_call_to_itself_is_none() -> None:
    assert Topology.of([("a", "a")]).services == set()


def test_a_service_that_is_not_in_it_reaches_nobody() -> None:
    found = Topology.of([("a", "b")])
    assert (found.reached_from("z"), found.suffering_from("z"), found.called_by("z")) == ({}, {}, frozenset())


def test_a_thousand_services_in_a_chain() -> None:
    found = Topology.of([(f"s{k}", f"s{k + 1}") for k in range(1000)])
    assert found.reached_from("s0")["s1000"] == 1000


@given(st.lists(st.tuples(names, names)))
def test_who_is_reached_suffers(edges: list[tuple[str, str]]) -> None:
    found = Topology.of(edges)
    for service in found.services:
        for other, distance in found.reached_from(service).items():
            assert found.suffering_from(other)[service] == distance
