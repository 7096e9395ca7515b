"""The values of a run that its options do not set: what its command line changed."""

from __future__ import annotations

from graphrec_cli.config.ablation import Change, changes_between
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import SCHEMAS


def changed_values(saved: SavedConfig) -> list[Change]:
    """Every value of a run that differs from the option chosen in its group, and its seed.

    Keys that the run's release did not have, and keys of the machine such as ``device``, are left
    out.
    """
    changes = changes_between(saved, None, tuple(SCHEMAS))
    seed, usual = saved.config.seed, RunConfig().seed
    if seed != usual:
        changes.append(Change("seed", str(seed), str(usual), [f"seed={usual}"]))
    return [change for change in changes if change.key not in saved.absent]
