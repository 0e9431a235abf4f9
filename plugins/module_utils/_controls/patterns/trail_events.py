# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Events in the shapes that CloudTrail documents, made by callers of every kind.

A filter or a rule is judged by the events that it catches. Events of one shape would prove too little: a filter for one
kind of caller, one region or one field that other events lack would pass. Names, ids, dates and addresses are made from
a seed, so that nobody can write a filter for just these events.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import ipaddress
import itertools
import re
import typing as t
import uuid
from collections.abc import Iterator, Mapping, Sequence

from ..control import Scope, listing

Event = Mapping[str, t.Any]

API_CALL: t.Final = "AwsApiCall"
CONSOLE_ACTION: t.Final = "AwsConsoleAction"
SIGN_IN: t.Final = "AwsConsoleSignIn"
_REGIONS: t.Final = {
    "aws": ("us-east-1", "eu-west-1", "ap-southeast-2"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
# Users sign in at one of these or at a regional address, root in us-east-1 alone.
_SIGN_IN_REGIONS: t.Final = {**_REGIONS, "aws": ("us-east-2", "eu-north-1", "ap-southeast-2", "eu-west-1")}
_GLOBAL: t.Final = frozenset({"iam", "organizations"})
_SEVERAL: t.Final = 2
_CALLERS: t.Final = 8
# Turns hexadecimal digits into letters.
_LETTERS: t.Final = str.maketrans("0123456789", "ghklmnrstz")
# IAM's ids after their prefix of four: 16 characters for access keys, 17 for users and roles.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_KEYS: t.Final = frozenset({"AKIA", "ASIA"})
# First numbers of addresses of the internet: no private, reserved or multicast network begins with one of them.
_INTERNET: t.Final = (*range(11, 100), *range(128, 169), *range(204, 224))
_VERSIONS: t.Final = ("1.08", "1.09", "1.11")
_AGENTS: t.Final = (
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.7",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 terraform-provider-aws/6.15.0 aws-sdk-go-v2/1.39.2",
    "Boto3/1.40.49 md/Botocore#1.40.49 ua/2.1 os/linux lang/python#3.11.2",
    "AWS Internal",
)


@dataclasses.dataclass(frozen=True)
class Sample:
    """An event, and in words which one it is and of whom."""

    name: str
    by: str
    event: Event


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody who makes events: in words, and as ``userIdentity`` has it."""

    by: str
    identity: Mapping[str, t.Any]
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Place:
    """The account that the events happen in; ``read`` are regions that it is known to use."""

    account_id: str
    partition: str
    seed: str = ""
    read: tuple[str, ...] = ()

    @functools.cached_property
    def regions(self) -> Sequence[str]:
        """Regions of the partition, those that were read among them."""
        return tuple(dict.fromkeys((*_REGIONS.get(self.partition, _REGIONS["aws"]), *self.read)))

    def make_digits(self, *what: t.Union[str, int]) -> str:
        """Make hexadecimal digits that nobody can predict without the seed."""
        text = "/".join((self.seed, self.account_id, *map(str, what)))
        return hashlib.sha256(text.encode()).hexdigest()

    def name(self, like: str) -> str:
        """A name of the shape of another. A filter that leaves out a principal by its name leaves out none of these."""

        def word_like(word: re.Match[str]) -> str:
            made = self.make_digits(like, word.start()).translate(_LETTERS)[: len(word[0]) + 3]
            return made.capitalize() if word[0][0].isupper() else made

        return re.sub("[A-Za-z]+", word_like, like)

    def unique_id(self, prefix: str, *what: t.Union[str, int]) -> str:
        """An id such as IAM gives principals and access keys."""
        made = base64.b32encode(bytes.fromhex(self.make_digits(prefix, *what))).decode()
        return f"{prefix}{made[: 16 if prefix in _KEYS else 17]}"

    def other_account(self, *what: t.Union[str, int]) -> str:
        """The id of another account."""
        return str(int(self.make_digits("account", *what), 16))[:12]

    @property
    def sign_in_regions(self) -> Sequence[str]:
        """Regions that record sign-ins of users."""
        return _SIGN_IN_REGIONS.get(self.partition, _REGIONS["aws"])

    def session(self, name: str, *, mfa: str) -> dict[str, str]:
        """The attributes of a session."""
        return {"creationDate": moment(self.make_digits("session", name)), "mfaAuthenticated": mfa}

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the account, of a service that knows no regions."""
        return f"arn:{self.partition}:{service}::{self.account_id}:{resource}"


def place_of(scope: Scope) -> Place:
    """The account of an assessment, with a seed that nobody knows before."""
    snapshot = scope.snapshot
    return Place(snapshot.account_id, snapshot.partition, snapshot.observed_at.isoformat(), snapshot.regions)


def make_root(place: Place) -> Caller:
    """Make the root user with a password."""
    return Caller(
        "root",
        {
            "type": "Root",
            "principalId": place.account_id,
            "arn": place.arn("iam", "root"),
            "accountId": place.account_id,
            "accessKeyId": place.unique_id("ASIA", "root"),
            "sessionContext": {"attributes": place.session("root", mfa="true")},
        },
    )


def make_user(place: Place, name: str, *, console: bool = False) -> Caller:
    """Make a user of IAM, with an access key or at the console; its name has the shape of the one given."""
    name = place.name(name)
    identity = {
        "type": "IAMUser",
        "principalId": place.unique_id("AIDA", name),
        "arn": place.arn("iam", f"user/{name}"),
        "accountId": place.account_id,
        "accessKeyId": place.unique_id("AKIA", name),
        "userName": name.rpartition("/")[2],
    }
    if not console:
        return Caller("an IAM user", identity)
    session = {"attributes": place.session(name, mfa="true")}
    return Caller(
        "an IAM user at the console",
        {**identity, "accessKeyId": place.unique_id("ASIA", name), "sessionContext": session},
    )


def make_role(place: Place, path: str, session: str, by: str, **more: t.Any) -> Caller:
    """Make a session of a role. ``more`` are members of its ``sessionContext``."""
    name = path.rpartition("/")[2]
    issuer = place.unique_id("AROA", name)
    return Caller(
        by,
        {
            "type": "AssumedRole",
            "principalId": f"{issuer}:{session}",
            "arn": place.arn("sts", f"assumed-role/{name}/{session}"),
            "accountId": place.account_id,
            "accessKeyId": place.unique_id("ASIA", name, session),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": issuer,
                    "arn": place.arn("iam", f"role/{path}"),
                    "accountId": place.account_id,
                    "userName": name,
                },
                "attributes": place.session(name, mfa="false"),
                **more,
            },
        },
    )


