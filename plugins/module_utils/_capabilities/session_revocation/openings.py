# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether the source of a session can open a new one after the cut.

A cut denies sessions that began before its moment. An identity provider, another account, or a user whose key is not
part of the incident opens the next session a minute later, under any name.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Sequence

from ..._converge.incident.declaration import Incident, SessionSeed, SessionSort
from ..._converge.incident.trust import Opener, means
from ..._converge.incident.trust_cut import TrustCut
from .reach import Source, Walk
from .targets import PINNED_SORTS, Seeds, Target, is_same_role

_SHOWN: t.Final = 4
NEXT_STEP: t.Final = (
    "add the role to roles of the incident, with cut: trust and that principal, or with cut: all_sessions"
)


def find_sourced(walk: Walk, starts: Sequence[Source], arns: Collection[str]) -> frozenset[str]:
    """Find the roles whose sessions another source of the incident can have opened for sure.

    That source is contained, or it is in the result itself.
    """
    found = set()
    for arn in arns:
        others = [source for source in starts if not is_same_role(source.arn, arn)]
        roles = walk.run(others).roles.values() if others else ()
        if any(reached.certain and is_same_role(reached.arn, arn) for reached in roles):
            found.add(arn)
    return frozenset(found)


def list_unsourced(incident: Incident, arns: Collection[str]) -> tuple[str, ...]:
    """List the roles of which it has to be asked whether another source opened their sessions."""
    return tuple(arn for arn in arns if any(_needs_source(Seeds.of(incident, arn))))


def _needs_source(seeds: Seeds) -> Iterator[bool]:
    yield from (_is_of_anybody(session) for session in seeds.sessions)
    yield from (role.trust is None and not role.all_sessions for role in seeds.roles)


def _is_of_anybody(session: SessionSeed) -> bool:
    """Whether nothing says what opened a session. One of an instance is denied by its name, also in the future."""
    is_pinned = session.sort in PINNED_SORTS and bool(session.name)
    return not is_pinned and session.sort not in (SessionSort.OIDC, SessionSort.SAML)


def find_open(
    incident: Incident, target: Target, openers: Sequence[Opener], cuts: Sequence[TrustCut], *, is_sourced: bool
) -> tuple[Opener, ...]:
    """Find those who can open new sessions in place of the ones that the incident names.

    ``openers`` are who may assume the role, ``cuts`` what is taken out of its trust policy, and ``is_sourced`` says
    that another source of the incident can have opened the sessions. A cut closes the entries that mean its principal.
    """
    if target.cut.all:
        return ()
    seeds = Seeds.of(incident, target.arn)
    sorts = {session.sort for session in seeds.sessions}
    left = [one for one in openers if not any(means(cut, one) for cut in cuts)]
    found: list[Opener] = []
    if SessionSort.OIDC in sorts:
        found += [one for one in left if one.is_oidc]
    if SessionSort.SAML in sorts:
        found += [one for one in left if one.is_saml]
    if any(_needs_source(seeds)) and not is_sourced:
        found += [one for one in left if one.kind in ("AWS", "Federated")]
    return tuple(dict.fromkeys(found))


def describe_open(openers: Sequence[Opener]) -> str:
    """Describe who can open new sessions."""
    names = [one.value if one.value != "*" else "everybody" for one in openers]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"its source can open new sessions after the cut: {shown}"
