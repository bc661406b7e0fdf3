"""The report as Markdown: complete, and nothing in it but words where words were put."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.webhook_pages import samples
from worker.domain.report import Report
from worker.domain.text import one_line
from worker.markdown import code, escape, render_markdown

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(markdown: str) -> list[Token]:
    return [inner for token in RENDERER.parse(markdown) for inner in [token, *(token.children or [])]]


def kinds(markdown: str) -> set[str]:
    return {token.type for token in tokens(markdown)}


def words(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "text_special", "code_inline"))


def test_report_has_every_part() -> None:
    headings = [line for line in render_markdown(samples.bad_deployment()).splitlines() if line.startswith("#")]
    assert headings == [
        "# \\[critical\\] checkout, us-central1: root cause found",
        "## Overview",
        "## Impact",
        "## User impact",
        "## Carbon and compute impact",
        "## Business impact",
        "## Deployment correlation",
        "## Recommendations",
        "## Candidates",
        "## Not read or not known",
        "## Similar incidents",
        "## Evidence",
    ]


def test_tables_are_tables() -> None:
    html = RENDERER.render(render_markdown(samples.bad_deployment()))
    assert html.count("<table>") == 2
    assert "<td>2.81 kgCO₂e</td>\n<td>2.43 to 3.19 kgCO₂e</td>" in html
    assert html.count("<tr>") == 1 + 11 + 1 + 3


def test_evidence_ids_read_as_they_are_written() -> None:
    markdown = render_markdown(samples.bad_deployment())
    assert "31 % of its requests fail. [e1 e2] Cause:" in words(markdown)
    assert "`spiketrace-logs-*`" in markdown


def test_quiet_report_is_short() -> None:
    markdown = render_markdown(samples.quiet())
    assert "## Impact" not in markdown
    assert "## Candidates" not in markdown
    assert len(markdown) < 1_200


def test_replay_is_named() -> None:
    assert "a replay of `r-1`" in render_markdown(samples.report(replay_of="r-1"))


def structure(report: Report) -> list[tuple[str, str]]:
    return [(token.type, token.tag) for token in RENDERER.parse(render_markdown(report))]


def test_hostile_report_has_the_structure_of_a_harmless_one() -> None:
    hostile = samples.hostile()
    found = kinds(render_markdown(hostile))
    assert not found & {"link_open", "html_inline", "html_block", "image", "fence", "code_block", "hr", "em_open"}
    assert render_markdown(hostile).count("\n# ") == 0
    one_row = structure(hostile).count(("tr_open", "tr"))
    assert one_row == 2 + 11


@given(st.text(st.characters(codec=None, exclude_categories=[])))
@example("[e1]: http://evil.example")
@example("x@y\\|[a](http://evil.example)")
@example("1. x")
@example("--- x ===")
@example("    indented")
@example("a\\")
@example("``` `a@b` ```")
@example("<https://evil.example>")
@example("![a](b) [c][d] <!-- -->")
@example("www.evil.example, evil.example. javascript:alert(1)")
@example("&lt;b&gt; &#60;")
@example("~~x~~ **y** __z__ ^2^ $a$")
@example(samples.HOSTILE_NAME)
def test_escaped_text_is_words_and_nothing_else(text: str) -> None:
    escaped = escape(text)
    allowed = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "code_inline"}
    assert kinds(escaped) <= allowed
    assert words(escaped).replace("|", "¦") == one_line(text).replace("|", "¦")


@given(st.text(st.characters(codec=None, exclude_categories=[]), min_size=1), st.text(min_size=1))
@example("x@y\\|[a](http://evil.example)", "`|`")
@example("\\", "|")
def test_cells_cannot_leave_their_table(first: str, second: str) -> None:
    report = samples.bad_deployment()
    candidate = report.candidates[0].model_copy(update={"reason": first, "check": second})
    markdown = render_markdown(report.model_copy(update={"candidates": [candidate]}))
    assert markdown.count("\n") == render_markdown(
        report.model_copy(update={"candidates": [report.candidates[0]]})
    ).count("\n")
    rows = [token for token in tokens(markdown) if token.type == "td_open"]
    assert len(rows) == 11 * 4 + 7
    assert not kinds(markdown) & {"link_open", "html_inline", "image"}


@pytest.mark.parametrize(
    ("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("", ""), ("a|b", "`a¦b`")]
)
def test_code_spans_hold_their_text(text: str, span: str) -> None:
    assert code(text) == span


def test_numbers_stay_readable() -> None:
    assert escape("3.8 kg at 10:42 UTC, 2.3.0 (deploy-8841)") == "3.8 kg at 10:42 UTC, 2.3.0 (deploy-8841)"
