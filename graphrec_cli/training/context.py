"""The objects that training, selection and evaluation of one run share."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphrec_cli import components
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.evaluation.protocol import Evaluation, Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The config, data and evaluation of one run.

    Attributes:
        validation: selects the best epoch; None without a validation part.
        processes: those that train the run.
    """

    config: RunConfig
    split: Split
    device: torch.device
    evaluation: Evaluation
    validation: Validation | None
    processes: Processes = ONE_PROCESS

    @classmethod
    def of(
        cls,
        config: RunConfig,
        split: Split,
        device: torch.device,
        processes: Processes = ONE_PROCESS,
    ) -> RunContext:
        """Build the context of a run; it validates on the validation part, if the split has one."""
        evaluation = components.build_evaluation(config, device)
        return cls(
            config=config,
            split=split,
            device=device,
            evaluation=evaluation,
            validation=None if split.valid is None else Validation(evaluation, split),
            processes=processes,
        )
