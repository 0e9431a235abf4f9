# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Organizations: services that moto does not know to be trusted or to have delegated administrators."""

from __future__ import annotations

from moto.organizations.models import FakeDelegatedAdministrator, FakeServiceAccess

_TRUSTED = ("iam.amazonaws.com",)
_DELEGATED = (
    "account.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "iam.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
)


def install() -> None:
    """Extend moto's lists of services."""
    FakeServiceAccess.TRUSTED_SERVICES += _TRUSTED
    FakeDelegatedAdministrator.SUPPORTED_SERVICES += _DELEGATED
