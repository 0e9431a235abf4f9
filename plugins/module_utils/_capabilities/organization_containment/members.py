# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles of a member account that go on while it is contained: those of the run, and break-glass.

An intruder who is an administrator of the account can let anybody assume a role. So a role goes on only if nobody can
come into it but from accounts of the run that are not contained themselves.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence

from ..._account.model import Role, Snapshot
from ..._account.permissions import Permissions
from ..._converge.arn import is_break_glass
from ..._converge.break_glass_state import list_trusted

_ACCOUNT: t.Final = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?([0-9]{12})(?::.*)?", re.ASCII | re.DOTALL)
_PLAIN: t.Final = re.compile(r"[\w+=,.@:/-]+", re.ASCII)
_OF_USER: t.Final = "it is a user, and an intruder in the account may have made credentials of it"
# Only AWS makes roles there: https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
_LINKED: t.Final = "/aws-service-role/"


@dataclasses.dataclass(frozen=True)
class Keeper:
    """A role that goes on in the account; with a ``problem`` it must not. ``is_denied`` says whether it can't then."""

    arn: str
    is_break_glass: bool = False
    problem: str = ""
    is_denied: bool = True

    def as_dict(self) -> dict[str, t.Any]:
        """The role in a result."""
        return {"role": self.arn, "break_glass": self.is_break_glass, "continues": not self.problem, **self._why()}

    def _why(self) -> dict[str, str]:
        return {"reason": self.problem} if self.problem else {}


@dataclasses.dataclass(frozen=True)
class Member:
    """A member account as it was read: the roles that could go on. ``problem`` says why it is not known.

    ``holes`` says of each user and role that somebody else could come into how that is. ``user_ids`` are the unique ids
    of users by ARN.
    """

    account_id: str
    keepers: tuple[Keeper, ...] = ()
    problem: str = ""
    holes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    user_ids: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def exempt(self) -> tuple[str, ...]:
        """The ARNs of the roles that go on."""
        return tuple(keeper.arn for keeper in self.keepers if not keeper.problem)

    @property
    def has_break_glass(self) -> bool:
        """Whether a break-glass role goes on."""
        return any(keeper.is_break_glass and not keeper.problem for keeper in self.keepers)


def judge_member(
    snapshot: Snapshot,
    own_roles: Sequence[str],
    patterns: Sequence[str],
    admitting: Collection[str],
    helpless: Mapping[str, str],
) -> Member:
    """Judge the roles of a member.

    ``own_roles`` are those of the run, ``patterns`` the declared break-glass principals, and ``admitting`` the accounts
    from which people may come. ``helpless`` says why a break-glass principal can't be used.
    """
    permissions = Permissions(snapshot)
    known = {role.arn: role for role in snapshot.roles}
    found = [_judge(arn, known.get(arn), permissions, admitting) for arn in own_roles]
    for role in snapshot.roles:
        if is_break_glass(role.arn, patterns) and role.arn not in own_roles:
            keeper = _judge(role.arn, role, permissions, admitting)
            problem = keeper.problem or helpless.get(role.arn, "")
            found.append(dataclasses.replace(keeper, is_break_glass=True, problem=problem))
    found += list(_list_users(snapshot, patterns))
    ids = {user.arn: user.unique_id for user in snapshot.users if user.unique_id}
    return Member(snapshot.account_id, tuple(found), holes=_find_holes(permissions, admitting), user_ids=ids)


def _find_holes(permissions: Permissions, admitting: Collection[str]) -> dict[str, str]:
    """Find all users and roles that somebody could come into who must not, but for what no control policy binds."""
    snapshot = permissions.snapshot
    holes = {user.arn: _OF_USER for user in snapshot.users}
    for role in snapshot.roles:
        hole = "" if role.path.startswith(_LINKED) else find_hole(permissions, role.arn, admitting)
        holes |= {role.arn: hole} if hole else {}
    return holes


def _judge(arn: str, role: t.Optional[Role], permissions: Permissions, admitting: Collection[str]) -> Keeper:
    if role is None:
        return Keeper(arn, problem="there is no such role")
    if not _PLAIN.fullmatch(arn):
        return Keeper(arn, problem="its path has signs that a policy would take for a pattern")
    return Keeper(arn, problem=find_hole(permissions, arn, admitting))


def _list_users(snapshot: Snapshot, patterns: Sequence[str]) -> Iterator[Keeper]:
    for user in snapshot.users:
        if is_break_glass(user.arn, patterns):
            yield Keeper(user.arn, is_break_glass=True, problem=_OF_USER)


def find_hole(permissions: Permissions, arn: str, admitting: Collection[str]) -> str:
    """Find out how somebody could come into a role who must not; empty if only ``admitting`` accounts can.

    Principals of the account itself are denied everything, so that they can't assume it either. Services and identity
    providers act for everybody who controls the account.
    """
    trust = permissions.trust(arn)
    if trust is None:
        return "its trust policy can't be read"
    own, enter = permissions.snapshot.account_id, False
    for kind, value in list_trusted(trust):
        match = _ACCOUNT.fullmatch(value) if kind == "AWS" else None
        if match is None:
            return f"its trust policy lets {value} in, which is not limited to accounts of this run"
        if match[1] in admitting:
            enter = True
        elif match[1] != own:
            return f"its trust policy lets account {match[1]} in, which is contained or not in inventory_accounts"
    return "" if enter else "nobody outside the account can assume it"
