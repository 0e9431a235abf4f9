# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up intrusions: a month of usual calls, and a day with those of an intruder among them.

Each scenario knows which events are whose. Numbers, hours and calls vary with the seed, so that a threshold which fits
one scenario alone is found out.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Record = dict[str, t.Any]

HOME, PROD, DATA = "222233334444", "333344445555", "444455556666"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
LEAKED: t.Final = "AKIATHPRDSKWLEAKED01"
OFFICE, NAT, ELSEWHERE = "203.0.113.10", "192.0.2.44", "198.51.100.66"
ECS: t.Final = (
    "Boto3/1.34.2 md/Botocore#1.34.2 os/linux#5.10 md/arch#x86_64 lang/python#3.11.6 exec-env/AWS_ECS_FARGATE"
)
CLI: t.Final = "aws-cli/2.31.0 md/awscrt#0.27.6 os/macos#24.5.0 md/command#sts.get-caller-identity"
GITHUB: t.Final = "aws-sdk-js/3.600.0 os/linux/6.5 lang/js md/nodejs/20 configure-aws-credentials-for-github-actions"
PYTHON: t.Final = "python-requests/2.32"

_RECON: t.Final = (
    *("sts:GetCallerIdentity", "iam:ListUsers", "iam:ListRoles", "iam:GetAccountAuthorizationDetails"),
    *("organizations:ListAccounts", "ec2:DescribeInstances", "secretsmanager:ListSecrets", "s3:ListBuckets"),
    *("lambda:ListFunctions20150331", "kms:ListKeys", "rds:DescribeDBInstances", "ssm:DescribeParameters"),
)
_GAINS: t.Final = (
    *("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateLoginProfile", "lambda:CreateFunction20150331"),
    *("ec2:RunInstances", "s3:PutBucketPolicy", "cloudtrail:StopLogging", "iam:UpdateAssumeRolePolicy"),
)


@dataclasses.dataclass
class Scenario:
    """Records with what they are: ``planted`` and ``usual`` are ids of events."""

    name: str
    seed: int
    records: list[Record] = dataclasses.field(default_factory=list)
    planted: set[str] = dataclasses.field(default_factory=set)
    usual: set[str] = dataclasses.field(default_factory=set)
    keys: tuple[str, ...] = (LEAKED,)
    principals: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    since: t.Optional[datetime] = None
    _numbers: t.Iterator[int] = dataclasses.field(default_factory=itertools.count)

    def add(self, action: str, who: Record, when: datetime, *, planted: bool = False, **members: t.Any) -> Record:
        """Add an event."""
        service, _colon, name = action.partition(":")
        number = next(self._numbers)
        record = {
            "eventID": f"{self.name}-{self.seed}-{number}",
            "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": OFFICE,
            "userAgent": ECS,
            "readOnly": name.startswith(("Get", "List", "Describe")),
            "eventType": "AwsApiCall",
            "recipientAccountId": who.get("accountId", HOME),
            "requestParameters": None,
            "responseElements": None,
            "userIdentity": who,
            **members,
        }
        self.records.append(record)
        (self.planted if planted else self.usual).add(record["eventID"])
        return record


def user(name: str = "ci-deploy", key: str = LEAKED, account: str = HOME) -> Record:
    """The identity of a user."""
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper()}",
        "arn": f"arn:aws:iam::{account}:user/ci/{name}",
        "accountId": account,
        "accessKeyId": key,
        "userName": name,
    }


def session(role: str, name: str, key: str, account: str = HOME) -> Record:
    """The identity of a session."""
    issuer = {
        "type": "Role",
        "principalId": f"AROA{role.upper()}",
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
    }
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{role.upper()}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {}},
    }


def assume(
    scenario: Scenario,
    who: Record,
    role: str,
    name: str,
    key: str,
    when: datetime,
    *,
    account: str = HOME,
    planted: bool = False,
    **members: t.Any,
) -> Record:
    """Add a call of AssumeRole, in both accounts if they differ; the identity of the session that it opens."""
    asked = {
        "requestParameters": {"roleArn": f"arn:aws:iam::{account}:role/{role}", "roleSessionName": name},
        "responseElements": {
            "credentials": {"accessKeyId": key},
            "assumedRoleUser": {"assumedRoleId": f"AROA{role.upper()}:{name}"},
        },
        **members,
    }
    own = who["accountId"]
    shared = {"sharedEventID": f"shared-{key}"} if account != own else {}
    scenario.add("sts:AssumeRole", who, when, planted=planted, **asked, **shared)
    if shared:
        seen = {"type": "AWSAccount", "principalId": who["principalId"], "accountId": own}
        there = {**asked, **shared, "recipientAccountId": account}
        scenario.add("sts:AssumeRole", seen, when, planted=planted, **there)
    return session(role, name, key, account)


