"""Write what a sweep has found: its table, its picture, and the selected configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphrec_cli.config.experiment_file import experiment_text
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.serialize import config_from_dict
from graphrec_cli.reporting.sweep_files import write_runs
from graphrec_cli.reporting.sweep_plots import draw_sweep
from graphrec_cli.results.sweep_summary import rank_runs
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.storage.atomic import atomic_write
from graphrec_cli.system.progress import progress


def write_sweep_figures(
    folder: Path, results: Sequence[dict[str, Any]], *, show_test: bool, plots: bool
) -> list[str]:
    """Write sweep.csv, the selected configuration, and sweep.png with ``plots``.

    Returns:
        Lines with the words that train the selected configuration again.

    Raises:
        OutputError: a file cannot be written.
    """
    write_runs(folder / "sweep.csv", results, show_test=show_test)
    rankings = rank_runs(results)
    if plots:
        with progress("drawing the sweep"):
            draw_sweep(rankings, folder / "sweep.png")
    # Of several data sets or splits none is the best.
    if len(rankings) != 1 or rankings[0].selected is None:
        return []
    number = rankings[0].selected.runs[0]
    (result,) = [result for result in results if result["number"] + 1 == number]
    run = RunDirectory(folder / Path(result["run"]).name)  # the sweep may have been moved
    saved = config_from_dict(run.read(run.config), str(run.config))
    option = folder / "conf" / "experiment" / "best.yaml"
    make_folder(option.parents[1])
    make_folder(option.parent)
    comment = f"Run {number} of the sweep {folder.name}, selected by valid {rankings[0].metric}."
    with atomic_write(option) as file:
        file.write(experiment_text(saved.config, saved.choices, comment).encode())
    plugins = "".join(f"--plugin {name} " for name in LOADED.names)
    words = f"graphrec train {plugins}--config-dir {folder / 'conf'} experiment=best"
    return ["to train the selected configuration again:", f"  {words}"]
