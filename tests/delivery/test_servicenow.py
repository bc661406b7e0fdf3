"""A record tells the course of its incident, each piece of it once, wherever an attempt breaks off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from demo.standins.servicenow import GROUPS
from tests.delivery.contract import configured
from tests.delivery.samples import INCIDENT_ID, a_later_notice, a_notice, a_receipt, an_incident, later
from tests.delivery.test_contract import report_of
from tests.incidents.samples import a_report
from tests.standins.server import LOCAL, Vendors
from worker.delivery.configured import destinations
from worker.delivery.servicenow.payload import LONGEST_TEXT, description, work_note
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import Destination
from worker.settings import load_settings

OPENED = an_incident()
PAGE = "http://127.0.0.1:8080/reports/report-1"


@dataclass
class Instance:
    """ServiceNow with the record of an incident that has just been opened."""

    vendors: Vendors
    destination: Destination

    @property
    def record(self) -> dict[str, Any]:
        (record,) = self.vendors.records
        return record

    @property
    def values(self) -> dict[str, str]:
        values: dict[str, str] = self.record["values"]
        return values

    @property
    def path(self) -> str:
        return f"/servicenow/api/now/table/incident/{self.record['sys_id']}"

    def open(self, notice: Notice | None = None) -> Delivery:
        return a_receipt(self.destination.open(notice or a_notice(OPENED)))

    def as_people_do(self, method: str, body: Any = None) -> None:
        auth = (self.vendors.credentials.servicenow_user, self.vendors.credentials.servicenow_password)
        LOCAL.request(method, f"{self.vendors.url}{self.path}", json=body, auth=auth).raise_for_status()


@pytest.fixture
def instance(vendors: Vendors) -> Instance:
    return an_instance(vendors)


def an_instance(vendors: Vendors, **changes: str) -> Instance:
    made = destinations(vendors.settings(**changes)) if changes else configured(vendors)
    return Instance(vendors, made["servicenow"])


def test_the_record_says_what_is_broken_how_bad_and_why(instance: Instance) -> None:
    made = instance.open()
    values = instance.values
    assert values["short_description"] == "[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841"
    assert (values["impact"], values["urgency"]) == ("2", "1")
    assert values["correlation_id"] == INCIDENT_ID
    assert values["description"].split("\n\n") == [
        a_report().sections.overview,
        (
            "Impact: 1,240 requests failed · 410 gCO₂e more than expected · 31 orders affected (estimated) · "
            "$1,520 lost (estimated)"
        ),
        (
            "Cause, the likeliest first:\n"
            "- Deployment deploy-8841, version 2.3.0 (checkout, us-central1); confidence 0.93: Its own documents fail "
            "14 times as often as those of the version before, in the same minutes [e2 e5].\n"
            "- Dependency ledger, us-central1; confidence 0.05: ledger is called by checkout and has two errors more "
            "than usual [e3]."
        ),
        "\n".join(["Recommendations:", *(f"- {step}" for step in a_report().sections.recommendations)]),
        "Not known:\n- traces: there is no index of them. Effect: Callers are guessed by time.",
        f"The whole report: {PAGE}",
    ]
    assert made.vendor_id == instance.record["number"]
    assert made.url == f"{instance.vendors.url}/servicenow/nav_to.do?uri=incident.do?sys_id={instance.record['sys_id']}"


def test_all_that_is_new_is_one_note(instance: Instance) -> None:
    instance.destination.update(a_later_notice(later(OPENED, "cause", "severity")), instance.open())
    assert instance.record["notes"] == [
        (
            "Cause found 11:20 UTC: Deployment deploy-8841 was found to be the cause.\n"
            "Severity changed 11:20 UTC: From high to critical: 31 % of requests failed in two regions.\n\n"
            f"The report: {PAGE}"
        )
    ]
    assert (instance.values["impact"], instance.values["urgency"]) == ("1", "1")
    assert instance.values["short_description"].startswith("[critical] ")


def test_what_people_have_reworded_stays_theirs(instance: Instance) -> None:
    made = instance.open()
    instance.as_people_do("PATCH", {"short_description": "Checkout is down", "impact": "3"})
    instance.destination.update(a_later_notice(later(OPENED, "cause")), made)
    assert (instance.values["short_description"], instance.values["impact"]) == ("Checkout is down", "3")


def test_it_is_resolved_with_the_incident_and_reopened_with_it(instance: Instance) -> None:
    made = instance.open()
    over = later(OPENED, "resolved")
    instance.destination.update(a_later_notice(over), made)
    values = instance.values
    assert (values["state"], values["close_code"]) == ("6", "Solution provided")
    assert values["close_notes"].startswith("Resolved 11:20 UTC after 38 min; ")
    assert values["close_notes"].endswith("Cause: Deployment deploy-8841, version 2.3.0 (checkout, us-central1).")
    instance.destination.update(a_later_notice(later(over, "reopened"), told=2), made)
    assert (instance.values["state"], len(instance.record["notes"])) == ("2", 2)


@pytest.mark.parametrize("state", ["6", "7"])
def test_what_people_have_ended_gets_a_note_and_no_more(instance: Instance, state: str) -> None:
    made = instance.open()
    instance.as_people_do("PATCH", {"state": state, "close_code": "Duplicate", "close_notes": "Of INC1."})
    instance.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert (instance.values["state"], instance.values["close_notes"]) == (state, "Of INC1.")
    assert len(instance.record["notes"]) == 1


def test_a_record_that_is_closed_may_take_no_note(instance: Instance) -> None:
    made = instance.open()
    instance.as_people_do("PATCH", {"state": "7", "close_code": "Duplicate", "close_notes": "Of INC1."})
    instance.vendors.fail(f"PATCH {instance.path}", status=403, body='{"error": {"message": "Operation Failed"}}')
    instance.destination.update(a_later_notice(later(OPENED, "severity", "resolved")), made)
    assert (instance.values["impact"], instance.record["notes"]) == ("2", [])


def test_what_people_have_closed_is_not_reopened(instance: Instance) -> None:
    made = instance.open()
    over = later(OPENED, "resolved")
    instance.destination.update(a_later_notice(over), made)
    instance.as_people_do("PATCH", {"state": "7"})
    instance.destination.update(a_later_notice(later(over, "reopened"), told=2), made)
    assert (instance.values["state"], len(instance.record["notes"])) == ("7", 2)


def test_settled_figures_change_no_state(instance: Instance) -> None:
    made = instance.open()
    over = later(OPENED, "resolved")
    instance.destination.update(a_later_notice(over), made)
    instance.as_people_do("PATCH", {"state": "2"})
    instance.destination.update(a_later_notice(later(over, "settled"), told=2), made)
    assert (instance.values["state"], len(instance.record["notes"])) == ("2", 2)


def test_where_a_policy_refuses_the_end_the_note_alone_says_so(vendors: Vendors) -> None:
    instance = an_instance(vendors)
    made = instance.open()
    body = '{"error": {"message": "Operation Failed", "detail": "Data Policy Exception"}, "status": "failure"}'
    vendors.fail(f"PATCH {instance.path}", status=403, body=body)
    instance.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert (instance.values["state"], len(instance.record["notes"])) == ("1", 1)


def test_the_settings_name_the_resolution(vendors: Vendors) -> None:
    instance = an_instance(vendors, SPIKETRACE_SERVICENOW_CLOSE_CODE="Resolved by caller")
    instance.destination.update(a_later_notice(later(OPENED, "resolved")), instance.open())
    assert instance.values["close_code"] == "Resolved by caller"


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_it_breaks_off_each_thing_is_done_once(instance: Instance, when: str) -> None:
    made = instance.open()
    notice = a_later_notice(later(OPENED, "severity", "resolved"))
    instance.vendors.fail(f"PATCH {instance.path}", when=when)
    with pytest.raises(DeliveryError) as caught:
        instance.destination.update(notice, made)
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 30.0)
    for _ in range(2):
        instance.destination.update(notice, made)
    assert (len(instance.record["notes"]), instance.record["changes"], instance.values["state"]) == (1, 1, "6")


def test_what_an_attempt_told_before_it_broke_off_is_not_told_with_the_next_news(instance: Instance) -> None:
    made = instance.open()
    known = later(OPENED, "severity")
    instance.destination.update(a_later_notice(known), made)
    instance.destination.update(a_later_notice(later(known, "spread"), told=1), made)
    first, second = instance.record["notes"]
    assert "Severity changed" in first
    assert "Severity changed" not in second
    assert "It has spread" in second


def test_a_record_that_was_made_before_the_news_is_told_them_when_it_is_found(instance: Instance) -> None:
    instance.open()
    later_on = a_later_notice(later(OPENED, "severity"), told=0)
    for _ in range(2):
        instance.open(later_on)
    (note,) = instance.record["notes"]
    assert "Severity changed" in note
    assert "Opened" not in note


def test_a_record_that_people_have_deleted_is_not_made_again(instance: Instance) -> None:
    made = instance.open()
    instance.as_people_do("DELETE")
    with pytest.raises(DeliveryError, match="reading the record: ServiceNow has no such record") as caught:
        instance.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert not caught.value.retryable
    assert instance.vendors.records == []


@pytest.mark.parametrize("group", ["SRE", GROUPS["SRE"]])
def test_the_policy_chooses_the_group_by_name_or_id(instance: Instance, group: str) -> None:
    instance.open(replace(a_notice(OPENED), options={"assignment_group": group}))
    assert instance.values["assignment_group"] == GROUPS["SRE"]


def test_a_group_that_is_not_there_is_named(instance: Instance) -> None:
    with pytest.raises(DeliveryError, match="looking for the group 'Nobody': there is none of that name") as caught:
        instance.open(replace(a_notice(OPENED), options={"assignment_group": "Nobody"}))
    assert not caught.value.retryable
    assert instance.vendors.records == []


def test_an_answer_with_another_record_is_none(instance: Instance) -> None:
    """An instance passes over the part of a query that it does not understand."""
    other = '{"result": [{"sys_id": "1", "number": "INC1", "correlation_id": "somebody-elses"}]}'
    instance.vendors.fail("GET /servicenow/api/now/table/incident", status=200, body=other)
    assert instance.open().vendor_id == instance.record["number"]


def test_a_token_does_as_well_as_a_password(vendors: Vendors) -> None:
    token = {"SPIKETRACE_SERVICENOW_USER": "", "SPIKETRACE_SERVICENOW_TOKEN": vendors.credentials.servicenow_token}
    assert an_instance(vendors, **token).open().vendor_id == "INC0010001"


def test_what_it_needs_is_said() -> None:
    with pytest.raises(ConfigurationError, match="SPIKETRACE_SERVICENOW_TOKEN"):
        destinations(
            load_settings({"SPIKETRACE_SERVICENOW_URL": "https://x.example", "SPIKETRACE_SERVICENOW_USER": "u"})
        )
    with pytest.raises(ConfigurationError, match="SPIKETRACE_SERVICENOW_URL would send credentials over plain http"):
        load_settings({"SPIKETRACE_SERVICENOW_URL": "http://x.example", "SPIKETRACE_SERVICENOW_TOKEN": "t"})


@given(piece=st.sampled_from(["[code]<b>x</b>[/CODE]", "x", "🔥", "a\n", "[e1] "]), size=st.integers(0, 2000))
def test_any_text_fits_and_is_no_html(piece: str, size: int) -> None:
    notice = a_notice(an_incident(title=piece * size), report_of(piece * size))
    for text in (description(notice, public_url=PAGE), work_note(notice, public_url=PAGE)):
        assert len(text) <= LONGEST_TEXT
        assert "[code]" not in text.lower()
        assert text.splitlines()[-1].startswith("The ")


def test_a_user_who_may_not_write_the_correlation_is_named_in_the_log(instance: Instance) -> None:
    answer = '{"result": {"sys_id": "1", "number": "INC1", "correlation_id": ""}}'
    instance.vendors.fail("POST /servicenow/api/now/table/incident", status=201, body=answer)
    with capture_logs() as logged:
        assert instance.open().vendor_id == "INC1"
    assert [(entry["log_level"], entry["record"]) for entry in logged] == [("warning", "INC1")]
