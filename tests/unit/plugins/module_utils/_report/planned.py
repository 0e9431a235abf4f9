# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans of accounts, as they are kept: what an approver reads is made of these."""

from __future__ import annotations

import typing as t

HASH: t.Final = "0123456789abcdef" * 4
CREATED: t.Final = "2026-12-02T03:00:00Z"
KEY_ID: t.Final = "AKIATHPRDSKWWE5PZIQB"


def entry(operation: str = "CreateGroup", target: str = "group/x", **members: t.Any) -> dict[str, t.Any]:
    """An entry of a plan: a new group, unless something else is asked for."""
    account = members.pop("account_id", "111122223333")
    return {
        "account_id": account,
        "region": "global",
        "service": "iam",
        "operation": operation,
        "target": f"arn:aws:iam::{account}:{target}",
        "before": None,
        "after": {},
        "affects": [],
        "remedies": [],
        "reversible": True,
        "undo": None,
        "applied": False,
        "request": {},
        "state": "planned",
        "held_by": None,
        "narrows": False,
        "unverified": [],
        "deadline": None,
        "credential": None,
        "cost": None,
        **members,
    }


def deactivation(user: str = "dev-bob", **members: t.Any) -> dict[str, t.Any]:
    """The deactivation of an access key that was used 120 days before the plan."""
    key = {"kind": "access_key", "id": KEY_ID}
    states = {"before": {**key, "status": "Active"}, "after": {**key, "status": "Inactive"}}
    given = {**states, "narrows": True, **members}
    account = given.get("account_id", "111122223333")
    credential = {"kind": "access_key", "id": KEY_ID, "user": user}
    credential |= {"created": "2026-01-01T00:00:00Z", "last_used": "2026-08-04T00:00:00Z"}
    return entry(
        "UpdateAccessKey",
        f"user/{user}",
        **{"affects": [f"arn:aws:iam::{account}:user/{user}"], "credential": credential, **given},
    )


def boundary(role: str, **members: t.Any) -> dict[str, t.Any]:
    """A permissions boundary that is set on a role, which a cap holds back."""
    account = members.get("account_id", "111122223333")
    held = {"rule": "cap", "variable": "permissions_boundary_max_changes", "reason": "12 roles, allowed are 10"}
    given = {
        "after": {"boundary": f"arn:aws:iam::{account}:policy/developer"},
        "affects": [f"arn:aws:iam::{account}:role/{role}"],
        "narrows": True,
        "state": "applied if approved",
        "held_by": held,
        **members,
    }
    return entry("PutRolePermissionsBoundary", f"role/{role}", **given)


def plan(*entries: dict[str, t.Any], **members: t.Any) -> dict[str, t.Any]:
    """The plan of an account with these changes."""
    return {
        "schema": "hardening.iam/plan/1",
        "account_id": entries[0]["account_id"] if entries else "111122223333",
        "run_id": "20261202T030000Z",
        "created": CREATED,
        "author": None,
        "plan_sha256": HASH,
        "no_hash_reason": None,
        "incomplete": [],
        "changes": list(entries),
        "refused": [],
        "costs": [],
        **members,
    }


def large_fleet(accounts: int = 300) -> t.Iterator[dict[str, t.Any]]:
    """The plans of many accounts, with changes of so many kinds, names and notes that nobody could read all of them."""
    for number in range(accounts):
        account = f"{number:012}"
        kinds = [
            entry(f"Put{name}Setting{kind}", f"{name.lower()}/{'long-name-' * 12}{number}", account_id=account)
            for name in ("Alpha", "Beta", "Gamma")
            for kind in "abcdefgh"
        ]
        notes = [f"the trail of {account} was not read for {month} {'and why ' * 40}" for month in ("May", "June")]
        yield plan(
            *kinds,
            *({**one, "operation": f"Narrow{one['operation']}", "narrows": True, "unverified": notes} for one in kinds),
            *(deactivation(f"user-{number}-{one}", account_id=account) for one in range(3)),
            *(
                boundary(
                    f"role-{number}-{one}",
                    account_id=account,
                    cost={"usd_month": 1.5, "why": f"AWS charges for {one} {'and more ' * 20}"},
                    held_by={"rule": f"rule_{one}", "variable": f"variable_{one}", "reason": "too many " * 40},
                )
                for one in range(12)
            ),
        )
