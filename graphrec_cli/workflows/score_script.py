"""The script that an export brings along: it recommends with numpy alone."""

from __future__ import annotations

SCRIPT = '''\
"""Print a user's best items as JSON: python score.py USER_ID [K]. It needs numpy alone."""

import json
import sys
from pathlib import Path

import numpy as np

TYPES = {"F32": "<f4", "I32": "<i4", "I64": "<i8"}


def tensors(name):
    """The arrays of a file: the length of a header, the header in JSON, the bytes of the arrays."""
    data = Path(__file__).with_name(name).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for key, of in json.loads(data[8:start]).items():
        begin, end = (start + offset for offset in of["data_offsets"])
        arrays[key] = np.frombuffer(data[begin:end], TYPES[of["dtype"]]).reshape(of["shape"])
    return arrays


if len(sys.argv) not in (2, 3) or not "".join(sys.argv[2:] or "1").isdecimal():
    sys.exit(__doc__)
vectors, pairs = tensors("vectors.safetensors"), tensors("pairs.safetensors")
ids = json.loads(Path(__file__).with_name("ids.json").read_text("utf-8"))
user = ids["user_id"].index(sys.argv[1]) if sys.argv[1] in ids["user_id"] else -1
if user < 0 or not np.diff(pairs["train_indptr"])[user]:
    sys.exit(f"user {sys.argv[1]!r} is unknown, or has no train pair")
k = int(sys.argv[2]) if len(sys.argv) > 2 else 10

score = vectors["item"] @ vectors["user"][user]
degree = np.bincount(pairs["train_item_index"], minlength=len(score))
score[degree == 0] = -np.inf
seen = slice(*pairs["seen_indptr"][user : user + 2])
score[pairs["seen_item_index"][seen]] = -np.inf
best = np.lexsort((-degree, -score))[:k].tolist()
found = [(ids["item_id"][item], float(score[item])) for item in best if score[item] > -np.inf]
print(json.dumps([{"item_id": item_id, "score": value} for item_id, value in found]))
'''
"""Text of score.py. Of equal scores the item with more train pairs comes first, as in recommend."""
