# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passwords of others, and the roles that let strangers in, which an intruder can have left."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Role, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.doors.judge import (
    Door,
    describe,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.doors.observe import (
    OPERATIONS,
    read_doors,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.makers import Makers

from ...._account.fakes import gather
from ..accounts import HOME, NOW, PROD, USER, allow, arn, make_role, make_snapshot, make_user, policy, trust

STRANGER: t.Final = "999988887777"
SINCE: t.Final = NOW - timedelta(days=1)
MADE: t.Final = NOW - timedelta(hours=2)
BACK: t.Final = arn(HOME, "support-readonly")
VICTIM: t.Final = arn(HOME, "victim", "user")
OTHER: t.Final = arn(HOME, "deployer", "user")
ADMIN: t.Final = ("arn:aws:iam::aws:policy/AdministratorAccess",)
Row = dict[str, t.Any]


def event(name: str, at: datetime = MADE, caller: str = USER, **request: str) -> Row:
    record = {
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "IAMUser", "arn": caller, "principalId": "AIDA"},
        "requestParameters": request,
    }
    return {"CloudTrailEvent": json.dumps(record)}


class Account:
    """An account with events, and with the moments at which passwords were made."""

    home_region = "us-east-1"

    def __init__(self, *events: Row, passwords: t.Optional[dict[str, datetime]] = None, error: bool = False) -> None:
        self.events, self.passwords, self.error = events, passwords or {}, error
        self.asked: list[str] = []
        self.providers: dict[str, datetime] = {}
        #: The call of which there are more events than are read.
        self.flooded = ""

    def call(self, service: str, operation: str, asked: Row) -> Row:
        assert f"{service}:{operation}" in OPERATIONS.reads
        self.asked.append(asked.get("UserName", operation))
        if self.error:
            raise AccessDenied("no", service="iam", operation=operation)
        if operation == "ListSAMLProviders":
            return {"SAMLProviderList": [{"Arn": arn, "CreateDate": at} for arn, at in self.providers.items()]}
        if operation == "GetOpenIDConnectProvider":
            if (provider := asked["OpenIDConnectProviderArn"]) not in self.providers:
                raise NotFound("none", service="iam", operation=operation)
            return {"CreateDate": self.providers[provider]}
        if asked["UserName"] not in self.passwords:
            raise NotFound("none", service="iam", operation="GetLoginProfile")
        return {"LoginProfile": {"CreateDate": self.passwords[asked["UserName"]]}}

    def pages(self, service: str, operation: str, _key: str, asked: Row, **more: t.Any) -> Iterator[Row]:
        assert f"{service}:{operation}" in OPERATIONS.reads
        # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: MaxResults is at most 50.
        assert more == {"region": self.home_region, "page_size": 50} and asked["StartTime"] == SINCE
        if self.error:
            raise AccessDenied("no", service="cloudtrail", operation="LookupEvents")
        name = asked["LookupAttributes"][0]["AttributeValue"]
        answer = {"Events": [one for one in self.events if json.loads(one["CloudTrailEvent"])["eventName"] == name]}
        yield from [{**answer, "NextToken": "more"}] * 9 if name == self.flooded else [answer]

    def gather(self, calls: t.Mapping[str, t.Callable[[], t.Any]], **_more: t.Any) -> Row:
        return gather(calls)


def made(role: Role, at: datetime = MADE) -> Role:
    return dataclasses.replace(role, created=at)


def read(
    account: Account,
    *roles: Role,
    may: str = "iam:*",
    victims: t.Sequence[str] = ("victim",),
    **fields: t.Any,
) -> tuple[tuple[Door, ...], tuple[str, ...]]:
    source = make_user(HOME, "ci-deploy", {"own": policy(allow("*", action=may))})
    others = (make_user(HOME, name) for name in victims)
    snapshot = make_snapshot(HOME, users=(source, *others), roles=roles, **fields)
    makers = Makers(Permissions(snapshot), [USER])
    inventory = {HOME, PROD}
    access: t.Any = account
    return read_doors(access, snapshot, makers, [USER], since=SINCE, denied=[USER], inventory=inventory)


