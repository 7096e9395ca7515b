"""Mean squared error of predicted ratings."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import MSEConfig
from graphrec_cli.losses.base import Loss
from graphrec_cli.models.base import RatingModel
from graphrec_cli.samplers.rated_pairs import RatedPairs


def build_mse(config: MSEConfig) -> Loss:
    """Build ``loss=mse``, which needs a ``RatingModel`` and rated pairs."""
    del config

    def loss(model: RatingModel, batch: RatedPairs) -> Tensor:
        return functional.mse_loss(model.predict_ratings(batch.users, batch.items), batch.ratings)

    return loss
