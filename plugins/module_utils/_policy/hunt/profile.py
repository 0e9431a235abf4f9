# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The habits of a principal before the first suspicious time: networks, agents, hours, regions and actions."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t
from datetime import date, datetime, timedelta

from .callers import SERVICE, find_build, find_family, find_network, find_tool
from .event import Caller, Event
from .links import find_target, opens_session, short_name

# So many different values of each kind are kept of a principal: a forged record could have any number.
_MOST: t.Final = 5_000
# Fewer events than these, or those of a single day, show no habits.
FEWEST_EVENTS: t.Final = 5
_FEWEST_DAYS: t.Final = 2
# A principal that comes from new networks all the time, such as runners in a cloud: so many networks, and so many each
# day. Of a weekly deployment there are few runs, and each shows a new network.
_ROAMS: t.Final = ((5, 0.5), (3, 0.8))
_SETTLED_EVENTS: t.Final = 20
_SETTLED_DAYS: t.Final = 5
_FEW_NETWORKS: t.Final = 3
# All before the repository counts as well, so that no subject can name that of somebody else further on.
_REPOSITORY: t.Final = re.compile(r"arn:[^:]*:iam::\d*:oidc-provider/.*?:(?:repo|project_path):[^:]+(?=:)", re.ASCII)


@dataclasses.dataclass
class Profile:
    """Habits, counted event by event."""

    events: int = 0
    first: t.Optional[datetime] = None
    last: t.Optional[datetime] = None
    days: set[date] = dataclasses.field(default_factory=set)
    hours: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    addresses: set[str] = dataclasses.field(default_factory=set)
    networks: set[str] = dataclasses.field(default_factory=set)
    families: set[str] = dataclasses.field(default_factory=set)
    tools: set[str] = dataclasses.field(default_factory=set)
    builds: set[str] = dataclasses.field(default_factory=set)
    pairs: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    openers: set[str] = dataclasses.field(default_factory=set)
    repositories: set[str] = dataclasses.field(default_factory=set)
    regions: set[str] = dataclasses.field(default_factory=set)
    actions: set[str] = dataclasses.field(default_factory=set)
    targets: set[str] = dataclasses.field(default_factory=set)

    def add(self, event: Event) -> None:
        """Count an event. Calls that services make in the name of the principal show actions alone."""
        self.events += 1
        self.first = min(self.first or event.time, event.time)
        self.last = max(self.last or event.time, event.time)
        _add(self.days, event.time.date())
        _add(self.regions, event.region)
        _add(self.actions, name_action(event))
        if opens_session(event):
            _add(self.targets, find_target(event))
        network, family = find_network(event.source_address), find_family(event.user_agent)
        if network == SERVICE:
            return
        self.hours[event.time.hour] += 1
        _add(self.addresses, event.source_address)
        _add(self.networks, network)
        _add(self.families, family)
        _add(self.tools, find_tool(event.user_agent))
        _add(self.builds, find_build(event.user_agent))
        if is_opening(event):
            _add(self.openers, event.principal_id)
            _add(self.repositories, name_repository(event))
        _add(self.pairs, (event.source_address, family))

    @property
    def is_enough(self) -> bool:
        """Whether it shows habits: some events, on more than one day."""
        return self.events >= FEWEST_EVENTS and len(self.days) >= _FEWEST_DAYS

    @property
    def is_roaming(self) -> bool:
        """Whether a new network is nothing unusual."""
        count, days = len(self.networks), len(self.days)
        return any(count >= least and count >= share * days for least, share in _ROAMS)

    @property
    def is_settled(self) -> bool:
        """Whether the principal has come from the same few networks for long, so that a new one says much."""
        return (
            self.events >= _SETTLED_EVENTS and len(self.days) >= _SETTLED_DAYS and len(self.networks) <= _FEW_NETWORKS
        )

    def is_usual_hour(self, moment: datetime) -> bool:
        """Whether the principal works at this time of the day, or an hour earlier or later."""
        return any((moment + timedelta(hours=shift)).hour in self.hours for shift in (-1, 0, 1))

    def describe(self) -> dict[str, t.Any]:
        """Describe it for people, in numbers."""
        return {
            "events": self.events,
            "days": len(self.days),
            "networks": len(self.networks),
            "agents": len(self.families),
            "actions": len(self.actions),
            "is_enough": self.is_enough,
            "is_roaming": self.is_roaming,
        }


def name_session(event: Event) -> str:
    """The name of a role's session for profiles; empty for other callers.

    An instance, a task or a function has the same name for all its sessions.
    """
    short = short_name(event.principal_arn)
    return f"{short}|{event.session_name}" if event.session_name and ":role/" in short else ""


def is_opening(event: Event) -> bool:
    """Whether somebody opens a session of whom the event shows no ARN.

    It is a caller of another account, or one with the token of an identity provider.
    """
    return opens_session(event) and not event.principal_arn and event.caller is not Caller.SERVICE


def name_opening(event: Event, *, is_by_name: bool = False) -> str:
    """The name of such calls for profiles: by their role, or by the name of the session as well; else empty."""
    target = short_name(find_target(event)) if is_opening(event) else ""
    if not target or not is_by_name:
        return f"opening {target}" if target else ""
    name = event.request.get("roleSessionName")
    return f"opening {target}|{name}" if isinstance(name, str) and name else ""


def name_repository(event: Event) -> str:
    """The provider, audience and repository of a build that opens a session, without its branch, tag or environment.

    It is the caller's id where the subject of the token names no repository. The subject is
    ``repo:ORG/NAME:...`` of GitHub, and ``project_path:GROUP/NAME:...`` of GitLab:
    https://docs.github.com/en/actions/reference/security/oidc and
    https://docs.gitlab.com/ci/secrets/id_token_authentication/.
    """
    found = _REPOSITORY.match(event.principal_id)
    return found.group() if found else event.principal_id


_V = t.TypeVar("_V")


def _add(values: set[_V], value: _V) -> None:
    if len(values) < _MOST:
        values.add(value)


def name_action(event: Event) -> str:
    """The name of what was called: ``s3:ListBuckets``."""
    return f"{event.service}:{event.name}"
