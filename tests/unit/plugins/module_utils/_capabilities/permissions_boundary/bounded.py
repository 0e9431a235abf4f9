# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with boundaries, and declarations of them, for the tests of boundaries."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Role, Snapshot, User
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import (
    LivePolicy,
    Version,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.declared import (
    Boundary,
    Declared,
    Principal,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.plan import (
    Observed,
    Planner,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict

from ..user_permissions.people import NOW, allow, arn, deny, document, role, user

NAME: t.Final = "developer"
PATH: t.Final = "/iam-hardening/boundary/"
ARN: t.Final = arn("policy", f"{PATH[1:]}{NAME}")
OTHER: t.Final = arn("policy", "other")
#: A boundary that leaves S3 and SQS, and protects itself.
SOUND: t.Final = document(allow("s3:*", "sqs:*"), deny("iam:*"))
OWNED: t.Final = {"iam-hardening:managed": "true"}
PUTS: t.Final = {"user": "PutUserPermissionsBoundary", "role": "PutRolePermissionsBoundary"}

Record = dict[str, t.Any]


def with_fields(principal: Principal, **fields: t.Any) -> t.Any:
    """A user or role with other fields, such as ``tags`` and ``boundary``."""
    return dataclasses.replace(principal, **fields)


def dev(name: str, boundary: t.Optional[str] = None, **fields: t.Any) -> Role:
    """A role below /developers/, with the ARN of a boundary."""
    return t.cast(Role, with_fields(role(name, path="/developers/"), boundary=boundary, **fields))


def person(name: str, *policies: str, boundary: t.Optional[str] = None, **fields: t.Any) -> User:
    """A user, with the ARN of a boundary."""
    return t.cast(User, dataclasses.replace(user(name, *policies, **fields), boundary=boundary))


def boundary(*targets: Record, content: t.Any = None, **fields: t.Any) -> Record:
    """A boundary as the option of the module has it."""
    return {
        "name": NAME,
        "path": PATH,
        "document": SOUND if content is None else content,
        "targets": list(targets),
        **fields,
    }


DEVELOPERS: t.Final = {"path": "/developers/"}


def declare(*boundaries: Record, state: str = "present", **options: t.Any) -> Declared:
    return Declared.from_options(
        {"state": state, "boundaries": list(boundaries), **options},
        [item["document"] for item in boundaries],
        today=NOW.date(),
        tags={"iam-hardening:collection-version": "1.0.0"},
    )


def one(*targets: Record, **fields: t.Any) -> Boundary:
    """The one boundary of a declaration."""
    (found,) = declare(boundary(*targets, **fields)).boundaries
    return found


def live(
    *contents: t.Any, tags: t.Optional[dict[str, str]] = None, default: t.Optional[int] = None, **fields: t.Any
) -> LivePolicy:
    """The policy with these versions, the oldest first; the last one counts, or the one with the number ``default``."""
    counts = len(contents) if default is None else default
    versions = tuple(
        Version(f"v{number}", number == counts, NOW, content) for number, content in enumerate(contents, start=1)
    )
    return LivePolicy(ARN, "what it is for", OWNED if tags is None else tags, versions, **fields)


def safe(principal_arn: str) -> Impact:
    return Impact(principal_arn, (Verdict(principal_arn, Breakage.SAFE, "it stays allowed"),))


def breaking(principal_arn: str) -> Impact:
    return Impact(principal_arn, (Verdict(principal_arn, Breakage.WILL_BREAK, "sns was used"),))


def planner(*boundaries: Record, **options: t.Any) -> Planner:
    return Planner(declared=declare(*boundaries, **options), settings=Settings(), now=NOW)


def make_observed(
    planning: Planner, snapshot: Snapshot, policy: t.Optional[LivePolicy] = None, broken: t.Collection[str] = ()
) -> Observed:
    """What is there; the change is safe for all in question but those with the names ``broken``."""
    found = Observed(snapshot, {ARN: policy} if policy else {})
    impacts = {
        desired.arn: {
            principal: (breaking if principal.rpartition("/")[2] in broken else safe)(principal) for principal in arns
        }
        for desired, arns in planning.list_in_question(found)
    }
    return dataclasses.replace(found, impacts=impacts)


def make_plan(
    snapshot: Snapshot,
    *boundaries: Record,
    policy: t.Optional[LivePolicy] = None,
    broken: t.Collection[str] = (),
    **options: t.Any,
) -> Plan:
    """The plan for an account under a declaration."""
    planning = planner(*boundaries, **options)
    seen = make_observed(planning, snapshot, policy, broken)
    return planning.plan(seen, planning.findings(seen))


def steps(plan: Plan) -> list[tuple[str, str]]:
    """The changes as operation and the name of the target."""
    return [(change.operation, change.target.rpartition("/")[2]) for change in plan.changes]


def refusals(plan: Plan) -> list[tuple[str, str]]:
    """The refusals as rule and the name of the target."""
    return [(refusal.rule, refusal.target.rpartition("/")[2]) for refusal in plan.refused]
