"""The words of a trade: what its orders and its revenue are called, and what the parts of a report are.

Fields keep their names whatever they are called: `orders_affected` and `revenue_lost_usd` are what is stored. The words
are those of the process, as a language is: `worker.bootstrap.connect` sets them from SPIKETRACE_TERMINOLOGY.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from worker.domain.figures import Figure, money
from worker.domain.report import Quantity

# Letters, and between them what joins words: no markup of any destination, no digit that could pass for a figure.
WORDS = re.compile(r"[^\W\d_]+(?:[ '’&/-]{1,3}[^\W\d_]+)*")


def _only_words(text: str) -> str:
    if not WORDS.fullmatch(text):
        raise ValueError("has to be words: letters, joined by spaces, hyphens, apostrophes, & or /")
    return text


Word = Annotated[str, StringConstraints(max_length=40), AfterValidator(_only_words)]
Label = Annotated[str, StringConstraints(max_length=60), AfterValidator(_only_words)]


def _one_paragraph(text: str) -> str:
    plain = " ".join(text.split())
    if not plain.isprintable() or not plain:
        raise ValueError("has to be a sentence or two, without control characters")
    return plain


Paragraph = Annotated[str, StringConstraints(max_length=600), AfterValidator(_one_paragraph)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Noun(_Strict):
    singular: Word
    plural: Word


class Currency(_Strict):
    """What revenue is shown in; `per_usd` is how much of it one US dollar is. Costs of machines stay in dollars."""

    symbol: Annotated[str, StringConstraints(pattern=r"^[^\W\d_]{0,3}[$€£¥₹₩₺₽₪฿]?$", min_length=1)] = "$"
    per_usd: float = Field(default=1.0, gt=0, lt=1_000_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_told_from_dollars(self) -> Self:
        if self.symbol == "$" and self.per_usd != 1.0:
            raise ValueError("$ is the US dollar here: take another symbol, as in C$")
        if self.symbol != "$" and "per_usd" not in self.model_fields_set:
            raise ValueError(f"per_usd is missing: how much of {self.symbol} is one US dollar? (1.0 says: as much)")
        return self


class SectionLabels(_Strict):
    """Headings of a report's sections; what is left out is called as each page and message calls it."""

    overview: Label | None = None
    user_impact: Label | None = None
    carbon_compute_impact: Label | None = None
    business_impact: Label | None = None
    deployment_correlation: Label | None = None
    recommendations: Label | None = None


class PartLabels(_Strict):
    """What the parts of the impact are called in tables."""

    users: Label = "Users"
    carbon: Label = "Carbon"
    compute: Label = "Compute"
    business: Label = "Business"


class Terms(_Strict):
    """`domain` is told to a model before the evidence; without one it is told what a shop's is."""

    orders: Noun = Noun(singular="order", plural="orders")
    revenue: Word = "revenue"
    currency: Currency = Currency()
    domain: Paragraph | None = None
    sections: SectionLabels = SectionLabels()
    parts: PartLabels = PartLabels()


SHOP = Terms()
_current = SHOP


def terms() -> Terms:
    """Those of this process."""
    return _current


def speak(chosen: Terms) -> None:
    """From now on, in the whole process."""
    global _current  # noqa: PLW0603 - one language a process
    _current = chosen


@contextmanager
def speaking(chosen: Terms) -> Iterator[None]:
    before = terms()
    speak(chosen)
    try:
        yield
    finally:
        speak(before)


def orders() -> str:
    return terms().orders.plural


def revenue() -> str:
    return terms().revenue


def orders_and_revenue() -> str:
    """Orders and revenue: at the beginning of a sentence."""
    return capital(f"{orders()} and {revenue()}")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def section_label(key: str, otherwise: str) -> str:
    """The heading of a section by the report's own name of it."""
    label: str | None = getattr(terms().sections, key)
    return label or otherwise


def revenue_money(usd: float) -> str:
    """$1,230 in the currency that revenue is told in."""
    return in_currency(money(usd * terms().currency.per_usd))


def in_currency(dollars: str) -> str:
    """An amount that is written with a dollar, with the currency's symbol instead."""
    symbol = terms().currency.symbol
    return dollars.replace("$", f"{symbol} " if symbol.isalpha() else symbol)


def describe_revenue(quantity: Quantity) -> Figure:
    likely, low, high = (revenue_money(value) for value in (quantity.likely, quantity.low, quantity.high))
    return Figure(likely=likely, interval=None if quantity.low == quantity.high else f"{low} to {high}")
