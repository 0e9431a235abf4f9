# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The rights that the account's own policy documents allow, one document at a time.

Every rule is judged on customer managed policies (boundaries aside) and on inline policies alike. A rule judges what
the statements of a document together allow on every resource without a condition that restricts anybody, less what
boundaries of all its principals and the organization's policies take away.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from datetime import timedelta

from ..._account.model import Dataset
from ..._converge.finding import Remediation, Severity
from ..._policy.analysis.power import SENSITIVE
from ..._policy.evaluation.patterns import service_patterns, service_wildcards
from ..._policy.validation.windows import find_window
from ..control import Check, Compliance, Control, Failure, Scope, Verdict, listing, maps
from ..facts import Text
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI

_THEME = "policies"
# The faults that a rule finds in a document that parses, in words; empty if there are none.
Rule = Callable[[Text], Iterable[str]]


def _make_actions_rule(*actions: str) -> Rule:
    """Make a rule against any of a few actions on every resource."""
    return lambda text: sorted({action for analysis in text.analyses for action in analysis.find_unrestricted(actions)})


def _make_service_rule(prefix: str) -> Rule:
    """Make a rule against every action of one service, spelled as a wildcard, on every resource."""

    def rule(text: Text) -> tuple[str, ...]:
        allowed = any(analysis.allows_whole_service(prefix) for analysis in text.analyses)
        return service_patterns(text.policy, prefix) if allowed and text.policy is not None else ()

    return rule


def _find_service_wildcards(text: Text) -> tuple[str, ...]:
    return service_wildcards(text.policy) if text.policy is not None else ()


def _make_policy_check(rule: Rule) -> Check:
    def check(scope: Scope) -> Verdict:
        texts, failures = scope.facts.texts, []
        if not texts:
            return Verdict(0, "policies", not_applicable="the account has no policies of its own")
        for text in texts:
            wrong = _apply_rule(rule, text)
            if wrong:
                where = f"{text.resource_detail}: " if text.resource_detail else ""
                unused = "" if text.attached else "; not attached"
                detail = f"{where}{listing(wrong, 5)}{unused}"
                failures.append(Failure(text.resource, detail, {"allows": wrong}, resource_detail=text.resource_detail))
        unjudged = tuple(
            Failure(text.resource, "its document could not be parsed", resource_detail=text.resource_detail)
            for text in texts
            if text.policy is None
        )
        return Verdict(len(texts), "policies", tuple(failures), unjudged=unjudged)

    return check


def _apply_rule(rule: Rule, text: Text) -> list[str]:
    """Apply a rule to a policy. Policies that make administrators are skipped: another control reports them."""
    return [] if text.policy is None or text.makes_administrator else list(rule(text))


def _find_ending_windows(scope: Scope, text: Text) -> list[str]:
    """Find the time windows of a policy that end soon or are over."""
    found = []
    limit = scope.now + timedelta(days=scope.settings.condition_expires_days)
    for statement in text.policy.statements if text.policy is not None else ():
        window = find_window(statement)
        if window is None or window.end is None or window.end > limit:
            continue
        ends = f"{window.end:%Y-%m-%dT%H:%MZ}"
        effect = "allows" if statement.allow else "denies"
        if window.end <= scope.now:
            found.append(f"{statement.label} {effect} nothing since {ends}")
        else:
            found.append(f"{statement.label} {effect} nothing from {ends} on")
    return found


def _check_windows(scope: Scope) -> Verdict:
    texts = scope.facts.texts
    if not texts:
        return Verdict(0, "policies", not_applicable="the account has no policies of its own")
    failures = []
    for text in texts:
        ending = _find_ending_windows(scope, text)
        if ending:
            where = f"{text.resource_detail}: " if text.resource_detail else ""
            unused = "" if text.attached else "; not attached"
            observed = {"windows": ending}
            detail = f"{where}{listing(ending, 5)}{unused}"
            failures.append(Failure(text.resource, detail, observed, resource_detail=text.resource_detail))
    unjudged = tuple(
        Failure(text.resource, "its document could not be parsed", resource_detail=text.resource_detail)
        for text in texts
        if text.policy is None
    )
    return Verdict(len(texts), "policies", tuple(failures), unjudged=unjudged)


def _control(
    name: str,
    title: str,
    severity: Severity,
    rule: Rule,
    *,
    expected: str,
    rationale: str,
    remedy: str,
    compliance: Compliance,
    problem: Problem,
) -> Control:
    return Control(
        id=name,
        title=title,
        problem=problem,
        severity=severity,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_make_policy_check(rule),
        expected=expected,
        rationale=rationale,
        remediation=Remediation(remedy),
        compliance=compliance,
        blind="attached AWS managed policies, nor permissions that only several policies together allow.",
    )


