# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings of IAM Access Analyzer, and the archive rules that hide them."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping

from ..._account.analyzers import EXTERNAL, INTERNAL, UNUSED, AnalyzerFinding, ArchiveRule, Criterion, access_of
from ..._account.model import Dataset
from ..._converge.finding import Remediation, Severity
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps, plural
from ..problem import Problem

_THEME = "detective"
_FINDINGS = "active findings"
_GLOBAL: t.Final = "global"
_ACCESS_OF_FINDING: t.Final[Mapping[str, str]] = {"ExternalAccess": EXTERNAL, "InternalAccess": INTERNAL}
_WORDS: t.Final[Mapping[str, str]] = {
    "UnusedIAMRole": "the role is unused",
    "UnusedIAMUserAccessKey": "an access key is unused",
    "UnusedIAMUserPassword": "the password is unused",
    "UnusedPermission": "permissions are unused",
    "InternalAccess": "principals of the account or organization have access",
}
# Keys that can single out a resource or a trusted principal. All else (a type, an account, "not public") is a class.
_SPECIFIC: t.Final = ("resource", "principal.", "condition.", "accessPoint", "id")
_CLASSES: t.Final = frozenset({"resourceType", "resourceOwnerAccount", "resourceControlPolicyRestriction"})
_LEAST_LENGTH: t.Final = 4
_ACCOUNT: t.Final = re.compile(r"\d{12}", re.ASCII)
# Words that ARNs of many resources have: accounts, regions, services with their resource types, paths of AWS.
_COMMON: t.Final = re.compile(
    r"\d{12}|[a-z]{2}(-[a-z]+)+-\d|aws(-[a-z]+)*|(.*\.)?amazonaws(\.com(\.cn)?)?|(aws-)?service-role|aws-reserved"
    r"|assumed-role|federated-user|user|role|root|group|policy|saml-provider|oidc-provider|bucket|table|function|layer"
    r"|key|alias|secret|parameter|queue|topic|stream|snapshot|image|instance|volume|cluster|repository|domain|project"
    r"|file-system|access-point|directory|db|lambda|dynamodb|kinesis|secretsmanager|elasticfilesystem|ecr|sns|sqs|kms"
    r"|iam|sts|rds|ec2|s3|s3express|log-group|logs"
)


def access_of_finding(finding_type: str) -> str:
    """The kind of analyzer that a type of finding comes from."""
    return _ACCESS_OF_FINDING.get(finding_type, UNUSED)


def is_broad(rule: ArchiveRule) -> bool:
    """Whether an archive rule hides a class of findings, not those of resources or principals that it names.

    All criteria of a rule must fit, so one that names something is enough.
    """
    return not any(_names_something(key, criterion) for key, criterion in rule.criteria.items())


def _names_something(key: str, criterion: Criterion) -> bool:
    if key in _CLASSES or not key.startswith(_SPECIFIC):
        return False
    if criterion.eq:
        return all(value != "*" for value in criterion.eq)
    return bool(criterion.contains) and all(_is_distinctive(key, value) for value in criterion.contains)


def _is_distinctive(key: str, part: str) -> bool:
    """Whether a part of a name is more than what all ARNs of a service, an account or a region have."""
    if key.startswith("principal.") and _ACCOUNT.fullmatch(part):
        return True
    words = [word for word in re.split(r"[:/*]", part) if word]
    return any(len(word) >= _LEAST_LENGTH and not _COMMON.fullmatch(word) for word in words)


def format_filter(criteria: Mapping[str, Criterion]) -> dict[str, t.Any]:
    """Format a filter as AWS writes it, without the criteria that are not set."""
    return {
        key: {
            **{name: list(values) for name in ("eq", "neq", "contains") if (values := getattr(criterion, name))},
            **({} if criterion.exists is None else {"exists": criterion.exists}),
        }
        for key, criterion in criteria.items()
    }


def _check_archive_rules(scope: Scope) -> Verdict:
    own = [item for item in scope.snapshot.analyzer_details if item.region == scope.region and not item.managed_by]
    rules = [(analyzer, rule) for analyzer in own for rule in analyzer.archive_rules]
    failures = tuple(
        Failure(
            analyzer.arn,
            f"archive rule {rule.name} hides whatever fits {listing(rule.criteria)}, without naming it",
            {"rule": rule.name, "filter": format_filter(rule.criteria)},
            rule.name,
        )
        for analyzer, rule in rules
        if is_broad(rule)
    )
    return Verdict(len(rules), "archive rules", failures)


def _make_findings_check(access: str, failure: Callable[[list[AnalyzerFinding]], Failure]) -> Check:
    """Make a check that fails every resource with active findings of one kind of analyzer, once for all of them."""

    def check(scope: Scope) -> Verdict:
        analyzers = [item for item in scope.snapshot.analyzers if item.region == scope.region]
        if not any(access_of(item.type) == access and item.status == "ACTIVE" for item in analyzers):
            return Verdict(0, _FINDINGS, not_applicable="no active analyzer of this kind in this region")
        by_resource = _by_resource(scope, access)
        failures = tuple(failure(findings) for findings in by_resource.values())
        detail = "no active finding"
        return Verdict(sum(map(len, by_resource.values())), _FINDINGS, failures, detail)

    return check


