# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The thresholds of the controls: options of the assessment, with what the benchmarks ask for as defaults."""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t
from collections.abc import Mapping

from .._account.account_id import parse_account_id


class SettingsError(ValueError):
    """A threshold is unknown or has no usable value; the message names the option, the value and what is allowed."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The thresholds of the controls. Field names are the option names below ``thresholds``; ages are in days."""

    # A credential that nobody used for so long should be gone (CIS AWS Foundations; Security Hub IAM.8 takes 90).
    unused_days: int = 45
    key_age_days: int = 90
    # CIS asks for no daily use of root. Any use within a quarter is a finding that somebody should be able to explain.
    root_used_days: int = 90
    # A credential younger than this is still being set up, and not called unused.
    grace_days: int = 7
    password_min_length: int = 14
    password_reuse: int = 24
    # None: no expiry is asked for; NIST SP 800-63B-4 (3.1.1.2) forbids periodic changes without a sign of compromise.
    password_max_age_days: t.Optional[int] = None
    role_unused_days: int = 90
    service_unused_days: int = 90
    # An administrator who used at most this many services needs no administrator's policy.
    few_services: int = 10
    # An administrator who used a smaller part of the services and tracked actions that it may use needs less.
    least_used_percent: int = 5
    # A window that ends within so many days is a silent outage for those who do not know of it.
    condition_expires_days: int = 30
    # A test of a break-glass principal is a use as well: what is older was seen, and explained or not.
    break_glass_used_days: int = 7
    break_glass_test_days: int = 90
    required_tags: tuple[str, ...] = ()
    # Accounts of ours or of partners whose principals roles may trust without an external id.
    trusted_account_ids: tuple[str, ...] = ()
    # Roles that are meant to be administrators, as ARN globs: no finding calls them one, and each PASS names them.
    approved_administrators: tuple[str, ...] = ()
    # Regions where an analyzer of the organization, which member accounts can't list, watches this account; ``*``: all.
    organization_analyzer_regions: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: t.Optional[Mapping[str, t.Any]]) -> Settings:
        """The settings of a task; an option that is None keeps its default. Numbers may come as strings, as from AWX.

        :raises SettingsError: an unknown option, or a value out of range.
        """
        given = {name: value for name, value in (options or {}).items() if value is not None}
        for name in given:
            if name not in _READERS:
                near = difflib.get_close_matches(name, _READERS, n=3) or sorted(_READERS)
                raise SettingsError(f"thresholds: there is no {name!r}; did you mean {' or '.join(near)}?")
        return cls(**{name: _READERS[name](f"thresholds.{name}", value) for name, value in given.items()})


Reader = t.Callable[[str, t.Any], t.Any]


def _whole_number(low: int, high: int) -> Reader:
    def read(option: str, value: t.Any) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise SettingsError(f"{option}: {value!r} is not a whole number from {low} to {high}")
        return int(text)

    return read


def _texts(pattern: str, allowed: str) -> Reader:
    def read(option: str, value: t.Any) -> tuple[str, ...]:
        items = value if isinstance(value, (list, tuple)) else [part for part in str(value).split(",") if part.strip()]
        found = tuple(str(item).strip() for item in items)
        for item in found:
            if not re.fullmatch(pattern, item):
                raise SettingsError(f"{option}: {item!r} is not {allowed}")
        return found

    return read


def _account_ids(option: str, value: t.Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    try:
        return tuple(account_id for item in items if (account_id := parse_account_id(item)))
    except ValueError as error:
        raise SettingsError(f"{option}: {error}") from error


_READERS: t.Final[Mapping[str, Reader]] = {
    "unused_days": _whole_number(1, 1095),
    "key_age_days": _whole_number(1, 1095),
    "root_used_days": _whole_number(1, 1095),
    "grace_days": _whole_number(0, 90),
    "password_min_length": _whole_number(6, 128),
    "password_reuse": _whole_number(1, 24),
    "password_max_age_days": _whole_number(1, 1095),
    "role_unused_days": _whole_number(1, 400),
    "service_unused_days": _whole_number(1, 400),
    "few_services": _whole_number(1, 100),
    "least_used_percent": _whole_number(1, 100),
    "condition_expires_days": _whole_number(1, 365),
    "break_glass_used_days": _whole_number(1, 400),
    "break_glass_test_days": _whole_number(1, 400),
    "required_tags": _texts(r"(?!aws:).{1,128}", "a tag key of 1 to 128 characters that does not begin with aws:"),
    "trusted_account_ids": _account_ids,
    "approved_administrators": _texts(
        r"arn:[a-z*-]+:iam::(\d{12}|\*):role/(.*/)?[^/]*[^*?/]{3}[^/]*",
        "the ARN of a role with at least three letters of its name, such as arn:*:iam::*:role/admin-*",
    ),
    "organization_analyzer_regions": _texts(r"\*|[a-z]{2,}(-[a-z0-9]+)+", "the name of a region, or *"),
}
