"""What callers do here goes into the audit trail, and what they wanted in vain as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request
from starlette.exceptions import HTTPException

from worker import audit
from worker.errors import SpikeTraceError


@contextmanager
def audited(action: str, request: Request, *, on: str, **about: Any) -> Iterator[None]:
    """Around what is done to the document `on`. `by` is whose credential it was (`webhook.auth`)."""
    by = request.user.display_name
    try:
        yield
    except (HTTPException, SpikeTraceError) as error:
        reason = error.detail if isinstance(error, HTTPException) else error.reason
        audit.record(action, by=by, on=on, outcome="failure", reason=reason, **about)
        raise
    audit.record(action, by=by, on=on, **about)
