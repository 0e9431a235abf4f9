# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What judged principals may do; and whether these tests notice a judge that overlooks something."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from emulator import judge
from emulator.clock import CLOCK
from emulator.extensions.conditions import holds
from emulator.extensions.sessions import Wanted, open_sessions
from emulator.extensions.statements import parse_statements
from emulator.seed import access_key_id
from unit.emulator.seeded import Seeded, later, serving

HOME, PROD = "111122223333", "222233334444"
Record = dict[str, t.Any]


def allow(action: t.Any = "*", resource: t.Any = "*", condition: t.Any = None, effect: str = "Allow") -> Record:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Condition": condition} if condition else statement],
    }


def deny(action: t.Any = "*", condition: t.Any = None) -> Record:
    return allow(action, condition=condition, effect="Deny")


def trust(principal: t.Any) -> Record:
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
    return {"Version": "2012-10-17", "Statement": [statement]}


ACCOUNT: t.Final = trust({"AWS": f"arn:aws:iam::{HOME}:root"})
SEED: t.Final[Record] = {
    "organization": {
        "id": "o-judge12345",
        "organizational_units": ["Workloads"],
        "control_policies": {
            "quarantine": {
                "document": deny(condition={"StringEquals": {"aws:PrincipalTag/iam-hardening:quarantine": "true"}}),
                "targets": ["Workloads"],
            },
        },
    },
    "management_account": HOME,
    "accounts": {
        HOME: {
            "name": "home",
            "groups": {"deployers": {"inline": {"buckets": allow("s3:*")}}},
            "policies": {"reads-only": {"document": allow(["iam:Get*", "iam:List*", "sts:*"])}},
            "users": {
                "ci": {
                    "access_keys": [{}, {}],
                    "judged": True,
                    "groups": ["deployers"],
                    "tags": {"team": "red"},
                    "inline": {
                        "own": allow(["iam:*AccessKey*", "iam:*UserPolicy", "iam:TagUser"], "arn:aws:iam::*:user/ci"),
                        "roles": allow(["sts:*", "iam:ListRoles", "iam:CreateUser", "iam:CreateRole"]),
                    },
                },
                "bounded": {"access_keys": [{}], "judged": True, "inline": {"all": allow()}, "boundary": "reads-only"},
                "nobody": {"access_keys": [{}], "judged": True},
                "free": {"access_keys": [{}]},
            },
            "roles": {
                "here": {"trust": ACCOUNT, "inline": {"all": allow()}},
                "named": {"trust": trust({"AWS": f"arn:aws:iam::{HOME}:user/nobody"})},
            },
        },
        PROD: {
            "name": "prod",
            "ou": "Workloads",
            "root": {"access_keys": [{}], "judged": True},
            "users": {"ci": {"access_keys": [{}], "judged": True, "inline": {"all": allow()}}},
            "roles": {
                "deploy": {"trust": ACCOUNT, "judged": True, "inline": {"all": allow()}, "tags": {"tier": "1"}},
                "next": {
                    "trust": trust({"AWS": f"arn:aws:iam::{PROD}:root"}),
                    "judged": True,
                    "inline": {"a": allow()},
                },
            },
        },
    },
}
CI: t.Final = access_key_id(HOME, "ci")
SECOND: t.Final = access_key_id(HOME, "ci", 1)


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        yield seeded


def put_control_policy(world: Seeded, document: Record, kind: str = "SERVICE_CONTROL_POLICY") -> None:
    """Attach a new policy to the member account."""
    organizations = world.client("organizations")
    made = organizations.create_policy(Content=text(document), Description="", Name="own", Type=kind)
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=PROD)


def client(world: Seeded, service: str, key: str = CI) -> t.Any:
    return world.client(service, keys=(key, "secret"))


