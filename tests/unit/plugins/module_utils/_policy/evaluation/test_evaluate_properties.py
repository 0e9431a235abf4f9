# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to hold of evaluation whatever the policies are."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import canonical
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Layers,
    Outcome,
    Request,
    evaluate,
)

from .cases.case import ACCOUNT, FEDERATED, FOREIGN_USER, OTHER, ROLE, ROOT, SESSION, USER, policy

RANK: t.Final = {Outcome.EXPLICIT_DENY: 0, Outcome.IMPLICIT_DENY: 0, Outcome.UNKNOWN: 1, Outcome.ALLOWED: 2}

ACTIONS: t.Final = ("s3:GetObject", "s3:PutObject", "sqs:SendMessage", "iam:PassRole", "kms:Decrypt", "sts:AssumeRole")
ACTION_PATTERNS: t.Final = (*ACTIONS, "*", "s3:*", "s3:Get*", "*:*Object", "S3:?et*", "iam:*", "s*:*", "kms:*crypt")
RESOURCES: t.Final = (
    "*",
    "arn:aws:s3:::data/a",
    "arn:aws:s3:::logs/a/b",
    ROLE,
    f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1",
    f"arn:aws:sqs:eu-west-1:{OTHER}:in",
)
RESOURCE_PATTERNS: t.Final = (
    *RESOURCES,
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::${aws:PrincipalTag/t}/*",
)
KEYS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "aws:PrincipalTag/t": ("data", "logs"),
    "aws:SourceIp": ("203.0.113.7", "192.0.2.7"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
}
PRINCIPALS: t.Final = (USER, ROLE, SESSION, FEDERATED, ROOT, FOREIGN_USER, "ec2.amazonaws.com", "*", None)
PRINCIPAL_ELEMENTS: t.Final[tuple[t.Any, ...]] = (
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": USER},
    {"AWS": [ROLE, SESSION]},
    {"AWS": FEDERATED},
    {"AWS": f"arn:aws:iam::{OTHER}:root"},
    {"Service": "ec2.amazonaws.com"},
)
CONDITIONS: t.Final[tuple[t.Any, ...]] = (
    {"StringEquals": {"aws:PrincipalTag/t": "data"}},
    {"StringNotEquals": {"aws:PrincipalTag/t": "data"}},
    {"StringLikeIfExists": {"aws:PrincipalTag/t": "d*"}},
    {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:MultiFactorAuthPresent": "true"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalTag/t": ["data"]}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
)


def some(values: t.Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


@st.composite
def statements(draw: st.DrawFn, *, of_resource: bool = False, effects: str = "Allow Deny") -> dict[str, t.Any]:
    """A statement: of an identity-based policy, or of a resource's."""
    found: dict[str, t.Any] = {"Effect": draw(st.sampled_from(effects.split()))}
    found[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(some(ACTION_PATTERNS))
    found[draw(st.sampled_from(("Resource", "Resource", "NotResource")))] = draw(some(RESOURCE_PATTERNS))
    if draw(st.booleans()):
        found["Condition"] = draw(st.sampled_from(CONDITIONS))
    if of_resource:
        # NotPrincipal is for Deny alone.
        element = draw(st.sampled_from(("Principal", "NotPrincipal"))) if found["Effect"] == "Deny" else "Principal"
        found[element] = draw(st.sampled_from(PRINCIPAL_ELEMENTS))
    return found


def policies(*, of_resource: bool = False) -> st.SearchStrategy[Policy]:
    made = st.lists(statements(of_resource=of_resource), min_size=1, max_size=3)
    return made.map(lambda items: policy("Some", *items))


def levels(*, of_resource: bool = False) -> st.SearchStrategy[t.Optional[tuple[tuple[Policy, ...], ...]]]:
    level = st.lists(policies(of_resource=of_resource), max_size=2).map(tuple)
    return st.none() | st.lists(level, max_size=2).map(tuple)


layers: t.Final = st.builds(
    Layers,
    identity=st.lists(policies(), max_size=2).map(tuple),
    boundary=st.none() | policies(),
    session=st.lists(policies(), max_size=2).map(tuple),
    scps=levels(),
    rcps=levels(of_resource=True),
)
contexts: t.Final = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in KEYS.items()})
requests: t.Final = st.builds(
    Request,
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    principal=st.sampled_from(PRINCIPALS),
    context=contexts,
    context_complete=st.booleans(),
    resource_policy=st.none() | policies(of_resource=True),
)


@given(requests, layers, statements(effects="Deny"), st.sampled_from(("identity", "boundary", "session", "scps")))
def test_adding_a_deny_never_allows_more(
    request_: Request, given_: Layers, denial: dict[str, t.Any], layer: str
) -> None:
    statement = policy("More", denial).statements
    found = getattr(given_, layer)
    more: t.Any
    if layer == "boundary":
        # With a boundary, a session becomes bounded too, which may only deny more.
        more = (
            Policy(statement) if found is None else dataclasses.replace(found, statements=found.statements + statement)
        )
    elif layer == "scps":
        more = (*(found or ()), (Policy(statement),))
    else:
        more = (*found, Policy(statement))
    changed = dataclasses.replace(given_, **{layer: more})
    assert RANK[evaluate(request_, changed).outcome] <= RANK[evaluate(request_, given_).outcome]


@given(requests, layers, statements(effects="Deny", of_resource=True))
def test_adding_a_deny_on_the_resource_never_allows_more(
    request_: Request, given_: Layers, denial: dict[str, t.Any]
) -> None:
    found = request_.resource_policy or Policy(())
    before = dataclasses.replace(request_, resource_policy=found)
    more = dataclasses.replace(found, statements=found.statements + policy("More", denial).statements)
    after = dataclasses.replace(request_, resource_policy=more)
    assert RANK[evaluate(after, given_).outcome] <= RANK[evaluate(before, given_).outcome]


@given(requests, layers, policies(), policies(of_resource=True))
def test_what_limits_never_grants(request_: Request, given_: Layers, limit: Policy, rcp: Policy) -> None:
    before = RANK[evaluate(request_, given_).outcome]
    unlimited = dataclasses.replace(given_, boundary=None)
    assert RANK[evaluate(request_, given_).outcome] <= RANK[evaluate(request_, unlimited).outcome]
    for changed in (
        dataclasses.replace(given_, scps=(*(given_.scps or ()), (limit,))),
        dataclasses.replace(given_, rcps=(*(given_.rcps or ()), (rcp,))),
        dataclasses.replace(given_, boundary=given_.boundary or limit),
    ):
        assert RANK[evaluate(request_, changed).outcome] <= before


@given(requests, layers)
def test_the_canonical_form_decides_the_same(request_: Request, given_: Layers) -> None:
    trust = request_.resource_policy
    same = dataclasses.replace(request_, resource_policy=None if trust is None else canonical(trust))
    changed = dataclasses.replace(
        given_,
        identity=tuple(map(canonical, given_.identity)),
        boundary=None if given_.boundary is None else canonical(given_.boundary),
    )
    assert evaluate(same, changed).outcome is evaluate(request_, given_).outcome


@given(requests, layers)
def test_the_order_does_not_matter(request_: Request, given_: Layers) -> None:
    turned = dataclasses.replace(
        given_,
        identity=tuple(dataclasses.replace(one, statements=one.statements[::-1]) for one in given_.identity[::-1]),
        scps=None if given_.scps is None else given_.scps[::-1],
    )
    assert evaluate(request_, turned).outcome is evaluate(request_, given_).outcome


@given(requests, layers, contexts)
def test_what_is_decided_on_part_of_the_request_holds_for_all_of_it(
    request_: Request, given_: Layers, rest: dict[str, str]
) -> None:
    part = dataclasses.replace(request_, context_complete=False)
    whole = dataclasses.replace(request_, context={**rest, **dict(request_.context)}, context_complete=True)
    decided = evaluate(part, given_).outcome
    if decided is not Outcome.UNKNOWN:
        assert RANK[evaluate(whole, given_).outcome] == RANK[decided]


@given(requests, layers)
def test_an_unknown_names_keys_that_were_not_given(request_: Request, given_: Layers) -> None:
    decision = evaluate(request_, given_)
    given_keys = {key.lower() for key in request_.context}
    assert not given_keys & {key.lower() for key in decision.missing_context}
    assert not decision.missing_context or decision.outcome is Outcome.UNKNOWN
    assert decision.explanation.endswith(".")


@given(
    st.lists(
        st.tuples(st.sampled_from(("Allow", "Deny")), some(ACTION_PATTERNS), some(RESOURCE_PATTERNS[:-1])),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
)
def test_the_index_finds_what_a_plain_loop_finds(
    rows: list[tuple[str, list[str], list[str]]], action: str, resource: str
) -> None:
    effects = {
        effect
        for effect, actions, resources in rows
        if any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in actions)
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources)
    }
    mine = policy("Some", *({"Effect": row[0], "Action": row[1], "Resource": row[2]} for row in rows))
    outcome = evaluate(
        Request(action, resource, USER, resource_account=ACCOUNT, resource_policy=_LEAVING_IT), Layers((mine,))
    ).outcome
    expected = Outcome.EXPLICIT_DENY if "Deny" in effects else Outcome.ALLOWED if effects else Outcome.IMPLICIT_DENY
    assert outcome is expected


# So that keys and roles, too, are decided on by the identity-based policies alone.
_LEAVING_IT: t.Final = policy(
    "Leaving", {"Effect": "Allow", "Action": "*", "Principal": {"AWS": ACCOUNT}, "Resource": "*"}
)
