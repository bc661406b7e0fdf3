"""Conditions in advice: what would follow if something stayed as it is denies nothing of now."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.checks import causation
from worker.agent.grounding.checks.doubts import DOUBTED
from worker.agent.grounding.checks.statements import BLAMED
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text.claims import Claim, Found, judged
from worker.domain.report import Verdict

# "If the errors persist after the rollback, cfg-3095 was not the cause".
STAYING = re.compile(
    r"(?:^|;)\W*(?:if|should|in case|unless|when)\b[^;]*?\b(?:persists?|remains?|continues?|still|stays?"
    r"|keeps?|go(?:es)? on"
    r"|not be\b|(?:do|does|did|is|are|was|were)(?: not|n['’]t)|no (?:effect|improvement|change)|nothing changes"
    r"|without (?:effect|success))\b",
    re.IGNORECASE,
)
# "Within minutes checkout is as before, or deploy-8729 was not the cause": how it is found out.
OR_NOT = re.compile(
    r"\b(?:should|will|would|must|within|after)\b[^;]{3,90}?,? (?P<not>(?:or else|or|otherwise),? [^,;.]{0,60}?"
    r"\b(?:was|is|were)(?: not|n['’]t) (?:the (?:\w+ )?cause|the culprit|it|this|to blame|at fault)\b)",
    re.IGNORECASE,
)
REASON = re.compile(r"\b(?:because|since|as(?! (?:before|usual|expected|well|soon|long)\b))\b", re.IGNORECASE)
DENIALS = (causation.IT_IS, DOUBTED, BLAMED)
# "…, the cause was something else": names nobody.
NAMELESS = re.compile(
    r"\b(?:(?:something|somewhere|anything) else|elsewhere|another(?: one| cause)?|a different one)\b"
)
# "Restart frontend first, not ledger".
NOT_IT = re.compile(r"(?:, | )(?:not|instead of|rather than|and not|before)(?: (?:at|on|the))* $", re.IGNORECASE)
MENDING = re.compile(
    r"\b(?:restart|repair|fix|fail(?:ing)? over|take|roll(?:ing)? back|revert|look|start|begin|mend|inspect)\w*\b",
    re.IGNORECASE,
)
# "Do not spend time on ledger".
AWAY = re.compile(
    r"\b(?:do not|don['’]t|never|no need to|rather than) (?:spend|waste|lose|look|start|begin|search)\b", re.IGNORECASE
)


def misdirected(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What would have something else mended first than the cause."""
    for found in AWAY.finditer(text):
        behind = [one for one in mentions if one.span[0] >= found.end() and one.text in cause_names(known)]
        if behind and not re.search(r"[,;:]|\b(?:unless|until|if|before|but)\b", text[found.end() : behind[0].span[0]]):
            yield Claim("cause", behind[0].span, behind[0].text, holds=False, why="it is the cause")
    yield from _kept(text, mentions, known)
    if not MENDING.search(text):
        return
    for place, one in enumerate(mentions):
        others = {it.text for it in mentions[:place]} - {*known.regions} - cause_names(known)
        if one.text in cause_names(known) and others and NOT_IT.search(text[: one.span[0]]):
            yield Claim("cause", one.span, one.text, holds=False, why="it is the cause")


# "Keep deploy-8738 in place", "do not roll back deploy-8738".
KEEP = re.compile(r"\b(?:keep|leave|retain|let)(?: the)?(?: deployment| version| release)? $", re.IGNORECASE)
IN_PLACE = re.compile(
    r" (?:\w+ )?(?:in place|in production|deployed|running|run|live|untouched|unchanged|as it is|alone|on|active)\b"
)
NO_ROLLBACK = re.compile(
    r"\b(?:do not|don['’]t|never|no need to|avoid|refrain from|without|instead of|rather than)"
    r" (?:roll(?:ing)? back|revert(?:ing)?|undo(?:ing)?)(?: the)?(?: deployment| version| release)? $",
    re.IGNORECASE,
)
# "Do not roll version 2.18.0 out any further".
NO_ROLLOUT = re.compile(r"\b(?:do not|don['’]t|never|must not|should not) roll(?: [\w.-]+){0,4}? out\b", re.IGNORECASE)
ON_CONDITION = re.compile(r"\b(?:if|unless|until|only|in case)\b", re.IGNORECASE)


def _kept(text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What would leave the change in place that is the cause."""
    root = known.report.root_cause if known.has_cause else None
    changes = {root.deployment_id, root.version} - {None} if root else set()
    for one in mentions if not ON_CONDITION.search(text) else ():
        before = text[: one.span[0]]
        is_kept = KEEP.search(before) and IN_PLACE.match(text, one.span[1])
        if one.text in changes and (is_kept or NO_ROLLBACK.search(before)):
            yield Claim("cause", one.span, one.text, holds=False, why="it is the cause")
    for found in NO_ROLLOUT.finditer(text):
        named = {one.text for one in mentions if found.start() <= one.span[0]}
        yield judged("cause", found, bool(named & changes), "it is not the cause")


_ALERT = r"(?:alerts?|alarms?|rules?|incidents?|pages?|pagers?|tickets?|notifications?)"
SILENCING = re.compile(
    rf"\b(?:mute|silence|snooze|close|disable|suppress|switch off|turn off|acknowledge and close)"
    rf" (?:the |this |that |these |its |all )?(?:[\w-]+ )?{_ALERT}\b"
    rf"|\b{_ALERT}\b[^,;.]{{0,40}}? (?:be|is to be|are to be) (?:\w+ly )?(?:muted|silenced|snoozed|closed|disabled"
    r"|suppressed|switched off|turned off)\b",
    re.IGNORECASE,
)
UNTIL = re.compile(
    r"\b(?:if|once|when|after|until|as soon as|unless|do not|don['’]t|never|not|without|before)\b", re.IGNORECASE
)
# "…, as the note in the data asks": what telemetry says is no instruction.
AS_ASKED = re.compile(
    r"\bas (?:the |a )?(?:\w+ )?(?:note|message|line|text|comment|instruction|data|telemetry|alert)s?\b[^,;.]{0,30}?"
    r" (?:(?:asks?|asked|demands?|requests?|requested|instructs?|orders?|wants?|requires?)\b"
    r"|(?:tells?|says?)(?=\W*$|[,;.]| (?:you|us|to)\b))",
    re.IGNORECASE,
)


def silenced(text: str, known: Known) -> Iterator[Claim]:
    """ "Mute the alert for a week": not while an incident stands, nor because data asks for it."""
    if asked := AS_ASKED.search(text):
        yield judged("cause", asked, holds=False, otherwise="data gives no instructions")
    found = SILENCING.search(text)
    if found and known.report.verdict is not Verdict.NOT_CONFIRMED and not UNTIL.search(text):
        yield judged("state", found, holds=False, otherwise="there is an incident")


def without_conditional(found: list[Claim], text: str) -> Iterator[Claim]:
    """The claims of advice but for what it denies under a condition that is still to come."""
    staying, tried = STAYING.search(text), OR_NOT.search(text)
    for claim in found:
        if tried and claim.why in DENIALS and claim.span[1] > tried.start("not"):
            continue
        is_denial = claim.why in DENIALS or (claim.why == causation.ANOTHER and NAMELESS.search(claim.text))
        is_conditional = staying and is_denial and claim.span[1] > staying.start()
        if not is_conditional or REASON.search(text[staying.end() if staying else 0 : claim.span[1]]):
            yield claim
