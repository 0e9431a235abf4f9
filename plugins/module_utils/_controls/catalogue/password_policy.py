# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The account password policy: length, reuse, character classes, expiry."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..._account.model import Dataset, PasswordPolicy
from ..._converge.finding import Remediation, Severity
from ..control import Check, Compliance, Control, Failure, Scope, Verdict, maps, plural
from ..problem import Problem
from ..requirements import PASSWORD_NIST

_THEME = "password_policy"
_UNIT = "password policies"
_MODULE = "hardening.iam.password_policy"

# AWS's own rules for an account without a policy (IAM user guide, "Default password policy"): eight characters
# of three classes out of four. So no single class is required, and nothing is remembered or expires.
_AWS_DEFAULT: t.Final = PasswordPolicy(
    minimum_length=8,
    require_symbols=False,
    require_numbers=False,
    require_uppercase=False,
    require_lowercase=False,
    allow_users_to_change=True,
)


def _users_with_password(scope: Scope) -> t.Optional[int]:
    """How many IAM users have a password; None if the credential report does not show it."""
    if scope.missing(Dataset.CREDENTIAL_REPORT):
        return None
    known = sum(row.password_enabled is True for row in scope.facts.credential_rows)
    return None if not known and scope.facts.unreported_users else known


def _not_applicable(scope: Scope) -> t.Optional[Verdict]:
    if _users_with_password(scope) != 0:
        return None
    return Verdict(
        0,
        _UNIT,
        not_applicable=("no IAM user has a password; the policy would apply to the first user with a password"),
    )


def _make_setting_check(
    holds: Callable[[Scope, PasswordPolicy], bool], describe: Callable[[Scope, PasswordPolicy], str]
) -> Check:
    """Make a check of one setting; ``describe`` puts the setting and what was expected in words."""

    def check(scope: Scope) -> Verdict:
        verdict = _not_applicable(scope)
        if verdict is not None:
            return verdict
        declared = scope.snapshot.password_policy
        policy = declared or _AWS_DEFAULT
        detail = describe(scope, policy)
        if holds(scope, policy):
            return Verdict(1, _UNIT, detail=detail)
        if declared is None:
            detail = f"{detail}; the account has no password policy, so AWS's default applies"
        affected = _users_with_password(scope)
        if affected is not None:
            detail = f"{detail}; {plural(affected, 'users')} with a password"
        observed = {
            "policy": None if declared is None else "custom",
            "setting": describe(scope, policy).partition(";")[0],
        }
        return Verdict(1, _UNIT, (Failure(scope.facts.account_arn, detail, observed),))

    return check


def _check_exists(scope: Scope) -> Verdict:
    verdict = _not_applicable(scope)
    if verdict is not None:
        return verdict
    if scope.snapshot.password_policy is not None:
        return Verdict(1, _UNIT, detail="the account has a password policy")
    detail = "the account has no password policy, so AWS's default of 8 characters applies"
    return Verdict(1, _UNIT, (Failure(scope.facts.account_arn, detail, {"policy": None}),))


def _check_expiry(scope: Scope) -> Verdict:
    limit = scope.settings.password_max_age_days
    if limit is None:
        reason = "thresholds.password_max_age_days requires no expiry; NIST SP 800-63B-4 advises against it"
        return Verdict(0, _UNIT, not_applicable=reason)

    def holds(_scope: Scope, policy: PasswordPolicy) -> bool:
        return policy.max_age_days is not None and policy.max_age_days <= limit

    def describe(_scope: Scope, policy: PasswordPolicy) -> str:
        return (
            f"passwords expire after {policy.max_age_days} days; limit {limit}"
            if policy.max_age_days
            else "passwords never expire"
        )

    return _make_setting_check(holds, describe)(scope)


def _describe_reuse(scope: Scope, policy: PasswordPolicy) -> str:
    remembered = policy.reuse_prevention or "no"
    return f"{remembered} former passwords remembered; expected {scope.settings.password_reuse}"


def _setting(
    name: str,
    title: str,
    severity: Severity,
    check: Check,
    expected: str,
    rationale: str,
    compliance: Compliance,
    *,
    problem: Problem,
    blind: str = "passwords that are older than the policy. It applies at each user's next change of the password.",
) -> Control:
    return Control(
        id=name,
        title=title,
        problem=problem,
        severity=severity,
        theme=_THEME,
        needs=(Dataset.PASSWORD_POLICY,),
        uses=(Dataset.CREDENTIAL_REPORT, Dataset.AUTHORIZATION_DETAILS),
        check=check,
        expected=expected,
        rationale=rationale,
        blind=blind,
        remediation=Remediation("Declare the setting. It applies at each user's next change of the password.", _MODULE),
        compliance=compliance,
    )


