"""Whose a figure is said to be."""

from __future__ import annotations

import re

from worker.agent.grounding.report.known import NOBODY, Known, Level, Subject
from worker.agent.grounding.text import claims, context, numerals, quantifiers
from worker.agent.grounding.text.claims import Found, Span


def subjects(span: Span, text: str, mentions: list[Found], known: Known) -> list[Subject]:
    """Whose a figure is said to be: of what was named last before it, or right after it in its clause."""
    clause = context.clause(span, text)
    services = [
        one
        for one in mentions
        if one.text in known.services and (WHICH.match(text, one.span[1]) or not is_called(one, text))
    ]
    before = [one for one in services if one.span[1] <= span[0]]
    after = [one for one in services if span[1] <= one.span[0] < clause[1]]
    regions = [one for one in mentions if one.text in known.regions and one.span[1] <= span[0]]
    at = [
        one
        for one in mentions
        if one.text in known.regions
        and span[1] <= one.span[0] < clause[1]
        and re.search(r"(?<!\bas )(?<!\bthan )\b(?:in|of|at|from|to|on)\W*$", text[span[1] : one.span[0]])
    ]
    before = _of_main_clause(before, span, text)
    region = (at or regions)[-1 if not at else 0].text if at or regions else None
    own = [Subject(before[-1].text, region)] if before else [Subject(None, region)] if region else []
    of = [one for one in after if re.search(r"\b(?:of|by|in|to|from|at|for|on)\W*$", text[span[1] : one.span[0]])]
    return (
        [Subject(of[0].text, at[0].text if at else None)]
        if of and not _is_others(text[span[1] : of[0].span[0]])
        else own
    )


# "Watch payments' retries while ledger recovers, as they make up 37 % of its requests": of payments.
ASIDE = re.compile(r"\b(?:while|until|once|whenever|than) [^,;:.]{1,60}[,:]", re.IGNORECASE)
THEIRS = re.compile(r"\b(?:its|their|they|it)\b")


def _of_main_clause(before: list[Found], span: Span, text: str) -> list[Found]:
    """Without those of a clause between, where what stands behind it is told by pronoun."""
    for found in ASIDE.finditer(text, 0, span[0]):
        first = [one for one in before if one.span[1] <= found.start()]
        is_last = not any(one.span[0] >= found.end() for one in before)
        if first and is_last and THEIRS.search(text, found.end(), span[1] + 24):
            return first
    return before


# "Payments calls ledger, which fails all of its requests": of ledger.
WHICH = re.compile(r",? which (?!it\b|they\b|\w+ calls?\b)")
SAVING = re.compile(r"\bsav(?:e|es|ed|ing) [^,;.\d]{0,20}(?:[\d.,]+[^,;.\d]{0,12}\((?:[\d.,]+ to )?)?$", re.IGNORECASE)
PRONOUN = re.compile(
    r"(?<!\ball of )(?<!\bmost of )(?<!\bpart of )(?<!\bhalf of )(?<!quarter of )(?<!quarters of )(?<!third of )"
    r"(?<!thirds of )(?<!% of )\b(?:its?|they|their|itself|th(?:at|is) call)\b",
    re.IGNORECASE,
)


# "With 0.04 it is the runner-up".
SECOND = re.compile(
    r"\brunner-up\b|\b(?:ahead of|behind|before|above|than) the (?:second|next)(?: one| candidate)?,?"
    r" (?:with|at|has|gets|reaches|of)\b[^,;.\d]*\d",
    re.IGNORECASE,
)
SECOND_PLACE = 2


