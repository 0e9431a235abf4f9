# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls the converging roles make: as many as there are pages, and some for each principal that is touched.

Three accounts: a small one, one with ten times the users and as few to touch, and that with three times as many.
"""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest

from .conftest import MakeAnsible, Record, operation_of
from .locking_out import Bench, Run, break_glass, document, role, seed

SMALL, LARGE, BUSY = (50, 5), (500, 5), (500, 15)
# Of five users two have a second key: 700 keys for 500.
FRESH: t.Final = {"age_days": 20, "last_used_days": 1}
IDLE: t.Final = {"age_days": 400, "last_used_days": 300}
# Of the calls for one principal, the most that any of the roles makes: reads, writes, and those that look once more.
EACH: t.Final = 9


def users(count: int, touched: int) -> Record:
    """Users in a group, with keys that are used; the first have idle keys, and a policy of their own."""
    found: Record = {}
    for number in range(count):
        keys = [FRESH] * (2 if number % 5 < 2 else 1)
        found[f"user-{number:03}"] = {"groups": ["readers"], "access_keys": keys}
        if number < touched:
            found[f"user-{number:03}"] |= {"access_keys": [IDLE, *keys[1:]], "policies": ["Deploy"]}
    return found


def account(count: int, touched: int) -> Record:
    used = {"s3": {"days": 3, "actions": {"ListAllMyBuckets": 3}}}
    worker = role(policies=["aws:PowerUserAccess"], last_accessed=used)
    return seed(
        users=users(count, touched),
        groups={"readers": {"policies": ["aws:ReadOnlyAccess"]}},
        policies={"Deploy": {"document": document("cloudformation:*")}},
        roles={
            "break-glass": break_glass(),
            **{f"worker-{number:03}": worker for number in range(count // 5)},
        },
    )


DECLARED: t.Final[dict[str, t.Callable[[int], Record]]] = {
    "access_keys": lambda _touched: {"_notify": "none"},
    "user_permissions": lambda _touched: {"_groups": [{"name": "deployers", "users": ["user-*"]}]},
    "permissions_boundary": lambda touched: {
        "_boundaries": [
            {
                "name": "developer",
                "document": document("s3:*"),
                "targets": [{"principal": f"role/worker-{number:03}"} for number in range(touched)],
            }
        ]
    },
}


@pytest.fixture(scope="module")
def runs(make_ansible: MakeAnsible) -> dict[tuple[tuple[int, int], str], Run]:
    """Each role run once in each account."""
    found = {}
    for size in (SMALL, LARGE, BUSY):
        bench = Bench(make_ansible, account(*size))
        for name, declared in DECLARED.items():
            found[size, name] = bench.run(name, **declared(size[1]))
    return found


@pytest.mark.parametrize("name", DECLARED)
def test_calls_grow_with_those_who_are_touched_and_not_with_the_users(
    runs: dict[tuple[tuple[int, int], str], Run], name: str
) -> None:
    small, large, busy = (
        Counter(map(operation_of, runs[size, name].outcome.requests)) for size in (SMALL, LARGE, BUSY)
    )
    for size in (SMALL, LARGE, BUSY):
        assert runs[size, name].part["refused"] == []
        changed = {change["target"] for change in runs[size, name].part["changes"]}
        assert len([target for target in changed if ":user/" in target or ":role/" in target]) == size[1]
    # All fit into one page of 1,000.
    assert large == small
    assert 0 < busy.total() - large.total() <= EACH * (BUSY[1] - LARGE[1])
