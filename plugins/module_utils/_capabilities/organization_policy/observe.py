# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What ``organization_policy`` reads besides: whether an undo means another policy, and what Access Analyzer says."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.request import place_of
from ..._converge.change import Change, Refusal
from ..._converge.organization_changes import CREATE, UPDATE, find_policy_key
from ..._module.connection import Connection
from ..._module.organization_policies import list_policy_ids
from ..._policy.validation.analyzer import issue_of, request
from ..._policy.validation.rules import Issue, Severity
from .declared import KINDS, Declared

VALIDATION_OPERATIONS: t.Final = Operations(reads=frozenset({"accessanalyzer:ValidatePolicy"}))


def find_other_policies(access: Access, undos: Sequence[Change], _now: datetime) -> dict[str, Refusal]:
    """Refuse undos whose request would be sent to another policy than the target that their record shows.

    Requests go by the name of the policy, and others may write into a journal. A policy that was deleted and made again
    has another id, so a record may show one that is gone.
    """
    refused: dict[str, Refusal] = {}
    for undo in undos:
        place, name = place_of(undo), undo.parameters.get("PolicyName")
        if name is None or not place.startswith("arn:"):
            continue
        ids = list_policy_ids(access, undo.parameters["PolicyType"])
        found = ids.get(name)
        shown_id = place.rpartition("/")[2]
        if found not in (None, shown_id) and shown_id in ids.values():
            reason = f"the policy named {name} is {found}, and the record shows {place}"
            refused[undo.undoes] = Refusal("undo_mismatch", reason, undo.target, undo.operation)
    return refused


def find_analyzer_objections(
    connection: Connection, declared: Declared, changes: Iterable[Change]
) -> dict[str, tuple[Refusal, ...]]:
    """Find the refusals of Access Analyzer for contents to write, by policy name. If it can't be asked, warn."""
    kind = KINDS.get(declared.type)
    if kind is None or not declared.validates:
        return {}
    written = {find_policy_key(change)[0]: change for change in changes if change.operation in (CREATE, UPDATE)}
    texts = {policy.name: policy.content.text for policy in declared.policies if policy.content}
    calls: dict[str, Callable[[], Sequence[Issue]]] = {
        name: functools.partial(_validate_policy, connection.access, request(texts[name], kind)) for name in written
    }
    found: dict[str, tuple[Refusal, ...]] = {}
    for name, answer in connection.access.gather(calls).items():
        if isinstance(answer, AwsError):
            connection.warn(f"{name}: Access Analyzer could not be called: {answer}")
            continue
        errors = [issue for issue in answer if issue.severity is Severity.ERROR]
        for issue in answer:
            if issue.severity in (Severity.SECURITY_WARNING, Severity.WARNING):
                connection.warn(f"{name}: Access Analyzer: {_describe_issue(issue)}")
        if errors:
            reason = f"Access Analyzer found errors: {'; '.join(map(_describe_issue, errors))}"
            change = written[name]
            found[name] = (Refusal("validation", reason, change.target, change.operation),)
    return found


def _validate_policy(access: Access, parameters: Mapping[str, t.Any]) -> Sequence[Issue]:
    answers = access.items("accessanalyzer", "ValidatePolicy", "findings", parameters)
    return [issue_of(finding, with_position=False) for finding in answers]


def _describe_issue(issue: Issue) -> str:
    return f"{issue.path or 'document'}: {issue.message} ({issue.code})"
