"""The Kibana query language as a query of Elasticsearch, clause by clause as Kibana translates it.

Left out, with an error that says so: nested fields, names of fields with wildcards, words without a field, and times
relative to now. https://www.elastic.co/docs/explore-analyze/query-filter/languages/kql
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from worker.errors import ConfigurationError

Query = dict[str, Any]

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|<=|>=|[():<>{}]|(?:[^\s():<>{}"\\]|\\.)+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_RANGES = {"<": "lt", ">": "gt", "<=": "lte", ">=": "gte"}
_KEYWORDS = frozenset({"and", "or", "not"})
_SIGNS = frozenset({"(", ")", ":", "<", ">", "<=", ">=", "{", "}"})


def kql_query(kql: str) -> Query:
    """Raises ConfigurationError for what is no KQL, and for what cannot be said here."""
    return _Parser(kql).whole()


class _Parser:
    """By precedence: `not` binds closest, then `and`, then `or`; signs and keywords in any case."""

    def __init__(self, kql: str) -> None:
        self._kql = kql
        self._tokens = _tokens(kql)
        self._at = 0

    def whole(self) -> Query:
        if not self._tokens:
            return {"match_all": {}}
        query = self._any_of(None)
        return query if self._next() is None else self._fail(f"{self._next()!r} is not expected there")

    def _any_of(self, field: str | None) -> Query:
        """`field` is None, or the field whose values stand in these parentheses."""
        parts = [self._all_of(field)]
        while self._take_keyword("or"):
            parts.append(self._all_of(field))
        return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}

    def _all_of(self, field: str | None) -> Query:
        parts = [self._one(field)]
        while self._take_keyword("and"):
            parts.append(self._one(field))
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def _one(self, field: str | None) -> Query:
        if self._take_keyword("not"):
            return {"bool": {"must_not": [self._one(field)]}}
        if self._take("("):
            query = self._any_of(field)
            return query if self._take(")") else self._fail("a parenthesis is not closed")
        return self._clause() if field is None else _value(field, self._literal())

    def _clause(self) -> Query:
        field = self._literal()
        if "*" in field:
            self._fail("names of fields with wildcards are not simulated")
        sign = self._next()
        if sign in _RANGES:
            self._at += 1
            return {"range": {_plain(field): {_RANGES[sign]: self._bound()}}}
        if not self._take(":"):
            self._fail(f"{field!r} names no field: words that are looked for in every field are not simulated")
        if self._next() == "{":
            self._fail("nested fields are not simulated")
        if self._take("("):
            query = self._any_of(_plain(field))
            return query if self._take(")") else self._fail("a parenthesis is not closed")
        return _value(_plain(field), self._literal())

    def _bound(self) -> str:
        bound = _plain(self._literal())
        if "now" in bound.lower():
            self._fail("times relative to now are not simulated: now was another moment then")
        return bound

    def _literal(self) -> str:
        """A quoted phrase, or the words up to the next sign or keyword."""
        words: list[str] = []
        while (token := self._next()) is not None and token not in _SIGNS and token.lower() not in _KEYWORDS:
            if token.startswith('"') and words:
                break
            words.append(token)
            self._at += 1
            if token.startswith('"'):
                break
        return " ".join(words) if words else self._fail("a value is missing")

    def _next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, token: str) -> bool:
        if self._next() != token:
            return False
        self._at += 1
        return True

    def _take_keyword(self, word: str) -> bool:
        token = self._next()
        return token is not None and token.lower() == word and self._take(token)

    def _fail(self, why: str) -> NoReturn:
        raise ConfigurationError(f"the KQL filter {self._kql!r} cannot be simulated: {why}")


def _tokens(kql: str) -> list[str]:
    tokens, at = [], 0
    text = kql.rstrip()
    while at < len(text):
        if not (found := _TOKEN.match(text, at)):
            raise ConfigurationError(f"the KQL filter {kql!r} cannot be simulated: a quotation is not closed")
        tokens.append(found[1])
        at = found.end()
    return tokens


def _value(field: str, literal: str) -> Query:
    if literal.startswith('"'):
        return {"match_phrase": {field: _plain(literal)}}
    if literal == "*":
        return {"exists": {"field": field}}
    if re.search(r"(?<!\\)\*", literal):
        return {"wildcard": {field: {"value": _plain(literal)}}}
    return {"match": {field: _plain(literal)}}


def _plain(literal: str) -> str:
    return _ESCAPED.sub(r"\1", literal[1:-1] if literal.startswith('"') else literal)