def subjects_or_scope(span: Span, text: str, mentions: list[Found], known: Known) -> list[Subject]:
    """Where the sentence names nobody: who was named before, whose deployment or error it names, or the alerted one."""
    said = subjects(span, text, mentions, known) or _of_its_change(span, mentions, known)
    scope, root = known.scope, known.report.root_cause
    if SAVING.search(text[: span[0]]) and root and {one.service for one in said} <= {scope.service, root.service}:
        # What is saved where the cause is mended is the excess of what was alerted.
        return [scope]
    if said or (scope.service is None and not known.about):
        return said
    if SECOND.search(text) and not {one.text for one in mentions} & known.services:
        return [Subject(one.service) for one in known.report.candidates if one.rank == SECOND_PLACE]
    names = {one.text for one in mentions}
    # "It" behind the figure says nothing of whose it is.
    pronoun = None if OF_SIGNAL.match(text) else PRONOUN.search(text[: span[1] + 40])
    if pronoun and pronoun.start() > figure_first(text) and not {one.text for one in mentions} & known.services:
        # "The median request takes 2 s, whereas it took 238 ms before": of what the sentence itself speaks.
        pronoun = None
    is_named_later = all(one.span[0] > span[0] for one in mentions if one.text in known.services)
    if names & known.services and not (known.about and pronoun and pronoun.end() <= span[0] and is_named_later):
        named = {one.text for one in mentions if one.text in known.services and not is_called(one, text)}
        return [Subject(service) for service in sorted(named)]
    told = {one.text for one in mentions if not pronoun or one.span[0] < pronoun.start()}
    owners = {change.service for change in known.changes if told & {change.deployment_id, *change.versions}}
    owners |= {service for name in told for service in known.types.get(name, ())}
    if pronoun:
        owners |= known.about or (set() if owners else {scope.service, root.service if root else None})
    owners = owners or {*known.about, scope.service}
    if scope.service is None and not pronoun:
        return []
    return [scope if service == scope.service else Subject(service) for service in sorted(filter(None, owners))]


def levels(span: Span, text: str, mentions: list[Found], known: Known) -> list[Level]:
    """What was measured of whom the words at `span` are told of, else of the alerted service."""
    told = subjects_or_scope(span, text, mentions, known) or [known.scope]
    return of_services(told, [one for one in known.levels if any(is_of(one.subject, it) for it in told)], known)


def of_services(told: list[Subject], found: list[Level], known: Known) -> list[Level]:
    """What was measured of the alerted region is no service's own."""
    is_of_services = known.scope.service is None and all(one.service for one in told)
    return [one for one in found if one.subject.service] if is_of_services else found


def _of_its_change(span: Span, mentions: list[Found], known: Known) -> list[Subject]:
    """ "deploy-8738 has a confidence of 0.85, deploy-8737 of search one of 0.0": each is its own service's."""
    services = [one.span[0] for one in mentions if one.text in known.services]
    made = deployment(span, mentions, known) if services and min(services) > span[0] else None
    return [Subject(change.service) for change in known.changes if made and change.deployment_id == made][:1]


# "CPU is not elevated: it is at 88": the CPU.
OF_SIGNAL = re.compile(
    r"(?:The )?(?:CPU|memory|latency|traffic|carbon|CO₂|error rate|retry rate|median|p\d\d)(?: usage| use| load)?"
    r" (?:is|was|stays?|rose|fell|stands?|did|does|has)\b[^:;,]*[:;,] (?:and |but )?it (?:is|was|stands?|stays?"
    r"|rose|fell)\b"
)


def figure_first(text: str) -> int:
    """Where the first figure stands."""
    return min((one.span[0] for one in numerals.numbers(text)), default=len(text))


JOINT = re.compile(r",? (?:and |n?or |as well as )?(?:on |of |in |by )?|,")


# "Frontend in europe-west1 and checkout in europe-west1".
LISTED = re.compile(rf"(?: in [\w-]+-[\w-]+\d)?(?:{JOINT.pattern})")


def listed(place: int, text: str, mentions: list[Found], names: set[str]) -> list[Found]:
    """The last list of services, or of regions, before `place`: "a, b and c"."""
    found: list[Found] = []
    for one in reversed([one for one in mentions if one.text in names and one.span[1] <= place]):
        if found and not LISTED.fullmatch(text[one.span[1] : found[0].span[0]]):
            break
        found.insert(0, one)
    return found


def row_of(last: Found, text: str, mentions: list[Found], known: Known) -> list[Found]:
    """The list of services that ends with that one, "a, b and c"; else it alone."""
    row = listed(last.span[1], text, mentions, known.services)
    is_list = len(row) > 1 and AND.search(text[row[-2].span[1] : last.span[0]])
    return row if is_list and not NO_LIST.search(text[: row[0].span[0]]) else [last]


AND = re.compile(r" (?:and|as well as) $")
# "Unlike payments, ledger and checkout fail", "as against cart and search".
NO_LIST = re.compile(
    r"\b(?:unlike|than|against|besides|contrast to|except|between|whether|either|names?) (?:the )?$", re.IGNORECASE
)


