# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Alerts of EventBridge: the most important events trigger a rule, and the rule notifies somebody.

They stand beside the metric filters that CIS asks for, and pass none of its recommendations.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..._account.event_rules import AlertQueue, AlertRegion, AlertTopic, EventRule
from ..._account.model import Dataset
from ..._account.regional import Trail
from ..._converge.errors import InputError
from ..._converge.finding import Remediation, Severity
from ..._policy.evaluation.truth import NO, UNKNOWN
from ..control import Control, Failure, Scope, Verdict, listing, maps
from ..effects.delivery import EVENTBRIDGE, WORKS, Answer, Sender, best, to_queue, to_topic
from ..facts import Facts
from ..ours import accounts_of_ours
from ..patterns.event_alerts_rules import RULES, AlertRule, State, Where
from ..patterns.event_pattern import Event, EventPattern
from ..patterns.event_samples import samples
from ..patterns.trail_events import Sample, by_whom, place_of
from ..problem import Problem

THEME: t.Final = "event_alerts"
RULES_CONTROL: t.Final = "event_alert_rules"
_RULES = "alert rules"
_TOPICS = "topics"
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


def _here(scope: Scope) -> AlertRegion:
    found = (item for item in scope.snapshot.alert_regions if item.region == scope.region)
    return next(found, AlertRegion(scope.region or ""))


def _check_missing_rules(scope: Scope) -> Verdict:
    snapshot, region = scope.snapshot, scope.region or ""
    wanted = [
        rule
        for rule in _BY_DEFAULT
        if occurs_in(rule, region, home=snapshot.home_region, partition=snapshot.partition)
        and (rule.where is not Where.ORGANIZATIONS_HOME or scope.facts.is_management_account)
    ]
    heard = {rule.name: _judge_coverage(scope, region, rule) for rule in wanted}
    missing = {name: answer.why for name, answer in heard.items() if answer.truth is NO}
    if missing:
        names = listing(f"{name} ({why})" if why else name for name, why in missing.items())
        failure = Failure(
            scope.facts.account_arn,
            f"no enabled rule that notifies somebody in your accounts catches the events of {names}",
            {"missing": list(missing), "reasons": {name: why for name, why in missing.items() if why}},
        )
        return Verdict(len(wanted), _RULES, (failure,))
    unknown = [f"{name}: {answer.why}" for name, answer in heard.items() if answer.truth is UNKNOWN]
    if unknown:
        return Verdict(len(wanted), _RULES, not_assessed=listing(unknown))
    return Verdict(len(wanted), _RULES, detail=f"enabled rules catch {listing(heard)}")


def _judge_coverage(scope: Scope, region: str, wanted: AlertRule) -> Answer:
    """Judge whether every event of a kind in ``region`` triggers a rule that leads to somebody of ours.

    Some rules leave out what others catch, so that each event is tried by itself.
    """
    events = samples(wanted.name, place_of(scope), region, scope.snapshot.home_region)
    answers = [(sample, _judge_event(scope, region, wanted, sample.event)) for sample in events]
    lost = [(sample, answer) for sample, answer in answers if answer.truth is NO]
    if lost:
        reasons = listing(dict.fromkeys(answer.why for _sample, answer in lost if answer.why), 3)
        return Answer(NO, reasons or _list_unmatched([sample for sample, _answer in lost], events))
    unknown = listing(dict.fromkeys(answer.why for _sample, answer in answers if answer.truth is UNKNOWN), 3)
    return Answer(UNKNOWN, unknown) if unknown else WORKS


def _list_unmatched(lost: Sequence[Sample], events: Sequence[Sample]) -> str:
    """List the events that no rule matches; empty if no event matches any rule."""
    if len(lost) == len(events):
        return ""
    names = {sample.name for sample in lost}
    which = "none" if names == {sample.name for sample in events} else f"not {listing(names, 5)}"
    return f"{which}{by_whom(events, lost)}"


def _judge_event(scope: Scope, region: str, wanted: AlertRule, event: Event, *, forwarded: bool = False) -> Answer:
    """Judge whether one event triggers a rule that leads somewhere, in a region or on the bus that it goes on to."""
    here = next((item for item in scope.snapshot.alert_regions if item.region == region), None)
    if here is None:
        return Answer(UNKNOWN, f"it is forwarded to {region}, which was not read")
    patterns = _patterns(scope.facts)
    hearing = [rule for rule in here.rules if rule.arn in patterns and patterns[rule.arn].matches(event)]
    if wanted.state is State.WITH_READS:
        # AWS keeps what only reads from all other rules.
        hearing = [rule for rule in hearing if rule.state == State.WITH_READS]
    targets = {target.arn: target for rule in hearing for target in rule.targets}
    answers = [_judge_target(scope, here, arn, wanted, event, forwarded=forwarded) for arn in targets]
    return best(answers, "the rule has no target" if hearing else "")


