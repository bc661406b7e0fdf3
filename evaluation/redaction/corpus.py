"""The labelled corpus: secrets of every kind in the forms in which logs, alerts and deployments tell them."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from evaluation.redaction.secrets_made import ALPHANUMERIC, KEYED, PLAIN, drawn, password, word

SEED = 20_261_125
DRAWS = 4
ZERO_WIDTH = "\u200b"
MARK = "\u0337"
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
PASSWORD_KEYS = (
    *("password", "passwd", "pwd", "DB_PASSWORD", "userPassword", "spring.datasource.password", "passphrase"),
    *("пароль", "密码", "contraseña", "Passwort", "senha", "パスワード", "비밀번호", "mot de passe"),
)
SECRET_KEYS = ("secret", "client_secret", "api_key", "apiKey", "X-Api-Key", "AccountKey", "SharedAccessKey")
AWS_KEYS = ("aws_secret_access_key", "secretAccessKey", "AWS_SECRET_ACCESS_KEY")
TOKEN_KEYS = ("token", "access_token", "refreshToken", "X-Auth-Token", "csrf_token", "sessionid")
KEYS = {"password": PASSWORD_KEYS, "AWS secret key": AWS_KEYS, "token": TOKEN_KEYS}


class Labelled(NamedTuple):
    """A text, and the secret in it: nothing of `secret` may be left. `form` is how it is told."""

    kind: str
    form: str
    text: str
    secret: str


def labelled(seed: int = SEED) -> Iterator[Labelled]:
    """The same texts for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, and nothing to be guessed
    for _ in range(DRAWS):
        for kind, make in PLAIN.items():
            yield from _in_forms(kind, make(rng), PLAIN_FORMS)
        for kind, make in KEYED.items():
            for key in KEYS.get(kind, SECRET_KEYS):
                yield from _in_forms(kind, make(rng), {form: _behind(key, put) for form, put in KEYED_FORMS.items()})
        for kind, tell in CREDENTIALS.items():
            yield tell(kind, rng)


Put = Callable[[str], str]


def _in_forms(kind: str, secret: str, forms: dict[str, Put]) -> Iterator[Labelled]:
    for form, put in forms.items():
        yield Labelled(kind, form, put(secret), secret)


def _behind(key: str, put: Callable[[str, str], str]) -> Put:
    return lambda secret: put(key, secret)


