"""What each of several jobs at the same time gets of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.config.launchers import Launcher
from graphrec_cli.workflows.job_process import device_of, own_device, visible_devices


@pytest.mark.parametrize(
    ("n_jobs", "jobs", "cores", "parallel", "threads"),
    [
        (2, 6, 8, 2, 4),
        (3, 6, 8, 3, 2),
        (4, 2, 8, 2, 4),
        (-1, 6, 4, 4, 1),
        (-2, 6, 4, 3, 1),
        (-9, 6, 4, 1, 4),
        (16, 99, 8, 16, 1),
        (1, 6, 8, 1, 8),
    ],
)
def test_joblib_shares_the_cores(
    n_jobs: int, jobs: int, cores: int, parallel: int, threads: int
) -> None:
    launcher = Launcher("joblib", {"n_jobs": n_jobs})
    assert launcher.on_this_machine
    assert launcher.parallel_jobs(jobs, cores) == parallel
    assert launcher.threads_per_job(jobs, cores) == threads


@pytest.mark.parametrize(
    ("kind", "values", "threads"),
    [
        ("submitit_local", {"cpus_per_task": None}, 2),
        ("submitit_local", {"cpus_per_task": 3}, 3),
        ("submitit_slurm", {"cpus_per_task": None}, 1),
        ("submitit_slurm", {"cpus_per_task": 16}, 16),
        ("graphrec_ray", {"num_cpus": 5}, 5),
        ("graphrec_ray", {"num_cpus": 0}, 1),
        ("other", {}, None),
    ],
)
def test_threads_follow_what_a_job_reserves(
    kind: str, values: dict[str, int | None], threads: int | None
) -> None:
    assert Launcher(kind, values).threads_per_job(4, 8) == threads


@pytest.mark.parametrize(
    ("number", "variable", "names"),
    [
        (0, None, []),
        (3, None, ["0", "1", "2"]),
        (2, "3,5", ["3", "5"]),
        (1, "GPU-8932f937, MIG-7", ["GPU-8932f937"]),
        (0, "0,1", []),
    ],
)
def test_devices_have_the_names_that_the_variable_takes(
    number: int, variable: str | None, names: list[str]
) -> None:
    assert visible_devices(number, variable) == names


def test_each_job_has_a_device_of_its_own_and_the_next_job_gets_a_free_one(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    key = "CUDA_VISIBLE_DEVICES"
    with own_device(tmp_path, ["4", "6"], 2) as first:
        with own_device(tmp_path, ["4", "6"], 2) as second:
            assert (first[key], second[key]) == ("4", "6")
        with own_device(tmp_path, ["4", "6"], 2) as third:
            assert third[key] == "6"
    with own_device(tmp_path, [], 2) as none:
        assert none == {}


def test_jobs_share_devices_evenly_if_there_are_too_few() -> None:
    assert [device_of(slot, ["0", "1"]) for slot in range(4)] == ["0", "1", "0", "1"]
