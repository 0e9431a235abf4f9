# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence on a member: its principals, their use, and their losses by a change."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    ServiceUse,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_assembly import add_organization
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Reach
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out import (
    observe as members,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.evidence import (
    MemberEvidence,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.own_way import (
    TrailBucket,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.connection import Connection
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage

from ...._policy.trail.events import assume, event
from ....organizing import CANARY, DEV, MANAGEMENT, Trail, role_arn, tree
from .guarding import (
    OUTSIDE,
    Record,
    Session,
    World,
    account,
    arn,
    days_ago,
    deny,
    key,
    make_managed_policy,
    make_service_use,
    role,
    row,
    trusting,
    user,
)

LAMBDA: t.Final = deny("lambda:*")
ONE: t.Final = deny("lambda:InvokeFunction")
OPEN: t.Final = deny("*")
NOBODY: t.Final = "arn:aws:iam::*:role/nobody"
# Exempts nobody who is there.
FOR_ALL: t.Final = deny("lambda:*", ArnNotLike={"aws:PrincipalArn": NOBODY})
PERIMETER: t.Final = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-acme"}}


def rcp(*actions: str) -> str:
    text = deny(list(actions), ArnNotLike={"aws:PrincipalArn": NOBODY}, **PERIMETER)
    return text.replace('"Effect": "Deny"', '"Effect": "Deny", "Principal": "*"')


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def find_verdicts(evidence: dict[str, MemberEvidence], name: str) -> list[tuple[str, str]]:
    """The verdicts on ``role/name`` or ``user/name``, in their order."""
    impact = evidence[CANARY].impacts[arn(name)]
    return [(verdict.outcome.value, verdict.reason) for verdict in impact.verdicts]


def names(evidence: dict[str, MemberEvidence]) -> set[str]:
    return {found.rpartition(":")[2] for found in evidence[CANARY].impacts}


# Reading


def test_a_member_is_read_through_its_own_role_and_never_written_to(world: World) -> None:
    world.members[CANARY] = account(role("app"))
    evidence = world.read(LAMBDA, assessor_role_arn="arn:aws:iam::111122223333:role/assessor", trail_logs=None)
    assert world.roles == [f"arn:aws:iam::{CANARY}:role/reader"]
    assert world.collected == [(CANARY, frozenset({Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT}))]
    assert (evidence[CANARY].failure, world.warnings) == ("", [])


def test_a_member_is_read_in_the_regions_of_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def reach(_session: t.Any, requested: tuple[str, ...]) -> Reach:
        asked.append(requested)
        return Reach(requested, requested, None)

    monkeypatch.setattr(Session, "reach", reach, raising=False)
    monkeypatch.setattr(Session, "pages", lambda *_request, **_named: iter(()), raising=False)
    world.members[CANARY] = account(role("app"))
    world.read(LAMBDA, regions=["eu-west-1"], event_history=True)
    assert asked == [("eu-west-1",)]


def test_a_member_that_can_not_be_read_says_why(world: World) -> None:
    denied = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "no permission")
    world.members = {CANARY: account(role("app"), unread=(denied,)), DEV: AwsError("no such role")}
    evidence = world.read(LAMBDA, "ou-canary", "ou-dev")
    assert "no permission" in evidence[CANARY].failure
    assert evidence[DEV].failure == "no such role"
    assert evidence[CANARY].break_glass is None and evidence[CANARY].impacts == {}


def test_a_role_that_leads_elsewhere_is_no_evidence(world: World) -> None:
    world.members[CANARY] = account(role("app"), account_id=DEV)
    assert world.read(LAMBDA)[CANARY].failure == f"member_role_arn leads to account {DEV}"


# The trail alone


def write(directory: Path, days: float, *calls: str, principal: str = "app", of: str = CANARY) -> None:
    records = [event(call, assume(role_arn(of, principal))) for call in calls]
    Trail(directory).write(CANARY, days_ago(days), *records)


def test_what_the_trail_tells_of_a_member_is_held_against_the_change(world: World, tmp_path: Path) -> None:
    write(tmp_path, 89, "lambda:ListFunctions")
    write(tmp_path / "late", 1, "sqs:SendMessage", principal="other")
    write(tmp_path / "foreign", 1, "lambda:ListFunctions", of=DEV)
    evidence = world.read(LAMBDA, trail_logs=str(tmp_path))[CANARY]
    assert evidence.failure == ""
    outcomes = {name: impact.outcome for name, impact in evidence.impacts.items()}
    # A caller from another account is judged there.
    assert outcomes == {arn("role/app"): Breakage.WILL_BREAK, arn("role/other"): Breakage.SAFE}
    assert evidence.impacts[arn("role/app")].evidence.window_days == 89


@pytest.mark.parametrize(
    ("days", "said"),
    [(None, "no events in "), (20, "the trail covers only 20 days")],
)
def test_a_trail_that_tells_too_little_is_no_evidence(
    world: World, tmp_path: Path, days: t.Optional[float], said: str
) -> None:
    if days is not None:
        write(tmp_path, days, "lambda:ListFunctions")
    failure = world.read(LAMBDA, trail_logs=str(tmp_path))[CANARY].failure
    # Why the member could not be read comes first.
    assert failure.startswith(f"{CANARY} says no; {said}")
    alone = world.read(LAMBDA, trail_logs=str(tmp_path), member_role_arn=None)[CANARY].failure
    assert alone.startswith(said)


def test_a_trail_that_can_not_be_listed_is_no_evidence(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: t.Any, **_named: t.Any) -> t.NoReturn:
        raise StoreError("access denied")

    monkeypatch.setattr(members._SharedLogs, "list", refuse)
    assert world.read(LAMBDA, trail_logs=str(tmp_path))[CANARY].failure == f"{CANARY} says no; access denied"
    alone = world.read(LAMBDA, trail_logs=str(tmp_path), member_role_arn=None)
    assert alone[CANARY].failure == "access denied"


def test_what_is_declared_unused_breaks_nothing_in_the_trail_either(world: World, tmp_path: Path) -> None:
    write(tmp_path, 89, "lambda:ListFunctions", "s3:PutObject")
    text = deny("s3:PutObject").replace('"Resource": "*"', '"Resource": "arn:aws:s3:::acme-unused/*"')
    options: Record = {"trail_logs": str(tmp_path), "member_role_arn": None}
    assert world.read(text, **options)[CANARY].impacts[arn("role/app")].outcome is not Breakage.SAFE
    options["unused_resources"] = ["arn:aws:s3:::acme-unused/*"]
    assert world.read(text, **options)[CANARY].impacts[arn("role/app")].outcome is Breakage.SAFE


def test_the_trail_is_opened_with_its_role_and_listed_once_for_all(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, t.Any]] = []
    listed: list[str] = []
    read: list[str] = []

    class Store:
        location = str(tmp_path)

        def list(self, prefix: str = "") -> list[str]:
            listed.append(prefix)
            return [f"{prefix}a.json"]

        def get(self, key: str) -> t.Optional[bytes]:
            read.append(key)
            return b"{}"

    def open_store(_connection: t.Any, place: StoreOptions) -> Store:
        opened.append((place.location, place.role_arn))
        return Store()

    monkeypatch.setattr(Connection, "open_store", open_store)
    world.members = {CANARY: account(role("app")), DEV: account(role("app", account=DEV), account_id=DEV)}
    options: Record = {"trail_logs": str(tmp_path), "trail_logs_role_arn": "arn:aws:iam::999988887777:role/logs"}
    world.read(LAMBDA, "ou-canary", "ou-dev", **options)
    assert opened == [(str(tmp_path), "arn:aws:iam::999988887777:role/logs")]
    assert (listed, read) == ([""], ["a.json", "a.json"])


# The principals in question


GLASS: t.Final = role("break-glass", path="/iam-hardening/", trust=OUTSIDE)


def test_those_who_must_be_able_to_do_it_are_left_out(world: World) -> None:
    """The matrix of the guard asks for them, whatever they did."""
    own = [role(name, path="/iam-hardening/") for name in ("automation", "automation-policies", "assessor", "other")]
    linked = role("AWSServiceRoleForX", path="/aws-service-role/x.amazonaws.com/")
    world.members[CANARY] = account(*own, GLASS, linked, role("app"), role("automation"))
    everybody = {"role/app", "role/automation", "role/iam-hardening/other"}
    assert names(world.read(FOR_ALL)) == everybody
    assert names(world.read(FOR_ALL, assessor_roles=[], break_glass=[arn("role/app")])) == (
        everybody - {"role/app"}
    ) | {"role/iam-hardening/assessor"}


def test_those_from_whom_nothing_is_taken_are_not_asked_about(world: World) -> None:
    sqs = make_managed_policy("sqs", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    world.members[CANARY] = account(
        role("app"),
        role("app-2"),
        # Exempt by the policy, and not allowed in the first place.
        role("worker", path="/iam-hardening/"),
        role("queue", policies=(sqs.arn,)),
        policies=(sqs,),
    )
    assert names(world.read(LAMBDA)) == {"role/app", "role/app-2"}
    assert world.deepened == {arn("role/app"), arn("role/app-2")}
    assert names(world.read(OPEN)) == {"role/app", "role/app-2", "role/queue"}


def test_policies_that_are_not_known_may_allow_it(world: World) -> None:
    sqs = make_managed_policy("sqs", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    unknown = role("unknown", policies=(sqs.arn, arn("policy/unread")))
    world.members[CANARY] = account(role("queue", policies=(sqs.arn,)), unknown, policies=(sqs,))
    assert names(world.read(LAMBDA)) == {"role/unknown"}


def test_what_is_declared_unused_or_belongs_to_the_collection_breaks_nothing(world: World) -> None:
    text = deny("iam:*").replace('"Resource": "*"', '"Resource": "%s"')
    world.members[CANARY] = account(role("app"))
    world.services[arn("role/app")] = (make_service_use("iam", 1),)
    for resource, options, asked in (
        (arn("user/bob"), {}, {"role/app"}),
        (arn("user/bob"), {"unused_resources": [arn("user/bob")]}, set()),
        # Nobody but this collection uses its own resources.
        (arn("policy/iam-hardening/boundary"), {}, set()),
    ):
        assert names(world.read(text % resource, **options)) == asked


def test_tags_and_mfa_are_known_as_far_as_they_are_certain(world: World) -> None:
    text = deny("lambda:*", StringEquals={"aws:PrincipalTag/team": "red"})
    world.members[CANARY] = account(
        role("red", tags={"team": "red"}),
        role("blue", tags={"team": "blue"}),
        # A session may bring a tag that its role has not; a user has the tags that it has.
        role("bare"),
        user("bare"),
        user("red", tags={"Team": "red"}),
        rows=(row("bare"), row("red")),
    )
    assert names(world.read(text)) == {"role/red", "role/bare", "user/red"}
    of_ours = deny("lambda:*", StringEquals={"aws:PrincipalTag/iam-hardening:stage": "x"})
    assert names(world.read(of_ours)) == set()
    assert names(world.read(LAMBDA)) == {"role/red", "role/blue", "role/bare", "user/bare", "user/red"}


def test_a_user_without_keys_and_with_a_device_always_has_mfa(world: World) -> None:
    text = deny("lambda:*", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})
    users = {
        "always": row("always", password=True, mfa=True),
        "keyed": row("keyed", key(), password=True, mfa=True),
        "inactive": row("inactive", key(active=False), password=True, mfa=True),
        "without": row("without", password=True),
    }
    world.members[CANARY] = account(*map(user, users), user("unknown"), rows=tuple(users.values()))
    assert names(world.read(text)) == {"user/keyed", "user/without", "user/unknown"}
    world.members[CANARY] = account(*map(user, users), rows=None)
    assert names(world.read(text)) == {f"user/{name}" for name in users}


# Use


def test_only_what_is_in_question_is_judged(world: World) -> None:
    world.members[CANARY] = account(role("app"), role("other"))
    world.services[arn("role/app")] = (make_service_use("lambda", 2), make_service_use("s3", 1))
    world.services[arn("role/other")] = (make_service_use("s3", 1), make_service_use("sqs", 1))
    evidence = world.read(LAMBDA)
    assert find_verdicts(evidence, "role/app") == [("will_break", "lambda was used, and none of it stays allowed")]
    # One of the others shows that it acts at all.
    ((outcome, reason),) = find_verdicts(evidence, "role/other")
    assert (outcome, reason) == ("safe", "all its use of s3 stays allowed")


QUIET: t.Final = "the role was last used on 2026-11-24; the use is not recorded, so it may need this"


@pytest.mark.parametrize(
    ("services", "text", "expected"),
    [
        # AWS has data, and none of a use: what it says no longer counts.
        ((ServiceUse("lambda", None),), LAMBDA, [("no_evidence", QUIET)]),
        # AWS has no data: that is said as well.
        ((), LAMBDA, [("no_evidence", QUIET), ("no_evidence", "")]),
        # Whatever it did is denied.
        ((ServiceUse("lambda", None),), OPEN, [("may_break", QUIET)]),
        # It is known what it did.
        ((make_service_use("s3", 1),), LAMBDA, [("safe", "all its use of s3 stays allowed")]),
        ((make_service_use("lambda", 1),), LAMBDA, [("will_break", "lambda was used, and none of it stays allowed")]),
    ],
)
def test_a_role_that_was_used_for_something_that_is_not_recorded(
    world: World, services: tuple[ServiceUse, ...], text: str, expected: list[tuple[str, str]]
) -> None:
    world.members[CANARY] = account(role("quiet", used=1))
    world.services[arn("role/quiet")] = services
    told = find_verdicts(world.read(text), "role/quiet")
    assert [outcome for outcome, _reason in told] == [outcome for outcome, _reason in expected]
    assert all(reason in said for (_outcome, said), (_same, reason) in zip(told, expected, strict=True))


def test_a_role_that_was_never_used_is_only_without_evidence(world: World) -> None:
    world.members[CANARY] = account(role("idle"))
    world.services[arn("role/idle")] = (ServiceUse("lambda", None),)
    ((outcome, reason),) = find_verdicts(world.read(OPEN), "role/idle")
    assert outcome == "no_evidence" and "last used on" not in reason


@pytest.mark.parametrize(
    ("credentials", "last"),
    [
        (row("ann", password=True, used=3), "2026-11-22"),
        (row("ann", key(used=2), password=True, used=3), "2026-11-23"),
        (row("ann", key(used=4), key(used=2)), "2026-11-23"),
        # Of a key that is inactive nothing is asked, and of the other it is known for what.
        (row("ann", key(active=False, used=1), key(used=2, service="s3"), password=True, used=3), "2026-11-22"),
        (row("ann", key(active=False, used=1)), None),
        (row("ann"), None),
    ],
)
def test_a_user_whose_credentials_were_used_for_something_that_is_not_recorded(
    world: World, credentials: t.Any, last: t.Optional[str]
) -> None:
    world.members[CANARY] = account(user("ann"), rows=(credentials,))
    world.services[arn("user/ann")] = (ServiceUse("lambda", None),)
    told = find_verdicts(world.read(LAMBDA), "user/ann")
    said = f"its credentials were last used on {last}; the use is not recorded, so it may need this"
    if last:
        assert told[0] == ("no_evidence", said)
        assert "no use was recorded" not in " ".join(reason for _outcome, reason in told)
    else:
        assert [outcome for outcome, _reason in told] == ["no_evidence"]
        assert "its credentials" not in told[0][1]


@pytest.mark.parametrize(
    ("text", "service", "outcome", "reason"),
    [
        (LAMBDA, "lambda", "will_break", "lambda was used"),
        (OPEN, "lambda", "will_break", "lambda was used"),
        # It may have been another call of the service: nothing tells that it was this one.
        (ONE, "lambda", "no_evidence", "lambda was used"),
        # Where most things are denied, it may well have been.
        (deny(["lambda:InvokeFunction", "unknown-service:*"]), "lambda", "may_break", "lambda was used"),
        (LAMBDA, "s3", "safe", "stays allowed"),
    ],
)
def test_what_a_key_was_last_used_for_is_evidence(
    world: World, text: str, service: str, outcome: str, reason: str
) -> None:
    world.members[CANARY] = account(user("keyed"), rows=(row("keyed", key(used=2, service=service)),))
    world.services[arn("user/keyed")] = (make_service_use("health", 1),)
    told = dict(find_verdicts(world.read(text), "user/keyed"))
    assert outcome in told, told
    assert reason in told[outcome]
    worst_first = [item.value for item in Breakage]
    assert sorted(told, key=worst_first.index) == list(told)


def test_what_the_record_says_of_a_service_is_not_weighed(world: World) -> None:
    world.members[CANARY] = account(role("app"))
    world.services[arn("role/app")] = (make_service_use("lambda", 2),)
    ((outcome, _reason),) = find_verdicts(world.read(ONE), "role/app")
    assert outcome == "may_break"


def test_what_is_known_of_the_users(world: World) -> None:
    rows = (
        row("ann", key(used=4, service="s3"), key(active=False, used=1), password=True, used=3, mfa=True),
        row("bob", key(service="s3"), key(used=2, service="monitoring")),
        row("eve"),
    )
    world.members[CANARY] = account(user("ann"), rows=rows)
    ann, bob, eve = world.read(LAMBDA)[CANARY].users
    assert (ann.arn, ann.has_password, ann.has_mfa, ann.active_keys) == (arn("user/ann"), True, True, 1)
    assert (ann.last_used, ann.last_unrecorded_use) == (days_ago(1), days_ago(3))
    assert ann.keys_used_for == (("s3", days_ago(4)),)
    assert (bob.has_password, bob.has_mfa, bob.active_keys, bob.last_used) == (False, False, 2, days_ago(2))
    # As policies call the service.
    assert (bob.keys_used_for, bob.last_unrecorded_use) == ((("cloudwatch", days_ago(2)),), None)
    assert (eve.last_used, eve.last_unrecorded_use, eve.keys_used_for) == (None, None, ())


# Break-glass, entries and trails


def test_what_is_seen_of_a_member(world: World) -> None:
    control_tower = role("AWSControlTowerExecution", trust=OUTSIDE)
    web = role("web", trust=trusting({"Service": "ec2.amazonaws.com"}))
    broken = role("broken", path="/iam-hardening/break-glass/", trust=trusting({"Service": "ec2.amazonaws.com"}))
    world.members[CANARY] = account(GLASS, broken, control_tower, web)
    evidence = world.read(LAMBDA)[CANARY]
    assert set(evidence.break_glass or ()) == {GLASS.arn, broken.arn}
    assert list(evidence.helpless) == [broken.arn]
    assert "can be used by nobody" in evidence.helpless[broken.arn]
    assert evidence.landing_zone == (control_tower.arn,)
    assert evidence.entering == {"ec2.amazonaws.com"}
    assert (evidence.entries, evidence.trails, world.calls, world.warnings) == ((), (), [], [])


def test_declared_break_glass_is_seen_and_the_member_is_not_asked_for_its_scps(world: World) -> None:
    emergency = role("emergency", trust=OUTSIDE)
    world.members[CANARY] = account(GLASS, emergency)
    evidence = world.read(LAMBDA, break_glass=["arn:aws:iam::*:role/emergency"])[CANARY]
    assert set(evidence.break_glass or ()) == {GLASS.arn, emergency.arn}
    assert evidence.helpless == {}
    assert len(world.collected) == 1


def test_roles_that_nobody_gets_into_any_longer(world: World) -> None:
    web = role("web", trust=trusting({"Service": "ec2.amazonaws.com"}), used=1)
    inside = role("inside", used=1)
    world.members[CANARY] = account(web, inside)
    evidence = world.read(rcp("sts:AssumeRole"), kind=RCP)[CANARY]
    assert [(entry.role_arn, entry.verdict.outcome) for entry in evidence.entries] == [(web.arn, Breakage.WILL_BREAK)]
    assert world.read(LAMBDA)[CANARY].entries == ()


TRAILS: t.Final = {
    "trailList": [
        {"S3BucketName": "files", "KmsKeyId": "arn:aws:kms:us-east-1:1:key/a"},
        {"S3BucketName": "plain"},
        {"Name": "broken"},
    ]
}


def test_the_buckets_of_trails_are_read_for_rcps_alone(world: World) -> None:
    world.members[CANARY] = account(role("app"))
    world.trails[CANARY] = TRAILS
    evidence = world.read(rcp("s3:PutObject"), kind=RCP)[CANARY]
    assert evidence.trails == (TrailBucket("files", "arn:aws:kms:us-east-1:1:key/a"), TrailBucket("plain", ""))
    assert world.calls == [(CANARY, "cloudtrail:DescribeTrails", {"includeShadowTrails": True}, "us-east-1")]


@pytest.mark.parametrize(("answer", "warned"), [({"trailList": None}, 0), ({}, 0), (AwsError("no"), 1)])
def test_trails_that_are_not_known_cost_nothing_else(world: World, answer: t.Any, warned: int) -> None:
    world.members[CANARY] = account(role("app"))
    world.trails[CANARY] = answer
    evidence = world.read(rcp("s3:PutObject"), kind=RCP)[CANARY]
    assert (evidence.trails, evidence.failure) == ((), "")
    assert len(world.warnings) == warned
    assert all(f"the trails of account {CANARY} are not known: no" in warning for warning in world.warnings)


# The organization


def test_what_the_organization_has_of_a_member_is_taken_from_it() -> None:
    organization = tree("ou-canary")
    snapshot = account(role("app"))
    known = add_organization(snapshot, organization)
    assert known.organization is not None
    assert (known.organization.id, known.organization.management_account_id) == ("o-acme", MANAGEMENT)
    assert [level.target_id for level in known.organization_policies] == ["r-1", "ou-canary", CANARY]
    assert [len(level.scps) for level in known.organization_policies] == [0, 1, 0]
    assert known.unread == ()
    gap = Unread(Dataset.CREDENTIAL_REPORT, UnreadKind.DENIED, "denied")
    other = account(role("app"), unread=(*snapshot.unread, gap))
    assert add_organization(other, organization).unread == (gap,)


@pytest.mark.parametrize("account_id", [MANAGEMENT, "999988887777"])
def test_no_policy_is_over_the_management_account_or_a_stranger(account_id: str) -> None:
    snapshot = account(role("app", account=account_id), account_id=account_id)
    assert add_organization(snapshot, tree("r-1")).organization_policies == ()


def test_break_glass_is_judged_by_the_policies_before_the_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[t.Any] = []
    original = members.rescue_of

    def noting(connection: t.Any, snapshot: t.Any, *more: t.Any) -> t.Any:
        seen.append(snapshot)
        return original(connection, snapshot, *more)

    monkeypatch.setattr(members, "rescue_of", noting)
    world.members[CANARY] = account(GLASS)
    world.read(LAMBDA)
    assert [len(level.scps) for level in seen[0].organization_policies] == [0, 0, 0]
