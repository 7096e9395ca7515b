"""The figures that a recipe is known to reach."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_finite
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class BandConfig:
    """Where a test metric is expected after a number of epochs."""

    epochs: int = MISSING
    metric: str = MISSING
    low: float = MISSING
    high: float = MISSING

    def __post_init__(self) -> None:
        check_at_least("expected.bands.epochs", self.epochs, 0)
        check_finite("expected.bands.low", self.low)
        check_finite("expected.bands.high", self.high)
        if self.low > self.high:
            raise ConfigError(
                f"expected.bands: {self.metric} cannot lie between {self.low} and {self.high}; "
                "give the lower bound as low"
            )


@dataclass(kw_only=True, slots=True)
class ExpectedConfig:
    """Bands of test metrics, which say of a recipe's run whether it came out as it should."""

    split_hash: str | None = None
    """Digest of the split that the bands hold for; on another one nothing is compared."""
    values_sha256: str | None = None
    """Digest of the recipe's values; with other values nothing is compared."""
    bands: list[BandConfig] = field(default_factory=list)
    """Each with the number of epochs of the whole run that it holds for."""
