"""Sources: find and hash the files of a data set, then load its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.files.files import file_on_disk, readable, sha256_of
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.tables.quarantine import BadLine
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file on disk.

    Attributes:
        path: of the file.
        sha256: digest of its bytes (packed, if the file is packed), lower-case hexadecimal.
        size: bytes.
    """

    path: Path
    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path) -> DataFile:
        """The file that holds ``path``: the zip, if it is a file in one.

        Raises:
            DataError: the file cannot be read.
        """
        path = file_on_disk(path)
        return cls(path, sha256_of(path), path.stat().st_size)


def describe_files(files: tuple[DataFile, ...]) -> list[dict[str, str | int]]:
    """Path, digest and size of the data files, for JSON."""
    return [{"path": str(file.path), "sha256": file.sha256, "size": file.size} for file in files]


FileState: TypeAlias = tuple[int, int, int]
"""Inode, size and modification time."""


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files of a data set, none of them parsed yet.

    Attributes:
        paths: by role in the data set; a file in a zip is a path below the zip.
        on_disk: the files that hold them, each once (of several files in one zip, the zip).
        states: of each of those, before they were hashed.
    """

    paths: Mapping[str, Path]
    on_disk: tuple[DataFile, ...]
    states: tuple[FileState, ...]

    @classmethod
    def of(cls, paths: Mapping[str, Path]) -> FoundFiles:
        """Hash the files.

        Raises:
            DataError: a file cannot be read.
        """
        distinct = dict.fromkeys(map(file_on_disk, paths.values()))
        states = tuple(map(_state, distinct))
        return cls(paths, tuple(map(DataFile.of, distinct)), states)

    def refuse_changed(self) -> None:
        """Refuse files that have changed since they were hashed.

        Raises:
            DataError: naming the first such file.
        """
        for file, state in zip(self.on_disk, self.states, strict=True):
            if _state(file.path) != state:
                raise DataError(f"{file.path} changed while it was read; run the command again")


def _state(path: Path) -> FileState:
    with readable(path):
        state = path.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


@dataclass(frozen=True, slots=True)
class TruePreferences:
    """The scores that synthetic interactions were sampled from: the best that a model can learn.

    Attributes:
        user_id: ascending, shape (users,).
        item_id: ascending, shape (items,).
        scores: log-odds up to a constant of the user, float32, shape (users, items).
    """

    user_id: NDArray[np.int64]
    item_id: NDArray[np.int64]
    scores: NDArray[np.float32]

    def aligned(self, users: IdMap, items: IdMap) -> NDArray[np.float32]:
        """Scores in the order of the indices, shape (len(users), len(items)).

        Raises:
            DataError: an id has no true scores.
        """
        rows = IdMap(self.user_id).index(users.ids)
        columns = IdMap(self.item_id).index(items.ids)
        for name, places, ids in (("user", rows, users.ids), ("item", columns, items.ids)):
            if (places < 0).any():
                unknown = ids[places < 0][0]
                raise DataError(f"the true preferences have no scores for {name} {unknown}")
        return np.ascontiguousarray(self.scores[np.ix_(rows, columns)])


AttributesOfIds: TypeAlias = tuple[NDArray[np.generic], ItemAttributes]
"""Distinct item ids, shape (items,), and the attributes of those items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceData:
    """The content of a data set.

    Attributes:
        table: the raw rows.
        funnel: rows read, less those that the reader dropped.
        titles: item ids and their titles, both of shape (titles,), or None if none are known.
        files: the files that were read; empty for a data set generated in memory.
        preferences: the true scores, only for a synthetic data set.
        quarantine: lines that could not be read and were left out.
        notes: lines to log about how the files were understood.
        attributes: attributes of items, or None if none are known.
    """

    table: RawTable
    funnel: Funnel
    titles: Titles | None = None
    files: tuple[DataFile, ...] = ()
    preferences: TruePreferences | None = None
    quarantine: tuple[BadLine, ...] = ()
    notes: tuple[str, ...] = ()
    attributes: AttributesOfIds | None = None

    def without_rows(self) -> SourceData:
        """The same without rows, whose memory is released with the original."""
        table = RawTable(
            user_id=np.empty(0, dtype=np.str_),
            item_id=np.empty(0, dtype=np.str_),
            rating=np.empty(0, dtype=np.float32),
            timestamp=None,
            signal=np.empty(0, dtype=np.int8),
            signal_names=self.table.signal_names,
        )
        return replace(self, table=table)


Config = TypeVar("Config", contravariant=True)


@runtime_checkable
class Find(Protocol[Config]):
    """Finds the files of a data set, and fetches missing ones if its config allows it."""

    def __call__(self, config: Config, *, data_dir: Path) -> dict[str, Path]:
        """Paths by the role of each file; empty for data generated in memory."""


@runtime_checkable
class Load(Protocol[Config]):
    """Reads the rows of the files that were found."""

    def __call__(self, config: Config, files: FoundFiles, *, seed: int) -> SourceData:
        """The rows; ``seed`` is for data generated in memory."""


@runtime_checkable
class CheckHeads(Protocol[Config]):
    """Refuses files by their first lines, for example because a column is missing."""

    def __call__(self, config: Config, paths: Mapping[str, Path]) -> None: ...


def _any_heads(config: object, paths: Mapping[str, Path]) -> None:
    """Accept all files; ``load`` refuses the faulty ones."""


@dataclass(frozen=True, slots=True)
class Source(Generic[Config]):
    """The steps of reading a data set."""

    find: Find[Config]
    load: Load[Config]
    check_heads: CheckHeads[Config] = _any_heads

    def check(self, config: Config, *, data_dir: Path) -> None:
        """Find the files and read their first lines; they are neither hashed nor read whole.

        Raises:
            DataError: a file is missing and cannot be fetched, or cannot be read as configured.
        """
        self.check_heads(config, self.find(config, data_dir=data_dir))

    def found(self, config: Config, *, data_dir: Path) -> FoundFiles:
        """Find and hash the files.

        Raises:
            DataError: a file is missing and cannot be fetched, or cannot be read.
        """
        return FoundFiles.of(self.find(config, data_dir=data_dir))

    def loaded(self, config: Config, files: FoundFiles, *, seed: int) -> SourceData:
        """Read the files.

        Raises:
            DataError: a file is faulty, or has changed since it was found.
        """
        source = self.load(config, files, seed=seed)
        files.refuse_changed()
        return source

    def read(self, config: Config, *, data_dir: Path, seed: int) -> SourceData:
        """Find and read the files.

        Raises:
            DataError: as ``found`` and ``loaded``.
        """
        return self.loaded(config, self.found(config, data_dir=data_dir), seed=seed)
