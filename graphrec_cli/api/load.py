"""Find a run and open it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphrec_cli.api.run import Run
from graphrec_cli.commands.home_paths import expand_home
from graphrec_cli.commands.run_arguments import one_of
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run

CHANGEABLE = ("model.similarity", "model.item_norm_power")
"""Keys of a run's config that may be changed without training again."""


def load_run(
    run: str | Path = "latest",
    *overrides: str,
    output_dir: str | Path | None = None,
    device: str = "cpu",
    num_threads: int | None = None,
    plugins: Sequence[str] = (),
) -> Run:
    """Open a run. The data and the model are read when they are first needed.

    Args:
        run: a run directory, its config.json, or ``latest``: the newest completed run.
        overrides: words such as ``model.item_norm_power=0.5``; of the run's config, only
            ``model.similarity`` and ``model.item_norm_power`` may change.
        output_dir: where ``latest`` looks; None is ``outputs``.
        device: ``cpu``, ``cuda`` or ``auto``.
        num_threads: CPU threads that this process uses from now on; None leaves them as they are.
        plugins: the plugins that the run was trained with, as after ``--plugin``.

    Raises:
        ConfigError: no such run, its config is refused, or a word is wrong.
    """
    one_of("device", device, [choice.name for choice in Device])
    for word in overrides:
        if word.partition("=")[0] not in CHANGEABLE:
            raise ConfigError(f"load_run cannot change '{word}'; it takes {', '.join(CHANGEABLE)}")
    if num_threads is not None and num_threads < 1:
        raise ConfigError(f"num_threads must be at least 1, got {num_threads}")
    (name,) = expand_home([str(run)])
    folder = Path(RunConfig().output_dir if output_dir is None else output_dir).expanduser()
    return Run(
        find_run(name, folder, Need.model),
        overrides,
        device=Device[device],
        num_threads=num_threads,
        plugins=plugins,
    )
