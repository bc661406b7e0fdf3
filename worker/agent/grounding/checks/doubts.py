"""Doubt about the cause of the verdict: whoever says that it is none says another thing than the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation, clearances, consequences, suspects
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, Span, judged

# Doubt about a cause, or another cause hinted at.
DOUBT = re.compile(
    r"\b(?:unlikely|improbable|implausible|doubtful|doubt|probably not|likely not"
    r"|hardly(?! (?:any|writes?|wrote|log(?:s|ged)|answers?|sends?)\b)"
    r"|not|never"
    r"|cannot|no(?= (?:\w+ ){0,2}(?:cause|culprit|reason|explanation|origin|source|effect|influence"
    r"|impact|part|role|link|contribution)s?\b)"
    r"|neither|nor|rul(?:e|ed|es|ing) out|excluded?|elsewhere|instead(?! of)|other than|something else"
    r"|(?:poor|weak) (?:candidate|suspect|explanation)|unconvincing"
    r"|misconception|misunderstanding|conjecture|guesswork|speculation|flimsy|unfounded|untenable|groundless|untrue"
    r"|debunk\w*|discredit\w*|rebut\w*"
    r"|coinciden\w+|cleared|acquitted|unproven|unknown|unclear|disproves?d?|refuted?|wrongly|falsely|contrary"
    r"|(?:another|different|other) (?:\w+ )?cause|may|might|could|maybe|perhaps|possibly|only partly)\b"
    r"|\w+n['’]t\b",
    re.IGNORECASE,
)
BLAMING = re.compile(
    r"\b(?:caus\w+|culprit|blame\w*|responsible|reasons?|triggered|led to|behind|explain\w*|fault"
    r"|(?:not|hardly|never) (?:because|due to)"
    r"|start(?:ed)? (?:it|this|them|that)"
    r"|involved"
    r"|(?:unlikely|poor|weak|no|not an?|unconvincing) (?:\w+ )?(?:alternative|explanation|candidate|suspect)"
    r"|contribut\w+|connect\w+|relat\w+|guilty|origin\w*|source)\b",
    re.IGNORECASE,
)
# "Why payments fails stays open", "it is unclear why".
WHY_OPEN = re.compile(
    r"\bwhy\b[^,;.]{0,40}\b(?:stays?|remains?|is|was) (?:left )?(?:open|unclear|unknown|not (?:known|clear))\b"
    r"|\b(?:unclear|unknown|not (?:known|clear)) why\b",
    re.IGNORECASE,
)
DOUBTED = "the evidence shows the cause"


def doubts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where the verdict has a cause, whoever doubts that it is one says another thing than the evidence."""
    for found in () if consequences.is_cause_open(known) else WHY_OPEN.finditer(text):
        yield judged("cause", found, holds=False, otherwise=DOUBTED)
    named = {one.text for one in mentions} & _blamed(known)
    if not known.has_cause or not (named or re.search(r"\b(?:caus\w+|culprit|reasons?|blame\w*)", text)):
        return
    for found in _of_the_cause(text, mentions, known):
        start, end = _part(text, found.start())
        clause = text[start:end]
        other = causation.RATHER.search(clause)
        denied = (start + other.end(), end) if other else (start, end)
        if other and suspects.THE_CALLERS.fullmatch(text[slice(*denied)]):
            continue
        is_rather = bool(other) and start <= found.start() < denied[0]
        if not named and NOT_THE_CAUSE.match(text[slice(*denied)]):
            denied = (start, end)
        if (is_rather or not named) and suspects.names_another(text[slice(*denied)], denied, mentions, known):
            continue
        is_blame = BLAMING.search(clause) and not NEVER_BEFORE.search(clause)
        if is_blame or re.search(r"\b(?:no|without) (?:effect|influence|impact|part|role|link)", clause):
            yield Claim("cause", found.span(), found[0], holds=False, why=DOUBTED)
            return


# "The origin of the trouble is not payments itself but ledger".
NOT_BUT = re.compile(
    r"\b(?:cause|culprit|origin|source|trouble|problem|root)\b[^,;.]{0,40}? (?:is|was|lies|lay|comes|came|starts|began)"
    r" not (?:in |with |at |from )?(?P<denied>[^,;]+?),? but (?:rather )?(?:in |with |at |from )?(?P<told>[^,;]+)",
    re.IGNORECASE,
)


