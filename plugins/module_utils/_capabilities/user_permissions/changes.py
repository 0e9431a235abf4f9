# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies as somebody holds them, the writes that put and take them away, and the account that these leave.

What changes find and leave has one of four shapes, by which the live account is read again:
``{"group", "path"}`` a group, ``{"group", "member"}`` a user in it, ``{"policy", "attached"}`` a managed policy and
``{"inline_policy", "document"}`` an inline one. Where a user's policy is taken away because it comes through a group,
``through`` in what is left says through which; it is None once that does not hold any more.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Iterable, Mapping

from ..._account.model import Group, PolicyDocument, Role, Snapshot, User
from ..._account.permissions import Permissions, Principal
from ..._converge.arn import resource_of
from ..._converge.change import Change, Impact, Undo
from ..._policy.documents.canonical import are_equivalent, fingerprint
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError

Document = Mapping[str, t.Any]

CREATE_GROUP: t.Final = "CreateGroup"
ADD_MEMBER: t.Final = "AddUserToGroup"
#: The kinds of changes that the caps count together; those that may lock everybody out have a name of their own.
REMOVAL: t.Final = "policy_detach"
ADMIN_REMOVAL: t.Final = "admin_policy_detach"

#: Every operation that changes are made with.
WRITES: t.Final = frozenset(
    {CREATE_GROUP, ADD_MEMBER, "AttachGroupPolicy", "PutGroupPolicy"}
    | {f"{verb}{kind}Policy" for verb in ("Detach", "Delete") for kind in ("User", "Group", "Role")}
)


@dataclasses.dataclass(frozen=True)
class Holding:
    """One policy that a user, a group or a role holds by itself: managed with ``arn``, else inline with ``document``.

    ``policy`` is None where the document is not known or does not parse.
    """

    owner: Principal
    name: str
    arn: t.Optional[str]
    document: t.Optional[Document]
    policy: t.Optional[Policy]

    @functools.cached_property
    def key(self) -> tuple[str, str]:
        """The key that holdings of the same policy share: the ARN, or the name and the meaning of an inline one."""
        if self.arn is not None:
            return "managed", self.arn
        return self.name, fingerprint(self.policy) if self.policy else ""

    @property
    def label(self) -> str:
        """The policy in words."""
        return self.name if self.arn is not None else f"inline policy {self.name}"


def list_holdings(permissions: Permissions, owner: Principal) -> tuple[Holding, ...]:
    """List the policies that a user, a group or a role holds by itself."""
    attached = (
        Holding(owner, arn.rpartition("/")[2], arn, None, permissions.policy(arn)) for arn in owner.attached_policies
    )
    inline = (
        Holding(owner, item.name, None, item.document, permissions.parse(item, f"inline policy {item.name}"))
        for item in owner.inline_policies
    )
    return (*attached, *inline)


def has_same_meaning(one: t.Any, other: t.Any) -> bool:
    """Whether two documents say the same, however they are written; no if one is none that IAM would take."""
    try:
        return are_equivalent(parse(one), parse(other))
    except PolicyError:
        return False


