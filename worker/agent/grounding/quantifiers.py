"""Shares that are told without a figure: "one in five", "nearly all", "every request fails"."""

from __future__ import annotations

import re

SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# "One in five requests", "two out of three".
FRACTION = re.compile(
    rf"\b(?P<part>{'|'.join(SMALL)}) (?:in|out of|of|in every|of every|out of every) (?P<whole>{'|'.join(SMALL)})\b",
    re.IGNORECASE,
)
# "Nearly all of its requests", "most requests", "every request fails": with the least share that it can be.
QUANTIFIED = re.compile(
    r"\b(?:(?P<all>(?:nearly|almost|virtually|practically) (?:all|every))|(?P<most>most|the majority)"
    r"|(?<!not )(?P<every>all|every|each)(?=[^,;.]{0,40}\brequests? (?:\w+ )?fail))"
    r"(?= (?:of |the |its |their |sampled |logged |served |\d[\d,]* |\S*['’]s? |\s)*(?:requests?|calls?)\b)",
    re.IGNORECASE,
)
# "Three quarters", "two-thirds".
WHOLES = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10}
PARTS = re.compile(rf"\b(?P<part>two|three|four|five|nine)[ -](?P<whole>(?:{'|'.join(WHOLES)})s)\b", re.IGNORECASE)
WHOLE_RISE = re.compile(
    r"(?<=accounts for )(?:all of the|the whole|the entire) (?:rise|increase|growth|excess)\b", re.IGNORECASE
)
# "No request fails", "not a single request failed".
NO_REQUEST = re.compile(
    r"\b(?:no|not a|not one)(?: single)? (?:requests?|calls?)(?= (?:(?:has|have|had|was|were) )?fail(?:s|ed|ing)?\b)",
    re.IGNORECASE,
)
LEAST = {"all": 0.9, "most": 0.5, "every": 0.99}
