# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The policies that a declaration is about, and the principals that have them."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ..._account.model import Dataset, ManagedPolicy, Role, Snapshot, User
from ..._account.permissions import Permissions, Principal
from ..._policy.documents.policy import Kind, Policy
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.compiled import CompiledStatement, compile_policies
from ..._policy.evaluation.evaluate import Layers
from ..._policy.evaluation.narrowing import policies_of
from ..._policy.validation.holders import Holders
from ..._prediction.acceptance import Acceptance
from .declared import Declared, Target, selects

_INLINE_KINDS: t.Final[Mapping[str, Kind]] = {
    "User": Kind.INLINE_USER,
    "Group": Kind.INLINE_GROUP,
    "Role": Kind.INLINE_ROLE,
}
#: The types of principals in trust policies that never sign in with MFA.
_MACHINES: t.Final = ("Service", "Federated")
_UNKNOWN_TRUST: t.Final = "trust policy not known"
_NO_PASSWORD: t.Final = "no password"
_UNKNOWN_PASSWORD: t.Final = "credential report not read"


@dataclasses.dataclass(frozen=True)
class Subject:
    """One policy: managed with ``arn``, else inline with its ``owner``.

    ``policy`` is None where its document is not known or does not parse.
    """

    name: str
    arn: str
    owner: t.Optional[Principal]
    policy: t.Optional[Policy]

    @property
    def key(self) -> tuple[str, str]:
        """The key that tells policies apart."""
        return self.target, "" if self.owner is None else self.name

    @property
    def target(self) -> str:
        """The ARN that changes of it have: its own, or its owner's."""
        return self.arn if self.owner is None else self.owner.arn

    @property
    def label(self) -> str:
        """The policy in words."""
        if self.owner is None:
            return f"policy {self.name}"
        return f"inline policy {self.name} of {type(self.owner).__name__.lower()} {self.owner.name}"

    @property
    def reference(self) -> str:
        """The name by which people accept something of it."""
        return self.arn if self.owner is None else f"{type(self.owner).__name__.lower()}/{self.owner.name}/{self.name}"

    def is_meant_by(self, acceptance: Acceptance) -> bool:
        """Whether an acceptance is about this policy. One for an inline policy names its owner too."""
        if self.owner is None:
            return acceptance.covers(self.arn)
        return acceptance.covers_inline(self.owner.arn, self.name)

    @property
    def kind(self) -> Kind:
        """The kind of document."""
        return Kind.MANAGED if self.owner is None else _INLINE_KINDS[type(self.owner).__name__]


Aimed = tuple[Subject, tuple[Target, ...]]


def list_subjects(permissions: Permissions, declared: Declared) -> tuple[Aimed, ...]:
    """List the policies that targets select, each with its targets in their order. Policies of AWS are left out."""
    found: list[Aimed] = []
    for subject in _list_all(permissions):
        targets = tuple(target for target in declared.targets if _aims_at(target, subject))
        if targets:
            found.append((subject, targets))
    return tuple(found)


def _list_all(permissions: Permissions) -> Iterator[Subject]:
    for policy in permissions.snapshot.policies:
        if not policy.is_aws_managed:
            yield Subject(policy.name, policy.arn, None, permissions.policy(policy.arn))
    for owner in permissions.entities.values():
        for document in owner.inline_policies:
            parsed = permissions.parse(document, f"inline policy {document.name}")
            yield Subject(document.name, "", owner, parsed)


def _aims_at(target: Target, subject: Subject) -> bool:
    if subject.owner is not None:
        return target.names_inline(subject.name, subject.owner)
    return target.names_policy(subject.name, subject.arn) and target.copy is None


def list_aws_policies(snapshot: Snapshot, target: Target) -> tuple[ManagedPolicy, ...]:
    """List the policies of AWS that a target selects by their names or ARNs. The pattern ``*`` selects none."""
    patterns = tuple(pattern for pattern in target.policies if pattern != "*")
    named = dataclasses.replace(target, policies=patterns)
    return tuple(
        policy for policy in snapshot.policies if policy.is_aws_managed and named.names_policy(policy.name, policy.arn)
    )


def list_originals(permissions: Permissions, declared: Declared) -> tuple[Aimed, ...]:
    """List the policies of AWS that are to be copied, each with its targets."""
    found: dict[str, list[Target]] = {}
    for target in declared.targets:
        for policy in list_aws_policies(permissions.snapshot, target) if target.copy is not None else ():
            found.setdefault(policy.arn, []).append(target)
    return tuple(
        (Subject(arn.rpartition("/")[2], arn, None, permissions.policy(arn)), tuple(targets))
        for arn, targets in found.items()
    )


