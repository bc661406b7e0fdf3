"""Closed by default: a word that neither the report nor the language of reports has is a claim that nothing supports.

"A failing disk", "the certificate", "mobile clients": no pattern can list what may be made up, but what a report may
say without proof can be listed (`vocabulary.txt`), and everything else has to stand in what was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.agent.grounding.text.claims import Claim, Found, Kind, Span
from worker.agent.grounding.text.topics import topics
from worker.domain.report import Report
from worker.domain.terms import terms

WORD = re.compile(r"(?!(?<=\d)(?:st|nd|rd|th)\b)[^\W\d_]{2,}")
# What stands behind one of these is told as a cause, or as what set it off …
BECAUSE = re.compile(
    r"\b(?:because|caus\w+ by|cause (?:is|was|of)|when|after|afterwards|following|since(?! \d)|due|once|thanks|owing|as"
    r"|result\w* (?:of|from)|explained by|reason|why)\b(?![^;:]*(?:[;:]|, (?:which|who|where)\b))",
    re.IGNORECASE,
)
# … and what stands before one of these.
THEREFORE = re.compile(
    r"\b(?:caus(?:e|es|ed|ing)(?! by)|made|makes|left|leaves|led|leads|followed|so|therefore|thus|hence"
    r"|result(?:s|ed) in|explains?|why|reason)\b",
    re.IGNORECASE,
)


PRONOUN = re.compile(r"\b(?:its?|their)\b", re.IGNORECASE)
# In the list, what stands behind this is for advice alone: it names what could be done, not what happened.
ADVICE = "# What advice says"


@cache
def common(*, is_advice: bool = False) -> frozenset[str]:
    text = files("worker.agent.grounding.report").joinpath("vocabulary.txt").read_text(encoding="utf-8")
    told = text if is_advice else text.partition(ADVICE)[0]
    return frozenset(
        word for line in told.splitlines() if not line.startswith("#") for word in WORD.findall(line.lower())
    )


@cache
def _idioms() -> re.Pattern[str]:
    """Of which no word is looked at by itself: "the common thread", "it clocks in at 5 s"."""
    text = files("worker.agent.grounding.report").joinpath("idioms.txt").read_text(encoding="utf-8")
    told = [one for line in text.splitlines() if not line.startswith("#") for one in line.split(", ") if one]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, told))})\b", re.IGNORECASE)


def words_of(report: Report) -> frozenset[str]:
    """What the evidence is called; of queries, log lines and a model's words nothing."""
    impact = report.impact.carbon.comparison or "", report.impact.business.assumption or ""
    kinds = [f"{one.kind}" for one in report.candidates]
    metrics = [name.replace("_", " ") for item in report.evidence for name in _metrics(item.result)]
    texts = [report.alert.rule_name, *impact, *kinds, *(item.title for item in report.evidence), *metrics]
    return frozenset(word for text in texts for word in WORD.findall(text.lower()))


def _metrics(result: Mapping[str, object]) -> list[str]:
    """What is measured, by the name of its field: `queue_oldest_message_age_seconds`."""
    measured = [name for name, value in result.items() if isinstance(value, Mapping) and "actual" in value]
    changes = result.get("changes")
    return [*measured, *(str(one.get("kind")) for one in changes)] if isinstance(changes, list) else measured


def of_template(report: Report) -> frozenset[str]:
    """What the template wrote: of the alerted service and of the cause, and of nobody else."""
    sections = report.sections
    told = [text for one in report.candidates[:1] for text in (one.reason, one.against or "")]
    prose = [text for text in sections.model_dump().values() if isinstance(text, str)]
    texts = [*told, report.headline, *prose, *(SURMISED.sub(" ", one) for one in sections.recommendations)]
    return frozenset(word for text in texts for word in WORD.findall(claims.QUOTED.sub(" ", text).lower()))


# "Stop the work that began (a job, a hot loop, a lost cache)": what it may be.
SURMISED = re.compile(r"\([^)\d]*\)")
SURMISING = re.compile(
    r"\b(?:may|might|could|possib\w+|perhaps|maybe|such as|for (?:example|instance)|e\.g\.|whether|recommend\w*"
    r"|advi[sc]\w+|propos\w+|suggest\w*|look(?:ing)? for)(?!\w)",
    re.IGNORECASE,
)


SETTLE = re.compile(r"\bsettle (?:it|this|that)\b", re.IGNORECASE)


def surmised(report: Report) -> frozenset[str]:
    """What recommendations give as examples: no finding."""
    told = (one for text in report.sections.recommendations for one in SURMISED.findall(text))
    return frozenset(word for text in told for word in WORD.findall(text.lower()))


def of_checks(report: Report) -> frozenset[str]:
    """What the ranking says would settle it, for advice."""
    return frozenset(word for one in report.candidates for word in WORD.findall(one.check.lower()))


# "What broke shipping is cfg-3095", with blanks for the name: who is told as the cause is checked.
WHAT_BROKE = re.compile(
    r"\A\W*what broke (?= )|\bbroke (?=\s\s|(?:the service|it|them)\b)|\bled (?:by (?=\s\s)|to\b)", re.IGNORECASE
)


