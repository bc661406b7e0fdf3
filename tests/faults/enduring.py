"""Alerts before, during and after one or more faults at once, and the check at their end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from random import Random

from tests.faults.accounting import assert_accounted_for
from tests.faults.deployment import Deployment
from tests.faults.kinds import Fault


def endure(deployment: Deployment, faults: Sequence[Fault], draw: Random, *, alerts: int = 2) -> int:
    """How many alerts were accepted meanwhile. Raises AssertionError."""
    before = set(deployment.accepted)
    deployment.post_new(alerts)
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault(deployment, draw))
        deployment.post_new(alerts)
    deployment.wait_for_all()
    deployment.post_new(1)
    accepted = deployment.accepted - before
    assert accepted, "not even the alert after the fault was accepted"
    assert_accounted_for(deployment, accepted)
    return len(accepted)
