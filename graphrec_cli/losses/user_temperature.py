"""A temperature for every user, from how hard the user's train items are to rank.

Chen et al., "Adap-tau: Adaptively Modulating Embedding Magnitude for Recommendation", WWW 2023.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor


def sharpness_of(losses: Float[Tensor, " users"], spread: float) -> Float[Tensor, " users"]:
    """Compute exp(-W(max(-1/e, (l_u - mean of l) / spread))) with the principal branch of W.

    W is Lambert's function, the inverse of x exp(x). The result is 1 for a user with the mean loss,
    at most e, and the lower the larger the loss.

    Args:
        losses: l_u, the mean loss of each user.
        spread: a difference of losses; t2 of the paper, above 0.
    """
    from scipy.special import lambertw  # slow to import

    difference = (losses.double() - losses.double().mean()) / spread
    # At -1/e itself, rounding could leave the domain of W.
    clamped = difference.clamp(min=-1 / math.e + 1e-12)
    # The types of scipy-stubs leave out arrays of floats.
    power = torch.from_numpy(np.real(lambertw(clamped.cpu().numpy())))  # type: ignore[call-overload]
    return torch.exp(-power).to(losses)


class UserTemperatures:
    """The factor of every user on 1 / temperature, renewed after each epoch.

    Attributes:
        sharpness: the factors, shape (users,); 1 in the first epoch.
    """

    def __init__(self, num_users: int, spread: float, device: torch.device) -> None:
        self._spread = spread
        self.sharpness = torch.ones(num_users, device=device)
        self._sum = torch.zeros(num_users, dtype=torch.float64, device=device)
        self._count = torch.zeros(num_users, dtype=torch.int64, device=device)

    def add(self, users: Int64[Tensor, " batch"], losses: Float[Tensor, " batch"]) -> None:
        """Count the losses of a batch of examples; those of -inf, without a negative, are not."""
        finite = losses.isfinite()
        self._sum.index_add_(0, users, losses.where(finite, 0.0).double())
        self._count.index_add_(0, users, finite.long())

    def end_epoch(self) -> None:
        """Compute the factors from the epoch's mean losses; users without an example get 1."""
        seen = self._count > 0
        self.sharpness.fill_(1.0)
        self.sharpness[seen] = sharpness_of(
            (self._sum[seen] / self._count[seen]).float(), self._spread
        )
        self._sum.zero_()
        self._count.zero_()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the factors, and the sums and numbers of the losses of the epoch so far."""
        return {"sharpness": self.sharpness, "loss_sum": self._sum, "loss_count": self._count}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore ``state``, of the same number of users."""
        self.sharpness.copy_(state["sharpness"])
        self._sum.copy_(state["loss_sum"])
        self._count.copy_(state["loss_count"])
