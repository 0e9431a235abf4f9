# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.canonical import fingerprint
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import Proof, prove
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    LogClass,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.log_classes import log_class
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .pairs import NOTHING, ROLE

NEW: t.Final = "2012-10-17"
OLD: t.Final = "2008-10-17"
DATA = "arn:aws:s3:::data/*"
LOGS = "arn:aws:s3:::logs/*"
HOME = "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
DESK = {"IpAddress": {"aws:SourceIp": "203.0.113.7"}}
NOW: t.Final = datetime(2026, 11, 1, tzinfo=UTC)


def policy(*statements: dict[str, t.Any], version: str = NEW, name: str = "p") -> Policy:
    return parse({"Version": version, "Statement": list(statements)}, name=name)


def allow(action: t.Any, resource: t.Any = "*", condition: t.Any = None, **elements: t.Any) -> dict[str, t.Any]:
    return _statement("Allow", action, resource, condition, elements)


def deny(action: t.Any, resource: t.Any = "*", condition: t.Any = None, **elements: t.Any) -> dict[str, t.Any]:
    return _statement("Deny", action, resource, condition, elements)


def _statement(
    effect: str, action: t.Any, resource: t.Any, condition: t.Any, more: dict[str, t.Any]
) -> dict[str, t.Any]:
    given = {"Action": action, "Resource": resource, "Condition": condition, **more}
    return {"Effect": effect, **{name: value for name, value in given.items() if value is not None}}


def all_but_actions(*actions: str, resource: t.Any = "*", effect: str = "Allow") -> dict[str, t.Any]:
    return {"Effect": effect, "NotAction": list(actions), "Resource": resource}


def all_but_resources(*resources: str, action: t.Any = "s3:*") -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": action, "NotResource": list(resources)}


def prove_statements(
    old: t.Sequence[dict[str, t.Any]], new: t.Sequence[dict[str, t.Any]], *, record: Record = NOTHING, **options: t.Any
) -> Proof:
    before = Layers(identity=tuple(policy(item, name=f"old-{index}") for index, item in enumerate(old)))
    after = Layers(identity=tuple(policy(item, name=f"new-{index}") for index, item in enumerate(new)))
    return prove(before, after, record, **{"removed": (), **options})


# Nothing new is granted

ADMINISTRATOR = allow("*")
POWER_USER = all_but_actions("iam:*", "organizations:*", "account:*")

CONTAINED = [
    pytest.param([ADMINISTRATOR], [allow("s3:GetObject", DATA)], id="of an administrator"),
    pytest.param([ADMINISTRATOR], [POWER_USER], id="a power user of an administrator"),
    pytest.param([allow("*:*")], [allow("*")], id="two ways to write every action"),
    pytest.param([POWER_USER], [allow(["s3:*", "SQS:Send*"], DATA)], id="of a power user"),
    pytest.param([POWER_USER, allow("iam:List*")], [allow("iam:ListRoles")], id="of a power user with more"),
    pytest.param([POWER_USER, allow("iam:List*")], [allow("i*:ListRoles")], id="actions by two statements together"),
    pytest.param(
        [POWER_USER], [all_but_actions("IAM:*", "organizations:*", "account:*", "s3:*")], id="fewer of all but"
    ),
    pytest.param([allow("s3:Get*")], [allow("S3:getObject")], id="another case of an action"),
    pytest.param([allow("s3*:Get*")], [allow("s3-object-lambda:GetObject")], id="a wildcard in the service"),
    pytest.param(
        [allow(["s3:Get*", "s3:Put*"], DATA)], [allow(["s3:GetObject", "s3:Put*"], "arn:aws:s3:::data/x*")], id="both"
    ),
    pytest.param(
        [allow("s3:GetObject", DATA), allow("s3:GetObject", LOGS)], [allow("s3:GetObject", [DATA, LOGS])], id="two"
    ),
    pytest.param(
        [allow("s3:*", "arn:aws:s3:::*"), allow("s3:*", "arn:aws:sqs:*:*:*")],
        [allow("s3:Get*", ["arn:aws:s3:::x", "arn:aws:sqs:eu-west-1:1:*"])],
        id="resources by two statements",
    ),
    pytest.param([all_but_resources(LOGS)], [allow("s3:GetObject", DATA)], id="beside NotResource"),
    pytest.param(
        [all_but_resources(LOGS), allow("s3:GetObject", LOGS)],
        [allow("s3:GetObject")],
        id="NotResource and the rest of it",
    ),
    pytest.param([all_but_resources(HOME)], [all_but_resources(HOME, LOGS)], id="more of NotResource, with a variable"),
    pytest.param([allow("s3:*", HOME)], [allow("s3:GetObject", HOME)], id="the same variable"),
    pytest.param([allow("s3:*", "arn:aws:s3:::home/*")], [allow("s3:*", HOME)], id="a variable within a wildcard"),
    pytest.param([allow("s3:*", DATA, OFFICE)], [allow("s3:*", DATA, {**DESK, **MFA})], id="narrower conditions"),
    pytest.param(
        [allow("s3:*"), deny("s3:Delete*", DATA)], [allow("s3:*"), deny("s3:Delete*", DATA)], id="a kept Deny"
    ),
    pytest.param(
        [allow("s3:*"), deny(["s3:Delete*", "s3:Put*"], [DATA, LOGS])],
        [deny("s3:Delete*", [LOGS, DATA]), deny("s3:put*", [DATA, LOGS]), allow("s3:Get*")],
        id="a Deny in two statements",
    ),
    pytest.param([allow("s3:*"), deny("s3:*", LOGS)], [allow("s3:*"), deny("s3:*")], id="a wider Deny"),
    pytest.param([allow("s3:*")], [], id="nothing at all"),
]


