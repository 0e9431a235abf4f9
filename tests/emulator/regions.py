# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions that an organization's service control policies close to an account, as the seed declares them."""

from __future__ import annotations

import typing as t

from emulator import errors
from emulator.identity import Caller
from emulator.wire import Answer, Call

#: Services whose calls a region-deny policy exempts, since they are global:
#: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
GLOBAL_SERVICES: t.Final = frozenset(
    {"account", "cloudfront", "iam", "organizations", "route53", "s3", "sts", "support"}
)


class ClosedRegions:
    """The closed regions of each account."""

    def __init__(self) -> None:
        self._by_account: t.Mapping[str, frozenset[str]] = {}

    def set(self, by_account: t.Mapping[str, t.Collection[str]]) -> None:
        """Replace them by these."""
        self._by_account = {account: frozenset(regions) for account, regions in by_account.items()}

    def get(self) -> t.Mapping[str, t.Collection[str]]:
        """Them, as :meth:`set` takes them."""
        return self._by_account

    def refusal(self, call: Call, caller: Caller) -> Answer | None:
        """The refusal of a call to a regional service in a region closed to the caller's account."""
        closed = self._by_account.get(caller.account_id, frozenset())
        if call.region not in closed or call.service in GLOBAL_SERVICES:
            return None
        reason = "with an explicit deny in a service control policy"
        return errors.access_denied(call, f"User: {caller.arn} is not authorized to perform: {call.action} {reason}")
