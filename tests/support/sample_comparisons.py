"""Made-up comparisons of runs, with the structure that ``graphrec compare --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import combinations, cycle
from typing import Any

import numpy as np

METRICS = ("hit@10", "recall@10", "ndcg@10", "recall@20", "ndcg@20", "mrr")
EDGES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
SEGMENTS = ("head", "middle", "tail")
USERS = 12_345


def sample_comparison(
    num_entries: int = 4,
    *,
    epochs: int = 40,
    seeds: int = 3,
    metrics: tuple[str, ...] = METRICS,
    margin: float | None = 0.001,
) -> dict[str, Any]:
    """A comparison by ndcg@10 whose figures are random but could be those of real runs."""
    rng = np.random.default_rng(7)
    entries = [_entry(rng, index, epochs, seeds, metrics) for index in range(num_entries)]
    return {
        "schema_version": 1,
        "part": "test",
        "metric": "ndcg@10",
        "metrics": list(metrics),
        "lower_is_better": False,
        "confidence": 0.95,
        "split_hashes": ["3f9a5d0c77e1b2a4c6d8e0f2a4b6c8d0e2f4a6b8c0d2e4f6a8b0c2d4e6f8a0b2"],
        "users": USERS,
        "margin": margin,
        "config_keys": ["sampler", "model.num_layers", "trainer.learning_rate"],
        "entries": entries,
        "baselines": {"popularity": dict.fromkeys(metrics, 0.021)},
        "pairs": [
            _pair(rng, a, b, metric, margin)
            for metric in metrics
            for a, b in combinations(entries, 2)
        ],
    }


def _name(index: int) -> str:
    letter = chr(ord("A") + index % 26)
    return letter if index < 26 else _name(index // 26 - 1) + letter


def _entry(
    rng: np.random.Generator,
    index: int,
    epochs: int,
    seeds: int,
    metrics: tuple[str, ...],
) -> dict[str, Any]:
    sampler = ("hardneg", "uniform", "popularity")[index % 3]
    layers, rate = 3 - index % 2, f"{0.01 / 2 ** (index % 4):g}"
    level = 0.034 * 0.93**index
    means = {metric: level * rng.uniform(1.9, 2.1) for metric in metrics} | {"ndcg@10": level}
    parts = (1.6, 1.0, 0.55)
    return {
        "name": _name(index),
        "label": f"lightgcn, sampler={sampler}, model.num_layers={layers}",
        "runs": [
            f"outputs/2026-11-28_1{index % 10}-0{seed}-17_lightgcn_goodbooks_{sampler}"
            for seed in range(1, seeds + 1)
        ],
        "seeds": list(range(1, seeds + 1)),
        "values": {
            "sampler": sampler,
            "model.num_layers": str(layers),
            "trainer.learning_rate": rate if index % 5 else "-",
        },
        "figures": {
            metric: {
                "mean": mean,
                "low": mean * 0.97,
                "high": mean * 1.03,
                "sd_of_seeds": mean * rng.uniform(0.002, 0.01) if seeds > 1 else None,
            }
            for metric, mean in means.items()
        },
        "segments": {
            "users": {
                part: {
                    "users": USERS // 3,
                    "figures": {m: x * share * rng.uniform(0.9, 1.1) for m, x in means.items()},
                }
                for part, share in zip(SEGMENTS, (0.8, 1.0, 1.2), strict=True)
            },
            "items": {
                part: {
                    "pairs": 4_000 * (3 - place),
                    "figures": {
                        m: x * parts[place] * rng.uniform(0.8, 1.2)
                        for m, x in means.items()
                        if m.startswith(("recall", "hit"))
                    },
                }
                for place, part in enumerate(SEGMENTS)
            },
        },
        "rank_histogram": {
            "edges": list(EDGES),
            "shares": (rng.dirichlet(np.linspace(2, 12, len(EDGES)) * 20) * 0.98).tolist(),
            "missed": 0.02,
        },
        "curves": [
            _curve(rng, f"seed {seed}", epochs, level, metrics) for seed in range(1, seeds + 1)
        ],
    }


def _curve(
    rng: np.random.Generator, run: str, epochs: int, level: float, metrics: tuple[str, ...]
) -> dict[str, Any]:
    epoch = np.arange(1, epochs + 1)
    rise = level * (1 - np.exp(-epoch / (0.15 * epochs))) * (1 - 0.1 * epoch / epochs)
    loss = (0.69 - 8 * level) * np.exp(-epoch / (0.2 * epochs)) + 8 * level
    loss += rng.normal(0, 0.002, epochs)
    scales = {m: 1 + 0.15 * place for place, m in enumerate(metrics)}
    values = {m: scales[m] * (rise + rng.normal(0, 2e-4, epochs)) for m in metrics}
    validated = (epoch % 2 == 0) | (epoch == epochs)
    return {
        "run": run,
        "epoch": epoch.tolist(),
        "loss": loss.tolist(),
        "valid": {
            m: [x if known else None for x, known in zip(v.tolist(), validated, strict=True)]
            for m, v in values.items()
        },
        "selected_epoch": int(epoch[np.where(validated, values["ndcg@10"], -1).argmax()]),
    }


def _pair(
    rng: np.random.Generator,
    a: dict[str, Any],
    b: dict[str, Any],
    metric: str,
    margin: float | None,
) -> dict[str, Any]:
    difference = a["figures"][metric]["mean"] - b["figures"][metric]["mean"]
    half = rng.uniform(0.0008, 0.0016)
    p = float(np.exp(-abs(difference) / half * 2.5))
    wins = int(rng.integers(900, 1_500))
    losses = int(wins * rng.uniform(0.7, 0.95))
    return {
        "a": a["name"],
        "b": b["name"],
        "metric": metric,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "test": "randomisation",
        "p": p,
        "p_holm": min(1.0, p * 6),
        "wins": wins,
        "losses": losses,
        "ties": USERS - wins - losses,
        "equivalence": None
        if margin is None
        else {
            "margin": margin,
            "low": difference - 0.8 * half,
            "high": difference + 0.8 * half,
            "p": min(1.0, 2 * p + 0.01),
            "no_worse": difference + 0.8 * half < margin,
        },
        "needed_users": int(USERS * (half / difference) ** 2) + 1,
        "needed_seeds": 3 if len(a["seeds"]) > 1 else None,
        "segments": {
            "users": {
                part: {
                    "difference": difference * factor,
                    "low": difference * factor - 1.7 * half,
                    "high": difference * factor + 1.7 * half,
                }
                for part, factor in zip(SEGMENTS, (0.6, 1.0, 1.4), strict=True)
            }
        },
    }


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>alert(2)</script>",
    "\"'><svg onload=alert(3)>",
    "javascript:alert(4)",
    "{{ 7 * 7 }}{% for x in y %}",
    "&lt;b&gt;&#60;",
    "\u202eright to left\u2066",
    "\u2028line\u2029 \x00\x1b[31m\x7f\ud800",
    "__proto__",
    "w" * 200,
    "Z" + "\u0301\u0330\u0348" * 30,
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "constructor",
    "<b>" * 3_000 + "x" * 1_000,
    "",
)


def with_texts(comparison: dict[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """The same comparison with these texts, in turn, wherever a file of a run could put one."""
    turn = cycle(texts)
    changed = deepcopy(comparison)
    metrics = {metric: next(turn) for metric in changed["metrics"]}
    # Texts that are the same would be one key; a number in front keeps them apart.
    metrics = {m: f"{place}{text}" for place, (m, text) in enumerate(metrics.items())}
    keys = {key: f"{place}{next(turn)}" for place, key in enumerate(changed["config_keys"])}
    changed["metrics"] = list(metrics.values())
    changed["metric"] = metrics[changed["metric"]]
    changed["config_keys"] = list(keys.values())
    changed |= {"part": next(turn), "split_hashes": [next(turn)]}
    baselines = changed["baselines"].values()
    changed["baselines"] = {next(turn): _renamed(figures, metrics) for figures in baselines}
    for entry in changed["entries"]:
        entry |= {"label": next(turn), "runs": [next(turn) for _ in entry["runs"]]}
        entry |= {"values": {key: next(turn) for key in keys.values()}, "seeds": [next(turn)]}
        entry["figures"] = _renamed(entry["figures"], metrics)
        for part in [*entry["segments"]["users"].values(), *entry["segments"]["items"].values()]:
            part["figures"] = _renamed(part["figures"], metrics)
        for curve in entry["curves"]:
            curve |= {"run": next(turn), "valid": _renamed(curve["valid"], metrics)}
    for pair in changed["pairs"]:
        pair |= {"metric": metrics[pair["metric"]], "test": next(turn)}
    return changed


def _renamed(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items()}
