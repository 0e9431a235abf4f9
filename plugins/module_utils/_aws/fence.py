# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The fence around our own clients: what a module did not declare can't be called, and in check mode no write at all.

It judges by the name of the operation, never by the HTTP verb (``ListFindingsV2`` is a POST). It is on each client,
not on the session: botocore's own credential providers make calls too, with clients of their own.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .operations import Operations

if t.TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

# The operations that Access itself needs: its identity, the role to work in, and the regions.
ACCESS_OPERATIONS: t.Final = Operations(
    reads=frozenset({"sts:AssumeRole", "sts:GetCallerIdentity", "ec2:DescribeRegions"})
)
# Named like writes, but they only make AWS write down what is there.
GENERATORS: t.Final = frozenset(
    {
        "iam:GenerateCredentialReport",
        "iam:GenerateOrganizationsAccessReport",
        "iam:GenerateServiceLastAccessedDetails",
    }
)
# AssumeRoot takes a task policy that limits the session. The audit can't write; of the others, which give root a
# password or open what is locked, none is ever asked for.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
ASSUME_ROOT: t.Final = "sts:AssumeRoot"
AUDIT_TASK: t.Final = "IAMAuditRootUserCredentials"
REMOVAL_TASK: t.Final = "IAMDeleteRootUserCredentials"
_TASK_POLICY: t.Final = ":iam::aws:policy/root-task/"


class FenceError(RuntimeError):
    """The code tried a call that it did not declare: a defect of the module, never of its input."""


class Fence(t.Protocol):
    """A judge of calls."""

    def refusal(self, operation: str, parameters: Mapping[str, t.Any]) -> t.Optional[str]:
        """Why ``service:Operation`` may not be called like this, or None where it may."""


@dataclasses.dataclass(frozen=True)
class OperationFence:
    """Lets through what ``operations`` declares: in check mode the reads, and the generators; else all of it."""

    operations: Operations
    check_mode: bool

    def refusal(self, operation: str, parameters: Mapping[str, t.Any]) -> t.Optional[str]:
        if operation == ASSUME_ROOT:
            return self._refusal_of_root(parameters)
        if operation in ACCESS_OPERATIONS.reads or operation in self.operations.reads:
            return None
        if self.check_mode:
            return None if operation in GENERATORS else "check mode allows only declared reads"
        if operation in self.operations.all:
            return None
        return "not among the operations that the module declares"

    def _refusal_of_root(self, parameters: Mapping[str, t.Any]) -> t.Optional[str]:
        policy = str((parameters.get("TaskPolicyArn") or {}).get("arn") or "")
        task = policy.rpartition("/")[2] if _TASK_POLICY in policy else ""
        if task == AUDIT_TASK and (self.check_mode or ASSUME_ROOT in self.operations.reads | self.operations.writes):
            return None
        if self.check_mode:
            return f"check mode opens sessions as root only with the task {AUDIT_TASK}"
        if task == REMOVAL_TASK and ASSUME_ROOT in self.operations.writes:
            return None
        return "the module declares no such session as root"


@dataclasses.dataclass(frozen=True)
class PrefixFence:
    """Lets through reading and writing of objects of one bucket below one prefix."""

    bucket: str
    prefix: str

    OPERATIONS: t.ClassVar = Operations(
        # HeadBucket is how botocore finds the region of a bucket that lives elsewhere.
        reads=frozenset({"s3:GetObject", "s3:HeadBucket", "s3:ListObjectsV2"}),
        writes=frozenset({"s3:PutObject"}),
    )

    def refusal(self, operation: str, parameters: Mapping[str, t.Any]) -> t.Optional[str]:
        if operation in ACCESS_OPERATIONS.reads:
            return None
        if operation not in self.OPERATIONS.reads | self.OPERATIONS.writes:
            return "this client may only read and write objects"
        if parameters.get("Bucket") != self.bucket:
            return f"the bucket is not {self.bucket}"
        key = parameters.get("Key", parameters.get("Prefix", ""))
        if operation != "s3:HeadBucket" and not str(key).startswith(self.prefix):
            return f"the key is not below {self.prefix}"
        return None


def refuse(fence: Fence, operation: str, parameters: Mapping[str, t.Any]) -> None:
    """Raise :class:`FenceError` where ``fence`` does not let ``operation`` through."""
    reason = fence.refusal(operation, parameters)
    if reason:
        raise FenceError(f"{operation} was not called: {reason}")


def enclose(client: BaseClient, fence: Fence) -> None:
    """Put ``fence`` around ``client``: a call that it refuses raises :class:`FenceError` before anything is sent."""

    def judge(*, params: Mapping[str, t.Any], model: OperationModel, **_unused: t.Any) -> None:
        refuse(fence, f"{model.service_model.service_name}:{model.name}", params)

    # The first event of every call, also of paginators, waiters and presigned URLs.
    client.meta.events.register_first("before-parameter-build", judge)
