"""Which way a rule is evaluated over the past: read at once, asked run by run, or not at all with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch

from kibana.alerts import alerts_of
from kibana.asked import Asker
from kibana.backtest import Progress, Question, assess, read_rule
from kibana.errors import RuleNotAsked
from kibana.filters import obstacle
from kibana.requests import out_of_reach
from kibana.rules import Rule
from kibana.shipped import described
from kibana.simulate import Values
from kibana.windows import Runs
from worker.domain.alert import Alert
from worker.domain.backtest import NotSimulated, RuleResult

# In all, unless somebody allows more: a rule that runs every minute takes 1,440 a day.
MOST_SEARCHES = 20_000


@dataclass(frozen=True)
class Evaluated:
    """What a rule would have done, and its alerts if they are to be investigated."""

    result: RuleResult
    alerts: list[Alert] = field(default_factory=list)


def or_reason(rule: Rule | NotSimulated) -> Rule | NotSimulated:
    """The rule, or why neither way is open to it."""
    if isinstance(rule, NotSimulated) or not is_asked(rule):
        return rule
    reason = out_of_reach(rule)
    return NotSimulated(rule_id=rule.id, name=rule.name, reason=reason) if reason else rule


def is_asked(rule: Rule) -> bool:
    """Whether it takes a search a run, since what is read at once does not hold what it compares."""
    return obstacle(rule) is not None


def searches_of(rules: Iterable[Rule], question: Question) -> int:
    """How many searches the rules that are asked would take: one a run."""
    return sum(Runs.of(rule, question.since, question.until).count for rule in rules if is_asked(rule))


@dataclass
class Evaluation:
    """Of rules one after the other. `searches` are allowed in all, `needed` would ask every rule."""

    client: Elasticsearch
    question: Question
    searches: int
    needed: int
    is_investigated: bool = False
    _sent: int = field(default=0, init=False)

    def of(self, rule: Rule, progress: Progress) -> Evaluated | NotSimulated:
        """Raises EvidenceUnavailable where nothing answers, ConfigurationError for more than fits into memory."""
        if not is_asked(rule):
            runs, values = read_rule(self.client, rule, self.question, progress)
            result = assess(rule, values, runs, self.question, described(rule.id))
            return Evaluated(result, self._alerts(rule, values, runs))
        try:
            return self._asked(rule, progress)
        except RuleNotAsked as error:
            progress(1.0)
            return NotSimulated(rule_id=rule.id, name=rule.name, reason=error.reason)

    def _asked(self, rule: Rule, progress: Progress) -> Evaluated:
        self._refuse_too_many(rule)
        runs = Runs.of(rule, self.question.since, self.question.until)
        asker = Asker(self.client, rule, runs, progress)
        try:
            asked = asker.ask()
        finally:
            self._sent += asker.sent
        result = assess(rule, asked.values, runs, self.question, described(rule.id), asked)
        return Evaluated(result, self._alerts(rule, asked.values, runs))

    def _alerts(self, rule: Rule, values: Values, runs: Runs) -> list[Alert]:
        return list(alerts_of(rule, values, runs, self.question.flapping)) if self.is_investigated else []

    def _refuse_too_many(self, rule: Rule) -> None:
        wanted, left = searches_of([rule], self.question), self.searches - self._sent
        if wanted > left:
            raise RuleNotAsked(
                f"it is asked run by run, which takes {wanted:,} searches, and {left:,} of {self.searches:,} are left: "
                f"give --searches {self.needed} for all rules, --rule for this one, or a shorter --since"
            )
