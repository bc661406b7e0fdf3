"""Who is named in whose errors, and who only seems to be."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analysis.builders import an_error
from worker.analysis.blame import named_services, surging
from worker.domain.telemetry import ErrorType, ScopeDetail

SERVICES = ["checkout", "cart", "payments", "payments-api", "ledger", "db"]

names = st.text(min_size=1, max_size=12)
errors = st.builds(
    ErrorType,
    name=st.text(max_size=8),
    in_window=st.integers(0, 500),
    in_baseline=st.integers(0, 500),
    messages=st.lists(st.text(max_size=40), max_size=4).map(tuple),
)


def named_by(*messages: str, caller: str = "checkout", services: list[str] = SERVICES) -> dict[str, float]:
    detail = ScopeDetail(errors=[an_error("Timeout", 40, 0, *messages)])
    return named_services(caller, detail, services, 0.1)


@pytest.mark.parametrize(
    ("message", "service"),
    [
        ("upstream cart timed out", "cart"),
        ("cart: deadline exceeded", "cart"),
        ("GET http://cart:8080/v1/items 503", "cart"),
        ("POST https://cart.shop.svc.cluster.local/items: connection refused", "cart"),
        ('dial tcp: lookup cart.shop: no such host "cart.shop"', "cart"),
        ("call to /cart/v2/totals failed", "cart"),
        ("Cart unavailable", "cart"),
        ("payments-api returned 500", "payments-api"),
        ("payments returned 500", "payments"),
        ("(ledger)", "ledger"),
        ("ledger", "ledger"),
    ],
)
def test_a_name_is_found_in_words_urls_and_hosts(message: str, service: str) -> None:
    assert named_by(message) == {service: pytest.approx(1.0)}


@pytest.mark.parametrize(
    "message",
    [
        "carton not found",
        "a gocart broke down",
        "cart_total is negative",
        "shopping-cart is not known",
        "cart-service is another one",
        "payments2 failed",
        "PoolTimeout after 30 s",
        "",
    ],
)
def test_a_part_of_a_word_is_no_name(message: str) -> None:
    assert named_by(message) == {}


def test_the_caller_never_names_itself() -> None:
    assert named_by("checkout: cart timed out in checkout") == {"cart": pytest.approx(1.0)}
    assert named_by("checkout failed", services=["checkout"]) == {}


def test_names_that_are_too_short_are_not_looked_for() -> None:
    assert named_by("db gone") == {}


def test_the_longer_of_two_names_is_meant() -> None:
    assert named_by("payments-api timed out") == {"payments-api": pytest.approx(1.0)}


def test_a_share_is_of_the_additional_errors() -> None:
    detail = ScopeDetail(
        errors=[
            an_error("Timeout", 30, 0, "cart timed out", "cart timed out", "ledger timed out", "timed out"),
            an_error("PoolTimeout", 10, 0, "no connection"),
            an_error("ValidationError", 50, 500, "ledger says zip is wrong"),
        ]
    )
    found = named_services("checkout", detail, SERVICES, 0.1)
    assert found == {"cart": pytest.approx(0.75 * 0.5), "ledger": pytest.approx(0.75 * 0.25)}


def test_a_message_that_names_a_service_twice_counts_once() -> None:
    assert named_by("cart: cart timed out, see http://cart/status") == {"cart": pytest.approx(1.0)}


@pytest.mark.parametrize("in_window", [0, 1, 5, 9])
def test_errors_as_frequent_as_ever_name_nobody(in_window: int) -> None:
    detail = ScopeDetail(errors=[an_error("Timeout", in_window, 50, "cart timed out")])
    assert named_services("checkout", detail, SERVICES, 0.1) == {}


@pytest.mark.parametrize(
    ("in_window", "in_baseline", "surges"), [(1, 0, False), (2, 0, True), (20, 100, False), (21, 100, True)]
)
def test_a_surge_is_twice_the_usual(in_window: int, in_baseline: int, surges: bool) -> None:
    assert bool(surging([an_error("Timeout", in_window, in_baseline)], 0.1)) is surges


@pytest.mark.parametrize(
    "hostile", [".*.", "a|b|c", "(((", "[a-z]+", "\\d\\d\\d", "cart)", "^cart$", "(?P<x>y)", "c++"]
)
def test_a_name_is_never_a_pattern(hostile: str) -> None:
    services = ["checkout", hostile, "cart"]
    assert hostile not in named_by("abc cart 123 xyz cart", services=services)
    assert named_by(f"upstream {hostile} timed out", services=services).get(hostile) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "spelled"), [("kiosk", "kio\u017fk"), ("Kelvin", "\u212aelvin"), ("\u0130temler", "itemler")]
)
def test_letters_that_only_fold_to_the_same_do_not_spell_a_name(name: str, spelled: str) -> None:
    """The long s, the Kelvin sign and the dotted I match s, k and i where case is ignored."""
    assert named_by(f"upstream {spelled} timed out", services=["checkout", name]) == {}


def test_names_of_any_alphabet_are_found() -> None:
    assert named_by("Ошибка: оплата не отвечает", services=["checkout", "оплата"]) == {"оплата": pytest.approx(1.0)}


@given(st.lists(names, max_size=6), st.lists(errors, max_size=5), st.floats(0.01, 5))
@example(["kiosk", "other"], [an_error("E", 9, 0, "kio\u017fk")], 0.1)
def test_shares_are_shares_of_known_others(services: list[str], types: list[ErrorType], ratio: float) -> None:
    caller = services[0] if services else "checkout"
    found = named_services(caller, ScopeDetail(errors=types), services, ratio)
    assert set(found) <= set(services) - {caller}
    assert all(0 < share <= 1 + 1e-9 for share in found.values())


@given(st.from_regex(re.compile(r"[a-z][a-z0-9.+*?()|$^\[\]{}-]{2,10}"), fullmatch=True))
def test_whatever_a_service_is_called_its_own_name_is_found(name: str) -> None:
    services = ["checkout!", name]
    assert named_by(f"call to {name} failed", caller="checkout!", services=services) == {name: pytest.approx(1.0)}