def unknown(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    """Every run of words that nobody said; `text` has blanks for its names, figures, times and quotations.

    Words of log lines may be told of the service that wrote them: that is a claim that holds.
    """
    text = claims.blanked(text, [found.span() for one in (_idioms(), WHAT_BROKE) for found in one.finditer(text)])
    logged, told = _words_about(text, mentions, known)
    if is_advice:
        logged = frozenset(form for words in known.messages.values() for word in words for form in forms(word))
    told |= of_checks(known.report) if is_advice or SETTLE.search(text) else frozenset()
    told |= surmised(known.report) if is_advice or SURMISING.search(text) else frozenset()
    for start, end in _runs(text, known.words | logged | told, is_advice=is_advice):
        is_joined = not is_advice and bool(BECAUSE.search(text[:start]) or THEREFORE.search(text[end:]))
        kind: Kind = "cause" if is_joined else "word"
        why = "nothing that was read speaks of it"
        yield Claim(
            kind, (start, end), text[start:end], holds=False, why=why, is_open=not is_joined, is_unproven=is_joined
        )
    for start, end in _runs(text, known.words, is_advice=is_advice):
        if all(any(form in logged for form in forms(word)) for word in WORD.findall(text[start:end].lower())):
            why = "" if is_advice or _is_there(mentions, known) else "its lines are from elsewhere"
            yield Claim("message", (start, end), text[start:end], not why, why, is_open=bool(why))


def _is_there(mentions: list[Found], known: Known) -> bool:
    """Whether the services named logged in the regions named."""
    named = {one.text for one in mentions}
    heard = {region for service in named for region in known.heard.get(service, ())}
    return None in heard or not heard or named & known.regions <= heard


def telling(text: str) -> frozenset[str]:
    """The words of a log line, in all their forms, that not every report may say."""
    words = (word for word in WORD.findall(text.lower()) if word not in common())
    return frozenset(form for word in words for form in forms(word)) - common()


def speaks_of(text: str, known: Known) -> bool:
    """Whether it has a word of what was measured or found, beyond what any report may say."""
    words = {form for word in WORD.findall(text.lower()) for form in forms(word)}
    spoken = known.words | of_checks(known.report) | known.told.get(known.report.service or "", frozenset())
    return bool(words & spoken - UNTELLING) or bool(topics(text))


UNTELLING = frozenset("the of and in to is it its this that with by before for".split())  # noqa: SIM905


def _words_about(text: str, mentions: list[Found], known: Known) -> tuple[frozenset[str], frozenset[str]]:
    """The words of the lines, and of the template, of those that the sentence names or else could be about."""
    services = {one.text for one in mentions if one.text in known.services}
    types = {service for one in mentions for service in known.types.get(one.text, ())}
    root = known.report.root_cause
    about = services | types
    if PRONOUN.search(text):
        about |= known.about or {known.report.service or ""}
    about = about or {known.report.service or "", root.service or "" if root else ""}
    logged, told = (
        frozenset(form for service in {*about, ""} for word in of.get(service, ()) for form in forms(word))
        for of in (known.messages, known.told)
    )
    return logged, told


def _runs(text: str, words: frozenset[str], *, is_advice: bool) -> list[Span]:
    runs: list[Span] = []
    for found in WORD.finditer(text):
        if is_known(found[0].lower(), words, is_advice=is_advice) or claims.is_term(found[0]):
            continue
        if "db" in words and OF_DATABASE.match(text, found.start()):
            continue
        if runs and not text[runs[-1][1] : found.start()].strip(" -’'"):
            runs[-1] = (runs[-1][0], found.end())
        else:
            runs.append(found.span())
    return runs


# "47 database queries", where the metric is called `db_queries_per_request`.
OF_DATABASE = re.compile(r"database (?:quer(?:y|ies)|metrics|latency|rows)\b", re.IGNORECASE)


def is_known(word: str, words: frozenset[str], *, is_advice: bool = False) -> bool:
    known = common(is_advice=is_advice)
    return any(form in words or form in known or form in _of_the_trade() for form in forms(word))


def _of_the_trade() -> frozenset[str]:
    spoken = terms()
    said = f"{spoken.orders.singular} {spoken.orders.plural} {spoken.revenue} {spoken.currency.symbol}"
    return frozenset(WORD.findall(said.lower()))


@lru_cache(maxsize=20_000)
def forms(word: str) -> tuple[str, ...]:
    return tuple(_stripped(word))


def _stripped(word: str) -> Iterator[str]:
    yield word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            yield word[: -len(ending)] + instead
    if word.endswith("ings"):
        yield from _stripped(word[:-1])
    if re.search(r"(.)\1(?:ed|ing)$", word):
        yield re.sub(r"(.)\1(?:ed|ing)$", r"\1", word)


_ENDINGS = (
    *(
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("d", ""),
        ("ed", ""),
        ("ied", "y"),
        ("ing", ""),
        ("ing", "e"),
        ("ly", ""),
        ("ily", "y"),
        ("ness", ""),
        ("iness", "y"),
        ("est", ""),
        ("iest", "y"),
    ),
)
