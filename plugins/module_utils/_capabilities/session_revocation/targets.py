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
from collections.abc import Collection, Iterable, Mapping

from ..._converge.arn import principal_of, principals_of
from ..._converge.change import Refusal
from ..._converge.incident.declaration import Incident, RoleSeed, Seen, SessionSeed, SessionSort
from ..._converge.incident.trust_cut import TrustCut
from ..._converge.untouchable import UntouchablePrincipals
from .cut import Cut
from .edges import AccountEdges
from .reach import Reached, ReachResult, Source

# They get new credentials under the same name for as long as they run.
PINNED_SORTS: t.Final = frozenset({SessionSort.INSTANCE, SessionSort.TASK, SessionSort.FUNCTION})


@dataclasses.dataclass(frozen=True)
class Target:
    """A role of the account. ``reached`` says how it can have been reached, None if people or a hunt named it.

    ``because`` says why it gets this cut and no other. ``trust_cuts`` are taken out of its trust policy.
    """

    arn: str
    cut: Cut
    is_named: bool = False
    reached: t.Optional[Reached] = None
    because: str = ""
    trust_cuts: tuple[TrustCut, ...] = ()

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
    incident: Incident,
    sources: Iterable[Source],
    accounts: Mapping[str, AccountEdges],
    proven: Collection[str] = (),
) -> tuple[Source, ...]:
    """List the sources that a walk begins with: those that are there, letter by letter.

    What is not there is followed as if it had every permission, so a slip in an ARN would reach every role. Two kinds
    are followed all the same. ``proven`` are those that another source shows to have been there, though they are
    deleted. A role that was seen in use was there too; it is the one of its name, however an event writes its path.
    """
    seen = principals_of(one.role for one in incident.seen)
    present = {node.arn for account in accounts.values() for node in account.nodes}
    named = {principal_of(arn): arn for arn in present}
    found: dict[str, Source] = {}
    for source in sources:
        principal = principal_of(source.arn)
        arn = named.get(principal, source.arn) if principal in seen else source.arn
        if arn in present or arn in proven or principal in seen:
            found.setdefault(arn, dataclasses.replace(source, arn=arn))
    return tuple(found.values())


def list_named_principals(incident: Incident) -> tuple[str, ...]:
    """List the users and roles that people name, those of sessions among them."""
    roles = (*(seed.arn for seed in incident.roles), *(seed.role for seed in incident.sessions))
    return tuple(dict.fromkeys((*incident.users, *roles)))


