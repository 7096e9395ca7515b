"""Independent random generators, each derived from the run's seed and a name."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, name: str) -> int:
    """A 63-bit seed that depends on every bit of ``seed`` and ``name``."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def numpy_generator(seed: int, name: str) -> np.random.Generator:
    """The NumPy generator named ``name``."""
    return np.random.default_rng(derive_seed(seed, name))
