"""``graphrec plan``: what a run would need, before it is trained."""

from __future__ import annotations

import json

from graphrec_cli.commands.saved_config import take_saved
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.hydra_app import print_config
from graphrec_cli.config.plan_words import take_plan_words
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.system.progress import progress

HELP = """\
Plan a run: its sizes, its memory by part, and its time. A few real training
steps and evaluations are timed on this machine, which takes seconds. No run
directory is made; the prepared data are stored in the cache.

Examples:
  graphrec plan
  graphrec plan dataset=goodbooks sampler=hardneg data_dir=DIR
  graphrec plan dataset=table dataset.path=FILE model.embedding_dim=256
  graphrec plan --from RUN trainer.epochs=50         a saved run with one change
  graphrec plan model=ease --json
  graphrec plan plan.ranks=4 plan.bandwidth=1.2
  graphrec plan plan.gpu_bandwidth=3350

Keys:
  all of 'graphrec train'   so a train command is planned when 'train' becomes
                            'plan'
  plan.ranks=N              also plan for N processes that share the columns of
                            the embeddings; needs plan.bandwidth
  plan.bandwidth=GB         GB/s that each process can send (10 Gbit/s are 1.25)
  plan.gpu_bandwidth=GB     also plan for a GPU whose memory has this many GB/s

Flags: --from RUN, --json, --cfg job, --info, --config-dir DIR, --plugin FILE,
--debug; see 'graphrec train --help'.
"""


def plan_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the plan of the configured run.

    Raises:
        GraphrecError: wrong usage, or data that a run cannot use.
    """
    asked, rest = take_plan_words(words)
    _, rest = take_tracker_words(rest)  # they change nothing that is planned
    saved, rest = take_saved(rest)
    arguments = sort_arguments(rest)
    if arguments.multirun:
        raise ConfigError("plan takes one configuration; remove --multirun")
    if not arguments.trains:
        print_config(arguments, saved)
        return 0
    with progress("checking the configuration", in_log=False):
        config = compose_run(arguments, saved).config
        check_data(config)

    with progress("loading torch", in_log=False):
        from graphrec_cli.reporting.plan_tables import plan_report
        from graphrec_cli.workflows.plan_run import plan_run

    report = plan_run(config, asked)
    print(json.dumps(report, allow_nan=False) if json_output else plan_report(report))
    return 0
