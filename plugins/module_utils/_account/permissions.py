# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policies that bear on each principal of a snapshot, parsed once each."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from collections.abc import Iterator, Mapping

from .._policy.documents.parse import parse
from .._policy.documents.policy import Policy, PolicyError
from .._policy.escalation.landscape import Landscape, Subject, SubjectKind
from .._policy.evaluation.evaluate import Layers
from .model import ControlPolicy, CredentialRow, Group, ManagedPolicy, PolicyDocument, Role, Snapshot, User

Principal = t.Union[User, Group, Role]
Levels = tuple[tuple[Policy, ...], ...]

# AWS's own policies that are known by their names, where an account has them attached nowhere, with their effects:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDenyAll.html
_OF_AWS: t.Final = {"AdministratorAccess": "Allow", "AWSDenyAll": "Deny"}


class _Controls(t.TypedDict):
    """The control policies of the organization, as ``Layers`` takes them."""

    scps: t.Optional[Levels]
    scp_levels: tuple[str, ...]
    rcps: t.Optional[Levels]
    rcp_levels: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class HeldPolicy:
    """One identity policy that counts for a principal, and how it comes there.

    ``way`` is ``attached``, ``inline`` or ``group NAME``; ``policy`` is None where the document is not known.
    """

    label: str
    way: str
    policy: t.Optional[Policy]


