# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organizations: who may ask for what, and services that moto does not know to be trusted or to have delegates.

Only the management account may do most things, its delegated administrators may read, other members may not; whom
its resource policy delegates policies to may do what that says.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html
"""

from __future__ import annotations

from moto.organizations.exceptions import AWSOrganizationsNotInUseException, OrganizationsClientError
from moto.organizations.models import (
    FakeDelegatedAdministrator,
    FakeServiceAccess,
    OrganizationsBackend,
    organizations_backends,
)
from moto.organizations.responses import OrganizationsResponse

from emulator.extensions.organizations_resource_policy import is_delegated

_TRUSTED = ("iam.amazonaws.com",)
_DELEGATED = (
    "account.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "iam.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
)
# What moto answers rightly in any account.
_FOR_EVERY_ACCOUNT = frozenset({"CreateOrganization", "DescribeOrganization"})
_READS = ("Describe", "List")


class _AccessDenied(OrganizationsClientError):
    def __init__(self) -> None:
        super().__init__("AccessDeniedException", "You don't have permissions to access this resource.")


def _backend(response: OrganizationsResponse) -> OrganizationsBackend:
    """Where a call is answered: the organization's own place, if the account may know what is there."""
    account, partition = response.current_account, response.partition
    own: OrganizationsBackend = organizations_backends[account][partition]
    action = response._get_action()
    if own.org is not None or action in _FOR_EVERY_ACCOUNT:
        return own
    if account not in organizations_backends.master_accounts:
        raise AWSOrganizationsNotInUseException
    management: OrganizationsBackend = organizations_backends[organizations_backends.master_accounts[account][0]][
        partition
    ]
    delegates = {administrator.account.id for administrator in management.admins}
    if is_delegated(management.org, account, action) or (account in delegates and action.startswith(_READS)):
        return management
    raise _AccessDenied


def install() -> None:
    """Extend moto's lists of services, and let it ask who is asking."""
    FakeServiceAccess.TRUSTED_SERVICES += _TRUSTED
    FakeDelegatedAdministrator.SUPPORTED_SERVICES += _DELEGATED
    OrganizationsResponse.organizations_backend = property(_backend)
