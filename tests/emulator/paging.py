# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM's lists page by page, and GetAccountAuthorizationDetails with what AWS puts into it.

moto answers these lists whole and adds all of AWS's managed policies to the authorization details; AWS those in use.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import base64
import binascii
import itertools
import typing as t

from moto.core.responses import ActionResult
from moto.iam.exceptions import ValidationError
from moto.iam.models import AWSManagedPolicy, Group, IAMBackend, ManagedPolicy, Role, User
from moto.iam.responses import IamResponse

Operation: t.TypeAlias = t.Callable[[IamResponse], ActionResult]

DEFAULT_ITEMS: t.Final = 100
MOST_ITEMS: t.Final = 1000

#: The operations that moto answers whole, and the lists of their answers: a page takes from the first, then the next.
PAGED: t.Mapping[str, tuple[str, ...]] = {
    "get_group": ("Users",),
    "list_group_policies": ("PolicyNames",),
    "list_groups": ("Groups",),
    "list_groups_for_user": ("Groups",),
    "list_instance_profiles": ("InstanceProfiles",),
    "list_policy_versions": ("Versions",),
    "list_role_policies": ("PolicyNames",),
    "list_user_policies": ("PolicyNames",),
    "list_user_tags": ("Tags",),
    "list_users": ("Users",),
}

_MARKER_PREFIX: t.Final = "item:"

#: Values of the Filter parameter, by the list of the answer that they ask for.
_DETAILS: t.Mapping[str, frozenset[str]] = {
    "UserDetailList": frozenset({"User"}),
    "GroupDetailList": frozenset({"Group"}),
    "RoleDetailList": frozenset({"Role"}),
    "Policies": frozenset({"LocalManagedPolicy", "AWSManagedPolicy"}),
}


def install() -> None:
    """Give IAM's operations their pages."""
    operations: dict[str, Operation] = {
        "get_account_authorization_details": _authorization_details,
        "list_entities_for_policy": _entities_for_policy,
    }
    operations |= {name: _page(getattr(IamResponse, name), keys) for name, keys in PAGED.items()}
    for name, operation in operations.items():
        setattr(IamResponse, name, operation)


def page(response: IamResponse, lists: t.Mapping[str, t.Sequence[object]]) -> dict[str, t.Any]:
    """The page that MaxItems and Marker of the request ask for, over all lists together.

    Raises moto's ValidationError where AWS does: MaxItems out of bounds, a marker that AWS never gave.
    """
    start = _start(response._get_param("Marker"))
    end = start + _size(response._get_param("MaxItems"))
    answer: dict[str, t.Any] = {}
    passed = 0
    for key, items in lists.items():
        answer[key] = list(items[max(start - passed, 0) : max(end - passed, 0)])
        passed += len(items)
    if start > passed:
        raise ValidationError("Invalid Marker.")
    answer["IsTruncated"] = end < passed
    if end < passed:
        answer["Marker"] = base64.b64encode(f"{_MARKER_PREFIX}{end}".encode()).decode()
    return answer


def _page(original: Operation, keys: t.Sequence[str]) -> Operation:
    def operation(response: IamResponse) -> ActionResult:
        answer = t.cast(dict[str, t.Any], original(response).result)
        return ActionResult({**answer, **page(response, {key: list(answer.get(key) or ()) for key in keys})})

    return operation


def _size(given: t.Any) -> int:
    size = DEFAULT_ITEMS if given is None else int(given)
    if 1 <= size <= MOST_ITEMS:
        return size
    bound = f"less than or equal to {MOST_ITEMS}" if size > MOST_ITEMS else "greater than or equal to 1"
    constraint = f"failed to satisfy constraint: Member must have value {bound}"
    raise ValidationError(f"1 validation error detected: Value '{size}' at 'maxItems' {constraint}")


def _start(marker: t.Any) -> int:
    if marker is None:
        return 0
    try:
        text = base64.b64decode(str(marker), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    number = text.removeprefix(_MARKER_PREFIX)
    if not text.startswith(_MARKER_PREFIX) or not number.isdigit():
        raise ValidationError("Invalid Marker.")
    return int(number)


def _authorization_details(response: IamResponse) -> ActionResult:
    wanted = frozenset(response._get_param("Filter") or itertools.chain.from_iterable(_DETAILS.values()))
    backend = response.backend
    everything: t.Mapping[str, t.Callable[[], t.Iterable[object]]] = {
        "UserDetailList": backend.users.values,
        "GroupDetailList": backend.groups.values,
        "RoleDetailList": backend.roles.values,
        "Policies": lambda: _policies(backend, wanted),
    }
    lists = {key: list(items()) if wanted & _DETAILS[key] else [] for key, items in everything.items()}
    return ActionResult(page(response, lists))


def _policies(backend: IAMBackend, wanted: frozenset[str]) -> t.Iterator[ManagedPolicy]:
    """The customer's policies whether attached or not, AWS's only while they are attached or a boundary."""
    owners = (*backend.users.values(), *backend.roles.values())
    boundaries = {getattr(owner, "permissions_boundary_arn", None) for owner in owners}
    for policy in backend.managed_policies.values():
        if not isinstance(policy, AWSManagedPolicy):
            if "LocalManagedPolicy" in wanted:
                yield policy
        elif "AWSManagedPolicy" in wanted and (policy.attachment_count > 0 or policy.arn in boundaries):
            yield policy


def _entities_for_policy(response: IamResponse) -> ActionResult:
    """moto looks only at the first hundred roles, and not at boundaries."""
    backend = response.backend
    arn = backend.get_policy(response._get_param("PolicyArn")).arn
    wanted, usage = response._get_param("EntityFilter"), response._get_param("PolicyUsageFilter")
    prefix = response._get_param("PathPrefix") or "/"
    owners: t.Mapping[str, tuple[str, t.Iterable[User | Group | Role]]] = {
        "PolicyGroups": ("Group", backend.groups.values()),
        "PolicyUsers": ("User", backend.users.values()),
        "PolicyRoles": ("Role", backend.roles.values()),
    }
    lists = {
        key: [owner for owner in found if owner.path.startswith(prefix) and _uses(owner, arn, usage)]
        if wanted in (None, kind, "LocalManagedPolicy", "AWSManagedPolicy")
        else []
        for key, (kind, found) in owners.items()
    }
    return ActionResult(page(response, lists))


def _uses(owner: User | Group | Role, arn: str, usage: str | None) -> bool:
    attached = usage != "PermissionsBoundary" and arn in owner.managed_policies
    return attached or (usage != "PermissionsPolicy" and getattr(owner, "permissions_boundary_arn", None) == arn)
