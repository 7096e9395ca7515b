from __future__ import annotations

import math

import pytest
import torch
from builders import CPU, items_of_users
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.loss import SoftmaxConfig
from graphrec_cli.config.model import MatrixFactorizationConfig
from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.losses.softmax import build_softmax, shared_softmax_loss
from graphrec_cli.losses.user_temperature import sharpness_of
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.candidates import CandidateSampler

Places = tuple[Tensor, Tensor]
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def plain_loss(
    users: Tensor,
    positives: Tensor,
    candidates: Tensor,
    log_weight: Tensor,
    places: Places,
    temperature: float,
    sharpness: list[float] | None = None,
    positive_in_denominator: bool = True,
    denominator_power: float = 1.0,
) -> Tensor:
    """The definition, example by example, with the gradient from autograd."""
    losses = []
    for row, (user, positive) in enumerate(zip(users, positives, strict=True)):
        left_out = places[1][places[0] == row].tolist()
        kept = [column for column in range(len(candidates)) if column not in left_out]
        factor = 1.0 if sharpness is None else sharpness[row]
        terms = candidates[kept] @ user / temperature * factor + log_weight[kept]
        own = (user @ positive) / temperature
        if positive_in_denominator:
            terms = torch.cat([own[None] * factor, terms])
        if len(terms):
            losses.append(denominator_power * torch.logsumexp(terms, dim=0) - own)
        else:
            losses.append(0 * own + 0 * candidates.sum())
    return torch.stack(losses).mean()


def problem(
    batch: int, num_candidates: int, masked: int, seed: int
) -> tuple[list[Tensor], Tensor, Places]:
    generator = torch.Generator().manual_seed(seed)
    tables = [
        torch.randn(rows, 5, generator=generator, dtype=torch.float64).requires_grad_()
        for rows in (batch, batch, num_candidates)
    ]
    log_weight = torch.randn(num_candidates, generator=generator, dtype=torch.float64)
    order = torch.randperm(batch * num_candidates, generator=generator)[:masked].sort().values
    return tables, log_weight, (order // num_candidates, order % num_candidates)


@given(
    batch=st.integers(1, 6),
    num_candidates=st.integers(1, 7),
    masked=st.integers(0, 42),
    temperature=st.floats(0.05, 3),
    seed=st.integers(0, 2**32),
)
def test_loss_and_gradient_equal_the_definition(
    batch: int, num_candidates: int, masked: int, temperature: float, seed: int
) -> None:
    tables, log_weight, places = problem(batch, num_candidates, masked, seed)
    loss = shared_softmax_loss(
        tables[0],
        tables[1],
        tables[2],
        log_weight=log_weight,
        masked_row=places[0],
        masked_column=places[1],
        temperature=temperature,
    )
    expected = plain_loss(tables[0], tables[1], tables[2], log_weight, places, temperature)
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=1e-12)
    # Times 3, to test that the incoming gradient is used.
    for got, wanted in zip(
        torch.autograd.grad(3 * loss, tables),
        torch.autograd.grad(3 * expected, tables),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-8, atol=1e-10)


