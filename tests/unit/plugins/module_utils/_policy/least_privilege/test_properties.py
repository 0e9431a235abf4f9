# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that hold of all generated documents: no call is lost, nothing is gained, and the order does not matter."""

from __future__ import annotations

import dataclasses
import os
import random
import typing as t
from collections.abc import Iterator

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.matching import text_matcher
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Judge
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Generated,
    generate,
    make_record_for_proof,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.principal import Principal
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import prove
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Level
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Record

from .samples import (
    ACCOUNT,
    OTHER,
    ROLE,
    accessed,
    allow,
    blind,
    call,
    cover,
    make_principal,
    make_record,
    new_layers,
    policy,
)
from .samples import settings as options

EU: t.Final = f"eu-west-1:{ACCOUNT}"
KEY: t.Final = f"arn:aws:kms:{EU}:key/aa"
# Actions, each with resources of its own.
RESOURCES: t.Final = {
    "s3:GetObject": (
        "arn:aws:s3:::data/in/a.csv",
        "arn:aws:s3:::data/in/b",
        "arn:aws:s3:::logs/2026/01/x",
        "arn:aws:s3:::data/${x}*",
    ),
    "s3:PutObject": ("arn:aws:s3:::data/out/a.csv", "arn:aws:s3:::app/root.txt"),
    "s3:ListBucket": ("arn:aws:s3:::data", "arn:aws:s3:::logs"),
    "dynamodb:PutItem": tuple(f"arn:aws:dynamodb:{EU}:table/app-{name}" for name in ("a", "b", "c", "other")),
    "lambda:InvokeFunction": (f"arn:aws:lambda:{EU}:function:app-x:PROD", f"arn:aws:lambda:{EU}:function:app-x:7"),
    "ec2:TerminateInstances": (f"arn:aws:ec2:{EU}:instance/i-0123456789abcdef0",),
    "ec2:DescribeInstances": ("*",),
    "sqs:SendMessage": (f"arn:aws:sqs:{EU}:app-in", f"arn:aws:sqs:eu-west-1:{OTHER}:in"),
    "kms:Decrypt": (KEY,),
    "iam:PassRole": (f"arn:aws:iam::{ACCOUNT}:role/fn",),
    "iam:CreateRole": tuple(f"arn:aws:iam::{ACCOUNT}:role/app-{number}" for number in range(6)),
}
ACTION_PATTERNS: t.Final = (
    *RESOURCES,
    "*",
    "s3:*",
    "s3:Get*",
    "S3:?etObject",
    "dynamodb:*",
    "ec2:*",
    "*:*Item",
    "iam:*",
    "kms:*",
    "l*:*",
)
PATTERNS: t.Final = (
    "*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::*/in/*",
    "arn:aws:s3:::data",
    "arn:aws:s3:::data/in/a.csv",
    "arn:aws:s3:::${aws:PrincipalTag/t}/*",
    "arn:aws:dynamodb:*:*:table/*",
    f"arn:aws:dynamodb:{EU}:table/app-?",
    f"arn:aws:lambda:*:{ACCOUNT}:function:app-*",
    f"arn:aws:sqs:*:{ACCOUNT}:*",
    "arn:aws:*:*:*:*",
    f"arn:aws:iam::{ACCOUNT}:role/*",
    f"arn:aws:ec2:{EU}:*/i-*",
    KEY,
    "arn:aws:s3:::data/${x}?",
    "arn:aws:ec2",
)
KEYS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "aws:PrincipalTag/t": ("data", "logs"),
    "aws:SourceIp": ("203.0.113.7", "192.0.2.7"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:RequestedRegion": ("eu-west-1", "us-east-1"),
    "kms:ViaService": ("s3.eu-west-1.amazonaws.com", "sqs.eu-west-1.amazonaws.com"),
}
CONDITIONS: t.Final[tuple[t.Any, ...]] = (
    {"StringEquals": {"aws:PrincipalTag/t": "data"}},
    {"StringNotEquals": {"aws:PrincipalTag/t": "data"}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringLike": {"aws:PrincipalTag/t": "${aws:PrincipalTag/t}"}},
    {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}},
    {"StringLike": {"kms:ViaService": "s3.*"}},
)
# Shrinking a failure takes minutes: a wildcard is expanded in each step.
FEW: t.Final = ("dynamodb", "kms", "lambda", "s3", "sqs")
PHASES: t.Final = (Phase.explicit, Phase.reuse, Phase.generate)
EXAMPLES: t.Final = 500 if os.environ.get("HARDENING_TEST_ALL") == "1" else 30
PASSED: t.Final = {"iam:PassedToService": "lambda.amazonaws.com"}


