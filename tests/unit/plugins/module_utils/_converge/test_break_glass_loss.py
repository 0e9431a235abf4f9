# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last way to use a break-glass principal is not taken: by a password, a key, a policy or a membership."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    CredentialRow,
    Dataset,
    Group,
    PolicyDocument,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.break_glass import Rescue
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo

from .test_break_glass import (
    ACCOUNT,
    ADMIN,
    GLASS_PATH,
    OKTA,
    ROOT,
    account,
    arn,
    attach,
    document,
    glass,
    role,
    row,
    trusting,
    user,
)

ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
KEEPER: t.Final = user("keeper")
BY_KEEPER: t.Final = glass(trust=[trusting({"AWS": KEEPER.arn})])
BY_TWO: t.Final = glass(trust=[trusting({"AWS": [KEEPER.arn, arn("user", "second")]})])


def taking(operation: str, name: str = "keeper", *, status: str = "Active", **parameters: t.Any) -> Change:
    """A change that takes a credential, a policy or a membership from a user."""
    given: dict[str, t.Any] = {"UserName": name, **parameters}
    undo = None
    if operation == "UpdateAccessKey":
        given = {"AccessKeyId": "AKIAEXAMPLE", "Status": "Inactive", **given}
        undo = Undo(operation, {**given, "Status": "Active"})
    before = {"id": "AKIAEXAMPLE", "status": status}
    return Change(
        account_id=ACCOUNT,
        region="global",
        service="iam",
        operation=operation,
        target=arn("user", name),
        parameters=given,
        before=before,
        after=None,
        kind="taking",
        impact=Impact.DESTRUCTIVE,
        undo=undo,
    )


DEACTIVATE: t.Final = taking("UpdateAccessKey")
DELETE: t.Final = taking("DeleteAccessKey")
PASSWORD: t.Final = taking("DeleteLoginProfile")


def loss(snapshot: Snapshot, change: Change) -> t.Optional[str]:
    return Rescue(snapshot, ()).loss(change)


def keeper(**credentials: t.Any) -> CredentialRow:
    return row("keeper", **credentials)


@pytest.mark.parametrize(
    ("change", "credentials", "is_last"),
    [
        (PASSWORD, {"password": True}, True),
        (DEACTIVATE, {"keys": [True]}, True),
        (DELETE, {"keys": [True, False]}, True),
        # Names of IAM are the same whatever their case.
        (taking("DeleteLoginProfile", "KEEPER"), {"password": True}, True),
        # Something is left to sign in with.
        (PASSWORD, {"password": True, "keys": [True]}, False),
        (DEACTIVATE, {"password": True, "keys": [True]}, False),
        (DEACTIVATE, {"keys": [True, True]}, False),
        (DELETE, {"keys": [False, True, True]}, False),
        # The key was inactive already, or is activated.
        (taking("DeleteAccessKey", status="Inactive"), {"keys": [True, False]}, False),
        (taking("UpdateAccessKey", status="Inactive"), {"keys": [True, False]}, False),
        (taking("UpdateAccessKey", Status="Active", status="Inactive"), {"keys": [True, False]}, False),
        # Something else is taken.
        (taking("DeleteSSHPublicKey"), {"keys": [True]}, False),
        (taking("TagUser"), {"keys": [True]}, False),
    ],
)
def test_the_last_credential_of_the_only_user_who_can_use_it(
    change: Change, credentials: dict[str, t.Any], is_last: bool
) -> None:
    found = loss(account(BY_KEEPER, KEEPER, rows=(keeper(**credentials),)), change)
    if is_last:
        assert (found or "").startswith("user keeper can use glass, which then can be used by nobody")
        assert "another credential" not in (found or "")
    else:
        assert found is None


@pytest.mark.parametrize(
    ("second", "stays"),
    [
        ([row("second", password=True)], True),
        ([row("second", keys=[False, True])], True),
        ([row("second", keys=[False])], False),
        # Of whom nothing is known is no way that stays.
        ([], False),
    ],
)
def test_a_second_user_who_can_use_it(second: list[CredentialRow], stays: bool) -> None:
    snapshot = account(BY_TWO, KEEPER, user("second"), rows=(keeper(password=True), *second))
    assert (loss(snapshot, PASSWORD) is None) is stays


def test_a_user_who_is_a_second_one_only_by_name_is_none() -> None:
    snapshot = account(BY_TWO, KEEPER, rows=(keeper(password=True), row("second", password=True)))
    assert loss(snapshot, PASSWORD) is not None


