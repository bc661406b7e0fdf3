"""What Slack is sent of an incident's course, and what is found of an attempt that broke off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.delivery.samples import INCIDENT_ID, a_notice, an_incident
from tests.incidents.samples import FIRED, ONSET, a_report
from tests.standins.server import Vendors
from worker.delivery.configured import destinations
from worker.delivery.slack.interaction import Asked, Judged, actions_in
from worker.delivery.slack.payload import opening, state_in_a_line
from worker.delivery.slack.sparkline import BARS, MOST_BARS, NO_SAMPLE, in_words, sparkline
from worker.delivery.slack.sparkline import ONSET as MARK
from worker.delivery.words import subject
from worker.domain.incident import Delivery, Feedback, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.domain.report import Chart, Mark
from worker.errors import DeliveryError
from worker.ports import DeliveryReceipt, Destination

NOW = datetime.now(UTC)
URL = "https://spiketrace.example"
OVER = {
    "status": IncidentStatus.RESOLVED,
    "resolved_at": ONSET + timedelta(minutes=38),
    "duration_minutes": 38.0,
}


@pytest.fixture
def bot(vendors: Vendors) -> Destination:
    return destinations(vendors.bot_settings())["slack"]


def after(*events: str, **changes: Any) -> Incident:
    opened = an_incident()
    entries = [HistoryEntry(at=NOW, event=event, reason=f"{event} {number}.") for number, event in enumerate(events, 1)]
    return opened.model_copy(update={"history": [*opened.history, *entries], **changes})


def news(incident: Incident, told: int, *, repeated: bool = False) -> Notice:
    return Notice(incident, a_report(), tuple(incident.news[told:]), revision=len(incident.news), is_repeated=repeated)


def made(receipt: DeliveryReceipt, **changes: Any) -> Delivery:
    return Delivery(state="pending", updated_at=NOW, **receipt.model_dump(), **changes)


def update(bot: Destination, receipt: DeliveryReceipt, notice: Notice, **changes: Any) -> DeliveryReceipt:
    return bot.update(notice, made(receipt, **changes)) or receipt


def first_line(message: dict[str, Any]) -> str:
    return str(message["blocks"][0]["text"]["text"])


def replies(vendors: Vendors) -> list[str]:
    return [reply["text"] for reply in vendors.messages[0]["replies"]]


def scopes(vendors: Vendors, *names: str) -> None:
    httpx.put(f"{vendors.url}/slack/rights", json={"scopes": names}).raise_for_status()


def test_the_message_shows_the_present_state_and_the_thread_the_course(bot: Destination, vendors: Vendors) -> None:
    receipt = update(bot, bot.open(a_notice()), news(an_incident(), 1))
    assert not receipt.unfinished
    update(bot, receipt, news(after("cause"), 1))
    update(bot, receipt, news(after("cause", "resolved", **OVER), 2))
    (message,) = vendors.messages
    assert first_line(message).startswith("*✅ Resolved 11:20 UTC after 38 min: [high] checkout us-central1: failing")
    assert replies(vendors) == [
        f"Details of {subject(an_incident())}",
        "Cause: cause 1.",
        "Resolved: resolved 2.",
    ]


def test_the_details_say_why_what_else_and_what_to_do(bot: Destination, vendors: Vendors) -> None:
    update(bot, bot.open(a_notice()), news(an_incident(), 1))
    (details,) = vendors.messages[0]["replies"]
    titles = [block["text"]["text"].split("\n")[0] for block in details["blocks"]]
    assert titles == ["*Why*", "*Other explanations*", "*Evidence*", "*Recommendations*", "*Not known*"]


@pytest.mark.parametrize(
    ("line", "incident"),
    [
        ("[high] checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841 (began 10:42", after()),
        ("✅ Resolved 11:20 UTC after 38 min: [high] checkout us-central1: failing", after("resolved", **OVER)),
        ("Open again since ", after("resolved", "reopened")),
        ("✅ Resolved: [high] checkout", after("resolved", status=IncidentStatus.CLOSED)),
    ],
)
def test_the_first_line_says_what_is_broken_since_when_and_how_bad(line: str, incident: Incident) -> None:
    assert state_in_a_line(incident).startswith(line)


class TestRepeated:
    def test_an_opening_is_found_and_brought_up_to_date(self, bot: Destination, vendors: Vendors) -> None:
        first = bot.open(a_notice())
        renamed = an_incident(title="another title")
        assert bot.open(news(renamed, 0, repeated=True)) == first
        assert "another title" in first_line(vendors.messages[0])

    def test_only_what_the_thread_has_not_is_posted(self, bot: Destination, vendors: Vendors) -> None:
        receipt = bot.open(a_notice())
        update(bot, receipt, news(after("cause"), 1))
        update(bot, receipt, news(after("cause", "spread"), 1, repeated=True))
        assert replies(vendors)[1:] == ["Spread: spread 2."]
        update(bot, receipt, news(after("cause", "spread"), 1, repeated=True))
        assert len(replies(vendors)) == 2

    def test_a_message_of_another_incident_is_another(self, bot: Destination, vendors: Vendors) -> None:
        bot.open(a_notice())
        bot.open(a_notice(an_incident(incident_id=f"{INCIDENT_ID}-2")))
        assert len(vendors.messages) == 2

    def test_it_is_found_behind_many_others(self, bot: Destination, vendors: Vendors) -> None:
        first = bot.open(a_notice())
        body = {"channel": vendors.credentials.slack_channel, "text": "chatter"}
        headers = {"authorization": f"Bearer {vendors.credentials.slack_token}"}
        with httpx.Client(base_url=f"{vendors.url}/slack/api/", headers=headers) as client:
            for _ in range(250):
                client.post("chat.postMessage", json=body)
        assert bot.open(news(an_incident(), 0, repeated=True)) == first

    @pytest.mark.parametrize("step", ["open", "update"])
    def test_without_the_right_to_read_it_is_not_posted_twice(
        self, bot: Destination, vendors: Vendors, step: str
    ) -> None:
        scopes(vendors, "chat:write")
        receipt = update(bot, bot.open(a_notice()), news(an_incident(), 1))
        told = (len(vendors.messages), replies(vendors))
        again = {
            "open": lambda: bot.open(news(an_incident(), 0, repeated=True)),
            "update": lambda: update(bot, receipt, news(after("cause"), 1, repeated=True)),
        }
        with pytest.raises(DeliveryError, match="may have been posted") as error:
            again[step]()
        assert "lacks the scope channels:history" in error.value.reason
        assert not error.value.retryable
        assert (len(vendors.messages), replies(vendors)) == told

    @pytest.mark.parametrize(
        ("channel", "advice"), [("#incidents", "give the channel by its id"), ("C0OTHER", "give the channel by its id")]
    )
    def test_a_channel_that_cannot_be_read_is_explained(self, bot: Destination, channel: str, advice: str) -> None:
        notice = Notice(an_incident(), a_report(), (), revision=1, options={"channel": channel}, is_repeated=True)
        with pytest.raises(DeliveryError, match=advice):
            bot.open(notice)


def test_the_channel_is_the_policys_if_it_names_one(bot: Destination, vendors: Vendors) -> None:
    notice = Notice(an_incident(), a_report(), (), revision=1, options={"channel": "C0OTHER"})
    with pytest.raises(DeliveryError, match="Slack says channel_not_found") as error:
        bot.open(notice)
    assert not error.value.retryable


@pytest.mark.parametrize(
    ("error", "retryable", "ambiguous"),
    [
        ("ratelimited", True, False), ("internal_error", True, True), ("fatal_error", True, True),
        ("service_unavailable", True, False), ("is_archived", False, False), ("invalid_auth", False, False),
    ],
)  # fmt: skip
def test_what_slack_calls_by_name(
    bot: Destination, vendors: Vendors, error: str, retryable: bool, ambiguous: bool
) -> None:
    body = f'{{"ok": false, "error": "{error}"}}'
    vendors.fail("/slack/api/chat.postMessage", status=200, body=body, headers={"content-type": "application/json"})
    with pytest.raises(DeliveryError, match=f"Slack says {error}") as caught:
        bot.open(a_notice())
    assert (caught.value.retryable, caught.value.is_ambiguous) == (retryable, ambiguous)


def test_a_message_that_may_not_be_edited_any_more_has_its_thread(bot: Destination, vendors: Vendors) -> None:
    receipt = update(bot, bot.open(a_notice()), news(an_incident(), 1))
    body = '{"ok": false, "error": "edit_window_closed"}'
    vendors.fail("/slack/api/chat.update", status=200, body=body, headers={"content-type": "application/json"})
    update(bot, receipt, news(after("resolved", **OVER), 1))
    assert replies(vendors)[-1] == "Resolved: resolved 1."


def test_a_deleted_message_is_no_reason_to_post_another(bot: Destination, vendors: Vendors) -> None:
    receipt = DeliveryReceipt(vendor_id=f"{vendors.credentials.slack_channel}/1700000000.000001")
    with pytest.raises(DeliveryError, match="message_not_found") as error:
        update(bot, receipt, news(after("cause"), 1))
    assert not error.value.retryable
    assert vendors.messages == []


def test_by_a_webhook_an_incident_that_ends_twice_has_one_end(vendors: Vendors) -> None:
    webhook = destinations(vendors.settings())["slack"]
    receipt = webhook.open(Notice(after("resolved", **OVER), a_report(), (), revision=1))
    for events in (("resolved",), ("resolved", "reopened", "resolved")):
        incident = after(*events, **OVER)
        update(webhook, receipt, news(incident, len(events)), told=len(events))
    assert [message["text"][:10] for message in vendors.messages] == ["[high] che", "✅ Resolved"]


class TestPeople:
    def message(self, incident: Incident, *asks_for: str) -> dict[str, Any]:
        notice = Notice(incident, a_report(), (), revision=1, asks_for=asks_for)
        return opening(notice, URL, is_interactive=True)

    def buttons(self, message: dict[str, Any]) -> list[tuple[str, str]]:
        actions = [block for block in message["blocks"] if block["type"] == "actions"]
        return [(one["action_id"], one["value"]) for block in actions for one in block["elements"]]

    def contexts(self, message: dict[str, Any]) -> list[str]:
        return [block["elements"][0]["text"] for block in message["blocks"] if block["type"] == "context"]

    def test_they_are_asked_for_what_the_policy_left_open(self) -> None:
        message = self.message(an_incident(), "jira", "pagerduty")
        assert self.buttons(message) == [
            ("ask:jira", INCIDENT_ID),
            ("judge:right", f"{INCIDENT_ID} report-1"),
            ("judge:wrong", f"{INCIDENT_ID} report-1"),
        ]
        assert "Create a Jira ticket for this incident?" in str(message)

    def test_nobody_is_asked_where_nobody_would_hear_the_answer(self) -> None:
        notice = Notice(an_incident(), a_report(), (), revision=1, asks_for=("jira",))
        assert self.buttons(opening(notice, URL)) == []

    @pytest.mark.parametrize(
        ("by", "state", "said"),
        [
            ("slack:U024BE7LH", {"state": "pending"}, "<@U024BE7LH> asked for a Jira ticket: it is being made"),
            ("Ada <!channel>", {"state": "pending"}, "Ada &lt;!channel&gt; asked for a Jira ticket: it is being made"),
            (
                "slack:U024BE7LH",
                {"state": "done", "vendor_id": "OPS-1", "url": "https://jira.example/browse/OPS-1"},
                "<@U024BE7LH> asked for a Jira ticket: <https://jira.example/browse/OPS-1|OPS-1>",
            ),
            (
                "slack:U024BE7LH",
                {"state": "failed", "reason": "no such <project>"},
                "<@U024BE7LH> asked for a Jira ticket: it could not be made: no such &lt;project&gt;",
            ),
        ],
    )
    def test_the_message_says_who_asked_and_what_came_of_it(self, by: str, state: dict[str, Any], said: str) -> None:
        ticket = Delivery(updated_at=NOW, asked_by=by, **state)
        assert self.contexts(self.message(an_incident(deliveries={"jira": ticket})))[0] == said

    def test_thumbs_are_counted(self) -> None:
        thumbs = [Feedback(at=NOW, by=by, report_id="r", right=by != "b", root_cause=None) for by in "abc"]
        assert self.contexts(self.message(an_incident(feedback=thumbs)))[0] == "Root cause: 👍 2 · 👎 1"


def a_chart(values: list[float | None], *, onset: datetime | None = None) -> Chart:
    marks = [Mark(at=onset, kind="onset", label="onset")] if onset else []
    return Chart(id="c", title="CO₂, checkout", unit="g/min", start=FIRED, step_seconds=60, values=values, marks=marks)


EMPTY: list[list[float | None]] = [[], [None, None], [3]]


class TestSparkline:
    def test_it_rises_from_the_lowest_to_the_highest(self) -> None:
        assert sparkline(a_chart([0, 1, None, 4, 8])) == "▁▂·▅█"

    def test_the_onset_is_marked(self) -> None:
        chart = a_chart([1, 1, 1, 9], onset=FIRED + timedelta(minutes=3))
        assert sparkline(chart) == "▁▁▁│█"
        assert in_words(chart) == "CO₂, checkout: 1 to 9 g/min, 10:50 to 10:54 UTC, │ onset 10:53"

    def test_there_is_none_of_nothing(self) -> None:
        assert [sparkline(a_chart(values)) for values in EMPTY] == [None, None, None]

    @given(
        values=st.lists(st.none() | st.floats(-1e12, 1e12), max_size=400),
        offset=st.none() | st.integers(-1000, 1000),
    )
    def test_it_is_short_and_of_bars_only(self, values: list[float | None], offset: int | None) -> None:
        onset = None if offset is None else FIRED + timedelta(minutes=offset)
        drawn = sparkline(a_chart(values, onset=onset)) or ""
        assert len(drawn) <= MOST_BARS + 1
        assert set(drawn) <= {*BARS, NO_SAMPLE, MARK}


class TestInteraction:
    def pressed(self, **changes: Any) -> bytes:
        action = {
            "action_id": "ask:jira",
            "value": INCIDENT_ID,
            "action_ts": "1700000000.5",
            **changes.pop("action", {}),
        }
        payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": [action], **changes}
        return str(httpx.QueryParams({"payload": json.dumps(payload)})).encode()

    def test_a_wish_and_a_judgement(self) -> None:
        assert actions_in(self.pressed()) == [Asked(INCIDENT_ID, "jira", "slack:U1")]
        judged = self.pressed(action={"action_id": "judge:wrong", "value": f"{INCIDENT_ID} report-1"})
        at = datetime.fromtimestamp(1700000000.5, UTC)
        assert actions_in(judged) == [Judged(INCIDENT_ID, "report-1", False, "slack:U1", at)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"type": "view_submission"},
            {"user": {"id": "<!channel>"}},
            {"user": None},
            {"actions": "x"},
            {"actions": [None, 7]},
            {"action": {"value": "../_search"}},
            {"action": {"value": "."}},
            {"action": {"value": "a" * 300}},
            {"action": {"action_id": "ask:../x"}},
            {"action": {"action_id": ["ask:jira"]}},
            {"action": {"action_id": "judge:right", "value": f"{INCIDENT_ID} r1", "action_ts": "nan"}},
            {"action": {"action_id": "judge:right", "value": f"{INCIDENT_ID} a b"}},
        ],
    )
    def test_what_has_another_form_is_nothing(self, changes: dict[str, Any]) -> None:
        assert actions_in(self.pressed(**changes)) == []

    @given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"payload={text}".encode()))
    def test_anything_may_be_posted(self, body: bytes) -> None:
        assert actions_in(body) == []
