# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Calls that changed one IAM object, as CloudTrail's event history shows them: who made them, and with which tool.

A user agent is what the caller says of itself: it can be forged. Nothing is ever allowed because of one.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from .answer import NO, No, Unknown
from .moments import parse_moment

Record = Mapping[str, t.Any]

_SOURCE: t.Final = "iam.amazonaws.com"
_NAME_OF: t.Final[Mapping[str, str]] = {"role": "roleName", "user": "userName", "group": "groupName"}
_CREATES: t.Final[Mapping[str, str]] = {
    "role": "CreateRole",
    "user": "CreateUser",
    "group": "CreateGroup",
    "policy": "CreatePolicy",
}
# The bridge of Pulumi also names the provider of Terraform, so the order matters.
_TOOLS: t.Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"opentofu", re.IGNORECASE), "OpenTofu"),
    (re.compile(r"pulumi", re.IGNORECASE), "Pulumi"),
    (re.compile(r"\bterraform\b|terraform-provider", re.IGNORECASE), "Terraform"),
    (re.compile(r"\bcloudformation\.amazonaws\.com\b", re.IGNORECASE), "CloudFormation"),
)


@dataclasses.dataclass(frozen=True)
class ChangeEvent:
    """A successful call that changed an object.

    ``caller`` is the ARN of the user, or of the role whose session called. ``tool`` is the tool that the user agent
    names, if it owns what it makes. ``parameters`` are those of the request.
    """

    operation: str
    when: datetime
    caller: str
    user_agent: str
    tool: t.Optional[str]
    creates: bool
    parameters: Record = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class EventHistory:
    """The events that changed an object, the newest first. ``rest`` says whether there may be more of them."""

    events: tuple[ChangeEvent, ...] = ()
    rest: t.Union[No, Unknown] = NO


def parse_change_events(records: Iterable[t.Any], *, account_id: str, kind: str, name: str) -> EventHistory:
    """Parse the events that changed a ``role``, ``user``, ``group`` or ``policy``.

    A record that can't be parsed may be one of them.
    """
    known = list(records)
    found = [*_parse(known, account_id, kind, name.lower())]
    events = sorted((event for event in found if event), key=lambda event: event.when, reverse=True)
    broken = sum(not isinstance(record, Mapping) for record in known) + found.count(None)
    rest = Unknown(f"{broken} events of its history can't be parsed") if broken else NO
    return EventHistory(tuple(events), rest)


def _parse(records: Iterable[t.Any], account_id: str, kind: str, name: str) -> Iterator[t.Optional[ChangeEvent]]:
    """Parse the events that changed an object; None for one without a time."""
    for record in records:
        if not isinstance(record, Mapping) or not _is_change(record, account_id):
            continue
        parameters = record.get("requestParameters")
        operation = str(record.get("eventName"))
        if not isinstance(parameters, Mapping) or not _is_about(parameters, operation, kind, name):
            continue
        moment = _parse_time(record)
        if moment is None:
            yield None
            continue
        agent = str(record.get("userAgent") or "")
        yield ChangeEvent(
            operation=operation,
            when=moment,
            caller=find_caller(record.get("userIdentity")),
            user_agent=agent,
            tool=find_tool(agent),
            creates=operation == _CREATES[kind],
            parameters=parameters,
        )


def _is_change(record: Record, account_id: str) -> bool:
    """Whether an event is a successful write to IAM in the account."""
    return (
        record.get("eventSource") == _SOURCE
        and record.get("readOnly") in (False, "false")
        and not record.get("errorCode")
        and record.get("recipientAccountId") == account_id
    )


def _is_about(parameters: Record, operation: str, kind: str, name: str) -> bool:
    """Whether a request is about the object. LookupEvents finds events that name it in any role."""
    if kind == "policy":
        # Attaching a policy does not change it.
        is_of_policy = operation.endswith(("Policy", "PolicyVersion")) and not operation.startswith(
            ("Attach", "Detach")
        )
        given = parameters.get("policyArn") or parameters.get("policyName")
        is_inline = any(parameters.get(key) for key in _NAME_OF.values())
        return is_of_policy and not is_inline and str(given or "").rpartition("/")[2].lower() == name
    if kind == "group" and parameters.get("userName"):
        return False
    return str(parameters.get(_NAME_OF[kind]) or "").lower() == name


def _parse_time(record: Record) -> t.Optional[datetime]:
    try:
        return parse_moment(record["eventTime"])
    except (KeyError, ValueError, AttributeError):
        return None


def find_caller(identity: t.Any) -> str:
    """Find the user, or the role of a session, in ``userIdentity``; empty if it shows neither."""
    if not isinstance(identity, Mapping):
        return ""
    session = identity.get("sessionContext")
    issuer = session.get("sessionIssuer") if isinstance(session, Mapping) else None
    if isinstance(issuer, Mapping) and issuer.get("arn"):
        return str(issuer["arn"])
    return str(identity.get("arn") or identity.get("invokedBy") or "")


def find_tool(user_agent: str) -> t.Optional[str]:
    """Find the tool that a user agent names, among those that own what they make."""
    return next((tool for pattern, tool in _TOOLS if pattern.search(user_agent)), None)
