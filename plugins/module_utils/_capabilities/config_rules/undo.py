# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of the rules and recorders of AWS Config."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record, check_arn, split_tags
from . import changes


def _read_name(record: Record, kind: str) -> str:
    check_arn(record, record.target, "config")
    part = record.target.split(":", 5)[5]
    record.check(part.startswith(f"{kind}/"), f"{record.target} is no {kind}")
    return part.removeprefix(f"{kind}/")


def _undo_rule(record: Record) -> t.Optional[Undo]:
    name = _read_name(record, "config-rule")
    if record.is_new:
        return Undo(changes.DELETE_RULE, {"ConfigRuleName": name})
    before = record.before
    if before.get("narrowed"):
        return None
    spelt: Mapping[str, t.Any] = record.undo_parameters.get("ConfigRule") or {}
    modes = [str(mode["Mode"]) for mode in spelt.get("EvaluationModes") or ()]
    again = {"ConfigRule": changes.build_rule_request(name, dict(before), str(spelt.get("Description") or ""), modes)}
    if record.change.after is not None:
        return Undo(changes.PUT_RULE, again)
    return Undo(changes.PUT_RULE, {**again, "Tags": changes.build_tag_list(before["tags"])})


def _undo_tags(record: Record) -> Undo:
    """Restore the tags of a rule. Only AWS knows the id in its ARN; the request goes by the name in the target."""
    _read_name(record, "config-rule")
    arn = check_arn(record, record.optional("ResourceArn")["ResourceArn"], "config")
    record.check(":config-rule/" in arn, f"{arn} is no rule")
    missing, other = split_tags(record, record.before)
    if missing:
        return Undo(changes.UNTAG, {"ResourceArn": arn, "TagKeys": sorted(missing)})
    return Undo(changes.TAG, {"ResourceArn": arn, "Tags": changes.build_tag_list(other)})


def _undo_recorder(record: Record) -> Undo:
    record.check(_read_name(record, "configuration-recorder") == changes.RECORDER, "it is not our recorder")
    return Undo(changes.DELETE_RECORDER, {"ConfigurationRecorderName": changes.RECORDER})


def _undo_start(record: Record) -> Undo:
    record.check(_read_name(record, "configuration-recorder") == changes.RECORDER, "it is not our recorder")
    return Undo(changes.STOP, {"ConfigurationRecorderName": changes.RECORDER})


def _undo_channel(record: Record) -> Undo:
    record.check(_read_name(record, "delivery-channel") == changes.RECORDER, "it is not our delivery channel")
    return Undo(changes.DELETE_CHANNEL, {"DeliveryChannelName": changes.RECORDER})


def _undo_organization_rule(record: Record) -> Undo:
    name = _read_name(record, "organization-config-rule")
    if record.is_new:
        return Undo(changes.DELETE_ORGANIZATION_RULE, {"OrganizationConfigRuleName": name})
    metadata: Mapping[str, t.Any] = record.undo_parameters.get("OrganizationManagedRuleMetadata") or {}
    description = str(metadata.get("Description") or "")
    return Undo(
        changes.PUT_ORGANIZATION_RULE, changes.build_organization_request(name, dict(record.before), description)
    )


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (changes.SERVICE, changes.PUT_RULE): _undo_rule,
    (changes.SERVICE, changes.DELETE_RULE): _undo_rule,
    (changes.SERVICE, changes.TAG): _undo_tags,
    (changes.SERVICE, changes.PUT_RECORDER): _undo_recorder,
    (changes.SERVICE, changes.START): _undo_start,
    (changes.SERVICE, changes.PUT_CHANNEL): _undo_channel,
    (changes.SERVICE, changes.PUT_ORGANIZATION_RULE): _undo_organization_rule,
    (changes.SERVICE, changes.DELETE_ORGANIZATION_RULE): _undo_organization_rule,
}