def make_callers(place: Place) -> tuple[Caller, ...]:
    """Make every kind of caller that may change something in an account."""
    permission_set = f"AWSReservedSSO_{place.name('Operator')}_{place.make_digits('reserved')[:16]}"
    # Roles of Identity Center have its region in their path, unless that is us-east-1.
    # https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    reserved = f"aws-reserved/sso.amazonaws.com/{place.regions[1]}/{permission_set}"
    provider = place.arn("iam", "oidc-provider/token.actions.githubusercontent.com")
    stack = make_role(place, place.name("stack"), "AWSCloudFormation", "a service with a role")
    return (
        make_user(place, "alice"),
        make_role(
            place, place.name("server"), f"i-0{place.make_digits('instance')[:16]}", "a role", ec2RoleDelivery="2.0"
        ),
        make_root(place),
        make_role(place, reserved, place.name("ana@example.com"), "a person of Identity Center"),
        make_user(place, "bob", console=True),
        dataclasses.replace(
            stack,
            identity={**stack.identity, "invokedBy": "cloudformation.amazonaws.com"},
            source="cloudformation.amazonaws.com",
        ),
        make_role(
            place,
            place.name("pipeline"),
            "GitHubActions",
            "a role by web identity",
            webIdFederationData={"federatedProvider": provider, "attributes": {}},
        ),
        make_federated_user(place),
    )


def make_federated_user(place: Place) -> Caller:
    """Make a session of GetFederationToken, which can't call IAM, and of STS only one operation."""
    broker, name = place.name("broker"), place.name("carol")
    issuer = {
        "type": "IAMUser",
        "principalId": place.unique_id("AIDA", "broker"),
        "arn": place.arn("iam", f"user/{broker}"),
        "accountId": place.account_id,
        "userName": broker,
    }
    attributes = place.session("federated", mfa="false")
    return Caller(
        "a federated user",
        {
            "type": "FederatedUser",
            "principalId": f"{place.account_id}:{name}",
            "arn": place.arn("sts", f"federated-user/{name}"),
            "accountId": place.account_id,
            "accessKeyId": place.unique_id("ASIA", "federated"),
            "sessionContext": {"sessionIssuer": issuer, "attributes": attributes},
        },
    )


def make_foreign_account(place: Place) -> Caller:
    """Make a caller from another account. CloudTrail records only the id and account of its principal."""
    principal = f"{place.unique_id('AROA', 'foreign')}:{place.name('session')}"
    identity = {"type": "AWSAccount", "principalId": principal, "accountId": place.other_account("foreign")}
    return Caller("another account", identity)


def uuid_of(made: str) -> str:
    """A UUID of version 4, out of 32 hexadecimal digits."""
    return str(uuid.UUID(made[:32], version=4))


def moment(made: str) -> str:
    """A date and time of the years around this one."""
    year, month, day, hour, minute, second = (int(made[start : start + 4], 16) for start in range(0, 24, 4))
    date = f"{2024 + year % 5}-{month % 12 + 1:02}-{day % 28 + 1:02}"
    return f"{date}T{hour % 24:02}:{minute % 60:02}:{second % 60:02}Z"