@pytest.mark.parametrize(
    ("entry", "let_in", "are_strangers"),
    [
        (trust(STRANGER), STRANGER, True),
        (trust(f"arn:aws:iam::{STRANGER}:root"), f"arn:aws:iam::{STRANGER}:root", True),
        (trust("*"), "*", True),
        (trust("accounts.google.com", kind="Federated"), "accounts.google.com", True),
        # An intruder who has other principals of ours comes back by these.
        (trust(f"arn:aws:iam::{PROD}:root"), f"arn:aws:iam::{PROD}:root", False),
        (trust(HOME), HOME, False),
        # Code that it has left there runs with the role.
        (trust("lambda.amazonaws.com", kind="Service"), "lambda.amazonaws.com", False),
        # A principal that is gone.
        (trust("AROAEXAMPLEEXAMPLE123"), "", False),
    ],
)
def test_a_new_role_is_named_before_any_event(entry: Row, let_in: str, are_strangers: bool) -> None:
    found, unread = read(Account(), made(make_role(HOME, "support-readonly", entry, attached=ADMIN)))
    assert unread == ()
    assert [(door.arn, door.lets_in, door.is_administrator, door.maker, door.are_strangers) for door in found] == (
        [(BACK, (let_in,), True, "", are_strangers)] if let_in else []
    )


def test_who_came_in_by_a_door_opens_others() -> None:
    """What a role of the intruder makes is the intruder's, as often as it goes on so."""
    first, last = (f"arn:aws:iam::{HOME}:role/{name}" for name in ("first", "last"))
    roles = [
        made(make_role(HOME, name, trust("lambda.amazonaws.com", kind="Service")))
        for name in ("first", "second", "last", "of-a-colleague")
    ]
    events = [
        event("CreateRole", caller=USER, roleName="first"),
        event("CreateRole", caller=first, roleName="second"),
        event("CreateRole", caller=f"arn:aws:iam::{HOME}:role/second", roleName="last"),
        event("UpdateLoginProfile", caller=last, userName="victim"),
        event("CreateRole", caller=OTHER, roleName="of-a-colleague"),
    ]
    found, _unread = read(Account(*events), *roles)
    assert [door.arn.rpartition("/")[2] for door in found] == ["first", "last", "second", "victim"]
    assert {door.maker for door in found if door.arn == VICTIM} == {last}


@pytest.mark.parametrize(
    ("caller", "maker"),
    # What somebody else made is theirs.
    [(USER, [USER]), (OTHER, [])],
)
def test_the_event_says_who_made_it(caller: str, maker: list[str]) -> None:
    role = made(make_role(HOME, "support-readonly", trust(STRANGER)))
    passwords = {"victim": MADE}
    events = [event("CreateRole", caller=caller, roleName=role.name)]
    events += [event("CreateLoginProfile", caller=caller, userName="victim")]
    found, _unread = read(Account(*events, passwords=passwords), role)
    assert [door.maker for door in found] == maker * 2


@pytest.mark.parametrize("name", ["CreateRole", "UpdateAssumeRolePolicy"])
def test_a_call_that_failed_changed_nothing(name: str) -> None:
    role = made(make_role(HOME, "vendor", trust(STRANGER)), SINCE - timedelta(days=9))
    row = event("UpdateAssumeRolePolicy", roleName="vendor")
    failed = {"CloudTrailEvent": json.dumps({**json.loads(row["CloudTrailEvent"]), "errorCode": "AccessDenied"})}
    assert read(Account(failed), role) == ((), ())
    # An event that can't be read, and one that made a role of this name which was deleted since.
    assert read(Account({"CloudTrailEvent": json.dumps({"eventName": name})}), role)[0] == ()
    assert read(Account(event("CreateRole", roleName="vendor")), role)[0] == ()


def test_an_old_role_counts_if_its_trust_policy_was_changed_by_the_incident() -> None:
    role = made(make_role(HOME, "vendor", trust(STRANGER)), SINCE - timedelta(days=9))
    assert read(Account(), role) == ((), ())
    for caller, count in ((USER, 1), (OTHER, 0)):
        found, _unread = read(Account(event("UpdateAssumeRolePolicy", caller=caller, roleName="vendor")), role)
        assert [door.is_changed for door in found] == [True] * count


