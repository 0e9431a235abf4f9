# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The accounts of an inventory and the roles of this automation in them, by which events are judged."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ._run_input import ASSESSOR, Host, account_of

_ROLES: t.Final = (ASSESSOR, "aws_assume_role_arn")
_ROLES_BY_CLASS: t.Final = "aws_assume_role_arns"
_COLONS_OF_ARN: t.Final = 5


def list_accounts(hosts: Iterable[Host]) -> list[dict[str, str]]:
    """The accounts of hosts. A host that stands for the account of the credentials has none, and gets no event."""
    found = ((host, account_of(host)) for host in hosts)
    return [
        {"account_id": account_id, "host": host.name, "partition": _find_partition(host)}
        for host, account_id in found
        if account_id
    ]


def list_own_roles(hosts: Iterable[Host]) -> list[str]:
    """The ARNs of all roles that hosts declare, each once."""
    return list(dict.fromkeys(arn for host in hosts for arn in _find_roles(host)))


def _find_roles(host: Host) -> Iterator[str]:
    for name in _ROLES:
        value = host.value(name)
        if isinstance(value, str) and value:
            yield value
    by_class = host.value(_ROLES_BY_CLASS)
    if isinstance(by_class, str):
        # A survey sends text. What is no mapping is an error of the playbook that uses it.
        by_class = _parse_mapping(by_class)
    if isinstance(by_class, Mapping):
        yield from (str(value) for value in by_class.values() if value)


def _parse_mapping(text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _find_partition(host: Host) -> str:
    """The partition of the roles of a host, which is that of its account."""
    arns = (arn for arn in _find_roles(host) if arn.count(":") >= _COLONS_OF_ARN)
    return next((arn.split(":")[1] for arn in arns), "aws")
