# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A result as data: what JSON, a module and a report are made of."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import date, datetime

from ..trail.coverage import Coverage
from .generate import Generated
from .pack import write_template

_LISTS: t.Final = ("kept", "removed", "unknown", "ungranted", "generalised", "candidates")


def write_data(found: Generated, coverage: Coverage) -> dict[str, t.Any]:
    """Return a result as data, with the coverage of each service that its lists name.

    The same result always gives the same data, and no more than it has: an empty ``reason`` if there are documents.
    """
    lists = {name: [_plain(item) for item in getattr(found, name)] for name in _LISTS}
    actions = [item["action"] for name in ("kept", "removed", "unknown") for item in lists[name]]
    services = sorted({action.partition(":")[0] for action in actions})
    return {
        "principal": found.principal_arn,
        "status": found.status.value,
        "reason": found.reason,
        "documents": [
            {
                "name": item.name,
                "kind": item.kind.value,
                "document": item.document,
                "size": item.size,
                "limit": item.limit,
                "issues": [issue.message for issue in item.issues],
            }
            for item in found.documents
        ],
        **lists,
        "foreign": list(found.foreign),
        "totals": _plain(found.totals),
        "misfit": _plain(found.misfit),
        "coverage": {service: coverage.of(service).status.value for service in services},
        "warnings": list(found.warnings),
        "window_days": found.window_days,
        "digest": found.digest,
    }


def write_templates(found: Generated, account: str) -> dict[str, dict[str, t.Any]]:
    """Return the documents by name, with a placeholder for the account id, for use in many accounts."""
    return {item.name: write_template(item.document, account) for item in found.documents}


def _plain(value: t.Any) -> t.Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
