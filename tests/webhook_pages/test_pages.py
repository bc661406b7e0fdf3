"""What the pages say, and what they let a browser do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.webhook_pages import samples
from tests.webhook_pages.dom import Dom, parse
from tests.webhook_pages.fakes import Incidents, client, incident, unreachable_client
from webhook.pages import CONTENT_SECURITY_POLICY
from worker.domain.report import CalculationStep, Impact, Provenance, Report, Verdict
from worker.domain.terms import speaking
from worker.markdown import render_markdown
from worker.terminology import load_terms

ALL = [samples.bad_deployment, samples.inconclusive, samples.quiet, samples.hostile]


def page_of(report: Report, **options: Incidents) -> Dom:
    answer = client(report, **options).get(f"/reports/{report.report_id}")
    assert answer.status_code == 200, answer.text
    return parse(answer.text)


def test_first_screen_answers_what_an_on_call_person_asks() -> None:
    words = page_of(samples.bad_deployment()).words
    first_screen = words[: words.index("Impact")]
    for answer in [
        "Critical",
        "Root cause found",
        "checkout, us-central1: 3.9 times its usual CO₂ since 10:42 UTC, and 31 % of its requests fail.",
        "Deployment deploy-8841, version 2.3.0",
        "0.93",
        "Do first Roll checkout in us-central1 back",
        "10:42 to 10:58 UTC, 26 Feb 2026 16 min",
        "10:42 UTC, 19 Feb 2026 to 10:42 UTC, 26 Feb 2026 7 d",
        "16 min before the alert",
    ]:
        assert answer in first_screen


def test_a_similar_incident_tells_how_it_ended_and_what_helped() -> None:
    told = {"ended": "ended after 52 min", "helped": "<b>Rolled back.</b>"}
    report = samples.bad_deployment().model_copy(
        update={"similar_incidents": [samples.similar().model_copy(update=told)]}
    )
    page = page_of(report)
    assert "ended after 52 min; what helped then: <b>Rolled back.</b>" in page.words
    assert "ended after 52 min; what helped then: &lt;b&gt;Rolled back.&lt;/b&gt;" in render_markdown(report)


def test_what_made_it_is_one_quiet_line() -> None:
    made = Provenance(
        version="0.1.0", code="c0de", profile="af", policy="b0", factors="fa", grid="hourly", terminology="3d"
    )
    report = samples.bad_deployment().model_copy(update={"provenance": made})
    told = f"Made by SpikeTrace 0.1.0 (code c0de), profile {report.profile} (af), policy b0, factors fa, grid hourly"
    assert told in page_of(report).words
    assert "Made by" not in page_of(samples.bad_deployment()).words


def test_the_page_has_the_labels_of_the_trade() -> None:
    with speaking(load_terms("finance")):
        words = page_of(samples.bad_deployment()).words
    for label in ("Customer impact", "Transactions and income", "Transactions affected"):
        assert label in words
    assert "Orders affected" in page_of(samples.bad_deployment()).words


def test_opening_is_said_once() -> None:
    assert page_of(samples.bad_deployment()).words.count("3.9 times its usual CO₂ since") == 1


def test_sections_come_in_their_order_after_the_overview() -> None:
    ids = page_of(samples.bad_deployment()).values("id")
    wanted = ["overview", "user-impact", "carbon-compute-impact", "business-impact", "deployment-correlation"]
    assert [name for name in ids if name in [*wanted, "recommendations"]] == [*wanted, "recommendations"]


def test_impact_has_figures_with_ranges_and_units() -> None:
    words = page_of(samples.bad_deployment()).words
    assert "Excess CO₂ 2.81 kgCO₂e 2.43 to 3.19 kgCO₂e" in words
    assert "Requests failed 3,243 Requests slowed 1,420 1,100 to 1,800" in words
    assert "Revenue lost $20,200 $14,900 to $26,900" in words
    assert "Without a figure: users affected." in words
    assert "grid intensity 413 gCO2e/kWh region-carbon-info, 2024" in words


@pytest.mark.parametrize("sample", ALL)
def test_every_link_within_the_page_has_its_target(sample: Callable[[], Report]) -> None:
    dom = page_of(sample())
    ids = dom.values("id")
    assert len(ids) == len(set(ids))
    targets = {href[1:] for href in dom.values("href") if href.startswith("#")}
    assert targets <= set(ids)
    for names in dom.values("aria-labelledby"):
        assert set(names.split()) <= set(ids)


def test_citations_lead_to_evidence_that_can_be_opened() -> None:
    dom = page_of(samples.bad_deployment())
    cited = {element.attributes["href"] for element in dom.tags("a") if element.attributes.get("class") == "cite"}
    assert cited == {"#e1", "#e2", "#e3", "#e4", "#e5", "#e6"}
    assert len([element for element in dom.tags("details") if element.attributes.get("class") == "exhibit"]) == 6


def test_query_is_ready_for_dev_tools() -> None:
    html = client(samples.bad_deployment()).get("/reports/r-5d1c0a7e").text
    assert "GET spiketrace-logs-*/_search\n{\n" in html


def test_quiet_report_is_short() -> None:
    dom = page_of(samples.quiet())
    assert not {"impact", "candidates", "gaps", "similar", "user-impact", "signals"} & set(dom.values("id"))
    assert len(dom.words) < len(page_of(samples.bad_deployment()).words) / 3


def test_quiet_report_folds_what_it_has_away() -> None:
    dom = page_of(samples.report(verdict=Verdict.NOT_CONFIRMED))
    assert [element for element in dom.tags("details") if element.attributes.get("class") == "more"]
    assert not [
        element for element in page_of(samples.report()).tags("details") if element.attributes["class"] == "more"
    ]


def test_inconclusive_report_names_no_cause() -> None:
    words = page_of(samples.inconclusive()).words
    facts = words[words.index("Confidence") : words.index("Failed requests of orders")]
    assert "Cause" not in facts


def test_incident_shows_its_state_and_ticket() -> None:
    dom = page_of(samples.bad_deployment())
    assert "Incident Resolved, 11:20 UTC, 26 Feb 2026 Jira: SHOP-12" in dom.words
    assert "https://jira.shop.example/browse/SHOP-12" in dom.values("href")


def test_ticket_with_an_address_that_is_none_is_not_linked() -> None:
    hrefs = page_of(samples.bad_deployment(), incidents=Incidents(incident(ticket_url="javascript:alert(1)"))).values(
        "href"
    )
    assert not [href for href in hrefs if href.startswith("javascript")]


def test_incident_that_is_gone_leaves_the_report_readable() -> None:
    assert "Resolved" not in page_of(samples.bad_deployment(), incidents=Incidents()).words


def test_links_lead_out_to_the_configured_kibana_only() -> None:
    hrefs = page_of(samples.bad_deployment()).values("href")
    assert f"{samples.KIBANA}/app/discover#/?_a=(index:metrics)" in hrefs
    assert f"{samples.KIBANA}/app/observability/alerts/9c1d" in hrefs
    assert not [href for href in page_of(samples.inconclusive()).values("href") if "elsewhere.example" in href]


def test_full_stop_stands_before_the_signs() -> None:
    assert "and 31 % of its requests fail. e1 e2 Cause: deployment" in page_of(samples.bad_deployment()).words


def test_number_is_not_parted_from_its_unit() -> None:
    html = client(samples.bad_deployment()).get("/reports/r-5d1c0a7e").text
    assert "31\u00a0% of its requests fail" in html
    assert "at 10:38\u00a0UTC, 4\u00a0min before" in html


def test_severity_has_its_reason_even_without_figures() -> None:
    assert "Critical: 31 % of requests fail" in page_of(samples.report(impact=Impact())).words


@pytest.mark.parametrize("report_id", ["r-none", "r%20with%20space", "x" * 600, "..%2f..", "%F0%9F%9B%92", "%00"])
def test_unknown_report_is_a_page_that_says_what_to_do(report_id: str) -> None:
    answer = client(samples.quiet()).get(f"/reports/{report_id}")
    assert answer.status_code == 404
    assert "latest reports" in parse(answer.text).words or answer.headers["content-type"] == "application/json"


def test_unreadable_store_is_a_503_that_says_so() -> None:
    for path in ["/", "/reports/r-1"]:
        answer = unreachable_client().get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "Elasticsearch did not answer <within> 20 s" in parse(answer.text).words


def test_list_has_the_newest_first_and_links_each() -> None:
    earlier = samples.quiet().model_copy(update={"timestamp": samples.FIRED - timedelta(hours=1)})
    dom = parse(client(earlier, samples.bad_deployment()).get("/").text)
    links = [href for href in dom.values("href") if href.startswith("/reports/")]
    assert links == ["/reports/r-5d1c0a7e", "/reports/r-0c0ffee"]
    assert "Critical Root cause found" in dom.words
    assert "Not an incident: search, europe-west1 is at its evening peak." in dom.words


def test_empty_list_says_how_reports_come_about() -> None:
    assert "/v1/alerts/kibana" in parse(client().get("/").text).words


@pytest.mark.parametrize("path", ["/", "/reports/r-5d1c0a7e", "/reports/r-none"])
def test_pages_may_load_nothing_but_their_own_files(path: str) -> None:
    answer = client(samples.bad_deployment()).get(path)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    dom = parse(answer.text)
    loaded = dom.values("src") + [link.attributes["href"] for link in dom.tags("link")]
    assert loaded
    for address in loaded:
        assert re.fullmatch(r"/static/[a-z]+\.(css|js|svg)\?v=[0-9a-f]{12}", address)
        asset = client().get(address)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]


def test_policy_has_no_exception_for_inline_code() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/static/nope.css", "/static/..%2fpages.py", "/static/__init__.py"])
def test_only_assets_are_served(path: str) -> None:
    assert client().get(path).status_code == 404


def test_pages_load_no_analysis_library() -> None:
    heavy = "{'numpy', 'scipy', 'ruptures', 'google.genai', 'celery'}"
    program = f"import sys, webhook.pages, worker.markdown; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_the_calculation_is_folded_away_part_by_part() -> None:
    report = samples.bad_deployment()
    report.impact = report.impact.model_copy(deep=True)
    report.impact.calculation = [
        CalculationStep(part="waste", name="Excess", formula="emitted − <b>expected</b>", result="410 gCO₂e"),
        CalculationStep(part="carbon", name="Emitted: E × I", formula="sum of 12 samples", result="610 gCO₂e"),
    ]
    page = client(report).get(f"/reports/{report.report_id}").text
    assert '<details class="factors calculation" id="calculation">' in page
    assert page.index("sum of 12 samples") < page.index("emitted − &lt;b&gt;expected&lt;/b&gt;")
