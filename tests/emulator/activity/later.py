# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls after the seed: what a test says that roles do once something was changed, such as a denial.

Roles are those that the account has now, a role that a playbook has just made among them.
"""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from emulator.activity.model import Calls, Session
from emulator.activity.records import Record, Writer

#: the ARN and the unique id of a role or user by its name; None where there is none
Find = t.Callable[[str], tuple[str, str] | None]


@dataclasses.dataclass(frozen=True)
class Later:
    """Calls of ``role/NAME``, or of ``user/NAME`` with its first access key.

    ``call`` is ``source:EventName``, empty for a session that is only opened.
    The last of them is ``days_ago`` by the emulator's clock, the others are a second apart before it. ``denied`` is the
    end of AWS's message: ``with an explicit deny in a service control policy``. ``action`` and ``resource`` are those
    of the message, if they are not those of the call. ``opens`` writes the event that opens the session as well.
    """

    principal: str
    call: str = ""
    days_ago: float = 0.1
    times: int = 1
    region: str = "eu-west-1"
    session: Session = dataclasses.field(default_factory=lambda: Session("developer"))
    parameters: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    resources: dict[str, str] = dataclasses.field(default_factory=dict)
    denied: str = ""
    action: str = ""
    resource: str = "*"
    opens: bool = True

    @classmethod
    def parse(cls, data: t.Mapping[str, t.Any]) -> Later:
        """Parse what a test asks for. Raises ValueError."""
        try:
            return cls(**{**data, "session": Session(**data.get("session", {"name": "developer"}))})
        except TypeError as error:
            raise ValueError(f"{dict(data)!r}: {error}") from error


def write(later: Later, writer: Writer, now: datetime) -> t.Iterator[Record]:
    """The events of these calls."""
    last = now - timedelta(days=later.days_ago)
    first = last - timedelta(seconds=later.times - 1)
    if later.opens or not later.call:
        yield from writer.sign_in(later.session, first - timedelta(seconds=1 if later.call else 0), later.region)
    if not later.call:
        return
    action = later.action or later.call
    user = f"arn:{writer.account.partition}:sts::{writer.account.id}:assumed-role/{writer.name}/{later.session.name}"
    calls = Calls(
        later.call,
        parameters=later.parameters,
        resources=later.resources,
        error="AccessDenied" if later.denied else None,
        message=f"User: {user} is not authorized to perform: {action} on resource: {later.resource} {later.denied}",
    )
    for number in range(later.times):
        yield writer.event(calls, later.session, first + timedelta(seconds=number), later.region, number)
