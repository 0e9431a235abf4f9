# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which policy a denial names: AWS's own words at the end of the message, not those that a caller put into it. Pure.

"User: … is not authorized to perform: … on resource: … with an explicit deny in a service control policy:
arn:aws:organizations::…:policy/o-…/service_control_policy/p-…". The ARN is there if the request comes from the same
account or organization, and only for explicit denials.
https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

import enum
import re
import typing as t
import urllib.parse
from collections.abc import Iterator, Mapping

# EC2 adds an encoded message behind the reason. Nothing else follows it, so whatever stands before is the caller's.
_END: t.Final = r"\.?(?: Encoded authorization failure message: [\w-]+)?\s*\Z"
_KIND: t.Final = r"(?P<kind>(?:[a-z-]+ ){1,2}(?:policy|boundary))"
_EXPLICIT: t.Final = re.compile(
    rf"\b(?:with|due to) an explicit deny in an? {_KIND}(?:: (?P<arn>arn:\S+?))?{_END}", re.I
)
_IMPLICIT: t.Final = re.compile(rf"\bbecause no {_KIND} allows the \S+ action{_END}", re.I)
_REASONS: t.Final = re.compile(r"\bexplicit deny in\b|\bbecause no\b", re.I)
_OF_ORGANIZATIONS: t.Final = frozenset({"service control policy", "resource control policy"})
# The fields of an event that AWS writes; some services repeat the message in their response.
_OF_AWS: t.Final = frozenset({"errorCode", "errorMessage", "responseElements"})


class Blame(enum.Enum):
    """The policy that a denial names. ``UNKNOWN``: AWS names none, or the words may be the caller's."""

    THIS = enum.auto()
    OTHER = enum.auto()
    UNKNOWN = enum.auto()


def blame(record: Mapping[str, t.Any], message: str, policy_arn: str) -> Blame:
    """Whether the event of a denial names the policy ``policy_arn``."""
    found = _EXPLICIT.search(message) or _IMPLICIT.search(message)
    if found is None or _is_said_by_caller(record):
        return Blame.UNKNOWN
    if found["kind"].lower() not in _OF_ORGANIZATIONS:
        return Blame.OTHER
    arn = found.groupdict().get("arn")
    if arn is None:
        return Blame.UNKNOWN
    return Blame.THIS if arn == policy_arn else Blame.OTHER


def _is_said_by_caller(record: Mapping[str, t.Any]) -> bool:
    """Whether a value that the caller chose has the words of a reason.

    If AWS writes no reason, or CloudTrail cuts the message off, it ends with the name of the resource, such as the key
    of an object.
    """
    chosen = {name: value for name, value in record.items() if name not in _OF_AWS}
    return any(
        _REASONS.search(text) or _REASONS.search(urllib.parse.unquote_plus(text)) for text in _find_texts(chosen)
    )


def _find_texts(value: t.Any) -> Iterator[str]:
    """Find all texts in a JSON value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend((*item.keys(), *item.values()))
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
