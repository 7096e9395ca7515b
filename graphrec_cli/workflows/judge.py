"""Judge the recommendation lists of any tool on the split of a run."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphrec_cli.components import build_evaluation
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.list_file import ListFile
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.data.lists.index_lists import IndexedIds, index_ids, with_unknown
from graphrec_cli.data.lists.read_lists import read_lists
from graphrec_cli.data.source import FoundFiles, describe_files
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.evaluation.listed_ranks import ItemLists, rank_listed
from graphrec_cli.evaluation.protocol import PartResult
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.results.lists_audit import audit_lists
from graphrec_cli.rundir.data_npz import load_run_data
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.environment import command_line, describe_environment
from graphrec_cli.rundir.judged import JudgedLists, make_judged_folder, write_judged
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.progress import progress
from graphrec_cli.system.threads import set_threads
from graphrec_cli.terminal_text import shorten
from graphrec_cli.workflows.evaluate import evaluate_run

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is judged, and how.

    Attributes:
        path: the file of lists.
        form: its columns and its form.
        name: what the lists are called.
        part: ``test`` or ``valid``.
        overrides: the words that change the run's evaluation.
        output_dir: where the folder of the result is made.
    """

    path: Path
    form: ListFile
    name: str
    part: str
    overrides: list[str]
    output_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of it.

    Attributes:
        judged: the audit, and the folder.
        result: metrics and counts of the lists.
        columns: metrics to compare with, by name: those of the run, if it has a model, and those of
            popularity.
    """

    judged: JudgedLists
    result: PartResult
    columns: dict[str, dict[str, float]]


def judge_file(
    run: RunDirectory, saved: SavedConfig, config: RunConfig, request: Request
) -> Judgement:
    """Rank the held-out pairs of a part in lists, and write the result into a new folder.

    Args:
        run: its split is used.
        saved: the run's config.json.
        config: the same config, with overrides.

    Raises:
        ConfigError: the run predicts ratings, or has no such part.
        DataError: the file is faulty, or has none of the split's users or items.
        NonFiniteError: a score is NaN or above all numbers.
        OutputError: the run directory cannot be read, or a file cannot be written.
    """
    if not isinstance(config.evaluation, RankingConfig):
        raise ConfigError(
            f"{run.path} is judged by evaluation={config.evaluation.name}, which ranks nothing; "
            "name a run with evaluation=ranking"
        )
    if config.num_threads is not None:
        set_threads(config.num_threads)
    device = pick_device(config.device)
    evaluation = build_evaluation(config, device)
    assert isinstance(evaluation, RankingEvaluation)
    split, _ = load_run_data(run.data)
    evaluation.check(split.train)
    pairs = evaluation.pairs(split, request.part)

    files = FoundFiles.of({"lists": request.path})
    with progress(f"reading {request.path.name}"):
        raw = read_lists(request.path, request.form)
    files.refuse_changed()
    raw.refuse_non_finite(request.path)
    users, items = index_ids(raw.users, split.users), index_ids(raw.items, split.items)
    _refuse_other_data(users, items, request.path, run)

    with progress(f"ranking {request.part}"):
        lists = ItemLists(
            user_index=users.index,
            item_index=with_unknown(raw.items, items.index, len(split.items)),
            key=raw.key(),
        )
        ranked = rank_listed(lists, pairs, evaluation.rules(), config.cutoffs())
    result = evaluation.result(ranked.ranks, request.part)
    if not result.metrics["mrr"]:
        log.warning(
            "no list has a held-out item of %s: lists that leave these items out cannot be judged "
            "(graphrec recommend keeps them with seen=keep)",
            request.part,
        )
    audit = audit_lists(
        raw,
        users,
        items,
        ranked,
        ids_of_users=split.users,
        seen_parts=["train", "valid"][: len(ranked.seen)],
    )
    columns = _metrics_beside(run, saved, config, request, evaluation, split)

    (file,) = files.on_disk
    split_hash = split.hash()
    judged = JudgedLists(
        path=make_judged_folder(request.output_dir, request.name),
        name=request.name,
        part=request.part,
        split_hash=split_hash,
        ks=config.cutoffs(),
        map_denominator=config.evaluation.map_denominator,
        monitor=config.monitor(),
        file={"name": file.path.name, "sha256": file.sha256, "size": file.size},
        run=run.path.resolve().name[:100],
        audit=audit,
    )
    environment = describe_environment(command_line(), device, torch.get_num_threads())
    write_judged(
        judged,
        arrays=result.arrays,
        metrics=_metrics_json(config, request.part, result, columns, evaluation),
        environment={
            **environment,
            "data_files": describe_files(files.on_disk),
            "split_hash": split_hash,
        },
        run_data=run.data,
    )
    return Judgement(judged=judged, result=result, columns=columns)


def _refuse_other_data(users: IndexedIds, items: IndexedIds, path: Path, run: RunDirectory) -> None:
    """Refuse lists that have none of the split's users or items."""
    for noun, ids in (("user", users), ("item", items)):
        if not (ids.index >= 0).any():
            shown = ", ".join(f"'{shorten(id, 40)}'" for id in ids.unknown[:3])
            hint = f" ({ids.hint})" if ids.hint else ""
            raise DataError(
                f"{path}: none of its {len(ids.unknown):,} {noun}s is in {run.path}, such as "
                f"{shown}{hint}; write the ids of the run's data.npz"
            )


def _metrics_beside(
    run: RunDirectory,
    saved: SavedConfig,
    config: RunConfig,
    request: Request,
    evaluation: RankingEvaluation,
    split: Split,
) -> dict[str, dict[str, float]]:
    """The metrics of the run's own model and of popularity on the same part."""
    keys, part = config.metric_keys(), request.part
    recorded: dict[str, Any] = {}
    if not request.overrides and run.metrics.is_file():
        recorded = run.read(run.metrics)
    own = _numbers(recorded.get(part), keys)
    if own is None and run.best.is_file():
        own = evaluate_run(run, saved, config, part).metrics
    columns = {} if own is None else {config.model.name: own}
    for name, model in evaluation.baselines(split.train).items():
        if name != config.model.name:
            baselines = recorded.get("baselines") if part == "test" else None
            known = _numbers(baselines.get(name) if isinstance(baselines, dict) else None, keys)
            columns[name] = known or evaluation.evaluate(model, split, part).metrics
    return columns


def _numbers(metrics: object, keys: list[str]) -> dict[str, float] | None:
    """The metrics that a file has recorded, None if one is missing."""
    if not isinstance(metrics, dict):
        return None
    values: dict[str, Any] = {key: metrics.get(key) for key in keys}
    numbers = {key: float(value) for key, value in values.items() if type(value) in (int, float)}
    complete = len(numbers) == len(keys) and all(map(math.isfinite, numbers.values()))
    return numbers if complete else None


def _metrics_json(
    config: RunConfig,
    part: str,
    result: PartResult,
    columns: dict[str, dict[str, float]],
    evaluation: RankingEvaluation,
) -> dict[str, Any]:
    """The content of metrics.json, in the form of a run's."""
    empty = {"test": None, "valid": None}
    baselines = {name: values for name, values in columns.items() if name != config.model.name}
    definitions = evaluation.definitions()
    return {
        **empty,
        part: result.metrics,
        "baselines": baselines if part == "test" else {},
        "counts": {**empty, part: result.counts},
        "monitor": config.monitor(),
        "definitions": {
            **definitions,
            "rank": f"{definitions['rank']}; an item that is not listed is never found",
        },
    }
