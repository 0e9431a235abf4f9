# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live policies of roles that their owners change, and whose owners are handed out which policies."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import ManagedPolicy, PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    InvalidCredentials,
    NotFound,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.found import Found
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.live import Observer
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners import (
    observe as module,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.observe import (
    OPERATIONS,
    HandoutReader,
    read_again,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.patches import (
    TERRAFORM,
    Handout,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.state import Owned
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import Confidence, Owner, Place

from ...recorded import RecordedAccess, of
from ..campaigns import declare
from ..samples import ACCOUNT, ADMIN, BEFORE, DEVELOPER, NAME, OLD, ROLE, allow, make_subject, make_writer
from .test_before import APPLIED, DOSSIER, make_role

Record = dict[str, t.Any]
STATE: t.Final = Owner(
    "Terraform", "Terraform", Confidence.CERTAIN, Place("a state", TERRAFORM, "dev", "aws_iam_role.dev")
)
PERSON: t.Final = Owner("anna", "", Confidence.LIKELY, Place("the console, by anna"))
LIMIT: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/limit"
FRESH: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/fresh"
KNOWN: t.Final = ManagedPolicy(
    ADMIN, "AdministratorAccess", "/", PolicyDocument("x", allow("*")), 1, 0, None, None, True
)
STALE: t.Final = ManagedPolicy(OLD, "old", "/", PolicyDocument("old", allow("s3:*")), 4, 2, None, None, False)
SNAPSHOT: t.Final = dataclasses.replace(BEFORE, policies=(KNOWN, STALE))


# The live policies


def answers(**more: t.Any) -> Record:
    """AWS as it is now: other contents, another boundary, another inline policy, and one policy more."""

    def read_policy(PolicyArn: str, region: t.Any) -> Record:
        return {"Policy": {"DefaultVersionId": f"v-{PolicyArn.rpartition('/')[2]}"}}

    def read_version(PolicyArn: str, VersionId: str, region: t.Any) -> Record:
        name = PolicyArn.rpartition("/")[2]
        assert VersionId == f"v-{name}" and PolicyArn != ADMIN
        return {"PolicyVersion": {"Document": allow(f"{name}:*")}}

    role = {"Arn": ROLE, "RoleId": "AROAOLD", "PermissionsBoundary": {"PermissionsBoundaryArn": LIMIT}}
    attached = {"AttachedPolicies": [{"PolicyArn": arn} for arn in (ADMIN, OLD, FRESH)]}
    known: Record = {
        "GetRole": of({"Role": role}, RoleName="dev-shop"),
        "ListAttachedRolePolicies": of(attached, RoleName="dev-shop"),
        "ListRolePolicies": of({"PolicyNames": ["now"]}, RoleName="dev-shop"),
        "GetRolePolicy": of({"PolicyDocument": allow("kms:*")}, RoleName="dev-shop", PolicyName="now"),
        "GetPolicy": read_policy,
        "GetPolicyVersion": read_version,
        **more,
    }
    return {f"iam:{name}": answer for name, answer in known.items()}


def read(warned: t.Optional[list[str]] = None, **more: t.Any) -> tuple[Role, dict[str, ManagedPolicy]]:
    access = RecordedAccess(answers(**more), account_id=ACCOUNT, declared=OPERATIONS.reads)
    connection: t.Any = types.SimpleNamespace(access=access, warn=(warned if warned is not None else []).append)
    snapshot = read_again(connection, SNAPSHOT, [DEVELOPER])
    (role,) = snapshot.roles
    return role, {policy.arn: policy for policy in snapshot.policies}


def test_the_policies_of_a_role_are_those_that_it_has_now() -> None:
    role, policies = read()
    assert (role.attached_policies, role.boundary) == ((ADMIN, OLD, FRESH), LIMIT)
    assert [(one.name, one.document) for one in role.inline_policies] == [("now", allow("kms:*"))]
    assert (role.tags, role.path, role.unique_id) == (DEVELOPER.tags, DEVELOPER.path, DEVELOPER.unique_id)
    assert policies[OLD].default_version.document == allow("old:*")
    assert policies[FRESH].default_version.document == allow("fresh:*") and policies[FRESH].name == "fresh"
    # What else is known of a policy stays, and AWS's own have the same content for everybody.
    assert policies[OLD].attachment_count == STALE.attachment_count and policies[ADMIN] == KNOWN
    assert not policies[FRESH].is_aws_managed


@pytest.mark.parametrize(
    "role",
    [
        NotFound("none", code="NoSuchEntity"),
        # It was created again meanwhile, or is another one of the same name.
        {"Role": {"Arn": ROLE, "RoleId": "AROANEW"}},
        {"Role": {"Arn": ROLE.replace("/teams/", "/"), "RoleId": "AROAOLD"}},
    ],
)
def test_a_role_that_is_another_one_by_now_has_no_policies(role: t.Any) -> None:
    found, policies = read(GetRole=role)
    assert (found.attached_policies, found.inline_policies, found.boundary) == ((), (), DEVELOPER.boundary)
    assert policies == {ADMIN: KNOWN, OLD: STALE}


@pytest.mark.parametrize(
    "operation", ["GetRole", "ListAttachedRolePolicies", "ListRolePolicies", "GetRolePolicy", "GetPolicyVersion"]
)
def test_a_role_that_can_not_be_read_has_policies_that_nobody_knows(operation: str) -> None:
    warned: list[str] = []
    found, _policies = read(warned, **{operation: AccessDenied("not allowed", code="AccessDenied")})
    assert found.attached_policies == () and [one.document for one in found.inline_policies] == [None]
    assert Permissions(dataclasses.replace(SNAPSHOT, roles=(found,))).unknown(ROLE)
    assert warned == [f"the policies of {ROLE} can't be read: AccessDenied: not allowed"]


def test_credentials_that_aws_does_not_know_any_more_end_the_run() -> None:
    with pytest.raises(InvalidCredentials):
        read(GetRole=InvalidCredentials("expired", code="ExpiredToken"))


# Who is handed out what


NEWER: t.Final = Owned(difference="it still allows s3:*", unreturned="")
OLDER: t.Final = Owned(difference="", unreturned="arn is not attached")


class Case:
    """A campaign with one role, whose owner is known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, role: Role = DEVELOPER) -> None:
        self.snapshot = dataclasses.replace(BEFORE, roles=(role,))
        self.owner = STATE
        self.asked: list[t.Any] = []
        self.tags: Record = {}
        self.has_files = True
        target = declare("prepare").targets[0]
        self.found = Found(role, target, Log(), Past(), make_subject(self.snapshot), DOSSIER)
        monkeypatch.setattr(module, "OwnershipReader", lambda *_given: types.SimpleNamespace(read=self._read_owners))

    def _read_owners(self, items: list[t.Any], *, tags: Record) -> tuple[Record, None]:
        self.asked += [item.arn for item in items]
        self.tags = tags
        return {item.key: self.owner for item in items}, None

    def read(self, owned: Owned = NEWER, stage: str = "prepare", **options: t.Any) -> t.Mapping[str, Handout]:
        declared: Declared = declare(stage, **options)
        observer = Observer(make_writer(self.snapshot), Permissions(self.snapshot))
        nothing: t.Any = None
        reader = HandoutReader(nothing, declared, nothing, observer, has_files=self.has_files)
        return reader.read([(self.found, owned)])


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(monkeypatch)


@pytest.mark.parametrize("stage", ["prepare", "canary", "cut_over"])
def test_an_owner_gets_the_new_policies_in_the_stages_that_change_the_role(case: Case, stage: str) -> None:
    found = case.read(stage=stage)[ROLE]
    assert (found.language, found.folder) == (TERRAFORM, f"{ACCOUNT}/least_privilege/role-dev-shop")
    assert "new policies, and no others" in found.texts[TERRAFORM] and NAME in found.texts[TERRAFORM]
    assert case.asked == [ROLE] and DEVELOPER.tags in case.tags.values()


@pytest.mark.parametrize("stage", ["assess", "generate", "watch", "retire"])
def test_in_other_stages_no_owner_is_asked_for(case: Case, stage: str) -> None:
    assert case.read(stage=stage) == {} and case.asked == []


def test_a_role_that_has_the_new_policies_or_that_nobody_declares_gets_none(case: Case) -> None:
    assert case.read(Owned(difference="")) == {}
    assert case.read(Owned(difference="it differs", failure="it could not be read")) == {}
    case.found = dataclasses.replace(case.found, target=None)
    assert case.read() == {} and case.asked == []


def test_without_a_directory_for_reports_there_is_no_folder(case: Case) -> None:
    case.has_files = False
    assert case.read()[ROLE].folder == ""


def test_an_owner_whose_language_nobody_knows_gets_files_in_all_of_them(case: Case) -> None:
    case.owner = PERSON
    found = case.read()[ROLE]
    assert found.language == "" and len(found.texts) > 1


def test_the_way_back_has_the_old_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, APPLIED)
    found = case.read(OLDER, "revert", revert=["dev-shop"])[ROLE]
    assert "gets its old policies again. It is an administrator with them." in found.texts[TERRAFORM]
    assert found.returns_admin is True
    # It has them again, or another role is reverted.
    assert case.read(NEWER, "revert", revert=["dev-shop"]) == {}
    assert case.read(OLDER, "revert", revert=["dev-other"]) == {}
    assert case.read(dataclasses.replace(OLDER, failure="denied"), "revert", revert=["dev-shop"]) == {}


@pytest.mark.parametrize(("difference", "is_taken"), [("", True), ("it still allows s3:*", False)])
def test_the_way_back_takes_what_the_owner_has_written_in_place_of_the_new_policies(
    monkeypatch: pytest.MonkeyPatch, difference: str, is_taken: bool
) -> None:
    """Owners may write several documents as one. What else a role has stays."""
    case = Case(monkeypatch, make_role(FRESH))
    found = case.read(Owned(difference, "arn is not attached"), "revert", revert=["dev-shop"])[ROLE]
    assert (FRESH in found.texts[TERRAFORM]) is is_taken


def test_a_role_without_a_dossier_gets_nothing(case: Case) -> None:
    case.found = dataclasses.replace(case.found, dossier=None)
    assert case.read() == {}
