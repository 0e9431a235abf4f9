# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What takes back recorded changes of the services that watch: Access Analyzer, Config, EventBridge, Security Hub."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Mapping

from .._capabilities.access_analyzer import changes as analyzers
from .._capabilities.config_rules import changes as config
from .._capabilities.event_alerts import changes as alerts
from .._capabilities.findings_export.asff import ACTIVE, ARCHIVED
from .._capabilities.findings_export.changes import IMPORT, UPDATE, product_of
from .._capabilities.security_hub import changes as hub
from .._converge.change import Undo
from .._converge.undo_records import Record, says_same

Derive = Callable[[Record], t.Optional[Undo]]


def _check_arn(record: Record, arn: str, service: str) -> str:
    """``arn``, which has to be of this service, in the account and the region of the record."""
    parts = arn.split(":", 5)
    change = record.change
    fits = len(parts) == 6 and parts[2] == service and parts[3:5] == [change.region, change.account_id]
    record.check(fits and " " not in arn, f"{arn} is nothing of {service} in the account and region of the record")
    return arn


def _split_tags(record: Record, before: Mapping[str, t.Any]) -> tuple[list[str], dict[str, str]]:
    """The tags that were not there before, by key, and those that had another value."""
    record.check(bool(before), "its before has no tags")
    missing = [key for key, value in before.items() if value is None]
    other = {key: str(value) for key, value in before.items() if value is not None}
    return missing, other


# Access Analyzer


def _analyzer(record: Record) -> str:
    _check_arn(record, record.target, "access-analyzer")
    name, rule = analyzers.parts_of(record.target)
    record.check(bool(name) and not rule, f"{record.target} is no analyzer")
    return name


def _analyzer_made(record: Record) -> Undo:
    return Undo(analyzers.DELETE, {"analyzerName": _analyzer(record)})


def _analyzer_updated(record: Record) -> t.Optional[Undo]:
    setting = analyzers.configuration(dict(record.before))
    name = _analyzer(record)
    return Undo(analyzers.UPDATE, {"analyzerName": name, "configuration": setting}) if setting else None


def _analyzer_tagged(record: Record) -> Undo:
    _analyzer(record)
    missing, other = _split_tags(record, record.before)
    if missing:
        return Undo(analyzers.UNTAG, {"resourceArn": record.target, "tagKeys": sorted(missing)})
    return Undo(analyzers.TAG, {"resourceArn": record.target, "tags": other})


def _archive_rule(record: Record) -> Undo:
    _check_arn(record, record.target, "access-analyzer")
    name, rule = analyzers.parts_of(record.target)
    record.check(bool(name and rule), f"{record.target} is no archive rule")
    named = {"analyzerName": name, "ruleName": rule}
    if record.is_new:
        return Undo(analyzers.DELETE_RULE, named)
    operation = analyzers.CREATE_RULE if record.change.after is None else analyzers.UPDATE_RULE
    return Undo(operation, {**named, "filter": record.before["filter"]})


# AWS Config


def _config_name(record: Record, kind: str) -> str:
    _check_arn(record, record.target, "config")
    part = record.target.split(":", 5)[5]
    record.check(part.startswith(f"{kind}/"), f"{record.target} is no {kind}")
    return part.removeprefix(f"{kind}/")


def _config_rule(record: Record) -> t.Optional[Undo]:
    name = _config_name(record, "config-rule")
    if record.is_new:
        return Undo(config.DELETE_RULE, {"ConfigRuleName": name})
    before = record.before
    if before.get("narrowed"):
        return None
    spelt: Mapping[str, t.Any] = record.said.get("ConfigRule") or {}
    modes = [str(mode["Mode"]) for mode in spelt.get("EvaluationModes") or ()]
    again = {"ConfigRule": config.rule_request(name, dict(before), str(spelt.get("Description") or ""), modes)}
    if record.change.after is not None:
        return Undo(config.PUT_RULE, again)
    return Undo(config.PUT_RULE, {**again, "Tags": config.tag_list(before["tags"])})


def _config_tagged(record: Record) -> Undo:
    """Tags of a rule. Its own ARN, with an id, only AWS knows; the request is sent by the name in the target."""
    _config_name(record, "config-rule")
    arn = _check_arn(record, record.optional("ResourceArn")["ResourceArn"], "config")
    record.check(":config-rule/" in arn, f"{arn} is no rule")
    missing, other = _split_tags(record, record.before)
    if missing:
        return Undo(config.UNTAG, {"ResourceArn": arn, "TagKeys": sorted(missing)})
    return Undo(config.TAG, {"ResourceArn": arn, "Tags": config.tag_list(other)})


