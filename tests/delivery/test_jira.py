"""An issue tells the course of its incident, each piece of it once, wherever an attempt breaks off."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.delivery.contract import configured, in_data_center, text_of
from tests.delivery.samples import INCIDENT_ID, a_later_notice, a_notice, a_receipt, an_incident, later
from tests.standins.server import LOCAL, Vendors, running_vendors
from worker.delivery.configured import destinations
from worker.delivery.jira.payload import mark
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.errors import ConfigurationError, DeliveryError
from worker.ports import Destination
from worker.settings import load_settings

OPENED = an_incident()
PAGE = "http://127.0.0.1:8080/reports/report-1"


@dataclass
class Site:
    """One edition of Jira, with the issue of an incident that has just been opened."""

    vendors: Vendors
    api: str
    destination: Destination

    @property
    def issues(self) -> list[dict[str, Any]]:
        is_cloud = self.api.startswith("/jira/")
        return self.vendors.issues if is_cloud else self.vendors.data_center_issues

    @property
    def issue(self) -> dict[str, Any]:
        (issue,) = self.issues
        return issue

    @property
    def comments(self) -> list[str]:
        """Their bodies, whatever they are written in."""
        return [text_of(comment["body"]) for comment in self.issue["comments"]]

    @property
    def status(self) -> str:
        return str(self.issue["fields"]["status"]["name"])

    def open(self, notice: Notice | None = None) -> Delivery:
        return a_receipt(self.destination.open(notice or a_notice(OPENED)))

    def as_people_do(self, method: str, path: str, body: Any = None) -> None:
        credentials = self.vendors.credentials
        is_cloud = self.api.startswith("/jira/")
        headers = {} if is_cloud else {"authorization": f"Bearer {credentials.jira_personal_token}"}
        auth = (credentials.jira_user, credentials.jira_token) if is_cloud else None
        url = f"{self.vendors.url}{self.api}/issue/OPS-1{path}"
        LOCAL.request(method, url, json=body, headers=headers, auth=auth).raise_for_status()

    def choose_workflow(self, name: str) -> None:
        LOCAL.put(f"{self.vendors.url}/workflow/{name}").raise_for_status()


@pytest.fixture(params=["cloud", "data center"])
def site(request: pytest.FixtureRequest, vendors: Vendors) -> Site:
    return a_site(vendors, is_cloud=request.param == "cloud")


def a_site(vendors: Vendors, *, is_cloud: bool = True, **changes: str) -> Site:
    made = configured(vendors) if is_cloud else in_data_center(vendors)
    if changes:
        made = destinations(vendors.settings(**changes))
    return Site(vendors, "/jira/rest/api/3" if is_cloud else "/jira-data-center/rest/api/2", made["jira"])


def test_all_that_is_new_is_one_comment(site: Site) -> None:
    made = site.open()
    incident = later(OPENED, "cause", "severity")
    site.destination.update(a_later_notice(incident), made)
    (comment,) = site.comments
    assert "Cause found 11:20 UTC: Deployment deploy-8841 was found to be the cause." in comment
    assert "Severity changed 11:20 UTC: From high to critical: 31 " in comment
    assert "Do first: " in comment.replace("{*}", "")
    assert "Roll deploy-8841 of checkout back to 2.2.9" in comment
    assert comment.rstrip().endswith(mark(INCIDENT_ID, 3))
    assert PAGE in json.dumps(site.issue["comments"])


def test_a_comment_is_for_those_who_work_on_it_and_not_for_customers(site: Site) -> None:
    site.destination.update(a_later_notice(later(OPENED, "spread")), site.open())
    (comment,) = site.issue["comments"]
    assert comment["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]


def test_the_summary_and_the_priority_follow_the_severity(site: Site) -> None:
    site.destination.update(a_later_notice(later(OPENED, "severity")), site.open())
    fields = site.issue["fields"]
    assert fields["summary"].startswith("[critical] checkout us-central1: failing requests")
    assert fields["priority"] == {"name": "Highest"}


def test_what_people_have_reworded_stays_theirs(site: Site) -> None:
    made = site.open()
    site.as_people_do("PUT", "", {"fields": {"summary": "Checkout is down", "priority": {"name": "Lowest"}}})
    site.destination.update(a_later_notice(later(OPENED, "cause")), made)
    assert site.issue["fields"]["summary"] == "Checkout is down"
    assert site.issue["fields"]["priority"] == {"name": "Lowest"}


def test_what_cannot_be_edited_stops_nothing(site: Site) -> None:
    made = site.open()
    errors = {name: f"Field '{name}' cannot be set." for name in ("summary", "priority")}
    site.vendors.fail(
        f"PUT {site.api}/issue/OPS-1", status=400, body=json.dumps({"errorMessages": [], "errors": errors})
    )
    site.destination.update(a_later_notice(later(OPENED, "severity", "resolved")), made)
    assert (site.issue["fields"]["priority"], site.status) == ({"name": "High"}, "Done")


def test_what_the_workflow_does_not_open_again_is_not_edited(site: Site) -> None:
    made = site.open()
    over = later(OPENED, "resolved")
    site.destination.update(a_later_notice(over), made)
    body = json.dumps({"errorMessages": ["Closed is closed."], "errors": {}})
    site.vendors.fail(f"POST {site.api}/issue/OPS-1/transitions", status=400, body=body)
    site.destination.update(a_later_notice(later(over, "severity", "reopened"), told=2), made)
    assert (site.status, site.issue["edits"], len(site.comments)) == ("Done", 0, 2)


def test_a_priority_that_the_project_does_not_have_is_left_as_it_is(site: Site) -> None:
    made = site.open()
    body = json.dumps({"errorMessages": [], "errors": {"priority": "Priority name is not valid"}})
    site.vendors.fail(f"PUT {site.api}/issue/OPS-1", status=400, body=body)
    site.destination.update(a_later_notice(later(OPENED, "severity")), made)
    assert site.issue["fields"]["summary"].startswith("[critical]")
    assert site.issue["fields"]["priority"] == {"name": "High"}


def test_it_is_done_when_the_incident_is_over_and_open_again_with_it(site: Site) -> None:
    made = site.open()
    over = later(OPENED, "resolved")
    site.destination.update(a_later_notice(over), made)
    assert site.status == "Done"
    assert "Resolved 11:20 UTC after 38 min; " in site.comments[0]
    back = later(over, "reopened")
    site.destination.update(a_later_notice(back, told=2), made)
    assert site.status == "To Do"
    assert "Reopened 11:20 UTC" in site.comments[1]


def test_what_is_over_and_back_before_anybody_was_told_is_not_moved(site: Site) -> None:
    made = site.open()
    site.destination.update(a_later_notice(later(OPENED, "resolved", "reopened")), made)
    assert (site.status, site.issue["moves"], len(site.comments)) == ("To Do", 0, 1)


def test_settled_figures_move_nothing(site: Site) -> None:
    made = site.open()
    over = later(OPENED, "resolved")
    site.destination.update(a_later_notice(over), made)
    site.as_people_do("POST", "/transitions", {"transition": {"id": "21"}})
    site.destination.update(a_later_notice(later(over, "settled"), told=2), made)
    assert (site.status, len(site.comments)) == ("In Progress", 2)


def test_what_people_have_closed_is_not_moved(site: Site) -> None:
    made = site.open()
    site.as_people_do("POST", "/transitions", {"transition": {"id": "31"}})
    site.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert (site.status, site.issue["moves"], len(site.comments)) == ("Done", 1, 1)


def test_what_is_done_is_edited_only_after_it_was_opened_again(site: Site) -> None:
    made = site.open()
    over = later(OPENED, "resolved")
    site.destination.update(a_later_notice(over), made)
    worse = later(over, "severity")
    site.destination.update(a_later_notice(worse, told=2), made)
    assert site.issue["fields"]["summary"].startswith("[high]")
    site.destination.update(a_later_notice(later(worse, "reopened"), told=3), made)
    assert (site.status, site.issue["edits"]) == ("To Do", 1)
    assert site.issue["fields"]["summary"].startswith("[critical]")
    assert site.issue["fields"]["priority"] == {"name": "Highest"}


def test_where_the_workflow_has_no_end_the_comment_alone_says_so(site: Site) -> None:
    site.choose_workflow("endless")
    site.destination.update(a_later_notice(later(OPENED, "resolved")), site.open())
    assert (site.status, len(site.comments)) == ("To Do", 1)


def test_a_resolution_is_given_where_the_workflow_asks_for_it(site: Site) -> None:
    site.choose_workflow("strict")
    made = site.open()
    site.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert site.status == "Done"
    assert site.issue["fields"]["resolution"] == {"name": "Fixed"}


def test_a_workflow_that_refuses_after_all_is_left_to_people(site: Site) -> None:
    made = site.open()
    body = json.dumps({"errorMessages": ["Only the manager may close it."], "errors": {}})
    site.vendors.fail(f"POST {site.api}/issue/OPS-1/transitions", status=400, body=body)
    site.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert (site.status, len(site.comments)) == ("To Do", 1)


@pytest.mark.parametrize(("named", "status"), [("in progress", "In Progress"), ("31", "Done"), ("No such", "To Do")])
def test_the_settings_may_name_the_way(vendors: Vendors, named: str, status: str) -> None:
    site = a_site(vendors, SPIKETRACE_JIRA_DONE_TRANSITION=named)
    site.destination.update(a_later_notice(later(OPENED, "resolved")), site.open())
    assert site.status == status


WRITES = ["POST comment", "PUT ", "POST transitions"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", WRITES)
def test_wherever_it_breaks_off_each_thing_is_done_once(site: Site, write: str, when: str) -> None:
    """An answer that is lost is what a killed worker leaves behind: the vendor has done it, or has not."""
    made = site.open()
    notice = a_later_notice(later(OPENED, "severity", "resolved"))
    method, part = write.split(" ")
    site.vendors.fail(f"{method} {site.api}/issue/OPS-1/{part}".rstrip("/"), when=when)
    with pytest.raises(DeliveryError) as caught:
        site.destination.update(notice, made)
    assert caught.value.retryable
    assert (caught.value.retry_after_seconds or 0) >= 15
    for _ in range(2):
        site.destination.update(notice, made)
    assert (len(site.comments), site.issue["moves"], site.status) == (1, 1, "Done")
    assert site.issue["fields"]["summary"].startswith("[critical]")


def test_what_an_attempt_told_before_it_broke_off_is_not_told_with_the_next_news(site: Site) -> None:
    made = site.open()
    known = later(OPENED, "severity")
    site.destination.update(a_later_notice(known), made)
    site.destination.update(a_later_notice(later(known, "spread"), told=1), made)
    first, second = site.comments
    assert "Severity changed" in first
    assert "Severity changed" not in second
    assert "It has spread" in second


def test_an_issue_that_was_made_before_the_news_is_told_them_when_it_is_found(site: Site) -> None:
    """The attempt that made it broke off before its receipt was written; meanwhile more has happened."""
    site.destination.open(a_notice(OPENED))
    later_on = a_later_notice(later(OPENED, "severity"), told=0)
    for _ in range(2):
        site.destination.open(later_on)
    (comment,) = site.comments
    assert "Severity changed" in comment
    assert "Opened" not in comment


def test_a_description_that_tells_it_all_needs_no_comment(site: Site) -> None:
    notice = a_later_notice(later(OPENED, "severity"), told=0)
    for _ in range(2):
        site.destination.open(notice)
    assert site.comments == []


def test_what_people_write_in_between_hides_nothing(site: Site) -> None:
    made = site.open()
    notice = a_later_notice(later(OPENED, "spread"))
    site.destination.update(notice, made)
    is_cloud = site.api.startswith("/jira/")
    said = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": []}]} if is_cloud else "Looking."
    for _ in range(25):
        site.as_people_do("POST", "/comment", {"body": said})
    site.destination.update(notice, made)
    assert len(site.comments) == 26


def test_an_issue_that_people_have_deleted_is_not_made_again(site: Site) -> None:
    made = site.open()
    site.as_people_do("DELETE", "")
    with pytest.raises(DeliveryError, match="reading OPS-1: Jira has no such issue, or no longer shows it") as caught:
        site.destination.update(a_later_notice(later(OPENED, "resolved")), made)
    assert not caught.value.retryable
    assert site.issues == []


def test_the_issue_is_linked_to_its_report_once(site: Site) -> None:
    site.open()
    site.open()
    (link,) = site.issue["links"].items()
    assert link == (f"spiketrace={INCIDENT_ID}", {"url": PAGE, "title": "SpikeTrace: the whole report"})


def test_a_site_without_links_gets_its_issue_all_the_same(site: Site) -> None:
    site.vendors.fail(f"{site.api}/issue/OPS-1/remotelink", status=403, body="Issue linking is currently disabled.")
    assert site.open().vendor_id == "OPS-1"
    assert site.issue["links"] == {}


def test_the_policy_chooses_the_project_and_the_type(site: Site) -> None:
    site.destination.open(replace(a_notice(OPENED), options={"project": "DESK", "issue_type": "Bug"}))
    assert site.issue["key"] == "DESK-1"
    assert site.issue["fields"]["issuetype"]["name"] == "Bug"


@pytest.mark.parametrize("wanted", ["26", "report an incident"])
def test_an_incident_may_be_a_request_of_a_service_desk(site: Site, wanted: str) -> None:
    notice = replace(a_notice(OPENED), options={"project": "DESK", "request_type": wanted})
    for _ in range(2):
        assert site.open(notice).vendor_id == "DESK-1"
    fields = site.issue["fields"]
    assert fields["issuetype"]["name"] == "[System] Incident"
    assert f"spiketrace-{INCIDENT_ID}" in fields["labels"]
    assert "customfield_10010" in fields


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"request_type": "26"}, "project OPS has none that this user may see, so it has no request types"),
        (
            {"project": "DESK", "request_type": "Nothing"},
            "the service desk of DESK has no such one; it has Ask a question, Report an incident",
        ),
    ],
)
def test_a_request_type_that_is_not_there_is_named(site: Site, options: dict[str, str], reason: str) -> None:
    with pytest.raises(DeliveryError, match=reason) as caught:
        site.destination.open(replace(a_notice(OPENED), options=options))
    assert not caught.value.retryable
    assert site.issues == []


def test_the_settings_may_name_the_request_type_and_the_policy_none(vendors: Vendors) -> None:
    site = a_site(vendors, SPIKETRACE_JIRA_REQUEST_TYPE="26", SPIKETRACE_JIRA_PROJECT="DESK")
    site.destination.open(replace(a_notice(OPENED), options={"request_type": ""}))
    assert "customfield_10010" not in site.issue["fields"]


def test_a_rate_limit_is_waited_for() -> None:
    with running_vendors(jira_burst=1) as vendors:
        site = a_site(vendors)
        with pytest.raises(DeliveryError, match=r"creating the issue: .* answered 429: Rate limit exceeded") as caught:
            site.open()
        assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 10.0)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, "SPIKETRACE_JIRA_USER"),
        ({"SPIKETRACE_JIRA_DEPLOYMENT": "server"}, "SPIKETRACE_JIRA_DEPLOYMENT"),
        ({"SPIKETRACE_JIRA_DEPLOYMENT": "data-center", "SPIKETRACE_JIRA_TOKEN": ""}, "SPIKETRACE_JIRA_TOKEN"),
    ],
)
def test_what_an_edition_needs_is_said(changes: dict[str, str], missing: str) -> None:
    given = {
        "SPIKETRACE_JIRA_URL": "https://jira.example",
        "SPIKETRACE_JIRA_TOKEN": "t",
        "SPIKETRACE_JIRA_PROJECT": "OPS",
    }
    with pytest.raises(ConfigurationError, match=missing):
        destinations(load_settings({**given, **changes}))


LOGIN = {"status": 200, "body": "<h1>Please log in</h1>", "headers": {"content-type": "text/html"}}


@pytest.mark.parametrize("call", ["GET ", "POST /comment", "PUT ", "GET /transitions", "POST /transitions"])
def test_a_page_of_somebody_in_between_is_not_jiras_answer(site: Site, call: str) -> None:
    made = site.open()
    method, part = call.split(" ")
    site.vendors.fail(f"{method} {site.api}/issue/OPS-1{part}", **LOGIN)
    with pytest.raises(DeliveryError, match="the answer is not Jira's") as caught:
        site.destination.update(a_later_notice(later(OPENED, "severity", "resolved")), made)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "path", ["servicedeskapi/servicedesk", "servicedeskapi/servicedesk/4/requesttype", "api/3/field"]
)
def test_nor_is_it_its_service_desks(vendors: Vendors, path: str) -> None:
    site = a_site(vendors)
    vendors.fail(f"GET /jira/rest/{path}", **LOGIN)
    with pytest.raises(DeliveryError, match="the answer is not Jira's"):
        site.open(replace(a_notice(OPENED), options={"project": "DESK", "request_type": "26"}))
    assert site.issues == []
