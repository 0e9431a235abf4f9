# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The developer boundary of the role permissions_boundary: who may do what under it, by the evaluator."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.plugins.filter.core import FilterModule

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.document import (
    fill_places,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.boundary_flaws import Weakness, flaws
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.power import Place
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.limits import LIMITS, size
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind, Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate
from ansible_collections.hardening.iam.plugins.module_utils._prediction.unused_resources import AccountFacts

ROLE = Path(__file__).resolve().parents[3] / "roles" / "permissions_boundary"
ACCOUNT, OTHER = "111122223333", "999988887777"
IAM = f"arn:aws:iam::{ACCOUNT}"
BOUNDARY = f"{IAM}:policy/iam-hardening/boundary/developer"
DEVELOPER = f"{IAM}:role/developers/dev-1"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-1/alice"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function"
LAYER = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
FACTS = AccountFacts("aws", ACCOUNT, BOUNDARY, (TRAIL,), ("acme-audit",), (f"{LOGS}:audit",))
EVERYTHING = parse({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
# What keys and roles need: it leaves the decision to the account, and allows nothing by itself.
DELEGATING = parse(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "*", "Resource": "*"},
    }
)
OWN = {"iam:PermissionsBoundary": BOUNDARY}
FOREIGN = {"iam:PermissionsBoundary": f"{IAM}:policy/permit-all"}
LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}

Keys = t.Mapping[str, str]


