"""The grammar of dataset.where: what it reads, and how it names what it does not read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.condition import All, Comparison, Condition, IsNull, Not, Some
from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.text_values import quote_text
from graphrec_cli.config.where import parse_where
from graphrec_cli.errors import ConfigError

A, B, C = (Comparison(name, "=", (1,)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("a = 1", A),
        ("  a=1\t", A),
        ("a <= -1.5e3", Comparison("a", "<=", (Decimal(-1500),))),
        ("a = 9007199254740993", Comparison("a", "=", (9_007_199_254_740_993,))),
        ("a != 'it''s'", Comparison("a", "!=", ("it's",))),
        ("a != ''", Comparison("a", "!=", ("",))),
        ("a is null", IsNull("a")),
        ("a IS NOT NULL or not b = 1", Some((Not(IsNull("a")), Not(B)))),
        ('"is" is null and null = 1', All((IsNull("is"), Comparison("null", "=", (1,))))),
        ("a = '1 or 1 = 1 --'", Comparison("a", "=", ("1 or 1 = 1 --",))),
        ('"a ""b"" or" = 1', Comparison('a "b" or', "=", (1,))),
        ("größe > 1", Comparison("größe", ">", (1,))),
        ("event.type = 1", Comparison("event.type", "=", (1,))),
        ("a in (1, 2.5)", Comparison("a", "=", (1, Decimal("2.5")))),
        ("a NOT IN ('x','y')", Not(Comparison("a", "=", ("x", "y")))),
        ("a = 1 or b = 1 and c = 1", Some((A, All((B, C))))),
        ("(a = 1 or b = 1) and c = 1", All((Some((A, B)), C))),
        ("not a = 1 and b = 1", All((Not(A), B))),
        ("not (a = 1 and not b = 1)", Not(All((A, Not(B))))),
        ("a = 1 or b = 1 or c = 1", Some((A, B, C))),
        ("((((a = 1))))", A),
    ],
)
def test_what_is_read(text: str, condition: Condition) -> None:
    assert parse_where(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: expected a column, 'not' or '(', got the end"),
        ("a", "character 2: expected =, !=, <, <=, >, >=, in or is, got the end"),
        ("a = ", "character 5: expected a number or a text in single quotes, got the end"),
        ("a == 1", "character 3: '==' is unknown; write ="),
        ("a = 1 && b = 2", "character 7: '&&' is unknown; write and"),
        ("! a = 1", "character 1: '!' is unknown; write not"),
        ("a = buy", "character 5: expected a number or a text in single quotes, got buy; write"),
        ('a = "buy"', "got \"buy\"; write 'buy' if it is a text"),
        ("1 = a", "character 1: expected a column, 'not' or '(', got 1"),
        ("a = 'x", "character 5: the quote ' is not closed"),
        ("a = '''", "character 5: the quote ' is not closed"),
        ('"a = 1', 'character 1: the quote " is not closed'),
        ("a = 1 b = 2", "character 7: expected 'and', 'or' or the end, got b"),
        ("(a = 1", "character 7: expected 'and', 'or' or ')', got the end"),
        ("a = 1)", "character 6: expected 'and', 'or' or the end, got )"),
        ("a in ()", "character 7: expected a number or a text in single quotes, got )"),
        ("a in 1", "character 6: expected '(' and a list of values, got 1"),
        ("a in (1,)", "character 9: expected a number, like the values before it, got )"),
        ("a in (1, 'x')", "character 10: expected a number, like the values before it, got 'x'"),
        ("a in ('x', 1)", "character 12: expected a text, like the values before it, got 1"),
        ("a in (1 2)", "character 9: expected ',' or ')', got 2"),
        ("a not = 1", "character 7: expected 'in', got ="),
        ("a = ''", "character 5: no cell is equal to ''; write COLUMN is null"),
        ("a in ('x', ' ')", "character 12: no cell is equal to ' '; write COLUMN is null"),
        ("a != NULL", "got NULL; write COLUMN is null, or is not null"),
        ("a is 1", "character 6: expected null or not null, got 1"),
        ("a is not 'x'", "character 10: expected null, got 'x'"),
        ("a = 1x", "character 5: expected a number or a text in single quotes, got 1x"),
        ("a = 1e999", "character 5: a number that is too large"),
        ("a = 1; drop table x", "character 6: expected 'and', 'or' or the end, got ; drop"),
        ("a = 1 or f(x) = 2", "character 11: expected =, !=, <, <=, >, >=, in or is, got ("),
        ("a = 1 -- x", "character 7: expected 'and', 'or' or the end, got -- x"),
        ("(" * 60 + "a = 1" + ")" * 60, "character 52: more than 50 parentheses or 'not'"),
        ("not " * 60 + "a = 1", "more than 50 parentheses or 'not' within each other"),
        ("a = 1 or " * 2000 + "a = 1", "dataset.where has 18,005 characters, more than the 10,000"),
    ],
)
def test_what_is_refused_with_its_position(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        TableConfig(path="a.csv", where=text)
    assert message in str(refused.value)
    assert str(refused.value).startswith("dataset.where")


@given(st.text(alphabet="ab1.'\"()=<>!, \tnotrdiesul-é\0", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    refused = ""
    try:
        parse_where(text)
    except ConfigError as error:
        refused = str(error)
    assert refused == "" or refused.startswith("dataset.where, character ")
    assert refused.isprintable()


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("a = 'x'", r"'a = \'x\''"),
        ("\"a b\" = 'x'", r"""'"a b" = \'x\''"""),
        ("a in (1, 2)", "'a in (1, 2)'"),
        ("\"a = 'x'\"", "\"a = 'x'\""),
    ],
)
@pytest.mark.parametrize("sweeps", [False, True])
def test_a_condition_is_taken_whole_from_the_command_line(
    value: str, quoted: str, *, sweeps: bool
) -> None:
    assert quote_text(f"dataset.where={value}", sweeps=sweeps) == f"dataset.where={quoted}"
