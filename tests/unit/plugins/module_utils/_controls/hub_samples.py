# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub in a region, for the tests of its controls and of its planner."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.regional import SecurityHub
from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import (
    SUBSCRIBED,
    OfferedStandard,
    SecurityHubDetails,
    Subscription,
)

from .samples import ACCOUNT, snapshot

HOME: t.Final = "us-east-1"
OTHER: t.Final = "eu-west-1"
FSBP: t.Final = "standards/aws-foundational-security-best-practices/v/1.0.0"
CIS_OLD: t.Final = "ruleset/cis-aws-foundations-benchmark/v/1.2.0"
CIS_3, CIS_5, CIS_10 = (f"standards/cis-aws-foundations-benchmark/v/{number}.0.0" for number in (3, 5, 10))
NIST: t.Final = "standards/nist-800-53/v/5.0.0"
OFFERED: t.Final = (FSBP, CIS_OLD, CIS_3, CIS_5, NIST)


def standard(path: str, region: str = HOME) -> str:
    """The ARN of a standard. The oldest ones belong to no region."""
    return f"arn:aws:securityhub:{region if path.startswith('standards/') else ''}::{path}"


def subscription_arn(path: str, region: str = HOME) -> str:
    """The ARN of the subscription to a standard."""
    return f"arn:aws:securityhub:{region}:{ACCOUNT}:subscription/{path.partition('/')[2]}"


def offering(*paths: str, region: str = HOME) -> tuple[OfferedStandard, ...]:
    return tuple(OfferedStandard(standard(path, region), path) for path in paths)


def subscription(
    path: str, status: str = "READY", *, region: str = HOME, reason: t.Optional[str] = None
) -> Subscription:
    return Subscription(standard(path, region), subscription_arn(path, region), status, reason)


def hub(*subscriptions: Subscription, region: str = HOME, **fields: t.Any) -> SecurityHubDetails:
    """A hub that is on, with these standards; all that AWS has can be had."""
    values: dict[str, t.Any] = {
        "enabled": True,
        "generator": "SECURITY_CONTROL",
        "offered": offering(*OFFERED, region=region),
        "subscriptions": subscriptions,
        "v2": False,
    }
    return SecurityHubDetails(region=region, **{**values, **fields})


def off(region: str = HOME, **fields: t.Any) -> SecurityHubDetails:
    return hub(region=region, **{"enabled": False, "generator": None, **fields})


def account(*details: SecurityHubDetails, **fields: t.Any) -> t.Any:
    """An account with these hubs, as both reads of them tell it."""
    hubs = tuple(
        SecurityHub(
            item.region, item.enabled, tuple(each.standard for each in item.subscriptions if each.status in SUBSCRIBED)
        )
        for item in details
    )
    regions = tuple(item.region for item in details) or (HOME,)
    return snapshot(**{"regions": regions, "security_hubs": hubs, "security_hub_details": details, **fields})
