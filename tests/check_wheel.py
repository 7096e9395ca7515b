"""Build the sdist and from it the wheel, install that in a new environment, run it from elsewhere.

Run as ``python tests/check_wheel.py`` by an interpreter that has the dev extra. Everything happens
in a temporary folder; the exit code is 0 when the installed command works.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TINY_RUN = [
    "train",
    "dataset.num_users=200",
    "dataset.num_items=120",
    "dataset.mean_interactions=20",
    "trainer.epochs=1",
]


def main() -> None:
    """Carry out the whole check; the first thing that fails ends it with one line."""
    with tempfile.TemporaryDirectory(prefix="graphrec-wheel-") as temporary:
        folder = Path(temporary)
        wheel = build_wheel(folder / "dist")
        check_content(wheel)
        command = install(wheel, folder / "environment")
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        run_installed(command, elsewhere, wheel.name.split("-")[1])
    print(f"wheel check passed: {wheel.name}")


def build_wheel(target: Path) -> Path:
    """Return the wheel that was built from the sdist, so that the sdist is known to suffice."""
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(ROOT)], ROOT)
    wheels = list(target.glob("*.whl"))
    expect(len(wheels) == 1, f"one wheel was to be built, found {len(wheels)}")
    return wheels[0]


def check_content(wheel: Path) -> None:
    """The wheel contains the package, every file of conf and of the report, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    conf = {
        f"graphrec_cli/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob("conf/**/*.yaml")
    }
    report = {
        path.relative_to(ROOT).as_posix() for path in ROOT.glob("graphrec_cli/reporting/report/*")
    }
    code = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("graphrec_cli/**/*.py")}
    expect("graphrec_cli/conf/config.yaml" in conf, "conf/config.yaml is not in the checkout")
    expect(len(report) > 2, "graphrec_cli/reporting/report is not in the checkout")
    wanted = conf | code | report
    expect(wanted <= names, f"the wheel lacks {sorted(wanted - names)}")
    expect("graphrec_cli/py.typed" in names, "the wheel lacks graphrec_cli/py.typed")
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    expect(tops == {"graphrec_cli"}, f"the wheel holds more than the package: {sorted(tops)}")


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel and its run-time dependencies alone; return the path of ``graphrec``."""
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    constraints = str(ROOT / "constraints.txt")
    pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    # Compiling torch's bytecode would take longer than all the rest of this check.
    run([*pip, "install", "--no-compile", "--constraint", constraints, str(wheel)], environment)
    run([*pip, "check"], environment)
    return programs / "graphrec"


def run_installed(command: Path, elsewhere: Path, expected_version: str) -> None:
    """Run the installed command in a folder that holds nothing of the checkout."""
    version = run([str(command), "--version"], elsewhere).split()[-1:]
    expect(version == [expected_version], f"graphrec --version ends with {version}")
    expect(
        "graphrec train" in run([str(command), "train", "--help"], elsewhere),
        "train --help has no examples",
    )
    output_dir = elsewhere / "runs"
    printed = run([str(command), *TINY_RUN, f"output_dir={output_dir}"], elsewhere)
    run_dir = Path(printed.splitlines()[-1])
    expect(
        run_dir.parent == output_dir, f"the last line of train is not a run directory: {run_dir}"
    )
    metrics = json.loads((run_dir / "metrics.json").read_text(encoding="utf-8"))
    expect("test" in metrics, "metrics.json has no test metrics")
    beside = sorted(path.name for path in elsewhere.iterdir())
    expect(beside == ["runs"], f"train left more than its run directory: {beside}")
    # Made by the wheel, the run is the same once more: by the wheel, and by the checkout.
    for program in ([str(command)], [sys.executable, "-m", "graphrec_cli"]):
        again = run([*program, "reproduce", str(run_dir), f"output_dir={output_dir}"], elsewhere)
        expect("\nreproduced: every figure" in f"\n{again}", f"not reproduced:\n{again}")


def run(command: list[str], folder: Path) -> str:
    """Return what the command printed on stdout; when it fails, show everything and stop."""
    # No variable of the caller may lend the installed command the checkout's modules or data, or
    # keep it from compiling what it imports once for all commands.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name
        not in {
            "GRAPHREC_DATA",
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONHOME",
            "PYTHONPATH",
            "VIRTUAL_ENV",
        }
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    expect(
        done.returncode == 0,
        f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}",
    )
    return done.stdout


def expect(condition: bool, failure: str) -> None:
    """End the check with one line unless the condition holds."""
    if not condition:
        sys.exit(f"wheel check failed: {failure}")


if __name__ == "__main__":
    main()
