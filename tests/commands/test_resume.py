"""``graphrec train resume=RUN`` and ``trainer.autoresume``: equal to an uninterrupted run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CPU, TINY
from builders import read_json as read

from graphrec_cli.errors import Interrupted
from graphrec_cli.rundir.lock import held_lock
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.checkpoints.file import load_checkpoint
from graphrec_cli.training.trainer import Trainer

TRAIN = ("loss=bpr", "trainer.epochs=4", "trainer.batch_size=64", "trainer.learning_rate=0.05")
"""Six steps an epoch."""


def history(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text("utf-8").splitlines()]
    return [
        {key: row[key] for key in row if key not in ("seconds", "triplets_per_second")}
        for row in rows
    ]


def assert_same_run(run: Path, whole: Path) -> None:
    assert read(run / "status.json")["status"] == "completed"
    assert (run / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()
    assert history(run) == history(whole)
    mine, other = (load_checkpoint(path / "checkpoints/best.pt", CPU) for path in (run, whole))
    assert mine["epoch"] == other["epoch"]
    assert all(torch.equal(mine["model"][name], other["model"][name]) for name in other["model"])


@contextmanager
def dying_at(step: int) -> Iterator[None]:
    """End every training after its optimizer step ``step``, as a signal would."""
    real_step, real_check = Trainer.train_step, StopSignals.check
    due = False

    def train_step(self: Trainer, batch: Any) -> torch.Tensor:
        nonlocal due
        loss = real_step(self, batch)
        due = self.step == step
        return loss

    def check(self: StopSignals) -> None:
        nonlocal due
        if due:
            due = False
            raise Interrupted(15)
        real_check(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "train_step", train_step)
        patch.setattr(StopSignals, "check", check)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uninterrupted run."""
    from graphrec_cli.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("whole"))
        assert main(["train", *TINY, *TRAIN]) == 0
        (config,) = Path.cwd().glob("outputs/*/config.json")
    return config.parent


@pytest.fixture
def graphrec(graphrec: Callable[..., Any], full_size: Callable[..., Any]) -> Callable[..., Any]:
    """As ``graphrec``; ``graphrec("resume", RUN, words...)`` is ``train resume=RUN words...``."""

    def command(first: str, *words: str) -> Any:
        if first == "resume":
            return full_size("train", f"resume={words[0]}", *words[1:])
        return graphrec(first, *words)

    return command


@pytest.mark.parametrize(
    "step", [1, 6, 13, *(pytest.param(step, marks=pytest.mark.slow) for step in (5, 7, 24))]
)
def test_a_run_that_stopped_between_steps_goes_on_to_the_same_end(
    step: int, whole: Path, graphrec: Callable[..., Any]
) -> None:
    with dying_at(step):
        stopped = graphrec("train", *TRAIN)
    assert stopped.code == 143
    last = load_checkpoint(stopped.run / "checkpoints" / "last.pt", CPU)
    assert (last["step"], last["epoch"]) == (step, (step - 1) // 6 + 1)
    assert read(stopped.run / "status.json")["status"] == "interrupted"
    assert stopped.err.splitlines()[-1].startswith("error: interrupted: graphrec train resume=")
    done = graphrec("resume", str(stopped.run))
    assert done.code == 0, done.err
    assert done.run == stopped.run
    assert_same_run(done.run, whole)


def test_the_users_temperatures_go_on_exactly(graphrec: Callable[..., Any]) -> None:
    words = (
        "loss.user_temperature_spread=0.2",
        "trainer.epochs=3",
        "trainer.min_steps_per_epoch=32",
    )
    whole = graphrec("train", *words)
    one_for_all = graphrec("train", *words[1:])
    assert history(whole.run)[1] != history(one_for_all.run)[1]
    for step in (32, 40):
        with dying_at(step):
            stopped = graphrec("train", *words)
        assert stopped.code == 143
        last = load_checkpoint(stopped.run / "checkpoints" / "last.pt", CPU)
        assert last["loss"].keys() == {"sharpness", "loss_sum", "loss_count"}
        sharpness = last["loss"]["sharpness"]
        assert torch.equal(sharpness, torch.ones_like(sharpness)) == (step == 32)
        done = graphrec("resume", str(stopped.run))
        assert done.code == 0, done.err
        assert_same_run(done.run, whole.run)


def test_a_completed_run_says_so_and_nothing_changes(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = shutil.copytree(whole, tmp_path / "mine")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(run)}
    done = graphrec("resume", str(run))
    assert done.code == 0
    assert done.err == f"{run} is already completed; nothing to resume\n"
    assert done.out.splitlines()[-1] == str(run)
    assert "ndcg@5" in done.out
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(run)} == before


def files(run: Path) -> list[Path]:
    return [path for path in run.rglob("*") if path.is_file()]


