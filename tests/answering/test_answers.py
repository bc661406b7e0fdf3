"""Answers from a real engine: the README's questions and others, their figures against the documents themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from math import fsum

import pytest
from elasticsearch import helpers
from markdown_it import MarkdownIt

from tests.answering.conftest import BAD_SINCE, EU, KIBANA_URL, NOW, PUBLIC_URL, SECRET, US, Desk
from worker.answering.answer import SIX, Answer, Step, Topic, told
from worker.domain.telemetry import Scope
from worker.domain.window import Window, iso
from worker.errors import RequestRefused
from worker.telemetry.profiles import load_profile


def section(answer: Answer) -> str:
    text = answer.sections["answer"]
    assert isinstance(text, str)
    return text


def window_of(answer: Answer) -> Window:
    assert answer.understood.window is not None
    return answer.understood.window


def test_why_did_emissions_spike_yesterday(desk: Desk) -> None:
    answer = desk.ask("Why did emissions spike in `us-central1` yesterday?")
    assert tuple(answer.sections) == SIX
    assert "checkout, us-central1: the cause is deployment deploy-9, version 2.3.0, confidence 0." in answer.direct
    assert "No report is on record of it" in answer.direct
    assert "deploy-9" in str(answer.sections["overview"])
    assert answer.understood.window == Window(start=datetime.fromisoformat("2026-03-11T00:00Z"), end=_midnight())
    (first, *_) = answer.charts
    assert (first.kind, first.series[0].name, first.unit) == ("line", "measured", "g/min")
    assert {"e1"} <= {item.id for item in answer.evidence}
    assert "[e1" in answer.text


def _midnight() -> datetime:
    return NOW.replace(hour=0, minute=0)


def test_which_services_contributed_most(desk: Desk) -> None:
    answer = desk.ask("Which services contributed most to CO₂ in the last 24 hours?")
    window = Window.before(NOW, timedelta(hours=24))
    documents = [sample.document for sample in desk.shop.samples]
    inside = [one for one in documents if window.holds(datetime.fromisoformat(one["@timestamp"]))]
    by_service = {
        service: fsum(one["estimated_co2_grams"] for one in inside if one["service"] == service)
        for service in {one["service"] for one in inside}
    }
    (chart,) = answer.charts
    assert (chart.kind, chart.unit) == ("bars", "gCO₂e")
    ranked = dict(chart.series[0].points)
    assert ranked == pytest.approx(by_service, rel=1e-12)
    assert list(ranked) == sorted(by_service, key=lambda name: -by_service[name])
    (evidence,) = answer.evidence
    assert evidence.result["total_grams"] == pytest.approx(fsum(by_service.values()), rel=1e-12)
    first = next(iter(ranked))
    share = 100 * by_service[first] / fsum(by_service.values())
    assert section(answer).startswith(f"{first} emitted most: ")
    assert f", {share:.1f} % of " in section(answer).splitlines()[0]
    assert len(section(answer).splitlines()) == 1 + len(by_service)


def test_whats_going_wrong_with_checkout(desk: Desk) -> None:
    answer = desk.ask("What's going wrong with checkout in `us-central1`?")
    assert tuple(answer.sections) == SIX
    assert "deploy-9" in answer.direct
    assert "of checkout" not in answer.understood.sentence
    recommendations = answer.sections["recommendations"]
    assert "deploy-9" in " ".join(recommendations)
    assert answer.offer is not None


def test_what_incidents_are_affecting_payments_this_week(desk: Desk) -> None:
    """It suffers from ledger's outage, and somebody wrote that down as well: it is one incident, with their figures."""
    answer = desk.ask("What incidents are affecting payments in `europe-west1` this week?")
    ours, theirs = answer.incidents
    assert (ours["service"], ours["status"], ours["recorded_by"]) == ("ledger", "open", "spiketrace")
    assert (theirs["status"], theirs["recorded_by"], theirs["orders_affected"]) == ("being looked at", "others", 120)
    assert ours["report"].startswith(f"{PUBLIC_URL}/reports/r-")
    text = section(answer)
    assert text.startswith("1 incident affects payments in europe-west1, and is still open [e1].")
    assert f"; taken to be the same as {ours['incident_id']}, which is open" in text
    assert theirs["same_as"] == ours["incident_id"]
    assert all(word in text for word in ("DiskFullError", "critical", "cost so far: ", "120 orders affected", "$5,400"))
    assert f"<{ours['report']}>" in answer.text
    assert "<b>" not in answer.text


