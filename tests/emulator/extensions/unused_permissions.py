# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's recommendations on unused permissions, which Access Analyzer and Security Hub both give.

For each policy of a principal: one to create and attach in its place, and the advice to detach it. The new one has the
actions that were used; resources and conditions stay. AWS tracks no action on data, so it finds none of them used.
https://docs.aws.amazon.com/securityhub/latest/userguide/unused-access-recommendations.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings-remediate.html
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import datetime, timedelta

from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import IAMBackend, User, iam_backends

from emulator.extensions.iam_last_accessed import tracked_actions
from emulator.extensions.state import clock, state_of
from emulator.extensions.statements import Statement, document_of, find, parse_statements

Json = dict[str, t.Any]
_DEFAULT_DAYS: t.Final = 90


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: ``recommended`` is the document to create; without one the policy is to be detached."""

    policy_id: str
    existing: str
    recommended: t.Optional[str] = None
    updated: t.Optional[datetime] = None

    @property
    def action(self) -> str:
        """The step as AWS names it."""
        return "DETACH_POLICY" if self.recommended is None else "CREATE_POLICY"


@dataclasses.dataclass
class Recommendation:
    """A recommendation that was asked for. The first answer is that it is under way, as AWS takes some seconds."""

    steps: tuple[Step, ...] = ()
    error: t.Optional[tuple[str, str]] = None
    started: datetime = dataclasses.field(default_factory=clock)
    asked: int = 0

    def poll(self) -> str:
        """The status at this question."""
        self.asked += 1
        if self.asked == 1:
            return "IN_PROGRESS"
        return "FAILED" if self.error else "SUCCEEDED"


def recommend(account_id: str, partition: str, arn: str, *, days: int = _DEFAULT_DAYS) -> Recommendation:
    """Work out what AWS would recommend on a user or role by the uses of the last days."""
    backend = iam_backends[account_id][partition]
    try:
        principal: t.Any = find(backend, arn)
    except NoSuchEntity:
        return Recommendation(error=("RESOURCE_NOT_FOUND", f"The principal {arn} was not found."))
    used = list_used_actions(backend, principal, days=days)
    holders = [principal, *(backend.get_groups_for_user(principal.name) if isinstance(principal, User) else ())]
    steps: list[Step] = []
    for holder in holders:
        for policy in holder.managed_policies.values():
            steps += _steps(policy.arn, document_of(policy), used, policy.update_date)
        for name, document in holder.policies.items():
            steps += _steps(name, document, used, None)
    return Recommendation(tuple(steps))


def list_used_actions(backend: IAMBackend, principal: t.Any, *, days: int) -> list[str]:
    """The actions that AWS saw, in full: a service whose actions it does not track is used as a whole."""
    since = clock() - timedelta(days=days)
    found: list[str] = []
    for service, use in state_of(backend).last_accessed.get(principal.arn, {}).items():
        if use.last.when < since:
            continue
        tracked = tracked_actions(service)
        if not tracked:
            found.append(f"{service}:*")
        found += [f"{service}:{name}" for name, last in use.actions.items() if name in tracked and last.when >= since]
    return sorted(found)


def _steps(policy_id: str, document: str, used: t.Sequence[str], updated: t.Optional[datetime]) -> list[Step]:
    """The steps on one policy; none where all of it is used, or where it allows nothing."""
    given = json.loads(document)
    written = given["Statement"] if isinstance(given["Statement"], list) else [given["Statement"]]
    kept: list[Json] = []
    for raw, statement in zip(written, parse_statements(policy_id, document), strict=True):
        if not statement.allow:
            kept.append(raw)
        elif actions := [action for action in used if _covers(statement, action)]:
            rest = {key: value for key, value in raw.items() if key not in ("Action", "NotAction")}
            kept.append({**rest, "Action": actions})
    detach = Step(policy_id, document, updated=updated)
    if kept == written:
        return []
    if not any(statement["Effect"] == "Allow" for statement in kept):
        return [detach]
    recommended = json.dumps({"Version": given.get("Version", "2012-10-17"), "Statement": kept})
    return [Step(policy_id, document, recommended, updated), detach]


def _covers(statement: Statement, action: str) -> bool:
    if action.endswith(":*"):
        return statement.grants_service(action.removesuffix(":*"))
    return statement.covers_action(action)
