# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of analyzers: the active ones, and of the archived ones those that are public."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset

from .fakes import FakeAccess, read

ACCOUNT = "111122223333"
PLACE = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT}:analyzer"


def analyzer(name: str, kind: str, status: str = "ACTIVE") -> dict[str, str]:
    return {"name": name, "arn": f"{PLACE}/{name}", "type": kind, "status": status}


def summary(name: str, status: str) -> dict[str, t.Any]:
    return {
        "id": name,
        "findingType": "ExternalAccess",
        "resource": f"arn:aws:s3:::{name}",
        "resourceType": "AWS::S3::Bucket",
        "resourceOwnerAccount": ACCOUNT,
        "status": status,
    }


FINDINGS = {"open": "ACTIVE", "shared": "ACTIVE", "site": "ARCHIVED", "known": "ARCHIVED"}
PUBLIC = {"open", "site"}


def list_findings(*, filter: dict[str, t.Any], **_more: t.Any) -> dict[str, t.Any]:
    states, public = filter["status"]["eq"], "isPublic" in filter
    names = (name for name, status in FINDINGS.items() if status in states and (name in PUBLIC or not public))
    return {"findings": [summary(name, FINDINGS[name]) for name in names]}


def test_archived_findings_are_read_where_they_are_public() -> None:
    analyzers = [analyzer("a", "ACCOUNT"), analyzer("b", "ACCOUNT", "FAILED")]
    access = FakeAccess(
        {"accessanalyzer:ListAnalyzers": {"analyzers": analyzers}, "accessanalyzer:ListFindingsV2": list_findings}
    )
    findings = read(access, Dataset.ANALYZER_FINDINGS).analyzer_findings
    assert {item.id: (item.status, item.is_public) for item in findings} == {
        "open": ("ACTIVE", True),
        "shared": ("ACTIVE", False),
        "site": ("ARCHIVED", True),
    }


def test_of_unused_access_none_is_public() -> None:
    access = FakeAccess(
        {
            "accessanalyzer:ListAnalyzers": {"analyzers": [analyzer("a", "ACCOUNT_UNUSED_ACCESS")]},
            "accessanalyzer:ListFindingsV2": list_findings,
        }
    )
    found = {item.id: item.is_public for item in read(access, Dataset.ANALYZER_FINDINGS).analyzer_findings}
    assert found == {"open": False, "shared": False}
