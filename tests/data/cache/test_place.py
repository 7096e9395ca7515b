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
from graphrec_cli.data.cache.place import CachePlace, Found
from graphrec_cli.data.prepared import Prepared
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.errors import DataError
from graphrec_cli.preparation import DropReport, find_files, read_and_split

DAY = 24 * 3600


def names(place: CachePlace) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir())


def hash_at(place: CachePlace) -> str:
    found = place.find()
    assert found.prepared is not None, found.damage
    return found.prepared.split.hash()


def spoil(place: CachePlace) -> None:
    (place.path / "users.npy").write_bytes(b"spoilt")


def test_what_was_put_is_found_with_the_files_of_here(
    place: CachePlace, prepared: Prepared, files: FoundFiles
) -> None:
    assert place.find() == Found()
    place.refuse_unwritable()
    assert place.find() == Found()
    place.put(prepared, Found())
    assert names(place) == [place.key]
    found = place.find().prepared
    assert found is not None
    assert found.split.hash() == prepared.split.hash()
    assert found.files == files.on_disk
    assert place.size() == sum(path.stat().st_size for path in place.path.iterdir()) > 0


def test_the_folder_of_the_user_unless_another_is_chosen(
    config: RunConfig, files: FoundFiles, clean_environment: Path, tmp_path: Path
) -> None:
    default = CachePlace.of(replace(config, cache_dir=None), files)
    assert default is not None
    assert default.parent == clean_environment / "graphrec" / "prepared"
    chosen = CachePlace.of(config, files)
    assert chosen is not None
    assert chosen.path == tmp_path / "cache" / "prepared" / chosen.key
    in_memory = replace(config, dataset=SyntheticConfig())
    assert CachePlace.of(in_memory, find_files(in_memory)) is None


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
    place = CachePlace.of(replace(config, cache_dir=None), files)
    assert place is not None
    with pytest.raises(OSError, match="absolute"):
        place.refuse_unwritable()
    assert sorted(tmp_path.iterdir()) == before


def a_file(place: CachePlace) -> None:
    shutil.rmtree(place.path)
    place.path.write_text("x")


def a_link(place: CachePlace) -> None:
    elsewhere = place.parent.parent / "elsewhere"
    place.path.rename(elsewhere)
    place.path.symlink_to(elsewhere)


def an_empty_folder(place: CachePlace) -> None:
    shutil.rmtree(place.path)
    place.path.mkdir()


@pytest.mark.parametrize("damage", [spoil, a_file, a_link, an_empty_folder])
def test_a_damaged_entry_is_replaced(
    damage: Callable[[CachePlace], None], place: CachePlace, prepared: Prepared
) -> None:
    place.refuse_unwritable()
    place.put(prepared, Found())
    damage(place)
    found = place.find()
    assert found.prepared is None
    assert found.damage
    place.put(prepared, found)
    assert hash_at(place) == prepared.split.hash()
    assert names(place) == [place.key]
    elsewhere = place.parent.parent / "elsewhere"
    assert not elsewhere.exists() or len(list(elsewhere.iterdir())) > 5  # link target kept


def test_the_entry_of_a_faster_process_stays(place: CachePlace, prepared: Prepared) -> None:
    place.refuse_unwritable()
    nothing = place.find()
    place.put(prepared, nothing)
    first = place.path.stat().st_ino
    place.put(prepared, nothing)
    assert place.path.stat().st_ino == first
    spoil(place)
    damaged = place.find()
    place.put(prepared, damaged)
    repaired = place.path.stat().st_ino
    assert repaired != first
    keep = replace(damaged, inode=first)
    place.put(prepared, keep)  # a second process that saw the damage
    assert place.path.stat().st_ino == repaired
    assert names(place) == [place.key]


def test_what_killed_builds_left_is_removed_a_day_later(
    place: CachePlace, prepared: Prepared
) -> None:
    place.refuse_unwritable()
    old, young = (place.parent / f".{place.key}.{digit * 16}" for digit in "ab")
    foreign = place.parent / ".of somebody else"
    for folder in (old, young, foreign):
        folder.mkdir()
        (folder / "users.npy").write_bytes(b"half")
    for folder in (old, foreign):
        os.utime(folder, times=(time.time() - 2 * DAY,) * 2)
    place.put(prepared, Found())
    assert names(place) == sorted([place.key, young.name, foreign.name])


def test_nothing_is_left_where_the_disk_fills(
    place: CachePlace, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.refuse_unwritable()
    written: list[int] = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        place.put(prepared, Found())
    assert names(place) == []
    assert place.find() == Found()


def test_every_byte_is_on_disk_before_the_entry_is_there(
    place: CachePlace, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.refuse_unwritable()
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
    place.put(prepared, Found())
    assert renamed == [True]
    assert place.parent.stat().st_ino in synced


def test_files_that_change_while_they_are_read_are_refused(
    config: RunConfig, files: FoundFiles, tmp_path: Path
) -> None:
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("u1,i29,3\n")
    with pytest.raises(DataError, match=r"ratings.csv changed while it was read"):
        read_and_split(config, files, DropReport())
