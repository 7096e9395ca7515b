"""A table of one's own, written and read by a test."""

from __future__ import annotations

from pathlib import Path

from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.table import TABLE


def load(config: TableConfig, data_dir: str = "data") -> SourceData:
    """Read the table as ``dataset=table`` does."""
    return TABLE.read(config, data_dir=Path(data_dir), seed=0)


def csv_table(folder: Path, content: bytes, name: str = "ratings.csv") -> TableConfig:
    """Write a file into the working directory ``folder``; return the values that name it."""
    (folder / name).write_bytes(content)
    return TableConfig(path=name)
