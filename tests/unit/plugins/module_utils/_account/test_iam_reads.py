# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PasswordPolicy
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound, Throttled

from .fakes import LONG_AGO, NOW, FakeAccess, deny, read, refusal, unread_of
from .test_credential_report import table

STARTED = {"State": "STARTED", "Description": "No report exists."}
IN_PROGRESS = {"State": "INPROGRESS"}
COMPLETE = {"State": "COMPLETE"}
REPORT = {"Content": table({}).encode(), "ReportFormat": "text/csv", "GeneratedTime": LONG_AGO}
GENERATE = "iam:GenerateCredentialReport"
GET = "iam:GetCredentialReport"


def credentials(generate: t.Any, get: t.Any = None) -> tuple[FakeAccess, t.Any]:
    access = FakeAccess({GENERATE: generate, GET: REPORT if get is None else get})
    return access, read(access, Dataset.CREDENTIAL_REPORT)


def test_a_report_that_is_there_takes_two_calls() -> None:
    access, snapshot = credentials(COMPLETE)
    assert access.names == [GENERATE, GET]
    assert snapshot.missing(Dataset.CREDENTIAL_REPORT) is None
    assert snapshot.credential_report.generated == LONG_AGO
    assert [row.user for row in snapshot.credential_report.users] == ["bob"]


def test_a_new_report_is_waited_for() -> None:
    access, snapshot = credentials([STARTED, IN_PROGRESS, COMPLETE])
    assert access.names == [GENERATE, GENERATE, GENERATE, GET]
    assert snapshot.credential_report is not None


@pytest.mark.parametrize("code", ["ReportNotPresent", "ReportExpired", "ReportInProgress", "ReportExpiredException"])
def test_a_report_that_is_gone_again_is_asked_for_anew(code: str) -> None:
    access, snapshot = credentials([COMPLETE, STARTED, COMPLETE], [refusal(code), REPORT])
    assert access.names == [GENERATE, GET, GENERATE, GENERATE, GET]
    assert snapshot.credential_report is not None


def test_the_report_is_taken_though_somebody_else_asks_for_it_too_often() -> None:
    access, snapshot = credentials(refusal("LimitExceeded"))
    assert access.names == [GENERATE, GET]
    assert snapshot.credential_report is not None


def test_a_report_that_is_never_finished() -> None:
    access, snapshot = credentials(IN_PROGRESS)
    kind, reason, operation = unread_of(snapshot, Dataset.CREDENTIAL_REPORT)
    assert (kind, operation) == ("unreachable", GENERATE)
    assert "after 122 seconds" in reason
    assert len(access.calls) < 40
    assert snapshot.credential_report is None


@pytest.mark.parametrize(
    "answer",
    [{**REPORT, "Content": b"<html>"}, {**REPORT, "Content": None}, {"Content": REPORT["Content"]}, {}],
    ids=["no-table", "no-content", "no-time", "empty"],
)
def test_what_is_no_report_is_unparsable(answer: dict[str, t.Any]) -> None:
    _access, snapshot = credentials(COMPLETE, answer)
    assert unread_of(snapshot, Dataset.CREDENTIAL_REPORT)[0] == "unparsable"


@pytest.mark.parametrize("name", [GENERATE, GET])
def test_a_denial_of_either_call_is_the_reason(name: str) -> None:
    access = FakeAccess({GENERATE: COMPLETE, GET: REPORT, name: deny(name)})
    kind, reason, operation = unread_of(read(access, Dataset.CREDENTIAL_REPORT), Dataset.CREDENTIAL_REPORT)
    assert (kind, operation) == ("denied", name)
    assert reason == f"AccessDenied: not authorized to perform {name}"


def test_authorization_details_come_in_pages_of_a_thousand() -> None:
    user = {"UserName": "bob", "Arn": "arn:aws:iam::111122223333:user/bob", "Path": "/"}
    name = "iam:GetAccountAuthorizationDetails"
    access = FakeAccess({name: [{"UserDetailList": [user], "Marker": "next"}, {"RoleDetailList": []}]})
    snapshot = read(access, Dataset.AUTHORIZATION_DETAILS)
    assert [user.name for user in snapshot.users] == ["bob"]
    assert [call.parameters["MaxItems"] for call in access.calls] == [1000, 1000]
    assert set(access.calls[0].parameters["Filter"]) == {
        "User",
        "Role",
        "Group",
        "LocalManagedPolicy",
        "AWSManagedPolicy",
    }


