# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""All results of an assessment as rows of one table, those that pass as well."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._account.reads import OPERATIONS_OF
from ...module_utils._converge.finding import Severity, Status
from ...module_utils._report.grouping import account_name, aliases_of, is_of_account, resource_name
from .findings import View
from .page import make_anchor

# Operation → the service that has it, of all that assessments read.
_SERVICES: t.Final[Mapping[str, str]] = {
    operation: service
    for names in OPERATIONS_OF.values()
    for service, _colon, operation in (name.partition(":") for name in names)
}

Finding = Mapping[str, t.Any]


def view_table(report: Mapping[str, t.Any]) -> View:
    """Every finding of a report, whatever its status."""
    aliases = aliases_of(report)
    found = report["findings"]
    statuses = {finding["status"] for finding in found}
    severities = {finding["severity"] for finding in found}
    return {
        "rows": [
            {
                "finding": finding,
                **_name(finding, aliases),
                "service": find_service(finding),
                "href": _find_place(finding, report),
            }
            for finding in found
        ],
        "statuses": [status.value for status in Status if status.value in statuses],
        "severities": [severity.value for severity in Severity if severity.value in severities],
    }


def find_service(finding: Finding) -> str:
    """Find the service of a resource; for the account as a whole it is the one that the evidence came from."""
    if not is_of_account(finding):
        partition, _colon, rest = str(finding["resource"]).removeprefix("arn:").partition(":")
        return rest.partition(":")[0] if finding["resource"].startswith(f"arn:{partition}:") else ""
    source = str(finding["evidence"]["source"] or "").partition(",")[0]
    service, _colon, operation = source.rpartition(":")
    return service or _SERVICES.get(operation, "")


def _name(finding: Finding, aliases: Mapping[str, str]) -> View:
    """Name the resource for the page and, in full, for a spreadsheet. The account has its ARN in common with root."""
    if is_of_account(finding):
        name = account_name(finding["account_id"], aliases)
        return {"name": name, "full": name}
    detail = finding["resource_detail"]
    full = f"{finding['resource']} ({detail})" if detail else str(finding["resource"])
    return {"name": resource_name(finding, aliases), "full": full}


def _find_place(finding: Finding, report: Mapping[str, t.Any]) -> str:
    """Find the id of what the page says about a finding: the finding itself, or the control that it is a verdict of."""
    if finding["status"] in (Status.FAIL.value, Status.WAIVED.value):
        return make_anchor(finding["fingerprint"])
    return f"control-{finding['control']}" if finding["control"] in report["controls"] else "not-assessed"