def list_unmatched(permissions: Permissions, declared: Declared) -> tuple[str, ...]:
    """List the patterns of targets that select no policy, for warnings: most often a name is misspelled."""
    names = [(policy.name, policy.arn) for policy in permissions.snapshot.policies]
    inline = [(document.name, "") for owner in permissions.entities.values() for document in owner.inline_policies]
    warnings = []
    for target in declared.targets:
        for option, patterns, known in (
            ("policies", target.policies, names),
            ("inline_policies", target.inline_policies, inline),
        ):
            warnings += [
                f"{target.place}.{option}: the account has no such policy in use: {pattern}"
                for pattern in patterns
                if pattern != "*" and not any(selects((pattern,), *pair) for pair in known)
            ]
        if target.copy is not None and not list_aws_policies(permissions.snapshot, target):
            warnings.append(f"{target.place}.copy: policies selects no policy of AWS by name, so nothing is copied")
    return (*warnings, *_list_unknown_statements(permissions, declared))


def _list_unknown_statements(permissions: Permissions, declared: Declared) -> Iterator[str]:
    """List the patterns for ids of statements that no selected policy has."""
    aimed = (*list_subjects(permissions, declared), *list_originals(permissions, declared))
    for target in declared.targets:
        policies = [subject.policy for subject, targets in aimed if target in targets]
        ids = {item.sid or "" for policy in policies if policy is not None for item in policy.statements}
        for pattern in target.statements if policies else ():
            if not any(fnmatch.fnmatchcase(sid, pattern) for sid in ids):
                yield f"{target.place}.statements: no selected policy has a statement with such an id: {pattern}"


# Who has a policy


def find_holders(snapshot: Snapshot, subject: Subject) -> tuple[t.Union[User, Role], ...]:
    """Find the users and roles whose permissions a policy decides on: attached, through a group, or as boundary."""
    groups = {group.name for group in snapshot.groups if _has(group, subject)}
    users = (
        user
        for user in snapshot.users
        if _has(user, subject) or user.boundary == subject.arn != "" or groups & set(user.groups)
    )
    roles = (role for role in snapshot.roles if _has(role, subject) or role.boundary == subject.arn != "")
    return (*users, *roles)


def _has(owner: Principal, subject: Subject) -> bool:
    if subject.owner is not None:
        return owner.arn == subject.owner.arn
    return subject.arn in owner.attached_policies


def describe_holders(
    permissions: Permissions, principals: Iterable[t.Union[User, Role]], policy: Policy, now: datetime
) -> Holders:
    """Describe the principals that have a policy, as far as its conditions depend on them."""
    found = tuple(principals)
    return Holders(
        now,
        machines=tuple(text for item in found if (text := _find_machine(permissions, item))),
        with_keys=tuple(
            f"user {user.name}" for user in found if isinstance(user, User) and _has_keys(permissions, user)
        ),
        taggers={
            service: names
            for service in _list_tagged_services(policy)
            if (names := tuple(_name(item) for item in found if may_tag(permissions.layers(item.arn), service)))
        },
    )


def _name(principal: Principal) -> str:
    return f"{type(principal).__name__.lower()} {principal.name}"


def _find_machine(permissions: Permissions, principal: t.Union[User, Role]) -> str:
    """Say why a principal never signs in with MFA; empty if it may."""
    if isinstance(principal, User):
        if permissions.snapshot.missing(Dataset.CREDENTIAL_REPORT) is not None:
            return f"{_name(principal)} ({_UNKNOWN_PASSWORD})"
        row = permissions.credential_row(principal)
        is_machine = row is not None and row.password_enabled is False
        return f"{_name(principal)} ({_NO_PASSWORD})" if is_machine else ""
    trust = permissions.trust(principal.arn)
    if trust is None:
        return f"{_name(principal)} ({_UNKNOWN_TRUST})"
    pairs = (pair for item in trust.statements if item.allow for pair in item.principals or ())
    trusted = [value.rpartition("/")[2] for kind, value in pairs if kind in _MACHINES]
    return f"{_name(principal)} ({trusted[0]})" if trusted else ""


def _has_keys(permissions: Permissions, user: User) -> bool:
    row = permissions.credential_row(user)
    return row is not None and bool(row.active_keys)


def _list_tagged_services(policy: Policy) -> tuple[str, ...]:
    """List the services whose resources a policy judges by their tags."""
    services = {
        pattern.partition(":")[0].lower(): None
        for statement in policy.statements
        if any(condition.key.lower().startswith("aws:resourcetag/") for condition in statement.conditions)
        for pattern in statement.actions or ()
    }
    return tuple(service for service in services if service in catalogue.services())


def may_tag(layers: Layers, service: str) -> bool:
    """Whether layers may allow to change tags of a service's resources. In doubt they do."""
    return any(
        _may_allow(layers, action.full_name.lower())
        for action in catalogue.actions(service).values()
        if "Tagging" in action.levels
    )


def _may_allow(layers: Layers, action: str) -> bool:
    if any(_denies_always(item) for item in compile_policies(policies_of(layers)).statements_for(action)):
        return False
    limits = (layers.identity, *([(layers.boundary,)] if layers.boundary else []), *(layers.scps or ()))
    return all(any(item.allow for item in compile_policies(limit).statements_for(action)) for limit in limits)


def _denies_always(compiled: CompiledStatement) -> bool:
    statement = compiled.statement
    return not compiled.allow and not statement.conditions and "*" in (statement.resources or ())
