"""What is told in harmless words to have become of something: it ran full, fell over, moved elsewhere, is certain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import conditions
from worker.agent.grounding.checks.movements import went
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import context
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.agent.grounding.text.comparisons import IF
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import Verdict

_IS = r"(?:is|are|was|were|been|being|stays?|stayed|remains?|remained|went|goes|got|gets|became|becomes)"
# None of these words alone names a mishap, or an event that a report could have read.
MISHAP = re.compile(
    r"\b(?:(?:ran|runs?|running|filled|fills) (?:\w+ly )?(?:up|hot|wild|away|idle)"
    r"(?! (?:against|with|to|from|until|than|by)\b)"
    r"|(?:ran|runs?|running) out of (?=memory|cpu|capacity|time|room|energy|it\b|them\b)"
    rf"|(?:memory|cpu|storage|capacity|buffer|it|they|which)(?: (?:of|in) \S+)? {_IS} (?:\w+ly |nearly |almost )?"
    r"(?:full(?! of)|pegged|maxed)"
    r"|(?:fell|falls?|tipped|tips|rolled|rolls|toppled) over(?! (?:the|a|its|their|that|this|time|\d))"
    r"|(?:went|goes|going|gone) (?:under|dark|astray|wild|missing|away|off)\b"
    r"|(?:gave|gives?|given) (?:way|out|in)(?! (?:to|for)\b)"
    r"|(?:broke|breaks?|broken) (?:down|apart)(?! (?:by|into|of)\b)"
    r"|(?:fell|falls|fallen|came|comes) (?:apart|to pieces|to an? (?:halt|stop|end|rest))"
    rf"|{_IS} (?:\w+ )?(?:cut|switched|turned|taken|closed|signed|left|kept|locked) (?:off|out)"
    r"|(?:lost|loses|losing|found|finds|regained) (?:its|their) (?:footing|feet|balance|way|grip|memory|data)"
    r"|turned the (?:corner|tide)|on its (?:feet|knees|last legs)|itself again"
    r"|out of (?:service|order|action|operation|use|reach|control|hand))\b",
    re.IGNORECASE,
)
# "Traffic moved elsewhere", "ledger was moved to us-central1".
MOVED = re.compile(
    r"\b(?:mov(?:ed?|es|ing)|shift(?:ed|s|ing)?|switch(?:ed|es|ing)?|divert(?:ed|s)?|drift(?:ed|s)?|travel\w+"
    r"|(?:went|sent)(?= elsewhere))"
    r" (?:\w+ly |over |on |away )?(?:elsewhere|away\b|(?P<to>(?:in)?to |from ))",
    re.IGNORECASE,
)


def mishaps(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "Its memory ran full": nothing that is read tells so, unless a log line of the service has those words."""
    for found in MISHAP.finditer(text):
        if not _is_logged(found, mentions, known) and not _is_untold(found, text):
            yield judged("state", found, holds=False, otherwise=UNREAD, is_open=True)
    places = known.regions | known.services
    for found in MOVED.finditer(text):
        is_place = any(one.span[0] == found.end() and one.text in places for one in mentions)
        if (is_place or not found["to"]) and not _is_untold(found, text):
            yield judged("state", found, holds=False, otherwise=UNREAD, is_open=True)


def _is_logged(found: re.Match[str], mentions: list[Found], known: Known) -> bool:
    """Whether a log line of those that are named has its last word, or a past incident that it speaks of."""
    services = {one.text for one in mentions} & known.services or {known.report.service or ""}
    word = found[0].lower().rpartition(" ")[2]
    return word in known.past or any(word in known.messages.get(one, ()) for one in services)


UNREAD = "nothing that was read tells so"
NOT_SO = re.compile(
    r"\b(?:no|not|never|nothing|nobody|neither|nor|without|unknown|unclear|whether)\b|n['’]t\b", re.IGNORECASE
)


