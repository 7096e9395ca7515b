"""What the trainer asks of a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

Loss = Callable[[Any, Any], Tensor]
"""From a model and a batch of the kind that it learns from to the scalar that a step minimises."""
