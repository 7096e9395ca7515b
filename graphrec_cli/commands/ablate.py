"""``graphrec ablate``: put each changed value of a run back alone, and show what it was worth."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.resume_sweep import as_planned, newest_same, warn_of_changed_data
from graphrec_cli.commands.run_arguments import one_of, sort_run_words
from graphrec_cli.config.ablation import (
    changes_between,
    chosen_changes,
    refuse_ratings,
)
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.comparable_runs import figures_of
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.fitted_words import fit_words
from graphrec_cli.config.launchers import chosen_launcher
from graphrec_cli.config.serialize import read_config
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError, GraphrecError
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.rundir.sweep_folder import write_sweep
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import counted

if TYPE_CHECKING:
    from graphrec_cli.workflows.ablate import Effect

log = logging.getLogger("graphrec")

HELP = """\
Put each changed value of a completed run back alone, in a run of its own, and
show what that costs, with a paired interval over the users.

Examples:
  graphrec ablate latest                       what was set on top of its options
  graphrec ablate RUN against=OTHER            against another run or config.json
  graphrec ablate RUN against=OTHER keys=model.num_layers,loss
  graphrec ablate RUN part=test metric=recall@20
  graphrec ablate RUN hydra/launcher=joblib

Keys:
  against=OTHER            a run directory, its config.json, or 'defaults': the
                           values of the options that RUN has chosen
  keys=KEY,KEY             only these changes; a group stands for its component
  part=valid|test          users that are compared (valid)
  metric=NAME              metric that is compared (trainer.monitor of RUN)
  retry_failed=true        resume failed runs
  device, num_threads, data_dir, cache_dir
                           as in train
  hydra/launcher, hydra.launcher.*
                           how the runs are started, as in a sweep
  logger, logger.*         trackers that follow the runs, as in train
  output_dir=DIR           where 'latest' looks, and where the runs go

The same command again resumes an interrupted ablation, and shows the table of
a complete one.
"""
OVERRIDABLE = ("device", "num_threads", "data_dir", "cache_dir", "hydra/launcher", "hydra.*")
OWN = ("against", "keys", "part", "metric", "retry_failed")


def ablate_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Train a run for each change, and print a table of their effects.

    Raises:
        GraphrecError: wrong usage, or a run directory that cannot be read.
    """
    trackers, words = take_tracker_words(words)
    trackers.refuse_unusable()
    given = sort_run_words("ablate", words, own=OWN, overridable=OVERRIDABLE)
    part = one_of("part", given.own.get("part", "valid"), ("valid", "test"))
    retry = one_of("retry_failed", given.own.get("retry_failed", "false"), ("true", "false"))
    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    refuse_new_addresses(saved, given.overrides, run.config)
    refuse_ratings(saved.config)
    metric = _metric(given.own.get("metric"), saved.config.monitor(), saved.config.metric_keys())
    against = given.own.get("against", "defaults")
    other = None
    if against != "defaults":
        other = read_config(Path(against) if Path(against).is_file() else _config_of(against))
    changes = changes_between(saved, other)
    if "keys" in given.own:
        changes = chosen_changes(changes, given.own["keys"].split(","))

    arguments = sort_arguments(["--multirun", *given.overrides, f"output_dir={given.output_dir}"])
    own = [word for word in arguments.overrides if not word.startswith("hydra")]
    launcher = chosen_launcher(arguments)

    with progress("loading torch", in_log=False):
        from graphrec_cli.workflows.ablate import changes_nothing, effects_of, plan_ablation
        from graphrec_cli.workflows.sweep import run_grid
        from graphrec_cli.workflows.sweep_figures import write_sweep_figures
        from graphrec_cli.workflows.sweep_run import SweepRun

    kept, fitted = [], []
    for change in changes:
        try:
            job = fit_words(replace(arguments, overrides=[*own, *change.words]), saved)
        except GraphrecError as error:
            log.warning("%s cannot be put back alone: %s", change, error)
            continue
        if figures_of(job.config) != figures_of(saved.config):
            log.info("%s changes which users or which metric decide; it is left out", change)
            continue
        if changes_nothing(saved, job):
            log.info("%s changes nothing of this run", change)
            continue
        kept.append(change)
        fitted.append(job)
    if not fitted:
        raise ConfigError(
            f"{run.path} has no changed value that could be put back; compare it with another run: "
            "against=OTHER"
        )
    check_data(fitted[0].config)
    record = plan_ablation(saved, fitted, run, against)
    folder, before = newest_same(record, given.output_dir)
    if folder is None or before is None:
        folder = make_unique_folder(given.output_dir, f"{timestamp()}_ablation_sweep")
        write_sweep(folder, record)
    else:
        record = as_planned(before, record, folder)
        warn_of_changed_data(record, folder, Path(fitted[0].config.data_dir))
        log.info("resuming %s", folder)
    log.info("%s to put back, each in a run of its own", counted(len(kept), "change"))
    sweep = SweepRun(
        arguments=arguments,
        saved=saved,
        folder=folder,
        jobs=record.jobs,
        configs=[job.config for job in fitted],
        planned=len(fitted),
        again="the same command",
        launcher=launcher,
        retry_failed=retry == "true",
        debug=debug,
        trackers=trackers,
    )
    done = run_grid(sweep)
    if done.exit_code >= 128:
        print(folder)
        return done.exit_code
    write_sweep_figures(folder, done.results, show_test=part == "test", plots=False)
    value, effects = effects_of(run, folder, kept, done.results, part, metric)
    failed = [result for result in done.results if result["metrics"] is None]
    if json_output:
        print(json.dumps(_as_json(value, effects, failed, part, metric, str(folder))))
    else:
        print(_describe(value, effects, failed, part, metric))
        print(folder)
    return done.exit_code


