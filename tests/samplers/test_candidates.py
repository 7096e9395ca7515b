from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, CheckDistribution
from numpy.typing import NDArray

from graphrec_cli.config.loss import SoftmaxConfig, SoftmaxNegatives
from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.samplers.candidates import CandidateBatch, CandidateSampler
from graphrec_cli.system import free_memory

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def sampler(
    config: SoftmaxConfig,
    train: UserItems,
    *,
    by: PositivesBy = PositivesBy.interaction,
    seed: int = 0,
    device: torch.device = CPU,
) -> CandidateSampler:
    generator = torch.Generator(device).manual_seed(seed)
    return CandidateSampler(config, by, train, generator=generator, device=device)


def draws(batch: CandidateBatch) -> NDArray[np.int64]:
    """The candidates, each as often as it was sampled; needs log_q=false."""
    times = batch.log_weight.exp().round().long()
    return batch.candidates.repeat_interleave(times).numpy()


@pytest.mark.parametrize(
    "config",
    [
        SoftmaxConfig(num_negatives=40),
        SoftmaxConfig(num_negatives=300, uniform_share=1.0),
        SoftmaxConfig(negatives=SoftmaxNegatives.in_batch),
    ],
)
@pytest.mark.parametrize("by", list(PositivesBy))
@pytest.mark.parametrize("device", DEVICES)
def test_examples_are_train_pairs_and_seen_places_all_that_are_in_train(
    config: SoftmaxConfig, by: PositivesBy, device: str, long_tailed_train: UserItems
) -> None:
    has = np.zeros((300, 200), dtype=bool)
    has[long_tailed_train.user_index(), long_tailed_train.item_index] = True
    batches = sampler(config, long_tailed_train, by=by, device=torch.device(device)).epoch(5, 60)
    for on_device in batches:
        assert {column.device.type for column in on_device} == {device}
        batch = CandidateBatch(*(column.cpu() for column in on_device))
        assert has[batch.users, batch.pos_items].all()
        assert (batch.candidates.diff() > 0).all()
        seen = has[batch.users.numpy()][:, batch.candidates.numpy()]
        row, column = np.nonzero(seen)
        assert batch.masked_row.tolist() == row.tolist()
        assert batch.masked_column.tolist() == column.tolist()


@pytest.mark.parametrize("negatives", list(SoftmaxNegatives))
def test_without_mask_seen_only_the_positives_places_are_masked(
    negatives: SoftmaxNegatives, long_tailed_train: UserItems
) -> None:
    config = SoftmaxConfig(negatives=negatives, num_negatives=90, mask_seen=False)
    for batch in sampler(config, long_tailed_train).epoch(3, 60):
        row, column = (batch.pos_items[:, None] == batch.candidates).nonzero().unbind(1)
        assert batch.masked_row.tolist() == row.tolist()
        assert batch.masked_column.tolist() == column.tolist()
        assert len(row) == 60 or negatives is SoftmaxNegatives.shared


@pytest.mark.parametrize("uniform_share", [0.0, 0.3, 1.0])
def test_shared_negatives_follow_popularity_uniform_or_their_mixture(
    uniform_share: float, long_tailed_train: UserItems, check_distribution: CheckDistribution
) -> None:
    config = SoftmaxConfig(num_negatives=500, uniform_share=uniform_share, log_q=False)
    drawn = [draws(batch) for batch in sampler(config, long_tailed_train).epoch(400, 7)]
    assert {len(each) for each in drawn} == {500}
    degree = long_tailed_train.item_degree
    catalog = degree > 0
    share = (1 - uniform_share) * degree / degree.sum() + uniform_share * catalog / catalog.sum()
    check_distribution(np.concatenate(drawn), share)


def test_a_batch_whose_users_items_do_not_fit_is_refused(
    long_tailed_train: UserItems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 1_000_000_000)
    degree, weight = long_tailed_train.user_degree, long_tailed_train.weight
    assert weight is not None
    of_user = degree[long_tailed_train.user_index()]
    for by, mean in (
        (PositivesBy.interaction, (degree**2).sum() / degree.sum()),
        (PositivesBy.user, degree.sum() / (degree > 0).sum()),
        (PositivesBy.weight, (weight * of_user).sum() / weight.sum()),
    ):
        fits = int(1e9 / 32 / mean * 0.999)
        drawn = sampler(SoftmaxConfig(), long_tailed_train, by=by)
        monkeypatch.setattr(drawn, "draw_epoch", lambda *_: iter(()))
        assert list(drawn.epoch(1, fits)) == []
        with pytest.raises(ConfigError, match=r"needs 1\.0 GB .*; lower trainer\.batch_size$"):
            list(drawn.epoch(1, int(fits * 1.01)))
        # A pass has no batch larger than itself.
        assert list(drawn.epoch(None, int(fits * 1.01))) == []


