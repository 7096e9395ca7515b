"""``graphrec judge``: audit any tool's recommendation lists, and judge them on a run's split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.commands.run_arguments import NamedWords, one_of, sort_named_words
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.list_file import COLUMN_KEYS, TEXT_KEYS, ListFile
from graphrec_cli.config.serialize import read_config
from graphrec_cli.data.files.packing import PACKINGS
from graphrec_cli.data.tables.open_table import find_table
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.terminal_text import counted

if TYPE_CHECKING:
    from graphrec_cli.workflows.judge import Judgement

HELP = """\
Judge the recommendation lists of any tool on the split of a run, by the rules
and metrics of that run. What is odd about the lists is counted and shown.

Examples:
  graphrec judge recs.csv split=latest
  graphrec judge recs.parquet split=RUN name=als
  graphrec judge recs.tsv split=RUN user=uid item=iid score=prediction
  graphrec judge recs.csv split=RUN score='' part=valid
  graphrec judge recs.json split=RUN evaluation.ks=[5,100] --json

FILE is csv, tsv, parquet or JSON, plain or packed: a row for each item of a
user, with a score, a rank or neither, or a row for each user with a list.
Columns are recognised by common names. Ids are compared as text.

Keys:
  split=RUN                the run whose split it is: a directory, or 'latest'
  part=test|valid          the part to judge
  name=NAME                what the lists are called; default: the file's name
  user, item, score, rank  names of columns; '' reads no such column
  items=NAME               a column of lists
  separator, columns, encoding, comment, quoted
                           how delimited text is written, as in dataset=table
  evaluation.*             metrics and ranking, as in 'graphrec train --help'
  device, num_threads      as in train
  output_dir=DIR           where 'latest' looks, and where the result goes

The order is that of the score, highest first, else that of the rank, else that
of the rows. The result is a folder that 'graphrec compare' takes as a run.
"""

OVERRIDABLE = ("evaluation.*", "device", "num_threads")
"""Keys of the run's config that change how lists are judged."""
OWN = ("split", "part", "name", *COLUMN_KEYS, *TEXT_KEYS)
MAX_NAME = 100


def judge_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Print the audit and the metrics, and write them into a folder.

    Raises:
        GraphrecError: wrong usage, a faulty file, or a run that cannot be read.
    """
    given = sort_named_words("judge", words, own=OWN, overridable=OVERRIDABLE, takes="one file")
    own = given.own
    for word in given.overrides:
        if word.startswith("evaluation.floor="):
            raise ConfigError(f"'{word}' has no effect on judge; train compares with closed forms")
    if not own.get("split"):
        raise ConfigError("judge needs the run whose split the lists are for: split=RUN")
    part = one_of("part", own.get("part", "test"), ("test", "valid"))
    form = ListFile.from_words(own)
    if Path(given.names[0]).is_dir():
        raise ConfigError(f"{given.names[0]} is a folder; name the file of lists in it")
    path = find_table("FILE", given.names[0], Path())
    name = own.get("name", _stem(path))
    if not (name.isprintable() and 0 < len(name.strip()) <= MAX_NAME):
        raise ConfigError(f"name must have 1 to {MAX_NAME} printable characters, got '{name}'")

    run = find_run(own["split"], given.output_dir, Need.model)
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config

    from graphrec_cli.workflows.judge import Request, judge_file  # imports torch

    request = Request(
        path=path,
        form=form,
        name=name,
        part=part,
        overrides=given.overrides,
        output_dir=given.output_dir,
    )
    done = judge_file(run, saved, config, request)
    if json_output:
        print(json.dumps(_as_json(done, given)))
    else:
        _print(done, str(run.path), given)
    return 0


def _stem(path: Path) -> str:
    """The file's name without the endings of its format and its packing."""
    name = path.name
    while Path(name).suffix in PACKINGS[1:]:
        name = Path(name).stem
    return Path(name).stem[:MAX_NAME]


def _print(done: Judgement, run: str, given: NamedWords) -> None:
    from graphrec_cli.reporting.judged_tables import (
        describe_audit,
        describe_reading,
        judged_table,
    )
    from graphrec_cli.reporting.tables import wrap
    from graphrec_cli.results.coverage import describe_coverage

    judged, counts = done.judged, done.result.counts
    users = int(counts["users_evaluated"])
    changed_by = f", with {' '.join(given.overrides)}" if given.overrides else ""
    lines = [
        *describe_reading(judged.audit, judged.file["name"]),
        *describe_audit(judged.audit, users),
        wrap(f"{judged.part} metrics over {counted(users, 'user')} of {run}{changed_by}"),
        *map(wrap, describe_coverage(counts, judged.part)),
        judged_table(judged.name, done.result.metrics, done.columns),
        str(judged.path),
    ]
    print("\n".join(lines))


def _as_json(done: Judgement, given: NamedWords) -> dict[str, object]:
    judged = done.judged
    return {
        "name": judged.name,
        "run": judged.run,
        judged.part: done.result.metrics,
        "beside": done.columns,
        "counts": done.result.counts,
        "audit": judged.audit,
        "folder": str(judged.path),
        **({"overrides": given.overrides} if given.overrides else {}),
    }