def contrasts(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of whom is told to be the cause, and of whom is not."""
    for found in NOT_BUT.finditer(text) if known.has_cause else ():
        told = suspects.within(found.span("told"), mentions, known)
        is_other = suspects.names_another(found["denied"], found.span("denied"), mentions, known)
        holds = is_other and bool(told & cause_names(known)) and not told - known.names - cause_names(known)
        yield judged("cause", found, holds, DOUBTED)


def _of_the_cause(text: str, mentions: list[Found], known: Known) -> Iterator[re.Match[str]]:
    """Without doubts of another one, or of none."""
    for found in DOUBT.finditer(text):
        clause = text[slice(*_part(text, found.start()))]
        if not (
            _doubts_another(found.span(), text, mentions, known) or _is_of_something_else(found, clause, text, known)
        ):
            yield found


def _is_of_something_else(found: re.Match[str], clause: str, text: str, known: Known) -> bool:
    """Whether it doubts nothing, or another cause than that of the verdict."""
    return (
        any(one.start() <= found.start() < one.end() for one in causation.STATE.finditer(text))
        or any(one.start() <= found.start() < one.end() for one in (*clearances.calm(text), *NOT_BUT.finditer(text)))
        or (consequences.is_cause_open(known) and bool(OPEN.search(clause)))
        or _is_elsewhere(text[slice(*context.clause(found.span(), text))], known)
        or (bool(known.past) and bool(OF_THEN.search(clause)))
        or _denies_another_kind(found, text, known)
    )


# "Its cause is listed as unknown", where it is of no known kind.
OPEN = re.compile(r"\bkind\b|\b(?:unknown|unclear|not (?:known|clear|told|named))\b", re.IGNORECASE)
# "…, which perhaps had the same kind of cause": of a past incident (`remembered`).
OF_THEN = re.compile(r"\b(?:the same|the|their|its) (?:same )?kind of cause\b|\bthe same cause\b", re.IGNORECASE)


def _is_elsewhere(clause: str, known: Known) -> bool:
    """ "catalog in asia-east1 has no part in it", where it is the cause in another region."""
    root = known.report.root_cause
    regions = {one for one in known.regions if one in clause}
    return bool(regions) and root is not None and root.region is not None and root.region not in regions


# "payments is a victim and not the root cause": of whom the clause names.
NOT_THE_CAUSE = re.compile(r"(?:the|its|a) (?:\w+ )?(?:cause|culprit|origin|source)\b", re.IGNORECASE)
NEVER_BEFORE = re.compile(
    r"\b(?:no|not|none|never)\b[^,;]{0,22}\b(?:before|worse|worsen\w*|previously|baseline|until then)\b", re.IGNORECASE
)


def _doubts_another(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """ "catalog is unlikely to be the cause, because its errors name drm": the clause of the doubt is of another."""
    local = context.clause(span, text)
    if not any(local[0] <= one.span[0] < local[1] for one in mentions):
        # "…, and deploy-8718 of cart (version 4.9.6) is not a convincing explanation".
        local = (causation.begin_of(text[: span[0]]), local[1])
    inside = {one.text for one in mentions if local[0] <= one.span[0] < local[1]} & known.services
    return bool(inside - {known.report.service}) and suspects.names_another(text[slice(*local)], local, mentions, known)


def _denies_another_kind(found: re.Match[str], text: str, known: Known) -> bool:
    """ "… since no dependency and no deployment is involved": where the cause is of another kind."""
    root = known.report.root_cause
    kinds = {kind for kind, words in suspects.KIND.items() if words.match(text, found.end() + 1)}
    told = NAMED_AS.match(text, found.end())
    if told:
        kinds |= {kind for kind, words in suspects.KIND.items() if words.search(told["what"])}
    is_denied = bool(told) or found[0].lower() == "no"
    return is_denied and bool(kinds) and root is not None and root.kind not in kinds


# "It does not name that deployment as the cause".
NAMED_AS = re.compile(
    r" (?:name|blame|identify|regard|consider|take|hold|see|call|list|rank)"
    r" (?P<what>(?:that|this|the|a|any) [^,;]{0,40}) as\b"
)


def _blamed(known: Known) -> set[str]:
    root = known.report.root_cause
    return cause_names(known) - ({known.report.service} if root and root.deployment_id else set())


def _part(text: str, place: int) -> Span:
    """The part of the sentence between semicolons and contrasts: a denial reaches over commas."""
    starts = [found.end() for found in re.finditer(r";|\bwhile\b|\bwhereas\b", text) if found.end() <= place]
    ends = [found.start() for found in re.finditer(r";|\bwhile\b|\bwhereas\b", text) if found.start() >= place]
    return max(starts, default=0), min(ends, default=len(text))
