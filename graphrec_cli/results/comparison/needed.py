"""How many users or seeds would show a difference of the size that was seen."""

from __future__ import annotations

import math

_LEVEL, _POWER = 0.05, 0.8


def needed_users(difference: float, sd: float) -> int | None:
    """Users for a power of 80 % at a two-sided level of 5 %.

    ``(z(0.975) + z(0.8))^2 * sd^2 / difference^2``, the paired test's normal approximation.

    Args:
        difference: mean difference over the users.
        sd: standard deviation of the users' differences.

    Returns:
        The number, at least 2; None if there is no difference.
    """
    return _number(sd**2, difference)


def needed_seeds(difference: float, sd: float | None, other_sd: float | None) -> int | None:
    """Seeds of each entry for a power of 80 % at a two-sided level of 5 %.

    ``(z(0.975) + z(0.8))^2 * (sd^2 + other_sd^2) / difference^2``, for two independent groups.

    Args:
        difference: of the means.
        sd, other_sd: standard deviation over the seeds of each entry; None for a single seed.

    Returns:
        The number, at least 2; None without a difference or without seeds.
    """
    if sd is None or other_sd is None:
        return None
    return _number(sd**2 + other_sd**2, difference)


def _number(variance: float, difference: float) -> int | None:
    from scipy.special import ndtri  # takes a tenth of a second to import

    if difference == 0:
        return None
    z = float(ndtri(1 - _LEVEL / 2) + ndtri(_POWER))
    return max(2, math.ceil(z**2 * variance / difference**2))
