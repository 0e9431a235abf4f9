# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The result of ``least_privilege_info``: the document of an account, with long lists cut."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

# The lists that may have thousands of entries: results show as many.
_LONG: t.Final = ("kept", "removed", "unknown", "ungranted", "generalised", "losses")
_SHORT: t.Final = 20


def build_result(document: Mapping[str, t.Any], files: Mapping[str, Sequence[str]], *, lists: str) -> dict[str, t.Any]:
    """The result: all principals, with as much of their lists as ``lists`` says. ``files`` are by principal."""
    return {
        "account_id": document["account_id"],
        "counts": document["counts"],
        "principals": [_shorten(item, files, lists) for item in document["principals"]],
        "not_changeable": document["skipped"],
        "unread": document["unread"],
    }


def _shorten(item: Mapping[str, t.Any], files: Mapping[str, Sequence[str]], lists: str) -> dict[str, t.Any]:
    most = {"none": 0, "short": _SHORT, "all": None}[lists]
    return {
        **item,
        "coverage": item["coverage"] if most is None else _shorten_coverage(item, most),
        "list_lengths": {name: len(item[name]) for name in _LONG},
        **{name: item[name][:most] for name in _LONG},
        "proofs": [_shorten_proof(proof, most) for proof in item["proofs"]],
        "files": list(files.get(item["principal"], ())),
    }


def _shorten_proof(proof: Mapping[str, t.Any], most: t.Optional[int]) -> dict[str, t.Any]:
    """A proof with few probes: that of an administrator names thousands of actions."""
    probes = [{**probe, "actions": probe["actions"][:most]} for probe in proof["probes"][:most]]
    return {**proof, "probes": probes}


def _shorten_coverage(item: Mapping[str, t.Any], most: int) -> dict[str, t.Any]:
    """The coverage of the services that are kept or unknown: AWS has hundreds of services, and each has reasons."""
    coverage = item["coverage"]
    about = {one["action"].partition(":")[0] for name in ("kept", "unknown") for one in item[name]}
    services = {
        status: [name for name in names if name in about][:most] for status, names in coverage["services"].items()
    }
    shown = {name for names in services.values() for name in names}
    reasons = {name: texts for name, texts in coverage["reasons"].items() if name in shown}
    return {**coverage, "services": services, "reasons": reasons, "gaps": coverage["gaps"][:most]}
