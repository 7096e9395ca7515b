"""The values that trackers show."""

from __future__ import annotations

import json
import math

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.tracking.values import epoch_values, figures_of, params_of


def test_every_value_of_the_config_is_a_parameter_but_folders_and_bands() -> None:
    words = ["model.embedding_dim=7", "evaluation.ks=[5,10]", "output_dir=/somewhere/of/mine/runs"]
    config = compose_run(Arguments([], words)).config
    params = params_of(config)
    assert params["model.embedding_dim"] == 7
    assert params["evaluation.ks"] == "[5, 10]"
    assert params["num_threads"] is None
    assert "/somewhere/of/mine" not in json.dumps(params)
    # Nested again, they are the config.
    again: dict[str, object] = {}
    for key, value in params.items():
        *groups, name = key.split(".")
        node = again
        for group in groups:
            node = node.setdefault(group, {})  # type: ignore[assignment]
        node[name] = json.loads(value) if name == "ks" and isinstance(value, str) else value
    left_out = ("data_dir", "output_dir", "cache_dir", "expected")
    assert again == {key: to_plain(config)[key] for key in to_plain(config) if key not in left_out}


def test_an_epoch_has_its_row_without_what_is_no_number() -> None:
    row = {
        "epoch": 3,
        "step": 18,
        "loss": 0.5,
        "learning_rate": 0.01,
        "seconds": 2.0,
        "triplets_per_second": 100,
        "valid": {"ndcg@10": 0.1, "mrr": math.nan},
    }
    assert epoch_values(row) == {
        "loss": 0.5,
        "learning_rate": 0.01,
        "seconds": 2.0,
        "triplets_per_second": 100.0,
        "valid/ndcg@10": 0.1,
    }
    assert "valid/ndcg@10" not in epoch_values(row | {"valid": None})


def test_figures_have_test_valid_and_baselines() -> None:
    metrics = {
        "test": {"ndcg@10": 0.2},
        "valid": None,
        "baselines": {"popularity": {"ndcg@10": 0.1}, "ceiling": {"ndcg@10": None}},
        "selected_epoch": 4,
        "epochs_run": 5,
        "weights_sha256": "ab",
    }
    assert figures_of(metrics) == {
        "test/ndcg@10": 0.2,
        "baselines/popularity/ndcg@10": 0.1,
        "selected_epoch": 4.0,
        "epochs_run": 5.0,
    }
    assert figures_of(metrics | {"test": None, "baselines": {}}) == {
        "selected_epoch": 4.0,
        "epochs_run": 5.0,
    }
