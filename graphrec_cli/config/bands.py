"""The test metrics that a recipe is known to reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import AtLeast, Finite, check_fields
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class BandConfig:
    """The interval in which a test metric is expected after a number of epochs."""

    epochs: Annotated[int, AtLeast(0)] = MISSING
    """Number of epochs of a run that the interval applies to."""
    metric: str = MISSING
    """Test metric, such as recall@20."""
    low: Annotated[float, Finite()] = MISSING
    """Lower end of the interval."""
    high: Annotated[float, Finite()] = MISSING
    """Upper end of the interval."""

    def __post_init__(self) -> None:
        check_fields(self, "expected.bands")
        if self.low > self.high:
            raise ConfigError(
                f"expected.bands: {self.metric} cannot lie between {self.low} and {self.high}; "
                "low must not be above high"
            )


@dataclass(kw_only=True, slots=True)
class ExpectedConfig:
    """Intervals of test metrics that a run of a recipe is compared with."""

    split_hash: str | None = None
    """Digest of the split that the intervals apply to. Nothing is compared on another split."""
    values_sha256: str | None = None
    """Digest of the recipe's values. Nothing is compared with other values."""
    bands: list[BandConfig] = field(default_factory=list)
    """Intervals, each {epochs, metric, low, high}: a test metric after so many epochs."""