def _judge_target(
    scope: Scope, here: AlertRegion, arn: str, wanted: AlertRule, event: Event, *, forwarded: bool
) -> Answer:
    """Judge whether a target leads to somebody of ours."""
    _arn, _partition, service, region, account, *_rest = (*arn.split(":"), "", "", "", "", "")
    if account and not accounts_of_ours(scope)(account):
        return Answer(NO, f"{arn} is of account {account}, which is not known to be ours")
    if account == scope.snapshot.account_id and arn.endswith(":event-bus/default"):
        # AWS hands an event on once, not from bus to bus.
        if forwarded or region == here.region:
            return Answer(NO, "what was handed on is not handed on once more")
        return _judge_event(scope, region, wanted, event, forwarded=True)
    if service != "sns" and ":event-bus/" not in arn and account == scope.snapshot.account_id:
        return _judge_other_target(arn, service)
    place = _places(here).get(arn)
    if place is not None and not place.exists:
        return Answer(NO, f"there is no {arn}")
    if place is not None and place.unknown and account == scope.snapshot.account_id:
        return Answer(UNKNOWN, f"{arn} could not be read: {place.unknown}")
    return WORKS


def _judge_other_target(arn: str, service: str) -> Answer:
    """Judge whether a target that is neither topic nor bus leads to somebody: some only keep the event or act on it."""
    # EventBridge's own actions: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
    if ":target/" in arn or service == "logs":
        return Answer(NO, f"{arn} tells nobody")
    return Answer(UNKNOWN, f"not known whether {arn} notifies somebody")


def _places(here: AlertRegion) -> dict[str, t.Union[AlertTopic, AlertQueue]]:
    """The topics and queues that the rules of a region name."""
    return {**{topic.arn: topic for topic in here.topics}, **{queue.arn: queue for queue in here.queues or ()}}


@functools.lru_cache(maxsize=1)
def _patterns(facts: Facts) -> Mapping[str, EventPattern]:
    """The patterns of the rules that are on, by the ARNs of these, each made ready once."""
    found: dict[str, EventPattern] = {}
    for rule in (rule for here in facts.snapshot.alert_regions for rule in here.rules):
        if rule.is_enabled and isinstance(rule.pattern, dict):
            with contextlib.suppress(InputError):
                found[rule.arn] = EventPattern(rule.pattern)
    return found


def _check_delivery(scope: Scope) -> Verdict:
    here = _here(scope)
    if not here.rules:
        return Verdict(0, _RULES, not_applicable="no alert rule of this collection in this region")
    failures = list(_without_targets(here.rules))
    unknown: list[str] = []
    places = _places(here)
    for arn, answers in _judge_deliveries(here, scope.snapshot.account_id).items():
        why = {answer.why: None for answer in answers if answer.truth is NO}
        if why:
            detail = f"EventBridge can't deliver to it: {'; '.join(why)}"
            failures.append(Failure(arn, detail, {"kms_key_id": places[arn].kms_key_id}))
        unknown += [f"{arn}: {answer.why}" for answer in answers if answer.truth is UNKNOWN]
    not_assessed = listing(dict.fromkeys(unknown)) if unknown else None
    return Verdict(len(here.rules), _RULES, tuple(failures), not_assessed=not_assessed)


def _judge_deliveries(here: AlertRegion, account_id: str) -> dict[str, list[Answer]]:
    """Judge by topic and queue whether the targets of each enabled rule deliver to it."""
    places = _places(here)
    found: dict[str, list[Answer]] = {}
    enabled = (rule for rule in here.rules if rule.is_enabled)
    for rule, target in ((found_rule, item) for found_rule in enabled for item in found_rule.targets):
        sender = Sender(EVENTBRIDGE, account_id, rule.arn)
        for arn in dict.fromkeys((target.arn, target.dead_letter_queue)):
            if arn == target.arn and arn in places and target.settings.get("RoleArn"):
                judged = Answer(UNKNOWN, f"rule {rule.name} delivers to it by a role")
            elif arn in places or arn.split(":")[2:3] == ["sqs"]:
                judged = _judge_delivery(places.get(arn), sender)
            else:
                continue
            found.setdefault(arn, []).append(judged)
    return found


def _judge_delivery(place: t.Union[AlertTopic, AlertQueue, None], sender: Sender) -> Answer:
    if place is None:
        return Answer(UNKNOWN, "the queue was not read")
    return to_topic(place, sender) if isinstance(place, AlertTopic) else to_queue(place, sender)


def _unread_topics(scope: Scope, topics: Iterable[AlertTopic]) -> t.Optional[str]:
    """The topics that could not be read. Another account judges its own topics."""
    reasons = [
        f"{topic.arn} could not be read: {topic.unknown}"
        for topic in topics
        if topic.unknown and topic.account_id == scope.snapshot.account_id
    ]
    return "; ".join(reasons) or None


def _without_targets(rules: Iterable[EventRule]) -> Iterator[Failure]:
    for rule in rules:
        if rule.is_enabled and not rule.targets:
            yield Failure(rule.arn, "the rule has no target, so nobody is notified", {"targets": 0})


