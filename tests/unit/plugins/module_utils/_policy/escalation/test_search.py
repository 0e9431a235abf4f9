# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every known way by itself: it is found where all that it takes is there, and not where one piece is missing."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from looped import looped

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Subject
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods import METHODS
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.methods_schema import (
    Fact,
    Gain,
    Method,
    On,
    Whom,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import Path

from . import landscapes as account

ATTACKER: t.Final = "mallory"
TARGET: t.Final = "target"
POLICY: t.Final = account.arn("policy", "shared")
DENIALS: t.Final = account.arn("policy", "denials")
PROVIDER: t.Final = account.arn("saml-provider", "idp")
ELSEWHERE: t.Final = account.arn("user", "somebody-else")
_BY_ID: t.Final = {method.id: method for method in METHODS}
_LESS_DENIALS: t.Final = (Gain.WITHOUT_INLINE_DENY, Gain.WITHOUT_ATTACHED_DENY)
_LESS_OF_GROUPS: t.Final = (Gain.LEFT, Gain.WITHOUT_INLINE_GROUP_DENY, Gain.WITHOUT_ATTACHED_GROUP_DENY)
_TAGGING: t.Final = (Gain.TAGGED, Gain.RETAGGED)
# The attacker's next step after it set a tag, where it is not assuming a role.
_OPENED: t.Final = {"tag_users": _BY_ID["create_access_key"]}
_PROFILES: t.Final = (account.arn("instance-profile", TARGET),)


@dataclasses.dataclass(frozen=True)
class World:
    """An account in which exactly one method is open to the attacker, until something is changed."""

    method: Method
    granted: tuple[account.Document, ...]
    target: t.Optional[Subject] = None
    attacker: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    scps: tuple[Policy, ...] = ()

    def path(self) -> t.Optional[Path]:
        """The attacker's path that begins with the method, if there is one."""
        subjects = [account.govern(self._attacker(), *self.scps), *([self.target] if self.target else []), *_groups()]
        if self.method.gain in _LESS_OF_GROUPS:
            subjects.append(account.group("denying", self._shared, managed=_list_managed_policies(self.method)[1:]))
        return account.paths(
            *subjects,
            policies={POLICY: self._shared, DENIALS: _denying()},
            methods=[self.method, *_list_opened_methods(self.method)],
        ).get(ATTACKER)

    def _attacker(self) -> Subject:
        grant = account.policy(*self.granted, name="grant")
        make = account.role if self.method.whom is Whom.OWN_ROLE else account.user
        fields = self.attacker
        if self.method.is_own and self.method.gain is Gain.UNBOUND:
            return make(ATTACKER, account.everything(), boundary=grant, **{"boundary_arn": POLICY, **fields})
        if self.method.is_own and self.method.gain in (*_LESS_DENIALS, *_LESS_OF_GROUPS):
            return make(
                ATTACKER, account.everything(), self._shared, managed=_list_managed_policies(self.method), **fields
            )
        if self.method.gain in _TAGGING:
            return make(ATTACKER, grant, _by_tag(self.method), **fields)
        return make(ATTACKER, grant, **fields)

    @property
    def _shared(self) -> Policy:
        """A customer managed policy; it denies all but what is granted, for the methods that take denials away."""
        return account.policy(*_denials(self.granted), name="shared")


def _list_opened_methods(method: Method) -> tuple[Method, ...]:
    """The method that a tag opens."""
    return (_OPENED.get(method.id, _BY_ID["assume_role"]),) if method.gain in _TAGGING else ()


def _by_tag(method: Method) -> Policy:
    key = "aws:PrincipalTag/team" if method.gain is Gain.TAGGED else "aws:ResourceTag/team"
    (opened,) = _list_opened_methods(method)
    return account.policy(
        account.allow(*opened.actions, Condition={"StringEquals": {key: "administrators"}}), name="by tag"
    )


def _list_managed_policies(method: Method) -> tuple[str, ...]:
    attached = (POLICY,) if method.gain in (Gain.WITHOUT_ATTACHED_DENY, Gain.WITHOUT_ATTACHED_GROUP_DENY) else ()
    return (account.ADMINISTRATOR_ACCESS, *attached)


def _denials(granted: tuple[account.Document, ...]) -> t.Iterator[account.Document]:
    """The same restrictions on somebody who is allowed everything."""
    allowing = [item for item in granted if item["Effect"] == "Allow"]
    yield {"Effect": "Deny", "NotAction": [name for item in allowing for name in item["Action"]], "Resource": "*"}
    for item in allowing:
        yield {"Effect": "Deny", "Action": item["Action"], "NotResource": item["Resource"]}
        if "Condition" in item:
            condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
            yield {"Effect": "Deny", "Action": item["Action"], "Resource": "*", "Condition": condition}
    yield from (item for item in granted if item["Effect"] == "Deny")


def _denying() -> Policy:
    return account.policy(account.deny("iam:*"), name="denials")


def _groups() -> list[Subject]:
    return [
        account.group("plain", account.policy(account.allow("s3:ListAllMyBuckets"))),
        account.group("admins", account.everything()),
    ]


def _target(method: Method) -> t.Optional[Subject]:
    if method.gain is Gain.TAGGED:
        return account.role(TARGET, account.everything(), trust=account.trust({"AWS": account.ROOT}))
    if method.whom not in (Whom.USER, Whom.ROLE):
        return None
    rights = () if method.gain is Gain.RAISED else (account.everything(),)
    if method.gain in _LESS_DENIALS:
        rights = (account.everything(), _denying())
    fields: dict[str, t.Any] = {"managed": (POLICY,)} if method.on(On.POLICY) else {}
    if method.gain is Gain.UNBOUND:
        fields = {"boundary": account.policy(account.allow("s3:*"), name="narrow"), "boundary_arn": POLICY}
    if method.gain is Gain.WITHOUT_ATTACHED_DENY:
        fields["managed"] = (account.ADMINISTRATOR_ACCESS, DENIALS)
    if method.whom is Whom.USER:
        return account.user(
            TARGET,
            *rights,
            has_password=Fact.HAS_PASSWORD in method.facts,
            has_mfa="iam:DeactivateMFADevice" in method.actions,
            active_keys=2 if "iam:DeleteAccessKey" in method.actions else 0,
            **fields,
        )
    profiles = () if "iam:AddRoleToInstanceProfile" in method.actions else _PROFILES
    return account.role(TARGET, *rights, trust=_trust(method), instance_profiles=profiles, **fields)


def _trust(method: Method) -> Policy:
    if method.services:
        return account.service(method.services[0])
    if method.on(On.PROVIDER):
        return account.trust({"Federated": PROVIDER}, Action="sts:AssumeRoleWithSAML")
    return (
        account.trust({"AWS": account.ROOT})
        if _assumes(method) or method.gain in _TAGGING
        else account.service("nobody.amazonaws.com")
    )


def _assumes(method: Method) -> bool:
    return "sts:AssumeRole" in method.actions and "iam:UpdateAssumeRolePolicy" not in method.actions


def _group_of(method: Method) -> dict[str, t.Any]:
    own_group = bool(method.on(On.GROUP)) and "iam:AddUserToGroup" not in method.actions
    managed = method.is_own and method.on(On.POLICY) and method.gain is Gain.RAISED
    group = "denying" if method.gain in _LESS_OF_GROUPS else "plain"
    return {
        # A role without the tag may have it from its session.
        **({"tags": {"team": "nobody"}} if method.gain is Gain.TAGGED else {}),
        **({"groups": (account.arn("group", group),)} if own_group else {}),
        **({"managed": (POLICY,)} if managed else {}),
    }


def world(method: Method) -> World:
    """Where the attacker may do exactly what ``method`` takes, on exactly that."""
    return World(
        method,
        tuple(account.allow(need.action, on=_resource(method, need.on)) for need in method.needs),
        _target(method),
        _group_of(method),
    )


def _resource(method: Method, on: On) -> str:
    own = account.arn("role" if method.whom is Whom.OWN_ROLE else "user", ATTACKER)
    kinds = {Whom.USER: "user", Whom.ROLE: "role", Whom.NEW_USER: "user", Whom.NEW_ROLE: "role"}
    group = "plain" if method.gain is Gain.RAISED else "admins"
    group = "new" if "iam:CreateGroup" in method.actions else group
    group = "denying" if method.gain in _LESS_OF_GROUPS else group
    return {
        On.SELF: own,
        On.TARGET: account.arn(kinds.get(method.whom, ""), TARGET),
        On.GROUP: account.arn("group", group),
        On.POLICY: POLICY,
        On.PROVIDER: PROVIDER,
        On.ANY: "*",
    }[on]


EVERY: t.Final = looped("name", list(_BY_ID))
PASSING: t.Final = looped("name", [item.id for item in METHODS if "iam:PassRole" in item.actions])
THROUGH_SERVICE: t.Final = looped("name", [item.id for item in METHODS if item.services])
PIECES: t.Final = [
    pytest.param(method.id, number, id=f"{method.id}-{need.action}")
    for method in METHODS
    for number, need in enumerate(method.needs)
    # The trust policy that the attacker writes names it, which is enough in its own account.
    if not (need.action == "sts:AssumeRole" and not _assumes(method))
    and not (need.action == "sts:AssumeRole" and method.whom is Whom.NEW_ROLE)
]


@pytest.mark.parametrize("name", list(_BY_ID))
def test_is_found(name: str) -> None:
    method = _BY_ID[name]
    path = world(method).path()
    assert path is not None
    assert path.certain == (not method.assumes)
    assert path.conditions == ((method.assumes,) if method.assumes else ())


@looped(("name", "number"), PIECES)
def test_needs_each_of_its_actions(name: str, number: int) -> None:
    present = world(_BY_ID[name])
    kept = [item for index, item in enumerate(present.granted) if index != number]
    assert dataclasses.replace(present, granted=(*kept, account.allow("s3:ListAllMyBuckets"))).path() is None


@looped(("name", "number"), PIECES)
def test_needs_each_of_its_actions_on_the_right_resource(name: str, number: int) -> None:
    present = world(_BY_ID[name])
    granted = list(present.granted)
    granted[number] = {**granted[number], "Resource": ELSEWHERE}
    assert dataclasses.replace(present, granted=tuple(granted)).path() is None


@looped(("name", "number"), PIECES)
def test_a_denial_takes_it_away(name: str, number: int) -> None:
    present = world(_BY_ID[name])
    action = present.method.needs[number].action
    assert dataclasses.replace(present, granted=(*present.granted, account.deny(action))).path() is None


@looped(("name", "number"), PIECES)
def test_an_scp_takes_it_away(name: str, number: int) -> None:
    present = world(_BY_ID[name])
    scp = account.policy(account.deny(present.method.needs[number].action), name="guardrail")
    assert dataclasses.replace(present, scps=(scp,)).path() is None


@looped(("name", "number"), PIECES)
def test_a_condition_that_is_not_known_makes_it_conditional(name: str, number: int) -> None:
    present = world(_BY_ID[name])
    granted = list(present.granted)
    granted[number] = {**granted[number], "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    path = dataclasses.replace(present, granted=tuple(granted)).path()
    assert path is not None
    assert "aws:MultiFactorAuthPresent" in path.conditions


@EVERY
def test_leads_nowhere_where_the_end_is_no_administrator(name: str) -> None:
    present = world(_BY_ID[name])
    # Nobody in the account is an administrator when the organization takes everything but the method's actions away.
    scp = account.policy(
        {"Effect": "Deny", "NotAction": sorted(present.method.actions), "Resource": "*"}, name="guardrail"
    )
    target = account.govern(present.target, scp) if present.target else None
    assert dataclasses.replace(present, scps=(scp,), target=target).path() is None


@THROUGH_SERVICE
def test_needs_a_role_that_trusts_the_service(name: str) -> None:
    present = world(_BY_ID[name])
    assert present.target is not None
    other = dataclasses.replace(present.target, trust=account.service("backup.amazonaws.com"))
    assert dataclasses.replace(present, target=other).path() is None


@THROUGH_SERVICE
def test_a_service_of_another_account_is_not_admitted(name: str) -> None:
    present = world(_BY_ID[name])
    assert present.target is not None
    foreign = account.trust(
        {"Service": present.method.services[0]}, Condition={"StringEquals": {"aws:SourceAccount": "999900001111"}}
    )
    assert dataclasses.replace(present, target=dataclasses.replace(present.target, trust=foreign)).path() is None


@PASSING
@looped(("service", "expected"), [("right", True), ("backup.amazonaws.com", False)])
def test_the_service_that_a_role_may_be_passed_to(name: str, service: str, expected: bool) -> None:
    present = world(_BY_ID[name])
    wanted = present.method.services[0] if service == "right" else service
    condition = {"StringEquals": {"iam:PassedToService": wanted}}
    granted = tuple(
        {**item, "Condition": condition} if item["Action"] == ["iam:PassRole"] else item for item in present.granted
    )
    assert (dataclasses.replace(present, granted=granted).path() is not None) is expected


@looped("name", [item.id for item in METHODS if Fact.INSTANCE_PROFILE in item.facts])
def test_an_instance_gets_roles_by_profile(name: str) -> None:
    present = world(_BY_ID[name])
    assert present.target is not None
    bare = dataclasses.replace(present.target, instance_profiles=())
    assert dataclasses.replace(present, target=bare).path() is None


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("create_access_key", {"active_keys": 2}, "none"),
        ("create_access_key", {"active_keys": None}, "conditional"),
        ("create_login_profile", {"has_password": True}, "none"),
        ("create_login_profile", {"has_password": None}, "conditional"),
        ("create_login_profile", {"has_mfa": True}, "none"),
        ("update_login_profile", {"has_password": False}, "none"),
        ("update_login_profile", {"has_mfa": True}, "none"),
        ("update_login_profile", {"has_mfa": None}, "conditional"),
        ("put_user_policy_and_create_key", {"active_keys": 2}, "none"),
    ],
)
def test_the_credentials_of_the_target_matter(name: str, fields: dict[str, t.Any], expected: str) -> None:
    present = world(_BY_ID[name])
    assert present.target is not None
    path = dataclasses.replace(present, target=dataclasses.replace(present.target, **fields)).path()
    assert ("none" if path is None else "certain" if path.certain else "conditional") == expected
