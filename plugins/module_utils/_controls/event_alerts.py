# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Alerts of EventBridge: that what matters most triggers a rule, and that somebody is told.

They stand beside the metric filters that CIS asks for, and pass none of its recommendations.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from .._account.event_rules import AlertRegion, AlertTopic, EventRule
from .._account.model import Dataset
from .._converge.errors import InputError
from .._converge.finding import Remediation, Severity
from .._policy.matching import action_matcher
from .._policy.parse import parse
from .._policy.policy import PolicyError, Statement
from .control import Control, Failure, Scope, Verdict, listing, maps
from .event_alerts_rules import RULES, AlertRule, State, Where
from .event_pattern import Event, EventPattern, example

THEME: t.Final = "event_alerts"
RULES_CONTROL: t.Final = "event_alert_rules"
_RULES = "alert rules"
_TOPICS = "topics"
EVENTBRIDGE: t.Final = "events.amazonaws.com"
_KMS_ACTIONS: t.Final = ("kms:Decrypt", "kms:GenerateDataKey")
# The key that AWS keeps for SNS: its policy admits no other service, and can't be changed.
_AWS_KEY: t.Final = "alias/aws/sns"
_ORGANIZATIONS_HOME: t.Final = {"aws-cn": "cn-northwest-1"}
_BY_DEFAULT: t.Final = tuple(rule for rule in RULES if rule.by_default)
_REMEDIATION_MODULE: t.Final = "hardening.iam.event_alerts"


def occurs_in(rule: AlertRule, region: str, *, home: str, partition: str) -> bool:
    """Whether events of ``rule`` occur in ``region``; ``home`` is the home region of IAM."""
    if rule.where is Where.IAM_HOME:
        return region == home
    if rule.where is Where.ORGANIZATIONS_HOME:
        return region == _ORGANIZATIONS_HOME.get(partition, home)
    return True


def admits(document: t.Any, action: str, service: str = EVENTBRIDGE) -> bool:
    """Whether a statement of a resource policy allows an AWS service an action. What it is asked of is not judged."""
    try:
        policy = parse(document)
    except PolicyError:
        return False
    return any(_admits(statement, action, service) for statement in policy.statements)


def _admits(statement: Statement, action: str, service: str) -> bool:
    if not statement.allow or not statement.actions or not action_matcher(statement.actions)(action.lower()):
        return False
    principals = statement.principals or ()
    # What is open to everybody on a condition (its owner's account, say) is not open to a service.
    everybody = not statement.conditions and any(value == "*" for _kind, value in principals)
    return everybody or ("Service", service) in principals


def undelivered(topic: AlertTopic) -> str:
    """Why EventBridge can't publish to a topic; empty where it can, or where that is not known."""
    if topic.unknown:
        return ""
    if not topic.exists:
        return "there is no such topic"
    if not admits(topic.policy, "sns:Publish"):
        return f"its policy does not let {EVENTBRIDGE} publish"
    if topic.kms_key_id.endswith(_AWS_KEY):
        return f"it is encrypted with {_AWS_KEY}, whose policy does not admit EventBridge and can't be changed"
    if topic.kms_key_id and not topic.key_unknown:
        lacking = [action for action in _KMS_ACTIONS if not admits(topic.key_policy, action)]
        if lacking:
            return f"the policy of its key {topic.kms_key_id} does not allow {EVENTBRIDGE} {' and '.join(lacking)}"
    return ""


def _here(scope: Scope) -> AlertRegion:
    found = (item for item in scope.snapshot.alert_regions if item.region == scope.region)
    return next(found, AlertRegion(scope.region or ""))


