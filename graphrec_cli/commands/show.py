"""``graphrec show``: one run at a glance."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from graphrec_cli.commands.run_arguments import sort_run_words
from graphrec_cli.commands.runs import as_json
from graphrec_cli.rundir.find_run import Need, find_run

if TYPE_CHECKING:
    from graphrec_cli.workflows.show_run import RunPage

HELP = """\
Show one run, whatever its state: what it is, the values that its options do
not set, the curves of its training, its figures beside baselines, its files.

Examples:
  graphrec show latest
  graphrec show outputs/2026-01-31_12-00-00_lightgcn_goodbooks_hardneg
  graphrec show latest --json

Keys:
  output_dir=DIR           where 'latest' looks, which is the newest run here,
                           also one that is running or has failed

The curves are plain characters; plots/curves.png in the run directory has all
metrics.
"""


def show_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the page of a run.

    Raises:
        GraphrecError: wrong usage, or no such run.
    """
    given = sort_run_words("show", words, own=(), overridable=())
    run = find_run(given.run, given.output_dir, Need.nothing)

    from graphrec_cli.reporting.run_page import run_page
    from graphrec_cli.reporting.terminal_curves import can_show_dots
    from graphrec_cli.workflows.show_run import show_run

    page = show_run(run)
    if json_output:
        print(json.dumps(page_as_json(page)))
    else:
        print(run_page(page, dots=can_show_dots(sys.stdout.encoding)))
    return 0


def page_as_json(page: RunPage) -> dict[str, Any]:
    """The page as plain values."""
    return {
        **as_json(page.summary),
        "seconds": page.seconds,
        "options": page.options or as_json(page.summary)["options"],
        "changes": [
            {"key": change.key, "value": change.now, "option": change.back}
            for change in page.changes
        ],
        "epochs": page.epochs,
        "selected_epoch": page.selected,
        "history": page.history,
        "baselines_valid": page.baselines_valid,
        "baselines": page.baselines,
        "floor": page.floor,
        "counts": page.counts,
        "device": page.device or None,
        "graphrec": page.release or None,
        "commit": page.commit or None,
        "command": page.command or None,
        "files": [file._asdict() for file in page.files],
        "unread": page.unread,
    }
