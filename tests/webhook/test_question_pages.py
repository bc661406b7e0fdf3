"""The pages of questions: by plain forms, with no script, and nothing on them that is not ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given, settings
from pydantic import SecretStr

from tests.store.builders import an_alert
from tests.webhook import answers
from tests.webhook.answers import QUESTION, Scripted
from tests.webhook.conftest import serving, webhook_settings
from tests.webhook.test_questions import Worker
from tests.webhook_pages import samples
from tests.webhook_pages.dom import Dom, parse
from tests.webhook_pages.test_hostile import ANYTHING, ATTRIBUTES, ELEMENTS
from webhook.answer_charts import drawing
from webhook.answer_view import read_answer, view_of
from webhook.app import create_app
from webhook.pages import page
from webhook.question_pages import EXAMPLES
from worker.answering.answer import AnswerChart, Offer, Series, told
from worker.bootstrap import Stores
from worker.domain.asked import Asked
from worker.domain.incident import Incident
from worker.settings import Settings

FORMS = {"form", "label", "textarea", "input", "button", "nav"}
OF_FORMS = {"for", "action", "method", "rows", "maxlength", "required", "value", "autocomplete", "spellcheck"}


@pytest.fixture
def settings_of_pages(settings: Settings) -> Settings:
    return settings.model_copy(update={"question_wait_seconds": 1.0})


@pytest.fixture
def worker(settings: Settings) -> Worker:
    return Worker(settings.redis_url)


@pytest.fixture
def browser(settings_of_pages: Settings, stores: Stores, worker: Worker) -> Iterator[httpx.Client]:
    with serving(create_app(settings_of_pages, stores=stores, queue=worker)) as client:
        yield client
    worker.wait()


def asked(browser: httpx.Client, question: str = QUESTION) -> str:
    """The path of the question's page."""
    answered = browser.post("/questions", data={"question": question, "timezone": "Europe/Berlin"})
    assert answered.status_code == 303, answered.text
    return str(answered.headers["location"])


def answered(browser: httpx.Client, worker: Worker, question: str = QUESTION) -> Dom:
    path = asked(browser, question)
    worker.wait()
    return parse(browser.get(path).text)


def test_the_form_has_a_field_and_the_examples(browser: httpx.Client) -> None:
    shown = browser.get("/questions")
    dom = parse(shown.text)
    assert [button.attributes["value"] for button in dom.tags("button") if "value" in button.attributes] == [*EXAMPLES]
    assert {form.attributes["action"] for form in dom.tags("form")} == {"/questions"}
    labels = {label.attributes["for"] for label in dom.tags("label")}
    assert labels == {
        field.attributes["id"]
        for field in dom.elements
        if field.tag == "textarea" or (field.tag == "input" and field.attributes.get("type") != "hidden")
    }
    policy = shown.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "connect-src 'self'" in policy
    # All other pages keep theirs, and lead here.
    other = browser.get("/")
    assert "form-action 'none'" in other.headers["content-security-policy"]
    assert "/questions" in parse(other.text).values("href")


def test_asking_leads_to_a_page_with_the_answer(browser: httpx.Client, worker: Worker) -> None:
    dom = answered(browser, worker)
    assert QUESTION in dom.words
    assert "checkout emitted most: 5.4 kgCO₂e" in dom.words
    assert answers.understood().sentence in dom.words
    assert worker.scripted.asked == [(QUESTION, "Europe/Berlin")]
    assert len([svg for svg in dom.tags("svg") if svg.attributes.get("class") == "chart"]) == 2
    assert "#e1" in dom.values("href")
    assert [field for field in dom.tags("meta") if field.attributes.get("http-equiv")] == []


def test_an_example_is_a_question_by_itself(browser: httpx.Client, worker: Worker) -> None:
    sent = browser.post("/questions", data={"timezone": "UTC", "question": EXAMPLES[2]})
    assert sent.status_code == 303
    worker.wait()
    assert worker.scripted.asked[0][0] == EXAMPLES[2]


def test_meanwhile_the_page_tells_the_steps_and_loads_itself_again_without_a_script(
    browser: httpx.Client, worker: Worker
) -> None:
    may_end = threading.Event()
    worker.scripted.between = lambda: may_end.wait(10)
    path = asked(browser)
    with browser.stream("GET", f"{path}/events") as events:
        told_so_far, chunks = "", events.iter_text()
        while "looking at" not in told_so_far:
            told_so_far += next(chunks)
        dom = parse(browser.get(path).text.replace("<noscript>", "").replace("</noscript>", ""))
        assert [meta.attributes["content"] for meta in dom.tags("meta") if "http-equiv" in meta.attributes] == ["2"]
        assert "looking at the emissions of 24 hours" in dom.words
        assert dom.values("data-events") == [f"{path}/events"]
        may_end.set()
        rest = told_so_far + "".join(chunks)
    assert rest.endswith("event: over\ndata: {}\n\n")
    # The answer itself is the page's to show.
    assert "kgCO₂e" not in rest


