"""``graphrec recommend``: the best items for users of a run or new ones, and similar items."""

from __future__ import annotations

import logging
from pathlib import Path

from graphrec_cli.commands.id_words import parse_ids
from graphrec_cli.commands.out_words import out_file, pick_format
from graphrec_cli.commands.run_arguments import one_of, sort_run_words, whole_number
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run

HELP = """\
Recommend the items with the highest scores. Only the run directory is needed.

Examples:
  graphrec recommend latest users=276725,A10         two users, by their raw ids
  graphrec recommend latest users=@wanted.txt k=20   a file with one id per line
  graphrec recommend latest out=all.csv              every user of the run
  graphrec recommend latest items=0425115801,1984    a new user with these items
  graphrec recommend latest users_items=@new.csv     new users with their items
  graphrec recommend latest similar_to=1984 --json   items similar to an item
  graphrec recommend latest users=A10 deny=@sold.txt

Keys, of which at most one of the first four is given:
  users=ID,ID | @FILE    users to recommend to; default: all
  items=ID,ID | @FILE    the items of one new user, who is folded in without
                         training
  users_items=@FILE      new users, each with items: a csv, tsv, parquet or JSON
                         lines file with columns such as user_id and item_id
  similar_to=ID,ID | @FILE
                         items that get a list of similar items each
  k=10                   items per list; fewer if fewer are left
  allow=ID,ID | @FILE    recommend only these items
  deny=ID,ID | @FILE     do not recommend these items
  seen=exclude|keep      exclude the user's train, valid and test items (for a
                         new user: the given items), or keep them
  cold=error|popular     for users without a train interaction, or new users
                         without a known item: an error, or the most popular
                         items
  format=table|csv|json|parquet
  out=FILE               write to a file; its ending (.csv, .json, .parquet)
                         sets the format
  model.similarity, model.item_norm_power
                         how embeddings are compared
  device, num_threads    as in train
  output_dir=DIR         where 'latest' looks

Only items with a train interaction are recommended. Among equal scores, the
item with more train interactions comes first, then the one that comes first in
data.npz. In @FILE (UTF-8) each line is one id, including its spaces and commas;
empty lines are skipped.
"""

FORMATS = ("table", "csv", "json", "parquet")
CHOICES = {"seen": ("exclude", "keep"), "cold": ("error", "popular"), "format": FORMATS}
"""Keys with a fixed set of values."""
ID_KEYS = ("users", "items", "similar_to", "allow", "deny")
"""Keys whose values are ids or a file of ids."""
KEYS = (*ID_KEYS[:2], "users_items", *ID_KEYS[2:], "k", *CHOICES, "out")
"""Keys of this command that no config has; their values are text."""
OVERRIDABLE = ("model.similarity", "model.item_norm_power", "device", "num_threads")
"""Keys of the config that may change without training again."""

log = logging.getLogger("graphrec")


def recommend_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print or write the recommendations.

    Raises:
        GraphrecError: wrong usage, unknown users or items, or a run that cannot be read.
    """
    given = sort_run_words("recommend", words, own=KEYS, overridable=OVERRIDABLE)
    own = given.own
    for key, choices in CHOICES.items():
        if key in own:
            one_of(key, own[key], choices)
    _refuse_contradictions(own, given.overrides)
    out = out_file(own["out"]) if "out" in own else None
    file_format = pick_format(own.get("format"), out, FORMATS, json_output=json_output)
    ids = {key: parse_ids(key, own[key]) for key in ID_KEYS if key in own}
    table = _table(own["users_items"]) if "users_items" in own else None
    k = whole_number("k", own.get("k", "10"), 1)

    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config

    from graphrec_cli.reporting.recommendations import write_recommendations
    from graphrec_cli.workflows.recommend import Request, recommend  # imports torch
    from graphrec_cli.workflows.saved_run import load_scorer

    request = Request(
        **ids,
        users_items=table,
        k=k,
        exclude_seen=own.get("seen", "exclude") == "exclude",
        popular_for_cold=own.get("cold") == "popular",
    )
    loaded = load_scorer(run, saved, config)
    write_recommendations(recommend(loaded, request), file_format, out)
    if out is not None:
        log.info("wrote %s", out)
    return 0


def _refuse_contradictions(own: dict[str, str], overrides: list[str]) -> None:
    """Refuse keys that have no effect beside others.

    Raises:
        ConfigError: naming what to remove.
    """
    wrong = [key for key in ("users", "cold") if "items" in own and key in own]
    if wrong:
        raise ConfigError(f"items describes a new user; remove {' and '.join(wrong)}")
    asked = [key for key in ("users", "items", "users_items", "similar_to") if key in own]
    if len(asked) > 1:
        raise ConfigError(f"{' and '.join(asked)} ask for different lists; give one of them")
    if "similar_to" in own:
        for key in (*own, *(word.partition("=")[0] for word in overrides)):
            if key in ("seen", "cold") or key.startswith("model."):
                raise ConfigError(f"{key} has no effect on similar_to; remove it")


def _table(value: str) -> Path:
    """The file that ``users_items=@FILE`` names.

    Raises:
        ConfigError: it is not written so, or there is no such file.
    """
    path = Path(value.removeprefix("@"))
    if not value.startswith("@") or not value[1:]:
        raise ConfigError(f"users_items={value} must name a file: users_items=@FILE")
    if not path.is_file():
        raise ConfigError(f"users_items={value}: there is no file {path}")
    return path
