# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A break-glass principal counts if somebody can use it, and if it may undo the change before and after it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    ControlPolicy,
    CredentialReport,
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    Organization,
    PolicyDocument,
    PolicyLevel,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.break_glass import FACTS, Rescue, facts_needed
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo

from .fakes import ACCOUNT, NOW

ADMIN: t.Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ROOT: t.Final = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/developer"
NEW: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/new"
OKTA: t.Final = f"arn:aws:iam::{ACCOUNT}:saml-provider/Okta"
GITHUB: t.Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
PARTNER: t.Final = {"AWS": "arn:aws:iam::999988887777:role/security"}

Statement = dict[str, t.Any]


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def document(*statements: Statement) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def inline(*statements: Statement) -> tuple[PolicyDocument, ...]:
    return (PolicyDocument("inline", document(*statements)),) if statements else ()


def trusting(principal: t.Any, *, action: str = "sts:AssumeRole", **fields: t.Any) -> Statement:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **fields}


def role(name: str, *statements: Statement, trust: t.Sequence[Statement], path: str = "/", **fields: t.Any) -> Role:
    return Role(
        name,
        arn("role", f"{path[1:]}{name}"),
        path,
        None,
        PolicyDocument("trust", document(*trust)),
        (),
        inline(*statements),
        fields.pop("boundary", None),
        None,
        None,
        **fields,
    )


def user(name: str, *statements: Statement, path: str = "/", **fields: t.Any) -> User:
    where = arn("user", f"{path[1:]}{name}")
    return User(name, where, path, None, (), (), inline(*statements), fields.pop("boundary", None), **fields)


def row(
    name: str, *, password: bool = False, keys: t.Sequence[bool] = (), path: str = "/", mfa: bool = True
) -> CredentialRow:
    found = tuple(AccessKey(slot, active, None, None, None, None) for slot, active in enumerate(keys, start=1))
    where = arn("user", f"{path[1:]}{name}")
    return CredentialRow(name, where, None, password, None, None, None, mfa, found, ())


GLASS_PATH: t.Final = "/iam-hardening/break-glass/"
ANN: t.Final = user("ann", ADMIN)
SERVICE: t.Final = role("app", ADMIN, trust=[trusting({"Service": "ec2.amazonaws.com"})])


def account(*principals: t.Union[User, Role], rows: t.Sequence[CredentialRow] = (), **fields: t.Any) -> Snapshot:
    given: dict[str, t.Any] = {
        "caller": Caller(ACCOUNT, arn("role", "automation"), "AROA"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": (),
        "users": tuple(item for item in principals if isinstance(item, User)),
        "roles": tuple(item for item in principals if isinstance(item, Role)),
        "credential_report": CredentialReport(NOW, None, tuple(rows)),
        "policies": (
            ManagedPolicy(
                BOUNDARY,
                "developer",
                "/",
                PolicyDocument("v1", document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})),
                0,
                0,
                None,
                None,
                False,
            ),
        ),
    }
    return Snapshot(**{**given, **fields})


BY_ANN: t.Final = (trusting({"AWS": arn("user", "ann")}),)


def glass(*statements: Statement, trust: t.Sequence[Statement] = BY_ANN, **fields: t.Any) -> Role:
    return role("glass", *(statements or (ADMIN,)), trust=trust, path=GLASS_PATH, **fields)


def attach(name: str = "dev", kind: str = "role") -> Change:
    """A boundary on a principal."""
    of = kind.capitalize()
    return Change(
        account_id=ACCOUNT,
        region="global",
        service="iam",
        operation=f"Put{of}PermissionsBoundary",
        target=arn(kind, name),
        parameters={f"{of}Name": name, "PermissionsBoundary": BOUNDARY},
        before={"boundary": None},
        after={"boundary": BOUNDARY},
        kind="boundary_attach",
        impact=Impact.NARROWING,
        undo=Undo(f"Delete{of}PermissionsBoundary", {f"{of}Name": name}),
    )


def objection(snapshot: Snapshot, change: t.Optional[Change] = None, *patterns: str) -> t.Optional[str]:
    return Rescue(snapshot, patterns).objection(change or attach())