def test_without_a_worker_the_page_says_so(browser: httpx.Client, worker: Worker) -> None:
    worker.is_there = False
    path = asked(browser)
    with browser.stream("GET", f"{path}/events") as events:
        events.read()
    dom = parse(browser.get(path).text)
    assert "No answer." in dom.words
    assert "spiketrace worker" in dom.words
    assert dom.values("data-events") == []


@pytest.mark.parametrize(
    ("sent", "says"),
    [({"question": " "}, "ask something"), ({"question": "x", "timezone": "Mars"}, "no such time zone"), ({}, "ask")],
)
def test_what_is_no_question_comes_back_with_the_reason(browser: httpx.Client, sent: Any, says: str) -> None:
    shown = browser.post("/questions", data=sent)
    assert shown.status_code == 422
    assert says in parse(shown.text).words


def test_an_unknown_question_is_not_found(browser: httpx.Client) -> None:
    shown = browser.get("/questions/q-nothing")
    assert shown.status_code == 404
    assert "Ask again" in parse(shown.text).words


def an_incident(stores: Stores) -> Incident:
    report = samples.bad_deployment()
    incident = Incident.model_validate(
        {
            "incident_id": "inc-20260226-0a0a0a0a-1", "@timestamp": report.timestamp, "title": report.headline,
            "summary": "", "service": "checkout", "region": None, "tags": [], "severity": report.severity,
            "status": "open", "cause_key": "deployment:d", "root_cause": report.root_cause,
            "alert_ids": [report.alert_id], "report_ids": [report.report_id], "history": [], "deliveries": {},
        }
    )  # fmt: skip
    assert stores.incidents.create(incident)
    return incident


def test_a_yes_pressed_twice_asks_for_one_ticket(embedded_url: str, redis_url: str, stores: Stores) -> None:
    incident = an_incident(stores)
    offer = Offer("Open a ticket at jira?", ["jira"], incident_id=incident.incident_id)
    worker = Worker(redis_url, Scripted(answers.explaining(offer)))
    jira = {"jira_url": "http://127.0.0.1:9", "jira_user": "u", "jira_token": "t", "jira_project": "OPS"}
    configured = webhook_settings(elasticsearch_url=embedded_url, redis_url=redis_url, **jira)
    with serving(create_app(configured, stores=stores, queue=worker)) as browser:
        path = asked(browser)
        worker.wait()
        dom = parse(browser.get(path).text)
        (button,) = [form for form in dom.tags("form") if form.attributes["action"].endswith("/ticket#offer")]
        assert "Open a ticket at jira?" in dom.words
        pressed = [browser.post(button.attributes["action"].removesuffix("#offer")) for _ in range(2)]
        after = parse(browser.get(path).text)
        by_json = browser.post(
            "/v1/questions/tickets",
            json={"offer": {"sentence": "", "destinations": ["jira"], "incident_id": incident.incident_id}},
        )
    for shown in pressed:
        assert "a ticket at jira is on its way" in parse(shown.text).words
    # Loaded again, the page shows how it stands and asks no more.
    assert "Jira: pending" in after.words
    assert [form for form in after.tags("form") if form.attributes["action"].endswith("/ticket#offer")] == []
    assert worker.deliveries == [(incident.incident_id, "jira")]
    assert (by_json.status_code, by_json.json()["state"]) == (202, "asked")
    stored = stores.incidents.get(incident.incident_id)
    assert stored
    assert [entry.event for entry in stored.history] == ["asked"]


def test_a_page_loaded_again_tells_of_the_yes_that_was_said(
    browser: httpx.Client, worker: Worker, stores: Stores
) -> None:
    """What is not on record yet is handed in by a yes, once, and is offered to nobody anew."""
    alert = an_alert(uuid4().hex)
    worker.scripted.found = answers.explaining(Offer("Open one, with a ticket at jira?", ["jira"], alert=alert))
    path = asked(browser)
    worker.wait()
    assert "Yes, open the ticket" in parse(browser.get(path).text).words
    browser.post(f"{path}/ticket")
    for again in (path, f"{path}/ticket"):
        words = parse(browser.get(again, follow_redirects=True).text).words
        assert f"Alert {alert.alert_id} is queued" in words
        assert "Yes, open the ticket" not in words
    stores.alerts.finish(alert.alert_id, report_id="r-7", incident_id="inc-7")
    assert "It is on record as inc-7" in parse(browser.get(path).text).words


