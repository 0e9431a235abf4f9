# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root of a member account and the targets of changes, read from recorded answers."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import Version
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.changes import (
    DENY_ALL,
    Denial,
    QuarantineWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.declared import Loss
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.observe import (
    list_deletions,
    read_roots,
    read_state,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    Credential,
    Device,
    Kind,
    RootState,
    Use,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.identity_changes import IdentityWriter

from ..recorded import of
from .test_observe import ALLOW_ALL, CREATED, DENIED, GONE, NAME, ROLE, aws, make_policy, of_name, with_root
from .users import ACCOUNT, ARN, DENY, LEAKED, NOW, OTHER, SECOND, user

ROOT: t.Final = f"arn:aws:iam::{OTHER}:root"


def root(**more: t.Any) -> dict[str, t.Any]:
    """The answers about root of the other account."""
    listed = {"AccessKeyId": LEAKED, "Status": "Active", "CreateDate": CREATED}
    used = {"AccessKeyLastUsed": {"LastUsedDate": NOW, "ServiceName": "s3", "Region": "eu-west-1"}}
    given = {
        "ListAccessKeys": of({"AccessKeyMetadata": [listed]}),
        "GetAccessKeyLastUsed": of(used, AccessKeyId=LEAKED),
        "ListSigningCertificates": of({"Certificates": [{"CertificateId": "CERT", "Status": "Inactive"}]}),
        "GetLoginProfile": of({"LoginProfile": {"CreateDate": CREATED}}),
        "ListMFADevices": of({"MFADevices": [{"SerialNumber": "mfa", "EnableDate": NOW}]}),
        **more,
    }
    return {f"iam:{name}": answer for name, answer in given.items()}


STATE: t.Final = RootState(
    OTHER,
    ROOT,
    (Credential(Kind.ACCESS_KEY, LEAKED, "Active", CREATED, Yes(Use(NOW, "s3", "eu-west-1"))),),
    (Credential(Kind.CERTIFICATE, "CERT", "Inactive"),),
    CREATED,
    (Device("mfa", NOW),),
)


def test_root_of_a_member_is_read_in_a_session_for_that() -> None:
    assert read_roots(with_root(aws({}), root()), (OTHER,), "aws") == {OTHER: STATE}
    without = dataclasses.replace(STATE, password_created=None)
    assert read_roots(with_root(aws({}), root(GetLoginProfile=GONE)), (OTHER,), "aws") == {OTHER: without}
    assert read_roots(with_root(aws({}), {}), (), "aws") == {}


@pytest.mark.parametrize(
    "operation", ["ListAccessKeys", "ListSigningCertificates", "GetLoginProfile", "ListMFADevices"]
)
def test_root_of_which_a_part_is_unread_is_an_error(operation: str) -> None:
    with pytest.raises(AwsError):
        read_roots(with_root(aws({}), root(**{operation: DENIED})), (OTHER,), "aws")


WRITER: t.Final = QuarantineWriter(ACCOUNT, "INC-7")
IDENTITIES: t.Final = IdentityWriter(ACCOUNT, "credential_quarantine")
CHANGES: t.Final = {
    change.operation: change
    for change in WRITER.contain_user(
        user(password_created=CREATED), Denial(DENY, has_room=True), leaked=frozenset({LEAKED}), removes_password=True
    )
}


def state(change: Change, **more: t.Any) -> t.Any:
    access = aws(**more)
    return read_state(access, with_root(access, {}), change)


def test_the_state_of_a_tag() -> None:
    change = CHANGES["TagUser"]
    key = change.after["tag"]
    assert state(change) == {"tag": key, "value": None}
    tagged = of_name({"Tags": [{"Key": key, "Value": "INC-7"}]})
    assert state(change, ListUserTags=tagged) == change.after
    assert state(change, ListUserTags=GONE) is None


def test_the_state_of_an_attachment() -> None:
    change = CHANGES["AttachUserPolicy"]
    assert state(change) == {"policy": DENY, "attached": True}
    assert state(change, ListAttachedUserPolicies=of_name({"AttachedPolicies": []})) == change.before


def test_the_state_of_an_inline_policy() -> None:
    change = CHANGES["PutUserPolicy"]
    name = change.after["inline_policy"]
    written = of({"PolicyDocument": DENY_ALL}, UserName=NAME, PolicyName=name)
    assert state(change, GetUserPolicy=written) == change.after
    assert state(change, GetUserPolicy=GONE) == {"inline_policy": name, "document": None}


def test_the_state_of_a_boundary() -> None:
    change = IDENTITIES.set_boundary(ARN, None, DENY)
    assert state(change) == {"boundary": DENY} == change.after
    assert state(change, GetUser=of_name({"User": {"Arn": ARN}})) == {"boundary": None}
    assert state(change, GetUser=GONE) is None


STATUS: t.Final = {
    Kind.ACCESS_KEY: ("UpdateAccessKey", "ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
    Kind.SSH_KEY: ("UpdateSSHPublicKey", "ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
}


@pytest.mark.parametrize("kind", STATUS)
def test_the_state_of_a_credential(kind: Kind) -> None:
    operation, reads, items, identifier = STATUS[kind]
    change = CHANGES[operation]
    shown = {"kind": kind.value, "id": change.after["id"]}
    others = [{identifier: "OTHER", "Status": "Inactive"}, {identifier: shown["id"], "Status": "Active"}]
    assert state(change, **{reads: of_name({items: others})}) == {**shown, "status": "Active"}
    assert state(change, **{reads: of_name({items: others[:1]})}) is None
    with pytest.raises(AwsError):
        state(change, **{reads: DENIED})


def test_the_state_of_a_password() -> None:
    change = CHANGES["DeleteLoginProfile"]
    assert state(change) == {"kind": "console_password", "id": NAME} == change.before
    assert state(change, GetLoginProfile=GONE) is None


def test_the_state_of_a_trust_policy() -> None:
    change = IDENTITIES.set_trust(ROLE, ALLOW_ALL, DENY_ALL)
    role = {"Arn": ROLE, "RoleName": "pipeline", "RoleId": "AROA", "AssumeRolePolicyDocument": ALLOW_ALL}
    found = of({"Role": {**role, "Path": "/", "CreateDate": NOW}}, RoleName="pipeline")
    assert state(change, GetRole=found) == {"trust": ALLOW_ALL}
    assert state(change, GetRole=GONE) is None


def test_the_state_of_a_version_and_of_a_whole_policy() -> None:
    change = IDENTITIES.delete_version(DENY, dataclasses.replace(_version("v2"), document=ALLOW_ALL))
    version = of({"PolicyVersion": {"Document": DENY_ALL}}, PolicyArn=DENY, VersionId="v2")
    assert state(change, GetPolicyVersion=version) == {"version": "v2", "document": DENY_ALL}
    whole = dataclasses.replace(change, after=None, before={"document": DENY_ALL})
    assert state(whole) == {"document": DENY_ALL}
    assert state(whole, GetPolicy=GONE) is None


def _version(name: str, *, is_default: bool = False) -> t.Any:
    return Version(name, is_default, CREATED, ALLOW_ALL)


def test_a_policy_is_deleted_after_its_other_versions() -> None:
    deletion = dataclasses.replace(IDENTITIES.delete_version(DENY, _version("v1")), operation="DeletePolicy")
    listed = [
        {"VersionId": name, "IsDefaultVersion": name == "v3", "CreateDate": CREATED} for name in ("v3", "v2", "v1")
    ]
    access = aws(
        {
            **make_policy(),
            "iam:GetPolicyVersion": lambda PolicyArn, VersionId, region: {"PolicyVersion": {"Document": ALLOW_ALL}},
            "iam:ListPolicyVersions": of({"Versions": listed}, PolicyArn=DENY),
        }
    )
    found = list_deletions(access, deletion)
    assert found[-1] is deletion
    assert [(one.operation, one.account_id, one.target) for one in found[:-1]] == [
        ("DeletePolicyVersion", ACCOUNT, DENY)
    ] * 2
    assert sorted(one.parameters["VersionId"] for one in found[:-1]) == ["v1", "v2"]
    assert {one.kind for one in found} == {"credential_quarantine"}
    assert list_deletions(aws({"iam:GetPolicy": GONE}), deletion) == (deletion,)


OF_ROOT: t.Final = {
    change.operation: change
    for change in WRITER.contain_root(
        dataclasses.replace(STATE, account_id=OTHER), frozenset({Loss.ROOT_ACCESS_KEY, Loss.ROOT_PASSWORD})
    )
}


def state_of_root(operation: str, **more: t.Any) -> t.Any:
    access = aws({})
    return read_state(access, with_root(access, root(**more)), OF_ROOT[operation])


def test_the_state_of_credentials_of_root() -> None:
    shown = {"kind": "access_key", "id": LEAKED, "status": "Active"}
    others = [{"AccessKeyId": SECOND, "Status": "Inactive"}, {"AccessKeyId": LEAKED, "Status": "Inactive"}]
    assert state_of_root("DeleteAccessKey") == shown
    changed = {"ListAccessKeys": of({"AccessKeyMetadata": others})}
    assert state_of_root("DeleteAccessKey", **changed) == {**shown, "status": "Inactive"}
    assert state_of_root("DeleteAccessKey", ListAccessKeys=of({"AccessKeyMetadata": others[:1]})) is None
    certificate = {"kind": "signing_certificate", "id": "CERT", "status": "Inactive"}
    assert state_of_root("DeleteSigningCertificate") == certificate
    assert state_of_root("DeleteLoginProfile") == {"kind": "console_password", "id": "root"}
    assert state_of_root("DeleteLoginProfile", GetLoginProfile=GONE) is None
    for operation, read in (("DeleteAccessKey", "ListAccessKeys"), ("DeleteLoginProfile", "GetLoginProfile")):
        with pytest.raises(AwsError):
            state_of_root(operation, **{read: DENIED})