def _address(made: str, number: int) -> str:
    """An address of the internet or of a network of one's own, some of version 6."""
    if number % 5 == 2:
        return str(ipaddress.IPv6Address(f"2600:1{made[:3]}:{made[3:7]}::1{made[7:10]}"))
    first, *others = (int(made[start : start + 2], 16) for start in (0, 2, 4, 6))
    first = 10 if number % 5 == 4 else _INTERNET[first % len(_INTERNET)]
    return ".".join(map(str, (first, *others)))


class Recorder:
    """Makes events in one account; each differs from the one before it in region, address, program and version."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._number = itertools.count()
        self._sign_ins = itertools.count()

    def call(self, caller: Caller, service: str, name: str, **more: t.Any) -> Event:
        """A call of an API; ``more`` are further members of the record, in place of the usual ones."""
        number = next(self._number)
        # Callers take turns. Shifted, none of them always has the same region and program.
        turn = number + number // _CALLERS
        place, regions = self._place, self._place.regions
        made = place.make_digits("event", number)
        return {
            "eventVersion": _VERSIONS[turn % len(_VERSIONS)],
            "userIdentity": caller.identity,
            "eventTime": moment(made),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            # Services without regions record their events in one.
            "awsRegion": regions[0 if service in _GLOBAL else turn % len(regions)],
            "sourceIPAddress": caller.source or _address(made, number),
            "userAgent": caller.source or (*_AGENTS, f"{made[:5]}/{number}.0")[turn % (len(_AGENTS) + 1)],
            "requestParameters": {made[:8]: made[8:16]},
            "responseElements": {"_return": True} if turn % 2 else None,
            "requestID": uuid_of(made[:32]),
            "eventID": uuid_of(made[32:]),
            "readOnly": False,
            "eventType": API_CALL,
            "managementEvent": True,
            "recipientAccountId": place.account_id,
            "eventCategory": "Management",
            **more,
        }

    def calls(self, service: str, names: Sequence[str]) -> Iterator[Sample]:
        """Each of ``names`` by every kind of caller, and one in every region where the service has regions."""
        everybody = make_callers(self._place)
        for number, region in enumerate(self._place.regions if service not in _GLOBAL else ()):
            name = names[-1 - number % len(names)]
            yield Sample(name, everybody[0].by, self.call(everybody[0], service, name, awsRegion=region))
        for name in names:
            for caller in everybody:
                if service != "iam" or caller.identity["type"] != "FederatedUser":
                    yield Sample(name, caller.by, self.call(caller, service, name))

    def refuse(self, caller: Caller, service: str, name: str, code: str) -> Sample:
        """Make a call that was not authorized."""
        message = "You are not authorized to perform this operation."
        error = {"errorCode": code, "errorMessage": message, "requestParameters": None, "responseElements": None}
        event = self.call(caller, service, name, readOnly=name.startswith(("Describe", "Get", "List")), **error)
        return Sample(f"{code} of {service}", caller.by, event)

    def sign_in(self, caller: Caller, *, mfa: str, result: str = "Success") -> Event:
        """A sign-in to the console, as one tries to or succeeds in it."""
        event = self.call(caller, "signin", "ConsoleLogin", eventType=SIGN_IN)
        # Root's are recorded in one region.
        regions = self._place.sign_in_regions if caller.identity["type"] != "Root" else self._place.regions[:1]
        failed = {"errorMessage": "Failed authentication"} if result == "Failure" else {}
        address = f"https://{event['awsRegion']}.console.aws.amazon.com/console/home"
        return {
            **event,
            **failed,
            "awsRegion": regions[next(self._sign_ins) % len(regions)],
            "requestParameters": None,
            "responseElements": {"ConsoleLogin": result},
            "additionalEventData": {"LoginTo": address, "MobileVersion": "No", "MFAUsed": mfa},
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }


def by_whom(samples: Sequence[Sample], missed: Sequence[Sample]) -> str:
    """The callers whose events were missed, in the shorter of two ways; empty where those of all were.

    Not every caller makes every event, so only events of the missed names count.
    """
    names, of_missed = {sample.name for sample in missed}, {sample.by for sample in missed}
    caught = {sample.by for sample in samples if sample.name in names} - of_missed
    if not caught:
        return ""
    return f" unless by {listing(caught)}" if len(caught) < len(of_missed) else f" by {listing(of_missed)}"


def where(samples: Sequence[Sample], missed: Sequence[Sample]) -> str:
    """The regions of the events that were missed, if all that they have in common is that none there was caught."""
    caught = [sample for sample in samples if sample not in missed]
    lost = {item.event["awsRegion"] for item in missed} - {item.event["awsRegion"] for item in caught}
    by = {item.by for item in missed}
    # A few events may happen to be of one region.
    return f" in {listing(lost, 3)}" if lost and len(by) > _SEVERAL and by <= {item.by for item in caught} else ""
