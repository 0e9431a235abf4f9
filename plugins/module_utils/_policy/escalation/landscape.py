# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An account as the search for privilege escalation sees it: who is there, what each may do, who trusts whom."""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t
from collections.abc import Mapping

from ..documents.arn import iam_region
from ..documents.policy import Policy
from ..evaluation.evaluate import Layers


class SubjectKind(enum.StrEnum):
    """The kind of a subject. A group is no principal, but a change of a group changes the rights of its members."""

    USER = "user"
    ROLE = "role"
    GROUP = "group"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A user, role or group.

    ``layers`` are all that decides on its requests; of a group only ``identity`` is filled in, and a user's has the
    policies of its groups. ``managed`` are the ARNs of the managed policies attached to it, of a user also those of its
    groups. ``groups`` are the ARNs of a user's groups. ``trust`` is a role's trust policy, None where it did not parse.
    ``is_aws_owned`` says that AWS refuses to change it: service-linked roles and those of IAM Identity Center.
    ``has_password``, ``active_keys`` and ``has_mfa`` are None where the credential report was not read, and for roles.
    """

    arn: str
    kind: SubjectKind
    layers: Layers
    trust: t.Optional[Policy] = None
    groups: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    boundary_arn: t.Optional[str] = None
    instance_profiles: tuple[str, ...] = ()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_aws_owned: bool = False
    has_password: t.Optional[bool] = None
    active_keys: t.Optional[int] = None
    has_mfa: t.Optional[bool] = None

    @functools.cached_property
    def name(self) -> str:
        """The friendly name, without the path."""
        return self.arn.rpartition("/")[2]

    @property
    def is_principal(self) -> bool:
        """Whether it can make requests: users and roles can, groups can't."""
        return self.kind is not SubjectKind.GROUP


@dataclasses.dataclass(frozen=True)
class Landscape:
    """One account. ``policies`` are the managed policies by ARN, those of AWS included where they are in use.

    ``unreadable`` are the labels of documents that did not parse: what rests on them is not known.
    """

    account_id: str
    partition: str
    subjects: tuple[Subject, ...]
    policies: Mapping[str, Policy] = dataclasses.field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    organization_id: t.Optional[str] = None

    @property
    def iam_region(self) -> str:
        """The region in which IAM itself is called."""
        return iam_region(self.partition) or "us-east-1"

    @functools.cached_property
    def by_arn(self) -> Mapping[str, Subject]:
        """The subjects by ARN."""
        return {subject.arn: subject for subject in self.subjects}

    @functools.cached_property
    def members(self) -> Mapping[str, tuple[Subject, ...]]:
        """The users of each group, by the group's ARN."""
        found: dict[str, tuple[Subject, ...]] = {}
        for subject in self.subjects:
            for group in subject.groups:
                found[group] = (*found.get(group, ()), subject)
        return found

    @functools.cached_property
    def holders(self) -> Mapping[str, tuple[Subject, ...]]:
        """The subjects that each managed policy counts for, by its ARN; as a boundary it counts for nobody here."""
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            for arn in subject.managed:
                found.setdefault(arn, []).append(subject)
        return {arn: tuple(subjects) for arn, subjects in found.items()}

    @functools.cached_property
    def bounded(self) -> Mapping[str, tuple[Subject, ...]]:
        """The subjects that each managed policy is the permissions boundary of, by its ARN."""
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            if subject.boundary_arn is not None:
                found.setdefault(subject.boundary_arn, []).append(subject)
        return {arn: tuple(subjects) for arn, subjects in found.items()}
