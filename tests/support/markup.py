"""What an html file consists of, as a parser of the standard library sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_VOID = frozenset({"meta", "link", "input", "br", "img"})


@dataclass
class Element:
    """An element with its attributes; ``text`` is that of all it holds."""

    name: str
    attributes: dict[str, str | None]
    inside: tuple[str, ...]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with single spaces for spaces, line breaks and the borders of cells."""
        return " ".join("".join(self.parts).split())

    @property
    def source(self) -> str:
        """The text as it is written."""
        return "".join(self.parts)


class Markup(HTMLParser):
    """The elements of a page, in order.

    Args:
        page: bytes of an html file.
    """

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page.decode())
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        if tag in {"td", "th"}:
            self.handle_data(" ")
        inside = tuple(element.name for element in self._open)
        element = Element(tag, dict(attrs), inside)
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close an element; the page must be well nested."""
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        """Note text, for everything around it."""
        for element in self._open:
            element.parts.append(data)

    def named(self, name: str) -> list[Element]:
        """The elements of a kind."""
        return [element for element in self.elements if element.name == name]

    def embedded(self) -> dict[str, Any]:
        """The data block."""
        (block,) = [e for e in self.named("script") if e.attributes.get("type")]
        assert block.attributes["type"] == "application/json"
        content = json.loads(block.source)
        assert isinstance(content, dict)
        return content
