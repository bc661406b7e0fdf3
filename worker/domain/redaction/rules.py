"""The rules, in the order in which they are applied: what tells most of what stands around it comes first.

Every pattern is linear: a repetition without bound starts at a boundary or behind a literal, and what is repeated
within one gives nothing back (possessive). tests/redaction/test_linear.py looks at each.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from worker.domain.redaction import checksums, telling
from worker.domain.redaction.kinds import Kind

Span = tuple[int, int]


def _secret(found: re.Match[str]) -> Span | None:
    return found.span("secret")


@dataclass(frozen=True)
class Rule:
    """`needs`: lower-case pieces of text, one of which is there wherever `pattern` matches.

    `span_of` tells which part of a match is the secret, or None where it is none after all.
    """

    name: str
    kind: Kind
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    span_of: Callable[[re.Match[str]], Span | None] = _secret


def _whole(found: re.Match[str]) -> Span | None:
    return found.span()


def _if_random(found: re.Match[str]) -> Span | None:
    return found.span("secret") if telling.looks_random(found["secret"]) else None


def _vendor(name: str, pattern: str, *needs: str, span_of: Callable[[re.Match[str]], Span | None] = _whole) -> Rule:
    """Tokens that their vendor has given a form of their own. Case matters in them."""
    return Rule(name, Kind.TOKEN, re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})", re.ASCII), needs, span_of)


def _user_of_url(found: re.Match[str]) -> Span | None:
    """A user without a password is a token where it is too long for a name."""
    return found.span("secret") if telling.looks_random(found["secret"]) or len(found["secret"]) >= 16 else None


def _basic(found: re.Match[str]) -> Span | None:
    return found.span("secret") if any(":" in text for text in unwrapped(found["secret"])) else None


def _email(found: re.Match[str]) -> Span | None:
    """The domain must end as domains do: `app@sha256`, `core@17.2.1` and `Foo@1b2c3d` are no addresses."""
    domain = found["domain"].rstrip(".-_")
    last = domain.rpartition(".")[2]
    is_domain = "." in domain and (last.isalpha() or last.lower().startswith("xn--")) and len(last) >= 2
    return (found.start(), found.start("domain") + len(domain)) if is_domain else None


def _card(found: re.Match[str]) -> Span | None:
    return found.span() if checksums.is_card(found[0]) else None


def _iban(found: re.Match[str]) -> Span | None:
    length = checksums.iban_length(found[0] + found.string[found.end() : found.end() + 1])
    return (found.start(), found.start() + length) if length else None


def unwrapped(text: str) -> list[str]:
    """What `text` is base64 or hexadecimal of, where that is text."""
    compact = text.rstrip("=").replace("-", "+").replace("_", "/")
    padded = compact + "=" * (-len(compact) % 4)
    return [found for read in (base64.b64decode, bytes.fromhex) if (found := _as_text(read, padded, text))]


def _as_text(read: Callable[[str], bytes], *forms: str) -> str | None:
    try:
        found = read(forms[0] if read is base64.b64decode else forms[1]).decode()
    except (binascii.Error, ValueError):
        return None
    return found if found.replace("\n", "").isprintable() else None


_HEADER = r"authorization[\"'\]\\]{0,3}\s{0,4}[:=]\s{0,4}[\"'\[]{0,2}"
STRUCTURED = (
    Rule(
        "private key",
        Kind.PRIVATE_KEY,
        # Up to its end, or to the end of the text where it was cut off.
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]++|-(?!----))*+"
            r"(?:-----END[A-Z0-9 ]{0,60}-----)?"
        ),
        ("private key",),
        _whole,
    ),
    Rule(
        "password of a URL",
        Kind.PASSWORD,
        re.compile(r"://[^\s/?#:@\"'<>]{0,256}:(?P<secret>[^\s/?#@\"'<>]++(?:@[^\s/?#@\"'<>]++){0,8})@"),
        ("://",),
    ),
    Rule(
        "password of a connection",
        Kind.PASSWORD,
        # Drivers take a slash in a password, and no scheme at all.
        re.compile(
            r"(?:(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|clickhouse)(?:\+\w{1,20})?"
            r"://[^\s:@\"'<>]{0,256}:|jdbc:oracle:thin:[^\s/@]{1,64}/)(?P<secret>[^\s\"'<>]{1,256})@",
            re.IGNORECASE,
        ),
        ("@",),
    ),
    Rule(
        "password of a data source name",
        Kind.PASSWORD,
        re.compile(r"(?<![\w.-])[\w.-]{1,64}:(?P<secret>[^\s@\"'<>]{1,256})@(?:tcp|unix)\("),
        ("@tcp(", "@unix("),
    ),
    Rule(
        "token as a URL's user",
        Kind.CREDENTIALS,
        re.compile(r"://(?P<secret>[^\s/?#:@\"'<>]{8,256})@"),
        ("://",),
        _user_of_url,
    ),
    Rule(
        "user of curl",
        Kind.PASSWORD,
        re.compile(r"(?:\s-u|--user)[ =]{1,4}[\"']?[^\s:\"']{1,128}:(?P<secret>[^\s\"']{1,256})"),
        ("-u", "--user"),
    ),
    Rule(
        "command's short option",
        Kind.PASSWORD,
        re.compile(
            r"(?:(?:docker login|sshpass|mysql|mysqldump|mongo|mongosh)\b[^\n]{0,160}? -p|redis-cli\b[^\n]{0,160}? -a"
            r"|ldapsearch\b[^\n]{0,160}? -w)[ ]{0,2}[\"']?(?P<secret>[^\s\"']{1,256})"
        ),
        ("docker login", "sshpass", "mysql", "mongo", "redis-cli", "ldapsearch"),
    ),
    Rule(
        "authorization by parameters",
        Kind.CREDENTIALS,
        # To the end of the line: they are in quotes of their own.
        re.compile(
            rf"{_HEADER}(?:Digest|OAuth|Hawk|AWS4-HMAC-SHA256|Signature)\s{{1,4}}(?P<secret>[^\r\n]++)", re.IGNORECASE
        ),
        ("authorization",),
    ),
    Rule(
        "authorization",
        Kind.CREDENTIALS,
        re.compile(
            rf"{_HEADER}(?:Basic|Bearer|Token|ApiKey|Negotiate|NTLM|GenericKey|Splunk|Key)[ :]{{1,4}}"
            r"(?P<secret>[^\s\"',;\]]++)",
            re.IGNORECASE,
        ),
        ("authorization",),
    ),
    Rule(
        "authorization without a scheme",
        Kind.CREDENTIALS,
        re.compile(rf"{_HEADER}(?P<secret>[^\s\"',;\]]++)", re.IGNORECASE),
        ("authorization",),
        _if_random,
    ),
    Rule(
        "bearer",
        Kind.CREDENTIALS,
        re.compile(r"(?<![a-z])(?:bearer|apikey)\s{1,4}(?P<secret>[\w.~+/=-]{6,}+)", re.IGNORECASE),
        ("bearer", "apikey"),
        _if_random,
    ),
    Rule(
        "basic",
        Kind.CREDENTIALS,
        re.compile(r"(?<![a-z])basic\s{1,4}(?P<secret>[A-Za-z0-9+/_-]{6,}+={0,2})", re.IGNORECASE),
        ("basic",),
        _basic,
    ),
    Rule(
        "cookie",
        Kind.COOKIE,
        re.compile(
            r"cookie2?[\"'\]\\]{0,3}\s{0,4}[:=]\s{0,4}[\"'\[]{0,2}(?P<secret>[^\s;=,\"']{1,128}=[^\r\n\"']*+)",
            re.IGNORECASE,
        ),
        ("cookie",),
    ),
    Rule(
        "secret behind an AWS key",
        Kind.SECRET,
        re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{16}[:;,|/ ]{1,3}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"),
        ("akia", "asia"),
    ),
    Rule("password", Kind.PASSWORD, telling.PASSWORD_ASSIGNED, telling.PASSWORD_HINTS, telling.password_of),
    Rule("secret", Kind.SECRET, telling.SECRET_ASSIGNED, telling.SECRET_HINTS, telling.secret_of),
    Rule("token", Kind.TOKEN, telling.TOKEN_ASSIGNED, telling.TOKEN_HINTS, telling.token_of),
    Rule("option", Kind.SECRET, telling.OPTION, ("--",), telling.option_of),
    Rule("element", Kind.SECRET, telling.ELEMENT, ("</",), telling.option_of),
)
_OF_GITLAB = ("dt", "rt", "cbt", "ptt", "ft", "imt", "agent", "soat")
VENDORS = (
    _vendor(
        "AWS key", "(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16,}+", "akia", "asia", "abia", "acca", "aroa", "aida"
    ),
    _vendor(
        "GitHub", r"gh[pousr]_[A-Za-z0-9]{16,}+|github_pat_\w{20,}+", *(f"gh{one}_" for one in "pousr"), "github_pat_"
    ),
    _vendor(
        "GitLab",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat)-[\w-]{16,}+",
        "glpat-",
        *(f"gl{one}-" for one in _OF_GITLAB),
    ),
    _vendor("Slack", r"xox[abcdeoprs]-[\w-]{8,}+|xapp-\d-[\w-]{8,}+", "xox", "xapp-"),
    _vendor("Stripe", r"[srp]k_(?:live|test|prod)_\w{10,}+|whsec_[\w+/=]{16,}+", "k_", "whsec_"),
    _vendor(
        "Google",
        r"AIza[\w-]{30,}+|ya29\.[\w-]{16,}+|GOCSPX-[\w-]{16,}+|1//0[\w-]{20,}+",
        "aiza",
        "ya29.",
        "gocspx-",
        "1//0",
    ),
    _vendor("OpenAI and alike", r"sk-(?P<secret>[\w-]{20,}+)", "sk-", span_of=_if_random),
    _vendor("Hugging Face", r"hf_[A-Za-z0-9]{20,}+", "hf_"),
    _vendor("npm and PyPI", r"npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{40,}+", "npm_", "pypi-"),
    _vendor("SendGrid", r"SG\.[\w-]{16,}+\.[\w-]{16,}+", "sg."),
    _vendor("Twilio and Mailgun", r"(?:SK|AC)[0-9a-f]{32}|key-[0-9a-f]{32}", "sk", "ac", "key-"),
    _vendor("DigitalOcean", r"do[opr]_v1_[0-9a-f]{32,}+", "_v1_"),
    _vendor("Shopify", r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32,}+", "shp"),
    _vendor("Square", r"sq0[a-z]{3}-[\w-]{20,}+", "sq0"),
    _vendor("Atlassian", r"ATATT3[\w=-]{16,}+", "atatt3"),
    _vendor("Databricks", r"dapi[0-9a-f]{32,}+", "dapi"),
    _vendor("Vault", r"hv[sbr]\.[\w-]{20,}+", "hvs.", "hvb.", "hvr."),
    _vendor("New Relic", r"NR(?:AK|AL|II|JS)-[A-Z0-9a-f-]{20,}+", "nrak-", "nral-", "nrii-", "nrjs-"),
    _vendor("Grafana", r"gl(?:sa|c)_[\w+/=]{20,}+", "glsa_", "glc_"),
    _vendor("Linear and Postman", r"lin_(?:api|oauth)_\w{20,}+|PMAK-[0-9a-f-]{30,}+", "lin_", "pmak-"),
    _vendor("Dynatrace", r"dt0[a-z]\d\d\.[A-Z0-9]{20,}+\.[A-Z0-9]{20,}+", "dt0"),
    _vendor("Terraform", r"\w{14}\.atlasv1\.[\w-]{40,}+", ".atlasv1."),
    _vendor("Azure", r"[\w.~-]{3}8Q~[\w.~-]{30,}+", "8q~"),
    _vendor("Telegram", r"\d{8,10}:AA[\w-]{30,}+", ":aa"),
    _vendor("Discord", r"[MNO][\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}+", "."),
    _vendor("age", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}+", "age-secret-key-1"),
    _vendor("bcrypt", r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{40,}+", "$2"),
    Rule(
        "JWT",
        Kind.TOKEN,
        re.compile(r"(?<![\w-])eyJ[\w-]{6,}+\.[\w-]{6,}+(?:\.[\w-]*+){0,3}", re.ASCII),
        ("eyj",),
        _whole,
    ),
    Rule(
        "address of a web hook",
        Kind.TOKEN,
        re.compile(
            r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/"
            r"|[\w-]{1,63}\.webhook\.office\.com/|events\.pagerduty\.com/integration/)(?P<secret>[^\s\"'<>]++)",
            re.ASCII,
        ),
        ("hooks.slack.com/", "/webhooks/", ".webhook.office.com/", "/integration/"),
    ),
)
PERSONAL = (
    Rule(
        "e-mail",
        Kind.EMAIL,
        re.compile(r"(?<![\w.+%-])[\w.+%-]++(?:'[\w.+%-]++)?@(?P<domain>[\w.-]++)"),
        ("@",),
        _email,
    ),
    Rule(
        "card",
        Kind.CARD,
        re.compile(
            r"(?<![0-9A-Za-z_])(?<!\d\.)(?<!\d[ -])"
            r"(?:\d{14,16}|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}|\d{4}([ .-])\d{6}\2\d{4,5})"
            r"(?![0-9A-Za-z_])(?!\.\d)(?![ -]\d)",
            re.ASCII,
        ),
        (),
        _card,
    ),
    Rule(
        "IBAN",
        Kind.IBAN,
        re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]{2}\d\d(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII),
        (),
        _iban,
    ),
)
WRAPPED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}+={0,2}")
RULES = (*STRUCTURED, *VENDORS, *PERSONAL)
