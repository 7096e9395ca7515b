"""Scripts that read and work the page of an html report in a browser."""

from __future__ import annotations

from sample_comparisons import sample_comparison

COMPARISON = sample_comparison()
"""What the fixture ``page`` shows."""
ROWS = """
return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].map(
  (row) => [...row.cells].map((cell) => cell.textContent));
"""
SORT = "document.querySelectorAll(`#${arguments[0]} thead button`)[arguments[1]].click();"
SORTED = """
return [...document.querySelectorAll(`#${arguments[0]} thead th`)].map(
  (heading) => heading.getAttribute("aria-sort"));
"""
CHOOSE = """
const select = document.getElementById(arguments[0]);
select.value = arguments[1];
select.dispatchEvent(new Event("change"));
"""
ELEMENTS = """
return [...document.querySelectorAll("*")].map(
  ({localName, parentNode, attributes}) =>
    [localName, parentNode.localName, [...attributes].map(({name}) => name)]);
"""
TEXT = "return document.getElementById(arguments[0]).textContent;"