def _recorder_made(record: Record) -> Undo:
    record.check(_config_name(record, "configuration-recorder") == config.RECORDER, "it is not our recorder")
    return Undo(config.DELETE_RECORDER, {"ConfigurationRecorderName": config.RECORDER})


def _recorder_started(record: Record) -> Undo:
    record.check(_config_name(record, "configuration-recorder") == config.RECORDER, "it is not our recorder")
    return Undo(config.STOP, {"ConfigurationRecorderName": config.RECORDER})


def _channel_made(record: Record) -> Undo:
    record.check(_config_name(record, "delivery-channel") == config.RECORDER, "it is not our delivery channel")
    return Undo(config.DELETE_CHANNEL, {"DeliveryChannelName": config.RECORDER})


def _organization_rule(record: Record) -> Undo:
    name = _config_name(record, "organization-config-rule")
    if record.is_new:
        return Undo(config.DELETE_ORGANIZATION_RULE, {"OrganizationConfigRuleName": name})
    metadata: Mapping[str, t.Any] = record.said.get("OrganizationManagedRuleMetadata") or {}
    description = str(metadata.get("Description") or "")
    return Undo(config.PUT_ORGANIZATION_RULE, config.organization_request(name, dict(record.before), description))


# EventBridge, SNS and SQS: what alerts lead to


def _rule_name(record: Record, arn: str) -> str:
    _check_arn(record, arn, "events")
    kind, _slash, name = arn.split(":", 5)[5].partition("/")
    record.check(kind == "rule" and bool(name), f"{arn} is no rule")
    return name.rpartition("/")[2]


def _alert_rule(record: Record) -> Undo:
    name = _rule_name(record, record.target)
    if record.is_new:
        return Undo(alerts.DELETE_RULE, {"Name": name})
    before = record.before
    record.check(before["rule"] == name, "its before is another rule")
    request = {
        "Name": name,
        "EventPattern": _pattern(record, before["pattern"]),
        "State": str(before["state"]),
        "Description": str(before["description"]),
        **_event_role(record),
    }
    tags = {"Tags": record.tags()} if record.change.operation == alerts.DELETE_RULE else {}
    return Undo(alerts.PUT_RULE, {**request, **tags})


def _pattern(record: Record, shown: t.Any) -> str:
    """The pattern as the record spells it, if it says what before shows, where the order of a list counts nothing."""
    spelt = record.said.get("EventPattern")
    if isinstance(spelt, str) and says_same(spelt, json.loads(spelt)) and alerts.normal(json.loads(spelt)) == shown:
        return spelt
    return json.dumps(shown, separators=(",", ":"))


def _event_role(record: Record) -> dict[str, str]:
    """The role of a rule, which before does not show: one of the account, and whoever sends this has to pass it."""
    found = record.optional("RoleArn")
    if found:
        parts = found["RoleArn"].split(":", 5)
        fits = len(parts) == 6 and parts[2] == "iam" and parts[4] == record.change.account_id
        record.check(fits and parts[5].startswith("role/"), f"{found['RoleArn']} is no role of the account")
    return found


def _alert_target(record: Record) -> Undo:
    arn, _word, target_id = record.target.partition(" target ")
    rule = _rule_name(record, arn)
    if record.is_new:
        return Undo(alerts.REMOVE_TARGETS, {"Rule": rule, "Ids": [target_id]})
    settings = dict(record.before)
    record.check(settings.pop("target") == target_id, "its before is another target")
    return Undo(
        alerts.PUT_TARGETS, {"Rule": rule, "Targets": [{"Id": target_id, "Arn": settings.pop("arn"), **settings}]}
    )


def _alert_tagged(record: Record) -> Undo:
    arn = record.target.removesuffix(" tags")
    _rule_name(record, arn)
    missing, other = _split_tags(record, record.before["tags"])
    if other:
        return Undo(alerts.TAG, {"ResourceARN": arn, "Tags": alerts.tag_list(other)})
    return Undo(alerts.UNTAG, {"ResourceARN": arn, "TagKeys": sorted(missing)})


def _bus(record: Record) -> str:
    arn = record.target.removesuffix(f" statement {alerts.STATEMENT}")
    record.check(arn != record.target, f"{record.target} is not our statement of a bus")
    return _check_arn(record, arn, "events")


def _admitted(record: Record) -> Undo:
    record.check(_bus(record).endswith(":event-bus/default"), "it is not the default bus")
    return Undo(alerts.REMOVE_PERMISSION, {"EventBusName": "default", "StatementId": alerts.STATEMENT})