def _character_class(name: str, what: str, attribute: str, compliance: Compliance, *, problem: Problem) -> Control:
    def describe(_scope: Scope, policy: PasswordPolicy) -> str:
        return f"passwords {'need' if getattr(policy, attribute) else 'need not have'} {what}"

    return _setting(
        name,
        f"Passwords need {what}",
        Severity.LOW,
        _make_setting_check(lambda _scope, policy: bool(getattr(policy, attribute)), describe),
        f"{what} required",
        "Each class of characters makes guessing harder. Length and a password manager help more.",
        compliance,
        problem=problem,
    )


_STRONG_PCI: t.Final = ("8.3.6", "8.6.3")

CONTROLS: t.Final = (
    _setting(
        "password_policy_exists",
        "The account has a password policy of its own",
        Severity.MEDIUM,
        _check_exists,
        "a custom password policy",
        "AWS's default requires eight characters and allows former passwords again.",
        maps(soc2="CC6.1"),
        blind="",
        problem=Problem("Account has no password policy of its own"),
    ),
    _setting(
        "password_min_length",
        "Passwords are long enough",
        Severity.MEDIUM,
        _make_setting_check(
            lambda scope, policy: policy.minimum_length >= scope.settings.password_min_length,
            lambda scope, policy: (
                f"minimum length {policy.minimum_length}; expected {scope.settings.password_min_length}"
            ),
        ),
        "a minimum length of thresholds.password_min_length",
        "Length makes a password hard to guess.",
        maps(
            cis7="2.8",
            cis5="1.7",
            cis3="1.8",
            hub=("IAM.15", "IAM.7", "IAM.10"),
            nist=PASSWORD_NIST,
            pci=_STRONG_PCI,
            soc2="CC6.1",
        ),
        problem=Problem("Passwords may be shorter than {password_min_length} characters"),
    ),
    _setting(
        "password_reuse",
        "Former passwords can't be used again",
        Severity.LOW,
        _make_setting_check(
            lambda scope, policy: (policy.reuse_prevention or 0) >= scope.settings.password_reuse, _describe_reuse
        ),
        "thresholds.password_reuse former passwords remembered",
        "A leaked password must not be used again.",
        maps(cis7="2.9", cis5="1.8", cis3="1.9", hub=("IAM.16", "IAM.10"), pci="8.3.7", soc2="CC6.1"),
        problem=Problem("The last {password_reuse} passwords may be used again"),
    ),
    _character_class(
        "password_uppercase",
        "an upper-case letter",
        "require_uppercase",
        maps(hub=("IAM.11", "IAM.7", "IAM.10"), nist=PASSWORD_NIST, pci=_STRONG_PCI, soc2="CC6.1"),
        problem=Problem("Passwords need no upper-case letter"),
    ),
    _character_class(
        "password_lowercase",
        "a lower-case letter",
        "require_lowercase",
        maps(hub=("IAM.12", "IAM.7", "IAM.10"), nist=PASSWORD_NIST, pci=_STRONG_PCI, soc2="CC6.1"),
        problem=Problem("Passwords need no lower-case letter"),
    ),
    _character_class(
        "password_symbol",
        "a symbol",
        "require_symbols",
        maps(hub=("IAM.13", "IAM.7"), nist=PASSWORD_NIST, soc2="CC6.1"),
        problem=Problem("Passwords need no symbol"),
    ),
    _character_class(
        "password_number",
        "a number",
        "require_numbers",
        maps(hub=("IAM.14", "IAM.7", "IAM.10"), nist=PASSWORD_NIST, pci=_STRONG_PCI, soc2="CC6.1"),
        problem=Problem("Passwords need no number"),
    ),
    _setting(
        "password_expiry",
        "Passwords expire in time, if that is required",
        Severity.LOW,
        _check_expiry,
        "expiry within thresholds.password_max_age_days, if set",
        "Some standards still require expiry. NIST advises against it, because people then choose weaker passwords.",
        maps(hub=("IAM.17", "IAM.10"), pci=("8.3.9", "8.3.10.1"), soc2="CC6.1"),
        blind="",
        problem=Problem("Passwords don't expire within {password_max_age_days} days"),
    ),
)
