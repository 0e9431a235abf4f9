# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of IAM Access Analyzer that are made on request."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from . import fields
from .analyzers import (
    EXTERNAL,
    AnalyzerDetails,
    AnalyzerFinding,
    ArchiveRule,
    Criteria,
    Criterion,
    Exclusion,
    Inclusion,
    access_of,
)
from .source import Fields, Record, Source

DETAILS_OPERATIONS: t.Final = (
    "accessanalyzer:ListAnalyzers",
    "accessanalyzer:GetAnalyzer",
    "accessanalyzer:ListArchiveRules",
)
FINDINGS_OPERATIONS: t.Final = ("accessanalyzer:ListFindingsV2", "accessanalyzer:ListAnalyzers")
_SERVICE: t.Final = "accessanalyzer"
_ACTIVE: t.Final = {"status": {"eq": ["ACTIVE"]}}
_PUBLIC: t.Final = {"isPublic": {"eq": ["true"]}}
_ARCHIVED: t.Final = {"status": {"eq": ["ARCHIVED"]}}
_PAGE: t.Final = 100


class Lists(t.Protocol):
    """A lister of the structures of all pages: a :class:`~.source.Source`, or the access that one is made of."""

    def items(
        self,
        service: str,
        operation: str,
        key: str,
        parameters: t.Optional[Record] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Iterator[Record]:
        """The structures in the list ``key``, over all pages."""


def read_analyzer_details(source: Source, region: str) -> Fields:
    """The region's analyzers with what they are set up to do, and their archive rules."""
    analyzers = [
        analyzer_details(source, region, listed)
        for listed in source.items(_SERVICE, "ListAnalyzers", "analyzers", region=region)
    ]
    return {"analyzer_details": tuple(sorted(analyzers, key=lambda analyzer: analyzer.arn))}


def analyzer_details(source: Source, region: str, listed: Record) -> AnalyzerDetails:
    """One analyzer of the list. The list leaves out what an analyzer of unused or internal access is set up to do."""
    name, kind = fields.text(listed, "name"), fields.text(listed, "type")
    whole = listed
    if access_of(kind) != EXTERNAL:
        answer = source.call(_SERVICE, "GetAnalyzer", {"analyzerName": name}, region=region)
        whole = fields.structure(answer, "analyzer")
    rules = source.items(_SERVICE, "ListArchiveRules", "archiveRules", {"analyzerName": name}, region=region)
    return details_of(whole, region, tuple(sorted(map(archive_rule, rules), key=lambda rule: rule.name)))


def details_of(analyzer: Record, region: str, archive_rules: tuple[ArchiveRule, ...]) -> AnalyzerDetails:
    """AWS's ``AnalyzerSummary`` as ours."""
    configuration = fields.optional_structure(analyzer, "configuration") or {}
    unused = fields.optional_structure(configuration, "unusedAccess") or {}
    internal = fields.optional_structure(configuration, "internalAccess") or {}
    reason = fields.optional_structure(analyzer, "statusReason")
    return AnalyzerDetails(
        name=fields.text(analyzer, "name"),
        arn=fields.text(analyzer, "arn"),
        region=region,
        type=fields.text(analyzer, "type"),
        status=fields.text(analyzer, "status"),
        status_reason=fields.text(reason, "code") if reason else None,
        managed_by=fields.optional_text(analyzer, "managedBy"),
        tags=dict(fields.optional_structure(analyzer, "tags") or {}),
        unused_access_age=fields.number(unused, "unusedAccessAge") or None,
        exclusions=tuple(_exclusion(entry) for entry in _rule_of(unused, "exclusions")),
        inclusions=tuple(_inclusion(entry) for entry in _rule_of(internal, "inclusions")),
        archive_rules=archive_rules,
    )


def _rule_of(configuration: Record, key: str) -> t.Sequence[Record]:
    rule = fields.optional_structure(configuration, "analysisRule") or {}
    return fields.optional_records(rule, key)


def _exclusion(entry: Record) -> Exclusion:
    return Exclusion(
        account_ids=tuple(sorted(fields.texts(entry, "accountIds"))),
        resource_tags=tuple(dict(tags) for tags in fields.optional_records(entry, "resourceTags")),
    )


def _inclusion(entry: Record) -> Inclusion:
    return Inclusion(
        account_ids=tuple(sorted(fields.texts(entry, "accountIds"))),
        resource_types=tuple(sorted(fields.texts(entry, "resourceTypes"))),
        resource_arns=tuple(sorted(fields.texts(entry, "resourceArns"))),
    )


def archive_rule(rule: Record) -> ArchiveRule:
    """AWS's ``ArchiveRuleSummary`` as ours."""
    return ArchiveRule(
        name=fields.text(rule, "ruleName"),
        criteria=criteria(fields.structure(rule, "filter")),
        created=fields.moment(rule, "createdAt"),
        updated=fields.moment(rule, "updatedAt"),
    )


def criteria(filters: Record) -> Criteria:
    """A filter as AWS answers it, in a form that two of them can be compared in."""
    return {
        key: Criterion(
            eq=tuple(sorted(fields.texts(criterion, "eq"))),
            neq=tuple(sorted(fields.texts(criterion, "neq"))),
            contains=tuple(sorted(fields.texts(criterion, "contains"))),
            exists=fields.optional_flag(criterion, "exists"),
        )
        for key in sorted(filters)
        for criterion in [fields.structure(filters, key)]
    }


def read_analyzer_findings(source: Source, region: str) -> Fields:
    """The active findings of the region's analyzers that work, of all types, and the archived ones that are public."""
    found: list[AnalyzerFinding] = []
    for analyzer in source.items(_SERVICE, "ListAnalyzers", "analyzers", region=region):
        arn, kind = fields.text(analyzer, "arn"), fields.text(analyzer, "type")
        if fields.text(analyzer, "status") == "ACTIVE":
            found += findings_of(source, region, arn, kind, _ACTIVE)
            if access_of(kind) == EXTERNAL:
                # To archive a finding does not close the access.
                archived = _list_findings(source, region, arn, {**_ARCHIVED, **_PUBLIC})
                found += (finding(item, region=region, analyzer_arn=arn, is_public=True) for item in archived)
    return {"analyzer_findings": tuple(sorted(found, key=lambda item: (item.resource, item.type, item.id)))}


def findings_of(lists: Lists, region: str, arn: str, kind: str, filters: Record) -> Iterator[AnalyzerFinding]:
    """The findings of one analyzer that fit a filter.

    The list does not tell which access is public, but can be asked for what is.
    """
    public: frozenset[str] = frozenset()
    if access_of(kind) == EXTERNAL:
        public = frozenset(
            fields.text(item, "id") for item in _list_findings(lists, region, arn, {**filters, **_PUBLIC})
        )
    for item in _list_findings(lists, region, arn, filters):
        yield finding(item, region=region, analyzer_arn=arn, is_public=fields.text(item, "id") in public)


def _list_findings(lists: Lists, region: str, arn: str, filters: Record) -> Iterator[Record]:
    parameters = {"analyzerArn": arn, "filter": filters, "maxResults": _PAGE}
    return lists.items(_SERVICE, "ListFindingsV2", "findings", parameters, region=region)


def finding(item: Record, *, region: str, analyzer_arn: str, is_public: bool = False) -> AnalyzerFinding:
    """AWS's ``FindingSummaryV2`` as ours."""
    return AnalyzerFinding(
        id=fields.text(item, "id"),
        analyzer_arn=analyzer_arn,
        region=region,
        type=fields.text(item, "findingType"),
        resource=fields.optional_text(item, "resource") or "",
        resource_type=fields.text(item, "resourceType"),
        owner_account=fields.text(item, "resourceOwnerAccount"),
        status=fields.text(item, "status"),
        is_public=is_public,
        error=fields.optional_text(item, "error"),
        created=fields.moment(item, "createdAt"),
        updated=fields.moment(item, "updatedAt"),
    )
