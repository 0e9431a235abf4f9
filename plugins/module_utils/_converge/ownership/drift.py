# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Drift wars: a change of ours that the same other caller reverts again and again.

The journal shows that a planned change was made before. Then somebody reverted it, or it would not be planned again.
CloudTrail shows who. After two reversals by the same caller a further attempt only disturbs both sides, so it stops.
It also stops if journal or events can't be read, or if the event of the last reversal may still arrive.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.answer import NO, No, Unknown, Yes
from ..._account.change_events import ChangeEvent, EventHistory
from ..._account.moments import format_utc
from ..arn import Principal, principal_of
from ..change import Change
from ..finding import Evidence, Finding, Remediation, Severity, Status
from .evidence import EVENTS, clean, describe_unread_history
from .history import History
from .judgement import DRIFT_WAR, find_held, identify
from .owner import DriftWar, IamObject, Unread

CONTROL: t.Final = DRIFT_WAR
TITLE: t.Final = "No change is reverted again and again"
_ENOUGH: t.Final = 2
#: AWS shows most events within minutes, and does not promise when:
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
DELAY: t.Final = timedelta(hours=1)
_LATE: t.Final = Unread(
    "the event history does not show who reverted it last, or not yet", EVENTS, "run again in an hour", is_certain=False
)
# By a pattern of operations: the parameter of an event that tells two changes of one object apart.
_PAIRS: t.Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"(Put|Delete)(User|Role)PermissionsBoundary"), ""),
    (re.compile(r"(Attach|Detach)(User|Role|Group)Policy"), "PolicyArn"),
    (re.compile(r"(Put|Delete)(User|Role|Group)Policy"), "PolicyName"),
    (re.compile(r"(CreatePolicyVersion|SetDefaultPolicyVersion)"), ""),
    (re.compile(r"UpdateAssumeRolePolicy"), ""),
    (re.compile(r"(AddUserToGroup|RemoveUserFromGroup)"), "GroupName"),
)


@dataclasses.dataclass(frozen=True)
class Recurrence:
    """A planned change that was made before, with the moments at which it was made, oldest first."""

    item: IamObject
    change: Change
    made: tuple[datetime, ...]


def find_recurring(history: History, changes: Sequence[Change]) -> tuple[Recurrence, ...]:
    """Find the planned changes that the journal shows at least twice.

    :raises StoreError: the journal can't be read.
    """
    wanted = {identify(change): (change, item) for change in changes if (item := find_held(change))}
    made = history.find_made(wanted) if wanted else {}
    return tuple(
        Recurrence(item, change, tuple(made[identity]))
        for identity, (change, item) in wanted.items()
        if len(made[identity]) >= _ENOUGH
    )


def find_war(
    recurrence: Recurrence, history: EventHistory, callers: Collection[Principal], *, now: datetime
) -> t.Union[Yes[DriftWar], No, Unread]:
    """Find the caller that reverted a change at least twice.

    Somebody reverted it each time. So a reversal without an event may be one of the same caller, if its event is late.
    """
    reverting = [event for event in history.events if _reverts(event, recurrence.change)]
    found: dict[str, list[datetime]] = collections.defaultdict(list)
    late = 0
    ends = [*recurrence.made[1:], now]
    for start, end in zip(recurrence.made, ends, strict=True):
        between = [event for event in reverting if start <= event.when and (end is now or event.when < end)]
        others = [event for event in between if _is_other(event, callers)]
        if others:
            last = max(others, key=lambda event: event.when)
            found[last.caller].append(last.when)
        late += not between and end > now - DELAY
    caller, times = max(found.items(), key=lambda entry: len(entry[1]), default=("", []))
    if len(times) >= _ENOUGH:
        change = recurrence.change
        return Yes(DriftWar(clean(caller), len(times), format_utc(max(times)), change.target, change.operation))
    if isinstance(history.rest, Unknown):
        return describe_unread_history(history.rest)
    return _LATE if len(times) + late >= _ENOUGH else NO


def _is_other(event: ChangeEvent, callers: Collection[Principal]) -> bool:
    return bool(event.caller) and principal_of(event.caller) not in callers


def _reverts(event: ChangeEvent, change: Change) -> bool:
    """Whether an event changes the same part of the object as a change."""
    for pattern, name in _PAIRS:
        if pattern.fullmatch(change.operation):
            return bool(pattern.fullmatch(event.operation)) and (not name or _is_same(event, change, name))
    return False


def _is_same(event: ChangeEvent, change: Change, name: str) -> bool:
    asked = change.parameters.get(name)
    given = event.parameters.get(f"{name[0].lower()}{name[1:]}")
    return asked is not None and str(given).lower() == str(asked).lower()


def make_finding(
    recurrence: Recurrence, answer: t.Union[Yes[DriftWar], No, Unread], *, now: datetime
) -> t.Optional[Finding]:
    """Make the finding on a change that recurs; None if nobody else reverts it, as far as AWS recorded that."""
    if isinstance(answer, No):
        return None
    item, change = recurrence.item, recurrence.change
    times = len(recurrence.made)
    observed: Mapping[str, t.Any] = {"operation": change.operation, "made": [*map(format_utc, recurrence.made)]}
    if isinstance(answer, Yes):
        war = answer.value
        detail = f"{war.caller} reverted {change.operation} {war.times} times, last on {war.last}"
        observed = {**observed, "caller": war.caller, "reverted": war.times, "last": war.last}
    else:
        detail = (
            f"{change.operation} was made {times} times and is missing again; it is not known who reverts it: "
            f"{answer.reason}"
        )
    return Finding(
        control=CONTROL,
        status=Status.FAIL if isinstance(answer, Yes) else Status.NOT_ASSESSED,
        severity=Severity.MEDIUM,
        account_id=change.account_id,
        region=change.region,
        resource=item.arn,
        resource_detail=change.operation,
        title=TITLE,
        detail=detail,
        evidence=Evidence(observed, "the change stays", "LookupEvents", now),
        remediation=Remediation(
            "Agree with the caller that reverts the change. Then change the template of its tool, or declare the owner "
            "in hardening_owners."
        ),
        compliance={},
    )
