# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the events that begin sessions say of them: their tags, and which access keys an address used.

A call by a session names its access key only. The tags are in the event of AssumeRole, which may be in another region
and in a later file. So these events are read first.
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .callers import access_key
from .exclusions import Exclusion

_STS: t.Final = "sts.amazonaws.com"
_ASSUMING: t.Final = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"})
_TAG_KEY: t.Final = "aws:principaltag/"
# More sessions with tags, and more keys of an address, than these are not followed.
_MOST: t.Final = 100_000
TOO_MANY_SESSIONS: t.Final = (
    f"the record has more than {_MOST:,} sessions: exclude_evidence by address may keep calls that services made for "
    "some of them, and their tags are not known. Shorten trail_days, or exclude by window or access key"
)


def needs_scan(keys: t.Optional[Iterable[str]], exclusions: Sequence[Exclusion]) -> bool:
    """Whether anything depends on events that begin sessions: tags of principals, or addresses to exclude."""
    return any(key.startswith(_TAG_KEY) for key in keys or ()) or any(one.source_ips for one in exclusions)


class SessionScan:
    """Collects the tags of sessions, and the keys that were used from excluded addresses."""

    def __init__(self, exclusions: Sequence[Exclusion]) -> None:
        self._exclusions: t.Final = tuple(exclusions)
        self._seen: t.Final[list[set[str]]] = [set() for _one in exclusions]
        self.tags: t.Final[dict[str, Mapping[str, str]]] = {}
        self.is_complete = True

    def add(self, record: t.Any) -> None:
        """Read one event."""
        if not isinstance(record, dict) or not isinstance(record.get("userIdentity"), dict):
            return
        for exclusion, seen in zip(self._exclusions, self._seen, strict=True):
            if exclusion.source_ips and exclusion.is_from_there(record):
                self._note(seen, access_key(record["userIdentity"]))
        name = record.get("eventName")
        if record.get("eventSource") == _STS and isinstance(name, str) and name in _ASSUMING:
            self._read_session(record.get("requestParameters"), record.get("responseElements"))

    def _note(self, seen: set[str], key: str) -> None:
        if key and len(seen) < _MOST:
            seen.add(key)
        elif key:
            self.is_complete = False

    def _read_session(self, request: t.Any, answer: t.Any) -> None:
        credentials = answer.get("credentials") if isinstance(answer, dict) else None
        key = access_key(credentials) if isinstance(credentials, dict) else ""
        tags = _read_tags(request) if key and isinstance(request, dict) else {}
        if tags and len(self.tags) < _MOST:
            self.tags[key] = tags
        elif tags:
            self.is_complete = False

    def list_exclusions(self) -> tuple[Exclusion, ...]:
        """The exclusions, with the keys that were seen from their addresses."""
        pairs = zip(self._exclusions, self._seen, strict=True)
        return tuple(dataclasses.replace(one, keys_seen_there=frozenset(seen)) for one, seen in pairs)


def _read_tags(request: Mapping[str, t.Any]) -> dict[str, str]:
    """The tags of a request: a list of keys and values, and for SAML a structure."""
    found: dict[str, str] = {}
    given = request.get("tags")
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(one.get("key"), str) and isinstance(one.get("value"), str):
            found[one["key"]] = one["value"]
    principal = request.get("principalTags")
    for key, value in (principal if isinstance(principal, dict) else {}).items():
        if isinstance(value, str):
            found[str(key)] = value
    return found
