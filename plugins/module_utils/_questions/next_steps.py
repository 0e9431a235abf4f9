# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The next step after an error of Access Analyzer or Security Hub, where a result goes on without the answer.

The codes are those that botocore's models of the operations name.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._aws.errors import (
    AccessDenied,
    AwsError,
    NotFound,
    QuotaExceeded,
    RegionDenied,
    Throttled,
    Unparsable,
    Unreachable,
    Unsupported,
)
from .._aws.operations import iam_actions

_BY_CODE: t.Final[Mapping[str, str]] = {
    "ConflictException": "Somebody else changes it at the same time: run again",
    "OrganizationNotFoundException": "Check the delegated administrator of Security Hub, or leave out security_hub",
    "OrganizationalUnitNotFoundException": "Check the configuration of Security Hub, or leave out security_hub",
}
_BY_CLASS: t.Final[tuple[tuple[type[AwsError], str], ...]] = (
    (RegionDenied, "Enable the region, or name others in regions"),
    (Throttled, "AWS limits these calls: run again in some minutes"),
    (Unreachable, "AWS failed or did not answer: run again in some minutes"),
    (NotFound, "It was closed, deleted or has expired: run again"),
    (Unparsable, "A proxy may have answered for AWS: check the network, and run again"),
    (Unsupported, "Name other regions, or install a newer botocore"),
    # Its message has the next step.
    (QuotaExceeded, ""),
)
_OTHER: t.Final = (
    "AWS does not accept the request, such as one on a closed finding. AWS looks at unused access every 24 hours: "
    "run again after that"
)


def explain(error: AwsError, other: str = _OTHER) -> str:
    """The error as a sentence, and the next step. ``other`` is the step after a request that AWS does not accept."""
    step = _find_step(error, other)
    text = str(error).rstrip(". \n")
    return f"{text}. {step}" if step else text


def _find_step(error: AwsError, other: str) -> str:
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if isinstance(error, AccessDenied) and not isinstance(error, RegionDenied):
        if error.is_by_scp:
            return "A service control policy denies it to every role of the account"
        actions = iam_actions(f"{error.service}:{error.operation}") if error.operation else ()
        return f"Allow {' and '.join(actions) or 'the call'} to the role that calls"
    return next((step for kind, step in _BY_CLASS if isinstance(error, kind)), other)
