"""The interface that the trainer needs from a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

Loss = Callable[[Any, Any], Tensor]
"""A function of a model and a batch that returns the scalar to minimise."""
