"""What Kibana's webhook connector posts: bytes that should be an alert."""

from __future__ import annotations

from datetime import datetime

from worker.domain.alert import Alert
from worker.errors import InvalidAlert
from worker.kibana_body import load_object, read_alert


def parse_alert(body: bytes, *, received_at: datetime) -> Alert:
    """The alert in `body`. Without a date of its own it is dated `received_at`.

    Raises InvalidAlert, with a reason that says what is wrong and what to do.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidAlert("the body is not UTF-8: send JSON in UTF-8") from None
    return read_alert(load_object(text), received_at=received_at)
