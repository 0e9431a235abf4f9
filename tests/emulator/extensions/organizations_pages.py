# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of Organizations page by page: twenty at most, where moto answers most of them whole.

moto also finds its place in the list of accounts by the time they joined, which several may share.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from moto.organizations.exceptions import InvalidInputException
from moto.organizations.models import FakeAccount, FakeOrganizationalUnit, OrganizationsBackend
from moto.organizations.responses import OrganizationsResponse

Record = dict[str, t.Any]

MOST_RESULTS: t.Final = 20
_INVALID = "You specified an invalid value."


class _List(t.NamedTuple):
    """A list operation: its key in the answer, all its items, and how one is shown."""

    key: str
    items: t.Callable[[OrganizationsBackend, Record], t.Sequence[t.Any]]
    show: t.Callable[[t.Any], t.Any] = lambda item: item


def _accounts(backend: OrganizationsBackend, _asked: Record) -> list[FakeAccount]:
    return sorted(backend.accounts, key=lambda account: account.create_time)


def _accounts_of(backend: OrganizationsBackend, asked: Record) -> list[FakeAccount]:
    parent = backend.validate_parent_id(asked["ParentId"])
    return [account for account in _accounts(backend, asked) if account.parent_id == parent]


def _units_of(backend: OrganizationsBackend, asked: Record) -> list[FakeOrganizationalUnit]:
    parent = backend.validate_parent_id(asked["ParentId"])
    return [unit for unit in backend.ou if unit.parent_id == parent]


def _policies(backend: OrganizationsBackend, asked: Record) -> list[Record]:
    return t.cast(list[Record], _whole(OrganizationsBackend.list_policies)(backend, policy_type=asked["Filter"]))


def _policies_for_target(backend: OrganizationsBackend, asked: Record) -> list[Record]:
    listed = _whole(OrganizationsBackend.list_policies_for_target)
    return t.cast(list[Record], listed(backend, target_id=asked["TargetId"], policy_type=asked["Filter"]))


def _whole(paginated: t.Any) -> t.Callable[..., t.Any]:
    """moto's own, before it takes a page of it."""
    return t.cast(t.Callable[..., t.Any], paginated.__wrapped__)


def _delegates(backend: OrganizationsBackend, asked: Record) -> list[Record]:
    asked = {name: value for name, value in asked.items() if name == "ServicePrincipal"}
    return t.cast(list[Record], backend.list_delegated_administrators(**asked)["DelegatedAdministrators"])


_LISTS: t.Final[t.Mapping[str, _List]] = {
    "list_accounts": _List("Accounts", _accounts, lambda account: account.describe()),
    "list_accounts_for_parent": _List("Accounts", _accounts_of, lambda account: account.describe()),
    "list_aws_service_access_for_organization": _List(
        "EnabledServicePrincipals", lambda backend, _asked: backend.services
    ),
    "list_children": _List("Children", lambda backend, asked: backend.list_children(**asked)["Children"]),
    "list_delegated_administrators": _List("DelegatedAdministrators", _delegates),
    "list_delegated_services_for_account": _List(
        "DelegatedServices",
        lambda backend, asked: backend.list_delegated_services_for_account(**asked)["DelegatedServices"],
    ),
    "list_organizational_units_for_parent": _List(
        "OrganizationalUnits", _units_of, lambda unit: unit.describe()["OrganizationalUnit"]
    ),
    "list_policies": _List("Policies", _policies),
    "list_policies_for_target": _List("Policies", _policies_for_target),
    "list_targets_for_policy": _List(
        "Targets", lambda backend, asked: backend.list_targets_for_policy(**asked)["Targets"]
    ),
}


def _page(operation: _List) -> t.Callable[[OrganizationsResponse], str]:
    def answer(response: OrganizationsResponse) -> str:
        asked = dict(response.request_params)
        start, size = _start(asked.pop("NextToken", None)), asked.pop("MaxResults", MOST_RESULTS)
        if not 1 <= size <= MOST_RESULTS:
            raise InvalidInputException(_INVALID)
        items = operation.items(response.organizations_backend, asked)
        page: Record = {operation.key: [operation.show(item) for item in items[start : start + size]]}
        if start + size < len(items):
            page["NextToken"] = base64.b64encode(f"{operation.key}:{start + size}".encode()).decode()
        return json.dumps(page)

    return answer


def _start(token: object) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(str(token), validate=True).decode("ascii").rpartition(":")[2])
    except (binascii.Error, ValueError):
        raise InvalidInputException(_INVALID) from None


def install() -> None:
    """Give Organizations' operations their pages."""
    for name, operation in _LISTS.items():
        setattr(OrganizationsResponse, name, _page(operation))
