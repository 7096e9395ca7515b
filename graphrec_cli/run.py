"""The whole path of a run, from the configuration to its run directory, one call a line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from graphrec_cli import components
from graphrec_cli.audit.audit import audit
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.prepared import Prepared, titles_by_index
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.source import FoundFiles, SourceData
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.tables.quarantine import BadLine, TooManyBadLines
from graphrec_cli.reporting.plots import draw_curves
from graphrec_cli.results.expected_bands import against_bands
from graphrec_cli.results.final_test import Judgement, judge
from graphrec_cli.rundir.config_fingerprint import RECIPE_LEAVES_OPEN, config_sha256
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.data_npz import save_arrays, save_run_data
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.rundir.environment import command_line, describe_environment
from graphrec_cli.rundir.environment_history import recorded_identity, with_earlier
from graphrec_cli.storage.atomic import write_csv, write_json
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.seeds import numpy_generator
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.checkpoints.schedule import Checkpointing, run_stamp
from graphrec_cli.training.fit import SELECTS_ON, build_model, fit_model

log = logging.getLogger("graphrec")


def train(
    config: RunConfig,
    run: RunDirectory,
    *,
    signals: StopSignals,
    resumed: bool = False,
    expected: DataIdentity | None = None,
) -> dict[str, Any]:
    """Carry the data through every room and leave everything in ``run``.

    Args:
        config: validated values, those in the run's config.json.
        run: a run directory, new, or with the checkpoints of an unfinished run.
        signals: what may ask for an end meanwhile.
        resumed: go on from the newest checkpoint, if there is one.
        expected: the data and the split that the run must have; None accepts any.

    Returns:
        The content of metrics.json.

    Raises:
        GraphrecError: of the kind that fits, each with its exit code.
        Interrupted: a signal came; the state so far is in the newest checkpoint.
    """
    device = pick_device(config.device)
    environment = describe_environment(command_line(), device, torch.get_num_threads())
    if resumed:
        environment = with_earlier(environment, run)
        expected = recorded_identity(environment, run)
    write_json(run.environment, environment)

    prepared = prepare(config, run)
    split = prepared.split
    components.EVALUATIONS[config.evaluation.name].check(config, split.train)
    identity = DataIdentity(prepared.files, split.hash())
    if expected is not None:
        expected.refuse_other(identity)
    write_json(run.environment, environment | identity.to_dict())
    save_run_data(run.data, split, prepared.title)

    model = build_model(config, split.train, device)
    audit(config, split, model, run, selects_on=SELECTS_ON)
    checkpointing = Checkpointing(run, config.trainer, run_stamp(run, identity))
    fitted = fit_model(
        config,
        model,
        split,
        device,
        checkpointing=checkpointing,
        signals=signals,
        resumed=resumed,
        selects_on=SELECTS_ON,
    )
    judgement = judge(config, fitted, split, prepared.preferences, device)
    judgement.metrics["expected"] = against_bands(
        config.expected,
        judgement.metrics["test"],
        epochs=len(fitted.history),
        split_hash=identity.split_hash,
        values_sha256=config_sha256(run.read(run.config), but=RECIPE_LEAVES_OPEN),
    )
    write_results(config, fitted.history, judgement, run)
    return judgement.metrics


def prepare(config: RunConfig, run: RunDirectory) -> Prepared:
    """The data as they are trained on, from the cache if they are in it, or else from the files.

    Either way ``run`` and the log get the same account, and the cache has the data afterwards.
    """
    files = find_files(config)
    cache = PreparedCache(config, files)
    prepared = cache.get()
    if prepared is None:
        cache.refuse_unwritable()
        source = read_source(config, files, run)
        prepared = make_split(config, source, run)
        cache.keep(prepared)
    else:
        log_rows(config, prepared.num_rows)
        write_quarantine(prepared.quarantine, run)
        log_unused_split(config, prepared.own_split_unused)
        write_funnel(prepared.funnel, run)
    log_sizes(prepared.split)
    return prepared


def find_files(config: RunConfig) -> FoundFiles:
    """Find or fetch the files of the data set, and hash them."""
    source = components.SOURCES[config.dataset.name]
    return source.found(config.dataset, data_dir=Path(config.data_dir))


def load_source(config: RunConfig, files: FoundFiles) -> SourceData:
    """Read or make the raw rows."""
    source = components.SOURCES[config.dataset.name].loaded(config.dataset, files, seed=config.seed)
    log_rows(config, len(source.table))
    return source


def read_source(config: RunConfig, files: FoundFiles, run: RunDirectory) -> SourceData:
    """``load_source``; the lines that could not be read go to ``run``, even where they end it."""
    try:
        source = load_source(config, files)
    except TooManyBadLines as error:
        write_quarantine(error.bad, run)
        raise
    write_quarantine(source.quarantine, run)
    return source


def make_split(config: RunConfig, source: SourceData, run: RunDirectory) -> Prepared:
    """``split_source``; the account of every row goes to ``run``, even where nothing is left."""
    try:
        return split_source(config, source)
    finally:
        write_funnel(source.funnel, run)


def split_source(config: RunConfig, source: SourceData) -> Prepared:
    """From raw rows to disjoint parts; the source's funnel accounts for every row on the way."""
    interactions = preprocess(
        source.table,
        rating_threshold=config.dataset.positive_threshold(),
        prefilter=config.dataset.prefilter,
        k_core=config.dataset.k_core,
        funnel=source.funnel,
    )
    own_split_unused = interactions.part is not None and config.split.name != "predefined"
    log_unused_split(config, own_split_unused)
    rng = numpy_generator(config.seed, "split")
    split = components.SPLITS[config.split.name](
        interactions, config.split, rng=rng, funnel=source.funnel
    )
    return Prepared(
        split=split,
        title=titles_by_index(source, split),
        funnel=source.funnel,
        quarantine=source.quarantine,
        num_rows=len(source.table),
        own_split_unused=own_split_unused,
        files=source.files,
        preferences=source.preferences,
    )


