"""Which role a request needs. What is not named here needs one as well: everything is closed unless it is opened."""

from __future__ import annotations

from worker.credentials import Role

# What Slack sends carries a signature instead, which covers the body (`webhook.slack`).
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/v1/slack/interactions"})
DELIVERED_TO = frozenset({"/v1/alerts/kibana"})
# Posted, and still only reading: a question changes nothing.
ASKED_AT = frozenset({"/v1/questions", "/questions"})
READING = frozenset({"GET", "HEAD"})


def role_of(method: str, path: str) -> Role:
    """The role that a request needs, whether there is such a route or not."""
    if method in READING:
        return Role.READ
    if path in DELIVERED_TO:
        return Role.DELIVER
    return Role.READ if path in ASKED_AT else Role.ACT
