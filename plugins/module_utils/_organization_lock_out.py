# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The guard against locking anybody out by a policy of the organization, composed: what it takes in, reads and says."""

from __future__ import annotations

import typing as t

from ._account.collect import OPERATIONS as READS
from ._account.collect import collect
from ._account.model import Dataset
from ._account.organization_tree import OrganizationTree
from ._arguments import ArgumentSpec
from ._aws.access import Access
from ._capabilities.organization_lock_out import (
    MANAGEMENT,
    Guard,
    Judgement,
    Rules,
    Seen,
    break_glass_among,
)
from ._capabilities.organization_lock_out_change import PolicyChange
from ._controls.control import unread_reason
from ._predicting import EVIDENCE_ARGUMENTS, EVIDENCE_OPERATIONS, check_evidence_options
from ._task import Task, TaskError

__all__ = ["LOCK_OUT_ARGUMENTS", "LOCK_OUT_OPERATIONS", "Judgement", "LockOut", "check_lock_out_options"]

# doc_fragments/_lock_out.py
LOCK_OUT_ARGUMENTS: t.Final[ArgumentSpec] = {
    "allow_root_attachment": {"type": "bool", "default": False},
    "automation_roles": {"type": "list", "elements": "str", "default": ["role/iam-hardening/automation"]},
    "assessor_roles": {"type": "list", "elements": "str", "default": ["role/iam-hardening/assessor"]},
    "way_back": {"type": "str"},
    "member_role_arn": {"type": "str"},
    "max_member_reads": {"type": "int", "default": 50},
    "accept_unread_accounts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {name: {"type": "str", "required": True} for name in ("account", "reason", "expires")},
    },
    **EVIDENCE_ARGUMENTS,
}
LOCK_OUT_OPERATIONS: t.Final = EVIDENCE_OPERATIONS.union(
    READS[Dataset.AUTHORIZATION_DETAILS], READS[Dataset.CREDENTIAL_REPORT]
)

_PLACE: t.Final = "<account_id>"


def check_lock_out_options(task: Task) -> None:
    """Refuse options that can't be used, before anything is called. Raises TaskError."""
    check_evidence_options(task)
    options = task.options
    for name in ("automation_roles", "assessor_roles"):
        for role in options[name]:
            if not role.startswith("role/") or role.endswith("/"):
                raise TaskError(f"{name}: {role!r} is not a role as it stands in ARNs, such as role/path/name")
    way_back = options["way_back"] or ""
    if way_back and way_back != MANAGEMENT and ":role/" not in way_back:
        raise TaskError(f"way_back: {way_back!r} is neither {MANAGEMENT} nor the ARN of a role")
    member = options["member_role_arn"] or ""
    if member and not (member.startswith("arn:") and _PLACE in member and ":role/" in member):
        raise TaskError(f"member_role_arn: {member!r} is not the ARN of a role with {_PLACE} in the account's place")
    if options["max_member_reads"] < 0:
        raise TaskError(f"max_member_reads: {options['max_member_reads']} is not a number from 0 up")


class LockOut:
    """Judges changes of the organization's policies before they are made."""

    def __init__(self, task: Task, access: Access) -> None:
        self._task = task
        self._access = access

    def judge(self, before: OrganizationTree, after: OrganizationTree) -> Judgement:
        """What the change from one tree to the other takes from whom, and why its policies are refused.

        What can't be read of members is told, and refused unless it is accepted.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        change = PolicyChange(before, after)
        if not change.policies:
            return Judgement()
        guard = Guard(change, self._rules(), self._seen(after))
        told = {"matrix": [row.as_dict() for row in guard.matrix if row.losses]}
        return Judgement(refusals=guard.refusals(), told=told)

    def _rules(self) -> Rules:
        options, access = self._task.options, self._access
        return Rules(
            partition=access.partition,
            region=access.region,
            caller=access.role_arn or access.caller.arn,
            caller_account=access.caller.account_id,
            automation=tuple(options["automation_roles"]),
            assessors=tuple(options["assessor_roles"]),
            break_glass=tuple(options["break_glass"]),
            way_back=options["way_back"] or "",
            allow_root_attachment=bool(options["allow_root_attachment"]),
        )

    def _seen(self, tree: OrganizationTree) -> Seen:
        """The break-glass principals of the management account, where the caller is in it."""
        if self._access.caller.account_id != tree.management_account_id:
            return Seen()
        snapshot = collect(self._access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=self._task.now)
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread is not None:
            self._task.warn(
                f"the break-glass principals of the management account are not known: {unread_reason(unread)}"
            )
            return Seen()
        arns = (*(user.arn for user in snapshot.users), *(role.arn for role in snapshot.roles))
        found = break_glass_among(arns, tuple(self._task.options["break_glass"]))
        return Seen({tree.management_account_id: found})
