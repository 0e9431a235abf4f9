# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The count of calls: equal whether events repeat or not, whatever their order, and bounded."""

from __future__ import annotations

import collections
import datetime
import ipaddress
import itertools
import random
import typing as t

import pytest
import trail_files

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import tally
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal, SkipReason
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.calls import Reading
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.exclusions import Exclusion
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use, merge_uses

from .events import ACCOUNT, ASSUMED_ROLE, IAM_USER, ISSUER, KEY, ROLE, USER, Record, event

KEYS = frozenset({"aws:sourceip", "aws:viaawsservice", "aws:multifactorauthpresent", "s3:prefix", "ec2:instancetype"})


def read(records: t.Iterable[t.Any], **options: t.Any) -> Reading:
    return EventReader(account_id=ACCOUNT, is_detailed=True, **options).read(records, Source.TRAIL)


def describe(uses: t.Iterable[Use]) -> list[t.Any]:
    return [
        (use.action, use.resource, use.candidates, use.is_possible, use.context, use.count, use.first, use.last)
        for use in uses
    ]


# Events of one shape


NAMES = ("a/b", "a b", "x*", "k${aws:username}", "2026/1", "")


def make_odd_events(chance: random.Random, count: int) -> list[Record]:
    """Events that differ in what decides, and in what does not."""
    return [make_odd_event(chance, chance.randrange(3)) for _ in range(count)]


