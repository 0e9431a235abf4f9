# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Calls that must not become needs: those of an incident, by time, session, address or access key."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..evaluation.matching import text_matcher
from .callers import access_key

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
# An IPv6 address that ends with an IPv4 address.
_LONGEST_ADDRESS: t.Final = 45
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


@dataclasses.dataclass(frozen=True)
class Exclusion:
    """One entry of ``exclude_evidence``. An event matches if it matches all that is given.

    ``since`` is the first moment, ``until`` the first moment after it. ``sessions`` are names of sessions, with ``*``
    and ``?``. A service that calls for a session has no address of its own: its calls match ``source_ips`` if the
    session's access key was used from there, which ``keys_seen_there`` says.
    """

    since: t.Optional[datetime] = None
    until: t.Optional[datetime] = None
    sessions: tuple[str, ...] = ()
    source_ips: tuple[Network, ...] = ()
    access_key_ids: frozenset[str] = frozenset()
    incident: str = ""
    reason: str = ""
    keys_seen_there: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The entry in words, for a note."""
        return " ".join(filter(None, (self.incident, f"({self.reason})" if self.reason else ""))) or "exclude_evidence"

    def matches(self, record: Mapping[str, t.Any], moment: t.Optional[datetime]) -> bool:
        """Whether an event is left out. One without a time is in any window."""
        if moment is not None and not self._is_within(moment):
            return False
        identity = record["userIdentity"]
        if self.access_key_ids and access_key(identity) not in self.access_key_ids:
            return False
        if self.sessions and not self._is_session(session_name(identity)):
            return False
        return not self.source_ips or self.is_from_there(record) or self._is_of_seen_key(record)

    def _is_within(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def is_from_there(self, record: Mapping[str, t.Any]) -> bool:
        """Whether the address of an event is one of the excluded ones."""
        text = record.get("sourceIPAddress")
        address = parse_address(text) if isinstance(text, str) else None
        return address is not None and any(address in network for network in self.source_ips)

    def _is_of_seen_key(self, record: Mapping[str, t.Any]) -> bool:
        text = record.get("sourceIPAddress")
        has_address = isinstance(text, str) and parse_address(text) is not None
        return not has_address and access_key(record["userIdentity"]) in self.keys_seen_there

    def _is_session(self, name: str) -> bool:
        return bool(name) and text_matcher(self.sessions)(name)


def session_name(identity: Mapping[str, t.Any]) -> str:
    """The name of the session, which the id and the ARN of its principal end with; empty for a user's own keys."""
    principal_id = identity.get("principalId")
    if isinstance(principal_id, str) and ":" in principal_id:
        return principal_id.partition(":")[2]
    arn = identity.get("arn")
    parts = arn.split("/") if isinstance(arn, str) and ":assumed-role/" in arn else []
    return parts[-1] if len(parts) > 2 else ""


def parse_address(text: str) -> t.Optional[Address]:
    """The address in a text; None for the name of a service and the like."""
    return _parse_address(text) if len(text) <= _LONGEST_ADDRESS else None


@functools.lru_cache(maxsize=65536)
def _parse_address(text: str) -> t.Optional[Address]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
