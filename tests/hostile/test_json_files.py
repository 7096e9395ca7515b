"""Malicious JSON files of a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec_cli.storage.bounded_json import MAX_JSON_BYTES, MAX_JSON_VALUES

Refused = Callable[..., str]
COMMANDS = (
    ("evaluate", "run"),
    ("recommend", "run"),
    ("reproduce", "run"),
    ("compare", "run"),
    ("train", "--from", "run"),
)
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"

TEXTS = [
    pytest.param("", id="empty"),
    pytest.param("[]", id="a list"),
    pytest.param("null", id="null"),
    pytest.param('{"a": 1', id="cut"),
    pytest.param('{"a": NaN}', id="NaN"),
    pytest.param('{"a": -Infinity}', id="infinity"),
    pytest.param('{"a": 1e999}', id="beyond floats"),
    pytest.param('{"a": ' + "9" * 5000 + "}", id="thousands of digits"),
    pytest.param('{"a": 1, "a": 2}', id="a key twice"),
    pytest.param("[" * 100_000, id="deep"),
    pytest.param('{"a": ' * 500 + "1" + "}" * 500, id="deep enough to be parsed"),
    pytest.param('{"' + "a" * 300 + '": 1}', id="a long key"),
    pytest.param('{"a": "' + "b" * 200_000 + '"}', id="a long text"),
    pytest.param("[" + "0," * MAX_JSON_VALUES + "0]", id="many values"),
    pytest.param(" " * MAX_JSON_BYTES + "{}", id="large"),
    pytest.param("[" + "{}," * (MAX_JSON_BYTES // 3 - 2) + "{}]", id="large in memory"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_file_of_ours(text: str, run: Path, refused: Refused) -> None:
    # Every file goes through one reader, so that what takes seconds to read is read once.
    slow = len(text) > 2**20
    for name in () if slow else ("metrics.json", "environment.json"):
        kept = (run / name).read_bytes()
        (run / name).write_text(text, encoding="utf-8")
        assert f"run/{name}" in refused("reproduce", "run")
        (run / name).write_bytes(kept)
    (run / "config.json").write_text(text, encoding="utf-8")
    for words in COMMANDS[:1] if slow else COMMANDS:
        assert "run/config.json" in refused(*words)


@pytest.mark.parametrize("data", [b"\xff\xfe{}", b"\0" * 100, b'{"a": "\xed\xa0\x80"}'])
def test_bytes_that_are_no_text(data: bytes, run: Path, refused: Refused) -> None:
    (run / "config.json").write_bytes(data)
    for words in COMMANDS:
        assert "run/config.json" in refused(*words)


def spoil(run: Path, name: str, place: str, value: Any) -> None:
    """Set one value of a JSON file; a dotted place reaches into groups."""
    content = json.loads((run / name).read_text("utf-8"))
    *groups, last = place.split(".")
    node = content
    for group in groups:
        node = node[group]
    node[last] = value
    (run / name).write_text(json.dumps(content), encoding="utf-8")


CONFIG = [
    ("hydra", {"run": {"dir": "x"}}, "unknown key 'hydra'"),
    ("defaults", ["x"], "unknown key 'defaults'"),
    ("_target_", "os.system", "unknown key '_target_'"),
    ("model._target_", "os.system", "_target_"),
    ("dataset._target_", "os.system", "_target_"),
    ("data_dir", "${oc.env:HOME}", "is an interpolation"),
    ("trainer.monitor", "${oc.decode:1}", "is an interpolation"),
    ("evaluation.ks", ["${seed}"], "is an interpolation"),
    ("data_dir", "???", "config.json"),
    (f"a{ESCAPE}", 1, "unknown key"),
    ("seed", ESCAPE, "config.json"),
    ("seed", 10**4000, "seed"),
    ("seed", True, "seed"),
    ("seed", [1], "seed"),
    ("seed", None, "seed"),
    ("num_threads", 10**9, "num_threads"),
    ("num_threads", -1, "num_threads"),
    ("model.embedding_dim", 10**9, "model.embedding_dim"),
    ("model.embedding_dim", 10**30, "model.embedding_dim"),
    ("model.num_layers", 10**9, "model.num_layers"),
    ("model.name", ESCAPE, "model.name"),
    ("model.name", "__class__", "model.name"),
    ("model", None, "the group model is missing"),
    ("evaluation.ks", [10**40], "evaluation.ks"),
    ("evaluation.ks", {"0": 1}, "run/config.json"),
    ("device", "../cpu", "device"),
    ("schema_version", 10**9, "schema_version"),
    ("schema_version", ESCAPE, "schema_version"),
    ("choices", {}, "choices must name"),
    ("choices.model", {"a": ESCAPE}, "choices.model must be text"),
    ("choices.model", 10**50, "choices.model must be text"),
    ("trainer.learning_rate", "1e-3", "trainer.learning_rate"),
]


@pytest.mark.parametrize(("place", "value", "said"), CONFIG)
def test_a_config_is_data_and_nothing_else(
    place: str, value: Any, said: str, run: Path, refused: Refused
) -> None:
    spoil(run, "config.json", place, value)
    for words in COMMANDS:
        assert said in refused(*words)


def test_a_config_that_claims_more_than_the_checkpoint_holds(run: Path, refused: Refused) -> None:
    spoil(run, "config.json", "model.embedding_dim", 2**16)
    for command in ("evaluate", "recommend"):
        assert "does not fit the model" in refused(command, "run")


def test_cut_offs_beyond_the_catalog(run: Path, refused: Refused) -> None:
    line = refused("evaluate", "run", "evaluation.ks=[1000000000000]")
    assert "1000000000000" in line.replace(",", "")


def test_odd_choices_and_folders_are_written_and_shown_as_text(
    run: Path, confined: Callable[..., Any], tmp_path: Path
) -> None:
    spoil(run, "config.json", "choices.model", f"../../{ESCAPE}")
    spoil(run, "config.json", "output_dir", str(tmp_path / "elsewhere"))
    ended = confined(tmp_path, "train", "--from", "run", "plots=false")
    assert ended.code == 0, ended.err
    assert not (tmp_path / "elsewhere").exists()
    assert all(line.isprintable() for line in (ended.out + ended.err).splitlines())


ENVIRONMENT = [
    ("data_files", None, "'data_files' must be a list"),
    ("data_files", {"a": 1}, "'data_files' must be a list"),
    ("data_files", [1], "malformed entry 1"),
    ("data_files", [{"path": 1, "sha256": "0", "size": 1}], "malformed entry"),
    ("data_files", [{"path": "a", "sha256": None, "size": 1}], "malformed entry"),
    ("data_files", [{"path": ESCAPE, "sha256": 1, "size": "1"}], "malformed entry"),
    ("split_hash", 5, "'split_hash' a string"),
]


@pytest.mark.parametrize(("place", "value", "said"), ENVIRONMENT)
def test_an_environment_of_other_types(
    place: str, value: Any, said: str, run: Path, refused: Refused
) -> None:
    spoil(run, "environment.json", place, value)
    assert said in refused("reproduce", "run")


@pytest.mark.parametrize("value", [None, 3, "x", [], [{"ndcg@5": 1}]])
def test_metrics_of_other_types(value: Any, run: Path, refused: Refused) -> None:
    spoil(run, "metrics.json", "test", value)
    assert "has no test figures" in refused("reproduce", "run")


def test_data_files_that_have_no_end_are_not_read(
    run: Path, confined: Callable[..., Any], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    paths = ["/dev/zero", "/dev/stdin", "pipe", ".", "loop", "a\0b", "\ud800", "x" * 5000]
    paths += ["/proc/self/mem", "/proc/kmsg", "/proc/self/environ", "~/x", ESCAPE]
    files = [{"path": path, "sha256": "0" * 64, "size": size} for path in paths for size in (0, 9)]
    spoil(run, "environment.json", "data_files", files)
    ended = confined(tmp_path, "reproduce", "run")
    # The data set is generated in memory, so that the files of the claim are missing.
    assert ended.code == 4
    assert "changed since the run" in ended.err.splitlines()[-1]
    assert all(line.isprintable() for line in ended.err.splitlines())
    assert len(ended.err.splitlines()[-1]) < 4100


def test_a_status_cannot_write_on_the_terminal(run: Path, refused: Refused) -> None:
    (run / "metrics.json").unlink()
    for status in (ESCAPE, {"a": [ESCAPE]}, "x" * 100_000):
        spoil(run, "status.json", "status", status)
        assert "has no metrics.json to compare with" in refused("reproduce", "run")
    spoil(run, "status.json", "error", f"line\n{ESCAPE}")
    (run / "checkpoints" / "best.pt").unlink()
    for command in ("evaluate", "recommend"):
        assert "has no checkpoints/best.pt" in refused(command, "run")


def test_figures_of_another_shape_cannot_write_on_the_terminal(
    run: Path, confined: Callable[..., Any], tmp_path: Path
) -> None:
    spoil(run, "metrics.json", f"test.{ESCAPE}", ESCAPE)
    spoil(run, "metrics.json", "counts", [[1, {"a": None}], ESCAPE, 10**4000])
    spoil(run, "environment.json", f"packages.{ESCAPE}", ESCAPE)
    spoil(run, "environment.json", "device", [ESCAPE])
    ended = confined(tmp_path, "reproduce", "run")
    assert ended.code == 4
    assert "not reproduced" in ended.out
    assert all(line.isprintable() for line in (ended.out + ended.err).splitlines())
