"""Keys as help and the reference show them: with a meaning, and values as typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.bands import BandConfig
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.help_page import option_keys
from graphrec_cli.config.keys import list_keys, meaning, spell_value
from graphrec_cli.config.options import conf_dir, describe_option, group_options, read_option
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.serialize import to_plain
from graphrec_cli.config.store import SCHEMAS

COMPONENTS = [schema for components in SCHEMAS.values() for schema in components.values()]


@pytest.mark.parametrize("schema", [RunConfig, BandConfig, *COMPONENTS])
def test_every_field_has_a_meaning(schema: type) -> None:
    for field in fields(schema):
        assert meaning(schema, field.name), f"{schema.__name__}.{field.name} has no docstring"
    for key in list_keys(schema, "group"):
        assert key.meaning.endswith("."), key.name


@pytest.mark.parametrize("path", sorted(conf_dir().glob("*/*.yaml")), ids=str)
def test_every_option_has_a_meaning_and_names_recipes_that_exist(path: Path) -> None:
    recipe, text = describe_option(path.parent.name, path.stem, None)
    assert text.endswith("."), f"{path} has no comment at its top that ends in a full stop"
    experiments = group_options("experiment", None)
    assert all(name in experiments for name in recipe.split(" and ") if recipe)


def flat(values: object, prefix: str) -> Iterator[tuple[str, object]]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from flat(value, f"{prefix}.{key}")
    elif not prefix.endswith(".name"):
        yield prefix, values


@pytest.mark.slow
@pytest.mark.parametrize("group", SCHEMAS)
def test_the_defaults_shown_are_those_of_a_run(group: str) -> None:
    """``read_option`` and Hydra read the same values from the option files."""
    together = {"lightgcn_rating": ["loss=mse"], "mse": ["model=lightgcn_rating"]}
    together |= {"rating": ["model=lightgcn_rating", "loss=mse"], "table": ["dataset.path=x"]}
    for name in group_options(group, None):
        words = [f"{group}={name}", *together.get(name, [])]
        config = compose_run(sort_arguments(words)).config
        composed = dict(flat(to_plain(getattr(config, group)), group))
        shown = {key.name: key.default for key in option_keys(group, name)}
        assert shown.keys() == composed.keys()
        differing = {key for key in shown if shown[key] != spell_value(composed[key])}
        # A whole number in a file becomes a float; the table's path was chosen above.
        differing -= {"dataset.path"}
        assert not {key for key in differing if float(shown[key]) != composed[key]}


def test_an_experiment_selects_options() -> None:
    selects = read_option("experiment", "goodbooks_hardneg", None).selects
    assert selects == {
        "dataset": "goodbooks",
        "model": "lightgcn_goodbooks",
        "sampler": "hardneg_goodbooks",
        "loss": "bpr",
        "trainer": "goodbooks",
        "evaluation": "keep_valid",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), ("", "''"), ([10, 20], "[10,20]"), (Device.cpu, "cpu")],
)
def test_values_are_spelt_as_one_types_them(value: object, text: str) -> None:
    assert spell_value(value) == text


@dataclass(kw_only=True)
class Undocumented:
    size: int = 1


def test_a_class_from_elsewhere_has_no_meanings_and_no_error() -> None:
    (key,) = list_keys(Undocumented, "group")
    assert (key.name, key.default, key.meaning) == ("group.size", "1", "")