def work_as_usual(scenario: Scenario, rng: random.Random, *, days: int = 30, agent: str = ECS) -> None:
    """A pipeline: some buckets, a role each day, at the hours of an office."""
    for day in range(1, days + 1):
        start = (NOW - timedelta(days=day)).replace(hour=rng.choice([7, 8, 9]), minute=rng.randrange(60))
        for number in range(rng.randrange(3, 7)):
            action = rng.choice(["s3:ListBuckets", "s3:GetBucketLocation", "ecr:GetAuthorizationToken"])
            scenario.add(action, user(), start + timedelta(minutes=9 * number), userAgent=agent)
        deploy(scenario, rng, start + timedelta(hours=2), agent=agent)


def deploy(scenario: Scenario, rng: random.Random, when: datetime, *, agent: str = ECS) -> None:
    """A deployment by the pipeline's user."""
    key = f"ASIAUSUAL{rng.randrange(10**10):010d}"
    who = assume(scenario, user(), "deploy", "release", key, when, account=PROD, userAgent=agent)
    for number, action in enumerate(
        ("lambda:UpdateFunctionCode20150331v2", "s3:PutBucketTagging", "ecs:UpdateService")
    ):
        scenario.add(action, who, when + timedelta(minutes=number + 1), userAgent=agent)


def intrude(
    scenario: Scenario,
    rng: random.Random,
    when: datetime,
    *,
    who: t.Optional[Record] = None,
    address: str = ELSEWHERE,
    agent: str = PYTHON,
    hops: bool = True,
) -> None:
    """An intruder: looks around, goes on over three accounts, and makes a key for another user."""
    who = who or user()
    made: Record = {"planted": True, "sourceIPAddress": address, "userAgent": agent}
    moment = when

    def later() -> datetime:
        nonlocal moment
        moment += timedelta(seconds=rng.randrange(5, 90))
        return moment

    for action in rng.sample(_RECON, rng.randrange(4, len(_RECON))):
        denied = {"errorCode": "AccessDenied"} if rng.random() < 0.4 else {}
        scenario.add(action, who, later(), **made, **denied)
    if not hops:
        return
    own = who["accountId"]
    first = assume(
        scenario, who, "pipeline", "build-7", f"ASIAEVILA{rng.randrange(10**10):010d}", later(), account=own, **made
    )
    scenario.add("iam:ListRoles", first, later(), **made)
    second = assume(
        scenario, first, "deploy", "build-7", f"ASIAEVILB{rng.randrange(10**10):010d}", later(), account=PROD, **made
    )
    third = assume(
        scenario,
        second,
        "warehouse",
        "build-7",
        f"ASIAEVILC{rng.randrange(10**10):010d}",
        later(),
        account=DATA,
        **made,
    )
    for action in rng.sample(_GAINS, 4):
        scenario.add(action, rng.choice([first, second, third]), later(), **made)
    for _number in range(rng.randrange(3, 9)):
        scenario.add(rng.choice(["s3:ListBuckets", "s3:GetBucketPolicy"]), third, later(), **made)
    key = f"AKIAEVIL{rng.randrange(10**10):010d}"
    asked = {
        "requestParameters": {"userName": "report-export"},
        "responseElements": {"accessKey": {"accessKeyId": key}},
    }
    scenario.add("iam:CreateAccessKey", first, later(), **made, **asked)
    there = {**made, "sourceIPAddress": f"198.51.{rng.randrange(200)}.9"}
    scenario.add("s3:ListBuckets", user("report-export", key), later(), **there)


def _stolen_key(scenario: Scenario, rng: random.Random) -> None:
    work_as_usual(scenario, rng)
    intrude(scenario, rng, NOW - timedelta(hours=rng.randrange(1, 10)))


def _same_nat(scenario: Scenario, rng: random.Random) -> None:
    work_as_usual(scenario, rng)
    intrude(
        scenario,
        rng,
        NOW - timedelta(hours=2),
        address=OFFICE,
        agent=rng.choice([PYTHON, CLI, "Boto3/1.34.2 os/linux#6"]),
    )


def _copied_agent(scenario: Scenario, rng: random.Random) -> None:
    work_as_usual(scenario, rng)
    intrude(scenario, rng, NOW - timedelta(hours=2), agent=ECS)


