"""``graphrec evaluate``: a finished run's figures again, from its directory alone."""

from __future__ import annotations

import json
from pathlib import Path

from graphrec_cli.config.overrides import split_overrides, with_overrides
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError

HELP = """\
Evaluate a run's best checkpoint again: the same figures as its metrics.json.

Examples:
  graphrec evaluate latest
  graphrec evaluate outputs/2026-01-31_12-00-00_lightgcn_goodbooks_hardneg
  graphrec evaluate latest part=valid
  graphrec evaluate latest evaluation.ks=[5,100] evaluation.ties=pessimistic --json

Keys: part=test|valid, evaluation.*, device, num_threads; output_dir says where 'latest' looks.
"""


def evaluate_command(words: list[str], *, json_output: bool) -> int:
    """Print the metrics of the part asked for.

    Raises:
        GraphrecError: wrong usage, or a run directory that cannot be read.
    """
    if {"-h", "--help"} & set(words):
        print(HELP, end="")
        return 0
    # A folder's name is taken as it is, an equals sign in it too.
    names = [word for word in words if "=" not in word or _exists(word)]
    if len(names) != 1 or names[0].startswith("-"):
        raise ConfigError(
            "evaluate takes one run directory, or 'latest', then key=value; see --help"
        )
    own, overrides = split_overrides(
        [word for word in words if word != names[0]], names=("part", "output_dir")
    )
    part = own.get("part", "test")
    if part not in ("test", "valid"):
        raise ConfigError(f"part must be test or valid, got '{part}'")
    for word in overrides:
        key = word.partition("=")[0]
        if not key.startswith("evaluation.") and key not in ("device", "num_threads"):
            raise ConfigError(
                f"evaluate cannot change '{word}'; it takes part, evaluation.*, device, num_threads"
            )

    from graphrec_cli.evaluate_run import evaluate_run
    from graphrec_cli.reporting.tables import metrics_table
    from graphrec_cli.rundir import RunDirectory

    run = RunDirectory.find(names[0], Path(own.get("output_dir", RunConfig().output_dir)))
    config = with_overrides(read_config(run.config), overrides).config
    result = evaluate_run(run, config, part)
    if json_output:
        print(json.dumps({part: result.metrics, "counts": result.counts}))
    else:
        print(f"{part} metrics over {result.counts['users_evaluated']:,} users of {run.path}")
        print(metrics_table({config.model.name: result.metrics}, list(result.metrics)))
    return 0


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # too long for a path, so it is a value
        return False