def _is_untold(found: re.Match[str], text: str) -> bool:
    before = text[context.clause(found.span(), text)[0] : found.start()]
    return bool(NOT_SO.search(before) or IF.search(before))


# "It is proven beyond doubt that ledger is the cause".
CERTAIN = re.compile(
    r"\b(?:(?:beyond|without|no room for|no|leaves? no|not the (?:slightest|least|smallest))"
    r" (?:an?y? |all |every |the )?(?:\w+ (?:of )?(?:a )?)?(?:doubt|dispute|question)s?"
    r"|(?:irrefutabl|incontestabl|incontrovertibl|indubitabl|indisputabl|inarguabl|undeniabl|undoubted|unquestionabl"
    r"|undisputed|conclusive|categorical|unmistak\w*abl|definite|provabl)(?:e|y|ly|ely)?"
    r"|(?:absolutely|completely|entirely|perfectly|100 %) (?:certain|sure)"
    r"|(?:is|was|are|has been|stands) (?:now |thus |thereby )?prove[dn]|(?:prove[sd]?|proof)(?= (?:that|it|this)\b)"
    r"|(?:full|final|hard|clear|definite|conclusive) proof|for (?:certain|sure)|certainly|definitely)\b",
    re.IGNORECASE,
)
# "… which leaves little room for coincidence", "that is no coincidence": who is named is blamed.
NO_CHANCE = re.compile(
    r"\b(?:no|little|hardly any|not much) room for (?:coincidence|chance|accident|another)"
    r"|\b(?:is|was|be) (?:no|not an?|hardly an?|anything but an?) (?:\w+ )?(?:coincidence|accident|fluke)\b",
    re.IGNORECASE,
)
BLAMING = re.compile(
    r"\b(?:caus\w+|culprit|blam\w+|responsible|fault\w*|origin\w*|explain\w*|reasons?|behind|guilty|made|broke)\b",
    re.IGNORECASE,
)
DENYING = re.compile(r"\b(?:not|nothing|neither|none|cannot|far from|hardly|less than)\b|n['’]t\b", re.IGNORECASE)
# "The lines are certainly too few to tell".
LACKING = re.compile(r"\b(?:too (?:few|little)|lack\w*|missing|inconclusive|impossible|open|only|few)\b", re.IGNORECASE)
SURE = 0.9