def document(**variables: t.Any) -> t.Any:
    """The template with the defaults of the role, as Ansible renders it."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters.update(FilterModule().filters())
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    given = {**defaults, **{f"permissions_boundary_{name}": value for name, value in variables.items()}}
    text = (ROLE / "templates" / "developer.json.j2").read_text(encoding="utf-8")
    return json.loads(environment.from_string(text).render(given))


@functools.cache
def boundary() -> Policy:
    return parse(fill_places(document(), FACTS, option="document"), name="developer", kind=Kind.BOUNDARY)


def outcome(
    action: str, resource: str, keys: t.Optional[Keys] = None, resource_policy: t.Optional[Policy] = None
) -> Outcome:
    """What becomes of a call by a session of a developer whose own policies allow everything."""
    request = Request(
        action,
        resource,
        principal=SESSION if resource_policy else DEVELOPER,
        issuer=DEVELOPER if resource_policy else None,
        context=keys or {},
        resource_policy=resource_policy or DELEGATING,
        resource_account=ACCOUNT,
    )
    return evaluate(request, Layers(identity=(EVERYTHING,), boundary=boundary())).outcome


def test_it_fits_and_validates() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    whole = fill_places(document(), FACTS, option="document")
    assert size(whole, Kind.BOUNDARY) <= LIMITS[Kind.BOUNDARY] - 500
    assert validate(whole, kind=Kind.BOUNDARY, partition="aws") == ()


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_it_fits_with_an_organizations_trail_besides_the_accounts_own(partition: str) -> None:
    place = f"111122223333:trail/{'o' * 40}"
    many = AccountFacts(
        partition,
        ACCOUNT,
        f"arn:{partition}:iam::{ACCOUNT}:policy/iam-hardening/boundary/developer",
        (f"arn:{partition}:cloudtrail:us-east-1:{place}", f"arn:{partition}:cloudtrail:us-east-1:{ACCOUNT}:trail/main"),
        ("b" * 63, "c" * 63),
        (f"arn:{partition}:logs:us-east-1:{ACCOUNT}:log-group:{'g' * 60}",),
    )
    assert size(fill_places(document(), many, option="document"), Kind.BOUNDARY) <= LIMITS[Kind.BOUNDARY]


def test_without_a_trail_it_is_as_sound() -> None:
    bare = parse(fill_places(document(), AccountFacts("aws", ACCOUNT, BOUNDARY), option="document"), kind=Kind.BOUNDARY)
    assert flaws(bare, arn=BOUNDARY, place=Place("aws", ACCOUNT)) == ()


def test_a_service_that_would_undo_it_is_told() -> None:
    opened = parse(fill_places(document(services="s3, iam"), FACTS, option="document"), kind=Kind.BOUNDARY)
    found = {flaw.weakness for flaw in flaws(opened, arn=BOUNDARY, place=Place("aws", ACCOUNT))}
    assert found == {Weakness.OPENS_IAM}


def test_nobody_under_it_gets_rid_of_it() -> None:
    bound = (DEVELOPER, f"{IAM}:role/app/shop", f"{IAM}:user/dave")
    assert flaws(boundary(), arn=BOUNDARY, place=Place("aws", ACCOUNT), bound=bound) == ()


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("s3:PutObject", "arn:aws:s3:::shop/orders.csv", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::shop", {}),
        ("dynamodb:CreateTable", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders", {}),
        ("logs:CreateLogGroup", f"{LOGS}:/aws/lambda/app-shop", {}),
        ("events:PutRule", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/nightly", {}),
        ("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:orders", {}),
        ("states:StartExecution", f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:orders", {}),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1", {}),
        # Reading the trail's bucket and log group is for identity policies to allow.
        ("s3:GetObject", "arn:aws:s3:::acme-audit/AWSLogs/1", {}),
        ("logs:FilterLogEvents", f"{LOGS}:audit:*", {}),
        ("iam:GetRole", f"{IAM}:role/iam-hardening/automation", {}),
        # Functions of applications, and who may call them.
        ("lambda:CreateFunction", f"{FUNCTION}:app-shop", {}),
        ("lambda:UpdateFunctionCode", f"{FUNCTION}:app-shop", {}),
        ("lambda:PublishLayerVersion", f"{LAYER}:app-tools", {}),
        ("lambda:GetLayerVersion", "arn:aws:lambda:eu-west-1:017000801446:layer:PowertoolsPythonV3:7", {}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": "s3.amazonaws.com"}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": ACCOUNT}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": f"{IAM}:role/app/shop"}),
        ("lambda:CreateFunctionUrlConfig", f"{FUNCTION}:app-shop", {"lambda:FunctionUrlAuthType": "AWS_IAM"}),
        ("lambda:CreateEventSourceMapping", "*", {"lambda:FunctionArn": f"{FUNCTION}:app-shop"}),
        # Roles of applications, with this boundary.
        ("iam:CreateRole", f"{IAM}:role/app/shop", OWN),
        ("iam:PutRolePermissionsBoundary", f"{IAM}:role/app/shop", OWN),
        ("iam:PutRolePolicy", f"{IAM}:role/app/shop", OWN),
        ("iam:AttachRolePolicy", f"{IAM}:role/app/shop", OWN),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/app/shop", OWN),
        ("iam:DeleteRole", f"{IAM}:role/app/shop", OWN),
        ("iam:CreatePolicyVersion", f"{IAM}:policy/app/shop", {}),
        ("iam:AddRoleToInstanceProfile", f"{IAM}:instance-profile/app/shop", {}),
        ("iam:PassRole", f"{IAM}:role/app/shop", LAMBDA),
        ("sts:GetCallerIdentity", "*", {}),
    ],
)
def test_developers_may(action: str, resource: str, keys: Keys) -> None:
    assert outcome(action, resource, keys) is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("iam:DeleteRolePermissionsBoundary", DEVELOPER, OWN),
        ("iam:DeleteUserPermissionsBoundary", f"{IAM}:user/dave", OWN),
        ("iam:PutRolePermissionsBoundary", DEVELOPER, FOREIGN),
        ("iam:PutRolePermissionsBoundary", f"{IAM}:role/app/shop", FOREIGN),
        ("iam:CreateRole", f"{IAM}:role/app/shop", {}),
        ("iam:CreateRole", f"{IAM}:role/app/shop", FOREIGN),
        ("iam:CreateUser", f"{IAM}:user/app/x", OWN),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}),
        ("iam:DeletePolicy", BOUNDARY, {}),
        ("iam:TagPolicy", BOUNDARY, {}),
        ("iam:TagRole", f"{IAM}:role/iam-hardening/automation", {}),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/iam-hardening/automation", OWN),
        ("iam:PassRole", f"{IAM}:role/iam-hardening/automation", LAMBDA),
        ("sts:AssumeRole", f"{IAM}:role/iam-hardening/break-glass", {}),
        # Its resource is the instance profile: a statement on roles says nothing of it.
        ("iam:AddRoleToInstanceProfile", f"{IAM}:instance-profile/iam-hardening/x", {}),
        # Credentials.
        ("iam:CreateAccessKey", f"{IAM}:user/admin", {}),
        ("iam:CreateLoginProfile", f"{IAM}:user/admin", {}),
        ("iam:AddUserToGroup", f"{IAM}:group/admins", {}),
        ("iam:AttachUserPolicy", f"{IAM}:user/dave", OWN),
        ("iam:UpdateSAMLProvider", f"{IAM}:saml-provider/idp", {}),
        ("iam:CreateServiceSpecificCredential", f"{IAM}:user/dave", {}),
        ("sts:AssumeRoot", f"{IAM}:root", {}),
        # The trail.
        ("s3:PutObject", "arn:aws:s3:::acme-audit/AWSLogs/1", {}),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::acme-audit/AWSLogs/1", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::acme-audit", {}),
        ("s3:PutLifecycleConfiguration", "arn:aws:s3:::acme-audit", {}),
        ("s3:BypassGovernanceRetention", "arn:aws:s3:::acme-audit/AWSLogs/1", {}),
        ("logs:DeleteLogGroup", f"{LOGS}:audit", {}),
        ("logs:DeleteLogGroup", f"{LOGS}:audit:*", {}),
        ("logs:PutRetentionPolicy", f"{LOGS}:audit:*", {}),
        ("logs:DeleteMetricFilter", f"{LOGS}:audit:*", {}),
        ("logs:PutLogEvents", f"{LOGS}:audit:log-stream:x", {}),
        ("cloudtrail:StopLogging", TRAIL, {}),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:iam-hardening-root", {}),
        ("events:DisableRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/iam-hardening-root", {}),
        # An account policy reaches every log group, and an alert is lost with its topic or queue.
        ("logs:PutAccountPolicy", "*", {}),
        ("logs:DeleteAccountPolicy", "*", {}),
        ("sqs:PurgeQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:iam-hardening-alerts", {}),
        ("sns:Unsubscribe", f"arn:aws:sns:us-east-1:{ACCOUNT}:iam-hardening-alerts", {}),
        # Functions that are public, or shared.
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": "*"}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": OTHER}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {"lambda:Principal": f"arn:aws:iam::{OTHER}:root"}),
        (
            "lambda:AddPermission",
            f"{FUNCTION}:app-shop",
            {"lambda:Principal": f"arn:aws:sts::{OTHER}:assumed-role/x/y"},
        ),
        ("lambda:AddPermission", f"{FUNCTION}:payments", {"lambda:Principal": OTHER}),
        ("lambda:AddPermission", f"{FUNCTION}:app-shop", {}),
        (
            "lambda:AddPermission",
            f"{FUNCTION}:app-shop",
            {"lambda:Principal": ACCOUNT, "lambda:FunctionUrlAuthType": "NONE"},
        ),
        ("lambda:CreateFunctionUrlConfig", f"{FUNCTION}:app-shop", {"lambda:FunctionUrlAuthType": "NONE"}),
        ("lambda:UpdateFunctionUrlConfig", f"{FUNCTION}:app-shop", {"lambda:FunctionUrlAuthType": "NONE"}),
        ("lambda:AddLayerVersionPermission", f"{LAYER}:app-tools:1", {}),
        ("lambda:PutResourcePolicy", f"{FUNCTION}:app-shop", {"lambda:Principal": ACCOUNT}),
        # The platform.
        ("s3:PutAccountPublicAccessBlock", "*", {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("account:PutAlternateContact", f"arn:aws:account::{ACCOUNT}:account", {}),
    ],
)
def test_developers_may_not_whatever_a_resource_allows(action: str, resource: str, keys: Keys) -> None:
    """What a resource's policy gives to a session gets past what a boundary merely does not allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    assert outcome(action, resource, keys) is Outcome.EXPLICIT_DENY
    statement = {"Effect": "Allow", "Principal": {"AWS": SESSION}, "Action": "*", "Resource": "*"}
    agreeing = parse({"Version": "2012-10-17", "Statement": statement})
    assert outcome(action, resource, keys, agreeing) is Outcome.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sts:AssumeRole", f"{IAM}:role/deploy", {}),
        ("ec2:RunInstances", "*", {}),
        ("iam:CreateRole", f"{IAM}:role/shop", OWN),
        ("iam:PutRolePolicy", f"{IAM}:role/app/legacy", {}),
        ("iam:PutRolePolicy", DEVELOPER, OWN),
        ("iam:DeleteRole", f"{IAM}:role/app/legacy", {}),
        ("iam:CreatePolicyVersion", f"{IAM}:policy/shared", {}),
        ("iam:PassRole", f"{IAM}:role/app/shop", {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"{IAM}:role/deploy", LAMBDA),
        ("iam:ChangePassword", f"{IAM}:user/dave", {}),
        ("lambda:UpdateFunctionCode", f"{FUNCTION}:payments", {}),
        ("lambda:GetFunction", f"{FUNCTION}:payments", {}),
        ("lambda:InvokeFunction", f"{FUNCTION}:payments", {}),
        ("lambda:AddPermission", f"{FUNCTION}:payments", {"lambda:Principal": ACCOUNT}),
        ("iam:CreateServiceLinkedRole", f"{IAM}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", {}),
        ("iam:EnableMFADevice", f"{IAM}:user/dave", {}),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1", {}),
        ("lambda:CreateEventSourceMapping", "*", {"lambda:FunctionArn": f"{FUNCTION}:payments"}),
        ("cloudtrail:CreateTrail", f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/other", {}),
    ],
)
def test_what_it_does_not_allow(action: str, resource: str, keys: Keys) -> None:
    assert outcome(action, resource, keys) is Outcome.IMPLICIT_DENY


