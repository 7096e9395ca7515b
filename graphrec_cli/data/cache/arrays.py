"""Convert a split and attributes to the bytes of npy files, and back with checks of every array."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError

MAX_CODE_POINT = 0x10FFFF


def split_arrays(split: Split) -> dict[str, NDArray[np.generic]]:
    """All arrays of a split by name; ids keep their type."""
    arrays: dict[str, NDArray[np.generic]] = {"users": split.users.ids, "items": split.items.ids}
    for name, part in split.parts().items():
        arrays[f"{name}_indptr"] = part.indptr
        arrays[f"{name}_item_index"] = part.item_index
        if part.rating is not None:
            arrays[f"{name}_rating"] = part.rating
        if part.timestamp is not None:
            arrays[f"{name}_timestamp"] = part.timestamp
        if part.weight is not None:
            arrays[f"{name}_weight"] = part.weight
    return arrays


def npy_parts(array: NDArray[np.generic]) -> tuple[bytes, memoryview]:
    """The header and the values of the npy file of a one-dimensional array, without a copy."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
    return header.getvalue(), np.ascontiguousarray(array).view(np.uint8).data


def split_of(files: Mapping[str, bytearray]) -> Split:
    """Rebuild the split from the arrays of ``split_arrays``.

    Args:
        files: npy files by the arrays' names; their memory becomes the arrays'.

    Raises:
        DataError, ValueError: an array is malformed, or the arrays do not fit together.
        KeyError: an array is missing.
    """
    users, items = _ids(files["users"]), _ids(files["items"])
    shape = len(users), len(items)
    return Split(
        train=_part(files, "train", *shape),
        valid=_part(files, "valid", *shape) if "valid_indptr" in files else None,
        test=_part(files, "test", *shape),
        users=users,
        items=items,
    )


def attributes_of(files: Mapping[str, bytearray], num_items: int) -> ItemAttributes | None:
    """Rebuild the attributes from the arrays of ``ItemAttributes.arrays``; None without any.

    Raises:
        DataError, ValueError: an array is malformed, or the arrays do not fit together.
        KeyError: an array is missing.
    """
    if "attribute" not in files:
        return None
    attributes = ItemAttributes(
        _array(files["attribute_indptr"], "i8"),
        _array(files["attribute_index"], "i4"),
        text_array(files["attribute"]),
    )
    attributes.check(num_items)
    return attributes


def text_array(npy: bytearray, *, size: int | None = None) -> NDArray[np.character]:
    """An array of strings, of shape (size,) if the size is given.

    Raises:
        DataError, ValueError: it is not such an array.
    """
    array = _array(npy, "U")
    # Python rejects invalid code points only when a string is made from them.
    if array.view(np.uint32).max(initial=0) > MAX_CODE_POINT:
        raise DataError("an array of text has characters that are not Unicode")
    if size is not None and len(array) != size:
        raise DataError(f"an array of text has {len(array)} entries, expected {size}")
    return array


def _array(npy: bytearray, dtype: str) -> NDArray[Any]:
    """The one-dimensional array in an npy file, whose type starts with ``dtype``."""
    file = io.BytesIO(npy)
    if np.lib.format.read_magic(file) != (1, 0):
        raise DataError("an array has an unsupported npy version")
    shape, _, found = np.lib.format.read_array_header_1_0(file)
    start = file.tell()
    if len(shape) != 1 or not found.isnative or not found.str[1:].startswith(dtype):
        raise DataError(f"an array has an unexpected shape {shape} or type {found}")
    if shape[0] * found.itemsize != len(npy) - start:
        raise DataError("an array is not as long as its header says")
    return np.frombuffer(npy, dtype=found, count=shape[0], offset=start)


def _ids(npy: bytearray) -> IdMap:
    try:
        return IdMap(_array(npy, "i8"))
    except DataError:
        return IdMap(text_array(npy))


def _part(files: Mapping[str, bytearray], name: str, num_users: int, num_items: int) -> UserItems:
    indptr = _array(files[f"{name}_indptr"], "i8")
    item_index = _array(files[f"{name}_item_index"], "i4")
    rating = _array(files[f"{name}_rating"], "f4") if f"{name}_rating" in files else None
    times = _array(files[f"{name}_timestamp"], "i8") if f"{name}_timestamp" in files else None
    weight = _array(files[f"{name}_weight"], "f4") if f"{name}_weight" in files else None
    if len(indptr) != num_users + 1:
        raise DataError(f"the {name} part has {len(indptr) - 1} users, expected {num_users}")
    part = UserItems(indptr, item_index, num_items, rating, times, weight)
    part.check()
    return part
