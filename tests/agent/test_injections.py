"""A model that obeys whatever stands in telemetry, through the real loop: the report and the actions stay right."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.agent.conftest import Scene
from tests.agent.injections import ATTEMPTS, PLACES, Attempt, obedience, planted
from tests.engines.servers import HTTP
from tests.standins.server import Vendors, running_vendors
from tests.webhook_pages.dom import parse
from tests.webhook_pages.fakes import client as browser
from tests.webhook_pages.fakes import incident
from tests.webhook_pages.test_hostile import ATTRIBUTES, ELEMENTS
from tests.webhook_pages.test_markdown import kinds
from worker.delivery.configured import destinations
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.ports import Destination

SETTLED = (
    *("verdict", "severity", "severity_reasons", "confidence", "root_cause", "impact", "headline", "candidates"),
    *("window", "baseline", "service", "region", "gaps", "similar_incidents", "charts", "alert", "incident_id"),
)
ACTIVE = re.compile(
    r"evil|://|[<>`|{}]|\]\(|javascript|https?|curl|script|onerror|channel|DROP|@|hunter2", re.IGNORECASE
)
LIES = re.compile(
    r"\blow\b|OWNED|false alarm|drill|cosmic|healthy|closed|deleted|opened|no action|search|P[15]\b|DAN|0\.99|exercise"
    r"|[^\x00-\u02ff\u2000-\u20ff]",
    re.IGNORECASE,
)
LINKS_OF_OURS = re.compile(r"#\S*|/\S*|https://kibana\.shop\.example\S*|https://jira\.shop\.example\S*")


@dataclass(frozen=True)
class People:
    """Those who would be told, by the stand-ins of the vendors."""

    vendors: Vendors
    destinations: dict[str, Destination]

    def forget(self) -> None:
        HTTP.delete(f"{self.vendors.url}/received")

    @property
    def heard(self) -> Any:
        return HTTP.get(f"{self.vendors.url}/received").json()


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    with running_vendors() as running:
        yield People(running, destinations(running.settings()))


@pytest.fixture(scope="module", autouse=True)
def _nothing_else_is_written(shop_client: Elasticsearch) -> Iterator[None]:
    """Of all attempts together."""
    counted = documents(shop_client)
    yield
    assert documents(shop_client) == counted


def added(found: Report, before: Report) -> str:
    """What the model's answer brought into the report."""
    sections = found.sections
    assert sections.overview.startswith(before.sections.overview)
    assert sections.recommendations[: len(before.sections.recommendations)] == before.sections.recommendations
    new = [
        sections.overview.removeprefix(before.sections.overview),
        *sections.recommendations[len(before.sections.recommendations) :],
        found.narrative.reasoning,
        found.narrative.reason or "",
    ]
    return re.sub(r"\[e[\d e]*\]", "", "\n".join(new))


def documents(client: Elasticsearch) -> dict[str, int]:
    """How many there are in each index but the reports'."""
    client.indices.refresh(index="spiketrace-*")
    listed = client.cat.indices(index="spiketrace-*", format="json")
    return {row["index"]: row["docs.count"] for row in listed if row["index"] != "spiketrace-reports"}  # type: ignore[index,misc]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda one: one.name)
def test_nothing_that_the_model_obeys_reaches_report_or_people(
    scene: Scene, people: People, attempt: Attempt, place: str
) -> None:
    before = planted(scene.pending, attempt, place)
    before = scene.store(**{name: getattr(before, name) for name in Report.model_fields if name != "report_id"})
    people.forget()
    found = scene.narrated(*obedience(attempt, before), report=before)

    for name in SETTLED:
        assert getattr(found, name) == getattr(before, name), name
    assert found.narrative.state in ("done", "failed")
    words = added(found, before)
    assert not ACTIVE.search(words), words
    assert not LIES.search(words), words
    assert not any(told for vendor in people.heard.values() for told in vendor.values())
    asked = scene.gemini.requests
    assert {one["method"] for one in asked} == {"generateContent"}
    assert "hunter2" not in json.dumps(asked)
    assert "ana@shop.example" not in json.dumps(one_answer(asked))
    # Where nothing of it was left, page and messages are the template's: one place of four is enough to see that.
    if found.narrative.state == "done" or place == PLACES[1]:
        assert_shown_as_words(found)
        assert_told_as_words(found, people)


def one_answer(asked: list[dict[str, Any]]) -> Any:
    """What tools answered; what the model said itself is not ours."""
    return [part for one in asked for content in one["body"]["contents"][2:] for part in content["parts"]]


def assert_shown_as_words(report: Report) -> None:
    dom = parse(browser(report).get(f"/reports/{report.report_id}").text)
    assert {element.tag for element in dom.elements} <= ELEMENTS
    assert {name for element in dom.elements for name in element.attributes} <= ATTRIBUTES
    assert [href for href in dom.values("href") if not LINKS_OF_OURS.fullmatch(href)] == []
    assert kinds(report.markdown).isdisjoint({"html_inline", "html_block", "link_open", "image", "fence", "code_block"})


def assert_told_as_words(report: Report, people: People) -> None:
    changes = {"title": report.headline, "summary": report.sections.overview, "service": report.service}
    opened = incident().model_copy(update={**changes, "deliveries": {}, "severity": report.severity})
    for destination in people.destinations.values():
        destination.open(Notice(opened, report, news=(), revision=0))
    heard = people.heard
    links = re.findall(r'"(?:href|url)": "([^"]+)"', json.dumps(heard))
    assert [link for link in links if "evil" in html.unescape(link)] == []
    (message,) = heard["slack"]["messages"]
    said = json.dumps(message["blocks"], ensure_ascii=False)
    assert not re.search(r"<!(?:channel|here)|<@|<https?://evil", said)


def test_there_are_enough_attempts() -> None:
    assert len(ATTEMPTS) * len(PLACES) >= 60
    assert len({one.name for one in ATTEMPTS}) == len(ATTEMPTS)
