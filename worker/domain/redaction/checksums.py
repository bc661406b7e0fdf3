"""Numbers that give themselves away by their checksum: payment cards and bank accounts."""

from __future__ import annotations

import re

# Issuers' ranges and lengths, as the networks publish them (ISO/IEC 7812-1): without them one number in ten is a card.
_ISSUED = re.compile(
    r"""
    4\d{15}                                                             # Visa
    | 5[1-5]\d{14} | 2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}  # Mastercard
    | 3[47]\d{13}                                                       # American Express
    | 3(?:0[0-5]|[68]\d)\d{11}                                          # Diners Club
    | 6(?:011|4[4-9]\d|5\d\d)\d{12} | 62\d{14}                          # Discover, UnionPay
    | 35(?:2[89]|[3-8]\d)\d{12}                                         # JCB
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{12}                  # Maestro
    """,
    re.VERBOSE,
)

# Country → characters of an IBAN (SWIFT's IBAN registry, ISO 13616).
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FO FI GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ XK LT LU MN",
        "21": "CR HR LV LI CH",
        "22": "BH BG GE DE IE ME RS GB VA",
        "23": "GI IQ IL TL AE SO OM",
        "24": "AD CZ MD PK RO SA SK ES SE TN VG",
        "25": "PT ST LY",
        "26": "IS TR",
        "27": "FR GR IT MR MC SM BI DJ",
        "28": "AL AZ CY DO GT HU LB PL BY SV NI HN",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}


def is_card(text: str) -> bool:
    digits = re.sub(r"[ .-]", "", text)
    return bool(_ISSUED.fullmatch(digits)) and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def iban_length(text: str) -> int | None:
    """How many characters of `text`, with its blanks, are an IBAN; None where it does not begin with one."""
    wanted = _IBAN_LENGTHS.get(text[:2].upper())
    if wanted is None:
        return None
    compact = ""
    for position, character in enumerate(text, 1):
        compact += "" if character in " -" else character.upper()
        if len(compact) == wanted:
            ends = not text[position : position + 1].isalnum()
            return position if ends and _mod_97(compact) == 1 else None
    return None


def _mod_97(iban: str) -> int:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97
