"""Nothing that telemetry, an alert or a model wrote becomes HTML, a link of its own or a hidden character."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.webhook_pages import samples
from tests.webhook_pages.dom import Dom, parse
from tests.webhook_pages.fakes import client
from worker.domain.report import Report

ATTRIBUTES = frozenset(
    (
        "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "colspan", "content", "d",
        "data-label", "datetime", "defer", "fill", "fill-opacity", "focusable", "font-size", "height", "hidden",
        "href", "id", "lang", "name", "opacity", "overflow", "pointer-events", "preserveaspectratio", "rel",
        "role", "rx", "scope", "src", "stroke", "stroke-linecap", "stroke-linejoin", "stroke-opacity",
        "stroke-width", "tabindex", "text-anchor", "transform", "type", "vector-effect", "viewbox", "width",
        "x", "x1", "x2", "xmlns", "y", "y1", "y2"
    )
)  # fmt: skip
ELEMENTS = frozenset(
    (
        "a", "article", "b", "bdi", "body", "br", "button", "code", "dd", "desc", "details", "div", "dl", "dt",
        "figcaption", "figure", "g", "h1", "h2", "h3", "head", "header", "html", "li", "line", "link", "main",
        "meta", "nav", "ol", "p", "path", "pre", "rect", "script", "section", "span", "summary", "svg", "table",
        "tbody", "td", "text", "th", "thead", "time", "title", "tr", "ul"
    )
)  # fmt: skip
HARMLESS = "checkout"


def page_of(report: Report) -> Dom:
    return parse(client(report).get(f"/reports/{report.report_id}").text)


def assert_is_ours(dom: Dom) -> None:
    assert {element.tag for element in dom.elements} <= ELEMENTS
    assert {name for element in dom.elements for name in element.attributes} <= ATTRIBUTES
    assert [script.attributes["src"].split("?")[0] for script in dom.tags("script")] == ["/static/spiketrace.js"]
    for href in dom.values("href"):
        assert href.startswith(("#e1", "#recommendations", "#gaps", "#main", "/", "https://jira.shop.example/")), href
        assert not href.startswith("//")


def test_hostile_names_change_no_element_of_any_page() -> None:
    report = samples.hostile()
    dom = page_of(report)
    assert_is_ours(dom)
    assert '<script>alert("x")</script><img src=x onerror=alert(1)>' in dom.words
    assert_is_ours(parse(client(report).get("/").text))


def test_no_character_from_telemetry_acts_unseen() -> None:
    text = client(samples.hostile()).get("/reports/r-h0571").text
    hidden = {letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter != "\n"}
    assert hidden <= {"\u200d"}
    assert "\\u202egnp.exe\\u202c" in text


def test_address_that_only_looks_like_kibana_is_not_linked() -> None:
    assert not [href for href in page_of(samples.hostile()).values("href") if "evil" in href]


ANYTHING = st.text(st.characters(codec=None, exclude_categories=[]), max_size=60) | st.sampled_from(
    [
        "</script>",
        "<!--",
        "]]>",
        "</title><script>",
        "\"'><a href=//x>",
        "{{ 7 }}",
        "&#60;b&#62;",
        "[e1 e2] [e1",
        "\udc80",
    ]
)


@settings(max_examples=60, deadline=None)
@given(ANYTHING, ANYTHING)
def test_any_two_names_leave_the_page_as_it_is(service: str, version: str) -> None:
    def shape(first: str, second: str) -> list[tuple[str, list[str]]]:
        dom = page_of(_report(first, second))
        assert_is_ours(dom)
        return [(element.tag, sorted(element.attributes)) for element in dom.elements]

    assert shape(service or HARMLESS, version or HARMLESS) == shape(HARMLESS, HARMLESS)


def _report(service: str, version: str) -> Report:
    sample = samples.quiet()
    gap = samples.gaps()[0].model_copy(update={"what": service, "reason": version, "effect": service + version})
    alert = sample.alert.model_copy(
        update={"rule_name": service, "title": version, "conditions": service, "link": version}
    )
    drawn = sample.charts[0].model_copy(update={"title": service, "unit": version})
    cause = samples.cause().model_copy(update={"service": service, "version": version})
    evidence = sample.evidence[0].model_copy(
        update={
            "title": service,
            "index": version,
            "query": {service: version},
            "result": {version: service},
            "link": service,
        }
    )
    return sample.model_copy(
        update={
            "headline": "x",
            "service": service,
            "alert": alert,
            "gaps": [gap],
            "charts": [drawn],
            "root_cause": cause,
            "evidence": [evidence],
        }
    )
