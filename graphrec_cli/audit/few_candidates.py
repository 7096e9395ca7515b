"""The check that test users have enough items to rank."""

from __future__ import annotations

import numpy as np

from graphrec_cli.audit.finding import Finding, Outcome
from graphrec_cli.data.distinct import distinct
from graphrec_cli.evaluation.few_candidates import describe_few_candidates
from graphrec_cli.models.base import Model
from graphrec_cli.training.context import RunContext

FEW_CANDIDATES = "few-candidates"


def enough_candidates(context: RunContext, model: Model) -> Finding:
    """Count the test users whom every model hits, because they have at most k items to rank."""
    split, evaluation = context.split, context.evaluation
    masked = evaluation.masked(split, "test")
    if masked is None:
        return Finding(Outcome.does_not_apply, "nothing is ranked")
    catalog, known = split.train.item_degree > 0, split.train.user_degree > 0
    users = distinct(split.test.user_index()[catalog[split.test.item_index]])
    users = users[known[users]]
    if not len(users):
        return Finding(Outcome.does_not_apply, "no held-out item can be ranked at test")
    pairs = distinct(np.concatenate([part.pair_keys() for part in (split.train, *masked)]))
    user, item = np.divmod(pairs, split.train.num_items)
    taken = np.bincount(user[catalog[item]], minlength=len(known))[users]
    candidates = np.count_nonzero(catalog) - taken
    users_at = {k: int(np.count_nonzero(candidates <= k)) for k in evaluation.settings.ks}
    line = describe_few_candidates(users_at, len(users))
    if line is not None:
        return Finding(Outcome.said, line)
    most = max(users_at)
    return Finding(
        Outcome.passed,
        f"{users_at[most]:,} of {len(users):,} test users have at most {most} items to rank",
    )
