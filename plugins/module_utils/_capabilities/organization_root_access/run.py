# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``organization_root_access``: its walk, on a live organization and as root of its members."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping

from ..._account.collect import organization_tree
from ..._aws.access import Access
from ..._aws.errors import AwsError, InvalidCredentials, NotFound
from ..._aws.fence import REMOVAL_TASK
from ..._aws.root_sessions import RootSessions
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import Known
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.runner import Aws, Walk
from ..._module.converging import converge
from ..._module.task import Task, TaskError
from ..._report.plain import printable
from .changes import is_removal, waits_for
from .declared import Declared, chosen
from .observe import OPERATIONS, read_features, read_members, sessions, state_of
from .plan import MODULE, Observed, Planner, shown

__all__ = ["OPERATIONS", "run"]

_SHOWN: t.Final = 50


def run(task: Task) -> dict[str, t.Any]:
    """Bring central root access and the root users of members to what the options say."""
    try:
        declared = Declared.from_options(task.options, now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    root_access = _RootAccess(task, declared)
    try:
        result = converge(task, module=MODULE, walk=root_access.walk, reports=True)
    except TaskError as error:
        if "changes" in error.details:
            error.details.update(root_access.told())
        raise
    told = root_access.told()
    return {**result, **told, "terminal": text_of(told, result["refused"])}


class _RootAccess:
    """One run, and what it observed."""

    def __init__(self, task: Task, declared: Declared) -> None:
        self._declared = declared
        self._planner = Planner(declared, task.now)
        self._observed: t.Optional[Observed] = None

    def walk(self, access: Access) -> Walk[Observed]:
        """The walk of this run, once the account is known to be the right one."""
        opened = sessions(access)
        return Walk(
            module=MODULE,
            observe=functools.partial(self._observe, access, opened),
            assess=self._planner.findings,
            plan=self._planner.plan,
            reread=functools.partial(state_of, access, opened),
            acting=functools.partial(_acting, opened),
            stays_with=waits_for,
            affected=lambda observed, changes: with_affected(changes, Known(organization=observed.tree)),
        )

    def _observe(self, access: Access, opened: RootSessions) -> Observed:
        self._observed = observed = _observe(access, opened, self._declared)
        return observed

    def told(self) -> dict[str, t.Any]:
        """What this module returns beside what all converging modules do."""
        return shown(self._observed) if self._observed else {}


def _acting(opened: RootSessions, change: Change) -> t.Optional[Aws]:
    """Root of the member for what is taken from it, and the run's own access for all else."""
    return opened.of(change.account_id, REMOVAL_TASK) if is_removal(change) else None


def _observe(access: Access, opened: RootSessions, declared: Declared) -> Observed:
    """The organization, its features, and the root users that are meant.

    :raises InputError: a target is no account or unit of the organization, or the management account.
    """
    account_id, partition = access.caller.account_id, access.partition
    try:
        tree = organization_tree(access, delegations=True)
    except InvalidCredentials:
        raise
    except AwsError as error:
        is_outside = isinstance(error, NotFound)
        reason = "the account belongs to no organization" if is_outside else f"the organization can't be read: {error}"
        return Observed(account_id, partition, is_outside=is_outside, reason=reason)
    reason, features = "", None
    try:
        features = read_features(access)
    except AwsError as error:
        reason = str(error)
    members = read_members(access, opened, tree, chosen(tree, declared.targets, declared.exclude), features)
    return Observed(account_id, partition, tree, reason=reason, features=features, members=members)


def text_of(told: Mapping[str, t.Any], refused: Iterable[Mapping[str, t.Any]]) -> str:
    """What was found, before any change, as text for the terminal: the organization, then who has what."""
    organization, members = told["organization"], told["members"]
    lines = []
    if organization is None:
        lines.append("Central root access: the organization is not known.")
    else:
        on = "not known" if organization["features"] is None else ", ".join(organization["features"]) or "nothing"
        administrators = ", ".join(organization["delegated_administrators"]) or "none"
        lines.append(
            f"Central root access in {organization['id']}: on are {on}; delegated administrators: {administrators}."
        )
    if members:
        unread = sum(not member["assessed"] for member in members)
        clean = sum(member.get("clean", False) for member in members)
        lines.append(
            f"Root users of {len(members)} member accounts: {clean} without credentials,"
            f" {len(members) - clean - unread} with some, {unread} not assessed."
        )
    described = [_line(member) for member in members if not member.get("clean")]
    described += [f"refused ({refusal['rule']}): {refusal['reason']}" for refusal in refused]
    lines += [f"  {printable(line)}" for line in described[:_SHOWN]]
    if len(described) > _SHOWN:
        lines.append(f"  and {len(described) - _SHOWN} more")
    return "\n".join(lines)


def _line(member: Mapping[str, t.Any]) -> str:
    name = f"{member['name']} ({member['account_id']})"
    if not member["assessed"]:
        return f"{name}: not assessed: {member['reason']}"
    kinds = ("access_keys", "signing_certificates", "mfa_devices")
    counts = [f"{kind.replace('_', ' ')}: {member[kind]}" for kind in kinds if member[kind]]
    has = ["a password", *counts] if member["password"] else counts
    return f"{name}: {', '.join(has)}; last used {member['last_used'] or 'never on record'}"