def make_odd_event(chance: random.Random, number: int) -> Record:
    role = chance.choice([{}, {"role": ROLE}, {"role": "deployer"}])
    key, other = chance.choice(NAMES), chance.choice(NAMES)
    bucket = chance.choice(["acme", "point-abc-s3alias", "arn:aws:s3:eu-central-1::x"])
    service = {**ASSUMED_ROLE, "invokedBy": f"svc{number}.amazonaws.com"}
    more = chance.choice([{}, {"versionId": "7"}, {"x-amz-acl": "private"}, {"Host": str(number)}])
    tags = chance.choice([{}, {"items": [{"resourceType": "volume"}]}])
    arn = f"arn:aws:ec2:eu-central-1::image/ami-{number}"
    run = {"instanceType": f"m{number}.large", "clientToken": str(chance.random()), "tagSpecificationSet": tags}
    made = {"role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/path{number}/r{number}"}}
    return chance.choice(
        [
            event(
                "s3:GetObject",
                requestParameters={"bucketName": bucket, "key": key, **more},
                resources=chance.choice([None, [{"ARN": f"arn:aws:s3:::acme/{other}"}]]),
            ),
            event(
                "s3:CopyObject",
                requestParameters={"bucketName": "acme", "key": key, "x-amz-copy-source": f"other/{other}"},
            ),
            event(
                "s3:ListObjects",
                requestParameters={"bucketName": "acme", "prefix": f"team-{number}/"},
                readOnly=chance.choice([True, False]),
                additionalEventData=chance.choice([None, {"SSEApplied": "SSE_KMS"}]),
            ),
            event("lambda:CreateFunction20150331", requestParameters={**role, "n": number}),
            event(
                "ec2:RunInstances",
                requestParameters={**run, "instancesSet": {"items": [{"imageId": f"ami-{number}"}]}},
                responseElements=chance.choice([None, {"arn": arn}]),
            ),
            event("iam:CreateRole", requestParameters={"roleName": f"r{number}"}, responseElements=made),
            event(
                "kms:Decrypt",
                chance.choice([None, IAM_USER, service]),
                requestParameters={"encryptionContext": {"a": str(chance.random())}},
                resources=[{"ARN": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/{number}"}],
                sourceIPAddress=chance.choice(["203.0.113.1", "203.0.113.2", "kms.amazonaws.com"]),
                vpcEndpointId=chance.choice([None, "vpce-1"]),
            ),
            event("iam:GetUser", IAM_USER, requestParameters=chance.choice([None, {"userName": "bob"}])),
            event("ec2:StopInstances", errorCode=chance.choice([None, "Client.DryRunOperation", "AccessDenied"])),
            event("dynamodb:PutItem", requestParameters={"tableName": f"t{number}", "key": {"id": key}}),
            event(
                "ssm:GetParameters",
                requestParameters={"names": [f"/a/{number}"], "withDecryption": chance.choice([True, False])},
            ),
        ]
    )


@pytest.mark.parametrize("keys", [frozenset(), KEYS, None], ids=["no keys", "some", "all"])
def test_an_event_with_the_shape_of_an_earlier_one_needed_the_same(keys: t.Optional[frozenset[str]]) -> None:
    """Each event read by itself, and all by one reader, give the same uses."""
    records = make_odd_events(random.Random(7), 2500)
    names = {"role/deployer": ROLE, "user/alice": USER}
    together = read(records, keys=keys, names=names)
    alone = [read([record], keys=keys, names=names) for record in records]
    assert describe(together.uses) == describe(merge_uses(use for one in alone for use in one.uses))
    assert describe(together.denied) == describe(merge_uses(use for one in alone for use in one.denied))


def test_a_parameter_that_is_first_looked_up_for_a_later_event_decides() -> None:
    """A header for an ACL ends the search for others, so that the second event shows which were not looked up yet."""
    headers: list[Record] = [{"x-amz-acl": "private"}, {"x-amz-grant-read": "id=1"}, {}]
    records = [
        event("s3:PutObject", requestParameters={"bucketName": "acme", "key": f"k{number}", **given})
        for number, given in enumerate(headers)
    ]
    for order in itertools.permutations(records):
        found = {use.resource for use in read(order, keys=frozenset()).uses if use.action == "s3:PutObjectAcl"}
        assert found == {"arn:aws:s3:::acme/k0", "arn:aws:s3:::acme/k1"}


def test_calls_of_one_principal_are_not_those_of_another() -> None:
    """Two users, and a role, ask for the same. A user who names nobody asks about itself."""
    bob = {**IAM_USER, "arn": USER.replace("alice", "bob"), "userName": "bob", "accessKeyId": KEY}
    records = [event("iam:GetUser", identity) for identity in (IAM_USER, bob, ASSUMED_ROLE, IAM_USER)]
    found = {(use.principal_arn, use.resource): use.count for use in read(records).uses}
    assert found[USER, USER] == 2
    assert found[bob["arn"], bob["arn"]] == 1
    assert (bob["arn"], USER) not in found
    assert {resource for caller, resource in found if caller == ROLE} == {None}


def test_the_order_of_events_decides_nothing() -> None:
    chance = random.Random(3)
    records = make_odd_events(chance, 500)
    expected = read(records, keys=KEYS)
    chance.shuffle(records)
    again = read(records, keys=KEYS)
    assert (again.uses, again.denied) == (expected.uses, expected.denied)


# Limits


def get_objects(count: int, bucket: str = "acme") -> list[Record]:
    parameters = ({"bucketName": bucket, "key": f"part-{number}"} for number in range(count))
    return [event("s3:GetObject", requestParameters=one) for one in parameters]


def test_many_resources_become_the_pattern_of_their_bucket() -> None:
    records = [*get_objects(tally.MOST_RESOURCES + 1), *get_objects(3, "other")]
    for order in (records, records[::-1]):
        reading = read(order, keys=frozenset())
        found = {use.candidates: use.count for use in reading.uses}
        assert found == {
            ("arn:aws:s3:::acme/*",): tally.MOST_RESOURCES + 1,
            ("arn:aws:s3:::other/*",): 3,
        }
        assert {use.resource for use in reading.uses} == {None}
        assert reading.widened == ((ROLE, "s3:GetObject"),)


def test_as_many_resources_as_the_limit_are_kept() -> None:
    reading = read(get_objects(tally.MOST_RESOURCES))
    assert len(reading.uses) == tally.MOST_RESOURCES
    assert reading.widened == ()


def test_very_many_buckets_become_any_resource() -> None:
    records = [event("s3:GetObject", requestParameters={"bucketName": f"b{n}", "key": "k"}) for n in range(1001)]
    (use,) = read(records, keys=frozenset()).uses
    assert (use.resource, use.candidates, use.count) == (None, (), 1001)


def test_many_values_of_condition_keys_become_unknown() -> None:
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(tally.MOST_CONTEXTS + 1)]
    records = [event("s3:ListBuckets", sourceIPAddress=address) for address in addresses]
    (use,) = read(records, keys=frozenset({"aws:sourceip"})).uses
    assert use.count == len(addresses)
    assert not use.context.complete
    assert len(read(records[1:], keys=frozenset({"aws:sourceip"})).uses) == tally.MOST_CONTEXTS


def test_made_up_services_and_long_names_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "_MOST_ACTIONS", 5)
    reading = read(event(f"made-up-{number}:Do") for number in range(50))
    assert len(reading.uses) == 5
    assert reading.skipped[SkipReason.TOO_MANY] == 45
    (use,) = read([event("s3:GetObject", requestParameters={"bucketName": "acme", "key": "k" * 5000})]).uses
    assert (use.resource, use.candidates) == (None, ())
    assert read([event("a b:Do"), event(f"{'x' * 65}:Do")]).skipped == {SkipReason.MALFORMED: 2}


# Whose events count


