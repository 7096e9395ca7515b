"""A configuration written as an experiment composes to the same values."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.experiment_file import experiment_text
from graphrec_cli.config.serialize import to_plain


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("model=popularity",),
        ("model=ease", "model.l2=7", "dataset=movielens_100k"),
        ("sampler=hardneg", "loss=bpr", "trainer.learning_rate=0.0123", "seed=7"),
        ("experiment=gowalla_fast", "model.num_layers=1"),
        ("experiment=bookcrossing_explicit",),
        ("dataset=table", "dataset.path=pyproject.toml", "split=ratio", "split.test_ratio=0.3"),
    ],
)
def test_it_composes_to_the_same_values(words: tuple[str, ...], tmp_path: Path) -> None:
    job = compose_run(sort_arguments(list(words)))
    (tmp_path / "experiment").mkdir()
    text = experiment_text(job.config, job.choices, "The best of a sweep.")
    (tmp_path / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    again = compose_run(sort_arguments(["--config-dir", str(tmp_path), "experiment=mine"]))
    found, expected = to_plain(again.config), to_plain(job.config)
    for content in (found, expected):
        content.pop("expected")
    assert found == expected
    assert "output_dir" not in text


def test_an_option_of_ones_own_is_replaced_by_its_component(tmp_path: Path) -> None:
    (tmp_path / "trainer").mkdir()
    own = "defaults:\n  - /schema/trainer/trainer@_here_\n\nepochs: 7\n"
    (tmp_path / "trainer" / "short.yaml").write_text(own, encoding="utf-8")
    job = compose_run(sort_arguments(["--config-dir", str(tmp_path), "trainer=short"]))
    (tmp_path / "other" / "experiment").mkdir(parents=True)
    text = experiment_text(job.config, job.choices, "The best of a sweep.")
    (tmp_path / "other" / "experiment" / "mine.yaml").write_text(text, encoding="utf-8")
    words = ["--config-dir", str(tmp_path / "other"), "experiment=mine"]
    assert to_plain(compose_run(sort_arguments(words)).config) == to_plain(job.config)
