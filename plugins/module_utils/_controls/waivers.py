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
import functools
import re
import reprlib
import typing as t
from collections.abc import Callable, Mapping, Sequence

from .._account.account_id import parse_account_id
from .._converge.finding import Finding, Severity, Status, mask_key_ids
from .regions import GLOBAL, REGION_CONTROL
from .selection import near

EXPIRES_SOON_DAYS: t.Final = 30
_TEXTS: t.Final = ("control", "reason", "owner", "ticket", "approved_by")
_FIELDS: t.Final = ("control", "accounts", "resources", "reason", "owner", "ticket", "approved_by", "expires")
_LIMITS: t.Final = ("regions", "severity", "reason_fingerprint")
_FINGERPRINT: t.Final = re.compile("[0-9a-f]{64}")
_ACCOUNTS: t.Final = re.compile(r"[0-9*?\[\]!-]+", re.ASCII)
_SHORT: t.Final = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxother, _SHORT.maxstring = 2, 80, 80
_MOST_LINES: t.Final = 3
_LONGEST_LINE: t.Final = 220
_WORD: t.Final = re.compile(r"\w", re.UNICODE)
#: As a fingerprint: whatever the reason is, or becomes.
ANY_REASON: t.Final = "*"

V = t.TypeVar("V")


class WaiverError(ValueError):
    """Waivers can't be understood; the message names the place of each mistake, the value and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Waiver:
    """One entry of the list. ``index`` is its place, from 0; ``expires`` is the last day on which it holds, in UTC.

    ``regions``, ``severity`` and ``reasons`` are the limits of what was waived: globs of regions, the highest severity
    (None: any), and the fingerprints of the reasons. Without ``regions`` it covers what is in no region. Without
    ``reasons`` it covers findings whose evidence names no reason.
    """

    index: int
    control: str
    accounts: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    owner: str
    ticket: str
    approved_by: str
    expires: dt.date
    regions: tuple[str, ...] = (GLOBAL,)
    severity: t.Optional[Severity] = None
    reasons: tuple[str, ...] = ()

    def is_expired(self, today: dt.date) -> bool:
        return today > self.expires

    def concerns(self, account_id: str) -> bool:
        return any(fnmatch.fnmatchcase(account_id, pattern) for pattern in self.accounts)

    def is_about(self, finding: Finding) -> bool:
        """Whether the waiver names a finding, whatever the date and whatever it covers of it.

        A resource pattern is held against the ARN, the part of it that names the resource (``user/svc-backup``), the
        detail below it (``access key 1``, a key id), and both of them with a ``#`` between.
        """
        if self.control != finding.control or not self.concerns(finding.account_id):
            return False
        return self.names(finding.resource, finding.resource_detail)

    def lacks(self, finding: Finding) -> str:
        """Why the waiver does not cover a finding that it is about; empty where it does."""
        if not any(fnmatch.fnmatchcase(finding.region, pattern) for pattern in self.regions):
            return f"it is for {', '.join(self.regions)}, and this is in {finding.region} (regions)"
        if self.severity is not None and finding.severity.rank < self.severity.rank:
            return f"it accepts {self.severity} at most, and this is {finding.severity} (severity)"
        reason = finding.reason_fingerprint
        if reason is None or {reason, ANY_REASON} & {*self.reasons}:
            return ""
        if not self.reasons:
            return f"it does not say which reason it accepts (reason_fingerprint: {reason})"
        return f"the reason changed since it was waived (now reason_fingerprint: {reason})"

    def names(self, resource: str, *details: t.Optional[str]) -> bool:
        """Whether a pattern fits a resource (an ARN), or one of the details below it, as reports show them too."""
        below = {shown for detail in details if detail for shown in (detail, mask_key_ids(detail))}
        names = {resource, resource.split(":", 5)[-1], *below, *(f"{resource}#{detail}" for detail in below)}
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.resources)

    def as_dict(self) -> dict[str, t.Any]:
        """The waiver as findings and reports show it."""
        return {
            "control": self.control,
            "accounts": list(self.accounts),
            "resources": list(self.resources),
            "reason": self.reason,
            "owner": self.owner,
            "ticket": self.ticket,
            "approved_by": self.approved_by,
            "expires": self.expires.isoformat(),
            "regions": list(self.regions),
            "severity": self.severity.value if self.severity else None,
            "reason_fingerprint": list(self.reasons),
        }


Waivers = tuple[Waiver, ...]


def parse(
    value: t.Any,
    *,
    known_controls: Mapping[str, Severity],
    today: dt.date,
    max_days: int = 365,
    option: str = "waivers",
) -> Waivers:
    """The waivers of a list of mappings, as YAML has them; None is an empty list.

    :arg known_controls: the controls with their severities, which an entry without ``severity`` accepts at most.
    :raises WaiverError: a wrong entry. An expired one is no error: it is kept, and a warning names it.
    """
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise WaiverError(
            f"{option}: a list of waivers is expected, not {_brief(value)}.\n"
            "Begin each waiver with a hyphen, and put no key above the list."
        )
    known = {**known_controls, REGION_CONTROL: Severity.CRITICAL}
    found: list[Waiver] = []
    problems: list[str] = []
    for index, item in enumerate(value):
        fields = _Fields(f"{option}[{index}]", item)
        waiver = _waiver(index, fields, known, today, max_days)
        problems += fields.problems
        found += [waiver] if waiver else []
    if problems:
        raise WaiverError(_join_problems(problems))
    return tuple(found)


class _Fields:
    """The fields of one entry. Every problem is kept, so that people correct a file once."""

    def __init__(self, place: str, item: t.Any) -> None:
        self.place = place
        self.problems: list[str] = []
        self._item: Mapping[t.Any, t.Any] = item if isinstance(item, Mapping) else {}
        if not isinstance(item, Mapping):
            self.problems = [f"{place}: a mapping with the keys {', '.join(_FIELDS)} is expected, not {_brief(item)}"]
            return
        allowed = (*_FIELDS, *_LIMITS)
        self.problems = [
            f"{place}: there is no key {_brief(key)}; allowed are {', '.join(allowed)}"
            for key in item
            if key not in allowed
        ]
        missing = [key for key in _FIELDS if _is_empty(item.get(key))]
        if missing:
            self.problems.append(f"{place}: {', '.join(missing)} missing or empty; required are {', '.join(_FIELDS)}")

    def read(self, key: str, parse_field: Callable[[str, t.Any], V], default: V) -> V:
        """The field, parsed; ``default`` if it is empty or wrong, which is a problem."""
        value = self._item.get(key)
        if _is_empty(value):
            return default
        try:
            return parse_field(f"{self.place}.{key}", value)
        except WaiverError as error:
            self.problems.append(str(error))
            return default


def _waiver(
    index: int, fields: _Fields, known: Mapping[str, Severity], today: dt.date, max_days: int
) -> t.Optional[Waiver]:
    """The waiver, or None if ``fields`` has problems."""
    control, reason, owner, ticket, approved_by = (fields.read(name, _text, "") for name in _TEXTS)
    if control and control not in known:
        fields.problems.append(f"{fields.place}.control: there is no control {control!r}{near(control, known)}")
    none: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = (GLOBAL,)
    accounts = fields.read("accounts", _accounts, none)
    resources = fields.read("resources", _globs, none)
    expires = fields.read("expires", functools.partial(_near_date, today=today, max_days=max_days), today)
    regions = fields.read("regions", _globs, anywhere)
    severity = fields.read("severity", _severity, known.get(control, Severity.CRITICAL))
    reasons = fields.read("reason_fingerprint", _reasons, none)
    if fields.problems:
        return None
    return Waiver(
        index,
        control,
        accounts,
        resources,
        reason,
        owner,
        ticket,
        approved_by,
        expires,
        regions=regions,
        severity=severity,
        reasons=reasons,
    )


def _join_problems(problems: Sequence[str]) -> str:
    """All problems on at most three lines: one a line where they are few, else as many as a line takes."""
    if len(problems) <= _MOST_LINES:
        return "\n".join(problems)
    lines = [problems[0]]
    shown = 1
    for problem in problems[1:]:
        if len(lines[-1]) + len(problem) < _LONGEST_LINE:
            lines[-1] += f"; {problem}"
        elif len(lines) < _MOST_LINES:
            lines.append(problem)
        else:
            break
        shown += 1
    left = len(problems) - shown
    return "\n".join(lines) + (f"; and {left} more" if left else "")


def _near_date(place: str, value: t.Any, *, today: dt.date, max_days: int) -> dt.date:
    expires = _date(place, value)
    if (expires - today).days > max_days:
        latest = today + dt.timedelta(days=max_days)
        raise WaiverError(f"{place}: {expires} is more than {max_days} days ahead; the latest is {latest}")
    return expires


def _brief(value: t.Any) -> str:
    """A wrong value for a message. It may be anything, of any size."""
    return _SHORT.repr(value)


def _is_empty(value: t.Any) -> bool:
    return value in (None, [], ()) or (isinstance(value, str) and not value.strip())


def _text(place: str, value: t.Any) -> str:
    """A text by which a person, a ticket or a reason is found: ``0``, ``true`` and ``-`` name nobody."""
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        # YAML reads the unquoted number of a ticket as a number.
        text = str(value)
    else:
        text = ""
    if not _WORD.search(text) or text.strip("0") == "":
        raise WaiverError(f"{place}: {_brief(value)} says nothing; a text is expected")
    return text


def _severity(place: str, value: t.Any) -> Severity:
    try:
        return Severity(value.strip() if isinstance(value, str) else "")
    except ValueError as error:
        raise WaiverError(f"{place}: {_brief(value)} is none of {', '.join(Severity)}") from error


def _reasons(place: str, value: t.Any) -> tuple[str, ...]:
    """The fingerprints that reports print; ``*`` accepts any reason, now and later."""
    if value in (None, "", []):
        return ()
    items = value if isinstance(value, (list, tuple)) else [value]
    found = tuple(str(item).strip() if isinstance(item, (str, int)) else _brief(item) for item in items)
    for item in found:
        if item != ANY_REASON and not _FINGERPRINT.fullmatch(item):
            raise WaiverError(
                f"{place}: {_brief(item)} is not the fingerprint of a reason (64 hex digits, from the report) or *"
            )
    return found


def _accounts(place: str, value: t.Any) -> tuple[str, ...]:
    """Globs of account ids. Another text, such as several ids with commas between them, would fit no account."""
    found = _globs(place, value, number=_account_id)
    for item in found:
        if not _ACCOUNTS.fullmatch(item):
            raise WaiverError(
                f"{place}: {_brief(item)} is neither an account id nor a pattern of one; a list is expected, such as "
                '["111122223333", "4444*"]'
            )
    return found


def _account_id(number: int) -> str:
    """The 12 digits of an account id that YAML read as a number. Raises ValueError where they can't be known."""
    return parse_account_id(number) or ""