def each_of_list(of: str | None, text: str, mentions: list[Found], known: Known) -> list[tuple[str, list[Found]]]:
    """As it reads for each of "a, b and c" that the subject is one of, with blanks for the others; else as it is."""
    for last in (one for one in mentions if one.text in known.services):
        row = row_of(last, text, mentions, known)
        if len(row) > 1 and of in {one.text for one in row}:
            start, end = row[0].span[0], last.span[1]
            others = [it for it in mentions if not start <= it.span[0] < end]
            return [
                (claims.blanked(text, [(start, one.span[0]), (one.span[1], end)]), sorted([*others, one]))
                for one in row
            ]
    return [(text, mentions)]


def paired(span: Span, text: str, mentions: list[Found], known: Known) -> Subject | None:
    """ "payments and checkout fail, with 49 % and 53 %": the first of the first, the second of the second."""
    if place := _paired(span, text, mentions, known.services):
        return Subject(place)
    region = _paired(span, text, mentions, known.regions)
    return Subject(None, region) if region else None


def _paired(span: Span, text: str, mentions: list[Found], names: set[str]) -> str | None:
    services = listed(span[0], text, mentions, names)
    if not services:
        return None
    begin = services[-1].span[1]
    figures = [(one.span[0] + begin, one.span[1] + begin) for one in numerals.numbers(text[begin:])]
    if span not in figures:
        return None
    row = _row(figures, figures.index(span), text)
    is_theirs = THEY.search(text, services[-1].span[1], row[0][0])
    if len(row) > 1 and (is_theirs or RESPECTIVELY.search(text[row[-1][1] :])):
        services = _list_of(len(row), services, text, mentions, names)
    return services[row.index(span)].text if len(row) == len(services) > 1 else None


RESPECTIVELY = re.compile(r"[^.;\d]{0,40}\brespectively\b")


# "The retries of payments and checkout, until ledger answers again, as they make up 32 % and 20 %".
THEY = re.compile(r"\b(?:they|these two|both|their)\b")


def _list_of(many: int, last: list[Found], text: str, mentions: list[Found], names: set[str]) -> list[Found]:
    """The last list of so many: "a and b see it, with their calls to c taking 120 ms and 91 ms respectively"."""
    while last and len(last) != many:
        last = listed(last[0].span[0], text, mentions, names)
    return last


def _row(figures: list[Span], place: int, text: str) -> list[Span]:
    """The figures of one list: "0.37, 0.32 and 0.26"."""
    first = last = place
    while first and JOINT.fullmatch(text[figures[first - 1][1] : figures[first][0]]):
        first -= 1
    while last + 1 < len(figures) and JOINT.fullmatch(text[figures[last][1] : figures[last + 1][0]]):
        last += 1
    return figures[first : last + 1]


# "Both against 0.002", "each had 18 before", "none of the four logged it".
EACH = re.compile(
    r"\b(?:both|alike|(?:each|all)(?: of (?:them|the|these|those))?|none of (?:them|the|these|those))"
    r"(?: (?P<many>two|three|four|five|six|seven|eight))?\b[^;:.\d]*$",
    re.IGNORECASE,
)


# "Both ledger and checkout fail 67 % of their requests".
BOTH = re.compile(r"(?:^\W*|[,;:] |\b(?:and|that|while) )(?:both|each of) (?:the )?$", re.IGNORECASE)


def each(span: Span, text: str, mentions: list[Found], known: Known) -> list[Subject]:
    """Of each of whom a figure is told, where it is told of every one of a list."""
    of = listed(span[0], text, mentions, known.services)
    if len(of) > 1 and BOTH.search(text[: of[0].span[0]]) and not re.search(r"[\d;]", text[of[-1].span[1] : span[0]]):
        return [Subject(one.text) for one in of]
    told = EACH.search(text[: span[0]]) or EACH.search(text[: span[1]])
    services = [one.text for one in listed(told.start(), text, mentions, known.services)] if told else []
    is_counted = told and told["many"] and quantifiers.count(told["many"]) != len(services)
    named_since = told and any(told.start() < one.span[0] < span[0] and one.text in known.services for one in mentions)
    return [] if len(services) < 2 or is_counted or named_since else [Subject(one) for one in services]