def _deployment(scenario: Scenario, rng: random.Random) -> None:
    """On the same day the pipeline deploys, and so does somebody else, with the same role."""
    work_as_usual(scenario, rng)
    deploy(scenario, rng, NOW - timedelta(hours=1))
    manager = user("release-manager", "AKIATHPRDSKWMANAGER1")
    sources = {"sourceIPAddress": NAT, "userAgent": CLI}
    who = assume(
        scenario,
        manager,
        "deploy",
        "release-9",
        "ASIAMANAGERSESSION1",
        NOW - timedelta(hours=3),
        account=PROD,
        **sources,
    )
    for number, action in enumerate(("lambda:UpdateFunctionCode20150331v2", "iam:PassRole", "s3:PutBucketTagging")):
        scenario.add(action, who, NOW - timedelta(hours=2, minutes=number), **sources)
    intrude(scenario, rng, NOW - timedelta(hours=4))


def _roaming(scenario: Scenario, rng: random.Random) -> None:
    """Runners in a cloud have a new address each time."""
    for day in range(1, 31):
        place = {"sourceIPAddress": f"20.{rng.randrange(250)}.{rng.randrange(250)}.7", "userAgent": GITHUB}
        start = (NOW - timedelta(days=day)).replace(hour=rng.choice([9, 10, 14]))
        for number, action in enumerate(("s3:ListBuckets", "ecr:GetAuthorizationToken", "s3:GetBucketLocation")):
            scenario.add(action, user(), start + timedelta(minutes=number), **place)
    today = {"sourceIPAddress": "20.251.1.7", "userAgent": GITHUB}
    scenario.add("s3:ListBuckets", user(), NOW - timedelta(hours=2), **today)
    scenario.add("ecr:GetAuthorizationToken", user(), NOW - timedelta(hours=2), **today)
    intrude(
        scenario, rng, NOW - timedelta(hours=3), agent=rng.choice([PYTHON, "Boto3/1.26 Python/3.11 Linux/6.6-kali"])
    )


def _instance(scenario: Scenario, rng: random.Random) -> None:
    """The credentials of an instance leaked. The instance goes on with the same key."""
    sdk = "aws-sdk-go-v2/1.30 os/linux lang/go"
    for day in range(1, 31):
        who = session("build-worker", "i-0abc", f"ASIAINSTANCE{day:07d}")
        for number in range(6):
            when = NOW - timedelta(days=day) + timedelta(hours=4 * number)
            scenario.add("s3:ListBuckets", who, when, sourceIPAddress=NAT, userAgent=sdk)
    who = session("build-worker", "i-0abc", "ASIAINSTANCELEAKED1")
    scenario.keys = ("ASIAINSTANCELEAKED1",)
    for number in range(5):
        scenario.add("s3:ListBuckets", who, NOW - timedelta(hours=number + 1), sourceIPAddress=NAT, userAgent=sdk)
    intrude(scenario, rng, NOW - timedelta(hours=2), who=who, agent="aws-cli/2.15.0 Python/3.11.6 Linux/6.6.9")


def _fleet(scenario: Scenario, rng: random.Random) -> None:
    """Forty instances in as many networks share a role. The credentials of one leaked, and it goes on itself."""
    sdk = "aws-sdk-go-v2/1.30 os/linux lang/go"
    for number, day in itertools.product(range(40), range(1, 11)):
        who = session("build-worker", f"i-{number:04}", f"ASIAFLEET{number:04}{day:06}")
        place = {"sourceIPAddress": f"10.{number}.1.5", "userAgent": sdk}
        for part in range(2):
            scenario.add("s3:ListBuckets", who, NOW - timedelta(days=day, hours=part * 7), **place)
    scenario.keys = ("ASIAFLEETLEAKED00001",)
    who = session("build-worker", "i-0007", "ASIAFLEETLEAKED00001")
    for hour in range(5):
        place = {"sourceIPAddress": "10.7.1.5", "userAgent": sdk}
        scenario.add("s3:ListBuckets", who, NOW - timedelta(hours=hour + 1), **place)
        other = session("build-worker", "i-0012", "ASIAFLEETNEIGHBOUR01")
        place = {"sourceIPAddress": "10.12.1.5", "userAgent": sdk}
        scenario.add("s3:ListBuckets", other, NOW - timedelta(hours=hour + 1), **place)
    intrude(scenario, rng, NOW - timedelta(hours=2), who=who, agent=rng.choice([sdk, PYTHON]))


