# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles of one account whose sessions are cut, and those that are left alone.

People name roles and sessions. All other roles are discovered: a credential can reach them, or was seen to. Of these
only narrow sessions are cut, and none if the role belongs to AWS, to a landing zone, to break-glass or to the run.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from ..._converge.arn import principal_of, principals_of
from ..._converge.change import Refusal
from ..._converge.incident.declaration import Incident, SessionSort
from ..._converge.untouchable import UntouchablePrincipals
from .cut import Cut
from .edges import AccountEdges
from .reach import Reached, ReachResult, Source

# They get new credentials under the same name for as long as they run.
_SOURCES: t.Final = frozenset({SessionSort.INSTANCE, SessionSort.TASK, SessionSort.FUNCTION})


@dataclasses.dataclass(frozen=True)
class Target:
    """A role of the account. ``reached`` says how it can have been reached, None if people or a hunt named it."""

    arn: str
    cut: Cut
    is_named: bool = False
    reached: t.Optional[Reached] = None

    @property
    def name(self) -> str:
        """The name of the role, without its path."""
        return self.arn.rpartition("/")[2]


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The targets in an account, and why other roles that can have been reached are left alone, by their ARNs."""

    targets: tuple[Target, ...] = ()
    not_cut: Mapping[str, Refusal] = dataclasses.field(default_factory=dict)


def list_sources(incident: Incident, users: Iterable[str], roles: Iterable[str] = ()) -> tuple[Source, ...]:
    """List the sources of a walk: users and roles by their ARNs, and the roles that the incident names."""
    found = {arn: Source(arn, "the user of a leaked credential") for arn in (*incident.users, *users)}
    for session in incident.sessions:
        found.setdefault(session.role, Source(session.role, f"a session of the sort {session.sort}"))
    for role in incident.roles:
        found.setdefault(role.arn, Source(role.arn, "named in incident.roles"))
    for seen in incident.seen:
        found.setdefault(seen.role, Source(seen.role, "a session of it was seen"))
    for arn in roles:
        found.setdefault(arn, Source(arn, "a leaked key is of a session of it"))
    return tuple(found.values())


def list_starts(
    incident: Incident, sources: Iterable[Source], accounts: Mapping[str, AccountEdges]
) -> tuple[Source, ...]:
    """List the sources that a walk begins with: all but named roles that an account that was read does not have.

    What is not there is followed as if it had every permission, so a slip in an ARN would reach every role. A role that
    was seen in use is followed all the same: it was deleted since.
    """
    seen = principals_of(one.role for one in incident.seen)
    named = principals_of([*(seed.arn for seed in incident.roles), *(seed.role for seed in incident.sessions)])
    present = principals_of(node.arn for account in accounts.values() for node in account.nodes)
    absent = {role for role in named - seen - present if role.account_id in accounts}
    return tuple(source for source in sources if principal_of(source.arn) not in absent)


def choose_targets(
    incident: Incident, reach: ReachResult, account_id: str, untouchable: UntouchablePrincipals
) -> Chosen:
    """Choose the roles of an account that are cut. The unique ids of the roles are not known yet."""
    named = {seed.arn for seed in incident.roles} | {seed.role for seed in incident.sessions}
    seen = {one.role for one in incident.seen}
    arns = (arn for arn in (*sorted(named), *sorted(seen), *reach.roles) if arn.split(":")[4] == account_id)
    targets: dict[object, Target] = {}
    not_cut: dict[str, Refusal] = {}
    for arn in arns:
        # The same role, however it is written.
        key = principal_of(arn)
        refusal = None if arn in named else untouchable.refusal(arn)
        if refusal is not None:
            not_cut[arn] = refusal
        elif key not in targets:
            targets[key] = Target(arn, make_cut(incident, arn, reach), arn in named, reach.roles.get(arn))
    return Chosen(tuple(targets.values()), not_cut)


def make_cut(incident: Incident, arn: str, reach: ReachResult) -> Cut:
    """Make the cut of a role, without its unique id."""
    role = principal_of(arn)
    roles = [seed for seed in incident.roles if principal_of(seed.arn) == role]
    sessions = [seed for seed in incident.sessions if principal_of(seed.role) == role]
    seen = [one for one in incident.seen if principal_of(one.role) == role]
    is_discovered = bool(seen) or reach.is_reached(arn)
    # A source identity stays the same from role to role:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    of_chain = [one.source_identity for one in incident.seen] + [seed.source_identity for seed in incident.sessions]
    return Cut(
        "",
        nobody_known=is_discovered,
        named=_unique(
            *(one.session_name for one in seen), *(seed.name for seed in sessions if seed.sort not in _SOURCES)
        ),
        identities=_unique(*of_chain) if is_discovered else _unique(*(seed.source_identity for seed in sessions)),
        sources=_unique(*(seed.name for seed in sessions if seed.sort in _SOURCES)),
        older=bool(roles),
        all=any(seed.all_sessions for seed in roles),
    )


def _unique(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, names)))
