"""Who ranks where among the candidates: which is first or last, the second, far behind another, or as likely."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text.claims import Claim, Found, judged, judged_at
from worker.agent.grounding.text.denials import JUST_BEFORE
from worker.domain.report import Candidate, CauseKind, Verdict

OTHER = "another one ranks there"
# "ledger leads the list of candidates", "frontend is the weakest of the candidates", "… is the report's first suspect".
AT_AN_END = re.compile(
    r"\b(?:leads?|led|leading|heads?|headed|heading|tops?|topped|topping) (?:the |all |this )?"
    r"(?:(?:list|ranking|order|table)\b(?: of (?:the )?(?:\w+ )?candidates)?|(?:\w+ )?candidates)\b"
    r"|\b(?:ranks?|ranked|comes?|came) (?:in )?first(?: (?:of|among) (?:the|all) (?:\w+ )?candidates)?\b"
    r"|\bleads?(?= (?:with|at|by) )|\b(?:is|was) (?:(?:the|its) )?(?:favou?r(?:ed|ite)\b|preferred\b|in front(?! of)\b"
    r"|(?:far |well |clearly )?ahead(?! of)\b)"
    r"|(?<=\w )first (?:of|among|in) (?:the |all )?(?:\w+ )?(?:candidates|ranking)\b"
    r"|\b(?:is|was|ranks?|ranked|comes?|came|stands?|stood) (?:the )?"
    r"(?P<last>weakest|last|least likely|lowest|laggard)\b"
    r"(?= (?:of|among) (?:the|all|these)?| candidate\b|[,.;:]|$)"
    r"|(?:\b(?:is|was)|,) the (?:strongest|likeliest|most likely|leading|top)"
    r"(?: (?:of|among)\b| candidate\b|(?=\s*(?:[,.;:]|$)))"
    r"|\b(?:is|was|as) (?:(?:the|its) )?(?:\S+['’]s )?(?P<suspect>(?:first|prime|main|top|chief|best|likeliest)"
    r" (?:candidate|suspect)|front-?runner|winner)\b",
    re.IGNORECASE,
)
# Else it is told of times, or of parts of a rise.
RANKED = re.compile(
    r"\b(?:candidates?|suspects?|rank\w*|confidence|favou?r\w+|preferred|likely|runner-up|0\.\d+)\b", re.IGNORECASE
)
# "payments is not among the candidates".
IS_AMONG = re.compile(
    r"(?: (?:(?:of|in) [\w-]+|at \d\d:\d\d UTC),?| (?:went|goes) to [\w-]+){0,3}(?: and)?"
    r" (?:is|are|was|were) (?P<no>not |no |none )?(?:(?:listed |counted |named )?(?:among|one of|part of)"
    r" (?:the|its|these) (?:\w+ )?(?:candidates|suspects)|(?:listed |named )?as a candidate)\b"
)
# "deploy-8711 of search is not among the candidates": the deployment.
OF_CHANGE = re.compile(r"[a-z]+-\d\w* (?:of|for) $")
TRAFFIC = re.compile(r"\b(?:more |higher )?(?:traffic|demand)(?: surge)?\b", re.IGNORECASE)


def ranking(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """By the ranks of the candidates, and by how sure it is of each."""
    candidates = known.report.candidates
    if not candidates:
        return
    named = [one for one in _named(text, mentions, known) if one.text not in known.regions]
    for found in AT_AN_END.finditer(text) if RANKED.search(text) else ():
        before = [one.text for one in named if one.span[1] <= found.start()][-1:]
        if before:
            is_there = before[0] in _names(candidates[-1 if found["last"] else 0])
            yield judged("state", found, is_there != bool(JUST_BEFORE.search(text[: found.start()])), OTHER)
    for one in named:
        is_of_change = OF_CHANGE.search(text[: one.span[0]])
        if among := None if is_of_change else IS_AMONG.match(text, one.span[1]):
            is_one = any(one.text in _names(it) for it in candidates)
            span = (one.span[0], among.end())
            yield judged_at("state", span, text, is_one != bool(among["no"]), "the ranking says otherwise")
    yield from _placed(text, named, known)
    yield from _behind(text, named, known)
    yield from _alike(text, known)
    yield from _two_alike(text, named, known)
    yield from _sure_of(text, named, known)


def _named(text: str, mentions: list[Found], known: Known) -> list[Found]:
    """With more demand, which is nobody's, where that is a candidate."""
    if any(one.kind is CauseKind.TRAFFIC and not one.service for one in known.report.candidates):
        return sorted([*mentions, *(Found(found.span(), "traffic") for found in TRAFFIC.finditer(text))])
    return mentions


def _names(one: Candidate) -> set[str | None]:
    demand = {"traffic"} if one.kind is CauseKind.TRAFFIC and not one.service else set()
    return {one.service, one.deployment_id, one.version, one.error_type, *demand} - {None}


