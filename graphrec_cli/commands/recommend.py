"""``graphrec recommend``: the best items for users of a run, or for a new user."""

from __future__ import annotations

import logging
from pathlib import Path
from stat import S_ISREG

from graphrec_cli.commands.run_arguments import one_of, sort_run_words
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
  graphrec recommend latest users=A10 --json

Keys:
  users=ID,ID | @FILE    users to recommend to; default: all
  items=ID,ID | @FILE    instead of users: the items of one new user, who is
                         folded in without training
  k=10                   items per user; fewer if fewer are left
  seen=exclude|keep      exclude the user's train, valid and test items (for a
                         new user: the given items), or keep them
  cold=error|popular     for users without a train interaction: an error, or the
                         most popular items
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
KEYS = ("users", "items", "k", *CHOICES, "out")
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
    if "items" in own and ("users" in own or "cold" in own):
        raise ConfigError("items describes a new user; remove users and cold")
    out = _out_file(own["out"]) if "out" in own else None
    file_format = _format(own.get("format"), out, json_output=json_output)
    users, items = (_ids(key, own[key]) if key in own else None for key in ("users", "items"))
    k = _count(own.get("k", "10"))

    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config

    from graphrec_cli.reporting.recommendations import write_recommendations
    from graphrec_cli.workflows.recommend import Request, recommend  # imports torch
    from graphrec_cli.workflows.saved_run import load_scorer

    request = Request(
        users=users,
        items=items,
        k=k,
        exclude_seen=own.get("seen", "exclude") == "exclude",
        popular_for_cold=own.get("cold") == "popular",
    )
    loaded = load_scorer(run, saved, config)
    write_recommendations(recommend(loaded, request), file_format, out)
    if out is not None:
        log.info("wrote %s", out)
    return 0


def _out_file(name: str) -> Path:
    """Check the name of the output file.

    Raises:
        ConfigError: it is not a file name, its folder does not exist, or it must not be replaced.
    """
    path = Path(name)
    try:
        # Writing to /dev/null would replace the device by a file.
        taken = not S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        taken = False
    except OSError as error:
        raise ConfigError(f"out cannot be {name}: {error.strerror or error}") from error
    if taken or not path.name:
        raise ConfigError(f"out must name a file, got '{name}'; choose another name")
    if not path.parent.is_dir():
        raise ConfigError(f"out={name}: the folder {path.parent} does not exist; make it first")
    return path


def _format(wanted: str | None, out: Path | None, *, json_output: bool) -> str:
    """The given format, else that of the file's ending, else a table.

    Raises:
        ConfigError: --json, format and the file's ending contradict each other, or the ending is
            not a known format.
    """
    if json_output and wanted not in (None, "json"):
        raise ConfigError(f"--json and format={wanted} contradict each other; choose one")
    ending = None if out is None else out.suffix.removeprefix(".").lower()
    chosen = "json" if json_output else wanted or ("table" if out is None else ending)
    if ending in FORMATS and chosen != ending:
        given = "--json" if json_output else f"format={wanted}"
        raise ConfigError(
            f"out={out} and {given} contradict each other; remove {given}, or change the ending"
        )
    if chosen not in FORMATS:
        raise ConfigError(
            f"out={out} does not end in .csv, .json or .parquet; rename it, or set format=csv"
        )
    if chosen == "parquet" and out is None:
        raise ConfigError("format=parquet cannot be printed; name a file with out=FILE")
    return chosen


def _ids(key: str, value: str) -> list[str]:
    """Parse distinct ids, in order: separated by commas, or one per line of a file.

    Raises:
        ConfigError: no id is given, or the file cannot be read or is not UTF-8.
    """
    try:
        if value.startswith("@"):
            text = Path(value[1:]).read_bytes().decode("utf-8-sig")
            ids = [line for line in text.replace("\r\n", "\n").split("\n") if line]
        else:
            # Bytes of the command line that are not UTF-8 arrive as lone surrogates.
            ids = value.encode().decode().split(",") if value else []
    except OSError as error:
        raise ConfigError(
            f"cannot read {key}={value}: {error.strerror or error}; if an id begins with @, write "
            f"it into a file, one id per line, and set {key}=@FILE"
        ) from error
    except UnicodeError as error:
        raise ConfigError(f"{key}={value} is not UTF-8: {error}") from error
    if not ids:
        raise ConfigError(f"{key} has no ids; write {key}=ID,ID or {key}=@FILE")
    return list(dict.fromkeys(ids))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text.lstrip("0")) < 19):
        raise ConfigError(f"k must be a whole number of at least 1, got '{text}'")
    return int(text)
