"""What a browser would make of a page: its elements, ids and links, by the standard library's parser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

INLINE = frozenset({"a", "b", "bdi", "span", "code", "time", "text", "summary"})
WITHOUT_END = frozenset({"meta", "link", "br", "img", "input", "hr"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]


@dataclass
class Dom:
    elements: list[Element] = field(default_factory=list)
    text: str = ""
    unclosed: list[str] = field(default_factory=list)

    def values(self, attribute: str) -> list[str]:
        return [element.attributes[attribute] for element in self.elements if attribute in element.attributes]

    def tags(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.tag == name]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.dom = Dom()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._space(tag)
        self.dom.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in WITHOUT_END:
            self.dom.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.dom.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.dom.unclosed[-1:] == [tag], f"</{tag}> closes {self.dom.unclosed[-3:]}"
        self.dom.unclosed.pop()
        self._space(tag)

    def _space(self, tag: str) -> None:
        self.dom.text += "" if tag in INLINE else " "

    def handle_data(self, data: str) -> None:
        self.dom.text += data


def parse(html: str) -> Dom:
    """Asserts that every element is closed where it should be."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert not builder.dom.unclosed
    return builder.dom
