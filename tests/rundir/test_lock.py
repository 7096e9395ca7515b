from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.lock import RunInUse, held_lock, is_locked

ROOT = Path(__file__).resolve().parents[2]
HOLDER = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from pathlib import Path\n"
    "from graphrec_cli.rundir.lock import held_lock\n"
    "with held_lock(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.mark.slow
def test_a_living_process_holds_it_and_a_dead_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    assert not is_locked(path)
    assert not path.exists()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(path)
        with pytest.raises(RunInUse, match="is in use by another process"), held_lock(path):
            pass
        holder.send_signal(signal.SIGKILL)
    assert not is_locked(path)
    with held_lock(path):
        assert is_locked(path)
    assert not is_locked(path)


def test_a_lock_that_cannot_be_made_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.lock").mkdir()
    with pytest.raises(OutputError, match=r"^cannot lock [^\n]*run\.lock: [^\n]+$"):
        held_lock(tmp_path / "run.lock").__enter__()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run.lock").symlink_to(tmp_path / "target")
    with pytest.raises(OutputError, match="cannot lock"):
        held_lock(tmp_path / "run.lock").__enter__()
    assert not (tmp_path / "target").exists()