@pytest.mark.parametrize("kind", ["oidc-provider/id.builds.example", "saml-provider/people"])
@pytest.mark.parametrize(("at", "count"), [(MADE, 1), (SINCE, 1), (SINCE - timedelta(seconds=1), 0)])
def test_an_old_role_that_lets_in_a_new_provider_is_named_before_any_event(kind: str, at: datetime, count: int) -> None:
    provider = f"arn:aws:iam::{HOME}:{kind}"
    old = SINCE - timedelta(days=9)
    role = made(make_role(HOME, "support-readonly", trust(provider, kind="Federated")), old)
    other = made(make_role(HOME, "vendor", trust(STRANGER)), old)
    account = Account()
    account.providers[provider] = at
    found, unread = read(account, role, other)
    assert unread == ()
    assert [(door.arn, door.made, door.lets_in) for door in found] == [(BACK, at, (provider,))] * count
    assert all(door.is_changed for door in found)
    # Only what is a provider of the account is asked for.
    assert account.asked == ["victim", "ListSAMLProviders" if "saml" in kind else "GetOpenIDConnectProvider"]


@pytest.mark.parametrize("more", [0, 1])
def test_of_many_providers_some_are_not_looked_at_and_counted(more: int) -> None:
    old = SINCE - timedelta(days=9)
    providers = [f"arn:aws:iam::{HOME}:oidc-provider/id{number}.example" for number in range(100 + more)]
    roles = [made(make_role(HOME, f"role-{n}", trust(arn, kind="Federated")), old) for n, arn in enumerate(providers)]
    account = Account()
    account.providers = dict.fromkeys(providers, MADE)
    found, unread = read(account, *roles)
    assert len(found) == 100
    assert unread == ((f"{more} more identity providers were not looked at",) if more else ())


def test_an_old_role_of_aws_and_one_without_a_date() -> None:
    provider = f"arn:aws:iam::{HOME}:saml-provider/people"
    role = make_role(HOME, "support-readonly", trust(provider, kind="Federated"))
    account = Account()
    account.providers[provider] = MADE
    undated = dataclasses.replace(role, created=None)
    assert [door.arn for door in read(account, undated)[0]] == [BACK]
    # Nobody but AWS changes these.
    assert read(account, dataclasses.replace(undated, path="/aws-reserved/sso.amazonaws.com/"))[0] == ()


@pytest.mark.parametrize(("caller", "maker"), [(USER, [USER]), (OTHER, [])])
def test_the_event_says_who_let_a_new_provider_in(caller: str, maker: list[str]) -> None:
    provider = f"arn:aws:iam::{HOME}:oidc-provider/id.builds.example"
    role = made(make_role(HOME, "support-readonly", trust(provider, kind="Federated")), SINCE - timedelta(days=9))
    account = Account(event("UpdateAssumeRolePolicy", caller=caller, roleName=role.name))
    account.providers[provider] = MADE
    assert [door.maker for door in read(account, role)[0]] == maker


def test_a_change_by_a_colleague_hides_nobody_who_was_made_after_it() -> None:
    provider = f"arn:aws:iam::{HOME}:oidc-provider/id.builds.example"
    role = made(make_role(HOME, "support-readonly", trust(provider, kind="Federated")), SINCE - timedelta(days=9))
    for minutes, count in ((-1, 1), (0, 0), (1, 0)):
        at = MADE + timedelta(minutes=minutes)
        events = [event("UpdateAssumeRolePolicy", when, OTHER, roleName=role.name) for when in (at, SINCE)]
        account = Account(*events)
        account.providers[provider] = MADE
        found, _unread = read(account, role)
        assert [(door.made, door.maker, door.are_new) for door in found] == [(MADE, "", True)] * count


def test_an_old_role_that_lets_in_a_new_role_is_named() -> None:
    """IAM keeps a role in a trust policy by its unique id, so what lets it in was written since."""
    old = made(make_role(HOME, "support-readonly", trust(arn(HOME, "new"))), SINCE - timedelta(days=9))
    new = made(make_role(HOME, "new", trust("lambda.amazonaws.com", kind="Service")))
    found, _unread = read(Account(), old, new)
    assert [(door.arn, door.lets_in) for door in found] == [
        (new.arn, ("lambda.amazonaws.com",)),
        (BACK, (new.arn,)),
    ]
    # A colleague made it, and another one let it in.
    events = [
        event("CreateRole", caller=OTHER, roleName="new"),
        event("UpdateAssumeRolePolicy", caller=OTHER, roleName=old.name),
    ]
    assert read(Account(*events), old, new)[0] == ()


