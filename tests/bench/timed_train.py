"""Run ``graphrec train`` and write what it took: ``python timed_train.py FILE WORD ...``.

The file gets, as JSON, the seconds of every evaluation of the trained model, by part.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from graphrec_cli.cli import main
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import PartResult
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.base import EmbeddingModel, Model


def train(path: Path, words: list[str]) -> int:
    """Train with a clock around each evaluation; returns the exit code."""
    seconds: dict[str, list[float]] = {"valid": [], "test": []}
    evaluate = RankingEvaluation.evaluate

    def timed(self: RankingEvaluation, model: Model, split: Split, part: str) -> PartResult:
        started = time.perf_counter()
        result = evaluate(self, model, split, part)
        if isinstance(model, EmbeddingModel):
            seconds[part].append(time.perf_counter() - started)
        return result

    RankingEvaluation.evaluate = timed  # type: ignore[method-assign]
    code = main(["train", *words])
    path.write_text(json.dumps(seconds), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(train(Path(sys.argv[1]), sys.argv[2:]))
