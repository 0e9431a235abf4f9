# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether an account may no longer be trusted: its roles of the run, or the control policies above it, were changed.

It is a hint for people, who name the account in the incident. There are two sources. What differs from the state that
the last enforcing run has kept was changed since. CloudTrail's event history has the calls, and nobody in an
account can change it. That nothing was seen never means that the account is trusted: the state can be forged by anybody
who may write to the journal, events are 5 to 15 minutes late, and what changed before is not looked at.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from ...._account.change_events import ChangeEvent, find_caller
from ...._account.moments import format_utc, parse_moment
from ...._account.organization_tree import OrganizationTree
from ...._converge.change import GLOBAL
from ...._converge.finding import Evidence, Finding, Remediation, Severity, Status
from ...._converge.incident.declaration import Incident
from ...._converge.incident.trust_state import Difference, Found, TrustState

CONTROL: t.Final = "account_not_trusted"
#: How far back the events are read if the incident has no first suspicious moment.
DAYS: t.Final = timedelta(days=14)
SOURCE: t.Final = "organizations.amazonaws.com"
# What ends a denial: by the operation, the parameters that name a policy, and a target or an account.
_ENDS: t.Final[Mapping[str, str]] = {
    "DeletePolicy": "policyId",
    "DetachPolicy": "targetId",
    "DisablePolicyType": "rootId",
    "MoveAccount": "accountId",
    "UpdatePolicy": "policyId",
}
# These let nobody in, and give no permission.
_HARMLESS: t.Final = frozenset({"TagRole", "UntagRole"})


class Trust(enum.StrEnum):
    """What is known of an account. There is no state in which it is trusted."""

    CHANGED = "changed"
    NOTHING_SEEN = "nothing_seen"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, order=True)
class TrustChange:
    """A call that changed a role of the run, or ended a denial. ``caller`` is the ARN of who made it."""

    when: datetime
    what: str
    operation: str
    caller: str

    def describe(self) -> str:
        """Describe the call in words."""
        return f"{self.operation} of {self.what} by {self.caller or 'somebody'} at {format_utc(self.when)}"


@dataclasses.dataclass(frozen=True)
class Judged:
    """One account: the calls that changed something, what is no longer as an earlier run found it, and ``unread``.

    That are the reasons why something is not known.
    """

    account_id: str
    since: datetime
    changes: tuple[TrustChange, ...] = ()
    unread: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def state(self) -> Trust:
        """What is known of it."""
        if self.changes or self.differences:
            return Trust.CHANGED
        return Trust.UNKNOWN if self.unread else Trust.NOTHING_SEEN

    def as_dict(self) -> dict[str, t.Any]:
        """The account in a result."""
        return {
            "account_id": self.account_id,
            "state": self.state.value,
            "since": format_utc(self.since),
            "changes": [{**dataclasses.asdict(change), "when": format_utc(change.when)} for change in self.changes],
            "differences": [{"summary": one.describe(), **one.as_dict()} for one in self.differences],
            "unread": list(self.unread),
        }


def choose_since(incident: Incident, now: datetime) -> datetime:
    """Choose the moment from which changes count."""
    return incident.since or now - DAYS


def list_involved(incident: Incident, homes: Iterable[str]) -> tuple[str, ...]:
    """List the accounts that the incident is about. ``homes`` are those of its keys."""
    arns = (
        *incident.users,
        *(session.role for session in incident.sessions),
        *(role.arn for role in incident.roles),
        *(seen.role for seen in incident.seen),
    )
    named = (*(seed.account_id for seed in incident.accounts), *homes, *(arn.split(":")[4] for arn in arns))
    return tuple(dict.fromkeys(filter(None, named)))


def list_role_changes(arn: str, events: Iterable[ChangeEvent], since: datetime) -> Iterator[TrustChange]:
    """List the calls that changed a role since a moment."""
    for event in events:
        if event.when >= since and event.operation not in _HARMLESS:
            yield TrustChange(event.when, f"role {arn.rpartition('/')[2]}", event.operation, event.caller)


def list_policy_changes(
    records: Iterable[t.Any], tree: OrganizationTree, account_id: str, since: datetime, own: Collection[str]
) -> Iterator[TrustChange]:
    """List the calls that ended a denial above an account. ``own`` are the ids of the policies of this incident."""
    lineage = set(tree.lineage(account_id)) if account_id in tree.account else {account_id}
    policies = {policy.id for policy in tree.policies if lineage & set(policy.targets)}
    for record in records:
        if not isinstance(record, Mapping) or record.get("errorCode") or record.get("eventSource") != SOURCE:
            continue
        operation, asked = str(record.get("eventName")), record.get("requestParameters")
        name = _ENDS.get(operation)
        if name is None or not isinstance(asked, Mapping) or asked.get("policyId") in own:
            continue
        value, when = str(asked.get(name) or ""), _parse(record.get("eventTime"))
        # A policy that is gone may have been attached here.
        if when is None or when < since or (value not in lineage | policies and operation != "DeletePolicy"):
            continue
        what = f"control policy {asked.get('policyId')}" if asked.get("policyId") else value
        yield TrustChange(when, what, operation, find_caller(record.get("userIdentity")))


def list_differences(
    state: TrustState, now: Found, arns: Collection[str], since: datetime
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """List what is no longer as it was, also what runs since a moment found so; and what is not known."""
    earlier = tuple(one for one in state.changes if one.found_at and one.found_at >= since)
    run = f"run {state.found.run_id} of {format_utc(state.found.at)}"
    unread = [f"role {arn.rpartition('/')[2]}: {run} did not keep it" for arn in arns if arn not in state.found.roles]
    if state.found.policies is None:
        unread.append(f"control policies: {run} could not read them")
    elif now.policies is None:
        unread.append("control policies: they can't be read now")
    return (*earlier, *state.compare(now, arns)), tuple(unread)


def _parse(value: t.Any) -> t.Optional[datetime]:
    try:
        return parse_moment(value)
    except (AttributeError, TypeError, ValueError):
        return None


def find_untrusted(
    judged: Iterable[Judged], named: Collection[str], *, partition: str, now: datetime
) -> Iterator[Finding]:
    """Find the accounts that may no longer be trusted. ``named`` are those that the incident contains."""
    for one in judged:
        if one.state is not Trust.CHANGED:
            continue
        detail = "; ".join([*(item.describe() for item in one.differences), *(item.describe() for item in one.changes)])
        yield Finding(
            control=CONTROL,
            status=Status.FAIL,
            severity=Severity.CRITICAL,
            account_id=one.account_id,
            region=GLOBAL,
            resource=f"arn:{partition}:iam::{one.account_id}:root",
            resource_detail=None,
            title="The roles of the run and the control policies above an account are as they were",
            detail=f"changed since {format_utc(one.since)}: {detail}",
            evidence=Evidence(one.as_dict(), "no change", "LookupEvents, GetAccountAuthorizationDetails", now),
            remediation=Remediation(_describe_remedy(one.account_id, named)),
            compliance={},
        )


def _describe_remedy(account_id: str, named: Collection[str]) -> str:
    look = "Find out who made these changes."
    if account_id in named:
        return f"{look} The incident contains the account."
    return f"{look} If it was an intruder, add {account_id} to accounts of the incident, and run the containment again."
