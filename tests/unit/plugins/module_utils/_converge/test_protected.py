# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.protected import protection_of

IAM = "arn:aws:iam::111122223333:"


@pytest.mark.parametrize(
    "target",
    [
        f"{IAM}role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
        f"{IAM}role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
        f"{IAM}role/AWSReservedSSO_Admin_0123456789abcdef",
        f"{IAM}role/OrganizationAccountAccessRole",
        f"{IAM}role/organizationaccountaccessrole",
        f"{IAM}role/AWSControlTowerExecution",
        f"{IAM}role/service-role/AWSControlTowerStackSetRole",
        f"{IAM}role/stacksets-exec-0123",
        f"{IAM}role/AWSCloudFormationStackSetExecutionRole",
        f"{IAM}role/AWSAFTExecution",
        f"{IAM}role/AWSAccelerator-Deploy",
        f"{IAM}role/cdk-hnb659fds-deploy-role-111122223333-us-east-1",
        f"{IAM}role/AWS-QuickSetup-StackSet",
        f"{IAM}saml-provider/AWSSSO_0123_DO_NOT_DELETE",
        f"{IAM}policy/AWSCompromisedKeyQuarantineV3",
        "arn:aws-cn:iam::aws:policy/AdministratorAccess",
        "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
        "aws-guardrails-AbCdEf",
        "RCPFullAWSAccess",
    ],
)
def test_never_touched(target: str) -> None:
    assert protection_of(target)


@pytest.mark.parametrize(
    "target",
    [
        f"{IAM}user/alice",
        f"{IAM}role/my-aws-service-role",
        f"{IAM}role/team/aws-reserved",
        f"{IAM}role/OrganizationAccountAccessRole2",
        f"{IAM}policy/DevPolicy",
        f"{IAM}account-password-policy",
    ],
)
def test_what_only_looks_alike_may_be_touched(target: str) -> None:
    assert protection_of(target) is None