@pytest.mark.parametrize(("old", "new"), CONTAINED)
def test_narrower_policies_are_proved(old: list[t.Any], new: list[t.Any]) -> None:
    proof = prove_statements(old, new)
    assert (proof.beyond, proof.unproven) == ((), ())
    assert proof.is_proved


BEYOND = [
    pytest.param([POWER_USER], [allow("iam:GetRole")], "iam:GetRole", id="excepted by NotAction"),
    pytest.param([POWER_USER], [ADMINISTRATOR], "account:", id="everything of a power user"),
    pytest.param([all_but_actions("iam:*")], [all_but_actions("iam:Get*")], "iam:", id="fewer exceptions"),
    pytest.param([allow("s3:GetObject")], [allow("s3:Get*")], "s3:Get", id="a wildcard"),
    pytest.param(
        [allow("s3:GetO*")], [allow("s3:GetObject*"), allow("s3:PutObject")], "s3:PutObject", id="an added action"
    ),
    pytest.param([allow("sqs:*")], [allow("s*:SendMessage")], "SendMessage", id="a wildcard in the service"),
    pytest.param(
        [allow("s3:*", DATA)], [allow("s3:GetObject", "arn:aws:s3:::data*")], "s3:GetObject", id="a widened ARN"
    ),
    pytest.param(
        [allow("s3:*", DATA)], [allow("s3:GetObject", "arn:aws:s3:::Data/x")], "s3:GetObject", id="case of a resource"
    ),
    pytest.param([allow("s3:*", "arn:aws:s3:::data/?")], [allow("s3:*", DATA)], "s3:", id="one character"),
    pytest.param([all_but_resources(LOGS)], [allow("s3:GetObject")], "s3:GetObject", id="excepted by NotResource"),
    pytest.param(
        [allow("s3:*", HOME)], [allow("s3:GetObject", "arn:aws:s3:::home/*")], "s3:GetObject", id="a lost variable"
    ),
    pytest.param([allow("s3:*", DATA, MFA)], [allow("s3:*", DATA)], "s3:", id="a dropped condition"),
    pytest.param([allow("s3:*", DATA, DESK)], [allow("s3:*", DATA, OFFICE)], "s3:", id="a wider network"),
    pytest.param([allow("s3:*", "*", {**MFA, **DESK})], [allow("s3:*", "*", DESK)], "s3:", id="one condition of two"),
    pytest.param(
        [allow("s3:*", "*", MFA), allow("s3:*", "*", DESK)],
        [allow("s3:*", "*", {"StringLike": {"aws:UserAgent": "*"}})],
        "s3:",
        id="another condition",
    ),
    pytest.param([allow("s3:*"), deny("s3:Delete*")], [allow("s3:*")], "s3:Delete", id="a dropped Deny"),
    pytest.param([allow("s3:*"), deny("iam:*")], [allow("s3:Get*")], "iam:", id="a dropped Deny of nothing allowed"),
    pytest.param(
        [allow("s3:*"), deny("s3:*", [DATA, LOGS])], [allow("s3:*"), deny("s3:*", DATA)], "s3:", id="less of a Deny"
    ),
    pytest.param(
        [allow("s3:*"), deny("s3:*")], [allow("s3:*"), deny("s3:*", "*", MFA)], "s3:", id="a Deny with a condition"
    ),
    pytest.param(
        [allow("s3:*"), all_but_actions("s3:Get*", effect="Deny")],
        [allow("s3:*"), all_but_actions("s3:*", effect="Deny")],
        "s3:",
        id="a Deny of less with NotAction",
    ),
]