@pytest.mark.parametrize("change", [PASSWORD, DEACTIVATE])
def test_credentials_of_others_may_go(change: Change) -> None:
    other = dataclasses.replace(change, target=arn("user", "bob"), parameters={**change.parameters, "UserName": "bob"})
    rows = (keeper(password=True), row("bob", password=True, keys=[True]))
    assert loss(account(BY_KEEPER, KEEPER, user("bob"), rows=rows), other) is None


def test_credentials_of_others_may_go_where_break_glass_can_not_be_used_anyway() -> None:
    other = taking("DeleteLoginProfile", "bob")
    rows = (keeper(), row("bob", password=True))
    assert loss(account(BY_KEEPER, KEEPER, user("bob"), rows=rows), other) is None


def test_without_break_glass_no_way_to_it_is_taken() -> None:
    assert loss(account(KEEPER, rows=(keeper(password=True),)), PASSWORD) is None


def test_one_that_may_do_nothing_is_no_loss() -> None:
    empty = dataclasses.replace(BY_KEEPER, inline_policies=())
    assert loss(account(empty, KEEPER, rows=(keeper(password=True),)), PASSWORD) is None


def test_another_one_that_may_do_nothing_does_not_make_up_for_it() -> None:
    empty = role("empty", trust=[trusting({"AWS": arn("user", "bob")})], path=GLASS_PATH)
    rows = (keeper(password=True), row("bob", password=True))
    assert loss(account(BY_KEEPER, empty, KEEPER, user("bob"), rows=rows), PASSWORD) is not None
    able = dataclasses.replace(empty, inline_policies=BY_KEEPER.inline_policies)
    assert loss(account(BY_KEEPER, able, KEEPER, user("bob"), rows=rows), PASSWORD) is None


