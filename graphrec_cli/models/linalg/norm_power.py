"""Rows scaled to a power of their norms."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def with_norm_power(rows: Float[Tensor, "rows dim"], power: float) -> Float[Tensor, "rows dim"]:
    """Scale every row to its norm to the given power; 1 returns ``rows`` itself."""
    if power == 1:
        return rows
    # As in functional.normalize: a row of zeros stays one.
    norms = rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    scaled: Tensor = rows / norms * norms.pow(power)
    return scaled