def log_rows(config: RunConfig, num_rows: int) -> None:
    """How many rows the source gave."""
    log.info("dataset %s: %s rows", config.dataset.name, f"{num_rows:,}")


def log_unused_split(config: RunConfig, unused: bool) -> None:
    """That the data set came with a split, where another one takes its place."""
    if unused:
        log.info("the data set's own split is not used: split=%s draws one", config.split.name)


def log_sizes(split: Split) -> None:
    """What is trained and judged on."""
    log.info(
        "%s users, %s items; %s train, %s valid, %s test pairs",
        f"{len(split.users):,}",
        f"{len(split.items):,}",
        f"{split.train.num_pairs:,}",
        f"{split.valid.num_pairs if split.valid is not None else 0:,}",
        f"{split.test.num_pairs:,}",
    )


def write_quarantine(bad: Sequence[BadLine], run: RunDirectory) -> None:
    """The lines that could not be read, as they stand in their files, if there are any."""
    if not bad:
        return
    rows = [(line.file, line.line, line.reason, line.text) for line in bad]
    write_csv(run.quarantine, ("file", "line", "reason", "text"), rows)
    log.info("%s bad lines are kept in %s", f"{len(rows):,}", run.quarantine)


def write_funnel(funnel: Funnel, run: RunDirectory) -> None:
    """The account of every row to ``run``, and what it says of drops to the log."""
    log_drops(funnel)
    write_json(run.funnel, funnel.to_dict())


def log_drops(funnel: Funnel) -> None:
    """A line for every cause that dropped rows; funnel.json has them all."""
    dropping = [step for step in funnel.steps if step.rows_dropped]
    for step in dropping:
        log.info("dropped %s rows (%s): %s", f"{step.rows_dropped:,}", step.stage, step.cause)
    if any(step.stage.endswith("k_core") for step in dropping):
        log.info("the k-core came before the split: it has chosen the test's users and items too")


def write_results(
    config: RunConfig, history: list[dict[str, Any]], judgement: Judgement, run: RunDirectory
) -> None:
    """Metrics, ranks and, if asked for, the curves."""
    save_arrays(run.ranks, judgement.test.arrays)
    write_json(run.metrics, judgement.metrics)
    if config.plots and history:
        make_folder(run.plots)
        monitor = config.monitor()
        draw_curves(
            history, run.plots / "curves.png", monitor, config.evaluation.lower_is_better(monitor)
        )
