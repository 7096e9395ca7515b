"""Prepare the split of a config: load it from the cache, or read the files and split them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphrec_cli.config.dataset import Duplicates
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.cache.build_lock import build_lock
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.components import find_source, find_split
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.log_lines import (
    log_every_rating,
    log_rows,
    log_titles,
    log_unused_split,
    warn_of_odd_times,
)
from graphrec_cli.data.prepared import Prepared, attributes_by_index, titles_by_index
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.source import FoundFiles, SourceData
from graphrec_cli.data.sources.table import pick_time_column
from graphrec_cli.data.tables.quarantine import TooManyBadLines
from graphrec_cli.errors import DataError
from graphrec_cli.rundir.drop_report import DropReport
from graphrec_cli.system.progress import progress
from graphrec_cli.system.seeds import numpy_generator

log = logging.getLogger("graphrec")

_LARGE_FILES = 10**7
"""Bytes that take about a second to read."""


def check_data(config: RunConfig) -> None:
    """Refuse missing files and missing columns, before anything slow is imported or made.

    Raises:
        ConfigError: a value does not fit the file.
        DataError: a file is missing and cannot be fetched, or cannot be read as configured.
    """
    find_source(config).check(config.dataset, data_dir=Path(config.data_dir))
    earliest = config.dataset.duplicates is Duplicates.earliest
    needs_times = config.split.needs_times() or ("dataset.duplicates=earliest" * earliest)
    if needs_times:
        _refuse_without_times(config, needs_times)


def _refuse_without_times(config: RunConfig, word: str) -> None:
    """Refuse data without timestamps, which ``word`` needs."""
    if not config.dataset.may_have_times:
        raise DataError(
            f"{word} needs timestamps, and dataset={config.dataset.name} has none; remove {word}"
        )
    if isinstance(config.dataset, TableConfig):
        try:
            pick_time_column(config.dataset, data_dir=Path(config.data_dir))
        except DataError as error:
            raise DataError(f"{word} needs timestamps: {error}") from error


def find_files(config: RunConfig) -> FoundFiles:
    """Find or download the files of the data set, and hash them."""
    with progress("hashing the files"):
        return find_source(config).found(config.dataset, data_dir=Path(config.data_dir))


def prepare(config: RunConfig, cache: PreparedCache, report: DropReport) -> Prepared:
    """Load the prepared data from the cache, or build them from the files.

    Both ways give the same report, and leave the data in the cache. Of several processes that want
    the same data at the same time, one prepares it, and the others wait.

    Raises:
        ConfigError: the chosen cache folder cannot be written.
        DataError: the files cannot be read, or the data cannot be split.
    """
    with progress("reading the cache"):
        prepared = cache.get()
    if prepared is not None:
        return _from_cache(config, cache, prepared, report)
    with build_lock(cache.path):
        prepared = cache.built_meanwhile()
        if prepared is None:
            prepared = fill_cache(config, cache, report)
            if cache.kept:
                log.info("stored the prepared data in the cache (%s...)", cache.short_key)
            return prepared
    return _from_cache(config, cache, prepared, report)


def _from_cache(
    config: RunConfig, cache: PreparedCache, prepared: Prepared, report: DropReport
) -> Prepared:
    """The same report as when the data was prepared."""
    log.info("loaded the prepared data from the cache (%s...)", cache.short_key)
    log_rows(config, prepared.num_rows, prepared.notes)
    warn_of_odd_times(config, prepared.split)
    report.bad_lines(prepared.quarantine)
    log_unused_split(config, prepared.own_split_unused)
    report.drops(prepared.funnel)
    log_every_rating(config, prepared.split)
    log_titles(prepared)
    return prepared


def fill_cache(config: RunConfig, cache: PreparedCache, report: DropReport) -> Prepared:
    """Read and split the files, and store the result in the cache.

    Raises:
        ConfigError: the chosen cache folder cannot be written.
        DataError: the files cannot be read, or the data cannot be split.
    """
    cache.refuse_unwritable()
    source = read_source(config, cache.files, report)
    interactions = find_positives(config, source, report)
    num_rows = len(source.table)
    # The raw rows of a large table take more memory than the pairs that are left.
    source = source.without_rows()
    prepared = split_positives(config, source, interactions, report, num_rows)
    del interactions
    with progress("writing the cache"):
        cache.keep(prepared)
    return prepared


def read_and_split(
    config: RunConfig, files: FoundFiles, report: DropReport
) -> tuple[SourceData, Prepared]:
    """Read the files and split them; return the raw rows and the prepared data.

    Bad lines and dropped rows are reported even if this fails.

    Raises:
        DataError: the files cannot be read, or the data cannot be split.
    """
    source = read_source(config, files, report)
    interactions = find_positives(config, source, report)
    return source, split_positives(config, source, interactions, report, len(source.table))


def read_source(config: RunConfig, files: FoundFiles, report: DropReport) -> SourceData:
    """Read the files, and report bad lines.

    Raises:
        DataError: they cannot be read.
    """
    size = sum(file.size for file in files.on_disk)
    if size >= _LARGE_FILES:
        log.info("reading dataset %s (%s MB)", config.dataset.name, f"{size / 1e6:,.0f}")
    try:
        with progress(f"reading dataset {config.dataset.name}"):
            source = find_source(config).loaded(config.dataset, files, seed=config.dataset_seed())
    except TooManyBadLines as error:
        report.bad_lines(error.bad)
        raise
    log_rows(config, len(source.table), source.notes)
    report.bad_lines(source.quarantine)
    return source


def find_positives(config: RunConfig, source: SourceData, report: DropReport) -> Interactions:
    """Filter the raw rows; the source's funnel counts every row that is dropped.

    Raises:
        DataError: no row is left.
    """
    with _reporting_failure(source.funnel, report), progress("filtering the rows"):
        return preprocess(
            source.table,
            rating_threshold=config.dataset.positive_threshold(),
            prefilter=config.dataset.prefilter,
            k_core=config.dataset.k_core,
            duplicates=config.dataset.duplicates,
            funnel=source.funnel,
        )


def split_positives(
    config: RunConfig,
    source: SourceData,
    interactions: Interactions,
    report: DropReport,
    num_rows: int,
) -> Prepared:
    """Split the pairs of a source that had ``num_rows`` rows, and report those that were dropped.

    Raises:
        DataError: the pairs cannot be split.
    """
    own_split_unused = interactions.part is not None and config.split.name != "predefined"
    log_unused_split(config, own_split_unused)
    rng = numpy_generator(config.split_seed(), "split")
    with _reporting_failure(source.funnel, report), progress("splitting the pairs"):
        split = find_split(config)(interactions, config.split, rng=rng, funnel=source.funnel)
        prepared = Prepared(
            split=split,
            title=titles_by_index(source, split),
            attributes=attributes_by_index(source, split),
            funnel=source.funnel,
            quarantine=source.quarantine,
            num_rows=num_rows,
            own_split_unused=own_split_unused,
            files=source.files,
            preferences=source.preferences,
            notes=source.notes,
        )
    report.drops(source.funnel)
    warn_of_odd_times(config, split)
    log_every_rating(config, split)
    log_titles(prepared)
    return prepared


@contextmanager
def _reporting_failure(funnel: Funnel, report: DropReport) -> Iterator[None]:
    """Report the rows dropped so far if the data cannot be used."""
    try:
        yield
    except DataError:
        report.drops(funnel, failed=True)
        raise
