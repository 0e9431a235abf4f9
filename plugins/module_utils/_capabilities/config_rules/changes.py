# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The single changes that ``config_rules`` makes, each with what takes it back."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.config_rules import ConfigRule, DeliveryChannel, normalize_parameters
from ..._account.regional import ConfigRecorder
from ..._converge.change import Change, Impact, Undo
from .declared import RecorderWish, build_input_parameters

SERVICE: t.Final = "config"
PUT_RULE: t.Final = "PutConfigRule"
DELETE_RULE: t.Final = "DeleteConfigRule"
TAG: t.Final = "TagResource"
UNTAG: t.Final = "UntagResource"
PUT_RECORDER: t.Final = "PutConfigurationRecorder"
DELETE_RECORDER: t.Final = "DeleteConfigurationRecorder"
PUT_CHANNEL: t.Final = "PutDeliveryChannel"
DELETE_CHANNEL: t.Final = "DeleteDeliveryChannel"
START: t.Final = "StartConfigurationRecorder"
STOP: t.Final = "StopConfigurationRecorder"
PUT_ORGANIZATION_RULE: t.Final = "PutOrganizationConfigRule"
DELETE_ORGANIZATION_RULE: t.Final = "DeleteOrganizationConfigRule"
WRITES: t.Final = (
    *(PUT_RULE, DELETE_RULE, TAG, UNTAG, PUT_RECORDER, DELETE_RECORDER, PUT_CHANNEL, DELETE_CHANNEL, START, STOP),
    *(PUT_ORGANIZATION_RULE, DELETE_ORGANIZATION_RULE),
)
# The name of our recorder, and of its delivery channel.
RECORDER: t.Final = "iam-hardening"

Shape = dict[str, t.Any]


def describe_rule(rule: ConfigRule) -> Shape:
    """Describe the settings of a rule, in the shape of ``before`` and ``after``."""
    narrowed = {"narrowed": True} if rule.narrowed else {}
    return build_shape(rule.identifier, rule.parameters, rule.frequency, rule.resource_types, **narrowed)


def build_shape(
    identifier: str,
    parameters: Mapping[str, str],
    frequency: t.Optional[str],
    resource_types: Sequence[str],
    **more: t.Any,
) -> Shape:
    return {
        "identifier": identifier,
        "parameters": normalize_parameters(identifier, parameters),
        "frequency": frequency,
        "resource_types": sorted(resource_types),
        **more,
    }


def select_tags(tags: Mapping[str, str], keys: Sequence[str]) -> dict[str, t.Optional[str]]:
    """Select the tags that we set. Tags that others add are no change of ours."""
    return {key: tags.get(key) for key in sorted(keys)}


def describe_recorder(recorder: ConfigRecorder) -> Shape:
    return {
        "role_arn": recorder.role_arn,
        "all_supported": recorder.all_supported,
        "includes_iam": recorder.includes_global_types,
    }


def describe_channel(channel: DeliveryChannel) -> Shape:
    return {
        "bucket": channel.bucket,
        "prefix": channel.prefix,
        "kms_key_arn": channel.kms_key_arn,
        "sns_topic_arn": channel.sns_topic_arn,
    }


def build_tag_list(tags: Mapping[str, t.Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items()) if value is not None]


def build_rule_request(name: str, given: Shape, description: str, evaluation_modes: Sequence[str] = ()) -> Shape:
    """Build the request for a whole rule: AWS removes each field that a request leaves out."""
    optional = {
        "Description": description,
        "InputParameters": build_input_parameters(given["parameters"]) if given["parameters"] else "",
        "MaximumExecutionFrequency": given["frequency"],
        "Scope": {"ComplianceResourceTypes": given["resource_types"]} if given["resource_types"] else None,
        "EvaluationModes": [{"Mode": mode} for mode in evaluation_modes],
    }
    return {
        "ConfigRuleName": name,
        "Source": {"Owner": "AWS", "SourceIdentifier": given["identifier"]},
        **{key: value for key, value in optional.items() if value},
    }


