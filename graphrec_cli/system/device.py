"""Choose the torch device, and make random generators on it."""

from __future__ import annotations

import logging

import torch

from graphrec_cli.config.run import Device
from graphrec_cli.errors import ConfigError
from graphrec_cli.system.seeds import derive_seed

log = logging.getLogger("graphrec")

# At this size a softmax step on two cores takes as long as starting a step's kernels on a GPU.
_WORTH_A_GPU = 10_000


def pick_device(wanted: Device, train_pairs: int | None = None) -> torch.device:
    """The torch device for a ``device`` key.

    Args:
        wanted: the key's value.
        train_pairs: train pairs of the run; None if they are not known yet. With
            ``Device.auto`` few of them stay on the CPU.

    Raises:
        ConfigError: CUDA is requested but not available.
    """
    available = torch.cuda.is_available()
    if wanted is Device.cuda and not available:
        raise ConfigError(
            "device=cuda is set but torch finds no CUDA device; "
            "use device=cpu or device=auto, or install a torch build with CUDA"
        )
    if wanted is Device.cpu or not available:
        return torch.device("cpu")
    if wanted is Device.auto and train_pairs is not None and train_pairs < _WORTH_A_GPU:
        log.info("device=auto takes the CPU for fewer than %s train pairs", f"{_WORTH_A_GPU:,}")
        return torch.device("cpu")
    return torch.device("cuda")


def torch_generator(seed: int, name: str, device: torch.device) -> torch.Generator:
    """The torch generator named ``name`` on ``device``."""
    return torch.Generator(device).manual_seed(derive_seed(seed, name))
