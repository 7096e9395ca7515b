"""The key changes with everything that prepared data depends on, and with nothing else."""

from __future__ import annotations

import copy
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import graphrec_cli
from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.config.split import GlobalTimeConfig, LeaveOneOutConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.cache import key
from graphrec_cli.data.cache.key import digest_of, key_ingredients
from graphrec_cli.data.source import FoundFiles
from graphrec_cli.preparation import find_files

ADDRESSES = {"download", "base_url", "archive", "ratings", "to_read"}
ADDRESS = RemoteFileConfig(url="http://127.0.0.1:9/x.csv")


def key_of(config: RunConfig) -> str:
    return digest_of(key_ingredients(config, find_files(config)))


def changed_leaves(content: Any) -> Iterator[Any]:
    """Copies of plain values with one of them changed, however deep."""
    if isinstance(content, dict | list):
        places = list(content) if isinstance(content, dict) else range(len(content))
        for place in places:
            for value in changed_leaves(content[place]):
                other = copy.copy(content)
                other[place] = value
                yield other
        yield type(content)() if content else [None]
    else:
        yield "something else"


@pytest.mark.parametrize("name", sorted(SCHEMAS["dataset"]))
def test_every_value_of_a_data_set_but_for_its_addresses_is_in_it(
    name: str, config: RunConfig, files: FoundFiles
) -> None:
    dataset = config.dataset if name == "table" else SCHEMAS["dataset"][name]()
    of_it = key_ingredients(replace(config, dataset=dataset), files)["dataset"]
    left_out = {*ADDRESSES, "seed"}
    assert of_it == {key: of for key, of in to_plain(dataset).items() if key not in left_out}
    assert {"name", "prefilter", "k_core"} < set(of_it)


def test_any_other_value_makes_another_key(config: RunConfig, files: FoundFiles) -> None:
    ingredients = key_ingredients(replace(config, split=LeaveOneOutConfig(valid=0)), files)
    assert set(ingredients["split"]) == {"name", "by", "valid", "test", "min_interactions"}
    assert ingredients["seeds"] == {"split": config.seed}
    digests = [digest_of(ingredients), *map(digest_of, changed_leaves(ingredients))]
    assert len(digests) > 40
    assert len(set(digests)) == len(digests)


def test_the_seed_of_the_split_counts_wherever_it_is_written(config: RunConfig) -> None:
    drawn = [
        replace(config, seed=run, split=LeaveOneOutConfig(seed=own))
        for run, own in ((7, None), (1, 7), (2, 7))
    ]
    assert len({key_of(same) for same in drawn}) == 1
    assert key_of(replace(config, seed=1)) != key_of(drawn[0])
    newest = [replace(config, seed=seed, split=GlobalTimeConfig()) for seed in (1, 2)]
    assert key_of(newest[0]) == key_of(newest[1])


def test_what_no_prepared_data_depend_on_is_not_in_it(config: RunConfig, files: FoundFiles) -> None:
    wanted = digest_of(key_ingredients(config, files))
    for changed in (
        replace(config, cache_dir=None),
        replace(config, output_dir="elsewhere", data_dir="elsewhere"),
        replace(config, num_threads=7, plots=False),
        replace(config, trainer=TrainerConfig(epochs=3)),
    ):
        assert digest_of(key_ingredients(changed, files)) == wanted
    one = GoodBooksConfig(ratings=ADDRESS, to_read=ADDRESS)
    two = GoodBooksConfig(ratings=RemoteFileConfig(url="x"), download=False, to_read=ADDRESS)
    same = [key_ingredients(replace(config, dataset=dataset), files) for dataset in (one, two)]
    assert same[0] == same[1]


def test_the_files_count_by_content_name_and_use(config: RunConfig, tmp_path: Path) -> None:
    keys = {"as it is": key_of(config)}
    ratings = tmp_path / "ratings.csv"
    sound = ratings.read_bytes()
    ratings.write_bytes(sound.replace(b"u3,", b"u4,", 1))
    keys["a row"] = key_of(config)
    ratings.write_bytes(sound + b"\n")
    keys["a byte more"] = key_of(config)
    ratings.write_bytes(sound)
    assert key_of(config) == keys["as it is"]
    ratings.rename(tmp_path / "ratings.tsv")
    table = TableConfig(path="ratings.tsv", items_path="books.csv")
    keys["another name"] = key_of(replace(config, dataset=table))
    assert len(set(keys.values())) == len(keys)

    one = FoundFiles.of({"path": tmp_path / "ratings.tsv", "items_path": tmp_path / "books.csv"})
    two = FoundFiles.of({"path": tmp_path / "books.csv", "items_path": tmp_path / "ratings.tsv"})
    assert key_ingredients(config, one) != key_ingredients(config, two)


def test_moved_files_keep_their_key(config: RunConfig, tmp_path: Path) -> None:
    wanted = key_of(config)
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("ratings.csv", "books.csv"):
        (tmp_path / name).rename(moved / name)
    assert key_of(replace(config, data_dir=str(moved))) == wanted


def test_versions_count(
    config: RunConfig, files: FoundFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [digest_of(key_ingredients(config, files))]
    installed = metadata.version

    def another(target: Any, name: str, value: object) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(target, name, value)
            keys.append(digest_of(key_ingredients(config, files)))

    another(key, "__version__", "9.9.9")
    another(key, "FORMAT", 0)
    another(platform, "python_version", lambda: "9.9.9")
    for package in ("numpy", "pandas", "pyarrow"):

        def version(name: str, package: str = package) -> str:
            return "9.9" if name == package else installed(name)

        another(metadata, "version", version)
    assert len(set(keys)) == len(keys)


@pytest.mark.slow
def test_changed_code_makes_another_key_although_the_version_stays(tmp_path: Path) -> None:
    shutil.copytree(Path(graphrec_cli.__file__).parent, tmp_path / "graphrec_cli")
    program = (
        "from graphrec_cli.data.cache.key import key_ingredients\n"
        "from graphrec_cli.config.dataset import SyntheticConfig\n"
        "from graphrec_cli.config.run import RunConfig\n"
        "from graphrec_cli.data.source import FoundFiles\n"
        "config = RunConfig(dataset=SyntheticConfig())\n"
        "print(key_ingredients(config, FoundFiles.of({}))['code'])"
    )

    def digest() -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    before = digest()
    assert len(before) == 64
    (tmp_path / "graphrec_cli" / "cli.py").write_text("")  # not on the way to the split
    assert digest() == before
    with (tmp_path / "graphrec_cli" / "data" / "k_core.py").open("a") as file:
        file.write("# changed\n")
    assert digest() != before
