# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which errors of a write pass, and how long to wait for that.

A write is sent once, and the maker of the plan decides on another attempt: see :func:`judge`. The codes and what they
mean are those of the services' API references, which botocore's models repeat:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html (each operation, "Errors"),
https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html,
https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html,
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html,
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_UpdateSecurityControl.html
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .errors import AwsError, NotFound, Throttled, Unparsable, Unreachable

# Seconds before each further attempt.
_A_QUARTER: t.Final = (1.0, 2.0, 4.0, 8.0)
_HALF_A_MINUTE: t.Final = (*_A_QUARTER, 16.0)
_A_MINUTE: t.Final = (*_HALF_A_MINUTE, 16.0, 16.0)
_MINUTES: t.Final = (*_HALF_A_MINUTE, 32.0, 32.0, 32.0)

# By service and code, without the ending "Exception", which IAM's codes do not have and its models do.
_TRANSIENT: t.Final[Mapping[str, Mapping[str, tuple[float, ...]]]] = {
    "iam": {
        # "multiple requests to change this object were submitted simultaneously. Wait a few minutes"
        "ConcurrentModification": _MINUTES,
        # "likely to succeed if you try again after waiting several minutes"
        "EntityTemporarilyUnmodifiable": _MINUTES,
    },
    "organizations": {
        # "The target of the operation is currently being modified by a different request. Try again later."
        "ConcurrentModification": _A_MINUTE,
        # "Changes to the effective policy are in progress […] Try the operation again later."
        "PolicyChangesInProgress": _MINUTES,
        "TooManyRequests": _A_MINUTE,
    },
    "sns": {
        # "Can't perform multiple operations on a tag simultaneously. Perform the operations sequentially."
        "ConcurrentAccess": _HALF_A_MINUTE,
        # "A tag has been added to a resource with the same ARN as a deleted resource. Wait a short while"
        "StaleTag": _A_MINUTE,
        "KMSThrottling": _HALF_A_MINUTE,
    },
    # "You must wait 60 seconds after deleting a queue before you can create another queue with the same name."
    "sqs": {"QueueDeletedRecently": _MINUTES, "KmsThrottled": _HALF_A_MINUTE},
    # "There is concurrent modification on a rule, target, archive, or replay."
    "events": {"ConcurrentModification": _HALF_A_MINUTE},
    # "you tried to update a security control that's currently in the UPDATING state"
    "securityhub": {"ResourceInUse": _A_MINUTE},
}
# Somebody else was quicker. Reads lag behind, so that it may take a while until the target shows it.
_EXISTS: t.Final = frozenset(
    {
        # Of Access Analyzer, and below of Security Hub.
        "Conflict",
        "DuplicatePolicy",
        "DuplicatePolicyAttachment",
        "EntityAlreadyExists",
        "PolicyTypeAlreadyEnabled",
        "QueueAlreadyExists",
        "QueueNameExists",
        "ResourceAlreadyExists",
        "ResourceConflict",
    }
)
_IS_GONE: t.Final = frozenset({"PolicyNotAttached"})
_TAKING_AWAY: t.Final = ("Delete", "Deregister", "Detach", "Disable", "Remove", "Untag")
# botocore did not reach anybody: no request was sent.
_NOT_SENT: t.Final = frozenset(
    {"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "NoCredentialsError"}
)


@dataclasses.dataclass(frozen=True)
class RetryVerdict:
    """The verdict on the error of a write.

    ``changed_nothing``: AWS answered that it did nothing, or was not reached. ``waits``: the seconds before each
    further attempt. ``waits_if_new``: the same where the write builds on what was made moments ago. ``request_id``:
    AWS's id of the request that made the write; empty if AWS did not answer it.
    """

    changed_nothing: bool
    waits: tuple[float, ...] = ()
    waits_if_new: tuple[float, ...] = ()
    request_id: str = ""


def judge(error: Exception, service: str, operation: str) -> RetryVerdict:
    """Judge the error of the write ``service:operation``, in whose course it was raised.

    An error of another call on the way leaves it open whether the write itself was made.
    """
    if not isinstance(error, AwsError):
        return RetryVerdict(changed_nothing=False)
    is_lost = isinstance(error, (Unparsable, Unreachable)) and error.code not in _NOT_SENT
    waits = _waits(error, service, operation)
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
    waits_if_new = max(waits, _HALF_A_MINUTE, key=sum) if isinstance(error, NotFound) else waits
    is_own = (error.service, error.operation) == (service, operation)
    return RetryVerdict(not is_lost and is_own, waits, waits_if_new, error.request_id if is_own else "")


def _waits(error: AwsError, service: str, operation: str) -> tuple[float, ...]:
    code = bare(error.code)
    documented = _TRANSIENT.get(service, {}).get(code)
    if documented is not None:
        return documented
    is_gone = isinstance(error, NotFound) or code in _IS_GONE
    if code in _EXISTS or (is_gone and operation.startswith(_TAKING_AWAY)):
        return _A_QUARTER
    if isinstance(error, Throttled):
        return _HALF_A_MINUTE
    return _A_QUARTER if isinstance(error, (Unparsable, Unreachable)) else ()


def bare(code: str) -> str:
    """A code without what some protocols put around it: ``AWS.SimpleQueueService.QueueNameExists``, ``…Exception``."""
    return code.rpartition(".")[2].removesuffix("Exception")