def _admission_withdrawn(record: Record) -> Undo:
    bus, live = _bus(record), record.before
    record.check(live["Sid"] == alerts.STATEMENT, "its before is not our statement")
    (condition,) = live["Condition"].values()
    organization = str(condition["aws:PrincipalOrgID"])
    writer = alerts.Writer(record.change.account_id, {})
    return Undo(alerts.PUT_PERMISSION, writer.admit_organization(bus, organization, None).parameters)


def _topic_made(record: Record) -> Undo:
    return Undo(alerts.DELETE_TOPIC, {"TopicArn": _check_arn(record, record.target, "sns")})


def _topic_set(record: Record) -> Undo:
    arn, _space, attribute = record.target.partition(" ")
    record.check(attribute in ("Policy", "KmsMasterKeyId"), f"{attribute} is not an attribute that is set")
    value = record.before[attribute]
    text = value if isinstance(value, str) else record.text(value, "AttributeValue") if value else ""
    named = {"TopicArn": _check_arn(record, arn, "sns"), "AttributeName": attribute}
    return Undo(alerts.SET_TOPIC, {**named, "AttributeValue": text})


def _subscribed(record: Record) -> Undo:
    arn, _word, endpoint = record.target.partition(" subscription ")
    _check_arn(record, endpoint, "sqs")
    return Undo(alerts.UNSUBSCRIBE, {"TopicArn": _check_arn(record, arn, "sns"), "Endpoint": endpoint})


def _queue_made(record: Record) -> Undo:
    return Undo(alerts.DELETE_QUEUE, {"QueueName": _check_arn(record, record.target, "sqs").rpartition(":")[2]})


def _queue_set(record: Record) -> Undo:
    arn = _check_arn(record, record.target.removesuffix(" Policy"), "sqs")
    value = record.before["Policy"]
    text = value if isinstance(value, str) else record.text(value, "Attributes", "Policy") if value else ""
    return Undo(alerts.SET_QUEUE, {"QueueName": arn.rpartition(":")[2], "Attributes": {"Policy": text}})


# Security Hub


def _hub_part(record: Record, start: str) -> str:
    _check_arn(record, record.target, "securityhub")
    arn, found, rest = record.target.partition(start)
    record.check(bool(found) and arn.count(":") == 4, f"{record.target} is nothing at {start}")
    return rest


def _hub_enabled(record: Record) -> Undo:
    record.check(not _hub_part(record, hub.HUB), "it is not the hub")
    return Undo("DisableSecurityHub", {})


def _generator(record: Record) -> Undo:
    record.check(not _hub_part(record, hub.HUB), "it is not the hub")
    generator = str(record.before["control_finding_generator"])
    return Undo("UpdateSecurityHubConfiguration", {"ControlFindingGenerator": generator})


def _standard_enabled(record: Record) -> Undo:
    _hub_part(record, hub.SUBSCRIPTION)
    return Undo("BatchDisableStandards", {"StandardsSubscriptionArns": [record.target]})


def _standard_disabled(record: Record) -> Undo:
    path = _hub_part(record, hub.SUBSCRIPTION)
    (wanted,) = record.said["StandardsSubscriptionRequests"]
    standard = str(wanted["StandardsArn"])
    record.check(hub.path_of(standard) == path, f"{standard} is another standard than its target")
    return Undo("BatchEnableStandards", {"StandardsSubscriptionRequests": [{"StandardsArn": standard}]})


def _control_parameters(record: Record) -> Undo:
    """Parameters of a control; the type of a value is the only key that AWS wants beside what before shows."""
    control = _hub_part(record, hub.CONTROL)
    spelt: Mapping[str, t.Any] = record.said["Parameters"]
    given: dict[str, t.Any] = {}
    for name, value in record.before.items():
        if value is None:
            given[name] = {"ValueType": "DEFAULT"}
            continue
        (kind,) = spelt[name]["Value"]
        given[name] = {"ValueType": "CUSTOM", "Value": {str(kind): value}}
    return Undo(
        "UpdateSecurityControl", {"SecurityControlId": control, "Parameters": given, "LastUpdateReason": "rollback"}
    )


def _control_associations(record: Record) -> Undo:
    standard = str(record.before["standard"])
    record.check(_hub_part(record, hub.ASSOCIATIONS) == hub.path_of(standard), "its before is another standard")
    updates = [
        {
            "StandardsArn": standard,
            "SecurityControlId": control,
            "AssociationStatus": status,
            **({"UpdatedReason": "rollback"} if status == "DISABLED" else {}),
        }
        for control, status in record.before["controls"].items()
    ]
    return Undo("BatchUpdateStandardsControlAssociations", {"StandardsControlAssociationUpdates": updates})


