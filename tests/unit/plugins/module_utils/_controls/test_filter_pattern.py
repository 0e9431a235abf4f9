# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a metric filter catches."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._controls.filter_pattern import PatternError, catches, parse

EVENT: dict[str, t.Any] = {
    "eventName": "PutUserPolicy",
    "eventSource": "iam.amazonaws.com",
    "errorCode": None,
    "readOnly": False,
    "userIdentity": {"type": "Root", "invokedBy": None, "accountId": "111122223333"},
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
        ("PutUserPolicy", False),
        ("[ip, user, ...]", False),
        ("", False),
        ("{ $.eventName = }", False),
        ("{ $.eventName PutUserPolicy }", False),
        ("{ ($.eventName = PutUserPolicy }", False),
        ("{ $.eventName = PutUserPolicy ) }", False),
        ("{ $.userIdentity.accountId > 5 }", False),
        ("{ $.eventName = %[% }", False),
        ("{ }", False),
    ],
)
def test_catches(pattern: str, expected: bool) -> None:
    assert catches(pattern, EVENT) is expected


@pytest.mark.parametrize("pattern", ["text", "{ $.a = b c }", "{ = }", "{ $.a = % }", "{ $.a IS }"])
def test_what_is_no_pattern_for_json(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse(pattern)
