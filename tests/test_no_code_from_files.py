"""No syntax in the package could run code from a file that it reads."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "graphrec_cli"
MODULES = frozenset(
    {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml", "runpy"}
)
CALLS = frozenset({"eval", "exec", "compile", "__import__"})
ATTRIBUTES = frozenset(
    {
        *("os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv"),
        *("builtins.eval", "builtins.exec", "importlib.import_module"),
        *("hydra.utils.instantiate", "hydra.utils.get_class", "hydra.utils.call", "yaml.load"),
        *("pd.read_pickle", "pandas.read_pickle", "np.load", "torch.jit.load"),
        *("shutil.unpack_archive", "zipfile.ZipFile.extractall"),
    }
)
METHODS = frozenset(
    {"exec_module", "instantiate", "extractall", "extract", "to_pickle", "read_pickle"}
)


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for an attribute of a name, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def faults(source: str) -> list[str]:
    """The calls of a module that could run code from a file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            found += [name for name in names if module.partition(".")[0] in MODULES]
            found += [name for name in names if name in ATTRIBUTES]
        elif isinstance(node, ast.Call):
            found += called(node)
    return found


def called(node: ast.Call) -> list[str]:
    name = dotted(node.func)
    given = {word.arg: word.value for word in node.keywords}
    found: list[str] = []
    if name in CALLS or name in ATTRIBUTES or name.rpartition(".")[2] in METHODS:
        found.append(name)
    for word, wanted in (("allow_pickle", False), ("weights_only", True), ("shell", False)):
        value = given.get(word)
        if value is not None and not (isinstance(value, ast.Constant) and value.value is wanted):
            found.append(f"{name}({word}=...)")
    if name == "torch.load" and "weights_only" not in given:
        found.append("torch.load without weights_only")
    if name.endswith(("read_array", "write_array")) and "allow_pickle" not in given:
        found.append(f"{name} without allow_pickle")
    return found


IMPORTERS = {
    "cli.py": ["importlib.import_module"],
    "config/option_lines.py": ["yaml"],
    "config/plugins.py": ["importlib.import_module"],
    "config/plugin_import.py": ["spec.loader.exec_module"],
}
"""The names of the commands and of two pickle libraries are literal; the user names plugins.
PyYAML only composes nodes, of which no objects are made."""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_can_run_what_it_reads(path: Path) -> None:
    allowed = IMPORTERS.get(path.relative_to(PACKAGE).as_posix(), [])
    assert sorted(faults(path.read_text("utf-8"))) == allowed


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import yaml",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'eval')",
        "__import__(name)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(file)",
        "np.lib.format.read_array(file, allow_pickle=flag)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
        "from os import system",
        "hydra.utils.instantiate(node)",
        "from hydra.utils import instantiate",
        "archive.extractall(folder)",
        "pd.read_pickle(path)",
        "importlib.import_module(name)",
    ],
)
def test_each_of_them_would_be_noticed(source: str) -> None:
    assert faults(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(path, weights_only=True)",
        "re.compile(text)",
        "model.eval()",
        "subprocess.run(['git'], check=True)",
        "np.lib.format.read_array(file, allow_pickle=False)",
    ],
)
def test_what_is_harmless_is_not(source: str) -> None:
    assert faults(source) == []
