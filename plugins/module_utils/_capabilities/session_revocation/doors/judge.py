# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What an intruder can have left in the account to come back by: passwords of others, and roles to get into.

A role that lets in a service is one too: code that the intruder has left there runs with it, and needs no credential.

The keys of others are in ``minted``. Events are 5 to 15 minutes late, so what AWS itself dates is named before one says
who made it.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from ...._account.model import Role, Snapshot
from ...._account.moments import format_utc
from ...._account.permissions import Permissions
from ...._converge.arn import Principal, principal_of, principals_of
from ...._converge.incident.trust import list_openers
from ...._converge.incident.trust_cut import EVERYBODY
from ...._policy.documents.arn import arn_account
from ...._policy.documents.policy import Policy
from ...._policy.hunt.event import Event

Row = dict[str, str]
_SHOWN: t.Final = 3
_IAM: t.Final = "iam.amazonaws.com"
#: Paths below which nobody but AWS makes roles.
_OF_AWS: t.Final = ("/aws-service-role/", "/aws-reserved/")


class Call(enum.StrEnum):
    """The calls that open a door, as events name them."""

    PASSWORD = "CreateLoginProfile"
    OTHER_PASSWORD = "UpdateLoginProfile"
    ROLE = "CreateRole"
    TRUST = "UpdateAssumeRolePolicy"


# The parameter of the request that names whose door it is.
_NAMED_BY: t.Final[Mapping[str, str]] = {
    Call.PASSWORD: "userName",
    Call.OTHER_PASSWORD: "userName",
    Call.ROLE: "roleName",
    Call.TRUST: "roleName",
}


@dataclasses.dataclass(frozen=True, order=True)
class Door:
    """A user with a password, or a role. ``lets_in`` are those that may get into the role, none for a password.

    ``made`` is the moment that AWS or an event gives, and ``maker`` is empty as long as no event says who made it.
    ``are_strangers``: those are of no account of the run, and others of it are not named. ``are_new``: no event says
    who let them in, and ``made`` is when they were made themselves.
    """

    arn: str
    made: datetime
    lets_in: tuple[str, ...] = ()
    maker: str = ""
    is_changed: bool = False
    is_administrator: bool = False
    are_strangers: bool = False
    are_new: bool = False


@dataclasses.dataclass(frozen=True)
class Opening:
    """One call that opened a door: of which kind, the name of the user or role, by whom, and when."""

    call: Call
    name: str
    caller: str
    at: datetime


def parse_opening(event: t.Optional[Event]) -> t.Optional[Opening]:
    """Parse an event; None for another call, and for one that failed."""
    if event is None or event.is_failed or event.source != _IAM or event.name not in _NAMED_BY:
        return None
    name = event.request.get(_NAMED_BY[event.name])
    return Opening(Call(event.name), name, event.principal_arn, event.time) if isinstance(name, str) else None


def find_strangers(trust: t.Optional[Policy], inventory: Collection[str]) -> tuple[str, ...]:
    """Find whom a trust policy lets in that is of no account of the run: others, everybody, identity providers."""
    openers = list_openers(trust) if trust is not None else ()
    return tuple(one.value for one in openers if one.kind == "Federated" or _is_strange(one.value, inventory))


def _is_strange(value: str, inventory: Collection[str]) -> bool:
    account_id = value if value.isdigit() else arn_account(value)
    # The unique id of a principal that is gone lets nobody in.
    return value == EVERYBODY or (account_id is not None and account_id not in inventory)


def _list_let_in(trust: t.Optional[Policy]) -> tuple[str, ...]:
    """List whom a trust policy lets in, services too, but for principals that are gone."""
    openers = list_openers(trust) if trust is not None else ()
    return tuple(one.value for one in openers if one.kind != "AWS" or _is_strange(one.value, ()))


def list_roles(
    snapshot: Snapshot, openings: Iterable[Opening], since: datetime, inventory: Collection[str]
) -> Iterator[Door]:
    """List the roles that were made, or whose trust policy was changed, since a moment, if they let anybody in.

    Of a role that lets strangers in these are named, of any other one all that it lets in.
    """
    permissions = Permissions(snapshot)
    changed = {one.name: one for one in openings if one.call is Call.TRUST and one.at >= since}
    for role in snapshot.roles:
        is_new = role.created is not None and role.created >= since
        if role.path.startswith(_OF_AWS) or not (is_new or role.name in changed):
            continue
        trust = permissions.trust(role.arn)
        strangers = find_strangers(trust, inventory)
        lets_in = strangers or _list_let_in(trust)
        if lets_in:
            yield Door(
                role.arn,
                role.created if is_new and role.created else changed[role.name].at,
                lets_in,
                is_changed=not is_new,
                is_administrator=_is_administrator(role),
                are_strangers=bool(strangers),
            )


