"""An entry is written completely, replaces a damaged one, and gives way to an earlier one."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graphrec_cli.config.dataset import SyntheticConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.cache.prepared_cache import PreparedCache
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import ConfigError, DataError, OutputError
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport

DAY = 24 * 3600


class Place:
    """The place of an entry, and commands that come there one after another."""

    def __init__(self, config: RunConfig, files: FoundFiles) -> None:
        self._config, self._files = config, files
        path = self.visit().path
        assert path is not None
        self.path, self.parent = path, path.parent

    def visit(self) -> PreparedCache:
        """A command that needs the cache."""
        return PreparedCache(self._config, self._files, required=True)

    def put(self, prepared: Prepared) -> None:
        """A command that prepares the data because it found no sound entry."""
        cache = self.visit()
        assert cache.get() is None
        cache.refuse_unwritable()
        cache.keep(prepared)
        assert cache.kept


@pytest.fixture
def place(config: RunConfig, files: FoundFiles) -> Place:
    """Nothing is there."""
    return Place(config, files)


def names(place: Place) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir())


def hash_at(place: Place) -> str:
    cache = place.visit()
    found = cache.get()
    assert found is not None, cache.damage
    return found.split.hash()


def spoil(place: Place) -> None:
    (place.path / "users.npy").write_bytes(b"spoilt")


def test_what_was_put_is_found_with_the_files_of_here(
    place: Place, prepared: Prepared, files: FoundFiles
) -> None:
    first = place.visit()
    assert first.get() is None
    first.refuse_unwritable()
    assert first.get() is None
    assert (first.state, first.damage, first.size()) == ("built", None, 0)
    first.keep(prepared)
    assert names(place) == [place.path.name]
    second = place.visit()
    found = second.get()
    assert found is not None
    assert found.split.hash() == prepared.split.hash()
    assert found.files == files.on_disk
    assert second.state == "there"
    assert second.size() == sum(path.stat().st_size for path in place.path.iterdir())


def test_the_folder_of_the_user_unless_another_is_chosen(
    config: RunConfig, files: FoundFiles, clean_environment: Path, tmp_path: Path
) -> None:
    default = PreparedCache(replace(config, cache_dir=None), files)
    assert default.path is not None
    assert default.path.parent == clean_environment / "graphrec" / "prepared"
    chosen = PreparedCache(config, files)
    assert chosen.path == tmp_path / "cache" / "prepared" / default.path.name
    config = replace(config, dataset=SyntheticConfig())
    in_memory = PreparedCache(config, find_files(config))
    assert (in_memory.path, in_memory.state, in_memory.size()) == (None, "in_memory", None)
    assert in_memory.get() is None


@pytest.mark.parametrize("home", ["", "relative/cache"])
def test_no_folder_is_made_below_the_working_directory(
    home: str,
    config: RunConfig,
    files: FoundFiles,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without a home
    before = sorted(tmp_path.iterdir())
    cache = PreparedCache(replace(config, cache_dir=None), files, required=True)
    assert cache.get() is None
    with pytest.raises(ConfigError, match="absolute"):
        cache.refuse_unwritable()
    assert sorted(tmp_path.iterdir()) == before


def a_file(place: Place) -> None:
    shutil.rmtree(place.path)
    place.path.write_text("x")


def a_link(place: Place) -> None:
    elsewhere = place.parent.parent / "elsewhere"
    place.path.rename(elsewhere)
    place.path.symlink_to(elsewhere)


def an_empty_folder(place: Place) -> None:
    shutil.rmtree(place.path)
    place.path.mkdir()


@pytest.mark.parametrize("damage", [spoil, a_file, a_link, an_empty_folder])
def test_a_damaged_entry_is_replaced(
    damage: Callable[[Place], None], place: Place, prepared: Prepared
) -> None:
    place.put(prepared)
    damage(place)
    cache = place.visit()
    assert cache.get() is None
    assert cache.damage
    assert cache.state == "rebuilt"
    cache.keep(prepared)
    assert hash_at(place) == prepared.split.hash()
    assert names(place) == [place.path.name]
    elsewhere = place.parent.parent / "elsewhere"
    assert not elsewhere.exists() or len(list(elsewhere.iterdir())) > 5  # link target kept


def test_the_entry_of_a_faster_process_stays(place: Place, prepared: Prepared) -> None:
    late = place.visit()
    late.get()
    place.put(prepared)
    first = place.path.stat().st_ino
    late.keep(prepared)
    assert place.path.stat().st_ino == first
    spoil(place)
    late.get()
    place.put(prepared)
    repaired = place.path.stat().st_ino
    assert repaired != first
    late.keep(prepared)  # a second process that saw the damage
    assert place.path.stat().st_ino == repaired
    assert names(place) == [place.path.name]


def test_what_killed_builds_left_is_removed_a_day_later(place: Place, prepared: Prepared) -> None:
    place.visit().refuse_unwritable()
    old, young = (place.parent / f".{place.path.name}.{digit * 16}" for digit in "ab")
    foreign = place.parent / ".of somebody else"
    for folder in (old, young, foreign):
        folder.mkdir()
        (folder / "users.npy").write_bytes(b"half")
    for folder in (old, foreign):
        os.utime(folder, times=(time.time() - 2 * DAY,) * 2)
    place.put(prepared)
    assert names(place) == sorted([place.path.name, young.name, foreign.name])


def test_nothing_is_left_where_the_disk_fills(
    place: Place, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = place.visit()
    cache.refuse_unwritable()
    written: list[int] = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        cache.keep(prepared)
    assert names(place) == []
    assert cache.get() is None
    assert cache.damage is None


def test_every_byte_is_on_disk_before_the_entry_is_there(
    place: Place, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = place.visit()
    cache.refuse_unwritable()
    synced: set[int] = set()
    sync = os.fsync

    def watched(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        sync(descriptor)

    renamed: list[bool] = []
    rename = os.rename

    def checked(source: Path, target: Path) -> None:
        inodes = {path.stat().st_ino for path in (source, *source.iterdir())}
        renamed.append(inodes <= synced)
        synced.clear()
        rename(source, target)

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr(os, "rename", checked)
    cache.keep(prepared)
    assert renamed == [True]
    assert place.parent.stat().st_ino in synced


def test_files_that_change_while_they_are_read_are_refused(
    config: RunConfig, files: FoundFiles, tmp_path: Path
) -> None:
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("u1,i29,3\n")
    with pytest.raises(DataError, match=r"ratings.csv changed while it was read"):
        read_and_split(config, files, DropReport())
