"""The computed memory against the bytes of the real arrays and tensors."""

from __future__ import annotations

import gc
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from builders import CPU
from numpy.typing import NDArray

from graphrec_cli.components import build_batch_sampler, build_model
from graphrec_cli.config.closed_form import ChebyCFConfig, EASEConfig, ItemKNNConfig
from graphrec_cli.config.loss import BPRConfig, SoftmaxConfig
from graphrec_cli.config.model import LightGCNConfig, MatrixFactorizationConfig, PopularityConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import HardNegativeConfig, PositivesBy, UniformConfig
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.planning.memory import MemoryPlan, graph_bytes, nested_bytes, plan_memory
from graphrec_cli.planning.sizes import run_sizes


@pytest.fixture(scope="module")
def split() -> Split:
    """3,000 users with 20 to 60 of 2,000 items, of which the first is a valid and a test one."""
    rng = np.random.default_rng(0)
    train, valid, test = ([], [], [])
    for user in range(3_000):
        items = rng.choice(2_000, rng.integers(22, 62), replace=False)
        valid.append((user, items[0]))
        test.append((user, items[1]))
        train += [(user, item) for item in items[2:]]

    def part(pairs: list[tuple[int, int]]) -> UserItems:
        users, items = np.array(pairs).T
        return UserItems.from_pairs(users, items, num_users=3_000, num_items=2_000)

    return Split(
        train=part(train),
        valid=part(valid),
        test=part(test),
        users=IdMap(np.arange(3_000)),
        items=IdMap(np.arange(2_000)),
    )


def tensor_bytes(*roots: object) -> int:
    """Bytes of all distinct tensors that the objects hold, at any depth."""
    found: dict[int, int] = {}
    todo, seen = list(roots), set()
    while todo:
        value = todo.pop()
        if id(value) in seen or isinstance(value, type | UserItems):
            continue
        seen.add(id(value))
        if isinstance(value, torch.Tensor):
            parts = [value]
            if value.layout is torch.sparse_csr:
                parts = [value.crow_indices(), value.col_indices(), value.values()]
            found |= {part.data_ptr(): part.nbytes for part in parts}
        elif not callable(value) or hasattr(value, "__dict__"):
            todo += [held for held in gc.get_referents(value) if not isinstance(held, type)]
    return sum(found.values())


def config(**values: object) -> RunConfig:
    return RunConfig(
        **{
            "model": LightGCNConfig(),
            "sampler": UniformConfig(by=PositivesBy.interaction),
            "loss": BPRConfig(),
            **values,
        }  # type: ignore[arg-type]
    )


def planned(run: RunConfig, split: Split, device: str = "cpu") -> MemoryPlan:
    return plan_memory(run, split, run_sizes(run, split), device=device, closed_forms=[])


@pytest.mark.parametrize("num_layers", [0, 1, 3])
def test_graph_and_embeddings_are_those_of_the_model(split: Split, num_layers: int) -> None:
    run = config(model=LightGCNConfig(embedding_dim=48, num_layers=num_layers))
    model = build_model(run, split.train, CPU)
    held = planned(run, split).held
    graph = model.adjacency()
    real = 0 if graph is None else tensor_bytes(*graph)
    assert held.get("graph", 0) == pytest.approx(real, rel=1e-3)
    assert held["embeddings"] == sum(weights.nbytes for weights in model.parameters())
    assert held["Adam"] == 2 * held["gradient"] == 2 * held["embeddings"]


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
@pytest.mark.parametrize("kind", [UniformConfig, HardNegativeConfig])
def test_the_sampler_is_that_of_the_run(
    split: Split, kind: type[UniformConfig | HardNegativeConfig], by: PositivesBy
) -> None:
    run = config(sampler=kind(by=by))
    sampler = build_batch_sampler(run, split.train, CPU)
    next(sampler.epoch(None, 256))
    real = tensor_bytes(vars(sampler))
    assert planned(run, split).held["sampler"] == pytest.approx(real, rel=0.25)


def test_the_peak_is_all_that_is_kept_and_the_largest_stage() -> None:
    plan = MemoryPlan(held={"a": 5, "b": 7}, passing={"c": 11, "d": 13})
    assert plan.peak == 5 + 7 + 13
    assert MemoryPlan(held={"a": 5}, passing={}).peak == 5


def test_a_gpu_holds_the_graph_twice(split: Split) -> None:
    sizes = run_sizes(config(), split)
    assert graph_bytes(sizes, "cuda") == 2 * graph_bytes(sizes) + 4 * 5_000


def test_a_softmax_step_grows_with_its_candidates(split: Split) -> None:
    few, many = (
        planned(config(loss=SoftmaxConfig(num_negatives=number)), split).passing["training step"]
        for number in (16, 1_024)
    )
    assert few < many


def test_scaled_layers_are_kept_for_the_gradient(split: Split) -> None:
    plain, scaled, deeper = (
        planned(config(model=model), split).passing["training step"]
        for model in (
            LightGCNConfig(),
            LightGCNConfig(normalize_layers=True),
            LightGCNConfig(normalize_layers=True, num_layers=4),
        )
    )
    assert plain < scaled < deeper


def test_a_model_that_is_not_trained_only_ranks(split: Split) -> None:
    plan = planned(config(model=PopularityConfig()), split)
    assert plan.held == {}
    assert list(plan.passing) == ["ranking"]


def test_the_largest_closed_form_counts(split: Split) -> None:
    run = config(model=MatrixFactorizationConfig())
    sizes = run_sizes(run, split)

    def stage(*models: EASEConfig | ItemKNNConfig | ChebyCFConfig) -> int:
        plan = plan_memory(run, split, sizes, device="cpu", closed_forms=list(models))
        return plan.passing["comparison"]

    each = [stage(model) for model in (EASEConfig(), ItemKNNConfig(), ChebyCFConfig())]
    assert stage(EASEConfig(), ItemKNNConfig(), ChebyCFConfig()) == max(each)
    assert min(each) > 4 * 2_000  # at least a value an item
    assert each[0] > 4 * 2_000**2


@dataclass
class Held:
    """A value with arrays at two depths."""

    array: NDArray[np.generic]
    inner: IdMap | None = None
    name: str = "not counted"


def test_arrays_are_counted_at_any_depth() -> None:
    value = Held(np.zeros(10, np.int64), IdMap(np.arange(5, dtype=np.int32)))
    assert nested_bytes(value) == 80 + 20
    assert nested_bytes(Held(np.array(["ab", "c"], dtype=object))) == 2 * (8 + 60)
    train = UserItems.from_pairs(np.arange(2), np.arange(2), num_users=2, num_items=2)
    before = nested_bytes(train)
    assert before == 3 * 8 + 2 * 4
    assert train.user_degree.tolist() == [1, 1]
    assert nested_bytes(train) == before + 2 * 8
