from __future__ import annotations

import math

import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.losses.user_temperature import UserTemperatures, sharpness_of


def inverse(sharpness: float) -> float:
    """The x whose exp(-W(x)) is ``sharpness``: with W = -log(sharpness), x = W exp(W)."""
    power = -math.log(sharpness)
    return power * math.exp(power)


@given(
    losses=st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=8),
    spread=st.floats(0.1, 10),
)
def test_the_factor_solves_the_papers_equation(losses: list[float], spread: float) -> None:
    mean = sum(losses) / len(losses)
    factors = sharpness_of(torch.tensor(losses, dtype=torch.float64), spread)
    for loss, factor in zip(losses, factors.tolist(), strict=True):
        wanted = max(-1 / math.e, (loss - mean) / spread)
        # Near -1/e the inverse is flat, so x is compared and not the factor.
        assert inverse(factor) == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert 0 < factor <= math.e


def test_by_hand() -> None:
    # Mean 2: the differences 0, -e and e over a spread of 1, and W(e) = 1.
    losses = torch.tensor([2.0, 2 - math.e, 2 + math.e], dtype=torch.float64)
    assert sharpness_of(losses, 1.0).tolist() == pytest.approx([1, math.e, 1 / math.e], rel=1e-5)


def test_users_without_an_example_or_a_negative_keep_the_common_temperature() -> None:
    temperatures = UserTemperatures(4, spread=0.5, device=CPU)
    temperatures.add(torch.tensor([0, 2, 0]), torch.tensor([1.0, 3.0, 2.0]))
    temperatures.add(torch.tensor([1, 2]), torch.tensor([-torch.inf, 4.0]))
    temperatures.end_epoch()
    hard, easy = sharpness_of(torch.tensor([3.5, 1.5]), 0.5).tolist()
    assert temperatures.sharpness.tolist() == pytest.approx([easy, 1.0, hard, 1.0])


def test_an_epoch_begins_with_empty_sums() -> None:
    temperatures = UserTemperatures(2, spread=0.5, device=CPU)
    temperatures.add(torch.tensor([0, 1]), torch.tensor([1.0, 9.0]))
    temperatures.end_epoch()
    temperatures.add(torch.tensor([0, 1]), torch.tensor([3.0, 3.0]))
    temperatures.end_epoch()
    assert temperatures.sharpness.tolist() == [1.0, 1.0]


def test_a_restored_state_goes_on_in_the_middle_of_an_epoch() -> None:
    whole = UserTemperatures(2, spread=0.5, device=CPU)
    whole.add(torch.tensor([0, 1]), torch.tensor([1.0, 2.0]))
    whole.end_epoch()
    whole.add(torch.tensor([1, 1]), torch.tensor([1.0, 4.0]))
    state = {name: values.clone() for name, values in whole.state_dict().items()}
    restored = UserTemperatures(2, spread=0.5, device=CPU)
    restored.load_state_dict(state)
    assert torch.equal(restored.sharpness, whole.sharpness)
    for temperatures in (whole, restored):
        temperatures.add(torch.tensor([0]), torch.tensor([0.5]))
        temperatures.end_epoch()
    assert torch.equal(restored.sharpness, whole.sharpness)
