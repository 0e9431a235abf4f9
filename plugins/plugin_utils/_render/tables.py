# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.csv``: one line a finding, for spreadsheets, and safe in them."""

from __future__ import annotations

import csv
import io
import re
import typing as t
from collections.abc import Mapping

from ...module_utils._report.grouping import FRAMEWORKS
from ...module_utils._report.plain import as_json, visible

_FIELDS = (
    "account_id",
    "region",
    "status",
    "severity",
    "control",
    "title",
    "resource",
    "resource_detail",
    "detail",
    "first_seen",
)
_COLUMNS = (
    *_FIELDS,
    "observed",
    "expected",
    "source",
    "observed_at",
    "remediation",
    "waived_until",
    *FRAMEWORKS,
    "fingerprint",
)

# A cell that begins so is a formula to a spreadsheet, and names in an account are anybody's
# (OWASP, "CSV injection"). Spaces before it don't protect.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
# A spreadsheet of another language splits at these, within quotes too.
_INNER = re.compile(r"([;|\t\r\n]\s*)(?=[=+@＝＋＠]|[-－]\S)")


def render(report: Mapping[str, t.Any]) -> str:
    """All findings of ``report`` as RFC 4180 CSV with a header line."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(_COLUMNS)
    for finding in report["findings"]:
        row = _row(finding)
        writer.writerow([cell(row[column]) for column in _COLUMNS])
    return target.getvalue()


def cell(value: t.Any) -> str:
    """``value`` as a spreadsheet takes it for text: a quote mark stands before what would be a formula."""
    text = "" if value is None else visible(as_json(value))
    rest = text.lstrip()
    lead = text[: len(text) - len(rest)]
    quote = "'" if lead.startswith(("\t", "\r", "\n")) or rest.startswith(_FORMULA) else ""
    return quote + lead + _INNER.sub(r"\1'", rest)


def _row(finding: Mapping[str, t.Any]) -> dict[str, t.Any]:
    evidence, waiver = finding["evidence"], finding["waiver"] or {}
    compliance = {framework: ", ".join(finding["compliance"].get(framework, ())) for framework in FRAMEWORKS}
    return {
        **evidence,
        **{field: finding[field] for field in _FIELDS},
        **compliance,
        "remediation": finding["remediation"]["text"],
        "waived_until": waiver.get("expires"),
        "fingerprint": finding["fingerprint"],
    }