def test_what_is_on_record_is_told_from_the_report(desk: Desk) -> None:
    answer = desk.ask("Why is payments failing in europe-west1?")
    assert tuple(answer.sections) == SIX
    assert "payments, europe-west1: the cause is dependency ledger, europe-west1, confidence 0." in answer.direct
    assert "on record of it" not in answer.direct
    links = {item.link for item in answer.evidence}
    assert all(link and link.startswith(f"{PUBLIC_URL}/reports/r-") for link in links)
    (incident,) = answer.incidents
    assert f"{incident['incident_id']}); open, critical;" in answer.closing


def test_an_incident_or_a_report_may_be_named(desk: Desk) -> None:
    (incident,) = desk.ask("incidents of ledger").incidents
    assert "DiskFullError" in desk.ask(f"explain {incident['incident_id']}").direct
    report_id = incident["report"].rpartition("/")[2]
    assert "ledger, europe-west1" in desk.ask(f"what does {report_id} say").direct
    assert "There is no incident inc-20200101-00000000-1 on record" in section(desk.ask("why inc-20200101-00000000-1"))


def test_nothing_found_is_said_with_what_was_looked_at(desk: Desk) -> None:
    answer = desk.ask("What is wrong with search in us-central1 in the last 2 hours?")
    text = section(answer)
    assert text.startswith("Nothing that goes wrong was found with search, us-central1 in these 2 hours.")
    assert "No report and no incident is on record for it." in text
    assert "Investigated for this question, and not confirmed: search, us-central1" in text
    assert "search, us-central1 emitted" in text
    assert answer.offer is None
    incidents = desk.ask("incidents affecting search this week")
    assert section(incidents).startswith("No incident on record affects search in this time [e1].")


def test_no_spike_is_no_spike(desk: Desk) -> None:
    answer = desk.ask("Why did emissions spike in europe-west1 in the last 30 minutes?")
    assert section(answer).startswith("No spike of emissions was found of europe-west1 in these 30 minutes.")
    assert "\neurope-west1 emitted " in section(answer)
    assert answer.charts[0].kind == "line"


def test_how_much_and_how_much_before(desk: Desk) -> None:
    answer = desk.ask("How much CO2 did checkout emit between 00:00 and 01:00 today?")
    window = Window(start=_midnight(), end=_midnight() + timedelta(hours=1))
    grams, _ = desk.shop.emitted(window, "checkout", None)
    before, _ = desk.shop.emitted(Window.before(window.start, window.length), "checkout", None)
    first, second = answer.evidence[:2]
    assert first.result["total_grams"] == pytest.approx(grams, rel=1e-12)
    assert second.result["total_grams"] == pytest.approx(before, rel=1e-12)
    assert f"{abs(grams / before - 1) * 100:.1f} %" in section(answer)
    assert "By region: us-central1" in section(answer)
    (chart,) = answer.charts
    minutes = 5
    known = [value for _, value in chart.series[0].points if value is not None]
    assert fsum(known) * minutes == pytest.approx(grams, rel=1e-9)


@pytest.mark.parametrize(
    ("question", "by", "named", "among"),
    [
        ("What share of emissions does search have today?", "service", "search", None),
        ("what percentage of CO2 comes from search in `us-central1` today", "service", "search", US),
        ("What share of CO2 does `us-central1` have today?", "region", US, None),
    ],
)
def test_a_share_is_one_of_all_of_them(desk: Desk, question: str, by: str, named: str, among: str | None) -> None:
    answer = desk.ask(question)
    window = Window(start=_midnight(), end=NOW)
    whole, _ = desk.shop.emitted(window, None, among)
    own, _ = desk.shop.emitted(window, *((named, among) if by == "service" else (None, named)))
    first = section(answer).splitlines()[0]
    assert first.startswith(f"{named} emitted ")
    assert f", {100 * own / whole:.1f} % of the " in first
    assert f" of all {by}s{' in us-central1' if among else ''} in 1 h 20 min: place " in first
    assert answer.evidence[0].result["total_grams"] == pytest.approx(whole, rel=1e-12)
    assert f"what share of all CO₂ {named} emitted" in answer.understood.sentence


