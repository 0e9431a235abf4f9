# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many decisions a second the policy engine makes on one core, beside a plain loop with fnmatch in the same run.

Every request has another action, of all those that AWS's managed policies name, and another resource.
"""

from __future__ import annotations

import fnmatch
import functools
import itertools
import json
import random
import time
import typing as t
from collections.abc import Callable, Sequence

from moto.iam.aws_managed_policies import aws_managed_policies_data

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)

from .table import Cell, show

# Decisions a second that an account of thousands of principals needs to be judged within seconds.
LEAST_SMALL: t.Final = 50_000
LEAST_READ_ONLY: t.Final = 20_000
# With a few patterns a plain loop over them, which knows one layer and gives no reason, is quicker. With thousands:
LEAST_RATIO: t.Final = 30.0
REPEATS: t.Final = 3
# Of the plain loop, which takes milliseconds for a large policy.
SAMPLE: t.Final = 500

ROLE: t.Final = "arn:aws:iam::111122223333:role/app"
CONTEXT: t.Final = {"aws:RequestedRegion": "eu-west-1", "aws:SourceIp": "203.0.113.9"}
FULL: t.Final = parse(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}, name="FullAWSAccess"
)
SMALL: t.Final = parse(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["ec2:Describe*", "s3:Get*", "s3:List*", "sqs:SendMessage"], "Resource": "*"},
            {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:*:111122223333:table/app-*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": ["arn:aws:s3:::secret", "arn:aws:s3:::secret/*"]},
        ],
    },
    name="Small",
)
EUROPE: t.Final = parse(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Europe",
                "Effect": "Deny",
                "NotAction": ["iam:*", "sts:*", "organizations:*"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}},
            }
        ],
    },
    name="EuropeOnly",
)


class Rate(t.NamedTuple):
    """Decisions a second: of the engine and, where it can judge the same policies, of the plain loop."""

    name: str
    engine: float
    plain: t.Optional[float] = None

    @property
    def ratio(self) -> float:
        return self.engine / self.plain if self.plain else 0.0


def test_decisions_a_second() -> None:
    small = _both("one small policy", SMALL)
    bounded = _rate("the same, boundary and two levels of SCPs", Layers((SMALL,), FULL, scps=((FULL,), (FULL, EUROPE))))
    read_only = _both("ReadOnlyAccess", _managed("ReadOnlyAccess"))
    deep = _rate(
        "the same, boundary and two levels of SCPs",
        Layers((_managed("ReadOnlyAccess"),), FULL, scps=((FULL,), (FULL, EUROPE))),
    )
    explained = _rate("ReadOnlyAccess, every decision explained", Layers((_managed("ReadOnlyAccess"),)), explained=True)
    rates = (small, bounded, read_only, deep, explained)
    _show(rates)
    assert min(small.engine, bounded.engine) >= LEAST_SMALL
    assert min(read_only.engine, deep.engine, explained.engine) >= LEAST_READ_ONLY
    assert read_only.ratio >= LEAST_RATIO


def test_the_plain_loop_agrees() -> None:
    for policy in (SMALL, _managed("ReadOnlyAccess")):
        evaluator, plain = Evaluator(Layers((policy,))), _plain(policy)
        for request in _requests()[:SAMPLE]:
            allowed = evaluator.outcome(request.action, request.resource) is Outcome.ALLOWED
            assert allowed is plain(request), request


def _both(name: str, policy: Policy) -> Rate:
    plain = _measure(_plain(policy), _requests()[:SAMPLE])
    return Rate(name, _rate(name, Layers((policy,))).engine, plain)


def _rate(name: str, layers: Layers, *, explained: bool = False) -> Rate:
    evaluator = Evaluator(layers)
    decide: Callable[[Request], t.Any] = evaluator.decide
    if explained:

        def decide(request: Request) -> str:
            return evaluator.decide(request).explanation

    return Rate(name, _measure(decide, _requests()))


def _measure(decide: Callable[[Request], t.Any], requests: Sequence[Request]) -> float:
    """The best of some rounds, in calls a second of CPU."""
    best = 0.0
    for _repeat in range(REPEATS):
        started = time.process_time()
        for request in requests:
            decide(request)
        best = max(best, len(requests) / (time.process_time() - started))
    return best


def _plain(policy: Policy) -> Callable[[Request], bool]:
    """What one would write first: every pattern of every statement, and a deny wins."""

    def decide(request: Request) -> bool:
        action, allowed = request.action.lower(), False
        for statement in policy.statements:
            if not any(fnmatch.fnmatchcase(action, pattern.lower()) for pattern in statement.actions or ()):
                continue
            if not any(fnmatch.fnmatchcase(request.resource, pattern) for pattern in statement.resources or ()):
                continue
            if not statement.allow:
                return False
            allowed = True
        return allowed

    return decide


@functools.cache
def _documents() -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(aws_managed_policies_data)
    return found


@functools.cache
def _managed(name: str) -> Policy:
    return parse(_documents()[name]["Document"], name=name)


@functools.cache
def _requests() -> tuple[Request, ...]:
    """A request for every action that AWS's managed policies name, in no order."""
    policies = (_managed(name) for name in _documents())
    statements = itertools.chain.from_iterable(policy.statements for policy in policies)
    actions = sorted({action for item in statements for action in item.actions or () if not set(action) & set("*?")})
    random.Random(1).shuffle(actions)
    return tuple(
        Request(action, f"arn:aws:s3:::bucket/{number}", ROLE, CONTEXT) for number, action in enumerate(actions)
    )


def _show(rates: Sequence[Rate]) -> None:
    rows: list[tuple[Cell, ...]] = [
        (rate.name, rate.engine, 1e6 / rate.engine, rate.plain, rate.ratio or None) for rate in rates
    ]
    columns = ("policies", "decisions/s", "microseconds", "fnmatch loop/s", "times as fast")
    show(f"Decisions on {len(_requests()):,} actions, one core", columns, rows)
