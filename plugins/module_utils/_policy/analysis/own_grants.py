# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that a role of this collection needs for a capability, beyond the list of its operations.

The templates below ``examples/bootstrap`` and ``docs/permissions.md`` are made of them.
"""

from __future__ import annotations

import dataclasses
import types
import typing as t
from collections.abc import Mapping

# The begin of the ARNs of IAM's objects in the account of a template.
IAM: t.Final = "arn:${Partition}:iam::${Account}:"

# Patterns that CloudFormation and Terraform hold the ARNs of a user's own resources against.
ROLE_ARN: t.Final = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+"
TOPIC_ARN: t.Final = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\w-]{1,256}(\.fifo)?"

Condition = Mapping[str, Mapping[str, t.Any]]
V = t.TypeVar("V")

_NOTHING: t.Final[Mapping[str, t.Any]] = types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class OwnResource:
    """A resource of the user's own, whose ARN a parameter of the template gives, and the action on it."""

    parameter: str
    action: str
    description: str
    pattern: str


@dataclasses.dataclass(frozen=True)
class Grants:
    """The permissions of one capability.

    ``name`` is the name of its policy, where that is not the name of its role.
    ``resources`` has the ARNs of an action, where they are fewer than all of the kinds in AWS's list, or others.
    ``conditions`` has what narrows an action beyond its resources; an empty condition is none.
    In both a name that ends in ":" stands for all other actions of a service.
    ``jobs`` are operations that modules which only answer start in the same role.
    ``purposes`` says what the answer of a read is for, where no control rests on it.
    """

    name: str = ""
    resources: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=lambda: _NOTHING)
    conditions: Mapping[str, Condition] = dataclasses.field(default_factory=lambda: _NOTHING)
    own_resources: tuple[OwnResource, ...] = ()
    jobs: frozenset[str] = frozenset()
    purposes: Mapping[str, str] = dataclasses.field(default_factory=lambda: _NOTHING)

    def resources_of(self, action: str) -> t.Optional[tuple[str, ...]]:
        """The ARNs of an action; None where AWS's list says which they are."""
        return _look_up(self.resources, action)

    def condition_of(self, action: str) -> t.Optional[Condition]:
        """The condition on an action; None without one."""
        return _look_up(self.conditions, action) or None


def _look_up(by_action: Mapping[str, V], action: str) -> t.Optional[V]:
    service = f"{action.partition(':')[0]}:"
    return by_action.get(action, by_action.get(service))
