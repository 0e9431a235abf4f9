# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.protected import (
    _IAM_NAMES,
    _OTHER_NAMES,
    _PATHS,
    protection_of,
    protection_of_holding,
)

IAM = "arn:aws:iam::111122223333:"
CDK = "cdk-hnb659fds-deploy-role-111122223333-us-east-1"
CONFIG = "arn:aws:config:us-east-1:111122223333:"
ORGANIZATION = "arn:aws:organizations::"


# Each name with what it protects and what it does not, so that a name that is dropped, and one that reaches too far,
# both are seen.
@pytest.mark.parametrize(
    ("protected", "alike"),
    [
        # Only the paths tell these: anybody may give the names to a role of their own.
        (
            f"{IAM}role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            [
                f"{IAM}role/AWSServiceRoleForConfig",
                f"{IAM}user/AWSServiceRoleForConfig",
                f"{IAM}role/x/aws-service-role/a",
            ],
        ),
        (
            f"{IAM}role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
            [
                f"{IAM}role/AWSReservedSSO_Admin_0123456789abcdef",
                f"{IAM}policy/AWSReservedSSO_Admin",
                f"{IAM}role/team/aws-reserved/x",
            ],
        ),
        # A session's ARN has no path.
        (
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice",
            ["arn:aws:sts::111122223333:assumed-role/admin/AWSReservedSSO_Admin_0123456789abcdef"],
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x",
            ["arn:aws:sts::111122223333:assumed-role/ServiceRoleForConfig/x"],
        ),
        (
            f"{IAM}role/OrganizationAccountAccessRole",
            [
                f"{IAM}role/OrganizationAccountAccessRole2",
                f"{IAM}user/OrganizationAccountAccessRole",
                f"{IAM}policy/OrganizationAccountAccessRole",
                f"{IAM}group/OrganizationAccountAccessRole",
            ],
        ),
        (f"{IAM}role/organizationaccountaccessrole", [f"{IAM}user/organizationaccountaccessrole"]),
        # A part of it, as it stands in changes.
        (f"{IAM}role/OrganizationAccountAccessRole trust", [f"{IAM}role/another OrganizationAccountAccessRole"]),
        (f"{IAM}role/AWSControlTowerExecution", [f"{IAM}user/AWSControlTowerExecution", f"{IAM}group/AWSControlTower"]),
        (f"{IAM}role/service-role/AWSControlTowerStackSetRole", [f"{IAM}role/AWSControlTower/mine"]),
        (f"{IAM}role/aws-controltower-ConfigRecorderRole", [f"{IAM}user/aws-controltower-evil"]),
        (f"{IAM}role/AWSCloudFormationStackSetExecutionRole", [f"{IAM}policy/AWSCloudFormationStackSetX"]),
        (f"{IAM}role/stacksets-exec-0123", [f"{IAM}user/stacksets-exec-0123"]),
        (f"{IAM}role/AWSAFTExecution", [f"{IAM}user/AWSAFTExecution"]),
        (f"{IAM}role/AWSAccelerator-Deploy", [f"{IAM}user/AWSAccelerator-Deploy"]),
        (f"{IAM}role/{CDK}", [f"{IAM}role/x-{CDK}", f"{IAM}user/{CDK}", f"{IAM}policy/{CDK}", f"{IAM}group/{CDK}"]),
        (f"{IAM}role/AWS-QuickSetup-StackSet", [f"{IAM}user/AWS-QuickSetup-StackSet"]),
        (f"{IAM}policy/AWSControlTowerAdminPolicy", [f"{IAM}group/AWSControlTowerAdminPolicy"]),
        (f"{IAM}policy/aws-controltower-x", [f"{IAM}instance-profile/aws-controltower-x"]),
        (f"{IAM}policy/AWSAccelerator-Boundary", [f"{IAM}policy/MyAWSAccelerator-Boundary"]),
        (f"{IAM}policy/AWSAFTPolicy", [f"{IAM}user/AWSAFTPolicy"]),
        (
            f"{IAM}policy/cdk-hnb659fds-permissions-boundary-111122223333-us-east-1",
            [f"{IAM}policy/cdk-evil", f"{IAM}user/cdk-x-permissions-boundary-x"],
        ),
        (f"{IAM}saml-provider/AWSSSO_0123_DO_NOT_DELETE", [f"{IAM}role/AWSSSO_0123_DO_NOT_DELETE"]),
        ("arn:aws-cn:iam::aws:policy/AdministratorAccess", [f"{IAM}policy/AdministratorAccess"]),
        ("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3", [f"{IAM}policy/AWSCompromisedKeyQuarantineV3"]),
        # What is no IAM object.
        (f"{ORGANIZATION}aws:policy/service_control_policy/p-FullAWSAccess", [f"{IAM}role/p-FullAWSAccess"]),
        (f"{ORGANIZATION}aws:policy/resource_control_policy/p-RCPFullAWSAccess", [f"{IAM}role/p-RCPFullAWSAccess"]),
        ("RCPFullAWSAccess", ["RCPFullAWSAccess2"]),
        ("aws-guardrails-AbCdEf", [f"{IAM}role/aws-guardrails-AbCdEf"]),
        (f"{CONFIG}configuration-recorder/AWSConfigurationRecorderForX", [f"{IAM}user/AWSConfigurationRecorderForX"]),
        (f"{IAM}role/AWSConfigurationRecorderForX", [f"{IAM}policy/AWSConfigurationRecorderForX"]),
        ("AWSConfigurationRecorderForSecurityHub", ["default"]),
        ("aws-controltower-BaselineConfigRecorder", ["iam-hardening"]),
        (f"{CONFIG}config-rule/AWSControlTower_AWS-GR_X", [f"{CONFIG}config-rule/iam-hardening-x"]),
        ("arn:aws:sns:us-east-1:111122223333:x/AWSAccelerator-Topic", [f"{IAM}user/x/AWSAccelerator-Topic"]),
    ],
)
def test_a_name_protects_its_own_kind_and_path_only(protected: str, alike: list[str]) -> None:
    assert protection_of(protected)
    assert {target: protection_of(target) for target in alike} == dict.fromkeys(alike)


