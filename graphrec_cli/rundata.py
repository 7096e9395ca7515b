"""data.npz: a run's ids, titles and split, so that its directory needs no other file."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.parts import Split
from graphrec_cli.durable import atomic_write
from graphrec_cli.errors import OutputError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunData:
    """The content of data.npz.

    Attributes:
        user_id, item_id: raw ids as strings, in the order of the indices.
        title: titles of the items in the order of the indices, "" where unknown; None without any.
        train, valid, test: the split; valid is None where there is no such part.
    """

    user_id: NDArray[np.character]
    item_id: NDArray[np.character]
    title: NDArray[np.character] | None
    train: UserItems
    valid: UserItems | None
    test: UserItems


def save_run_data(path: Path, split: Split, title: NDArray[np.character] | None) -> None:
    """Write the split, with ids as strings, ratings where every pair has one, and no pickles.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        "user_id": split.users.ids.astype(np.str_),
        "item_id": split.items.ids.astype(np.str_),
    }
    if title is not None:
        arrays["title"] = title
    for name, part in (("train", split.train), ("valid", split.valid), ("test", split.test)):
        if part is not None:
            arrays[f"{name}_indptr"] = part.indptr
            arrays[f"{name}_item_index"] = part.item_index
            if part.rating is not None:
                arrays[f"{name}_rating"] = part.rating
    save_arrays(path, arrays)


def save_arrays(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Write a compressed npz without pickles, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    # np.savez_compressed would pickle objects: older numpy has no switch for that. And it takes the
    # usual level of compression: a fifth of the time makes indices a twelfth larger.
    with (
        atomic_write(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load_run_data(path: Path) -> RunData:
    """Read data.npz back.

    Raises:
        OutputError: the file is missing, damaged or incomplete.
    """
    try:
        arrays = _load_arrays(path)
        num_items = len(arrays["item_id"])

        def part(name: str) -> UserItems:
            return UserItems(
                arrays[f"{name}_indptr"],
                arrays[f"{name}_item_index"],
                num_items,
                arrays.get(f"{name}_rating"),
            )

        return RunData(
            user_id=arrays["user_id"],
            item_id=arrays["item_id"],
            title=arrays.get("title"),
            train=part("train"),
            valid=part("valid") if "valid_indptr" in arrays else None,
            test=part("test"),
        )
    except KeyError as error:
        raise OutputError(f"cannot read {path}: it holds no array {error}") from error
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except (RuntimeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise OutputError(f"cannot read {path}: {error}") from error


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    # np.load leaves the file open when it fails, and parses an array before its checksum.
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(
                BytesIO(archive.read(name)), allow_pickle=False
            )
            for name in archive.namelist()
        }
