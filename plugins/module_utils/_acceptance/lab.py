# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The objects of the experiments: made below a path of their own, and removed with their keys and policies."""

from __future__ import annotations

import functools
import json
import re
import secrets
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping

from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations
from .assumptions import ALLOWED

PATH: t.Final = "/iam-hardening/acceptance/"
_TOKEN_BYTES: t.Final = 3
_NAME: t.Final = re.compile(rf"acceptance-[0-9a-f]{{{2 * _TOKEN_BYTES}}}-[0-9]{{2,}}")
# Seconds between two looks at something that IAM makes known with a delay.
_INTERVAL: t.Final = 2.0
# So often an observation has to be as expected, without another one between.
MATCHES: t.Final = 3
# The part of the patience over which it has to be: of a minute 20 seconds. IAM's copies agree after seconds.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
_STEADY: t.Final = 1 / 3
# Tries of a removal that is refused while IAM still sees what was just removed.
_TRIES: t.Final = 3

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "iam:GetAccountAuthorizationDetails",
            "iam:GetAccountPasswordPolicy",
            "iam:GetAccountSummary",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:ListAccessKeys",
            "iam:ListAccountAliases",
            "iam:ListAttachedUserPolicies",
            "iam:ListEntitiesForPolicy",
            "iam:ListGroups",
            "iam:ListGroupsForUser",
            "iam:ListPolicies",
            "iam:ListPolicyVersions",
            "iam:ListRolePolicies",
            "iam:ListRoles",
            "iam:ListUserPolicies",
            "iam:ListUsers",
            "iam:SimulatePrincipalPolicy",
            "sts:AssumeRole",
            "sts:GetCallerIdentity",
        }
    ),
    writes=frozenset(
        {
            "iam:AddUserToGroup",
            "iam:AttachUserPolicy",
            "iam:CreateAccessKey",
            "iam:CreateGroup",
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:CreateRole",
            "iam:CreateUser",
            "iam:DeleteAccessKey",
            "iam:DeleteAccountPasswordPolicy",
            "iam:DeleteGroup",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DeleteUser",
            "iam:DeleteUserPermissionsBoundary",
            "iam:DeleteUserPolicy",
            "iam:DetachUserPolicy",
            "iam:PutRolePolicy",
            "iam:PutUserPermissionsBoundary",
            "iam:PutUserPolicy",
            "iam:RemoveUserFromGroup",
            "iam:UpdateAccessKey",
            "iam:UpdateAccountPasswordPolicy",
        }
    ),
)
_AS_SOMEBODY: t.Final = Operations(
    reads=frozenset({"iam:GetAccountSummary", "iam:ListAccountAliases", "sts:AssumeRole", "sts:GetCallerIdentity"}),
    writes=frozenset({"iam:CreateAccessKey"}),
)

Document = Mapping[str, t.Any]


def is_of_a_lab(item: Mapping[str, t.Any]) -> bool:
    """Whether a user, group, role or policy has the path and a name as experiments give. Others are not touched."""
    name = next((item[kind] for kind in ("UserName", "GroupName", "RoleName", "PolicyName") if kind in item), "")
    return str(item.get("Path")) == PATH and _NAME.fullmatch(str(name)) is not None


