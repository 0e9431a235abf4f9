# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Central management of root access: the features that an organization has switched on.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-enable-root-access.html
"""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException
from moto.iam.responses import IamResponse
from moto.organizations.models import OrganizationsBackend, organizations_backends

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import AccountState, account_states

_SERVICE = "iam.amazonaws.com"


class _Denied(IAMException):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def list_organizations_features(response: IamResponse) -> ActionResult:
    """ListOrganizationsFeatures: for the management account and IAM's delegated administrator."""
    organization, state = _organization(response)
    return _answer(organization, state)


def enable_organizations_root_credentials_management(response: IamResponse) -> ActionResult:
    """EnableOrganizationsRootCredentialsManagement."""
    return _switch(response, "RootCredentialsManagement", on=True)


def disable_organizations_root_credentials_management(response: IamResponse) -> ActionResult:
    """DisableOrganizationsRootCredentialsManagement."""
    return _switch(response, "RootCredentialsManagement", on=False)


def enable_organizations_root_sessions(response: IamResponse) -> ActionResult:
    """EnableOrganizationsRootSessions."""
    return _switch(response, "RootSessions", on=True)


def disable_organizations_root_sessions(response: IamResponse) -> ActionResult:
    """DisableOrganizationsRootSessions."""
    return _switch(response, "RootSessions", on=False)


def _switch(response: IamResponse, feature: str, *, on: bool) -> ActionResult:
    organization, state = _organization(response)
    if state.account_id != response.current_account:
        raise _Denied(
            "CallerIsNotManagementAccountException",
            f"Caller account {response.current_account} is not management account of the organization and cannot"
            " enable IAM features.",
        )
    if on:
        state.root_features.add(feature)
    else:
        state.root_features.discard(feature)
    return _answer(organization, state)


def _answer(organization: OrganizationsBackend, state: AccountState) -> ActionResult:
    assert organization.org is not None
    return ActionResult({"OrganizationId": organization.org.id, "EnabledFeatures": sorted(state.root_features)})


def _organization(response: IamResponse) -> tuple[OrganizationsBackend, AccountState]:
    """The organization of the caller, and its features, which the management account's state keeps."""
    caller: str = response.current_account
    member_of: dict[str, tuple[str, str]] = organizations_backends.master_accounts
    management, partition = member_of.get(caller, (caller, response.partition))
    backend = organizations_backends[management][partition]
    if backend.org is None:
        raise _Denied("OrganizationNotFoundException", "The account is not a member of an organization.")
    delegated: t.Iterable[str] = [admin.account.id for admin in backend.admins if _SERVICE in admin.services]
    if caller != management and caller not in delegated:
        raise _Denied(
            "AccountNotManagementOrDelegatedAdministratorException",
            "The account is neither the management account nor a delegated administrator of IAM.",
        )
    if all(service["ServicePrincipal"] != _SERVICE for service in backend.services):
        raise _Denied("ServiceAccessNotEnabledException", f"Trusted access is not enabled for {_SERVICE}.")
    return backend, account_states[management][partition]


def install() -> None:
    """Add the operations."""
    iam_operations(
        list_organizations_features,
        enable_organizations_root_credentials_management,
        disable_organizations_root_credentials_management,
        enable_organizations_root_sessions,
        disable_organizations_root_sessions,
    )
