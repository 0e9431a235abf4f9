# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a document allowed is still allowed today."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.statements import (
    has_statement,
    holds_statements,
)

EVIL: t.Final = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "sts:AssumeRole"}
OWN: t.Final = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
DENY: t.Final = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}


def doc(*statements: t.Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("today", "given", "expected"),
    [
        (doc(OWN, EVIL), doc(OWN, EVIL), True),
        (doc(EVIL, OWN), doc(OWN, EVIL), True),
        (doc(OWN, {**EVIL, "Sid": "Renamed"}), doc(OWN, EVIL), True),
        (doc(OWN, EVIL, DENY), doc(EVIL), True),
        ({"Version": "2012-10-17", "Statement": [{**EVIL, "Principal": {"AWS": "999988887777"}}]}, doc(EVIL), True),
        (urllib.parse.quote(doc(EVIL)), doc(EVIL), True),
        # A part of it is still there, or its principal by another statement.
        (doc(OWN), doc(OWN, EVIL), None),
        (doc({**EVIL, "Action": "sts:*"}), doc(EVIL), None),
        (doc(OWN), doc(EVIL), False),
        (doc(DENY), doc(DENY), True),
        (doc(OWN), doc(DENY), False),
        ("garbage", doc(EVIL), None),
        (doc(EVIL), "garbage", None),
        (None, doc(EVIL), None),
    ],
)
def test_allowing_statements_are_looked_for(today: t.Any, given: t.Any, expected: bool | None) -> None:
    assert holds_statements(today, given) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (doc({**EVIL, "Sid": "url"}), True),
        ({"Statement": {"Sid": "url"}}, True),
        (doc(EVIL), False),
        ("garbage", False),
        ("[1]", False),
        (None, False),
        ({"Statement": ["text"]}, False),
    ],
)
def test_statements_have_ids(document: t.Any, expected: bool) -> None:
    assert has_statement(document, "url") is expected