def _by_resource(scope: Scope, access: str) -> dict[str, list[AnalyzerFinding]]:
    """The active findings of this region by resource.

    All regions' analyzers have the same findings about IAM, a global service: the first region that has one reports it.
    """
    found: dict[str, list[AnalyzerFinding]] = {}
    for item in scope.snapshot.analyzer_findings:
        if access_of_finding(item.type) == access and item.status == "ACTIVE":
            found.setdefault(item.resource or item.id, []).append(item)
    return {
        resource: [item for item in items if item.region == scope.region or _is_global(item)]
        for resource, items in found.items()
        if (
            min(item.region for item in items) == scope.region if _is_global(items[0]) else _is_found_here(items, scope)
        )
    }


def _is_found_here(items: list[AnalyzerFinding], scope: Scope) -> bool:
    return any(item.region == scope.region for item in items)


def _is_global(item: AnalyzerFinding) -> bool:
    return item.resource_type.startswith("AWS::IAM::")


def _report_external_access(items: list[AnalyzerFinding]) -> Failure:
    judged = [item for item in items if item.error is None]
    if not judged:
        return _failure(
            items, f"could not be analyzed: {listing({str(item.error) for item in items})}", Severity.MEDIUM
        )
    if any(item.is_public for item in judged):
        return _failure(items, "open to everybody", Severity.CRITICAL)
    return _failure(items, "open to principals outside the account or organization", Severity.HIGH)


def _report_unused_access(items: list[AnalyzerFinding]) -> Failure:
    only_permissions = all(item.type == "UnusedPermission" for item in items)
    return _failure(items, _list_kinds(items), Severity.LOW if only_permissions else Severity.MEDIUM)


def _report_internal_access(items: list[AnalyzerFinding]) -> Failure:
    return _failure(items, _list_kinds(items), Severity.LOW)


def _list_kinds(items: list[AnalyzerFinding]) -> str:
    return listing({_WORDS.get(item.type, item.type) for item in items})


def _failure(items: list[AnalyzerFinding], detail: str, severity: Severity) -> Failure:
    first = items[0]
    # The same finding of another region is no further finding.
    count = max(sum(item.region == region for item in items) for region in {item.region for item in items})
    observed = {
        "findings": sorted({item.id for item in items}),
        "types": sorted({item.type for item in items}),
        "resource_type": first.resource_type,
        "owner_account": first.owner_account,
    }
    return Failure(
        resource=first.resource or first.analyzer_arn,
        detail=f"{detail} ({plural(count, _FINDINGS)} of Access Analyzer)",
        observed=observed,
        resource_detail=None if first.resource else first.id,
        severity=severity,
        region=_GLOBAL if _is_global(first) else None,
    )


#: The words of findings that the module access_analyzer makes of its own declaration.
OTHER_PROBLEMS: t.Final = {
    "archive_rule_expired": Problem(
        "Archive rule has expired, and still hides findings", "archive rules have expired, and still hide findings"
    )
}

CONTROLS: t.Final = (
    Control(
        id="external_access_found",
        title="All access from outside the account was reviewed",
        problem=Problem(
            "Resource is accessible from outside, without a review",
            "resources are accessible from outside, without a review",
        ),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.ANALYZER_FINDINGS, Dataset.ANALYZERS),
        check=_make_findings_check(EXTERNAL, _report_external_access),
        regional=True,
        expected="no active finding of an external access analyzer; intended access is archived until an expiry date",
        rationale=(
            "Attacks start at resources that outsiders can reach. Access Analyzer proves this access from the policies."
        ),
        blind="types of resources that IAM Access Analyzer does not analyze.",
        remediation=Remediation(
            "Remove the access from the resource's policy. If it is intended, declare an archive rule that names it."
        ),
        compliance=maps(nist=("AC-3", "AC-6"), soc2="CC6.1"),
    ),
    Control(
        id="unused_access_found",
        title="No role, credential or permission is unused",
        problem=Problem(
            "Access Analyzer found a principal with unused access",
            "principals with unused access, found by Access Analyzer",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.ANALYZER_FINDINGS, Dataset.ANALYZERS),
        check=_make_findings_check(UNUSED, _report_unused_access),
        regional=True,
        expected="no active finding of an unused access analyzer",
        rationale="Unused access helps only an intruder, whose use would not be noticed.",
        remediation=Remediation(
            "Remove unused access. hardening.iam.access_analyzer_findings_info returns recommendations."
        ),
        compliance=maps(nist=("AC-2(3)", "AC-6"), soc2="CC6.3"),
    ),
    Control(
        id="internal_access_found",
        title="Access to critical resources was reviewed",
        problem=Problem(
            "Access to a critical resource was not reviewed", "critical resources with access that was not reviewed"
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.ANALYZER_FINDINGS, Dataset.ANALYZERS),
        check=_make_findings_check(INTERNAL, _report_internal_access),
        regional=True,
        expected="no active finding of an internal access analyzer; intended access is archived until an expiry date",
        rationale="Only principals that need a critical resource should reach it.",
        remediation=Remediation("Remove the access, or declare an archive rule that names the principals."),
        compliance=maps(nist=("AC-6",), soc2="CC6.1"),
    ),
    Control(
        id="archive_rule_broad",
        title="Archive rules name the findings that they hide",
        problem=Problem(
            "Archive rule names no resource, principal or condition",
            "archive rules name no resource, principal or condition",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.ANALYZER_DETAILS,),
        check=_check_archive_rules,
        regional=True,
        expected="every archive rule names a resource, a principal or a condition",
        rationale="A rule on a class of findings also hides future findings, before anybody has seen them.",
        remediation=Remediation(
            "Name the intended resources or principals, or remove the rule.", "hardening.iam.access_analyzer"
        ),
        compliance=maps(nist=("CA-7",), soc2="CC7.1"),
    ),
)