def test_account_summary() -> None:
    access = FakeAccess({"iam:GetAccountSummary": {"SummaryMap": {"Users": 3, "AccountMFAEnabled": 1}}})
    assert read(access, Dataset.ACCOUNT_SUMMARY).summary == {"AccountMFAEnabled": 1, "Users": 3}


@pytest.mark.parametrize(("aliases", "alias"), [([], None), (["acme"], "acme")])
def test_account_alias(aliases: list[str], alias: str | None) -> None:
    access = FakeAccess({"iam:ListAccountAliases": {"AccountAliases": aliases}})
    assert read(access, Dataset.ACCOUNT_ALIASES).account_alias == alias


def test_password_policy_leaves_out_what_is_off() -> None:
    policy = {"MinimumPasswordLength": 14, "RequireSymbols": True, "ExpirePasswords": False}
    snapshot = read(FakeAccess({"iam:GetAccountPasswordPolicy": {"PasswordPolicy": policy}}), Dataset.PASSWORD_POLICY)
    assert snapshot.password_policy == PasswordPolicy(14, True, False, False, False, False, None, None, None)


def test_password_policy_in_full() -> None:
    policy = {
        "MinimumPasswordLength": 16,
        **dict.fromkeys(("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters"), True),
        **dict.fromkeys(("RequireLowercaseCharacters", "AllowUsersToChangePassword", "HardExpiry"), True),
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 24,
    }
    snapshot = read(FakeAccess({"iam:GetAccountPasswordPolicy": {"PasswordPolicy": policy}}), Dataset.PASSWORD_POLICY)
    assert snapshot.password_policy == PasswordPolicy(16, True, True, True, True, True, 90, 24, True)


def test_an_account_without_password_policy_is_a_fact() -> None:
    access = FakeAccess({"iam:GetAccountPasswordPolicy": refusal("NoSuchEntity", kind=NotFound)})
    snapshot = read(access, Dataset.PASSWORD_POLICY)
    assert snapshot.missing(Dataset.PASSWORD_POLICY) is None
    assert snapshot.password_policy is None


def test_virtual_mfa_devices() -> None:
    owner = {"UserName": "bob", "Arn": "arn:aws:iam::111122223333:user/bob"}
    devices = [{"SerialNumber": "arn:z", "User": {}}, {"SerialNumber": "arn:a", "User": owner, "EnableDate": LONG_AGO}]
    access = FakeAccess({"iam:ListVirtualMFADevices": {"VirtualMFADevices": devices}})
    assigned, free = read(access, Dataset.VIRTUAL_MFA_DEVICES).virtual_mfa_devices
    assert (assigned.serial_number, assigned.user_arn, assigned.enabled) == ("arn:a", owner["Arn"], LONG_AGO)
    assert (free.serial_number, free.user_arn) == ("arn:z", None)
    assert access.calls[0].parameters == {"AssignmentStatus": "Any", "MaxItems": 1000}


def test_server_certificates() -> None:
    certificate = {"ServerCertificateName": "old", "Arn": "arn:old", "Expiration": LONG_AGO}
    access = FakeAccess({"iam:ListServerCertificates": {"ServerCertificateMetadataList": [certificate]}})
    (found,) = read(access, Dataset.SERVER_CERTIFICATES).server_certificates
    assert (found.name, found.arn, found.expires) == ("old", "arn:old", LONG_AGO)


def test_identity_providers() -> None:
    access = FakeAccess(
        {
            "iam:ListSAMLProviders": {"SAMLProviderList": [{"Arn": "arn:b"}, {"Arn": "arn:a"}]},
            "iam:ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": "arn:o"}]},
        }
    )
    snapshot = read(access, Dataset.SAML_PROVIDERS, Dataset.OIDC_PROVIDERS)
    assert snapshot.saml_provider_arns == ("arn:a", "arn:b")
    assert snapshot.oidc_provider_arns == ("arn:o",)


