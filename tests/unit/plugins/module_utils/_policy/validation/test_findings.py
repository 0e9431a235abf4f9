# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS's own findings on its managed policies, where there are any: our validation finds them too.

No such findings are part of this collection. HARDENING_POLICY_FINDINGS names a directory with ``policies/<name>``, as
GetPolicyVersion returns them, and ``findings/<name>.json``, as ValidatePolicy does. https://github.com/zoph-io/MAMIP is
one. The test prints the table of theirs beside ours.
"""

from __future__ import annotations

import collections
import json
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.analyzer import (
    ACCESS_ANALYZER,
    LOCAL,
    issue_of,
    join_issues,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.rules import Issue, Severity
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

FINDINGS = os.environ.get("HARDENING_POLICY_FINDINGS", "")
# Of the 25 security warnings of March 2026 at least 24.
ENOUGH = 24 / 25
# AWS announced the end of these. The reference has parts of them still, and the validator no longer.
RETIRED = ("elastic-inference",)

Json = dict[str, t.Any]


def documents(directory: Path) -> Iterator[tuple[str, Json, list[Json]]]:
    """The managed policies that AWS has findings on, with these."""
    for path in sorted((directory / "findings").glob("*.json")):
        policy = directory / "policies" / path.stem
        text = policy.read_text(encoding="utf-8") if policy.exists() else ""
        if text:
            found = json.loads(path.read_text(encoding="utf-8"))
            yield path.stem, json.loads(text)["PolicyVersion"]["Document"], found


class Comparison:
    """AWS's findings by severity and code: all, those that we have at the same place, and those that we lack."""

    def __init__(self) -> None:
        self.theirs: collections.Counter[tuple[Severity, str]] = collections.Counter()
        self.both: collections.Counter[tuple[Severity, str]] = collections.Counter()
        self.ours: collections.Counter[tuple[Severity, str]] = collections.Counter()
        self.missed: list[tuple[str, Issue]] = []

    def add(self, name: str, document: Json, findings: list[Json]) -> None:
        theirs = [issue_of(finding, with_position=False) for finding in findings]
        self.theirs.update((issue.severity, issue.code) for issue in theirs)
        for found in join_issues(validate(document, kind=Kind.MANAGED), theirs):
            if found.sources == (LOCAL,):
                self.ours[found.issue.severity, found.issue.code] += 1
            elif found.sources == (ACCESS_ANALYZER,):
                self.missed.append((name, found.issue))
        missed = collections.Counter((issue.severity, issue.code) for _name, issue in self.missed)
        self.both = self.theirs - missed

    def share(self, severity: Severity) -> float:
        """The share of AWS's findings of a severity that we have, those about retired services left out."""
        left = [issue for _name, issue in self.missed if issue.severity is severity and not is_retired(issue)]
        count = sum(number for (kind, _code), number in self.theirs.items() if kind is severity)
        return 1 - len(left) / max(1, count)

    def table(self) -> Iterator[str]:
        yield f"{'severity':<17}{'code':<54}{'AWS':>5}{'both':>6}{'ours alone':>12}"
        rows = sorted(self.theirs.keys() | self.ours.keys(), key=lambda row: (tuple(Severity).index(row[0]), row[1]))
        for severity, code in rows:
            counts = self.theirs[severity, code], self.both[severity, code], self.ours[severity, code]
            yield f"{severity.value:<17}{code:<54}{counts[0]:>5}{counts[1]:>6}{counts[2]:>12}"
        for severity in Severity:
            total = sum(number for (kind, _code), number in self.theirs.items() if kind is severity)
            both = sum(number for (kind, _code), number in self.both.items() if kind is severity)
            yield f"{severity.value}: {both} of {total}"
        for name, issue in self.missed:
            if issue.severity is not Severity.SUGGESTION:
                yield f"missed in {name}: {issue.path} {issue.message} ({issue.code})"


def is_retired(issue: Issue) -> bool:
    return any(f"service {service} " in issue.message for service in RETIRED)


@pytest.mark.skipif(
    not FINDINGS, reason="HARDENING_POLICY_FINDINGS names no directory of AWS's findings on its policies"
)
def test_what_aws_finds_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    comparison = Comparison()
    for name, document, findings in documents(Path(FINDINGS)):
        comparison.add(name, document, findings)
    with capsys.disabled():
        print("", *comparison.table(), sep="\n")
    assert comparison.theirs, f"there are no findings in {FINDINGS}"
    assert comparison.share(Severity.SECURITY_WARNING) >= ENOUGH
    assert comparison.share(Severity.ERROR) == comparison.share(Severity.WARNING) == 1


def finding(code: str, kind: str, details: str, *path: Json) -> Json:
    start = {"line": 1, "column": 0, "offset": 0}
    place = {"path": [{"value": "Statement"}, {"index": 0}, *path], "span": {"start": start, "end": start}}
    return {
        "issueCode": code,
        "findingType": kind,
        "findingDetails": details,
        "learnMoreLink": "https://docs.aws.amazon.com/x",
        "locations": [place],
    }


def test_the_comparison_finds_what_is_missed(tmp_path: Path) -> None:
    """Without AWS's findings too: what we have, what we lack, and what is about a retired service."""
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    found = [
        finding("PASS_ROLE_WITH_STAR_IN_RESOURCE", "SECURITY_WARNING", "x", {"value": "Action"}),
        finding("INVALID_SERVICE", "ERROR", "The service elastic-inference does not exist.", {"value": "Resource"}),
        finding("INVALID_REGION", "ERROR", "The Region is not valid.", {"value": "Resource"}),
    ]
    (tmp_path / "findings").mkdir()
    (tmp_path / "policies").mkdir()
    (tmp_path / "findings" / "Sample.json").write_text(json.dumps(found), encoding="utf-8")
    (tmp_path / "findings" / "Gone.json").write_text(json.dumps(found), encoding="utf-8")
    text = json.dumps({"PolicyVersion": {"Document": document}})
    (tmp_path / "policies" / "Sample").write_text(text, encoding="utf-8")
    ((name, read, findings),) = documents(tmp_path)
    comparison = Comparison()
    comparison.add(name, read, findings)
    assert (comparison.share(Severity.SECURITY_WARNING), comparison.share(Severity.ERROR)) == (1.0, 0.5)
    rows = [line.split() for line in comparison.table()]
    assert ["security_warning", "pass_role_with_star_in_resource", "1", "1", "0"] in rows
    assert ["error", "invalid_region", "1", "0", "0"] in rows
    assert any(row[:3] == ["missed", "in", "Sample:"] for row in rows)