def assume(world: Seeded, role: str, account: str = PROD, *, key: str = CI, **asked: t.Any) -> str:
    arn = f"arn:aws:iam::{account}:role/{role}"
    asked = {"RoleSessionName": "s1", **asked}
    return str(client(world, "sts", key).assume_role(RoleArn=arn, **asked)["Credentials"]["AccessKeyId"])


def error(call: t.Callable[..., t.Any], *given: t.Any, **asked: t.Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(*given, **asked)
    return raised.value.response["Error"]["Code"] + ": " + raised.value.response["Error"]["Message"]


def works(world: Seeded, key: str) -> bool:
    """Whether this key can still read: ListRoles is allowed to all that the tests ask so."""
    try:
        client(world, "iam", key).list_roles()
    except ClientError:
        return False
    return True


# Identity policies


def test_user_may_do_what_its_policies_and_groups_allow(world: Seeded) -> None:
    assert client(world, "s3").list_buckets()["Buckets"] == []
    assert len(client(world, "iam").list_access_keys()["AccessKeyMetadata"]) == 2
    message = error(client(world, "iam").list_users)
    assert message == (
        f"AccessDenied: User: arn:aws:iam::{HOME}:user/ci is not authorized to perform: iam:ListUsers on resource: "
        f"arn:aws:iam::{HOME}:user/ because no identity-based policy allows the iam:ListUsers action"
    )
    other = client(world, "iam").create_access_key
    assert error(other, UserName="free").endswith(
        "because no identity-based policy allows the iam:CreateAccessKey action"
    )
    assert error(client(world, "organizations").list_roots).startswith("AccessDeniedException: ")


def test_nobody_else_is_judged(world: Seeded) -> None:
    assert client(world, "iam", access_key_id(HOME, "free")).list_users()["Users"]
    assert world.client("iam").list_users()["Users"]


def test_deny_wins_and_says_so(world: Seeded) -> None:
    world.client("iam").put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(deny()))
    for call in (client(world, "s3").list_buckets, client(world, "iam").list_access_keys):
        assert error(call).endswith("with an explicit deny in an identity-based policy")
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    assert client(world, "sts").get_caller_identity()["Account"] == HOME


def test_boundary_limits(world: Seeded) -> None:
    bounded = client(world, "iam", access_key_id(HOME, "bounded"))
    assert bounded.list_users()["Users"]
    assert error(bounded.create_user, UserName="x").endswith(
        "because no permissions boundary allows the iam:CreateUser action"
    )


def test_policy_variables_are_filled(world: Seeded) -> None:
    document = allow("iam:*", "arn:aws:iam::*:user/${aws:username}")
    world.client("iam").put_user_policy(UserName="nobody", PolicyName="self", PolicyDocument=text(document))
    nobody = client(world, "iam", access_key_id(HOME, "nobody"))
    assert nobody.list_access_keys(UserName="nobody")["AccessKeyMetadata"]
    assert error(nobody.list_access_keys, UserName="ci").startswith("AccessDenied")


def test_unknown_operator_is_a_failure_and_no_verdict(world: Seeded) -> None:
    document = deny(condition={"BinaryEquals": {"aws:username": "Y2k="}})
    world.client("iam").put_user_policy(UserName="ci", PolicyName="q", PolicyDocument=text(document))
    assert "UnknownOperatorError: q: BinaryEquals" in error(client(world, "s3").list_buckets)


# Keys


def test_key_status_counts(world: Seeded) -> None:
    world.client("iam").update_access_key(UserName="ci", AccessKeyId=CI, Status="Inactive")
    assert error(client(world, "s3").list_buckets).startswith("InvalidAccessKeyId")
    assert client(world, "s3", SECOND).list_buckets()["Buckets"] == []
    # A key that was deleted before it was ever used does not become the administrator's.
    world.client("iam").delete_access_key(UserName="bounded", AccessKeyId=access_key_id(HOME, "bounded"))
    bounded = client(world, "iam", access_key_id(HOME, "bounded"))
    assert error(bounded.list_users).startswith("InvalidClientTokenId")


