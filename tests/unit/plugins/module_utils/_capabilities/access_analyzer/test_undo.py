# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_analyzer.undo import DERIVATIONS

from ..records import State, problem_of, regional

ANALYZER: t.Final = regional("access-analyzer", "analyzer/mine")
RULE: t.Final = f"{ANALYZER}/archive-rule/known"
FILTER: t.Final = {"resource": {"eq": ["x"]}}
NAMED: t.Final = {"analyzerName": "mine", "ruleName": "known"}


@pytest.mark.parametrize(
    ("operation", "target", "states", "undo", "problem"),
    [
        pytest.param(
            "CreateAnalyzer", ANALYZER, (None, {}), ("DeleteAnalyzer", {"analyzerName": "mine"}), "", id="made"
        ),
        pytest.param(
            "CreateAnalyzer",
            ANALYZER,
            (None, {}),
            ("DeleteAnalyzer", {"analyzerName": "x"}),
            "analyzerName",
            id="other",
        ),
        pytest.param("CreateAnalyzer", RULE, (None, {}), ("DeleteAnalyzer", {}), "is no analyzer", id="a rule"),
        pytest.param(
            "CreateAnalyzer",
            regional("access-analyzer", "analyzer/mine", "us-east-1"),
            (None, {}),
            ("DeleteAnalyzer", {"analyzerName": "mine"}),
            "in the account and region",
            id="region",
        ),
        pytest.param(
            "TagResource",
            ANALYZER,
            ({"a": None}, {}),
            ("UntagResource", {"resourceArn": ANALYZER, "tagKeys": ["a"]}),
            "",
            id="tag",
        ),
        pytest.param("TagResource", ANALYZER, ({}, {}), ("UntagResource", {}), "has no tags", id="no tag"),
        pytest.param("CreateArchiveRule", RULE, (None, {}), ("DeleteArchiveRule", NAMED), "", id="rule"),
        pytest.param(
            "DeleteArchiveRule",
            RULE,
            ({"filter": FILTER}, None),
            ("CreateArchiveRule", {**NAMED, "filter": FILTER}),
            "",
            id="deleted rule",
        ),
        pytest.param(
            "UpdateArchiveRule",
            RULE,
            ({"filter": FILTER}, {}),
            ("UpdateArchiveRule", {**NAMED, "filter": {}}),
            "another filter",
            id="another filter",
        ),
    ],
)
def test_the_request_follows_from_target_and_states(
    operation: str, target: str, states: tuple[State, State], undo: tuple[str, dict[str, t.Any]], problem: str
) -> None:
    found = problem_of(DERIVATIONS, ("accessanalyzer", operation), target, states, undo)
    assert problem in found if problem else not found, found
