"""Record and check the data of a run: digests of the files and the hash of the split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec_cli.data.source import DataFile, describe_files
from graphrec_cli.errors import DataError, DifferenceError, OutputError


@dataclass(frozen=True, slots=True)
class DataIdentity:
    """The data files, and the hash of the split made from them."""

    files: Sequence[DataFile]
    split_hash: str

    def to_dict(self) -> dict[str, Any]:
        """The entries of environment.json."""
        return {"data_files": describe_files(tuple(self.files)), "split_hash": self.split_hash}

    @classmethod
    def from_dict(cls, content: dict[str, Any], where: Path) -> DataIdentity:
        """Read the entries back.

        Args:
            where: the file's path, for messages.

        Raises:
            OutputError: an entry is missing or malformed.
        """
        files, split_hash = content.get("data_files"), content.get("split_hash")
        if not isinstance(files, list) or not isinstance(split_hash, str):
            raise OutputError(
                f"cannot read {where}: 'data_files' must be a list and 'split_hash' a string"
            )
        return cls([_file(entry, where) for entry in files], split_hash)

    def refuse_changed(self, data_dir: Path, new_data_dir: Path) -> None:
        """Refuse data files that have changed since they were recorded.

        Missing files are ignored here: the source reports or downloads them.

        Args:
            data_dir: the data folder at the time of recording.
            new_data_dir: the data folder now.

        Raises:
            DifferenceError: a file has changed; the message names all of them.
        """
        changed: list[str] = []
        for file in self.files:
            path = file.path
            if path.is_relative_to(data_dir):
                path = new_data_dir / path.relative_to(data_dir)
            # The source reports a file that cannot be read.
            try:
                same = not path.is_file() or _is_in_system_folder(path) or _same(file, path)
            except (OSError, DataError):
                same = True
            if not same:
                changed.append(f"{path}")
        if changed:
            raise _changed(changed)

    def refuse_other(self, found: DataIdentity) -> None:
        """Refuse data that differ from the recorded ones.

        Raises:
            DifferenceError: a file differs, or the same files gave a different split.
        """
        recorded = {(file.path.name, file.sha256) for file in self.files}
        names = [str(file.path) for file in found.files]
        other = [
            str(file.path) for file in found.files if (file.path.name, file.sha256) not in recorded
        ]
        if other or len(found.files) != len(self.files):
            raise _changed(other or names)
        if found.split_hash != self.split_hash:
            raise DifferenceError(
                f"the split differs from that of the run (hash {found.split_hash[:12]}..., not "
                f"{self.split_hash[:12]}...); install the release that environment.json names"
            )


def _is_in_system_folder(path: Path) -> bool:
    """Whether a path is in a system folder, where reading a file may never end."""
    target = path.resolve()
    return any(target.is_relative_to(folder) for folder in ("/proc", "/sys", "/dev"))


def _same(file: DataFile, path: Path) -> bool:
    # Compare sizes first: most changed files need no hashing then.
    return path.stat().st_size == file.size and DataFile.of(path).sha256 == file.sha256


def _changed(paths: Sequence[str]) -> DifferenceError:
    return DifferenceError(
        f"{' and '.join(paths)} changed since the run: the sha256 differs from that in its "
        "environment.json; restore the old data, or set data_dir to the folder that has them"
    )


def _file(entry: object, where: Path) -> DataFile:
    if isinstance(entry, dict):
        path, sha256, size = (entry.get(key) for key in ("path", "sha256", "size"))
        if isinstance(path, str) and isinstance(sha256, str) and isinstance(size, int):
            return DataFile(Path(path), sha256, size)
    raise OutputError(f"cannot read {where}: 'data_files' has the malformed entry {entry!r:.80}")