WITH_ANN: t.Final = (row("ann", password=True),)


def test_a_role_that_somebody_can_assume_and_that_may_undo_counts() -> None:
    assert objection(account(glass(), ANN, rows=WITH_ANN)) is None


def test_without_any_the_account_has_none_and_a_glob_that_matches_nobody_is_named() -> None:
    assert objection(account(ANN)) == "the account has none"
    assert objection(account(ANN), None, "arn:*:role/emergency") == "arn:*:role/emergency matches no user or role"


@pytest.mark.parametrize(
    ("trust", "counts"),
    [
        # A5: a role that nobody can use.
        ([trusting(ROOT), {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}], False),
        ([trusting({"Service": "ec2.amazonaws.com"})], False),
        ([], False),
        ([trusting({"AWS": arn("user", "gone")})], False),
        ([trusting({"AWS": "AIDAEXAMPLEGONE00000"})], False),
        ([trusting({"AWS": arn("user", "ann")}, action="sts:TagSession")], False),
        ([trusting({"AWS": arn("user", "ann")})], True),
        # Somebody of the account who may assume it.
        ([trusting(ROOT)], True),
        ([trusting({"AWS": ACCOUNT})], True),
        ([trusting("*")], True),
        # What who comes brings along.
        ([trusting(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], True),
        ([trusting(ROOT, Condition={"StringEquals": {"sts:ExternalId": "glass"}})], True),
        ([trusting(ROOT, Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})], True),
        ([trusting(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})], False),
        # What nobody has, or what is not known of anybody.
        ([trusting(ROOT, Condition={"StringEquals": {"aws:PrincipalTag/team": "security"}})], False),
        ([trusting(ROOT, Condition={"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}})], False),
        # Somebody elsewhere, who is named.
        ([trusting(PARTNER)], True),
        ([trusting({"AWS": "999988887777"})], True),
        ([trusting(PARTNER, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-acme"}})], False),
        ([trusting(PARTNER), {"Effect": "Deny", "Principal": "*", "Action": "sts:*"}], False),
        # Providers that are there.
        ([trusting({"Federated": OKTA}, action="sts:AssumeRoleWithSAML")], True),
        ([trusting({"Federated": f"{OKTA}-gone"}, action="sts:AssumeRoleWithSAML")], False),
        ([trusting({"Federated": GITHUB}, action="sts:AssumeRoleWithWebIdentity")], True),
        ([trusting({"Federated": "cognito-identity.amazonaws.com"}, action="sts:AssumeRoleWithWebIdentity")], False),
    ],
)
def test_who_can_assume_a_role(trust: list[Statement], counts: bool) -> None:
    snapshot = account(glass(trust=trust), ANN, rows=WITH_ANN, saml_provider_arns=(OKTA,), oidc_provider_arns=(GITHUB,))
    found = objection(snapshot)
    assert (found is None) is counts
    assert counts or "glass can be used by nobody" in (found or "")


def test_the_account_as_a_whole_lets_nobody_in_where_nobody_may_assume_the_role() -> None:
    powerless = account(glass(trust=[trusting(ROOT)]), user("ann"), rows=WITH_ANN)
    assert "can be used by nobody" in (objection(powerless) or "")
    # Who may, has neither password nor key; a role that only a service assumes may come in.
    without = account(glass(trust=[trusting(ROOT)]), ANN, rows=(row("ann"),))
    assert "can be used by nobody" in (objection(without) or "")
    assert objection(account(glass(trust=[trusting(ROOT)]), SERVICE)) is None


def through(name: str, trust: Statement) -> Role:
    return role(name, ADMIN, trust=[trust])


FROM_HERE: t.Final = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
GLASS_ARN: t.Final = arn("role", "iam-hardening/break-glass/glass")


@pytest.mark.parametrize(
    ("others", "counts"),
    [
        # Nobody gets into the other role, or only who is in the first one.
        ([through("one", trusting({"AWS": arn("user", "gone")}))], False),
        ([through("one", trusting({"AWS": GLASS_ARN}))], False),
        ([through("one", trusting({"AWS": arn("role", "two")})), through("two", trusting(ROOT))], False),
        ([through("one", {**trusting({"Service": "ec2.amazonaws.com"}), "Effect": "Deny"})], False),
        # Somebody does, over any number of roles.
        ([through("one", trusting({"AWS": arn("user", "ann")}))], True),
        ([through("one", trusting({"Service": "ec2.amazonaws.com"}))], True),
        ([through("one", trusting({"Service": "ec2.amazonaws.com"}, Condition=FROM_HERE))], True),
        ([through("one", trusting({"Federated": OKTA}, action="sts:AssumeRoleWithSAML"))], True),
        ([through("one", trusting({"Federated": f"{OKTA}-gone"}, action="sts:AssumeRoleWithSAML"))], False),
        ([through("one", trusting({"AWS": arn("role", "two")})), through("two", trusting(PARTNER))], True),
        # The role that reads all this was assumed by somebody.
        ([through("one", trusting(ROOT)), through("automation", trusting(ROOT))], True),
    ],
)
@pytest.mark.parametrize("trust", [{"AWS": arn("role", "one")}, ROOT])
def test_a_role_counts_as_who_comes_in_if_somebody_gets_into_it(
    others: list[Role], counts: bool, trust: dict[str, str]
) -> None:
    powerless = user("ann", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    snapshot = account(glass(trust=[trusting(trust)]), powerless, *others, rows=WITH_ANN, saml_provider_arns=(OKTA,))
    found = objection(snapshot)
    assert found is None if counts else "glass can be used by nobody" in (found or "")


def test_the_organization_lets_somebody_in_where_it_is_known() -> None:
    trust = [trusting("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-acme"}})]
    known = account(glass(trust=trust), organization=Organization("o-acme", "999988887777", "ALL"))
    assert objection(known) is None
    other = account(glass(trust=trust), organization=Organization("o-other", "999988887777", "ALL"))
    assert "can be used by nobody" in (objection(other) or "")
    assert "can be used by nobody" in (objection(account(glass(trust=trust))) or "")


def test_a_provider_that_was_not_read_does_not_count() -> None:
    unread = Unread(Dataset.SAML_PROVIDERS, UnreadKind.DENIED, "denied")
    trust = [trusting({"Federated": OKTA}, action="sts:AssumeRoleWithSAML")]
    snapshot = account(glass(trust=trust), saml_provider_arns=(OKTA,), unread=(unread,))
    assert "can be used by nobody" in (objection(snapshot) or "")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((row("breaker", password=True, path=GLASS_PATH),), None),
        ((row("breaker", keys=[False, True], path=GLASS_PATH),), None),
        ((row("breaker", keys=[False], path=GLASS_PATH),), "without a password or active access key"),
        ((), "not known whether it has a password"),
    ],
)
def test_a_user_needs_a_password_or_an_active_key(rows: tuple[CredentialRow, ...], said: t.Optional[str]) -> None:
    found = objection(account(user("breaker", ADMIN, path=GLASS_PATH), rows=rows))
    assert found is None if said is None else said in (found or "")


def test_a_row_of_an_earlier_user_of_the_name_says_nothing_of_this_one() -> None:
    breaker = dataclasses.replace(user("breaker", ADMIN, path=GLASS_PATH), created=NOW)
    old = row("breaker", password=True, path=GLASS_PATH)
    assert objection(account(breaker, rows=(dataclasses.replace(old, created=NOW),))) is None
    earlier = dataclasses.replace(old, created=NOW - dt.timedelta(hours=1))
    assert "not known whether it has a password" in (objection(account(breaker, rows=(earlier,))) or "")


WITH_MFA: t.Final = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.mark.parametrize("mfa", [True, False])
def test_a_user_without_mfa_does_not_count_where_mfa_is_needed(mfa: bool) -> None:
    breaker = user("breaker", {**ADMIN, **WITH_MFA}, path=GLASS_PATH)
    found = objection(account(breaker, rows=(row("breaker", password=True, path=GLASS_PATH, mfa=mfa),)))
    assert found is None if mfa else "may not undo it" in (found or "")
    entered = glass(trust=[trusting(ROOT, **WITH_MFA)])
    found = objection(account(entered, ANN, rows=(row("ann", password=True, mfa=mfa),)))
    assert found is None if mfa else "can be used by nobody" in (found or "")


def test_a_user_without_mfa_counts_where_none_is_needed() -> None:
    breaker = user("breaker", ADMIN, path=GLASS_PATH)
    assert objection(account(breaker, rows=(row("breaker", password=True, path=GLASS_PATH, mfa=False),))) is None


@pytest.mark.parametrize(
    ("statements", "boundary", "counts"),
    [
        ((ADMIN,), None, True),
        (({"Effect": "Allow", "Action": "iam:Delete*PermissionsBoundary", "Resource": "*"},), None, True),
        # Another one than the undo needs, on another resource, or denied.
        (({"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"},), None, False),
        (({"Effect": "Allow", "Action": "iam:*", "Resource": arn("role", "other")},), None, False),
        ((ADMIN, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}), None, False),
        # Its own boundary leaves it S3.
        ((ADMIN,), BOUNDARY, False),
        # A boundary that is not known.
        ((ADMIN,), f"{BOUNDARY}-unread", False),
        # On what nobody knows: from where it will be used.
        (
            ({**ADMIN, "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},),
            None,
            False,
        ),
        (({**ADMIN, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},), None, True),
    ],
)
def test_it_must_be_allowed_to_undo_the_change(
    statements: tuple[Statement, ...], boundary: t.Optional[str], counts: bool
) -> None:
    found = objection(account(glass(*statements, boundary=boundary), ANN, rows=WITH_ANN))
    assert (found is None) is counts
    assert counts or "glass may not undo it: iam:DeleteRolePermissionsBoundary on" in (found or "") or boundary


@pytest.mark.parametrize(("on", "counts"), [(arn("user", "*"), False), (arn("group", "teams/admins"), True)])
def test_who_brings_somebody_back_into_a_group_must_be_allowed_it_on_the_group(on: str, counts: bool) -> None:
    named = {"UserName": "bob", "GroupName": "admins"}
    leave = dataclasses.replace(
        attach("bob", "user"),
        operation="RemoveUserFromGroup",
        parameters=named,
        before={"group": "admins"},
        after=None,
        undo=Undo("AddUserToGroup", named),
    )
    may = glass({"Effect": "Allow", "Action": "iam:*", "Resource": on})
    admins = Group("admins", arn("group", "teams/admins"), "/teams/", None, (), ())
    found = objection(account(may, ANN, user("bob"), rows=WITH_ANN, groups=(admins,)), leave)
    assert found is None if counts else "iam:AddUserToGroup" in (found or "")


@pytest.mark.parametrize(
    ("key", "parameter"), [("iam:PolicyARN", "PolicyArn"), ("iam:PermissionsBoundary", "PermissionsBoundary")]
)
@pytest.mark.parametrize(("allowed", "counts"), [(BOUNDARY, True), (f"{BOUNDARY}-other", False)])
def test_what_the_undo_names_decides_where_a_policy_asks_for_it(
    key: str, parameter: str, allowed: str, counts: bool
) -> None:
    only = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"ArnEquals": {key: allowed}}}
    undone = dataclasses.replace(attach(), undo=Undo("Undo", {"RoleName": "dev", parameter: BOUNDARY}))
    assert (objection(account(glass(only), ANN, rows=WITH_ANN), undone) is None) is counts


def test_what_has_to_be_read_is_part_of_a_snapshot() -> None:
    fields = {field.name for field in dataclasses.fields(Snapshot)}
    assert set(FACTS.values()) <= fields
    assert FACTS[Dataset.SAML_PROVIDERS] != FACTS[Dataset.OIDC_PROVIDERS]


@pytest.mark.parametrize(("but", "counts"), [([arn("user", "eve")], True), ([arn("user", "ann"), ROOT["AWS"]], False)])
def test_a_trust_in_all_but_some_lets_the_others_in(but: list[str], counts: bool) -> None:
    trust = [{"Effect": "Allow", "NotPrincipal": {"AWS": but}, "Action": "sts:AssumeRole"}]
    assert (objection(account(glass(trust=trust), ANN, rows=WITH_ANN)) is None) is counts


def test_a_role_without_policies_does_not_count() -> None:
    empty = dataclasses.replace(glass(), inline_policies=())
    assert "glass may not undo it" in (objection(account(empty, ANN, rows=WITH_ANN)) or "")


def test_it_must_still_work_once_the_change_is_made() -> None:
    """The boundary is for the one user who could use the role."""
    snapshot = account(glass(trust=[trusting(ROOT)]), ANN, rows=WITH_ANN)
    assert objection(snapshot, attach()) is None
    found = objection(snapshot, attach("ann", "user"))
    assert found is not None and found.endswith("known to exist once it is made")


def test_the_changes_before_it_count() -> None:
    """Two users could use the role: a boundary on either one is fine, on both it is not."""
    bob = user("bob", ADMIN)
    snapshot = account(glass(trust=[trusting(ROOT)]), ANN, bob, rows=(*WITH_ANN, row("bob", keys=[True])))
    rescue = Rescue(snapshot)
    assert rescue.objection(attach("bob", "user")) is None
    rescue.expect(attach("ann", "user"))
    assert "once it is made" in (rescue.objection(attach("bob", "user")) or "")
    assert Rescue(snapshot).objection(attach("bob", "user")) is None


def create(*statements: Statement) -> Change:
    """A managed policy that the account has not."""
    text = document(*statements)
    return dataclasses.replace(
        attach(),
        operation="CreatePolicy",
        target=NEW,
        parameters={"PolicyName": "new", "Path": "/", "PolicyDocument": json.dumps(text)},
        before=None,
        after={"document": text},
        kind="boundary_policy_create",
        impact=Impact.ADDITIVE,
        undo=Undo("DeletePolicy", {"PolicyArn": NEW}),
    )


@pytest.mark.parametrize(("allowed", "counts"), [("s3:*", False), ("*", True)])
def test_a_boundary_that_the_same_plan_creates_counts_by_what_it_says(allowed: str, counts: bool) -> None:
    """It is for the one user who could use the role."""
    rescue = Rescue(account(glass(trust=[trusting(ROOT)]), ANN, rows=WITH_ANN))
    made = create({**ADMIN, "Action": allowed})
    assert rescue.objection(made) is None
    rescue.expect(made)
    put = attach("ann", "user")
    bound = dataclasses.replace(put, parameters={**put.parameters, "PermissionsBoundary": NEW})
    found = rescue.objection(bound)
    assert found is None if counts else found and found.endswith("known to exist once it is made")


def test_who_has_a_boundary_that_was_not_read_lets_nobody_count_on_them() -> None:
    ann = dataclasses.replace(ANN, boundary=NEW)
    assert "can be used by nobody" in (objection(account(glass(trust=[trusting(ROOT)]), ann, rows=WITH_ANN)) or "")


def test_one_that_works_is_enough_and_all_are_named_where_none_does() -> None:
    dead = role("dead", ADMIN, trust=[trusting({"Service": "ec2.amazonaws.com"})], path=GLASS_PATH)
    assert objection(account(dead, glass(), ANN, rows=WITH_ANN)) is None
    found = objection(account(dead, glass(trust=[]), ANN, rows=WITH_ANN)) or ""
    assert "dead can be used" in found and "glass can be used" in found


def test_users_and_roles_that_were_not_read() -> None:
    unread = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "no permission")
    assert objection(account(unread=(unread,))) == "users and roles are not known: no permission"


# The policies of the organization are needed for any break-glass principal.
POLICIES: t.Final = {Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES}


@pytest.mark.parametrize(
    ("principal", "needed"),
    [
        (user("breaker", path=GLASS_PATH), {Dataset.CREDENTIAL_REPORT}),
        (glass(trust=[trusting(ROOT)]), {Dataset.CREDENTIAL_REPORT}),
        (glass(trust=[trusting(PARTNER)]), set()),
        (glass(trust=[trusting("*")]), {Dataset.CREDENTIAL_REPORT}),
        (glass(trust=[trusting({"Federated": OKTA})]), {Dataset.SAML_PROVIDERS}),
        (glass(trust=[trusting({"Federated": GITHUB})]), {Dataset.OIDC_PROVIDERS}),
        (glass(trust=[{**trusting("*"), "Effect": "Deny"}]), set()),
        (ANN, set()),
    ],
)
def test_what_has_to_be_read_to_say_who_can_use_it(principal: t.Union[User, Role], needed: set[Dataset]) -> None:
    of_organization = set() if principal is ANN else POLICIES
    assert facts_needed(account(principal), ()) == needed | of_organization


def test_the_providers_of_the_roles_that_lead_to_it_have_to_be_read() -> None:
    way = through("one", trusting({"Federated": OKTA}, action="sts:AssumeRoleWithSAML"))
    needed = facts_needed(account(glass(trust=[trusting({"AWS": way.arn})]), way), ())
    assert needed == {Dataset.CREDENTIAL_REPORT, Dataset.SAML_PROVIDERS} | POLICIES


def test_the_moment_of_the_snapshot_decides_on_a_trust_that_ends() -> None:
    until = (NOW + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    trust = [trusting(ROOT, Condition={"DateLessThan": {"aws:CurrentTime": until}})]
    assert objection(account(glass(trust=trust), ANN, rows=WITH_ANN)) is None
    later = account(glass(trust=trust), ANN, rows=WITH_ANN, observed_at=NOW + dt.timedelta(days=2))
    assert "can be used by nobody" in (objection(later) or "")


# The organization

FULL: t.Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def under(*statements: Statement, text: t.Any = None) -> dict[str, t.Any]:
    """A policy that is attached to the account, which is a member."""
    content = document(*statements) if text is None else text
    policy = ControlPolicy("p-1", "guardrail", "SERVICE_CONTROL_POLICY", PolicyDocument("guardrail", content))
    return {
        "organization": Organization("o-acme", "999988887777", "ALL"),
        "organization_policies": (PolicyLevel(ACCOUNT, ACCOUNT, (policy,), ()),),
    }


@pytest.mark.parametrize(("action", "counts"), [("iam:Delete*", False), ("s3:*", True)])
def test_an_scp_may_keep_it_from_undoing_a_change(action: str, counts: bool) -> None:
    snapshot = account(glass(), ANN, rows=WITH_ANN, **under(FULL, {**FULL, "Effect": "Deny", "Action": action}))
    found = objection(snapshot)
    assert found is None if counts else "glass may not undo it" in (found or "")
    assert Rescue(snapshot).unread_policies is None


def test_policies_that_were_not_read_are_named_and_it_counts_all_the_same() -> None:
    unread = Unread(Dataset.ORGANIZATION_POLICIES, UnreadKind.DENIED, "not for members")
    snapshot = account(glass(), ANN, rows=WITH_ANN, unread=(unread,))
    assert objection(snapshot) is None
    assert Rescue(snapshot).unread_policies == "not for members"
    # Without a break-glass principal nothing rests on them.
    assert Rescue(account(ANN, rows=WITH_ANN, unread=(unread,))).unread_policies is None


def test_a_policy_that_does_not_parse_is_named() -> None:
    snapshot = account(glass(), ANN, rows=WITH_ANN, **under(text={"Statement": "rubbish"}))
    assert Rescue(snapshot).unread_policies == "guardrail: not parsable"


# The message


def test_only_some_of_many_are_named() -> None:
    dead = [role(f"dead-{n}", ADMIN, trust=[], path=GLASS_PATH) for n in range(4)]
    assert (objection(account(*dead)) or "").endswith("; and 1 more")
    assert "more" not in (objection(account(*dead[:3])) or "more")


def test_one_that_does_not_work_today_is_not_said_to_break_by_the_change() -> None:
    found = objection(account(glass(trust=[]), ANN, rows=WITH_ANN)) or ""
    assert found.endswith("allows no principal that is known to exist")


def test_those_that_could_help_lack_nothing() -> None:
    dead = role("dead", ADMIN, trust=[], path=GLASS_PATH)
    lacks = Rescue(account(glass(), dead, ANN, rows=WITH_ANN)).lacks()
    assert list(lacks) == [dead.arn]
