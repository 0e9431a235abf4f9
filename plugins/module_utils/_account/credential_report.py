# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The credential report: a CSV that IAM makes on request and keeps for four hours.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
import io
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .model import AccessKey, Certificate, CredentialReport, CredentialRow
from .moments import parse_moment

# None of these is a date. "N/A": there is no such credential, or it was never used. "no_information": no use since
# AWS began to record it (October 2014). "not_supported": what AWS does not say of root.
_NO_VALUE: t.Final = frozenset({"", "n/a", "no_information", "not_supported"})
_REQUIRED: t.Final = ("user", "arn")
# The columns that verdicts depend on: without them an account would look as if it had no credentials at all.
_ESSENTIAL: t.Final = ("password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active")
_SLOTS: t.Final = (1, 2)

_Cells = Mapping[str, str]


class CredentialReportError(ValueError):
    """The report is not the CSV that AWS documents; the message names row and column."""


def parse(content: t.Union[str, bytes], *, generated: datetime) -> CredentialReport:
    """The report's rows by their column names; columns may be added, come in any order, or (but for the essential
    ones) be missing. ``generated`` is GetCredentialReport's GeneratedTime.

    :raises CredentialReportError: no such table, or a cell that is neither a value nor one of AWS's words for none.
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise CredentialReportError(f"not UTF-8 text: {error}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(reader.fieldnames or ())
        rows = [_row(cells) for cells in reader]
    except csv.Error as error:
        raise CredentialReportError(f"line {reader.line_num}: {error}") from error
    return CredentialReport(
        generated=generated,
        root=next((row for row in rows if row.is_root), None),
        users=tuple(sorted((row for row in rows if not row.is_root), key=lambda row: row.arn)),
    )


def _check_columns(names: t.Iterable[str]) -> None:
    missing = set(_REQUIRED + _ESSENTIAL) - set(names)
    if missing:
        raise CredentialReportError(f"columns are missing: {', '.join(sorted(missing))}")


def _row(cells: _Cells) -> CredentialRow:
    if None in cells.values():
        raise CredentialReportError(f"the row of {cells['user']!r} ends early")
    for name in _REQUIRED:
        if not cells[name]:
            raise CredentialReportError(f"a row has no {name}")
    return CredentialRow(
        user=cells["user"],
        arn=cells["arn"],
        created=_moment(cells, "user_creation_time"),
        password_enabled=_flag(cells, "password_enabled"),
        password_last_used=_moment(cells, "password_last_used"),
        password_last_changed=_moment(cells, "password_last_changed"),
        password_next_rotation=_moment(cells, "password_next_rotation"),
        mfa_active=bool(_flag(cells, "mfa_active")),
        access_keys=tuple(key for slot in _SLOTS if (key := _access_key(cells, slot)) is not None),
        certificates=tuple(found for slot in _SLOTS if (found := _certificate(cells, slot)) is not None),
    )


def _access_key(cells: _Cells, slot: int) -> t.Optional[AccessKey]:
    """The key in a slot, or None for an empty slot. An inactive key keeps its date, an absent one has none."""
    prefix = f"access_key_{slot}"
    active = bool(_flag(cells, f"{prefix}_active"))
    rotated = _moment(cells, f"{prefix}_last_rotated")
    if not active and rotated is None:
        return None
    return AccessKey(
        slot=slot,
        active=active,
        last_rotated=rotated,
        last_used=_moment(cells, f"{prefix}_last_used_date"),
        last_used_service=_word(cells, f"{prefix}_last_used_service"),
        last_used_region=_word(cells, f"{prefix}_last_used_region"),
    )


def _certificate(cells: _Cells, slot: int) -> t.Optional[Certificate]:
    active = bool(_flag(cells, f"cert_{slot}_active"))
    rotated = _moment(cells, f"cert_{slot}_last_rotated")
    return Certificate(slot=slot, active=active, last_rotated=rotated) if active or rotated else None


def _word(cells: _Cells, column: str) -> t.Optional[str]:
    value = cells.get(column, "").strip()
    return None if value.lower() in _NO_VALUE else value


def _flag(cells: _Cells, column: str) -> t.Optional[bool]:
    word = _word(cells, column)
    if word is None:
        return None
    if word.lower() not in ("true", "false"):
        raise CredentialReportError(f"{cells['user']}: {column} is {word!r}, not true or false")
    return word.lower() == "true"


def _moment(cells: _Cells, column: str) -> t.Optional[datetime]:
    word = _word(cells, column)
    if word is None:
        return None
    try:
        return parse_moment(word)
    except ValueError as error:
        raise CredentialReportError(f"{cells['user']}: {column} is {word!r}, not a date and time") from error
