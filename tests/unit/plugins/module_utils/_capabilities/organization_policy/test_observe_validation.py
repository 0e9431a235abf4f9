# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Access Analyzer says of policies that are about to be written."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.observe import (
    find_analyzer_objections,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task

from ...organizing import task_at
from .organizations import WORK, declaring, make_plan, policy, tree


class Analyzer:
    """Access Analyzer, which finds something of these types, or can't be asked."""

    def __init__(self, *types: str, error: t.Optional[AwsError] = None) -> None:
        self._types = types
        self._error = error
        self.asked: list[t.Any] = []

    def gather(self, calls: t.Any) -> dict[t.Any, t.Any]:
        if self._error:
            return dict.fromkeys(calls, self._error)
        return {key: call() for key, call in calls.items()}

    def items(self, _service: str, _operation: str, _key: str, parameters: t.Any) -> Iterator[t.Any]:
        self.asked.append(parameters)
        for kind in self._types:
            yield {
                "findingType": kind,
                "issueCode": "SOME_CODE",
                "findingDetails": "it is odd",
                "learnMoreLink": "https://docs.aws.amazon.com/",
                "locations": [],
            }


def ask_analyzer(analyzer: Analyzer, *live: t.Any) -> tuple[dict[str, tuple[Refusal, ...]], Task]:
    declared = dataclasses.replace(declaring(), validates=True)
    changes = make_plan(tree(*live), declared)[1].changes
    task = task_at(datetime(2026, 11, 25, tzinfo=UTC))
    task.__dict__["access"] = analyzer
    return find_analyzer_objections(task.connection, declared, changes), task


def test_errors_refuse_the_policy_and_the_rest_is_told() -> None:
    analyzer = Analyzer("ERROR", "SECURITY_WARNING", "SUGGESTION")
    refused, task = ask_analyzer(analyzer)
    (refusal,) = refused["protect"]
    assert (refusal.rule, refusal.operation) == ("validation", "CreatePolicy")
    assert "it is odd" in refusal.reason
    assert len(task.warnings) == 1
    assert analyzer.asked[0]["policyType"] == "SERVICE_CONTROL_POLICY"
    assert " " not in analyzer.asked[0]["policyDocument"]


def test_only_what_would_be_written_is_asked_about() -> None:
    analyzer = Analyzer("ERROR")
    assert ask_analyzer(analyzer, policy("protect", WORK))[0] == {}
    assert analyzer.asked == []


def test_where_it_cannot_be_asked_there_is_a_warning() -> None:
    refused, task = ask_analyzer(Analyzer(error=AccessDenied("no", code="AccessDeniedException")))
    assert refused == {}
    assert "Access Analyzer could not be called" in task.warnings[0]


def test_it_is_not_asked_without_the_option() -> None:
    declared = dataclasses.replace(declaring(), validates=False)
    task = task_at(datetime(2026, 11, 25, tzinfo=UTC))
    analyzer: t.Any = Analyzer("ERROR")
    task.__dict__["access"] = analyzer
    assert find_analyzer_objections(task.connection, declared, make_plan(tree(), declared)[1].changes) == {}
    assert analyzer.asked == []