def _globs(place: str, value: t.Any, *, number: Callable[[int], str] = str) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    found = []
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (str, int)) or not str(item).strip():
            raise WaiverError(f"{place}: {_brief(item)} is not a pattern; a list of texts with * and ? is expected")
        try:
            found.append(number(item) if isinstance(item, int) else item.strip())
        except ValueError as error:
            raise WaiverError(f"{place}: {error}") from error
    return tuple(found)


def _date(place: str, value: t.Any) -> dt.date:
    text = value.strip() if isinstance(value, str) else ""
    try:
        if isinstance(value, dt.datetime):
            return (value.astimezone(dt.UTC) if value.tzinfo else value).date()
        if isinstance(value, dt.date):
            return value
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError(text)
        return dt.date.fromisoformat(text)
    except (OverflowError, ValueError) as error:
        raise WaiverError(f"{place}: {_brief(value)} is not a date such as 2026-12-31 (year-month-day)") from error


def apply(
    findings: Sequence[Finding], waivers: Waivers, today: dt.date
) -> tuple[tuple[Finding, ...], list[dict[str, t.Any]], list[str]]:
    """Findings with the waived ones marked, a record of each waiver that concerns these accounts, and warnings.

    A failed finding with a waiver in force that covers it becomes WAIVED. With an expired one, or one that was made for
    another region, severity or reason, it stays FAIL and says so.
    """
    matched = dict.fromkeys((waiver.index for waiver in waivers), 0)
    uncovered = dict.fromkeys(matched, 0)
    judged = []
    for finding in findings:
        fitting = [waiver for waiver in waivers if finding.status is Status.FAIL and waiver.is_about(finding)]
        for waiver in fitting:
            counts = uncovered if waiver.lacks(finding) else matched
            counts[waiver.index] += 1
        judged.append(_apply_to_finding(finding, fitting, today))
    accounts = {finding.account_id for finding in findings}
    concerned = [waiver for waiver in waivers if any(waiver.concerns(account) for account in accounts)]
    records = [
        {
            **waiver.as_dict(),
            "expired": waiver.is_expired(today),
            "matched": matched[waiver.index],
            "uncovered": uncovered[waiver.index],
        }
        for waiver in concerned
    ]
    warnings = [
        text
        for waiver in concerned
        for text in _warnings(waiver, matched[waiver.index], uncovered[waiver.index], today)
    ]
    return tuple(judged), records, warnings


