# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organizations of any size, for measuring: ``scale:accounts=50,users=50``, ``scale:accounts=2000,units=60``.

With ``units``, members lie in a tree of so many organizational units, have tags, and some are closed; Organizations
knows them, but there is nothing in them.

Nothing is random: the same arguments give the same organization. The people, workloads and policies in it are as varied
as in a grown account, so that every control has something to find and something to pass.
"""

from __future__ import annotations

import typing as t

#: what a ``scale:`` seed may say
ARGUMENTS = ("accounts", "users", "roles", "policies", "units")

MANAGEMENT_ACCOUNT = "900000000000"
ORGANIZATION_ID = "o-scale12345"
EXTERNAL_ID = "acme-hardening"

Structure = dict[str, t.Any]

_GROUPS = ("developers", "operators", "auditors", "administrators")
_ENVIRONMENTS = ("production", "development", "sandbox")
_READS = ("s3:GetObject", "s3:ListBucket", "dynamodb:GetItem", "dynamodb:Query", "sqs:ReceiveMessage")


def generate(*, accounts: int = 1, users: int = 50, roles: int = 20, policies: int = 10, units: int = 0) -> Structure:
    """A seed's structure with so many accounts, each with so many users, roles and customer policies.

    With ``units``, only the management account has those.
    """
    if accounts < 1:
        raise ValueError("accounts: at least one, the management account")
    account_ids = [f"{int(MANAGEMENT_ACCOUNT) + number:012d}" for number in range(accounts)]
    paths = _unit_paths(units)
    structure: Structure = {
        "management_account": MANAGEMENT_ACCOUNT,
        "every_account": {"roles": _access_roles()},
        "accounts": {
            account_id: _make_listed_member(number, paths)
            if units and number
            else _account(number, users=users, roles=roles, policies=policies)
            for number, account_id in enumerate(account_ids)
        },
    }
    structure["organization"] = {
        "id": ORGANIZATION_ID,
        "organizational_units": paths or ["Workloads"],
        "trusted_services": ["iam.amazonaws.com"],
    }
    return structure


def _unit_paths(units: int) -> list[str]:
    """Units named by where they are: six below the root, then five below each of those before, in their order."""
    paths = [f"unit-{number:03d}" for number in range(min(units, 6))]
    for number in range(6, units):
        paths.append(f"{paths[(number - 6) // 5]}/unit-{number:03d}")
    return paths


def _make_listed_member(number: int, paths: t.Sequence[str]) -> Structure:
    """Make a member that only Organizations knows, in one of the units; the last of a hundred is closed."""
    return {
        "name": f"scale-{number:04d}",
        "ou": paths[number % len(paths)],
        "created_days": 2000 - number / 2,
        "tags": {
            "environment": ("production", "development", "sandbox")[number % 3],
            "team": f"team-{number % 12:02d}",
        },
        "listed": True,
        "closed": number % 100 == 99,
    }


def _access_roles() -> Structure:
    """The roles that an assessment and an enforcing run assume, as in the organization "acme"."""
    trust = _trust({"AWS": "arn:<partition>:iam::<management_account_id>:root"}, external_id=EXTERNAL_ID)
    reads = ["aws:SecurityAudit", "aws:ViewOnlyAccess"]
    return {
        "assessor": {"path": "/iam-hardening/", "trust": trust, "policies": reads},
        "automation": {"path": "/iam-hardening/", "trust": trust, "policies": [*reads, "aws:IAMFullAccess"]},
        "break-glass": {"path": "/iam-hardening/", "trust": trust, "policies": ["aws:AdministratorAccess"]},
    }


def _account(number: int, *, users: int, roles: int, policies: int) -> Structure:
    return {
        "name": f"scale-{number:03d}",
        "alias": f"scale-{number:03d}",
        "ou": "Workloads" if number else None,
        "password_policy": {"minimum_length": 8 + number % 8, "allow_change": True},
        "contacts": {"primary": {"full_name": "Scale Tester"}},
        "groups": {name: {"policies": [policy]} for name, policy in zip(_GROUPS, _group_policies(), strict=True)},
        "policies": {f"policy-{index:04d}": _policy(index) for index in range(policies)},
        "users": {f"user-{index:04d}": _user(index, policies) for index in range(users)},
        "roles": {f"role-{index:04d}": _role(index, policies) for index in range(roles)},
        "regions": {"us-east-1": {"analyzers": {"account": {"type": "ACCOUNT"}}}} if number % 2 else {},
    }


def _group_policies() -> tuple[str, ...]:
    return ("aws:PowerUserAccess", "aws:AmazonEC2FullAccess", "aws:SecurityAudit", "aws:AdministratorAccess")


def _policy(index: int) -> Structure:
    """Every tenth reaches everything, every seventh uses wildcards on one service, the others are scoped."""
    if index % 10 == 9:
        statement = _statement("Allow", ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], ["*"])
    elif index % 7 == 6:
        statement = _statement("Allow", ["kms:*"], ["*"])
    else:
        actions = [_READS[(index + offset) % len(_READS)] for offset in range(3)]
        statement = _statement("Allow", actions, [f"arn:<partition>:s3:::team-{index:04d}/*"])
    return {"document": {"Version": "2012-10-17", "Statement": [statement]}, "created_days": 30 + index % 900}


def _user(index: int, policies: int) -> Structure:
    """Two of three sign in to the console, half of those with MFA; everybody has a key, every third two."""
    age = 10 + (index * 37) % 700
    keys: list[Structure] = [{"age_days": age % 400, "last_used_days": index % 120, "service": "s3"}]
    if index % 3 == 0:
        keys.append({"age_days": age, "status": "Active" if index % 2 else "Inactive", "last_used_days": None})
    user: Structure = {
        "created_days": age + 1,
        "access_keys": keys,
        "groups": [_GROUPS[index % len(_GROUPS)]],
        "tags": {"team": f"team-{index % 12:02d}"} if index % 4 else {},
    }
    if index % 3:
        user["password"] = {"age_days": age, "last_used_days": None if index % 11 == 0 else index % 150}
        user["mfa"] = [["virtual"], [], ["hardware"], []][index % 4]
    if index % 9 == 0:
        user["inline"] = {"own": _document(_statement("Allow", ["s3:GetObject"], ["*"]))}
    if policies and index % 8 == 0:
        user["policies"] = [f"policy-{index % policies:04d}"]
    if policies and index % 6 == 0:
        user["boundary"] = "aws:PowerUserAccess"
    return user


def _role(index: int, policies: int) -> Structure:
    role: Structure = {
        "trust": _trust({"Service": ("ec2", "lambda", "ecs-tasks")[index % 3] + ".amazonaws.com"}),
        "created_days": 20 + (index * 13) % 800,
        "last_used_days": None if index % 5 == 0 else (index * 7) % 200,
        "tags": {"team": f"team-{index % 12:02d}"} if index % 3 else {},
        "inline": {"logs": _document(_statement("Allow", ["logs:PutLogEvents"], ["*"]))} if index % 4 == 0 else {},
    }
    if policies:
        role["policies"] = [f"policy-{(index * 3) % policies:04d}"]
    return role


def _trust(principal: Structure, *, external_id: t.Optional[str] = None) -> Structure:
    statement: Structure = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return _document(statement)


def _statement(effect: str, actions: list[str], resources: list[str]) -> Structure:
    return {"Effect": effect, "Action": actions, "Resource": resources}


def _document(*statements: Structure) -> Structure:
    return {"Version": "2012-10-17", "Statement": list(statements)}
