# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Events that the alert rules wait for, as EventBridge has them on its default bus.

Calls and sign-ins come by way of CloudTrail:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
AWS Health sends its own: https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
"""

from __future__ import annotations

import functools
import itertools
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime

from .event_alerts_rules import BY_NAME
from .trail_events import SIGN_IN, Caller, Event, Place, Recorder, Sample, make_callers, make_root, moment, uuid_of

_API_CALL: t.Final = "AWS API Call via CloudTrail"
# The spelling that events have; one of AWS's documents has another.
_SIGN_IN: t.Final = "AWS Console Sign In via CloudTrail"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
_ROOT_TASKS: t.Final = ("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "S3UnlockBucketPolicy")
_QUARANTINES: t.Final = ("AWSCompromisedKeyQuarantineV2", "AWSCompromisedKeyQuarantineV3")
_TAMPERING: t.Final[Mapping[str, Sequence[str]]] = {
    "access-analyzer": ("DeleteAnalyzer",),
    "cloudtrail": ("DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"),
    "config": (
        "DeleteConfigRule",
        "DeleteConfigurationRecorder",
        "DeleteDeliveryChannel",
        "StopConfigurationRecorder",
    ),
    "events": ("DeleteRule", "DisableRule", "RemoveTargets"),
    "guardduty": ("DeleteDetector", "DisassociateFromAdministratorAccount", "UpdateDetector"),
    "securityhub": (
        "BatchDisableStandards",
        "DisableSecurityHub",
        "DisableSecurityHubV2",
        "DisassociateFromAdministratorAccount",
    ),
}
# How many kinds of callers each call is tried of, one after the other, so that all kinds have their turn.
_CALLERS_EACH: t.Final = 2


@functools.lru_cache(maxsize=512)
def samples(rule: str, place: Place, region: str, home: str) -> tuple[Sample, ...]:
    """Events of a region that the alert rule of that name is for. ``home`` is the home region of IAM."""
    return tuple(_MADE_BY[rule](_Bus(place, region, home)))


class _Bus:
    """The default bus of a region."""

    def __init__(self, place: Place, region: str, home: str) -> None:
        self.place = place
        self.region = region
        self.is_home = region == home
        self.record = Recorder(place)
        self._number = itertools.count()
        self._turn = itertools.cycle(make_callers(place))

    def turn(self, count: int = _CALLERS_EACH) -> list[Caller]:
        """The next callers, those aside that may not call IAM."""
        return list(itertools.islice((who for who in self._turn if who.identity["type"] != "FederatedUser"), count))

    def event(self, caller: Caller, service: str, name: str, *, kind: str = _API_CALL, **more: t.Any) -> Sample:
        """A call as an event."""
        detail = {**self.record.call(caller, service, name, **more), "awsRegion": self.region}
        return Sample(name, caller.by, self.envelope(f"aws.{service}", kind, detail))

    def envelope(self, source: str, kind: str, detail: Event) -> Event:
        """Wrap the detail of an event as EventBridge does."""
        made = self.place.make_digits("bus", next(self._number))
        given = {"detail-type": kind, "source": source, "detail": detail, "time": moment(made)}
        given["id"] = uuid_of(made)
        return envelope(given, account_id=self.place.account_id, region=self.region)


def envelope(event: Event, *, account_id: str, region: str) -> dict[str, t.Any]:
    """An event with all that EventBridge puts around it; what is given stays."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "",
        "source": "",
        "account": account_id,
        "time": "2026-05-17T08:17:02Z",
        "region": region,
        "resources": [],
        "detail": {},
        **event,
    }


def _of_root(bus: _Bus) -> Iterator[Sample]:
    who = make_root(bus.place)
    for service, name, reads in (
        ("iam", "CreateAccessKey", False),
        ("sts", "GetCallerIdentity", True),
        ("ec2", "RunInstances", False),
        ("s3", "DeleteBucketPolicy", False),
        ("organizations", "LeaveOrganization", False),
        ("account", "PutAlternateContact", False),
    ):
        # Services without regions have their events in one.
        if bus.is_home or service not in ("iam", "organizations", "account"):
            yield bus.event(who, service, name, readOnly=reads)
    if bus.is_home:
        for result in ("Success", "Failure"):
            detail = {**bus.record.sign_in(who, mfa="No", result=result), "awsRegion": bus.region}
            yield Sample(f"ConsoleLogin ({result})", who.by, bus.envelope("aws.signin", _SIGN_IN, detail))
        yield bus.event(who, "signin", "PasswordRecoveryRequested", kind=_SIGN_IN, eventType=SIGN_IN)


def _assume_root(bus: _Bus) -> Iterator[Sample]:
    for task, who in itertools.product(_ROOT_TASKS, bus.turn(4)):
        policy = f"arn:{bus.place.partition}:iam::aws:policy/root-task/{task}"
        asked = {
            "targetPrincipal": bus.place.other_account(task, who.by),
            "taskPolicyArn": {"arn": policy},
            "durationSeconds": 900,
        }
        yield bus.event(who, "sts", "AssumeRoot", readOnly=True, requestParameters=asked)


def _quarantine(bus: _Bus) -> Iterator[Sample]:
    for name, policy in itertools.product(("AttachUserPolicy", "DetachUserPolicy"), _QUARANTINES):
        arn = f"arn:{bus.place.partition}:iam::aws:policy/{policy}"
        for who in bus.turn():
            yield bus.event(who, "iam", name, requestParameters={"userName": bus.place.name("bob"), "policyArn": arn})


def _health(bus: _Bus) -> Iterator[Sample]:
    for code in ("AWS_RISK_CREDENTIALS_EXPOSED", "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"):
        for number in range(3):
            made = bus.place.make_digits(code, number)
            # Days and months in English, whatever the language of the machine.
            start = format_datetime(datetime.fromisoformat(moment(made)), usegmt=True)
            detail = {
                "eventArn": f"arn:{bus.place.partition}:health:{bus.region}::event/RISK/{code}/{code}_{made[:12]}",
                "service": "RISK",
                "eventTypeCode": code,
                "eventTypeCategory": "issue",
                "eventScopeCode": "ACCOUNT_SPECIFIC",
                "statusCode": "open",
                "startTime": start,
                "eventDescription": [{"language": "en_US", "latestDescription": "An access key may be exposed."}],
                "affectedEntities": [{"entityValue": bus.place.unique_id("AKIA", made), "status": "IMPAIRED"}],
                "affectedAccount": bus.place.account_id,
            }
            yield Sample(code, "AWS Health", bus.envelope("aws.health", "AWS Health Event", detail))


def _tampering(bus: _Bus) -> Iterator[Sample]:
    for service, names in _TAMPERING.items():
        for name in names:
            yield from (bus.event(who, service, name) for who in bus.turn())


def _organization(bus: _Bus) -> Iterator[Sample]:
    for name in BY_NAME["organizations-guardrail-change"].pattern["detail"]["eventName"]:
        for who in bus.turn():
            made = bus.place.make_digits(name, who.by)
            asked = {"policyId": f"p-{made[:10]}", "targetId": f"ou-{made[10:14]}-{made[14:22]}"}
            yield bus.event(who, "organizations", name, requestParameters=asked)


_MADE_BY: t.Final = {
    "root-activity": _of_root,
    "assume-root": _assume_root,
    "quarantine-attached-by-aws": _quarantine,
    "health-exposed-credentials": _health,
    "guardrail-tamper": _tampering,
    "organizations-guardrail-change": _organization,
}
