# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a seed, of a user and of root, from recorded answers."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import ASSUME_ROOT, AUDIT_TASK
from ansible_collections.hardening.iam.plugins.module_utils._aws.root_sessions import RootSessions
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import (
    DENY_ALL,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Place,
    Seed,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.observe import (
    READS,
    TASKS,
    Account,
    read_seeds,
    read_users,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    Credential,
    DenyPolicy,
    Device,
    Kind,
    Use,
    UserState,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    CenterUserSeed,
    KeySeed,
    RoleSeed,
    SessionSeed,
)

from ..recorded import RecordedAccess, of
from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, SECOND, incident

NAME: t.Final = "ci-deploy"
ID: t.Final = "AIDAEXAMPLE"
TOKEN: t.Final = "ASIAEXAMPLEEXAMPLE11"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
ALLOW_ALL: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
GONE: t.Final = NotFound("no such thing", code="NoSuchEntity")
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
CREATED: t.Final = NOW - timedelta(days=700)
OF_ACCOUNT: t.Final = {"SummaryMap": {"AccountAccessKeysPresent": 0, "AttachedPoliciesPerUserQuota": 12}}
MADE: t.Final = {"User": {"UserName": NAME, "Arn": ARN, "UserId": ID}}


def of_name(answer: t.Any, **more: t.Any) -> t.Any:
    return of(answer, UserName=NAME, **more)


def make_policy(document: t.Any = DENY_ALL, arn: str = DENY) -> dict[str, t.Any]:
    return {
        "iam:GetPolicy": of({"Policy": {"DefaultVersionId": "v3", "AttachmentCount": 0}}, PolicyArn=arn),
        "iam:GetPolicyVersion": of({"PolicyVersion": {"Document": document}}, PolicyArn=arn, VersionId="v3"),
    }


def answers(**more: t.Any) -> dict[str, t.Any]:
    """The answers about the user; ``more`` are answers of IAM, by operation."""
    listed = {
        "AccessKeyId": LEAKED,
        "Status": "Active",
        "CreateDate": CREATED + timedelta(microseconds=7),
    }
    used = {"AccessKeyLastUsed": {"LastUsedDate": NOW, "ServiceName": "s3", "Region": "eu-west-1"}, "UserName": NAME}
    known: dict[str, t.Any] = {
        "GetUser": of_name(
            {
                "User": {
                    **MADE["User"],
                    "PasswordLastUsed": NOW,
                    "PermissionsBoundary": {"PermissionsBoundaryArn": DENY},
                }
            }
        ),
        "ListAccessKeys": of_name({"AccessKeyMetadata": [listed]}),
        "GetAccessKeyLastUsed": of(used, AccessKeyId=LEAKED),
        "ListServiceSpecificCredentials": of_name(
            {"ServiceSpecificCredentials": [{"ServiceSpecificCredentialId": "ACCA", "Status": "Inactive"}]}
        ),
        "ListSSHPublicKeys": of_name({"SSHPublicKeys": [{"SSHPublicKeyId": "APKA", "Status": "Active"}]}),
        "ListSigningCertificates": of_name({"Certificates": [{"CertificateId": "CERT", "Status": "Active"}]}),
        "GetLoginProfile": of_name({"LoginProfile": {"CreateDate": CREATED}}),
        "ListMFADevices": of_name({"MFADevices": [{"SerialNumber": "mfa", "EnableDate": NOW}]}),
        "ListAttachedUserPolicies": of_name({"AttachedPolicies": [{"PolicyArn": DENY}]}),
        "ListUserPolicies": of_name({"PolicyNames": ["own"]}),
        "GetUserPolicy": of_name({"PolicyDocument": ALLOW_ALL}, PolicyName="own"),
        "ListGroupsForUser": of_name({"Groups": [{"GroupName": "builders"}]}),
        "ListUserTags": of_name({"Tags": [{"Key": "team", "Value": "data"}]}),
        "GetAccountSummary": of(OF_ACCOUNT),
        **more,
    }
    return {**make_policy(), **{f"iam:{name}": answer for name, answer in known.items()}}


def aws(given: t.Optional[dict[str, t.Any]] = None, **more: t.Any) -> t.Any:
    declared = {*READS, ASSUME_ROOT}
    return RecordedAccess(answers(**more) if given is None else given, account_id=ACCOUNT, declared=declared)


def with_root(access: t.Any, root: t.Any, task: str = AUDIT_TASK) -> t.Any:
    """The sessions of root that ``access`` opens in the other account; an error opens none."""
    access.others = {"ASIAROOT": (RecordedAccess(root, account_id=OTHER, declared=TASKS[task].reads), TASKS[task])}
    asked = {"TargetPrincipal": OTHER, "DurationSeconds": 900}
    policy = {"TaskPolicyArn": {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}}
    access._answers["sts:AssumeRoot"] = of({"Credentials": {"AccessKeyId": "ASIAROOT"}}, **asked, **policy)
    return RootSessions(access, TASKS)


# Users


def test_all_of_a_user_is_read() -> None:
    found, account = read_users(aws(), [NAME])
    use = Yes(Use(NOW, "s3", "eu-west-1"))
    credentials = (
        Credential(Kind.ACCESS_KEY, LEAKED, "Active", CREATED, use),
        Credential(Kind.SERVICE_CREDENTIAL, "ACCA", "Inactive"),
        Credential(Kind.SSH_KEY, "APKA", "Active"),
        Credential(Kind.CERTIFICATE, "CERT", "Active"),
    )
    assert found == {
        NAME: UserState(
            ARN,
            ID,
            tags={"team": "data"},
            boundary=DENY,
            credentials=credentials,
            password_created=CREATED,
            password_used=NOW,
            devices=(Device("mfa", NOW),),
            attached=(DENY,),
            inline={"own": ALLOW_ALL},
            groups=("builders",),
        )
    }
    assert account == Account(DenyPolicy(DENY), 12)
    assert read_users(aws({}), []) == ({}, Account())


@pytest.mark.parametrize(
    ("operation", "key", "identifier", "dated"),
    [
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId", "CreateDate"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_SSHPublicKeyMetadata.html
        ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "UploadDate"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_SigningCertificate.html
        ("ListSigningCertificates", "Certificates", "CertificateId", "UploadDate"),
    ],
)
def test_when_a_credential_was_made_is_read_where_aws_says_it(
    operation: str, key: str, identifier: str, dated: str
) -> None:
    listed = of_name({key: [{identifier: "NEW", "Status": "Active", dated: CREATED}]})
    found, _account = read_users(aws(**{operation: listed}), [NAME])
    state = t.cast(UserState, found[NAME])
    assert CREATED in [one.created for one in state.credentials if one.id == "NEW"]


PARTS: t.Final = {
    "ListAccessKeys": ("access_key", "credentials", ("ACCA", "APKA", "CERT")),
    "ListSSHPublicKeys": ("ssh_public_key", "credentials", (LEAKED, "ACCA", "CERT")),
    "ListServiceSpecificCredentials": ("service_specific_credential", "credentials", (LEAKED, "APKA", "CERT")),
    "ListSigningCertificates": ("signing_certificate", "credentials", (LEAKED, "ACCA", "APKA")),
    "GetLoginProfile": ("password", "password_created", None),
    "ListMFADevices": ("devices", "devices", ()),
    "ListAttachedUserPolicies": ("attached", "attached", ()),
    "ListUserPolicies": ("inline", "inline", {}),
    "GetUserPolicy": ("inline", "inline", {}),
    "ListGroupsForUser": ("groups", "groups", ()),
    "ListUserTags": ("tags", "tags", {}),
}


@pytest.mark.parametrize("operation", PARTS)
def test_a_part_that_cannot_be_read_is_unread_and_the_others_stay(operation: str) -> None:
    part, field, left = PARTS[operation]
    found, _account = read_users(aws(**{operation: DENIED}), [NAME])
    state = found[NAME]
    assert isinstance(state, UserState)
    assert list(state.unread) == [part] and "not allowed" in state.unread[part]
    seen = getattr(state, field)
    assert (tuple(one.id for one in seen) if field == "credentials" else seen) == left


def test_a_user_that_is_gone_or_unread_is_the_error() -> None:
    for error in (GONE, DENIED):
        assert read_users(aws(GetUser=error), [NAME])[0] == {NAME: error}


def test_a_bare_user_has_nothing() -> None:
    nothing = {
        "GetUser": {"User": {"Arn": ARN}},
        "GetLoginProfile": GONE,
        "GetAccessKeyLastUsed": of({"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}, AccessKeyId=LEAKED),
        "ListMFADevices": of_name({"MFADevices": [{"SerialNumber": "mfa"}]}),
        "GetUserPolicy": GONE,
    }
    found, _account = read_users(aws(**nothing), [NAME])
    state = found[NAME]
    assert isinstance(state, UserState) and not state.unread
    assert (state.unique_id, state.boundary, state.password_created, state.password_used) == ("", None, None, None)
    assert state.credentials[0].use == NO and state.devices == (Device("mfa"),)
    assert state.inline == {"own": None}


def test_an_unknown_last_use_is_not_never() -> None:
    (state,) = read_users(aws(GetAccessKeyLastUsed=DENIED), [NAME])[0].values()
    assert isinstance(state, UserState)
    assert state.credentials[0] == Credential(
        Kind.ACCESS_KEY, LEAKED, "Active", CREATED, Unknown("AccessDenied: not allowed")
    )
    bare = of({"AccessKeyLastUsed": {"LastUsedDate": NOW}}, AccessKeyId=LEAKED)
    (state,) = read_users(aws(GetAccessKeyLastUsed=bare), [NAME])[0].values()
    assert isinstance(state, UserState) and state.credentials[0].use == Yes(Use(NOW))


OF_AWS: t.Final = "arn:aws:iam::aws:policy/AWSDenyAll"


def test_the_policy_that_denies_is_that_of_aws_where_ours_is_missing_or_was_changed() -> None:
    assert read_users(aws(GetPolicy=GONE), [NAME])[1].deny == DenyPolicy(OF_AWS)
    changed = {name.partition(":")[2]: answer for name, answer in make_policy(ALLOW_ALL).items()}
    deny = read_users(aws(**changed), [NAME])[1].deny
    assert deny.arn == OF_AWS and deny.problem.startswith(f"{DENY} does not deny everything any more")
    deny = read_users(aws(GetPolicy=DENIED), [NAME])[1].deny
    assert deny.arn == "" and "not allowed" in deny.problem


def test_the_quota_of_attached_policies_is_unknown_where_it_cannot_be_read() -> None:
    for answer in (DENIED, {"SummaryMap": {}}, {}):
        assert read_users(aws(GetAccountSummary=answer), [NAME])[1].slots is None


# Seeds

PLACE: t.Final = Place(ACCOUNT, frozenset({ACCOUNT, OTHER}))
ORGANIZATION: t.Final = Place(ACCOUNT, frozenset({ACCOUNT, OTHER}), acts_for_organization=True)


def locate(
    seed: KeySeed, place: Place = PLACE, account: t.Any = ACCOUNT, root: t.Any = None, **more: t.Any
) -> tuple[Seed, list[str]]:
    access = aws(**more)
    opened = with_root(access, root or {})
    answer = account if isinstance(account, AwsError) else of({"Account": account}, AccessKeyId=seed.id)
    access._answers["sts:GetAccessKeyInfo"] = answer
    (found,) = read_seeds(access, opened, incident(seed), place)
    return found, access.names


@pytest.mark.parametrize(
    ("more", "status", "detail"),
    [
        ({}, Status.HOME, "a key of the user ci-deploy"),
        ({"account": DENIED}, Status.HOME, "a key of the user ci-deploy"),
        ({"GetAccessKeyLastUsed": {}}, Status.ROOT, "a key of the root user"),
        (
            {"GetAccessKeyLastUsed": GONE},
            Status.UNRESOLVED,
            "nothing proves that it was deleted",
        ),
        (
            {"GetAccessKeyLastUsed": GONE, "account": DENIED},
            Status.UNRESOLVED,
            "whose the key is: AccessDenied",
        ),
        ({"GetAccessKeyLastUsed": DENIED}, Status.UNRESOLVED, "whose the key is: AccessDenied"),
        ({"GetAccessKeyLastUsed": GONE, "GetAccountSummary": DENIED}, Status.UNRESOLVED, "not allowed"),
        ({"GetAccessKeyLastUsed": GONE, "GetAccountSummary": {}}, Status.UNRESOLVED, "AccountAccessKeysPresent"),
        (
            {"GetAccessKeyLastUsed": GONE, "GetAccountSummary": {"SummaryMap": {"AccountAccessKeysPresent": 1}}},
            Status.ROOT,
            "a key of the root user, or one that does not exist",
        ),
    ],
)
def test_a_key_is_where_iam_says(more: dict[str, t.Any], status: Status, detail: str) -> None:
    found, _names = locate(KeySeed(LEAKED), **more)
    assert (found.id, found.status) == (LEAKED, status)
    assert detail in found.detail


@pytest.mark.parametrize(
    ("user_of", "answer", "status"),
    [
        (ARN, of_name(MADE), Status.HOME),
        (NAME, of_name(MADE), Status.HOME),
        (ARN, GONE, Status.DELETED),
        # Not known to be gone.
        (ARN, DENIED, Status.HOME),
        ("", AwsError("not asked"), Status.DELETED),
    ],
)
def test_a_deleted_key_is_of_the_user_that_people_name(user_of: str, answer: t.Any, status: Status) -> None:
    found, _names = locate(KeySeed(LEAKED, user_of, deleted=True), GetAccessKeyLastUsed=GONE, GetUser=answer)
    assert found.status is status
    assert found.user == (NAME if status is Status.HOME else "")


def list_root_keys(*ids: str) -> dict[str, t.Any]:
    return {"iam:ListAccessKeys": of({"AccessKeyMetadata": [{"AccessKeyId": one} for one in ids]})}


@pytest.mark.parametrize(
    ("place", "root", "status"),
    [
        (ORGANIZATION, list_root_keys(SECOND, LEAKED), Status.ROOT),
        (ORGANIZATION, list_root_keys(SECOND), Status.NOT_HERE),
        (ORGANIZATION, {"iam:ListAccessKeys": DENIED}, Status.UNRESOLVED),
        (PLACE, list_root_keys(LEAKED), Status.NOT_HERE),
        (Place(ACCOUNT, frozenset(), acts_for_organization=True), list_root_keys(LEAKED), Status.FOREIGN),
    ],
)
def test_a_key_of_another_account_may_be_of_its_root(place: Place, root: t.Any, status: Status) -> None:
    found, names = locate(KeySeed(LEAKED), place, OTHER, root)
    assert (found.status, found.account_id) == (status, OTHER)
    assert ("sts:AssumeRoot" in names) is (place is ORGANIZATION)
    assert not any(name.startswith("iam:") for name in names)
    if status is Status.UNRESOLVED:
        assert "not allowed" in found.detail


def make_event(arn: str = ARN, kind: str = "IAMUser", unique_id: str = ID) -> dict[str, t.Any]:
    issuer = {"type": kind, "principalId": unique_id, "arn": arn, "accountId": ACCOUNT, "userName": "x"}
    identity = {
        "type": "AssumedRole" if ":role/" in arn else kind,
        "principalId": f"{unique_id}:build" if ":role/" in arn else unique_id,
        "arn": arn.replace(":iam:", ":sts:").replace("role", "assumed-role") + "/build" if ":role/" in arn else arn,
        "accountId": ACCOUNT,
        "accessKeyId": TOKEN,
        "sessionContext": {"sessionIssuer": issuer},
    }
    given = {
        "eventTime": "2026-11-27T09:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT,
        "eventID": "e-1",
        "userIdentity": identity,
    }
    return {"cloudtrail:LookupEvents": {"Events": [{"CloudTrailEvent": json.dumps(given)}]}}


def locate_token(events: t.Any, *, is_named: bool = False, **more: t.Any) -> Seed:
    access = aws({**answers(**more), **events, "sts:GetAccessKeyInfo": {"Account": ACCOUNT}})
    sessions = (SessionSeed(ROLE, "build", access_key_id=TOKEN),) if is_named else ()
    return read_seeds(access, with_root(access, {}), incident(KeySeed(TOKEN), sessions=sessions), PLACE)[0]


def test_the_key_of_a_session_is_of_whom_its_events_show() -> None:
    found = locate_token(make_event())
    assert (found.status, found.user) == (Status.HOME, NAME)
    found = locate_token(make_event(ROLE, "Role"))
    assert found.status is Status.SESSION and "as its calls show; session_revocation" in found.detail
    found = locate_token(make_event(f"arn:aws:iam::{ACCOUNT}:root", "Root", ACCOUNT))
    assert found.status is Status.ROOT and found.detail == "a token of the root user, as its calls show"


def test_the_key_of_a_session_that_no_event_or_another_user_shows_is_unresolved() -> None:
    found = locate_token({"cloudtrail:LookupEvents": {"Events": []}})
    assert found.status is Status.UNRESOLVED and "no event of a call with it is known yet" in found.detail
    found = locate_token(make_event(unique_id="AIDAOTHER"))
    assert found.status is Status.UNRESOLVED
    assert "a token of the user ci-deploy, and somebody made that user again since" in found.detail
    found = locate_token(make_event(), GetUser=DENIED)
    assert found.status is Status.UNRESOLVED and "not allowed" in found.detail


def test_the_key_of_a_session_that_the_incident_names_is_not_asked_about() -> None:
    found = locate_token({"cloudtrail:LookupEvents": AwsError("must not be asked")}, is_named=True)
    assert found.status is Status.SESSION and found.detail == "the key of a session; session_revocation ends sessions"


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (of_name(MADE), Status.HOME, "the user ci-deploy"),
        (of_name({"User": {"Arn": ARN.replace("/ci/", "/")}}), Status.MISMATCH, "the user with this name is arn:"),
        (GONE, Status.UNRESOLVED, "nothing proves that"),
        (DENIED, Status.UNRESOLVED, "the user can't be read: AccessDenied: not allowed"),
    ],
)
def test_a_named_user_is_looked_up(answer: t.Any, status: Status, detail: str) -> None:
    access = aws(GetUser=answer, GetAccessKeyLastUsed=of({"UserName": NAME}, AccessKeyId=LEAKED))
    access._answers["sts:GetAccessKeyInfo"] = {"Account": ACCOUNT}
    _key, found = read_seeds(access, with_root(access, {}), incident(users=(ARN,)), PLACE)
    assert (found.id, found.kind, found.status) == (ARN, "console_password", status)
    assert detail in found.detail


def test_seeds_that_need_no_call_are_listed_too() -> None:
    access = aws({"sts:GetAccessKeyInfo": {"Account": OTHER}})
    other = ARN.replace(ACCOUNT, OTHER)
    fields = {
        "users": (other,),
        "sessions": (SessionSeed(ROLE, "build"),),
        "roles": (RoleSeed(ROLE.replace(ACCOUNT, OTHER)),),
        "identity_center_users": (CenterUserSeed("person"),),
    }
    found = read_seeds(access, with_root(access, {}), incident(**fields), PLACE)
    assert [(seed.id, seed.status) for seed in found] == [
        (LEAKED, Status.NOT_HERE),
        (other, Status.NOT_HERE),
        (ROLE, Status.SESSION),
        (ROLE.replace(ACCOUNT, OTHER), Status.NOT_HERE),
        ("person", Status.ORGANIZATION),
    ]
    assert access.names == ["sts:GetAccessKeyInfo"]