# "When it calls ledger", "its requests to ledger": what is told of that is the caller's.
CALLED = re.compile(
    r"\b(?:calls?|calling|called|names?|naming|mentions?|points?|pointing|refers?|timeouts?|depends?|relies|waiting|waits?"
    r"|(?:its|their|['’]s?|failed|failing|POST|GET|PUT) requests?)"
    r"(?: to| for| on| at)? $",
    re.IGNORECASE,
)


# "The cause of PetSite's alert": the alert is spoken of.
OF_ALERT = re.compile(r"['’]s alert\b")


def is_called(one: Found, text: str) -> bool:
    return bool(CALLED.search(text[: one.span[0]]) or OF_ALERT.match(text, one.span[1]))


def deployment(span: Span, mentions: list[Found], known: Known) -> str | None:
    """The deployment that was named last before the figure."""
    ids = {change.deployment_id for change in known.changes}
    return next((one.text for one in reversed(mentions) if one.text in ids and one.span[1] <= span[0]), None)


def named_part(span: Span, text: str, mentions: list[Found], known: Known) -> str | None:
    """Which of the parts that go by a name: of a list its own, else the last before the figure, or the first."""
    parts = {fact.of for fact in known.facts if fact.whole == "by name" and fact.of}
    named = [one for one in mentions if one.text in parts]
    if not named or (in_list := _paired(span, text, mentions, parts)):
        return in_list if named else None
    return (last_before(span[0], named) or named[0]).text


# "cart waits 2 s for ledger".
WAITING = re.compile(r" (?:\w+ly )?waits? [\d.,]+ ?\w+ (?:for|on) ")


CALLING = re.compile(
    r"\b(?:calls? (?:made )?(?:from|by|of)|requests? (?:made )?(?:from|by))(?: [\w-]+ by)? $", re.IGNORECASE
)


def caller(span: Span, text: str, mentions: list[Found], known: Known) -> str | None:
    """ "Calls from cart …", in the figure's own clause."""
    start, end = context.clause(span, text)
    for one in mentions:
        if not start <= one.span[0] < end:
            continue
        before = text[: one.span[0]]
        if one.text in known.services and WAITING.match(text, one.span[1]):
            return one.text
        # "A call of ledger by cart": the second calls the first.
        is_called = re.search(r"\bcalls? of $", before) and re.match(r" by \S", text[one.span[1] :])
        if one.text in known.services and CALLING.search(before) and not is_called:
            return one.text
    return None


TO = re.compile(
    r"\b(?:calls?|requests?) (?:made )?to (?:the )?$|\b(?:waits?|waiting|waited) (?:\S+ \w+ )?(?:for|on) (?:the )?$"
)


def callee(span: Span, text: str, mentions: list[Found], known: Known) -> str | None:
    """ "Its calls to ledger take 2 s", in the figure's own clause."""
    start, end = context.clause(span, text)
    services = [one for one in mentions if one.text in known.services]
    named = [one.text for one in services if start <= one.span[0] < end and TO.search(text[: one.span[0]])]
    return next(iter(named), None)


def last_before(place: int, mentions: list[Found]) -> Found | None:
    return next((one for one in reversed(mentions) if one.span[1] <= place), None)


# "payments is held at 0.1 against 0.67 for ledger".
OF_ANOTHER = re.compile(r" (?:against|versus|compared (?:with|to)|behind|below) (?:the )?[01]\.\d+ (?:for|of) ")


def _is_others(between: str) -> bool:
    """ "Its memory rose before the latency of cart did": that is of cart, and not the memory."""
    return bool(
        context.BREAK.search(between)
        or OF_ANOTHER.fullmatch(between)
        or re.search(r"\b(?:before|after) (?!\w+ing\b)", between)
        # "Its latency rose together with that of checkout".
        or re.search(r"\b(?:with|like|unlike|than) th(?:at|ose) of (?:the )?$", between)
    )


def is_of(subject: Subject, told: Subject) -> bool:
    """The figures of a region, or of everything, are nobody's in particular."""
    if subject == NOBODY:
        return True
    is_service = told.service is None or subject.service in (None, told.service)
    is_region = told.region is None or subject.region in (None, told.region)
    return is_service and is_region
