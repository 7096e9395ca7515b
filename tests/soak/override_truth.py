"""The values that documented keys accept and refuse, written by hand from the documentation.

Nothing is read from graphrec itself, so that missing checks are found.
"""

from __future__ import annotations

from override_kinds import Cutoffs, Kind, One, Real, Switch, Text, Whole

EVERYWHERE: dict[str, Kind] = {
    "seed": Whole(0),
    "device": One(("auto", "cpu", "cuda")),
    "num_threads": Whole(1, 1024, null=True),
    "data_dir": Text(),
    "output_dir": Text(),
    "plots": Switch(),
    "trainer.epochs": Whole(1),
    "trainer.steps_per_epoch": Whole(1, null=True),
    "trainer.batch_size": Whole(1, null=True),
    "trainer.learning_rate": Real(0, 1e300, open_low=True),
    "trainer.learning_rate_decay": Real(0, 1, open_low=True),
    "trainer.warmup_steps": Whole(0),
    "trainer.final_learning_rate": Real(0, 1e300, null=True),
    "trainer.weight_decay": Real(0, 1e300),
    "trainer.validate_every": Whole(1),
    "trainer.valid_users": Whole(1, null=True),
    "trainer.monitor": One(("ndcg@9", "mrr", "recall@7", "hit@1", "map@3", "precision@2"), True),
    "trainer.patience": Whole(1, null=True),
    "trainer.checkpoint_every": Whole(1),
    "evaluation.ks": Cutoffs(),
    "evaluation.mask_valid": Switch(),
    "evaluation.ties": One(("random", "pessimistic", "optimistic")),
    "evaluation.cold_items": One(("exclude", "miss")),
    "evaluation.map_denominator": One(("min", "held_out")),
    "evaluation.chunk_users": Whole(1, null=True),
    "dataset.k_core.mode": One(("fixpoint", "one_pass")),
    "dataset.k_core.min_user_interactions": Whole(1),
    "dataset.k_core.min_item_interactions": Whole(1),
    "dataset.prefilter.rating_threshold": Real(-1e300, 1e300, null=True),
    "dataset.prefilter.k_core.mode": One(("fixpoint", "one_pass")),
    "dataset.prefilter.k_core.min_user_interactions": Whole(1),
    "dataset.prefilter.k_core.min_item_interactions": Whole(1),
}
"""Keys that the runs below all have."""

EMBEDDINGS: dict[str, Kind] = {
    "model.embedding_dim": Whole(1, 65_536),
    "model.init": One(("xavier", "xavier_per_table", "normal")),
    "model.init_std": Real(0, 1e300, open_low=True),
    "model.similarity": One(("dot", "cosine")),
    "model.item_norm_power": Real(0, 10),
}

IN_OPTION: dict[str, dict[str, Kind]] = {
    "dataset=synthetic": {
        "dataset.num_users": Whole(10, 156_250),  # at most 250 million pairs with 1,600 items
        "dataset.num_items": Whole(120, 113_636),
        "dataset.mean_interactions": Real(5, 800),
        "dataset.num_groups": Whole(1, 1600),
        "dataset.popularity_exponent": Real(0, 3),
        "dataset.group_strength": Real(0, 20),
    },
    "dataset=goodbooks": {
        "dataset.folder": Text(),
        "dataset.rating_threshold": Real(1, 5),
        "dataset.download": Switch(),
    },
    "dataset=movielens_100k": {
        "dataset.folder": Text(),
        "dataset.download": Switch(),
        "dataset.rating_threshold": Real(0.5, 5, null=True),
        "dataset.fold": One(("u1", "u2", "u3", "u4", "u5", "ua", "ub"), null=True),
    },
    "dataset=book_crossing": {
        "dataset.folder": Text(),
        "dataset.download": Switch(),
        "dataset.rating_threshold": Real(0, 10, null=True),
        "dataset.max_bad_lines": Real(0, 1),
    },
    "split=leave_one_out": {
        "split.by": One(("random", "time", "rating")),
        "split.valid": Whole(0, 1),
        "split.min_interactions": Whole(2),
    },
    "split=ratio": {
        "split.scope": One(("user", "all")),
        "split.test_ratio": Real(0, 0.9, open_low=True, open_high=True),
        "split.valid_ratio": Real(0, 0.9, open_high=True),
    },
    "split=global_time": {
        "split.test_ratio": Real(0, 0.9, open_low=True, open_high=True),
        "split.valid_ratio": Real(0, 0.9, open_high=True),
    },
    "split=k_fold": {
        "split.scope": One(("user", "all")),
        "split.folds": Whole(2),
        "split.fold": Whole(0, 4),
    },
    "model=lightgcn": {
        "model.num_layers": Whole(0, 1000),
        "trainer.precision": One(("fp32", "bf16")),
        **EMBEDDINGS,
    },
    "model=mf": EMBEDDINGS,
    "model=popularity": {},
    "model=itemknn": {"model.neighbors": Whole(1, 2**63 - 1), "model.shrink": Real(0, 1e9)},
    "model=ease": {"model.l2": Real(0, 1e9, open_low=True)},
    "model=gfcf": {
        "model.alpha": Real(0, 1e9),
        "model.singular_vectors": Whole(1, 2**63 - 1),
    },
    "sampler=uniform": {
        "sampler.by": One(("user", "distinct_user", "interaction")),
        "sampler.exclude_seen": Switch(),
    },
    "sampler=hardneg": {
        "sampler.by": One(("user", "distinct_user", "interaction")),
        "sampler.popular_probability": Real(0, 1),
        "sampler.popular_pool": Whole(1, null=True),
    },
    "loss=bpr": {
        "loss.l2": Real(0, 1e300),
        "loss.l2_final": Real(0, 1e300),
        "loss.l2_all": Real(0, 1e300),
    },
    "loss=softmax": {
        "loss.temperature": Real(1e-3, 1e3),
        "loss.negatives": One(("shared", "in_batch")),
        "loss.num_negatives": Whole(1, 1_000_000),
        "loss.uniform_share": Real(0, 1),
        "loss.log_q": Switch(),
    },
}
"""Keys of an option in an otherwise default run."""

DEFAULTS = (
    "dataset=synthetic",
    "split=leave_one_out",
    "model=lightgcn",
    "sampler=uniform",
    "loss=bpr",
)


def keys_with(option: str) -> dict[str, Kind]:
    """All keys above that a run with this option has."""
    group = option.partition("=")[0]
    options = [option, *(other for other in DEFAULTS if not other.startswith(f"{group}="))]
    return EVERYWHERE | {key: kind for chosen in options for key, kind in IN_OPTION[chosen].items()}