def proofs(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "It is proven beyond doubt": only of a cause that is nearly sure, and of nothing without a verdict."""
    root = next(iter(known.report.candidates), None)
    for found in CERTAIN.finditer(text):
        start, end = _sentence_part(found, text)
        rest = text[start : found.start()] + text[found.end() : end]
        if known.report.verdict is Verdict.INCONCLUSIVE and _is_told_sure(text):
            yield judged("state", found, holds=False, otherwise="the report gives no verdict")
        elif BLAMING.search(rest) and not DENYING.search(rest) and mentions:
            holds = known.has_cause and root is not None and root.confidence >= SURE
            yield judged("state", found, holds, "the confidence in it is lower")


def _is_told_sure(text: str) -> bool:
    """Of a signal; that so many lines were sampled is certain."""
    return bool(topics(text) & {*SIGNALS}) and not NOT_SO.search(text) and not LACKING.search(text)


def chances(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "auth was deployed just before, which leaves little room for coincidence": only of the cause."""
    for found in NO_CHANCE.finditer(text):
        before = {one.text for one in mentions if one.span[1] <= found.start()} - known.regions
        named = before or {one.text for one in mentions} - known.regions
        holds = known.has_cause and (not named or bool(named & cause_names(known)))
        yield judged("cause", found, holds, "the evidence shows another cause")


INDEPENDENT = re.compile(r"\b(?:independent(?:ly)?|regardless|irrespective)(?: of)? $", re.IGNORECASE)


def independents(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """ "payments fails independently of ledger": not where it was seen to call it."""
    for one in mentions:
        found = INDEPENDENT.search(text[: one.span[0]])
        callers = {it.text for it in mentions if it.span[1] <= one.span[0]}
        if found and any((caller, one.text) in known.calls for caller in callers):
            yield judged("cause", found, holds=False, otherwise="it calls it")


def _sentence_part(found: re.Match[str], text: str) -> tuple[int, int]:
    end = re.search(r"[;:]|, (?:and|but|while|whereas)\b", text[found.end() :])
    begin = [one.end() for one in re.finditer(r"[;:]|, (?:and|but|while|whereas)\b", text[: found.start()])]
    return begin[-1] if begin else 0, found.end() + end.start() if end else len(text)


# "ledger is the only service that misbehaves".
ONLY_ONE = re.compile(
    r"\b(?:is|was) (?:the (?:only|sole|one)|alone(?: as)? the|the single) "
    r"(?:(?:\w+ )?(?:faulty|failing|broken|slow|ailing|affected|deviating|misbehaving|troubled|abnormal)"
    r" (?:service|one)"
    r"|(?:service|one)\b[^,;.]{0,20}\b(?:fails|misbehaves|deviates|suffers|struggles|is slow|is affected))\b",
    re.IGNORECASE,
)


def only_ones(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Where nothing was measured of another that deviates."""
    for found in ONLY_ONE.finditer(text):
        named = {one.text for one in mentions if one.span[1] <= found.start()} & known.services
        others = {one.subject.service for one in known.levels if went(one)} - {None}
        if named and not NOT_SO.search(text[: found.start()]):
            yield judged("state", found, others <= named, "another one does, too")


# "Requests have become slow", "it answers sluggishly": of a latency.
SLOW = re.compile(
    r"\b(?:(?:requests?|calls?|answers?|responses?|replies)\b[^,;.]{0,40}? (?:is|are|was|were|be|been|become|became"
    r"|got|get|grew|turned|ran|run) (?:\w+ly |too |very )?(?:slow|sluggish)"
    r"|(?:answers?|answered|responds?|responded|replies|replied|reacts?) (?:too |very )?(?:slowly|sluggishly))\b",
    re.IGNORECASE,
)


def slowness(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """Of those that are named, else of the alerted service: a latency that rose, or a call that took longer."""
    for found in SLOW.finditer(text):
        if _is_untold(found, text) or conditions.ITS_FIGURE.match(text, found.end()):
            continue
        named = {one.text for one in mentions} & known.services
        levels = [one for one in known.levels if any(word in one.signal for word in SLOWNESS)]
        slow = {one.subject.service for one in levels if went(one) > 0}
        slow |= {service for service in named if _is_in_a_slower_call(service, known)}
        told: set[str | None] = {*named} or {known.report.service, None}
        holds = bool(slow & told)
        is_open = not any(one.subject.service in named for one in levels)
        yield judged("direction", found, holds, "it does not", is_open=is_open)


SLOWNESS = ("latency", "duration", "response", "p95", "p99")


def _is_in_a_slower_call(service: str, known: Known) -> bool:
    slower = [item.result["slower"] for item in known.report.evidence if item.result.get("slower")]
    return any(service in str(one) for one in slower)


FAILING = re.compile(r"\b(?:failing|failed) (?:requests?|calls?|responses?)\b", re.IGNORECASE)


def failing(text: str, known: Known) -> Iterator[Claim]:
    """ "… with failing calls": where nothing at all was read of errors."""
    is_read = known.failing or known.types or any("error" in f"{one.signal} {one.metric}" for one in known.levels)
    for found in () if is_read else FAILING.finditer(text):
        if not _is_untold(found, text) and not UNJUDGED.match(text, found.end()):
            yield judged("direction", found, holds=False, otherwise=UNREAD, is_open=True)


# "… could not be judged".
UNJUDGED = re.compile(r" (?:(?:could|can) ?not|(?:is|are|was|were) (?:not|un)) ?\w+", re.IGNORECASE)
