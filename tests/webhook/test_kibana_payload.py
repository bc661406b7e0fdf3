"""What Kibana sends, and what else may arrive at the same address."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhook.bodies import PARAMS, active, encoded, flapping, recovered, summary
from worker.domain.alert import Alert
from worker.errors import InvalidAlert
from worker.kibana_body import LINE_CHARACTERS, TEXT_CHARACTERS, letter_about
from worker.posted import parse_alert

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
DATE = datetime(2026, 2, 26, 9, 30, 3, 120_000, tzinfo=UTC)


def _parse(body: Any) -> Alert:
    return parse_alert(body if isinstance(body, bytes) else encoded(body), received_at=NOW)


def _reason(body: Any) -> str:
    with pytest.raises(InvalidAlert) as raised:
        _parse(body)
    return raised.value.reason


def test_an_active_alert() -> None:
    alert = _parse(active())
    assert (alert.rule.id, alert.rule.type, alert.rule.space_id) == ("spiketrace-carbon", ".index-threshold", "default")
    assert (alert.rule.tags, alert.rule.params) == (("spiketrace", "carbon"), PARAMS)
    assert (alert.instance, alert.group, alert.action_group) == ("us-central1", "us-central1", "threshold met")
    assert (alert.date, alert.context_date) == (DATE, DATE.replace(second=0, microsecond=0))
    assert (alert.value, alert.flapping, alert.consecutive_matches) == (12.4, False, 1)
    assert alert.message.endswith("\n\n- Value: 12.4")
    assert not alert.is_recovery


def test_a_recovery_names_the_alert_it_ends() -> None:
    alert = _parse(recovered())
    assert alert.is_recovery
    assert alert.value is None
    assert alert.alert_id == _parse(active()).alert_id


def test_a_summary_is_one_alert_of_its_rule() -> None:
    alert = _parse(summary())
    assert (alert.uuid, alert.instance, alert.action_group) == ("spiketrace-carbon",) * 2 + ("default",)
    assert (alert.value, alert.context_date, alert.title) == (None, None, "")


def test_a_flapping_alert_without_context() -> None:
    alert = _parse(flapping())
    assert alert.flapping
    assert (alert.group, alert.instance, alert.date) == ("", "us-central1", DATE)


@pytest.mark.parametrize(
    ("date", "context_date", "expected"),
    [
        ("2026-02-26T09:30:03.120Z", "2026-02-26T09:30:00.000Z", DATE),
        ("2026-02-26T10:30:03.120+01:00", "", DATE),
        ("2026-02-26T09:30:03.120", "", DATE),
        ("", "2026-02-26T09:30:03.120Z", DATE),
        ("not a date", "2026-02-26T09:30:03.120Z", DATE),
        (None, "", NOW),
        (1_772_098_203, {}, NOW),
        ("0001-01-01T00:00:00+14:00", "", NOW),
    ],
)
def test_the_date_is_kibanas_if_it_gave_one(date: Any, context_date: Any, expected: datetime) -> None:
    alert = _parse(active(date=date, context={"date": context_date}))
    assert (alert.date, alert.date.tzinfo) == (expected, UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.4", 12.4),
        (12.4, 12.4),
        ("0", 0.0),
        (" 1.2e+21 ", 1.2e21),
        ("-3", -3.0),
        ("", None),
        ("unknown", None),
        (None, None),
        (True, None),
        ([1], None),
        ("Infinity", None),
        ("nan", None),
        ("1e999", None),
        (10**400, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_value_is_a_finite_number_or_none(value: Any, expected: float | None) -> None:
    assert _parse(active(context={"value": value})).value == expected


@pytest.mark.parametrize(
    ("tags", "expected"), [("a,b", ("a", "b")), ("", ()), ([], ()), ({}, ()), (["a", 7, None], ("a", "7"))]
)
def test_tags_in_every_form_that_templates_make_of_them(tags: Any, expected: tuple[str, ...]) -> None:
    assert _parse(active(rule={"tags": tags})).rule.tags == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (json.dumps(PARAMS), PARAMS),
        ("", {}),
        ("[1]", {}),
        ("{broken", {}),
        ("[" * 50_000, {}),
        ([1], {}),
        ({"query": "x" * 40_000}, {}),
        ({"a": {"b": [1, None, True]}}, {"a": {"b": [1, None, True]}}),
        ({"a": "\ud800"}, {"a": "\ufffd"}),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_params_are_an_object_or_a_string_that_holds_one(params: Any, expected: Any) -> None:
    assert _parse(active(rule={"params": params})).rule.params == expected


def test_params_that_are_nested_without_end_are_cut() -> None:
    nested: dict[str, Any] = {}
    for _ in range(300):
        nested = {"a": nested}
    assert len(json.dumps(_parse(active(rule={"params": nested})).rule.params)) < 300


def test_a_display_name_of_the_recovery_is_one() -> None:
    assert _parse(active(alert={"action_group": "Recovered"})).is_recovery


def test_without_an_action_group_of_the_alert_the_events_counts() -> None:
    body = recovered()
    del body["alert"]["action_group"]
    assert _parse(body).is_recovery
    del body["event_action"]
    assert _parse(body).action_group == "default"


def test_only_the_identity_is_required() -> None:
    alert = _parse({"rule": {"id": "r"}, "alert": {"id": "checkout"}})
    assert (alert.uuid, alert.instance, alert.date) == ("checkout", "checkout", NOW)
    assert _parse({"rule": {"id": 7}, "alert": {"uuid": 8}}).uuid == "8"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rule": {"id": "r"}},
        {"alert": {"uuid": "u"}},
        {"rule": {"id": ""}, "alert": {"uuid": "u"}},
        {"rule": {"id": "r"}, "alert": {"uuid": "  ", "id": ""}},
        {"rule": "r", "alert": "u"},
        {"rule": {"id": ["r"]}, "alert": {"uuid": {}}},
    ],
    ids=str,
)
def test_a_body_without_identity_says_what_is_missing(body: Any) -> None:
    assert "rule.id or no alert.uuid" in _reason(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b'error rendering mustache template "{...": Unclosed section "x" at 7', "could not render"),
        (b'{"v": }', "line 1, column 7"),
        (b'{"v": unknown}', "not JSON"),
        (b'{"v": NaN}', "not JSON"),
        (b'{"v": -Infinity}', "not JSON"),
        (b"\xff\xfe{", "not UTF-8"),
        (b"[]", "no object"),
        (b'"text"', "no object"),
        (b"null", "no object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"v": ' + b"9" * 5_000 + b"}", "not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_alert_is_refused_with_what_to_do(body: bytes, words: str) -> None:
    assert words in _reason(body)


def test_a_byte_order_mark_and_raw_newlines_do_not_matter() -> None:
    body = b"\xef\xbb\xbf" + encoded(active(rule={"name": "LINE"})).replace(b"LINE", b"two\nlines")
    assert _parse(body).rule.name == "two\nlines"


def test_control_characters_and_halves_of_characters_become_replacement_characters() -> None:
    alert = _parse(active(alert={"id": "a\x00b\ud800c\x7f"}, context={"title": "x\x1b[31my\tz"}))
    assert alert.instance == "a\ufffdb\ufffdc\ufffd"
    assert alert.title == "x\ufffd[31my\tz"
    alert.model_dump_json()


def test_long_texts_are_cut_and_long_ids_stay_apart() -> None:
    long = "x" * 100_000
    alert = _parse(active(context={"message": long, "title": long}, rule={"name": long}))
    assert (len(alert.message), len(alert.title), len(alert.rule.name)) == (
        TEXT_CHARACTERS,
        LINE_CHARACTERS,
        LINE_CHARACTERS,
    )
    one, two = (_parse(active(uuid=long + end)) for end in "ab")
    assert len(one.uuid) <= 512
    assert one.alert_id != two.alert_id


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//elsewhere/x", "/app/discover", "ftp://x", 7])
def test_only_addresses_of_the_web_are_links(link: Any) -> None:
    alert = _parse(active(context={"link": link}, rule={"url": link}))
    assert (alert.link, alert.rule.url) == ("", "")
    assert _parse(active(context={"link": "https://kibana/app"})).link == "https://kibana/app"


def test_one_letter_for_one_body() -> None:
    letter = letter_about(b"{\xff" + b"x" * 100_000, "not UTF-8")
    assert letter == letter_about(b"{\xff" + b"x" * 100_000, "not UTF-8")
    assert letter.letter_id != letter_about(b"{", "not JSON").letter_id
    assert len(letter.payload) <= 4_096
    letter.model_dump_json()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
parts = st.dictionaries(
    st.sampled_from(
        ["id", "uuid", "action_group", "flapping", "consecutive_matches", "tags", "params", "name", "date"]
    ),
    json_values,
    max_size=6,
)


@given(body=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    with suppress(InvalidAlert):
        _parse(body).model_dump_json()


@given(rule=parts | json_values, alert=parts | json_values, context=parts | json_values, date=json_values)
def test_no_shape_does_more_than_be_refused(rule: Any, alert: Any, context: Any, date: Any) -> None:
    body = json.dumps({"rule": rule, "alert": alert, "context": context, "date": date}).encode()
    try:
        parsed = _parse(body)
    except InvalidAlert:
        return
    # What was let in can be stored, read back, and named again.
    again = Alert.model_validate_json(parsed.model_dump_json())
    assert again == parsed
    assert (again.alert_id, again.renotification_id) == (parsed.alert_id, parsed.renotification_id)


identities = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: bool(text.strip()))


@given(rule_id=identities, uuid=identities, space=identities)
def test_the_key_depends_on_rule_uuid_and_space_alone(rule_id: str, uuid: str, space: str) -> None:
    body = active(uuid, rule={"id": rule_id, "space_id": space})
    alert = _parse(body)
    told_otherwise = _parse({**recovered(uuid), "rule": {"id": rule_id, "space_id": space, "name": "renamed"}})
    assert alert.alert_id == told_otherwise.alert_id
    others = (
        _parse(active(uuid + "x", rule={"id": rule_id, "space_id": space})),
        _parse(active(uuid, rule={"id": rule_id + "x", "space_id": space})),
        _parse(active(uuid, rule={"id": rule_id, "space_id": space + "x"})),
    )
    assert alert.alert_id not in {other.alert_id for other in others}


@given(offset=st.integers(-14, 14), milliseconds=st.integers(0, 10**9))
def test_one_moment_is_one_renotification_in_whatever_zone_it_is_written(offset: int, milliseconds: int) -> None:
    moment = DATE + timedelta(milliseconds=milliseconds)
    zoned = moment.astimezone(timezone(timedelta(hours=offset)))
    there, here = (_parse(active(date=each.isoformat())) for each in (zoned, moment))
    assert there.renotification_id == here.renotification_id
    later = _parse(active(date=(moment + timedelta(milliseconds=1)).isoformat()))
    assert (later.alert_id, later.renotification_id != here.renotification_id) == (here.alert_id, True)
