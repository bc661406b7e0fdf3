"""Values that stand behind a telling key: `password=…`, `"api_key": "…"`, `пароль: …`, `--token …`."""

from __future__ import annotations

import re
from collections.abc import Callable

# Whatever stands behind these is a secret, unless it is a word of the sentence.
PASSWORDS = (
    r"(?:password|passwd|passwort|kennwort|passphrase|passcode)(?:[-_]?(?:confirm(?:ation)?|hash|again|new|old|\d{1,2}))?",
    *(
        r"(?<![a-z])pwd",
        r"(?<![a-z])pass(?=[\"']?\s?[:=])",
        r"(?<![a-z])pw(?==)",
        r"(?<![a-z])otp",
        r"(?<![a-z])cv[vc]2?",
    ),
    *("one[-_ ]time[-_ ](?:code|pin)", "verification[-_ ]code", "security[-_ ]code", "pin[-_ ]?code"),
    *("contraseña", "contrasena", "mot[-_ ]de[-_ ]passe", "senha", "hasło", "haslo", "wachtwoord", "lösenord"),
    *("şifre", "parola", "heslo", "jelszó", "mật[ ]khẩu", "пароль", "κωδικός", "סיסמה", "סיסמא", "पासवर्ड"),
    *("كلمة[ ]المرور", "كلمة[ ]السر", "รหัสผ่าน", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호"),
)
_KINDS_OF_KEYS = (
    "api|app|access|secret|private|account|encryption|signing|master|license|service|auth|ssh|deploy|storage|shared"
    "|subscription|consumer|integration|write|hmac"
)
SECRETS = (
    *("secret", "credentials?", f"(?:{_KINDS_OF_KEYS})[-_ .]?keys?(?:[-_]base)?"),
    *("access[-_]?key[-_]?id", "(?<![a-z])psk", "client[-_]?assertion", "x-amz-credential", "connection[-_ ]?string"),
)
# Of these only what looks like one: "unexpected token: }" says nothing.
TOKENS = (
    *("token", "(?<![a-z])jwt", "(?:session|sess)[-_ ]?id", "(?:jsession|phpsess)id", "(?<![a-z])sid(?==)"),
    *("csrf", "xsrf", "(?<![a-z])auth", "(?<![a-z])session", "signature", "(?<![a-z])sig(?==)", "(?<![a-z])bearer"),
    *("routing[-_]?key", "(?<![a-z])pw(?=:)"),
)
# What `needs` of a rule looks for: without one of these no key tells anything.
PASSWORD_HINTS = (
    *("pass", "pwd", "pw=", "kennwort", "otp", "cvv", "cvc", "code", "one", "contras", "senha", "hasło", "haslo"),
    *("wachtwoord", "lösenord", "şifre", "parola", "heslo", "jelszó", "mật khẩu", "пароль", "κωδικός", "סיסמ"),
    *("पासवर्ड", "كلمة", "รหัสผ่าน", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호"),
)
SECRET_HINTS = ("secret", "credential", "key", "psk", "assertion", "connection")
TOKEN_HINTS = ("token", "jwt", "sess", "sid=", "csrf", "xsrf", "auth", "sig", "bearer", "key", "pw:")

# In a sentence these follow a key and are no value of it: "invalid password: user is locked".
_SENTENCE = """
a an and are as at attempt auth authentication bad been but by can cannot changed check connection could
denied did does empty encrypted error exceeded expired failed failure for from got has have hidden if in
incorrect invalid is it its key length lookup malformed masked match mismatch missing must need needs no not
nor of ok on only or password refresh rejected request required reset secret service set should than that the
then this timed timeout to token too unavailable unexpected unknown unset update updated user username
validation value verification was were when while will with within without wrong you your
"""
_WORDS = frozenset(_SENTENCE.split())
_NOTHING = frozenset(("null", "none", "nil", "undefined", "true", "false", "yes", "no", "n/a", "na", "empty"))
# Places for a value: ${PASSWORD}, {{ password }}, <password>, %s, ***, <*>, $PASSWORD.
_EMPTY_PLACE = re.compile(
    r"\$?\{.*|\$[A-Z_]{2,}|<.*>|%\(?\w*\)?s|[*xX•.…_#\\-]+|\?|\[(?:redacted|filtered|hidden|masked).*", re.DOTALL
)
_NUMBER = re.compile(r"[\d.,]+%?(?:ms|s|m|h)?")
# No sentence goes on for so long, and what was looked at in vain stays short.
_LONGEST_REFUSED = 200
_VALUE = r"""
    (?:
        [bru]{0,2}"(?P<double>(?:[^"\\\n]|\\.)++)
        | [bru]{0,2}'(?P<single>(?:[^'\\\n]|\\.)++)
        | ["'(]?(?P<bare>(?:(?![,;&]\s?["']?[\w.-]{1,40}["']?\s?[=:])(?:[^\s"'<>]|'(?=\w)))++)
    )
"""


def _assigned(keys: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?P<key>{"|".join(keys)})(?:[-_]?(?:value|text|plain|data))?
        (?:\ (?:for|of)\ (?:user\ )?[\w.@-]{{1,64}}+(?=\s?[:=]))?
        ["'\\]{{0,4}}\]?["'\\]{{0,2}}
        (?P<link>
            \s{{0,4}}(?:=>|->|:=|={{1,3}}|:)\s{{0,4}}
            | \s{{1,4}}value\s{{0,2}}=\s{{0,2}}
            | \ (?:is|was|are|ist|est|es|è|é|это)\ (?:now\ |set\ to\ )?
            | (?P<blank>\ to\ |[ \t]|\s?\|\s?)
        )
        {_VALUE}
        """,
        re.IGNORECASE | re.VERBOSE,
    )


PASSWORD_ASSIGNED, SECRET_ASSIGNED, TOKEN_ASSIGNED = map(_assigned, (PASSWORDS, SECRETS, TOKENS))
OPTION = re.compile(
    r"""
    --[\w-]{0,30}?(?:password|passwd|passphrase|secret|token|api-?key|access-?key)\s{1,4}(?!-)
    (?:"(?P<double>[^"\n]++)|'(?P<single>[^'\n]++)|(?P<bare>[^\s"']++))
    """,
    re.IGNORECASE | re.VERBOSE,
)
ELEMENT = re.compile(
    r"<[\w:.-]{0,40}?(?:password|passwd|passphrase|secret|token|api-?key|access-?key)\s{0,4}>(?P<bare>[^<>\n]++)</",
    re.IGNORECASE,
)


def password_of(found: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret is; None where what stands behind the key is none."""
    key, link = found["key"].lower(), found["link"]
    is_code = key.endswith(("otp", "code", "pin"))
    # "pass: 12 of 14" counts tests.
    may_be_word = not _is_behind_blank(found) and not (key == "pass" and ":" in link and found["bare"])
    return _value(found, lambda value: may_be_word or _is_no_word(value) or (is_code and value.isdigit()))


def option_of(found: re.Match[str]) -> tuple[int, int] | None:
    return _value(found, lambda _: True)


def secret_of(found: re.Match[str]) -> tuple[int, int] | None:
    return _value(found, lambda value: not _NUMBER.fullmatch(value) and _fits_blank(value, found))


def token_of(found: re.Match[str]) -> tuple[int, int] | None:
    link = _link_of(found)
    return _value(found, lambda value: _may_be_token(value, found["key"], link) and _fits_blank(value, found))


def _link_of(found: re.Match[str]) -> str:
    """In quotes behind a colon it is a field's value, and no sentence."""
    return "=" if ":" in found["link"] and found["bare"] is None else found["link"]


def _is_behind_blank(found: re.Match[str]) -> bool:
    """`password hunter2`: with nothing but a blank between them the value must tell that it is one."""
    groups = found.groupdict()
    return groups.get("blank") is not None and groups["bare"] is not None


def _is_no_word(value: str) -> bool:
    is_another_key = re.match(r"[\w.-]{1,40}=", value)
    return bool(not is_another_key and re.search(r"[^\W\d_]", value) and re.search(r"[\d!#$%&*+=?@^~]", value))


def _fits_blank(value: str, found: re.Match[str]) -> bool:
    return not _is_behind_blank(found) or (len(value) >= 16 and looks_random(value))


def _value(found: re.Match[str], is_one: Callable[[str], bool]) -> tuple[int, int] | None:
    groups = found.groupdict()
    group = next(name for name in ("double", "single", "bare") if groups.get(name) is not None)
    start, end = found.span(group)
    if group == "bare":
        end = start + len(_without_closing(found[group]))
    value = found.string[start:end]
    if len(value) > _LONGEST_REFUSED:
        return start, end
    is_said = group == "bare" and "=" not in groups.get("link", "=")
    return (start, end) if _says_something(value, is_said=is_said) and is_one(value) else None


def _without_closing(value: str) -> str:
    """A bracket or a stop after the value is the sentence's."""
    return value.rstrip(")]},;.") or value


def _says_something(value: str, *, is_said: bool) -> bool:
    """Behind a sign of equality or in quotes it is a value; after a colon it may be a sentence that goes on."""
    if not value.strip() or value.lower() in _NOTHING or _EMPTY_PLACE.fullmatch(value):
        return False
    return not (is_said and value.lower().rstrip(":") in _WORDS)


def _may_be_token(value: str, key: str, link: str) -> bool:
    if value.lower() in _WORDS or _NUMBER.fullmatch(value):
        return len(value) >= 6 and value.isdigit() and "=" in link
    if key.lower() in ("auth", "session", "signature", "bearer") or "=" not in link:
        return looks_random(value)
    return len(value) >= 4


def looks_random(value: str) -> bool:
    """Letters and digits mixed within a part, or letters of both cases; or no word at all for its length."""
    parts = [part for part in re.split(r"[-_.:/+=,;|@ ]", value) if part]
    return any(_is_mixed(part) for part in parts) or any(len(part) >= 24 for part in parts)


def _is_mixed(part: str) -> bool:
    if len(part) < 6 or re.fullmatch(r"v?\d+[a-z]{1,3}|[A-Za-z]+\d{1,3}|\d{4,8}T\d+Z?", part):
        return False
    has_digit, has_letter = any(map(str.isdigit, part)), any(map(str.isalpha, part))
    turns = len(re.findall(r"[a-z][A-Z]|[A-Z][a-z]", part))
    return (has_digit and has_letter) or (len(part) >= 12 and turns >= len(part) / 3)
