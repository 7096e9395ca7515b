"""Picture of an explained score: a bar for every term."""

from __future__ import annotations

from pathlib import Path

from graphrec_cli.reporting.explanation import TERM_NAMES, Explanation
from graphrec_cli.reporting.plots import new_figure, plain_style, save_figure
from graphrec_cli.reporting.tables import clip
from graphrec_cli.terminal_text import counted

_MOST_BARS = 40
_MOST_LABEL = 44
_RAISES, _LOWERS, _OTHER = "#1f77b4", "#d95f02", "0.6"


def draw_explanation(explanation: Explanation, path: Path) -> None:
    """Draw what each train item adds, the rest, and the other terms, as a PNG at ``path``.

    Raises:
        OutputError: the file cannot be written.
    """
    e = explanation
    shown = e.contributions[:_MOST_BARS]
    bars = [
        (clip(each.title or f"item {each.item_id}", _MOST_LABEL), each.value, _color(each.value))
        for each in shown
    ]
    others = e.other_items + len(e.contributions) - len(shown)
    if others:
        hidden = sum(each.value for each in e.contributions[_MOST_BARS:])
        bars.append((counted(others, "more train item"), e.of_other_items + hidden, _OTHER))
    bars += [(TERM_NAMES[name], value, _OTHER) for name, value in e.fixed.items()]
    labels, values, colors = zip(*bars, strict=True)

    with plain_style():
        figure = new_figure(8, 1.3 + 0.3 * len(bars))
        axis = figure.subplots()
        drawn = axis.barh(range(len(bars)), values, color=colors)
        axis.bar_label(drawn, fmt=_three_digits, padding=3, fontsize=8)
        # Titles may have dollar signs, which are no formulas.
        axis.set_yticks(range(len(bars)), labels, parse_math=False)
        axis.invert_yaxis()
        axis.margins(x=0.2)
        axis.axvline(0, color="0.2", linewidth=0.8)
        axis.grid(axis="x", alpha=0.3)
        axis.set_axisbelow(True)
        axis.set_xlabel(f"what a term adds to the score of {e.score:.4g}")
        item = clip(e.title or f"item {e.item_id}", _MOST_LABEL)
        axis.set_title(
            f"{item} for user {clip(e.user_id, 20)}: rank {e.rank:,} of {e.candidates:,}",
            parse_math=False,
        )
        save_figure(figure, path)


def _three_digits(value: float) -> str:
    return f"{value:+#.3g}".rstrip(".")


def _color(value: float) -> str:
    return _RAISES if value >= 0 else _LOWERS
