"""The Hydra sweeper of a search: has the launcher run the trials that the study has drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from graphrec_cli.config.hydra_plugin import register_plugin


class OptunaSweeper(Sweeper):
    """Launches a batch of trials.

    The study draws them before, and takes their results afterwards: its storage is then the only
    state of a search, and each step is in it before the next one.
    """

    def __init__(self, **settings: object) -> None:
        """``settings`` are the values of the option; ``take_search`` reads and checks them."""
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Make the launcher that the words choose."""
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Sequence[JobReturn]:
        """Launch one job for each number.

        Args:
            arguments: one word, ``seed=`` and the numbers of the jobs.
        """
        assert self.launcher is not None
        key, _, numbers = arguments[0].partition("=")
        jobs = [[f"{key}={number}"] for number in numbers.split(",")]
        results = self.launcher.launch(jobs, initial_job_idx=0)
        for result in results:
            _ = result.return_value  # raises the error of the job
        return results


@cache
def register_sweeper() -> None:
    """Make ``hydra/sweeper=graphrec_optuna`` known to Hydra."""
    register_plugin(OptunaSweeper, "graphrec")