NEW, OLD = "AROAIDPPEZS35WEXAMPLE", "AROAOLDOLDOLDOLDOLDOL"
MADE = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def of_role(unique_id: str, moment: str = "2026-11-20T09:30:00Z") -> Record:
    issuer = {**ISSUER, "principalId": unique_id}
    identity = {**ASSUMED_ROLE, "principalId": f"{unique_id}:s", "sessionContext": {"sessionIssuer": issuer}}
    return event("s3:ListBuckets", identity, eventTime=moment)


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (of_role(NEW), True),
        (of_role(OLD), False),
        (of_role(""), False),
        (of_role(NEW, "2026-10-31T09:30:00Z"), True),
        (event("s3:ListBuckets", {"type": "IAMUser", "arn": ROLE}, eventTime="2026-11-02T00:00:00Z"), True),
        (event("s3:ListBuckets", {"type": "IAMUser", "arn": ROLE}, eventTime="2026-10-02T00:00:00Z"), False),
    ],
    ids=["its own", "of a role that is gone", "an empty id and the id of the session", "by its id",
         "without an id, later", "without an id, earlier"],
)  # fmt: skip
def test_events_of_an_earlier_role_with_the_same_name_are_not_its_own(record: Record, counts: bool) -> None:
    if record["userIdentity"].get("principalId") == ":s":
        record["userIdentity"]["principalId"] = f"{OLD}:s"
    reading = read([record], known={ROLE: KnownPrincipal(NEW, MADE)})
    assert bool(reading.uses) is counts
    assert reading.skipped == ({} if counts else {SkipReason.EARLIER: 1})


@pytest.mark.parametrize(
    "record",
    [
        event("s3:ListBuckets", recipientAccountId="999988887777"),
        event("s3:ListBuckets", {**ASSUMED_ROLE, "accountId": "999988887777"}),
        event("s3:ListBuckets", {**IAM_USER, "arn": USER.replace(ACCOUNT, "999988887777"), "accountId": ACCOUNT}),
    ],
    ids=["another recipient", "another owner", "the principal of another account"],
)
def test_events_of_other_accounts_are_refused(record: Record) -> None:
    assert read([record]).skipped == {SkipReason.OTHER_ACCOUNT: 1}
    assert not read([record]).uses


def test_denied_calls_are_kept_apart_and_dry_runs_are_marked() -> None:
    denied = event("ec2:RunInstances", errorCode="Client.UnauthorizedOperation")
    dry = event("ec2:StartInstances", errorCode="Client.DryRunOperation")
    reading = read([denied, dry, event("ec2:StartInstances")])
    assert {use.action for use in reading.denied} >= {"ec2:RunInstances"}
    assert collections.Counter((use.action, use.is_dry_run) for use in reading.uses if not use.is_possible) == {
        ("ec2:StartInstances", True): 1,
        ("ec2:StartInstances", False): 1,
    }


def test_a_service_that_calls_for_the_caller_is_named() -> None:
    identity = {**ASSUMED_ROLE, "invokedBy": "athena.amazonaws.com"}
    reading = read([event("glue:GetDatabases", identity), event("glue:GetDatabases")], keys=frozenset())
    assert sorted({use.invoked_by for use in reading.uses}) == ["", "athena.amazonaws.com"]


# Sessions


def test_sessions_are_counted_and_their_tags_are_condition_keys() -> None:
    key = "ASIAIOSFODNN7EXAMPLE"
    session = {**ASSUMED_ROLE["sessionContext"], "sourceIdentity": "alice@example.org"}
    records = [
        event("s3:ListBuckets", {**ASSUMED_ROLE, "accessKeyId": key, "sessionContext": session}),
        event("s3:ListBuckets", {**ASSUMED_ROLE, "principalId": f"{NEW}:other", "accessKeyId": "ASIAOTHER"}),
        event("sts:AssumeRole", IAM_USER, requestParameters={"roleArn": ROLE, "policy": "{}"}),
    ]
    reading = read(records, keys=frozenset({"aws:principaltag/team"}), session_tags={key: {"team": "red"}})
    assert reading.sessions[ROLE].count == 2
    assert reading.sessions[ROLE].source_identities == ("alice@example.org",)
    assert reading.sessions[ROLE].with_session_policy == 1
    listed = [use.context.get("aws:PrincipalTag/team") for use in reading.uses if use.principal_arn == ROLE]
    assert ("red",) in listed
    assert len(listed) == 2


# exclude_evidence