def _aggregator(record: Record) -> t.Optional[Undo]:
    record.check(not _hub_part(record, hub.AGGREGATOR), "it is not the aggregator")
    if record.is_new:
        return None
    before = record.before
    arn = _check_arn(record, record.optional("FindingAggregatorArn")["FindingAggregatorArn"], "securityhub")
    regions = {"Regions": list(before["regions"])} if before["regions"] else {}
    return Undo(
        "UpdateFindingAggregator",
        {"RegionLinkingMode": str(before["mode"]), **regions, "FindingAggregatorArn": arn},
    )


# Findings in Security Hub, which give nobody access: their texts come from the record, what they are does not


def _imported(record: Record) -> Undo:
    findings = record.said["Findings"]
    before, after = record.before, record.after
    record.check({str(finding["Id"]) for finding in findings} == set(before) == set(after), "it is of other findings")
    for finding in findings:
        ours = (
            finding["ProductArn"] == product_of(record.change) and finding["AwsAccountId"] == record.change.account_id
        )
        record.check(ours, f"the finding {finding['Id']} is of another product or account")
        state = ARCHIVED if before[finding["Id"]] is None else ACTIVE
        record.check(finding["RecordState"] == state, f"the finding {finding['Id']} would not be {state}")
    return Undo(IMPORT, {"Findings": findings})


def _investigated(record: Record) -> Undo:
    product = product_of(record.change)
    _check_arn(record, product, "securityhub")
    (status,) = set(record.before.values())
    note = record.said["Note"]
    record.check(set(note) == {"Text", "UpdatedBy"} and all(isinstance(text, str) for text in note.values()), "no note")
    ids = [{"Id": item, "ProductArn": product} for item in record.before]
    return Undo(UPDATE, {"FindingIdentifiers": ids, "Workflow": {"Status": str(status)}, "Note": dict(note)})


def _of(service: str, derivations: Mapping[str, Derive]) -> dict[tuple[str, str], Derive]:
    return {(service, operation): derive for operation, derive in derivations.items()}


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    **_of(
        analyzers.SERVICE,
        {
            analyzers.CREATE: _analyzer_made,
            analyzers.UPDATE: _analyzer_updated,
            analyzers.TAG: _analyzer_tagged,
            analyzers.CREATE_RULE: _archive_rule,
            analyzers.UPDATE_RULE: _archive_rule,
            analyzers.DELETE_RULE: _archive_rule,
        },
    ),
    **_of(
        config.SERVICE,
        {
            config.PUT_RULE: _config_rule,
            config.DELETE_RULE: _config_rule,
            config.TAG: _config_tagged,
            config.PUT_RECORDER: _recorder_made,
            config.START: _recorder_started,
            config.PUT_CHANNEL: _channel_made,
            config.PUT_ORGANIZATION_RULE: _organization_rule,
            config.DELETE_ORGANIZATION_RULE: _organization_rule,
        },
    ),
    **_of(
        alerts.EVENTS,
        {
            alerts.PUT_RULE: _alert_rule,
            alerts.DELETE_RULE: _alert_rule,
            alerts.PUT_TARGETS: _alert_target,
            alerts.REMOVE_TARGETS: _alert_target,
            alerts.TAG: _alert_tagged,
            alerts.PUT_PERMISSION: _admitted,
            alerts.REMOVE_PERMISSION: _admission_withdrawn,
        },
    ),
    **_of("sns", {alerts.CREATE_TOPIC: _topic_made, alerts.SET_TOPIC: _topic_set, alerts.SUBSCRIBE: _subscribed}),
    **_of("sqs", {alerts.CREATE_QUEUE: _queue_made, alerts.SET_QUEUE: _queue_set}),
    **_of(
        "securityhub",
        {
            hub.ENABLE: _hub_enabled,
            "UpdateSecurityHubConfiguration": _generator,
            "BatchEnableStandards": _standard_enabled,
            "BatchDisableStandards": _standard_disabled,
            "UpdateSecurityControl": _control_parameters,
            "BatchUpdateStandardsControlAssociations": _control_associations,
            "CreateFindingAggregator": _aggregator,
            "UpdateFindingAggregator": _aggregator,
            IMPORT: _imported,
            UPDATE: _investigated,
        },
    ),
}
