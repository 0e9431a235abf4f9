# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS does and moto does not: operations, a whole service, and answers that moto simplifies.

Each module has an ``install()`` that gives moto's classes the missing behaviour. Answers have the shapes of botocore's
service models, so boto3 parses them as AWS's.
"""

from __future__ import annotations

import functools

from emulator.extensions import (
    account,
    cloudtrail,
    cloudtrail_events,
    config,
    config_organization,
    ec2_addresses,
    events,
    iam_access_keys,
    iam_account,
    iam_boundaries,
    iam_credential_report,
    iam_groups,
    iam_last_accessed,
    iam_policies,
    iam_quotas,
    iam_root_access,
    iam_service_credentials,
    iam_simulation,
    iam_users,
    identity_center,
    opt_in,
    organizations,
    organizations_pages,
    organizations_policies,
    organizations_resource_policy,
    past,
    recorded_events,
    registration,
    root_sessions,
    securityhub,
    securityhub_controls,
    securityhub_findings,
    securityhub_v2,
    sessions,
    sns,
)

_MODULES = (
    registration,
    organizations,
    organizations_pages,
    organizations_policies,
    organizations_resource_policy,
    account,
    opt_in,
    cloudtrail,
    cloudtrail_events,
    past,
    recorded_events,
    config,
    config_organization,
    securityhub,
    securityhub_controls,
    securityhub_findings,
    securityhub_v2,
    iam_access_keys,
    iam_account,
    iam_boundaries,
    iam_credential_report,
    iam_groups,
    iam_last_accessed,
    iam_policies,
    iam_quotas,
    iam_root_access,
    iam_service_credentials,
    iam_simulation,
    iam_users,
    identity_center,
    root_sessions,
    sessions,
    ec2_addresses,
    events,
    sns,
)


@functools.cache
def install() -> None:
    """Extend moto in this process, once; call it before moto's first application is made."""
    for module in _MODULES:
        module.install()
