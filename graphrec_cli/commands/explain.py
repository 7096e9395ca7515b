"""``graphrec explain``: what each train item of a user adds to the score of an item."""

from __future__ import annotations

import logging

from graphrec_cli.commands import recommend
from graphrec_cli.commands.out_words import out_file, pick_format
from graphrec_cli.commands.run_arguments import one_of, sort_run_words, whole_number
from graphrec_cli.config.closed_form import ClosedFormConfig
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.linear_score import refuse_without_linear_score
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.storage.atomic import atomic_write

HELP = """\
Explain why an item has its score for a user: split the score exactly into the
user's own term and what each train item of the user adds.

Examples:
  graphrec explain latest user=17 item=42
  graphrec explain latest user=17 item=42 k=20 paths=true
  graphrec explain latest user=17 item=42 out=why.png
  graphrec explain latest user=17 item=42 --json

Keys:
  user=ID            a user of the run, by raw id
  item=ID            an item of the run, by raw id
  k=10               train items to show, those that add or take away the most;
                     the others are summed in one line
  graph=true|false   also show how the score changes if the pair is taken out of
                     the graph; default: true for models with a graph
  paths=false|true   also split what each train item adds by the other users of
                     that item
  out=FILE           write to a file; its ending (.csv, .json, .png) sets the
                     format
  model.similarity, model.item_norm_power
                     how embeddings are compared
  device, num_threads
                     as in train
  output_dir=DIR     where 'latest' looks

The score must be linear in the user's row of the train matrix: lightgcn and
lightgcn_rating with layers, itemknn, ease, gfcf and chebycf. Other models, and
the options that break this, are refused by name.
"""

FORMATS = ("table", "csv", "json", "png")
CHOICES = {"graph": ("true", "false"), "paths": ("true", "false")}
"""Keys with a fixed set of values."""
KEYS = ("user", "item", "k", *CHOICES, "out")
"""Keys of this command that no config has; their values are text."""

log = logging.getLogger("graphrec")


def explain_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print or write the explanation.

    Raises:
        GraphrecError: wrong usage, an unknown user or item, a model that cannot be explained, or a
            run that cannot be read.
    """
    given = sort_run_words("explain", words, own=KEYS, overridable=recommend.OVERRIDABLE)
    own = given.own
    for key, choices in CHOICES.items():
        if key in own:
            one_of(key, own[key], choices)
    for key in ("user", "item"):
        if not own.get(key):
            raise ConfigError(f"explain needs {key}=ID; see --help")
    out = out_file(own["out"]) if "out" in own else None
    file_format = pick_format(None, out, FORMATS, json_output=json_output)
    k = whole_number("k", own.get("k", "10"), 1)

    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config
    refuse_without_linear_score(config.model)
    has_graph = not isinstance(config.model, ClosedFormConfig)
    for key in CHOICES:
        if own.get(key) == "true" and not has_graph:
            raise ConfigError(
                f"{key}=true needs embeddings that are propagated over a graph; "
                f"model={config.model.name} has none, so remove {key}"
            )

    from graphrec_cli.reporting.explanation import TEXTS
    from graphrec_cli.reporting.explanation_plot import draw_explanation
    from graphrec_cli.reporting.stdout import write_stdout
    from graphrec_cli.workflows.explain import Question, explain  # imports torch

    question = Question(
        user=own["user"],
        item=own["item"],
        k=k,
        without=own.get("graph") != "false",
        paths=own.get("paths") == "true",
    )
    explanation = explain(run, saved, config, question)
    if out is None:
        write_stdout([TEXTS[file_format](explanation)])
        return 0
    if file_format == "png":
        draw_explanation(explanation, out)
    else:
        with atomic_write(out) as file:
            file.write(TEXTS[file_format](explanation).encode())
    log.info("wrote %s", out)
    return 0
