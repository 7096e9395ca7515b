"""What a request asks for: parsed from its query or its body, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from graphrec_cli.serving.limits import MAX_IDS, MAX_LISTED, Limits
from graphrec_cli.serving.refused import Refused
from graphrec_cli.storage.bounded_json import parse_json
from graphrec_cli.terminal_text import shorten

SEEN = ("exclude", "keep")
BODY_KEYS = ("users", "items", "k", "seen")
_DEFAULT_K = 10
_MAX_FIELDS = 8
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A checked question.

    Attributes:
        key: what the ids are: ``user``, ``users``, ``items`` or ``item``.
        ids: raw ids, distinct, at least one.
        k: items per list.
        exclude_seen: leave out the items that a user is known to have.
    """

    key: str
    ids: list[str]
    k: int
    exclude_seen: bool = True


def question_in_query(query: bytes, key: str, limits: Limits, *, seen: bool) -> Question:
    """Parse ``key=ID&k=10``.

    Args:
        query: what follows the question mark, percent-encoded.
        key: names the id.
        seen: whether ``seen`` may be given.

    Raises:
        Refused: 400 if it cannot be decoded, 422 if a parameter is missing, unknown or wrong.
    """
    given = _parse_query(query)
    known = (key, "k", "seen") if seen else (key, "k")
    _refuse_unknown(list(given), known)
    if key not in given:
        raise Refused(422, f"name {'a user' if key == 'user' else 'an item'}: {key}=ID")
    return Question(
        key=key,
        ids=[given[key]],
        k=_parse_k(given.get("k"), limits),
        exclude_seen=_parse_seen(given.get("seen", SEEN[0])),
    )


def question_in_body(body: bytes, limits: Limits) -> Question:
    """Parse ``{"items": [ID, ...], "k": 10}``, or the same with ``users``.

    Raises:
        Refused: 400 if it is not JSON, 422 if a key is missing, unknown or wrong.
    """
    try:
        content = parse_json(body)
    except ValueError as error:
        raise Refused(400, f"the body is not the JSON that is expected: {error}") from error
    if not isinstance(content, dict):
        raise Refused(422, 'the body must be an object such as {"items": ["42"], "k": 10}')
    _refuse_unknown(list(content), BODY_KEYS)
    keys = [key for key in ("users", "items") if key in content]
    if len(keys) != 1:
        raise Refused(422, "give either users or items")
    k = content.get("k", default_k(limits))
    if isinstance(k, bool) or not isinstance(k, int):
        raise Refused(422, f"k must be a whole number from 1 to {limits.max_k}")
    question = Question(
        key=keys[0],
        ids=_parse_ids(keys[0], content[keys[0]]),
        k=_in_range(k, limits),
        exclude_seen=_parse_seen(content.get("seen", SEEN[0])),
    )
    if question.key == "users" and len(question.ids) * question.k > MAX_LISTED:
        raise Refused(422, f"users times k must be at most {MAX_LISTED}; ask for fewer at a time")
    return question


def default_k(limits: Limits) -> int:
    """The k of a request that names none."""
    return min(_DEFAULT_K, limits.max_k)


def _parse_query(query: bytes) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError as error:
        raise Refused(
            400, "the query is not key=value&key=value in percent-encoded UTF-8"
        ) from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refused(422, "a parameter is given twice")
    return given


def _refuse_unknown(given: list[str], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise Refused(
                422, f"unknown parameter {shorten(key, _SHOWN)!r}; use {', '.join(known)}"
            )


def _parse_k(text: str | None, limits: Limits) -> int:
    if text is None:
        return default_k(limits)
    # Without the bound on its length, a long number would take long to convert.
    whole = text.isascii() and text.isdigit() and len(text) < 10
    return _in_range(int(text) if whole else 0, limits)


def _in_range(k: int, limits: Limits) -> int:
    if not 1 <= k <= limits.max_k:
        raise Refused(422, f"k must be a whole number from 1 to {limits.max_k}")
    return k


def _parse_seen(value: object) -> bool:
    if value not in SEEN:
        raise Refused(422, f"seen must be {' or '.join(SEEN)}")
    return value == SEEN[0]


def _parse_ids(key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(id, str) for id in value):
        raise Refused(422, f'{key} must be a list of ids as text, such as ["42"]')
    if not 1 <= len(value) <= MAX_IDS:
        raise Refused(422, f"{key} must have 1 to {MAX_IDS} ids, got {len(value)}")
    return list(dict.fromkeys(value))
