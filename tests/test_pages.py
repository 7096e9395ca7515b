"""The pages are complete and match the code; their links have targets."""

from __future__ import annotations

import re
import signal
import tomllib
from pathlib import Path

import pytest

from graphrec_cli import errors
from graphrec_cli.system.signals import WATCHED

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_the_makefile_has_the_targets_that_the_pages_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    text = "".join(page.read_text("utf-8") for page in PAGES)
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.M))
    assert {"demo", "test", "docs", "bench", "soak"} <= named <= targets


def test_the_pages_name_every_option() -> None:
    for page in ("docs/configuration.md", "docs/components.md"):
        text = (ROOT / page).read_text("utf-8")
        for path in sorted((ROOT / "conf").glob("*/*.yaml")):
            assert f"`{path.stem}`" in text, f"{path.parent.name}={path.stem} is not in {page}"


def test_the_commands_page_has_every_exit_code() -> None:
    text = (ROOT / "docs/commands.md").read_text("utf-8")
    table = text.partition("| code | meaning |\n")[2].partition("\n\n")[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    raised = {kind.exit_code for kind in kinds if issubclass(kind, errors.GraphrecError)}
    assert listed == {0} | raised | {128 + getattr(signal, name) for name in WATCHED}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


def test_the_map_of_the_code_has_every_folder_in_the_order_of_imports() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    places = re.findall(r"^\| `([\w./]+)` \|", text, re.M)
    package = ROOT / "graphrec_cli"
    folders = [path.parent for path in package.rglob("__init__.py") if path.parent != package]
    modules = [path for path in package.glob("*.py") if not path.stem.startswith("__")]
    there = {f"{path.relative_to(package)}/" for path in folders} | {path.name for path in modules}
    assert set(places) == there
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    level = {name: depth for depth, row in enumerate(layers) for name in row.split(" : ")}
    order = [level[place.partition("/")[0].removesuffix(".py")] for place in places]
    assert order == sorted(order)


def test_the_safety_page_names_files_that_are_there() -> None:
    text = (ROOT / "docs/safety.md").read_text("utf-8")
    files = re.findall(r"`((?:[\w.]+/)*\w+\.py)`", text)
    assert len(files) > 8
    for file in files:
        assert (ROOT / file).is_file() or (ROOT / "graphrec_cli" / file).is_file(), file
