# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths through whole accounts: false alarms that must not be, ways that must not be missed, and the search itself.

Pages that a rule comes from are below https://docs.aws.amazon.com/IAM/latest/UserGuide/ unless named otherwise.
"""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import (
    Landscape,
    Subject,
    SubjectKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import search
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers

from .landscapes import (
    ACCOUNT,
    ADMINISTRATOR_ACCESS,
    ROOT,
    Document,
    allow,
    arn,
    deny,
    everything,
    govern,
    group,
    landscape,
    methods,
    paths,
    policy,
    role,
    service,
    trust,
    user,
)

BOUNDARY: t.Final = arn("policy", "boundary")
READ_ONLY: t.Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
FUNCTION: t.Final = f"arn:aws:lambda:*:{ACCOUNT}:function:"
PROD_ADMIN: t.Final = arn("role", "prod-admin")


def _admin(**fields: t.Any) -> Subject:
    return role("prod-admin", everything(), **{"trust": trust({"AWS": ROOT}), **fields})


def _lambda_admin() -> Subject:
    return _admin(trust=service("lambda.amazonaws.com"))


def _run(*actions: str, on: t.Any = "*") -> list[Document]:
    return [allow("iam:PassRole"), allow(*(actions or ("lambda:CreateFunction", "lambda:InvokeFunction")), on=on)]


# The boundary that delegates administration, as in access_policies_boundaries.html#access_policies_boundaries-delegate
GUARDED: t.Final = [
    allow("iam:CreateUser", "iam:PutUserPolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}),
    allow("iam:CreateAccessKey"),
]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([allow("iam:*AccessKey*", on=arn("user", "${aws:username}"))], id="keys of oneself"),
        pytest.param([allow("iam:UpdateLoginProfile", on=arn("user", "dev"))], id="password of oneself"),
        pytest.param([allow("iam:CreateAccessKey", on=arn("user", "team/*"))], id="keys below another path"),
        pytest.param([allow("iam:PutUserPolicy", on=arn("user", "svc-*"))], id="policies of others, without a way in"),
        pytest.param([allow("iam:PassRole", "lambda:CreateFunction")], id="a function that nobody invokes"),
        pytest.param([*_run("ec2:RunInstances")], id="an instance, but the role trusts functions only"),
        pytest.param([allow("iam:PassRole", on=arn("role", "app-*")), *_run()[1:]], id="passes roles of another name"),
        pytest.param([*_run(), deny("iam:PassRole", on=PROD_ADMIN)], id="denied for this role"),
        pytest.param(
            [allow("lambda:CreateFunction", on=f"{FUNCTION}dev-*"), allow("lambda:InvokeFunction", on=f"{FUNCTION}x")],
            id="makes some functions and invokes others",
        ),
        pytest.param(
            [allow("iam:AttachUserPolicy", Condition=c) for c in [{"ArnEquals": {"iam:PolicyARN": READ_ONLY}}]],
            id="attaches a harmless policy only",
        ),
        pytest.param(
            [
                allow("iam:AttachUserPolicy"),
                deny("iam:Attach*", Condition={"ArnNotLike": {"iam:PolicyARN": READ_ONLY}}),
            ],
            id="denied to attach another policy",
        ),
        pytest.param(
            [allow("iam:PutUserPolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}})],
            id="policies of bounded users only",
        ),
        pytest.param(
            [allow("iam:CreateAccessKey", Condition={"StringEquals": {"iam:ResourceTag/team": "dev"}})],
            id="keys of tagged users only",
        ),
        pytest.param([allow("sts:AssumeRole", on=arn("role", "app"))], id="assumes another role"),
        pytest.param([allow("sts:AssumeRole")], id="the role does not trust the account"),
        pytest.param([allow("iam:CreatePolicyVersion")], id="no policy of the account's own is attached"),
        pytest.param([allow("iam:AddUserToGroup")], id="no group makes an administrator"),
        pytest.param(
            [{"Effect": "Allow", "NotAction": ["iam:*", "sts:*", "lambda:*"], "Resource": "arn:aws:s3:::*"}],
            id="NotAction on buckets",
        ),
        pytest.param(
            [allow("iam:CreateUser", "iam:CreateAccessKey", on=arn("user", "new-*"))], id="makes users without rights"
        ),
        pytest.param([allow("iam:CreateRole", "iam:PutRolePolicy"), deny("sts:AssumeRole")], id="may assume nothing"),
        pytest.param([allow("iam:DeleteUserPermissionsBoundary")], id="has no boundary"),
        pytest.param([allow("iam:Get*", "iam:List*", "iam:GenerateCredentialReport")], id="reads"),
    ],
)
def test_no_false_alarm(statements: list[Document]) -> None:
    admin, other = user("root-of-all", everything(), has_password=None, active_keys=0), group("people")
    assert "dev" not in paths(user("dev", policy(*statements)), _lambda_admin(), admin, other)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([allow("iam:put*policy")], "put_own_user_policy", id="wildcards, in any case"),
        pytest.param(
            [allow("iam:PassRole", on="arn:aws:iam"), *_run()[1:]], "lambda_create_and_invoke", id="ARN without its end"
        ),
        pytest.param([allow("*:PassRole", "lambda:*")], "lambda_create_and_invoke", id="wildcard for the service"),
        pytest.param(_run(on=f"{FUNCTION}dev-*"), "lambda_create_and_invoke", id="functions of some names"),
        pytest.param(
            [allow("iam:PassRole", on=f"arn:aws:iam::{ACCOUNT}:role/prod-?dmin"), *_run()[1:]],
            "lambda_create_and_invoke",
            id="role by pattern",
        ),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, allow("iam:PassRole")],
            "lambda_create_and_invoke",
            id="everything but IAM, and PassRole",
        ),
        pytest.param(
            [allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": ADMINISTRATOR_ACCESS}})],
            "attach_own_user_policy",
            id="attaches the administrator's policy",
        ),
        pytest.param(
            [allow("iam:AttachUserPolicy", Condition={"ArnLike": {"iam:PolicyARN": arn("policy", "ops/*")}})],
            "attach_own_user_policy",
            id="attaches a policy of the account that makes an administrator",
        ),
        pytest.param(
            [
                allow("iam:AttachUserPolicy", Condition={"ArnLike": {"iam:PolicyARN": arn("policy", "team/*")}}),
                allow("iam:CreatePolicy", on=arn("policy", "team/*")),
            ],
            "create_and_attach_own_user_policy",
            id="attaches a policy of its own making",
        ),
        pytest.param(
            [allow("iam:CreateAccessKey", Condition={"StringEquals": {"aws:ResourceTag/team": "ops"}})],
            "create_access_key",
            id="the user has the tag",
        ),
        pytest.param(
            [
                allow(
                    "iam:CreateAccessKey",
                    Condition={"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}},
                )
            ],
            "create_access_key",
            id="the tag of oneself",
        ),
        pytest.param(
            [
                allow(
                    "iam:CreateUser",
                    "iam:PutUserPolicy",
                    "iam:CreateAccessKey",
                    on=arn("user", "team/${aws:username}/*"),
                )
            ],
            "create_user_and_put_policy",
            id="users below a path of its own",
        ),
        pytest.param(
            [allow("iam:CreateRole", "iam:PutRolePolicy", on=arn("role", "app-*"))],
            "create_role_and_put_policy",
            id="a role that trusts whom it was made by",
        ),
        pytest.param(
            [allow("iam:CreatePolicyVersion", on=arn("policy", "ops/*"))], "rewrite_own_user_policy", id="rewrites"
        ),
        pytest.param(
            [allow("iam:CreateGroup", "iam:PutGroupPolicy", "iam:AddUserToGroup", on=arn("group", "team-*"))],
            "create_group_and_put_policy",
            id="a group of a name that it may use",
        ),
        pytest.param(
            [
                allow("*"),
                deny("iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:PutUserPolicy", "iam:PutRolePolicy"),
                deny("iam:CreatePolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:PassRole", "sts:AssumeRole"),
                {
                    "Effect": "Deny",
                    "Action": ["iam:*AccessKey", "iam:*LoginProfile"],
                    "NotResource": arn("user", "new-*"),
                },
            ],
            "create_user_in_new_group_with_inline_policy",
            id="everything, with the best known ways denied",
        ),
    ],
)
def test_nothing_is_missed(statements: list[Document], expected: str) -> None:
    ops = arn("policy", "ops/all")
    dev = user("dev", policy(*statements), managed=(ops,), tags={"team": "ops"})
    admin = user("admin", everything(), tags={"team": "ops"})
    found = paths(dev, admin, _lambda_admin(), policies={ops: everything()})["dev"]
    assert methods(found) == [expected]
    assert found.certain


def test_who_may_assume_nothing_lets_outsiders_assume() -> None:
    dev = user("dev", policy(allow("iam:UpdateAssumeRolePolicy"), deny("sts:AssumeRole")))
    path = paths(dev, _admin())["dev"]
    assert methods(path) == ["update_trust_for_outsiders"]
    assert not path.certain


class TestDenialsOfGroups:
    """A user is free of what its groups deny once it is in them no more: API_RemoveUserFromGroup.html"""

    NO_IAM: t.Final = policy({"Effect": "Deny", "NotAction": ["iam:Remove*", "iam:List*"], "Resource": "*"}, name="no")

    def _dev(self, *groups: str) -> Subject:
        return user("dev", everything(), self.NO_IAM, groups=tuple(arn("group", name) for name in groups))

    def test_end_with_leaving(self) -> None:
        assert methods(paths(self._dev("g"), group("g", self.NO_IAM))["dev"]) == ["leave_group"]

    def test_end_with_leaving_all_groups_that_have_them(self) -> None:
        both = (group("g", self.NO_IAM), group("h", self.NO_IAM))
        assert methods(paths(self._dev("g", "h"), *both)["dev"]) == ["leave_group"]

    def test_last_in_a_group_that_it_may_not_leave(self) -> None:
        stay = policy(deny("iam:RemoveUserFromGroup", on=arn("group", "h")), name="stay")
        dev = user("dev", everything(), self.NO_IAM, stay, groups=(arn("group", "g"), arn("group", "h")))
        assert methods(paths(dev, group("g", self.NO_IAM), group("h", self.NO_IAM)).get("dev")) == []

    def test_groups_of_others_do_not_matter(self) -> None:
        assert methods(paths(self._dev(), group("g", self.NO_IAM)).get("dev")) == []

    def test_leaving_gives_nothing_where_the_rights_were_the_groups(self) -> None:
        admins = group("g", everything(), self.NO_IAM)
        assert methods(paths(self._dev("g"), admins).get("dev")) == []


@pytest.mark.parametrize(
    ("condition", "of_dev", "expected"),
    [
        pytest.param({"aws:PrincipalTag/team": "ops"}, {"team": "ops"}, "certain", id="the tag"),
        pytest.param({"aws:PrincipalTag/team": "ops"}, {"team": "dev"}, "none", id="another value"),
        pytest.param({"aws:PrincipalTag/team": "ops"}, {}, "none", id="no tag"),
        pytest.param(
            {"aws:PrincipalTag/the team": "${iam:ResourceTag/team}"}, {"the team": "ops"}, "certain", id="like it"
        ),
        pytest.param(
            {"iam:ResourceTag/team": "${aws:PrincipalTag/the team}"}, {"the team": "x"}, "none", id="unlike it"
        ),
    ],
)
def test_tags_of_a_user_are_all_known(condition: Document, of_dev: dict[str, str], expected: str) -> None:
    dev = user("dev", policy(allow("iam:CreateAccessKey", Condition={"StringEquals": condition})), tags=of_dev)
    found = paths(dev, user("admin", everything(), tags={"team": "ops"})).get("dev")
    assert ("none" if found is None else "certain" if found.certain else "conditional") == expected


def test_a_session_of_a_role_may_have_further_tags() -> None:
    identity = policy(allow("iam:CreateAccessKey", Condition={"StringEquals": {"aws:PrincipalTag/team": "ops"}}))
    assert paths(role("dev", identity), user("admin", everything()))["dev"].conditions == ("aws:PrincipalTag/team",)


class TestBoundaries:
    """A boundary limits whoever has it, whatever is added. access_policies_boundaries.html"""

    def test_of_the_attacker(self) -> None:
        narrow = policy(allow("iam:PutUserPolicy", "s3:*"), name="narrow")
        assert paths(user("dev", policy(allow("iam:PutUserPolicy")), boundary=narrow)) == {}

    def test_lets_through_what_it_allows(self) -> None:
        wide = policy(allow("iam:PutUserPolicy", "sts:AssumeRole"), name="wide")
        found = paths(user("dev", policy(allow("iam:PutUserPolicy")), boundary=wide), _admin())["dev"]
        assert methods(found) == ["put_own_user_policy", "assume_role"]
        assert found.explanation == (
            "dev can change its own rights by writing an inline policy of one's own user, "
            "then become prod-admin by assuming a role"
        )

    def test_of_the_target(self) -> None:
        bounded = user("admin", everything(), boundary=policy(allow("s3:*"), name="narrow"))
        assert paths(user("dev", policy(allow("iam:CreateAccessKey"))), bounded) == {}

    def test_of_whom_is_made(self) -> None:
        known = {BOUNDARY: policy(allow("s3:*"), name="narrow")}
        assert paths(user("dev", policy(*GUARDED)), policies=known) == {}

    def test_of_whom_is_made_that_bounds_nothing(self) -> None:
        found = paths(user("dev", policy(*GUARDED)), policies={BOUNDARY: everything()})["dev"]
        assert methods(found) == ["create_user_and_put_policy"]

    def test_that_may_be_removed(self) -> None:
        own = policy(allow("*"), deny("iam:Put*", "iam:Attach*"), name="own")
        wide = policy(allow("s3:*", "iam:DeleteUserPermissionsBoundary"), name="wide")
        found = paths(user("dev", own, policy(allow("*"), name="more"), boundary=wide))["dev"]
        assert methods(found) == ["delete_own_user_boundary"]

    def test_whose_policy_is_not_known(self) -> None:
        dev = user("dev", policy(allow("iam:PutUserPolicy")), boundary_arn=BOUNDARY)
        assert paths(dev)["dev"].conditions == ("the boundary boundary allows it",)


class TestTrust:
    """Who may assume a role. reference_policies_evaluation-logic.html and id_roles_terms-and-concepts.html"""

    @pytest.mark.parametrize(
        ("principal", "identity", "expected"),
        [
            pytest.param({"AWS": arn("user", "dev")}, [], True, id="named, nothing else is needed"),
            pytest.param({"AWS": arn("user", "dev")}, [deny("sts:AssumeRole")], False, id="named, but denied"),
            pytest.param({"AWS": arn("user", "other")}, [allow("sts:AssumeRole")], False, id="somebody else is named"),
            pytest.param({"AWS": ROOT}, [allow("sts:AssumeRole")], True, id="the account, and allowed"),
            pytest.param({"AWS": ACCOUNT}, [allow("sts:*", on=PROD_ADMIN)], True, id="the account by its number"),
            pytest.param({"AWS": ROOT}, [], False, id="the account, but not allowed"),
            pytest.param({"AWS": "*"}, [], True, id="everybody"),
            pytest.param({"AWS": "arn:aws:iam::999900001111:root"}, [allow("*:*Role")], False, id="another account"),
            pytest.param({"Service": "ec2.amazonaws.com"}, [allow("sts:AssumeRole")], False, id="a service"),
        ],
    )
    def test_principals(self, principal: Document, identity: list[Document], expected: bool) -> None:
        dev = user("dev", policy(*(identity or [allow("s3:ListAllMyBuckets")])))
        assert ("dev" in paths(dev, _admin(trust=trust(principal)))) is expected

    def test_roles_go_by_name_and_session(self) -> None:
        named = trust({"AWS": [arn("role", "ci"), f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"]})
        found = paths(role("ci", trust=None), role("app", trust=None), role("other", trust=None), _admin(trust=named))
        assert found["ci"].certain
        assert not found["app"].certain
        assert "other" not in found

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ("aws:MultiFactorAuthPresent",)),
            ({"StringEquals": {"sts:ExternalId": "secret"}}, ("sts:ExternalId",)),
            ({"StringLike": {"sts:RoleSessionName": "${aws:username}"}}, ()),
            ({"ArnLike": {"aws:PrincipalArn": arn("user", "d*")}}, ()),
            ({"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}, ()),
            ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, None),
            ({"ArnLike": {"aws:PrincipalArn": arn("user", "x*")}}, None),
        ],
    )
    def test_conditions(self, condition: Document, expected: t.Optional[tuple[str, ...]]) -> None:
        dev = user("dev", policy(allow("sts:AssumeRole")))
        admin = _admin(trust=trust({"AWS": ROOT}, Condition=condition))
        found = paths(dev, admin, organization_id="o-acme").get("dev")
        assert (found.conditions if found else None) == expected

    def test_that_did_not_parse_lets_nobody_in(self) -> None:
        assert paths(user("dev", policy(allow("sts:AssumeRole"))), _admin(trust=None)) == {}

    @pytest.mark.parametrize(
        "name", ["lambda.amazonaws.com", "lambda.eu-west-1.amazonaws.com", "lambda.amazonaws.com.cn"]
    )
    def test_spellings_of_a_service(self, name: str) -> None:
        assert "dev" in paths(user("dev", policy(*_run())), _admin(trust=service(name)))

    def test_of_a_service_for_one_function(self) -> None:
        condition = {"ArnLike": {"aws:SourceArn": f"{FUNCTION}backup"}}
        admin = _admin(trust=trust({"Service": "lambda.amazonaws.com"}, Condition=condition))
        assert paths(user("dev", policy(*_run())), admin)["dev"].conditions == ("aws:SourceArn",)


class TestOrganization:
    """Control policies bind everybody but service-linked roles. organizations: orgs_manage_policies_scps.html"""

    def test_scp_of_regions_hides_nothing(self) -> None:
        regions = policy(
            {
                "Effect": "Deny",
                "NotAction": ["iam:*", "sts:*"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
            }
        )
        found = paths(govern(user("dev", policy(*_run())), regions), govern(_lambda_admin(), regions))["dev"]
        assert found.certain

    def test_scp_that_spares_others(self) -> None:
        spared = {"ArnNotLike": {"aws:PrincipalArn": arn("user", "ops-*")}}
        scp = policy(deny("iam:PutUserPolicy", Condition=spared))
        identity = policy(allow("iam:PutUserPolicy", on=arn("user", "${aws:username}")))
        found = paths(govern(user("dev", identity), scp), govern(user("ops-1", identity), scp))
        assert list(found) == ["ops-1"]

    def test_rcp_for_the_organization(self) -> None:
        perimeter = policy(
            {
                "Effect": "Deny",
                "Action": "sts:*",
                "Resource": "*",
                "Principal": "*",
                "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme"}},
            }
        )
        dev = user("dev", policy(allow("sts:AssumeRole")))
        rcps = ((perimeter,),)
        subjects = [
            dataclasses.replace(item, layers=dataclasses.replace(item.layers, rcps=rcps)) for item in (dev, _admin())
        ]
        assert paths(*subjects, organization_id="o-acme")["dev"].certain
        assert paths(*subjects)["dev"].conditions == ("aws:PrincipalOrgID",)
        assert paths(*subjects, organization_id="o-other") == {}


class TestOwnedByAws:
    """Roles that AWS made. using-service-linked-roles.html and singlesignon: using-service-linked-roles"""

    def test_service_linked_roles_neither_act_nor_change(self) -> None:
        own = arn("role", "aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
        linked = Subject(own, SubjectKind.ROLE, Layers(identity=(policy(allow("iam:*")),)), is_aws_owned=True)
        dev = user("dev", policy(allow("iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy")))
        assert paths(linked, dev) == {}

    def test_roles_of_identity_center_act_but_do_not_change(self) -> None:
        own = arn("role", "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef")
        identity = policy(allow("iam:PutRolePolicy", on=own), name="own")
        people = Subject(own, SubjectKind.ROLE, Layers(identity=(identity,)), is_aws_owned=True)
        assert paths(people) == {}
        acting = dataclasses.replace(people, layers=Layers(identity=(policy(allow("sts:AssumeRole")),)))
        assert methods(paths(acting, _admin())[acting.name]) == ["assume_role"]


class TestSearch:
    """The graph: shortest, certain before conditional, no further than asked."""

    @staticmethod
    def _chain(length: int) -> list[Subject]:
        """Roles that may each assume the next one, the last an administrator."""
        links = [
            role(
                f"link-{number}",
                policy(allow("sts:AssumeRole", on=arn("role", f"link-{number + 1}"))),
                trust=trust({"AWS": ROOT}),
            )
            for number in range(length)
        ]
        return [*links, role(f"link-{length}", everything(), trust=trust({"AWS": ROOT}))]

    def test_depth(self) -> None:
        found = paths(*self._chain(7), max_depth=4)
        assert {name: len(path.steps) for name, path in found.items()} == {f"link-{7 - n}": n for n in range(1, 5)}

    def test_steps_go_from_one_to_the_next(self) -> None:
        path = paths(*self._chain(3))["link-0"]
        assert [(step.source, step.target) for step in path.steps] == [
            (arn("role", f"link-{n}"), arn("role", f"link-{n + 1}")) for n in range(3)
        ]
        assert path.end == arn("role", "link-3")
        assert path.explanation == (
            "link-0 can become link-1 by assuming a role, then become link-2 by assuming a role, "
            "then become link-3 by assuming a role"
        )

    def test_the_shortest_is_taken(self) -> None:
        shortcut = role("link-0", policy(allow("sts:AssumeRole")), trust=trust({"AWS": ROOT}))
        assert len(paths(shortcut, *self._chain(4)[1:])["link-0"].steps) == 1

    def test_circles_end(self) -> None:
        both = trust({"AWS": [arn("role", "a"), arn("role", "b")]})
        assert paths(role("a", trust=both), role("b", trust=both)) == {}

    def test_a_certain_path_is_taken_before_a_shorter_conditional_one(self) -> None:
        chain = self._chain(2)
        chain[-1] = dataclasses.replace(chain[-1], trust=trust({"AWS": arn("role", "link-1")}))
        dev = user("dev", policy(allow("sts:AssumeRole", on=arn("role", "link-1"))))
        with_mfa = role("quick", everything(), trust=trust({"AWS": arn("user", "dev")}, Condition=MFA))
        found = paths(dev, *chain, with_mfa)["dev"]
        assert (found.certain, len(found.steps)) == (True, 2)
        assert methods(paths(dev, with_mfa)["dev"]) == ["assume_role"]

    def test_a_condition_early_on_makes_the_path_conditional(self) -> None:
        chain = self._chain(3)
        chain[1] = dataclasses.replace(chain[1], trust=trust({"AWS": ROOT}, Condition=MFA))
        found = paths(*chain)
        assert [found[f"link-{n}"].certain for n in range(3)] == [False, True, True]
        assert [step.conditional for step in found["link-0"].steps] == [True, False, False]

    def test_conditional_paths_can_be_left_out(self) -> None:
        admin = _admin(trust=trust({"AWS": ROOT}, Condition=MFA))
        assert paths(user("dev", policy(allow("sts:AssumeRole"))), admin, include_conditional=False) == {}

    def test_administrators(self) -> None:
        with_mfa = user("careful", policy(allow("*", Condition=MFA)))
        found = search(landscape(user("admin", everything()), with_mfa, user("dev", policy(allow("s3:*")))))
        assert found.administrators == {
            arn("user", "admin"): (),
            arn("user", "careful"): ("aws:MultiFactorAuthPresent",),
        }
        assert found.paths == ()

    def test_a_path_to_somebody_who_is_administrator_with_mfa(self) -> None:
        with_mfa = user("careful", policy(allow("*", Condition=MFA)))
        found = paths(user("dev", policy(allow("iam:CreateAccessKey"))), with_mfa)["dev"]
        assert found.conditions == ("aws:MultiFactorAuthPresent",)

    def test_everybody_of_a_kind(self) -> None:
        identity = policy(*_run())
        found = paths(*(user(f"dev-{n}", identity) for n in range(3)), _lambda_admin())
        assert {name: path.end for name, path in found.items()} == {f"dev-{n}": PROD_ADMIN for n in range(3)}

    def test_an_empty_account(self) -> None:
        found = search(Landscape(ACCOUNT, "aws", ()))
        assert (found.administrators, found.paths) == ({}, ())

    def test_another_partition(self) -> None:
        own = f"arn:aws-cn:iam::{ACCOUNT}:user/dev"
        identity = policy(
            allow("iam:AttachUserPolicy", on=own, Condition={"StringEquals": {"aws:RequestedRegion": "cn-north-1"}})
        )
        dev = Subject(own, SubjectKind.USER, Layers(identity=(identity,)))
        found = search(Landscape(ACCOUNT, "aws-cn", (dev,)))
        assert [path.certain for path in found.paths] == [True]


class TestAssociatedResource:
    """PassRole for what is to have the role. reference_policies_iam-condition-keys.html#ck_AssociatedResourceArn"""

    def _find(self, value: str, *actions: str, target: str = "ec2.amazonaws.com") -> t.Any:
        passing = allow("iam:PassRole", Condition={"ArnLike": {"iam:AssociatedResourceArn": value}})
        role_ = role(
            "prod-admin", everything(), trust=service(target), instance_profiles=(arn("instance-profile", "p"),)
        )
        return paths(user("dev", policy(passing, allow(*actions))), role_).get("dev")

    @pytest.mark.parametrize("value", ["arn:aws:ec2:*:*:instance/*", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:*", "*"])
    def test_instances_of_any_name_are_certain(self, value: str) -> None:
        assert self._find(value, "ec2:RunInstances").certain

    @pytest.mark.parametrize(
        "value", ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:lambda:*:*:function:*", "arn:aws:ec2:*:999900001111:*"]
    )
    def test_other_resources_leave_it_open(self, value: str) -> None:
        assert self._find(value, "ec2:RunInstances").conditions == ("iam:AssociatedResourceArn",)

    def test_other_services_leave_it_open(self) -> None:
        run = ("lambda:CreateFunction", "lambda:InvokeFunction")
        found = self._find("arn:aws:ec2:*:*:instance/*", *run, target="lambda.amazonaws.com")
        assert found.conditions == ("iam:AssociatedResourceArn",)
