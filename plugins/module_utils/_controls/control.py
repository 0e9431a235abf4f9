# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A control, its input (the scope) and its answer (the verdict)."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from .._account.model import DEEP, DETECTIVE, Dataset, Snapshot, Unread, User
from .._account.moments import format_utc
from .._account.permissions import Principal
from .._converge.finding import Remediation, Severity, Status
from .facts import Facts
from .problem import Problem
from .settings import Settings

Compliance = Mapping[str, tuple[str, ...]]

# The AWS operation whose answer each dataset is, for the evidence of findings.
SOURCES: t.Final[Mapping[Dataset, str]] = {
    Dataset.AUTHORIZATION_DETAILS: "GetAccountAuthorizationDetails",
    Dataset.CREDENTIAL_REPORT: "GetCredentialReport",
    Dataset.ACCOUNT_SUMMARY: "GetAccountSummary",
    Dataset.ACCOUNT_ALIASES: "ListAccountAliases",
    Dataset.PASSWORD_POLICY: "GetAccountPasswordPolicy",
    Dataset.VIRTUAL_MFA_DEVICES: "ListVirtualMFADevices",
    Dataset.SERVER_CERTIFICATES: "ListServerCertificates",
    Dataset.SAML_PROVIDERS: "ListSAMLProviders",
    Dataset.OIDC_PROVIDERS: "ListOpenIDConnectProviders",
    Dataset.SERVICE_SPECIFIC_CREDENTIALS: "ListServiceSpecificCredentials",
    Dataset.CONTACT_INFORMATION: "GetContactInformation",
    Dataset.ALTERNATE_CONTACTS: "GetAlternateContact",
    Dataset.ORGANIZATION: "DescribeOrganization",
    Dataset.ORGANIZATION_FEATURES: "ListOrganizationsFeatures",
    Dataset.ORGANIZATION_POLICIES: "DescribePolicy",
    Dataset.ORGANIZATION_TREE: "ListAccountsForParent",
    Dataset.ORGANIZATION_TREE_POLICIES: "ListTargetsForPolicy",
    Dataset.ORGANIZATION_DELEGATIONS: "ListDelegatedAdministrators",
    Dataset.ORGANIZATION_RESOURCE_POLICY: "DescribeResourcePolicy",
    Dataset.ANALYZERS: "ListAnalyzers",
    Dataset.CONFIG_RECORDERS: "DescribeConfigurationRecorders",
    Dataset.SECURITY_HUB: "DescribeHub",
    Dataset.TRAILS: "DescribeTrails",
    Dataset.LOG_ALARMS: "DescribeMetricFilters",
    Dataset.INSTANCES: "DescribeInstances",
    Dataset.ANALYZER_DETAILS: "ListArchiveRules",
    Dataset.ANALYZER_FINDINGS: "ListFindingsV2",
    Dataset.SECURITY_HUB_DETAILS: "GetEnabledStandards",
    Dataset.SECURITY_HUB_FINDINGS: "GetFindings",
    Dataset.EVENT_RULES: "ListRules",
    Dataset.CONFIG_RULES: "DescribeConfigRules",
    Dataset.CONFIG_COMPLIANCE: "DescribeComplianceByConfigRule",
    Dataset.SERVICE_LAST_ACCESSED: "GetServiceLastAccessedDetails",
    Dataset.MFA_DEVICES: "ListMFADevices",
    Dataset.SSH_PUBLIC_KEYS: "ListSSHPublicKeys",
}


@dataclasses.dataclass(frozen=True)
class Failure:
    """One resource that does not hold a control.

    ``observed`` is the evidence: any JSON value. ``severity`` and ``region`` replace those of the control, where one
    resource weighs more than another, or where an account-wide control is about a thing that lives in a region.
    """

    resource: str
    detail: str
    observed: t.Any = None
    resource_detail: t.Optional[str] = None
    severity: t.Optional[Severity] = None
    region: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The answer of a control about an account (or about one region of it).

    ``failures`` fail. ``unjudged`` are resources that could not be judged, each with the reason as its detail, and
    ``not_assessed`` is the reason for which something that has no name could not be. Both stand beside the failures.
    Without any of the three ``not_applicable`` gives its reason; else the control is passed. ``population`` counts the
    ``unit`` that was looked at; ``detail`` says more of a pass.
    """

    population: int
    unit: str
    failures: tuple[Failure, ...] = ()
    detail: str = ""
    not_applicable: t.Optional[str] = None
    not_assessed: t.Optional[str] = None
    unjudged: tuple[Failure, ...] = ()
    extra: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Scope:
    """The input of a check: the facts of the account, thresholds, the clock, the region (None: account-wide).

    ``break_glass`` are the declared principals for emergencies, as ARN globs.
    """

    facts: Facts
    settings: Settings
    now: datetime
    region: t.Optional[str] = None
    break_glass: tuple[str, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        return self.facts.snapshot

    def days_since(self, moment: datetime) -> int:
        """Whole days from ``moment`` to now; 0 for a moment in the future, as a clock ahead of AWS's would make it."""
        return max((self.now - moment).days, 0)

    def missing(self, dataset: Dataset) -> t.Optional[str]:
        """Why ``dataset`` was not read (in this region), or None where it was."""
        unread = self.snapshot.missing(dataset, self.region)
        return unread_reason(unread) if unread else None

    def unread_regions(self, dataset: Dataset) -> tuple[str, ...]:
        """Assessed regions in which a regional dataset was not read, those aside that refuse us as a whole.

        One finding stands for all that is unknown of such a region.
        """
        denied = self.snapshot.denied_regions
        regions = (region for region in self.snapshot.regions if region not in denied)
        return tuple(region for region in regions if self.snapshot.missing(dataset, region))