def statement(effect: str, *actions: str, resource: str = "*", condition: t.Optional[Document] = None) -> Document:
    """A statement of an identity policy."""
    found = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def document(*statements: Document) -> str:
    """A policy document as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Lab:
    """The means of the experiments in one account: nothing outside of :data:`PATH` is ever written.

    ``patience`` is for how many seconds an observation is repeated until it is as expected. ``renew`` renews the lease
    of the account. It raises StoreError if the lease is lost; then nothing is written or removed any more.
    ``find_ignored_condition`` tries the conditional writes of the place of the journal.
    """

    def __init__(
        self,
        access: Access,
        *,
        patience: float,
        renew: Callable[[], None],
        find_ignored_condition: Callable[[], str],
    ) -> None:
        self.access = access
        self.find_ignored_condition: t.Final = find_ignored_condition
        self._renew = renew
        self._patience = patience
        # A name is never used twice: for a while IAM remembers a deleted entity under its name.
        self._prefix = f"acceptance-{secrets.token_hex(_TOKEN_BYTES)}-"
        self._number = 0
        self._made: list[Mapping[str, t.Any]] = []

    @property
    def account_root(self) -> str:
        """The principal that means every principal of the account."""
        return f"arn:{self.access.partition}:iam::{self.access.caller.account_id}:root"

    def iam(self, operation: str, **parameters: t.Any) -> dict[str, t.Any]:
        """A call to IAM under the lease of the account. Raises AwsError, and StoreError: the lease is lost."""
        self._renew()
        return self.access.call("iam", operation, parameters)

    def user(
        self, *statements: Document, boundary: t.Optional[str] = None, tags: t.Optional[Mapping[str, str]] = None
    ) -> dict[str, t.Any]:
        """A new user with these statements inline."""
        more: dict[str, t.Any] = {"PermissionsBoundary": boundary} if boundary else {}
        if tags:
            more["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        user = self._keep(self.iam("CreateUser", UserName=self._name(), Path=PATH, **more)["User"])
        if statements:
            self.allow(user, *statements)
        return user

    def allow(self, user: Mapping[str, t.Any], *statements: Document) -> None:
        """Give a user these statements as its one inline policy."""
        self.iam("PutUserPolicy", UserName=user["UserName"], PolicyName="inline", PolicyDocument=document(*statements))

    def policy(self, *statements: Document) -> str:
        """The ARN of a new managed policy."""
        made = self.iam("CreatePolicy", PolicyName=self._name(), Path=PATH, PolicyDocument=document(*statements))
        return str(self._keep(made["Policy"])["Arn"])

    def role(self, trust: Document, **more: t.Any) -> dict[str, t.Any]:
        """A new role."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.iam("CreateRole", RoleName=self._name(), Path=PATH, AssumeRolePolicyDocument=policy, **more)
        return self._keep(made["Role"])

    def group(self) -> str:
        """The name of a new group."""
        return str(self._keep(self.iam("CreateGroup", GroupName=self._name(), Path=PATH)["Group"])["GroupName"])

    def key(self, user: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """A new access key of a user; its secret stays in this process."""
        return t.cast(dict[str, t.Any], self.iam("CreateAccessKey", UserName=user["UserName"])["AccessKey"])

    def as_user(self, user: Mapping[str, t.Any]) -> Access:
        """AWS as a user of the lab, with a new access key."""
        return self.as_owner({**self.key(user), "SessionToken": None})

    def as_owner(self, credentials: Mapping[str, t.Any]) -> Access:
        """AWS as the owner of these credentials."""
        return self.access.elsewhere(credentials, _AS_SOMEBODY)

    def confirm(
        self,
        observe: Callable[[], str],
        expected: str,
        *,
        twin: t.Optional[Callable[[], str]] = None,
        refuted_by: str = "",
    ) -> str:
        """Confirm an observation: return it if it is as expected several times over some seconds, else another one.

        One look is no proof: for some seconds a new key or policy is not known everywhere, and a denial of that moment
        looks like the one that is expected. ``twin`` observes a call that differs in nothing but what is to be shown,
        and has to be allowed each time. An observation ``refuted_by`` ends the experiment: it can't be made again.
        """
        ends = time.monotonic() + self._patience
        steady = self._patience * _STEADY
        matches, first = 0, 0.0
        while True:
            seen = observe()
            other = twin() if twin and seen == expected else ALLOWED
            if other != ALLOWED:
                seen = f"{seen}, but the same call that nothing forbids returns {other}"
            now = time.monotonic()
            if seen == expected:
                matches, first = matches + 1, first if matches else now
                if matches >= MATCHES and now - first >= steady:
                    return expected
            elif seen == refuted_by or now >= ends:
                return seen
            else:
                matches = 0
            self._pause(min(_INTERVAL, steady / MATCHES) if matches else _INTERVAL)

    def wait_until_allowed(self, observe: Callable[[], str]) -> None:
        """Wait for what an experiment needs before its observation means anything. Raises AwsError."""
        ends = time.monotonic() + self._patience
        while (seen := observe()) != ALLOWED:
            if time.monotonic() >= ends:
                raise AwsError(
                    f"the preparation of the experiment still returns {seen} after {self._patience:g} seconds",
                    code=seen,
                )
            self._pause(_INTERVAL)

    def pause_a_second(self) -> None:
        """Let AWS's clock, which has whole seconds, go on."""
        self._pause(1.0)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        self._renew()

    def remove(self, objects: Iterable[Mapping[str, t.Any]]) -> dict[str, AwsError]:
        """Remove these objects, as :func:`list_objects` gives them; the errors of those that stay, by ARN."""
        errors = {}
        for item in objects:
            try:
                self._insist(functools.partial(self._REMOVALS[_kind(item)], self, item))
            except AwsError as error:
                errors[str(item["Arn"])] = error
        return errors

    def own_objects(self) -> tuple[Mapping[str, t.Any], ...]:
        """Those of :func:`list_objects` that this run made. Another run may have begun at the same time."""
        return tuple(
            item for item in list_objects(self.access, self._made) if item[_kind(item)].startswith(self._prefix)
        )

    def _keep(self, item: dict[str, t.Any]) -> dict[str, t.Any]:
        self._made.append(item)
        return item

    def _insist(self, remove: Callable[[], object]) -> None:
        """Try a removal again while IAM still sees what was removed just before."""
        for tries in range(1, _TRIES + 1):
            try:
                remove()
            except NotFound:
                pass
            except AwsError:
                if tries == _TRIES:
                    raise
                time.sleep(min(_INTERVAL, self._patience))
                continue
            return

    def _remove_user(self, user: Mapping[str, t.Any]) -> None:
        name = user["UserName"]
        for key in self.access.items("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": name}):
            self.iam("DeleteAccessKey", UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in self.access.items("iam", "ListAttachedUserPolicies", "AttachedPolicies", {"UserName": name}):
            self.iam("DetachUserPolicy", UserName=name, PolicyArn=policy["PolicyArn"])
        for policy_name in self.access.items("iam", "ListUserPolicies", "PolicyNames", {"UserName": name}):
            self.iam("DeleteUserPolicy", UserName=name, PolicyName=policy_name)
        for group in self.access.items("iam", "ListGroupsForUser", "Groups", {"UserName": name}):
            self.iam("RemoveUserFromGroup", UserName=name, GroupName=group["GroupName"])
        self.iam("DeleteUser", UserName=name)

    def _remove_group(self, group: Mapping[str, t.Any]) -> None:
        self.iam("DeleteGroup", GroupName=group["GroupName"])

    def _remove_role(self, role: Mapping[str, t.Any]) -> None:
        name = role["RoleName"]
        for policy_name in self.access.items("iam", "ListRolePolicies", "PolicyNames", {"RoleName": name}):
            self.iam("DeleteRolePolicy", RoleName=name, PolicyName=policy_name)
        self.iam("DeleteRole", RoleName=name)

    def _remove_policy(self, policy: Mapping[str, t.Any]) -> None:
        arn = policy["Arn"]
        for version in self.access.items("iam", "ListPolicyVersions", "Versions", {"PolicyArn": arn}):
            if not version["IsDefaultVersion"]:
                self.iam("DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
        self.iam("DeletePolicy", PolicyArn=arn)

    _REMOVALS: t.ClassVar[Mapping[str, Callable[[Lab, Mapping[str, t.Any]], None]]] = {
        "UserName": _remove_user,
        "GroupName": _remove_group,
        "RoleName": _remove_role,
        "PolicyName": _remove_policy,
    }

    def _name(self) -> str:
        self._number += 1
        return f"{self._prefix}{self._number:02d}"


def list_objects(access: Access, made: Iterable[Mapping[str, t.Any]] = ()) -> tuple[Mapping[str, t.Any], ...]:
    """List all that experiments made, of earlier runs too, in the order in which it can be removed.

    IAM lists with a delay: what is ``made`` is among them even where no list has it yet.
    """
    users, groups = _list(access, "ListUsers", "Users"), _list(access, "ListGroups", "Groups")
    roles, policies = _list(access, "ListRoles", "Roles"), _list(access, "ListPolicies", "Policies", Scope="Local")
    found = {item["Arn"]: item for item in [*made, *users, *groups, *roles, *policies]}
    order = list(Lab._REMOVALS)
    return tuple(sorted(found.values(), key=lambda item: order.index(_kind(item))))


def _list(access: Access, operation: str, key: str, **more: t.Any) -> list[Mapping[str, t.Any]]:
    found = list(access.items("iam", operation, key, {"PathPrefix": PATH, **more}))
    # AWS selects by the prefix. A removal must neither depend on that nor take what somebody else put there.
    return [item for item in found if is_of_a_lab(item)]


def _kind(item: Mapping[str, t.Any]) -> str:
    """The field that names an object of IAM, such as ``UserName``."""
    return next(key for key in Lab._REMOVALS if key in item)


def outcome(call: Callable[[], object], *, denied_with: str = "") -> str:
    """The outcome of a call: ``allowed``, or the code of AWS's error.

    Where AWS's message has to name the reason of a denial, it must contain ``denied_with``: a denial for another reason
    is another outcome. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    try:
        call()
    except AwsError as error:
        is_other = denied_with and denied_with not in error.message
        return f"{error.code} without {denied_with!r} in the message" if is_other else error.code
    return ALLOWED