def unfinished(run: Path, target: Path, *, checkpoints: bool = True) -> Path:
    """A copy of a run that looks as if it was killed during the final test."""
    copy = Path(shutil.copytree(run, target))
    (copy / "metrics.json").unlink()
    (copy / "status.json").write_text('{"status": "running", "error": null, "time": ""}')
    if not checkpoints:
        shutil.rmtree(copy / "checkpoints")
    return copy


@pytest.mark.parametrize("checkpoints", [True, False])
def test_a_run_that_was_killed_without_a_word(
    checkpoints: bool, whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine", checkpoints=checkpoints)
    (run / f".metrics.json.{'0' * 16}").touch()
    refused = graphrec("evaluate", str(run))
    if not checkpoints:
        assert refused.code == 1
        assert "the run is interrupted (its process was killed)" in refused.err
    done = graphrec("resume", str(run))
    assert done.code == 0, done.err
    assert_same_run(run, whole)
    assert not [path.name for path in files(run) if path.name.startswith(".")]
    assert len(read(run / "environment.json")["earlier"]) == 1


def test_the_newest_checkpoint_is_damaged(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    os.truncate(run / "checkpoints" / "last.pt", 1000)
    with (run / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"epoch": 5, "st')
    done = graphrec("resume", str(run))
    assert done.code == 0, done.err
    damage = "last.pt does not match its sha256 in manifest.json; resuming from last-1.pt"
    (line,) = [line for line in done.err.splitlines() if line.endswith(damage)]
    assert line.startswith("warning")
    assert_same_run(run, whole)


def test_all_checkpoints_are_damaged(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    for path in run.glob("checkpoints/last*.pt"):
        path.write_bytes(b"nothing")
    done = graphrec("resume", str(run))
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("error: cannot read the checkpoint ")
    assert f"start again with graphrec train --from {run}" in done.err
    assert read(run / "status.json")["status"] == "failed"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["seed=1"], "train resume=RUN cannot change 'seed=1'"),
        (["sampler=hardneg"], "train resume=RUN cannot change 'sampler=hardneg'"),
        (["trainer.epoch=9"], "did you mean 'trainer.epochs'?"),
        (["-m"], "takes one run directory"),
        (["trainer.epochs=0"], "trainer.epochs must be"),
        (["trainer.epochs=3"], "trainer.epochs=3 is less than the epoch of the checkpoint, 4"),
        (["resume=other"], "resume takes one run directory"),
        (["--from", "latest"], "train resume=RUN has no flag '--from'"),
        (["output_dir=elsewhere"], "output_dir only sets where 'latest' looks"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_other_values_are_refused(
    words: list[str], line: str, whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    done = graphrec("resume", str(run), *words)
    assert done.code == 2
    assert line in done.err.splitlines()[-1]
    assert read(run / "config.json")["seed"] == read(whole / "config.json")["seed"]


@pytest.mark.parametrize(("words", "folder"), [([], "mine"), (["cache_dir=other"], "other")])
def test_the_cache_folder_of_the_run_is_used(
    words: list[str],
    folder: str,
    tmp_path: Path,
    full_size: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    rows = [f"{user},{(user + item) % 9}" for user in range(12) for item in range(5)]
    (tmp_path / "t.csv").write_text("\n".join(["user_id,item_id", *rows, ""]))
    table = ("dataset=table", "dataset.path=t.csv", "cache_dir=mine", "model=popularity")
    done = full_size("train", *table, "evaluation.ks=[5]", "trainer.monitor=ndcg@5")
    assert done.code == 0
    run = unfinished(done.run, tmp_path / "run")
    for entry in (tmp_path / "mine" / "prepared").iterdir():
        shutil.rmtree(entry)
    assert full_size("train", f"resume={run}", *words).code == 0
    assert len(list((tmp_path / folder / "prepared").iterdir())) == 1
    assert not (tmp_path / "home").exists()
    assert read(run / "config.json")["cache_dir"] == "mine"


@pytest.mark.parametrize("name", ["nothing", "", "latest"])
def test_no_such_run(name: str, graphrec: Callable[..., Any]) -> None:
    done = graphrec("resume", name)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
def test_a_warning_says_if_the_learning_rates_so_far_followed_from_other_epochs(
    tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    done = graphrec("train", *TRAIN, "trainer.final_learning_rate=0.01")
    (done.run / "status.json").write_text('{"state": "interrupted", "error": null}')
    longer = graphrec("resume", str(done.run), "trainer.epochs=6")
    assert longer.code == 0
    assert "warning: trainer.epochs was 4 and is 6: the learning rate falls" in longer.err
    assert read(done.run / "config.json")["trainer"]["epochs"] == 6
    (done.run / "status.json").write_text('{"state": "interrupted", "error": null}')
    assert "trainer.epochs was" not in graphrec("resume", str(done.run)).err


@pytest.mark.slow
def test_more_epochs_than_before(whole: Path, tmp_path: Path, graphrec: Callable[..., Any]) -> None:
    run = unfinished(whole, tmp_path / "mine")
    done = graphrec("resume", str(run), "trainer.epochs=6")
    assert done.code == 0, done.err
    longer = graphrec("train", *TRAIN, "trainer.epochs=6")
    assert_same_run(run, longer.run)
    assert read(run / "config.json")["trainer"]["epochs"] == 6
    assert graphrec("evaluate", str(run)).code == 0


def test_another_configuration_or_other_data_are_refused(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    config = read(run / "config.json")
    config["loss"]["l2"] = 0.125
    (run / "config.json").write_text(json.dumps(config))
    done = graphrec("resume", str(run))
    assert done.code == 4
    assert "were written with a different configuration; restore it" in done.err
    assert "was written with a different config than" in graphrec("evaluate", str(run)).err
    config["dataset"]["mean_interactions"] = 9.0
    (run / "config.json").write_text(json.dumps(config))
    done = graphrec("resume", str(run))
    assert done.code == 4
    assert "error: the split differs from that of the run" in done.err


@pytest.mark.slow
def test_a_run_that_is_being_trained_is_left_alone(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "outputs" / "mine")
    before = {path: path.read_bytes() for path in files(run)}
    with held_lock(run / "run.lock"):
        done = graphrec("resume", "latest")
        assert done.code == 2
        assert "is in use by another process" in done.err
        assert {path: path.read_bytes() for path in files(run)} == before
        # It does not count as unfinished either.
        words = [*TRAIN, "trainer.epochs=1", "trainer.autoresume=true"]
        assert graphrec("train", *words).run != run


@pytest.mark.slow
def test_autoresume_goes_on_with_the_newest_unfinished_run_of_the_same_configuration(
    whole: Path, graphrec: Callable[..., Any]
) -> None:
    again = ("train", *TRAIN, "trainer.autoresume=true")
    runs = []
    for step in (3, 9):
        with dying_at(step):
            runs.append(graphrec(*again).run)
    assert runs[0] == runs[1]
    # A completed run, and runs with other values or fewer epochs, are different runs.
    with dying_at(2):
        others = [
            graphrec(*again, "seed=3").run,
            graphrec(*again, "trainer.epochs=3").run,
        ]
    assert len({*runs, *others}) == 3
    done = graphrec(*again, "trainer.checkpoint_every=2", "plots=true")
    assert done.run == runs[0]
    assert_same_run(done.run, whole)
    new = graphrec(*again)
    assert new.run not in {*runs, *others}
    assert_same_run(new.run, whole)


@pytest.mark.slow
def test_a_saved_autoresume_does_not_stop_reproduce(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", *TRAIN, "trainer.epochs=1", "trainer.autoresume=true")
    with dying_at(2):
        graphrec("train", *TRAIN, "trainer.epochs=1", "trainer.autoresume=true")
    again = graphrec("reproduce", str(done.run))
    assert again.code == 0, again.err
    assert "reproduced" in again.out


def test_a_refused_value_does_not_stay_in_the_configuration(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    before = (run / "config.json").read_bytes()
    assert graphrec("resume", str(run), "trainer.epochs=2").code == 2
    assert (run / "config.json").read_bytes() == before
    assert graphrec("resume", str(run)).code == 0
    assert_same_run(run, whole)


@pytest.mark.slow
def test_fewer_epochs_end_where_the_shorter_run_would_have_ended(
    graphrec: Callable[..., Any],
) -> None:
    words = (*TRAIN, "trainer.validate_every=2")
    with dying_at(14):
        stopped = graphrec("train", *words)
    done = graphrec("resume", str(stopped.run), "trainer.epochs=3")
    assert done.code == 0, done.err
    assert_same_run(done.run, graphrec("train", *words, "trainer.epochs=3").run)


@pytest.mark.slow
def test_an_end_that_lacks_its_validation_is_refused(
    tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    words = (*TRAIN, "trainer.validate_every=2", "trainer.checkpoint_every=1")
    with dying_at(19):
        stopped = graphrec("train", *words)
    folder = stopped.run / "checkpoints"
    (folder / "last-1.pt").replace(folder / "last.pt")  # the one after the third epoch
    done = graphrec("resume", str(stopped.run), "trainer.epochs=3")
    assert done.code == 2
    assert "whose epoch was not validated; set it to 4 or more" in done.err
    assert graphrec("resume", str(stopped.run)).code == 0


def test_figures_of_a_judgement_before_are_gone_while_it_goes_on(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = Path(shutil.copytree(whole, tmp_path / "mine"))
    (run / "status.json").write_text('{"status": "running", "error": null, "time": ""}')
    with dying_at(30):
        assert graphrec("resume", str(run), "trainer.epochs=8").code == 143
    assert not (run / "metrics.json").exists()
    assert "has no metrics.json to compare with" in graphrec("reproduce", str(run)).err


def test_a_hostile_configuration_does_not_fetch_or_write_elsewhere(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    config = read(run / "config.json")
    remote = {"url": "http://127.0.0.1:9/x.csv", "sha256": None, "size": None}
    goodbooks = config["dataset"] | {
        "name": "goodbooks",
        "folder": "x",
        "rating_threshold": 4.0,
        "signals": ["to_read"],
        "download": True,
        "ratings": remote,
        "to_read": remote,
    }
    for key in list(goodbooks):
        if key in read(whole / "config.json")["dataset"] and key not in (
            "name",
            "prefilter",
            "k_core",
        ):
            del goodbooks[key]
    (run / "config.json").write_text(json.dumps(config | {"dataset": goodbooks}))
    done = graphrec("resume", str(run))
    assert done.code == 2
    assert "would download from http://127.0.0.1:9/x.csv" in done.err


@pytest.mark.slow
def test_an_environment_does_not_grow_with_every_attempt(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    identity = read(run / "environment.json")["split_hash"]
    sizes = set()
    for _ in range(4):
        assert graphrec("resume", str(run), "trainer.epochs=2").code == 2
        environment = read(run / "environment.json")
        assert environment["earlier"][-1]["split_hash"] == identity
        sizes.add(len(environment["earlier"]))
    assert sizes == {1}


@pytest.mark.slow
def test_what_an_earlier_part_of_a_run_was_made_on_is_said_by_reproduce(
    whole: Path, tmp_path: Path, graphrec: Callable[..., Any]
) -> None:
    run = unfinished(whole, tmp_path / "mine")
    environment = read(run / "environment.json")
    environment["packages"]["torch"] = "2.0.0"
    (run / "environment.json").write_text(json.dumps(environment))
    resumed = graphrec("resume", str(run))
    assert "warning: the environment has changed: packages.torch 2.0.0 ->" in resumed.err
    done = graphrec("reproduce", str(run))
    assert done.code == 0
    assert "packages.torch" in done.out


@pytest.mark.slow
def test_a_checkpoint_of_another_kind_of_device_goes_on_with_a_warning(
    graphrec: Callable[..., Any],
) -> None:
    with dying_at(8):
        stopped = graphrec("train", *TRAIN, "sampler.by=interaction")
    last = stopped.run / "checkpoints" / "last.pt"
    content = load_checkpoint(last, CPU) | {"device": "cuda"}
    content["sampler"]["generator"] = torch.zeros(16, dtype=torch.uint8)  # as on CUDA
    torch.save(content, last)
    (last.parent / "manifest.json").unlink()
    done = graphrec("resume", str(stopped.run))
    assert done.code == 0, done.err
    assert (
        "warning: the checkpoint was saved on cuda, and its random number sequence cannot"
        in done.err
    )
    assert len(history(done.run)) == 4
    assert history(done.run)[-1]["step"] == 24


@pytest.mark.slow
def test_a_row_that_has_changed_since_is_refused_and_put_back_is_taken(
    small: tuple[str, ...], tmp_path: Path, graphrec: Callable[..., Any], full_size: Any
) -> None:
    table = tmp_path / "mine.csv"
    rows = [f"u{user},i{item % 12}" for user in range(20) for item in range(user, user + 5)]
    table.write_text("\n".join(["user_id,item_id", *rows, ""]))
    words = ("train", "dataset=table", "dataset.path=mine.csv", *small, "trainer.batch_size=9")
    with dying_at(3):
        stopped = full_size(*words)
    assert stopped.code == 143
    before = table.read_text()
    kept = {name: (stopped.run / name).read_bytes() for name in ("data.npz", "config.json")}
    table.write_text(before.replace("u3,i3\n", "u3,i9\n"))
    refused = graphrec("resume", str(stopped.run))
    assert refused.code == 4
    assert "mine.csv changed since the run" in refused.err
    assert {name: (stopped.run / name).read_bytes() for name in kept} == kept
    table.write_text(before)
    assert graphrec("resume", str(stopped.run)).code == 0
    assert_same_run(stopped.run, full_size(*words).run)


@pytest.mark.slow
def test_from_a_run_that_went_on_by_itself_a_new_one_begins(
    full_size: Callable[..., Any], graphrec: Callable[..., Any]
) -> None:
    with dying_at(3):
        stopped = graphrec("train", *TRAIN, "trainer.autoresume=true")
    new = full_size("train", "--from", str(stopped.run))
    assert new.code == 0, new.err
    assert new.run != stopped.run
    assert read(new.run / "config.json")["trainer"]["autoresume"] is False
    asked = full_size("train", "--from", str(stopped.run), "trainer.autoresume=true")
    assert asked.run == stopped.run
