"""What the ranking has for or against its candidates: reasons, what could not be compared, what is mere chance."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks.ranking import NTH, place
from worker.agent.grounding.report import owners, record
from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims, context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.denials import DENIED
from worker.agent.grounding.text.topics import topics
from worker.domain.report import Candidate


def weighing(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    yield from _against(text, mentions, known)
    yield from _in_favour(text, mentions, known)
    yield from _not_cleared(text, mentions, known)
    yield from _too_few(text, mentions, known)
    yield from _chances(text, mentions, known)
    yield from _beyond(text, mentions, known)
    yield from _compared(text, mentions, known)


# "Nothing in the report speaks against deploy-8736", "against it the report lists nothing".
_NOTHING = r"(?:nothing|no (?:reason|argument|evidence|objection))"


NOTHING_AGAINST = re.compile(
    rf"\b(?:{_NOTHING}\b[^,;.]{{0,40}} against (?P<a>the (?:first|top|leading|likeliest) (?:candidate|cause)\b|(?=\S))"
    rf"|against (?P<b>[^,;.:]{{2,60}}?),? (?:(?:the report|the ranking) (?:lists|has|names|says|gives|knows)|there is"
    rf"|stands|speaks|is listed|counts) {_NOTHING})\b",
    re.IGNORECASE,
)


def unopposed(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of a candidate that the ranking has nothing against."""
    for found in NOTHING_AGAINST.finditer(text):
        of = _spoken_of(found.span(), text, mentions, known)
        yield judged("cause", found, bool(of) and not any(one.against for one in of), "something does")


# "Cart shows no deviation, so nothing speaks for this deployment".
NOTHING_FOR = re.compile(
    rf"(?:,? (?:and )?(?:so|thus|hence|therefore),? |\b){_NOTHING} (?:speaks|counts|argues) for"
    r" (?:(?:it|this|that|them)\b(?: (?:deployment|change|candidate|release))?|(?=\S))",
    re.IGNORECASE,
)