@pytest.fixture(autouse=True, scope="module")
def few_services() -> Iterator[None]:
    """Let the catalogue have few services, since a wildcard is expanded in each example."""
    expand = catalogue.expand

    def expand_few(pattern: str) -> tuple[catalogue.Action, ...]:
        prefix, colon, name = pattern.partition(":")
        if colon and "*" not in prefix:
            return expand(pattern)
        matched = filter(text_matcher((prefix.lower(),)), FEW)
        return tuple(item for service in matched for item in expand(f"{service}:{name or '*'}"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "expand", expand_few)
        yield


def some(values: t.Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, t.Any]:
    effect = draw(st.sampled_from(("Allow", "Allow", "Allow", "Deny")))
    found: dict[str, t.Any] = {"Effect": effect}
    found[draw(st.sampled_from(("Action", "Action", "Action", "NotAction")))] = draw(some(ACTION_PATTERNS))
    found[draw(st.sampled_from(("Resource", "Resource", "Resource", "NotResource")))] = draw(some(PATTERNS))
    if draw(st.booleans()):
        found["Condition"] = draw(st.sampled_from(CONDITIONS))
    if draw(st.booleans()):
        found["Sid"] = draw(st.sampled_from(("One", "Two")))
    return found


@st.composite
def old_policies(draw: st.DrawFn) -> tuple[Policy, ...]:
    made: list[Policy] = []
    for index in range(draw(st.integers(1, 3))):
        drawn = draw(st.lists(statements(), min_size=1, max_size=3))
        version = draw(st.sampled_from(("2012-10-17", "2012-10-17", "2008-10-17")))
        made.append(policy(*drawn, version=version, name=f"old-{index}"))
    return tuple(made)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    action = draw(st.sampled_from(tuple(RESOURCES)))
    resource = draw(st.sampled_from(RESOURCES[action]))
    keys = draw(st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in KEYS.items()}))
    return action, resource, keys | (PASSED if action == "iam:PassRole" else {})


# Requests that nobody drew the old policies for.
OTHERS: t.Final = st.tuples(
    st.sampled_from((*RESOURCES, "s3:DeleteObject", "iam:AttachRolePolicy", "ec2:RunInstances", "kms:Encrypt")),
    st.sampled_from(
        (
            *(arn for arns in RESOURCES.values() for arn in arns),
            "arn:aws:s3:::data/in/zz/y",
            "arn:aws:s3:::data/${x}z",
            "arn:aws:s3:::other/in/a",
            f"arn:aws:iam::{ACCOUNT}:role/admin",
            f"arn:aws:ec2:{EU}:instance/i-0fedcba9876543210",
            f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0fedcba9876543210",
            f"arn:aws:lambda:{EU}:function:app-x:8",
            f"arn:aws:dynamodb:{EU}:table/app-",
            f"arn:aws:dynamodb:{EU}:table/app-d",
        )
    ),
    st.fixed_dictionaries(
        {},
        optional={
            key: st.sampled_from((*values, "else"))
            for key, values in KEYS.items()
            if "Ip" not in key and "Multi" not in key
        },
    ),
    st.booleans(),
)