@pytest.mark.parametrize(("old", "new", "action"), BEYOND)
def test_more_is_found_with_a_request(old: list[t.Any], new: list[t.Any], action: str) -> None:
    proof = prove_statements(old, new)
    assert not proof.is_proved and proof.unproven == ()
    requests = [entry.request for entry in proof.beyond]
    assert any(request is not None and action in request.action for request in requests), proof.beyond


UNPROVEN = [
    pytest.param(
        [allow("s3:*", "arn:aws:s3:::home/${aws:userid}/*")],
        [
            allow(
                "s3:*",
                "arn:aws:s3:::home/${aws:SourceIdentity}/*",
                {"StringEquals": {"aws:SourceIdentity": "${aws:userid}"}},
            )
        ],
        "policy variables",
        id="equal variables",
    ),
    pytest.param(
        [all_but_resources(HOME)],
        [allow("s3:*", "arn:aws:s3:::home/x/*")],
        "NotResource, policy variables",
        id="what a variable may except",
    ),
    pytest.param(
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": LOGS}],
        [allow("s3:ListAllMyBuckets")],
        "NotResource",
        id="an action that knows no resources",
    ),
    pytest.param(
        [allow("s3:*", "*", {"StringEquals": {"aws:SourceVpc": "vpc-1"}})],
        [
            allow(
                "s3:*", "*", {"StringLike": {"aws:SourceVpc": "vpc-*"}, "StringNotLike": {"aws:SourceVpc": ["vpc-?*"]}}
            )
        ],
        "StringEquals on aws:SourceVpc",
        id="conditions that only together say enough",
    ),
]


@pytest.mark.parametrize(("old", "new", "why"), UNPROVEN)
def test_what_can_be_shown_neither_way_is_unproven(old: list[t.Any], new: list[t.Any], why: str) -> None:
    proof = prove_statements(old, new)
    assert not proof.is_proved and proof.beyond == ()
    entry = proof.unproven[0]
    assert why in entry.why and entry.settled_by == "CheckNoNewAccess"
    assert (entry.policy, entry.statement) == ("new-0", "statement 1")


def test_a_variable_of_2012_is_text_in_a_document_of_2008() -> None:
    own = allow("s3:GetObject", HOME)
    old, new = policy(own, version=OLD), policy(own, version=NEW)
    assert prove(Layers(identity=(old,)), Layers(identity=(old,)), NOTHING, removed=()).is_proved
    proof = prove(Layers(identity=(old,)), Layers(identity=(new,)), NOTHING, removed=())
    assert not proof.is_proved


def test_a_layer_that_is_widened_is_unproven() -> None:
    own = policy(allow("s3:*"))
    before = Layers(identity=(own,), boundary=policy(allow("s3:Get*")))
    proof = prove(before, Layers(identity=(own,)), NOTHING, removed=())
    assert not proof.is_proved and "boundary" in proof.unproven[0].why
    assert prove(before, before, NOTHING, removed=()).is_proved


