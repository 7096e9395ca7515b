"""Load a completed run from its directory: its split, and its model with the best weights."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.components import build_model
from graphrec_cli.config.model import EmbeddingConfig, ModelConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import OutputError
from graphrec_cli.models.base import Recommender
from graphrec_cli.rundir.config_fingerprint import RESUMABLE, config_sha256
from graphrec_cli.rundir.data_npz import load_run_data
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.free_memory import require_memory
from graphrec_cli.system.threads import set_threads
from graphrec_cli.training.checkpoints.file import load_checkpoint

log = logging.getLogger("graphrec")


class SavedRun(NamedTuple):
    """A loaded run: its config, its data, and its model with the best weights."""

    config: RunConfig
    split: Split
    title: NDArray[np.character] | None
    model: Recommender
    device: torch.device


def load_run(run: RunDirectory, saved: SavedConfig, config: RunConfig) -> SavedRun:
    """Load a run with the device and the number of threads of ``config``.

    Args:
        saved: the run's config.json.
        config: the same config, with overrides.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    run.refuse_without_model()
    state, _ = run.state()
    if state not in ("completed", "failed"):  # find_run names a failure
        log.warning("%s: this run is %s; its best weights so far are used", run.path, state)
    device = pick_device(config.device)
    require_memory(run.best.stat().st_size, device, f"reading {run.best}", "stop other programs")
    if config.num_threads is not None:
        set_threads(config.num_threads)
    split, title = load_run_data(run.data)
    device = pick_device(config.device, split.train.num_pairs)
    model = load_model(run, saved, config, split.train, device)
    return SavedRun(config, split, title, model, device)


def load_scorer(run: RunDirectory, saved: SavedConfig, config: RunConfig) -> SavedRun:
    """``load_run``, with the model prepared for scoring.

    Raises:
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    loaded = load_run(run, saved, config)
    loaded.model.prepare_scoring()
    return loaded


def load_model(
    run: RunDirectory,
    saved: SavedConfig,
    config: RunConfig,
    train: UserItems,
    device: torch.device,
) -> Recommender:
    """Load the model of a run with its best weights.

    Raises:
        OutputError: the checkpoint is missing, damaged, or of another model or data set.
    """
    mismatch = OutputError(f"{run.best} does not fit the model in {run.config}")
    content = load_checkpoint(run.best, device)
    state = content.get("model")
    # Check sizes against the file first: a hostile config could claim any size.
    if not isinstance(state, dict) or not _table_fits(state, config.model, train):
        raise mismatch
    model = build_model(config, train, device)
    for name, weights in model.state_dict().items():
        given = state.get(name)
        # torch would convert other types, and broadcast a single value over a row.
        if not isinstance(given, Tensor) or given.dtype != weights.dtype:
            raise mismatch
    try:
        # Use the loaded tensors instead of copying them, so that they are in memory only once.
        model.load_state_dict(state, assign=True)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise mismatch from error
    checkpoint_config = content.get("configuration_sha256")
    # Checkpoints of earlier releases do not have this entry.
    if checkpoint_config not in (None, config_sha256(config_to_dict(saved), but=RESUMABLE)):
        raise OutputError(f"{run.best} was written with a different config than {run.config}")
    return model


def _table_fits(state: dict[object, object], model: ModelConfig, train: UserItems) -> bool:
    """Whether the embedding table, if the model has one, has the expected shape."""
    if not isinstance(model, EmbeddingConfig):
        return True
    table = state.get("layer0_embeddings")
    wanted = (train.num_users + train.num_items, model.embedding_dim)
    return isinstance(table, Tensor) and tuple(table.shape) == wanted