def _check_trail(scope: Scope) -> Verdict:
    rules = [rule for item in scope.snapshot.alert_regions for rule in item.rules]
    if not rules:
        return Verdict(0, _RULES, not_applicable="no alert rule of this collection")
    trails = scope.snapshot.trails
    good = [item for item in trails if item.is_multi_region and item.is_logging and item.logs_management_events]
    if good:
        return Verdict(len(rules), _RULES, detail=f"trail {good[0].name} logs management events of every region")
    unread = scope.unread_regions(Dataset.TRAILS)
    unknown = [item.name for item in trails if _may_log(item)]
    if unread or unknown:
        reason = f"trails could not be read: {listing((*unread, *unknown))}"
        return Verdict(len(rules), _RULES, not_assessed=reason)
    detail = "no trail logs the management events of every region, and EventBridge gets only logged events"
    return Verdict(len(rules), _RULES, (Failure(scope.facts.account_arn, detail, {"trails": len(trails)}),))


def _may_log(trail: Trail) -> bool:
    """Whether a trail logs what is needed as far as is known, and not all of it is."""
    answers = (trail.is_logging, trail.logs_management_events)
    return trail.is_multi_region and None in answers and False not in answers


def _check_subscribers(scope: Scope) -> Verdict:
    topics = _here(scope).topics
    known = [topic for topic in topics if topic.exists and not topic.unknown]
    untold = _unread_topics(scope, topics)
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
        return f"no subscription is confirmed; {topic.pending} are waiting for confirmation by e-mail"
    return "nobody is subscribed"


CONTROLS: t.Final = (
    Control(
        id=RULES_CONTROL,
        title="EventBridge rules catch critical events in the region",
        problem=Problem(
            "Alert rules for some critical events are missing in a region",
            "regions in which alert rules for some critical events are missing",
        ),
        severity=Severity.MEDIUM,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        uses=(Dataset.ORGANIZATION,),
        check=_check_missing_rules,
        regional=True,
        expected=f"rules that are on and lead to somebody of ours for {listing(rule.name for rule in _BY_DEFAULT)}",
        blind=(
            "whether a function or queue notifies somebody (such rules are not assessed), filter policies of "
            "subscriptions, and rules of other buses."
        ),
        rationale="They alert within seconds. Alarms on log groups take minutes, and reports a day.",
        remediation=Remediation("Declare a topic or a bus for the role event_alerts.", _REMEDIATION_MODULE),
        compliance=maps(nist=("AU-6(1)", "AU-6(5)", "SI-4(12)"), soc2=("CC7.2", "CC7.3")),
    ),
    Control(
        id="event_alert_delivery",
        title="Alert rules can deliver their events",
        problem=Problem(
            "Alert rule or its topic can't deliver, so nobody is notified",
            "alert rules and topics can't deliver, so nobody is notified",
        ),
        severity=Severity.HIGH,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        check=_check_delivery,
        regional=True,
        expected="a target on each rule, and topics and queues whose policies and keys admit EventBridge",
        rationale="A rule without a target, or with a target that refuses events, never alerts.",
        remediation=Remediation(
            "Run the role event_alerts. Allow EventBridge in the policy of the key by hand.", _REMEDIATION_MODULE
        ),
        compliance=maps(nist=("AU-5", "SI-4(12)"), soc2=("CC7.2", "CC7.3")),
    ),
    Control(
        id="event_alert_trail",
        title="A trail logs the events of the alert rules",
        problem=Problem("No trail logs the events of the alert rules"),
        severity=Severity.HIGH,
        theme=THEME,
        needs=(Dataset.EVENT_RULES, Dataset.TRAILS),
        check=_check_trail,
        expected="a multi-region trail that logs management events, if there are alert rules",
        rationale="EventBridge gets calls and sign-ins through CloudTrail, and only from regions where a trail logs.",
        remediation=Remediation("Create an organization trail, or make the trail multi-region and start logging."),
        compliance=maps(nist=("AU-12", "SI-4(12)"), soc2=("CC7.2",)),
    ),
    Control(
        id="event_alert_subscribers",
        title="Each alert topic has a confirmed subscription",
        problem=Problem(
            "Alert topic has no confirmed subscription",
            "alert topics have no confirmed subscription",
        ),
        severity=Severity.MEDIUM,
        theme=THEME,
        needs=(Dataset.EVENT_RULES,),
        check=_check_subscribers,
        regional=True,
        expected="at least one confirmed subscription to every topic of an alert rule",
        rationale=(
            "A subscription by e-mail has no effect until its owner confirms it. AWS deletes an unconfirmed one after "
            "two days."
        ),
        remediation=Remediation("Subscribe a person or team, and get the subscription confirmed."),
        compliance=maps(nist=("IR-6(1)", "SI-4(5)"), soc2=("CC7.3",)),
    ),
)
