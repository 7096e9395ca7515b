"""What several processes can do together; anything else is refused by name."""

from __future__ import annotations

import os

import torch

from graphrec_cli.config.model import SimilarityConfig
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.run import RunConfig
from graphrec_cli.errors import ConfigError

_MODELS = ("lightgcn", "mf")


def refuse_unsupported(config: RunConfig, processes: int, device: torch.device) -> None:
    """Refuse a run that several processes cannot train together.

    Args:
        processes: their number; with 1 everything is supported.
        device: the device of the run.

    Raises:
        ConfigError: naming the key, and what to do.
    """
    if processes == 1:
        return
    model = config.model
    if LOADED.plugins:
        raise ConfigError(
            f"{processes} processes cannot train with --plugin; leave it out, or start one process"
        )
    if not isinstance(model, SimilarityConfig) or model.name not in _MODELS:
        raise ConfigError(
            f"{processes} processes cannot train model={model.name}; choose model=lightgcn or "
            "model=mf, or start one process"
        )
    if model.embedding_dim % processes:
        raise ConfigError(
            f"model.embedding_dim={model.embedding_dim} cannot be split over {processes} "
            "processes; choose a multiple, or another number of processes"
        )
    here, gpus = int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count()
    if device.type == "cuda" and here > gpus:
        raise ConfigError(
            f"torchrun started {here} processes on a machine with {gpus} CUDA devices; start at "
            "most one a device, or set device=cpu"
        )
