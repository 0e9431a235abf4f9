# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Waivers: findings that somebody answers for, until a date."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import re
import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._converge.finding import Finding, Status
from .regions import REGION_CONTROL
from .selection import near

EXPIRES_SOON_DAYS: t.Final = 30
_TEXTS: t.Final = ("control", "reason", "owner", "ticket", "approved_by")
_FIELDS: t.Final = ("control", "accounts", "resources", "reason", "owner", "ticket", "approved_by", "expires")


class WaiverError(ValueError):
    """A waiver can't be understood; the message names its place in the list, the value and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Waiver:
    """One entry of the list. ``index`` is its place, from 0; ``expires`` is the last day on which it holds, in UTC."""

    index: int
    control: str
    accounts: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    owner: str
    ticket: str
    approved_by: str
    expires: dt.date

    def is_expired(self, today: dt.date) -> bool:
        return today > self.expires

    def concerns(self, account_id: str) -> bool:
        return any(fnmatch.fnmatchcase(account_id, pattern) for pattern in self.accounts)

    def covers(self, finding: Finding) -> bool:
        """Whether the waiver is about a finding, whatever the date.

        A resource pattern is held against the ARN, the part of it that names the resource (``user/svc-backup``), and
        the detail below it (``access key 1``, a key id).
        """
        if self.control != finding.control or not self.concerns(finding.account_id):
            return False
        return self.names(finding.resource, finding.resource_detail)

    def names(self, resource: str, *details: t.Optional[str]) -> bool:
        """Whether a pattern fits a resource (an ARN), or one of the details below it."""
        names = {resource, resource.split(":", 5)[-1], *filter(None, details)}
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.resources)

    def as_dict(self) -> dict[str, t.Any]:
        """The waiver as it stands in findings and reports."""
        return {
            "control": self.control,
            "accounts": list(self.accounts),
            "resources": list(self.resources),
            "reason": self.reason,
            "owner": self.owner,
            "ticket": self.ticket,
            "approved_by": self.approved_by,
            "expires": self.expires.isoformat(),
        }


Waivers = tuple[Waiver, ...]


def parse(
    value: t.Any, *, known_controls: Collection[str], today: dt.date, max_days: int = 365, option: str = "waivers"
) -> Waivers:
    """The waivers of a list of mappings, as YAML has them; None is an empty list.

    :raises WaiverError: a wrong entry. An expired one is no error: it is kept, to be told of.
    """
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise WaiverError(f"{option}: a list of waivers is expected, not {value!r}")
    return tuple(
        _waiver(index, item, f"{option}[{index}]", {*known_controls, REGION_CONTROL}, today, max_days)
        for index, item in enumerate(value)
    )


def _waiver(index: int, item: t.Any, place: str, known: Collection[str], today: dt.date, max_days: int) -> Waiver:
    if not isinstance(item, Mapping):
        raise WaiverError(f"{place}: a mapping with the keys {', '.join(_FIELDS)} is expected, not {item!r}")
    for key in item:
        if key not in _FIELDS:
            raise WaiverError(f"{place}: there is no key {key!r}; allowed are {', '.join(_FIELDS)}")
    missing = [key for key in _FIELDS if item.get(key) in (None, "", [])]
    if missing:
        raise WaiverError(f"{place}: {', '.join(missing)} missing or empty; required are {', '.join(_FIELDS)}")
    control, reason, owner, ticket, approved_by = (str(item[key]).strip() for key in _TEXTS)
    if control not in known:
        raise WaiverError(f"{place}.control: there is no control {control!r}{near(control, known)}")
    accounts, resources = (_globs(f"{place}.{key}", item[key]) for key in ("accounts", "resources"))
    expires = _date(f"{place}.expires", item["expires"])
    if (expires - today).days > max_days:
        latest = today + dt.timedelta(days=max_days)
        raise WaiverError(f"{place}.expires: {expires} is more than {max_days} days ahead; the latest is {latest}")
    return Waiver(index, control, accounts, resources, reason, owner, ticket, approved_by, expires)


def _globs(place: str, value: t.Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    found = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (str, int)) or item == "":
            raise WaiverError(f"{place}: {item!r} is not a pattern; a list of texts with * and ? is expected")
        # YAML reads an unquoted account id as a number, and one with a leading zero as a shorter one.
        found.append(f"{item:012d}" if isinstance(item, int) else item)
    return tuple(found)


def _date(place: str, value: t.Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value).strip()
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError(text)
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise WaiverError(f"{place}: {value!r} is not a date such as 2026-12-31") from error


def apply(
    findings: Sequence[Finding], waivers: Waivers, today: dt.date
) -> tuple[tuple[Finding, ...], list[dict[str, t.Any]], list[str]]:
    """Findings with the waived ones marked, a record of each waiver that concerns these accounts, and warnings.

    A failed finding with a waiver in force becomes WAIVED. With an expired one it stays FAIL and says so.
    """
    matched = dict.fromkeys((waiver.index for waiver in waivers), 0)
    judged = []
    for finding in findings:
        fitting = [waiver for waiver in waivers if finding.status is Status.FAIL and waiver.covers(finding)]
        for waiver in fitting:
            matched[waiver.index] += 1
        judged.append(_judged(finding, fitting, today))
    accounts = {finding.account_id for finding in findings}
    concerned = [waiver for waiver in waivers if any(waiver.concerns(account) for account in accounts)]
    records = [
        {**waiver.as_dict(), "expired": waiver.is_expired(today), "matched": matched[waiver.index]}
        for waiver in concerned
    ]
    warnings = [text for waiver in concerned for text in _warnings(waiver, matched[waiver.index], today)]
    return tuple(judged), records, warnings


def _judged(finding: Finding, fitting: Sequence[Waiver], today: dt.date) -> Finding:
    in_force = [waiver for waiver in fitting if not waiver.is_expired(today)]
    if in_force:
        longest = max(in_force, key=lambda waiver: waiver.expires)
        return dataclasses.replace(finding, status=Status.WAIVED, waiver=longest.as_dict())
    if fitting:
        last = max(fitting, key=lambda waiver: waiver.expires)
        told = f"; the waiver of {last.owner} ({last.ticket}) expired on {last.expires}"
        return dataclasses.replace(finding, detail=finding.detail + told)
    return finding


def _warnings(waiver: Waiver, matched: int, today: dt.date) -> list[str]:
    name = f"waiver {waiver.index} ({waiver.control}, {waiver.ticket} of {waiver.owner})"
    if not matched:
        return [f"{name} matches no failed finding"]
    if waiver.is_expired(today):
        return [f"{name} expired on {waiver.expires}: its {matched} findings fail again"]
    days = (waiver.expires - today).days
    return [f"{name} expires on {waiver.expires}, in {days} days"] if days <= EXPIRES_SOON_DAYS else []
