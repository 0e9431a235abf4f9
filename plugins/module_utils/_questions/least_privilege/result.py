# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The result of ``least_privilege_info``: the document of an account, with long lists cut."""

from __future__ import annotations

import collections
import typing as t
from collections.abc import Mapping, Sequence

# The lists that may have thousands of entries: results show as many.
_LONG: t.Final = ("kept", "removed", "unknown", "ungranted", "generalised", "losses")
_SHORT: t.Final = 20


def build_result(
    documents: Sequence[Mapping[str, t.Any]], files: Mapping[str, Sequence[str]], *, lists: t.Optional[str]
) -> dict[str, t.Any]:
    """The result of all accounts, of which there are several only without AWS. ``files`` are by principal.

    ``lists`` says how much of the lists it has. If it is not set, the principals have short lists, and ``results`` are
    complete.
    """
    counts: collections.Counter[str] = collections.Counter()
    for document in documents:
        counts.update(document["counts"])
    result = {
        "account_id": documents[0]["account_id"] if len(documents) == 1 else "",
        "counts": dict(sorted(counts.items())),
        "principals": [_shorten(item, files, lists or "short") for one in documents for item in one["principals"]],
        "not_changeable": [item for document in documents for item in document["skipped"]],
        "unread": list(dict.fromkeys(text for document in documents for text in document["unread"])),
    }
    if lists in (None, "all"):
        result["results"] = [entry for document in documents for entry in build_results(document)]
    return result


def build_results(document: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The principals in the form that other tools read: complete lists, one proof, and a status for each service.

    Those that nobody can change have an entry with the reason as well: they were asked for.
    """
    entries = [_build_entry(item) for item in document["principals"]]
    return [*entries, *(_build_unchangeable(item) for item in document["skipped"])]


def _build_unchangeable(item: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "principal": item["principal"],
        **{name: [] for name in ("documents", "kept", "removed", "unknown")},
        "coverage": {},
        "proof": _join_proofs(()),
        "reason": item["reason"],
    }


def _build_entry(item: Mapping[str, t.Any]) -> dict[str, t.Any]:
    services = item["coverage"]["services"]
    return {
        "principal": item["principal"],
        "documents": [{"name": one["name"], "document": one["document"]} for one in item["documents"]],
        "kept": [
            {name: one[name] for name in ("action", "resources", "count", "first", "last", "why")}
            for one in item["kept"]
        ],
        "removed": [
            {"action": f"{group['service']}:{action}", "why": group["why"]}
            for group in item["removed"]
            for action in group["actions"]
        ],
        "unknown": [{"action": one["action"], "why": one["why"]} for one in item["unknown"]],
        "coverage": {name: status for status, names in services.items() for name in names},
        "proof": _join_proofs(item["proofs"]),
        "reason": item["reason"],
    }


def _join_proofs(proofs: Sequence[Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """One proof of all members of a group; of another principal its own."""
    lists = {
        name: [
            {field: entry[field] for field in ("action", "resource", "why")}
            for proof in proofs
            for entry in proof[name]
        ]
        for name in ("lost", "beyond", "unproven")
    }
    return {"recorded": sum(proof["recorded"] for proof in proofs), **lists}


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
