# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The option exclude_evidence, checked."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from ..._account.moments import parse_moment
from ..._converge.errors import InputError
from ..._policy.trail.exclusions import Exclusion, Network

_KEY_ID: t.Final = re.compile(r"A[A-Z0-9]{15,127}\Z")
_CRITERIA: t.Final = ("since", "until", "sessions", "source_ips", "access_key_ids")


def parse_exclusions(items: Iterable[Mapping[str, t.Any]]) -> tuple[Exclusion, ...]:
    """The entries of exclude_evidence. Raises InputError: one can't be used."""
    return tuple(_parse(item, f"exclude_evidence[{index}]") for index, item in enumerate(items))


def _parse(item: Mapping[str, t.Any], name: str) -> Exclusion:
    if not any(item.get(one) for one in _CRITERIA):
        raise InputError(
            f"{name}: it would leave out all evidence.\n"
            "Give at least one of since, until, sessions, source_ips and access_key_ids."
        )
    reason = str(item.get("reason") or "").strip()
    if not reason:
        raise InputError(f"{name}.reason is missing: say why these calls are no needs")
    since, until = _moment(item, "since", name), _moment(item, "until", name)
    if since is not None and until is not None and since >= until:
        raise InputError(f"{name}: since is not before until")
    return Exclusion(
        since=since,
        until=until,
        sessions=tuple(str(one) for one in item.get("sessions") or ()),
        source_ips=tuple(_network(str(one), name) for one in item.get("source_ips") or ()),
        access_key_ids=frozenset(_key_id(str(one), name) for one in item.get("access_key_ids") or ()),
        incident=str(item.get("incident") or "").strip(),
        reason=reason,
    )


def _moment(item: Mapping[str, t.Any], field: str, name: str) -> t.Optional[datetime]:
    value = item.get(field)
    if value in (None, ""):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        return parse_moment(str(value))
    except ValueError:
        raise InputError(
            f"{name}.{field}: {value!r} is no time. Write it in UTC, such as 2026-11-20T09:30:00Z"
        ) from None


def _network(text: str, name: str) -> Network:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise InputError(f"{name}.source_ips: {text!r} is no address and no network, such as 203.0.113.0/24") from None
    if network.prefixlen == 0:
        raise InputError(f"{name}.source_ips: {text!r} is every address. Give since and until instead.")
    return network


def _key_id(text: str, name: str) -> str:
    if not _KEY_ID.match(text.strip()):
        raise InputError(f"{name}.access_key_ids: {text!r} is no id of an access key, such as AKIAIOSFODNN7EXAMPLE")
    return text.strip()
