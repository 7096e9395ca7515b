"""The lists of a run's best state beyond accuracy, beside those of its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.evaluation.protocol import PartResult
from graphrec_cli.models.base import Model
from graphrec_cli.training.context import RunContext


def look_beyond_accuracy(
    context: RunContext,
    model: Model,
    test: PartResult,
    baselines: Mapping[str, tuple[Model, PartResult]],
    attributes: ItemAttributes | None,
) -> dict[str, Any] | None:
    """Compute ``beyond_accuracy`` of metrics.json; None if the evaluation ranks nothing.

    Args:
        model: the best state, which has just been evaluated.
        test: its result on test.
        baselines: the models tested beside it and their results, by name. Of these only the one
            that a model should beat is looked at.
        attributes: of the items, by index; None if they have none.
    """
    evaluation = context.evaluation

    def figures(model: Model, result: PartResult) -> dict[str, Any] | None:
        found = evaluation.beyond_accuracy(model, context.split, "test", result, attributes)
        return None if found is None else asdict(found)

    own = figures(model, test)
    if own is None:
        return None
    return {"test": own, "baselines": {evaluation.floor: figures(*baselines[evaluation.floor])}}
