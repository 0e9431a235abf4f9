# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The facts about a principal that a new set of policies depends on."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..documents.arn import arn_account, arn_parts
from ..documents.limits import ATTACHMENTS
from ..documents.policy import Kind, Policy
from ..evaluation.evaluate import Layers


class PrincipalKind(enum.StrEnum):
    """The kinds of principals that can get new policies."""

    ROLE = "role"
    USER = "user"
    GROUP = "group"
    PERMISSION_SET = "permission_set"


# A permission set becomes a role in each account, and its inline policy has the limit of a role's.
# https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
_INLINE: t.Final = {
    PrincipalKind.ROLE: Kind.INLINE_ROLE,
    PrincipalKind.USER: Kind.INLINE_USER,
    PrincipalKind.GROUP: Kind.INLINE_GROUP,
    PrincipalKind.PERMISSION_SET: Kind.INLINE_ROLE,
}


@dataclasses.dataclass(frozen=True)
class Function:
    """A Lambda function that runs with the role."""

    arn: str
    is_in_vpc: bool = False


@dataclasses.dataclass(frozen=True)
class Principal:
    """A principal whose policies are generated.

    ``layers`` are its policies as they are; ``layers.identity`` is all that can be granted again. ``quota`` is how
    many managed policies can be attached to it. ``resources`` are the ARNs of the resources that exist in the account,
    as far as the snapshot has them. ``trusted_services`` are the services that may assume the role. ``title`` is the
    name of a permission set, which its ARN does not have.
    """

    arn: str
    kind: PrincipalKind
    layers: Layers
    quota: t.Optional[int] = None
    trusted_services: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    resources: tuple[str, ...] = ()
    title: str = ""

    @property
    def name(self) -> str:
        """The name without path."""
        return self.title or self.arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account id; empty if the ARN has none, as that of a permission set."""
        return arn_account(self.arn) or ""

    @property
    def partition(self) -> str:
        """The partition of AWS."""
        parts = arn_parts(self.arn)
        return parts.partition if parts else "aws"

    @property
    def inline_kind(self) -> Kind:
        """The kind of its inline policies."""
        return _INLINE[self.kind]

    @property
    def managed_quota(self) -> int:
        """The number of managed policies that can be attached to it."""
        return ATTACHMENTS.get(self.kind.value, ATTACHMENTS["role"]).default if self.quota is None else self.quota

    @property
    def old_policies(self) -> tuple[Policy, ...]:
        """The identity-based policies of today."""
        return self.layers.identity
