"""The parts of the default profile, which has all of them."""

from __future__ import annotations

from worker.telemetry.profiles import load_profile

PROFILE = load_profile("spiketrace")
assert PROFILE.metrics is not None
assert PROFILE.logs is not None
assert PROFILE.incidents is not None
METRICS, LOGS, CHANGES, INCIDENTS = PROFILE.metrics, PROFILE.logs, PROFILE.changes[0], PROFILE.incidents
