"""A comparison as a file: JSON, CSV, and tables for LaTeX and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrec_cli.reporting.compare_words import describe_pair, spell_p
from graphrec_cli.reporting.tables import clip
from graphrec_cli.storage.atomic import atomic_write, write_csv, write_json
from graphrec_cli.terminal_text import mask_unprintable

_MOST_LABEL = 200
_OF_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_OF_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_OF_MARKDOWN = re.compile(r"[\\`*_\[\]#!|~$]")


def write_comparison(comparison: Mapping[str, Any], path: Path) -> None:
    """Write a comparison in the format of the file's ending, one of ``FORMATS``.

    Args:
        comparison: the structure of docs/compare.md.
        path: the file to create or replace.

    Raises:
        OutputError: the file cannot be written.
    """
    FORMATS[path.suffix.lower()](comparison, path)


def _write_json(comparison: Mapping[str, Any], path: Path) -> None:
    write_json(path, comparison)


def _write_csv(comparison: Mapping[str, Any], path: Path) -> None:
    """A row for each pair and metric, with both means."""
    entries = {entry["name"]: entry for entry in comparison["entries"]}
    shown = ("difference", "low", "high", "test", "p", "p_holm", "wins", "losses", "ties")
    needed = ("needed_users", "needed_seeds")
    tested = ("margin", "p", "no_worse")
    header = ["a", "b", "a_label", "b_label", "metric", "a_mean", "b_mean", "a_sd", "b_sd"]
    header += [*shown, *needed, *(f"equivalence_{name}" for name in tested)]
    rows = []
    for pair in comparison["pairs"]:
        both = [entries[pair["a"]], entries[pair["b"]]]
        figures = [entry["figures"][pair["metric"]] for entry in both]
        row = [pair["a"], pair["b"], *(entry["label"] for entry in both), pair["metric"]]
        row += [figure[name] for name in ("mean", "sd_of_seeds") for figure in figures]
        row += [pair[name] for name in (*shown, *needed)]
        test = pair["equivalence"] or {}
        rows.append([*row, *(test.get(name) for name in tested)])
    write_csv(path, header, rows)


def _write_latex(comparison: Mapping[str, Any], path: Path) -> None:
    lines = ["% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}."]
    for title, header, rows in _tables(comparison):
        lines += [f"% {_latex(title)}", f"\\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}"]
        lines += [r"\toprule", _latex_row(header), r"\midrule", *map(_latex_row, rows)]
        lines += [r"\bottomrule", r"\end{tabular}", ""]
    _write_text(path, lines)


def _write_markdown(comparison: Mapping[str, Any], path: Path) -> None:
    lines: list[str] = []
    for title, header, rows in _tables(comparison):
        lines += [_markdown(title), "", _markdown_row(header)]
        lines += [f"|---|{'---:|' * (len(header) - 1)}", *map(_markdown_row, rows), ""]
    best = comparison["entries"][0]["name"]
    lines += [
        f"- {_markdown(describe_pair(pair, comparison))}"
        for pair in comparison["pairs"]
        if pair["a"] == best
    ]
    _write_text(path, lines)


FORMATS: dict[str, Callable[[Mapping[str, Any], Path], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".md": _write_markdown,
    ".tex": _write_latex,
}
"""What writes a file with this ending."""


def _tables(comparison: Mapping[str, Any]) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, header and rows of the table of entries, and of that of the pairs."""
    metrics = comparison["metrics"]
    rows = []
    for entry in comparison["entries"]:
        row = [f"{entry['name']}: {clip(entry['label'], _MOST_LABEL)}", str(len(entry["runs"]))]
        for metric in metrics:
            figure = entry["figures"][metric]
            sd = figure["sd_of_seeds"]
            row += [f"{figure['mean']:.4f}", _interval(figure, "{:.4f}")]
            row += ["-" if sd is None else f"{sd:.4f}"]
        rows.append(row)
    percent = f"{100 * comparison['confidence']:g} % interval"
    columns = [name for metric in metrics for name in (metric, percent, "sd of seeds")]
    users = f"{comparison['users']:,} users"
    yield f"{comparison['part']} metrics over {users}", ["entry", "runs", *columns], rows

    pairs = [
        [
            f"{pair['a']} - {pair['b']}",
            pair["metric"],
            f"{pair['difference']:+.4f}",
            _interval(pair, "{:+.4f}"),
            spell_p(pair["p_holm"]),
            f"{pair['wins']:,} / {pair['losses']:,} / {pair['ties']:,}",
        ]
        for pair in comparison["pairs"]
    ]
    test = comparison["pairs"][0]["test"]
    header = ["pair", "metric", "difference", percent, "p (Holm)", "wins / losses / ties"]
    yield f"pairs over {users}, paired {test} test", header, pairs


def _interval(figure: Mapping[str, Any], number: str) -> str:
    return f"{number.format(figure['low'])} to {number.format(figure['high'])}"


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(map(_latex, cells))} \\\\"


def _latex(text: str) -> str:
    shown = mask_unprintable(text)
    return "".join(_OF_LATEX.get(character, character) for character in shown)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_markdown, cells))} |"


def _markdown(text: str) -> str:
    plain = "".join(_OF_HTML.get(character, character) for character in mask_unprintable(text))
    return _OF_MARKDOWN.sub(lambda found: f"\\{found[0]}", plain)


def _write_text(path: Path, lines: Sequence[str]) -> None:
    with atomic_write(path) as file:
        file.write(("\n".join(lines).rstrip("\n") + "\n").encode(errors="backslashreplace"))