def test_providers_are_read_only_where_a_trust_policy_may_have_been_changed() -> None:
    provider = f"arn:aws:iam::{HOME}:oidc-provider/id.builds.example"
    role = made(make_role(HOME, "support-readonly", trust(provider, kind="Federated")), SINCE - timedelta(days=9))
    account = Account()
    account.providers[provider] = MADE
    assert read(account, role, may="iam:CreateAccessKey") == ((), ()) and account.asked == []
    assert len(read(account, role, may="iam:UpdateAssumeRolePolicy")[0]) == 1
    # It was deleted since: nobody comes in by it.
    account.providers.clear()
    assert read(account, role) == ((), ())


def test_providers_that_can_not_be_read_are_not_known() -> None:
    providers = [f"arn:aws:iam::{HOME}:{name}" for name in ("oidc-provider/id.builds.example", "saml-provider/people")]
    roles = [make_role(HOME, name[-6:], trust(name, kind="Federated")) for name in providers]
    _found, unread = read(Account(error=True), *(made(role, SINCE - timedelta(days=9)) for role in roles))
    assert [fact.partition(" is not known: ")[0] for fact in unread][1:3] == [
        "whether 1 identity providers are new",
        "whether SAML providers are new",
    ]


def test_an_answer_that_does_not_parse_is_not_known_and_ends_no_run() -> None:
    providers = [f"arn:aws:iam::{HOME}:{name}" for name in ("oidc-provider/id.builds.example", "saml-provider/people")]
    roles = [make_role(HOME, name[-6:], trust(name, kind="Federated")) for name in providers]
    nothing: t.Any = None
    account = Account(passwords={"victim": nothing})
    account.providers = dict.fromkeys(providers, nothing)
    found, unread = read(account, *(made(role, SINCE - timedelta(days=9)) for role in roles))
    assert found == ()
    assert [fact.partition(" is not known: ")[0] for fact in unread] == [
        "whether 1 users have a new password",
        "whether 1 identity providers are new",
        "whether SAML providers are new",
    ]
    assert all("does not parse" in fact for fact in unread)


def test_an_old_role_that_lets_in_a_session_of_a_new_role_is_named() -> None:
    # ARNs of sessions carry no path.
    session = f"arn:aws:sts::{HOME}:assumed-role/new/me"
    old = made(make_role(HOME, "support-readonly", trust(session)), SINCE - timedelta(days=9))
    new = dataclasses.replace(made(make_role(HOME, "new", trust(HOME))), arn=f"arn:aws:iam::{HOME}:role/apps/new")
    found, _unread = read(Account(), old, new)
    assert [(door.arn, door.lets_in) for door in found if door.are_new] == [(BACK, (session,))]


def test_who_may_make_no_role_and_no_password_made_none() -> None:
    role = made(make_role(HOME, "support-readonly", trust(STRANGER)))
    account = Account(passwords={"victim": MADE})
    assert read(account, role, may="iam:CreateAccessKey") == ((), ())
    assert account.asked == []
    # The intruder may have lost the right since.
    event_of_it = event("CreateRole", roleName="support-readonly")
    assert len(read(Account(event_of_it), role, may="iam:CreateAccessKey")[0]) == 1


@pytest.mark.parametrize(
    ("may", "named"),
    [
        ("iam:CreateRole", [BACK]),
        ("iam:CreateLoginProfile", [VICTIM]),
        ("iam:Create*", [BACK, VICTIM]),
        ("iam:CreateRoles", []),
    ],
)
def test_each_door_is_named_for_the_call_that_makes_it(may: str, named: list[str]) -> None:
    role = made(make_role(HOME, "support-readonly", trust(STRANGER)))
    found, _unread = read(Account(passwords={"victim": MADE}), role, may=may)
    assert [door.arn for door in found] == named


