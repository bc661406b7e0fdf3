"""The forms in which SPIKETRACE_REDIS_URL says where the broker is.

    redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]                      one address
    redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT][/DATABASE]?master=NAME
                                                                        Sentinels, which know the present primary
    rediss://…  rediss+sentinel://…                                     the same by TLS; to the Sentinels as well

A `?` may be followed by the TLS parameters that redis-py and kombu know by these names: ssl_ca_certs, ssl_certfile,
ssl_keyfile, ssl_cert_reqs (required or none), ssl_check_hostname (true or false); and, for Sentinels that want a login
of their own, by sentinel_username and sentinel_password. Anything else is refused rather than passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

PORT, SENTINEL_PORT = 6379, 26379
BY_SENTINEL = "+sentinel"
SCHEMES = ("redis", "rediss", "redis+sentinel", "rediss+sentinel")
TLS_PARAMETERS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
SENTINEL_PARAMETERS = {"master", "sentinel_username", "sentinel_password"}
ADVICE = {
    "sentinel": "write redis+sentinel://HOST:26379,HOST:26379/0?master=NAME, or rediss+sentinel:// for TLS",
    "redis+cluster": "a Redis Cluster cannot be the broker (docs/deployment.md): use one address, or Sentinel",
    "rediss+cluster": "a Redis Cluster cannot be the broker (docs/deployment.md): use one address, or Sentinel",
    "unix": "a socket's file is not supported: let the broker listen on 127.0.0.1",
}


@dataclass(frozen=True)
class Tls:
    """Files are paths; without an authority's file the machine's own authorities are trusted."""

    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    checks_certificate: bool = True
    checks_hostname: bool = True

    @property
    def is_closed(self) -> bool:
        """Whether nobody else can pass for the broker."""
        return self.checks_certificate and self.checks_hostname


@dataclass(frozen=True)
class BrokerAddress:
    """`hosts` are the broker's one, or the Sentinels'; `master` is how these call the primary."""

    hosts: tuple[tuple[str, int], ...]
    database: int = 0
    user: str | None = None
    password: str | None = None
    tls: Tls | None = None
    master: str | None = None
    sentinel_user: str | None = None
    sentinel_password: str | None = None

    @property
    def name(self) -> str:
        """For people, without a secret."""
        hosts = ", ".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.master!r} by the Sentinels {hosts}" if self.master else hosts

    @property
    def secrets(self) -> list[str]:
        return [secret for secret in (self.password, self.sentinel_password) if secret]


def parse_broker_url(url: str) -> BrokerAddress:
    """Raises ValueError, which repeats nothing of what may be secret."""
    parts = urlsplit(url)
    by_sentinel = _check_scheme(parts.scheme)
    parameters = _parameters(parts, by_sentinel=by_sentinel)
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    return BrokerAddress(
        hosts=_hosts(hosts, by_sentinel=by_sentinel),
        database=_database(parts.path),
        user=unquote(user) or None,
        password=unquote(password) or None,
        tls=_tls(parameters) if parts.scheme.startswith("rediss") else None,
        master=parameters.get("master"),
        sentinel_user=parameters.get("sentinel_username"),
        sentinel_password=parameters.get("sentinel_password"),
    )


def completed(url: str, **parameters: str | None) -> str:
    """The URL with these parameters as well, where they say something."""
    given = {name: value for name, value in parameters.items() if value}
    if not given:
        return url
    parts = urlsplit(url)
    return parts._replace(query="&".join(filter(None, [parts.query, urlencode(given)]))).geturl()


def _check_scheme(scheme: str) -> bool:
    """Whether Sentinels are asked."""
    if scheme not in SCHEMES:
        advice = ADVICE.get(scheme, f"begin with one of {', '.join(f'{one}://' for one in SCHEMES)}")
        raise ValueError(f"{scheme or 'no scheme'} is not understood: {advice}")
    return scheme.endswith(BY_SENTINEL)


def _parameters(parts: SplitResult, *, by_sentinel: bool) -> dict[str, str]:
    given = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in given]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} is said twice: in the URL or by a setting of its own, not both")
    if unknown := sorted(set(names) - TLS_PARAMETERS - SENTINEL_PARAMETERS):
        raise ValueError(f"the URL's parameter {', '.join(unknown)} is not understood")
    if not parts.scheme.startswith("rediss") and (of_tls := sorted(TLS_PARAMETERS.intersection(names))):
        raise ValueError(f"{', '.join(of_tls)} is for TLS, which the URL does not ask for: begin it with rediss")
    if not by_sentinel and (of_sentinel := sorted(SENTINEL_PARAMETERS.intersection(names))):
        raise ValueError(f"{', '.join(of_sentinel)} is for a URL that begins with redis+sentinel or rediss+sentinel")
    parameters = dict(given)
    if by_sentinel and not parameters.get("master"):
        raise ValueError("by Sentinel, ?master=NAME is needed: the name in `sentinel monitor NAME …`")
    return parameters


def _hosts(text: str, *, by_sentinel: bool) -> tuple[tuple[str, int], ...]:
    names = text.split(",")
    if len(names) > 1 and not by_sentinel:
        raise ValueError("several hosts are for redis+sentinel:// or rediss+sentinel://")
    return tuple(_host(name.strip(), SENTINEL_PORT if by_sentinel else PORT) for name in names)


def _host(text: str, default_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("a port is a number below 65536") from None
    if not host:
        raise ValueError("a host is missing")
    return host, port or default_port


def _database(path: str) -> int:
    text = path.strip("/")
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError("what follows the host is the number of a database, such as /0")
    return int(text or 0)


def _tls(parameters: dict[str, str]) -> Tls:
    requires, checks = parameters.get("ssl_cert_reqs", "required"), parameters.get("ssl_check_hostname", "true")
    if requires not in ("required", "none"):
        raise ValueError("ssl_cert_reqs is required or none")
    if checks.lower() not in ("true", "false"):
        raise ValueError("ssl_check_hostname is true or false")
    certificate, key = parameters.get("ssl_certfile"), parameters.get("ssl_keyfile")
    if key and not certificate:
        raise ValueError("a key without its certificate: name both, or the certificate's file alone if it holds both")
    return Tls(
        ca_file=parameters.get("ssl_ca_certs"),
        certificate_file=certificate,
        key_file=key,
        checks_certificate=requires == "required",
        checks_hostname=requires == "required" and checks.lower() == "true",
    )