def test_service_specific_credentials_of_all_users_in_one_list() -> None:
    credential = {
        "UserName": "bob",
        "ServiceSpecificCredentialId": "ACCA1",
        "ServiceName": "bedrock.amazonaws.com",
        "Status": "Active",
        "CreateDate": LONG_AGO,
    }
    newer = {**credential, "ServiceSpecificCredentialId": "ACCA0", "ExpirationDate": NOW}
    access = FakeAccess({"iam:ListServiceSpecificCredentials": {"ServiceSpecificCredentials": [credential, newer]}})
    first, second = read(access, Dataset.SERVICE_SPECIFIC_CREDENTIALS).service_specific_credentials
    assert (first.credential_id, first.expires) == ("ACCA0", NOW)
    assert (second.user, second.service, second.status, second.expires) == (
        "bob",
        "bedrock.amazonaws.com",
        "Active",
        None,
    )
    assert access.calls[0].parameters == {"AllUsers": True, "MaxItems": 1000}


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (Dataset.ACCOUNT_SUMMARY, "iam:GetAccountSummary"),
        (Dataset.ACCOUNT_ALIASES, "iam:ListAccountAliases"),
        (Dataset.PASSWORD_POLICY, "iam:GetAccountPasswordPolicy"),
        (Dataset.SAML_PROVIDERS, "iam:ListSAMLProviders"),
        (Dataset.OIDC_PROVIDERS, "iam:ListOpenIDConnectProviders"),
    ],
)
def test_an_empty_answer_is_no_fact(dataset: Dataset, name: str) -> None:
    kind, _reason, operation = unread_of(read(FakeAccess({name: {}}), dataset), dataset)
    assert (kind, operation) == ("unparsable", name)


def test_throttling_is_the_reason() -> None:
    access = FakeAccess({"iam:GetAccountSummary": refusal("Throttling", "Rate exceeded", kind=Throttled)})
    assert unread_of(read(access, Dataset.ACCOUNT_SUMMARY), Dataset.ACCOUNT_SUMMARY)[:2] == (
        "throttled",
        "Throttling: Rate exceeded",
    )


FOREIGN = "arn:aws:iam::999900001111:"
NAMED = {"CreateDate": LONG_AGO, "Path": "/"}
TRUSTING = {"Version": "2012-10-17", "Statement": []}


@pytest.mark.parametrize(
    ("dataset", "operation", "answer"),
    [
        (
            Dataset.AUTHORIZATION_DETAILS,
            "GetAccountAuthorizationDetails",
            {"UserDetailList": [{**NAMED, "Arn": f"{FOREIGN}user/bob", "UserName": "bob"}]},
        ),
        (
            Dataset.AUTHORIZATION_DETAILS,
            "GetAccountAuthorizationDetails",
            {
                "RoleDetailList": [
                    {**NAMED, "Arn": f"{FOREIGN}role/a", "RoleName": "a", "AssumeRolePolicyDocument": TRUSTING}
                ]
            },
        ),
        (
            Dataset.VIRTUAL_MFA_DEVICES,
            "ListVirtualMFADevices",
            {"VirtualMFADevices": [{"SerialNumber": f"{FOREIGN}mfa/bob"}]},
        ),
        (
            Dataset.SERVER_CERTIFICATES,
            "ListServerCertificates",
            {
                "ServerCertificateMetadataList": [
                    {"ServerCertificateName": "a", "Arn": f"{FOREIGN}server-certificate/a", "Expiration": NOW}
                ]
            },
        ),
        (
            Dataset.SAML_PROVIDERS,
            "ListSAMLProviders",
            {"SAMLProviderList": [{"Arn": f"{FOREIGN}saml-provider/a"}]},
        ),
        (
            Dataset.OIDC_PROVIDERS,
            "ListOpenIDConnectProviders",
            {"OpenIDConnectProviderList": [{"Arn": f"{FOREIGN}oidc-provider/a"}]},
        ),
    ],
)
def test_an_answer_of_another_account_says_nothing_of_this_one(
    dataset: Dataset, operation: str, answer: dict[str, t.Any]
) -> None:
    snapshot = read(FakeAccess({f"iam:{operation}": answer}), dataset)
    kind, reason, _operation = unread_of(snapshot, dataset)
    assert kind == "unparsable"
    assert "of account 999900001111" in reason