def unbacked(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of a candidate that the ranking has something against: of whom is named right behind, or was spoken."""
    for found in NOTHING_FOR.finditer(text):
        named = {one.text for one in mentions if one.span[0] == found.end()}
        named = named or {known.spoken.change} - {""} or {one.text for one in mentions} or {*known.about}
        of = [one for one in known.report.candidates if {one.service, one.deployment_id} & named]
        yield judged("cause", found, bool(of) and all(one.against for one in of), "something does")


def _spoken_of(span: Span, text: str, mentions: list[Found], known: Known) -> list[Candidate]:
    """Those that stand in that part or right behind it; "it" is of whom was spoken, of several the first candidate."""
    candidates = known.report.candidates
    named = {one.text for one in mentions if span[0] <= one.span[0] <= span[1]}
    if not named and PRONOUN.search(text[span[0] : span[1] + 6]):
        named = {known.spoken.change} - {""} or {*known.about}
        named = named & {one.service for one in candidates[:1]} or named
    made = [one for one in candidates if one.deployment_id in named]
    return made or [one for one in candidates if one.service in named] or (candidates[:1] if not named else [])


PRONOUN = re.compile(r"\bagainst (?:it|this|that|them)\b", re.IGNORECASE)
# "Against checkout as the cause speaks that …", "what argues against deploy-8735 is that …".
AGAINST = re.compile(
    r"(?:^|[;,] )\W*against (?:the )?"
    r"(?=\S+(?: in \S+)?(?: as \w+ (?:\w+ )?\w+)?,? (?:speaks|counts|argues|tells|weighs)\b)"
    r"|\bwhat (?:speaks|counts|argues|tells|weighs|stands) against (?:the )?",
    re.IGNORECASE,
)
IT = re.compile(r"(?:it|this|that)\b")


def _against(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """In words of what the ranking has against whom it names."""
    told = _words(claims.blanked(text, [one.span for one in mentions]))
    for found in AGAINST.finditer(text):
        named = next((one.text for one in mentions if one.span[0] == found.end()), None)
        own = [one for one in known.report.candidates if named in (one.service, one.deployment_id)]
        if not named and IT.match(text, found.end()):
            spoken = {known.spoken.change} - {""} or {*known.about}
            own = [one for one in known.report.candidates if spoken & {one.service, one.deployment_id}]
        if named or own:
            others = {one.text for one in mentions if one.span[0] > found.end()} - {*known.scope}
            others -= {name for one in own for name in (one.service, one.region, one.deployment_id)}
            weak = [it for one in own for it in _weaknesses(one) if _is_denied(it) == _is_denied(text)]
            holds = any(told & _words(one) and all(name in one for name in others) for one in weak)
            yield judged("state", found, holds, "the report has that not against it")


# "What speaks for recommendationservice is that …".
FOR = re.compile(r"^\W*what (?:speaks|counts|argues|tells) (?:for|in favou?r of) (?:the )?", re.IGNORECASE)


def _in_favour(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """In words or figures of the reason that the ranking gives."""
    found = FOR.match(text)
    named = next((one.text for one in mentions if found and one.span[0] == found.end()), None)
    if found and named:
        told = _words(claims.blanked(text, [found.span(), *(one.span for one in mentions)]))
        reasons = [one.reason for one in known.report.candidates if named in (one.service, one.deployment_id)]
        yield judged("state", found, any(told & _words(one) for one in reasons), "the report has that not for it")


# "Search cannot be ruled out", "cart's deployment has not been excluded".
NOT_CLEARED = re.compile(
    r"(?:['’]s (?:deployment|change|release))?,?[^,;.]{0,40}?\b(?:cannot|can ?not|could not|has not|have not"
    r"|was not|is not|never)\b(?: been| be| yet| entirely| fully| completely)* (?:ruled out|excluded|dismissed)\b"
)


def _not_cleared(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Who is said to be a suspect still, where the ranking has something against each of its candidacies."""
    for one in mentions:
        own = [it for it in known.report.candidates if one.text in (it.service, it.deployment_id)]
        found = NOT_CLEARED.match(text, one.span[1]) if own else None
        if found and not any(it.span[0] in range(*found.span()) for it in mentions):
            yield judged("state", found, any(not it.against for it in own), "the ranking has something against it")


def _is_denied(text: str) -> bool:
    return bool(DENIED.search(text) or re.search(r"\b(?:little|lack\w*|absence|missing|too few)\b", text))


def _weaknesses(one: Candidate) -> list[str]:
    return [*(one.against or "").split("; "), *(part for part in one.reason.split("; ") if FEW_LINES.search(part))]


# What any of them may have.
FREQUENT = {"that", "cause", "from", "than", "onset", "none"}


def _words(text: str) -> set[str]:
    return {one[:6] for one in re.findall(r"[a-z]{4,}", text.lower())} - FREQUENT


FEW_LINES = re.compile(r"\btoo few (?:sampled )?(?:log )?lines\b", re.IGNORECASE)
# "A direct comparison of its lines shows", "the lines since cfg-3095 fail more often than those before".
LINES_COMPARED = re.compile(
    r"\b(?:could|can) be compared\b"
    r"|\blines\b[^;.]{0,40} (?:were|was|have been) compared\b|\bproved worse\b|\benough (?:sampled )?(?:log )?lines\b"
    r"|\bcomparison\b[^;.]{0,40}\b(?:shows?|showed|confirms?|confirmed|proves?|proved|reveals?|convicts?|says?)\b"
    r"|\blines\b[^;.]{0,60}\b(?:more|worse|fewer|less|better)\b[^;.]{0,30}\bthan\b",
    re.IGNORECASE,
)
# "With and without cfg-3095" is what was compared.
NOT_COMPARED = re.compile(r"\b(?:no|not|cannot|without an?y?|impossible|too few)\b|n['’]t\b", re.IGNORECASE)


def _too_few(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Too few log lines of cfg-3095 to compare": where the ranking says so of it."""
    named = {one.text for one in mentions} & {one.deployment_id for one in known.changes}
    ranked = [f"{one.deployment_id} {one.reason}; {one.against or ''}" for one in known.report.candidates]
    told = [*ranked, *claims.sentences(known.report.sections.deployment_correlation or "")]
    said = [one for one in told if FEW_LINES.search(one)]
    if named and not FEW_LINES.search(text) and all(any(name in one for one in said) for name in named):
        for found in LINES_COMPARED.finditer(text):
            yield judged("state", found, bool(NOT_COMPARED.search(text)), "too few log lines to compare")
    for found in FEW_LINES.finditer(text):
        holds = bool(said) and (not named or any(name in one for one in said for name in named))
        yield judged("state", found, holds, "the report does not say so")


COMPARED = re.compile(
    r"\b(?P<more>more|less|fewer|rarer|slower|faster)\b[^,;.]{0,20} than (?:those|the (?:log )?lines|the ones)"
    r" (?:before|of (?:the )?(?:old|other|previous|earlier|rest))|\b(?:side|direct) comparison\b"
    r"|\b(?P<alike>(?:just |about )?as (?:often|many|frequent(?:ly)?|slow(?:ly)?|fast|healthy)\b[^,;.]{0,24} as"
    r" (?:those|the (?:log )?lines|the ones|before)\b)",
    re.IGNORECASE,
)


def _compared(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Lines since deploy-8717 fail more often than those before": of what was compared, as it was found."""
    ids = {one.deployment_id for one in known.changes}
    named = {one.text for one in mentions} & ids
    made = {
        name: item.result
        for item in known.report.evidence
        for name in named
        if f" of {name} against " in item.title and "error_share_new" in item.result
    }
    for found in COMPARED.finditer(text) if named and not NOT_COMPARED.search(text) else ():
        is_worse = all(one.get("verdict") == "worse" for one in made.values())
        if found["alike"]:
            yield judged("state", found, bool(made) and not is_worse, "its log lines say otherwise")
            continue
        holds = bool(made) and (found["more"] is None or is_worse == (found["more"].lower() in ("more", "slower")))
        yield judged("state", found, holds, "its log lines say otherwise" if made else "they were not compared")


CHANCE = re.compile(
    r"\b(?:(?:hardly|barely|scarcely|little) (?:(?:more|better|other) than|exceeds?|(?:goes |is )?(?:beyond|above))"
    r"|(?:does not|doesn['’]t|do not) (?:really )?exceed|no more than|cannot be told from|indistinguishable from)"
    r" (?:pure |mere )?(?:chance|coincidence)\b(?! (?:would|brings))",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:both|all|the)(?: \w+)? (?:other|remaining)(?: \w+)? candidates\b|\ball others\b", re.IGNORECASE
)
SAMPLED = re.compile(r"\b(?:log |sampled )lines? (?:is|are|was|were)\b|\b(?:requests|errors?) fail\w*", re.IGNORECASE)


def _chances(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "What it shows is hardly more than chance": of whom the ranking says so."""
    for found in CHANCE.finditer(text):
        start, _ = context.clause(found.span(), text)
        listed = re.split(r"[;:]|\b(?:while|whereas|but)\b", text[: found.start()])[-1]
        begin = min(start, found.start() - len(listed))
        named = [one.text for one in mentions if begin <= one.span[0] < found.start() and one.text in known.services]
        placed = NTH.search(text[: found.start()])
        ranked = [one for one in known.report.candidates if placed and one.rank == place(placed["nth"].lower())]
        last = [one.text for one in mentions if one.span[1] <= found.start() and one.text in known.services][-1:]
        of = {*named} or {one.service for one in ranked if one.service} or {*last} or {*known.about}
        if not named and OTHERS.search(text[: found.start()]):
            # "Both other candidates …, since what they show is hardly more than chance": all but the first.
            of = {one.service for one in known.report.candidates[1:] if one.service}
        told = [one for one in known.report.candidates if "chance" in (one.against or "")]
        holds = bool(told) and (not of or of <= {one.service for one in told})
        if SAMPLED.search(text[: found.start()]):
            # "2 of 107 sampled lines are errors, no more than chance": as many as usual fail.
            levels = [one for one in known.levels if one.signal == "errors" and one.subject == known.scope]
            holds = bool(levels) and not any(one.deviates for one in levels)
        yield judged("state", found, holds, "the report does not say so")


# "Far outside of what chance explains", "cannot be explained by chance": of what deviates.
BEYOND = re.compile(
    r"\b(?:(?:far |well |clearly )?(?:outside(?: of)?|beyond|above|more than) (?:what )?(?:is |pure |mere )?"
    r"(?:chance|coincidence|random variation|ordinary variation|noise)"
    r"(?: (?:alone )?(?:can |could |would )?(?:explains?|brings?|makes?|allows?))?"
    r"|(?:cannot|can not|hardly) be (?:explained by|(?:put down|due) to|mere|pure) (?:mere |pure )?(?:chance"
    r"|coincidence)"
    r"|(?:statistically )?significant(?:ly)?(?= (?:higher|lower|above|below|deviat\w+|rise|increase)))\b",
    re.IGNORECASE,
)


def _beyond(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    for found in BEYOND.finditer(text):
        start, end = context.clause(found.span(), text)
        if DENIED.search(text[start : found.start()]) or (found[0].startswith("more") and DENIED.search(text)):
            continue
        of = owners.subjects_or_scope(found.span(), text, mentions, known)
        levels = [one for one in known.levels if any(owners.is_of(one.subject, it) for it in of)]
        named = [one for one in levels if one.signal in topics(text[start:end])] or levels
        told = {one.service for one in known.report.candidates if "chance" in (one.against or "")}
        is_chance = bool(of) and {one.service for one in of} <= told
        holds = any(one.deviates for one in named) and not is_chance
        yield judged("state", found, holds, "it is no more than chance", is_open=not (named or is_chance))


# "Rolling back deploy-8738 would settle it: …", "to settle it, one needs …", "what would settle it is …".
SETTLING = re.compile(
    r"^\W*to settle (?:it|this|that)\b,? (?:(?:one|we|you) )?"
    r"(?:(?:would|could|should|can|has to|have to) )?(?:needs?\b)?"
    r"|^\W*what (?:would|could|will|can) settle (?:it|this|that) (?:is|would be)\b"
    r"|\b(?:would|could|will|can) settle (?:it|this|that|the matter)\b",
    re.IGNORECASE,
)


def settling(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What would settle it: the ranking says so of a candidate, in these words, and of whom is named."""
    if found := SETTLING.search(text):
        begin = text.rfind("; ", 0, found.start()) + 1
        told = _stems(claims.blanked(text, [found.span(), *(one.span for one in mentions)])[begin:])
        named = {one.text for one in mentions if one.span[0] >= begin} - {*known.scope}
        checks = [one.check for one in known.report.candidates if all(name in one.check for name in named)]
        holds = len(told) > 1 and any({*told} <= {*_stems(one)} for one in checks)
        yield Claim("state", (begin, len(text)), text[begin:], holds, "" if holds else "the ranking does not say so")


def _stems(text: str) -> list[str]:
    return [
        record.meaning(one)
        for one in re.findall(r"[a-z]{2,}", text.lower().replace("rollback", "roll back"))
        if one not in record.FILLING
    ]