def test_in_batch_candidates_are_the_positives_as_often_as_they_occur(
    long_tailed_train: UserItems,
) -> None:
    config = SoftmaxConfig(negatives=SoftmaxNegatives.in_batch, log_q=False)
    for batch in sampler(config, long_tailed_train).epoch(5, 100):
        assert draws(batch).tolist() == sorted(batch.pos_items.tolist())


@pytest.mark.parametrize("negatives", list(SoftmaxNegatives))
@pytest.mark.parametrize("power", [0.0, 0.6, 1.0])
def test_weights_are_divided_by_the_expected_number_of_draws_to_the_power(
    negatives: SoftmaxNegatives, power: float, long_tailed_train: UserItems
) -> None:
    degree = torch.from_numpy(long_tailed_train.item_degree)
    plain = SoftmaxConfig(negatives=negatives, num_negatives=80, log_q=False)
    corrected = SoftmaxConfig(negatives=negatives, num_negatives=80, log_q_power=power)
    both = (sampler(config, long_tailed_train).epoch(4, 80) for config in (plain, corrected))
    for without, batch in zip(*both, strict=True):
        times = without.log_weight.exp()
        expected = 80 * degree[batch.candidates] / degree.sum()
        torch.testing.assert_close(batch.log_weight.exp(), (times / expected**power).float())


@pytest.mark.parametrize(("catalog", "power"), [(2048, 1.0), (2049, 0.65)])
def test_the_default_power_depends_on_the_catalog(catalog: int, power: float) -> None:
    users, items = np.zeros(catalog, dtype=np.int64), np.arange(catalog)
    train = UserItems.from_pairs(users, items, num_users=1, num_items=3000)
    # 50 draws from items that are sampled equally often.
    for batch in sampler(SoftmaxConfig(num_negatives=50), train).epoch(2, 9):
        weight = (50 / catalog) ** -power
        assert batch.log_weight.exp().min().item() == pytest.approx(weight)


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        SoftmaxConfig(num_negatives=50, uniform_share=0.2, log_q_power=1),
        SoftmaxConfig(negatives=SoftmaxNegatives.in_batch, log_q_power=1),
    ],
    ids=["shared", "in_batch"],
)
@pytest.mark.parametrize("by", list(PositivesBy))
def test_corrected_weights_sum_over_the_catalog_as_the_whole_catalog_does(
    config: SoftmaxConfig, by: PositivesBy, long_tailed_train: UserItems
) -> None:
    value = torch.linspace(-1, 1, 200, dtype=torch.float64).exp()
    steps, estimate = 500, []
    for batch in sampler(config, long_tailed_train, by=by, seed=3).epoch(steps, 50):
        weight = batch.log_weight.double().exp()
        estimate.append(float((weight * value[batch.candidates]).sum()))
    catalog = torch.from_numpy(long_tailed_train.item_degree > 0)
    error = np.std(estimate) / np.sqrt(steps)
    assert np.mean(estimate) == pytest.approx(float(value[catalog].sum()), abs=5 * error)
    assert error < 4


def test_it_goes_on_from_its_state(long_tailed_train: UserItems) -> None:
    config = SoftmaxConfig(num_negatives=20)
    first = sampler(config, long_tailed_train)
    list(first.epoch(3, 50))
    loaded = sampler(config, long_tailed_train, seed=9)
    loaded.load_state_dict(first.state_dict())
    for got, expected in zip(loaded.epoch(4, 50), first.epoch(4, 50), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


def test_a_user_with_the_whole_catalog_is_drawn_and_has_no_candidate_left() -> None:
    train = UserItems.from_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), num_users=2, num_items=3)
    (batch,) = sampler(SoftmaxConfig(num_negatives=30), train).epoch(None, 3)
    assert batch.candidates.tolist() == [0, 1]
    for row, user in enumerate(batch.users.tolist()):
        columns = batch.masked_column[batch.masked_row == row].tolist()
        assert columns == ([0, 1] if user == 0 else [1])


def test_nothing_to_draw_is_an_error() -> None:
    empty = np.array([], dtype=np.int64)
    train = UserItems.from_pairs(empty, empty, num_users=2, num_items=3)
    with pytest.raises(DataError, match="no user can be sampled"):
        sampler(SoftmaxConfig(), train)