def test_a_time_that_was_barely_sampled_is_no_measure(empty_desk: Desk) -> None:
    """A quarter of an hour of the day before, and all of this one."""
    moments = [NOW - timedelta(minutes=minutes) for minutes in range(1, 24 * 60 + 15)]
    documents = ({"@timestamp": iso(at), "service": "search", "estimated_co2_grams": 2.0} for at in moments)
    helpers.bulk(empty_desk.client, ({"_index": "spiketrace-carbon-metrics-test", "_source": one} for one in documents))
    empty_desk.client.indices.refresh(index="spiketrace-*")
    _, before, *_ = section(empty_desk.ask("How much CO2 in the last 24 hours?")).splitlines()
    assert before == (
        "Only 28 gCO₂e is known of the day before [e2], which is not sampled alike: the samples of then begin at "
        "2026-03-11T01:06Z only. So it does not tell a rise or a fall."
    )
    _, before, *_ = section(empty_desk.ask("How much CO2 in the last 2 hours?")).splitlines()
    assert before == "In the 2 hours before it was 240 gCO₂e: +0.0 % since [e2]."


def test_what_was_not_sampled_is_not_known_and_not_zero(desk: Desk) -> None:
    longer = desk.ask("How much CO2 did search emit on 1 March?")
    assert "is not known, and not zero" in section(longer)
    assert "0 g" not in section(longer)
    half = desk.ask("how much CO2 was emitted by search from 2026-03-10T12:00Z to 2026-03-11T12:00Z")
    assert "The first sample is of 2026-03-10T21:40Z: nothing is known of the time before." in section(half)
    assert "before is not known: no sample is of then" in section(half)


def test_errors_by_region_are_summed_over_its_services(desk: Desk) -> None:
    answer = desk.ask("errors since yesterday evening by region")
    listed = [line for line in section(answer).splitlines() if line.startswith(("- europe", "- us-"))]
    assert "By region, the largest share of errors first:" in section(answer)
    assert "which errors were logged, by region; " in answer.understood.sentence
    assert len(listed) == 2
    logged = desk.answering.looks.logged(Scope(None, EU), window_of(answer)).rows
    errors, lines = sum(row.errors or 0 for row in logged), sum(row.lines for row in logged)
    assert f"- {EU}: {errors:,} errors in {lines:,} lines, " in section(answer)
    assert "By service and region, the" in section(desk.ask("errors since yesterday evening"))


def test_half_a_minute_is_a_time_as_any_other(desk: Desk) -> None:
    for question in (
        "errors in the last 30 seconds",
        "how much CO2 in the last 30 seconds",
        "incidents last 30 seconds",
    ):
        assert window_of(desk.ask(question)).length == timedelta(seconds=30)


def test_errors_with_their_types_and_no_secret(desk: Desk) -> None:
    answer = desk.ask("Which errors had checkout since yesterday evening?")
    assert "PoolTimeoutError" in section(answer)
    assert "password=[" in section(answer)
    assert SECRET not in json.dumps(told(answer))
    lines = desk.ask('logs of checkout with "no connection in the pool" last night')
    assert 'log lines of checkout hold "no connection in the pool", the newest first [e1]:' in section(lines)
    assert SECRET not in json.dumps(told(lines))


def test_nearly_all_of_it_is_not_all_of_it(empty_desk: Desk) -> None:
    levels = ["ERROR"] * 299 + ["INFO"]
    documents = [{"@timestamp": iso(NOW - timedelta(minutes=5)), "service": "auth", "level": one} for one in levels]
    helpers.bulk(empty_desk.client, ({"_index": "spiketrace-logs-test", "_source": one} for one in documents))
    empty_desk.client.indices.refresh(index="spiketrace-*")
    assert "299 errors in 300 log lines of auth, 99.6 % [e1]." in section(empty_desk.ask("errors of auth"))


def test_what_is_quoted_is_looked_for_as_it_stands_and_only_then_by_its_words(empty_desk: Desk) -> None:
    for minute, message in enumerate(["the certificate has expired", "expired has no certificate"] * 2):
        at = iso(NOW - timedelta(minutes=minute + 1))
        document = {"@timestamp": at, "service": "auth", "message": f"{message}, no {minute}"}
        empty_desk.client.index(index="spiketrace-logs-test", document=document, refresh=True)
    exact, *lines = section(empty_desk.ask('logs of auth with "Certificate has expired"')).splitlines()
    assert exact == '2 log lines of auth hold "Certificate has expired", the newest first [e1]:'
    assert [line.partition("auth: ")[2] for line in lines] == [f"the certificate has expired, no {n}" for n in (0, 2)]
    both = section(empty_desk.ask('logs of auth with "certificate has expired" and "no 2"'))
    assert both.startswith('1 log line of auth holds "certificate has expired" and "no 2", the newest')
    some, *_ = section(empty_desk.ask('logs of auth with "certificate of x509 expired"')).splitlines()
    assert some == (
        'No log line of auth in this time holds "certificate of x509 expired" [e1]. '
        "4 log lines of auth hold some of these words, the best first [e2]:"
    )
    none = section(empty_desk.ask('logs of auth with "connection refused"'))
    assert none == 'No log line of auth in this time holds "connection refused" [e1], nor any of its words [e2].'


