"""What a narrative or an answer may cost, and those of a day together: in calls, tokens, seconds and money."""

from __future__ import annotations

from dataclasses import dataclass, field

from worker.domain.conversation import Usage
from worker.domain.spending import Spending, in_words
from worker.errors import BudgetExceeded
from worker.settings import Settings

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float

    def of(self, usage: Usage) -> float:
        return (usage.input_tokens * self.input_usd + usage.output_tokens * self.output_usd) / MILLION


@dataclass
class Meter:
    """What one narrative or answer has used of its `limit`. Asked before each call, told after it."""

    limit: Spending
    prices: Prices
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    seconds: float = 0.0

    @property
    def spent(self) -> Spending:
        return Spending(self.calls, self.usage.tokens, self.seconds, self.prices.of(self.usage))

    @property
    def calls_left(self) -> int:
        return self.limit.calls - self.calls

    @property
    def seconds_left(self) -> float:
        return self.limit.seconds - self.seconds

    def check(self, next_call: Usage) -> None:
        """Raises BudgetExceeded where a call of that size would go beyond the limit."""
        wanted = Usage(self.usage.input_tokens + next_call.input_tokens, self.usage.output_tokens)
        would = Spending(
            self.calls + 1,
            wanted.tokens + next_call.output_tokens,
            self.seconds,
            self.prices.of(wanted.plus(next_call)),
        )
        if over := would.beyond(self.limit):
            why = "is used up" if self.calls else f"is too small for one call (SPIKETRACE_GEMINI_MAX_{over.upper()})"
            raise BudgetExceeded(f"the model's budget of {in_words(over)} {why}", retryable=False)

    def count(self, usage: Usage) -> None:
        self.calls += 1
        self.usage = self.usage.plus(usage)


def limits_of(settings: Settings) -> tuple[Spending, Spending]:
    """(of one narrative or answer, of a day)."""
    one = Spending(
        settings.gemini_max_calls, settings.gemini_max_tokens, settings.gemini_max_seconds, settings.gemini_max_usd
    )
    day = Spending(
        settings.gemini_day_calls, settings.gemini_day_tokens, settings.gemini_day_seconds, settings.gemini_day_usd
    )
    return one, day


def prices_of(settings: Settings) -> Prices:
    return Prices(settings.gemini_usd_per_million_input_tokens, settings.gemini_usd_per_million_output_tokens)