def _missing_rules(scope: Scope) -> Verdict:
    snapshot, region = scope.snapshot, scope.region or ""
    wanted = [
        rule
        for rule in _BY_DEFAULT
        if occurs_in(rule, region, home=snapshot.home_region, partition=snapshot.partition)
        and (rule.where is not Where.ORGANIZATIONS_HOME or scope.facts.is_management_account)
    ]
    unheard = [rule.name for rule in wanted if not _is_heard(scope, region, rule)]
    if not unheard:
        return Verdict(len(wanted), _RULES, detail=f"rules that are on catch {listing(rule.name for rule in wanted)}")
    detail = f"no rule that is on and leads somewhere catches the events of {listing(unheard)}"
    return Verdict(len(wanted), _RULES, (Failure(scope.facts.account_arn, detail, {"missing": unheard}),))


def _is_heard(scope: Scope, region: str, wanted: AlertRule, *, forwarded: bool = False) -> bool:
    """Whether such events in ``region`` trigger a rule that leads somewhere, there or on the bus that they go on to."""
    here = next((item for item in scope.snapshot.alert_regions if item.region == region), None)
    if here is None:
        # Nobody looked at the region that it is forwarded to.
        return forwarded
    event = example(wanted.pattern)
    hearing = [rule for rule in here.rules if _matches(rule, event)]
    if wanted.state is State.WITH_READS:
        # AWS keeps what only reads from all other rules.
        hearing = [rule for rule in hearing if rule.state == State.WITH_READS]
    targets = [target.arn for rule in hearing for target in rule.targets]
    own = f":events:{{}}:{scope.snapshot.account_id}:event-bus/default"
    for arn in targets:
        elsewhere = arn.split(":")[3]
        if not arn.endswith(own.format(elsewhere)):
            return True
        # AWS hands an event on once, not from bus to bus.
        if not forwarded and elsewhere != region and _is_heard(scope, elsewhere, wanted, forwarded=True):
            return True
    return False


def _matches(rule: EventRule, event: Event) -> bool:
    if not rule.is_enabled or not isinstance(rule.pattern, dict):
        return False
    try:
        return EventPattern(rule.pattern).matches(event)
    except InputError:
        return False


def _undelivered(scope: Scope) -> Verdict:
    here = _here(scope)
    failures = (*_without_targets(here.rules), *_closed_topics(here))
    if not here.rules:
        return Verdict(0, _RULES, not_applicable="no alert rule of this collection in this region")
    return Verdict(len(here.rules), _RULES, failures, not_assessed=_untold(scope, here.topics, key=True))


def _untold(scope: Scope, topics: Iterable[AlertTopic], *, key: bool = False) -> t.Optional[str]:
    """What could not be read of topics. Those of another account are that account's to judge."""
    reasons = [
        f"{topic.arn} could not be read: {topic.unknown}"
        for topic in topics
        if topic.unknown and topic.account_id == scope.snapshot.account_id
    ]
    if key:
        reasons += [
            f"the policy of the key {topic.kms_key_id} could not be read: {topic.key_unknown}"
            for topic in topics
            if topic.key_unknown
        ]
    return "; ".join(reasons) or None


def _without_targets(rules: Iterable[EventRule]) -> Iterator[Failure]:
    for rule in rules:
        if rule.is_enabled and not rule.targets:
            yield Failure(rule.arn, "the rule has no target, so nobody is told", {"targets": 0})


def _closed_topics(here: AlertRegion) -> Iterator[Failure]:
    for topic in here.topics:
        why = undelivered(topic)
        if why:
            yield Failure(topic.arn, f"EventBridge can't deliver to the topic: {why}", {"kms_key_id": topic.kms_key_id})