WHEN = datetime.datetime(2026, 11, 20, 9, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
THERE = ipaddress.ip_network("203.0.113.0/25")


@pytest.mark.parametrize(
    ("exclusion", "is_out"),
    [
        (Exclusion(since=WHEN, until=WHEN + HOUR), True),
        (Exclusion(since=WHEN + HOUR), False),
        (Exclusion(until=WHEN), False),
        (Exclusion(sessions=("build-*",)), True),
        (Exclusion(sessions=("other",)), False),
        (Exclusion(source_ips=(THERE,)), True),
        (Exclusion(source_ips=(ipaddress.ip_network("198.51.100.0/24"),)), False),
        (Exclusion(access_key_ids=frozenset({"ASIAIOSFODNN7EXAMPLE"})), True),
        (Exclusion(access_key_ids=frozenset({KEY})), False),
        (Exclusion(since=WHEN, sessions=("other",)), False),
    ],
)
def test_events_of_an_incident_never_become_uses(exclusion: Exclusion, is_out: bool) -> None:
    reading = read([event("s3:ListBuckets")], exclusions=[exclusion])
    assert bool(reading.uses) is not is_out
    assert reading.skipped == ({SkipReason.EXCLUDED: 1} if is_out else {})
    assert dict(reading.excluded) == ({"exclude_evidence": 1} if is_out else {})


def test_an_event_without_a_time_is_in_any_window() -> None:
    reading = read([event("s3:ListBuckets", eventTime=None)], exclusions=[Exclusion(since=WHEN, until=WHEN + HOUR)])
    assert reading.skipped == {SkipReason.EXCLUDED: 1}


def test_calls_that_a_service_makes_for_an_excluded_address_are_excluded() -> None:
    """They have no address of their own, but the key of the session."""
    identity = {**ASSUMED_ROLE, "invokedBy": "cloudformation.amazonaws.com"}
    record = event("iam:CreateUser", identity, sourceIPAddress="cloudformation.amazonaws.com")
    seen = Exclusion(source_ips=(THERE,), keys_seen_there=frozenset({"ASIAIOSFODNN7EXAMPLE"}))
    assert not read([record], exclusions=[seen]).uses
    assert read([record], exclusions=[Exclusion(source_ips=(THERE,))]).uses


def test_hostile_values_are_read() -> None:
    exclusion = Exclusion(sessions=("x",), source_ips=(THERE,), access_key_ids=frozenset({KEY}))
    odd: list[t.Any] = [None, 0, [], {}, [[]], {"a": [1]}, "x" * 10_000, True, 1.5]
    for value in odd:
        for field in (
            "sourceIPAddress",
            "eventTime",
            "resources",
            "requestParameters",
            "additionalEventData",
            "readOnly",
        ):
            read([{**event("s3:GetObject"), field: value}], exclusions=[exclusion])
        for field in ("accessKeyId", "principalId", "invokedBy", "sessionContext", "type", "accountId"):
            read(
                [event("s3:GetObject", {**ASSUMED_ROLE, field: value})], exclusions=[exclusion], session_tags={"a": {}}
            )
        for field in ("key", "bucketName"):
            parameters = {"bucketName": "acme", "key": "k", field: value}
            read([event("s3:GetObject", requestParameters=parameters, resources=[{"ARN": value}, value])])


def test_names_that_are_too_long_or_too_many_are_not_kept() -> None:
    for secret in ("x" * 10_000, [f"s{number}" for number in range(1000)]):
        reading = read([event("secretsmanager:GetSecretValue", requestParameters={"secretId": secret})])
        assert [use.candidates for use in reading.uses] == [()]


def test_the_events_to_measure_with_are_read_as_uses() -> None:
    chance = random.Random(1)
    records = [trail_files.make_event(chance, trail_files.SINCE) for _ in range(300)]
    reading = EventReader(principals=trail_files.ROLES, account_id=trail_files.ACCOUNT).read(records, Source.TRAIL)
    assert {use.principal_arn for use in reading.uses} == set(trail_files.ROLES)
    assert set(reading.skipped) == {SkipReason.SERVICE, SkipReason.DENIED}


AGENT = "[S3Console/0.4, aws-internal/3 console.amazonaws.com]"


@pytest.mark.parametrize(
    ("fields", "is_seen"),
    [
        ({"userAgent": AGENT}, True),
        ({"sessionCredentialFromConsole": "true"}, True),
        ({"userAgent": AGENT, "errorCode": "AccessDenied"}, False),
        ({"userAgent": "aws-cli/2.9"}, False),
        ({"userAgent": [AGENT], "sessionCredentialFromConsole": []}, False),
    ],
)
def test_principals_that_were_seen_in_the_console(fields: dict[str, t.Any], is_seen: bool) -> None:
    """Their user agents are not kept, since each further condition key makes the record larger."""
    found = read([event("s3:ListBuckets", ASSUMED_ROLE, **fields)], keys=frozenset())
    assert [one.is_console for one in found.sessions.values()] == [is_seen]