@given(
    batch=st.integers(1, 6),
    num_candidates=st.integers(1, 7),
    masked=st.integers(0, 42),
    temperature=st.floats(0.05, 3),
    sharpness=st.lists(st.floats(0.1, 3), min_size=6, max_size=6),
    positive_in_denominator=st.booleans(),
    denominator_power=st.floats(0.5, 1.5),
    seed=st.integers(0, 2**32),
)
def test_the_other_terms_equal_the_definition(
    batch: int,
    num_candidates: int,
    masked: int,
    temperature: float,
    sharpness: list[float],
    positive_in_denominator: bool,
    denominator_power: float,
    seed: int,
) -> None:
    tables, log_weight, places = problem(batch, num_candidates, masked, seed)
    loss = shared_softmax_loss(
        tables[0],
        tables[1],
        tables[2],
        log_weight=log_weight,
        masked_row=places[0],
        masked_column=places[1],
        temperature=temperature,
        sharpness=torch.tensor(sharpness[:batch], dtype=torch.float64),
        positive_in_denominator=positive_in_denominator,
        denominator_power=denominator_power,
    )
    expected = plain_loss(
        tables[0],
        tables[1],
        tables[2],
        log_weight,
        places,
        temperature,
        sharpness,
        positive_in_denominator,
        denominator_power,
    )
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=1e-12)
    for got, wanted in zip(
        torch.autograd.grad(3 * loss, tables),
        torch.autograd.grad(3 * expected, tables),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_gives_the_same_loss(device: str) -> None:
    tables, log_weight, places = problem(40, 30, 200, seed=0)
    on_device = [table.detach().to(device).requires_grad_() for table in tables]
    loss = shared_softmax_loss(
        on_device[0],
        on_device[1],
        on_device[2],
        log_weight=log_weight.to(device),
        masked_row=places[0].to(device),
        masked_column=places[1].to(device),
        temperature=0.3,
    )
    assert loss.device.type == device
    expected = plain_loss(tables[0], tables[1], tables[2], log_weight, places, 0.3)
    torch.testing.assert_close(loss.cpu(), expected)
    for got, wanted in zip(
        torch.autograd.grad(loss, on_device), torch.autograd.grad(expected, tables), strict=True
    ):
        torch.testing.assert_close(got.cpu(), wanted)


def test_more_logits_than_are_held_at_a_time_change_nothing() -> None:
    # 1,500 x 1,200 logits make several chunks on a CPU.
    tables, log_weight, (row, column) = problem(1500, 1200, 5000, seed=1)
    loss = shared_softmax_loss(
        tables[0],
        tables[1],
        tables[2],
        log_weight=log_weight,
        masked_row=row,
        masked_column=column,
        temperature=0.5,
    )
    logits = tables[0] @ tables[2].T / 0.5 + log_weight
    keep = torch.ones_like(logits, dtype=torch.bool)
    keep[row, column] = False
    own = (tables[0] * tables[1]).sum(1) / 0.5
    everything = torch.cat([own[:, None], logits.masked_fill(~keep, -torch.inf)], dim=1)
    expected = (everything.logsumexp(1) - own).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    for got, wanted in zip(
        torch.autograd.grad(loss, tables), torch.autograd.grad(expected, tables), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-8, atol=1e-12)


def test_by_hand() -> None:
    # exp(s) is 2 for the positive; candidates of 3 and 4, the second counting twice: 2 / 13.
    loss = shared_softmax_loss(
        torch.tensor([[1.0]]),
        torch.tensor([[math.log(2)]]),
        torch.tensor([[math.log(3)], [math.log(4)]]),
        log_weight=torch.tensor([0.0, math.log(2)]),
        masked_row=torch.zeros(0, dtype=torch.int64),
        masked_column=torch.zeros(0, dtype=torch.int64),
        temperature=1.0,
    )
    assert loss.item() == pytest.approx(math.log(13 / 2), rel=1e-6)


def test_an_example_without_any_candidate_left_has_no_loss_and_no_gradient() -> None:
    users = torch.tensor([[1.0, 2.0]], requires_grad=True)
    loss = shared_softmax_loss(
        users,
        torch.tensor([[0.5, 0.5]]),
        torch.tensor([[3.0, 1.0], [0.0, 1.0]]),
        log_weight=torch.zeros(2),
        masked_row=torch.tensor([0, 0]),
        masked_column=torch.tensor([0, 1]),
        temperature=0.1,
    )
    loss.backward()
    assert loss.item() == 0
    assert users.grad is not None
    assert users.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("scale", [1e3, 1e30])
def test_huge_scores_stay_finite(scale: float) -> None:
    users = torch.tensor([[scale], [scale]], requires_grad=True)
    loss = shared_softmax_loss(
        users,
        torch.tensor([[1.0], [-1.0]]),
        torch.tensor([[0.5]]),
        log_weight=torch.zeros(1),
        masked_row=torch.zeros(0, dtype=torch.int64),
        masked_column=torch.zeros(0, dtype=torch.int64),
        temperature=1.0,
    )
    loss.backward()
    # The first example is ranked correctly; only the second has a loss, of 1.5 scales, and a slope.
    assert loss.item() == pytest.approx(0.75 * scale, rel=1e-6)
    assert users.grad is not None
    assert users.grad.tolist() == [[0.0], [0.75]]


def test_a_positive_far_above_its_candidates_stays_finite_without_it_in_the_denominator() -> None:
    users = torch.tensor([[200.0]], requires_grad=True)
    loss = shared_softmax_loss(
        users,
        torch.tensor([[1.0]]),
        torch.tensor([[-1.0]]),
        log_weight=torch.zeros(1),
        masked_row=torch.zeros(0, dtype=torch.int64),
        masked_column=torch.zeros(0, dtype=torch.int64),
        temperature=1.0,
        positive_in_denominator=False,
    )
    loss.backward()
    assert loss.item() == -400
    assert users.grad is not None
    assert users.grad.tolist() == [[-2.0]]


def test_after_an_epoch_users_have_temperatures_of_their_mean_losses() -> None:
    train = items_of_users([[0, 1, 2, 3], [3, 4], [5], [0, 5]], num_items=6)
    config = SoftmaxConfig(temperature=0.2, user_temperature_spread=0.3, num_negatives=9)
    model = LightGCN(
        MatrixFactorizationConfig(embedding_dim=3),
        train,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    sampler = CandidateSampler(
        config, PositivesBy.user, train, generator=torch.Generator().manual_seed(1), device=CPU
    )
    unit = functional.normalize(model.layer0_embeddings.detach().double())
    cosine = unit[:4] @ unit[4:].T
    loss = build_softmax(config)
    loss.start(model)
    for epoch in range(2):
        of_user: dict[int, list[float]] = {}
        for batch in sampler.epoch(3, 7):
            loss(model, batch)
            for row, (user, positive) in enumerate(
                zip(batch.users.tolist(), batch.pos_items.tolist(), strict=True)
            ):
                masked = batch.masked_column[batch.masked_row == row].tolist()
                total = sum(
                    math.exp(cosine[user, item] + weight)
                    for column, (item, weight) in enumerate(
                        zip(batch.candidates.tolist(), batch.log_weight.tolist(), strict=True)
                    )
                    if column not in masked
                )
                # At a temperature of 1, whatever the temperature of the loss.
                if total:
                    of_user.setdefault(user, []).append(
                        math.log(total) - cosine[user, positive].item()
                    )
        loss.end_epoch()
        means = [sum(of_user[user]) / len(of_user[user]) for user in range(4)]
        expected = sharpness_of(torch.tensor(means, dtype=torch.float64), 0.3)
        got = loss.state_dict()["sharpness"]
        torch.testing.assert_close(got, expected.float(), rtol=1e-4, atol=1e-5)
        assert got.min() < 0.95, epoch
        assert got.max() > 1.05, epoch


def test_a_models_loss_compares_cosines_and_leaves_out_the_users_own_train_items() -> None:
    train = items_of_users([[0, 1, 2, 3], [3, 4], [5], [0, 5]], num_items=6)
    config = SoftmaxConfig(
        num_negatives=40, uniform_share=1.0, temperature=0.2, positive_in_denominator=True
    )
    model = LightGCN(
        MatrixFactorizationConfig(embedding_dim=3),
        train,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    sampler = CandidateSampler(
        config, PositivesBy.user, train, generator=torch.Generator().manual_seed(1), device=CPU
    )
    has = torch.zeros(4, 6, dtype=torch.bool)
    has[torch.from_numpy(train.user_index()).long(), torch.from_numpy(train.item_index).long()] = (
        True
    )
    (batch,) = sampler.epoch(1, 12)
    table = model.layer0_embeddings.detach().double()
    unit = table / table.norm(dim=1, keepdim=True)
    cosine = unit[:4] @ unit[4:].T
    losses = []
    for user, pos_item in zip(batch.users.tolist(), batch.pos_items.tolist(), strict=True):
        total = own = math.exp(cosine[user, pos_item] / 0.2)
        for item, log_weight in zip(
            batch.candidates.tolist(), batch.log_weight.tolist(), strict=True
        ):
            if not has[user, item]:
                total += math.exp(cosine[user, item] / 0.2 + log_weight)
        losses.append(math.log(total / own))
    loss = build_softmax(config)(model, batch)
    assert loss.item() == pytest.approx(sum(losses) / len(losses), rel=1e-5)
