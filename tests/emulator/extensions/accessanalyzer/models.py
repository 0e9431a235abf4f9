# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Analyzers and their archive rules, with the errors of AWS."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from moto.core.base_backend import BackendDict, BaseBackend
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends

from emulator.extensions.accessanalyzer.errors import (
    AccessDeniedException,
    ConflictException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from emulator.extensions.accessanalyzer.findings import Criteria, Finding
from emulator.extensions.accessanalyzer.generations import Generations
from emulator.extensions.state import clock

_SERVICE = "access-analyzer.amazonaws.com"
_LINKED_ROLE = "AWSServiceRoleForAccessAnalyzer"

#: how many analyzers of a type a region may have: the quotas of AWS, of which only the organization's is above one
_QUOTAS = {"ORGANIZATION": 5, "ORGANIZATION_UNUSED_ACCESS": 5}
_RULE_QUOTA = 100


@dataclasses.dataclass
class Analyzer:
    """An analyzer. Its fields bear AWS's names in lower case; :meth:`summary` is the shape of the API."""

    arn: str
    name: str
    kind: str
    created: datetime
    tags: dict[str, str]
    configuration: t.Optional[dict[str, t.Any]]
    archive_rules: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    status: str = "ACTIVE"
    status_reason: t.Optional[str] = None
    managed_by: t.Optional[str] = None
    findings: dict[str, Finding] = dataclasses.field(default_factory=dict)

    def summary(self) -> dict[str, t.Any]:
        """The analyzer as ListAnalyzers answers it, which leaves the configuration out."""
        shape = {
            "arn": self.arn,
            "name": self.name,
            "type": self.kind,
            "createdAt": self.created,
            "tags": self.tags,
            "status": self.status,
        }
        if self.status_reason:
            shape["statusReason"] = {"code": self.status_reason}
        return {**shape, "managedBy": self.managed_by} if self.managed_by else shape

    def whole(self) -> dict[str, t.Any]:
        """The analyzer as GetAnalyzer answers it."""
        return {**self.summary(), "configuration": self.configuration} if self.configuration else self.summary()

    def archives(self, finding: Finding) -> bool:
        """Whether a rule archives a new finding."""
        return any(finding.fits(rule["filter"]) for rule in self.archive_rules.values())

    def add(self, finding: Finding) -> None:
        """Find something."""
        if finding.status == "ACTIVE" and self.archives(finding):
            finding.status = "ARCHIVED"
        self.findings[finding.id] = finding


class AccessAnalyzerBackend(BaseBackend):
    """The analyzers of one account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.analyzers: dict[str, Analyzer] = {}
        self.generations = Generations(account_id, self.partition)

    def create_analyzer(
        self,
        *,
        name: str,
        kind: str,
        tags: t.Mapping[str, str],
        configuration: t.Optional[dict[str, t.Any]],
        archive_rules: t.Sequence[t.Mapping[str, t.Any]],
    ) -> Analyzer:
        """Create an analyzer, and as AWS does the service-linked role of the first one."""
        if name in self.analyzers:
            raise ConflictException(f"An analyzer named {name} already exists.", name, "ANALYZER")
        if kind.startswith("ORGANIZATION"):
            self._check_may_see_organization()
        # Those that services manage are theirs: the customer's quota is about the customer's.
        own = [analyzer for analyzer in self.analyzers.values() if analyzer.kind == kind and not analyzer.managed_by]
        if len(own) >= _QUOTAS.get(kind, 1):
            raise ServiceQuotaExceededException(
                f"The maximum number of analyzers of type {kind} has been reached.", name, "ANALYZER"
            )
        if kind.endswith("UNUSED_ACCESS") and not configuration:
            # AWS takes 90 days where an unused-access analyzer comes without a tracking period.
            configuration = {"unusedAccess": {"unusedAccessAge": 90}}
        analyzer = Analyzer(
            arn=f"arn:{self.partition}:access-analyzer:{self.region_name}:{self.account_id}:analyzer/{name}",
            name=name,
            kind=kind,
            created=clock(),
            tags=dict(tags),
            configuration=configuration,
        )
        self.analyzers[name] = analyzer
        for rule in archive_rules:
            self.put_archive_rule(name, rule["ruleName"], rule["filter"], new=True)
        self._ensure_linked_role()
        return analyzer

    def get_analyzer(self, name: str) -> Analyzer:
        """The analyzer of that name."""
        if name not in self.analyzers:
            raise ResourceNotFoundException(f"Analyzer {name} was not found.", name, "ANALYZER")
        return self.analyzers[name]

    def get_analyzer_by_arn(self, arn: str) -> Analyzer:
        """The analyzer of that ARN: the tagging operations name it so."""
        for analyzer in self.analyzers.values():
            if analyzer.arn == arn:
                return analyzer
        raise ResourceNotFoundException(f"{arn} was not found.", arn, "ANALYZER")

    def update_analyzer(self, name: str, configuration: t.Optional[dict[str, t.Any]]) -> Analyzer:
        """Replace what an analyzer of unused or internal access is set up to do."""
        analyzer = self.get_analyzer(name)
        if analyzer.kind in ("ACCOUNT", "ORGANIZATION"):
            raise ValidationException("External access analyzers do not support configuration updates.")
        key = "unusedAccess" if analyzer.kind.endswith("UNUSED_ACCESS") else "internalAccess"
        if not configuration or set(configuration) != {key}:
            raise ValidationException(f"The configuration of an analyzer of type {analyzer.kind} must be {key}.")
        analyzer.configuration = configuration
        return analyzer

    def findings(self, arn: str, criteria: Criteria) -> list[Finding]:
        """The findings of an analyzer that fit a filter."""
        return [finding for finding in self.get_analyzer_by_arn(arn).findings.values() if finding.fits(criteria)]

    def finding(self, arn: str, finding_id: str) -> Finding:
        """The finding of that id."""
        found = self.get_analyzer_by_arn(arn).findings
        if finding_id not in found:
            raise ResourceNotFoundException(f"Finding {finding_id} was not found.", finding_id, "FINDING")
        return found[finding_id]

    def recommend(self, arn: str, finding_id: str) -> None:
        """Begin a recommendation anew; there are such on unused permissions alone."""
        try:
            analyzer, finding = self.get_analyzer_by_arn(arn), self.finding(arn, finding_id)
        except ResourceNotFoundException as missing:
            # Alone of these operations, this one has no such error in its model.
            raise ValidationException(str(missing)) from None
        if not analyzer.kind.endswith("UNUSED_ACCESS"):
            raise ValidationException("Recommendations are supported for unused access analyzers only.")
        if finding.kind != "UnusedPermission":
            raise ValidationException("Recommendations are supported for unused permission findings only.")
        if finding.status == "RESOLVED":
            raise ValidationException("The finding is resolved.")
        finding.recommendation = finding.recommend((analyzer.configuration or {})["unusedAccess"]["unusedAccessAge"])

    def recommendation(self, arn: str, finding_id: str) -> dict[str, t.Any]:
        """How far the recommendation on a finding is."""
        finding = self.finding(arn, finding_id)
        if finding.recommendation is None:
            raise ResourceNotFoundException("No recommendation was generated.", finding_id, "RECOMMENDATION")
        return finding.answer_recommendation()

    def apply_archive_rule(self, arn: str, rule_name: str) -> None:
        """Archive what a rule fits of the findings that were there before it."""
        analyzer = self.get_analyzer_by_arn(arn)
        rule = self.get_archive_rule(analyzer.name, rule_name)
        for finding in analyzer.findings.values():
            if finding.status == "ACTIVE" and finding.fits(rule["filter"]):
                finding.status = "ARCHIVED"

    def delete_analyzer(self, name: str) -> None:
        """Delete an analyzer; its service-linked role stays."""
        self.get_analyzer(name)
        del self.analyzers[name]

    def put_archive_rule(self, analyzer_name: str, rule_name: str, criteria: dict[str, t.Any], *, new: bool) -> None:
        """Create an archive rule, or replace the filter of one."""
        rules = self.get_analyzer(analyzer_name).archive_rules
        if not criteria:
            raise ValidationException("An archive rule must have a filter.")
        if new and len(rules) >= _RULE_QUOTA:
            raise ServiceQuotaExceededException("Too many archive rules.", rule_name, "ARCHIVE_RULE")
        if new and rule_name in rules:
            raise ConflictException(f"An archive rule named {rule_name} already exists.", rule_name, "ARCHIVE_RULE")
        rule = self.get_archive_rule(analyzer_name, rule_name) if not new else {"createdAt": clock()}
        rules[rule_name] = {**rule, "ruleName": rule_name, "filter": criteria, "updatedAt": clock()}

    def get_archive_rule(self, analyzer_name: str, rule_name: str) -> dict[str, t.Any]:
        """The archive rule of that name, as ``ArchiveRuleSummary``."""
        rules = self.get_analyzer(analyzer_name).archive_rules
        if rule_name not in rules:
            raise ResourceNotFoundException(f"Archive rule {rule_name} was not found.", rule_name, "ARCHIVE_RULE")
        return rules[rule_name]

    def _check_may_see_organization(self) -> None:
        """Organization analyzers belong to the management account and to the delegated administrator."""
        memberships = organizations_backends.master_accounts
        management, partition = memberships.get(self.account_id, (self.account_id, self.partition))
        backend = organizations_backends[management][partition]
        delegated = [admin.account.id for admin in backend.admins if _SERVICE in admin.services]
        if backend.org is None:
            raise ValidationException("The account is not a member of an organization.")
        if self.account_id not in (management, *delegated):
            raise AccessDeniedException(
                "Only the management account or a delegated administrator can create an organization analyzer."
            )

    def _ensure_linked_role(self) -> None:
        backend = iam_backends[self.account_id][self.partition]
        if all(role.name != _LINKED_ROLE for role in backend.roles.values()):
            backend.create_service_linked_role(_SERVICE, "", "")


accessanalyzer_backends: BackendDict[AccessAnalyzerBackend] = BackendDict(AccessAnalyzerBackend, "accessanalyzer")
