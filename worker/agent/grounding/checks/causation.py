"""What is said to cause what: only the root cause of the verdict does, and it does not suffer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from worker.agent.grounding.checks import alerting, blameless, consequences, judgements, loads, suspects
from worker.agent.grounding.report import vocabulary
from worker.agent.grounding.report.known import Known, cause_names
from worker.agent.grounding.text import causal, claims
from worker.agent.grounding.text.claims import Claim, Found, Span, judged
from worker.agent.grounding.text.topics import SIGNALS, topics
from worker.domain.report import CauseKind, RootCause, Verdict

NOT = re.compile(
    r"^(?:no|nothing|none)\b|\b(?:not|never|no longer|neither|nor|cannot|unlikely|hardly|rule[sd]? out|excluded?)\b"
    r"|\bno (?:\w+ )?(?:cause|culprit|origin|source|trigger)\b|n['’]t\b",
    re.IGNORECASE,
)
# "… because ledger does not respond": says how it is, not that it is not the cause.
STATE = re.compile(
    r"\b(?:do|does|did|can|could|would|will|has|have|had)(?: not|not|n['’]t)\b"
    r"(?! be (?:the|an?|its|behind|to blame|responsible)\b)"
    r"(?! (?:have |be |been )*(?:(?:the|an?|its|their) (?:\w+ )?)?\w*(?:start(?:ed)? (?:it|this|them|that)\b"
    r"|name|blame|identif|regard|consider|take\b|hold\b"
    r"|see\b"
    r"|call\b|caus|explain|mak|made|lead|led|trigger|br[eo][ak]|contribut|involv|blam|relat|play|affect))"
    r"|\bno longer (?:answer|respond|reach|return|log|serve|work|get|find|call|accept)\w*",
    re.IGNORECASE,
)
# "… came after the onset, so it cannot have started this".
CANNOT = re.compile(
    r"(?:^\W*|\b(?:it|this|that|they) )(?:cannot|can ?not|can't|could not|did not|does not|do not) (?:have )?"
    r"(?:start|cause|trigger|explain|be (?:the|its) \w*\s?cause|bring|set|be behind|be to blame)"
    r"|\b(?:came|comes|is|was|went out|happened|arrived|set in) (?:far |much )?too late to "
    r"(?:have |be (?:what|the one that) )?(?:beg[au]n|started?|caused?|trigger(?:ed)?|explain(?:ed)?|set|brought|bring"
    r"|(?:be|been) (?:the|its|a) \w*\s?cause|(?:be|been) (?:behind|to blame))",
    re.IGNORECASE,
)
# "The errors do not come from a deployment": what is behind is denied.
DOES_NOT = re.compile(
    r"\b(?:do|does|did|can|could|is|are|was|were|ha[sd]|have)(?: not|n['’]t)(?: been)? *$", re.IGNORECASE
)
# "Nothing points to payments".
NOTHING = re.compile(
    r"\W*(?:nothing|no [\w-]+(?: (?!is\b|was\b|are\b|were\b)[\w-]+)?|none of (?:the |its )?(?:[\w-]+ )?[\w-]+)\W*",
    re.IGNORECASE,
)
# "There is no incident for them to explain".
NOTHING_TO = re.compile(
    r"\b(?:no|nothing)\b[^,;]{0,30} for (?:it|this|that|these|them|either|any) to\W*$", re.IGNORECASE
)
# "Its confidence as a cause is 0.01": a figure.
CONFIDENCE = re.compile(
    r"\bconfidence (?:as|in|of|for) (?:being )?(?:an?|the|this|that|its|their|such a) (?:\w+ )?"
    r"(?:cause|candidate|explanation|culprit)(?= (?:\w+ ){0,3}\d)"
    r"|\bconfidence that [^,;.]{1,60} (?:is|are|was|were) (?:the|its|an?) (?:\w+ )?(?:cause|culprit)"
    r"(?= (?:\w+ ){0,3}\d)"
    r"|\bconfidence of (?:only |just |about )?[01](?:\.\d+)? (?:as|of being|in being) (?:an?|the) (?:\w+ )?"
    r"(?:cause|candidate|explanation|culprit)\b"
    r"|\bconfidence (?:in|of|for) \S+(?: in \S+)? as (?:an?|the|its) (?:\w+ )?(?:cause|candidate|culprit)"
    r"(?= (?:\w+ ){0,3}\d)"
    r"|\bconfidence that (?:it|this|that) (?:is|was) (?:an?|the|its) (?:\w+ )?(?:cause|culprit)(?= (?:\w+ ){1,3}\d)"
    r"|\bas (?:an? |the )?(?:\w+ )?(?:causes?|candidates?|culprits?|explanations?)(?: by (?:itself|themselves))?"
    r"(?= (?:reach(?:es)?|gets?|got|have|has|stands?|scores?) (?:only |just |at |a |confidence |of )*[01]\.\d)"
    r"|\b(?:its|the) (?:root )?cause (?:was|is) (?:found|named|identified|given|told)(?= with an? confidence)"
    r"|^\W*against \S+(?: in \S+)? as (?:a|an|the) (?:\w+ )?(?:cause|candidate|culprit|origin|source|suspect)"
    r"(?=,? (?:speaks|counts|argues|tells))"
    r"|^\W*what (?:speaks|counts|argues|tells) (?:for|in favou?r of|against) \S+(?: \S+){0,4}?(?= is\b)"
    r"|^\W*what makes [^,;]{1,60}? (?:(?:un)?likely|plausible|convincing|the \w+ candidate|a candidate)(?= is\b)"
    r"|,? which (?:speaks|counts|argues|tells) against (?:it|this|that)"
    r"(?: (?:as|being) (?:a|an|the) (?:\w+ )?(?:cause|candidate|culprit))?",
    re.IGNORECASE,
)
# What advice is given for: "…, since it has hardly logged anything".
REASON = re.compile(
    r",? (?:because(?! of\b)|(?:since|as)(?! (?:of|then|about|around|well|(?:it|they) (?:is|are|was|were))\b(?! \w))"
    # "Do not read it as a spike, since …".
    r"(?! an? [\w-]+(?:[,.;]| (?:because|since|as)\b))"
    r"(?! (?:\d| ))) "
)


def causes(text: str, mentions: list[Found], known: Known, *, is_advice: bool = False) -> Iterator[Claim]:
    """Of advice, what its reason says: that it is the reason for doing so is no claim."""
    reason = REASON.search(text) if is_advice else None
    if reason:
        text = claims.blanked(text, [(0, reason.end())])
    accounting = ACCOUNTING.match(text)
    of_part = accounting and consequences.of_part(accounting, accounting.span("cause"), mentions, known)
    if accounting and of_part is not None:
        yield judged("cause", accounting, not of_part, of_part)
    text = blameless.without(text)
    found = next((one for one in causal.reasoned(text) if _is_judgement(one, known)), None) or next(
        filter(None, (one.search(text) for one in causal.CAUSAL)), None
    )
    if found and found.start("effect") < found.start("cause") and not found["effect"].strip(" ,;"):
        # "No deployment explains it, since none is recorded": both are checked by themselves.
        return
    if found and BLAME.search(found["effect"]):
        # "X is the cause, since …": why it is thought to be is told besides.
        yield from _inside(found.span("effect"), text, mentions, known)
    elif found and _is_judgement(found, known):
        if judgements.is_of_figures(found):
            yield judged("cause", found, holds=True, otherwise="")
        yield from chain.from_iterable(_inside(part, text, mentions, known) for part in _reasons(found))
    elif found:
        yield _blamed(found, _wrong_cause(found, text, mentions, known), text, mentions, known)


def _blamed(found: re.Match[str], why: str, text: str, mentions: list[Found], known: Known) -> Claim:
    span = found.span("cause")
    is_open = why in OPEN and not (_blames(span, text, mentions, known) or consequences.is_swapped(found))
    # Only what is told as the cause is marked.
    end = span[0] + max(1, len(text[slice(*span)].rstrip(" .,;")))
    marked = (found.start(), end) if is_open else found.span()
    # "The cause is payments": what the report says of payments besides does not make it so.
    is_blamed = CULPRIT.search(found[0]) or causal.AFFECTING.match(found[0], span[1] - found.start())
    causing = suspects.within(span, mentions, known) & known.services
    # "ledger fails because checkout fails": that both do is said of them, and not which makes the other fail.
    is_of_two = bool(causing and suspects.within(found.span("effect"), mentions, known) & known.services - causing)
    is_said = why in UNPROVEN and not (why == ANOTHER and (is_of_two or (is_blamed and causing)))
    return Claim("cause", marked, text[slice(*marked)], not why, why, is_open, is_unproven=is_said)


# "… is the first candidate, because its requests fail and because its latency rose": two reasons of one judgement.
AND_BECAUSE = re.compile(r",? (?:and|but also) (?:because|since|as)(?= )", re.IGNORECASE)


def _reasons(found: re.Match[str]) -> Iterator[Span]:
    start, end = found.span("cause")
    for other in AND_BECAUSE.finditer(found.string, start, end):
        yield start, other.start()
        start = other.end()
    yield start, end


def _inside(span: Span, text: str, mentions: list[Found], known: Known) -> Iterator[Claim]:
    """What that part says is caused, read by itself."""
    part = claims.blanked(text, [(0, span[0]), (span[1], len(text))])
    yield from causes(part, [one for one in mentions if span[0] <= one.span[0] < span[1]], known)


def _is_judgement(found: re.Match[str], known: Known) -> bool:
    """Whether nobody is blamed or cleared: "… leads with 0.62, because its requests fail"."""
    is_denial = NOT.search(judgements.between(found)) or CANNOT.search(found["effect"])
    is_cleared = is_denial or judgements.CLEARED.search(found["effect"])
    return not is_cleared and judgements.is_told(found, is_cause_open=consequences.is_cause_open(known))


# "Retries account for most of the excess".
ACCOUNTING = re.compile(r"(?P<cause>[^;]+?) (?:account(?:s|ed)?|stands?|stood) for (?P<effect>[^;]+)", re.IGNORECASE)
NO_CAUSE, ANOTHER = "the evidence shows no cause", "the evidence shows another cause"
IT_IS = "it is the cause"
CULPRIT = re.compile(r"\b(?:cause|culprit|offender|origin|source|responsible|to blame|at fault)\b", re.IGNORECASE)
UNPROVEN = (NO_CAUSE, ANOTHER, IT_IS)
OPEN = (ANOTHER, IT_IS)
BLAME = re.compile(
    r"\b(?:is|was|are|as) the (?:\w+ ){0,2}(?:cause|culprit|reason)\b|\bcause (?:is|was|lies (?:in|with)) ",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"\W*(?:(?:this|that|it)"
    r"(?: (?:is|was|has been) (?:\w+ly )?(?:named|identified|held|regarded|considered|given|listed))?"
    r"|these|they|which|all of this|the (?:first|top|leading|likeliest) (?:candidate|cause))\W*",
    re.IGNORECASE,
)
# "Adservice stopped, and frontend failed as a consequence of that": the cause is what stands before.
JOINT = re.compile(r",? and |; |, (?=so |then )")
# "… originated in payments and spread to ledger": what came of it is no part of the cause.
RELATIVE = re.compile(
    r"(?<=\w), (?:(?:on|of|in|to|for|by|with|from) )?(?:which|whom?|whose|where|as|because"
    r"|since|while|whereas|although|though|but)\b|;"
    r"|,? (?:and|before|from where|then) (?:(?:then|later|also|it|from there) )*"
    r"(?:spread\w*|propagat\w+|cascad\w+|mov(?:ed|ing)|travel\w+|reach(?:ed|ing)|hit(?:ting)?|affect(?:ed|ing)"
    r"|dragg\w+|pull\w+|jump\w+|spill\w+)\b"
)
# "By search itself rather than by more requests": the second is denied.
RATHER = re.compile(r",? (?:rather than|instead of|and not)(?! \d) |, not ", re.IGNORECASE)
# "cart shows no deviation and ledger explains the errors": who stands before another verb is told of something else.
OF_ANOTHER = re.compile(
    r".*\b(?:is|are|was|were|has|have|had|does|do|did|shows?|showed|fails?|failed|deviates?|rose|fell|cannot)\b.*"
    r",? (?:and|but|while|whereas) (?=\S)",
    re.IGNORECASE | re.DOTALL,
)


AS_THE_CAUSE = re.compile(r"(?: in [\w-]+)? as (?:the|its) (?:\w+ )?(?:cause|culprit|origin|source)\b", re.IGNORECASE)
SAME_SUBJECT = re.compile(r" and(?: (?:so|thus|then|thereby|also))?$")


def _last_clause(found: re.Match[str], mentions: list[Found], known: Known) -> Span:
    """Where the cause is told, of a verb that brings something about."""
    start, end = found.span("cause")
    for one in mentions:
        # "… down to checkout as the affected service and to ledger as the cause": ledger.
        if one.text in known.services and start <= one.span[0] < end and AS_THE_CAUSE.match(found.string, one.span[1]):
            return one.span
    root = known.report.root_cause
    others = suspects.within(found.span("effect"), mentions, known) & known.services - {root.service if root else None}
    first = next((one for one in mentions if start <= one.span[0] < end and one.text in known.services), None)
    if first and start < found.start("effect") and SAME_SUBJECT.search(found["cause"]) and not others:
        # "checkout puts pressure on ledger and made its database unavailable": who does the one does the other.
        return start, first.span[1]
    behind = start + found["cause"].rfind(" because ") + 1
    if start < found.start("effect") and suspects.within((behind, end), mentions, known) & known.services:
        # "frontend is slow because ledger makes it wait": ledger.
        start = behind
    is_verb = start < found.start("effect") and not judgements.GIVING_REASON.search(judgements.between(found))
    other = OF_ANOTHER.match(found["cause"]) if is_verb else None
    rest = (start + other.end(), end) if other else (start, end)
    return rest if suspects.within(rest, mentions, known) & known.services else (start, end)


def _wrong_cause(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> str:
    cause = _last_clause(found, mentions, known)
    if relative := RELATIVE.search(found["cause"]):
        # "… points to ledger, which fails": what is said of it besides.
        behind = (cause[0] + relative.end(), cause[1])
        is_its_object = cause[0] < found.start("effect") and "," not in text[slice(*behind)]
        is_its_object = is_its_object and bool(suspects.within(behind, mentions, known))
        # "ledger, which cart broke": it is cart that did.
        cause = behind if is_its_object else (cause[0], cause[0] + relative.start())
    if consequences.is_of_emissions(found) and not _is_denial(found):
        return "emissions bring about nothing"
    told = consequences.of_part(found, cause, mentions, known)
    told = alerting.wrongly_raised(found, cause, mentions, known) if told is None else told
    if told is not None or consequences.is_besides(found, cause, text, mentions, known):
        return told or ""
    if not known.has_cause or known.report.root_cause is None:
        is_cleared = _is_denial(found) or _is_unexplaining(found, cause, text, mentions, known)
        return "" if is_cleared or _is_unconfirmed(found, known) else NO_CAUSE
    if (denied := _denied(found, text, mentions, known)) is not None:
        return _wrongly_denied(denied, text, mentions, known)
    return _wrong_verdict(found, cause, text, mentions, known, known.report.root_cause)


# "No money was lost, since the spike was not confirmed".
UNCONFIRMED = re.compile(r"\b(?:spike|alert|incident|deviation|rise|it) (?:is|was|could) not (?:be )?confirmed\b")


def _is_unconfirmed(found: re.Match[str], known: Known) -> bool:
    return known.report.verdict is Verdict.NOT_CONFIRMED and bool(UNCONFIRMED.search(found["cause"]))


def _is_unexplaining(found: re.Match[str], cause: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """ "This deployment does not explain it": if the ranking has something against whom it names, or each."""
    if not DOES_NOT.search(found["cause"]):
        return False
    named = suspects.within(cause, mentions, known)
    is_of_changes = suspects.KIND[CauseKind.DEPLOYMENT].search(text[slice(*cause)])
    of = [
        one
        for one in known.report.candidates
        if named & {one.service, one.deployment_id, one.version} or (not named and one.deployment_id)
    ]
    return all(one.against for one in of) and bool(of if named else is_of_changes)


def _is_denial(found: re.Match[str]) -> bool:
    """Whether anything is said to be no cause, by its verb or by its reason."""
    is_first = found.start("cause") < found.start("effect") or not found["effect"]
    return bool(
        NOT.search(" ".join(judgements.between(found).split()))
        or (is_first and NOT.match(found["cause"]))
        or NOTHING.fullmatch(found["effect"])
        or NOTHING_TO.search(found["cause"])
        or DOES_NOT.search(found["effect"])
        or judgements.CLEARED.search(found["effect"])
    )


def _wrong_verdict(
    found: re.Match[str], cause: Span, text: str, mentions: list[Found], known: Known, root: RootCause
) -> str:
    # "A configuration change broke shipping: cfg-3095": what stands behind is no part of what happened.
    effect = (found.start("effect"), found.start("effect") + len(found["effect"].partition(": ")[0]))
    if _denies_the_cause(found, text, mentions, known, root):
        return IT_IS
    if other := RATHER.search(found["cause"]):
        cause = (cause[0], cause[0] + other.start())
    denied = " ".join(f"{text[slice(*cause)]} {judgements.between(found)}".split())
    if NOT.search(STATE.sub(" ", denied)) or NOTHING.fullmatch(found["effect"]) or DOES_NOT.search(found["effect"]):
        return _wrongly_denied(cause, text, mentions, known)
    is_reason = judgements.GIVING_REASON.search(judgements.between(found)) and not IN_TROUBLE.search(found["effect"])
    if (
        suspects.within(cause, mentions, known)
        and not is_reason
        and suspects.within(effect, mentions, known) & known.services - suspects.reached(root, known)
    ):
        return "nothing shows that it calls the cause"
    return _wrongly_blamed(cause, effect, text, mentions, known, root)


# "…, not a change of shipping": what is denied behind the cause.
NOT_THIS = re.compile(
    rf"(?:{RATHER.pattern})(?P<this>[^,;:.]*?)(?=[,;:.]| (?:because|since|as|but|which|while|and)\b|$)"
)


def _denies_the_cause(found: re.Match[str], text: str, mentions: list[Found], known: Known, root: RootCause) -> bool:
    denied = NOT_THIS.search(text, found.start("cause"))
    if denied is None:
        return False
    part, span = denied["this"], denied.span("this")
    words = suspects.KIND.get(root.kind)
    # "A configuration change, not a new version, broke shipping".
    is_kind = words and words.search(part) and not words.search(found.string, found.start("cause"), denied.start())
    is_own = is_kind or suspects.within(span, mentions, known) & cause_names(known)
    return (
        bool(is_own)
        and not suspects.THE_CALLERS.fullmatch(part)
        and not suspects.names_another(part, span, mentions, known)
    )


# "search is slow because ledger fails": what befell it, and no judgement.
IN_TROUBLE = re.compile(
    r"\b(?:fail(?:s|ed|ing)?|slow(?:s|ed|er)?|tim(?:es|ed) out|(?:is|are|was|were) down)\b(?! (?:requests|calls))",
    re.IGNORECASE,
)
# "X is the cause, as it came last": that it came last clears nobody.
REASON_BEHIND = re.compile(r",? (?:as|since|because|for) (?:it|this|that|they) ", re.IGNORECASE)


def _denied(found: re.Match[str], text: str, mentions: list[Found], known: Known) -> Span | None:
    """What is judged not to be the cause, where the sentence has a reason for that, or says so of what followed."""
    cause, effect = found.span("cause"), found.span("effect")
    if CANNOT.search(found["effect"]):
        return cause
    is_reason = REASON_BEHIND.match(found["effect"]) and CULPRIT.search(judgements.between(found))
    if judged := None if is_reason else judgements.CLEARED.search(found["effect"]):
        begin = effect[0] + begin_of(found["effect"][: judged.start()])
        # "The extra work is not explained by more requests": what is denied stands behind.
        by = BY.match(found["effect"], judged.end())
        of = (effect[0] + by.end(), effect[1]) if by else (begin, effect[0] + judged.end())
        first = (begin, effect[0] + judged.start())
        if suspects.is_calm(text[slice(*first)], known):
            # "Latency is not the trouble, since …".
            return first
        is_told = (
            suspects.within(of, mentions, known)
            or suspects.OTHERS.search(text[slice(*of)])
            or any(words.search(text[slice(*of)]) for words in suspects.KIND.values())
        )
        return of if is_told else cause
    if (without := RATHER_THAN.search(found["cause"])) or (without := SUFFERS.search(found["cause"])):
        # "Its errors name auth, so checkout suffers rather than causing it": of checkout.
        told = (cause[0] + found["cause"].rfind(", so ", 0, without.start()) + 1, cause[0] + without.start())
        return told if suspects.within(told, mentions, known) else (cause[0], told[1])
    return None


BY = re.compile(r" by\b")
# "The load followed the failures rather than causing them".
RATHER_THAN = re.compile(
    r"\b(?:followed|follows|came|comes|is|are|was|were|suffer\w*|reflect\w*|mirror\w*)\b[^;]*"
    r"\b(?:rather than|instead of|without)\W*$",
    re.IGNORECASE,
)
# "… so it rather suffers than causes the trouble".
SUFFERS = re.compile(
    r"\b(?:rather|more) (?:suffers?|(?:reflect|mirror|follow|show)s? [^,;]{1,24}) than\W*$", re.IGNORECASE
)
BREAK = re.compile(r"(?:,|;)? (?:and|but|yet|while|whereas)\b|;|: ")


def begin_of(text: str) -> int:
    """Where the part begins that ends with `text`."""
    return max((found.end() for found in BREAK.finditer(text)), default=0)


def _blames(span: Span, text: str, mentions: list[Found], known: Known) -> bool:
    """Whether that part names anything that could be the cause: then it is the wrong one, or wrongly denied."""
    part = text[slice(*span)]
    is_kind = any(words.search(part) for words in suspects.KIND.values())
    is_known = all(vocabulary.is_known(word, known.words) for word in vocabulary.WORD.findall(part.lower()))
    is_named = suspects.within(span, mentions, known) or re.search(r"\b(?:cause|culprit|it|this|that)\b", part)
    return is_kind or not is_known or bool(is_named)


def _wrongly_denied(span: Span, text: str, mentions: list[Found], known: Known) -> str:
    """Of what is said not to be the cause."""
    if suspects.THE_CALLERS.fullmatch(text[slice(*span)]) or suspects.OTHERS.search(text[slice(*span)]):
        return ""
    is_calm = not suspects.within(span, mentions, known) and suspects.is_calm(text[slice(*span)], known)
    return "" if is_calm or suspects.names_another(text[slice(*span)], span, mentions, known) else IT_IS


def _is_of_load(cause: str, effect: str, root: RootCause) -> bool:
    """ "A surge of requests explains its errors", where the cause is another: of load only load and emissions come."""
    if root.kind is not CauseKind.TRAFFIC and TRAFFIC_OF.match(cause):
        return True
    is_load = loads.LOAD.search(cause) and topics(cause) & {*SIGNALS} <= {"traffic", "retries"}
    is_its_own = topics(effect) & {"traffic", "retries", "carbon", "cost", "users"}
    return root.kind is not CauseKind.TRAFFIC and bool(is_load) and not is_its_own


def _wrongly_blamed(cause: Span, effect: Span, text: str, mentions: list[Found], known: Known, root: RootCause) -> str:
    is_unnamed = not suspects.within(cause, mentions, known)
    if is_unnamed and PRONOUN.fullmatch(text[slice(*cause)]):
        return _wrongly_referred(cause, effect, text, mentions, known, root)
    causing, suffering = suspects.within(cause, mentions, known), suspects.within(effect, mentions, known)
    if not causing and _is_logged(text[slice(*cause)], root, known):
        return ""
    is_by_its_errors = suffering == {root.service} and causing and all(_is_type_of(one, root, known) for one in causing)
    is_of_itself = FAILING.match(text[slice(*cause)]) and _says_why(text[slice(*effect)], suffering, root, known)
    if is_of_itself or (_is_of_cause(suffering, causing, root, known) and not is_by_its_errors):
        return "what is said to suffer is the cause"
    is_of_load = _is_of_load(text[slice(*cause)], text[slice(*effect)], root)
    if is_of_load or any(kind != root.kind and of.match(text[slice(*cause)]) for kind, of in suspects.OF_KIND.items()):
        return "it is another kind of cause"
    deployments = {change.deployment_id for change in known.changes}
    strangers = {one for one in causing - known.names - known.services if A_DEPLOYMENT.match(one)}
    of_others = causing & known.services - suspects.told_with(root, known)
    if strangers or of_others or causing & deployments - {root.deployment_id}:
        return "something else is the cause"
    is_kind = not causing and root.kind in suspects.KIND and bool(suspects.KIND[root.kind].search(text[slice(*cause)]))
    return "" if causing & cause_names(known) or is_kind else ANOTHER


def _wrongly_referred(
    cause: Span, effect: Span, text: str, mentions: list[Found], known: Known, root: RootCause
) -> str:
    """Of "that": what the sentence before named; without that, this one goes as well (`ground`)."""
    joint = JOINT.search(text[slice(*effect)]) if effect[1] <= cause[0] else None
    if joint is None:
        return ""
    first = suspects.within((effect[0], effect[0] + joint.start()), mentions, known)
    if first & known.services and not first & suspects.told_with(root, known):
        return "something else is the cause"
    rest = suspects.within((effect[0] + joint.end(), effect[1]), mentions, known)
    if first and _is_of_cause(rest, first, root, known):
        return "what is said to suffer is the cause"
    return ""


# "Traffic of catalog explains the CPU", where catalog itself does more work.
TRAFFIC_OF = re.compile(r"\W*(?:the |more |higher )?(?:traffic|demand|load) (?:of|in|on|for|to) ", re.IGNORECASE)
# "The cause is deploy-7f3a of checkout", of which nothing is known.
A_DEPLOYMENT = re.compile(r"(?:[A-Za-z]+[-_])+\w+$")
# "The failing requests of auth", "auth's errors": what is seen of a cause.
FAILING = re.compile(
    r"\W*(?:the |its |all )?(?:new )?(?:[\w.-]+['’]s )?(?:new )?"
    r"(?:(?:failing|failed) (?:requests|calls)|failures|errors|(?:requests|calls) that fail)\b",
    re.IGNORECASE,
)


def _says_why(effect: str, suffering: set[str], root: RootCause, known: Known) -> bool:
    """Whether it speaks of its own errors' type, or with words of their lines: of why requests fail."""
    is_logged = not topics(effect) & set(SIGNALS) and _content(effect) & known.messages.get(root.service or "", set())
    return bool(suffering & set(known.types) or is_logged)


def _is_type_of(name: str, root: RootCause, known: Known) -> bool:
    """ "drm fails because of CertificateExpiredError": what it logs now."""
    return any(
        (one.of, one.role, one.subject.service) == (name, "now", root.service) and one.value > 0
        for one in known.facts
        if name in known.types
    )


def _is_of_cause(suffering: set[str], causing: set[str], root: RootCause, known: Known) -> bool:
    """A deployment suffers from nothing, nor a service that others suffer from."""
    if suffering & {root.version, root.deployment_id, *(one.deployment_id for one in known.changes)}:
        return True
    return root.service in suffering and root.service != known.report.service and root.service not in causing


def _content(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower())) - vocabulary.common()


def _is_logged(part: str, root: RootCause, known: Known) -> bool:
    """ "… because a table is locked": what the log lines of the cause say."""
    words = _content(part)
    is_signal = topics(part) & set(SIGNALS) - {"errors"}
    return bool(words) and not is_signal and words <= known.messages.get(root.service or "", set())
