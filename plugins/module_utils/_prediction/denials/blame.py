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

import dataclasses
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


@dataclasses.dataclass(frozen=True)
class Reason:
    """The kind of policy that AWS names for a denial, in lower case, and its ARN if the message has it.

    ``is_explicit``: a statement denies. Otherwise nothing allows.
    """

    kind: str
    arn: str = ""
    is_explicit: bool = False

    @property
    def is_of_organization(self) -> bool:
        """Whether it is a policy of the organization."""
        return self.kind in _OF_ORGANIZATIONS


def read_reason(record: Mapping[str, t.Any], message: str) -> t.Optional[Reason]:
    """Read the reason at the end of a message; None if AWS gives none, or the words may be the caller's."""
    found = _EXPLICIT.search(message) or _IMPLICIT.search(message)
    if found is None or is_said_by_caller(record):
        return None
    return Reason(found["kind"].lower(), found.groupdict().get("arn") or "", found.re is _EXPLICIT)


def blame(record: Mapping[str, t.Any], message: str, policy_arn: str) -> Blame:
    """Whether the event of a denial names the policy ``policy_arn``."""
    reason = read_reason(record, message)
    if reason is None:
        return Blame.UNKNOWN
    if not reason.is_of_organization:
        return Blame.OTHER
    if not reason.arn:
        return Blame.UNKNOWN
    return Blame.THIS if reason.arn == policy_arn else Blame.OTHER


def is_said_by_caller(record: Mapping[str, t.Any]) -> bool:
    """Whether a value that the caller chose has the words of a reason.

    If AWS writes no reason, or CloudTrail cuts the message off, it ends with the name of the resource, such as the key
    of an object.
    """
    chosen = {name: value for name, value in record.items() if name not in _OF_AWS}
    return any(_has_reason(text) for text in _find_texts(chosen))


def _has_reason(text: str) -> bool:
    """Whether a text has the words of a reason, encoded for a URL or not. Most texts have neither space nor sign."""
    if " " in text and _REASONS.search(text):
        return True
    return ("%" in text or "+" in text) and bool(_REASONS.search(urllib.parse.unquote_plus(text)))


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
