# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password policies: such as auditors ask for, weak ones, and what AWS asks for without one."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    CredentialRow,
    Dataset,
    PasswordPolicy,
    Snapshot,
)

from ..case_tables import cases
from ..samples import NOW, key, people, report, row, snapshot, unread, user
from .case import Case

_LENGTH: t.Final = "CIS AWS Foundations 7.0, 2.8: the IAM password policy requires a minimum length of 14 or greater"
_REUSE: t.Final = "CIS AWS Foundations 7.0, 2.9: the IAM password policy prevents password reuse (24 remembered)"
_DEFAULT: t.Final = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html"
    "#default-policy-details"
)
_UPDATE: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html"
_FIELDS: t.Final = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html"
_HUB: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html"
_NIST: t.Final = "NIST SP 800-63B-4, 3.1.1.2: no periodic changes without a sign of compromise"

Build = t.Callable[[], Snapshot]
_ALICE: t.Final = row("alice", password_enabled=True, mfa_active=True)
# UpdateAccountPasswordPolicy sets everything that is left out of the request back to these.
_RESET: t.Final = PasswordPolicy(6, False, False, False, False, False)
_STRONG: t.Final[dict[str, t.Any]] = {
    "minimum_length": 14,
    "require_symbols": True,
    "require_numbers": True,
    "require_uppercase": True,
    "require_lowercase": True,
    "allow_users_to_change": True,
    "reuse_prevention": 24,
}


def _policy(*rows: CredentialRow, **settings: t.Any) -> Build:
    """An account with console users and a policy that is strong but for what is said."""
    return lambda: people(*(rows or (_ALICE,)), password_policy=PasswordPolicy(**{**_STRONG, **settings}))


def _without(*rows: CredentialRow) -> Build:
    return lambda: people(*(rows or (_ALICE,)))


def _reset() -> Snapshot:
    return people(_ALICE, password_policy=_RESET)


def _newcomer() -> Snapshot:
    """The only user is newer than the report, so nobody knows whether there is a password."""
    return snapshot(users=(user("new", created=NOW),), credential_report=report())


def _without_report() -> Snapshot:
    return snapshot(users=(user(),), credential_report=None, unread=(unread(Dataset.CREDENTIAL_REPORT),))


def _deny_password_policy() -> Snapshot:
    return people(_ALICE, unread=(unread(Dataset.PASSWORD_POLICY),))


_ROBOT: t.Final = row("robot", access_keys=(key(),))
_NOBODY: t.Final[dict[str, Build]] = {
    "programs without a password alone": _without(_ROBOT),
    "a user who was deleted since the report": lambda: snapshot(credential_report=report(_ALICE)),
}
_UNKNOWN: t.Final[dict[str, Build]] = {"a policy that may not be read": _deny_password_policy}


def _of_class(control: str, attribute: str, number: str) -> tuple[Case, ...]:
    """Cases of one class of characters."""
    others = {name: False for name, value in _STRONG.items() if value is True and name != attribute}
    return cases(
        control,
        f"{_HUB}#{number}",
        FAIL={
            "all other classes": _policy(**{attribute: False}),
            "128 characters, but not of this class": _policy(**{attribute: False, "minimum_length": 128}),
            "a policy that somebody reset by an update of one setting": _reset,
        },
        PASS={
            "this class alone": _policy(**others),
            "a short password, of this class nevertheless": _policy(minimum_length=6, reuse_prevention=None),
        },
        NOT_APPLICABLE=_NOBODY,
        NOT_ASSESSED=_UNKNOWN,
    ) + cases(
        control,
        _DEFAULT,
        FAIL={"AWS's default, which asks for three classes of four and for none in particular": _without()},
    )


CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "password_policy_exists",
        _DEFAULT,
        FAIL={
            "none, and a user with a password and MFA": _without(),
            "none, and one console user among programs": _without(_ROBOT, _ALICE),
            "none, and the only user is newer than the report": _newcomer,
            "none, and the credential report may not be read": _without_report,
        },
        PASS={
            "a weak one, which other controls fail": _reset,
            "a strong one": _policy(),
        },
        NOT_APPLICABLE=_NOBODY,
        NOT_ASSESSED=_UNKNOWN,
    ),
    *cases(
        "password_min_length",
        _LENGTH,
        FAIL={
            "13 characters, of every class": _policy(minimum_length=13),
            "AWS's default of 8": _without(),
            "8, and the only user is newer than the report": _newcomer,
        },
        PASS={
            "14 characters": _policy(),
            "128 characters, of whatever class": _policy(
                minimum_length=128,
                require_symbols=False,
                require_numbers=False,
                require_uppercase=False,
                require_lowercase=False,
            ),
        },
        NOT_APPLICABLE=_NOBODY,
        NOT_ASSESSED=_UNKNOWN,
    ),
    *cases(
        "password_min_length",
        _UPDATE,
        FAIL={"a policy of one's own that is weaker than AWS's default": _reset},
    ),
    *cases(
        "password_min_length",
        _LENGTH,
        thresholds={"password_min_length": 20},
        FAIL={"14 where 20 are asked for": _policy()},
        PASS={"20 where 20 are asked for": _policy(minimum_length=20)},
    ),
    *cases(
        "password_reuse",
        _REUSE,
        FAIL={
            "23 remembered": _policy(reuse_prevention=23),
            "none remembered": _policy(reuse_prevention=None),
            "AWS's default, which remembers none": _without(),
            "none remembered, though passwords expire": _policy(reuse_prevention=None, max_age_days=30),
        },
        PASS={
            "24 remembered": _policy(),
            "24 remembered of short passwords": _policy(minimum_length=6),
        },
        NOT_APPLICABLE=_NOBODY,
        NOT_ASSESSED=_UNKNOWN,
    ),
    *_of_class("password_uppercase", "require_uppercase", "iam-11"),
    *_of_class("password_lowercase", "require_lowercase", "iam-12"),
    *_of_class("password_symbol", "require_symbols", "iam-13"),
    *_of_class("password_number", "require_numbers", "iam-14"),
    *cases(
        "password_expiry",
        f"{_HUB}#iam-17",
        thresholds={"password_max_age_days": 90},
        FAIL={
            "after 91 days": _policy(max_age_days=91),
            "never": _policy(),
            "never, by AWS's default": _without(),
            "never, though an administrator would have to reset it": _policy(hard_expiry=True),
        },
        PASS={
            "after 90 days": _policy(max_age_days=90),
            "after a day": _policy(max_age_days=1),
            "after 90 days, and then an administrator has to reset it": _policy(max_age_days=90, hard_expiry=True),
        },
        NOT_APPLICABLE=_NOBODY,
        NOT_ASSESSED=_UNKNOWN,
    ),
    *cases(
        "password_expiry",
        _FIELDS,
        thresholds={"password_max_age_days": 365},
        FAIL={"after three years": _policy(max_age_days=1095)},
        PASS={"after a year where that is asked for": _policy(max_age_days=365)},
    ),
    *cases("password_expiry", _NIST, NOT_APPLICABLE={"never, and nobody asks for it": _policy()}),
)