Check = Callable[[Scope], Verdict]


@dataclasses.dataclass(frozen=True)
class Control:
    """One thing that must hold, as data, and the pure function that judges it.

    ``needs``: datasets without which nothing can be said; the first is the main source. ``uses``: datasets that the
    check asks for by itself, since it can do without or knows better what their absence means. A ``regional`` control
    is judged in each assessed region; one ``of_organization`` once for an organization, and for no account. One about
    ``every_region`` is judged once for the account, and holds only if every enabled region was read.
    ``compliance`` maps frameworks (see :mod:`benchmarks`) to their requirements; ``stands_for`` are further ones,
    of which only a verdict that it does not hold says something. ``blind`` completes "It cannot see …" for people; it
    is empty where there is nothing to say. ``problem`` is what failing findings say: without it, that the title does
    not hold.
    """

    id: str
    title: str
    severity: Severity
    theme: str
    needs: tuple[Dataset, ...]
    check: Check
    expected: str
    rationale: str
    remediation: Remediation
    compliance: Compliance = dataclasses.field(default_factory=dict)
    uses: tuple[Dataset, ...] = ()
    regional: bool = False
    of_organization: bool = False
    every_region: bool = False
    stands_for: Compliance = dataclasses.field(default_factory=dict)
    blind: str = ""
    problem: t.Optional[Problem] = None

    @property
    def datasets(self) -> frozenset[Dataset]:
        """All that the control looks at."""
        return frozenset(self.needs) | frozenset(self.uses)

    @property
    def is_deep(self) -> bool:
        """Whether it rests on evidence that costs a call per principal, and so is only there on request."""
        return bool(frozenset(self.needs) & DEEP)

    @property
    def is_detective(self) -> bool:
        """Whether it rests on how the services that watch are set up, or what they found: only there on request too."""
        return bool(frozenset(self.needs) & DETECTIVE)

    def requirements(self, status: Status) -> Compliance:
        """The requirements that a verdict speaks of."""
        holds = status in (Status.PASS, Status.NOT_APPLICABLE)
        return merge_compliance(self.compliance, {} if holds else self.stands_for)

    @property
    def source(self) -> str:
        """The operations that the evidence comes from."""
        return ", ".join(SOURCES[dataset] for dataset in self.needs)


def unread_reason(unread: Unread) -> str:
    """A failed read in words: what was refused, by which operation, where."""
    operation = f"{unread.operation}: " if unread.operation else ""
    region = f" in {unread.region}" if unread.region else ""
    return f"{operation}{unread.reason}{region}"


def unknown_policies(scope: Scope, principals: Iterable[Principal]) -> t.Optional[str]:
    """Why an absence of administrators proves nothing, where not all policies of the principals are known."""
    unknown = {f"{item.name}: {name}" for item in principals for name in scope.facts.permissions.unknown(item.arn)}
    return f"policies that are not known: {listing(unknown)}" if unknown else None


def list_unreported(scope: Scope, users: t.Optional[Iterable[User]] = None) -> tuple[Failure, ...]:
    """List the users (by default all) that the credential report lacks, as resources that can't be judged."""
    found = scope.facts.unreported_users if users is None else users
    return tuple(Failure(user.arn, _explain_unreported(scope, user)) for user in found)


def _explain_unreported(scope: Scope, user: User) -> str:
    report = scope.snapshot.credential_report
    if report is None:
        return "the credential report was not read"
    of = f"the credential report of {format_utc(report.generated)}"
    if any(row.arn == user.arn for row in report.users):
        return f"{of} is about an earlier user of this name"
    return f"{of} does not know this user yet"


def with_unreported(check: Check) -> Check:
    """A check of the credential report's rows that also names the users who have none yet."""

    def whole(scope: Scope) -> Verdict:
        verdict = check(scope)
        return dataclasses.replace(verdict, unjudged=(*verdict.unjudged, *list_unreported(scope)))

    return whole


def list_unreported_administrators(scope: Scope) -> tuple[Failure, ...]:
    """List the administrators among the users that the credential report lacks."""
    return list_unreported(
        scope, (user for user in scope.facts.unreported_users if user.arn in scope.facts.admin_users)
    )


def listing(names: Iterable[str], limit: int = 10) -> str:
    """Names in a sentence; of a long list the first ones and how many more there are."""
    found = sorted(names)
    more = f" and {len(found) - limit} more" if len(found) > limit else ""
    return ", ".join(found[:limit]) + more


def plural(count: int, unit: str) -> str:
    """``1 user``, ``2 users``, ``1 policy``, ``2 policies``; ``unit`` is in the plural."""
    if count != 1:
        return f"{count} {unit}"
    singular = f"{unit[:-3]}y" if unit.endswith("ies") else unit.removesuffix("s")
    return f"{count} {singular}"


def merge_compliance(*mappings: Compliance) -> dict[str, tuple[str, ...]]:
    """Merge compliance mappings, requirements in order of first mention."""
    found: dict[str, tuple[str, ...]] = {}
    for mapping in mappings:
        for framework, ids in mapping.items():
            found[framework] = tuple(dict.fromkeys((*found.get(framework, ()), *ids)))
    return found


def maps(**frameworks: t.Union[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """A compliance mapping, with short names of the frameworks as keywords."""
    names = {
        "cis7": "cis_7.0",
        "cis5": "cis_5.0",
        "cis3": "cis_3.0",
        "hub": "security_hub",
        "nist": "nist_800_53",
        "pci": "pci_4.0",
        "soc2": "soc2",
    }
    return {names[key]: (value,) if isinstance(value, str) else value for key, value in frameworks.items()}
