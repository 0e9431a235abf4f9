# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A run of an incident whose own credentials were ended meanwhile: it stops, and says what people do."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

from .._aws.errors import AwsError, InvalidCredentials
from .._converge.incident.runbook import describe_lockout
from .task import Task, TaskError

# AWS's words for a key that is deleted or switched off, and not for a session that is over.
_ENDED: t.Final = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"})


@contextlib.contextmanager
def explain_lockout(task: Task, incident_id: str) -> Iterator[None]:
    """Add to a failure what people do, if AWS does not know the credentials of the run any more.

    :raises TaskError: that is so.
    """
    try:
        yield
    except (AwsError, TaskError) as error:
        if not _is_locked_out(task, error):
            raise
        details = error.details if isinstance(error, TaskError) else {}
        raise TaskError(f"{error}\n{describe_lockout(_name_caller(task), incident_id)}", **details) from error


def _is_locked_out(task: Task, error: Exception) -> bool:
    """Whether the credentials are the reason. AWS is asked if the failure is the result of work that began well."""
    cause: t.Optional[BaseException] = error
    while cause is not None:
        if isinstance(cause, InvalidCredentials):
            return cause.code in _ENDED
        cause = cause.__cause__
    if not isinstance(error, TaskError) or not error.details:
        return False
    try:
        task.access.call("sts", "GetCallerIdentity")
    except InvalidCredentials as lost:
        return lost.code in _ENDED
    except AwsError:
        return False
    return False


def _name_caller(task: Task) -> str:
    try:
        return task.access.caller.arn
    except AwsError:
        return ""
