# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Account management: the account's own contact information."""

from __future__ import annotations

import typing as t

from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult

from emulator.extensions.registration import operations_of
from emulator.extensions.state import AccountState, account_states


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


def _state(response: AccountResponse) -> AccountState:
    return t.cast(AccountState, account_states[response._get_account_id()][response.partition])


def install() -> None:
    """Add the operations and their paths."""
    operations_of(AccountResponse, get_contact_information, put_contact_information)
    for path in ("getContactInformation", "putContactInformation"):
        urls.url_paths[f"{{0}}/{path}$"] = AccountResponse.dispatch
