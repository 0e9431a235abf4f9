# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a metric filter catches."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.patterns.filter_pattern import PatternError, parse

EVENT: dict[str, t.Any] = {
    "eventName": "PutUserPolicy",
    "eventSource": "iam.amazonaws.com",
    "errorCode": None,
    "readOnly": False,
    "userIdentity": {"type": "Root", "accountId": "111122223333"},
    "resources": [{"ARN": "arn:aws:iam::111122223333:user/x"}],
    "count": 7,
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.eventName = PutUserPolicy }", True),
        ('{$.eventName="PutUserPolicy"}', True),
        ("{ ($.eventName = Put*Policy) }", True),
        ("{ $.eventName = Put?serPolicy }", False),
        ("{ $.eventName = put* }", False),
        ("{ $.eventName = %^Put% }", True),
        ("{ $.eventName = %^Delete% }", False),
        ("{ $.eventName != PutUserPolicy }", False),
        ("{ $.eventName != DeleteUser }", True),
        ("{ $.absent = x }", False),
        ("{ $.absent != x }", False),
        ("{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS }", True),
        ("{ $.userIdentity.type EXISTS }", True),
        ("{ $.absent.deeper NOT EXISTS }", True),
        ("{ $.errorCode IS NULL }", True),
        ("{ $.readOnly IS FALSE }", True),
        ("{ $.readOnly IS TRUE }", False),
        ("{ $.readOnly = false }", True),
        ("{ $.eventName = x || $.eventName = PutUserPolicy && $.eventSource = iam* }", True),
        ("{ ($.eventName = x || $.eventName = PutUserPolicy) && $.eventSource = s3* }", False),
        ("{($.eventName=x)||($.eventName=PutUserPolicy)}", True),
        ("{ $.errorCode NOT EXISTS }", False),
        ("{ $.absent IS NULL }", False),
        ("{ $.userIdentity = * }", False),
        ("{ $.count > 6 && $.count <= 7 }", True),
        ("{ $.count < 7 }", False),
        ("{ $.userIdentity.accountId > 5 }", False),
        ("{ $.resources[0].ARN = *user/x }", True),
        ("{ $.resources[1].ARN = * }", False),
        ("{ $.resources.ARN = * }", False),
        ("", True),
        ("  ", True),
        ("PutUserPolicy", True),
        ('"PutUserPolicy" Root', True),
        ("PutUserPolicy AssumedRole", False),
        ("UserPolicy", False),
        ("?DeleteUser ?PutUserPolicy", True),
        ("?DeleteUser ?CreateUser", False),
        ("PutUserPolicy -Root", False),
        (r'"\"eventName\":\"PutUserPolicy\""', True),
        ("-AssumedRole", True),
        ("-User", False),
    ],
)
def test_catches(pattern: str, expected: bool) -> None:
    assert parse(pattern)(EVENT) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        *("[ip, user, ...]", "{ $.eventName = }", "{ $.eventName PutUserPolicy }", "{ ($.eventName = PutUserPolicy }"),
        *("{ $.eventName = PutUserPolicy ) }", "{ $.eventName = %[% }", "{ }", "{ $.a = b c }", "{ = }", "{ $.a = % }"),
        *("{ $.a IS }", "{ $.a IS MAYBE }", "{ $.a > many }", "user:name", "{ $.a = $.b }"),
        *(
            "$.a = b }",
            "x$.a = b }",
            "{ $.a = bx",
            "{ a = b }",
            "{ $.a b c }",
            "{ $.a NOT b }",
            "{ $.a = ( }",
            "{ $.a != && }",
        ),
    ],
)
def test_what_is_not_understood(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse(pattern)