@pytest.mark.parametrize(
    ("target", "is_protected"),
    [
        ("rules/aws-controltower-x", True),
        ("arn:aws:AWSControlTowerTrail", False),
        ("arn:aws:x/AWSControlTowerTrail", True),
        # Neither is an ARN of IAM, so the names of its roles mean nothing.
        ("nra:aws:iam::111122223333:role/cdk-x", False),
        ("arn:aws:iam:role/cdk-x", False),
    ],
)
def test_what_is_no_whole_arn_is_a_bare_name(target: str, is_protected: bool) -> None:
    assert (protection_of(target) is not None) is is_protected


@pytest.mark.parametrize(
    "target",
    [
        f"{IAM}user/alice",
        f"{IAM}user/cdk-evil",
        f"{IAM}role/my-aws-service-role",
        f"{IAM}role/team/aws-reserved",
        f"{IAM}policy/DevPolicy",
        f"{IAM}account-password-policy",
        # Of what belongs to AWS only policies are protected.
        "arn:aws:iam::aws:contextProvider/IdentityCenter",
    ],
)
def test_what_only_looks_alike_may_be_touched(target: str) -> None:
    assert protection_of(target) is None


@pytest.mark.parametrize(
    ("name", "arn", "only_denies", "is_kept"),
    [
        ("AWSCompromisedKeyQuarantineV3", "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3", True, True),
        ("AWSCompromisedKeyQuarantineV3", f"{IAM}policy/AWSCompromisedKeyQuarantineV3", True, False),
        ("AWSCompromisedKeyQuarantineV3", None, True, False),
        ("AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess", False, False),
        ("AWSAccelerator-Boundary", f"{IAM}policy/AWSAccelerator-Boundary", False, True),
        ("AWSControlTowerX", "arn:aws:iam::aws:policy/aws-service-role/AWSControlTowerX", False, False),
        ("AWSAccelerator-Boundary", None, False, False),
        ("AWSRevokeOlderSessions", None, True, True),
        # Anybody may give that name to a policy that gives everything.
        ("AWSRevokeOlderSessions", None, False, False),
        ("AWSRevokeOlderSessions", f"{IAM}policy/AWSRevokeOlderSessions", True, False),
        ("home", None, True, False),
    ],
)
def test_a_policy_that_stays_where_it_is(name: str, arn: t.Optional[str], only_denies: bool, is_kept: bool) -> None:
    assert (protection_of_holding(name, arn, only_denies=only_denies) is not None) is is_kept


def test_the_documentation_lists_every_path_and_name(checkout: Path) -> None:
    page = (checkout / "docs" / "writes.md").read_text(encoding="utf-8")
    names = [*_PATHS, *_OTHER_NAMES, *(name for names in _IAM_NAMES.values() for name in names)]
    assert [name for name in names if f"`{name}`" not in page] == []
