"""Card numbers of the networks' own test pages, IBANs of the registry's examples, and numbers that are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.redaction.redact import redact

# https://docs.adyen.com/development-resources/testing/test-card-numbers lists such numbers for every network.
CARDS = [
    *("4111111111111111", "5555555555554444", "2223003122003222", "378282246310005", "6011111111111117"),
    *("3530111333300000", "36227206271667", "6200000000000005", "6759649826438453"),
    *("4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "٤١١١١١١١١١١١١١١١"),
]
# https://www.swift.com/standards/data-standards/iban-international-bank-account-number gives one for each country.
IBANS = [
    *("DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO9386011117947"),
    *("BE68 5390 0754 7034", "NL91 ABNA 0417 1643 00", "de89370400440532013000", "CH93-0076-2011-6238-5295-7"),
    "MT84MALT011000012345MTLCAST001S",
]


@pytest.mark.parametrize("number", CARDS)
def test_a_card_is_redacted(number: str) -> None:
    assert redact(f"charge of {number} refused") == "charge of [redacted card number] refused"
    assert redact(f'{{"card":{number}}}') == '{"card":[redacted card number]}'


@pytest.mark.parametrize("number", IBANS)
def test_an_account_is_redacted(number: str) -> None:
    assert redact(f"transfer to {number} EUR refused") == "transfer to [redacted IBAN] EUR refused"


@given(st.sampled_from(CARDS[:8]), st.integers(min_value=0, max_value=13), st.integers(min_value=1, max_value=9))
def test_a_card_with_one_digit_changed_is_a_number(number: str, place: int, by: int) -> None:
    changed = f"{number[:place]}{(int(number[place]) + by) % 10}{number[place + 1 :]}"
    assert redact(changed) == changed


@given(st.sampled_from(IBANS[:4]), st.integers(min_value=4, max_value=13), st.integers(min_value=1, max_value=9))
def test_an_account_with_one_digit_changed_is_a_name(number: str, place: int, by: int) -> None:
    if number[place].isdigit():
        changed = f"{number[:place]}{(int(number[place]) + by) % 10}{number[place + 1 :]}"
        assert redact(changed) == changed


@pytest.mark.parametrize(
    "text",
    ["1764064800000000", "0.4111111111111111", "id4111111111111111", "4111111111111111a", "41111111111111112345678"],
)
def test_digits_within_something_else_are_no_card(text: str) -> None:
    assert redact(text) == text
