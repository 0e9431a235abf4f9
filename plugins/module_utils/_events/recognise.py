# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which events start a plan: five families of events, as EventBridge delivers them.

EventBridge's envelope: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
AWS does not let PutEvents send an event whose source begins with ``aws.``
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html): it answers
NotAuthorizedForSourceException. So a source of AWS says something if the event came over a bus. It says nothing if
somebody else can write to the queue or to the webhook. And there are events of AWS whose content is an account's own:
findings that were imported, sample findings, a policy that anybody may attach. So no event is believed: what it leads
to is a plan, which reads the account itself.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

from .._converge.parsing import parse
from .signals import (
    EXPOSED,
    QUARANTINE,
    SIGN_IN,
    SUBJECTS,
    Kind,
    Signal,
    as_credential,
    hash_resource,
    is_account_id,
    name_threat,
    read_moment,
)

#: Longer events are not parsed. SQS and EventBridge take a mebibyte at most.
MOST_CHARACTERS: t.Final = 1024 * 1024
#: The findings and credentials of one event that are looked at. EventBridge delivers findings one by one.
MOST_MEMBERS: t.Final = 100
#: By this our own findings are known. ``_capabilities/findings_export/asff.py`` writes it.
OWN_PREFIX: t.Final = "hardening.iam"

_MOST_WRAPPERS: t.Final = 3
_QUARANTINE_POLICY: t.Final = re.compile(
    r"arn:[a-z-]{1,20}:iam::aws:policy/AWSCompromisedKeyQuarantine(?:V[0-9]{1,3})?"
)
# The one product that no account can import findings for:
# https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
_SECURITY_HUB: t.Final = re.compile(r"arn:[a-z-]{1,20}:securityhub:[a-z0-9-]{1,30}::product/aws/securityhub")
_EXPOSED_CODES: t.Final = re.compile(r"AWS_RISK_CREDENTIALS_[A-Z_]{1,60}", re.ASCII)
_THREAT: t.Final = re.compile(r"([A-Za-z]{1,40}):(?:IAMUser|IAM)/[\w.!-]{1,120}", re.ASCII)


class Ignored(enum.StrEnum):
    """Why an event starts nothing."""

    MALFORMED = "malformed"
    OTHER = "of another kind"
    FOREIGN_SOURCE = "not sent by AWS"
    OWN_FINDING = "a finding of this product"
    OWN_CHANGE = "a change by an own role"
    NOT_FAILED = "not failed, or closed"
    SAMPLE = "a sample"
    UNKNOWN_CONTROL = "a control that the catalogue does not have"


@dataclasses.dataclass
class Reading:
    """The signals of an event, and how many of its members were ignored for which reason.

    ``lost`` are numbers of signals about credentials that there was no room for, by account and subject.
    """

    signals: list[Signal] = dataclasses.field(default_factory=list)
    ignored: Counter[str] = dataclasses.field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)

    def ignore_callers(self, own_roles: Collection[str]) -> None:
        """Ignore the calls of these roles. The event filter does not know them."""
        own = {hash_resource(arn) for arn in own_roles}
        kept = [signal for signal in self.signals if signal.caller not in own]
        self.ignored[Ignored.OWN_CHANGE] += len(self.signals) - len(kept)
        self.signals = kept


def read_event(given: t.Any) -> Reading:
    """Read an event that a stranger may have written. It never raises.

    ``given`` is text, bytes or parsed JSON: the event, or what the sources ``aws_sqs_queue`` and ``webhook`` put around
    it.
    """
    reading = Reading()
    try:
        event = _unwrap(given)
        if _is_heartbeat(event):
            return reading
        for found in _Event(event).judge():
            if isinstance(found, Signal):
                reading.signals.append(found)
            elif isinstance(found, _Lost):
                reading.lost[found.place] += found.count
            else:
                reading.ignored[found] += 1
    except (ValueError, OverflowError):
        reading.ignored[Ignored.MALFORMED] += 1
    return reading


def _unwrap(given: t.Any) -> Mapping[str, t.Any]:
    """The event in what a source of ansible-rulebook makes of it. Raises ValueError: there is none."""
    for _wrapper in range(_MOST_WRAPPERS):
        if isinstance(given, (str, bytes)):
            if len(given) > MOST_CHARACTERS:
                raise ValueError("the event is too long")
            given = parse(given)
        if not isinstance(given, Mapping):
            raise ValueError("the event is no mapping")
        inner = next((given[name] for name in ("body", "payload") if name in given), None)
        if inner is None or "detail-type" in given:
            return given
        given = inner
    raise ValueError("the event is wrapped too often")


def _is_heartbeat(event: Mapping[str, t.Any]) -> bool:
    """Whether it is the event of a schedule, by which waiting signals get their turn."""
    return event.get("source") == "aws.events" and event.get("detail-type") == "Scheduled Event"


