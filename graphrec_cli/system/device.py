"""Choose the torch device, and make random generators on it."""

from __future__ import annotations

import torch

from graphrec_cli.config.run import Device
from graphrec_cli.errors import ConfigError
from graphrec_cli.system.seeds import derive_seed


def pick_device(wanted: Device) -> torch.device:
    """The torch device for a ``device`` key.

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
    return torch.device("cuda")


def torch_generator(seed: int, name: str, device: torch.device) -> torch.Generator:
    """The torch generator named ``name`` on ``device``."""
    return torch.Generator(device).manual_seed(derive_seed(seed, name))
