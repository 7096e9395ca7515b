"""The commands and the code that the pages show, as a reader types them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from comparisons import judged_folder
from served import serving

from graphrec_cli import components, load_run
from graphrec_cli.cli import main
from graphrec_cli.config import sampler as sampler_configs
from graphrec_cli.config import store
from graphrec_cli.rundir.data_npz import load_run_data

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EPOCH = ["trainer.epochs=1", "num_threads=1"]


def code_blocks(page: Path) -> list[tuple[str, str]]:
    """The language and the text of every fenced block."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def shown_commands() -> list[str]:
    """Every line of a code block that calls graphrec, without comments and synopses."""
    blocks = [text for page in PAGES for _, text in code_blocks(page)]
    lines = [line.partition("#")[0].strip() for text in blocks for line in text.splitlines()]
    shown = {line for line in lines if line.startswith("graphrec ") and "key=value" not in line}
    return sorted(shown)


def commands(start: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """The commands that begin with ``start``, without those that begin with one of ``but``."""
    return [
        command
        for command in shown_commands()
        if command.startswith(start) and not command.startswith(but)
    ]


EVALUATE = commands("graphrec evaluate")
RECOMMEND = commands("graphrec recommend")
EXPLAIN = commands("graphrec explain")
JUDGE = commands("graphrec judge")
REPRODUCE = commands("graphrec reproduce")
EXPORT = commands("graphrec export")
SERVE = commands("graphrec serve")
COMPARE = commands("graphrec compare")
RESUME = commands("graphrec train resume=")
FROM = commands("graphrec train --from")
PLUGIN = commands("graphrec train --plugin")
TRAIN = [
    command
    for command in commands("graphrec train", but=("graphrec train resume=",))
    if command not in (*FROM, *PLUGIN)
]
DATA = commands("graphrec data")
PLAN = commands("graphrec plan")
LOOK = [*commands("graphrec runs"), *commands("graphrec show")]
OF_ONES_OWN = {command for command in TRAIN if "sampler=popularity_power" in command}
"""They need the component that docs/extending.md adds; a test below does so."""
OF_A_SWEEP = {
    command
    for command in TRAIN
    if "experiment=best" in command or ("sweep.resume" in command and "hydra.sweeper" in command)
}
"""They need the folder of a sweep; the tests of the command try them."""


def test_the_pages_show_commands() -> None:
    """The tests below must not pass because they find nothing."""
    assert len(TRAIN) >= 30
    assert len(RESUME) >= 2
    assert len(FROM) >= 3
    assert len(EVALUATE) >= 5
    assert len(RECOMMEND) >= 5
    assert len(EXPLAIN) >= 3
    assert len(JUDGE) >= 4
    assert len(REPRODUCE) >= 2
    assert len(EXPORT) >= 4
    assert len(SERVE) >= 3
    assert len(COMPARE) >= 4
    assert len(DATA) >= 4
    assert len(PLAN) >= 3
    assert len(LOOK) >= 6


def write_own_options(folder: Path) -> None:
    """The option files that the pages show, which say their own names."""
    pages = (ROOT / "docs/sweeps.md", ROOT / "docs/search.md")
    for _, text in [block for page in pages for block in code_blocks(page)]:
        named = re.search(r"^# mine/(\S+)$", text, re.M)
        if named is not None:
            (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / named[1]).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_the_options_of_ones_own_train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_options(tmp_path / "mine")
    (tmp_path / "shop").mkdir()
    rows = [f"c{user},i{(user * item) % 11}" for user in range(12) for item in range(8)]
    (tmp_path / "shop" / "orders.csv").write_text("\n".join(["customer,item", *rows]))
    monkeypatch.setenv("HOME", str(tmp_path))
    for word in ("dataset=shop", "experiment=shop_hardneg"):
        small = [*EPOCH, "evaluation.ks=[5]", "trainer.monitor=ndcg@5", "plots=false"]
        small += ["sampler=uniform", f"output_dir={tmp_path / 'out'}"]
        words = ["train", "--config-dir", str(tmp_path / "mine"), word, *small]
        assert main(words) == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted({*TRAIN, *DATA, *PLAN} - OF_ONES_OWN - OF_A_SWEEP))