def build_organization_request(name: str, given: Shape, description: str) -> Shape:
    """Build the request for a rule of the organization."""
    optional = {
        "Description": description,
        "InputParameters": build_input_parameters(given["parameters"]) if given["parameters"] else "",
        "MaximumExecutionFrequency": given["frequency"],
        "ResourceTypesScope": given["resource_types"],
    }
    metadata = {"RuleIdentifier": given["identifier"], **{key: value for key, value in optional.items() if value}}
    return {
        "OrganizationConfigRuleName": name,
        "OrganizationManagedRuleMetadata": metadata,
        "ExcludedAccounts": given["excluded_accounts"],
    }


@dataclasses.dataclass(frozen=True)
class ConfigWriter:
    """Makes the changes of AWS Config in one region of the account."""

    partition: str
    account_id: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an object in changes. A rule's has its name, in place of the id that only AWS knows."""
        return f"arn:{self.partition}:config:{self.region}:{self.account_id}:{kind}/{name}"

    def create(
        self, name: str, wanted: Shape, *, description: str, tags: Mapping[str, str], remedies: tuple[str, ...]
    ) -> Change:
        return self._make_change(
            PUT_RULE,
            self.arn("config-rule", name),
            {"ConfigRule": build_rule_request(name, wanted, description), "Tags": build_tag_list(tags)},
            before=None,
            after={**wanted, "tags": select_tags(tags, list(tags))},
            kind="config_rule_create",
            undo=Undo(DELETE_RULE, {"ConfigRuleName": name}),
            remedies=remedies,
        )

    def update(self, rule: ConfigRule, wanted: Shape) -> Change:
        """Give a rule other parameters. A scope of one tag or resource is not read whole, so it can't be restored."""
        before = describe_rule(rule)

        def request(given: Shape) -> Shape:
            return {"ConfigRule": build_rule_request(rule.name, given, rule.description, rule.evaluation_modes)}

        return self._make_change(
            PUT_RULE,
            self.arn("config-rule", rule.name),
            request(wanted),
            before=before,
            after=wanted,
            kind="config_rule_update",
            undo=None if rule.narrowed else Undo(PUT_RULE, request(before)),
        )

    def delete(self, rule: ConfigRule, population: int) -> Change:
        """Remove a rule, and with it what it found. Made again, it judges anew."""
        before = describe_rule(rule)
        again = {
            "ConfigRule": build_rule_request(rule.name, before, rule.description, rule.evaluation_modes),
            "Tags": build_tag_list(rule.tags),
        }
        change = self._make_change(
            DELETE_RULE,
            self.arn("config-rule", rule.name),
            {"ConfigRuleName": rule.name},
            before={**before, "tags": select_tags(rule.tags, list(rule.tags))},
            after=None,
            kind="config_rule_delete",
            undo=None if rule.narrowed else Undo(PUT_RULE, again),
        )
        return dataclasses.replace(change, impact=Impact.DESTRUCTIVE, population=population)

    def tag(self, rule: ConfigRule, tags: Mapping[str, str]) -> list[Change]:
        """The tags that are missing, then those with another value: what undoes one does not undo the other."""
        missing = {key: value for key, value in sorted(tags.items()) if key not in rule.tags}
        other = {key: value for key, value in sorted(tags.items()) if rule.tags.get(key, value) != value}
        untag = Undo(UNTAG, {"ResourceArn": rule.arn, "TagKeys": sorted(missing)})
        restore = Undo(TAG, {"ResourceArn": rule.arn, "Tags": build_tag_list({key: rule.tags[key] for key in other})})
        return [
            self._make_change(
                TAG,
                self.arn("config-rule", rule.name),
                {"ResourceArn": rule.arn, "Tags": build_tag_list(values)},
                before=select_tags(rule.tags, list(values)),
                after=dict(values),
                kind="config_rule_tag",
                undo=undo,
            )
            for values, undo in ((missing, untag), (other, restore))
            if values
        ]

    def record(
        self, wish: RecorderWish, *, includes_iam: bool, tags: Mapping[str, str], remedies: tuple[str, ...]
    ) -> Change:
        """Make a recorder of all types. IAM's are recorded, and billed, wherever they are included."""
        role = wish.role_arn or (
            f"arn:{self.partition}:iam::{self.account_id}:role/aws-service-role/config.amazonaws.com/"
            "AWSServiceRoleForConfig"
        )
        recorder = {
            "name": RECORDER,
            "roleARN": role,
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": includes_iam},
        }
        return self._make_change(
            PUT_RECORDER,
            self.arn("configuration-recorder", RECORDER),
            {"ConfigurationRecorder": recorder, "Tags": build_tag_list(tags)},
            before=None,
            after={"role_arn": role, "all_supported": True, "includes_iam": includes_iam},
            kind="config_recorder_create",
            undo=Undo(DELETE_RECORDER, {"ConfigurationRecorderName": RECORDER}),
            remedies=remedies,
        )

    def deliver(self, wish: RecorderWish) -> Change:
        """Have what is recorded delivered to a bucket; without that a recorder can't be started."""
        given = {
            "s3BucketName": wish.bucket,
            "s3KeyPrefix": wish.prefix,
            "s3KmsKeyArn": wish.kms_key_arn,
            "snsTopicARN": wish.sns_topic_arn,
        }
        after = DeliveryChannel(RECORDER, self.region, wish.bucket, wish.prefix, wish.kms_key_arn, wish.sns_topic_arn)
        return self._make_change(
            PUT_CHANNEL,
            self.arn("delivery-channel", RECORDER),
            {"DeliveryChannel": {"name": RECORDER, **{key: value for key, value in given.items() if value}}},
            before=None,
            after=describe_channel(after),
            kind="config_channel_create",
            undo=Undo(DELETE_CHANNEL, {"DeliveryChannelName": RECORDER}),
        )

    def start(self, remedies: tuple[str, ...]) -> Change:
        named = {"ConfigurationRecorderName": RECORDER}
        return self._make_change(
            START,
            self.arn("configuration-recorder", RECORDER),
            named,
            before={"recording": False},
            after={"recording": True},
            kind="config_recorder_start",
            undo=Undo(STOP, named),
            remedies=remedies,
        )

    def put_organization_rule(
        self, name: str, present: t.Optional[Shape], wanted: Shape, *, description: str, tags: Mapping[str, str]
    ) -> Change:
        """Make a rule in all accounts of the organization, or change it there."""
        undo = Undo(DELETE_ORGANIZATION_RULE, {"OrganizationConfigRuleName": name})
        if present is not None:
            undo = Undo(PUT_ORGANIZATION_RULE, build_organization_request(name, present, description))
        request = build_organization_request(name, wanted, description)
        return self._make_change(
            PUT_ORGANIZATION_RULE,
            self.arn("organization-config-rule", name),
            request if present else {**request, "Tags": build_tag_list(tags)},
            before=present,
            after=wanted,
            kind="config_organization_rule_put",
            undo=undo,
        )

    def delete_organization_rule(self, name: str, present: Shape, *, description: str, population: int) -> Change:
        change = self._make_change(
            DELETE_ORGANIZATION_RULE,
            self.arn("organization-config-rule", name),
            {"OrganizationConfigRuleName": name},
            before=present,
            after=None,
            kind="config_organization_rule_delete",
            undo=Undo(PUT_ORGANIZATION_RULE, build_organization_request(name, present, description)),
        )
        return dataclasses.replace(change, impact=Impact.DESTRUCTIVE, population=population)

    def _make_change(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        *,
        before: t.Any,
        after: t.Any,
        kind: str,
        undo: t.Optional[Undo],
        remedies: tuple[str, ...] = (),
    ) -> Change:
        return Change(
            account_id=self.account_id,
            region=self.region,
            service=SERVICE,
            operation=operation,
            target=target,
            parameters=parameters,
            before=before,
            after=after,
            kind=kind,
            impact=Impact.ADDITIVE,
            remedies=remedies,
            undo=undo,
        )


def stays_with(change: Change, refused: Change) -> bool:
    """Whether a change is of no use where another one of its region is not made: all of it needs the recorder."""
    if change.region != refused.region:
        return False
    if refused.operation == PUT_RECORDER:
        return change.operation in (PUT_RULE, PUT_CHANNEL, START)
    return refused.operation == PUT_CHANNEL and change.operation == START


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a later change of a run is one of the same target, or of what the earlier one recorded for it."""
    is_base = earlier.operation in (PUT_RECORDER, PUT_CHANNEL)
    return later.target == earlier.target or (is_base and later.region == earlier.region)
