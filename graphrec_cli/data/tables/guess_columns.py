"""Find the columns of a table by their configured or common names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from graphrec_cli.errors import DataError

NAMED_CELLS = (".json", ".jsonl", ".ndjson", ".parquet")
"""Endings of formats that have a name at every cell or column."""
COMMON_NAMES = {
    "user": "user user_id uid userno customer customer_id visitor visitor_id reviewer reviewer_id "
    "member member_id account account_id profile_id listener_id reader_id player_id client_id "
    "msno steam_id",
    "item": "item item_id iid itemno movie movie_id film_id book book_id isbn product product_id "
    "asin parent_asin gmap_id sku article article_id track track_id song song_id artist artist_id "
    "album_id video_id game_id app_id anime_id recipe_id business_id venue_id location_id poi_id "
    "news_id content_id",
    "rating": "rating ratings rate score stars overall user_rating book_rating movie_rating "
    "review_score review_rating",
    "timestamp": "timestamp timestamps time date datetime unix_time unix_timestamp "
    "unix_review_time created_at rated_at event_time time_stamp "
    "t_dat",
    "items_title": "title name item_title item_name movie_title movie_name film_title book_title "
    "book_name product_title product_name track_name song_name song_title artist_name game_title",
}
"""By configuration key; compared without case and punctuation."""
COMMON_NAMES["items_id"] = f"id {COMMON_NAMES['item']}"
MANY_COLUMNS = 20
"""A list of interactions has fewer; a matrix has a column per item."""

_RECBOLE_TYPE = re.compile(r":(token|token_seq|float|float_seq)$")


def bare_name(column: str) -> str:
    """A column's name as it is typed: without RecBole's type suffix, blanks for line breaks."""
    return " ".join(_RECBOLE_TYPE.sub("", column).splitlines())


def pick_column(
    key: str,
    given: str | None,
    header: Sequence[str],
    path: Path,
    *,
    needed: bool,
    inner: Collection[str] = (),
    names: Mapping[str, str] = COMMON_NAMES,
) -> str | None:
    """The column in the header that a config key stands for.

    Args:
        key: the key under ``dataset``, also one of ``names``.
        given: its value: a name, "" for no such column, None to guess it from the header.
        header: names of the table's columns.
        path: the file, for messages.
        needed: whether a table without it is refused.
        inner: names of the header that are taken only if they are given.
        names: common names by key.

    Returns:
        The name, None if there is no such column and none is needed.

    Raises:
        DataError: no column fits, or several do.
    """
    has = f"its columns are {', '.join(header)}"[:300]
    if given == "":
        return None
    if given is not None:
        found = [name for name in header if given in (name, bare_name(name))]
        if len(found) != 1:
            raise DataError(f"{path} has no column '{given}', which dataset.{key} names; {has}")
        return found[0]
    found = [name for name in header if name not in inner and name_stands_for(name, [key], names)]
    if len(found) > 1:
        in_parts = {bare_name(name).lower() for name in found} >= {"date", "time"}
        joined = ", or join date and time of day into one column" if in_parts else ""
        raise DataError(
            f"{path}: {' and '.join(found)} may each be the {key} column; name one, as in "
            f"dataset.{key}={bare_name(found[0])}{joined}"
        )
    if needed and not found:
        is_id = key in ("user", "item")
        may_be_headless = is_id and not set(path.suffixes) & set(NAMED_CELLS)
        headless = ", or all columns in dataset.columns=[user,item,..] if the first line is data"
        raise DataError(
            f"{path} has no column with a known name for dataset.{key}; set dataset.{key}=NAME"
            f"{headless if may_be_headless else ''}{_matrix_hint(header) if is_id else ''} ({has})"
        )
    return found[0] if found else None


def _matrix_hint(header: Sequence[str]) -> str:
    """What to do about a table that may have a column for each item; or nothing."""
    of_lists = ("item", "rating", "timestamp")
    if len(header) <= MANY_COLUMNS or any(name_stands_for(name, of_lists) for name in header):
        return ""
    return (
        f"; if its {len(header):,} columns are items, it is a matrix of users by items: write a "
        "line with user, item and value for each of its values"
    )


def name_stands_for(
    column: str, keys: Collection[str], names: Mapping[str, str] = COMMON_NAMES
) -> bool:
    """Whether a column's name is one of the common names of some keys."""
    common = {_folded(name) for key in keys for name in names[key].split()}
    return _folded(bare_name(column)) in common


def is_same_name(one: str, other: str) -> bool:
    """Whether two names of columns are equal without case, punctuation and RecBole's types."""
    return bool(_folded(bare_name(one))) and _folded(bare_name(one)) == _folded(bare_name(other))


def refuse_unused_names(key: str, names: Sequence[str], used: Collection[str]) -> None:
    """Refuse names of columns that nothing reads, unless they begin with ``_``.

    Args:
        key: the configuration key that lists all names, such as ``dataset.columns``.
        names: its value.
        used: the names that are read.

    Raises:
        DataError: naming the first such column, and the known name that is nearest.
    """
    unused = [name for name in names if name not in used and not name.startswith("_")]
    if not unused:
        return
    known = [name for names in COMMON_NAMES.values() for name in names.split()]
    near = difflib.get_close_matches(unused[0].lower(), known, n=1, cutoff=0.75)
    hint = f"; did you mean '{near[0]}'" if near and near[0] not in names else ""
    skip = f"write _{unused[0]} if the column is to be skipped"
    if unused[0].lower() in ("weight", "weights"):
        skip += f", or set dataset.weight={unused[0]}"
    raise DataError(
        f"{key} names {', '.join(unused)}, which nothing reads"
        + (f"{hint}? Otherwise {skip}" if hint else f"; {skip}")
    )


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()
