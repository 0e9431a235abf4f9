# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of rules, topics, queues, and the role that hands events on."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record, check_arn, says_same, split_tags
from ..._converge.undo_roles import undo_role_creation
from . import changes

_TRUST: t.Final = " trust"
_PLACE_OF_POLICY: t.Final = f" policy {changes.ROLE_POLICY}"


def _read_rule_name(record: Record, arn: str) -> str:
    check_arn(record, arn, "events")
    kind, _slash, name = arn.split(":", 5)[5].partition("/")
    record.check(kind == "rule" and bool(name), f"{arn} is no rule")
    return name.rpartition("/")[2]


def _undo_rule(record: Record) -> Undo:
    name = _read_rule_name(record, record.target)
    if record.is_new:
        return Undo(changes.DELETE_RULE, {"Name": name})
    before = record.before
    record.check(before["rule"] == name, "its before is another rule")
    request = {
        "Name": name,
        "EventPattern": _write_pattern(record, before["pattern"]),
        "State": str(before["state"]),
        "Description": str(before["description"]),
        **_read_event_role(record),
    }
    tags = {"Tags": record.tags()} if record.change.operation == changes.DELETE_RULE else {}
    return Undo(changes.PUT_RULE, {**request, **tags})


def _write_pattern(record: Record, shown: t.Any) -> str:
    """Write the pattern as the record spells it, if it means the same as before; the order of a list means nothing."""
    spelt = record.undo_parameters.get("EventPattern")
    if isinstance(spelt, str) and says_same(spelt, json.loads(spelt)) and changes.normalize(json.loads(spelt)) == shown:
        return spelt
    return json.dumps(shown, separators=(",", ":"))


def _read_event_role(record: Record) -> dict[str, str]:
    """Read the role of a rule, which before does not show. It is of the account, and the caller has to pass it."""
    found = record.optional("RoleArn")
    if found:
        parts = found["RoleArn"].split(":", 5)
        fits = len(parts) == 6 and parts[2] == "iam" and parts[4] == record.change.account_id
        record.check(fits and parts[5].startswith("role/"), f"{found['RoleArn']} is no role of the account")
    return found


def _undo_target(record: Record) -> Undo:
    arn, _word, target_id = record.target.partition(" target ")
    rule = _read_rule_name(record, arn)
    if record.is_new:
        return Undo(changes.REMOVE_TARGETS, {"Rule": rule, "Ids": [target_id]})
    settings = dict(record.before)
    record.check(settings.pop("target") == target_id, "its before is another target")
    return Undo(
        changes.PUT_TARGETS, {"Rule": rule, "Targets": [{"Id": target_id, "Arn": settings.pop("arn"), **settings}]}
    )


def _undo_tags(record: Record) -> Undo:
    arn = record.target.removesuffix(" tags")
    _read_rule_name(record, arn)
    missing, other = split_tags(record, record.before["tags"])
    if other:
        return Undo(changes.TAG, {"ResourceARN": arn, "Tags": changes.build_tag_list(other)})
    return Undo(changes.UNTAG, {"ResourceARN": arn, "TagKeys": sorted(missing)})


def _read_bus(record: Record) -> str:
    arn = record.target.removesuffix(f" statement {changes.STATEMENT}")
    record.check(arn != record.target, f"{record.target} is not our statement of a bus")
    return check_arn(record, arn, "events")


def _undo_admission(record: Record) -> Undo:
    record.check(_read_bus(record).endswith(":event-bus/default"), "it is not the default bus")
    return Undo(changes.REMOVE_PERMISSION, {"EventBusName": "default", "StatementId": changes.STATEMENT})


def _undo_withdrawal(record: Record) -> Undo:
    bus, live = _read_bus(record), record.before
    record.check(live["Sid"] == changes.STATEMENT, "its before is not our statement")
    (condition,) = live["Condition"].values()
    organization = str(condition["aws:PrincipalOrgID"])
    writer = changes.AlertWriter(record.change.account_id, {})
    return Undo(changes.PUT_PERMISSION, writer.admit_organization(bus, organization, None).parameters)


def _undo_topic_creation(record: Record) -> Undo:
    return Undo(changes.DELETE_TOPIC, {"TopicArn": check_arn(record, record.target, "sns")})


