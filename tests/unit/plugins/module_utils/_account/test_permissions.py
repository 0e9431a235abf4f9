# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of each principal, out of a snapshot."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import permissions
from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    ControlPolicy,
    PolicyDocument,
    PolicyLevel,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import SubjectKind
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers

from .._controls.samples import (
    ADMIN,
    EVERYTHING,
    allow,
    arn,
    document,
    group,
    key,
    make_broken_document,
    policy,
    report,
    role,
    row,
    snapshot,
    trust,
    user,
)

READ = allow("s3:GetObject")
LINKED = {"name": "AWSServiceRoleForX", "path": "/aws-service-role/x.amazonaws.com/"}


def control(name: str, *statements: t.Any, kind: str = "SERVICE_CONTROL_POLICY", text: t.Any = None) -> ControlPolicy:
    return ControlPolicy(f"p-{name}", name, kind, text or document(*statements, name=name))


def names(layers: Layers) -> list[str]:
    return sorted(item.name for item in layers.identity)


def account(**fields: t.Any) -> Snapshot:
    """A user with policies of every origin, and a role."""
    return snapshot(
        users=(
            user(
                "a",
                groups=("g", "gone"),
                attached_policies=(arn("policy", "P"),),
                inline_policies=(document(READ, name="own"),),
                boundary=arn("policy", "B"),
            ),
        ),
        groups=(group("g", attached_policies=(arn("policy", "Q"),), inline_policies=(document(READ, name="shared"),)),),
        roles=(role("r", attached_policies=(arn("policy", "P"),)),),
        policies=(policy("P", READ), policy("Q", READ), policy("B", EVERYTHING, attachment_count=0)),
        **fields,
    )


def test_policies_of_a_user_are_its_own_and_those_of_its_groups() -> None:
    subject = Permissions(account())
    assert [(item.label, item.way) for item in subject.list_policies(arn("user", "a"))] == [
        ("P", "attached"),
        ("own", "inline"),
        ("Q", "group g"),
        ("shared", "group g"),
    ]
    layers = subject.layers(arn("user", "a"))
    assert names(layers) == [
        arn("policy", "P"),
        arn("policy", "Q"),
        "inline policy own",
        "inline policy shared of group g",
    ]
    assert layers.boundary is not None and layers.boundary.name == arn("policy", "B")
    assert layers.scps is None and layers.rcps is None


def test_groups_make_no_requests() -> None:
    subject = Permissions(account())
    assert subject.principals == (arn("user", "a"), arn("role", "r"))
    assert names(subject.layers(arn("group", "g"))) == [arn("policy", "Q"), "inline policy shared of group g"]


def test_the_same_policies_are_the_same_layers() -> None:
    attached = {"attached_policies": (arn("policy", "P"),)}
    inline = {**attached, "inline_policies": (document(READ, name="own"),)}
    again = {**attached, "inline_policies": (document(READ, name="own"),)}
    roles = (role("a", **inline), role("b", **again), role("c", **attached), role("d", **attached, boundary=ADMIN))
    subject = Permissions(snapshot(roles=roles, policies=(policy("P", READ),)))
    a, b, c, d = (subject.layers(item.arn) for item in roles)
    assert a is b
    assert len({id(item) for item in (a, c, d)}) == 3


def test_aws_policy_for_administrators_is_known_by_its_name() -> None:
    subject = Permissions(snapshot())
    found = subject.policy(ADMIN)
    assert found is not None and found.statements[0].actions == ("*",)
    assert subject.policy("arn:aws:iam::aws:policy/ReadOnlyAccess") is None
    assert Permissions(snapshot(partition="aws-cn")).policy(ADMIN) is None


LEVELS = (
    PolicyLevel("r-1", "r-1", (control("full", EVERYTHING),), (control("perimeter", EVERYTHING),)),
    PolicyLevel("ou-1", "Workloads", (control("full", EVERYTHING), control("guard", EVERYTHING)), ()),
)


def test_what_the_organization_sets() -> None:
    subject = Permissions(account(organization_policies=LEVELS))
    layers = subject.layers(arn("role", "r"))
    assert [[item.name for item in level] for level in layers.scps or ()] == [["full"], ["full", "guard"]]
    assert layers.scp_levels == ("r-1", "Workloads")
    # No RCP is attached to the unit: the type is not enabled, or AWS's own, which allows all, is left out.
    assert [[item.name for item in level] for level in layers.rcps or ()] == [["perimeter"]]
    assert layers.rcp_levels == ("r-1",)
    assert [item.name for item in subject.rcps] == ["perimeter"]


