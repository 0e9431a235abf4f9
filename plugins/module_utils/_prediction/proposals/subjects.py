# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that get new policies, with the facts that these depend on."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..._account.model import Group, Role, Snapshot, User
from ..._account.permissions import Permissions
from ..._converge.errors import InputError
from ..._converge.untouchable import UntouchablePrincipals
from ..._policy.least_privilege.principal import Function, Principal, PrincipalKind

Entity = t.Union[User, Group, Role]

# IAM Identity Center names the role of a permission set so, with an id of 16 digits at the end:
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_SET: t.Final = re.compile(r"AWSReservedSSO_(?P<name>.+)_[0-9a-f]{16}")
_KINDS: t.Final = {User: PrincipalKind.USER, Group: PrincipalKind.GROUP, Role: PrincipalKind.ROLE}
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
_QUOTAS: t.Final = {
    PrincipalKind.USER: "AttachedPoliciesPerUserQuota",
    PrincipalKind.GROUP: "AttachedPoliciesPerGroupQuota",
    PrincipalKind.ROLE: "AttachedPoliciesPerRoleQuota",
}
_LAMBDA: t.Final = "lambda.amazonaws.com"


@dataclasses.dataclass(frozen=True)
class Subject:
    """One principal that was chosen. ``members`` are the ARNs whose calls count: itself, or the members of a group.

    ``permission_set`` is the name of the permission set that IAM Identity Center made the role from.
    """

    entity: Entity
    members: tuple[str, ...]
    permission_set: t.Optional[str] = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.entity.arn

    @property
    def kind(self) -> PrincipalKind:
        """Its kind; a role of IAM Identity Center is a permission set."""
        return PrincipalKind.PERMISSION_SET if self.permission_set else _KINDS[type(self.entity)]

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which patterns find it: its ARN, ``kind/path/name``, ``kind/name`` and its bare name."""
        kind = _KINDS[type(self.entity)].value
        names = (self.arn, self.arn.rpartition(":")[2], f"{kind}/{self.entity.name}", self.entity.name)
        return (*names, f"permission_set/{self.permission_set}") if self.permission_set else names


@dataclasses.dataclass(frozen=True)
class Choice:
    """The chosen principals, and those that nobody can change, with the reason."""

    subjects: tuple[Subject, ...]
    skipped: tuple[Mapping[str, str], ...]


def choose(
    patterns: Sequence[str], tags: Mapping[str, str], snapshot: Snapshot, untouchable: UntouchablePrincipals
) -> Choice:
    """Choose the principals that a pattern names and that have all the tags, but for those that stay as they are.

    :raises InputError: a pattern, or the tags, match nobody.
    """
    entities: tuple[Entity, ...] = (*snapshot.users, *snapshot.groups, *snapshot.roles)
    everybody = [_make_subject(entity, snapshot) for entity in entities]
    found: dict[str, Subject] = {}
    for pattern in patterns:
        matching = [item for item in everybody if any(fnmatch.fnmatchcase(name, pattern) for name in item.names)]
        if not matching:
            raise InputError(
                f"principals: {pattern!r} matches no user, group, role or permission set of account "
                f"{snapshot.account_id}"
            )
        found.update({item.arn: item for item in matching})
    chosen = {arn: item for arn, item in found.items() if _has_tags(item.entity, tags)}
    if not chosen:
        raise InputError(f"principal_tags: none of the {len(found)} principals has all of {dict(tags)!r}")
    reasons = {arn: reason for arn, item in chosen.items() if (reason := _find_reason_to_skip(item, untouchable))}
    return Choice(
        tuple(item for arn, item in chosen.items() if arn not in reasons),
        tuple({"principal": arn, "reason": reason} for arn, reason in reasons.items()),
    )


def _find_reason_to_skip(subject: Subject, untouchable: UntouchablePrincipals) -> t.Optional[str]:
    """Why a principal gets no new policies; None if it gets some. A permission set is changed where it is defined."""
    if subject.permission_set:
        return None
    if isinstance(subject.entity, Role) and subject.entity.is_service_linked:
        return "a service-linked role belongs to its AWS service, and nobody can change it"
    refusal = untouchable.refusal(subject.arn)
    return refusal.reason if refusal else None


def _make_subject(entity: Entity, snapshot: Snapshot) -> Subject:
    if isinstance(entity, Group):
        return Subject(entity, tuple(user.arn for user in snapshot.users if entity.name in user.groups))
    found = _SET.fullmatch(entity.name) if isinstance(entity, Role) and entity.is_aws_reserved else None
    return Subject(entity, (entity.arn,), found["name"] if found else None)


def _has_tags(entity: Entity, wanted: Mapping[str, str]) -> bool:
    """Keys of tags have no case on users and roles, and groups have none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    own = {} if isinstance(entity, Group) else {key.lower(): value for key, value in entity.tags.items()}
    return all(key.lower() in own and fnmatch.fnmatchcase(own[key.lower()], value) for key, value in wanted.items())


def describe(subject: Subject, permissions: Permissions, functions: Mapping[str, Sequence[Function]]) -> Principal:
    """Collect the facts about a principal that its new policies depend on. ``functions`` are by the role's ARN."""
    snapshot = permissions.snapshot
    quota = _QUOTAS.get(subject.kind)
    return Principal(
        arn=subject.arn,
        kind=subject.kind,
        layers=permissions.layers(subject.arn),
        quota=snapshot.summary.get(quota) if quota else None,
        trusted_services=tuple(_list_trusted_services(subject, permissions)),
        functions=tuple(functions.get(subject.arn, ())),
        resources=_list_resources(snapshot, functions),
        title=subject.permission_set or "",
    )


def _list_trusted_services(subject: Subject, permissions: Permissions) -> Iterator[str]:
    trust = permissions.trust(subject.arn)
    for statement in trust.statements if trust is not None else ():
        if statement.allow:
            yield from (value for kind, value in statement.principals or () if kind == "Service")


def _list_resources(snapshot: Snapshot, functions: Mapping[str, Sequence[Function]]) -> tuple[str, ...]:
    """The resources of the account that are known: a pattern that also matches others of them is shown to a person."""
    groups = (snapshot.users, snapshot.groups, snapshot.roles, snapshot.policies)
    own = [str(entity.arn) for group in groups for entity in group]
    return tuple(dict.fromkeys((*own, *(item.arn for found in functions.values() for item in found))))
