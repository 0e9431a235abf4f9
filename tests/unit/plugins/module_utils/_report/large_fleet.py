# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The document of a run over a thousand accounts, in its worst night: all have new critical findings, and many fail."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._report import fleet
from ansible_collections.hardening.iam.plugins.module_utils._report.trend import RUNS

from . import samples

ACCOUNTS: t.Final = 1000
#: Of these nothing is known.
LOST: t.Final = 23
_FIRST: t.Final = 900_000_000_000
_UNITS: t.Final = 40
# More kinds of findings than the report of the run lists.
_CONTROLS: t.Final = 30
_BEGAN: t.Final = datetime(2026, 11, 1, 2, tzinfo=UTC)
# What a module says of an account that it can't enter has three lines.
_MESSAGE: t.Final = "Assess the account: " + "\n".join(["sts:AssumeRole in us-east-1: AccessDenied: no" * 3] * 3)

Document = dict[str, t.Any]


def thousand() -> Document:
    """The document, with the trend of the last runs."""
    document: t.Optional[Document] = None
    base = samples.report_after_changes()
    high = next(item for item in base["findings"] if item["severity"] == "high" and item["status"] == "FAIL")
    more = [{**high, "control": control.id, "title": control.title} for control in all_controls()[:_CONTROLS]]
    base = {**base, "findings": [*base["findings"], *more]}
    for number in range(RUNS):
        document = _build(base, number, document)
    assert document is not None
    return document


def account_id(number: int) -> str:
    return str(_FIRST + number)


def _build(base: t.Mapping[str, t.Any], number: int, earlier: t.Optional[Document]) -> Document:
    numbers = range(ACCOUNTS)
    failures = [{"host": _name(lost), "account_id": account_id(lost), "message": _MESSAGE} for lost in numbers[:LOST]]
    return fleet.build(
        run_id=f"run-{number}",
        created=_BEGAN + timedelta(days=number),
        reports=[_report(base, account) for account in numbers[LOST:]],
        failures=failures,
        hosts={account_id(account): _name(account) for account in numbers},
        units={account_id(account): f"/Workloads/Business unit {account % _UNITS:02d}" for account in numbers},
        earlier=earlier,
    )


def _report(base: t.Mapping[str, t.Any], number: int) -> Document:
    new = [finding["fingerprint"] for finding in base["findings"]]
    return {**base, "account_id": account_id(number), "delta": {**base["delta"], "new": new}}


def _name(number: int) -> str:
    return f"business-unit-{number % _UNITS:02d}-workload-production-{number:04d}"
