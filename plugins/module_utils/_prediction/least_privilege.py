# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies of principals as a document: for results, files, the report and people."""

from __future__ import annotations

import collections
import dataclasses
import sys
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from .._account.moments import format_utc
from .._policy.least_privilege.generate import Generated
from .._policy.least_privilege.lists import Removed, Totals
from .._policy.least_privilege.pack import Document
from .._policy.trail.coverage import Coverage, Record, Status

SCHEMA: t.Final = "hardening.iam/least_privilege/1"
# So many actions are named in a sentence.
_NAMED: t.Final = 8


def build(
    principals: Sequence[Mapping[str, t.Any]],
    *,
    account: Mapping[str, t.Any],
    run_id: t.Optional[str],
    created: datetime,
    skipped: Sequence[Mapping[str, str]],
    unread: Sequence[str],
) -> dict[str, t.Any]:
    """The document of one account. ``principals`` are made by :func:`build_principal`."""
    outcomes = collections.Counter(str(item["outcome"]) for item in principals)
    return {
        "schema": SCHEMA,
        **account,
        "run_id": run_id,
        "created": format_utc(created),
        "counts": dict(sorted(outcomes.items())),
        "principals": sorted(principals, key=lambda item: str(item["principal"])),
        "skipped": [dict(item) for item in skipped],
        "unread": list(unread),
    }


def build_principal(
    generated: Generated,
    record: Record,
    *,
    kind: str,
    permission_set: t.Optional[str],
    proofs: Sequence[Mapping[str, t.Any]],
    second_opinion: Sequence[Mapping[str, t.Any]] = (),
    new_access: t.Optional[Mapping[str, t.Any]] = None,
    paths: t.Optional[Mapping[str, int]] = None,
    notes: Sequence[str] = (),
) -> dict[str, t.Any]:
    """One principal: its new documents, the three lists, the coverage of the evidence and the proof.

    ``paths`` counts the escalation paths of the principal before and after. ``proofs`` is one for the principal, or
    one for each member of a group.
    """
    return {
        "principal": generated.principal_arn,
        "principal_id": record.principal_id,
        "kind": kind,
        "permission_set": permission_set,
        "outcome": _find_outcome(generated, proofs, new_access),
        "reason": generated.reason,
        "documents": [_write_document(item) for item in generated.documents],
        "kept": _write_all(generated.kept),
        "removed": _group_removed(generated.removed),
        "unknown": _write_all(generated.unknown),
        "ungranted": _write_all(generated.ungranted),
        "generalised": _write_all(generated.generalised),
        "foreign": list(generated.foreign),
        "conditions_seen": _write_all(generated.candidates),
        "totals": {**_write_totals(generated.totals), "paths": dict(paths) if paths is not None else None},
        "losses": describe_losses(generated),
        "coverage": build_coverage(record.coverage),
        "denied": sum(use.count for use in record.denied),
        "proofs": [dict(item) for item in proofs],
        "second_opinion": [dict(item) for item in second_opinion],
        "new_access": dict(new_access) if new_access is not None else None,
        "warnings": [*generated.warnings, *notes],
        "window_days": generated.window_days,
        "digest": generated.digest,
    }


def _group_removed(items: Sequence[Removed]) -> list[dict[str, t.Any]]:
    """Removed actions by service and reason: an administrator loses twenty thousand."""
    groups: dict[tuple[str, str, t.Optional[datetime]], list[Removed]] = {}
    for item in items:
        groups.setdefault((item.action.partition(":")[0], item.why, item.last_accessed), []).append(item)
    return [
        {
            "service": service,
            "why": why,
            "last_accessed": format_utc(when) if when else None,
            "actions": [_strip_service(item) for item in found],
            "sensitive": [_strip_service(item) for item in found if item.is_sensitive],
            "escalation": sorted({name for item in found for name in item.escalation}),
        }
        for (service, why, when), found in sorted(groups.items(), key=lambda pair: pair[0][:2])
    ]


