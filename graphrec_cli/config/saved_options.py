"""A saved configuration among Hydra's options: an experiment that selects the saved values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hydra.core.config_store import ConfigStore

from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.config.store import SCHEMAS

SAVED = "_saved_"
"""The name of the saved values as an option of every group."""


@contextmanager
def saved_options(saved: SavedConfig | None) -> Iterator[list[str]]:
    """Make the saved values an option of Hydra for the duration of the block.

    Overrides of values or of whole groups, and sweeps over them, then work as on top of any
    experiment.

    Yields:
        the words that select the saved values; empty without saved values.
    """
    if saved is None:
        yield []
        return
    repository = ConfigStore.instance().store
    values = {
        key: value
        for key, value in to_plain(saved.config).items()
        # The command decides where files go, not a file that it reads.
        if key not in (*SCHEMAS, "output_dir", "cache_dir")
    }
    selected = [{f"override /{group}": SAVED} for group in SCHEMAS]
    groups = {group: getattr(saved.config, group) for group in SCHEMAS}
    for group, node in groups.items():
        repository(group=group, name=SAVED, node=node)
    repository(
        group="experiment",
        name=SAVED,
        node={"defaults": [*selected, "_self_"], **values},
        package="_global_",
    )
    try:
        yield [f"experiment={SAVED}"]
    finally:
        for group in (*SCHEMAS, "experiment"):
            del ConfigStore.instance().repo[group][f"{SAVED}.yaml"]
