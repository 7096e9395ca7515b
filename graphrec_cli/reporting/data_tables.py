"""The report of ``graphrec data inspect`` as text, with a table for every stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphrec_cli.reporting.tables import clip, text_table
from graphrec_cli.terminal_text import counted

DIGEST_LENGTH = 12
MAX_CELL = 40
DEGREE_HEADINGS = {
    "min": "min",
    "p5": "5%",
    "p25": "25%",
    "p50": "median",
    "p75": "75%",
    "p95": "95%",
    "max": "max",
}
ROW_COLUMNS = ("row", "user_id", "item_id", "signal", "rating", "weight", "time", "part", "title")
SHOWN_WITH_THE_SPLIT = ("pairs_train", "pairs_valid", "pairs_test")


def data_report(report: Mapping[str, Any]) -> str:
    """Format the report of ``inspect_data``, without a newline at the end."""
    paragraphs = (
        *_source(report),
        *_table(report["table"]),
        *_funnel(report["funnel"]),
        *_pairs(report["pairs"]),
        *_split(report["split"], report["funnel"]["notes"]),
    )
    return "\n\n".join(paragraphs)


def _source(report: Mapping[str, Any]) -> Iterator[str]:
    table = report["table"]
    yield (
        f"{report['dataset']}: {counted(table['rows'], 'row')} of "
        f"{counted(table['users'], 'user')} and {counted(table['items'], 'item')}"
    )
    if report["files"]:
        rows = [
            [Path(file["path"]).name, f"{file['size']:,}", file["sha256"][:DIGEST_LENGTH]]
            for file in report["files"]
        ]
        folders = {str(Path(file["path"]).parent) for file in report["files"]}
        yield f"files of {', '.join(sorted(folders))}\n" + text_table(
            ["file", "bytes", "sha256"], rows
        )
    else:
        yield f"generated in memory with seed {report['seed']}; no files were read"


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    yield "first rows\n" + _rows_table(table["first_rows"])
    for column in ("signal", "part"):
        counts = table[f"rows_by_{column}"]
        if counts is not None and len(counts) > 1:
            rows = [[name, f"{rows:,}"] for name, rows in counts.items()]
            yield text_table([column, "rows"], rows)
    if table["ratings"] is None:
        yield "no row has a rating"
    else:
        yield from _ratings(table["ratings"], table["rows"])
    timestamps = table["timestamps"]
    if timestamps is None:
        yield "no row has a timestamp"
    else:
        yield (
            f"timestamps from {timestamps['first_time']} to {timestamps['last_time']} UTC\n"
            f"finest precision of a timestamp: {timestamps['precision']}"
        )
    duplicates = table["duplicates"]
    if not duplicates["pairs"]:
        yield "no pair of a user and an item occurs more than once"
        return
    examples = [row for rows in duplicates["examples"] for row in rows]
    yield (
        f"pairs that occur more than once: {duplicates['pairs']:,}, in {duplicates['rows']:,} "
        f"rows; the first of them\n{_rows_table(examples)}"
    )


def _rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = [name for name in ROW_COLUMNS if any(row[name] is not None for row in rows)]
    return text_table(columns, [[_cell(row[name]) for name in columns] for row in rows])


def _ratings(ratings: Mapping[str, Any], all_rows: int) -> Iterator[str]:
    bars = ratings["histogram"]
    ranges = any(bar["low"] != bar["high"] for bar in bars)
    rows = [
        [
            f"{bar['low']:g} to {bar['high']:g}" if ranges else f"{bar['low']:g}",
            f"{bar['rows']:,}",
            f"{bar['rows'] / all_rows:.1%}",
        ]
        for bar in bars
    ]
    if ratings["rows_without"]:
        missing = ratings["rows_without"]
        rows.append(["none", f"{missing:,}", f"{missing / all_rows:.1%}"])
    yield text_table(["rating", "rows", "share"], rows) + f"\nmean {ratings['mean']:.4f}"


def _funnel(funnel: Mapping[str, Any]) -> Iterator[str]:
    rows = [["read", "", "", f"{funnel['rows_read']:,}"]]
    rows += [
        [step["stage"], step["cause"], f"{step['rows_dropped']:,}", f"{step['rows_left']:,}"]
        for step in funnel["steps"]
    ]
    yield "funnel\n" + text_table(["stage", "cause", "rows dropped", "rows left"], rows)
    notes = [
        [name, f"{count:,}"]
        for name, count in funnel["notes"].items()
        if name not in SHOWN_WITH_THE_SPLIT and not name.endswith("_without_train")
    ]
    if notes:
        yield text_table(["also counted", "count"], notes)


def _pairs(pairs: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"positive pairs: {pairs['pairs']:,} of {counted(pairs['users'], 'user')} and "
        f"{counted(pairs['items'], 'item')}, density {pairs['density']:.4%}"
    )
    rows = [
        [
            f"pairs of a{'n' if name == 'item' else ''} {name}",
            *(f"{pairs[f'{name}_degree'][key]:,}" for key in DEGREE_HEADINGS),
            f"{pairs[f'{name}_degree']['mean']:,.1f}",
        ]
        for name in ("user", "item")
    ]
    yield text_table(["degree", *DEGREE_HEADINGS.values(), "mean"], rows)
    popular = [
        [f"{top['percent']}%", f"{top['items']:,}", f"{top['share']:.1%}"]
        for top in pairs["popular"]
    ]
    yield text_table(["most popular", "items", "share of the pairs"], popular)


def _split(split: Mapping[str, Any], notes: Mapping[str, int]) -> Iterator[str]:
    yield f"split {split['name']}; {_before_the_split(split, notes)}"
    columns = ("pairs", "users", "items", "cold_users", "cold_items", "cold_pairs")
    rows = [
        [part, *("-" if split[part] is None else f"{split[part][name]:,}" for name in columns)]
        for part in ("train", "valid", "test")
    ]
    yield (
        text_table(["part", *(name.replace("_", " ") for name in columns)], rows)
        + "\ncold: without a train pair; a cold pair has a cold user or a cold item"
    )
    catalog = counted(split["catalog_items"], "item")
    yield f"catalog: {catalog} with a train pair\nsplit hash {split['hash']}"


def _before_the_split(split: Mapping[str, Any], notes: Mapping[str, int]) -> str:
    if not split["k_cores"]:
        return "no k-core before it"
    return "the k-core before it, over held-out pairs too, dropped" + "".join(
        f"\n{_dropped(k_core, notes)} ({k_core['stage']}, {k_core['mode']})"
        for k_core in split["k_cores"]
    )


def _dropped(k_core: Mapping[str, Any], notes: Mapping[str, int]) -> str:
    """The users and items that one k-core dropped; those with a minimum of 1 are left out."""
    return " and ".join(
        f"{notes[k_core['stage'] + f'_{name}s_dropped']:,} {name}s with fewer than "
        f"{k_core[f'min_{name}_interactions']} pairs"
        for name in ("user", "item")
        if k_core[f"min_{name}_interactions"] > 1
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return clip(f"{value:g}" if isinstance(value, float) else str(value), MAX_CELL)