def _strip_service(item: Removed) -> str:
    # Long lists of many principals have the same names.
    return sys.intern(item.action.partition(":")[2])


def _write_all(items: Sequence[t.Any]) -> list[dict[str, t.Any]]:
    """Entries of a list as plain data: their fields by name."""
    return [_write_entry(item) for item in items]


def _write_entry(item: t.Any) -> dict[str, t.Any]:
    fields = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    return {name: _write_value(value) for name, value in fields.items()}


def _write_value(value: t.Any) -> t.Any:
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _write_document(item: Document) -> dict[str, t.Any]:
    return {
        "name": item.name,
        "kind": item.kind.value,
        "document": item.document,
        "size": item.size,
        "limit": item.limit,
        "issues": [str(issue) for issue in item.issues],
    }


def _write_totals(totals: Totals) -> dict[str, dict[str, int]]:
    return {
        "granted": {"before": totals.granted_before, "after": totals.granted_after},
        "privileged": {"before": totals.privileged_before, "after": totals.privileged_after},
        "services": {"before": totals.services_before, "after": totals.services_after},
        "unknown": {"all": totals.unknown, "privileged": totals.unknown_privileged},
    }


def _find_outcome(
    generated: Generated, proofs: Sequence[Mapping[str, t.Any]], new_access: t.Optional[Mapping[str, t.Any]]
) -> str:
    """``proved`` and ``unproven`` of the documents that were generated; else why there are none.

    If AWS finds new access, nothing is called proved.
    """
    if generated.status.value != "generated":
        return generated.status.value
    if new_access is not None and new_access["result"] == "FAIL":
        return "unproven"
    return "proved" if proofs and all(item["is_proved"] for item in proofs) else "unproven"


def build_coverage(coverage: Coverage) -> dict[str, t.Any]:
    """How complete the evidence is, with its window, files, regions and services."""
    services = sorted(coverage.services.values(), key=lambda item: item.service)
    return {
        "asked_days": coverage.asked_days,
        "since": _moment(coverage.since),
        "until": _moment(coverage.until),
        "files_read": coverage.files_read,
        "files_broken": coverage.files_broken,
        "events": coverage.events,
        "regions": list(coverage.regions),
        "gaps": [{"since": format_utc(since), "until": format_utc(until)} for since, until in coverage.gaps],
        "services": {status.value: [item.service for item in services if item.status is status] for status in Status},
        "reasons": {item.service: list(item.reasons) for item in services if item.reasons},
        "notes": list(coverage.notes),
    }


def describe_losses(generated: Generated) -> list[str]:
    """What the team can no longer do: a sentence for each service, the ones with sensitive actions first."""
    groups: dict[str, list[Removed]] = {}
    for item in generated.removed:
        groups.setdefault(item.action.partition(":")[0], []).append(item)
    kept = {item.action.partition(":")[0] for item in generated.kept}
    kept |= {item.action.partition(":")[0] for item in generated.unknown}
    ordered = sorted(groups.items(), key=lambda pair: (not _is_notable(pair[1]), pair[0]))
    sentences = [_describe_loss(service, items, is_whole=service not in kept) for service, items in ordered]
    whole = sorted(service for service, items in groups.items() if service not in kept and not _is_notable(items))
    if whole:
        sentences.append(f"It can no longer use {_join(whole)} at all.")
    return [sentence for sentence in sentences if sentence]


def _is_notable(items: Sequence[Removed]) -> bool:
    return any(item.is_sensitive for item in items)


def _describe_loss(service: str, items: Sequence[Removed], *, is_whole: bool) -> str:
    """Describe what is lost of one service; empty if the whole service is lost and nothing of it is sensitive."""
    if is_whole and not _is_notable(items):
        return ""
    ordered = sorted(items, key=lambda item: (not item.is_sensitive, item.action))
    names = [_strip_service(item) for item in ordered]
    return f"It can no longer call {_join(names)} of {service}."


def _join(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = [*names[:_NAMED], *([f"{more} more"] if more > 0 else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _moment(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_utc(moment) if moment else None
