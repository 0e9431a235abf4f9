# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forged events: any structure in any place is no error, and leads to plain data and to questions of plain text."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import (
    find_persistence,
    list_questions,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import Presence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.rules import RULES, find_rules
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.state import State

from .synthetic import event, full_event

NAMES: t.Final = sorted({(rule.source, name) for rule in RULES for name in rule.names})
LEAVES: t.Final = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
JSON: t.Final = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
#: A value in the place of each parameter that the operation has, besides others.
HOSTILE: t.Final = st.sampled_from(
    [
        "{>user.arn}",
        "{@account}",
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "\x1b[2J",
        "\u202eevil",
        "%7B",
        "{",
        "1e999",
    ]
)


@given(name=st.sampled_from(NAMES), request=JSON, response=JSON)
def test_any_structure_is_read(name: tuple[str, str], request: t.Any, response: t.Any) -> None:
    found = event(*name, request=request, response=response)
    for hit in find_persistence([found], State()):
        assert hit.present is not Presence.TRUE
        json.dumps(hit.to_dict())


@given(number=st.integers(0, len(RULES) - 1), value=HOSTILE | JSON)
def test_any_value_in_the_place_of_each_parameter(number: int, value: t.Any) -> None:
    rule = RULES[number]
    whole = full_event(rule, rule.names[0])
    forged = event(
        rule.source,
        rule.names[0],
        request=dict.fromkeys(whole.request, value),
        response=dict.fromkeys(whole.response, value),
    )
    assert find_rules(forged)
    for hit in find_persistence([forged], State()):
        assert hit.present is not Presence.TRUE
        json.dumps(hit.to_dict())
    for question in list_questions([forged]):
        assert all(isinstance(part, str) for part in question.key)
