# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What Access Analyzer says of organization policies that are about to be written, where it is to be asked."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.change import Change, Refusal
from ..._module.task import Task
from ..._policy.validation.analyzer import issue_of, request
from ..._policy.validation.rules import Issue, Severity
from .changes import CREATE, UPDATE, policy_of
from .declared import KINDS, Declared

VALIDATION_OPERATIONS: t.Final = Operations(reads=frozenset({"accessanalyzer:ValidatePolicy"}))


def objections(
    task: Task, access: Access, declared: Declared, changes: Iterable[Change]
) -> dict[str, tuple[Refusal, ...]]:
    """Why policies whose content would be written may not be, by their names. Where it can't be asked, that is told."""
    kind = KINDS.get(declared.type)
    if kind is None or not task.options["access_analyzer"]:
        return {}
    written = {policy_of(change)[0]: change for change in changes if change.operation in (CREATE, UPDATE)}
    texts = {policy.name: policy.content.text for policy in declared.policies if policy.content}
    calls: dict[str, Callable[[], Sequence[Issue]]] = {
        name: functools.partial(_asked, access, request(texts[name], kind)) for name in written
    }
    found: dict[str, tuple[Refusal, ...]] = {}
    for name, answer in access.gather(calls).items():
        if isinstance(answer, AwsError):
            task.warn(f"{name}: Access Analyzer could not be asked: {answer}")
            continue
        errors = [issue for issue in answer if issue.severity is Severity.ERROR]
        for issue in answer:
            if issue.severity in (Severity.SECURITY_WARNING, Severity.WARNING):
                task.warn(f"{name}: Access Analyzer: {_told(issue)}")
        if errors:
            reason = f"Access Analyzer finds errors in it: {'; '.join(map(_told, errors))}"
            change = written[name]
            found[name] = (Refusal("validation", reason, change.target, change.operation),)
    return found


def _asked(access: Access, parameters: Mapping[str, t.Any]) -> Sequence[Issue]:
    answers = access.items("accessanalyzer", "ValidatePolicy", "findings", parameters)
    return [issue_of(finding, with_position=False) for finding in answers]


def _told(issue: Issue) -> str:
    return f"{issue.path or 'document'}: {issue.message} ({issue.code})"
