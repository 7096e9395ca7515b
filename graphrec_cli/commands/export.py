"""``graphrec export``: the vectors of a run in files that other programs read."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from graphrec_cli.commands import recommend
from graphrec_cli.commands.run_arguments import one_of, sort_run_words, whole_number
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run
from graphrec_cli.storage.new_folder import refuse_taken
from graphrec_cli.terminal_text import counted, printable

HELP = """\
Write the final vectors of users and items, whose dot products are the scores of
recommend, with ids, known pairs and a script that scores with numpy alone.

Examples:
  graphrec export latest out=vectors
  graphrec export latest out=searched index=both
  graphrec export latest out=wide index=faiss index_m=48 index_ef=400
  graphrec export latest out=cosines model.similarity=cosine

Keys:
  out=DIR                  the folder to make; it may exist if it is empty
  index=usearch|faiss|both an index for approximate search (extra 'export'); its
                           recall against exact search is measured and written
  index_m=32               edges of an item in the graph of the index
  index_ef=200             candidates kept in building and in searching it
  model.similarity, model.item_norm_power
                           how embeddings are compared
  device, num_threads      as in train
  output_dir=DIR           where 'latest' looks

Files:
  vectors.safetensors      user and item, float32, a row an id
  ids.json                 user_id, item_id and title, in the order of the rows
  pairs.safetensors        train pairs, and all pairs that recommend leaves out
  scoring.json             how to score, where the vectors come from, recalls
  score.py                 python score.py USER_ID prints the user's best items
  items.usearch, items.faiss

Models without vectors (popularity, itemknn, ease, gfcf, chebycf) are refused.
"""

INDEXES = {"usearch": ("usearch",), "faiss": ("faiss",), "both": ("usearch", "faiss")}
"""The values of ``index``, and the indexes that each writes."""
_INDEX_OPTIONS = {"index_m": (32, 2, 256), "index_ef": (200, 1, 10_000)}
"""Default, least and most of the keys that only an index uses."""
OWN = ("out", "index", *_INDEX_OPTIONS)
"""Keys of this command that no config has."""

log = logging.getLogger("graphrec")


def export_command(words: list[str], *, json_output: bool, debug: bool) -> int:
    """Write the folder, and print what it holds.

    Raises:
        GraphrecError: wrong usage, a model without vectors, or a run that cannot be read.
    """
    given = sort_run_words("export", words, own=OWN, overridable=recommend.OVERRIDABLE)
    own = given.own
    if not own.get("out"):
        raise ConfigError("export needs out=DIR, the folder to make")
    out = Path(own["out"])
    refuse_taken(out, "out")
    indexes = INDEXES[one_of("index", own["index"], tuple(INDEXES))] if "index" in own else ()
    for key in _INDEX_OPTIONS:
        if key in own and not indexes:
            raise ConfigError(f"{key} has no effect without index=usearch, faiss or both")
    m, ef = (
        whole_number(key, own.get(key, str(default)), least, most)
        for key, (default, least, most) in _INDEX_OPTIONS.items()
    )

    run = find_run(given.run, given.output_dir, Need.model)
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, given.overrides).config

    from graphrec_cli.workflows.export import ExportRequest, export_run  # imports torch
    from graphrec_cli.workflows.vector_index import refuse_missing

    for kind in indexes:
        refuse_missing(kind)
    scoring = export_run(run, saved, config, ExportRequest(out=out, indexes=indexes, m=m, ef=ef))
    if json_output:
        print(json.dumps({"out": str(out), **scoring}))
    else:
        print(describe_export(out, scoring))
    return 0


def describe_export(out: Path, scoring: dict[str, Any]) -> str:
    """The vectors that were written, and a table of the indexes."""
    from graphrec_cli.reporting.tables import WIDTH, text_table, wrap

    users, items = counted(scoring["users"], "user"), counted(scoring["items"], "item")
    lines = [
        wrap(f"{users} and {items}, {scoring['dimensions']} values each, in {printable(str(out))}"),
        wrap(f"vectors: {scoring['vectors']}"),
        wrap(f"score: {scoring['score']}"),
    ]
    if scoring["indexes"]:
        header = ["index", "items", "MB", "recall@10", "recall@100"]
        rows = [
            [
                each["file"],
                f"{each['items']:,}",
                f"{each['bytes'] / 1e6:.1f}",
                *(f"{value:.4f}" for value in each["recall"].values()),
            ]
            for each in scoring["indexes"]
        ]
        queries = counted(scoring["indexes"][0]["queries"], "user")
        lines += [f"recall against exact search, over {queries}:"]
        lines += [text_table(header, rows, width=WIDTH)]
    return "\n".join(lines)
