# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service-specific credentials of users: Bedrock and CloudWatch Logs API keys, CodeCommit and Keyspaces passwords."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import IAMException, LimitExceededException, NoSuchEntity
from moto.iam.responses import IamResponse
from moto.moto_api._internal import mock_random

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import ServiceCredential, clock, state_of
from emulator.paging import page

_SERVICES = ("bedrock.amazonaws.com", "cassandra.amazonaws.com", "codecommit.amazonaws.com", "logs.amazonaws.com")
_PER_USER_AND_SERVICE = 2


class ServiceNotSupported(IAMException):
    """The service has no such credentials."""

    code = "NotSupportedService"


def list_service_specific_credentials(response: IamResponse) -> ActionResult:
    """ListServiceSpecificCredentials: of one user, or with ``AllUsers`` of the account, page by page."""
    credentials = state_of(response.backend).service_credentials.values()
    service = response._get_param("ServiceName")
    user = response._get_param("UserName")
    if not response._get_param("AllUsers", False):
        user = response.backend.get_user(user).name
    found = [
        _metadata(credential)
        for credential in credentials
        if user in (None, credential.user_name) and service in (None, credential.service)
    ]
    return ActionResult(page(response, {"ServiceSpecificCredentials": found}))


def create_service_specific_credential(response: IamResponse) -> ActionResult:
    """CreateServiceSpecificCredential."""
    user = response.backend.get_user(response._get_param("UserName"))
    service, age = response._get_param("ServiceName"), response._get_param("CredentialAgeDays")
    if service not in _SERVICES:
        raise ServiceNotSupported(f"No such service {service} is supported for Service Specific Credentials")
    credentials = state_of(response.backend).service_credentials
    if sum((found.user_name, found.service) == (user.name, service) for found in credentials.values()) >= 2:
        raise LimitExceededException(
            f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_PER_USER_AND_SERVICE}"
        )
    credential = ServiceCredential(
        credential_id=f"ACCA{mock_random.get_random_string(17).upper()}",
        user_name=user.name,
        service=service,
        created=clock(),
        expires=clock() + timedelta(days=int(age)) if age else None,
    )
    credentials[credential.credential_id] = credential
    secret = {"ServiceCredentialSecret": mock_random.get_random_string(40)}
    return ActionResult({"ServiceSpecificCredential": _metadata(credential) | secret})


def update_service_specific_credential(response: IamResponse) -> ActionResult:
    """UpdateServiceSpecificCredential: its status."""
    _credential(response).status = response._get_param("Status")
    return EmptyResult()


def delete_service_specific_credential(response: IamResponse) -> ActionResult:
    """DeleteServiceSpecificCredential."""
    del state_of(response.backend).service_credentials[_credential(response).credential_id]
    return EmptyResult()


def _credential(response: IamResponse) -> ServiceCredential:
    credential_id = response._get_param("ServiceSpecificCredentialId")
    found: t.Optional[ServiceCredential] = state_of(response.backend).service_credentials.get(credential_id)
    if found is None or response._get_param("UserName") not in (None, found.user_name):
        raise NoSuchEntity(f"No such credential {credential_id} exists")
    return found


def _metadata(credential: ServiceCredential) -> dict[str, object]:
    shape: dict[str, object] = {
        "UserName": credential.user_name,
        "Status": credential.status,
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.credential_id,
        "ServiceName": credential.service,
    }
    if credential.expires is not None:
        shape["ExpirationDate"] = credential.expires
        if credential.status == "Active" and credential.expires <= clock():
            shape["Status"] = "Expired"
    # API keys have an alias, the credentials of older services a user name.
    name = "ServiceCredentialAlias" if credential.service in _SERVICES[::3] else "ServiceUserName"
    return shape | {name: f"{credential.user_name}-at-{credential.credential_id[-8:].lower()}"}


def install() -> None:
    """Add the operations."""
    iam_operations(
        list_service_specific_credentials,
        create_service_specific_credential,
        update_service_specific_credential,
        delete_service_specific_credential,
    )