def _metric(asked: str | None, monitor: str, known: list[str]) -> str:
    if asked is None:
        return monitor
    if asked not in known:
        raise ConfigError(
            f"metric: the run does not compute '{asked}'{suggestion(asked, known)} "
            f"(metrics: {', '.join(known)})"
        )
    return asked


def _config_of(name: str) -> Path:
    path = Path(name) / "config.json"
    if not path.is_file():
        raise ConfigError(f"against={name} is no run directory, config.json or 'defaults'")
    return path


def _describe(
    value: float, effects: list[Effect], failed: list[dict[str, Any]], part: str, metric: str
) -> str:
    from graphrec_cli.reporting.tables import WIDTH, text_table, wrap

    rows = [["", f"{value:.4f}", "", "", "(nothing)"]]
    for effect in effects:
        mean, low, high = effect.difference
        row = [str(effect.run), f"{effect.value:.4f}", f"{mean:+.4f}"]
        rows.append([*row, f"{low:+.4f} to {high:+.4f}", str(effect.change)])
    header = ["run", f"{part} {metric}", "change", "95 % interval", "put back"]
    lines = [text_table(header, rows, width=WIDTH)]
    if effects:
        users = counted(effects[0].users, "user")
        lines.append(wrap(f"intervals are paired over {users}; they leave out the training's seed"))
    lines += [
        wrap(f"run {result['number'] + 1} {result['state']}: {result['error']}")
        for result in failed
    ]
    return "\n".join(lines)


def _as_json(
    value: float,
    effects: list[Effect],
    failed: list[dict[str, Any]],
    part: str,
    metric: str,
    folder: str,
) -> dict[str, Any]:
    return {
        "sweep": folder,
        "part": part,
        "metric": metric,
        "value": value,
        "effects": [
            {
                "run": effect.run,
                "key": effect.change.key,
                "now": effect.change.now,
                "back": effect.change.back,
                "value": effect.value,
                "change": effect.difference._asdict(),
                "users": effect.users,
            }
            for effect in effects
        ],
        "failed": [
            {"run": result["number"] + 1, "error": result["error"], "state": result["state"]}
            for result in failed
        ],
    }
