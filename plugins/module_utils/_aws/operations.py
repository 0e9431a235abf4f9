# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The operations a module declares: what its clients may call, and which IAM actions that takes."""

from __future__ import annotations

import dataclasses
import re
import typing as t

_OPERATION: t.Final = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")


@dataclasses.dataclass(frozen=True)
class Operations:
    """Names of API operations as ``service:Operation``: botocore's name of the service, AWS's of the operation.

    ``jobs`` start some work of AWS, such as a recommendation. They change nothing in the account. But they are
    no reads: they take quota, and check mode never makes them.

    :raises ValueError: a name is not of this form, or has two kinds.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        malformed = sorted(name for name in self.all if not _OPERATION.fullmatch(name))
        if malformed:
            raise ValueError(f"not of the form service:Operation: {', '.join(malformed)}")
        if self.reads & self.writes:
            raise ValueError(f"declared as read and as write: {', '.join(sorted(self.reads & self.writes))}")
        twice = self.jobs & (self.reads | self.writes)
        if twice:
            raise ValueError(f"declared as job and as read or write: {', '.join(sorted(twice))}")

    @property
    def all(self) -> frozenset[str]:
        """The operations of each kind."""
        return self.reads | self.writes | self.jobs

    def union(self, *others: Operations) -> Operations:
        """These and the others' operations."""
        return Operations(
            reads=self.reads.union(*(other.reads for other in others)),
            writes=self.writes.union(*(other.writes for other in others)),
            jobs=self.jobs.union(*(other.jobs for other in others)),
        )

    def of(self, service: str) -> frozenset[str]:
        """The names of the operations of one service, without the service."""
        names = (name.partition(":") for name in self.all)
        return frozenset(operation for owner, _colon, operation in names if owner == service)

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are called, in alphabetical order."""
        return tuple(sorted({name.partition(":")[0] for name in self.all}))


# Where the prefix of a service's IAM actions is not botocore's name of the service.
_PREFIXES: t.Final = {
    "accessanalyzer": "access-analyzer",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
}

_SERVICE_LINKED_ROLE: t.Final = "iam:CreateServiceLinkedRole"

# Operations whose permission has another name, and those that need more than one.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ACTIONS: t.Final[dict[str, tuple[str, ...]]] = {
    "accessanalyzer:CreateAnalyzer": ("access-analyzer:CreateAnalyzer", _SERVICE_LINKED_ROLE),
    "accessanalyzer:GetFindingV2": ("access-analyzer:GetFinding",),
    "accessanalyzer:ListFindingsV2": ("access-analyzer:ListFindings",),
    # It names the role that Access Analyzer assumes.
    "accessanalyzer:StartPolicyGeneration": ("access-analyzer:StartPolicyGeneration", "iam:PassRole"),
    "config:PutConfigurationRecorder": ("config:PutConfigurationRecorder", "iam:PassRole"),
    # With tags, which is how this collection knows again what it made.
    "events:PutRule": ("events:PutRule", "events:TagResource"),
    # A target that is another event bus comes with the role that hands events on to it.
    "events:PutTargets": ("events:PutTargets", "iam:PassRole"),
    "iam:CreatePolicy": ("iam:CreatePolicy", "iam:TagPolicy"),
    "iam:CreateRole": ("iam:CreateRole", "iam:TagRole"),
    "s3:GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    # With tags, by which it is known whose key a secret is for.
    "secretsmanager:CreateSecret": ("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
    "securityhub:EnableSecurityHub": (
        "securityhub:EnableSecurityHub",
        _SERVICE_LINKED_ROLE,
        "securityhub:TagResource",
    ),
    # https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindingsV2.html
    "securityhub:GetFindingsV2": ("securityhub:GetFindings",),
    "sns:CreateTopic": ("sns:CreateTopic", "sns:TagResource"),
    "sqs:CreateQueue": ("sqs:CreateQueue", "sqs:TagQueue"),
}


def iam_actions(operation: str) -> tuple[str, ...]:
    """The IAM actions that a caller of ``service:Operation`` must be allowed, the operation's own first."""
    if operation in _ACTIONS:
        return _ACTIONS[operation]
    service, _colon, name = operation.partition(":")
    return (f"{_PREFIXES.get(service, service)}:{name}",)
