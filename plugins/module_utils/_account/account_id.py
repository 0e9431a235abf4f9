# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The one place that decides what is an account id."""

from __future__ import annotations

import re
import typing as t

_ID: t.Final = re.compile(r"\d{12}", re.ASCII)
_DIGITS: t.Final = re.compile(r"\d{1,11}", re.ASCII)
_LENGTH: t.Final = 12
_LOST_ZEROS: t.Final = (
    '. An id that begins with 0 must be written in quotes, such as "012345678901":'
    " without them YAML and AWX surveys make another number of it"
)


def is_account_id(text: str) -> bool:
    """Whether ``text`` has the 12 digits of an account id."""
    return _ID.fullmatch(text) is not None


def parse_account_id(value: t.Any) -> t.Optional[str]:
    """The 12 digits of ``value``, or None if it is empty. Spaces around it are removed: AWX surveys leave them.

    Zeros are never added, also not to a number. YAML 1.1 reads ``011122223333`` as an octal number, as all its digits
    are below 8, and such a number never has the digits that it was written with (https://yaml.org/type/int.html). A
    number of ten digits or less may be such an id, or one that lost zeros in a survey or a spreadsheet; one of eleven
    may have lost a zero or any other digit. Each reading names another account.

    :raises ValueError: it is no account id. The message says why and how to write it; it does not name the option.
    """
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if not isinstance(value, bool) and is_account_id(text):
        return text
    raise ValueError(f"{text!r} is not an account id of 12 digits{_advise(value, text)}")


def _advise(value: t.Any, text: str) -> str:
    if isinstance(value, bool) or not _DIGITS.fullmatch(text):
        return ""
    if not isinstance(value, int) or not value:
        return _LOST_ZEROS
    octal, lost = f"{value:o}".zfill(_LENGTH), text.zfill(_LENGTH)
    # YAML reads as octal only what begins with 0.
    readings = [f'"{octal}" if YAML read it as an octal number'] if octal.startswith("0") else []
    readings.append(f'"{lost}" if zeros were lost')
    return f". Write the id in quotes: {', '.join(readings)}"