def _undo_topic_attribute(record: Record) -> Undo:
    arn, _space, attribute = record.target.partition(" ")
    record.check(attribute in ("Policy", "KmsMasterKeyId"), f"{attribute} is not an attribute that is set")
    value = record.before[attribute]
    text = value if isinstance(value, str) else record.text(value, "AttributeValue") if value else ""
    named = {"TopicArn": check_arn(record, arn, "sns"), "AttributeName": attribute}
    return Undo(changes.SET_TOPIC, {**named, "AttributeValue": text})


def _undo_subscription(record: Record) -> Undo:
    arn, _word, endpoint = record.target.partition(" subscription ")
    check_arn(record, endpoint, "sqs")
    return Undo(changes.UNSUBSCRIBE, {"TopicArn": check_arn(record, arn, "sns"), "Endpoint": endpoint})


def _undo_queue_creation(record: Record) -> Undo:
    return Undo(changes.DELETE_QUEUE, {"QueueName": check_arn(record, record.target, "sqs").rpartition(":")[2]})


def _undo_queue_policy(record: Record) -> Undo:
    arn = check_arn(record, record.target.removesuffix(" Policy"), "sqs")
    value = record.before["Policy"]
    text = value if isinstance(value, str) else record.text(value, "Attributes", "Policy") if value else ""
    return Undo(changes.SET_QUEUE, {"QueueName": arn.rpartition(":")[2], "Attributes": {"Policy": text}})


# The role that hands on events: its target names the part that was changed


def _read_role_name(record: Record, part: str) -> str:
    record.check(record.target.endswith(part), f"{record.target} is not{part} of a role")
    arn = record.target.removesuffix(part)
    is_ours = f":iam::{record.change.account_id}:role/" in arn and " " not in arn
    record.check(is_ours, f"{arn} is no role of the account")
    return arn.rpartition("/")[2]


def _undo_role_deletion(record: Record) -> Undo:
    path, name = record.path_and_name("role")
    request = {
        "Path": path,
        "RoleName": name,
        "Description": changes.ROLE_DESCRIPTION,
        "AssumeRolePolicyDocument": record.text(record.before["trust"], "AssumeRolePolicyDocument"),
        "Tags": record.tags(),
    }
    boundary = record.before.get("boundary")
    return Undo(changes.CREATE_ROLE, {**request, **({"PermissionsBoundary": boundary} if boundary else {})})


def _undo_trust(record: Record) -> Undo:
    name = _read_role_name(record, _TRUST)
    return Undo(
        changes.SET_TRUST, {"RoleName": name, "PolicyDocument": record.text(record.before["trust"], "PolicyDocument")}
    )


def _undo_role_policy(record: Record) -> Undo:
    named = {"RoleName": _read_role_name(record, _PLACE_OF_POLICY), "PolicyName": changes.ROLE_POLICY}
    if record.is_new:
        return Undo(changes.DELETE_ROLE_POLICY, named)
    document = record.text(record.before["policy"], "PolicyDocument")
    return Undo(changes.PUT_ROLE_POLICY, {**named, "PolicyDocument": document})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (changes.EVENTS, changes.PUT_RULE): _undo_rule,
    (changes.EVENTS, changes.DELETE_RULE): _undo_rule,
    (changes.EVENTS, changes.PUT_TARGETS): _undo_target,
    (changes.EVENTS, changes.REMOVE_TARGETS): _undo_target,
    (changes.EVENTS, changes.TAG): _undo_tags,
    (changes.EVENTS, changes.PUT_PERMISSION): _undo_admission,
    (changes.EVENTS, changes.REMOVE_PERMISSION): _undo_withdrawal,
    ("sns", changes.CREATE_TOPIC): _undo_topic_creation,
    ("sns", changes.SET_TOPIC): _undo_topic_attribute,
    ("sns", changes.SUBSCRIBE): _undo_subscription,
    ("sqs", changes.CREATE_QUEUE): _undo_queue_creation,
    ("sqs", changes.SET_QUEUE): _undo_queue_policy,
    ("iam", changes.CREATE_ROLE): undo_role_creation,
    ("iam", changes.DELETE_ROLE): _undo_role_deletion,
    ("iam", changes.SET_TRUST): _undo_trust,
    ("iam", changes.PUT_ROLE_POLICY): _undo_role_policy,
    ("iam", changes.DELETE_ROLE_POLICY): _undo_role_policy,
}