def list_unnamed(incident: Incident, starts: Iterable[Source]) -> tuple[Source, ...]:
    """List the sources that can have opened sessions of which nobody knows the name or the source identity.

    The others are roles of which the source identity of each session is known. It can't be changed, and goes along
    from role to role, so that all sessions that they opened have it too.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    return tuple(source for source in starts if not Seeds.of(incident, source.arn).have_identities)


@dataclasses.dataclass(frozen=True)
class Seeds:
    """What an incident says of one role."""

    roles: tuple[RoleSeed, ...] = ()
    sessions: tuple[SessionSeed, ...] = ()
    seen: tuple[Seen, ...] = ()

    @classmethod
    def of(cls, incident: Incident, arn: str) -> t.Self:
        """The part of an incident that is about a role, however it is written."""
        role = principal_of(arn)
        return cls(
            tuple(seed for seed in incident.roles if principal_of(seed.arn) == role),
            tuple(seed for seed in incident.sessions if principal_of(seed.role) == role),
            tuple(one for one in incident.seen if principal_of(one.role) == role),
        )

    @property
    def have_identities(self) -> bool:
        """Whether all that is known of the role are sessions with a source identity."""
        known: tuple[t.Union[SessionSeed, Seen], ...] = (*self.sessions, *self.seen)
        return not self.roles and bool(known) and all(one.source_identity for one in known)

    @property
    def are_seen_by_name(self) -> bool:
        """Whether each session that was seen has a name or a source identity."""
        return all(one.session_name or one.source_identity for one in self.seen)

    @property
    def trust_cuts(self) -> tuple[TrustCut, ...]:
        """What is taken out of the trust policy."""
        return tuple(seed.trust for seed in self.roles if seed.trust)


def choose_targets(
    incident: Incident,
    reach: ReachResult,
    account_id: str,
    untouchable: UntouchablePrincipals,
    unnamed: t.Optional[ReachResult] = None,
) -> Chosen:
    """Choose the roles of an account that are cut. The unique ids of the roles are not known yet.

    ``unnamed`` is what can be reached from the sources of :func:`list_unnamed`, None if not all sources are known.

    """
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
            cut, because = make_cut(incident, arn, reach, unnamed)
            trust_cuts = Seeds.of(incident, arn).trust_cuts
            targets[key] = Target(arn, cut, arn in named, reach.roles.get(arn), because, trust_cuts)
    return Chosen(tuple(targets.values()), not_cut)


def is_same_role(one: str, other: str) -> bool:
    """Whether two ARNs are of the same role, however they are written."""
    return principal_of(one) == principal_of(other)


def make_cut(
    incident: Incident, arn: str, reach: ReachResult, unnamed: t.Optional[ReachResult] = None
) -> tuple[Cut, str]:
    """Make the cut of a role, without its unique id, and the reason for it.

    A role that was discovered is cut by names and source identities, where these are known of all who can have come
    into it. If a source can have opened further sessions of it, no list of names is whole: events are late. Then those
    are cut that nobody but an intruder or a person can have opened.
    """
    seeds = Seeds.of(incident, arn)
    is_discovered = bool(seeds.seen) or reach.is_reached(arn)
    of_chain = [one.source_identity for one in incident.seen] + [seed.source_identity for seed in incident.sessions]
    own = [seed.source_identity for seed in seeds.sessions]
    named = _unique(
        *(one.session_name for one in seeds.seen),
        *(seed.name for seed in seeds.sessions if seed.sort not in PINNED_SORTS),
    )
    identities = _unique(*of_chain) if is_discovered else _unique(*own)
    is_open = is_discovered and (unnamed is None or unnamed.is_reached(arn) or not seeds.are_seen_by_name)
    trusted = _cut_trusted(seeds.trust_cuts, is_known=bool(named or identities))
    cut = Cut(
        "",
        nobody_known=is_open or trusted.nobody_known,
        named=named,
        identities=identities,
        sources=_unique(*(seed.name for seed in seeds.sessions if seed.sort in PINNED_SORTS)),
        providers=trusted.providers,
        saml=trusted.saml,
        older=any(seed.trust is None for seed in seeds.roles),
        all=any(seed.all_sessions for seed in seeds.roles),
    )
    return cut, _explain(cut, is_open=is_open)


def _cut_trusted(cuts: Iterable[TrustCut], *, is_known: bool) -> Cut:
    """The cut of the sessions that principals opened that are taken out of the trust policy.

    Where a session is known by its name, that is enough for a principal and a subject, but not for a whole provider.
    """
    counted = [cut for cut in cuts if not is_known or (cut.is_provider and not cut.subject)]
    return Cut(
        "",
        nobody_known=any(not cut.is_provider for cut in counted),
        providers=_unique(*(cut.principal for cut in counted if cut.is_provider and not cut.is_saml)),
        saml=any(cut.is_saml for cut in counted),
    )


def _explain(cut: Cut, *, is_open: bool) -> str:
    """Explain why a role gets its cut, for people."""
    if cut.all or cut.older:
        return "the incident names it in roles"
    if is_open:
        return "somebody can have opened sessions of it under names that nobody knows"
    if cut.nobody_known or cut.providers or cut.saml:
        return "the incident takes a principal out of its trust policy, and its sessions have no known name"
    return "by the names and source identities that the incident gives"


def _unique(*names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, names)))