def test_a_shown_configuration_composes(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_own_options(tmp_path)
    words = shlex.split(command)[1:]
    words = [str(tmp_path) if word == "mine" else word for word in words]
    words = [word for word in words if word not in ("-m", "--json", "--cfg", "job")]
    words = [word for word in words if not re.search(r"=(int|tag|interval|range)\(", word)]
    # A comma between quotes separates no values.
    singles = [w if "'" in w else re.sub(r"=([^\[,]*),.*", r"=\1", w) for w in words]
    assert main([*singles, "--cfg", "job"]) == 0
    assert "trainer:" in capsys.readouterr().out


@pytest.mark.slow
def test_the_readmes_own_table_trains_with_the_command_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (table,) = [text for _, text in code_blocks(ROOT / "README.md") if text.startswith("user_id,")]
    (command,) = [command for command in TRAIN if "ratings.csv evaluation.ks" in command]
    assert f"```\n{command}\n```" in (ROOT / "README.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    Path("ratings.csv").write_text(table, encoding="utf-8")
    assert main(shlex.split(command)[1:]) == 0
    out, err = capsys.readouterr()
    assert f"{len(table.splitlines()) - 1} rows" in err
    with np.load(Path(out.splitlines()[-1]) / "data.npz", allow_pickle=False) as data:
        assert data["user_id"].tolist() == ["Bob 7", "ann", "eve"]
        assert {"0425115801", "034545104X", "007", "1984"} < set(data["item_id"].tolist())


@pytest.mark.slow
def test_the_example_of_a_component_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = code_blocks(ROOT / "docs/extending.md")
    config, code = [text for language, text in blocks if language == "python"][:2]
    (option,) = [text for language, text in blocks if language == "yaml"]
    values = dict(vars(sampler_configs)) | {"__name__": sampler_configs.__name__}
    exec(config, values)
    monkeypatch.setattr(
        sampler_configs, "PopularityPowerConfig", values["PopularityPowerConfig"], raising=False
    )
    module = ModuleType("graphrec_cli.samplers.popularity_power")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(code, vars(module))
    name = "popularity_power"
    monkeypatch.setitem(store.SCHEMAS["sampler"], name, values["PopularityPowerConfig"])
    monkeypatch.setitem(components.SAMPLERS, name, vars(module)["build_popularity_power"])
    store.register_schemas.cache_clear()
    (tmp_path / "sampler").mkdir()
    (tmp_path / "sampler" / "popularity_power.yaml").write_text(option, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (command,) = OF_ONES_OWN
    small = ["dataset.num_users=50", "dataset.num_items=60", "dataset.mean_interactions=10"]
    words = [*shlex.split(command)[1:], *small, *EPOCH, "--config-dir", str(tmp_path)]
    assert main(words) == 0
    assert "power=0.5" in capsys.readouterr().out
    assert main(["train", "sampler=popularity_power", "sampler.power=9", *words[-2:]]) == 2
    assert "sampler.power must lie between" in capsys.readouterr().err


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run with a catalog of more than a hundred items, in the folder outputs."""
    words = ["dataset.num_users=200", "dataset.num_items=150", "dataset.mean_interactions=20"]
    with chdir(tmp_path_factory.mktemp("documents")):
        assert main(["train", *words, "trainer.epochs=2", "num_threads=1"]) == 0
        (config,) = Path.cwd().glob("outputs/*/config.json")
    return config.parent


@pytest.mark.slow
@pytest.mark.parametrize("command", PLUGIN)
def test_a_shown_plugin_loads(
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for language, text in code_blocks(ROOT / "docs/extending.md"):
        if language == "python" and text.startswith("# my_"):
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    # The page's ``mine`` is an installed package; the file has the same component.
    words = shlex.split(command.replace("--plugin mine", "--plugin my_sampler.py"))[1:]
    words = [word.partition(",")[0] for word in words if word != "-m"]
    assert main([*words, "--cfg", "job"]) == 0
    assert "name: top" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", RESUME)
def test_a_shown_resumption_continues_the_run(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for extra in re.findall(r"logger=(\w+)", command):
        pytest.importorskip(extra, reason="comes with an extra, which CI installs")
    unfinished = Path(shutil.copytree(run, tmp_path / "outputs" / run.name))
    (unfinished / "metrics.json").unlink()
    status = json.loads((unfinished / "status.json").read_text("utf-8"))
    (unfinished / "status.json").write_text(json.dumps({**status, "status": "running"}))
    words = [word.replace("RUN", str(unfinished)) for word in shlex.split(command)[1:]]
    epochs = [int(word.partition("=")[2]) for word in words if word.startswith("trainer.epochs=")]
    with chdir(tmp_path):
        assert main(words) == 0
        assert (tmp_path / capsys.readouterr().out.splitlines()[-1]).samefile(unfinished)
    assert (unfinished / "metrics.json").is_file()
    status = json.loads((unfinished / "status.json").read_text("utf-8"))
    assert status["status"] == "completed"
    history = (unfinished / "history.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["epoch"] for row in history] == list(range(1, len(history) + 1))
    # With more epochs, all of them.
    assert len(history) == (epochs[0] if epochs else 2)


@pytest.mark.slow
@pytest.mark.parametrize("command", FROM)
def test_a_shown_start_from_a_saved_run_composes(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    words = [word for word in shlex.split(command)[1:] if word != "-m"]
    words = [str(run) if word == "RUN" else word.partition(",")[0] for word in words]
    assert main([*words, "--cfg", "job"]) == 0
    assert "num_users: 200" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", REPRODUCE)
def test_a_shown_reproduction_compares(
    command: str,
    run: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "outputs" / run.name)
    words = [word.replace("RUN", f"outputs/{run.name}") for word in shlex.split(command)[1:]]
    assert main(words) == 0
    verdict = "no verdict" if "=" in command else "reproduced"
    assert verdict in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", EVALUATE)
def test_a_shown_evaluation_gives_figures(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    assert "ndcg@10" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", LOOK)
def test_a_shown_look_at_runs_names_the_run(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    assert run.name in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", RECOMMEND)
def test_a_shown_recommendation_gives_items(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    Path("wanted.txt").write_text("17\n42\n", encoding="utf-8")
    Path("sold.txt").write_text("17\n42\n", encoding="utf-8")
    Path("new.csv").write_text("user_id,item_id\nann,17\nann,42\nbob,17\n", encoding="utf-8")
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    shown = capsys.readouterr().out or Path("all.csv").read_text("utf-8")
    assert "item_id" in shown


def python_blocks(page: str) -> list[str]:
    """The Python code of a page, in its order."""
    return [text for language, text in code_blocks(ROOT / "docs" / page) if language == "python"]


@pytest.mark.slow
@pytest.mark.parametrize("command", EXPORT)
def test_a_shown_export_writes_a_folder(
    command: str, run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if "index=" in command:
        for library in ("faiss", "usearch"):
            pytest.importorskip(library, reason="the extra 'export' is not installed")
    monkeypatch.chdir(tmp_path)
    words = [word.replace("RUN", str(run)) for word in shlex.split(command)[1:]]
    assert main([*words, f"output_dir={run.parent}"]) == 0
    (out,) = (word.partition("=")[2] for word in words if word.startswith("out="))
    assert (tmp_path / out / "scoring.json").is_file()


@pytest.mark.slow
def test_the_shown_code_scores_what_was_exported(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in ("faiss", "usearch"):
        pytest.importorskip(library, reason="the extra 'export' is not installed")
    monkeypatch.chdir(tmp_path)
    for words in (["out=vectors"], ["out=searched", "index=both"]):
        assert main(["export", str(run), *words]) == 0
    capsys.readouterr()
    assert main(["recommend", str(run), "users=17", "k=5", "--json"]) == 0
    items = [item["item_id"] for item in json.loads(capsys.readouterr().out)[0]["items"]]
    score, search = python_blocks("export.md")
    values: dict[str, Any] = {}
    exec(score, values)
    assert values["best"] == items
    exec(search, values)
    assert len(set(values["keys"])) == 20


@pytest.mark.slow
def test_the_shown_python_code_trains_and_opens_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("graphrec_cli.workflows.launch._DEFAULT_THREADS", 1)
    values: dict[str, Any] = {}
    for code in python_blocks("python.md"):
        exec(code, values)
    assert len(list((tmp_path / "outputs").iterdir())) == 3
    run = load_run(sorted((tmp_path / "outputs").iterdir())[0])
    assert values["hit"] == run.metrics["test"]["hit@10"]
    assert values["ndcg"] == pytest.approx(run.metrics["test"]["ndcg@10"])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", SERVE)
def test_a_shown_server_answers_the_shown_requests(command: str, run: Path) -> None:
    for package in ("starlette", "uvicorn"):
        pytest.importorskip(package, reason="comes with the extra serve, which CI installs")
    words = [str(run) if word == "RUN" else word for word in shlex.split(command)[2:]]
    page = (ROOT / "docs/serve.md").read_text("utf-8")
    asked = [shlex.split(line) for line in page.splitlines() if line.startswith("curl ")]
    assert len(asked) == 2
    with serving(run.parents[1], *(word for word in words if "port=" not in word)) as served:
        for line in asked:
            (address,) = [word for word in line if word.startswith("http://127.0.0.1:8000/")]
            body = line[line.index("-d") + 1].encode() if "-d" in line else None
            answer = served.ask(address.removeprefix("http://127.0.0.1:8000"), body)
            assert answer.status == 200
            assert len(answer.content[0]["items"]) == 2
        assert served.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", EXPLAIN)
def test_a_shown_explanation_splits_a_score(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    words = shlex.split(command)[1:]
    assert main([str(run) if word == "RUN" else word for word in words]) == 0
    shown = capsys.readouterr().out
    assert "score" in shown or Path("why.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize("command", JUDGE)
def test_a_shown_judgement_gives_metrics(
    command: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    for out in ("recs.csv", "recs.json"):
        assert main(["recommend", str(run), "k=60", "seen=keep", f"out={out}"]) == 0
    rows = [line.split(",") for line in Path("recs.csv").read_text("utf-8").splitlines()[1:]]
    trec = [f"{user} Q0 {item} {rank} {score} mine" for user, rank, item, score in rows]
    Path("trec.txt").write_text("\n".join(trec), encoding="utf-8")
    words = [word.replace("RUN", str(run)) for word in shlex.split(command)[1:]]
    assert main(words) == 0
    assert "ndcg@10" in capsys.readouterr().out
    for folder in Path("outputs").glob("*_judged_*"):
        shutil.rmtree(folder)


@pytest.mark.slow
def test_the_shown_code_writes_the_split(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (code,) = [
        text for language, text in code_blocks(ROOT / "docs/judge.md") if language == "python"
    ]
    monkeypatch.chdir(tmp_path)
    exec(code.replace('Path("RUN")', f"Path({str(run)!r})"), {})
    split, _ = load_run_data(run / "data.npz")
    for name, part in split.parts().items():
        header, *rows = Path(f"{name}.csv").read_text("utf-8").splitlines()
        assert header == "user_id,item_id"
        users = split.users.text()[part.user_index()]
        items = split.items.text()[part.item_index]
        assert rows == [f"{user},{item}" for user, item in zip(users, items, strict=True)]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What stands for the names of the pages: two runs of a sweep, and judged lists."""
    words = ["dataset.num_users=200", "dataset.num_items=150", "dataset.mean_interactions=20"]
    with chdir(tmp_path_factory.mktemp("compared")):
        assert main(["train", "-m", *words, *EPOCH, "model.num_layers=1,2", "plots=false"]) == 0
        (sweep,) = (path.parent for path in Path.cwd().glob("outputs/*/sweep.json"))
        run, other = sorted(path.parent for path in sweep.glob("*/config.json"))
        judged = judged_folder(other, Path.cwd() / "judged", ks=[10, 20, 50], monitor="ndcg@10")
    paths = {"RUN": run, "OTHER": other, "SWEEP": sweep, "JUDGED": judged}
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMPARE)
def test_a_shown_comparison_is_made(
    command: str,
    compared: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [compared.get(word, word) for word in shlex.split(command)[1:]]
    assert main([*words, "resamples=200"]) == 0
    assert "A - B" in capsys.readouterr().out
    files = [
        word.partition("=")[2] for word in words if word.startswith(("out=", "html=", "plot="))
    ]
    assert all(Path(file).is_file() for file in files)


@pytest.mark.slow
def test_the_shown_code_reads_a_run(run: Path) -> None:
    (code,) = python_blocks("api.md")
    values: dict[str, Any] = {}
    exec(code.replace('Path("RUN")', f"Path({str(run)!r})"), values)
    assert isinstance(values["history"], np.ndarray)
    assert len(values["history"]) > 0
    opened = load_run(run)
    for name in ("user_embeddings", "item_embeddings"):
        np.testing.assert_allclose(values[name], getattr(opened, name)(), atol=1e-6)
    np.testing.assert_allclose(values["scores"], opened.scores(users="17")[0], atol=1e-6)
