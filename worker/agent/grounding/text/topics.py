"""What words speak of: the signals of a report, and what else its figures are of."""

from __future__ import annotations

import re
from functools import lru_cache

_ERRORS = (
    r"fail(?:s|ed|ing|ures?)?|errors?|exceptions?|unsuccessful(?:ly)?|time(?:s|d)? ?out|timing out|timeouts?"
    r"|los(?:es|t|ing)(?= (?:about |roughly |some |nearly )?[\d.,]+ ?(?:%|percent) of (?:\S+ )?requests)"
    r"|reject(?:s|ed|ing)?|requests (?:are|were) (?:affected|lost|hit|impacted)"
)
_LATENCY = (
    r"latenc(?:y|ies)|p50|p95|p99|percentile|quantiles?|slow(?:er|ness|ed|down)?|faster|more (?:slow|quick)ly"
    r"|response times?|delays?|longer than|(?:takes?|took|taking) longer"
    r"|(?:answer(?:s|ed|ing)?|respond(?:s|ed|ing)?|replies|replied) (?:in|within|after|(?:\w+ )?slowly)"
    r"|exceed(?:s|ed|ing)?(?= (?:about |roughly )?[\d.,]+ ?(?:ms|s|seconds|milliseconds)\b)"
    r"|(?:takes?|took|taking|waits?|waited|waiting)"
    r"(?= (?:only |about |now |roughly )?(?:[\d.,]+|one|two|three|five|ten) ?(?:ms|s|seconds?|milliseconds)\b)"
)
# "26 % at this traffic" says when, not of what.
_TRAFFIC = (
    r"(?<!at this )(?<!at the same )(?<!for this )(?<!this much )"
    r"(?<!this level of )(?<!network )traffic|demand|usual requests|request (?:rate|volume)"
    r"|requests (?:came|come|arrive[ds]?)"
    r"|requests (?:are|were) [\w. ]{0,20}?(?:times|twice) (?:the|their) (?:usual|normal)"
    r"(?![^,;.]{0,20} (?:and|but) (?:\w+ )?(?:fail|slow))"
    r"|requests (?:per|a|each|every) (?:minute|second)|requests/(?:min|s)"
    r"|(?<=% more )requests(?= than (?:usual|expected|normal)\b(?! \w+))"
    r"|(?:more|fewer) requests than (?:usual|expected|normal) (?:came|come|arrived?)"
    r"|(?<=% fewer )requests(?= than (?:usual|expected)\b)"
    r"|(?<!cpu )load"
)
_REVENUE = (
    r"revenue|loss(?:es)?|(?:lost|loses?)(?! (?:about |over )?[\d.,]+ ?% of \w+ requests)|refund\w*|sales"
    r"|turnover|income|earn\w*|damage\w*"
)
# "The failures cost 72 mg of CO₂" spends no money.
_COST = (
    r"comput\w+|vcpu\w*|list prices?|cloud|priced?|spen[dt]\w*|bill\w*"
    r"|costs?(?! (?:(?:an|about|some|only) )?(?:extra |additional )?[\d.,]+ ?(?:[mk]?g|(?:milli)?grams?)\b)"
)
_USERS = (
    r"users?|customers?|sessions?|people|everybody|everyone|visitors?|buyers?"
    # "The clients behind the 9,370 requests a minute": of the requests.
    r"|clients(?!,? (?:behind|(?:that |who )?(?:sen[dt]|call|made|make)))"
)
WORDS = (
    ("retries", r"retr(?:y|ies|ied|ying)|repeated (?:attempts?|tries|calls|requests)"),
    ("errors", _ERRORS),
    ("latency", _LATENCY),
    ("cpu", r"cpu|processors?"),
    ("memory", r"memory|ram"),
    ("carbon", r"co₂e?|co2e?|carbon|emissions?|emit(?:s|ted|ting)?|[mk]?gco₂e|tco₂e|footprint"),
    ("traffic", _TRAFFIC),
    ("carbon_per_demand", r"per request|(?:co₂|carbon|emissions?) (?:of|for) (?:a|each|every)(?: single)? request"),
    ("lines", r"lines?|log(?:s|ged|ging)?|messages?|documents?|silent|silence|quiet"),
    ("calls", r"(?<!system )calls?|calling"),
    ("users", _USERS),
    ("orders", r"orders?"),
    ("revenue", _REVENUE),
    ("cost", _COST),
    ("energy", r"energy|electricity|power|kwh"),
    ("intensity", r"grid\w*|intensity of the grid|grid['’]?s? intensity"),
    ("pue", r"pue|power usage effectiveness"),
    ("instances", r"(?<!for )instances?|replicas?|pods?|machines?|nodes?|hosts?|cores?"),
    ("incidents", r"(?:past|earlier|recorded|known|similar|previous|prior) incidents?|incidents? before"),
)
SIGNALS = ("retries", "errors", "latency", "cpu", "memory", "carbon", "traffic")
TOPICS = {topic: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for topic, words in WORDS}
# A clause that speaks of one of these has figures of nothing else.
EXCLUSIVE = frozenset({"cpu", "memory", "users", "intensity", "pue", "instances"})

# "Twice as many requests" is of the traffic, unless they fail or are slow.
AS_MANY_REQUESTS = re.compile(
    r" (?:(?:as many|more|the|its|usual|normal|number of|amount of|volume of|user|incoming) ?)+(?:requests|calls)\b"
    r"(?![^,;.]{0,20}\b(?:fail\w*|usually take|slow\w*|retr\w+|errors?|emit\w*|take)\b)",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def topics(text: str) -> frozenset[str]:
    return frozenset(topic for topic, words in TOPICS.items() if words.search(text))