def _apply_to_finding(finding: Finding, fitting: Sequence[Waiver], today: dt.date) -> Finding:
    covering = [waiver for waiver in fitting if not waiver.lacks(finding)]
    in_force = [waiver for waiver in covering if not waiver.is_expired(today)]
    if in_force:
        longest = max(in_force, key=lambda waiver: waiver.expires)
        return dataclasses.replace(finding, status=Status.WAIVED, waiver=longest.as_dict())
    if covering:
        last = max(covering, key=lambda waiver: waiver.expires)
        note = f"; the waiver of {last.owner} ({last.ticket}) expired on {last.expires}"
        return dataclasses.replace(finding, detail=finding.detail + note)
    if fitting:
        last = max(fitting, key=lambda waiver: waiver.expires)
        note = f"; the waiver of {last.owner} ({last.ticket}) does not cover it: {last.lacks(finding)}"
        return dataclasses.replace(finding, detail=finding.detail + note)
    return finding


def _warnings(waiver: Waiver, matched: int, uncovered: int, today: dt.date) -> list[str]:
    name = f"waiver {waiver.index} ({waiver.control}, {waiver.ticket} of {waiver.owner})"
    if uncovered:
        beyond = (
            f"{name} does not cover {uncovered} findings that it names. Each of them gives the reason and the missing "
            "key"
        )
        return [beyond, *(_warnings(waiver, matched, 0, today) if matched else ())]
    if not matched:
        return [f"{name} matches no failed finding"]
    if waiver.is_expired(today):
        return [f"{name} expired on {waiver.expires}: its {matched} findings fail again"]
    days = (waiver.expires - today).days
    return [f"{name} expires on {waiver.expires}, in {days} days"] if days <= EXPIRES_SOON_DAYS else []
