"""Write arrays in the format of safetensors: a JSON header, then the bytes of the arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.storage.atomic import atomic_write


def save_tensors(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with atomic_write(path) as file:
        file.write(save(whole))
