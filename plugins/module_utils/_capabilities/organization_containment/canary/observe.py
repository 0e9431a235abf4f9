# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Measures when a control policy holds in an account: a role that may only read asks for a role that can't exist.

The policy denies this one request to everybody. So nothing has to be written to measure it, and the role that asks may
be exempt from all else.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ...._account.answer import Answer, Unknown, Yes
from ...._aws.access import Access
from ...._aws.errors import AccessDenied, AwsError, NotFound
from ...._aws.operations import Operations

OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetRole"}))
# No policy denies it, so that a denial of it comes from elsewhere.
_OTHER: t.Final = "iam-hardening-canary-none"
_PAUSE: t.Final = 2.0
#: AWS spreads a control policy within seconds to minutes.
MOST_SECONDS: t.Final = 180.0


def measure(access: Access, name: str, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> Answer[float]:
    """Measure how many seconds it takes until a control policy denies looking at the role of this name.

    Unknown if it does not show in time, or if another control policy denies such reads anyway. Raises AwsError.
    """
    if _is_denied(access, _OTHER):
        return Unknown("another control policy denies looking at roles, so that nothing can be measured")
    started = clock()
    while not _is_denied(access, name):
        if clock() - started >= MOST_SECONDS:
            return Unknown(f"it did not show within {MOST_SECONDS:.0f} seconds")
        sleep(_PAUSE)
    return Yes(clock() - started)


def _is_denied(access: Access, name: str) -> bool:
    try:
        access.call("iam", "GetRole", {"RoleName": name})
    except NotFound:
        return False
    except AccessDenied as error:
        if error.is_by_scp:
            return True
        raise
    return False


def measure_safely(make: Callable[[], Access], name: str, **timing: t.Any) -> Answer[float]:
    """As ``measure``, in a session that is opened first; what AWS refuses is unknown."""
    try:
        return measure(make(), name, **timing)
    except AwsError as error:
        return Unknown(str(error))
