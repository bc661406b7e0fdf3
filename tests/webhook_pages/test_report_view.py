"""What the page makes of a report before it prints it."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.report_view import link_into, pretty_json, split_opening

KIBANA = "https://kibana.shop.example/kbn"


@pytest.mark.parametrize(
    ("overview", "headline", "parts"),
    [
        ("A fails [e1 e2]. Cause: b [e3]. More.", "A fails. Cause: b.", ("A fails [e1 e2].", "Cause: b [e3]. More.")),
        ("A fails. [e1] Cause: b.", "A fails.", ("A fails. [e1]", "Cause: b.")),
        ("A: 3.9 times [e1].", "A: 3.9 times.", ("A: 3.9 times [e1].", "")),
        ("Since\n10:42   A fails", "Since 10:42 A fails", ("Since\n10:42   A fails", "")),
        ("Something else. More.", "A fails.", ("A fails.", "Something else. More.")),
        ("Something else.", "", ("", "Something else.")),
        ("a+b (c) fails.", "a+b (c) fails.", ("a+b (c) fails.", "")),
    ],
)
def test_opening_is_the_first_sentence_with_its_evidence(overview: str, headline: str, parts: tuple[str, str]) -> None:
    assert split_opening(overview, headline) == parts


@pytest.mark.parametrize(
    "link",
    [
        "https://kibana.shop.example/kbn/app/discover#/?_a=(index:'x')",
        "https://kibana.shop.example/kbn",
    ],
)
def test_links_into_kibana_are_kept(link: str) -> None:
    assert link_into(KIBANA, link) == link


@pytest.mark.parametrize(
    "link",
    [
        None,
        "",
        "/kbn/app",
        "javascript:alert(1)",
        "http://kibana.shop.example/kbn/app",
        "https://kibana.shop.example/kbnevil",
        "https://kibana.shop.example.evil.example/kbn/",
        "https://kibana.shop.example@evil.example/kbn/",
        "https://user@kibana.shop.example/kbn/",
        "https://kibana.shop.example:444/kbn/",
        "https://kibana.shop.example\\@evil.example/kbn/",
        "https://kibana.shop.example/kbn/\n/x",
        "https://kibana.shop.example/kbn/ x",
        "https://kibana.shop.exämple/kbn/",
        "https://[kibana/kbn",
    ],
)
def test_other_links_are_dropped(link: str | None) -> None:
    assert link_into(KIBANA, link) is None


def test_without_a_kibana_nothing_is_linked() -> None:
    assert link_into(None, "https://kibana.shop.example/kbn/") is None


@given(st.text("htps:/@\\.evilkbanox#?[] \t", max_size=40) | st.text().map(lambda end: KIBANA + end))
def test_whatever_is_linked_leads_to_kibana(link: str) -> None:
    if kept := link_into(KIBANA, link):
        assert (urlsplit(kept).scheme, urlsplit(kept).netloc) == ("https", "kibana.shop.example")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_pretty_json_is_the_same_json(value: object) -> None:
    assert json.loads(pretty_json(value)) == value


def test_pretty_json_keeps_small_parts_on_a_line() -> None:
    assert pretty_json({"a": {"term": {"service": "checkout"}}, "b": list(range(40))}).splitlines()[1] == (
        '  "a": {"term": {"service": "checkout"}},'
    )