# Nothing that was used is lost


def used(action: str, resource: t.Optional[str] = None, **more: t.Any) -> Use:
    context = more.pop("context", {})
    return Use(ROLE, action, more.pop("source", Source.TRAIL), resource, Context(context, complete=False), **more)


def recorded(
    *uses: Use, services: t.Optional[dict[str, ServiceCoverage]] = None, denied: tuple[Use, ...] = ()
) -> Record:
    coverage = Coverage(90, since=NOW - timedelta(days=90), until=NOW, services=services or {})
    return dataclasses.replace(NOTHING, uses=uses, denied=denied, coverage=coverage)


def lost_actions(old: list[t.Any], new: list[t.Any], *uses: Use) -> list[str]:
    return [entry.action for entry in prove_statements(old, new, record=recorded(*uses)).lost]


OBJECT = "arn:aws:s3:::data/a"


def test_a_use_that_is_denied_is_lost() -> None:
    uses = (used("s3:GetObject", OBJECT), used("s3:PutObject", OBJECT))
    assert lost_actions([allow("s3:*")], [allow("s3:GetObject", DATA)], *uses) == ["s3:PutObject"]
    assert lost_actions([allow("s3:*")], [allow("s3:*", LOGS)], *uses) == ["s3:GetObject", "s3:PutObject"]
    assert lost_actions([allow("s3:*")], [], *uses) == ["s3:GetObject", "s3:PutObject"]
    assert lost_actions([allow("s3:*")], [allow("s3:*"), deny("s3:PutObject")], *uses) == ["s3:PutObject"]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(used("s3:PutObject", OBJECT, is_dry_run=True), id="a dry run"),
        pytest.param(used("s3:PutObject", candidates=(DATA,)), id="a pattern of resources"),
        pytest.param(used("s3:PutObject", candidates=(DATA,), is_possible=True), id="a possible need"),
        pytest.param(used("s3:PutObject"), id="any resource"),
    ],
)
def test_other_kinds_of_use_are_lost_too(use: Use) -> None:
    assert lost_actions([allow("s3:*")], [allow("s3:GetObject")], use) == ["s3:PutObject"]
    assert lost_actions([allow("s3:*")], [allow("s3:Put*")], use) == []


def test_a_use_is_lost_if_it_now_depends_on_something_unknown() -> None:
    use = used("s3:GetObject", OBJECT)
    assert lost_actions([allow("s3:*")], [allow("s3:*", "*", MFA)], use) == ["s3:GetObject"]
    known = used("s3:GetObject", OBJECT, context={"aws:MultiFactorAuthPresent": "true"})
    assert lost_actions([allow("s3:*")], [allow("s3:*", "*", MFA)], known) == []