def test_one_that_may_not_activate_the_key_again_does_not_make_up_for_it() -> None:
    """A deletion can't be undone, so anything that it may do will do there."""
    reading = role(
        "reading",
        {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"},
        trust=[trusting({"AWS": arn("user", "bob")})],
        path=GLASS_PATH,
    )
    rows = (keeper(keys=[True]), row("bob", password=True))
    snapshot = account(BY_KEEPER, reading, KEEPER, user("bob"), rows=rows)
    assert loss(snapshot, DEACTIVATE) is not None
    assert loss(snapshot, DELETE) is None


def test_one_of_two_ways_may_go_though_break_glass_may_not_activate_the_key_again() -> None:
    """It may not do so before the change either, and is as usable afterwards."""
    trust = [trusting({"AWS": [KEEPER.arn, arn("user", "second")]})]
    reading = glass({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, trust=trust)
    rows = (keeper(keys=[True]), row("second", password=True))
    assert loss(account(reading, KEEPER, user("second"), rows=rows), DEACTIVATE) is None
    assert loss(account(reading, KEEPER, user("second"), rows=rows[:1]), DEACTIVATE) is not None


def test_of_two_credentials_one_may_go() -> None:
    rescue = Rescue(account(BY_KEEPER, KEEPER, rows=(keeper(password=True, keys=[True]),)), ())
    assert rescue.loss(PASSWORD) is None
    rescue.expect(PASSWORD)
    assert "user keeper can use glass" in (rescue.loss(DEACTIVATE) or "")


def test_a_key_that_the_plan_activates_is_a_credential() -> None:
    rows = (keeper(password=True), row("second", keys=[False]))
    rescue = Rescue(account(BY_TWO, KEEPER, user("second"), rows=rows))
    assert rescue.loss(PASSWORD) is not None
    rescue.expect(taking("UpdateAccessKey", "second", Status="Active", status="Inactive"))
    assert rescue.loss(PASSWORD) is None


def test_the_password_of_a_user_for_emergencies() -> None:
    breaker = user("breaker", ADMIN, path=GLASS_PATH)
    rows = (row("breaker", path=GLASS_PATH, password=True),)
    change = taking("DeleteLoginProfile", "breaker")
    assert "user breaker can use breaker" in (loss(account(breaker, rows=rows), change) or "")
    assert loss(account(breaker, rows=(row("breaker", path=GLASS_PATH, password=True, keys=[True]),)), change) is None


def test_the_group_is_the_resource_on_which_a_new_membership_is_undone() -> None:
    member = Undo("RemoveUserFromGroup", {"GroupName": "team", "UserName": "bob"})
    change = dataclasses.replace(taking("AddUserToGroup", "bob", GroupName="team"), undo=member)
    allowed = {"Effect": "Allow", "Action": "iam:RemoveUserFromGroup", "Resource": arn("group", "team")}
    able = glass(allowed, trust=[trusting({"AWS": KEEPER.arn})])
    snapshot = account(able, KEEPER, user("bob"), rows=(keeper(password=True),))
    assert Rescue(snapshot).objection(change) is None


def test_those_who_may_do_nothing_are_named() -> None:
    empty = dataclasses.replace(BY_KEEPER, inline_policies=())
    rows = (keeper(password=True),)
    assert Rescue(account(empty, KEEPER, rows=rows)).lacks() == {empty.arn: "has no policies"}
    assert Rescue(account(BY_KEEPER, KEEPER, rows=rows)).lacks() == {}


# Unknown


def test_a_user_of_whom_nothing_is_known_may_be_the_last_one() -> None:
    found = loss(account(BY_KEEPER, KEEPER), DEACTIVATE)
    assert found is not None
    assert found.startswith("user keeper can use glass, which then can be used by nobody")
    assert found.endswith("and it is not known whether user keeper has another credential")
    # Nobody asks about a user who has no part in it.
    assert loss(account(BY_KEEPER, KEEPER, user("bob")), taking("DeleteAccessKey", "bob")) is None


def test_without_users_and_roles_nothing_is_known() -> None:
    unread = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied")
    snapshot = account(unread=(unread,))
    for change in (PASSWORD, DEACTIVATE, taking("DetachUserPolicy", PolicyArn=ADMINISTRATOR)):
        assert loss(snapshot, change) == "users and roles are not known: denied"
    for change in (taking("TagUser"), taking("AttachUserPolicy"), taking("UpdateAccessKey", Status="Active")):
        assert loss(snapshot, change) is None


def test_without_the_credential_report_nothing_is_known() -> None:
    unread = Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "denied")
    snapshot = account(BY_KEEPER, KEEPER, credential_report=None, unread=(unread,))
    assert "is not known" in (loss(snapshot, PASSWORD) or "")


def test_a_provider_that_was_not_read_is_no_way_that_stays() -> None:
    trust = [trusting({"AWS": KEEPER.arn}), trusting({"Federated": OKTA}, action="sts:AssumeRoleWithSAML")]
    known = account(glass(trust=trust), KEEPER, rows=(keeper(password=True),), saml_provider_arns=(OKTA,))
    assert loss(known, PASSWORD) is None
    unread = Unread(Dataset.SAML_PROVIDERS, UnreadKind.DENIED, "denied")
    assert loss(dataclasses.replace(known, unread=(unread,)), PASSWORD) is not None


def test_a_user_who_gets_in_on_a_condition_that_is_not_known_may_be_the_last_one() -> None:
    trust = [trusting(ROOT, Condition={"StringEquals": {"aws:ResourceTag/kind": "glass"}})]
    snapshot = account(glass(trust=trust), user("keeper", ADMIN), rows=(keeper(password=True),))
    assert "user keeper can use glass" in (loss(snapshot, PASSWORD) or "")


def test_a_user_whose_policies_are_not_known_may_be_the_last_one() -> None:
    unknown = dataclasses.replace(KEEPER, attached_policies=(arn("policy", "unread"),))
    snapshot = account(glass(trust=[trusting(ROOT)]), unknown, rows=(keeper(password=True),))
    assert "user keeper can use glass" in (loss(snapshot, PASSWORD) or "")


# By way of others, and by what else lets in


def test_a_role_on_the_way() -> None:
    hop = role("hop", ADMIN, trust=[trusting({"AWS": KEEPER.arn})])
    snapshot = account(glass(trust=[trusting({"AWS": hop.arn})]), hop, KEEPER, rows=(keeper(password=True),))
    assert "user keeper can use glass" in (loss(snapshot, PASSWORD) or "")
    served = role("hop", ADMIN, trust=[*_statements(hop), trusting({"Service": "ec2.amazonaws.com"})])
    assert loss(dataclasses.replace(snapshot, roles=(snapshot.roles[0], served)), PASSWORD) is None


def _statements(one: Role) -> list[dict[str, t.Any]]:
    return list((one.trust.document or {})["Statement"])


@pytest.mark.parametrize(
    ("session", "is_last"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/hop/alice", True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/other/alice", False),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/keeper", False),
    ],
)
def test_a_session_of_a_role_on_the_way(session: str, is_last: bool) -> None:
    """A session of GetFederationToken assumes no role, so it lets nobody in."""
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    hop = role("hop", assume, trust=[trusting({"AWS": KEEPER.arn})], path="/people/")
    gone = role("gone", assume, trust=[trusting({"AWS": KEEPER.arn})])
    snapshot = account(glass(trust=[trusting({"AWS": session})]), hop, gone, KEEPER, rows=(keeper(password=True),))
    assert (loss(snapshot, PASSWORD) is not None) is is_last
    deny = taking("AttachRolePolicy", "", RoleName="hop", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    assert (loss(snapshot, deny) is not None) is is_last
    # The trust policy lets the session in by name, so it needs no policy of its own.
    assert loss(snapshot, taking("DeleteRolePolicy", "", RoleName="hop", PolicyName="inline")) is None


@pytest.mark.parametrize(
    ("change", "is_last"),
    [
        (taking("RemoveUserFromGroup", GroupName="keepers"), True),
        (
            taking("DetachGroupPolicy", "", GroupName="keepers", PolicyArn=ADMINISTRATOR),
            True,
        ),
        (taking("DeleteGroupPolicy", "", GroupName="keepers", PolicyName="assume"), False),
        (taking("RemoveUserFromGroup", GroupName="others"), False),
        (taking("RemoveUserFromGroup", "bob", GroupName="keepers"), False),
    ],
)
def test_the_permission_to_assume_it_that_comes_through_a_group(change: Change, is_last: bool) -> None:
    member: User = dataclasses.replace(KEEPER, groups=("keepers", "others"))
    group = Group("keepers", arn("group", "keepers"), "/", None, (ADMINISTRATOR,), ())
    others = Group(
        "others",
        arn("group", "others"),
        "/",
        None,
        (),
        (PolicyDocument("s3", document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})),),
    )
    snapshot = account(
        glass(trust=[trusting(ROOT)]), member, user("bob"), rows=(keeper(password=True),), groups=(group, others)
    )
    assert (loss(snapshot, change) is not None) is is_last


