"""The description of the paths, in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from graphrec_cli import __version__
from graphrec_cli.serving.limits import MAX_IDS, Limits
from graphrec_cli.serving.question import SEEN, default_k

_ERRORS = {
    "400": "The request is malformed.",
    "404": "An id is unknown, or has no train interaction.",
    "422": "A parameter is missing, unknown or wrong.",
    "503": "Too many requests are waiting, or the server is stopping.",
}
_BODY_ERRORS = {
    "408": "The body arrives too slowly.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
}
_SCORED = {
    "type": "object",
    "required": ["item_id", "score"],
    "properties": {
        "item_id": {"type": "string"},
        "score": {"type": "number"},
        "title": {"type": ["string", "null"], "description": "Only if the data has titles."},
    },
}


def openapi(limits: Limits) -> dict[str, Any]:
    """The document that ``/openapi.json`` answers with."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "graphrec serve",
            "version": __version__,
            "description": "Recommendations of one run, as graphrec recommend --json gives them.",
        },
        "paths": {
            "/recommend": {
                "get": _operation(
                    "Recommend items to a user of the run.",
                    _lists("user_id", "The raw id."),
                    parameters=[_id_parameter("user"), _k_parameter(limits), _SEEN_PARAMETER],
                ),
                "post": _operation(
                    "Recommend items to a new user who has the given items, or to several users.",
                    _lists("user_id", "The raw id; null for a new user."),
                    requestBody=_body(limits),
                ),
            },
            "/similar": {
                "get": _operation(
                    "The items that are most similar to an item.",
                    _lists("similar_to", "The raw id of the item."),
                    parameters=[_id_parameter("item"), _k_parameter(limits)],
                )
            },
            "/health": {"get": _operation("Which run answers.", _HEALTH)},
            "/openapi.json": {"get": _operation("This description.", {"type": "object"})},
        },
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                }
            }
        },
    }


_SEEN_PARAMETER = {
    "name": "seen",
    "in": "query",
    "description": "Leave out the items that the user is known to have, or keep them.",
    "schema": {"type": "string", "enum": list(SEEN), "default": SEEN[0]},
}
_HEALTH = {
    "type": "object",
    "properties": {
        "run": {"type": "string", "description": "The name of the run directory."},
        "model": {"type": "string"},
        "state": {"type": "string", "description": "The state of the run when it was loaded."},
        "users": {"type": "integer"},
        "items": {"type": "integer"},
        "weights_sha256": {"type": "string", "description": "Of checkpoints/best.pt."},
        "loaded_at": {"type": "string", "format": "date-time"},
        "version": {"type": "string", "description": "The version of graphrec."},
    },
}


def _k(limits: Limits) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": limits.max_k, "default": default_k(limits)}


def _k_parameter(limits: Limits) -> dict[str, Any]:
    return {"name": "k", "in": "query", "description": "Items per list.", "schema": _k(limits)}


def _id_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": True,
        "description": f"The raw id of the {name}.",
        "schema": {"type": "string"},
    }


def _lists(named_by: str, description: str) -> dict[str, Any]:
    """A list of lists, each with its owner and its items, best first."""
    owner = {"type": ["string", "null"], "description": description}
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": [named_by, "items"],
            "properties": {named_by: owner, "items": {"type": "array", "items": _SCORED}},
        },
    }


def _body(limits: Limits) -> dict[str, Any]:
    ids = {"type": "array", "minItems": 1, "maxItems": MAX_IDS, "items": {"type": "string"}}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "oneOf": [{"required": ["items"]}, {"required": ["users"]}],
        "properties": {
            "items": {**ids, "description": "Raw ids of the new user's items."},
            "users": {**ids, "description": "Raw ids of users of the run."},
            "k": _k(limits),
            "seen": _SEEN_PARAMETER["schema"],
        },
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _operation(summary: str, answer: dict[str, Any], **asked: Any) -> dict[str, Any]:
    errors = {**_ERRORS, **(_BODY_ERRORS if "requestBody" in asked else {})} if asked else {}
    reference = {"schema": {"$ref": "#/components/schemas/Error"}}
    return {
        "summary": summary,
        **asked,
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": answer}},
            },
            **{
                status: {"description": text, "content": {"application/json": reference}}
                for status, text in errors.items()
            },
        },
    }
