# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a narrowing change breaks, by what was used."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.policy import Policy
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact import judge as impact
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import (
    Breakage,
    Impact,
    Judge,
    Verdict,
    judge,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Evidence, Source, SourceRead, Use

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/developer"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
WHEN = datetime(2026, 11, 20, tzinfo=UTC)
EVIDENCE = Evidence((SourceRead(Source.LAST_ACCESSED, 400, "4 hours"),))
OPEN = Context({}, complete=False)


def policy(*statements: dict[str, t.Any], name: str = "p") -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, name=name)


def allow(action: t.Any, resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: t.Any, resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def call(action: str, resource: t.Optional[str] = None, context: Context = OPEN, who: str = ROLE) -> Use:
    return Use(who, action, Source.TRAIL, resource, context, count=1, first=WHEN, last=WHEN)


def access(action: str, who: str = ROLE) -> Use:
    return Use(who, action, Source.LAST_ACCESSED, last=WHEN)


def service(prefix: str, besides: t.Iterable[str] = ()) -> Use:
    return dataclasses.replace(access(f"{prefix}:*"), is_service_level=True, besides=frozenset(besides))


def make_context(**keys: str) -> Context:
    return Context({key.replace("_", ":"): value for key, value in keys.items()}, complete=False)


ADMIN = policy(allow("*"), name="AdministratorAccess")
ADMINISTRATOR = Layers((ADMIN,))
APP = f"arn:aws:lambda:*:{ACCOUNT}:function:app-*"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
BOUNDARY = policy(
    allow(["s3:*", "dynamodb:*"], Sid="Services"),
    allow("lambda:*", APP, Sid="OwnFunctions"),
    allow("sqs:*", Condition=VPC, Sid="InsideOnly"),
    allow("kms:Decrypt"),
    deny("s3:*", "arn:aws:s3:::audit-*", Sid="KeepAudit"),
    name="developer",
)
BOUNDED = Layers((ADMIN,), boundary=BOUNDARY)


@pytest.mark.parametrize(
    ("use", "outcome", "reason"),
    [
        (call("dynamodb:PutItem", f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"), "safe", "stays allowed"),
        (call("ec2:RunInstances"), "will_break", "nothing in the permissions boundary developer allows it"),
        (call("s3:GetObject", "arn:aws:s3:::app-data/k"), "safe", "stays allowed"),
        (call("s3:GetObject", "arn:aws:s3:::audit-1/k"), "will_break", "KeepAudit of the permissions boundary"),
        (call("s3:GetObject"), "may_break", "denies it on arn:aws:s3:::audit-*"),
        (access("s3:GetObject"), "may_break", "denies it on arn:aws:s3:::audit-*"),
        (call("s3:ListAllMyBuckets"), "safe", "stays allowed"),
        (call("lambda:InvokeFunction", f"{FUNCTION}app-a"), "safe", "stays allowed"),
        (call("lambda:InvokeFunction", f"{FUNCTION}other"), "will_break", "nothing in the permissions boundary"),
        (
            access("lambda:InvokeFunction"),
            "may_break",
            f"OwnFunctions of the permissions boundary developer allows it on {APP}",
        ),
        (access("lambda:ListFunctions"), "will_break", "nothing in the permissions boundary"),
        (call("sqs:SendMessage"), "may_break", "it depends on aws:SourceVpc, which the evidence does not have"),
        (call("sqs:SendMessage", context=make_context(aws_SourceVpc="vpc-1")), "safe", "stays allowed"),
        (
            call("sqs:SendMessage", context=make_context(aws_SourceVpc="vpc-2")),
            "will_break",
            "nothing in the permissions",
        ),
        (call("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"), "safe", "stays allowed"),
        (call("sts:GetCallerIdentity"), "safe", "stays allowed"),
        (call("S3:getobject", "arn:aws:s3:::app-data/k"), "safe", "stays allowed"),
        (call("newservice:NewAction"), "will_break", "nothing in the permissions boundary developer"),
    ],
    ids=lambda value: f"{value.source} {value.action} {value.resource or ''}" if isinstance(value, Use) else "",
)
def test_a_boundary_on_an_administrator(use: Use, outcome: str, reason: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    verdict = Judge(ADMINISTRATOR, BOUNDED).verdict(use)
    assert verdict.outcome == outcome, verdict.reason
    assert reason in verdict.reason


def test_what_decides_is_named() -> None:
    judging = Judge(ADMINISTRATOR, BOUNDED)
    verdict = judging.verdict(call("s3:PutObject", "arn:aws:s3:::audit-1/k"))
    assert (verdict.layer, verdict.policy, verdict.statement) == ("boundary", "developer", "KeepAudit")
    verdict = judging.verdict(call("sqs:SendMessage"))
    assert verdict.missing_context == ("aws:SourceVpc",)
    verdict = judging.verdict(access("lambda:InvokeFunction"))
    assert (verdict.resources, verdict.missing_context) == ((APP,), ())


def test_a_statement_of_another_policy_that_has_its_name_does_not_decide() -> None:
    own = policy(allow("lambda:*", APP, Sid="Own"), name="developer")
    layers = Layers((policy(allow("*", Sid="Own"), name="admin"),), boundary=own)
    assert Judge(ADMINISTRATOR, layers).verdict(access("lambda:InvokeFunction")).resources == (APP,)


def test_the_level_of_an_organization_is_named() -> None:
    scps = ((ADMIN,), (ADMIN, policy(deny("ec2:*", Sid="NoEc2"), name="guardrail")))
    verdict = Judge(ADMINISTRATOR, Layers((ADMIN,), scps=scps)).verdict(call("ec2:RunInstances"))
    assert re.search(r"NoEc2 of .* guardrail at .+ denies it", verdict.reason)


@pytest.mark.parametrize(
    ("candidates", "what"),
    [((), "other resources than the evidence shows"), ((APP,), f"{APP} as well")],
)
def test_a_permission_that_a_call_may_have_needed_besides(candidates: tuple[str, ...], what: str) -> None:
    use = dataclasses.replace(call("ec2:RunInstances"), is_possible=True, candidates=candidates)
    verdict = Judge(ADMINISTRATOR, BOUNDED).verdict(use)
    assert verdict.outcome is Breakage.MAY_BREAK
    assert verdict.reason.startswith(f"a call that was made may need it on {what}; nothing in the permissions boundary")


@pytest.mark.parametrize(
    ("use", "reason", "policy_"),
    [
        ("dynamodb", "all its use of dynamodb stays allowed", None),
        ("ec2", "ec2 was used, and none of it stays allowed", "developer"),
        ("s3", "actions that it may have been are lost or may be: ", "developer"),
    ],
)
def test_a_service_verdict_says_how_much_is_lost_and_by_what(use: str, reason: str, policy_: t.Optional[str]) -> None:
    verdict = Judge(ADMINISTRATOR, BOUNDED).verdict(service(use))
    assert reason in verdict.reason
    assert (verdict.layer, verdict.policy) == ("boundary" if policy_ else None, policy_)


def test_what_aws_does_not_tell_apart_is_lost_as_far_as_it_goes() -> None:
    verdict = Judge(ADMINISTRATOR, BOUNDED).verdict(service("ec2", ["ec2:describeinstances"]))
    assert "all actions that AWS does not distinguish that it may have been are lost" in verdict.reason
    assert len(verdict.lost) == verdict.of
    assert "ec2:DescribeInstances" not in verdict.lost


@pytest.mark.parametrize(
    ("use", "outcome", "lost"),
    [
        (service("dynamodb"), "safe", 0),
        (service("ec2"), "will_break", None),
        (service("s3"), "may_break", None),
        (service("s3", [item.full_name.lower() for item in catalogue.actions("s3").values()]), "safe", 0),
        (service("ec2", ["ec2:describeinstances"]), "may_break", None),
        (service("nosuchservice"), "may_break", 0),
    ],
    ids=["all kept", "all lost", "some lost", "all told apart", "all lost that AWS does not tell", "unknown service"],
)
def test_a_service_of_which_the_action_is_not_known(use: Use, outcome: str, lost: t.Optional[int]) -> None:
    verdict = Judge(ADMINISTRATOR, BOUNDED).verdict(use)
    assert verdict.outcome == outcome, verdict.reason
    assert len(verdict.lost) == lost if lost is not None else verdict.lost


def test_actions_that_were_not_allowed_before_do_not_count_for_a_service() -> None:
    reader = Layers((policy(allow(["ec2:Describe*", "s3:Get*"])),))
    judging = Judge(reader, dataclasses.replace(reader, boundary=policy(allow("ec2:Describe*"))))
    assert judging.verdict(service("ec2")).outcome is Breakage.SAFE
    assert judging.verdict(service("s3")).outcome is Breakage.WILL_BREAK
    assert judging.verdict(service("sqs")).outcome is Breakage.SAFE
    assert "not allowed today either" in judging.verdict(service("sqs")).reason


def test_denials_where_nobody_is_taken_to_have_used_anything() -> None:
    judging = Judge(ADMINISTRATOR, BOUNDED, unused_resources=["arn:aws:s3:::audit-*"])
    assert judging.verdict(service("s3")).outcome is Breakage.SAFE
    assert judging.verdict(access("s3:GetObject")).outcome is Breakage.SAFE
    assert judging.verdict(call("s3:GetObject", "arn:aws:s3:::audit-1/k")).outcome is Breakage.WILL_BREAK


# What the same layers said before is not asked again: the call passed them.

OFFICE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
CONDITIONAL = Layers((policy(allow("s3:*", Condition=OFFICE), name="office"),))


@pytest.mark.parametrize(
    ("before", "after", "use", "outcome"),
    [
        (CONDITIONAL, dataclasses.replace(CONDITIONAL, boundary=policy(allow("s3:*"))), call("s3:GetObject"), "safe"),
        (
            CONDITIONAL,
            dataclasses.replace(CONDITIONAL, boundary=policy(allow("s3:*"))),
            access("s3:GetObject"),
            "safe",
        ),
        (CONDITIONAL, Layers(), call("s3:GetObject"), "will_break"),
        (CONDITIONAL, Layers(), access("s3:GetObject"), "may_break"),
        (ADMINISTRATOR, CONDITIONAL, call("s3:GetObject"), "may_break"),
        (ADMINISTRATOR, CONDITIONAL, call("s3:GetObject", context=make_context(aws_SourceIp="203.0.113.9")), "safe"),
        (
            ADMINISTRATOR,
            CONDITIONAL,
            call("s3:GetObject", context=make_context(aws_SourceIp="198.51.100.1")),
            "will_break",
        ),
        (
            Layers((ADMIN, policy(allow("s3:GetObject", Condition=OFFICE)))),
            Layers((policy(allow("s3:GetObject", Condition=OFFICE)),)),
            call("s3:GetObject"),
            "may_break",
        ),
        (Layers((ADMIN, policy(allow("ec2:*")))), ADMINISTRATOR, call("ec2:RunInstances"), "safe"),
        (ADMINISTRATOR, Layers((policy(allow("ec2:*")),)), call("s3:GetObject"), "will_break"),
        (ADMINISTRATOR, Layers((ADMIN, policy(deny("s3:Get*")))), call("s3:GetObject"), "will_break"),
        (ADMINISTRATOR, Layers((ADMIN, policy(deny("s3:Get*")))), call("s3:PutObject"), "safe"),
        (ADMINISTRATOR, Layers((ADMIN,), session=(policy(allow("s3:*")),)), call("ec2:RunInstances"), "will_break"),
        (
            ADMINISTRATOR,
            Layers((ADMIN,), scps=((ADMIN,), (ADMIN, policy(deny("ec2:*"))))),
            call("ec2:RunInstances"),
            "will_break",
        ),
        (
            ADMINISTRATOR,
            Layers((ADMIN,), scps=((ADMIN,), (ADMIN, policy(deny("ec2:*"))))),
            call("s3:GetObject"),
            "safe",
        ),
        (Layers((ADMIN,), boundary=BOUNDARY), Layers((ADMIN,), boundary=ADMIN), call("ec2:RunInstances"), "safe"),
        (
            Layers((policy(allow("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app/*")),)),
            Layers(
                (policy(allow("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app/*")),),
                boundary=policy(allow("iam:Get*", f"arn:aws:iam::{ACCOUNT}:role/a*")),
            ),
            access("iam:GetRole"),
            "safe",
        ),
        (
            Layers((policy(allow("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app/*")),)),
            Layers(
                (policy(allow("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/app/*")),),
                boundary=policy(allow("iam:Get*", f"arn:aws:iam::{ACCOUNT}:user/*")),
            ),
            access("iam:GetRole"),
            "will_break",
        ),
    ],
    ids=[
        "an old condition counts as met",
        "an old condition counts as met by an attempt",
        "what allowed it goes",
        "what may have allowed an attempt goes",
        "a new condition that is not known",
        "a new condition that is met",
        "a new condition that is not met",
        "one of two goes, the other has a condition",
        "one of two that allow goes",
        "the only one goes",
        "a new deny",
        "a new deny of something else",
        "a session policy",
        "an SCP",
        "an SCP about something else",
        "a wider boundary",
        "a boundary as wide as what was allowed",
        "a boundary beside what was allowed",
    ],
)
def test_only_what_changes_is_judged(before: Layers, after: Layers, use: Use, outcome: str) -> None:
    verdict = Judge(before, after).verdict(use)
    assert verdict.outcome == outcome, verdict.reason


def test_an_action_that_the_change_does_not_concern_is_not_asked_about() -> None:
    safer = Layers((ADMIN, policy(deny("s3:Get*"))))
    verdict = Judge(ADMINISTRATOR, safer).verdict(call("s3:PutObject", "arn:aws:s3:::b/k"))
    assert verdict.reason == "the change takes nothing away from this action"
    # It counts as no action of a service, of which there is but one here.
    assert (verdict.lost, verdict.of) == ((), 0)


def test_a_resource_is_judged_by_the_arns_that_policies_know_it_by() -> None:
    """A call names a key by its alias, which no policy allows a call on: it is the key that counts.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    key, alias = (f"arn:aws:kms:us-east-1:{ACCOUNT}:{name}" for name in ("key/*", "alias/app"))
    judging = Judge(ADMINISTRATOR, dataclasses.replace(ADMINISTRATOR, boundary=policy(allow("kms:*", key))))
    assert judging.verdict(call("kms:Decrypt", alias)).outcome is Breakage.WILL_BREAK
    by_key = dataclasses.replace(call("kms:Decrypt", alias), candidates=(key,))
    assert judging.verdict(by_key).outcome is Breakage.SAFE
    by_either = judging.verdict(dataclasses.replace(by_key, candidates=(key, alias)))
    assert by_either.outcome is Breakage.MAY_BREAK
    assert by_either.reason.startswith("on some of its resources, nothing in the permissions boundary")


READER = Layers((policy(allow("s3:ListBucket")),))


def test_an_attempt_at_what_is_not_allowed_is_no_loss() -> None:
    """Service last accessed counts denied calls too."""
    after = dataclasses.replace(READER, boundary=policy(allow("s3:ListBucket")))
    verdict = Judge(READER, after).verdict(access("ec2:RunInstances"))
    assert (verdict.outcome, verdict.reason[:30]) == (Breakage.SAFE, "it is not allowed today either")


def test_a_call_that_no_identity_policy_allows_may_rest_on_the_policy_of_its_resource() -> None:
    """What a resource's policy gives to a role is limited by the role's boundary.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    use = call("s3:GetObject", "arn:aws:s3:::shared/k")
    narrow = dataclasses.replace(READER, boundary=policy(allow("s3:ListBucket")))
    verdict = Judge(READER, narrow).verdict(use)
    assert verdict.outcome is Breakage.MAY_BREAK
    assert "a resource's policy may" in verdict.reason
    wide = dataclasses.replace(READER, boundary=policy(allow("s3:*")))
    assert Judge(READER, wide).verdict(use).outcome is Breakage.SAFE
    # Without a limit nothing of what the resource gives is lost. What else the role may do has no part in it.
    without = Judge(READER, Layers()).verdict(dataclasses.replace(use, action="s3:ListBucket"))
    assert without.outcome is Breakage.WILL_BREAK
    verdict = Judge(Layers((policy(allow("s3:*", "arn:aws:s3:::own/*")),)), Layers()).verdict(use)
    assert (verdict.outcome, verdict.reason[:30]) == (Breakage.SAFE, "it is not allowed today either")


TRUSTED = f"arn:aws:iam::{ACCOUNT}:role/target"


@pytest.mark.parametrize(
    ("who", "named", "outcome"),
    [
        (USER, USER, "safe"),
        (USER, f"arn:aws:iam::{ACCOUNT}:root", "will_break"),
        (ROLE, ROLE, "will_break"),
        (USER, ROLE, "will_break"),
    ],
    # The call was made, so somebody else's name means that the policy was another one then.
    ids=["the user is named", "the account is named", "a role is named", "somebody else is named"],
)
def test_a_trust_policy_that_names_a_user_gives_past_a_boundary(who: str, named: str, outcome: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    trust = parse(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": named}, "Action": "sts:AssumeRole"},
        }
    )
    judging = Judge(ADMINISTRATOR, BOUNDED, resource_policies={TRUSTED: trust})
    assert judging.verdict(call("sts:AssumeRole", TRUSTED, who=who)).outcome == outcome


def test_a_deny_with_not_principal_hits_whoever_has_a_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    bucket = parse(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [ROLE, f"arn:aws:iam::{ACCOUNT}:root"]},
                "Action": "s3:*",
                "Resource": "*",
            },
        }
    )
    judging = Judge(ADMINISTRATOR, BOUNDED, resource_policies={"arn:aws:s3:::b/k": bucket})
    verdict = judging.verdict(call("s3:GetObject", "arn:aws:s3:::b/k"))
    assert (verdict.outcome, verdict.layer) == (Breakage.WILL_BREAK, "resource")


def test_principals_are_told_apart_where_a_policy_speaks_of_them() -> None:
    own = policy(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"))
    judging = Judge(ADMINISTRATOR, dataclasses.replace(ADMINISTRATOR, boundary=own))
    on_alice = [call("iam:GetUser", USER, who=who) for who in (USER, f"arn:aws:iam::{ACCOUNT}:user/bob")]
    assert [judging.verdict(use).outcome for use in on_alice] == [Breakage.SAFE, Breakage.WILL_BREAK]


def test_principals_are_told_apart_by_their_kind() -> None:
    users_only = policy(allow("s3:*", Condition={"StringLike": {"aws:username": "*"}}))
    judging = Judge(ADMINISTRATOR, dataclasses.replace(ADMINISTRATOR, boundary=users_only))
    outcomes = [judging.verdict(call("s3:GetObject", "arn:aws:s3:::b/k", who=who)).outcome for who in (USER, ROLE)]
    assert outcomes == [Breakage.SAFE, Breakage.WILL_BREAK]


# All of a principal


def test_what_only_widens_is_safe_without_any_evidence() -> None:
    """Of somebody who did nothing for a year nothing is known, but more than before is no loss to anybody."""
    before, after = (Layers((), boundary=policy(allow(services))) for services in (["s3:*"], ["s3:*", "sqs:*"]))
    for evidence in (Evidence(), EVIDENCE):
        assert judge((), principal_arn=ROLE, before=before, after=after, evidence=evidence).is_safe
        assert not judge((), principal_arn=ROLE, before=after, after=before, evidence=evidence).is_safe


def test_no_change_is_safe_without_any_evidence() -> None:
    found = judge([], principal_arn=ROLE, before=BOUNDED, after=BOUNDED, evidence=Evidence())
    assert (found.outcome, found.is_safe) == (Breakage.SAFE, True)


@pytest.mark.parametrize(
    ("evidence", "uses", "reason"),
    [
        (Evidence(), [], "no use of it could be read"),
        (
            Evidence((SourceRead(Source.LAST_ACCESSED, 400, "", failure="AccessDenied"),)),
            [],
            "not read: last_accessed: AccessDenied",
        ),
        (EVIDENCE, [], "no use was recorded in 400 days, but it may"),
        (
            Evidence((SourceRead(Source.EVENT_HISTORY, 90, ""),)),
            [call("s3:ListAllMyBuckets")],
            "is not known without service last accessed",
        ),
    ],
    ids=["no source", "a source that failed", "nothing used", "recorded calls alone"],
)
def test_no_data_never_means_unused(evidence: Evidence, uses: list[Use], reason: str) -> None:
    found = judge(uses, principal_arn=ROLE, before=ADMINISTRATOR, after=BOUNDED, evidence=evidence)
    assert found.outcome is Breakage.NO_EVIDENCE
    assert not found.is_safe
    assert reason in found.verdicts[0].reason


@pytest.mark.parametrize(
    "read",
    [
        SourceRead(Source.TRAIL, 90, "", failure="s3://logs: AccessDenied"),
        SourceRead(Source.EVENT_HISTORY, 90, "", gaps=("the event history in eu-west-1 could not be read: no",)),
    ],
)
def test_no_use_is_safe_where_a_source_that_was_asked_for_failed(read: SourceRead) -> None:
    evidence = Evidence((*EVIDENCE.reads, read))
    found = judge(
        [call("s3:ListAllMyBuckets")], principal_arn=ROLE, before=ADMINISTRATOR, after=BOUNDED, evidence=evidence
    )
    assert (found.outcome, found.is_safe) == (Breakage.NO_EVIDENCE, False)
    assert evidence.gaps[0] in found.verdicts[0].reason


def test_the_worst_comes_first_and_is_the_outcome() -> None:
    uses = [access("dynamodb:PutItem"), access("lambda:InvokeFunction"), access("ec2:RunInstances")]
    found = judge(uses, principal_arn=ROLE, before=ADMINISTRATOR, after=BOUNDED, evidence=EVIDENCE)
    assert [verdict.outcome for verdict in found.verdicts] == ["will_break", "may_break", "safe"]
    assert found.outcome is Breakage.WILL_BREAK
    assert found.counts == {"will_break": 1, "may_break": 1, "no_evidence": 0, "safe": 1}
    assert found.summary.startswith("1 will break, 1 may break: nothing in the permissions boundary developer")


def test_all_safe_says_how_far_back() -> None:
    found = judge(
        [access("dynamodb:PutItem")], principal_arn=ROLE, before=ADMINISTRATOR, after=BOUNDED, evidence=EVIDENCE
    )
    assert found.is_safe
    assert found.summary == "safe: nothing that was used in the recorded days is lost (400 of service last accessed)"


def test_the_verdicts_of_one_outcome() -> None:
    verdicts = (Verdict(ROLE, Breakage.MAY_BREAK, "a"), Verdict(ROLE, Breakage.SAFE, "b"))
    assert [verdict.reason for verdict in Impact(ROLE, verdicts).of(Breakage.SAFE)] == ["b"]


def test_an_action_is_judged_once_for_all_who_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    found = impact.find_narrowed_layers

    def count(before: Layers, after: Layers, action: str) -> frozenset[str]:
        asked.append(action)
        return found(before, after, action)

    monkeypatch.setattr(impact, "find_narrowed_layers", count)
    judging = Judge(ADMINISTRATOR, BOUNDED)
    for number in range(50):
        judging.verdict(service("sqs", ()) if number % 2 else access("s3:GetObject", f"{ROLE}-{number}"))
    assert len(asked) == len(set(asked))
