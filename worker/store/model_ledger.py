"""What asking a model took, in the broker: one sum a day for all workers, and sums for /metrics.

All is kept in whole numbers, money in millionths of a dollar and time in milliseconds, so that sums stay exact.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

from worker.domain.spending import Of, Spending, in_words
from worker.errors import BudgetExceeded
from worker.store.broker import broker_errors, connect_broker

HOLD = "spiketrace:model:hold:"
DAY_TTL_SECONDS = 3 * 24 * 3600
SOCKET_TIMEOUT_SECONDS = 3.0
PARTS = {"calls": 1, "tokens": 1, "seconds": 1_000, "usd": 1_000_000}


class RedisModelLedger:
    """The ModelLedger. Raises QueueUnavailable when the broker is away.

    `purse`: whose days and totals, so that one kind of call does not use up another's budget.
    """

    def __init__(self, url: str, *, purse: str = "model") -> None:
        self._day, self._totals = f"spiketrace:{purse}:day:", f"spiketrace:{purse}:totals"
        self._client = connect_broker(url, seconds=SOCKET_TIMEOUT_SECONDS)
        self._reserve = self._client.register_script(_script())

    def reserve(self, wanted: Spending, limit: Spending, *, now: datetime) -> str:
        day = f"{now:%Y-%m-%d}"
        arguments: list[Any] = [DAY_TTL_SECONDS]
        for name, scale in PARTS.items():
            arguments += [name, round(getattr(wanted, name) * scale), round(getattr(limit, name) * scale)]
        with broker_errors():
            over = self._reserve(keys=[self._day + day], args=arguments)
        if over:
            raise BudgetExceeded(f"the day's budget of {in_words(over)} leaves no room for another", retryable=False)
        return day

    def settle(self, day: str, reserved: Spending, spent: Spending, *, outcome: str, of: Of) -> None:
        rest = spent.minus(reserved)
        with broker_errors(), self._client.pipeline(transaction=True) as pipeline:
            for name, scale in PARTS.items():
                pipeline.hincrby(self._day + day, name, round(getattr(rest, name) * scale))
                pipeline.hincrby(self._totals, name, round(getattr(spent, name) * scale))
            pipeline.hincrby(self._totals, f"{of}:{outcome}", 1)
            pipeline.execute()

    def count(self, *, outcome: str, of: Of) -> None:
        with broker_errors():
            self._client.hincrby(self._totals, f"{of}:{outcome}", 1)

    def of_day(self, now: datetime) -> Spending:
        return self._spending(f"{self._day}{now:%Y-%m-%d}")

    def totals(self) -> tuple[Spending, dict[Of, dict[str, int]]]:
        """All that was ever spent, and how many narratives, answers and embeddings ended how."""
        with broker_errors():
            found: dict[str, str] = self._client.hgetall(self._totals)  # type: ignore[assignment]
        kinds: tuple[Of, ...] = get_args(Of)
        return _spending(found), {of: _counted(found, f"{of}:") for of in kinds}

    def hold(self, name: str, *, seconds: float) -> bool:
        with broker_errors():
            return bool(self._client.set(HOLD + name, "held", nx=True, px=round(seconds * 1000)))

    def release(self, name: str) -> None:
        with broker_errors():
            self._client.delete(HOLD + name)

    def _spending(self, key: str) -> Spending:
        with broker_errors():
            found: dict[str, str] = self._client.hgetall(key)  # type: ignore[assignment]
        return _spending(found)


def _counted(found: dict[str, str], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): int(count) for name, count in found.items() if name.startswith(prefix)}


def _spending(found: dict[str, str]) -> Spending:
    calls, tokens, milliseconds, millionths = (int(found.get(name, 0)) for name in PARTS)
    return Spending(calls, tokens, milliseconds / PARTS["seconds"], millionths / PARTS["usd"])


@cache
def _script() -> str:
    return Path(__file__).with_name("model_ledger.lua").read_text(encoding="utf-8")
