# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles of a run, as those who use or name them are looked for: each with the new role beside it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...._account.model import Role
from ...._account.permissions import Permissions
from ...._policy.documents.arn import arn_account
from ...._policy.documents.policy import Policy
from ...._policy.evaluation.caller import EVERYONE

# The place of the new role in a command, as long as there is none.
NO_NEW_ROLE: t.Final = "<ARN of the new role>"


@dataclasses.dataclass(frozen=True)
class Target:
    """A role that is right-sized. Without ``new_arn`` there is no new role, now or ever.

    ``trusts`` are the trust policies of both roles. ``is_trust_known`` is False if one of them does not parse.
    """

    arn: str
    unique_id: str = ""
    new_arn: str = ""
    new_id: str = ""
    trusts: tuple[Policy, ...] = ()
    is_trust_known: bool = True
    instance_profiles: tuple[str, ...] = ()
    new_instance_profiles: tuple[str, ...] = ()

    @property
    def account_id(self) -> str:
        return arn_account(self.arn) or ""

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def new_name(self) -> str:
        """The name of the new role, or a place for it."""
        return self.new_arn.rpartition("/")[2] or "<name of the new role>"

    @property
    def replacement(self) -> str:
        """The ARN of the new role, or a place for it."""
        return self.new_arn or NO_NEW_ROLE

    def admits(self, *services: str) -> bool:
        """Whether a service may assume the old or the new role. A trust that is not known may admit all services.

        Some services have the region in their names, and all have another suffix in China. So the beginning decides.
        """
        if not self.is_trust_known:
            return True
        named = (pair for trust in self.trusts for pair in _list_principals(trust))
        return any(pair == EVERYONE or _is_service(pair, services) for pair in named)

    @property
    def admits_services(self) -> bool:
        """Whether any service of AWS may assume the role: only then can something in a region have it."""
        if not self.is_trust_known:
            return True
        named = (pair for trust in self.trusts for pair in _list_principals(trust))
        return any(pair == EVERYONE or pair[0] == "Service" for pair in named)


def _list_principals(trust: Policy) -> Iterator[tuple[str, str]]:
    for statement in trust.statements:
        if statement.allow:
            yield from statement.principals or (() if statement.not_principals is None else (EVERYONE,))


def _is_service(pair: tuple[str, str], services: Iterable[str]) -> bool:
    return pair[0] == "Service" and any(pair[1].startswith(f"{service}.") for service in services)


class Match(t.NamedTuple):
    """A target that something has as its role. ``has_moved``: it has the new role; None as long as there is none."""

    target: Target
    has_moved: t.Optional[bool]


class Targets:
    """All target roles of a run, so that each service is read once for all of them."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.all: t.Final = tuple(targets)

    @classmethod
    def of(cls, permissions: Permissions, roles: Sequence[Role], new_roles: Mapping[str, str]) -> t.Self:
        """The targets ``roles``. ``new_roles`` has the ARNs of new roles by those of old ones."""
        return cls(_make_target(permissions, role, new_roles.get(role.arn, "")) for role in roles)

    @functools.cached_property
    def _by_arn(self) -> Mapping[str, Match]:
        found = {target.new_arn: Match(target, True) for target in self.all if target.new_arn}
        # A role may be the new one of an earlier target: what has it, uses it as a target.
        return found | {target.arn: Match(target, False if target.new_arn else None) for target in self.all}

    @functools.cached_property
    def _by_name(self) -> Mapping[str, Match]:
        return {arn.rpartition("/")[2]: match for arn, match in self._by_arn.items()}

    def find(self, role: t.Optional[str]) -> t.Optional[Match]:
        """Find the target that something has as its role, by its ARN or, as in some services, its name or path."""
        if not role:
            return None
        if role.startswith("arn:"):
            return self._by_arn.get(role)
        return self._by_name.get(role.rpartition("/")[2])

    def find_by_profile(self, profile_arn: str) -> t.Optional[Match]:
        """Find the target whose instance profile this is."""
        for target in self.all:
            if profile_arn in target.new_instance_profiles:
                return Match(target, True)
            if profile_arn in target.instance_profiles:
                return Match(target, False if target.new_arn else None)
        return None

    @property
    def has_profiles(self) -> bool:
        """Whether any target has an instance profile."""
        return any(target.instance_profiles or target.new_instance_profiles for target in self.all)

    def admit(self, *services: str) -> bool:
        """Whether a service may assume any target."""
        return any(target.admits(*services) for target in self.all)


def _make_target(permissions: Permissions, role: Role, new_arn: str) -> Target:
    found = permissions.entities.get(new_arn)
    new = found if isinstance(found, Role) else None
    parsed = [permissions.parse(one.trust, "trust policy") for one in (role, new) if one is not None]
    return Target(
        arn=role.arn,
        unique_id=role.unique_id,
        new_arn=new_arn,
        new_id=new.unique_id if new else "",
        trusts=tuple(policy for policy in parsed if policy is not None),
        is_trust_known=None not in parsed,
        instance_profiles=role.instance_profiles,
        new_instance_profiles=new.instance_profiles if new else (),
    )
