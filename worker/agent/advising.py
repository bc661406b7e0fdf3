"""Whether a sentence says what to do, rather than what happened: that states nothing but the names in it."""

from __future__ import annotations

import re

_VERBS = """
    add adjust alert allow apply ask assess audit avoid begin block bring call cap capture check clean close
    compare confirm consider consult contact continue coordinate correct cross-check decrease delay deploy determine
    dig disable document drain
    enable engage ensure enter escalate evaluate examine expand explore extend fail find fix focus follow give have hold
    identify implement increase inspect introduce investigate isolate keep leave let limit look lower make measure
    monitor move name notify observe obtain open optimise optimize pause prepare prioritise prioritize profile protect
    provide raise reach read rebuild redeploy redirect reduce refresh release remove renew repair replace
    report reproduce rerun reset resize resolve restart restore retry return revert review roll rotate route
    rule run scale schedule see send separate set shift shorten size slow split start stop study switch take
    temporarily test throttle tighten trace track treat trigger try tune turn update upgrade use validate
    verify wait warm warn watch widen work
"""
# "Once it is back, …", "As a precaution, …", "In parallel, …": what stands before what is to be done.
_FIRST = (
    r"(?:first|then|next|meanwhile|now|afterwards?|also|finally|subsequently|additionally|furthermore|moreover|second"
    r"|secondly|lastly|thereafter|immediately|in the meantime|please"
    r"|(?:if|once|when|after|before|until|while|to|should|as|for|since|given|because|in|with|at|on|by)\b(?:[^;.!?]|\.(?=\d)){2,160}?)"
)
# "Do not roll back deploy-7", "change the rule so that …": a change is a noun as well.
_NOT = r"(?:do not|don['’]t|never) (?:spend|waste|lose|look|start|begin|wait|roll|revert|restart|touch|change)\b"
# "Search" and "list" are names and nouns as well, "tell" and "get" are of other things, too.
_MORE = (
    r"(?:search|list|break|repeat|collect|get|handle|go through|tell|inform) (?=(?:the|its|a|an|all"
    r"|more|for|in|what|whoever|[\w.:-]+ (?:first|before))\b)|right-size\b|remember (?=that|to\b)|do nothing\b"
)
# "After the rollback check that …", "then settle it: …".
_AFTER = r"(?:after|before|once) (?:the|that|this) (?:rollback|restart|repair|fix) |(?:then )?settle it: "
_CHANGE = r"change (?=(?:the|it|its|this|that|how)\b|[\w.-]+ so (?:that|it)\b)"
IMPERATIVE = re.compile(
    rf"\s*(?:{_FIRST}, |(?:first|then|next|also|now|meanwhile|afterwards?|finally|please|immediately) |{_AFTER})*"
    rf"(?:{_MORE}|(?:{'|'.join(_VERBS.split())})\b(?! of\b|-)|{_NOT}|{_CHANGE})",
    re.IGNORECASE,
)
_GOOD = r"(?:advisable|worth\w*|sensible|sense|wise|useful|helpful|best|recommended|good)"
_WHAT_ENDS = r"(?:repair|fix|measure|work|rollback|incident|problem|matter|job|success|recovery|it)s?"
# "It would be sensible to …", "cart's logs should be checked", "the repair has worked once it is back at 20 ms".
PROPOSED = re.compile(
    r"\b(?:(?:it|this|that|there)(?: (?:would|may|might|could|can))?(?: (?:also|still|therefore))?"
    rf" (?:be|is|makes?|make) (?:also |still |therefore )?{_GOOD}"
    r"|should (?:\w+ ){0,2}(?:be|go|return|remain|focus|start|begin|look|check)\b"
    r"|could (?:\w+ )?be (?:added|checked|considered|examined|raised|lowered|reviewed|used)"
    r"|(?:is|are) (?:recommended|advised|advisable|worth \w+ing)|we recommend"
    r"|(?:sensible|good|obvious|natural) next step"
    # "If it is not as before after the rollback, the cause was something else".
    r"|^(?:if|should)\b[^.;]{3,120}, (?:then )?(?:the cause|it|this|that) (?:was|is|lies|lay"
    r"|must be) (?:something else|elsewhere|another)"
    r"|nothing (?:has|needs) to be (?:done|changed|repaired|fixed|rolled back)"
    rf"|{_WHAT_ENDS} (?:\w+ ){{0,3}}"
    r"(?:(?<!\bit )is|are|was|has|have|can|means?|will|resolved|settled|done|over|closed|fixed|worked)\b[^.;]{0,40}\b"
    r"(?:once|when|only when|as soon as|if|(?<!doubt )(?<!proven )(?<!certain )that)\b)",
    re.IGNORECASE,
)


def is_advice(text: str) -> bool:
    return bool(IMPERATIVE.match(text) or PROPOSED.search(text))
