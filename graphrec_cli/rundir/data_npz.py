"""Write and read data.npz: ids, titles, attributes and split of a run, to evaluate it later."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import OutputError
from graphrec_cli.storage.atomic import atomic_write
from graphrec_cli.storage.bounded_npz import read_npz
from graphrec_cli.terminal_text import first_line

_TYPES: dict[str, type[np.generic]] = {
    "user_id": np.str_,
    "item_id": np.str_,
    "title": np.str_,
    **{f"{part}_indptr": np.int64 for part in ("train", "valid", "test")},
    **{f"{part}_item_index": np.int32 for part in ("train", "valid", "test")},
    **{f"{part}_rating": np.float32 for part in ("train", "valid", "test")},
}
"""The arrays that every command reads, with their types."""
_ATTRIBUTE_TYPES: dict[str, type[np.generic]] = {
    "attribute": np.str_,
    "attribute_indptr": np.int64,
    "attribute_index": np.int32,
}
"""Those of attributes of items; a file has all of them or none."""


def save_run_data(
    path: Path,
    split: Split,
    title: NDArray[np.character] | None,
    attributes: ItemAttributes | None = None,
) -> None:
    """Write the split, with ids as strings and with ratings if the split has them; no pickles.

    Args:
        title: title of every item by index; None without titles.
        attributes: of the items by index; None without any.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, NDArray[np.generic]] = {
        "user_id": split.users.ids.astype(np.str_),
        "item_id": split.items.ids.astype(np.str_),
    }
    if title is not None:
        arrays["title"] = title
    if attributes is not None:
        arrays |= attributes.arrays()
    for name, part in split.parts().items():
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
    # np.savez_compressed would pickle objects, and older numpy has no switch for that. Compression
    # level 1 takes a fifth of the default's time and makes indices a twelfth larger.
    with (
        atomic_write(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load_run_data(path: Path) -> tuple[Split, NDArray[np.character] | None]:
    """Read data.npz back and check that its arrays are a split; attributes are not read.

    Returns:
        The split, and the title of every item by index, "" if unknown; None without titles.

    Raises:
        OutputError: the file is missing, damaged, incomplete or too large, or its arrays are not a
            split: an index out of range, rows out of order, a pair in two parts, an id twice.
    """
    with _reading(path):
        arrays = read_npz(path, _TYPES, _check_lengths, unread=_ATTRIBUTE_TYPES)
        return _split(arrays), arrays.get("title")


def load_attributes(path: Path, num_items: int) -> ItemAttributes | None:
    """Read the attributes of the items from data.npz; None if it has none.

    Args:
        num_items: items of the same file.

    Raises:
        OutputError: the file is missing or damaged, or the arrays are not attributes of that many
            items.
    """
    with _reading(path):
        arrays = read_npz(path, _ATTRIBUTE_TYPES, _check_attributes, unread=_TYPES)
        if not arrays:
            return None
        _check_text("attribute", arrays["attribute"])
        attributes = ItemAttributes(
            arrays["attribute_indptr"], arrays["attribute_index"], arrays["attribute"]
        )
        attributes.check(num_items)
        return attributes


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except MemoryError as error:
        raise OutputError(f"cannot read {path}: not enough memory") from error
    except Exception as error:
        # Hostile bytes can make the reader fail in any way: on an index, a key, a type.
        raise OutputError(f"cannot read {path}: {first_line(error)}") from error


def _check_attributes(lengths: Mapping[str, int]) -> None:
    for name in _ATTRIBUTE_TYPES:
        if lengths and name not in lengths:
            raise ValueError(f"it has no array {name}")


def _check_lengths(lengths: Mapping[str, int]) -> None:
    for name in ("user_id", "item_id", *(f"{part}_indptr" for part in ("train", "test"))):
        if name not in lengths:
            raise ValueError(f"it has no array {name}")
        if not lengths[name]:
            raise ValueError(f"its array {name} is empty")
    expected = {"title": lengths["item_id"]}
    for part in ("train", "valid", "test"):
        if f"{part}_item_index" in lengths or f"{part}_indptr" in lengths:
            pairs = lengths.get(f"{part}_item_index")
            if pairs is None:
                raise ValueError(f"it has no array {part}_item_index")
            expected |= {f"{part}_indptr": lengths["user_id"] + 1, f"{part}_rating": pairs}
            if f"{part}_indptr" not in lengths:
                raise ValueError(f"it has no array {part}_indptr")
            if (f"{part}_rating" in lengths) is not ("train_rating" in lengths):
                raise ValueError("some of its parts have ratings and others do not")
    for name, length in lengths.items():
        if length != expected.get(name, length):
            raise ValueError(
                f"its array {name} has {length:,} values where {expected[name]:,} are expected"
            )


def _split(arrays: dict[str, NDArray[Any]]) -> Split:
    for name in ("user_id", "item_id", "title"):
        if name in arrays:
            _check_text(name, arrays[name])
    return Split(
        train=_part("train", arrays),
        valid=_part("valid", arrays) if "valid_indptr" in arrays else None,
        test=_part("test", arrays),
        users=IdMap.from_text(arrays["user_id"]),
        items=IdMap.from_text(arrays["item_id"]),
    )


def _part(name: str, arrays: dict[str, NDArray[Any]]) -> UserItems:
    part = UserItems(
        arrays[f"{name}_indptr"],
        arrays[f"{name}_item_index"],
        len(arrays["item_id"]),
        arrays.get(f"{name}_rating"),
    )
    try:
        part.check()
    except ValueError as error:
        raise ValueError(f"its arrays {name}_*: {error}") from error
    return part


def _check_text(name: str, text: NDArray[np.character]) -> None:
    """Refuse code points beyond Unicode, and lone surrogates."""
    code = text.view(np.uint32)
    if ((code > 0x10FFFF) | ((code >= 0xD800) & (code <= 0xDFFF))).any():
        raise ValueError(f"its array {name} has characters that are not Unicode")
