"""``graphrec evaluate``: evaluate a completed run from its directory."""

from __future__ import annotations

import json
from dataclasses import asdict

from graphrec_cli.commands import recommend
from graphrec_cli.commands.run_arguments import one_of, sort_run_words
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.terminal_text import counted

HELP = """\
Evaluate a run's best checkpoint. Without further words the figures are those of
its metrics.json. Below the metrics of a ranking stand figures of the users'
top lists: coverage, Gini, popularity, novelty, diversity.

Examples:
  graphrec evaluate latest
  graphrec evaluate outputs/2026-01-31_12-00-00_lightgcn_goodbooks_hardneg
  graphrec evaluate latest part=valid
  graphrec evaluate latest evaluation.ks=[5,100] evaluation.ties=pessimistic
  graphrec evaluate latest part=valid model.item_norm_power=0.8 --json

Keys:
  part=test|valid          the part to evaluate
  evaluation.*             metrics and ranking, as in 'graphrec train --help'
  model.similarity, model.item_norm_power
                           how embeddings are compared
  device, num_threads      as in train
  output_dir=DIR           where 'latest' looks
"""

OVERRIDABLE = ("evaluation.*", *recommend.OVERRIDABLE)
"""Keys that change the evaluation but not the trained weights."""


def evaluate_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the metrics of one part.

    Raises:
        GraphrecError: wrong usage, or a run directory that cannot be read.
    """
    given = sort_run_words("evaluate", words, own=("part",), overridable=OVERRIDABLE)
    for word in given.overrides:
        if word.startswith("evaluation.floor="):
            raise ConfigError(
                f"'{word}' has no effect on evaluate; train compares with closed forms"
            )
    part = one_of("part", given.own.get("part", "test"), ("test", "valid"))

    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config

    from graphrec_cli.reporting.beyond_table import beyond_lines
    from graphrec_cli.reporting.tables import metrics_table
    from graphrec_cli.results.coverage import describe_coverage
    from graphrec_cli.workflows.evaluate import evaluate_beyond_accuracy  # imports torch

    result, beyond = evaluate_beyond_accuracy(run, saved, config, part)
    lists = None if beyond is None else asdict(beyond)
    if json_output:
        changed = {"overrides": given.overrides} if given.overrides else {}
        content = {part: result.metrics, "counts": result.counts, "beyond_accuracy": lists}
        print(json.dumps(content | changed))
    else:
        changed_by = f", with {' '.join(given.overrides)}" if given.overrides else ""
        users = result.counts["users_evaluated"]
        print(f"{part} metrics over {counted(int(users), 'user')} of {run.path}{changed_by}")
        for line in describe_coverage(result.counts, part):
            print(line)
        print(metrics_table({config.model.name: result.metrics}, list(result.metrics)))
        if lists is not None:
            for line in beyond_lines({config.model.name: lists}, config.monitor()):
                print(line)
    return 0