def _trail(scope: Scope) -> Verdict:
    rules = [rule for item in scope.snapshot.alert_regions for rule in item.rules]
    if not rules:
        return Verdict(0, _RULES, not_applicable="no alert rule of this collection")
    trails = scope.snapshot.trails
    good = [
        item for item in trails if item.is_multi_region and item.is_logging and item.logs_management_events is not False
    ]
    if good:
        return Verdict(len(rules), _RULES, detail=f"trail {good[0].name} logs management events of every region")
    unread = scope.unread_regions(Dataset.TRAILS)
    unknown = [item.name for item in trails if item.is_multi_region and item.is_logging is None]
    if unread or unknown:
        reason = f"trails could not be read: {listing((*unread, *unknown))}"
        return Verdict(len(rules), _RULES, not_assessed=reason)
    detail = "no trail logs the management events of every region, and only what a trail logs reaches EventBridge"
    return Verdict(len(rules), _RULES, (Failure(scope.facts.account_arn, detail, {"trails": len(trails)}),))


def _subscribers(scope: Scope) -> Verdict:
    topics = _here(scope).topics
    known = [topic for topic in topics if topic.exists and not topic.unknown]
    untold = _untold(scope, topics)
    if not known and not untold:
        return Verdict(0, _TOPICS, not_applicable="no alert rule notifies a topic of this account in this region")
    failures = tuple(
        Failure(topic.arn, _nobody(topic), {"confirmed": topic.confirmed, "pending": topic.pending})
        for topic in known
        if not topic.confirmed
    )
    return Verdict(len(known), _TOPICS, failures, not_assessed=untold)


def _nobody(topic: AlertTopic) -> str:
    if topic.pending:
        return f"no subscription is confirmed; {topic.pending} wait for the confirmation that was mailed"
    return "nobody is subscribed"


CONTROLS: t.Final = (
    Control(
        id=RULES_CONTROL,
        title="EventBridge rules catch what matters most in the region",
        severity=Severity.MEDIUM,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        uses=(Dataset.ORGANIZATION,),
        check=_missing_rules,
        regional=True,
        expected=f"rules that are on and lead somewhere for {listing(rule.name for rule in _BY_DEFAULT)}",
        rationale="They tell within seconds; alarms on log groups take minutes, and reports a day.",
        remediation=Remediation("Declare a topic or a bus for the role event_alerts.", _REMEDIATION_MODULE),
        compliance=maps(nist=("AU-6(1)", "AU-6(5)", "SI-4(12)"), soc2=("CC7.2", "CC7.3")),
    ),
    Control(
        id="event_alert_delivery",
        title="Alert rules lead to where they can deliver",
        severity=Severity.HIGH,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        check=_undelivered,
        regional=True,
        expected="a target on each rule, and topics whose policy and key admit EventBridge",
        rationale="A rule without a target, or one that is refused there, looks like an alert and is none.",
        remediation=Remediation(
            "Converge the alert rules; admit EventBridge in the policy of the key by hand.", _REMEDIATION_MODULE
        ),
        compliance=maps(nist=("AU-5", "SI-4(12)"), soc2=("CC7.2", "CC7.3")),
    ),
    Control(
        id="event_alert_trail",
        title="A trail logs what the alert rules wait for",
        severity=Severity.HIGH,
        theme=THEME,
        needs=(Dataset.EVENT_RULES, Dataset.TRAILS),
        check=_trail,
        expected="a multi-region trail that logs management events, where there are alert rules",
        rationale="EventBridge gets calls and sign-ins by way of CloudTrail, and only from regions where a trail logs.",
        remediation=Remediation("Create an organization trail, or make the trail multi-region and start logging."),
        compliance=maps(nist=("AU-12", "SI-4(12)"), soc2=("CC7.2",)),
    ),
    Control(
        id="event_alert_subscribers",
        title="Somebody has confirmed a subscription to each topic of alerts",
        severity=Severity.MEDIUM,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        check=_subscribers,
        regional=True,
        expected="at least one confirmed subscription of every topic that an alert rule notifies",
        rationale="A subscription by e-mail is nothing until its owner confirms it, and AWS deletes it after two days.",
        remediation=Remediation("Subscribe somebody, and have the subscription confirmed."),
        compliance=maps(nist=("IR-6(1)", "SI-4(5)"), soc2=("CC7.3",)),
    ),
)
