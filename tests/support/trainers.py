"""The processes in which a launcher trains the runs of a sweep."""

from __future__ import annotations

from pathlib import Path


def trainers(folder: Path) -> dict[int, int]:
    """Those whose command was started in ``folder``, each with the process that started it."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            mine = (process / "cwd").readlink() == folder.resolve()
            if mine and b"graphrec_cli.workflows.sweep_job" in (process / "cmdline").read_bytes():
                parent = (process / "stat").read_text("utf-8").rpartition(")")[2].split()[1]
                found[int(process.name)] = int(parent)
        except OSError:  # it has just ended
            continue
    return found