def test_every_deployment_is_counted_and_told_as_it_stands(empty_desk: Desk) -> None:
    """600 in two records each, which is more than one search brings; the last one was finished after midnight."""
    for minute, status in ((0, "started"), (2, "succeeded")):
        documents = [
            {
                "@timestamp": iso(_midnight() - timedelta(minutes=1 + number - minute)),
                "service": "auth",
                "region": US,
                "deployment_id": f"deploy-{number}",
                "status": status,
            }
            for number in range(600)
        ]
        helpers.bulk(
            empty_desk.client, ({"_index": "spiketrace-deployments-test", "_source": one} for one in documents)
        )
    empty_desk.client.indices.refresh(index="spiketrace-*")
    answer = empty_desk.ask("How many deployments yesterday?")
    first, newest, *_, more = section(answer).splitlines()
    assert first == "600 deployments of all services, the newest 20 [e1]:"
    assert newest == "- 11 Mar 2026 23:59 UTC: auth, us-central1, deploy-0, succeeded"
    assert (more, answer.evidence[0].result["count"]) == ("- 580 more", 600)
    assert empty_desk.ask("last 50 deployments").sections["answer"].count("succeeded") == 50


def test_deployments_and_reports(desk: Desk) -> None:
    deployments = section(desk.ask("What was deployed since yesterday?"))
    assert deployments.splitlines()[1:] == [
        "- 12 Mar 2026 00:50 UTC: search, us-central1, deploy-10, version 1.8.1, succeeded",
        "- 11 Mar 2026 23:18 UTC: checkout, us-central1, deploy-9, version 2.3.0, succeeded",
    ]
    assert section(desk.ask("What was deployed in europe-west1?")).startswith(
        "No deployment or other change of europe-west1"
    )
    reports = desk.ask("reports about ledger in Berlin time")
    assert len(reports.reports) == 2
    assert "12 Mar 2026 01:45 Europe/Berlin: critical, root cause found" in section(reports)
    assert section(desk.ask("reports about search")).startswith("No report about search is of this time")


def test_as_of_then_nothing_later_is_looked_at(desk: Desk) -> None:
    answer = desk.ask("incidents", now=OUTAGE_BEFORE)
    assert section(answer).startswith("No incident on record affects anything")
    assert "No report about" in section(desk.ask("latest reports", now=OUTAGE_BEFORE))
    early = desk.ask("What is wrong with checkout in us-central1?", now=BAD_SINCE - timedelta(minutes=10))
    assert early.offer is None


OUTAGE_BEFORE = BAD_SINCE + timedelta(minutes=50)


@pytest.mark.parametrize(
    "question", ["emissions of checkout {}", "what is wrong with `{}`", 'logs of checkout with "{}"']
)
def test_a_secret_in_a_question_is_not_repeated(desk: Desk, question: str) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    steps: list[Step] = []
    answer = desk.ask(question.format(secret), steps=steps)
    document = told(answer)
    document["understood"] |= {"words": None, "phrases": None}  # what the engine was asked for
    shown = json.dumps([{**document, "evidence": []}, [step.text for step in steps]])
    assert secret not in shown


def test_steps_are_told_as_they_happen(desk: Desk) -> None:
    steps: list[Step] = []
    answer = desk.ask("errors of search", steps=steps)
    assert steps[0] == Step("understood", answer.understood.sentence)
    assert [step.kind for step in steps[1:]] == ["looking", "found"]


def test_what_was_not_understood_is_told_with_examples_and_nothing_is_looked_up(desk: Desk) -> None:
    answer = desk.ask("what's wrong with chekout")
    assert answer.understood.topic is None
    assert 'There is no service or region called "chekout"; did you mean checkout?' in section(answer)
    assert "- What's going wrong with checkout in us-central1?" in section(answer)
    assert (answer.evidence, answer.offer) == ([], None)


def test_a_zone_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(RequestRefused, match="no time zone 'Atlantis'"):
        desk.ask("errors", zone="Atlantis")


