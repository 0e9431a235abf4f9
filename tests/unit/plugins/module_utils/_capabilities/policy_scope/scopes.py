# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with wide policies, and declarations that narrow them."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    ManagedPolicy,
    PolicyDocument,
    Role,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.plan import Observed, Planner
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.policy_scope.scoping import SeenByPolicy
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict

from ..user_permissions.people import NOW, account, arn, document

BUCKET, OBJECTS = "arn:aws:s3:::data", "arn:aws:s3:::data/*"
POLICY: t.Final = arn("policy", "Data")
Record = dict[str, t.Any]

DEFAULTS: t.Final[Record] = {
    **{name: [] for name in ("policies", "inline_policies", "users", "groups", "roles", "statements", "resources")},
    **dict.fromkeys(("mfa", "network", "time_window", "conditions", "document", "copy")),
    "seen_resources": False,
    "split": False,
}


def target(**fields: t.Any) -> Record:
    """A target as the module's option has it."""
    return {**DEFAULTS, **fields}


def declare(*targets: Record, **options: t.Any) -> Declared:
    documents = [item["document"] for item in targets]
    return Declared.from_options({"targets": list(targets), **options}, documents, today=NOW.date())


def managed(*statements: Record, name: str = "Data", path: str = "/", of_aws: bool = False) -> ManagedPolicy:
    where = f"arn:aws:iam::aws:policy/{name}" if of_aws else arn("policy", f"{path[1:]}{name}")
    content = PolicyDocument("v1", document(*statements))
    return ManagedPolicy(where, name, path, content, 1, 0, NOW, NOW, is_aws_managed=of_aws)


def trusting(role: Role, **principal: t.Any) -> Role:
    """A role that these principals may assume."""
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    return dataclasses.replace(role, trust=PolicyDocument("trust", trust))


def make_account(*principals: t.Any, policies: t.Sequence[ManagedPolicy] = (), **fields: t.Any) -> Snapshot:
    return account(*principals, policies=tuple(policies), **fields)


def report(**users: tuple[bool, bool]) -> CredentialReport:
    """A credential report: of each user, whether it has a password, and an active access key."""
    rows = (
        CredentialRow(
            name,
            arn("user", name),
            NOW,
            password,
            None,
            None,
            None,
            mfa_active=True,
            access_keys=(AccessKey(1, key, NOW, None, None, None),),
            certificates=(),
        )
        for name, (password, key) in users.items()
    )
    return CredentialReport(NOW, None, tuple(rows))


def live(policy: ManagedPolicy, *older: t.Any) -> LivePolicy:
    """A policy as it is read live, with older versions, the oldest first."""
    versions = [Version(f"v{number}", False, NOW, content) for number, content in enumerate(older, start=1)]
    versions.append(Version(f"v{len(older) + 1}", True, NOW, policy.default_version.document))
    return LivePolicy(policy.arn, "", policy.tags, tuple(versions))


def safe(principal_arn: str) -> Impact:
    return Impact(principal_arn, (Verdict(principal_arn, Breakage.SAFE, "it stays allowed"),))


def breaking(principal_arn: str) -> Impact:
    return Impact(principal_arn, (Verdict(principal_arn, Breakage.WILL_BREAK, "s3 was used"),))


def make_observed(
    snapshot: Snapshot,
    planning: Planner,
    *older: t.Any,
    broken: t.Collection[str] = (),
    seen: t.Optional[SeenByPolicy] = None,
) -> Observed:
    """What is there. The change is safe for all but those with the names ``broken``."""
    observed = Observed(Facts(snapshot), planning.rules, seen)
    policies = {policy.arn: policy for policy in snapshot.policies}
    observed.live = {where: live(policies[where], *older) for where in observed.arns_to_read}
    observed.impacts = {
        where: (breaking if where.rpartition("/")[2] in broken else safe)(where)
        for where in planning.make_proposals(observed)
    }
    return observed


def make_planner(*targets: Record, callers: t.Any = frozenset(), break_glass: t.Any = (), **options: t.Any) -> Planner:
    untouchable = UntouchablePrincipals(callers, tuple(break_glass))
    return Planner(declare(*targets, **options), Settings(), NOW, untouchable=untouchable)


def make_plan(snapshot: Snapshot, *targets: Record, older: t.Sequence[t.Any] = (), **fields: t.Any) -> Plan:
    """The plan for an account under a declaration."""
    of_observed: Record = {name: fields.pop(name) for name in ("broken", "seen") if name in fields}
    planning = make_planner(*targets, **fields)
    observed = make_observed(snapshot, planning, *older, **of_observed)
    return planning.plan(observed, planning.findings(snapshot))


def steps(plan: Plan) -> list[tuple[str, str]]:
    """The changes as operation and the name of the target."""
    return [(change.operation, change.target.rpartition("/")[2]) for change in plan.changes]


def refusals(plan: Plan) -> list[tuple[str, str]]:
    """The refusals as rule and the name of the target."""
    return [(refusal.rule, refusal.target.rpartition("/")[2]) for refusal in plan.refused]


def new_statements(plan: Plan) -> list[Mapping[str, t.Any]]:
    """The statements of the one new document of a plan."""
    (change,) = [item for item in plan.changes if "document" in (item.after or {})]
    return list(change.after["document"]["Statement"])
