# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that a change affects right now, read from AWS."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..arn import Principal, principal_of
from .reach import NotKnown

#: The reads, as modules declare them. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
HOLDERS_READS: t.Final = frozenset({"iam:ListEntitiesForPolicy", "iam:GetGroup", "iam:GetUser", "iam:GetRole"})
NODES_READS: t.Final = frozenset(
    f"organizations:{name}"
    for name in (
        "DescribeOrganization",
        "ListAccountsForParent",
        "ListOrganizationalUnitsForParent",
        "ListPolicies",
        "ListTargetsForPolicy",
    )
)
ADMINISTRATORS_READS: t.Final = frozenset(
    {"organizations:DescribeOrganization", "organizations:ListDelegatedAdministrators"}
)

# A policy may be attached and be a boundary at once, and AWS lists both uses only when it is asked for each.
_USAGES: t.Final = ("PermissionsPolicy", "PermissionsBoundary")
_GONE: t.Final = ("NoSuchEntity", "NoSuchEntityException")

A = t.TypeVar("A")


class Calls(t.Protocol):
    """AWS as far as the reads need to know it."""

    def call(
        self, service: str, operation: str, parameters: t.Optional[Mapping[str, t.Any]] = None
    ) -> Mapping[str, t.Any]:
        """The answer to one call of an operation, named as AWS does."""


