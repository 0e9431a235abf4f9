# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Writes that change a role, or the policies of a user, group or role, each with the one that takes it back.

What changes find and leave has one of these shapes, by which the live account is read again: ``{"policy", "attached"}``
a managed policy of a principal, ``{"inline_policy", "document"}`` an inline one, ``{"boundary"}`` its permissions
boundary, ``{"trust"}`` who may assume a role, ``{"role", "trust", "boundary"}`` a role, ``{"document"}`` the content of
a managed policy, ``{"version", "document"}`` one of its versions.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .._account.policy_versions import OWNED, LivePolicy, Version, describe_policy
from .._policy.documents.syntax import compact
from .arn import resource_of
from .change import GLOBAL, Change, Impact, Undo

CREATE_ROLE: t.Final = "CreateRole"
DELETE_ROLE: t.Final = "DeleteRole"
SET_TRUST: t.Final = "UpdateAssumeRolePolicy"

CREATE_POLICY: t.Final = "CreatePolicy"
DELETE_POLICY: t.Final = "DeletePolicy"
UPDATE_POLICY: t.Final = "CreatePolicyVersion"
SET_DEFAULT: t.Final = "SetDefaultPolicyVersion"
DELETE_VERSION: t.Final = "DeletePolicyVersion"

State = t.Optional[Mapping[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class NewRole:
    """A role to be made. ``duration`` is the longest session in seconds, None for AWS's default."""

    arn: str
    trust: Mapping[str, t.Any]
    description: str = ""
    boundary: t.Optional[str] = None
    duration: t.Optional[int] = None
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def path_and_name(self) -> tuple[str, str]:
        """The path, which begins and ends with a slash, and the name."""
        return _split_path(self.arn)

    @property
    def request(self) -> dict[str, t.Any]:
        """The parameters of CreateRole."""
        path, name = self.path_and_name
        return {
            "Path": path,
            "RoleName": name,
            "AssumeRolePolicyDocument": compact(self.trust),
            **({"Description": self.description} if self.description else {}),
            **({"MaxSessionDuration": self.duration} if self.duration else {}),
            **({"PermissionsBoundary": self.boundary} if self.boundary else {}),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }


@dataclasses.dataclass(frozen=True)
class IdentityWriter:
    """Makes changes in one account. Each is additive and has the kind ``kind``."""

    account_id: str
    kind: str

    def create_policy(
        self, arn: str, document: Mapping[str, t.Any], *, description: str, tags: Mapping[str, str]
    ) -> Change:
        """Make a managed policy, which nobody has yet. It gets the tag of our own objects."""
        path, name = _split_path(arn)
        request = {
            "PolicyName": name,
            "Path": path,
            "PolicyDocument": compact(document),
            "Description": description,
            "Tags": [{"Key": key, "Value": value} for key, value in {**tags, OWNED[0]: OWNED[1]}.items()],
        }
        undo = Undo(DELETE_POLICY, {"PolicyArn": arn})
        return self._make(CREATE_POLICY, arn, request, None, describe_policy(document), undo)

    def update_policy(self, live: LivePolicy, document: Mapping[str, t.Any]) -> Change:
        """Make a new default version of a managed policy. The version before takes it back."""
        before = live.default
        undo = Undo(SET_DEFAULT, {"PolicyArn": live.arn, "VersionId": before.id}) if before else None
        request = {"PolicyArn": live.arn, "PolicyDocument": compact(document), "SetAsDefault": True}
        states = describe_policy(live.document), describe_policy(document)
        return self._make(UPDATE_POLICY, live.arn, request, *states, undo)

    def delete_version(self, arn: str, version: Version) -> Change:
        """Delete a version that is not the default. It is gone for good: a new one would have another id."""
        states = (
            {"version": version.id, "document": version.document},
            {"version": version.id, "document": None},
        )
        return self._make(DELETE_VERSION, arn, {"PolicyArn": arn, "VersionId": version.id}, *states, None)

    def delete_policy(self, live: LivePolicy) -> Change:
        """Delete a managed policy, which nobody has and which has no other version."""
        path, name = _split_path(live.arn)
        request = {
            "PolicyName": name,
            "Path": path,
            "PolicyDocument": compact(live.document),
            "Tags": [{"Key": key, "Value": value} for key, value in live.tags.items()],
            **({"Description": live.description} if live.description else {}),
        }
        undo = Undo(CREATE_POLICY, request)
        return self._make(DELETE_POLICY, live.arn, {"PolicyArn": live.arn}, describe_policy(live.document), None, undo)

    def attach(self, holder: str, policy: str) -> Change:
        """Attach a managed policy to the user, group or role with the ARN ``holder``."""
        return self._move(holder, policy, is_attached=True)

    def detach(self, holder: str, policy: str) -> Change:
        """Detach a managed policy."""
        return self._move(holder, policy, is_attached=False)

    def put_inline(self, holder: str, name: str, before: t.Any, after: Mapping[str, t.Any]) -> Change:
        """Write an inline policy; ``before`` is its document, None where there is none."""
        of, named = _name_holder(holder)
        named["PolicyName"] = name
        undo = (
            Undo(f"Delete{of}Policy", named)
            if before is None
            else Undo(f"Put{of}Policy", {**named, "PolicyDocument": compact(before)})
        )
        return self._make(
            f"Put{of}Policy",
            holder,
            {**named, "PolicyDocument": compact(after)},
            {"inline_policy": name, "document": before},
            {"inline_policy": name, "document": after},
            undo,
        )

    def delete_inline(self, holder: str, name: str, before: Mapping[str, t.Any]) -> Change:
        """Delete an inline policy."""
        of, named = _name_holder(holder)
        named["PolicyName"] = name
        return self._make(
            f"Delete{of}Policy",
            holder,
            named,
            {"inline_policy": name, "document": before},
            {"inline_policy": name, "document": None},
            Undo(f"Put{of}Policy", {**named, "PolicyDocument": compact(before)}),
        )

    def set_boundary(self, holder: str, before: t.Optional[str], after: t.Optional[str]) -> Change:
        """Set the permissions boundary of a user or role, or take it away where ``after`` is None."""
        operation, parameters = _build_boundary(holder, after)
        undo_operation, undo_parameters = _build_boundary(holder, before)
        return self._make(
            operation,
            holder,
            parameters,
            {"boundary": before},
            {"boundary": after},
            Undo(undo_operation, undo_parameters),
        )

    def create_role(self, role: NewRole) -> Change:
        """Make a role. It is deleted to take that back."""
        name = role.path_and_name[1]
        after = describe_role(name, role.trust, role.boundary)
        return self._make(CREATE_ROLE, role.arn, role.request, None, after, Undo(DELETE_ROLE, {"RoleName": name}))

    def delete_role(self, role: str, trust: t.Any, boundary: t.Optional[str]) -> Change:
        """Delete a role, which has no policies any more. One of the same name would have another id."""
        name = resource_of(role).rpartition("/")[2]
        before = describe_role(name, trust, boundary)
        return self._make(DELETE_ROLE, role, {"RoleName": name}, before, None, None)

    def set_trust(self, role: str, before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> Change:
        """Set who may assume a role."""
        named = {"RoleName": resource_of(role).rpartition("/")[2]}
        undo = Undo(SET_TRUST, {**named, "PolicyDocument": compact(before)})
        request = {**named, "PolicyDocument": compact(after)}
        return self._make(SET_TRUST, role, request, {"trust": before}, {"trust": after}, undo)

    def _move(self, holder: str, policy: str, *, is_attached: bool) -> Change:
        of, named = _name_holder(holder)
        verb, back = ("Attach", "Detach") if is_attached else ("Detach", "Attach")
        parameters = {**named, "PolicyArn": policy}
        return self._make(
            f"{verb}{of}Policy",
            holder,
            parameters,
            {"policy": policy, "attached": not is_attached},
            {"policy": policy, "attached": is_attached},
            Undo(f"{back}{of}Policy", parameters),
        )

    def _make(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        before: State,
        after: State,
        undo: t.Optional[Undo],
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service="iam",
            operation=operation,
            target=target,
            parameters=parameters,
            before=before,
            after=after,
            kind=self.kind,
            impact=Impact.ADDITIVE,
            undo=undo,
        )


def describe_role(name: str, trust: t.Any, boundary: t.Optional[str]) -> dict[str, t.Any]:
    """Describe a role as plan and journal have it: its permissions boundary only where it has one."""
    return {"role": name, "trust": trust, **({"boundary": boundary} if boundary else {})}


def _split_path(arn: str) -> tuple[str, str]:
    """Split the ARN of a role or policy into path and name."""
    path, _slash, name = resource_of(arn).partition("/")[2].rpartition("/")
    return (f"/{path}/" if path else "/"), name


def _name_holder(holder: str) -> tuple[str, dict[str, str]]:
    """The kind of a principal as operations call it, and the parameter that names it."""
    kind, _slash, path = resource_of(holder).partition("/")
    of = kind.capitalize()
    return of, {f"{of}Name": path.rpartition("/")[2]}


def _build_boundary(holder: str, arn: t.Optional[str]) -> tuple[str, dict[str, str]]:
    of, named = _name_holder(holder)
    if arn is None:
        return f"Delete{of}PermissionsBoundary", named
    return f"Put{of}PermissionsBoundary", {**named, "PermissionsBoundary": arn}
