"""``graphrec compare``: compare runs user by user, with intervals and tests."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.out_words import out_file
from graphrec_cli.commands.run_arguments import one_of, sort_named_words, whole_number
from graphrec_cli.config.run import RunConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.system.progress import progress

if TYPE_CHECKING:
    from graphrec_cli.results.comparison.entries import ComparedRun
    from graphrec_cli.results.comparison.settings import ComparisonSettings

log = logging.getLogger("graphrec")

HELP = """\
Compare completed runs user by user: a ranked table, and for each pair the
difference with a paired bootstrap interval and a test with Holm's correction.

Examples:
  graphrec compare RUN OTHER                   two runs, or more
  graphrec compare SWEEP                       all completed runs of a sweep
  graphrec compare SWEEP metrics=recall@20,mrr margin=1%
  graphrec compare RUN JUDGED                  lists of another program
  graphrec compare SWEEP html=report.html out=table.tex plot=figure.png

Runs whose configurations differ in seeds alone are one entry, and each user's
metric is averaged over them. All entries must have the same splits: set
split.seed when you train. Of several splits, such as folds, each user of each
split counts, and the entries are paired split by split.

Keys:
  part=test|valid          test reads ranks.npz; valid ranks all of its users
                           again with the best checkpoints
  metric=NAME              metric that ranks the entries (trainer.monitor)
  metrics=NAME,NAME        further metrics
  margin=NUMBER|NUMBER%    also test that the lower ranked of two is worse by
                           less than this, or than this share of the best mean
  test=randomisation|wilcoxon
                           test of a pair (randomisation)
  confidence=NUMBER        of the intervals; tests are at 1 - confidence (0.95)
  resamples=NUMBER         resamples of users, and of swaps (5000)
  seed=NUMBER              seed of the resamples (42)
  segments=true|false      also by active users and popular items (true)
  groups=true|false        false: every run is an entry of its own (true)
  out=FILE                 .csv, .json, .tex or .md
  html=FILE, plot=FILE     a report as one HTML file; a picture as PNG
  output_dir=DIR           where 'latest' looks
"""
OWN = (
    *("part", "metric", "metrics", "margin", "test", "confidence", "resamples", "seed"),
    *("segments", "groups", "out", "html", "plot"),
)
CHOICES = {
    "part": ("test", "valid"),
    "test": ("randomisation", "wilcoxon"),
    "segments": ("true", "false"),
    "groups": ("true", "false"),
}
"""The values of keys that have a few."""


def compare_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the comparison, and write the files that are asked for.

    Raises:
        GraphrecError: wrong usage, runs that cannot be paired, or a directory that cannot be read.
    """
    takes = "run directories, folders of sweeps or of judged lists, or 'latest'"
    given = sort_named_words("compare", words, own=OWN, takes=takes, most=None)
    own = given.own
    chosen = {key: one_of(key, own.get(key, of[0]), of) for key, of in CHOICES.items()}
    files: dict[str, Path] = {
        key: out_file(own[key], key) for key in ("out", "html", "plot") if key in own
    }
    _check_endings(files)

    with progress("starting", in_log=False):
        from graphrec_cli.workflows.compare import compare_runs
        from graphrec_cli.workflows.compare_runs import find_compared

    runs = find_compared(given.names, given.output_dir, chosen["part"])
    settings = _settings(own, chosen, runs)
    comparison = compare_runs(runs, chosen["part"], settings, apart=chosen["groups"] == "false")
    if json_output:
        print(json.dumps(comparison, allow_nan=False))
    else:
        from graphrec_cli.reporting.compare_tables import describe_comparison

        print(describe_comparison(comparison))
    _write(comparison, files)
    return 0


def _settings(
    own: dict[str, str], chosen: dict[str, str], runs: Sequence[ComparedRun]
) -> ComparisonSettings:
    from graphrec_cli.results.comparison.settings import ComparisonSettings

    metric = own.get("metric") or _monitor(runs)
    further = own["metrics"].split(",") if own.get("metrics") else []
    evaluation = RunConfig().evaluation
    for key, name in [("metric", metric), *(("metrics", name) for name in further)]:
        evaluation.cutoff(key, name)
    margin, relative = own.get("margin"), own.get("margin", "").endswith("%")
    return ComparisonSettings(
        metrics=list(dict.fromkeys([metric, *further])),
        test=chosen["test"],
        confidence=_number("confidence", own.get("confidence", "0.95"), 0.5, 1),
        margin=None if margin is None else _margin(margin),
        relative=relative,
        resamples=whole_number("resamples", own.get("resamples", "5000"), 100, 1_000_000),
        seed=whole_number("seed", own.get("seed", "42"), 0),
        segments=chosen["segments"] == "true",
    )


def _monitor(runs: Sequence[ComparedRun]) -> str:
    """The metric that all runs were selected by.

    Raises:
        ConfigError: they were selected by different ones.
    """
    monitors = {run.monitor: run.directory.path for run in runs}
    if len(monitors) > 1:
        (name, path), (other, other_path) = list(monitors.items())[:2]
        raise ConfigError(
            f"{path} was selected by {name} and {other_path} by {other}; name the metric that "
            f"ranks them, as in metric={name}"
        )
    return next(iter(monitors))


def _margin(text: str) -> float:
    try:
        value = _number("margin", text.removesuffix("%"), 0, 1e6)
    except ConfigError as error:
        raise ConfigError(f"{error}; 1% is a share of the best entry's mean") from error
    return value / 100 if text.endswith("%") else value


def _number(key: str, text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = low
    if not low < value < high:
        raise ConfigError(f"{key} must be a number between {low:g} and {high:g}, got '{text}'")
    return value


def _check_endings(files: dict[str, Path]) -> None:
    from graphrec_cli.reporting.compare_files import FORMATS

    for key, endings in (("out", (*FORMATS,)), ("html", (".html", ".htm")), ("plot", (".png",))):
        if key in files and files[key].suffix.lower() not in endings:
            raise ConfigError(f"{key}={files[key]} must end in {' or '.join(endings)}; rename it")


def _write(comparison: dict[str, Any], files: dict[str, Path]) -> None:
    if "out" in files:
        from graphrec_cli.reporting.compare_files import write_comparison

        write_comparison(comparison, files["out"])
    if "html" in files:
        from graphrec_cli.reporting.compare_html import write_report

        write_report(comparison, files["html"])
    if "plot" in files:
        from graphrec_cli.reporting.compare_plots import draw_comparison

        with progress("drawing"):
            draw_comparison(comparison, files["plot"])
    for path in files.values():
        log.info("wrote %s", path)
