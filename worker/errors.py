"""Every error SpikeTrace raises on purpose.

An error carries a `reason` that a person can act on. Whether it is worth trying again is decided by
the adapter that knows the vendor's rules (`retryable`) and acted on in `tasks/` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SpikeTraceError(Exception):
    """Base of all. `reason` is a sentence for people; it never holds a secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """From one process to another: pickle would call it with the reason alone."""
        return _as_it_was, (type(self), self.reason, self.__dict__)


def _as_it_was(kind: type[SpikeTraceError], reason: str, known: Mapping[str, Any]) -> SpikeTraceError:
    error = kind.__new__(kind, reason)
    error.__dict__.update(known)
    return error


class ConfigurationError(SpikeTraceError):
    """A setting is missing or wrong: the process exits and says what to set."""


class InvalidAlert(SpikeTraceError):
    """What arrived is not an alert. Answered with 4xx, recorded as a dead letter, never queued."""


class AlertNotSaved(SpikeTraceError):
    """Neither the broker nor Elasticsearch took the alert: it must not be acknowledged."""

    def __init__(self, reason: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class QueueUnavailable(SpikeTraceError):
    """The broker did not take what was to be enqueued: treat all of it as not enqueued."""


class IncidentUnknown(SpikeTraceError):
    """There is no such incident, or it is not one of ours."""


class RequestRefused(SpikeTraceError):
    """A person asked for something that the settings or the policy do not provide for."""


class InvestigationError(SpikeTraceError):
    """An investigation could not be carried out."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.retryable = retryable


class EvidenceUnavailable(InvestigationError):
    """The engine that holds telemetry or reports did not answer, or refused."""


class NotMeasured(SpikeTraceError):
    """The profile names no source for what was asked."""


class IntensityUnavailable(SpikeTraceError):
    """No hourly intensity of the grid could be read: the yearly table's stands in, and the report says so."""


class ModelUnavailable(InvestigationError):
    """The language model did not answer, or refused."""


class BudgetExceeded(InvestigationError):
    """The model's budget of calls, tokens, seconds or money is used up."""


class DeliveryError(SpikeTraceError):
    """A destination did not take what was sent.

    `retry_after_seconds` is what the vendor asked for, if it did. `is_ambiguous`: it may have done what was asked
    all the same.
    """

    def __init__(
        self,
        reason: str,
        *,
        destination: str,
        retryable: bool,
        retry_after_seconds: float | None = None,
        is_ambiguous: bool = False,
    ) -> None:
        super().__init__(reason)
        self.destination = destination
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.is_ambiguous = is_ambiguous


def unexpected(error: Exception, *, when: str = "") -> str:
    """What is told of a fault of our own, which the log has in full. `when`: what was being done, as " when …"."""
    return f"an unexpected {type(error).__name__}{when}; the worker's log has the traceback"
