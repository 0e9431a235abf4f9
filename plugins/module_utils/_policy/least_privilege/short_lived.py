# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Names that live short: ids of instances, executions, tasks and sessions, and keys of objects with dates in them.

A policy that names one of them is worth nothing the next day.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

_HEX: t.Final = r"[0-9a-f]"
_UUID: t.Final = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"

# By service: an expression for the part of an ARN after the account, whose first group stays.
# The forms: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ROWS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "ec2": (
        r"((?:instance|network-interface|snapshot|volume|spot-instances-request|import-snapshot-task"
        r"|export-image-task|import-image-task)/)[a-z-]+-[0-9a-f]{6,}",
    ),
    "logs": (r"(log-group:[^:*]+:log-stream:).+",),
    "ecs": (
        r"(task/(?:[\w-]+/)?)[0-9a-f-]{32,36}",
        r"(container-instance/(?:[\w-]+/)?)[0-9a-f-]{32,36}",
        r"(task-definition/[\w-]+:)\d+",
        r"(task-set/[\w-]+/[\w-]+/).+",
        r"(service-deployment/[\w-]+/[\w-]+/).+",
    ),
    "states": (r"((?:execution|express|mapRun):[^:]+:).+",),
    "ssm": (
        r"(session/).+",
        r"(automation-execution/).+",
        r"(command/).+",
    ),
    "cloudformation": (
        rf"(stack/[^/]+/){_UUID}",
        rf"(changeSet/[^/]+/){_UUID}",
        rf"(stackset/[^:]+:){_UUID}",
    ),
    "lambda": (r"(function:[\w-]+:)\d+", r"(layer:[\w-]+:)\d+"),
    "codebuild": (rf"(build/[\w-]+:){_UUID}", rf"(build-batch/[\w-]+:){_UUID}"),
    "batch": (rf"(job/){_UUID}", r"(job-definition/[\w-]+:)\d+"),
    "backup": (rf"(recovery-point:){_UUID}",),
    "dynamodb": (r"(table/[^/]+/stream/).+", r"(table/[^/]+/backup/).+", r"(table/[^/]+/export/).+"),
    "elasticmapreduce": (r"(cluster/)j-\w+",),
    "sts": (r"(assumed-role/[^/]+/).+",),
}
_EXPRESSIONS: t.Final = {
    service: tuple(re.compile(row + r"\Z", re.DOTALL) for row in rows) for service, rows in _ROWS.items()
}
# Of the key of an object: dates, times, ids and long numbers.
_VOLATILE: t.Final = re.compile(
    rf"{_UUID}|(?<![0-9])(?:19|20)[0-9]{{2}}(?![0-9])|[0-9]{{6,}}|{_HEX}{{16,}}|[0-9]{{1,2}}-[0-9]{{1,2}}-[0-9]{{2,4}}"
)


def find_stable_part(service: str, resource: str) -> t.Optional[str]:
    """The part of a resource before its short-lived id; None if it has none."""
    for expression in _EXPRESSIONS.get(service, ()):
        found = expression.match(resource)
        if found:
            return found[1]
    return None


def cut_volatile(text: str) -> t.Optional[str]:
    """The part of a name before its first date or id; None if it has none."""
    found = _VOLATILE.search(text)
    return text[: found.start()] if found else None
