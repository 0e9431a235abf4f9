# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Breakage that somebody accepts: for one principal, by its name, with a reason, until a date.

There is no acceptance for all: what a change may break is known by principal, and so is who has to agree.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._account.moments import parse_moment
from .._converge.arn import resource_of
from .._converge.errors import InputError

MAX_DAYS: t.Final = 365
_FIELDS: t.Final = ("principal", "reason", "expires")
_WILD: t.Final = frozenset("*?[]")


@dataclasses.dataclass(frozen=True)
class Acceptance:
    """One entry of the list. ``principal`` is an ARN, ``role/path/name`` or a bare name; ``expires`` the last day."""

    index: int
    principal: str
    reason: str
    expires: dt.date

    def is_expired(self, today: dt.date) -> bool:
        """Whether it no longer holds on ``today``, in UTC."""
        return today > self.expires

    def covers(self, principal_arn: str) -> bool:
        """Whether it is about a principal, whatever the date. Names are compared exactly, paths may be left out."""
        resource = resource_of(principal_arn)
        kind, _slash, path = resource.partition("/")
        name = path.rpartition("/")[2]
        return self.principal in (principal_arn, resource, f"{kind}/{name}", name)

    def covers_inline(self, owner_arn: str, policy: str) -> bool:
        """Whether it is about an inline policy: ``role/name/policy``, or the ARN of its owner and its name."""
        owner, _slash, name = self.principal.rpartition("/")
        # A user and a role may have the same name, so the kind is needed.
        return name == policy and "/" in owner and dataclasses.replace(self, principal=owner).covers(owner_arn)

    def as_dict(self) -> dict[str, str]:
        """The acceptance in results."""
        return {"principal": self.principal, "reason": self.reason, "expires": self.expires.isoformat()}


Acceptances = tuple[Acceptance, ...]


def parse_acceptances(
    value: t.Any, *, today: dt.date, max_days: int = MAX_DAYS, option: str = "accept_breakage", named: str = "principal"
) -> Acceptances:
    """Parse a list of mappings, as YAML has them; None is an empty list. Expired ones are kept, for a warning.

    ``named`` is what the option calls the field ``principal``, for errors.

    :raises InputError: an entry that can't be used: a field is missing or unknown, a pattern in place of a name, a date
        that is none or too far ahead.
    """
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{option}: a list of mappings with {', '.join(_FIELDS)} is expected, not {value!r}")
    return tuple(
        _parse_acceptance(index, item, f"{option}[{index}]", named, today, max_days) for index, item in enumerate(value)
    )


def _parse_acceptance(index: int, item: t.Any, place: str, named: str, today: dt.date, max_days: int) -> Acceptance:
    if not isinstance(item, Mapping):
        raise InputError(f"{place}: a mapping with {', '.join(_FIELDS)} is expected, not {item!r}")
    unknown = [str(key) for key in item if key not in _FIELDS]
    if unknown:
        raise InputError(f"{place}: there is no key {unknown[0]!r}; allowed are {', '.join(_FIELDS)}")
    missing = [key for key in _FIELDS if not str(item.get(key) or "").strip()]
    if missing:
        raise InputError(f"{place}: {', '.join(missing)} missing or empty; required are {', '.join(_FIELDS)}")
    principal, reason, date = (str(item[key]).strip() for key in _FIELDS)
    if _WILD & set(principal):
        raise InputError(f"{place}.{named}: {principal!r} is a pattern; only names are accepted")
    try:
        expires = parse_moment(date).date()
    except ValueError as error:
        raise InputError(f"{place}.expires: {date!r} is not a date such as 2026-12-31") from error
    if (expires - today).days > max_days:
        latest = today + dt.timedelta(days=max_days)
        raise InputError(f"{place}.expires: {expires} is more than {max_days} days ahead; the latest is {latest}")
    return Acceptance(index, principal, reason, expires)


def acceptance_of(principal_arn: str, acceptances: Sequence[Acceptance], today: dt.date) -> t.Optional[Acceptance]:
    """Find the acceptance in force for a principal, the one that holds longest; None without any."""
    fitting = [item for item in acceptances if item.covers(principal_arn) and not item.is_expired(today)]
    return max(fitting, key=lambda item: item.expires, default=None)


def acceptance_warnings(
    acceptances: Sequence[Acceptance],
    broken: Collection[str],
    today: dt.date,
    *,
    option: str = "accept_breakage",
    needless: str = "is not a principal that the change may break",
) -> list[str]:
    """Find warnings about acceptances: those that expired, and those that none of the principals ``broken`` needs."""
    needed = {item.index for item in acceptances if any(item.covers(arn) for arn in broken)}
    return list_warnings(acceptances, needed, today, option=option, needless=needless)


def list_warnings(
    acceptances: Sequence[Acceptance], needed: Collection[int], today: dt.date, *, option: str, needless: str
) -> list[str]:
    """List the warnings about acceptances, of which those with the indexes ``needed`` are needed."""
    warnings = []
    for item in acceptances:
        if item.is_expired(today):
            warnings.append(f"{option}[{item.index}]: the acceptance for {item.principal} expired on {item.expires}")
        elif item.index not in needed:
            warnings.append(f"{option}[{item.index}]: {item.principal} {needless}")
    return warnings
