"""The options of conf, and those of a user, start from the same defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import call

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.options import group_options, read_option
from graphrec_cli.config.store import SCHEMAS

GENERAL = {"trainer": {"trainer": "default"}, "evaluation": {"ranking": "default"}}
"""Components whose general option has another name."""
NEEDED = {"table": ["dataset.path=x.csv"]}
OPTIONS = [(group, option) for group in SCHEMAS for option in group_options(group, None)]


COMPONENTS = [(group, component) for group in SCHEMAS for component in SCHEMAS[group]]


@pytest.mark.parametrize(("group", "component"), COMPONENTS)
def test_the_general_option_of_a_component_sets_nothing(group: str, component: str) -> None:
    """Only variants, such as trainer=goodbooks, have values of their own."""
    option = read_option(group, GENERAL.get(group, {}).get(component, component), None)
    assert (option.component, option.values) == (component, {})


@pytest.mark.slow
@pytest.mark.parametrize("group", list(SCHEMAS))
def test_an_option_of_ones_own_that_sets_nothing_is_the_general_one(
    group: str, tmp_path: Path
) -> None:
    (tmp_path / group).mkdir()
    general = [option for option in OPTIONS if option[0] == group]
    for _, option in general:
        read = read_option(group, option, None)
        if read.values:
            continue
        own = tmp_path / group / "own.yaml"
        own.write_text(f"defaults:\n  - /schema/{group}/{read.component}@_here_\n")
        rest = _words_with(group, option)
        flags = ["--config-dir", str(tmp_path)]
        mine = compose_run(sort_arguments([f"{group}=own", *rest, *flags])).config
        shipped = compose_run(sort_arguments([f"{group}={option}", *rest])).config
        assert mine == shipped


def _words_with(group: str, option: str) -> list[str]:
    """What else a run with the option needs."""
    rated = {"model=lightgcn_rating", "loss=mse", "evaluation=rating"}
    words = NEEDED.get(option, [])
    if f"{group}={option}" in rated:
        words = [*words, *sorted(rated - {f"{group}={option}"})]
    return words


def test_a_table_of_ones_own_keeps_all_rows(tmp_path: Path) -> None:
    rows = [f"u{user},i{user % 3}" for user in range(9)]
    (tmp_path / "shop.csv").write_text("\n".join(["user,item", *rows]))
    (tmp_path / "mine" / "dataset").mkdir(parents=True)
    (tmp_path / "mine" / "dataset" / "shop.yaml").write_text(
        "defaults:\n  - /schema/dataset/table@_here_\n\npath: shop.csv\n"
    )
    words = ("split=ratio", "split.scope=all", "--json")
    own = call(tmp_path, "data", "inspect", "dataset=shop", "--config-dir", "mine", *words)
    shipped = call(tmp_path, "data", "inspect", "dataset=table", "dataset.path=shop.csv", *words)
    assert own.code == 0, own.err
    assert own.out == shipped.out