CONTROLS: t.Final = (
    _control(
        "policy_sensitive_wildcard",
        "Sensitive actions are allowed on named resources only",
        Severity.HIGH,
        _make_actions_rule(*SENSITIVE),
        expected='no sensitive action on Resource "*" without a condition',
        rationale="No task needs to read every object, secret and key, or to change every role.",
        remedy="Limit the statement to the ARNs that the work needs. Access Analyzer can propose them from CloudTrail.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
        problem=Problem(
            'IAM policy uses wildcard Resource "*" with sensitive actions',
            'IAM policies use wildcard Resource "*" with sensitive actions',
        ),
    ),
    _control(
        "policy_assume_any_role",
        "No policy allows to assume every role",
        Severity.HIGH,
        _make_actions_rule("sts:AssumeRole"),
        expected='sts:AssumeRole on named roles, not on "*"',
        rationale="The principal can then assume every role that trusts this account, in any account.",
        remedy="List the role ARNs, or the accounts and a path of roles in them.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
        problem=Problem("Policy allows to assume every role", "policies allow to assume every role"),
    ),
    _control(
        "policy_full_cloudtrail",
        "No policy gives full access to CloudTrail",
        Severity.MEDIUM,
        _make_service_rule("cloudtrail"),
        expected="no cloudtrail:* on every resource",
        rationale="After the trail is stopped, actions are not recorded.",
        remedy="Allow only the reading actions. Keep writes for the role that owns the trail.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2=("CC6.3", "CC3.3")),
        problem=Problem("Policy gives full access to CloudTrail", "policies give full access to CloudTrail"),
    ),
    _control(
        "policy_full_kms",
        "No policy gives full access to KMS",
        Severity.MEDIUM,
        _make_service_rule("kms"),
        expected="no kms:* on every resource",
        rationale="It allows to read all encrypted data of the account and to delete the keys.",
        remedy="Separate the use of a key from its administration, and name the keys.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=("7.2.1", "7.2.2", "7.2.5"), soc2="CC6.3"),
        problem=Problem("Policy gives full access to KMS", "policies give full access to KMS"),
    ),
    _control(
        "policy_decrypt_any_key",
        "No policy allows to decrypt with every key",
        Severity.MEDIUM,
        _make_actions_rule("kms:Decrypt", "kms:ReEncryptFrom"),
        expected="kms:Decrypt on named keys only",
        rationale="Encryption protects data only from principals that may not use its key.",
        remedy="Name the keys, or restrict the statement with kms:ViaService or kms:ResourceAliases.",
        compliance=maps(hub=("KMS.1", "KMS.2"), nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
        problem=Problem("Policy allows to decrypt with every key", "policies allow to decrypt with every key"),
    ),
    _control(
        "policy_marketplace_subscribe",
        "Subscribing in the AWS Marketplace is restricted",
        Severity.MEDIUM,
        _make_actions_rule("aws-marketplace:Subscribe"),
        expected="no aws-marketplace:Subscribe on every resource",
        rationale="A subscription costs money and adds software or models that nobody reviewed.",
        remedy="Allow it only for a procurement role, or restrict it by aws-marketplace:ProductId.",
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, soc2="CC6.3"),
        problem=Problem(
            "Policy allows to subscribe to anything in the AWS Marketplace",
            "policies allow to subscribe to anything in the AWS Marketplace",
        ),
    ),
    _control(
        "policy_service_wildcard",
        "Policies name actions, not whole services",
        Severity.LOW,
        _find_service_wildcards,
        expected="no service:* and no NotAction in Allow",
        rationale=(
            "A service gets new actions, and the policy allows them. NotAction even allows services that do not exist "
            "yet."
        ),
        remedy="List the actions. Use wildcards only for a family such as ec2:Describe*.",
        compliance=maps(hub="IAM.21", nist=ADMIN_NIST, soc2="CC6.3"),
        problem=Problem("Policy allows all actions of a service", "policies allow all actions of a service"),
    ),
    Control(
        id="condition_expires_within",
        title="No time window of a policy ends unnoticed",
        problem=Problem(
            "Time window of a policy ends soon or is over", "time windows of policies end soon or are over"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_check_windows,
        expected="no condition on aws:CurrentTime ends within thresholds.condition_expires_days",
        rationale="After the end an Allow grants nothing, and a Deny denies nothing. AWS gives no notice.",
        remediation=Remediation("Set a later end, if the work goes on. Otherwise delete the statement."),
        compliance=maps(soc2=("A1.2", "CC6.3")),
        blind="policies of AWS, and windows that conditions on other keys make.",
    ),
)