def test_root_key_acts_in_its_account_within_control_policies(world: Seeded) -> None:
    root = client(world, "iam", access_key_id(PROD, "<root_account>"))
    assert [user["UserName"] for user in root.list_users()["Users"]] == ["ci"]
    assert root.get_user()["User"]["Arn"] == f"arn:aws:iam::{PROD}:root"
    put_control_policy(world, deny(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}))
    assert error(root.list_users).endswith("with an explicit deny in a service control policy")


# Control policies


def test_control_policy_of_a_unit_denies_by_tag(world: Seeded) -> None:
    member = access_key_id(PROD, "ci")
    tags = [{"Key": "iam-hardening:quarantine", "Value": "true"}]
    assert works(world, member)
    client(world, "iam", member).tag_user(UserName="ci", Tags=tags)
    assert error(client(world, "iam", member).list_roles).endswith("with an explicit deny in a service control policy")
    # It does not apply to the management account.
    world.client("iam").tag_user(UserName="ci", Tags=tags)
    assert works(world, CI)


def test_every_level_must_allow(world: Seeded) -> None:
    organizations = world.client("organizations")
    put_control_policy(world, allow("s3:*"))
    member = access_key_id(PROD, "ci")
    assert works(world, member)
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=PROD)
    message = error(client(world, "iam", member).list_roles)
    assert message.endswith("because no service control policy allows the iam:ListRoles action")
    assert client(world, "s3", member).list_buckets()["Buckets"] == []


# Roles


def test_assume_role_needs_the_callers_permission_too(world: Seeded) -> None:
    key = assume(world, "deploy")
    assert client(world, "sts", key).get_caller_identity()["Account"] == PROD
    bare = client(world, "sts", access_key_id(HOME, "nobody"))
    for account, role in ((PROD, "deploy"), (HOME, "here")):
        asked = {"RoleArn": f"arn:aws:iam::{account}:role/{role}", "RoleSessionName": "s1"}
        assert error(bare.assume_role, **asked).endswith(
            "because no identity-based policy allows the sts:AssumeRole action"
        )
    # The trust policy of a role of the same account that names the user is enough.
    assert bare.assume_role(RoleArn=f"arn:aws:iam::{HOME}:role/named", RoleSessionName="s1")["Credentials"]


def test_resource_control_policy_keeps_a_role_from_being_assumed(world: Seeded) -> None:
    organizations = world.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="RESOURCE_CONTROL_POLICY")
    organizations.list_roots()
    document = {"Version": "2012-10-17", "Statement": [{**deny("sts:AssumeRole")["Statement"][0], "Principal": "*"}]}
    put_control_policy(world, document, "RESOURCE_CONTROL_POLICY")
    asked = {"RoleArn": f"arn:aws:iam::{PROD}:role/deploy", "RoleSessionName": "s1"}
    assert error(client(world, "sts").assume_role, **asked).endswith(
        "with an explicit deny in a resource control policy"
    )


def test_session_of_a_role_that_is_not_judged_is_judged_after_a_judged_opener(world: Seeded) -> None:
    world.client("iam").put_role_policy(RoleName="here", PolicyName="q", PolicyDocument=text(deny("iam:ListUsers")))
    own = assume(world, "here", HOME)
    assert error(client(world, "iam", own).list_users).endswith("explicit deny in an identity-based policy")
    free = assume(world, "here", HOME, key=access_key_id(HOME, "free"))
    assert client(world, "iam", free).list_users()["Users"]


