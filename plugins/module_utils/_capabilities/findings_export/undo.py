# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take exported findings back. Their texts come from the record: they give nobody access."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record, check_arn
from .asff import ACTIVE, ARCHIVED
from .changes import IMPORT, UPDATE, product_of

_SERVICE: t.Final = "securityhub"


def _undo_import(record: Record) -> Undo:
    findings = record.undo_parameters["Findings"]
    before, after = record.before, record.after
    record.check({str(finding["Id"]) for finding in findings} == set(before) == set(after), "it is of other findings")
    for finding in findings:
        ours = (
            finding["ProductArn"] == product_of(record.change) and finding["AwsAccountId"] == record.change.account_id
        )
        record.check(ours, f"the finding {finding['Id']} is of another product or account")
        state = ARCHIVED if before[finding["Id"]] is None else ACTIVE
        record.check(finding["RecordState"] == state, f"the finding {finding['Id']} would not be {state}")
    return Undo(IMPORT, {"Findings": findings})


def _undo_update(record: Record) -> Undo:
    product = product_of(record.change)
    check_arn(record, product, "securityhub")
    (status,) = set(record.before.values())
    note = record.undo_parameters["Note"]
    record.check(set(note) == {"Text", "UpdatedBy"} and all(isinstance(text, str) for text in note.values()), "no note")
    ids = [{"Id": item, "ProductArn": product} for item in record.before]
    return Undo(UPDATE, {"FindingIdentifiers": ids, "Workflow": {"Status": str(status)}, "Note": dict(note)})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (_SERVICE, IMPORT): _undo_import,
    (_SERVICE, UPDATE): _undo_update,
}