def list_old_roles(
    snapshot: Snapshot, openings: Iterable[Opening], since: datetime, providers: Mapping[str, datetime]
) -> Iterator[Door]:
    """List the roles of before that let in what was made since: a user, a role, or one of the identity ``providers``.

    AWS does not date a trust policy, but it dates these. IAM keeps a user and a role in it by the unique id, so that
    the trust policy is younger than they are. It keeps a session and a provider by the ARN: who makes one again is let
    in without a change. Whom the last change that an event shows can have let in is left out.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    permissions = Permissions(snapshot)
    shown: dict[str, datetime] = {}
    for one in openings:
        if one.call is Call.TRUST:
            shown[one.name] = max(one.at, shown.get(one.name, one.at))
    users = {principal_of(user.arn): user.created for user in snapshot.users}
    roles = {principal_of(role.arn): role.created for role in snapshot.roles}
    dated = {**users, **roles}
    for role in list_older(snapshot, since):
        openers = list_openers(trust) if (trust := permissions.trust(role.arn)) is not None else ()
        made = {one.value: providers.get(one.value) or dated.get(principal_of(one.value)) for one in openers}
        last = shown.get(role.name)
        found = {arn: at for arn, at in made.items() if at is not None and at >= since and (last is None or at > last)}
        if found:
            yield Door(
                role.arn,
                min(found.values()),
                tuple(found),
                is_changed=True,
                is_administrator=_is_administrator(role),
                are_new=True,
            )


def list_older(snapshot: Snapshot, since: datetime) -> Iterator[Role]:
    """List the roles that were there before a moment, but for those that AWS makes."""
    for role in snapshot.roles:
        if not role.path.startswith(_OF_AWS) and (role.created is None or role.created < since):
            yield role


def list_providers(trust: t.Optional[Policy]) -> tuple[str, ...]:
    """List the identity providers of the account that a trust policy lets in."""
    openers = list_openers(trust) if trust is not None else ()
    return tuple(one.value for one in openers if one.kind == "Federated" and one.value.startswith("arn:"))


def list_set_passwords(
    snapshot: Snapshot, openings: Iterable[Opening], known: Iterable[Door], denied: Collection[str]
) -> Iterator[Door]:
    """List the users whose password an event says was set: AWS dates one by its first moment alone.

    Those that are ``known`` and those that are ``denied`` are left out.
    """
    left_out = {*(door.arn for door in known), *denied}
    set_at = {one.name: one.at for one in openings if one.call is Call.OTHER_PASSWORD}
    users = (user for user in snapshot.users if user.name in set_at and user.arn not in left_out)
    yield from (Door(user.arn, set_at[user.name]) for user in users)


def _is_administrator(role: Role) -> bool:
    return any(arn.rpartition("/")[2] == "AdministratorAccess" for arn in role.attached_policies)


def judge(
    doors: Iterable[Door],
    openings: Collection[Opening],
    makers: Collection[Principal],
    unmade: Collection[str] = (),
) -> tuple[Door, ...]:
    """Judge doors: keep those that one of the ``makers`` opened, or of which no event says who did.

    ``makers`` are all that the incident reaches. Who came in by a door is a maker too. None of them may make what is
    ``unmade``, by the ARN: that is kept only if an event says that one of them did, and has lost the right since.
    """
    waiting, known = list(doors), set(makers)
    while True:
        found = _judge(waiting, openings, known, unmade)
        opened = principals_of(door.arn for door in found)
        if opened <= known:
            return found
        known |= opened


def _judge(
    doors: Iterable[Door], openings: Collection[Opening], makers: Collection[Principal], unmade: Collection[str]
) -> tuple[Door, ...]:
    found = []
    for door in doors:
        calls = [one for one in openings if one.name == door.arn.rpartition("/")[2] and _opens(one, door)]
        ours = [one for one in calls if principal_of(one.caller) in makers]
        if ours:
            found.append(dataclasses.replace(door, maker=ours[0].caller))
        elif not calls and door.arn not in unmade:
            found.append(door)
    return tuple(sorted(found))


def _opens(opening: Opening, door: Door) -> bool:
    if door.are_new:
        return False
    if ":user/" in door.arn:
        return opening.call in (Call.PASSWORD, Call.OTHER_PASSWORD)
    return opening.call in (Call.TRUST,) if door.is_changed else opening.call in (Call.ROLE, Call.TRUST)


def describe(door: Door, since: datetime) -> Row:
    """Describe a door as what is not denied, with the entry that contains it."""
    when = format_utc(door.made)
    by = (
        f"by {door.maker}, which the incident reaches"
        if door.maker
        else (f"after {format_utc(since)}; no event says yet who made it")
    )
    if ":user/" in door.arn:
        reason = f"its password was made at {when} {by}, and it works"
        entry = f'users of the incident "{door.arn}"'
    else:
        names = ", ".join(door.lets_in[:_SHOWN])
        what = "its trust policy was changed" if door.is_changed else "the role was made"
        if door.are_new:
            what, by = "it was opened", "or later; no event says yet who did it"
        who = "an administrator that lets in" if door.is_administrator else "it lets in"
        which = ", which the run does not know" if door.are_strangers else ", made since" if door.are_new else ""
        reason = f"{what} at {when} {by}: {who} {names}{which}"
        # A role that was there before may have others who need it.
        is_cut_by_name = door.is_changed and (door.are_strangers or door.are_new)
        cut = f'cut: trust, principal: "{door.lets_in[0]}", restore: false' if is_cut_by_name else "cut: all_sessions"
        entry = f'roles of the incident {{arn: "{door.arn}", {cut}}}'
    step = f"if your people did not make it, add to {entry}, and run again"
    return {"principal": door.arn, "reason": reason, "next_step": step}
