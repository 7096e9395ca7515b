"""Two processes at once on one cache of prepared data, while a process or an entry is harmed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from builders import TINY_SETTINGS
from damages import damage
from forker import PEACE, Fate, Forker

ROUNDS = 2
"""Pairs of processes on one cache."""
TRAIN = (
    "train",
    *TINY_SETTINGS,
    "model.embedding_dim=4",
    "trainer.epochs=1",
)


def caches(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: a case is ``ROUNDS`` pairs on one cache; all must get the same data."""
    forker = Forker()
    rng = random.Random(1)
    pairs = {(rng.randrange(60), rng.randrange(40)) for _ in range(900)}
    table = folder / "ratings.csv"
    table.write_text("user,item\n" + "".join(f"u{user},i{item}\n" for user, item in sorted(pairs)))
    data = ("dataset=table", f"dataset.path={table}")
    truth = forker.live(folder, ["data", "prepare", *data, "cache_dir=apart", "--json"])
    assert truth.code == 0, truth
    split_hash = json.loads(truth.out)["split_hash"]

    def case(rng: random.Random) -> str:
        home = folder / f"case-{rng.getrandbits(64):016x}"
        home.mkdir()
        for _ in range(ROUNDS):
            spoil(home / "cache" / "prepared", rng)
            prepare = ["data", "prepare", *data, "cache_dir=cache", "--json"]
            words = rng.choice([prepare, prepare, [*TRAIN, *data, "cache_dir=cache"]])
            fates = [PEACE, rng.choice([PEACE, Fate(event=int(2 ** rng.uniform(0, 8)))])]
            for life, fate in zip(forker.live_together(home, words, fates), fates, strict=True):
                assert life.code == 0 or (life.code == -9 and fate is not PEACE), life
            after = forker.live(home, prepare)
            assert after.code == 0, after
            assert json.loads(after.out)["split_hash"] == split_hash, "other data"
            assert "Traceback" not in after.err, after
        for path in home.glob("outputs/*/environment.json"):
            found = json.loads(path.read_text("utf-8")).get("split_hash")
            assert found in (None, split_hash), "a run on other data"
        shutil.rmtree(home)
        return f"the same data in {ROUNDS} rounds of two processes"

    return case


def spoil(entries: Path, rng: random.Random) -> None:
    """Sometimes damage or delete files of the cache."""
    files = sorted(path for path in entries.rglob("*") if path.is_file())
    how = rng.random()
    if how < 0.3:
        shutil.rmtree(entries, ignore_errors=True)
    elif how < 0.6 and files:
        damage(rng.choice(files), rng)
