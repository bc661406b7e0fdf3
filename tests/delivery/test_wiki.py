"""In wiki markup no text becomes markup, and a description fits, whatever it is made of."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.standins import adf as shown_adf
from demo.standins import wiki as shown_wiki
from tests.delivery.samples import INCIDENT_ID, a_notice, an_incident
from tests.delivery.test_contract import report_of
from worker.delivery.jira import adf
from worker.delivery.jira.api import CLOUD, DATA_CENTER, Edition
from worker.delivery.jira.payload import LONGEST_TEXT, description, mark, revision_in
from worker.delivery.jira.wiki import escape, to_wiki
from worker.domain.text import one_line

MARKUP = [
    "*strong*", "_emphasis_", "-gone-", "+new+", "^up^", "~down~", "??cited??", "{{code}}", "{color:red}", "{noformat}",
    "[x|http://evil.example]", "[http://evil.example]", "[~admin]", "!http://evil.example/x.png!", "http://evil.example",
    "mailto:a@evil.example", "(x)", "(flagoff)", ":)", ":D", ";)", "||head||", "|cell|",
    "h1. title", "bq. said", "* item", "# item", "- item", "----", " -- ", "\\\\", "\\*plain", "&lt;b&gt;",
    "&#42;x&#42;", "{*}x{*}", ";-)",
]  # fmt: skip
TAGS = re.compile(r"<[^>]+>")
TEXTS = st.lists(
    st.sampled_from([*MARKUP, "*)", "#))"])
    | st.text(max_size=6)
    | st.sampled_from(list("*_-+^~|{}[]()!?#:;\\&@%<> ab1."))
)


def words(shown: str) -> str:
    """Of one paragraph that holds text and no markup."""
    assert TAGS.findall(shown) == ["<p>", "</p>"]
    return html.unescape(TAGS.sub("", shown))


@pytest.mark.parametrize("markup", MARKUP)
def test_the_renderer_of_the_tests_would_show_it(markup: str) -> None:
    """What stands there unescaped is shown as something else, or the tests below could not fail."""
    assert shown_wiki.to_html(markup) != f"<p>{html.escape(markup, quote=False)}</p>"


@pytest.mark.parametrize("markup", MARKUP)
def test_escaped_it_is_shown_as_it_is(markup: str) -> None:
    assert words(shown_wiki.to_html(escape(markup))) == markup


def test_nothing_is_made_of_two_texts_side_by_side() -> None:
    sides = [adf.text("Fails*"), adf.text(") more", adf.STRONG), adf.text(":"), adf.text("D")]
    shown = shown_wiki.to_html(to_wiki(adf.document([adf.paragraph(sides)])))
    assert shown == "<p>Fails*<strong>) more</strong>:D</p>"
    apart = shown_wiki.to_html(to_wiki(adf.document([adf.paragraph([adf.text("Fails*"), adf.text(")")])])))
    assert apart == "<p>Fails*)</p>"


@given(texts=TEXTS)
def test_escaped_text_is_shown_as_it_is(texts: list[str]) -> None:
    text = one_line("".join(texts))
    assert words(shown_wiki.to_html(escape(text))) == text


@given(texts=TEXTS)
def test_nor_is_it_markup_in_a_link_a_cell_a_list_or_in_bold(texts: list[str]) -> None:
    text = one_line("".join(texts))[:100].strip() or "x"
    document = adf.document(
        [
            adf.paragraph([adf.text(f"{text} ", adf.STRONG), adf.link(text, "https://spiketrace.example/x")]),
            adf.table(["Of", "Is"], [[text, ""]]),
            adf.tasks("do", [[adf.text(text)]]),
        ]
    )
    shown = str(shown_wiki.to_html(to_wiki(document)))
    tags = [tag.split()[0].strip("<>/") for tag in TAGS.findall(shown)]
    assert set(tags) <= {"p", "strong", "a", "table", "tr", "th", "td", "ul", "li"}
    assert tags.count("a") == 2
    assert re.findall(r'href="([^"]*)"', shown) == ["https://spiketrace.example/x"]
    assert html.unescape(TAGS.sub("", shown)).count(text) >= 4


@given(address=st.text(max_size=40))
def test_an_address_ends_where_it_ends(address: str) -> None:
    node = adf.document([adf.paragraph([adf.link("e1", f"https://spiketrace.example/{address}")])])
    shown = str(shown_wiki.to_html(to_wiki(node)))
    assert [tag.split()[0] for tag in TAGS.findall(shown)] == ["<p>", "<a", "</a>", "</p>"]


@pytest.mark.parametrize("edition", [CLOUD, DATA_CENTER], ids=["cloud", "data center"])
@given(piece=st.sampled_from([*MARKUP, "\\", "{", "🔥", "[e1]", "x"]), size=st.integers(0, 3000))
def test_a_description_fits_and_keeps_its_end(edition: Edition, piece: str, size: int) -> None:
    text = piece * size
    made = description(
        a_notice(an_incident(title=text), report_of(text)), public_url="https://x.example", markup=edition.markup
    )
    assert size_of(made) <= LONGEST_TEXT
    assert revision_in(made, INCIDENT_ID) == 1


@pytest.mark.parametrize("edition", [CLOUD, DATA_CENTER], ids=["cloud", "data center"])
def test_telemetry_cannot_say_that_all_has_been_told(edition: Edition) -> None:
    text = mark(INCIDENT_ID, 99)
    made = description(
        a_notice(an_incident(title=text), report_of(text)), public_url="https://x.example", markup=edition.markup
    )
    assert "update 99" in json.dumps(made)
    assert revision_in(made, INCIDENT_ID) == 1


def test_an_empty_paragraph_at_the_end_hides_no_revision() -> None:
    ours = adf.paragraph([adf.text(mark(INCIDENT_ID, 3))])
    assert revision_in(adf.document([ours, adf.paragraph([])]), INCIDENT_ID) == 3


@pytest.mark.parametrize("body", [None, "", "Looking into it.", {}, {"type": "doc"}, [], 7])
def test_what_people_write_bears_no_revision(body: Any) -> None:
    assert revision_in(body, INCIDENT_ID) == 0


def size_of(made: Any) -> int:
    return len(made if isinstance(made, str) else json.dumps(made, ensure_ascii=False))


@given(text=st.text(max_size=60))
def test_a_document_of_any_text_is_one(text: str) -> None:
    made = description(
        a_notice(an_incident(title=text), report_of(text)), public_url="https://x.example", markup=CLOUD.markup
    )
    assert shown_adf.is_valid(made)


def test_a_word_keeps_its_hyphens() -> None:
    assert escape("deploy-8841 of check_out, at 10:42 (version 2)") == "deploy-8841 of check_out, at 10:42 (version 2)"