def test_a_use_that_depended_on_the_same_unknown_fact_is_not_lost() -> None:
    use = used("s3:GetObject", OBJECT)
    assert lost_actions([allow("s3:*", "*", OFFICE)], [allow("s3:GetObject", DATA, OFFICE)], use) == []
    assert (
        lost_actions(
            [allow("s3:*", HOME)], [allow("s3:GetObject", HOME)], used("s3:GetObject", "arn:aws:s3:::home/x/y")
        )
        == []
    )
    guarded = deny("s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}})
    assert lost_actions([allow("s3:*"), guarded], [allow("s3:GetObject", DATA), guarded], use) == []


@pytest.mark.parametrize(("region", "lost"), [("eu-west-1", []), ("us-east-1", ["s3:GetObject"])])
def test_a_known_fact_may_be_asked_for_beside_an_unknown_one(region: str, lost: list[str]) -> None:
    """The old condition still decides on the unknown fact, and the new one is met by what the record shows."""
    unknown = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    scoped = {**unknown, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    use = used("s3:GetObject", "arn:aws:s3:::data/a", context={"aws:RequestedRegion": region})
    old, new = [allow("s3:*", condition=unknown)], [allow("s3:GetObject", condition=scoped)]
    assert lost_actions(old, new, use) == lost


def test_a_use_is_lost_if_the_same_unknown_fact_must_say_more() -> None:
    use = used("s3:GetObject", OBJECT)
    assert lost_actions([allow("s3:*", "*", OFFICE)], [allow("s3:*", "*", DESK)], use) == ["s3:GetObject"]
    both = [allow("s3:*", "*", OFFICE), allow("s3:Get*", "*", MFA)]
    assert lost_actions(both, both[:1], use) == ["s3:GetObject"]
    guarded = deny("s3:*", "*", {"Bool": {"aws:SecureTransport": "false"}})
    assert lost_actions([allow("s3:*", "*", OFFICE)], [allow("s3:*", "*", OFFICE), guarded], use) == ["s3:GetObject"]


def test_other_resources_of_the_old_statement_lose_nothing() -> None:
    """The usual policy of a home directory: the objects by a tag of the caller, and the bucket."""
    use = used("s3:GetObject", "arn:aws:s3:::home/blue/1")
    both = [HOME, "arn:aws:s3:::home"]
    proof = prove_statements([allow("s3:*", both)], [allow("s3:GetObject", HOME)], record=recorded(use))
    assert (proof.lost, proof.unproven) == ((), ())
    assert lost_actions([allow("s3:*", both)], [allow("s3:GetObject", "arn:aws:s3:::home")], use) == ["s3:GetObject"]
    assert lost_actions([all_but_resources(HOME)], [allow("s3:GetObject", LOGS)], use) == ["s3:GetObject"]


STRICT: t.Final = {
    "boundary": {"boundary": policy(allow("s3:*"))},
    "scp": {"scps": ((policy(allow("*")),), (policy(allow("*")), policy(deny("sqs:PurgeQueue"))))},
    "rcp": {"rcps": ((policy({**deny("sqs:*"), "Principal": "*"}),),)},
}


@pytest.mark.parametrize("layer", STRICT)
def test_a_recorded_call_that_another_layer_denies_today_is_lost(layer: str) -> None:
    """Neither policy of the principal is to blame, and still nobody may say that the call goes on to work."""
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    old, new = policy(allow("sqs:*")), policy(allow("sqs:PurgeQueue", queue))
    before = Layers(identity=(old,), **STRICT[layer])
    after = dataclasses.replace(before, identity=(new,))
    (entry,) = prove(before, after, recorded(used("sqs:PurgeQueue", queue)), removed=()).lost
    assert entry.action == "sqs:PurgeQueue" and f"the layer {layer} as it is denies it" in entry.why
    # A date of last access may be that of a denied call, and a layer that depends on something unknown may allow it.
    dated = dataclasses.replace(used("sqs:PurgeQueue", queue), source=Source.LAST_ACCESSED)
    assert not prove(before, after, recorded(dated), removed=()).lost
    unknown = dataclasses.replace(before, boundary=policy(allow("*", "*", MFA)), scps=None, rcps=None)
    after = dataclasses.replace(unknown, identity=(new,))
    assert not prove(unknown, after, recorded(used("sqs:PurgeQueue", queue)), removed=()).lost


def test_an_rcp_says_nothing_of_resources_of_other_accounts() -> None:
    queue = "arn:aws:sqs:eu-west-1:999988887777:q"
    before = Layers(identity=(policy(allow("sqs:*")),), **STRICT["rcp"])
    after = dataclasses.replace(before, identity=(policy(allow("sqs:PurgeQueue", queue)),))
    assert prove(before, after, recorded(used("sqs:PurgeQueue", queue)), removed=()).lost == ()


def test_a_user_that_the_policy_of_a_resource_may_name_is_not_limited_by_its_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    queue = "arn:aws:sqs:eu-west-1:111122223333:q"
    record = dataclasses.replace(
        recorded(used("sqs:PurgeQueue", queue)), principal_arn="arn:aws:iam::111122223333:user/bob"
    )
    before = Layers(identity=(policy(allow("sqs:*")),), **STRICT["boundary"])
    after = dataclasses.replace(before, identity=(policy(allow("sqs:PurgeQueue", queue)),))
    proof = prove(before, after, record, removed=())
    assert (proof.lost, [entry.action for entry in proof.unproven]) == ((), ["sqs:PurgeQueue"])
    denied = policy(allow("s3:*"), deny("sqs:*"))
    layers = [dataclasses.replace(one, boundary=denied) for one in (before, after)]
    assert [entry.action for entry in prove(*layers, record, removed=()).lost] == ["sqs:PurgeQueue"]


def test_a_use_that_no_policy_allowed_is_not_lost_and_counted() -> None:
    uses = (used("s3:GetObject", OBJECT), used("sqs:SendMessage", SEND.resource), used("sqs:ListQueues"))
    proof = prove_statements([allow("sqs:*")], [allow(["sqs:SendMessage", "sqs:ListQueues"])], record=recorded(*uses))
    assert proof.is_proved and proof.counts["uses_not_granted_before"] == 1


def test_a_use_of_an_unknown_resource_passes_on_all_that_the_action_knows() -> None:
    use = used("kms:Decrypt")
    keys = [allow("kms:Decrypt", "arn:aws:kms:*:*:key/*", MFA)]
    assert lost_actions([allow("kms:*", "*", MFA)], keys, use) == []
    assert lost_actions([allow("kms:*", "*", MFA)], [allow("kms:*", "arn:aws:kms:eu-west-1:*:key/*", MFA)], use) != []
    two = [allow("kms:*", "arn:aws:kms:*:*:key/a*", MFA), allow("kms:*", "arn:aws:kms:*:*:key/b*", MFA)]
    own = [allow("kms:*", ["arn:aws:kms:*:*:key/a*", "arn:aws:kms:*:*:key/b*"], MFA)]
    assert lost_actions(own, two, use) == []
    assert lost_actions(own, two[:1], use) != []
    # AWS asks about "*" for an action that knows no resources: a statement on keys has no part in it.
    every = [allow("kms:*", "*", MFA), allow("kms:*", "arn:aws:kms:*:*:key/*", OFFICE)]
    assert lost_actions(every, every[:1], used("kms:ListKeys")) == []
    # No bucket has a slash in its name.
    assert (
        lost_actions(
            [allow("s3:*", [DATA, "arn:aws:s3:::data"])], [allow("s3:*", "arn:aws:s3:::data")], used("s3:ListBucket")
        )
        == []
    )


# Dates of last access


def accessed(action: str, days: int, **more: t.Any) -> Use:
    return used(action, source=Source.LAST_ACCESSED, last=NOW - timedelta(days=days), **more)


def coverage(status: Status, **logged: bool) -> dict[str, ServiceCoverage]:
    found = {LogClass[name]: YES if value else NO for name, value in logged.items()}
    return {"sqs": ServiceCoverage("sqs", status, logged=found)}


SEND = used("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", last=NOW - timedelta(days=3))
TAGS = used("sqs:TagQueue", "arn:aws:sqs:eu-west-1:111122223333:jobs", last=NOW - timedelta(days=3))
QUEUES = [allow("sqs:*")]
KEPT = [allow(["sqs:SendMessage", "sqs:TagQueue"], "arn:aws:sqs:eu-west-1:111122223333:jobs")]


def test_a_service_that_was_used_by_an_unknown_action_keeps_all_of_them() -> None:
    service = accessed("sqs:*", 100, is_service_level=True)
    proof = prove_statements(QUEUES, KEPT, record=recorded(SEND, service))
    assert (proof.lost, len(proof.unproven)) == ((), 1)
    assert "sqs was used" in proof.unproven[0].why
    assert prove_statements(QUEUES, QUEUES, record=recorded(SEND, service)).is_proved
    assert prove_statements(QUEUES, [allow("s3:*")], record=recorded(service)).lost != ()


def test_a_recorded_call_explains_a_date_where_all_calls_are_recorded() -> None:
    service = accessed("sqs:*", 3, is_service_level=True)
    complete = coverage(Status.COMPLETE, READ=True, WRITE=True, DATA=True)
    assert prove_statements(QUEUES, KEPT, record=recorded(SEND, service, services=complete)).is_proved
    only = recorded(service, services=complete, denied=(SEND,))
    assert prove_statements(QUEUES, KEPT, record=only).is_proved
    later = accessed("sqs:*", 1, is_service_level=True)
    assert not prove_statements(QUEUES, KEPT, record=recorded(SEND, later, services=complete)).is_proved
    assert not prove_statements(QUEUES, KEPT, record=recorded(service, services=complete)).is_proved


def test_data_events_that_are_not_recorded_stay_possible() -> None:
    service = accessed("sqs:*", 3, is_service_level=True)
    partial = coverage(Status.PARTIAL, READ=True, WRITE=True, DATA=False)
    record = recorded(TAGS, service, services=partial)
    proof = prove_statements(QUEUES, KEPT, record=record)
    assert not proof.is_proved and "sqs:DeleteMessage" in proof.unproven[0].why
    assert "sqs:CreateQueue" not in proof.unproven[0].why
    names = [item.full_name for item in catalogue.actions("sqs").values()]
    data = [name for name in names if log_class(name) in (LogClass.DATA, LogClass.NEVER)]
    assert 0 < len(data) < len(names)
    assert prove_statements(QUEUES, [allow([*data, "sqs:TagQueue"])], record=record).is_proved


def test_an_action_with_a_date_and_no_resource_must_stay_everywhere() -> None:
    action = accessed("sqs:SendMessage", 3)
    assert not prove_statements(QUEUES, KEPT, record=recorded(action)).is_proved
    assert prove_statements(QUEUES, [allow("sqs:Send*")], record=recorded(action)).is_proved
    complete = coverage(Status.COMPLETE)
    assert prove_statements(QUEUES, KEPT, record=recorded(SEND, action, services=complete)).is_proved


def test_dates_before_the_given_one_are_no_uses() -> None:
    record = recorded(accessed("sqs:*", 200, is_service_level=True))
    assert not prove_statements(QUEUES, [], record=record).is_proved
    assert prove_statements(QUEUES, [], record=record, unused_before=NOW - timedelta(days=180)).is_proved


# The document


def test_the_proof_is_data_in_a_stable_order() -> None:
    old = [allow("s3:*", DATA), allow("sqs:*"), deny("s3:Delete*")]
    new = [allow(["s3:GetObject", "iam:PassRole"], DATA), allow("kms:Decrypt")]
    uses = (used("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:x", count=3), used("s3:GetObject", OBJECT, count=4))
    proof = prove_statements(old, new, record=recorded(*uses), removed=["sqs:SendMessage", "s3:PutObject"])
    other = prove_statements(old, new, record=recorded(*reversed(uses)), removed=["s3:PutObject", "sqs:SendMessage"])
    data = proof.to_data()
    assert json.dumps(data) == json.dumps(other.to_data())
    assert json.loads(json.dumps(data)) == data
    assert [entry["action"] for entry in data["beyond"]] == ["iam:PassRole", "kms:Decrypt", "s3:Delete*"]
    assert [entry["action"] for entry in data["lost"]] == ["sqs:SendMessage"]
    assert (data["recorded"], data["counts"]["calls"], data["counts"]["denials"]) == (2, 7, 1)
    assert data["evidence_sha256"] == "0" * 64
    assert data["documents_after"][0] == {"name": "new-0", "sha256": fingerprint(policy(new[0]))}
    assert data["is_proved"] is False


def test_a_role_that_no_record_names_is_unproven_unless_it_was_written_so() -> None:
    roles = f"{ROLE.partition('role/')[0]}role/*"
    record = recorded(used("iam:PassRole", candidates=(roles,)))
    wide = prove_statements([ADMINISTRATOR], [allow("iam:PassRole", roles)], record=record)
    assert [(entry.action, entry.resource) for entry in wide.unproven] == [("iam:PassRole", roles)]
    named = roles.replace("*", "web")
    for old, new in ((ADMINISTRATOR, named), (allow("iam:PassRole", roles), roles)):
        found = prove_statements([old], [allow("iam:PassRole", new)], record=record)
        assert "instance profile" not in "".join(entry.why for entry in found.unproven)