def _dig(value: t.Any, *path: str) -> t.Any:
    """The member at a path; None where it is missing or its parents are no mappings."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _dig_text(value: t.Any, *path: str) -> str:
    found = _dig(value, *path)
    return found if isinstance(found, str) else ""


def _dig_list(value: t.Any, *path: str) -> list[t.Any]:
    found = _dig(value, *path)
    return found[:MOST_MEMBERS] if isinstance(found, list) else []


def _count(value: t.Any, *path: str) -> int:
    found = _dig(value, *path)
    return len(found) if isinstance(found, list) else 0


@dataclasses.dataclass(frozen=True)
class _Lost:
    """Members of an event about credentials that are too many."""

    place: tuple[str, str]
    count: int


@dataclasses.dataclass(frozen=True)
class _Bearer:
    """Who called, as GuardDuty describes it. Of a role ``principal_id`` has the name of the session."""

    name: str
    kind: str
    principal_id: str
    key: str
    account_id: str = ""

    @property
    def resource(self) -> str:
        return f"{self.key} {self.name}"

    @property
    def credential(self) -> str:
        """The credential, as a signal has it; empty if the finding does not tell."""
        key = as_credential(self.key)
        role, _colon, session = self.principal_id.partition(":")
        if role.startswith("AROA") and session:
            return as_credential(f"session/{self.name}/{session}/{key}") or key
        # The finding about a login with a password has no key.
        return key or (as_credential(f"user/{self.name}") if self.kind == "IAMUser" else "")


def _read_key_details(who: t.Any) -> _Bearer:
    return _Bearer(
        name=_dig_text(who, "userName"),
        kind=_dig_text(who, "userType"),
        principal_id=_dig_text(who, "principalId"),
        key=_dig_text(who, "accessKeyId"),
    )


def _read_actor(user: t.Any) -> _Bearer:
    account = _dig_text(user, "account", "uid")
    return _Bearer(
        name=_dig_text(user, "name"),
        kind=_dig_text(user, "type"),
        principal_id=_dig_text(user, "uid"),
        key=_dig_text(user, "credentialUid"),
        account_id=account if is_account_id(account) else "",
    )


Found = t.Union[Signal, Ignored, _Lost]


@dataclasses.dataclass(frozen=True)
class _Event:
    """One event of EventBridge."""

    event: Mapping[str, t.Any]

    def judge(self) -> Iterator[Found]:
        """The signals of the event, and why its other members are none. Raises ValueError: it is malformed."""
        kind = _dig_text(self.event, "detail-type")
        family = _FAMILIES.get(kind)
        if family is None:
            yield Ignored.OTHER
            return
        source, judge = family
        if self.event.get("source") != source:
            yield Ignored.FOREIGN_SOURCE
            return
        yield from judge(self)

    @property
    def detail(self) -> t.Any:
        return self.event.get("detail")

    @property
    def at(self) -> datetime:
        return read_moment(self.event.get("time"))

    def signal(self, account_id: t.Any, subject: str, resource: str, credential: t.Any = "") -> Signal:
        """A signal of this event. Raises ValueError: the account is none."""
        if not is_account_id(account_id):
            raise ValueError("the account is malformed")
        return Signal(account_id, subject, hash_resource(resource), self.at, as_credential(credential))

    # AWS attached its quarantine policy to a user:
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

    def judge_call(self) -> Iterator[Found]:
        asked = _dig(self.detail, "requestParameters")
        policy = _dig_text(asked, "policyArn")
        if _dig_text(self.detail, "eventName") != "AttachUserPolicy" or not _QUARANTINE_POLICY.fullmatch(policy):
            yield Ignored.OTHER
        elif _dig(self.detail, "errorCode") is not None:
            yield Ignored.NOT_FAILED
        else:
            user = f"user/{_dig_text(asked, 'userName')}"
            who = _dig(self.detail, "userIdentity")
            caller = _dig_text(who, "sessionContext", "sessionIssuer", "arn") or _dig_text(who, "arn")
            found = self.signal(self.event.get("account"), QUARANTINE, user, user)
            yield dataclasses.replace(found, caller=hash_resource(caller) if caller else "")

    # https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html

    def judge_health(self) -> Iterator[Found]:
        if not _EXPOSED_CODES.fullmatch(_dig_text(self.detail, "eventTypeCode")):
            yield Ignored.OTHER
            return
        if _dig(self.detail, "statusCode") == "closed":
            yield Ignored.NOT_FAILED
            return
        # The organization's view is delivered to another account.
        account_id = _dig(self.detail, "affectedAccount") or self.event.get("account")
        values = [_dig_text(entity, "entityValue") for entity in _dig_list(self.detail, "affectedEntities")]
        for value in dict.fromkeys(values or [""]):
            yield self.signal(account_id, EXPOSED, value, value)
        rest = _count(self.detail, "affectedEntities") - MOST_MEMBERS
        if rest > 0:
            yield _Lost((str(account_id), EXPOSED), rest)

    # https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html

    def judge_guardduty(self) -> Iterator[Found]:
        found = _THREAT.fullmatch(_dig_text(self.detail, "type"))
        subject = name_threat(found.group(1)) if found else ""
        service = _dig(self.detail, "service")
        if not subject:
            yield Ignored.OTHER
        elif _dig(service, "additionalInfo", "sample") is True:
            yield Ignored.SAMPLE
        elif _dig(service, "archived") is True:
            yield Ignored.NOT_FAILED
        else:
            account_id = _dig(self.detail, "accountId")
            bearers, more = self._list_bearers()
            for bearer in bearers:
                credential = bearer.credential if SUBJECTS[subject] is Kind.CREDENTIAL else ""
                yield self.signal(bearer.account_id or account_id, subject, bearer.resource, credential)
            if more:
                yield _Lost((str(account_id), subject), more)

    def _list_bearers(self) -> tuple[list[_Bearer], int]:
        """Who made the calls of a finding of GuardDuty, and how many more than are looked at. It is at least one.

        A sequence of an attack has actors, every other finding the details of a key:
        https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Actor.html
        https://docs.aws.amazon.com/guardduty/latest/APIReference/API_AccessKeyDetails.html
        """
        path = ("service", "detection", "sequence", "actors")
        found = [_read_actor(_dig(actor, "user")) for actor in _dig_list(self.detail, *path)]
        who = _dig(self.detail, "resource", "accessKeyDetails")
        if who is not None or not found:
            found.insert(0, _read_key_details(who))
        return list(dict.fromkeys(found)), max(0, _count(self.detail, *path) - MOST_MEMBERS)

    # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-signin.html

    def judge_sign_in(self) -> Iterator[Found]:
        yield self.signal(self.event.get("account"), SIGN_IN, _dig_text(self.detail, "userIdentity", "arn"))

    # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
    # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html

    def judge_findings(self) -> Iterator[Found]:
        for finding in _dig_list(self.detail, "findings") or [None]:
            product = _dig_text(finding, "ProductArn")
            yield self._judge_finding(
                account_id=_dig(finding, "AwsAccountId"),
                product=product,
                control=_dig_text(finding, "Compliance", "SecurityControlId"),
                is_failed=_dig(finding, "Compliance", "Status") == "FAILED"
                and _dig(finding, "RecordState") == "ACTIVE"
                and _dig(finding, "Workflow", "Status") in (None, "NEW", "NOTIFIED"),
                is_own=_is_own_finding(finding),
                resource=_name_resource(_dig_list(finding, "Resources"), "Id"),
            )

    # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-cwe-event-formats.html
    # https://schema.ocsf.io/1.5.0/classes/compliance_finding

    def judge_ocsf(self) -> Iterator[Found]:
        for finding in _dig_list(self.detail, "findings") or [None]:
            status = (_dig(finding, "compliance", "status"), _dig(finding, "compliance", "status_id"))
            yield self._judge_finding(
                account_id=_dig(finding, "cloud", "account", "uid"),
                product=_dig_text(finding, "metadata", "product", "uid"),
                control=_dig_text(finding, "compliance", "control"),
                # 3 is Fail. Of the finding itself, 1 is New and 2 is In Progress.
                is_failed=(status[0] == "Fail" or status[1] == 3) and _dig(finding, "status_id") in (None, 1, 2),
                is_own=_is_own_ocsf(finding),
                resource=_name_resource(_dig_list(finding, "resources"), "uid"),
            )

    def _judge_finding(
        self, *, account_id: t.Any, product: str, control: str, is_failed: bool, is_own: bool, resource: str
    ) -> Found:
        if is_own:
            return Ignored.OWN_FINDING
        if not _SECURITY_HUB.fullmatch(product):
            # Of another product, or imported by somebody.
            return Ignored.OTHER
        if not is_failed:
            return Ignored.NOT_FAILED
        if SUBJECTS.get(control) is not Kind.CONTROL:
            return Ignored.UNKNOWN_CONTROL
        return self.signal(account_id, control, resource)


def _is_own_finding(finding: t.Any) -> bool:
    """Whether a finding is of ``findings_export``. Anybody can write so; then it starts nothing either."""
    texts = [_dig_text(finding, name) for name in ("Id", "GeneratorId", "ProductName")]
    fields = _dig(finding, "ProductFields")
    names = list(fields)[: 10 * MOST_MEMBERS] if isinstance(fields, Mapping) else []
    return any(str(text).startswith(OWN_PREFIX) for text in (*texts, *names))


def _is_own_ocsf(finding: t.Any) -> bool:
    product = _dig_text(finding, "metadata", "product", "name")
    texts = (product, _dig_text(finding, "metadata", "uid"), _dig_text(finding, "finding_info", "analytic", "uid"))
    return any(text.startswith(OWN_PREFIX) for text in texts)


def _name_resource(resources: list[t.Any], name: str) -> str:
    return _dig_text(resources[0], name) if resources else ""


_FAMILIES: t.Final[Mapping[str, tuple[str, Callable[[_Event], Iterator[Found]]]]] = {
    "AWS API Call via CloudTrail": ("aws.iam", _Event.judge_call),
    "AWS Health Event": ("aws.health", _Event.judge_health),
    "GuardDuty Finding": ("aws.guardduty", _Event.judge_guardduty),
    "Sign-in Anomaly Alert": ("aws.signin", _Event.judge_sign_in),
    "Security Hub Findings - Imported": ("aws.securityhub", _Event.judge_findings),
    "Findings Imported V2": ("aws.securityhub", _Event.judge_ocsf),
}
