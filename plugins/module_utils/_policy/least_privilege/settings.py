# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of the generator, checked."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time

from ..trail.coverage import LogClass

# AWS keeps the dates of last access for so many days.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
TRACKED_DAYS: t.Final = 400
# Under so many days nothing is generated without acceptance, and under the second number there is a warning.
REFUSED_DAYS: t.Final = 14
WARNED_DAYS: t.Final = 60


class Level(enum.StrEnum):
    """How far the resource of a call is generalised."""

    EXACT = "exact"
    PREFIX = "prefix"
    SERVICE = "service"


@dataclasses.dataclass(frozen=True)
class Profile:
    """Actions that a person wants to keep although no call shows them, such as those of a restore test.

    They are given only as far as the old policies give them, and only before ``expires``.
    """

    name: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    owner: str
    reason: str
    expires: date

    def is_expired(self, now: datetime) -> bool:
        """Whether the profile no longer counts."""
        return now >= self.end

    @property
    def end(self) -> datetime:
        """The moment from which the profile no longer counts."""
        return datetime.combine(self.expires, time.min, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options. ``now`` is the time from which ages are counted.

    ``levels`` is a level for ``*``, for a service or for ``service:Action``; the most specific wins. ``accepted`` are
    patterns of resources that a person has accepted although they match more than was seen. ``assume_logged`` are kinds
    of events that a person knows to be logged, where the selectors of the trail are not known.
    """

    now: datetime
    levels: Mapping[str, Level] = dataclasses.field(default_factory=dict)
    min_group: int = 5
    object_segments: int = 1
    accepted: frozenset[str] = frozenset()
    scope_regions: bool = False
    min_window_days: int = 90
    accept_short_window: bool = False
    assume_unused_after: int = TRACKED_DAYS
    assume_logged: frozenset[LogClass] = frozenset()
    always_allow: tuple[Profile, ...] = ()
    compress: bool = False
    console_reads: t.Optional[bool] = None
    free_percent: int = 10

    def level_of(self, action: str) -> Level:
        """The level for an action, in any case."""
        lower = action.lower()
        levels = {name.lower(): level for name, level in self.levels.items()}
        for name in (lower, lower.partition(":")[0], "*"):
            if name in levels:
                return levels[name]
        return Level.EXACT


_NUMBERS: t.Final[Mapping[str, tuple[int, int]]] = {
    "min_group": (2, 1000),
    "object_segments": (0, 20),
    "min_window_days": (1, 3650),
    "assume_unused_after": (1, TRACKED_DAYS),
    "free_percent": (0, 50),
}
_SWITCHES: t.Final = ("scope_regions", "accept_short_window", "compress", "console_reads")
_CLASSES: t.Final = (LogClass.READ.value, LogClass.WRITE.value, LogClass.DATA.value)
_PROFILE: t.Final = ("name", "actions", "resources", "owner", "reason", "expires")


def read_settings(options: Mapping[str, t.Any], *, now: datetime) -> Settings:
    """Check options as a person gives them. Raises ValueError that names the option, the value and what is allowed."""
    known = {field.name for field in dataclasses.fields(Settings)} - {"now"}
    for name in options:
        if name not in known:
            raise ValueError(f"{name}: there is no such option; there are {', '.join(sorted(known))}")
    if now.tzinfo is None:
        raise ValueError(f"now: {now.isoformat()} has no time zone")
    given = {name: value for name, value in options.items() if value is not None}
    checked: dict[str, t.Any] = {name: _number(name, given[name]) for name in _NUMBERS if name in given}
    checked.update({name: _switch(name, given[name]) for name in _SWITCHES if name in given})
    if "levels" in given:
        checked["levels"] = _read_levels(given["levels"])
    if "accepted" in given:
        checked["accepted"] = frozenset(_texts("accepted", given["accepted"], least=0))
    if "assume_logged" in given:
        checked["assume_logged"] = frozenset(map(_read_class, _texts("assume_logged", given["assume_logged"], least=0)))
    if "always_allow" in given:
        checked["always_allow"] = tuple(_profile(place, item) for place, item in _items(given["always_allow"]))
    return Settings(now, **checked)


def _number(name: str, value: t.Any) -> int:
    least, most = _NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name}: {value!r} is not a whole number from {least} to {most}")
    return value


def _switch(name: str, value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is neither true nor false")
    return value


def _read_levels(value: t.Any) -> dict[str, Level]:
    if not isinstance(value, Mapping):
        raise ValueError(f"levels: {value!r} is no mapping of services or actions to levels")
    allowed = ", ".join(Level)
    found: dict[str, Level] = {}
    for name, level in value.items():
        if level not in tuple(Level):
            raise ValueError(f"levels.{name}: {level!r} is none of {allowed}")
        found[str(name)] = Level(level)
    return found


def _read_class(value: str) -> LogClass:
    if value not in _CLASSES:
        raise ValueError(f"assume_logged: {value!r} is none of {', '.join(_CLASSES)}")
    return LogClass(value)


def _texts(name: str, value: t.Any, *, least: int = 1) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (Sequence, frozenset, set)):
        raise ValueError(f"{name}: {value!r} is not a list of texts")
    if len(value) < least or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{name}: {value!r} has an entry that is no text, or none at all")
    return tuple(value)


def _items(value: t.Any) -> list[tuple[str, t.Any]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"always_allow: {value!r} is not a list of profiles")
    return [(f"always_allow[{index}]", item) for index, item in enumerate(value)]


def _profile(place: str, value: t.Any) -> Profile:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: {value!r} is no profile with {', '.join(_PROFILE)}")
    unknown = sorted(set(value) - set(_PROFILE))
    if unknown:
        raise ValueError(f"{place}.{unknown[0]}: a profile has only {', '.join(_PROFILE)}")
    missing = [name for name in _PROFILE if not value.get(name)]
    if missing:
        raise ValueError(f"{place}.{missing[0]}: is missing; a profile needs {', '.join(_PROFILE)}")
    return Profile(
        name=str(value["name"]),
        actions=_check_actions(f"{place}.actions", value["actions"]),
        resources=_check_resources(f"{place}.resources", value["resources"]),
        owner=str(value["owner"]),
        reason=str(value["reason"]),
        expires=_date(f"{place}.expires", value["expires"]),
    )


def _check_actions(place: str, value: t.Any) -> tuple[str, ...]:
    for action in _texts(place, value):
        service, colon, name = action.partition(":")
        if not (service and colon and name) or "*" in service or "?" in service:
            raise ValueError(f"{place}: {action!r} is not service:Action; the service cannot have a wildcard")
    return tuple(value)


def _check_resources(place: str, value: t.Any) -> tuple[str, ...]:
    for resource in _texts(place, value):
        if resource != "*" and not (resource.startswith("arn:") and resource.count(":") >= 5):
            raise ValueError(f"{place}: {resource!r} is neither * nor an ARN with all six parts")
        if "${" in resource:
            raise ValueError(f"{place}: {resource!r} has a policy variable, which a profile cannot have")
    return tuple(value)


def _date(place: str, value: t.Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{place}: {value!r} is not a date such as 2027-03-31") from error
