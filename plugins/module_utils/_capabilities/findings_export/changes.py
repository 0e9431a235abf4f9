# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes that ``findings_export`` makes: batches of findings, and of what became of their investigation."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from ..._account.moments import format_utc, parse_moment
from ..._converge.change import Change, Impact, Undo
from .asff import (
    ACTIVE,
    ARCHIVED,
    NEW,
    PRODUCT,
    SUPPRESSED,
    Asff,
    Item,
    Place,
    change_state,
    describe_finding,
    is_open,
    shorten,
)

IMPORT: t.Final = "BatchImportFindings"
UPDATE: t.Final = "BatchUpdateFindings"
WRITES: t.Final = (IMPORT, UPDATE)
KIND: t.Final = "findings_export"
# BatchImportFindings takes so many at a time: https://docs.aws.amazon.com/securityhub/latest/partnerguide/
# guidelines-batchimportfindings.html. BatchUpdateFindings takes as many.
MOST: t.Final = 100
BATCH_BYTES: t.Final = 6 * 1024 * 1024
FINDING_BYTES: t.Final = 240 * 1024
_MOMENTS: t.Final = frozenset({"CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"})
# The parts of targets that say what a batch is of.
_IMPORTED: t.Final = "/import/"
_UPDATED: t.Final = "/update/"


@dataclasses.dataclass(frozen=True)
class Sending:
    """One finding to be sent: as it is in Security Hub, if it is there, and as it is to be."""

    known: t.Optional[Item]
    made: Asff

    @property
    def id(self) -> str:
        return str(self.made["Id"])

    @property
    def outcome(self) -> str:
        """The outcome of the sending, for the counts."""
        if self.made["RecordState"] == ARCHIVED:
            return "archived"
        if not is_open(self.known):
            return "created" if self.known is None else "reopened"
        return "updated"

    def build_undo(self) -> Asff:
        """Build the undo: the finding as it was, or archived where nothing was open."""
        after = format_utc(parse_moment(self.made["UpdatedAt"]) + timedelta(seconds=1))
        if self.known is None or not is_open(self.known):
            status = self.made["Compliance"]["Status"]
            return shorten({**self.made, "RecordState": ARCHIVED, "Compliance": {"Status": status}, "UpdatedAt": after})
        compliance = (self.known.get("Compliance") or {}).get("Status", "FAILED")
        return shorten(change_state(self.known, state=ACTIVE, compliance=compliance, at=after))


@dataclasses.dataclass(frozen=True)
class Settling:
    """A finding whose investigation ends, or begins again, because of a waiver; ``text`` is the note that says so.

    ``before`` is how far the investigation is, once the finding was sent.
    """

    known: Item
    before: str
    status: str
    text: str

    @property
    def id(self) -> str:
        return str(self.known["Id"])

    @property
    def note(self) -> tuple[str, str]:
        """The note that is there, and by whom."""
        note = self.known.get("Note") or {}
        return str(note.get("Text") or "taken back"), str(note.get("UpdatedBy") or PRODUCT)


def describe_workflow(known: t.Optional[Item]) -> t.Optional[str]:
    """Describe the state of the investigation of a finding, in the shape of ``before`` and ``after``."""
    return None if known is None else str((known.get("Workflow") or {}).get("Status") or NEW)


def product_of(change: Change) -> str:
    """The product that a change is of."""
    return change.target.rpartition("/")[0].rpartition("/")[0]


def is_import(change: Change) -> bool:
    """Whether a change, or the one that it takes back, sends findings."""
    return _IMPORTED in change.target


def plan_imports(sendings: Iterable[Sending], place: Place) -> list[Change]:
    """Plan the imports of a region, in as few calls as AWS's limits allow."""
    return [_import(batch, place, number) for number, batch in enumerate(_split_into_batches(sendings), start=1)]


