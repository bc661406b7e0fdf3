"""From the words of a question to what is asked: by a grammar, without a model.

What is understood is taken out of the text, bit by bit; what is left over at the end was not understood, and is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.answering import topics
from worker.answering.answer import NotUnderstood, Topic, Understood
from worker.answering.calendar import DAY, Calendar
from worker.answering.names import MOST_CHECKED, Kind, Known, Names, take_names, unknown_names
from worker.answering.reading import QuestionText, read
from worker.answering.saying import in_words
from worker.answering.times import Named, Problem, take_times, take_zone
from worker.answering.topics import Asked
from worker.answering.vocabulary import FILLERS, is_ordinary, slip_of
from worker.answering.zones import Zone
from worker.domain.incident import IncidentStatus
from worker.domain.redaction.kinds import PLACEHOLDER
from worker.domain.redaction.redact import redact
from worker.domain.window import Window
from worker.errors import RequestRefused

WEEK = 7 * DAY
LONGEST_WORDS = 200
# What is looked at where no time is named.
USUAL = {Topic.INCIDENTS: WEEK, Topic.DEPLOYMENTS: WEEK, Topic.REPORTS: WEEK, Topic.TICKET: WEEK, Topic.SIMILAR: WEEK}
WITHOUT = "ask without it, and change it if it is one"
EXAMPLES = (
    "Why did emissions spike in us-central1 yesterday?",
    "Which services contributed most to CO₂ in the last 24 hours?",
    "What's going wrong with checkout in us-central1?",
    "What incidents are affecting payments in europe-west1 this week?",
    "Which errors had search since Monday?",
    "What was deployed between 9 and 10?",
)
ASKABLE = (
    "Ask about emissions (why, how much, which services most), what goes wrong with a service, incidents, errors, "
    "deployments or reports"
)


@dataclass(frozen=True)
class Taken:
    """What was understood and what was not; `is_refused`: so much was not that no answer would be of what was asked.

    `is_unclear`: it is refused because the grammar does not understand it, so that a model may.
    """

    understood: Understood
    zone: Zone
    not_understood: list[NotUnderstood] = field(default_factory=list)
    is_refused: bool = False
    is_unclear: bool = False


def understand(question: str, *, zone: Zone, now: datetime, known: Callable[[], Known]) -> Taken:
    """`known` gives the names that the telemetry bears; it is only called for what is a question at all."""
    try:
        reading = read(question)
    except RequestRefused as error:
        return _refused([NotUnderstood("", error.reason)], zone)
    if secrets := secrets_in(reading):
        return _refused(
            [NotUnderstood(secrets, f"{secrets} looks like a secret and is looked for nowhere: {WITHOUT}")], zone
        )
    zone = take_zone(reading) or zone
    if why := topics.refusal(reading):
        return _refused([why], zone)
    return _Understanding(reading, Calendar(zone, now), known()).result()


def secrets_in(reading: QuestionText) -> str:
    """The placeholders of what must not be repeated, whether they are taken out here or were before."""
    return ", ".join(dict.fromkeys(found[0] for found in PLACEHOLDER.finditer(redact(reading.text))))


def _refused(reasons: list[NotUnderstood], zone: Zone) -> Taken:
    return Taken(Understood(None, "Not understood.", zone=zone.name), zone, reasons, is_refused=True)


@dataclass
class _Understanding:
    """One question on its way: each step takes out of `reading` what it understands."""

    reading: QuestionText
    calendar: Calendar
    known: Known
    left_out: list[NotUnderstood] = field(default_factory=list)
    refusals: list[NotUnderstood] = field(default_factory=list)

    def result(self) -> Taken:
        record = topics.take_record(self.reading)
        names = take_names(self.reading, self.known)
        named = self._time()
        self.left_out += topics.take_left_out(self.reading)
        text = self.reading.left
        asked = topics.take_topic(self.reading, has_record=record is not None, has_name=bool(names.found))
        self.left_out += topics.beyond(self.reading, text, asked.topic)
        phrases = self._phrases(asked, names)
        self._unknown(names, before=text)
        self._leftover()
        service, region = self._only("service", names), self._only("region", names)
        if asked.topic is None:
            self.refusals.insert(0, NotUnderstood(self.reading.text, f"It is not clear what is asked. {ASKABLE}."))
        if self.refusals:
            return replace(_refused(self.refusals, self.calendar.zone), is_unclear=True)
        understood = self._understood(asked, named, service, region)
        words = " ".join(phrases)[:LONGEST_WORDS] or None
        understood = replace(understood, words=words, phrases=phrases, record_id=record)
        zone = self.calendar.zone
        return Taken(replace(understood, sentence=in_words(understood, named, zone)), zone, self.left_out)

    def _time(self) -> Named | None:
        try:
            named = take_times(self.reading, self.calendar)
        except Problem as problem:
            self.refusals.append(NotUnderstood(problem.words, f"{problem.words}: {problem.reason}"))
            return None
        if len(named) > 1:
            said = ", ".join(one.words for one in named)
            self.refusals.append(NotUnderstood(said, f"more than one time is named ({said}): ask for one at a time"))
        return named[0] if named else None

    def _phrases(self, asked: Asked, names: Names) -> tuple[str, ...]:
        """What is in quotes and is like no name is looked for in log lines, where those are asked for."""
        words = [one for one in names.unknown if not (one.like or one.is_place)] if asked.topic is Topic.ERRORS else []
        names.unknown = [one for one in names.unknown if one not in words]
        return tuple(one.said[:LONGEST_WORDS] for one in words)

    def _unknown(self, names: Names, *, before: str) -> None:
        """`before`: what was left before the words of the topic were taken out."""
        found = unknown_names(self.reading, self.known, names, before)
        self.refusals += [NotUnderstood(one.said, one.reason) for one in found]

    def _leftover(self) -> None:
        words = [match for match in self.reading.words() if not _says_nothing(match[0])]
        said = [self.reading.said(match) for match in words]
        for word in said[:MOST_CHECKED]:
            if like := slip_of(word):
                self.refusals.append(NotUnderstood(word, f'"{word}" is not understood; did you mean {like}?'))
        if said:
            self.left_out.append(NotUnderstood(" ".join(said), "not understood"))

    def _only(self, kind: Kind, names: Names) -> str | None:
        found = names.of(kind)
        if len(found) > 1:
            said = ", ".join(found)
            self.refusals.append(
                NotUnderstood(said, f"more than one {kind} is named ({said}): ask for one, or for all")
            )
        return found[0] if found else None

    def _understood(self, asked: Asked, named: Named | None, service: str | None, region: str | None) -> Understood:
        assert asked.topic is not None
        status = asked.status
        if named and named.is_now and asked.topic is Topic.INCIDENTS:
            status = IncidentStatus.OPEN
        usual = Window.before(self.calendar.now, USUAL.get(asked.topic, DAY))
        return Understood(
            topic=asked.topic,
            sentence="",
            window=usual if named is None or (named.is_now and status) else named.window,
            zone=self.calendar.zone.name,
            service=service,
            region=region,
            window_was_said=named is not None,
            by="region" if asked.is_of_the_named and region and not service else asked.by,
            most=asked.most,
            severity=asked.severity,
            status=status,
        )


def _says_nothing(word: str) -> bool:
    return word in FILLERS or word.removesuffix("'s") in FILLERS or is_ordinary(word)