_THE_NEAREST = (
    r"the (?:(?:likeliest|nearest|closest|best|most (?:likely|probable|plausible)) (?:root )?(?:cause|explanation)"
    r"|(?:first|top|prime|leading|main|best|strongest|likeliest|most (?:likely|probable|plausible))"
    r" (?P<kind>candidate|suspect))"
)
NEAREST_IS = re.compile(
    rf"\b{_THE_NEAREST} (?:is|was|remains) (?P<not>not )?(?:the )?(?:(?:error|type|deployment|version|service) )?$",
    re.IGNORECASE,
)
IS_NEAREST = re.compile(rf"(?: in [\w-]+)? (?:is|was|remains) {_THE_NEAREST}\b", re.IGNORECASE)


def nearest(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "The likeliest candidate is ledger"; of a cause, where the data does not say what it is: whoever ranks first."""
    first, is_open = known.report.candidates[:1], known.report.verdict is Verdict.INCONCLUSIVE
    for one in (it for it in _named(text, mentions, known) if first and it.text not in known.regions):
        told = NEAREST_IS.search(text[: one.span[0]])
        behind = IS_NEAREST.match(text, one.span[1])
        if (words := told or behind) and (is_open or words["kind"]):
            span = (told.start() if told else one.span[0], behind.end() if behind else one.span[1])
            is_first = one.text in _names(first[0])
            yield judged_at("state", span, text, is_first != bool(told and told["not"]), OTHER)


PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}


_NTH = "|".join(PLACES)
NTH = re.compile(
    rf"\b(?:the )?(?P<nth>{_NTH}) (?:most likely |likeliest |strongest )?(?:candidate|suspect)\b", re.IGNORECASE
)
# "It is ranked fourth": a deployment, too, whose place is no figure of a service.
IS_RANKED = re.compile(rf" (?:(?:is|was) (?:\w+ )?ranked|ranks) (?:only )?(?P<nth>{_NTH})\b")
MAKES = re.compile(r"\bma(?:kes?|de|king) (?:the )?$")
PLACED = re.compile(
    r"(?: itself)?,? (?:(?:is|was|comes?|came|ranks?|ranked|stands?|follows?|as) (?:only )?(?:the |in )?"
    r"|(?P<made>(?:only )?the ))"
    rf"(?:(?P<nth>{_NTH})(?: most likely| likeliest| strongest)?"
    r" (?:candidate|suspect|place|of (?:the|all)|of (?:\w+ )?candidates|among the"
    r"|among all|in the (?:list|ranking)|most likely|cause\b)"
    r"|(?P<runner>runner-up)\b)",
    re.IGNORECASE,
)
# "The third candidate is ledger".
IS_PLACED = re.compile(rf"{NTH.pattern} (?:is|was) (?:the )?$", re.IGNORECASE)
# "No. 3 among the candidates is ledger".
IS_NUMBERED = re.compile(
    r"\b(?:no\.|number|candidate|rank) (?P<nth>\d)"
    r"(?: (?:among|of|on|in) (?:the|all|these) (?:\w+ )?(?:candidates|list|ranking|suspects))? (?:is|was|goes to) $",
    re.IGNORECASE,
)
# "What puts ledger first among the candidates".
PUTS = re.compile(r"\b(?:puts?|places?|ranks?|lists?|keeps?)(?: the)? $", re.IGNORECASE)
FIRST = re.compile(
    r" (?:first|(?P<last>last)|(?:in|on) (?:first place|top)|at the (?:top|head)|in front|ahead(?! of))\b"
)


def _placed(text: str, named: list[Found], known: Known) -> Iterator[Claim]:
    """ "Shippingservice is third among the candidates", "the runner-up", "the third candidate is ledger"."""
    candidates = known.report.candidates
    for one in named:
        before = text[: one.span[0]]
        if put := FIRST.match(text, one.span[1]) if PUTS.search(before) else None:
            yield judged("state", put, one.text in _names(candidates[-1 if put["last"] else 0]), OTHER)
        found = PLACED.match(text, one.span[1]) or IS_RANKED.match(text, one.span[1])
        found = found or IS_PLACED.search(before) or IS_NUMBERED.search(before)
        told, ranks = found.groupdict() if found else {}, [it.rank for it in candidates if one.text in _names(it)]
        if found and ranks and (not told.get("made") or MAKES.search(before)):
            rank = 2 if told.get("runner") else place(found["nth"].lower())
            yield judged("state", found, rank in ranks, OTHER)


def place(nth: str) -> int:
    return int(nth) if nth.isdigit() else PLACES[nth]


BEHIND = re.compile(
    r"\b(?:(?P<close>(?:close|closely|just|narrowly|right)(?: behind)|a close second|(?:nearly|almost) as likely)"
    r"|(?P<far>(?:far|well|long|way) behind))\b",
    re.IGNORECASE,
)


def _behind(text: str, named: list[Found], known: Known) -> Iterator[Claim]:
    """ "Far behind" by its confidence: of whom is named last before it and not first."""
    candidates = known.report.candidates
    ranked = {name: one for one in reversed(candidates) for name in _names(one)}
    for found in BEHIND.finditer(text) if RANKED.search(text + known.previous) else ():
        before = [ranked[one.text] for one in named if one.text in ranked and one.span[1] <= found.start()]
        if behind := [one for one in before if one.rank > 1][-1:]:
            is_far = behind[0].confidence < candidates[0].confidence / 2
            yield judged("state", found, is_far == bool(found["far"]), "its confidence is another one")


ALIKE = re.compile(
    r"\b(?:candidates|causes|explanations)\b[^,;.]{0,30}\b(?:equally|similarly|about as|nearly as|just as)"
    r" (?:likely|probable|plausible|strong|good|convincing)\b"
    r"|\b(?:candidates|causes|explanations)\b[^,;.]{0,30}\b(?:on a par|neck and neck|hardly (?:differ|apart)|tied)\b",
    re.IGNORECASE,
)
CLOSE = 0.05


def _alike(text: str, known: Known) -> Iterator[Claim]:
    """ "The first two candidates are equally likely": by their confidences."""
    first = [one.confidence for one in known.report.candidates[:2]]
    for found in ALIKE.finditer(text):
        is_so = len(first) > 1 and first[0] - first[1] < CLOSE
        yield judged("state", found, is_so != bool(JUST_BEFORE.search(text[: found.end()])), "they are not")


# "They are much less likely than ledger".
LIKELIER = re.compile(r"\b(?:(?P<more>more)|less) (?:likely|probable|plausible) (?:\w+ )?than (?=\S)", re.IGNORECASE)
# "deploy-8734 of search gets no confidence", "a candidate, yet without any confidence".
NO_CONFIDENCE = re.compile(
    r"\b(?:(?:gets?|got|has|had|have|is given|with|carries|receives?) (?:no|zero)|without any) confidence\b"
    r"(?! (?:in|is|was|of|figure|value|interval))",
    re.IGNORECASE,
)
# "Auth fails with little confidence as the cause".
SURE = re.compile(
    r"\b(?:with|at|of) (?:only |very |rather |a )*(?:(?P<low>little|low|weak|poor|scant|slight|limited)"
    r"|high|great|full|strong|considerable) (?:certainty|confidence)\b(?! (?:of|is|in|level)\b)",
    re.IGNORECASE,
)
# Less than that is low, and from that on it is high.
LOW, HIGH = 0.5, 0.65
# As it is written, that is 0.
NO_MORE = 0.005


# "CertificateExpired and deploy-8735 are equally likely".
BOTH_ALIKE = re.compile(
    r"\b(?:are|were|seem) (?:equally|just as|both as) (?:likely|probable|plausible)\b", re.IGNORECASE
)

# "auth and checkout have the same confidence", "auth has the same confidence as checkout".
THE_SAME = re.compile(
    r"\b(?P<about>(?:about|nearly|almost|roughly) )?(?:the same|(?:an? )?(?:equal|identical)) confidences?\b"
    r"(?: as\b)?"
    r"|\bconfidences?\b[^,;.\d]{0,40}\b(?:is|are) (?P<nearly>(?:about|nearly|almost|roughly) )?"
    r"(?:the same|equal|identical)\b",
    re.IGNORECASE,
)


def _two_alike(text: str, named: list[Found], known: Known) -> Iterator[Claim]:
    """By the confidences of the two that are named before it."""
    sure = {name: one.confidence for one in reversed(known.report.candidates) for name in _names(one)}
    for found in THE_SAME.finditer(text):
        both = [sure[one.text] for one in named if one.text in sure]
        least = CLOSE if found["about"] or found["nearly"] else NO_MORE
        if len(both) > 1:
            yield judged("state", found, max(both) - min(both) < least, "their confidences differ")
    for found in BOTH_ALIKE.finditer(text):
        told = [sure[one.text] for one in named if one.span[1] <= found.start() and one.text in sure][-2:]
        if len(told) > 1:
            yield judged("state", found, abs(told[0] - told[1]) < CLOSE, "their confidences differ")


def _sure_of(text: str, named: list[Found], known: Known) -> Iterator[Claim]:
    """Of each that is named before it, or of whom was spoken."""
    sure = {name: one.confidence for one in reversed(known.report.candidates) for name in _names(one)}
    for found in LIKELIER.finditer(text):
        other = next((sure[one.text] for one in named if one.span[0] == found.end() and one.text in sure), None)
        before = {one.text for one in named if one.span[1] <= found.start()} or known.about
        told = [sure[one] for one in before if one in sure]
        if other is not None and told:
            holds = all(one != other and (one > other) == bool(found["more"]) for one in told)
            yield judged("state", found, holds, "its confidence is another one")
    for found in SURE.finditer(text):
        last = [one.text for one in named if one.text in sure and one.span[1] <= found.start()][-1:]
        confidence = sure[last[0]] if last else known.report.candidates[0].confidence
        is_low = bool(found["low"]) != bool(JUST_BEFORE.search(text[: found.start()]))
        yield judged(
            "state", found, confidence < LOW if is_low else confidence >= HIGH, "its confidence is another one"
        )
    for found in NO_CONFIDENCE.finditer(text):
        last = [one.text for one in named if one.span[1] <= found.start() and one.text in sure][-1:]
        own = [sure[one] for one in last or known.about if one in sure]
        yield judged("state", found, bool(own) and max(own) < NO_MORE, "it has some", is_open=not own)
