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

    Zeros are never added. With eleven digits it is as likely that one was forgotten, and ``22223333444`` would silently
    become the account of somebody else. YAML 1.1 even reads ``011122223333`` as an octal number, as all its digits are
    below 8; no padding leads back from that.

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
    written = f"0{value:o}" if isinstance(value, int) else ""
    octal = f'. If {written} is meant, which YAML reads as an octal number, write "{written}"'
    return octal if len(written) == _LENGTH else _LOST_ZEROS
