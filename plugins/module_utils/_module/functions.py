# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The Lambda functions of an account by the role that they run with."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Sequence

from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._policy.least_privilege.principal import Function

OPERATIONS: t.Final = Operations(reads=frozenset({"lambda:ListFunctions"}))


def read_functions(access: Access, regions: Sequence[str]) -> tuple[dict[str, list[Function]], tuple[str, ...]]:
    """The Lambda functions of regions by the ARN of their role, and a sentence for each region that was not read."""
    reads = {region: functools.partial(_list_functions, access, region) for region in regions}
    found: dict[str, list[Function]] = {}
    unread: list[str] = []
    for region, answer in access.gather(reads).items():
        if isinstance(answer, AwsError):
            unread.append(f"Lambda functions in {region}: {answer.message}")
            continue
        for item in answer:
            is_in_vpc = bool((item.get("VpcConfig") or {}).get("VpcId"))
            found.setdefault(str(item.get("Role")), []).append(Function(str(item["FunctionArn"]), is_in_vpc))
    return found, tuple(unread)


def _list_functions(access: Access, region: str) -> list[dict[str, t.Any]]:
    return list(access.items("lambda", "ListFunctions", "Functions", region=region))
