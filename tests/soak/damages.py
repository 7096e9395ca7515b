"""Files of a run directory with a flipped bit, truncated or deleted."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from forker import Forker, Life
from kills import SHARED, End

WORDS = (*SHARED, "trainer.epochs=3", "trainer.batch_size=40", "seed=7", "plots=true")
CORRECT, REFUSED, ELSEWHERE = "right all the same", "refused in one line", "read as another run"
READERS: tuple[tuple[str, ...], ...] = (
    ("evaluate", "RUN", "--json"),
    ("evaluate", "RUN", "part=valid", "--json"),
    ("recommend", "RUN", "k=3", "--json"),
    ("recommend", "RUN", "items=1", "k=3", "--json"),
)


def damages(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: one file is damaged; every command is still right or refuses in one line."""
    forker = Forker()
    life = forker.live(folder, [*WORDS, "trainer.checkpoint_every=1"])
    assert life.code == 0, life
    run = folder / life.out.splitlines()[-1]
    files = sorted(path.relative_to(run) for path in run.rglob("*") if path.is_file())
    expected = {words: forker.live(folder, named(words, run)).out for words in READERS}
    whole = End.of(run)

    def case(rng: random.Random) -> str:
        copy = folder / f"case-{rng.getrandbits(64):016x}"
        shutil.copytree(run, copy)
        name = rng.choice(files)
        how = damage(copy / name, rng)
        where = f"{how} of {name}"
        words = rng.choice(
            [*READERS, *READERS, ("reproduce",), ("--from",), ("resume",), ("continue",)]
        )
        try:
            if words == ("continue",):
                return go_on(forker, copy, whole)
            if words == ("resume",):
                # A damaged status does not say that the run is completed, so the run is resumed.
                return outcome(forker.live(folder, ["train", f"resume={copy}"]), "")
            if words == ("--from",):
                return outcome(
                    forker.live(folder, ["train", "--from", str(copy), "--cfg", "job"]), ""
                )
            if words == ("reproduce",):
                life = forker.live(folder, ["reproduce", str(copy), f"output_dir={copy}-again"])
                return ELSEWHERE if life.code == 4 and not life.err else outcome(life, "")
            return outcome(forker.live(folder, named(words, copy)), expected[words])
        except AssertionError as error:
            raise AssertionError(f"{' '.join(words)} after {where}: {error}") from error
        finally:
            shutil.rmtree(copy)
            shutil.rmtree(f"{copy}-again", ignore_errors=True)

    return case


def go_on(forker: Forker, copy: Path, whole: End) -> str:
    """Resume it as a run that was killed during its final test."""
    status = {"status": "running", "error": None, "time": ""}
    (copy / "status.json").write_text(json.dumps(status), encoding="utf-8")
    life = forker.live(copy, ["train", f"resume={copy}"])
    if life.code:
        life.error()
        return REFUSED
    End.of(copy).assert_same(whole)
    return CORRECT


def outcome(life: Life, expected: str) -> str:
    """The outcome of the command.

    Args:
        expected: what it prints of the undamaged run; "" where that may differ.
    """
    assert life.code >= 0, life
    if life.code:
        assert life.code in (1, 2, 3, 4), life
        life.error()
        return REFUSED
    assert not expected or life.out == expected, f"other figures: {life.out[:300]}"
    return CORRECT


def named(words: tuple[str, ...], run: Path) -> list[str]:
    """The words for this run."""
    return [str(run) if word == "RUN" else word for word in words]


def damage(path: Path, rng: random.Random) -> str:
    """Damage a file in one of several ways; returns which."""
    data = bytearray(path.read_bytes())
    place = rng.randrange(len(data)) if data else 0
    how = rng.choice(["flip", "flip", "flip", "truncation", "zeros", "noise", "loss", "growth"])
    if how == "flip" and data:
        data[place] ^= 1 << rng.randrange(8)
    elif how == "truncation":
        del data[place:]
    elif how in ("zeros", "noise"):
        end = min(len(data), place + rng.choice([1, 16, 512, 4096]))
        data[place:end] = bytes(end - place) if how == "zeros" else rng.randbytes(end - place)
    elif how == "growth":
        data += rng.randbytes(rng.choice([1, 100]))
    path.write_bytes(data)
    if how == "loss":
        path.unlink()
    return f"{how} at {place}"