def test_a_new_password_of_another_user_is_named() -> None:
    account = Account(passwords={"victim": MADE, "ci-deploy": MADE})
    found, _unread = read(account)
    assert [(door.arn, door.made) for door in found] == [(VICTIM, MADE)]
    # Its own is denied with the user.
    assert account.asked == ["victim"]
    assert read(Account(passwords={"victim": SINCE - timedelta(days=1)})) == ((), ())
    # AWS tells nothing of an old password that was set again.
    again = Account(event("UpdateLoginProfile", userName="victim"), passwords={"victim": SINCE - timedelta(days=1)})
    assert [door.maker for door in read(again)[0]] == [USER]
    # A new one that was set again is one door.
    twice = Account(event("UpdateLoginProfile", userName="victim"), passwords={"victim": MADE})
    assert [(door.arn, door.maker) for door in read(twice)[0]] == [(VICTIM, USER)]


@pytest.mark.parametrize("more", [0, 1, 2])
def test_of_many_users_some_are_not_looked_at_and_counted(more: int) -> None:
    account = Account()
    _found, unread = read(account, victims=[f"user-{number}" for number in range(100 + more)])
    assert len(account.asked) == 100
    assert unread == ((f"the passwords of {more} more users were not looked at",) if more else ())


def test_of_an_account_that_was_not_read_no_door_is_looked_for() -> None:
    denied = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "not allowed")
    account = Account(passwords={"victim": MADE})
    assert read(account, unread=(denied,)) == ((), ()) and account.asked == []


def test_what_can_not_be_read_is_not_known_and_hides_no_role() -> None:
    role = made(make_role(HOME, "support-readonly", trust(STRANGER)))
    found, unread = read(Account(error=True), role)
    assert [door.arn for door in found] == [BACK]
    assert (
        len(unread) == 2 and "CreateLoginProfile, UpdateLoginProfile, CreateRole, UpdateAssumeRolePolicy" in unread[1]
    )


@pytest.mark.parametrize("call", ["CreateLoginProfile", "UpdateLoginProfile", "CreateRole", "UpdateAssumeRolePolicy"])
def test_more_calls_than_are_read_leave_it_open_what_was_done(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An intruder may call it so often that the call that opened a door is none of the newest."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    account = Account(event(call, caller=OTHER, roleName="x", userName="x"))
    account.flooded = call
    _found, unread = read(account)
    (fact,) = unread
    assert fact == f"only the newest 100 events of {call} were read, so it is not known who else called it"
    assert len(waited) == 1


def test_a_door_is_described_with_the_entry_that_contains_it() -> None:
    row = describe(Door(BACK, MADE, (STRANGER,), is_administrator=True), SINCE)
    assert row["principal"] == BACK and "an administrator that lets in 999988887777" in row["reason"]
    assert f'{{arn: "{BACK}", cut: all_sessions}}' in row["next_step"]
    assert "the role was made at 2026-11-27T08:05:00Z after 2026-11-26T10:05:00Z; no event says yet" in row["reason"]
    # A role that was there before may have others who need it.
    changed = describe(Door(BACK, MADE, (STRANGER, "*"), is_changed=True, are_strangers=True), SINCE)
    assert "its trust policy was changed at 2026-11-27T08:05:00Z" in changed["reason"]
    assert ": it lets in 999988887777, *, which the run does not know" in changed["reason"]
    assert f'cut: trust, principal: "{STRANGER}", restore: false}}' in changed["next_step"]
    ours = describe(Door(BACK, MADE, ("lambda.amazonaws.com",), is_changed=True), SINCE)
    assert ours["reason"].endswith(": it lets in lambda.amazonaws.com") and "cut: all_sessions" in ours["next_step"]
    new = describe(Door(BACK, MADE, ("arn:x",), is_changed=True, are_new=True), SINCE)
    # A provider that was made again is let in without a change of the trust policy.
    assert new["reason"] == (
        "it was opened at 2026-11-27T08:05:00Z or later; no event says yet who did it: it lets in arn:x, made since"
    )
    assert 'cut: trust, principal: "arn:x", restore: false}' in new["next_step"]
    row = describe(Door(VICTIM, MADE, maker=USER), SINCE)
    assert f"by {USER}, which the incident reaches, and it works" in row["reason"]
    assert f'users of the incident "{VICTIM}"' in row["next_step"]
