"""A component of each group, added with the files and lines of docs/extending.md, and no others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders import TINY

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Component:
    """The code that a contributor writes for a group.

    Attributes:
        module: of the config dataclass, below ``graphrec_cli.config``.
        config: the dataclass.
        file: of the code, below ``graphrec_cli``.
        code: its content; ``MINE`` builds the component.
        table: of ``components.py``, or of ``data/components.py``.
    """

    module: str
    config: str
    file: str
    code: str
    table: str


COMPONENTS = {
    "dataset": Component(
        "dataset",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(SyntheticConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Copies of the users.\"\"\"
""",
        "data/sources/mine.py",
        """
from dataclasses import replace
from pathlib import Path
from graphrec_cli.config.dataset import MineConfig
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.sources.synthetic import load_synthetic

def find_mine(config: MineConfig, *, data_dir: Path) -> dict[str, Path]:
    return {}

def load_mine(config: MineConfig, files: FoundFiles, *, seed: int) -> SourceData:
    return replace(load_synthetic(config, files, seed=seed), preferences=None)

MINE = Source(find_mine, load_mine)
""",
        "SOURCES",
    ),
    "split": Component(
        "split",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(SplitConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Items held out.\"\"\"
""",
        "data/splits/mine.py",
        """
import numpy as np
from graphrec_cli.config.split import MineConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split

def MINE(
    interactions: Interactions, config: MineConfig, *, rng: np.random.Generator, funnel: Funnel
) -> Split:
    part = rng.choice([TRAIN, VALID, TEST], size=len(interactions), p=[0.8, 0.1, 0.1])
    return assemble_split(
        interactions, part.astype(np.int8), has_valid=True, advice="", funnel=funnel
    )
""",
        "SPLITS",
    ),
    "model": Component(
        "model",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(ModelConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Power.\"\"\"

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        return ()
""",
        "models/mine.py",
        """
from graphrec_cli.models.popularity import Popularity

def MINE(config, train, *, generator, device):
    return Popularity(train, device)
""",
        "MODELS",
    ),
    "sampler": Component(
        "sampler",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(SamplerConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Draws.\"\"\"
""",
        "samplers/mine.py",
        """
from graphrec_cli.samplers.triples import build_triples
from graphrec_cli.samplers.uniform import CatalogNegatives

def MINE(config, train, *, generator, device):
    negatives = CatalogNegatives(train, device)
    return build_triples(config.by, train, negatives, generator=generator, device=device)
""",
        "SAMPLERS",
    ),
    "loss": Component(
        "loss",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(LossConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Margin.\"\"\"
""",
        "losses/mine.py",
        """
def MINE(config):
    def loss(model, batch):
        scores = model.score_triples(*batch)
        return (config.extra - scores.pos_scores + scores.neg_scores).relu().mean()
    return loss
""",
        "LOSSES",
    ),
    "evaluation": Component(
        "evaluation",
        """
@dataclass(kw_only=True, slots=True)
class MineConfig(EvaluationConfig):
    \"\"\"Mine.\"\"\"

    name: str = "mine"
    extra: int = 1
    \"\"\"Unit.\"\"\"
""",
        "evaluation/mine.py",
        """
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.evaluation.ranking import RankingEvaluation

class MINE(RankingEvaluation):
    def __init__(self, config, settings):
        super().__init__(RankingConfig(ks=config.ks), settings)
""",
        "EVALUATIONS",
    ),
}


def home_of(group: str) -> str:
    """The file with the group's table of builders."""
    return "data/components.py" if group in ("dataset", "split") else "components.py"


def add(group: str, component: Component, tree: Path) -> None:
    """One file of code, one dataclass, one line in each of two tables and its import, one YAML."""
    package = tree / "graphrec_cli"
    (package / component.file).write_text(component.code, "utf-8")
    dataclasses = package / "config" / f"{component.module}.py"
    dataclasses.write_text(dataclasses.read_text("utf-8") + component.config, "utf-8")
    (tree / "conf" / group / "mine.yaml").write_text(
        f"# Mine.\ndefaults:\n  - /schema/{group}/mine@_here_\n", "utf-8"
    )
    code = component.file.removesuffix(".py").replace("/", ".")
    for table, opening, built, source in (
        (package / "config" / "store.py", f'    "{group}": {{', "MineConfig", component.module),
        (package / home_of(group), f"{component.table}: ", "MINE", code),
    ):
        lines = table.read_text("utf-8").splitlines(keepends=True)
        (line,) = (number for number, text in enumerate(lines) if text.startswith(opening))
        lines[line] = lines[line].replace("{", f'{{"mine": {built}, ', 1)
        home = f"config.{source}" if built == "MineConfig" else source
        first = next(
            number for number, text in enumerate(lines) if text.startswith("from graphrec")
        )
        lines.insert(first, f"from graphrec_cli.{home} import {built}\n")
        table.write_text("".join(lines), "utf-8")


@pytest.mark.parametrize("group", COMPONENTS)
def test_a_new_component_takes_one_file_one_dataclass_two_lines_and_a_yaml(
    group: str, tmp_path: Path
) -> None:
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "graphrec_cli", tmp_path / "graphrec_cli", ignore=skipped)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    add(group, COMPONENTS[group], tmp_path)

    def graphrec(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "graphrec_cli", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    words = [word for word in TINY if group != "model" or not word.startswith("trainer.")]
    done = graphrec("train", f"{group}=mine", *words, f"{group}.extra=2")
    assert done.returncode == 0, done.stderr
    run = tmp_path / done.stdout.splitlines()[-1]
    config = json.loads((run / "config.json").read_text("utf-8"))
    assert (config[group]["name"], config[group]["extra"]) == ("mine", 2)
    assert graphrec("evaluate", str(run)).returncode == 0
    refused = graphrec("train", f"{group}=mine", f"{group}.extr=2")
    assert refused.returncode == 2
    assert f"unknown key '{group}.extr'; did you mean '{group}.extra'?" in refused.stderr
