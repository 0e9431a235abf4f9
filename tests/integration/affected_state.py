# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of an organization, read by plain calls of boto3: none of the collection's readers takes part."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Callable, Iterator, Mapping

#: A client by service, account and region.
Clients = Callable[[str, str, str], t.Any]
Document = dict[str, t.Any]
_TYPES: t.Final = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")


def dumped(document: t.Any) -> str:
    """A document as text that is the same for the same document."""
    return json.dumps(document, sort_keys=True)


def _document(document: t.Any) -> str:
    """A policy as such text, with a list of statements."""
    read = json.loads(document) if isinstance(document, str) else dict(document)
    statements = read["Statement"]
    return dumped({**read, "Statement": statements if isinstance(statements, list) else [statements]})


@dataclasses.dataclass(frozen=True)
class Account:
    """An account: users, roles and groups by ARN, documents of managed policies and resources by ARN."""

    id: str
    users: Mapping[str, t.Any]
    roles: Mapping[str, t.Any]
    groups: Mapping[str, t.Any]
    policies: Mapping[str, str]
    password_policy: t.Any
    resources: Mapping[str, t.Optional[str]]

    @property
    def may_change_passwords(self) -> bool:
        return bool((self.password_policy or {}).get("AllowUsersToChangePassword"))

    def group(self, name: str) -> Mapping[str, t.Any]:
        return next(group for arn, group in self.groups.items() if arn.rpartition("/")[2] == name)

    def members(self, arn: str) -> set[str]:
        """The users in a group."""
        return {user for user, held in self.users.items() if arn.rpartition("/")[2] in held["groups"]}

    def holders(self, arn: str) -> set[str]:
        """Who has a managed policy: attached, through a group, or as boundary."""
        owners = {**self.users, **self.roles}
        found = {owner for owner, held in owners.items() if arn in held["attached"] or held["boundary"] == arn}
        groups = (group for group, held in self.groups.items() if arn in held["attached"])
        return found.union(*(self.members(group) for group in groups))


@dataclasses.dataclass(frozen=True)
class Control:
    """A policy of the organization."""

    kind: str
    content: str
    targets: frozenset[str]


@dataclasses.dataclass(frozen=True)
class State:
    """The accounts and the organization. ``parents`` has the node above each account and unit."""

    management: str
    accounts: Mapping[str, Account]
    parents: Mapping[str, str]
    controls: Mapping[str, Control]
    enabled: frozenset[str]

    def principals(self, kind: t.Literal["users", "roles"]) -> list[str]:
        """The ARNs of all users or all roles."""
        return [arn for account in self.accounts.values() for arn in getattr(account, kind)]

    @property
    def nodes(self) -> set[str]:
        """The root, the units and the accounts."""
        return {*self.parents, *self.parents.values()}

    @functools.cached_property
    def things(self) -> frozenset[str]:
        """The ARNs of all groups, managed policies and policies of the organization."""
        accounts = self.accounts.values()
        return frozenset(self.controls).union(*({*account.groups, *account.policies} for account in accounts))

    @functools.cached_property
    def resources(self) -> Mapping[str, t.Optional[str]]:
        """The policies of all resources; None for one without."""
        return {arn: text for account in self.accounts.values() for arn, text in account.resources.items()}

    @functools.cached_property
    def _trusts(self) -> Mapping[str, str]:
        return {arn: role["trust"] for account in self.accounts.values() for arn, role in account.roles.items()}

    def policy_of(self, resource: str, action: str) -> t.Optional[str]:
        """The policy of a resource; that of a role is about assuming it only."""
        if action.lower().startswith("sts:"):
            return self._trusts.get(resource)
        return self.resources.get(resource)

    @functools.cached_property
    def documents(self) -> Mapping[tuple[str, str], str]:
        """All documents by what they belong to and what they do: they grant to it, or they name who may call it."""
        found: dict[tuple[str, str], str] = {}
        for account in self.accounts.values():
            for arn, owner in {**account.users, **account.roles, **account.groups}.items():
                found.update(((arn, name), text) for name, text in owner["inline"].items())
            found.update(((arn, "managed"), text) for arn, text in account.policies.items())
        callers = {**self._trusts, **{arn: text for arn, text in self.resources.items() if text}}
        found.update(((arn, "names callers"), text) for arn, text in callers.items())
        found.update(((arn, "control"), item.content) for arn, item in self.controls.items())
        return found

    def below(self, node: str) -> set[str]:
        """The accounts that are a node or lie below it."""
        return {account for account in self.accounts if node in self._path(account)}

    def levels(self, kind: str, account: str) -> t.Optional[tuple[tuple[str, ...], ...]]:
        """The policies of one kind from the root to the account; None where none of this kind binds it."""
        if kind not in self.enabled or account not in self.accounts or account == self.management:
            return None
        return tuple(
            tuple(item.content for item in self.controls.values() if item.kind == kind and node in item.targets)
            for node in reversed(self._path(account))
        )

    def _path(self, node: str) -> list[str]:
        path = [node]
        while path[-1] in self.parents:
            path.append(self.parents[path[-1]])
        return path


