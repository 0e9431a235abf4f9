# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a trust policy allows beyond another one."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trust import (
    find_additions,
    require_mfa,
)

from .samples import ACCOUNT, Record

ROOT: t.Final = f"arn:aws:iam::{ACCOUNT}:root"
ANNA: t.Final = f"arn:aws:iam::{ACCOUNT}:user/anna"
MALLORY: t.Final = "arn:aws:iam::666677778888:root"


def trust(*statements: Record) -> Record:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def admit(*names: str, **fields: t.Any) -> Record:
    return {"Effect": "Allow", "Principal": {"AWS": list(names)}, "Action": "sts:AssumeRole", **fields}


LAMBDA: t.Final = {"Service": "lambda.amazonaws.com"}
OFFICE: t.Final = {"Bool": {"aws:ViaAWSService": "true"}}
DENY: t.Final = {"Sid": "Office", "Effect": "Deny", "Principal": "*", "Action": "*", "Condition": OFFICE}
MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
TAGGED: t.Final = ["sts:AssumeRole", "sts:TagSession"]
EXPECTED: t.Final = trust(admit(ROOT, ANNA), DENY)


@pytest.mark.parametrize(
    ("live", "found"),
    [
        (EXPECTED, ()),
        # The same in another form, and less.
        (trust(DENY, admit(ANNA), admit(ACCOUNT)), ()),
        (trust(admit(ANNA), DENY), ()),
        (
            trust(admit(ANNA, Condition=MFA), DENY),
            (f"{ANNA} in another way",),
        ),
        (trust(admit(ROOT, ANNA, MALLORY), DENY), ("account 666677778888",)),
        (
            trust(admit(ROOT, ANNA, Action=TAGGED), DENY),
            (f"account {ACCOUNT} in another way", f"{ANNA} in another way"),
        ),
        (trust(admit(ROOT, ANNA), admit(ROOT, Principal="*"), DENY), ("*",)),
        (
            trust(admit(ROOT, ANNA), admit(ROOT, Principal=LAMBDA), DENY),
            ("lambda.amazonaws.com",),
        ),
        (trust(admit(ROOT, ANNA)), ("somebody, since the denial Office is missing",)),
        (
            trust(EXPECTED["Statement"][0], {"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "*"}, DENY),
            ("somebody by statement 2",),
        ),
        # A user who was deleted since. Nobody can use that.
        (trust(admit(ROOT, "AIDAEXAMPLEOFADELETED"), DENY), ()),
        ({"Statement": "no"}, ("somebody, since it can't be read",)),
    ],
)
def test_what_a_trust_policy_allows_beyond_another(live: Record, found: tuple[str, ...]) -> None:
    assert find_additions(live, [EXPECTED]) == found


def test_each_of_several_policies_may_allow_it() -> None:
    expected = [trust(admit(ANNA)), require_mfa(trust(admit(ANNA)))]
    assert find_additions(require_mfa(trust(admit(ANNA))), expected) == ()
    assert find_additions(trust(admit(ANNA)), expected) == ()
    assert find_additions(trust(admit(ANNA)), expected[1:]) == (f"{ANNA} in another way",)
