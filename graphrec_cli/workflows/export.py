"""Export the vectors of a run, so that other programs score and search them."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli import __version__
from graphrec_cli.config.model import LightGCNRatingConfig, Similarity, SimilarityConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, to_plain
from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import OutputError
from graphrec_cli.results.index_recall import exact_top, recall_of_search
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import atomic_write, write_json
from graphrec_cli.storage.new_folder import new_folder
from graphrec_cli.storage.safetensors_file import save_tensors
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import first_line
from graphrec_cli.workflows.saved_run import SavedRun, load_scorer
from graphrec_cli.workflows.score_script import SCRIPT
from graphrec_cli.workflows.scoring_vectors import ScoringVectors, scoring_vectors
from graphrec_cli.workflows.vector_index import (
    IndexOptions,
    as_queries,
    build_index,
    version_of,
    with_equal_norms,
)

SCHEMA_VERSION = 1
RECALL_AT = (10, 100)
MOST_QUERIES = 10_000
"""Users that recall is measured on, evenly spread over all that have a train interaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What is exported, and where to.

    Attributes:
        out: the folder, which does not exist or is empty.
        indexes: kinds of index; each is installed.
        m: edges of an item in the graph of an index.
        ef: candidates in building and in searching it.
    """

    out: Path
    indexes: tuple[str, ...] = ()
    m: int = 32
    ef: int = 200


def export_run(
    run: RunDirectory, saved: SavedConfig, config: RunConfig, request: ExportRequest
) -> dict[str, Any]:
    """Write the vectors, the ids, the pairs, how to score, the indexes and a script that scores.

    Returns:
        The content of scoring.json.

    Raises:
        ConfigError: the model has no vectors.
        GraphrecError: the run directory cannot be read, the config does not fit it, or the folder
            cannot be written.
    """
    loaded = load_scorer(run, saved, config)
    vectors = scoring_vectors(loaded, config.model.name)
    with new_folder(request.out) as folder, progress(f"writing {request.out.name}"):
        save_tensors(folder / "vectors.safetensors", vectors._asdict())
        save_tensors(folder / "pairs.safetensors", _pairs(loaded))
        write_json(folder / "ids.json", _ids(loaded))
        with atomic_write(folder / "score.py") as file:
            file.write(SCRIPT.encode())
        indexes = [_write_index(kind, folder, loaded, vectors, request) for kind in request.indexes]
        scoring = _scoring(run, config, loaded, vectors) | {"indexes": indexes}
        write_json(folder / "scoring.json", scoring)
    return scoring


def _pairs(loaded: SavedRun) -> dict[str, NDArray[Any]]:
    """The train pairs, and all pairs that a user is known to have, in compressed rows."""
    split = loaded.split
    parts = split.parts().values()
    seen = UserItems.from_pairs(
        np.concatenate([part.user_index() for part in parts]),
        np.concatenate([part.item_index for part in parts]),
        num_users=split.train.num_users,
        num_items=split.train.num_items,
    )
    return {
        "train_indptr": split.train.indptr,
        "train_item_index": split.train.item_index,
        "seen_indptr": seen.indptr,
        "seen_item_index": seen.item_index,
    }


def _ids(loaded: SavedRun) -> dict[str, list[str]]:
    title = {} if loaded.title is None else {"title": loaded.title.tolist()}
    users, items = loaded.split.users, loaded.split.items
    return {"user_id": users.text().tolist(), "item_id": items.text().tolist(), **title}


def _scoring(
    run: RunDirectory, config: RunConfig, loaded: SavedRun, vectors: ScoringVectors
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "score": "dot product of a row of user and a row of item in vectors.safetensors",
        "vectors": _describe(config),
        "ranked": "items with a train pair, without those of seen_item_index; of equal scores the "
        "item with more train pairs comes first, then the one with the smaller index",
        "users": len(vectors.user),
        "items": len(vectors.item),
        "items_with_train": int(np.count_nonzero(loaded.split.train.item_degree)),
        "dimensions": vectors.item.shape[1],
        "source": {
            "run": run.path.resolve().name,
            "model": to_plain(config.model),
            "best_pt_sha256": sha256_of(run.best),
            "split_sha256": loaded.split.hash(),
        },
        "versions": {
            "graphrec": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
    }


def _describe(config: RunConfig) -> str:
    """What the vectors are, beside plain final embeddings."""
    model, final = config.model, "final embeddings"
    if isinstance(model, LightGCNRatingConfig):
        return f"{final}; the last two dimensions hold the biases and the mean rating"
    if isinstance(model, SimilarityConfig) and model.similarity is Similarity.cosine:
        return f"{final} with norm 1, for model.similarity=cosine"
    if isinstance(model, SimilarityConfig) and model.item_norm_power != 1:
        return f"{final}; item norms are raised to model.item_norm_power={model.item_norm_power}"
    return final


def _write_index(
    kind: str,
    folder: Path,
    loaded: SavedRun,
    vectors: ScoringVectors,
    request: ExportRequest,
) -> dict[str, Any]:
    """Build, measure and write an index of the items that are recommended."""
    train = loaded.split.train
    keys = np.flatnonzero(train.item_degree).astype(np.int64)
    options = IndexOptions(m=request.m, ef=request.ef, threads=torch.get_num_threads())
    with _library_errors(folder / f"items.{kind}"):
        index = build_index(kind, with_equal_norms(vectors.item[keys]), keys, options)
        index.save(folder / f"items.{kind}")
        users = np.flatnonzero(train.user_degree)
        users = users[np.linspace(0, len(users) - 1, min(len(users), MOST_QUERIES)).astype(int)]
        k = min(max(RECALL_AT), len(keys))
        found = index.search(as_queries(vectors.user[users]), k)
    exact = keys[exact_top(vectors.user[users], vectors.item[keys], k)]
    return {
        "file": f"items.{kind}",
        "library": f"{kind} {version_of(kind)}",
        "keys": "rows of item in vectors.safetensors",
        "query": "a row of user, and a 0 as one more value",
        "metric": "inner product, which is the score",
        "index_m": request.m,
        "index_ef": request.ef,
        "items": len(keys),
        "bytes": (folder / f"items.{kind}").stat().st_size,
        "queries": len(users),
        "recall": {f"recall@{at}": recall_of_search(found, exact, min(at, k)) for at in RECALL_AT},
    }


@contextmanager
def _library_errors(path: Path) -> Iterator[None]:
    """Name the file in what a library of indexes raises, such as for a full disk.

    Raises:
        OutputError: the block raised an error of the library.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise OutputError(f"cannot make {path.name}: {first_line(error)}") from error