def _with_zero_width(text: str) -> str:
    return ZERO_WIDTH.join((text[: len(text) // 2], text[len(text) // 2 :]))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLAIN_FORMS: dict[str, Put] = {
    "in a sentence": lambda secret: f"call of {secret} failed after 300 ms",
    "at the end": lambda secret: f"upstream refused {secret}",
    "in quotes": lambda secret: f"field 'value' is '{secret}'",
    "in JSON": lambda secret: json.dumps({"level": "ERROR", "message": f"sent {secret}", "status": 401}),
    "in JSON within JSON": lambda secret: json.dumps({"log": json.dumps({"value": secret})}),
    "in a URL": lambda secret: f"GET /v1/orders?value={quote(secret, safe='')}&page=2 401",
    "percent-encoded twice": lambda secret: f"redirect={quote(quote(secret, safe=''), safe='')}",
    "with a zero-width space": lambda secret: f"sent {_with_zero_width(secret)} and failed",
    "in full-width letters": lambda secret: f"値 {secret.translate(FULL_WIDTH)} です",
    "in base64": lambda secret: f"payload {_base64(f'value is {secret} ')} refused",
    "in hexadecimal": lambda secret: f"payload {f'value is {secret} '.encode().hex()} refused",
    "with combining marks": lambda secret: f"sent {MARK.join(secret)} and failed",
    "in a long line": lambda secret: f"{'retry ' * 2000}{secret} {'retry ' * 2000}",
}
KEYED_FORMS: dict[str, Callable[[str, str], str]] = {
    "key=value": lambda key, secret: f"login failed {key}={secret} status=401",
    "key: value": lambda key, secret: f"config {key}: {secret}",
    "in JSON": lambda key, secret: json.dumps({"user": "bob", key: secret, "status": 401}, ensure_ascii=False),
    "in JSON within JSON": lambda key, secret: json.dumps({"log": json.dumps({key: secret})}),
    "in a dict's repr": lambda key, secret: f"payload { ({key: secret, 'n': 1})!r}",
    "in a query": lambda key, secret: f"GET /login?user=bob&{quote(key)}={quote(secret, safe='')}&page=2",
    "behind an arrow": lambda key, secret: f"set {key} -> {secret}",
    "in an attribute": lambda key, secret: f'<add key="{key}" value="{secret}" />',
    "in parentheses": lambda key, secret: f"connect({key}={secret})",
    "percent-encoded": lambda key, secret: f"body={quote(f'user=bob&{key}={secret}', safe='')}",
    "in base64": lambda key, secret: f"env {_base64(f'{key}={secret}')} set",
    "in full-width letters": lambda key, secret: f"設定 {f'{key}={secret}'.translate(FULL_WIDTH)} です",
    "with a zero-width space": lambda key, secret: f"{_with_zero_width(key)}={_with_zero_width(secret)}",
}


def _basic(kind: str, rng: random.Random) -> Labelled:
    secret = _base64(f"{word(rng)}:{password(rng)}")
    return Labelled(kind, "header", f"> Authorization: Basic {secret}", secret)


def _bearer(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 40)
    return Labelled(kind, "header", f'{{"headers": {{"authorization": "Bearer {secret}"}}}}', secret)


def _api_key(kind: str, rng: random.Random) -> Labelled:
    secret = _base64(f"{drawn(rng, ALPHANUMERIC, 20)}:{drawn(rng, ALPHANUMERIC, 22)}")
    return Labelled(kind, "header", f"curl -H 'Authorization: ApiKey {secret}' failed", secret)


def _digest(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, "0123456789abcdef", 32)
    return Labelled(kind, "header", f'Authorization: Digest username="{word(rng)}", response="{secret}"', secret)


def _cookie(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 26)
    return Labelled(kind, "header", f"Cookie: theme=dark; sid={secret}; lang=en", secret)


def _set_cookie(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 26)
    return Labelled(kind, "header", f"Set-Cookie: JSESSIONID={secret}; Path=/; HttpOnly", secret)


def _in_url(template: str) -> Callable[[str, random.Random], Labelled]:
    def tell(kind: str, rng: random.Random) -> Labelled:
        secret = drawn(rng, ALPHANUMERIC, 14)
        return Labelled(kind, "URL", f"cannot reach {template.format(secret)}", secret)

    return tell


def _option(kind: str, rng: random.Random) -> Labelled:
    secret = password(rng)
    return Labelled(kind, "option", f"exec: sync --user bob --password {secret} --verbose", secret)


def _element(kind: str, rng: random.Random) -> Labelled:
    secret = password(rng).replace("<", "")
    return Labelled(kind, "XML", f"<login><user>bob</user><password>{secret}</password></login>", secret)


def _said(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 12)
    return Labelled(kind, "said", f"the temporary password is {secret} until noon", secret)


def _said_shortly(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 20)
    return Labelled(
        kind, "said", f"login of bob with {rng.choice(('password', 'token', 'API key'))} {secret} refused", secret
    )


def _set_to(kind: str, rng: random.Random) -> Labelled:
    secret = password(rng)
    return Labelled(kind, "said", f"ALTER ROLE app: set password to '{secret}' by bob", secret)


def _of_someone(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC, 12)
    return Labelled(kind, "said", f"generated password for user {word(rng)}: {secret}", secret)


def _aws_pair(kind: str, rng: random.Random) -> Labelled:
    secret = drawn(rng, ALPHANUMERIC + "/+", 40)
    return Labelled(kind, "pair", f"creds AKIA{drawn(rng, ALPHANUMERIC, 16).upper()}:{secret}", secret)


CREDENTIALS: dict[str, Callable[[str, random.Random], Labelled]] = {
    "basic header": _basic,
    "bearer header": _bearer,
    "API key header": _api_key,
    "digest header": _digest,
    "cookie": _cookie,
    "set-cookie": _set_cookie,
    "URL's password": _in_url("https://bob:{}@shop.example.com/orders"),
    "URL's token": _in_url("https://{}0123456789@git.example.com/shop.git"),
    "database's password": _in_url("postgres://app:{}/x@db:5432/shop"),
    "broker's password": _in_url("amqp://guest:{}@rabbit:5672/"),
    "cache's password": _in_url("redis://:{}@cache:6379/0"),
    "connection string": _in_url("Server=db;Database=shop;User Id=app;Password={};Encrypt=true"),
    "storage's connection string": _in_url("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={}==;Suffix=x"),
    "data source name": _in_url("app:{}@tcp(10.0.0.7:3306)/shop"),
    "web hook's address": _in_url("https://hooks.slack.com/services/T0SHOP000/B0SHOP000/{}"),
    "signed URL": _in_url("https://files.example.com/a.pdf?X-Amz-Expires=60&X-Amz-Signature={}"),
    "command's option": _option,
    "XML element": _element,
    "said in words": _said,
    "said in a few words": _said_shortly,
    "set to a password": _set_to,
    "somebody's password": _of_someone,
    "AWS key and its secret": _aws_pair,
}


def beyond(seed: int = SEED) -> Iterator[Labelled]:
    """What the rules do not claim to find: shown beside the others, so that nobody takes it for covered."""
    rng = random.Random(seed)  # noqa: S311
    for form, put in BEYOND.items():
        secret = drawn(rng, ALPHANUMERIC, 24)
        yield Labelled("beyond", form, put(secret), secret)


BEYOND: dict[str, Put] = {
    "random text without a key": lambda secret: f"call of {secret} failed",
    "as a path": lambda secret: f"GET https://shop.example.com/reset/{secret} 200",
    "a key with look-alikes": lambda secret: f"p\u0430ssword={secret}",
    "a passphrase of words": lambda secret: f"passphrase: correct horse {secret} staple",
    "over two lines": lambda secret: f"password=\\\n{secret[:12]}\n{secret[12:]}",
    "base64 of UTF-16": lambda secret: base64.b64encode(f"password={secret}".encode("utf-16-le")).decode(),
    "backwards": lambda secret: f"{secret[::-1]}=drowssap",
}
