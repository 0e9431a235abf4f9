# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web identities and services: who gets sessions of roles without credentials of AWS, and what they may do."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError
from intruders.tokens import make_token

from emulator.client import Emulator, EmulatorError
from emulator.extensions.state import account_states
from emulator.seed import access_key_id
from unit.emulator.seeded import Seeded, later, running, serving
from unit.emulator.test_judge import PROD, SEED, allow, client, deny, error, put_control_policy, text, trust, works

ISSUER: t.Final = "id.builds.example"
PROVIDER: t.Final = f"arn:aws:iam::{PROD}:oidc-provider/{ISSUER}"
ROLE: t.Final = f"arn:aws:iam::{PROD}:role/shop"
MEMBER: t.Final = access_key_id(PROD, "ci")


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        iam = client(seeded, "iam", MEMBER)
        url = f"https://{ISSUER}"
        iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40])
        iam.create_role(RoleName="shop", AssumeRolePolicyDocument=text(let_in({f"{ISSUER}:sub": "repo:shop"})))
        iam.put_role_policy(RoleName="shop", PolicyName="all", PolicyDocument=text(allow()))
        yield seeded


def let_in(conditions: t.Mapping[str, str]) -> dict[str, t.Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": dict(conditions)},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def come_in(world: Seeded, token: str, role: str = ROLE, **asked: t.Any) -> str:
    # botocore signs no call of this operation.
    sts = world.client("sts")
    given = {"RoleArn": role, "RoleSessionName": "build", "WebIdentityToken": token, **asked}
    return str(sts.assume_role_with_web_identity(**given)["Credentials"]["AccessKeyId"])


def test_a_token_opens_a_session_that_is_judged_as_its_role(world: Seeded) -> None:
    session = come_in(world, make_token(ISSUER, "repo:shop"))
    assert client(world, "sts", session).get_caller_identity()["Arn"].endswith("assumed-role/shop/build")
    assert account_states[PROD]["aws"].sessions[session].keys == {"aws:FederatedProvider": PROVIDER}
    assert works(world, session)
    put_control_policy(world, deny())
    assert not works(world, session)


@pytest.mark.parametrize(
    ("token", "role", "code"),
    [
        (make_token(ISSUER, "repo:other"), ROLE, "AccessDenied"),
        (make_token(ISSUER, "repo:shop"), f"{ROLE}-gone", "AccessDenied"),
        (make_token(ISSUER, "repo:shop"), f"arn:aws:iam::{PROD}:role/deploy", "AccessDenied"),
        (make_token(ISSUER, "repo:shop"), "arn:aws:iam::999988887777:role/shop", "AccessDenied"),
        (make_token("id.other.example", "repo:shop"), ROLE, "InvalidIdentityToken"),
        (make_token(ISSUER, "repo:shop", "other"), ROLE, "InvalidIdentityToken"),
        (make_token(ISSUER, "repo:shop", seconds=-1), ROLE, "ExpiredTokenException"),
        ("no.token", ROLE, "InvalidIdentityToken"),
        ("no.to.ken", ROLE, "InvalidIdentityToken"),
    ],
)
def test_any_other_token_opens_none(world: Seeded, token: str, role: str, code: str) -> None:
    assert error(come_in, world, token, role).startswith(f"{code}: ")


def test_a_provider_or_a_trust_that_is_gone_lets_nobody_in(world: Seeded) -> None:
    token, iam = make_token(ISSUER, "repo:shop"), client(world, "iam", MEMBER)
    session = come_in(world, token)
    assert error(come_in, world, token, DurationSeconds=7200).startswith("ValidationError: ")
    closed = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}
    document = let_in({f"{ISSUER}:aud": "sts.amazonaws.com"})
    document["Statement"].append(closed)
    iam.update_assume_role_policy(RoleName="shop", PolicyDocument=text(document))
    assert error(come_in, world, token).startswith("AccessDenied: ")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert error(come_in, world, token).startswith("InvalidIdentityToken: ")
    assert works(world, session)