def test_what_a_judged_principal_creates_is_judged(world: Seeded) -> None:
    made = client(world, "iam")
    made.create_user(UserName="backdoor")
    world.client("iam").attach_user_policy(UserName="backdoor", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    key = world.client("iam").create_access_key(UserName="backdoor")["AccessKey"]["AccessKeyId"]
    assert client(world, "s3", key).list_buckets()["Buckets"] == []
    assert not works(world, key)
    made.create_role(RoleName="back", AssumeRolePolicyDocument=text(ACCOUNT))
    session = assume(world, "back", HOME, key=access_key_id(HOME, "free"))
    assert not works(world, session)


def test_session_of_a_deleted_role_is_over_though_its_name_comes_back(world: Seeded) -> None:
    key = assume(world, "deploy")
    admin = world.client("iam", PROD, keys=(access_key_id(PROD, "ci"), "s"))
    admin.delete_role_policy(RoleName="deploy", PolicyName="all")
    admin.delete_role(RoleName="deploy")
    admin.create_role(RoleName="deploy", AssumeRolePolicyDocument=text(ACCOUNT))
    admin.put_role_policy(RoleName="deploy", PolicyName="all", PolicyDocument=text(allow()))
    assert error(client(world, "iam", key).list_roles).startswith("InvalidClientTokenId")
    assert works(world, assume(world, "deploy"))


# The conditions that containment is made of

_FOREIGN: t.Final = ("ec2:SourceInstanceARN", "lambda:SourceFunctionArn", "aws:FederatedProvider", "saml:sub")


def older(moment: datetime, *, but: t.Iterable[str] = _FOREIGN) -> Record:
    """The denial of sessions of before a moment that lack these keys."""
    return deny(
        condition={
            "DateLessThan": {"aws:TokenIssueTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"},
            "Null": dict.fromkeys(but, "true"),
        }
    )


def check_older_sessions(world: Seeded) -> None:
    """Older sessions are denied, those of services and federated people, and later ones, are not."""
    old = assume(world, "deploy")
    kept = [
        open_sessions(Wanted(PROD, "deploy", sort=sort))[0]["access_key_id"]
        for sort in ("instance", "function", "oidc", "saml")
    ]
    task = open_sessions(Wanted(PROD, "deploy", sort="task"))[0]["access_key_id"]
    moment = CLOCK.now() + timedelta(seconds=30)
    admin = client(world, "iam", access_key_id(PROD, "ci"))
    admin.put_role_policy(RoleName="deploy", PolicyName="cut", PolicyDocument=text(older(moment)))
    assert [works(world, key) for key in kept] == [True, True, True, True]
    assert not works(world, old)
    assert not works(world, task)
    # A key of a user has no issue time.
    assert works(world, access_key_id(PROD, "ci"))
    with later(seconds=31):
        assert works(world, assume(world, "deploy"))
        assert not works(world, old)


def test_older_sessions_are_denied(world: Seeded) -> None:
    check_older_sessions(world)


@pytest.mark.parametrize("overlooked", ["aws:tokenissuetime", "ec2:sourceinstancearn", "saml:sub"])
def test_a_judge_that_overlooks_a_key_is_noticed(
    world: Seeded, monkeypatch: pytest.MonkeyPatch, overlooked: str
) -> None:
    honest = judge._of_session

    def forgetful(session: t.Any) -> dict[str, str]:
        return {key: value for key, value in honest(session).items() if key != overlooked}

    monkeypatch.setattr(judge, "_of_session", forgetful)
    with pytest.raises(AssertionError):
        check_older_sessions(world)


def test_a_judge_that_takes_every_session_for_new_is_noticed(world: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, never = judge._of_session, {"aws:tokenissuetime": "9999-01-01T00:00:00Z"}
    monkeypatch.setattr(judge, "_of_session", lambda session: honest(session) | never)
    with pytest.raises(AssertionError):
        check_older_sessions(world)


def test_named_session_and_source_identity_are_denied(world: Seeded) -> None:
    evil, good = assume(world, "deploy", RoleSessionName="evil"), assume(world, "deploy", RoleSessionName="good")
    admin = client(world, "iam", access_key_id(PROD, "ci"))
    role_id = admin.get_role(RoleName="deploy")["Role"]["RoleId"]
    named = deny(condition={"StringEquals": {"aws:userid": [f"{role_id}:evil"]}})
    admin.put_role_policy(RoleName="deploy", PolicyName="named", PolicyDocument=text(named))
    assert [works(world, key) for key in (evil, good)] == [False, True]
    alice = assume(world, "deploy", SourceIdentity="alice")
    chained = assume(world, "next", key=alice)
    by_source = deny(condition={"StringEquals": {"aws:SourceIdentity": ["alice"]}})
    admin.put_role_policy(RoleName="next", PolicyName="source", PolicyDocument=text(by_source))
    assert not works(world, chained)
    assert works(world, assume(world, "next", key=good))
    assert works(world, alice)


@pytest.mark.parametrize(
    ("operator", "found", "values", "held"),
    [
        ("DateLessThan", ["2026-11-27T10:05:00Z"], ["2026-11-27T10:05:30Z"], True),
        ("DateLessThan", ["2026-11-27T10:05:30Z"], ["2026-11-27T10:05:30Z"], False),
        ("DateLessThanEquals", ["2026-11-27T10:05:30Z"], ["2026-11-27T10:05:30Z"], True),
        ("DateLessThan", ["2026-11-27T10:05:00Z"], ["2026-11-27T12:04:30+02:00"], False),
        ("DateLessThan", ["2026-11-27T10:05:00Z"], ["1795775730"], True),
        ("DateGreaterThan", ["2026-11-27T10:05:00Z"], ["2026-11-27"], True),
        ("DateLessThan", None, ["2026-11-27T10:05:30Z"], False),
        ("DateLessThanIfExists", None, ["2026-11-27T10:05:30Z"], True),
        ("DateLessThan", ["2026-11-27T10:05:00Z"], ["soon"], False),
        ("NumericLessThan", ["90"], ["300"], True),
        ("IpAddress", ["203.0.113.10"], ["203.0.113.0/24"], True),
        ("NotIpAddress", ["203.0.113.10"], ["203.0.113.0/24"], False),
        ("StringEqualsIgnoreCase", ["Alice"], ["alice"], True),
        ("StringNotEquals", ["a"], ["b", "a"], False),
        ("StringNotEquals", None, ["a"], True),
        ("Null", None, ["true"], True),
        ("Null", ["x"], ["true"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["b"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["b"], True),
        ("ForAnyValue:StringEquals", None, ["b"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["b"], False),
        ("ForAllValues:StringEquals", None, ["b"], True),
        ("StringResembles", ["a"], ["a"], False),
    ],
)
def test_condition_operators(operator: str, found: list[str] | None, values: list[str], held: bool) -> None:
    assert holds(operator, found, values) is held


def test_a_boundary_does_not_limit_what_a_resource_gives_a_user_by_name() -> None:
    nothing = parse_statements("b", text(allow("s3:*")))
    layers = judge.Layers(identity=[], boundary=nothing)
    decided = {kind: judge.decide("sts:AssumeRole", "arn", layers, {}, is_named=kind) for kind in ("", "user", "role")}
    assert decided == {
        "": "because no identity-based policy allows the sts:AssumeRole action",
        "user": None,
        "role": "because no permissions boundary allows the sts:AssumeRole action",
    }


def text(document: t.Mapping[str, t.Any]) -> str:
    return json.dumps(document)


def test_a_condition_names_the_boundary_that_the_target_has(world: Seeded) -> None:
    iam = world.client("iam")
    boundary = iam.get_user(UserName="bounded")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    action = "iam:DeleteUserPermissionsBoundary"
    document = allow(action, condition={"StringEquals": {"iam:PermissionsBoundary": boundary}})
    iam.put_user_policy(UserName="ci", PolicyName="boundaries", PolicyDocument=text(document))
    delete = client(world, "iam").delete_user_permissions_boundary
    assert f"because no identity-based policy allows the {action} action" in error(delete, UserName="free")
    delete(UserName="bounded")
    assert "PermissionsBoundary" not in iam.get_user(UserName="bounded")["User"]
