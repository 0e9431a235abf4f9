# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub CSPM: findings in AWS's format come in with the checks of AWS, and are found again by filters."""

from __future__ import annotations

import json
import re
import typing as t

from moto.core.responses import ActionResult
from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import Finding, SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse

from emulator.extensions.registration import operations_of
from emulator.extensions.securityhub import body_of, check_enabled
from emulator.extensions.state import clock

Asff = dict[str, t.Any]

_MOST_FINDINGS: t.Final = 100
_FINDING_BYTES: t.Final = 240 * 1024
_REQUEST_BYTES: t.Final = 6 * 1024 * 1024
_MOST_VALUES: t.Final = 20
_REQUIRED: t.Final = (
    *("SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId"),
    *("CreatedAt", "UpdatedAt", "Title", "Description", "Resources"),
)
#: path of a member, and how many characters, or items, it may have
_LIMITS: t.Final = {
    "Id": 512,
    "GeneratorId": 512,
    "Title": 256,
    "Description": 1024,
    "Resources": 32,
    "ProductFields": 50,
    "Types": 50,
    "Remediation.Recommendation.Text": 512,
    "Compliance.RelatedRequirements": 32,
}
_MOMENT: t.Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_LABELS: t.Final = frozenset({"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"})
#: what a provider sets with a new finding, and never again
_OF_CUSTOMERS: t.Final = ("Note", "UserDefinedFields", "VerificationState", "Workflow")
#: what a provider says of a finding for good, and customers may see otherwise
_OF_BOTH: t.Final = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
_STATUSES: t.Final = frozenset({"NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"})
_FILTERS: t.Final[t.Mapping[str, str]] = {
    **{name: name for name in ("Id", "ProductArn", "AwsAccountId", "GeneratorId", "RecordState", "Region", "Title")},
    "WorkflowStatus": "Workflow.Status",
    "ComplianceStatus": "Compliance.Status",
    "ComplianceSecurityControlId": "Compliance.SecurityControlId",
    "SeverityLabel": "Severity.Label",
}


def batch_import_findings(response: SecurityHubResponse) -> ActionResult:
    """BatchImportFindings: a problem of a finding is in the answer, which is a success all the same."""
    backend = response.securityhub_backend
    check_enabled(backend)
    findings = body_of(response)["Findings"]
    if not 1 <= len(findings) <= _MOST_FINDINGS or _size(findings) > _REQUEST_BYTES:
        raise SecurityHubClientError("InvalidInputException", "Invalid parameter: Findings")
    own = f":{backend.account_id}:product/{backend.account_id}/default"
    for finding in findings:
        if not str(finding.get("ProductArn")).endswith(own):
            message = f"not authorized to perform: securityhub:BatchImportFindings on {finding.get('ProductArn')}"
            raise SecurityHubClientError("AccessDeniedException", message)
    failed = []
    for finding in findings:
        problem = problem_of(finding, backend.account_id)
        if problem:
            failed.append({"Id": str(finding.get("Id")), "ErrorCode": "InvalidInput", "ErrorMessage": problem})
        else:
            _take_in(backend, finding)
    counts = {"FailedCount": len(failed), "SuccessCount": len(findings) - len(failed)}
    return ActionResult({**counts, "FailedFindings": failed})


def problem_of(finding: Asff, account_id: str) -> str:
    """Return why a finding is refused; empty if it is not."""
    problem = "Finding does not adhere to Amazon Finding Format."
    missing = [name for name in _REQUIRED if not finding.get(name)]
    if missing:
        return f"{problem} data should have required property '{missing[0]}'."
    if finding["AwsAccountId"] != account_id:
        return "Finding AwsAccountId does not match the account of the caller."
    if _size(finding) > _FINDING_BYTES:
        return "Finding is larger than 240 KB."
    for path, most in _LIMITS.items():
        if len(_at(finding, path) or "") > most:
            return f"{problem} data.{path} should NOT have more than {most} characters or items."
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        if name in finding and not _MOMENT.fullmatch(finding[name]):
            return f"{problem} data.{name} should match format date-time."
    for path in ("Severity.Label", "FindingProviderFields.Severity.Label"):
        if _at(finding, path) not in {None, *_LABELS}:
            return f"{problem} data.{path} should be equal to one of the allowed values."
    if any(not resource.get("Type") or not resource.get("Id") for resource in finding["Resources"]):
        return f"{problem} data.Resources[0] should have required property 'Type'."
    return ""