class Case(t.NamedTuple):
    principal: Principal
    record: Record
    options: t.Any
    calls: tuple[tuple[str, str, dict[str, str]], ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    policies = draw(old_policies())
    evaluator = Evaluator(Layers(identity=policies), principal=ROLE)
    drawn = draw(st.lists(requests(), min_size=1, max_size=12))
    calls = tuple(item for item in drawn if _decide(evaluator, *item) is Outcome.ALLOWED)
    assume(calls)
    uses = [call(action, resource, keys=keys) for action, resource, keys in calls]
    uses += [accessed("s3:*", 3), accessed("kms:*", 200)]
    but = draw(st.sampled_from(((), (cover("s3", data=False),), (blind("dynamodb"), blind("kms")))))
    record = make_record(*uses, but=but, last_accessed=draw(st.booleans()))
    principal = make_principal(*policies, resources=("arn:aws:s3:::data/in/a.csv", KEY))
    levels = {"*": draw(st.sampled_from(tuple(Level)))}
    more = {"levels": levels, "compress": draw(st.booleans()), "scope_regions": draw(st.booleans()), "min_group": 2}
    return Case(principal, record, options(**more), calls)


def _decide(evaluator: Evaluator, action: str, resource: str, keys: t.Mapping[str, str]) -> Outcome:
    return evaluator.outcome(action, resource, Context(keys, complete=False))


def _generate(case: Case) -> Generated:
    found = generate(case.principal, case.record, case.options)
    assume(found.status == "generated")
    return found


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(cases(), st.lists(OTHERS, min_size=20, max_size=40))
def test_no_call_is_lost_and_nothing_is_gained(case: Case, others: list[tuple[str, str, dict[str, str], bool]]) -> None:
    found = _generate(case)
    before = Evaluator(case.principal.layers, principal=ROLE)
    after = Evaluator(new_layers(found), principal=ROLE)
    lost = [item for item in case.calls if _decide(after, *item) is not Outcome.ALLOWED]
    if lost:
        # No document can say what an old NotResource with a variable allowed. Then it is never called proved.
        record = make_record_for_proof(case.record, case.options)
        proof = prove(case.principal.layers, new_layers(found), record, removed=())
        named = {entry.action.lower() for entry in (*proof.lost, *proof.unproven)}
        assert {action.lower() for action, _resource, _keys in lost} <= named
        assert any(item.not_resources for old in case.principal.layers.identity for item in old.statements)
    for action, drawn, keys, is_complete in others:
        # AWS asks about "*" for an action without resource types, and no document can name less.
        resource = "*" if action == "ec2:DescribeInstances" else drawn
        context = Context(keys | PASSED, complete=is_complete)
        if after.outcome(action, resource, context) is Outcome.ALLOWED:
            assert before.outcome(action, resource, context) is Outcome.ALLOWED, (action, resource, keys)


@settings(max_examples=EXAMPLES // 2, phases=PHASES)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_uses_and_policies_does_not_matter(case: Case, chance: random.Random) -> None:
    found = _generate(case)
    uses = list(case.record.uses)
    chance.shuffle(uses)
    policies = list(case.principal.layers.identity)
    chance.shuffle(policies)
    principal = dataclasses.replace(case.principal, layers=Layers(identity=tuple(policies)))
    other = generate(principal, dataclasses.replace(case.record, uses=tuple(uses)), case.options)
    assert other == found
    assert other.digest == found.digest


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(cases())
def test_documents_keep_the_rules(case: Case) -> None:
    found = _generate(case)
    denials = {
        (old.version, dataclasses.replace(item, index=0, sid=None))
        for old in case.principal.layers.identity
        for item in old.statements
        if not item.allow
    }
    kept = set()
    for document in found.documents:
        assert document.size <= document.limit
        sids = [item.sid for item in document.policy.statements if item.sid]
        assert len(sids) == len(set(sids))
        for item in document.policy.statements:
            assert not item.allow or (item.not_actions is None and item.not_resources is None)
            if not item.allow:
                kept.add((document.policy.version, dataclasses.replace(item, index=0, sid=None)))
            elif "iam:PassRole" in (item.actions or ()):
                assert any(condition.key == "iam:PassedToService" for condition in item.conditions)
                assert set(item.resources or ()) <= {f"arn:aws:iam::{ACCOUNT}:role/fn"}
    assert kept == denials


UNSHOWN: t.Final = ("s3:GetObject", "dynamodb:PutItem", "lambda:InvokeFunction", "kms:Decrypt")
PLAIN: t.Final = st.lists(
    st.builds(allow, some(ACTION_PATTERNS), some([item for item in PATTERNS if "${" not in item])),
    min_size=1,
    max_size=4,
).map(lambda items: policy(*items))


@settings(max_examples=EXAMPLES, phases=PHASES)
@given(PLAIN, st.lists(st.sampled_from(UNSHOWN), min_size=1, max_size=3))
def test_a_call_without_a_resource_is_not_lost(old: Policy, actions: list[str]) -> None:
    uses = [call(action) for action in actions]
    principal = make_principal(old)
    found = generate(principal, make_record(*uses), options())
    assume(found.status == "generated")
    judge = Judge(principal.layers, new_layers(found))
    for use in uses:
        assert judge.verdict(use).outcome is Breakage.SAFE
        assert use.action in {item.action for item in (*found.kept, *found.ungranted)}


@settings(max_examples=EXAMPLES // 2, phases=PHASES)
@given(PLAIN)
def test_generated_documents_are_proved(old: Policy) -> None:
    uses = (
        call("s3:ListBucket", "arn:aws:s3:::data"),
        call("kms:Decrypt", KEY, invoked_by="s3.amazonaws.com"),
        call("lambda:CreateFunction", f"arn:aws:lambda:{EU}:function:app-x"),
        call("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/fn"),
        call("dynamodb:*", is_service_level=True),
        accessed("s3:*", 1),
        accessed("kms:*", 200),
        accessed("dynamodb:*", 3),
    )
    record = make_record(*uses, but=[cover("s3", data=False), blind("dynamodb")])
    principal = make_principal(old)
    found = generate(principal, record, options())
    assume(found.status == "generated")
    about = make_record_for_proof(record, options())
    proof = prove(principal.layers, new_layers(found), about, removed=[item.action for item in found.removed])
    assert (proof.lost, proof.beyond, proof.unproven) == ((), (), ())


def test_requests_are_judged_as_the_tests_believe() -> None:
    evaluator = Evaluator(
        Layers(identity=(policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),)), principal=ROLE
    )
    assert _decide(evaluator, "s3:GetObject", "arn:aws:s3:::data/in/a.csv", {}) is Outcome.ALLOWED
    assert _decide(evaluator, "kms:Decrypt", KEY, {}) is Outcome.IMPLICIT_DENY
    assert Request("kms:Decrypt", KEY, ROLE).principal == ROLE
