from __future__ import annotations

import base64
import copy
import hashlib
import math
import re
from pathlib import Path
from typing import Any

import pytest
from builders import file_size_limit
from hypothesis import example, given
from hypothesis import strategies as st
from markup import Markup
from sample_comparisons import HOSTILE, sample_comparison, with_texts

from graphrec_cli.errors import OutputError
from graphrec_cli.reporting.compare_html import MAX_BYTES, render_report, write_report
from graphrec_cli.reporting.compare_html_content import number, report_content
from graphrec_cli.reporting.compare_html_detail import DETAILS

PLAIN = sample_comparison(2, epochs=3, seeds=1, metrics=("ndcg@10",))
SCRIPTS = Path(__file__).parents[2] / "graphrec_cli/reporting/report"


def shape(page: bytes) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Every element, where it is, and the names of its attributes."""
    return [(e.name, e.inside, tuple(e.attributes)) for e in Markup(page).elements]


PLAIN_SHAPE = shape(render_report(PLAIN))


def test_a_reader_without_javascript_finds_the_figures() -> None:
    comparison = sample_comparison(3)
    rows = [row.text for row in Markup(render_report(comparison)).named("tr")]
    for entry in comparison["entries"]:
        figure = entry["figures"]["ndcg@10"]
        shown = [f"{figure['mean']:.4f} {figure['low']:.4f} to {figure['high']:.4f}", "1, 2, 3"]
        (row,) = [row for row in rows if row.startswith(f"{entry['name']} {entry['label']}")]
        assert all(part in row for part in [*shown, *entry["values"].values()])
    for pair in comparison["pairs"]:
        if pair["metric"] != "ndcg@10" or pair["a"] != "A":
            continue
        (row,) = [row for row in rows if row.startswith(f"A \u2212 {pair['b']} ")]
        assert f"{pair['difference']:+.4f} {pair['low']:+.4f} to {pair['high']:+.4f}" in row
        assert f"{pair['wins']:,} {pair['losses']:,} {pair['ties']:,}" in row
    assert any(row.startswith("popularity (baseline) 0.0210") for row in rows)


def test_wins_against_the_best_are_its_losses() -> None:
    comparison = copy.deepcopy(PLAIN)
    comparison["pairs"][0] |= {"wins": 70, "losses": 30}
    (row,) = [row for row in rows_of(comparison) if row.startswith("B ")]
    assert " 30 70 " in row
    # Ranked by another metric, the best may be the second of a pair.
    comparison["pairs"][0] |= {"a": "B", "b": "A"}
    (row,) = [row for row in rows_of(comparison) if row.startswith("B lightgcn")]
    assert " 70 30 " in row


def rows_of(comparison: dict[str, Any]) -> list[str]:
    return [row.text for row in Markup(render_report(comparison)).named("tr")]


@given(
    st.lists(st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE), min_size=1)
)
def test_no_text_becomes_markup(texts: list[str]) -> None:
    comparison = with_texts(PLAIN, texts)
    page = render_report(comparison)
    assert shape(page) == PLAIN_SHAPE
    assert Markup(page).embedded() == report_content(comparison, DETAILS[0])


def test_what_is_hostile_is_shown_clipped() -> None:
    markup = Markup(render_report(with_texts(PLAIN, HOSTILE)))
    labels = [entry["label"] for entry in markup.embedded()["entries"]]
    (body,) = markup.named("body")
    assert all(label in body.source for label in labels)
    every = [text for text in HOSTILE for _ in "x"]
    content = Markup(render_report(with_texts(PLAIN, every))).embedded()
    shown = [content["part"], *content["metrics"], *content["keys"], *content["splits"]]
    for entry in content["entries"]:
        shown += [entry["name"], entry["label"], entry["seeds"], *entry["runs"], *entry["values"]]
    assert all(len(text) <= 120 and text.isprintable() for text in shown)


def test_the_policy_allows_the_pages_own_style_and_script_alone() -> None:
    markup = Markup(render_report(PLAIN))
    (policy,) = [
        meta.attributes["content"]
        for meta in markup.named("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = markup.named("style")
    (script,) = [e for e in markup.named("script") if not e.attributes]
    hashes = [
        base64.b64encode(hashlib.sha256(element.source.encode()).digest()).decode()
        for element in (style, script)
    ]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    names = {name for element in markup.elements for name in element.attributes}
    assert not names & {"style", "src", "action", "srcset"}
    assert not [name for name in names if name.startswith("on")]
    links = [e.attributes["href"] for e in markup.elements if "href" in e.attributes]
    assert links == ["data:,"]


def test_the_script_has_no_way_to_make_markup_of_text() -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacent|\.write\(|DOMParser|eval|Function\(|\.style|srcdoc"
    fetches = r"fetch|XMLHttp|WebSocket|import\b|\.src\b|\.href\b|localStorage|cookie"
    for script in SCRIPTS.glob("*.js"):
        source = script.read_text("utf-8")
        assert not re.search(f"{sinks}|{fetches}", source), script.name
        assert len(source.splitlines()) < 250
    sources = [path.read_text("utf-8").lower() for path in SCRIPTS.iterdir()]
    assert len(sources) == 6
    inlined = [s for s in sources if "<!doctype" not in s]
    assert not any(end in source for source in inlined for end in ("</script", "</style", "<!--"))


def test_numbers_that_are_none_or_not_finite_are_dashes() -> None:
    comparison = copy.deepcopy(PLAIN)
    nan, infinite = float("nan"), float("inf")
    entry = comparison["entries"][1]
    entry["figures"]["ndcg@10"] = {"mean": nan, "low": -infinite, "high": None, "sd_of_seeds": None}
    entry["rank_histogram"] = None
    entry["curves"][0] |= {"loss": [nan, None, infinite], "selected_epoch": None}
    entry["segments"] = {}
    comparison["pairs"][0] |= {"difference": nan, "p": None, "equivalence": None, "segments": {}}
    comparison |= {"baselines": {}, "margin": None, "users": 10**400}
    page = render_report(comparison)
    (row,) = [row.text for row in Markup(page).named("tr") if row.text.startswith("B ")]
    assert "- - - 1" in row
    content = Markup(page).embedded()
    assert content["entries"][1]["figures"] == [[None] * 4]
    assert content["entries"][1]["curves"][0]["loss"] == [None] * 3
    assert content["pairs"][0][0][2] is None
    assert content["users"] is None


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(0.122349999)
def test_a_number_is_rounded_once(value: float) -> None:
    kept = number(value)
    assert kept is not None
    assert f"{kept:z.4f}" == f"{value:z.4f}"
    assert math.isclose(kept, value, rel_tol=5e-5)


def test_a_figure_that_an_entry_lacks_is_a_dash() -> None:
    comparison = copy.deepcopy(PLAIN)
    comparison["entries"][1]["figures"] = {}
    assert Markup(render_report(comparison)).embedded()["entries"][1]["figures"] == [None]


def test_the_sizes_of_small_and_large_reports() -> None:
    small = render_report(sample_comparison(3))
    assert len(small) < 100_000
    assert not Markup(small).embedded()["notes"]
    large = render_report(sample_comparison(20, epochs=400, metrics=("ndcg@10", "mrr")))
    assert MAX_BYTES / 4 < len(large) <= MAX_BYTES
    notes = Markup(large).embedded()["notes"]
    assert any(note.startswith("Of up to 400 epochs, a curve keeps about") for note in notes)
    assert all(note in Markup(large).named("header")[0].text for note in notes)


@pytest.mark.slow
def test_the_largest_report() -> None:
    metrics = tuple(f"{name}@{k}" for name in ("hit", "ndcg", "recall") for k in (10, 20, 50))
    comparison = sample_comparison(60, epochs=400, metrics=metrics)
    page = render_report(comparison)
    assert len(page) <= MAX_BYTES
    assert len(Markup(page).embedded()["entries"]) == 60
    texts = ["<" * 10_000, "'" * 10_000, "\U0001f600" * 10_000]
    keys = [f"{number}.{text}" for number in range(20) for text in texts]
    for entry in comparison["entries"]:
        entry |= {"values": dict.fromkeys(keys, texts[0]), "label": texts[1]}
        entry["runs"] *= 100
        entry["curves"] *= 100
    page = render_report(comparison | {"config_keys": keys})
    assert len(page) <= MAX_BYTES
    assert len(Markup(page).embedded()["entries"]) >= 40


def test_a_file_that_cannot_be_written_is_one_line_and_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*absent.report\.html"):
        write_report(PLAIN, tmp_path / "absent" / "report.html")
    report = tmp_path / "report.html"
    write_report(PLAIN, report)
    assert report.read_bytes() == render_report(PLAIN)
    with file_size_limit(1_000), pytest.raises(OutputError, match="cannot write"):
        write_report(sample_comparison(3), report)
    assert report.read_bytes() == render_report(PLAIN)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