def _password(scenario: Scenario, rng: random.Random) -> None:
    """The password of a person leaked, so that the user is the seed."""
    person = {**user("dev-alice", "AKIATHPRDSKWALICE001"), "userName": "dev-alice"}
    browser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36"
    for day in range(1, 31):
        start = (NOW - timedelta(days=day)).replace(hour=rng.choice([8, 9]))
        console = {**person, "accessKeyId": f"ASIACONSOLE{day:08d}"}
        scenario.add("signin:ConsoleLogin", person, start, userAgent=browser, sourceIPAddress=NAT)
        for number, action in enumerate(("ec2:DescribeInstances", "cloudwatch:GetMetricData", "iam:ListUsers")):
            scenario.add(action, console, start + timedelta(minutes=number), userAgent=browser, sourceIPAddress=NAT)
    scenario.keys, scenario.principals = (), (f"arn:aws:iam::{HOME}:user/ci/dev-alice",)
    other = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128"
    login = {"sourceIPAddress": ELSEWHERE, "userAgent": other}
    scenario.add("signin:ConsoleLogin", person, NOW - timedelta(hours=3), planted=True, **login)
    console = {**person, "accessKeyId": "ASIACONSOLEEVIL00001"}
    intrude(scenario, rng, NOW - timedelta(hours=3) + timedelta(minutes=1), who=console, agent=other)


def _usual_calls(scenario: Scenario, rng: random.Random) -> None:
    """The intruder copies the agent and does nothing that the pipeline does not do."""
    work_as_usual(scenario, rng)
    for number in range(rng.randrange(2, 9)):
        action = rng.choice(["s3:ListBuckets", "s3:GetBucketLocation"])
        when = NOW - timedelta(hours=3, minutes=number)
        scenario.add(action, user(), when, planted=True, sourceIPAddress=ELSEWHERE, userAgent=ECS)


def _noisy(scenario: Scenario, rng: random.Random) -> None:
    """Two people and a pipeline share the key. On the day there are a new version, a new address and a weekly job."""
    work_as_usual(scenario, rng)
    laptop = {"sourceIPAddress": NAT, "userAgent": CLI}
    for day in (2, 5, 6, 9, 13, 20, 27):
        when = (NOW - timedelta(days=day)).replace(hour=15)
        for action in ("s3:ListBuckets", "ec2:DescribeInstances", "iam:ListRoles"):
            scenario.add(action, user(), when + timedelta(minutes=rng.randrange(50)), **laptop)
    for week in (7, 14, 21, 28):
        when = (NOW - timedelta(days=week)).replace(hour=3)
        for action in ("s3:PutBucketLifecycle", "s3:DeleteBucket"):
            scenario.add(action, user(), when + timedelta(minutes=rng.randrange(50)))
    newer = {"userAgent": ECS.replace("1.34.2", "1.35.0"), "sourceIPAddress": "203.0.113.11"}
    for number in range(20):
        action = rng.choice(["s3:ListBuckets", "s3:GetBucketLocation", "ecr:GetAuthorizationToken"])
        scenario.add(action, user(), NOW - timedelta(hours=3, minutes=number), **newer)
    scenario.add("s3:PutBucketLifecycle", user(), NOW - timedelta(hours=9))
    scenario.add("ec2:DescribeInstances", user(), NOW - timedelta(hours=1), **laptop)
    intrude(scenario, rng, NOW - timedelta(hours=4), agent=rng.choice([PYTHON, ECS, CLI]))


def _address(scenario: Scenario, rng: random.Random) -> None:
    """Only the address of the intruder is known."""
    work_as_usual(scenario, rng)
    scenario.keys, scenario.addresses = (), (ELSEWHERE,)
    intrude(scenario, rng, NOW - timedelta(hours=5))


_MAKERS: t.Final[tuple[Callable[[Scenario, random.Random], None], ...]] = (
    *(
        _stolen_key,
        _same_nat,
        _copied_agent,
        _deployment,
        _roaming,
        _instance,
        _fleet,
        _password,
        _usual_calls,
        _noisy,
        _address,
    ),
)


def make_scenarios(seeds: t.Iterable[int]) -> t.Iterator[Scenario]:
    """All scenarios with each seed. Some say when the intrusion began, some a time too early or late."""
    for seed, make in itertools.product(seeds, _MAKERS):
        rng = random.Random(f"{make.__name__} {seed}")
        scenario = Scenario(make.__name__.strip("_"), seed)
        make(scenario, rng)
        times = [
            datetime.fromisoformat(one["eventTime"]) for one in scenario.records if one["eventID"] in scenario.planted
        ]
        # Known, too early, not known, and as late as an alert in the middle.
        between = sorted(times)[len(times) // 2]
        scenario.since = (None, min(times), min(times) - timedelta(days=3), between)[seed % 4]
        rng.shuffle(scenario.records)
        yield scenario
