# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings as people read them: what fails for the same reason stands together, under an id such as ``H-002``."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing as t
from collections.abc import Iterable, Mapping

from .._controls.score import natural
from .._converge.finding import Severity, Status
from .problems import find_watched_event, problem

# The frameworks that a finding's ``compliance`` may name, in the order in which they are shown.
FRAMEWORKS: t.Final[Mapping[str, str]] = {
    "cis_7.0": "CIS AWS Foundations Benchmark v7.0",
    "cis_5.0": "CIS AWS Foundations Benchmark v5.0",
    "cis_3.0": "CIS AWS Foundations Benchmark v3.0",
    "security_hub": "AWS Security Hub",
    "nist_800_53": "NIST SP 800-53 r5",
    "pci_4.0": "PCI DSS v4.0",
    "soc2": "SOC 2",
}

# So many controls fail at most; a larger number was not given by a report.
_MOST_GROUPS: t.Final = 9999
# Others than the account may be called root too: topics, functions, log groups.
_WHOLE: t.Final = re.compile(r"arn:[\w-]+:iam::\d+:root", re.ASCII)
# Controls about the root user. Its ARN also stands for the account.
_OF_ROOT: t.Final = ("root_", "member_root_")


@dataclasses.dataclass(frozen=True)
class Group:
    """Failing findings of one control, or of controls that differ only in the event that they report.

    ``aliases`` names accounts by their ids.
    """

    id: str
    severity: str
    heading: str
    findings: tuple[Mapping[str, t.Any], ...]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def controls(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding["control"] for finding in self.findings))

    @functools.cached_property
    def remediation(self) -> Mapping[str, t.Any]:
        remediation: Mapping[str, t.Any] = self.findings[0]["remediation"]
        return remediation

    @functools.cached_property
    def compliance(self) -> Mapping[str, list[str]]:
        """All that the findings count for."""
        found: dict[str, set[str]] = {}
        for finding in self.findings:
            for framework, ids in finding["compliance"].items():
                found.setdefault(framework, set()).update(ids)
        return {framework: sorted(ids, key=natural) for framework, ids in found.items()}

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The objects of the findings, each once, with the part of the resource only where it distinguishes them.

        Units and accounts of an organization have ids that nobody knows them by; the part is their path or name.
        """
        short = [
            find_watched_event(finding["title"]) or _short_name(finding, self.aliases) for finding in self.findings
        ]
        of_organization = any(":organizations:" in finding["resource"] for finding in self.findings)
        if of_organization or len(set(short)) < len(short):
            short = [self.name(finding) for finding in self.findings]
        return tuple(dict.fromkeys(short))

    def name(self, finding: Mapping[str, t.Any]) -> str:
        """The object of one of the findings, with its account where only that distinguishes it from another."""
        name = len(self.controls) > 1 and find_watched_event(finding["title"])
        name = name or resource_name(finding, self.aliases)
        return f"{name} of {finding['account_id']}" if self._has_same_names_in_accounts else name

    @functools.cached_property
    def _has_same_names_in_accounts(self) -> bool:
        """Whether resources of several accounts share a name, such as their root users."""
        names = {resource_name(finding, self.aliases) for finding in self.findings}
        return len({finding["account_id"] for finding in self.findings}) > 1 and len(names) < len(
            {finding["resource"] for finding in self.findings}
        )


@dataclasses.dataclass(frozen=True)
class Gap:
    """A reason for which controls could not be assessed, said once, and what it kept from a verdict.

    ``resources`` are those that could not be judged by themselves; there are none where it is the whole account.
    """

    reason: str
    controls: tuple[str, ...]
    regions: tuple[str, ...]
    resources: tuple[str, ...] = ()


def failing_groups(report: Mapping[str, t.Any]) -> tuple[Group, ...]:
    """The failing findings by severity and control, each group with the id that the account knows it by."""
    numbers = number_groups(report["findings"], report.get("finding_numbers"))
    groups = []
    for (severity, family), findings in _collect(report["findings"]).items():
        identifier = f"{severity.value[0].upper()}-{numbers[severity.value][family]:03d}"
        heading = _heading(findings, report)
        groups.append(Group(identifier, severity.value, heading, tuple(findings), aliases_of(report)))
    return tuple(groups)


def number_groups(findings: Iterable[Mapping[str, t.Any]], earlier: t.Any = None) -> dict[str, dict[str, int]]:
    """Number the groups of failing findings, by severity. A group keeps its number; a new one gets a new number.

    :arg earlier: the numbers in the report before, as they were read. A group that does not fail keeps its number too:
        what could not be assessed in one run has the same id in the next.
    """
    given = earlier if isinstance(earlier, Mapping) else {}
    known = {severity.value: _read_numbers(given.get(severity.value)) for severity in Severity}
    for severity, family in _collect(findings):
        numbers = known[severity.value]
        numbers.setdefault(family, max(numbers.values(), default=0) + 1)
    return known


def _read_numbers(given: t.Any) -> dict[str, int]:
    """The numbers of one severity. Others can write to the place of reports: what is no number is left out."""
    items = given.items() if isinstance(given, Mapping) else ()
    return {str(name): value for name, value in items if type(value) is int and 0 < value <= _MOST_GROUPS}


def _collect(
    findings: Iterable[Mapping[str, t.Any]],
) -> dict[tuple[Severity, str], list[Mapping[str, t.Any]]]:
    """The failing findings by severity and control, the most severe first."""
    collected: dict[tuple[Severity, str], list[Mapping[str, t.Any]]] = {}
    for finding in findings:
        if finding["status"] == Status.FAIL.value:
            family = "alarm" if find_watched_event(finding["title"]) else finding["control"]
            collected.setdefault((Severity(finding["severity"]), family), []).append(finding)
    return dict(sorted(collected.items(), key=lambda item: (item[0][0].rank, item[0][1])))


def _heading(findings: list[Mapping[str, t.Any]], report: Mapping[str, t.Any]) -> str:
    if len({finding["control"] for finding in findings}) > 1:
        return f"Nobody is alerted to {len(findings)} kinds of event"
    return problem_of(findings[0], report, len(findings))


def problem_of(finding: Mapping[str, t.Any], report: Mapping[str, t.Any], count: int = 1) -> str:
    """The problem that ``finding``, or ``count`` of its kind, reports."""
    return problem(finding["control"], count, title=finding["title"], thresholds=report["thresholds"])


def gaps(report: Mapping[str, t.Any]) -> tuple[Gap, ...]:
    """Why controls were not assessed: each reason once, in the order of the findings."""
    found: dict[str, list[Mapping[str, t.Any]]] = {}
    for finding in report["findings"]:
        if finding["status"] == Status.NOT_ASSESSED.value:
            found.setdefault(finding["detail"], []).append(finding)
    return tuple(
        Gap(
            reason,
            controls=tuple(dict.fromkeys(finding["control"] for finding in same)),
            regions=tuple(dict.fromkeys(finding["region"] for finding in same)),
            resources=tuple(dict.fromkeys(resource_name(finding) for finding in same if not is_whole(finding))),
        )
        for reason, same in found.items()
    )


def is_whole(finding: Mapping[str, t.Any]) -> bool:
    """Whether a finding speaks of the account as a whole, not of one resource of it."""
    return bool(_WHOLE.fullmatch(str(finding["resource"])))


def is_of_account(finding: Mapping[str, t.Any]) -> bool:
    """Whether a finding is about the account, and not about its root user, which has the same ARN."""
    return is_whole(finding) and not str(finding["control"]).startswith(_OF_ROOT)


def aliases_of(report: Mapping[str, t.Any]) -> dict[str, str]:
    """The aliases of accounts that a report knows, by account: its own at most."""
    return {report["account_id"]: report["account_alias"]} if report.get("account_alias") else {}


def account_name(account_id: str, aliases: Mapping[str, str]) -> str:
    """``account 222233334444 (acme-prod)``."""
    alias = aliases.get(account_id)
    return f"account {account_id} ({alias})" if alias else f"account {account_id}"


def resource_name(finding: Mapping[str, t.Any], aliases: Mapping[str, str] = types.MappingProxyType({})) -> str:
    """The name that people use for the resource, and the part of the resource that is meant."""
    name = _short_name(finding, aliases)
    region = "" if finding["region"] in ("global", name) else str(finding["region"])
    notes = ", ".join(filter(None, (finding["resource_detail"], region)))
    return f"{name} ({notes})" if notes else name


def _short_name(finding: Mapping[str, t.Any], aliases: Mapping[str, str]) -> str:
    """The last part of the ARN; what a regional finding says of the account as a whole, it says of the region."""
    resource = str(finding["resource"])
    if is_of_account(finding):
        # What a delta keeps aside has no account beside its ARN.
        account = str(finding.get("account_id") or resource.split(":")[-2])
        return account_name(account, aliases) if finding["region"] == "global" else str(finding["region"])
    return resource.rpartition(":")[2].rpartition("/")[2] or resource


def last_activity(finding: Mapping[str, t.Any]) -> t.Optional[str]:
    """When the resource was last used, where the evidence of the finding has it."""
    observed = finding["evidence"]["observed"]
    if not isinstance(observed, Mapping):
        return None
    for name in ("last_activity", "last_used", "password_last_used"):
        if observed.get(name):
            return str(observed[name])
    return None


@dataclasses.dataclass(frozen=True)
class Refusals:
    """The refusals of the guards for one reason, with everything that the reason is about."""

    rule: str
    reason: str
    operation: str
    module: t.Optional[str]
    targets: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The reason in a sentence, without the lines below it."""
        return self.reason.partition("\n")[0]

    @property
    def to_copy(self) -> tuple[str, ...]:
        """The lines below the reason, which are there to be copied: those to exempt, say."""
        return tuple(self.reason.split("\n")[1:])

    @property
    def title(self) -> str:
        """The target, or how many there are. Several changes of one target may be refused."""
        different = set(self.targets)
        return self.targets[0] if len(different) == 1 else f"{len(different)} targets"

    @property
    def names(self) -> tuple[str, ...]:
        """The targets without what ARNs have before the name; none where the title says it already."""
        return self.short_names if len(self.short_names) > 1 else ()

    @property
    def short_names(self) -> tuple[str, ...]:
        """The targets without what ARNs have before the name, each once."""
        return tuple(target.rpartition("/")[2] for target in dict.fromkeys(self.targets))


def refusal_groups(refused: Iterable[Mapping[str, t.Any]]) -> tuple[Refusals, ...]:
    """Group refusals that differ only in their target."""
    groups: dict[Refusals, list[str]] = {}
    for item in refused:
        key = Refusals(item["rule"], item["reason"], item["operation"], item["module"])
        groups.setdefault(key, []).append(item["target"])
    return tuple(dataclasses.replace(key, targets=tuple(targets)) for key, targets in groups.items())
