"""Find the files of a data set published as one zip: unpacked, in the zip, or downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from graphrec_cli.config.dataset import RemoteFileConfig
from graphrec_cli.data.files.download import download
from graphrec_cli.data.files.files import find_file
from graphrec_cli.errors import DataError


def archive_name(archive: RemoteFileConfig) -> str:
    """The zip's name, the last part of its address."""
    return PurePosixPath(urlsplit(archive.url).path).name


def find_or_fetch(
    folder: Path, names: Sequence[str], archive: RemoteFileConfig, *, fetch: bool
) -> list[Path]:
    """Paths of the files, in the order of ``names``; downloads the zip if one is missing.

    Args:
        folder: of the files or the zip.
        names: of the files, each plain, ``.gz``, ``.zip`` or in the zip.
        archive: the published zip.
        fetch: whether to download it.

    Raises:
        DataError: a file is missing and cannot be fetched.
    """
    zip_name = archive_name(archive)
    missing = [name for name in names if find_file(folder, name, zip_name) is None]
    if missing and fetch and not (folder / zip_name).is_file():
        try:
            download(archive, folder / zip_name)
        except DataError as error:
            raise DataError(f"{error} (missing in {folder}: {' and '.join(missing)})") from error
        missing = [name for name in names if find_file(folder, name, zip_name) is None]
    if missing:
        hint = "" if fetch else ", or set dataset.download=true"
        raise DataError(
            f"{' and '.join(missing)} (plain, .gz, .zip or in {zip_name}) not found in {folder}; "
            f"put them there from {archive.url}{hint}"
        )
    return [path for name in names if (path := find_file(folder, name, zip_name)) is not None]