def _split_into_batches(sendings: Iterable[Sending]) -> Iterator[list[Sending]]:
    batch: list[Sending] = []
    size = 0
    for sending in sorted(sendings, key=lambda item: item.id):
        own = len(json.dumps(sending.made).encode()) + 2
        if batch and (len(batch) == MOST or size + own > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(sending)
        size += own
    if batch:
        yield batch


def _import(batch: Sequence[Sending], place: Place, number: int) -> Change:
    return _change(
        IMPORT,
        f"{place.product}{_IMPORTED}{number}",
        place,
        {"Findings": [sending.made for sending in batch]},
        before={sending.id: describe_finding(sending.known) for sending in batch},
        after={sending.id: describe_finding(sending.made) for sending in batch},
        undo=Undo(IMPORT, {"Findings": [sending.build_undo() for sending in batch]}),
        # The moment of the export is the only thing that two plans of the same findings differ in.
        planned={"Findings": [_mask_moments(sending.made) for sending in batch]},
    )


def _mask_moments(made: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Mask each moment of a finding with a placeholder, that of its note included."""
    return {
        name: "<time>" if name in _MOMENTS else _mask_moments(value) if isinstance(value, Mapping) else value
        for name, value in made.items()
    }


def plan_updates(settlings: Iterable[Settling], place: Place) -> list[Change]:
    """Plan the updates of investigations in a region: one call for those with the same status and note."""
    alike: dict[tuple[t.Any, ...], list[Settling]] = {}
    for settling in sorted(settlings, key=lambda item: item.id):
        key = (settling.status, settling.text, settling.before, settling.note)
        alike.setdefault(key, []).append(settling)
    chunks = [group[start : start + MOST] for group in alike.values() for start in range(0, len(group), MOST)]
    return [_update(chunk, place, number) for number, chunk in enumerate(chunks, start=1)]


def _update(chunk: Sequence[Settling], place: Place, number: int) -> Change:
    first = chunk[0]
    ids = [{"Id": settling.id, "ProductArn": place.product} for settling in chunk]

    def request(status: str, text: str, author: str) -> dict[str, t.Any]:
        note = {"Text": text, "UpdatedBy": author}
        return {"FindingIdentifiers": ids, "Workflow": {"Status": status}, "Note": note}

    return _change(
        UPDATE,
        f"{place.product}{_UPDATED}{number}",
        place,
        request(first.status, first.text, PRODUCT),
        before={settling.id: settling.before for settling in chunk},
        after={settling.id: first.status for settling in chunk},
        undo=Undo(UPDATE, request(first.before, *first.note)),
    )


def _change(
    operation: str,
    target: str,
    place: Place,
    parameters: Mapping[str, t.Any],
    *,
    before: Mapping[str, t.Any],
    after: Mapping[str, t.Any],
    undo: Undo,
    planned: t.Optional[Mapping[str, t.Any]] = None,
) -> Change:
    return Change(
        account_id=place.account_id,
        region=place.region,
        service="securityhub",
        operation=operation,
        target=target,
        parameters=parameters,
        before=dict(before),
        after=dict(after),
        kind=KIND,
        impact=Impact.ADDITIVE,
        population=len(before),
        undo=undo,
        planned=planned,
        entry=make_entry(place),
    )


def make_entry(place: Place) -> Change:
    """The export to one region as plans and reports have it: the destination and what is sent, without the findings.

    A run may resolve findings before it exports them, so no plan knows more.
    """
    return Change(
        account_id=place.account_id,
        region=place.region,
        service="securityhub",
        operation=IMPORT,
        target=place.product,
        parameters={"ProductArn": place.product},
        before=None,
        after={"destination": place.product, "kind": "findings of the assessment"},
        kind=KIND,
        impact=Impact.ADDITIVE,
        is_sum=True,
    )


def read_rejections(answer: Mapping[str, t.Any]) -> dict[str, str]:
    """Read the rejected findings from AWS's answer, which is a success all the same: reasons by id."""
    rejections: dict[str, str] = {}
    for item in answer.get("FailedFindings") or ():
        rejections[item["Id"]] = f"{item.get('ErrorCode')}: {item.get('ErrorMessage')}"
    for item in answer.get("UnprocessedFindings") or ():
        rejections[item["FindingIdentifier"]["Id"]] = f"{item.get('ErrorCode')}: {item.get('ErrorMessage')}"
    return rejections


def is_suppressed_by_us(known: Item) -> bool:
    """Whether nobody has decided on a finding since a waiver ended its investigation."""
    return describe_workflow(known) == SUPPRESSED and (known.get("Note") or {}).get("UpdatedBy") == PRODUCT