def test_an_answer_is_plain_json_with_a_link_for_each_evidence(desk: Desk) -> None:
    document = json.loads(json.dumps(told(desk.ask("Which services contributed most to CO₂ in europe-west1 today?"))))
    assert document["understood"]["topic"] == Topic.EMISSIONS_RANKING
    (evidence,) = document["evidence"]
    assert evidence["query"]["aggs"]["grams"] == {"sum": {"field": "estimated_co2_grams"}}
    assert evidence["link"].startswith(f"{KIBANA_URL}/app/discover#/?_g=")
    assert "region%60%20%3D%3D%20%22europe-west1%22" in evidence["link"]
    assert document["author"] == "template"


def test_what_the_profile_does_not_name_is_said(desk: Desk) -> None:
    shipped = load_profile("spiketrace")
    logs_only = replace(desk, profile=shipped.model_copy(update={"metrics": None, "changes": [], "incidents": None}))
    assert "This is not measured here: the profile names no metrics." in section(logs_only.ask("emissions of checkout"))
    assert "This is not measured here: the profile names no deployments" in section(logs_only.ask("What was deployed?"))
    assert "No incident on record affects search" in section(logs_only.ask("incidents of search"))
    assert "Nothing that goes wrong was found" in section(logs_only.ask("What is wrong with search?"))
    assert shipped.metrics is not None
    metrics_only = replace(desk, profile=shipped.model_copy(update={"logs": None}))
    assert "This is not measured here: the profile names no logs." in section(metrics_only.ask("errors of checkout"))
    assert len(metrics_only.ask("Which services emitted most CO2?").charts) == 1


def test_two_ways_of_stating_emissions_that_disagree_are_named(desk: Desk) -> None:
    shipped = load_profile("spiketrace")
    assert shipped.metrics is not None
    assert shipped.metrics.cross_check is not None
    twice = shipped.metrics.cross_check.model_copy(update={"factor": 2000})
    odd = replace(
        desk, profile=shipped.model_copy(update={"metrics": shipped.metrics.model_copy(update={"cross_check": twice})})
    )
    assert "they disagree" in section(odd.ask("emissions of search"))
    assert "they disagree" not in section(desk.ask("emissions of search"))


def test_names_from_telemetry_are_words_in_the_answer(empty_desk: Desk) -> None:
    name = "<img src=x onerror=alert(1)> [click](https://evil.example)"
    document = {
        "@timestamp": iso(NOW - timedelta(hours=1)),
        "service": name,
        "region": "🛒",
        "estimated_co2_grams": 5.0,
    }
    empty_desk.client.index(index="spiketrace-carbon-metrics-test", document=document, refresh=True)
    answer = empty_desk.ask("Which services emitted most CO2?")
    assert dict(answer.charts[0].series[0].points) == {name: 5.0}
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(answer.text)
    assert [piece for piece in ("<img", "<a ") if piece in rendered] == []
    assert empty_desk.ask("emissions in `***`").understood.topic is None
    assert empty_desk.ask("emissions in `🛒`").understood.region == "🛒"


def test_those_that_log_and_send_no_emissions_are_named(empty_desk: Desk) -> None:
    at = {"@timestamp": iso(NOW - timedelta(hours=1)), "region": US}

    def send(kind: str, **document: object) -> None:
        empty_desk.client.index(index=f"spiketrace-{kind}-test", document=at | document, refresh=True)

    send("carbon-metrics", service="checkout", estimated_co2_grams=5.0)
    send("logs", service="batch", message="done")
    assert "not in it: batch, which logs and sends no emissions." in section(empty_desk.ask("How much CO2 today?"))
    send("logs", service="cron", message="done")
    assert "not in it: batch, cron, which log and send no emissions." in section(empty_desk.ask("How much CO2 today?"))
    assert section(empty_desk.ask("How much CO2 today?")).startswith("All services emitted ")


def test_an_empty_engine_is_said_to_be_empty(empty_desk: Desk) -> None:
    assert "no sample of emissions" in section(empty_desk.ask("Which services emitted most CO2?"))
    assert "Nothing was logged" in section(empty_desk.ask("errors yesterday"))
    nameless = section(empty_desk.ask("errors of checkout"))
    assert "No telemetry of the last 14 days names a service or region" in nameless
    assert section(empty_desk.ask("What is going wrong?")).startswith("Nothing that goes wrong was found")
    assert US not in section(empty_desk.ask("incidents"))
    assert EU not in section(empty_desk.ask("reports"))
