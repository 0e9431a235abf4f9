# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds in any account: shared answers are those that each would get alone, and a denial opens nothing."""

from __future__ import annotations

import dataclasses
import typing as t

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.attempts import Edge
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.landscape import Landscape, Subject
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.paths import search
from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.search import Escalation

from .landscapes import (
    ACCOUNT,
    ROOT,
    Document,
    allow,
    arn,
    deny,
    everything,
    govern,
    landscape,
    policy,
    role,
    service,
    trust,
    user,
)

NAMES: t.Final = ("ann", "bob", "cid")
ACTIONS: t.Final = (
    ("iam:CreateAccessKey",),
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PutUserPolicy", "iam:CreateAccessKey"),
    ("iam:UpdateAssumeRolePolicy",),
    ("iam:PutRolePolicy", "sts:AssumeRole"),
    ("sts:AssumeRole",),
    ("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey"),
    ("lambda:UpdateFunctionCode",),
    ("iam:*",),
)
RESOURCES: t.Final = (
    "*",
    arn("user", "*"),
    arn("user", "admin"),
    arn("user", "${aws:username}"),
    arn("role", "*"),
    arn("role", "b*"),
    [arn("role", "${aws:PrincipalTag/team}"), f"arn:aws:lambda:*:{ACCOUNT}:function:*"],
)
CONDITIONS: t.Final[tuple[Document, ...]] = (
    {},
    {},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"ArnLike": {"aws:PrincipalArn": arn("user", "a*")}},
    {"StringEquals": {"aws:PrincipalTag/team": "build"}},
    {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringEquals": {"aws:PrincipalTag/team": "${iam:ResourceTag/team}"}},
    {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    {"StringNotEquals": {"aws:username": "bob"}},
)


@st.composite
def statements(draw: st.DrawFn, make: t.Callable[..., Document] = allow) -> Document:
    condition = draw(st.sampled_from(CONDITIONS))
    more = {"Condition": condition} if condition else {}
    return make(*draw(st.sampled_from(ACTIONS)), on=draw(st.sampled_from(RESOURCES)), **more)


@st.composite
def accounts(draw: st.DrawFn) -> Landscape:
    """Three users with policies that overlap, and tags, below an SCP; an administrator of each kind."""
    pool = draw(st.lists(statements(), min_size=1, max_size=3))
    denials = draw(st.lists(statements(deny), max_size=2))
    everybody = policy(*pool, *denials, name="everybody")
    users = [_user(name, everybody, draw(st.lists(statements(), max_size=2)), draw(st.booleans())) for name in NAMES]
    scp = draw(st.lists(statements(deny), max_size=1))
    subjects = [*users, *_targets()]
    return landscape(*(govern(item, *([policy(*scp, name="scp")] if scp else [])) for item in subjects))


def _user(name: str, everybody: t.Any, own: list[Document], tagged: bool) -> Subject:
    rest = [policy(*own, name=f"of {name}")] if own else []
    return user(name, everybody, *rest, tags={"team": "build"} if tagged else {})


def _targets() -> list[Subject]:
    profile = (arn("instance-profile", "build"),)
    return [
        user("admin", everything(), tags={"team": "build"}),
        role("build", everything(), trust=service("lambda.amazonaws.com"), tags={"team": "build"}),
        role("boss", everything(), trust=trust({"AWS": ROOT}), instance_profiles=profile),
        role("machine", everything(), trust=service("ec2.amazonaws.com"), instance_profiles=profile),
        role("plain", trust=trust({"AWS": [ROOT, arn("user", "ann")]})),
        # On the way to an administrator, and none itself.
        role(
            "relay",
            policy(allow("iam:CreateAccessKey", on=arn("user", "admin")), name="relay"),
            trust=trust({"AWS": arn("user", "ann")}),
        ),
    ]


def _summarize(edge: t.Optional[Edge]) -> t.Optional[tuple[str, str, frozenset[str]]]:
    return None if edge is None else (edge.method.id, edge.target, edge.doubts)


@settings(max_examples=150)
@given(accounts())
def test_everybody_gets_the_answer_that_it_would_get_alone(account: Landscape) -> None:
    together = Escalation(account)
    administrators = frozenset(
        name for name, actor in together.actors.items() if together.administrator(actor) == frozenset()
    )
    for name in NAMES:
        alone = Escalation(account)
        own = arn("user", name)
        for escalation in (together, alone):
            escalation.administrator(escalation.actors[own])
        found, expected = (item.find_takeover(item.actors[own], administrators) for item in (together, alone))
        assert _summarize(found) == _summarize(expected)
        ends, expected_ends = ([*item.find_ends(item.actors[own])] for item in (together, alone))
        assert list(map(_summarize, ends)) == list(map(_summarize, expected_ends))


@settings(max_examples=100)
@given(accounts(), statements(deny))
def test_a_denial_opens_nothing(account: Landscape, denial: Document) -> None:
    added = policy(denial, name="denial")
    subjects = tuple(
        dataclasses.replace(item, layers=dataclasses.replace(item.layers, identity=(*item.layers.identity, added)))
        for item in account.subjects
    )
    before, after = search(account), search(dataclasses.replace(account, subjects=subjects))
    certain = {path.source for path in before.paths if path.certain} | _certain(before.administrators)
    assert {path.source for path in after.paths if path.certain} | _certain(after.administrators) <= certain
    known = {path.source for path in before.paths} | set(before.administrators)
    assert {path.source for path in after.paths} | set(after.administrators) <= known


def _certain(administrators: t.Mapping[str, tuple[str, ...]]) -> set[str]:
    return {name for name, conditions in administrators.items() if not conditions}


@settings(max_examples=60)
@given(accounts())
def test_every_step_leads_to_the_next(account: Landscape) -> None:
    found = search(account)
    for path in found.paths:
        assert path.steps[0].source == path.source
        for step, following in zip(path.steps, path.steps[1:], strict=False):
            assert step.target == following.source
        # Whether somebody is an administrator can be in doubt, while there is a way to become one without a doubt.
        assert path.source not in _certain(found.administrators)
        assert path.certain or path.source not in found.administrators
        assert path.certain == (not any(step.conditional for step in path.steps))


def test_the_accounts_have_paths_of_several_steps() -> None:
    """Otherwise the property would say nothing. A few dozen accounts may have none, so more are tried."""

    def has_long_path(account: Landscape) -> bool:
        return any(len(path.steps) > 1 for path in search(account).paths)

    find(accounts(), has_long_path, settings=settings(max_examples=5000, phases=[Phase.generate]))
