"""Secrets of every kind, made up at run time: none of them is in this file, and none was ever valid anywhere."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable
from itertools import pairwise

LETTERS = string.ascii_letters
ALPHANUMERIC = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
URL_SAFE = ALPHANUMERIC + "-_"
MARKS = "!#$*+-=?^_~"
SYLLABLES = ("ba", "ke", "mi", "no", "ru", "sta", "ver", "lun", "tor", "qui")

Maker = Callable[[random.Random], str]


def drawn(rng: random.Random, alphabet: str, length: int) -> str:
    """`length` characters, among the first six a digit, a capital and a small letter where the alphabet has them."""
    first = [rng.choice([one for one in alphabet if one in group] or [alphabet[0]]) for group in _GROUPS]
    return "".join([*first, *(rng.choice(alphabet) for _ in range(max(0, length - len(first))))])[:length]


_GROUPS = (
    string.ascii_lowercase + string.ascii_uppercase,
    string.digits,
    string.ascii_uppercase + string.ascii_lowercase,
)


def _prefixed(prefix: str, alphabet: str, length: int, suffix: str = "") -> Maker:
    return lambda rng: prefix + drawn(rng, alphabet, length) + suffix


def word(rng: random.Random) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randrange(3, 5)))


def password(rng: random.Random) -> str:
    """From a plain word to something with marks in it."""
    return rng.choice((word(rng), f"{word(rng)}{rng.randrange(10, 99)}", drawn(rng, ALPHANUMERIC + MARKS, 14)))


def _base64_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt(rng: random.Random) -> str:
    head = _base64_of(json.dumps({"alg": "HS256", "typ": "JWT"}))
    return (
        f"{head}.{_base64_of(json.dumps({'sub': word(rng), 'exp': rng.randrange(10**9)}))}.{drawn(rng, URL_SAFE, 43)}"
    )


def private_key(rng: random.Random) -> str:
    kind = rng.choice(("RSA ", "EC ", "OPENSSH ", ""))
    body = "\n".join(drawn(rng, ALPHANUMERIC + "+/", 64) for _ in range(6))
    dashes = "-" * 5
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{body}\n{dashes}END {kind}PRIVATE KEY{dashes}"


def card(rng: random.Random) -> str:
    prefix, length = rng.choice((("4", 16), ("52", 16), ("37", 15), ("6011", 16), ("3530", 16)))
    digits = prefix + "".join(str(rng.randrange(10)) for _ in range(length - len(prefix) - 1))
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def card_in_groups(rng: random.Random) -> str:
    number = card(rng)
    blank = rng.choice(" -")
    ends = (0, 4, 10, 15) if len(number) == 15 else (0, 4, 8, 12, 16)
    return blank.join(number[start:end] for start, end in pairwise(ends))


def iban(rng: random.Random) -> str:
    country, length = rng.choice((("DE", 22), ("FR", 27), ("GB", 22), ("NL", 18), ("ES", 24)))
    letters = drawn(rng, string.ascii_uppercase, 4) if country in ("GB", "NL") else ""
    account = letters + "".join(str(rng.randrange(10)) for _ in range(length - 4 - len(letters)))
    number = int("".join(str(int(one, 36)) for one in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


def iban_in_groups(rng: random.Random) -> str:
    number = iban(rng)
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def email(rng: random.Random) -> str:
    host = rng.choice(("example.com", "mail.example.org", "example.co.uk", "xn--bcher-kva.example", "пример.рф"))
    return f"{word(rng)}{rng.choice(('', '.', '+', '_'))}{word(rng)}@{host}"


# What gives itself away, wherever it stands.
PLAIN: dict[str, Maker] = {
    "AWS key": _prefixed("AK" + "IA", UPPER, 16),
    "AWS session key": _prefixed("AS" + "IA", UPPER, 16),
    "GitHub token": _prefixed("gh" + "p_", ALPHANUMERIC, 36),
    "GitHub fine-grained token": _prefixed("github" + "_pat_", ALPHANUMERIC + "_", 60),
    "GitLab token": _prefixed("gl" + "pat-", URL_SAFE, 20),
    "Slack token": _prefixed("xo" + "xb-", ALPHANUMERIC, 40),
    "Stripe key": _prefixed("sk" + "_live_", ALPHANUMERIC, 24),
    "Google key": _prefixed("AI" + "za", URL_SAFE, 35),
    "Google OAuth token": _prefixed("ya" + "29.", URL_SAFE, 60),
    "OpenAI key": _prefixed("s" + "k-proj-", ALPHANUMERIC, 48),
    "Anthropic key": _prefixed("s" + "k-ant-api03-", URL_SAFE, 60),
    "Hugging Face token": _prefixed("h" + "f_", ALPHANUMERIC, 34),
    "npm token": _prefixed("np" + "m_", ALPHANUMERIC, 36),
    "PyPI token": _prefixed("py" + "pi-AgEI", URL_SAFE, 80),
    "SendGrid key": lambda rng: f"S{'G'}.{drawn(rng, URL_SAFE, 22)}.{drawn(rng, URL_SAFE, 43)}",
    "Twilio key": _prefixed("S" + "K", HEX, 32),
    "DigitalOcean token": _prefixed("do" + "p_v1_", HEX, 64),
    "Atlassian token": _prefixed("AT" + "ATT3", URL_SAFE, 60),
    "Vault token": _prefixed("hv" + "s.", ALPHANUMERIC, 40),
    "Grafana token": _prefixed("gl" + "sa_", ALPHANUMERIC, 40),
    "Databricks token": _prefixed("da" + "pi", HEX, 32),
    "Telegram token": lambda rng: f"{rng.randrange(10**8, 10**9)}:A{'A'}{drawn(rng, URL_SAFE, 33)}",
    "JWT": jwt,
    "private key": private_key,
    "e-mail": email,
    "card number": card,
    "card number in groups": card_in_groups,
    "IBAN": iban,
    "IBAN in groups": iban_in_groups,
}

# What only its key gives away.
KEYED: dict[str, Maker] = {
    "password": password,
    "secret": _prefixed("", ALPHANUMERIC, 24),
    "hexadecimal secret": _prefixed("", HEX, 40),
    "AWS secret key": _prefixed("", ALPHANUMERIC + "/+", 40),
    "token": _prefixed("", URL_SAFE, 32),
}
