"""What a result of a sweep's run must look like; its file may come from somebody else."""

from __future__ import annotations

from typing import TypeGuard

_TYPES: dict[str, type | tuple[type, ...]] = {
    "number": int,
    "values": dict,
    "floor_of": (int, type(None)),
    "ranked_with": int,
    "overrides": list,
    "monitor": str,
    "lower_is_better": bool,
    "run": (str, type(None)),
    "metrics": (dict, type(None)),
    "state": str,
    "seconds": (int, float),
    "exit_code": int,
    "error": (str, type(None)),
}


def is_result(content: object) -> TypeGuard[dict[str, object]]:
    """Whether all keys are there, with values that the table of the sweep can show."""
    if not isinstance(content, dict):
        return False
    typed = all(
        name in content and isinstance(content[name], kind) for name, kind in _TYPES.items()
    )
    if not typed or not all(isinstance(value, str) for value in content["values"].values()):
        return False
    metrics = content["metrics"]
    return metrics is None or (content["run"] is not None and _is_metrics(metrics))


def _is_metrics(metrics: dict[str, object]) -> bool:
    """Whether the parts of a metrics.json that a sweep reads are there."""
    baselines, counts, floor = (metrics.get(name) for name in ("baselines", "counts", "floor"))
    if not isinstance(baselines, dict) or not all(map(_is_numbers, baselines.values())):
        return False
    if not all(
        metrics.get(part) is None or _is_numbers(metrics[part]) for part in ("valid", "test")
    ):
        return False
    if not isinstance(counts, dict) or not isinstance(counts.get("test"), (dict, type(None))):
        return False
    if metrics.get("test") is not None and counts.get("test") is None:
        return False
    if floor is None:
        return True
    return (
        isinstance(floor, dict)
        and isinstance(floor.get("model"), str)
        and isinstance(floor.get("metric"), str)
        and isinstance(floor.get("valid"), int | float)
        and _is_numbers(metrics.get("valid"))
    )


def _is_numbers(values: object) -> bool:
    return isinstance(values, dict) and all(isinstance(of, int | float) for of in values.values())
