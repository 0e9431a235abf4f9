# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the credential report tells of users, where a policy denies by MFA."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    ChangedPolicy,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.users import (
    UserFacts,
    find_credential_uses,
    format_exemptions,
    is_about_mfa,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import ABSENT, UNKNOWN_KEY
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Impact, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .locking import ANYTHING, DEV, policy

JANE: t.Final = "arn:aws:iam::111122223333:user/jane"
USED: t.Final = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("has_mfa", "keys", "always"), [(True, 0, True), (True, 1, False), (False, 0, False), (False, 2, False)]
)
def test_who_always_has_mfa(has_mfa: bool, keys: int, always: bool) -> None:
    assert UserFacts(JANE, has_password=True, has_mfa=has_mfa, active_keys=keys).always_has_mfa is always


def test_a_key_signs_requests_that_say_nothing_of_mfa() -> None:
    facts = UserFacts(JANE, False, False, 2, keys_used_for=(("s3", USED), ("ec2", USED)))
    uses = find_credential_uses(facts)
    assert [(use.principal_arn, use.action, use.last) for use in uses] == [(JANE, "s3:*", USED), (JANE, "ec2:*", USED)]
    for use in uses:
        assert (use.source, use.is_service_level) == (Source.LAST_ACCESSED, True)
        # Nothing else is known of them.
        keys = ("aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:SourceIp")
        assert [use.context.get(key) for key in keys] == [ABSENT, ABSENT, UNKNOWN_KEY]
    assert find_credential_uses(None) == ()
    assert find_credential_uses(dataclasses.replace(facts, keys_used_for=())) == ()


@pytest.mark.parametrize(
    ("key", "about"),
    [("aws:MultiFactorAuthPresent", True), ("AWS:multifactorauthpresent", True), ("aws:SecureTransport", False)],
)
def test_policies_that_deny_by_mfa(key: str, about: bool) -> None:
    statement = {**ANYTHING, "Condition": {"BoolIfExists": {key: "false"}}}
    will = policy("mfa", statement, [DEV])
    assert is_about_mfa(ChangedPolicy("mfa", SCP, (DEV,), will=will)) is about
    assert not is_about_mfa(ChangedPolicy("mfa", SCP, (DEV,), was=will))
    assert not is_about_mfa(ChangedPolicy("mfa", SCP, (DEV,), will=dataclasses.replace(will, content="{")))


EARLIER: t.Final = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "facts", "said"),
    [
        (None, None, "no use known"),
        (USED, None, "last used 2026-11-01"),
        (None, UserFacts(JANE, False, False, 0), "no use known; no MFA"),
        (
            EARLIER,
            UserFacts(JANE, True, True, 1, last_used=USED),
            "last used 2026-11-01; 1 active access key, password, MFA",
        ),
        (
            USED,
            UserFacts(JANE, False, False, 2, last_used=EARLIER),
            "last used 2026-11-01; 2 active access keys, no MFA",
        ),
    ],
)
def test_users_to_exempt_are_listed_with_what_they_have(
    used: t.Optional[datetime], facts: t.Optional[UserFacts], said: str
) -> None:
    uses = [None, Use(JANE, "s3:GetObject", Source.TRAIL), Use(JANE, "s3:GetObject", Source.TRAIL, last=used)]
    verdicts = tuple(Verdict(JANE, Breakage.MAY_BREAK, "because", use) for use in uses)
    assert format_exemptions([Impact(JANE, verdicts)], [facts] if facts else []) == f"- {JANE}  # {said}"