def _take_in(backend: SecurityHubBackend, finding: Asff) -> None:
    """A new finding, or a later state of one; an earlier state is ignored without a word."""
    provided: Asff = {name: finding[name] for name in _OF_BOTH if name in finding}
    provided.update(finding.get("FindingProviderFields") or {})
    given: Asff = {"Region": backend.region_name, "RecordState": "ACTIVE", **provided, **finding}
    given["FindingProviderFields"] = provided
    known = _find(backend, finding["Id"])
    if known is None:
        backend.findings.append(Finding(finding["Id"], {"Workflow": {"Status": "NEW"}, **given}))
    elif given["UpdatedAt"] > known.data["UpdatedAt"]:
        # What a customer saw otherwise than the provider stays.
        theirs = [name for name in _OF_BOTH if known.data.get(name) != known.data["FindingProviderFields"].get(name)]
        kept = {name: known.data[name] for name in (*_OF_CUSTOMERS, *theirs, "CreatedAt") if name in known.data}
        if _is_reopened(known.data, given) and kept["Workflow"]["Status"] in ("NOTIFIED", "RESOLVED"):
            kept["Workflow"] = {"Status": "NEW"}
        known.data = {**given, **kept}


def _find(backend: SecurityHubBackend, name: str) -> t.Optional[Finding]:
    return next((item for item in backend.findings if item.id == name), None)


def _is_reopened(known: Asff, given: Asff) -> bool:
    passed = _at(known, "Compliance.Status") == "PASSED" != _at(given, "Compliance.Status")
    return bool(passed or (known["RecordState"] == "ARCHIVED" and given["RecordState"] == "ACTIVE"))


def batch_update_findings(response: SecurityHubResponse) -> ActionResult:
    """BatchUpdateFindings, by which customers say what became of a finding; its ``UpdatedAt`` stays."""
    backend = response.securityhub_backend
    check_enabled(backend)
    body = body_of(response)
    identifiers = body.pop("FindingIdentifiers")
    if not 1 <= len(identifiers) <= _MOST_FINDINGS or _at(body, "Workflow.Status") not in {None, *_STATUSES}:
        raise SecurityHubClientError("InvalidInputException", "Invalid parameter")
    if "Note" in body:
        body["Note"]["UpdatedAt"] = clock().isoformat() + "Z"
    unprocessed = []
    for identifier in identifiers:
        known = _find(backend, identifier["Id"])
        if known is None or known.data["ProductArn"] != identifier["ProductArn"]:
            error = {"ErrorCode": "FindingNotFound", "ErrorMessage": "Finding Not Found"}
            unprocessed.append({"FindingIdentifier": identifier, **error})
        else:
            known.data.update(body)
    processed = [item for item in identifiers if item not in [failed["FindingIdentifier"] for failed in unprocessed]]
    return ActionResult({"ProcessedFindings": processed, "UnprocessedFindings": unprocessed})


def get_findings(response: SecurityHubResponse) -> ActionResult:
    """GetFindings, with the filters on strings that fit when any of their values does."""
    backend = response.securityhub_backend
    check_enabled(backend)
    body = body_of(response)
    filters = body.get("Filters") or {}
    if any(len(values) > _MOST_VALUES for values in filters.values()):
        raise SecurityHubClientError("InvalidInputException", "Invalid parameter: Filters")
    found = [item.data for item in backend.findings if _fits(item.data, filters)]
    start, size = int(body.get("NextToken") or 0), int(body.get("MaxResults") or 100)
    page = found[start : start + size]
    more = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return ActionResult({"Findings": page, **more})


def _fits(finding: Asff, filters: t.Mapping[str, list[dict[str, str]]]) -> bool:
    return all(any(_matches(finding, name, condition) for condition in values) for name, values in filters.items())


def _matches(finding: Asff, name: str, condition: dict[str, str]) -> bool:
    if name == "ProductFields":
        value = (finding.get(name) or {}).get(condition["Key"])
    elif name in _FILTERS:
        value = _at(finding, _FILTERS[name])
    else:
        raise SecurityHubClientError("InvalidInputException", f"Invalid parameter: Filters.{name}")
    wanted = condition["Value"]
    if condition["Comparison"] == "PREFIX":
        return str(value or "").startswith(wanted)
    return (value == wanted) is (condition["Comparison"] == "EQUALS")


def _at(record: t.Any, path: str) -> t.Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _size(value: t.Any) -> int:
    return len(json.dumps(value).encode())


def install() -> None:
    """Add the operations with their paths."""
    operations_of(SecurityHubResponse, batch_import_findings, batch_update_findings, get_findings)
    urls.url_paths["{0}/findings/batchupdate$"] = SecurityHubResponse.dispatch
