# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource policy of an organization, by which it delegates the management of its policies. Moto has none.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

import fnmatch
import json
import typing as t

from moto.organizations.exceptions import OrganizationsClientError
from moto.organizations.responses import OrganizationsResponse

from emulator.extensions.registration import operations_of

_NAME: t.Final = "hardening_resource_policy"


class _NotFound(OrganizationsClientError):
    def __init__(self) -> None:
        super().__init__("ResourcePolicyNotFoundException", "You don't have a resource policy.")


def describe_resource_policy(response: OrganizationsResponse) -> str:
    """DescribeResourcePolicy."""
    organization: t.Any = response.organizations_backend.org
    if not hasattr(organization, _NAME):
        raise _NotFound
    return _answer(organization)


def put_resource_policy(response: OrganizationsResponse) -> str:
    """PutResourcePolicy."""
    organization: t.Any = response.organizations_backend.org
    setattr(organization, _NAME, str(response._get_param("Content")))
    return _answer(organization)


def delete_resource_policy(response: OrganizationsResponse) -> str:
    """DeleteResourcePolicy."""
    organization: t.Any = response.organizations_backend.org
    if not hasattr(organization, _NAME):
        raise _NotFound
    delattr(organization, _NAME)
    return "{}"


def is_delegated(organization: t.Any, account_id: str, action: str) -> bool:
    """Whether the policy lets the account take an action; its conditions are not looked at."""
    if not hasattr(organization, _NAME):
        return False
    statements = _as_list(json.loads(getattr(organization, _NAME)).get("Statement"))
    return any(
        statement["Effect"] == "Allow"
        and any(account_id in principal for principal in _as_list(statement["Principal"].get("AWS")))
        and any(fnmatch.fnmatch(f"organizations:{action}", pattern) for pattern in _as_list(statement.get("Action")))
        for statement in statements
    )


def _as_list(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _answer(organization: t.Any) -> str:
    identity = f"resourcepolicy/{organization.id}/rp-emulated1"
    arn = f"{organization.arn.rpartition(':')[0]}:{identity}"
    summary = {"Id": "rp-emulated1", "Arn": arn}
    return json.dumps({"ResourcePolicy": {"ResourcePolicySummary": summary, "Content": getattr(organization, _NAME)}})


def install() -> None:
    """Let moto answer the operations."""
    operations_of(OrganizationsResponse, describe_resource_policy, put_resource_policy, delete_resource_policy)
