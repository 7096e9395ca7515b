"""Describe a data set and its split without training."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.data.source import SourceData, describe_files
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.summary import describe_pairs, describe_split, describe_table
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.system.progress import progress


def inspect_data(config: RunConfig) -> tuple[dict[str, Any], Split]:
    """Read, preprocess and split the data as ``train`` does, and describe every stage.

    Returns:
        The split, and before it a report in plain values for JSON and ``reporting.data_tables``:
        ``dataset``, ``seed`` (of data in memory), ``files``, ``table`` (the raw rows), ``funnel``,
        ``pairs`` (after preprocessing) and ``split``.

    Raises:
        GraphrecError: as in ``train``; if the split fails, the dropped rows are logged.
    """
    if config.device is Device.cuda:
        from graphrec_cli.system.device import pick_device  # imports torch

        pick_device(config.device)
    source, prepared = read_and_split(config, find_files(config), DropReport(only_failures=True))
    with progress("describing the rows"):
        report = _describe(config, source, prepared.split)
    return report, prepared.split


def _describe(config: RunConfig, source: SourceData, split: Split) -> dict[str, Any]:
    parts = split.parts().values()
    user_degree = np.sum([part.user_degree for part in parts], axis=0)
    item_degree = np.sum([part.item_degree for part in parts], axis=0)
    return {
        "dataset": config.dataset.name,
        "seed": config.dataset_seed(),
        "files": describe_files(source.files),
        "table": describe_table(source),
        "funnel": source.funnel.to_dict(),
        "pairs": describe_pairs(user_degree, item_degree),
        "split": {
            "name": config.split.name,
            "k_cores": describe_k_cores(config.dataset),
            **describe_split(split),
        },
    }


def describe_k_cores(config: DatasetConfig) -> list[dict[str, Any]]:
    """The k-cores that can drop rows before the split, with their stage in the funnel."""
    stages = {"prefilter.k_core": config.prefilter.k_core, "k_core": config.k_core}
    return [
        {
            "stage": stage,
            "mode": k_core.mode.name,
            "min_user_interactions": k_core.min_user_interactions,
            "min_item_interactions": k_core.min_item_interactions,
        }
        for stage, k_core in stages.items()
        if max(k_core.min_user_interactions, k_core.min_item_interactions) > 1
    ]
