# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The waves of a run: which hosts are changed one after the other. Nothing is asked of AWS or Ansible here."""

from __future__ import annotations

import dataclasses
import functools
import math
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..module_utils._module.task import TaskError
from ..module_utils._module.yaml import parse_yaml

VARIABLE: t.Final = "hardening_waves"
# The last wave may be all accounts that no other wave has.
REST: t.Final = ("all", "rest")
# CloudTrail's event history goes back no further.
MOST_HOURS: t.Final = 24 * 90
_KEYS: t.Final = ("name", "groups", "soak_hours")
_MOST_SHOWN: t.Final = 5
_FORMS: t.Final = "a group, a list of groups, or a mapping of name, groups and soak_hours"


class WavesError(Exception):
    """The declaration of the waves is malformed. The message names the variable, the value and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Wave:
    """One wave: the groups or hosts of the inventory that are in it, and how long it is watched before the next."""

    name: str
    groups: tuple[str, ...]
    soak_hours: float = 0.0


@dataclasses.dataclass(frozen=True)
class WavePlan:
    """The waves with their hosts, in order. A host that several waves have is in the first of them.

    ``hosts`` are those of each wave without regard to ``--limit``, ``outside`` those that no wave has, and ``limited``
    those that ``--limit`` leaves.
    """

    waves: tuple[Wave, ...]
    hosts: tuple[tuple[str, ...], ...]
    outside: tuple[str, ...]
    limited: frozenset[str]

    @property
    def order(self) -> list[str]:
        """All hosts, wave by wave."""
        return [name for names in self.hosts for name in names]

    @property
    def sizes(self) -> list[int]:
        """How many hosts of each wave the run has, without the waves that have none."""
        return [len(names) for _wave, names in self.present]

    @functools.cached_property
    def present(self) -> tuple[tuple[Wave, tuple[str, ...]], ...]:
        """The waves that have hosts in this run, with these."""
        found = (
            (wave, tuple(name for name in names if name in self.limited))
            for wave, names in zip(self.waves, self.hosts, strict=True)
        )
        return tuple((wave, names) for wave, names in found if names)

    @property
    def missed(self) -> tuple[str, ...]:
        """The hosts of this run that no wave has."""
        return tuple(name for name in self.outside if name in self.limited)

    def find_position(self, host: str) -> t.Optional[int]:
        """The position of the host's wave among those that are present, or None."""
        return self._positions.get(host)

    @functools.cached_property
    def _positions(self) -> Mapping[str, int]:
        return {name: at for at, (_wave, names) in enumerate(self.present) for name in names}


def plan_waves(
    given: t.Any, groups: Mapping[str, Sequence[str]], names: Sequence[str], limited: Collection[str]
) -> WavePlan:
    """Plan the waves of the hosts ``names``, of which ``--limit`` leaves ``limited``.

    :raises WavesError: the declaration is malformed, or names a group that the inventory does not have.
    """
    waves = parse_waves(given)
    left = dict.fromkeys(names)
    hosts: list[tuple[str, ...]] = []
    for at, wave in enumerate(waves):
        members = _find_members(wave, groups, names, is_last=at == len(waves) - 1)
        own = tuple(name for name in left if name in members)
        left = {name: None for name in left if name not in members}
        hosts.append(own)
    return WavePlan(waves, tuple(hosts), tuple(left), frozenset(limited))


def parse_waves(given: t.Any) -> tuple[Wave, ...]:
    """Parse the declaration. Raises WavesError."""
    entries = _parse_text(given) if isinstance(given, str) else given
    if not isinstance(entries, (list, tuple)) or not entries:
        raise WavesError(f"{VARIABLE} is {given!r}, which is no list of waves.\nEach wave is {_FORMS}.")
    waves = tuple(_parse_wave(entry, at) for at, entry in enumerate(entries, 1))
    names = [wave.name for wave in waves]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WavesError(f"{VARIABLE} has two waves with the name {twice!r}.\nGive each wave a name of its own.")
    return waves


def _parse_text(text: str) -> t.Any:
    """A list from an extra variable, or from a survey: YAML, or names with commas."""
    if text.lstrip().startswith(("[", "-")):
        try:
            return parse_yaml(text, option=VARIABLE, source="the text")
        except TaskError as error:
            raise WavesError(str(error)) from error
    return [name.strip() for name in text.split(",") if name.strip()]


def _parse_wave(entry: t.Any, at: int) -> Wave:
    if not isinstance(entry, Mapping):
        groups = _parse_groups(entry, at)
        return Wave(" + ".join(groups), groups)
    unknown = sorted(set(map(str, entry)) - set(_KEYS))
    if unknown:
        raise WavesError(f"{VARIABLE}[{at}] has {', '.join(unknown)}; allowed are {', '.join(_KEYS)}.")
    groups = _parse_groups(entry.get("groups") or entry.get("name"), at)
    return Wave(str(entry.get("name") or " + ".join(groups)), groups, _parse_hours(entry.get("soak_hours", 0), at))


def _parse_groups(given: t.Any, at: int) -> tuple[str, ...]:
    items = [given] if isinstance(given, (str, int)) and not isinstance(given, bool) else given
    if not isinstance(items, (list, tuple)) or not items:
        raise WavesError(f"{VARIABLE}[{at}] is {given!r}; allowed is {_FORMS}.")
    groups = tuple(str(item).strip() for item in items)
    if not all(groups) or not all(isinstance(item, (str, int)) for item in items):
        raise WavesError(f"{VARIABLE}[{at}] is {given!r}; allowed is {_FORMS}.")
    return groups


def _parse_hours(given: t.Any, at: int) -> float:
    try:
        hours = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        hours = math.nan
    if not 0 <= hours <= MOST_HOURS:
        raise WavesError(f"{VARIABLE}[{at}]: soak_hours is {given!r}; allowed is a number from 0 to {MOST_HOURS}.")
    return hours


def _find_members(
    wave: Wave, groups: Mapping[str, Sequence[str]], names: Collection[str], *, is_last: bool
) -> Collection[str]:
    """The hosts of a wave, with others that are no hosts of the run."""
    members: set[str] = set()
    for group in wave.groups:
        if group == REST[0] or (group in REST and group not in groups):
            if not is_last:
                raise WavesError(
                    f"{VARIABLE}: the wave {group!r} has all accounts that are left, so no later wave has any.\n"
                    "Make it the last one."
                )
            return set(names)
        if group not in groups and group not in names:
            raise WavesError(
                f"{VARIABLE} names {group!r}, which is no group or account of the inventory.\n"
                "Correct the name, or add the group. The last wave may be 'rest': all other accounts."
            )
        members.update(groups.get(group, (group,)))
    return members


def describe_missed(missed: Sequence[str]) -> str:
    """The error for hosts that no wave has."""
    more = f" and {len(missed) - _MOST_SHOWN} more" if len(missed) > _MOST_SHOWN else ""
    are = "is" if len(missed) == 1 else "are"
    return (
        f"{', '.join(missed[:_MOST_SHOWN])}{more} {are} in no wave of {VARIABLE}.\n"
        "Add their groups to a wave, end the list with 'rest', or leave the accounts out with --limit."
    )
