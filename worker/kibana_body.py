"""Kibana's notification of an alert, as the shipped connector templates render it, read into an Alert.

The webhook posts it as JSON, the index connector writes it as a document; the fields are the same. Kibana renders
every scalar as a string, what is missing as "", and sends what its template made even when that is no JSON. So
everything but the identity of the alert may be missing, of another type, or absurd.
https://www.elastic.co/docs/explore-analyze/alerts-cases/alerts/rule-action-variables
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from worker.domain.alert import RECOVERED, Alert, Rule
from worker.domain.redaction.redact import MARGIN, excerpt, redact, redact_values
from worker.domain.window import parse_time
from worker.errors import InvalidAlert
from worker.ports import Letter

ID_CHARACTERS = 512
LINE_CHARACTERS = 1_024
TEXT_CHARACTERS = 8_192
PARAMS_CHARACTERS = 32_768
PARAMS_DEPTH = 20
TAGS = 100
LETTER_CHARACTERS = 4_096
PARTS = ("rule", "alert", "context")
MUSTACHE_ERROR = "error rendering mustache template"
NOT_RENDERED = "Kibana could not render the template of the action: correct it in the rule's action"

# Lone surrogates cannot be encoded, and control characters act on whoever displays them; tab and newlines may stay.
_UNFIT = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_alert(payload: Mapping[str, Any], *, received_at: datetime) -> Alert:
    """The alert in `payload`. Without a date of its own it is dated `received_at`.

    Raises InvalidAlert, with a reason that says what is wrong and what to do.
    """
    head = read_head(payload)
    rule, alert, context = (_part(payload, name) for name in PARTS)
    group = _text(context.get("group"), LINE_CHARACTERS)
    return Alert(
        rule=_rule(head, rule),
        instance=_text(alert.get("id"), LINE_CHARACTERS) or group or head.uuid,
        uuid=head.uuid,
        action_group=head.action_group,
        date=head.date or received_at,
        flapping=_flag(alert.get("flapping")),
        consecutive_matches=_count(alert.get("consecutive_matches")),
        title=_told(context.get("title"), LINE_CHARACTERS),
        message=_told(context.get("message"), TEXT_CHARACTERS),
        conditions=_told(context.get("conditions"), TEXT_CHARACTERS),
        value=_number(context.get("value")),
        group=group,
        context_date=_date(context.get("date")),
        link=_link(context.get("link")),
    )


class Head(NamedTuple):
    """Whose notification it is, and which of those. `date` is None where the sender gave none."""

    space_id: str
    rule_id: str
    uuid: str
    action_group: str
    date: datetime | None

    @property
    def is_recovery(self) -> bool:
        return self.action_group == RECOVERED


def read_head(payload: Mapping[str, Any]) -> Head:
    """As much of the alert in `payload` as decides whether it is one, and a new one. Raises InvalidAlert."""
    rule, alert, context = (_part(payload, name) for name in PARTS)
    rule_id = _identity(rule.get("id"))
    uuid = _identity(alert.get("uuid")) or _identity(alert.get("id"))
    if not rule_id or not uuid:
        raise InvalidAlert(
            "the body names no rule.id or no alert.uuid: use the body of the connector that SpikeTrace ships"
        )
    if rule_id.startswith(MUSTACHE_ERROR) or uuid.startswith(MUSTACHE_ERROR):
        raise InvalidAlert(NOT_RENDERED)
    return Head(
        space_id=_identity(rule.get("space_id")) or "default",
        rule_id=rule_id,
        uuid=uuid,
        action_group=_action_group(payload, alert),
        date=_date(payload.get("date")) or _date(context.get("date")),
    )


def letter_about(body: bytes, reason: str) -> Letter:
    """The dead letter for a body that is no alert: the same for the same body."""
    return Letter(
        letter_id=f"invalid-{hashlib.sha256(body).hexdigest()[:32]}",
        kind="invalid",
        reason=reason,
        payload=_told(body[: LETTER_CHARACTERS + MARGIN].decode("utf-8", "replace"), LETTER_CHARACTERS),
    )


def load_object(text: str) -> Mapping[str, Any]:
    """The object that `text` is as JSON. Raises InvalidAlert."""
    if not text.strip():
        raise InvalidAlert("the body is empty: set the body of the rule's action to the one that SpikeTrace ships")
    if text.lstrip().startswith(MUSTACHE_ERROR):
        raise InvalidAlert(NOT_RENDERED)
    payload = _load(text)
    if not isinstance(payload, dict):
        raise InvalidAlert("the body is JSON but no object: use the body of the connector that SpikeTrace ships")
    return payload


def _load(text: str) -> Any:
    """Raw newlines inside strings are let pass: a template with triple braces makes them."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise InvalidAlert("the body is nested too deeply") from None
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidAlert(
            f"the body is not JSON{where}: quote every scalar of the template, as in the body that SpikeTrace ships"
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


# Made once: `json.loads` with options makes one each time.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse_constant)


def _part(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = payload.get(name)
    return part if isinstance(part, dict) else {}


def _rule(head: Head, rule: Mapping[str, Any]) -> Rule:
    try:
        return _same_rule(head.rule_id, head.space_id, json.dumps(rule, sort_keys=True))
    except RecursionError:
        raise InvalidAlert("the body is nested too deeply") from None


@lru_cache(maxsize=256)
def _same_rule(rule_id: str, space_id: str, text: str) -> Rule:
    """The rule says the same with each of its alerts, and to find its secrets takes longest: it is read once."""
    rule = json.loads(text)
    return Rule(
        id=rule_id,
        name=_told(rule.get("name"), LINE_CHARACTERS),
        type=_text(rule.get("type"), LINE_CHARACTERS),
        space_id=space_id,
        url=_link(rule.get("url")),
        tags=_tags(rule.get("tags")),
        params=_params(rule.get("params")),
    )


def _action_group(payload: Mapping[str, Any], alert: Mapping[str, Any]) -> str:
    group = _text(alert.get("action_group") or payload.get("event_action"), LINE_CHARACTERS)
    # The group's display name, "Recovered", is what some templates send.
    return RECOVERED if group.casefold() == RECOVERED else group or "default"


def _text(value: Any, limit: int) -> str:
    """A scalar as text, stripped, cut to `limit` characters and fit to be stored; "" for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        return ""
    text = _UNFIT.sub("\ufffd", str(value) if not isinstance(value, int) else _integer_text(value)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _told(value: Any, limit: int) -> str:
    """Text for people: without its secrets, which are taken out before it is cut. Names and ids stay verbatim here."""
    text = redact(_text(value, limit + MARGIN))
    return text if len(text) <= limit else f"{excerpt(text, limit - 1)}…"


def _integer_text(value: int) -> str:
    # Python refuses to print an integer of more than 4,300 digits.
    return str(value) if value.bit_length() <= 1_024 else ""


def _identity(value: Any) -> str:
    """Text that names something: two long ones that begin alike stay two."""
    text = _text(value, TEXT_CHARACTERS)
    if len(text) <= ID_CHARACTERS:
        return text
    return text[: ID_CHARACTERS - 33] + "~" + hashlib.sha256(str(value).encode("utf-8", "replace")).hexdigest()[:32]


def _date(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    """A finite number, be it a string; None for "", "unknown" and everything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 2**31 else None


def _flag(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().casefold() == "true")


def _link(value: Any) -> str:
    link = _told(value, TEXT_CHARACTERS)
    return link if link.startswith(("https://", "http://")) else ""


def _tags(value: Any) -> tuple[str, ...]:
    """A list, or what Kibana makes of one outside triple braces: words joined by commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return ()
    tags = (_told(tag, LINE_CHARACTERS) for tag in value[:TAGS])
    return tuple(tag for tag in tags if tag)


def _params(value: Any) -> dict[str, Any]:
    """An object, or a string that holds one; {} if there is none, or one too large to keep with every alert."""
    if isinstance(value, str):
        try:
            value = _load(value)
        except InvalidAlert:
            return {}
    if not isinstance(value, dict):
        return {}
    params: dict[str, Any] = redact_values(_storable(value, PARAMS_DEPTH))
    return params if len(json.dumps(params)) <= PARAMS_CHARACTERS else {}


def _storable(value: Any, depth: int) -> Any:
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {_text(key, LINE_CHARACTERS): _storable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if _number(value) is not None else None
    return value
