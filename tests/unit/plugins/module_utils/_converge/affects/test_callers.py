# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom two versions of a document name, and whether they decide alike."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.callers import (
    find_named_principals,
    is_same,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import NotKnown

BOB: t.Final = "arn:aws:iam::111122223333:user/bob"
EVE: t.Final = "arn:aws:iam::111122223333:user/eve"

Document = dict[str, t.Any]


def naming(*principals: str, version: str = "2012-10-17", **fields: t.Any) -> Document:
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "sts:AssumeRole", **fields} for name in principals
    ]
    return {"Version": version, "Statement": statements}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (naming(BOB), naming(BOB), True),
        (naming(BOB), json.dumps(naming(BOB)), True),
        (naming(BOB, EVE), naming(EVE, BOB), True),
        (naming(BOB), naming(EVE), False),
        (naming(BOB), naming(BOB, version="2008-10-17"), False),
        # Nothing decides nothing: not even like nothing.
        (None, naming(BOB), False),
        (naming(BOB), None, False),
        ("", naming(BOB), False),
        (None, None, False),
        ("{", naming(BOB), False),
        (naming(BOB), "{", False),
        ("{", "{", False),
    ],
)
def test_documents_that_decide_alike(before: t.Any, after: t.Any, same: bool) -> None:
    assert is_same(before, after) is same


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        (None, None, set()),
        (None, naming(BOB), {BOB}),
        ("", json.dumps(naming(BOB)), {BOB}),
        (naming(BOB), None, {BOB}),
        (naming(BOB), naming(BOB, EVE), {EVE}),
        (naming(BOB, EVE), naming(EVE), {BOB}),
        (naming(BOB), naming(BOB, Sid="Name"), set()),
        (naming(BOB), naming(BOB, Action="sts:TagSession"), {BOB}),
        # A variable means something in one of the versions alone.
        (naming(BOB), naming(BOB, version="2008-10-17"), {BOB}),
        (None, naming("arn:aws:iam::222233334444:root"), {"222233334444"}),
        (None, naming("222233334444"), {"222233334444"}),
        (None, naming("*"), {"*"}),
        # Whose user or role was deleted names nobody.
        (None, naming("AIDAEXAMPLEGONE00000", "AROAEXAMPLEGONE00000", "AROAEXAMPLEGONE00000:session"), set()),
    ],
)
def test_whom_two_versions_name_otherwise(before: t.Any, after: t.Any, named: set[str]) -> None:
    assert find_named_principals(before, after) == named


@pytest.mark.parametrize(("before", "after"), [("{", None), (None, "{"), ({"Statement": 3}, None)])
def test_what_is_no_policy_names_who_knows_whom(before: t.Any, after: t.Any) -> None:
    with pytest.raises(NotKnown, match="the principals in a policy document"):
        find_named_principals(before, after)
