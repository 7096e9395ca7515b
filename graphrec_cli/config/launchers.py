"""The launcher of a sweep: which one is chosen, and what each of its jobs gets of the machine."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec_cli.config.arguments import LAUNCHER_GROUP, Arguments, hydra_words
from graphrec_cli.config.compose import compose_hydra, explained
from graphrec_cli.config.ray_launcher import RAY
from graphrec_cli.config.text_values import quoted
from graphrec_cli.errors import ConfigError

_KINDS = {
    "JoblibLauncher": "joblib",
    "LocalLauncher": "submitit_local",
    "SlurmLauncher": "submitit_slurm",
    "RayLauncher": RAY,
}
"""Class of a launcher to its name; an option of the user's own may have any name."""
_SUBMITIT = ("hydra_plugins.hydra_submitit_launcher", "slurm")
_SUBMITIT_FOLDER = "${hydra.sweep.dir}/.submitit/%j"
"""Default of the plugin."""
LAUNCHERS = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", "joblib"),
    "submitit_local": _SUBMITIT,
    "submitit_slurm": _SUBMITIT,
    RAY: ("ray", "ray"),
}
"""Option of the group to the module that it needs, and the extra that installs it."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """A launcher that runs jobs at the same time, in other processes.

    Attributes:
        kind: ``joblib``, ``submitit_local``, ``submitit_slurm``, ``graphrec_ray``, or ``other``.
        values: of ``hydra.launcher``.
    """

    kind: str
    values: dict[str, Any]

    @property
    def on_this_machine(self) -> bool:
        """Whether all jobs share the processors and devices of this machine."""
        return self.kind in ("joblib", "submitit_local")

    def parallel_jobs(self, jobs: int, cores: int) -> int:
        """How many jobs run at the same time, for a launcher on this machine.

        Args:
            jobs: all jobs that are to run.
            cores: of this machine. A negative ``n_jobs`` of joblib leaves cores out, as -2 does
                one.
        """
        wanted = jobs
        if self.kind == "joblib":
            number = int(self.values["n_jobs"])
            wanted = number if number > 0 else cores + 1 + number
        return max(min(wanted, jobs), 1)

    def threads_per_job(self, jobs: int, cores: int) -> int | None:
        """The number of threads of a job without ``num_threads``; None leaves it to torch.

        Args:
            jobs: all jobs that are to run.
            cores: of this machine.
        """
        if self.kind in ("submitit_local", "submitit_slurm") and self.values["cpus_per_task"]:
            return int(self.values["cpus_per_task"])
        if self.on_this_machine:
            return max(cores // self.parallel_jobs(jobs, cores), 1)
        if self.kind == "submitit_slurm":
            return 1  # what Slurm gives a task that asks for nothing
        if self.kind == RAY:
            return max(int(self.values["num_cpus"]), 1)
        return None

    def words_for(self, folder: Path) -> list[str]:
        """Words that put the launcher's own files into a folder, unless the user has chosen one."""
        if self.values.get("submitit_folder") != _SUBMITIT_FOLDER:
            return []
        return [f"hydra.launcher.submitit_folder={quoted(str(folder))}"]


def chosen_launcher(arguments: Arguments) -> Launcher | None:
    """The launcher that the words choose; None if the jobs take turns in this process.

    Raises:
        ConfigError: there is no such launcher, its package is not installed, or a value is refused.
    """
    own = hydra_words(arguments.overrides)
    names = [
        word.partition("=")[2].strip("'\"") for word in own if word.startswith(f"{LAUNCHER_GROUP}=")
    ]
    if not names:
        return None
    _refuse_missing(names[-1])
    values = compose_hydra(arguments, "launcher")
    with explained(own):
        kind = str(values["_target_"]).rpartition(".")[2]
        if kind == "BasicLauncher":
            return None
        launcher = Launcher(_KINDS.get(kind, "other"), values)
        launcher.threads_per_job(1, 1)  # a value that is no number is refused here
    if launcher.kind == "joblib" and values["n_jobs"] == 0:
        raise ConfigError("hydra.launcher.n_jobs must be a number of jobs, or -1 for all cores")
    return launcher


def _refuse_missing(name: str) -> None:
    if name not in LAUNCHERS:
        return
    module, extra = LAUNCHERS[name]
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # its parent package
        found = None
    if found is None:
        raise ConfigError(
            f"{LAUNCHER_GROUP}={name} needs a package that is not installed; run "
            f"pip install 'graphrec-cli[{extra}]'"
        )