def read_state(clients: Clients, management: str, regions: tuple[str, ...]) -> State:
    """Everything that decides on access, fresh from AWS."""
    organizations = clients("organizations", management, regions[0])
    (root,) = organizations.list_roots()["Roots"]
    parents = dict(_nodes(organizations, root["Id"]))
    members = [node for node in parents if node.isdigit()]
    return State(
        management,
        {account: _account(clients, account, regions) for account in sorted(members)},
        parents,
        dict(_controls(organizations)),
        frozenset(item["Type"] for item in root["PolicyTypes"]),
    )


def _nodes(organizations: t.Any, parent: str) -> Iterator[tuple[str, str]]:
    for account in organizations.list_accounts_for_parent(ParentId=parent)["Accounts"]:
        yield account["Id"], parent
    for unit in organizations.list_organizational_units_for_parent(ParentId=parent)["OrganizationalUnits"]:
        yield unit["Id"], parent
        yield from _nodes(organizations, unit["Id"])


def _controls(organizations: t.Any) -> Iterator[tuple[str, Control]]:
    for kind in _TYPES:
        for summary in organizations.list_policies(Filter=kind)["Policies"]:
            content = organizations.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]
            targets = organizations.list_targets_for_policy(PolicyId=summary["Id"])["Targets"]
            yield (
                summary["Arn"],
                Control(kind, _document(content), frozenset(target["TargetId"] for target in targets)),
            )


def _account(clients: Clients, account: str, regions: tuple[str, ...]) -> Account:
    iam = clients("iam", account, regions[0])
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    resources: dict[str, t.Optional[str]] = {}
    for region in regions:
        resources.update(_regional(clients, account, region))
    return Account(
        account,
        {item["Arn"]: _user(iam, item) for page in pages for item in page["UserDetailList"]},
        {item["Arn"]: _role(item) for page in pages for item in page["RoleDetailList"]},
        {item["Arn"]: _holdings(item, "GroupPolicyList") for page in pages for item in page["GroupDetailList"]},
        {item["Arn"]: _default(item) for page in pages for item in page["Policies"]},
        _or_none(iam, iam.get_account_password_policy, "PasswordPolicy"),
        resources,
    )


def _holdings(item: Mapping[str, t.Any], inline: str) -> Document:
    """What a user, a role or a group holds itself."""
    return {
        "attached": sorted(policy["PolicyArn"] for policy in item["AttachedManagedPolicies"]),
        "inline": {policy["PolicyName"]: _document(policy["PolicyDocument"]) for policy in item.get(inline, ())},
        "boundary": item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())},
    }


def _user(iam: t.Any, item: Mapping[str, t.Any]) -> Document:
    name = item["UserName"]
    keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    return {
        **_holdings(item, "UserPolicyList"),
        "groups": sorted(item.get("GroupList", ())),
        "keys": {key["AccessKeyId"]: key["Status"] for key in keys},
        "has_password": _or_none(iam, lambda: iam.get_login_profile(UserName=name), "LoginProfile") is not None,
    }


def _role(item: Mapping[str, t.Any]) -> Document:
    return {**_holdings(item, "RolePolicyList"), "trust": _document(item["AssumeRolePolicyDocument"])}


def _default(item: Mapping[str, t.Any]) -> str:
    return next(_document(one["Document"]) for one in item["PolicyVersionList"] if one["IsDefaultVersion"])


def _regional(clients: Clients, account: str, region: str) -> Iterator[tuple[str, t.Optional[str]]]:
    topics = clients("sns", account, region)
    for topic in topics.list_topics()["Topics"]:
        yield topic["TopicArn"], _text(topics.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"])
    queues = clients("sqs", account, region)
    for url in queues.list_queues().get("QueueUrls", ()):
        attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        yield attributes["QueueArn"], _text(attributes)
    buses = clients("events", account, region)
    for bus in buses.list_event_buses()["EventBuses"]:
        yield bus["Arn"], _text(bus)


def _text(attributes: Mapping[str, t.Any]) -> t.Optional[str]:
    return _document(attributes["Policy"]) if attributes.get("Policy") else None


def _or_none(iam: t.Any, call: Callable[[], Mapping[str, t.Any]], member: str) -> t.Any:
    try:
        return call()[member]
    except iam.exceptions.NoSuchEntityException:
        return None
