# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sessions as the root user of member accounts, each for one task and 15 minutes at most.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable, Mapping

from .access import Access
from .operations import Operations

_SECONDS: t.Final = 900
# A session is given up this long before it ends, so that no call is cut off by its end.
_SPARE: t.Final = 120
# Kept open at most: each has clients of its own, and an organization may have thousands of members.
_KEPT: t.Final = 32


class RootSessions:
    """Opens sessions through ``access``, which is the management account or IAM's delegated administrator.

    ``operations`` are, by task, what a session is to call. Credentials stay in here: nothing returns or shows them.
    Threads may share an instance.
    """

    def __init__(
        self, access: Access, operations: Mapping[str, Operations], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._access = access
        self._operations = operations
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[float, Access]] = {}

    def of(self, account_id: str, task: str) -> Access:
        """Root of ``account_id``, limited by the task policy ``task``; a session that is still good is used again.

        :raises AwsError: STS opens none: the feature is off, no member, a policy denies it, no such operation here.
        """
        key = (account_id, task)
        ends, session = self._open.get(key, (0.0, None))
        if session is not None and self._clock() < ends:
            return session
        access, started = self._access, self._clock()
        parameters = {
            "TargetPrincipal": account_id,
            "TaskPolicyArn": {"arn": f"arn:{access.partition}:iam::aws:policy/root-task/{task}"},
            "DurationSeconds": _SECONDS,
        }
        # In the session's region: the global endpoint of STS does not know the operation.
        answer = access.call("sts", "AssumeRoot", parameters, region=access.region)
        session = access.elsewhere(answer["Credentials"], self._operations[task])
        with self._lock:
            self._open[key] = (started + _SECONDS - _SPARE, session)
            while len(self._open) > _KEPT:
                del self._open[next(iter(self._open))]
        return session