def test_statements_on_trails_go_where_there_is_none() -> None:
    bare = AccountFacts("aws-us-gov", ACCOUNT, BOUNDARY.replace("aws:iam", "aws-us-gov:iam"))
    whole = fill_places(document(), bare, option="document")
    assert "<" not in json.dumps(whole)
    assert "arn:aws:" not in json.dumps(whole)
    assert [statement["Sid"] for statement in whole["Statement"]] == [
        statement["Sid"] for statement in document()["Statement"]
    ]


@pytest.mark.parametrize("services", (["ec2", "s3"], "ec2, s3"))
def test_its_variables(services: t.Any) -> None:
    whole = document(
        services=services,
        application_path="/teams/web/",
        application_prefix="web-",
        passed_to="lambda.amazonaws.com, ec2.amazonaws.com",
        path="/boundaries/",
    )
    statements = {statement["Sid"]: statement for statement in whole["Statement"]}
    assert {"ec2:*", "s3:*"} <= set(statements["ApprovedServices"]["Action"])
    assert "sqs:*" not in statements["ApprovedServices"]["Action"]
    assert statements["PassAppRolesToServices"]["Resource"] == "arn:<partition>:iam::<account_id>:role/teams/web/*"
    assert statements["PassAppRolesToServices"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
    }
    assert statements["AppLambda"]["Resource"][0].endswith(":function:web-*")
    assert "<boundary_arn>" in statements["DenyTouchingGuards"]["Resource"]
