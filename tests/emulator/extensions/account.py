# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account management: the account's own contact information, and its regions."""

from __future__ import annotations

import typing as t

from boto3 import Session
from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from emulator.extensions.registration import operations_of
from emulator.extensions.state import AccountState, account_states

# Regions that an account has from the start; any other must be opted in to.
_DEFAULT_REGIONS = frozenset(
    [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ]
)


class ResourceNotFoundException(ServiceException):
    """The account has no such contact."""

    code = "ResourceNotFoundException"


def get_contact_information(response: AccountResponse) -> ActionResult:
    """GetContactInformation."""
    contact = _state(response).contact
    if contact is None:
        raise ResourceNotFoundException("No contact information was found for the account.")
    return ActionResult({"ContactInformation": contact})


def put_contact_information(response: AccountResponse) -> ActionResult:
    """PutContactInformation."""
    _state(response).contact = response._get_param("ContactInformation")
    return EmptyResult()


def list_regions(response: AccountResponse) -> ActionResult:
    """ListRegions, by opt-in status."""
    wanted: t.Sequence[str] = response._get_param("RegionOptStatusContains") or []
    regions = Session().get_available_regions("ec2", partition_name=response.partition)
    found = [{"RegionName": name, "RegionOptStatus": _status(response, name)} for name in regions]
    return ActionResult({"Regions": [item for item in found if not wanted or item["RegionOptStatus"] in wanted]})


def _status(response: AccountResponse, region: str) -> str:
    enabled = region in _DEFAULT_REGIONS or response.partition != "aws"
    return "ENABLED_BY_DEFAULT" if enabled else "DISABLED"


def _state(response: AccountResponse) -> AccountState:
    return t.cast(AccountState, account_states[response._get_account_id()][response.partition])


def install() -> None:
    """Add the operations and their paths."""
    operations_of(AccountResponse, get_contact_information, put_contact_information, list_regions)
    for path in ("getContactInformation", "putContactInformation", "listRegions"):
        urls.url_paths[f"{{0}}/{path}$"] = AccountResponse.dispatch
