# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``organization_root_access``: its walk, on a live organization and as root of its members."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.collect import organization_tree
from ..._aws.access import Access
from ..._aws.errors import AwsError, InvalidCredentials, NotFound
from ..._aws.fence import ASSUME_ROOT, REMOVAL_TASK
from ..._aws.root_sessions import RootSessions
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.capability import Aws, Capability
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.registration import Registration, Reversal
from ..._module.task import Task, TaskError
from ..._module.writers import Writer
from ..._report.plain import printable
from .changes import SERVICE as PRINCIPAL
from .changes import is_removal, relies_on, waits_for
from .declared import Declared, choose_accounts
from .grants import GRANTS
from .observe import OPERATIONS, UNDO_OPERATIONS, make_sessions, read_features, read_members, read_state, reread
from .plan import MODULE, Observed, Planner, make_result
from .undo import DERIVATIONS

_SHOWN: t.Final = 50
REGISTRATION: t.Final = Registration(
    role="organization_root_access",
    module=MODULE,
    writer=Writer.ORGANIZATION,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on),
    samples={
        ASSUME_ROOT: "arn:${Partition}:iam::${Account}:root",
        "iam:*": "*",
        "organizations:*DelegatedAdministrator": (
            "arn:${Partition}:organizations::${Account}:account/o-preflight0/${Account}"
        ),
        "organizations:*": "*",
    },
    context={
        ASSUME_ROOT: (("sts:TaskPolicyArn", f"arn:${{Partition}}:iam::aws:policy/root-task/{REMOVAL_TASK}"),),
        "organizations:*": (("organizations:ServicePrincipal", PRINCIPAL),),
    },
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Bring central root access and the root users of members to what the options say."""
    try:
        declared = Declared.from_options(task.options, now=task.now)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(OrganizationRootAccess, declared), module=MODULE)


class OrganizationRootAccess(Capability[Observed]):
    """Central root access of one organization, and the root users of its members."""

    reports = True
    _observed: Observed

    def __init__(self, declared: Declared, connection: Connection) -> None:
        self._declared = declared
        self._planner = Planner(declared, connection.now)
        self._access = connection.access
        self._opened: RootSessions = make_sessions(connection.access)

    def observe(self) -> Observed:
        self._observed = _observe(self._access, self._opened, self._declared)
        return self._observed

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed, found)

    def reread(self, change: Change) -> t.Any:
        return read_state(self._access, self._opened, change)

    def acting(self, change: Change) -> t.Optional[Aws]:
        """Root of the member for what is taken from it, and the run's own access for all else."""
        return self._opened.of(change.account_id, REMOVAL_TASK) if is_removal(change) else None

    def stays_with(self, change: Change, refused: Change) -> bool:
        return waits_for(change, refused)

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(organization=observed.tree))

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        returned = make_result(self._observed)
        return {**returned, "terminal": write_text(returned, result["refused"])}


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
    members = read_members(access, opened, tree, choose_accounts(tree, declared.targets, declared.exclude), features)
    return Observed(account_id, partition, tree, reason=reason, features=features, members=members)


def write_text(returned: Mapping[str, t.Any], refused: Iterable[Mapping[str, t.Any]]) -> str:
    """Write the state before any change as text for the terminal: the organization, then each member's credentials."""
    organization, members = returned["organization"], returned["members"]
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
    described = [_write_line(member) for member in members if not member.get("clean")]
    described += [f"refused ({refusal['rule']}): {refusal['reason']}" for refusal in refused]
    lines += [f"  {printable(line)}" for line in described[:_SHOWN]]
    if len(described) > _SHOWN:
        lines.append(f"  and {len(described) - _SHOWN} more")
    return "\n".join(lines)


def _write_line(member: Mapping[str, t.Any]) -> str:
    name = f"{member['name']} ({member['account_id']})"
    if not member["assessed"]:
        return f"{name}: not assessed: {member['reason']}"
    kinds = ("access_keys", "signing_certificates", "mfa_devices")
    counts = [f"{kind.replace('_', ' ')}: {member[kind]}" for kind in kinds if member[kind]]
    has = ["a password", *counts] if member["password"] else counts
    return f"{name}: {', '.join(has)}; last used {member['last_used'] or 'never recorded'}"
