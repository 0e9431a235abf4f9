# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Activations of Systems Manager, which moto lacks: a machine outside of AWS gets credentials of a role with one.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateActivation.html
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
import uuid
from datetime import datetime, timedelta

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from emulator.extensions.state import clock


class _UnknownActivation(ServiceException):
    code = "InvalidActivation"


@dataclasses.dataclass(frozen=True)
class Activation:
    """An activation, and what is registered with it: one machine."""

    activation_id: str
    role: str
    description: str
    created: datetime
    expires: datetime


class Activations(BaseBackend):
    """Those of one account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.known: dict[str, Activation] = {}


activation_backends: BackendDict[Activations] = BackendDict(Activations, "ssm")


def find(account_id: str, region: str, activation_id: str) -> Activation | None:
    """The activation, if it was not deleted: the machine counts as deregistered with it."""
    backend: Activations = activation_backends[account_id][region]
    return backend.known.get(activation_id)


def _create_activation(response: t.Any) -> ActionResult:
    created = clock().replace(microsecond=0)
    found = Activation(
        activation_id=str(uuid.uuid4()),
        # A name or, of an older client, a path with the name.
        role=str(response._get_param("IamRole")).rpartition("/")[2],
        description=response._get_param("Description") or "",
        created=created,
        expires=created + timedelta(days=1),
    )
    activation_backends[response.current_account][response.region].known[found.activation_id] = found
    return ActionResult({"ActivationId": found.activation_id, "ActivationCode": uuid.uuid4().hex[:20]})


def _describe_activations(response: t.Any) -> ActionResult:
    known = activation_backends[response.current_account][response.region].known.values()
    shown = [
        {
            "ActivationId": one.activation_id,
            "Description": one.description,
            "IamRole": one.role,
            "RegistrationLimit": 1,
            "RegistrationsCount": 1,
            "CreatedDate": one.created,
            "ExpirationDate": one.expires,
            "Expired": one.expires <= clock(),
        }
        for one in known
    ]
    return ActionResult({"ActivationList": shown})


def _delete_activation(response: t.Any) -> ActionResult:
    known = activation_backends[response.current_account][response.region].known
    if known.pop(response._get_param("ActivationId"), None) is None:
        raise _UnknownActivation("The activation isn't valid.")
    return EmptyResult()


@functools.cache
def install() -> None:
    """Give moto's Systems Manager the operations, once; its import takes a while, and few ask for it."""
    from moto.ssm.responses import SimpleSystemManagerResponse

    SimpleSystemManagerResponse.create_activation = _create_activation
    SimpleSystemManagerResponse.describe_activations = _describe_activations
    SimpleSystemManagerResponse.delete_activation = _delete_activation