class Permissions:
    """The policies that decide on requests of a snapshot's principals. Everything is derived on first use and kept.

    Principals with the same policies share one ``Layers``: what was found out of one of them holds for all, as far as
    it does not depend on who they are.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        # By identity: the snapshot keeps the documents alive, and hashing a large one costs as much as parsing it.
        self._read: dict[int, t.Optional[Policy]] = {}
        self._texts: dict[tuple[str, str], t.Optional[Policy]] = {}
        self._held: dict[str, tuple[HeldPolicy, ...]] = {}
        self._layers: dict[t.Hashable, Layers] = {}

    @functools.cached_property
    def entities(self) -> Mapping[str, Principal]:
        """Users, groups and roles by ARN."""
        found: tuple[Principal, ...] = (*self.snapshot.users, *self.snapshot.groups, *self.snapshot.roles)
        return {entity.arn: entity for entity in found}

    @property
    def principals(self) -> tuple[str, ...]:
        """The ARNs of all that can make requests: users and roles."""
        return (*(user.arn for user in self.snapshot.users), *(role.arn for role in self.snapshot.roles))

    @functools.cached_property
    def _groups(self) -> Mapping[str, Group]:
        return {group.name: group for group in self.snapshot.groups}

    @functools.cached_property
    def _managed(self) -> Mapping[str, ManagedPolicy]:
        return {policy.arn: policy for policy in self.snapshot.policies}

    @property
    def administrator_access(self) -> str:
        """The ARN of AWS's own policy for administrators in this partition."""
        return f"arn:{self.snapshot.partition}:iam::aws:policy/AdministratorAccess"

    # Documents

    def parse(self, document: PolicyDocument, name: str) -> t.Optional[Policy]:
        """Parse a document of the snapshot as a policy called ``name``; return None if it does not parse."""
        key = id(document)
        if key not in self._read:
            self._read[key] = self._parse(document, name)
        return self._read[key]

    def _parse(self, document: PolicyDocument, name: str) -> t.Optional[Policy]:
        if document.document is None:
            return None
        # Inline and trust policies are often the same in hundreds of places.
        text = (name, json.dumps(document.document, default=str))
        if text not in self._texts:
            try:
                self._texts[text] = parse(document.document, name=name)
            except PolicyError:
                self._texts[text] = None
        return self._texts[text]

    def policy(self, arn: str) -> t.Optional[Policy]:
        """The default version of a managed policy; None where it was not read or does not parse.

        AWS's policies for administrators and for nobody are known by their names.
        """
        managed = self._managed.get(arn)
        document = self._of_aws.get(arn) if managed is None else managed.default_version
        return self.parse(document, arn) if document else None

    @functools.cached_property
    def _of_aws(self) -> Mapping[str, PolicyDocument]:
        return {
            f"arn:{self.snapshot.partition}:iam::aws:policy/{name}": PolicyDocument(
                "v1", {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}}
            )
            for name, effect in _OF_AWS.items()
        }

    def trust(self, role_arn: str) -> t.Optional[Policy]:
        """The trust policy of a role; None where it does not parse."""
        role = self.entities.get(role_arn)
        return self.parse(role.trust, "trust policy") if isinstance(role, Role) else None

    # Layers

    def list_policies(self, arn: str) -> tuple[HeldPolicy, ...]:
        """List the identity policies of a user (those of its groups included), group or role."""
        if arn not in self._held:
            entity = self.entities[arn]
            names = entity.groups if isinstance(entity, User) else ()
            through = (item for name in names for item in self._held_by_members.get(name, ()))
            self._held[arn] = (*self._own(entity), *through)
        return self._held[arn]

    def _own(self, entity: Principal) -> Iterator[HeldPolicy]:
        for arn in entity.attached_policies:
            yield HeldPolicy(arn.rpartition("/")[2], "attached", self.policy(arn))
        owner = f" of group {entity.name}" if isinstance(entity, Group) else ""
        for document in entity.inline_policies:
            yield HeldPolicy(document.name, "inline", self.parse(document, f"inline policy {document.name}{owner}"))

    @functools.cached_property
    def _held_by_members(self) -> Mapping[str, tuple[HeldPolicy, ...]]:
        return {
            group.name: tuple(dataclasses.replace(item, way=f"group {group.name}") for item in self._own(group))
            for group in self.snapshot.groups
        }

    def layers(self, arn: str) -> Layers:
        """All that decides on the requests of a user or a role; of a group, on those that its members make by it.

        What is not known is left out, a boundary and control policies too: they could only take more away.
        """
        entity = self.entities[arn]
        identity = {id(item.policy): item.policy for item in self.list_policies(arn) if item.policy is not None}
        limit = None if isinstance(entity, Group) else entity.boundary
        boundary = self.policy(limit) if limit else None
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
        exempt = isinstance(entity, Role) and entity.is_service_linked
        key = (frozenset(identity), id(boundary), exempt)
        if key not in self._layers:
            self._layers[key] = self.limit(tuple(identity.values()), boundary, exempt=exempt)
        return self._layers[key]

    def limit(
        self, identity: tuple[Policy, ...], boundary: t.Optional[Policy] = None, *, exempt: bool = False
    ) -> Layers:
        """Limit identity policies by the control policies of the organization, unless ``exempt`` from them."""
        if exempt:
            return Layers(identity=identity, boundary=boundary)
        return Layers(identity=identity, boundary=boundary, **self._controls)

    @functools.cached_property
    def _controls(self) -> _Controls:
        levels = self.snapshot.organization_policies
        return {
            "scps": self._levels([level.scps for level in levels]),
            "scp_levels": tuple(level.target_name for level in levels if level.scps),
            "rcps": self._levels([level.rcps for level in levels]),
            "rcp_levels": tuple(level.target_name for level in levels if level.rcps),
        }

    def _levels(self, levels: list[tuple[ControlPolicy, ...]]) -> t.Optional[Levels]:
        """Control policies by level; None where none apply, or where one is not known and so may allow or deny.

        A level without any is one of a type of policy that the organization has not enabled.
        """
        parsed = [[self.parse(item.document, item.name) for item in level] for level in levels if level]
        if not parsed or any(policy is None for level in parsed for policy in level):
            return None
        return tuple(tuple(policy for policy in level if policy is not None) for level in parsed)

    @property
    def rcps(self) -> tuple[Policy, ...]:
        """The resource control policies that hold in this account, of all levels; empty where none are known."""
        return tuple(policy for level in self._controls["rcps"] or () for policy in level)

    # Unknown policies

    def unknown(self, arn: str) -> tuple[str, ...]:
        """The identity policies of a principal that are not known: documents that were not read or don't parse."""
        return tuple(item.label for item in self.list_policies(arn) if item.policy is None)

    def unknown_boundary(self, arn: str) -> t.Optional[str]:
        """The ARN of a principal's boundary where it is not known how much it leaves."""
        entity = self.entities[arn]
        boundary = None if isinstance(entity, Group) else entity.boundary
        return boundary if boundary and self.policy(boundary) is None else None

    @functools.cached_property
    def unreadable(self) -> tuple[str, ...]:
        """Labels of all documents of the snapshot that don't parse."""
        labelled: list[tuple[str, t.Optional[Policy]]] = [
            (policy.name, self.policy(policy.arn)) for policy in self.snapshot.policies
        ]
        for entity in self.entities.values():
            labelled += [
                (f"{entity.name}/{item.label}", item.policy) for item in self._own(entity) if item.way == "inline"
            ]
        labelled += [(f"trust policy of {role.name}", self.trust(role.arn)) for role in self.snapshot.roles]
        for level in self.snapshot.organization_policies:
            labelled += [(item.name, self.parse(item.document, item.name)) for item in (*level.scps, *level.rcps)]
        return tuple(label for label, policy in labelled if policy is None)

    @functools.cached_property
    def unread(self) -> tuple[str, ...]:
        """The names of attached managed policies that the snapshot does not have: what they allow is not known."""
        attached = {arn for entity in self.entities.values() for arn in entity.attached_policies}
        missing = (arn for arn in attached if arn not in self._managed and self.policy(arn) is None)
        return tuple(sorted(arn.rpartition("/")[2] for arn in missing))

    # For the search of escalation paths

    @functools.cached_property
    def _credentials(self) -> Mapping[str, CredentialRow]:
        report = self.snapshot.credential_report
        return {row.arn: row for row in report.users} if report else {}

    @functools.cached_property
    def landscape(self) -> Landscape:
        """The account as the search for privilege escalation sees it."""
        return Landscape(
            account_id=self.snapshot.account_id,
            partition=self.snapshot.partition,
            subjects=tuple(self._subject(entity) for entity in self.entities.values()),
            policies={
                arn: policy
                for arn in (*self._managed, self.administrator_access)
                if (policy := self.policy(arn)) is not None
            },
            unreadable=self.unreadable,
            organization_id=self.snapshot.organization.id if self.snapshot.organization else None,
        )

    def credential_row(self, user: User) -> t.Optional[CredentialRow]:
        """The row of the credential report on a user; None where it was not read, or is about another one."""
        row = self._credentials.get(user.arn)
        return row if row is not None and row.is_about(user) else None

    def _subject(self, entity: Principal) -> Subject:
        if isinstance(entity, Group):
            identity = tuple(item.policy for item in self._own(entity) if item.policy is not None)
            return Subject(entity.arn, SubjectKind.GROUP, Layers(identity=identity), managed=entity.attached_policies)
        if isinstance(entity, Role):
            return Subject(
                entity.arn,
                SubjectKind.ROLE,
                self.layers(entity.arn),
                trust=self.trust(entity.arn),
                managed=entity.attached_policies,
                boundary_arn=entity.boundary,
                instance_profiles=entity.instance_profiles,
                tags=entity.tags,
                is_aws_owned=entity.is_aws_reserved,
            )
        return self._user(entity)

    def _user(self, user: User) -> Subject:
        groups = [self._groups[name] for name in user.groups if name in self._groups]
        managed = (*user.attached_policies, *(arn for group in groups for arn in group.attached_policies))
        row = self._credentials.get(user.arn)
        return Subject(
            user.arn,
            SubjectKind.USER,
            self.layers(user.arn),
            groups=tuple(group.arn for group in groups),
            managed=tuple(dict.fromkeys(managed)),
            boundary_arn=user.boundary,
            tags=user.tags,
            has_password=row.password_enabled if row else None,
            active_keys=len(row.active_keys) if row else None,
            has_mfa=row.mfa_active if row else None,
        )
