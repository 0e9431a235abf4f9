# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EventBridge: rules and targets with AWS's limits and errors, and the pattern that an event is tried on.

What becomes of an event is in :mod:`emulator.extensions.event_delivery`.
"""

from __future__ import annotations

import json
import re
import typing as t

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventBus, EventBusPolicyStatement, EventPattern, EventPatternParser, EventsBackend, Rule
from moto.events.responses import EventsHandler

from emulator.extensions import event_delivery
from emulator.extensions.event_patterns import check, matches
from emulator.extensions.registration import operations_of

_MOST_TARGETS: t.Final = 5
_STATES: t.Final = frozenset({"ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"})
_PLACEHOLDER: t.Final = re.compile(r"<([A-Za-z0-9_.-]+)>")
_LONGEST_PATTERN: t.Final = 2048

_put_rule = EventsBackend.put_rule
_put_events = EventsBackend.put_events
_delete_rule = EventsBackend.delete_rule


def put_rule(self: EventsBackend, name: str, **options: t.Any) -> Rule:
    """PutRule: it replaces all but the targets, and takes tags with a new rule only."""
    if options.get("state") not in (None, *_STATES):
        raise ValidationException(f"1 validation error detected: Value '{options['state']}' at 'state'")
    present = self._get_event_bus(self._normalize_event_bus_arn(options.get("event_bus_arn"))).rules.get(name)
    if present is not None:
        _check_unmanaged(present)
        options["tags"] = None
    return t.cast(Rule, _put_rule(self, name, **options))


def delete_rule(self: EventsBackend, name: str, event_bus_arn: str | None) -> None:
    """DeleteRule, not of what an AWS service manages."""
    present = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
    if present is not None:
        _check_unmanaged(present)
    _delete_rule(self, name, event_bus_arn)


def _check_unmanaged(rule: Rule) -> None:
    if rule.managed_by:
        message = f"Rule {rule.name} is managed by an AWS service can only be modified if force is set to true."
        raise JsonRESTError("ManagedRuleException", message)


def put_targets(response: EventsHandler) -> tuple[str, dict[str, t.Any]]:
    """PutTargets: a target that is refused is in the answer, which is a success all the same."""
    backend = response.events_backend
    name, bus = response._get_param("Rule"), response._get_param("EventBusName")
    targets = response._get_param("Targets")
    rule = backend.describe_rule(name, bus)
    _check_unmanaged(rule)
    if len({target["Id"] for target in (*rule.targets, *targets)}) > _MOST_TARGETS:
        raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    for target in targets:
        _check_transformer(target)
        _check_role(target)
    failed = [entry for target in targets if (entry := _objection(rule, target))]
    refused = {entry["TargetId"] for entry in failed}
    backend.put_targets(name, bus, [target for target in targets if target["Id"] not in refused])
    return json.dumps({"FailedEntryCount": len(failed), "FailedEntries": failed}), response.response_headers


def _check_transformer(target: t.Mapping[str, t.Any]) -> None:
    transformer = target.get("InputTransformer")
    if transformer is None:
        return
    known = transformer.get("InputPathsMap", {})
    for name in _PLACEHOLDER.findall(transformer["InputTemplate"]):
        if name not in known and not name.startswith("aws.events."):
            raise ValidationException(f"InputTemplate for target {target['Id']} contains invalid placeholder {name}.")
    for line in transformer["InputTemplate"].splitlines():
        if line.startswith('"') and not re.fullmatch(r'"(?:[^"\\]|\\.)*"', line):
            raise ValidationException(f"Invalid InputTemplate for target {target['Id']}: unbalanced quotes")


def _check_role(target: t.Mapping[str, t.Any]) -> None:
    arn = target.get("RoleArn")
    if arn and not event_delivery.assumable(arn):
        raise ValidationException(f"Provided role '{arn}' cannot be assumed by principal 'events.amazonaws.com'.")


def _objection(rule: Rule, target: t.Mapping[str, t.Any]) -> dict[str, str] | None:
    _arn, _partition, service, region, account = target["Arn"].split(":")[:5]
    if service in ("sns", "sqs") and region != rule.region_name:
        reason = "Target is in another region than the rule."
    elif service == "events" and (region, account) != (rule.region_name, rule.account_id) and "RoleArn" not in target:
        reason = "RoleArn is required for target event buses in another region or account."
    else:
        return None
    return {"TargetId": target["Id"], "ErrorCode": "ValidationException", "ErrorMessage": reason}


def put_events(self: EventsBackend, events: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """PutEvents: what AWS sends itself can't be sent by others."""
    reserved = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    return [
        reserved if str(event.get("Source", "")).startswith("aws.") else _put_events(self, [event])[0]
        for event in events
    ]


def test_event_pattern(response: EventsHandler) -> tuple[str, dict[str, t.Any]]:
    """TestEventPattern."""
    pattern = EventPatternParser(response._get_param("EventPattern")).parse()
    event = json.loads(response._get_param("Event"))
    return json.dumps({"Result": matches(pattern, event)}), response.response_headers


def add_permission(
    self: EventBus, statement_id: str, action: str, principal: t.Any, condition: dict[str, t.Any] | None
) -> None:
    """PutPermission: one statement, in place of an older one of the same id. moto drops all of the same principal."""
    principal = "*" if condition else principal
    self._statements[statement_id] = EventBusPolicyStatement(
        sid=statement_id, action=action, principal=principal, condition=condition, resource=self.arn
    )


def _validate(self: EventPatternParser, pattern: dict[str, t.Any]) -> None:
    if self.pattern and len(self.pattern) > _LONGEST_PATTERN:
        raise InvalidEventPatternException(reason="Event pattern exceeds the maximum length")
    if pattern:
        check(pattern)


def install() -> None:
    """Put these in place of moto's."""
    EventsBackend.put_rule = put_rule
    EventsBackend.delete_rule = delete_rule
    EventsBackend.put_events = put_events
    EventBus.add_permission = add_permission
    EventPatternParser._validate_event_pattern = _validate
    EventPattern.matches_event = lambda self, event: matches(self._pattern, event)
    operations_of(EventsHandler, put_targets, test_event_pattern)
    event_delivery.install()
