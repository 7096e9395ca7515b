"""Random values of ``dataset.where``: right ones as SQLite reads them, and hostile ones."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
from pathlib import Path

from campaign import REFUSED, RIGHT, Case
from command import call, can_be_passed, sometimes

NAME = "events.csv"
COLUMNS = ("user", "item", "event", "price", "odd name")
EVENTS = ("view", "buy", "it's", "", "é", "a,b", "null", "10", "; drop table t")
PRICES = ("", "0", "-1", "2.5", "10", "1e3")
SIGNS = ("=", "!=", "<", "<=", ">", ">=")
HOSTILE = (
    "1=1",
    "event = 'x'; drop table t",
    "event = 'x' union select * from t",
    "event = (select 1)",
    "__import__('os').system('touch pwned')",
    "{user.__class__}",
    "@user == 1",
    "`user` = 'u1'",
    "event = load_extension('x')",
    "read_csv('/etc/passwd') = 1",
    "event like '%'",
    "event regexp '(a+)+$'",
    "price = 1/0",
    "price = 1e999",
    "price = 0x10",
    "price = " + "9" * 300,
    "event = '${oc.env:HOME}'",
    "${seed} = 1",
    "event = 'a\x00b'",
    "event = 'a\nb'",
    "event = '\ud800'",
    "\u202eevent = 'x'",
    "event = $$x$$",
    "event = ''",
    "event in ('buy', '')",
    "event is",
    "event is not not null",
    "event is null null",
    "event = null",
    "not is null",
    "event is " + "not " * 2_000 + "null",
    "event = 'x' --",
    "event = 'x' /*",
    "(" * 3_000,
    "not " * 2_000,
    "event in (" + "1," * 4_000,
    "'" * 9_999,
    '"' * 9_999,
)


def conditions(folder: Path) -> Case:
    """All cases read one table, which SQLite has as well."""
    rng = random.Random(0)
    rows = [
        (f"u{place % 40}", f"i{place // 40}", rng.choice(EVENTS), rng.choice(PRICES), str(place))
        for place in range(400)
    ]
    with (folder / NAME).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    database = sqlite3.connect(":memory:")
    database.execute('create table t (user text, item text, event text, price, "odd name" int)')
    database.executemany(
        "insert into t values (?, ?, ?, ?, ?)",
        [
            (user, item, event or None, float(price) if price else None, int(odd))
            for user, item, event, price, odd in rows
        ],
    )

    def case(rng: random.Random) -> str:
        if sometimes(rng, 0.7):
            text = condition(rng)
            (kept,) = database.execute(f"select count(*) from t where {text}").fetchone()
            return _judged(rng, text, kept)
        text = rng.choice(HOSTILE) if sometimes(rng, 0.5) else _spliced(rng, condition(rng))
        outcome = _judged(rng, text, None)
        assert [path.name for path in folder.iterdir()] == [NAME], f"files appeared: {text!r}"
        return outcome

    return case


def condition(rng: random.Random, depth: int = 0) -> str:
    """A condition that SQLite reads alike."""
    draw = rng.random() if depth < 4 else 0
    if draw > 0.7:
        word = rng.choice(["and", "or"])
        return f"({condition(rng, depth + 1)} {word} {condition(rng, depth + 1)})"
    if draw > 0.55:
        return f"not {condition(rng, depth + 1)}"
    column = rng.choice(["event", '"event"', "price", '"odd name"'])
    if sometimes(rng, 0.15) and "event" not in column:  # of which a text is the word null
        return f"{column} {rng.choice(['is null', 'is not null', 'IS NOT NULL'])}"
    values = ["'" + event.replace("'", "''") + "'" for event in EVENTS if event]
    if "event" not in column:
        values = ["0", "-1", "2.5", "10", "1e3", "250"]
    if sometimes(rng, 0.3):
        listed = rng.choices(values, k=rng.randint(1, 4))
        return f"{column} {rng.choice(['in', 'not in', 'IN'])} ({', '.join(listed)})"
    sign, value = rng.choice(SIGNS), rng.choice(values)
    if value == "'10'" and sign not in ("=", "!="):  # texts are not put in the order of numbers
        sign = "="
    return f"{column} {sign} {value}"


def _spliced(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    inserted: str = rng.choice(
        [*"'\"()=<>!,;\\%$&|~", "not", "in", "\t", "é", "1", "${", "\x1b[2J"]
    )
    return text[:place] + inserted + text[place + rng.randint(0, 3) :]


def _judged(rng: random.Random, text: str, kept: int | None) -> str:
    """Inspect the rows that match; their number must be ``kept`` if it is known."""
    line = ["data", "inspect", "dataset=table", f"dataset.path={NAME}", "split=ratio", "--json"]
    line.append(f"dataset.where={text}")
    called = call(line, own_process=sometimes(rng, 0.03) and can_be_passed(line))
    assert called.code in (0, 2, 3), f"an undocumented exit code: {called}"
    if called.code:
        error = called.error()
        sound = kept is None or kept < 100  # too few rows cannot be split
        assert sound, f"{kept} rows match, but it is refused: {called}"
        assert kept is None or called.code == 3, f"a right condition is refused: {called}"
        assert kept != 0 or "none of the 400 rows matches" in error, f"another reason: {called}"
        return REFUSED
    found = json.loads(called.out)["table"]["rows"]
    assert kept is None or found == kept, f"{found} rows instead of {kept}: {called}"
    return RIGHT if kept is not None else "accepted"