def test_only_the_account_of_the_role_has_the_event(world: Seeded) -> None:
    running()[0].records_events = True
    session = come_in(world, make_token(ISSUER, "repo:shop"))
    asked = [{"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithWebIdentity"}]
    (event,) = client(world, "cloudtrail", MEMBER).lookup_events(LookupAttributes=asked)["Events"]
    found = json.loads(event["CloudTrailEvent"])
    assert found["responseElements"]["credentials"]["accessKeyId"] == session
    assert found["userIdentity"]["type"] == "WebIdentityUser" and found["recipientAccountId"] == PROD
    assert world.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"] == []


# Services


def make_role(iam: t.Any, *services: str) -> str:
    document = trust({"Service": [f"{service}.amazonaws.com" for service in services]})
    made = iam.create_role(RoleName="runtime", AssumeRolePolicyDocument=text(document))["Role"]["Arn"]
    iam.put_role_policy(RoleName="runtime", PolicyName="all", PolicyDocument=text(allow()))
    return str(made)


def test_services_open_sessions_of_the_role_that_they_were_given(emulator: Emulator, aws: t.Any) -> None:
    emulator.reset(SEED)
    make = lambda service: aws.client(service, key=MEMBER)  # noqa: E731
    role = make_role(make("iam"), "lambda", "ssm", "cloudformation")
    image = {"ImageUri": f"{PROD}.dkr.ecr.us-east-1.amazonaws.com/x:1"}
    make("lambda").create_function(FunctionName="f", Role=role, PackageType="Image", Code=image)
    template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    make("cloudformation").create_stack(StackName="s", TemplateBody=template, RoleARN=role)
    make("cloudformation").create_stack(StackName="without", TemplateBody=template)
    ssm = make("ssm")
    machine = ssm.create_activation(IamRole="runtime", Description="d")["ActivationId"]
    names = {"lambda": "f", "cloudformation": "s", "ssm": machine}
    opened = {service: emulator.service_session(PROD, t.cast(t.Any, service), name) for service, name in names.items()}
    arns = {service: one["arn"].rpartition("runtime/")[2] for service, one in opened.items()}
    assert arns["lambda"] == "f" and arns["cloudformation"] == "AWSCloudFormation" and arns["ssm"].startswith("mi-")
    for one in opened.values():
        assert aws.client("iam", key=one["access_key_id"]).list_roles()["Roles"]
    session = emulator_session(opened["lambda"]["access_key_id"], aws)
    assert session.endswith("assumed-role/runtime/f")

    (shown,) = ssm.describe_activations()["ActivationList"]
    assert (shown["IamRole"], shown["Description"], shown["Expired"]) == ("runtime", "d", False)
    ssm.delete_activation(ActivationId=machine)
    for service, name in (("ssm", machine), ("lambda", "absent"), ("cloudformation", "without"), ("ec2", "x")):
        with pytest.raises(EmulatorError, match="no service opens this session"):
            emulator.service_session(PROD, t.cast(t.Any, service), name)
    with pytest.raises(ClientError, match="isn't valid"):
        ssm.delete_activation(ActivationId=machine)
    # The trust policy decides, and nothing else.
    make("iam").update_assume_role_policy(
        RoleName="runtime", PolicyDocument=text(trust({"Service": "ec2.amazonaws.com"}))
    )
    with pytest.raises(EmulatorError, match="may not assume"):
        emulator.service_session(PROD, "lambda", "f")
    assert aws.client("iam", key=opened["lambda"]["access_key_id"]).list_roles()["Roles"]
    make("iam").put_role_policy(RoleName="runtime", PolicyName="all", PolicyDocument=text(deny()))
    with pytest.raises(ClientError, match="explicit deny"):
        aws.client("iam", key=opened["lambda"]["access_key_id"]).list_roles()


def emulator_session(key: str, aws: t.Any) -> str:
    return str(aws.client("sts", key=key).get_caller_identity()["Arn"])


def test_a_snapshot_keeps_activations(world: Seeded) -> None:
    make_role(client(world, "iam", MEMBER), "ssm")
    ssm = client(world, "ssm", MEMBER)
    ssm.create_activation(IamRole="service/runtime")
    emulator, _url = running()
    taken = emulator.snapshot()
    ssm.delete_activation(ActivationId=ssm.describe_activations()["ActivationList"][0]["ActivationId"])
    emulator.restore(taken)
    with later(days=2):
        assert [one["Expired"] for one in ssm.describe_activations()["ActivationList"]] == [True]