class LiveReach:
    """The answers of AWS at this moment; each is kept for as long as this object.

    ``errors`` are the exceptions that a call may raise. ``known`` are ARNs of users and roles that need not be asked
    for: lists of IAM name principals without their paths.
    """

    def __init__(
        self,
        aws: Calls,
        *,
        account_id: str,
        partition: str,
        errors: tuple[type[Exception], ...],
        known: Iterable[str] = (),
    ) -> None:
        self._aws = aws
        self._account = account_id
        self._partition = partition
        self._errors = errors
        self._known = {principal: arn for arn in known if (principal := principal_of(arn))}
        self._answers: dict[tuple[str, str], t.Any] = {}

    # Reach

    def arn_of(self, kind: str, name: str) -> t.Optional[str]:
        """The ARN, which has the path that no list of AWS has."""
        known = self._known.get(Principal(self._account, kind, name.lower()))
        return known or self._once(kind, name, functools.partial(self._read_arn, kind, name))

    def _read_arn(self, kind: str, name: str) -> t.Optional[str]:
        of = kind.capitalize()
        answer = self._call("iam", f"Get{of}", {f"{of}Name": name}, f"the {kind} {name}")
        return str(answer[of]["Arn"]) if answer else None

    def owners(self, policy_arn: str) -> frozenset[str]:
        return self._holders(policy_arn)[0]

    def groups_with(self, policy_arn: str) -> frozenset[str]:
        return self._holders(policy_arn)[1]

    def _holders(self, policy_arn: str) -> tuple[frozenset[str], frozenset[str]]:
        return self._once("policy", policy_arn, functools.partial(self._read_holders, policy_arn))

    def _read_holders(self, policy_arn: str) -> tuple[frozenset[str], frozenset[str]]:
        owners: set[str] = set()
        groups: set[str] = set()
        for usage in _USAGES:
            asked = {"PolicyArn": policy_arn, "PolicyUsageFilter": usage}
            for page in self._read_iam_pages("ListEntitiesForPolicy", asked, f"who has {policy_arn}"):
                owners.update(self._arn("user", user["UserName"]) for user in page.get("PolicyUsers", ()))
                owners.update(self._arn("role", role["RoleName"]) for role in page.get("PolicyRoles", ()))
                groups.update(str(group["GroupName"]) for group in page.get("PolicyGroups", ()))
        return frozenset(owners), frozenset(groups)

    def _arn(self, kind: str, name: str) -> str:
        return self.arn_of(kind, name) or f"arn:{self._partition}:iam::{self._account}:{kind}/{name}"

    def members(self, group: str) -> frozenset[str]:
        return self._once("group", group, functools.partial(self._read_members, group))

    def _read_members(self, group: str) -> frozenset[str]:
        pages = self._read_iam_pages("GetGroup", {"GroupName": group}, f"the members of the group {group}")
        return frozenset(str(user["Arn"]) for page in pages for user in page.get("Users", ()))

    def below(self, node_id: str) -> frozenset[str]:
        if node_id.isdecimal():
            return frozenset({node_id})
        return self._once("node", node_id, functools.partial(self._read_below, node_id))

    def _read_below(self, node_id: str) -> frozenset[str]:
        what = f"the accounts below {node_id}"
        found: set[str] = set()
        nodes = [node_id]
        while nodes:
            parent = {"ParentId": nodes.pop()}
            found.update(
                item["Id"] for item in self._read_organization_pages("ListAccountsForParent", "Accounts", parent, what)
            )
            units = self._read_organization_pages(
                "ListOrganizationalUnitsForParent", "OrganizationalUnits", parent, what
            )
            nodes += [unit["Id"] for unit in units]
        return frozenset(found)

    def nodes_of(self, policy: Mapping[str, str]) -> frozenset[str]:
        identifier = policy.get("PolicyId") or self._policy_id(policy)
        what = f"the targets of the organization policy {identifier}"
        targets = (
            self._read_organization_pages("ListTargetsForPolicy", "Targets", {"PolicyId": identifier}, what)
            if identifier
            else ()
        )
        return frozenset(target["TargetId"] for target in targets)

    def _policy_id(self, policy: Mapping[str, str]) -> t.Optional[str]:
        name = policy.get("PolicyName")
        listed = self._read_organization_pages(
            "ListPolicies", "Policies", {"Filter": policy.get("PolicyType")}, f"the policy {name}"
        )
        return next((str(item["Id"]) for item in listed if item["Name"] == name), None)

    def management_account(self) -> str:
        return self._once("organization", "", self._read_management_account)

    def _read_management_account(self) -> str:
        what = "the management account"
        answer = self._call("organizations", "DescribeOrganization", {}, what)
        if not answer:
            raise NotKnown(what)
        return str(answer["Organization"]["MasterAccountId"])

    def administrators(self, service: str) -> frozenset[str]:
        what = f"the delegated administrators for {service}"
        asked = {"ServicePrincipal": service}
        listed = self._read_organization_pages("ListDelegatedAdministrators", "DelegatedAdministrators", asked, what)
        return frozenset(str(item["Id"]) for item in listed)

    # Calls

    def _once(self, kind: str, name: str, read: Callable[[], A]) -> A:
        key = (kind, name)
        if key not in self._answers:
            self._answers[key] = read()
        return t.cast(A, self._answers[key])

    def _call(
        self, service: str, operation: str, parameters: Mapping[str, t.Any], what: str
    ) -> t.Optional[Mapping[str, t.Any]]:
        """The answer; None where there is no such thing. Raises NotKnown: AWS does not say."""
        try:
            return self._aws.call(service, operation, parameters)
        except self._errors as error:
            if str(getattr(error, "code", "")) in _GONE:
                return None
            raise NotKnown(f"{what} ({error})") from error

    def _read_iam_pages(self, operation: str, asked: Mapping[str, t.Any], what: str) -> Iterator[Mapping[str, t.Any]]:
        marker: dict[str, t.Any] = {}
        while True:
            answer = self._call("iam", operation, {**asked, **marker}, what)
            if answer is None:
                return
            yield answer
            if not answer.get("IsTruncated"):
                return
            marker = {"Marker": answer["Marker"]}

    def _read_organization_pages(
        self, operation: str, key: str, asked: Mapping[str, t.Any], what: str
    ) -> Iterator[Mapping[str, t.Any]]:
        token: dict[str, t.Any] = {}
        while True:
            answer = self._call("organizations", operation, {**asked, **token}, what) or {}
            yield from answer.get(key) or ()
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}