def test_who_may_only_read_is_shown_no_button(settings_of_pages: Settings, stores: Stores, worker: Worker) -> None:
    worker.scripted.found = answers.explaining()
    reader = {"webhook_credentials": SecretStr(f"ada read {'x' * 20}")}
    configured = settings_of_pages.model_copy(update=reader)
    with serving(create_app(configured, stores=stores, queue=worker)) as browser:
        browser.auth = ("ada", "x" * 20)
        path = asked(browser)
        worker.wait()
        dom = parse(browser.get(path).text)
        assert browser.post(f"{path}/ticket").status_code == 403
    assert "takes a credential with the role act" in dom.words
    assert [form for form in dom.tags("form") if form.attributes["action"].endswith("/ticket#offer")] == []


def test_a_yes_that_cannot_be_followed_says_why(browser: httpx.Client, worker: Worker) -> None:
    worker.scripted.found = answers.explaining()
    path = asked(browser)
    worker.wait()
    dom = parse(browser.post(f"{path}/ticket").text)
    assert "there is no incident i-91b2" in dom.words
    refused = browser.post("/v1/questions/tickets", json={"offer": {"sentence": "", "destinations": []}})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


# --- what telemetry, people and a model wrote (addresses of tickets are those that vendors gave us)


def page_of(*, text: str, name: str) -> Dom:
    offer = Offer(text, [name], incident_id=name)
    base = answers.explaining(offer)
    sections: dict[str, str | list[str]] = {**base.sections, "recommendations": [text, name], "overview": text}
    minutes = [answers.NOW, answers.NOW + timedelta(minutes=1)]
    charts = [
        AnswerChart(name, text, "bars", [Series(name, [(name, 3.0), (text, 4.0)])]),
        AnswerChart(name, text, "line", [Series(name, [(minutes[0], 1.0), (minutes[1], 2.0)])]),
    ]
    record = {"incident_id": name, "title": text, "link": text, "report": name, "tickets": {}}
    answer = replace(
        base,
        direct=text,
        closing=f"- {text}\n{name}",
        sections=sections,
        charts=charts,
        incidents=[record],
        reports=[record],
        evidence=[answers.evidence(1, **{name or "x": text}).model_copy(update={"title": text, "link": name})],
        understood=replace(base.understood, sentence=text, service=name),
        reason=text,
    )
    asked_so = Asked(question_id="q-1", question=name or "x", zone="UTC", asked_at=datetime.now(UTC))
    document = json.loads(json.dumps(told(answer)))
    view = view_of(
        read_answer(document),
        None,
        kibana_url="https://kibana.shop.example",
        public_url="https://spiketrace.shop.example",
    )
    return parse(
        bytes(page("answer.html", asked=asked_so, view=view, taken=None, zone=name, may_act=True).body).decode()
    )


def assert_is_ours(dom: Dom) -> None:
    assert {element.tag for element in dom.elements} <= ELEMENTS | FORMS
    assert {name for element in dom.elements for name in element.attributes} <= ATTRIBUTES | OF_FORMS
    for href in dom.values("href"):
        assert href.startswith(("#", "/", "https://spiketrace.shop.example")), href
        assert not href.startswith("//")


@settings(max_examples=40, deadline=None)
@given(ANYTHING, ANYTHING)
def test_no_text_becomes_an_element(text: str, name: str) -> None:
    # A lone surrogate cannot come in by JSON over HTTP.
    text, name = (one.encode(errors="replace").decode() for one in (text, name))
    assert_is_ours(page_of(text=text, name=name))


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "https://evil.example/reports/r-1", "https://spiketrace.shop.example@evil.example/"],
)
def test_addresses_of_others_are_not_followed(address: str) -> None:
    assert not [href for href in page_of(text=address, name=address).values("href") if "evil" in href or "java" in href]


def test_a_missing_sample_is_no_zero_and_nothing_draws_nothing() -> None:
    times = [answers.NOW + timedelta(minutes=minute) for minute in range(4)]
    chart = AnswerChart("t", "g", "line", [Series("a", list(zip(times, [1.0, None, 2.0, 3.0], strict=True)))])
    drawn = drawing(chart, name="c")
    assert drawn
    assert drawn.svg.count("M") >= 2
    for empty in ([], [Series("a", [])], [Series("a", [(answers.NOW, None)])]):
        assert drawing(AnswerChart("t", "g", "line", empty), name="c") is None
        assert drawing(AnswerChart("t", "g", "bars", empty), name="c") is None