def test_service_linked_roles_are_exempt() -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"""
    linked = role(**LINKED)
    layers = Permissions(snapshot(roles=(linked,), organization_policies=LEVELS)).layers(linked.arn)
    assert layers.scps is None and layers.rcps is None and layers.scp_levels == ()


@pytest.mark.parametrize("levels", [(), (PolicyLevel("r-1", "r-1", (), ()),)])
def test_no_control_policies_deny_nothing(levels: tuple[PolicyLevel, ...]) -> None:
    layers = Permissions(account(organization_policies=levels)).layers(arn("role", "r"))
    assert layers.scps is None and layers.rcps is None


def test_control_policies_of_which_one_is_not_known_are_left_out() -> None:
    odd = PolicyLevel("r-1", "r-1", (control("full", EVERYTHING), control("odd", text=make_broken_document("odd"))), ())
    subject = Permissions(account(organization_policies=(odd,)))
    assert subject.layers(arn("role", "r")).scps is None
    assert subject.unreadable == ("odd",)


def test_what_is_not_known() -> None:
    no_json = PolicyDocument("no-json", None, "not a JSON document")
    refused = PolicyDocument("refused", {"Statement": {"Effect": "Permit", "Action": "*", "Resource": "*"}})
    fields = {"attached_policies": (arn("policy", "Gone"), arn("policy", "Odd")), "inline_policies": (no_json, refused)}
    subject = Permissions(
        snapshot(
            users=(user("a", **fields, boundary=arn("policy", "Limit")), user("b", boundary=ADMIN)),
            roles=(role("r", trust=make_broken_document("trust")),),
            policies=(policy("Odd", default_version=make_broken_document("Odd")),),
        )
    )
    assert subject.unknown(arn("user", "a")) == ("Gone", "Odd", "no-json", "refused")
    assert subject.unknown_boundary(arn("user", "a")) == arn("policy", "Limit")
    assert subject.unknown(arn("user", "b")) == () and subject.unknown_boundary(arn("user", "b")) is None
    assert subject.layers(arn("user", "a")) == Layers()
    assert subject.trust(arn("role", "r")) is None
    assert subject.unreadable == ("Odd", "a/no-json", "a/refused", "trust policy of r")


def test_trust_policies() -> None:
    roles = (role("a", trust=trust("*")), role("b", trust=trust("*")))
    subject = Permissions(snapshot(roles=roles, users=(user("u"),)))
    assert subject.trust(arn("role", "a")) is subject.trust(arn("role", "b")) is not None
    assert subject.trust(arn("user", "u")) is None


def test_the_landscape() -> None:
    fields = {"credential_report": report(row("a", password_enabled=True, mfa_active=True, access_keys=(key(),)))}
    subject = Permissions(account(**fields))
    landscape = subject.landscape
    assert (landscape.account_id, landscape.partition) == ("111122223333", "aws")
    assert set(landscape.policies) == {ADMIN, *(arn("policy", name) for name in "PQB")}
    found = landscape.by_arn
    alice, members, app = found[arn("user", "a")], found[arn("group", "g")], found[arn("role", "r")]
    assert (alice.kind, members.kind, app.kind) == (SubjectKind.USER, SubjectKind.GROUP, SubjectKind.ROLE)
    assert alice.layers is subject.layers(alice.arn)
    assert alice.managed == (arn("policy", "P"), arn("policy", "Q"))
    assert (alice.groups, alice.boundary_arn) == ((members.arn,), arn("policy", "B"))
    assert (alice.has_password, alice.active_keys, alice.has_mfa) == (True, 1, True)
    assert members.layers.boundary is None and len(members.layers.identity) == 2
    assert app.trust is subject.trust(app.arn)
    assert app.has_password is None and not app.is_aws_owned


def test_roles_of_aws_in_the_landscape() -> None:
    subject = Permissions(snapshot(roles=(role(**LINKED), role("a", instance_profiles=("p",), tags={"x": "y"}))))
    linked, app = subject.landscape.subjects
    assert linked.is_aws_owned and not app.is_aws_owned
    assert (app.instance_profiles, app.tags) == (("p",), {"x": "y"})


def test_each_document_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand users and a thousand roles share some hundred documents in a grown account."""
    parsed: list[str] = []
    real = permissions.parse

    def counting(source: t.Any, *, name: str = "") -> t.Any:
        parsed.append(name)
        return real(source, name=name)

    monkeypatch.setattr(permissions, "parse", counting)
    shared = tuple(arn("policy", f"P{number}") for number in range(10))
    users = tuple(
        user(
            f"u{number}",
            attached_policies=(shared[number % 10],),
            inline_policies=(document(READ, name="own"),),
            groups=("g",),
        )
        for number in range(300)
    )
    roles = tuple(role(f"r{number}", attached_policies=shared[:3]) for number in range(200))
    subject = Permissions(
        snapshot(
            users=users,
            groups=(group("g", inline_policies=(document(READ, name="shared"),)),),
            roles=roles,
            policies=tuple(policy(f"P{number}", READ) for number in range(10)),
        )
    )
    landscape = subject.landscape
    assert len(landscape.subjects) == 501
    # Ten managed policies and AWS's own, one inline policy each of users and of the group, one trust policy.
    assert sorted(parsed) == sorted(
        [*shared, ADMIN, "inline policy own", "inline policy shared of group g", "trust policy"]
    )
    assert len({id(item.layers) for item in landscape.subjects}) == 12


def test_attached_policies_that_were_not_read() -> None:
    known = policy("Known")
    reading = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    subject = Permissions(
        snapshot(
            users=(user("a", attached_policies=(known.arn, reading)),),
            groups=(group("g", attached_policies=(ADMIN, arn("policy", "Lost"))),),
            policies=(known,),
        )
    )
    # What AdministratorAccess says is known by its name.
    assert subject.unread == ("Lost", "ReadOnlyAccess")
