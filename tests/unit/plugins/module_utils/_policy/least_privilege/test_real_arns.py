# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is generated from a recorded call, beside the ARN that AWS authorizes that call on.

The table is written by hand, from the Service Authorization Reference and the guides of the services, and a matcher of
a few lines judges: nothing here asks the reader of events or the evaluation of policies.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import list_needed_keys
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

from ..trail.events import assume, event
from .real_arns import DATA, Row
from .real_arns_compute import COMPUTE
from .samples import ROLE, allow, cover, make_principal, make_record, policy, run, settings, statements_of

ROWS = (*DATA, *COMPUTE)


def generate(row: Row) -> list[Mapping[str, t.Any]]:
    """The statements that are generated from the event of a row, for a role that may do all in its services."""
    services = {row.action.partition(":")[0], *(action.partition(":")[0] for action, _arn in row.also)}
    old = policy(allow([f"{service}:*" for service in sorted(services | {"iam"})]))
    record = event(
        row.event,
        assume(ROLE),
        requestParameters=row.request,
        responseElements=row.response,
        resources=[{"ARN": arn} for arn in row.resources] or None,
        awsRegion=row.region,
    )
    keys = list_needed_keys([make_principal(old)], settings())
    reading = EventReader(keys=keys).read([record], Source.TRAIL)
    assert reading.uses, (row, reading.skipped)
    return statements_of(run(old, record=make_record(*reading.uses, but=[cover(service) for service in services])))


def allows(statements: list[Mapping[str, t.Any]], action: str, arn: str) -> bool:
    """Whether a statement names the action and a pattern of the ARN. All of them allow."""
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return any(
        any(_matches(name.lower(), action.lower()) for name in _list(statement["Action"]))
        and any(_matches(pattern, arn) for pattern in _list(statement["Resource"]))
        for statement in statements
    )


def _list(value: t.Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def _matches(pattern: str, text: str) -> bool:
    escaped = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(escaped, text, re.DOTALL) is not None


def list_open_patterns(statements: list[Mapping[str, t.Any]], action: str) -> list[str]:
    """The patterns for an action that have any Region and any account, though an event has both."""
    own = [statement for statement in statements if action in _list(statement["Action"])]
    return [pattern for statement in own for pattern in _list(statement["Resource"]) if ":*:*:" in pattern]


def judge(row: Row) -> Iterator[str]:
    statements = generate(row)
    for action, arn in ((row.action, row.arn), *row.also):
        if not allows(statements, action, arn):
            yield f"{row.event} {row.request}: {action} on {arn} is denied by {statements}"
    if open_patterns := list_open_patterns(statements, row.action):
        yield f"{row.event} {row.request}: {row.action} is allowed in any Region and account on {open_patterns}"
    for action, arn in ((row.action, row.other), *row.never):
        if arn and allows(statements, action, arn):
            yield f"{row.event} {row.request}: {action} on {arn} is allowed by {statements}"


def test_what_aws_authorizes_is_allowed_and_nothing_beside_it() -> None:
    found = [problem for row in ROWS for problem in judge(row)]
    assert not found, "\n".join(found)


def test_the_table_is_about_the_services_that_people_use() -> None:
    assert len(ROWS) >= 120
    assert sum(bool(row.other) for row in ROWS) >= 100
    assert len({row.action.partition(":")[0] for row in ROWS}) >= 35
    assert {row.arn for row in ROWS if not row.other} <= {"*"}


def test_the_matcher_tells_arns_apart() -> None:
    statements = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b-??"]}]
    assert allows(statements, "S3:getobject", "arn:aws:s3:::a/b/c")
    assert allows(statements, "s3:GetObject", "arn:aws:s3:::b-12")
    assert not allows(statements, "s3:GetObject", "arn:aws:s3:::b-123")
    assert not allows(statements, "s3:PutObject", "arn:aws:s3:::a/b")
    assert not allows(statements, "s3:GetObject", "arn:aws:s3:::a")
