"""trackers.json, which may come from somebody else."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.tracking.record import known_id, record_id


def test_names_of_several_trackers_are_kept(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert known_id(run, "mlflow") is None
    names = {f"tracker{number}": f"id-{number}" for number in range(16)}
    threads = [threading.Thread(target=record_id, args=(run, *item)) for item in names.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {tracker: known_id(run, tracker) for tracker in names} == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"mlflow": 1}',
        '{"mlflow": null}',
        '{"mlflow": ""}',
        '{"mlflow": "../../other"}',
        '{"mlflow": "a b"}',
        '{"mlflow": "a\\n"}',
        json.dumps({"mlflow": "a" * 65}),
        '{"mlflow": "a", "mlflow": "b"}',
        "[" * 100,
    ],
)
def test_other_content_is_no_name(text: str, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.trackers.write_text(text)
    assert known_id(run, "mlflow") is None
    record_id(run, "mlflow", "new")
    assert known_id(run, "mlflow") == "new"