@pytest.mark.parametrize(("count", "said"), [(3, "user u1, user u2 can"), (4, "user u1, user u2 and 1 more can")])
def test_only_some_of_many_users_are_named(count: int, said: str) -> None:
    members = [dataclasses.replace(user(f"u{n}"), groups=("keepers",)) for n in range(count)]
    group = Group("keepers", arn("group", "keepers"), "/", None, (ADMINISTRATOR,), ())
    rows = [row(member.name, password=True) for member in members]
    snapshot = account(glass(trust=[trusting(ROOT)]), *members, rows=rows, groups=(group,))
    detach = taking("DetachGroupPolicy", "", GroupName="keepers", PolicyArn=ADMINISTRATOR)
    assert (loss(snapshot, detach) or "").startswith(f"user u0, {said} use glass")


def test_a_membership_that_lets_nobody_in_may_go_though_credentials_are_not_known() -> None:
    member: User = dataclasses.replace(KEEPER, groups=("others",))
    others = Group("others", arn("group", "others"), "/", None, (), ())
    snapshot = account(BY_KEEPER, member, groups=(others,))
    assert loss(snapshot, taking("RemoveUserFromGroup", GroupName="others")) is None


# By a Deny

DENY_ALL: t.Final = document({"Effect": "Deny", "Action": "*", "Resource": "*"})
WITHOUT_MFA: t.Final = document(
    {
        "Effect": "Deny",
        "NotAction": "iam:*",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
)


@pytest.mark.parametrize(
    ("change", "has_mfa", "is_last"),
    [
        (taking("AddUserToGroup", GroupName="quarantine"), True, True),
        # Names of IAM are the same whatever their case.
        (taking("AddUserToGroup", "KEEPER", GroupName="QUARANTINE"), True, True),
        (taking("AddUserToGroup", GroupName="team"), True, False),
        (taking("AttachUserPolicy", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll"), True, True),
        # A policy of AWS's own that is attached nowhere yet was not read.
        (taking("AttachUserPolicy", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"), True, False),
        (taking("AttachGroupPolicy", "", GroupName="team", PolicyArn=ADMINISTRATOR), True, False),
        (taking("PutGroupPolicy", "", GroupName="team", PolicyName="mfa", PolicyDocument=WITHOUT_MFA), False, True),
        (taking("PutGroupPolicy", "", GroupName="team", PolicyName="mfa", PolicyDocument=WITHOUT_MFA), True, False),
        (taking("PutUserPolicy", "bob", PolicyName="deny", PolicyDocument=DENY_ALL), True, False),
    ],
)
def test_a_deny_takes_the_last_way_too(change: Change, has_mfa: bool, is_last: bool) -> None:
    quarantine = Group("quarantine", arn("group", "quarantine"), "/", None, (), (PolicyDocument("deny", DENY_ALL),))
    team = Group("team", arn("group", "team"), "/", None, (), ())
    member = dataclasses.replace(KEEPER, groups=("team",))
    rows = (row("keeper", password=True, mfa=has_mfa),)
    snapshot = account(BY_KEEPER, member, user("bob"), rows=rows, groups=(quarantine, team))
    assert (loss(snapshot, change) is not None) is is_last


@pytest.mark.parametrize("effect", ["Deny", "Allow"])
def test_a_deny_of_a_group_that_the_plan_makes_takes_the_last_way_too(effect: str) -> None:
    rescue = Rescue(account(BY_KEEPER, KEEPER, rows=(keeper(password=True),)))
    policy = json.dumps(document({"Effect": effect, "Action": "*", "Resource": "*"}))
    for change in (
        taking("CreateGroup", "", GroupName="New"),
        taking("PutGroupPolicy", "", GroupName="new", PolicyName="all", PolicyDocument=policy),
    ):
        assert rescue.loss(change) is None
        rescue.expect(change)
    assert (rescue.loss(taking("AddUserToGroup", GroupName="New")) is not None) is (effect == "Deny")


def test_a_permission_that_moves_to_a_group_of_the_plan_is_no_loss() -> None:
    own = dataclasses.replace(KEEPER, attached_policies=(ADMINISTRATOR,))
    rescue = Rescue(account(glass(trust=[trusting(ROOT)]), own, rows=(keeper(password=True),)))
    detach = taking("DetachUserPolicy", PolicyArn=ADMINISTRATOR)
    assert rescue.loss(detach) is not None
    rescue.expect(taking("CreateGroup", "", GroupName="people", Path="/teams/"))
    rescue.expect(taking("AttachGroupPolicy", "", GroupName="people", PolicyArn=ADMINISTRATOR))
    rescue.expect(taking("AddUserToGroup", GroupName="people"))
    assert rescue.loss(detach) is None


# The credential report may be four hours old


class Live:
    """What users sign in with now, and of whom that was asked."""

    def __init__(self, *rows: CredentialRow) -> None:
        self.asked: list[str] = []
        self._rows = {row.user: row for row in rows}

    def __call__(self, one: User) -> t.Optional[CredentialRow]:
        self.asked.append(one.name)
        return self._rows.get(one.name)


@pytest.mark.parametrize(
    ("change", "now", "is_last"),
    [
        (DEACTIVATE, [row("keeper", keys=[True]), row("second")], True),
        (DEACTIVATE, [row("keeper", keys=[True]), row("second", password=True)], False),
        # The password of the report is gone.
        (DEACTIVATE, [row("keeper", keys=[True]), row("second", keys=[False])], True),
        (DEACTIVATE, [row("keeper", keys=[True], password=True), row("second")], False),
        # Of two keys in the report the other one is inactive by now.
        (DEACTIVATE, [row("keeper", keys=[True, False]), row("second")], True),
        (DEACTIVATE, [row("keeper", keys=[True, True]), row("second")], False),
        # Nothing can be read of them.
        (DEACTIVATE, [row("keeper", keys=[True])], True),
        (DEACTIVATE, [row("second", password=True)], False),
        # The keeper has nothing to lose any more.
        (taking("DeleteAccessKey", status="Inactive"), [row("keeper", keys=[False]), row("second")], False),
    ],
)
def test_what_users_sign_in_with_now_counts(change: Change, now: list[CredentialRow], is_last: bool) -> None:
    reported = (row("keeper", password=True, keys=[True, True]), row("second", password=True))
    snapshot = account(BY_TWO, KEEPER, user("second"), rows=reported)
    assert loss(snapshot, change) is None
    assert (Rescue(snapshot, (), Live(*now)).loss(change) is not None) is is_last


def test_changes_of_the_plan_are_taken_off_what_users_sign_in_with_now() -> None:
    snapshot = account(BY_KEEPER, KEEPER, rows=(keeper(keys=[True]),))
    rescue = Rescue(snapshot, (), Live(keeper(password=True, keys=[True])))
    assert rescue.loss(PASSWORD) is None
    rescue.expect(PASSWORD)
    assert "user keeper can use glass" in (rescue.loss(DEACTIVATE) or "")


def test_only_users_who_are_let_in_are_asked_for_what_they_sign_in_with_now() -> None:
    rows = (keeper(password=True), row("bob", password=True))
    live = Live(*rows)
    assert Rescue(account(BY_KEEPER, KEEPER, user("bob"), rows=rows), (), live).loss(PASSWORD) is not None
    assert set(live.asked) == {"keeper"}


def test_break_glass_that_lost_its_last_user_since_the_report_does_not_count() -> None:
    snapshot = account(BY_KEEPER, KEEPER, rows=(keeper(password=True),))
    assert Rescue(snapshot).objection(attach()) is None
    assert "can be used by nobody" in (Rescue(snapshot, (), Live(keeper())).objection(attach()) or "")
