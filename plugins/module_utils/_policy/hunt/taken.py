# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an intruder read: the successful reads of suspected and uncertain events, counted by operation.

A count is what the record shows. It is never the whole: data events are only in log files, and there only if the trail
records them (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html).
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime

from ..trail.coverage import LogClass
from ..trail.log_classes import log_class
from ..trail.names import actions_of, prefix_of
from .changes import name_of
from .classes import EventClass, classify
from .clusters import Suspected
from .event import Event
from .hunt import Outcome


class Content(enum.StrEnum):
    """What an operation reads. OTHER: settings, as far as is known."""

    DATA = "data"
    OTHER = "other"


#: Their calls give credentials, which the graph has.
_SESSIONS: t.Final = frozenset({"signin", "sts"})
# Management events whose answers hold more than settings: secrets, code, output, records of people. By the names of
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_WITH_CONTENT: t.Final[Mapping[str, frozenset[str]]] = {
    "athena": frozenset({"GetQueryResults", "GetQueryResultsStream"}),
    "codecommit": frozenset({"GetBlob", "GetFile", "GetFolder", "GetDifferences", "GitPull"}),
    "cognito-idp": frozenset({"AdminGetUser", "ListUsers", "ListUsersInGroup"}),
    "ec2": frozenset({"DescribeInstanceAttribute", "GetConsoleOutput", "GetConsoleScreenshot", "GetPasswordData"}),
    "ecr": frozenset({"BatchGetImage", "GetDownloadUrlForLayer"}),
    "identitystore": frozenset({"DescribeUser", "ListUsers"}),
    "kms": frozenset({"Decrypt"}),
    "lambda": frozenset({"GetFunction", "GetLayerVersion"}),
    "logs": frozenset({"FilterLogEvents", "GetLogEvents", "GetLogRecord", "GetQueryResults", "StartLiveTail"}),
    "rds": frozenset({"DownloadCompleteDBLogFile", "DownloadDBLogFilePortion"}),
    "redshift-data": frozenset({"GetStatementResult", "GetStatementResultV2"}),
    "secretsmanager": frozenset({"BatchGetSecretValue", "GetSecretValue"}),
    "ssm": frozenset(
        {"GetCommandInvocation", "GetParameter", "GetParameterHistory", "GetParameters", "GetParametersByPath"}
    ),
    "workdocs": frozenset({"GetDocument", "GetDocumentVersion"}),
}


@dataclasses.dataclass
class Taken:
    """The reads of one operation. ``calls`` are those that succeeded, by verdict."""

    service: str
    name: str
    content: Content
    calls: dict[Suspected, int] = dataclasses.field(default_factory=lambda: {Suspected.YES: 0, Suspected.UNCERTAIN: 0})
    accounts: set[str] = dataclasses.field(default_factory=set)
    moments: list[datetime] = dataclasses.field(default_factory=list)


def count_taken(outcome: Outcome) -> list[Taken]:
    """Count the reads of an outcome by operation, data first, and then the most suspected calls."""
    found: dict[tuple[str, str], Taken] = {}
    for event, suspected in _list_reads(outcome):
        key = (event.service, name_of(event))
        row = found.setdefault(key, Taken(*key, find_content(event)))
        row.calls[suspected] += 1
        row.accounts.add(event.account_id)
        row.moments.append(event.time)
    return sorted(
        found.values(),
        key=lambda row: (
            row.content is not Content.DATA,
            *(-row.calls[one] for one in (Suspected.YES, Suspected.UNCERTAIN)),
            row.service,
            row.name,
        ),
    )


def find_content(event: Event) -> Content:
    """Find what the answer of a read holds.

    CloudTrail's data events are calls on data, and what no table and no catalogue knows counts as one.
    """
    service, name = prefix_of(event.source), name_of(event)
    actions = actions_of(service, event.name) or (f"{service}:{name}",)
    if name in _WITH_CONTENT.get(service, ()) or any(log_class(action) is LogClass.DATA for action in actions):
        return Content.DATA
    return Content.OTHER


def _list_reads(outcome: Outcome) -> Iterator[tuple[Event, Suspected]]:
    for event in outcome.events:
        suspected = outcome.find_verdict(event)
        if suspected is not Suspected.NO and not event.is_failed and _is_read(event):
            yield event, suspected


def _is_read(event: Event) -> bool:
    """Whether a call reads. CloudTrail marks calls that open sessions as reads too; the graph has those."""
    found = classify(event)
    if found is EventClass.ESCALATION or event.service in _SESSIONS:
        return False
    has_content = name_of(event) in _WITH_CONTENT.get(prefix_of(event.source), ())
    return event.is_read_only or has_content or (found is EventClass.RECONNAISSANCE and not event.is_marked_write)
