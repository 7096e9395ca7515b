"""Plugins are loaded only if the command names them, and are recorded."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import TINY

from graphrec_cli.cli import main
from graphrec_cli.commands.completion import complete_line
from graphrec_cli.config.store import SCHEMAS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
EXAMPLES: dict[str, str] = dict(
    re.findall(r"^```python\n# (my_\w+\.py)\n(.*?)^```", PAGE, re.M | re.S)
)
Graphrec = Callable[..., tuple[int, str, str]]


@pytest.fixture
def graphrec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Graphrec:
    """Run a command in a folder with the plugins from the documentation."""
    monkeypatch.chdir(tmp_path)
    for name, code in EXAMPLES.items():
        Path(name).write_text(code, "utf-8")

    def command(*words: str) -> tuple[int, str, str]:
        train = words[0] == "train" and "--from" not in words
        solved = "model=together" in words  # it refuses a number of epochs
        tiny = [word for word in TINY if train and not (solved and word == "trainer.epochs=2")]
        code = main([*words, *tiny])
        return code, *capsys.readouterr()

    return command


def newest() -> Path:
    return max(Path("outputs").glob("*/config.json"), key=lambda path: path.stat().st_mtime).parent


def test_the_examples_are_short() -> None:
    assert set(EXAMPLES) == {"my_sampler.py", "my_model.py", "my_loss.py"}
    for name, code in EXAMPLES.items():
        assert len([line for line in code.splitlines() if line.strip()]) < 40, name


@pytest.mark.parametrize("chosen", ["sampler=top", "model=together", "loss=hinge"])
def test_an_example_trains_and_is_recorded(chosen: str, graphrec: Graphrec) -> None:
    group = chosen.partition("=")[0]
    plugin = f"my_{group}.py"
    code, _, err = graphrec("train", "--plugin", plugin, chosen)
    assert code == 0, err
    for file in ("config.json", "environment.json"):
        (recorded,) = json.loads((newest() / file).read_text("utf-8"))["plugins"]
        assert recorded["name"] == f"my_{group}"
        assert len(recorded["sha256"]) == 64
    assert graphrec("evaluate", "latest", f"--plugin={plugin}")[0] == 0
    code, _, err = graphrec("reproduce", "latest", "--plugin", plugin)
    assert code == 0, err
    assert not any(chosen.partition("=")[2] in names for names in SCHEMAS.values())


@pytest.mark.slow
def test_values_are_checked_as_strictly_as_built_in_ones(graphrec: Graphrec) -> None:
    for words, expected in {
        "sampler.share=7": "sampler.share must lie between 0.001 and 1, got 7.0",
        "sampler.shar=1": "unknown key 'sampler.shar'; did you mean 'sampler.share'?",
        "sampler.share=x": "sampler.share",
        "sampler.name=uniform": "sampler.name is 'top' for this option",
    }.items():
        code, _, err = graphrec("train", "--plugin", "my_sampler.py", "sampler=top", words)
        assert code == 2
        assert expected in err
    code, _, err = graphrec("train", "--plugin", "my_sampler.py", "sampler=topp")
    assert code == 2
    assert "did you mean 'top'?" in err


def test_a_saved_run_needs_the_same_plugin(graphrec: Graphrec) -> None:
    assert graphrec("train", "--plugin", "my_sampler.py", "sampler=top")[0] == 0
    run = str(newest())
    commands = (
        ["evaluate", run],
        ["recommend", run, "users=1"],
        ["reproduce", run],
        ["train", "--from", run],
        ["train", f"resume={run}"],
    )
    for command in commands:
        code, _, err = graphrec(*command) if command[0] != "train" else (main(command), "", "")
        assert code == 2
    code, _, err = graphrec("evaluate", run)
    assert "needs the plugin 'my_sampler'; add --plugin with its file or name" in err
    with Path("my_sampler.py").open("a", encoding="utf-8") as file:
        file.write("# another comment\n")
    code, _, err = graphrec("evaluate", run, "--plugin", "my_sampler.py")
    assert code == 2
    assert "restore its files, or add --plugin-changed=accept" in err
    code, _, err = graphrec("evaluate", run, "--plugin", "my_sampler.py", "--plugin-changed=accept")
    assert code == 0, err


def test_a_saved_file_never_loads_a_plugin(graphrec: Graphrec) -> None:
    assert graphrec("train")[0] == 0
    config = newest() / "config.json"
    Path("evil.py").write_text("open('executed', 'w')\n", "utf-8")
    content = json.loads(config.read_text("utf-8"))
    recorded: list[Any] = [
        [{"name": "evil", "sha256": "0" * 64}],
        [{"name": "evil.py", "sha256": "0" * 64}],
        [{"name": str(Path("evil.py").resolve()), "sha256": "0" * 64}],
        ["evil.py"],
        "evil.py",
        [{"name": 1, "sha256": []}],
        [{"name": "evil", "sha256": "0" * 64, "load": True}],
    ]
    for plugins in recorded:
        config.write_text(json.dumps(content | {"plugins": plugins}), "utf-8")
        code, _, err = graphrec("evaluate", "latest")
        assert (code, len(err.splitlines())) == (2, 1), err
        assert "plugin" in err
    assert not Path("executed").exists()


@pytest.mark.slow
def test_a_sweep_passes_plugins_on(graphrec: Graphrec) -> None:
    code, _, err = graphrec("train", "--plugin", "my_sampler.py", "sampler=top,uniform", "-m")
    assert code == 0, err
    runs = sorted(Path("outputs").glob("*/*/config.json"))
    samplers = {json.loads(run.read_text("utf-8"))["sampler"]["name"] for run in runs}
    assert samplers == {"top", "uniform"}


def test_help_and_completion_know_the_component(graphrec: Graphrec) -> None:
    code, out, _ = graphrec("train", "--plugin", "my_sampler.py", "--help")
    assert code == 0
    assert re.search(r"^  top +Negatives from the most popular share", out, re.M)
    _, out, _ = graphrec("train", "--plugin", "my_sampler.py", "sampler=top", "--help")
    assert "sampler.share=0.1" in out
    assert "(0.001 to 1)" in out
    line = "graphrec train --plugin my_sampler.py sampler="
    assert "sampler=top" in complete_line(line)
    assert "sampler.share=" in complete_line(f"{line}top sampler.")


def test_a_package_is_one_plugin_of_all_its_files(graphrec: Graphrec) -> None:
    package = Path("pack")
    package.mkdir()
    (package / "__init__.py").write_text(
        "from graphrec_cli.config.plugins import register\n"
        "from .code import TopConfig, build_top\n"
        "register('sampler', TopConfig, build_top)\n",
        "utf-8",
    )
    code = EXAMPLES["my_sampler.py"].rpartition("register(")[0]
    (package / "code.py").write_text(code, "utf-8")
    assert graphrec("train", "--plugin", "pack", "sampler=top")[0] == 0
    (package / "code.py").write_text(f"{code}# changed\n", "utf-8")
    code_, _, err = graphrec("evaluate", "latest", "--plugin", "pack")
    assert code_ == 2
    assert "the plugin 'pack' has changed since" in err


def test_an_installed_plugin_is_loaded_by_its_entry_point_alone(
    graphrec: Graphrec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "top_sampler-1.0.dist-info").mkdir(parents=True)
    (site / "top_sampler-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: top-sampler\nVersion: 1.0\n", "utf-8"
    )
    (site / "top_sampler-1.0.dist-info" / "entry_points.txt").write_text(
        "[graphrec.components]\nmine = top_sampler\n", "utf-8"
    )
    (site / "top_sampler.py").write_text(EXAMPLES["my_sampler.py"], "utf-8")
    monkeypatch.syspath_prepend(str(site))
    code, _, err = graphrec("train", "sampler=top")
    assert code == 2
    assert "top_sampler" not in sys.modules
    assert graphrec("train", "--plugin", "mine", "sampler=top")[0] == 0
    code, _, err = graphrec("train", "--plugin", "min", "sampler=top")
    assert code == 2
    assert "(installed: mine)" in err
    sys.modules.pop("top_sampler", None)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1 +", "cannot be imported: SyntaxError"),
        ("raise ValueError('broken\\nhere')", "cannot be imported: ValueError: broken here"),
        ("x = 1", "registers no component; call register() in it"),
        ("register('trainer', object, None)", "plugins cannot register a trainer"),
        ("register('loss', object, None)", "is not a dataclass that extends LossConfig"),
        ("register('loss', BPRConfig, None)", "loss=bpr already exists"),
    ],
)
def test_a_faulty_plugin_is_one_line(code: str, expected: str, graphrec: Graphrec) -> None:
    imports = (
        "from graphrec_cli.config.loss import BPRConfig\n"
        "from graphrec_cli.config.plugins import register\n"
    )
    Path("faulty.py").write_text(imports + code, "utf-8")
    exit_code, out, err = graphrec("train", "--plugin", "faulty.py")
    assert (exit_code, out, len(err.splitlines())) == (2, "", 1)
    assert expected in err


def test_the_flag_needs_a_value(graphrec: Graphrec) -> None:
    for words in (["train", "--plugin"], ["train", "--plugin="], ["train", "--plugin", "nix.py"]):
        code = main(words)
        assert code == 2