@dataclasses.dataclass(frozen=True)
class PermissionsWriter:
    """Writes changes of the policies and the groups of one account."""

    account_id: str
    partition: str

    def group_arn(self, name: str, path: str) -> str:
        """The ARN of a group."""
        return f"arn:{self.partition}:iam::{self.account_id}:group{path}{name}"

    def create_group(self, name: str, path: str) -> Change:
        """A group without members and policies. It can't be deleted while it has either."""
        return self._make_change(
            CREATE_GROUP,
            self.group_arn(name, path),
            {"GroupName": name, "Path": path},
            before=None,
            after={"group": name, "path": path},
            kind="group_create",
            undo=Undo("DeleteGroup", {"GroupName": name}),
        )

    def add_member(self, user: User, group: str) -> Change:
        """A user in a group."""
        parameters = {"GroupName": group, "UserName": user.name}
        return self._make_change(
            ADD_MEMBER,
            user.arn,
            parameters,
            before={"group": group, "member": False},
            after={"group": group, "member": True},
            kind="group_member_add",
            undo=Undo("RemoveUserFromGroup", parameters),
        )

    def give(self, group: str, group_arn: str, holding: Holding, name: str) -> Change:
        """A policy in a group, inline under ``name`` where it is inline with the user."""
        if holding.arn is not None:
            parameters = {"GroupName": group, "PolicyArn": holding.arn}
            return self._make_change(
                "AttachGroupPolicy",
                group_arn,
                parameters,
                before={"policy": holding.arn, "attached": False},
                after={"policy": holding.arn, "attached": True},
                kind="policy_attach_group",
                undo=Undo("DetachGroupPolicy", parameters),
            )
        named = {"GroupName": group, "PolicyName": name}
        return self._make_change(
            "PutGroupPolicy",
            group_arn,
            {**named, "PolicyDocument": _write_text(holding.document)},
            before={"inline_policy": name, "document": None},
            after={"inline_policy": name, "document": holding.document},
            kind="policy_attach_group",
            undo=Undo("DeleteGroupPolicy", named),
        )

    def hand_over(self, holding: Holding, through: Mapping[str, str], *, population: int) -> Change:
        """A policy taken from a user who has it through a group."""
        return self._take(holding, {"through": dict(through)}, "policy_detach_user", population)

    def remove(self, holding: Holding, *, is_admin: bool, population: int) -> Change:
        """A policy taken away for good. ``is_admin``: it makes administrators."""
        return self._take(holding, {}, ADMIN_REMOVAL if is_admin else REMOVAL, population)

    def _take(self, holding: Holding, more: Mapping[str, t.Any], kind: str, population: int) -> Change:
        of = type(holding.owner).__name__
        named = {f"{of}Name": holding.owner.name}
        taken: dict[str, t.Any] = {"kind": kind, "impact": Impact.NARROWING, "population": population}
        if holding.arn is not None:
            parameters = {**named, "PolicyArn": holding.arn}
            return self._make_change(
                f"Detach{of}Policy",
                holding.owner.arn,
                parameters,
                before={"policy": holding.arn, "attached": True},
                after={"policy": holding.arn, "attached": False, **more},
                undo=Undo(f"Attach{of}Policy", parameters),
                **taken,
            )
        parameters = {**named, "PolicyName": holding.name}
        text = _write_text(holding.document)
        return self._make_change(
            f"Delete{of}Policy",
            holding.owner.arn,
            parameters,
            before={"inline_policy": holding.name, "document": holding.document},
            after={"inline_policy": holding.name, "document": None, **more},
            undo=None if holding.document is None else Undo(f"Put{of}Policy", {**parameters, "PolicyDocument": text}),
            **taken,
        )

    def _make_change(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        *,
        before: t.Optional[Mapping[str, t.Any]],
        after: Mapping[str, t.Any],
        kind: str,
        undo: t.Optional[Undo],
        impact: Impact = Impact.ADDITIVE,
        population: int = 0,
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region="global",
            service="iam",
            operation=operation,
            target=target,
            parameters=parameters,
            before=before,
            after=after,
            kind=kind,
            impact=impact,
            population=population,
            undo=undo,
        )


def _write_text(document: t.Optional[Document]) -> str:
    return json.dumps(document, separators=(",", ":"))


def apply_changes(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Apply ``changes`` to the users, groups and roles of the account."""
    users = {user.arn: user for user in snapshot.users}
    groups = {group.arn: group for group in snapshot.groups}
    roles = {role.arn: role for role in snapshot.roles}
    for change in changes:
        target, after = change.target, change.after
        if after is None:
            groups.pop(target, None)
        elif "path" in after:
            groups[target] = Group(after["group"], target, after["path"], None, (), ())
        elif "member" in after:
            others = tuple(name for name in users[target].groups if name != after["group"])
            users[target] = dataclasses.replace(
                users[target], groups=(*others, after["group"]) if after["member"] else others
            )
        elif target in users:
            users[target] = t.cast(User, _apply_policy(users[target], after))
        elif target in groups:
            groups[target] = t.cast(Group, _apply_policy(groups[target], after))
        else:
            roles[target] = t.cast(Role, _apply_policy(roles[target], after))
    return dataclasses.replace(
        snapshot, users=tuple(users.values()), groups=tuple(groups.values()), roles=tuple(roles.values())
    )


def _apply_policy(owner: Principal, after: Mapping[str, t.Any]) -> Principal:
    """Apply the change of a policy to a principal."""
    if "policy" in after:
        others = tuple(arn for arn in owner.attached_policies if arn != after["policy"])
        return dataclasses.replace(owner, attached_policies=(*others, after["policy"]) if after["attached"] else others)
    name, document = after["inline_policy"], after["document"]
    kept = tuple(item for item in owner.inline_policies if item.name != name)
    added = () if document is None else (PolicyDocument(name, document),)
    return dataclasses.replace(owner, inline_policies=(*kept, *added))


def find_policy(change: Change) -> t.Optional[str]:
    """Find the ARN of the managed policy that a change is about."""
    arn = (change.after or {}).get("policy")
    return str(arn) if arn else None


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether what a recorded change took from a user comes through what an earlier one gave, or to its group.

    A membership, or a policy of a group, takes nothing from anybody: it needs no more than the group.
    """
    after, given = later.after or {}, earlier.after or {}
    group = given.get("group") or resource_of(earlier.target).rpartition("/")[2]
    through = after.get("through")
    if through is None:
        of = after.get("group") or resource_of(later.target).rpartition("/")[2]
        return "path" in given and of == group
    return bool(through["group"] == group and ("member" not in given or earlier.target == later.target))
