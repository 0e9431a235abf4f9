# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of AWS Config that are made on request."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from . import fields
from .config_catalogue import BY_IDENTIFIER
from .config_rules import (
    MANAGED,
    NON_COMPLIANT,
    PREFIX,
    ConfigRule,
    DeliveryChannel,
    NonCompliant,
    RuleCompliance,
    frequency_of,
    normalize_parameters,
    parse_input_parameters,
)
from .model import UnreadKind
from .source import Fields, Record, Source, Unreadable

V = t.TypeVar("V")

_SERVICE: t.Final = "config"
_RULES: t.Final = "DescribeConfigRules"
_TAGS: t.Final = "ListTagsForResource"
_CHANNELS: t.Final = "DescribeDeliveryChannels"
_COMPLIANCE: t.Final = "DescribeComplianceByConfigRule"
_DETAILS: t.Final = "GetComplianceDetailsByConfigRule"
_RESOURCES: t.Final = "BatchGetResourceConfig"
RULES_OPERATIONS: t.Final = tuple(f"{_SERVICE}:{name}" for name in (_RULES, _TAGS, _CHANNELS))
COMPLIANCE_OPERATIONS: t.Final = tuple(f"{_SERVICE}:{name}" for name in (_COMPLIANCE, _DETAILS, _RESOURCES, _RULES))
# How many names of rules, results, and keys of resources, a request takes.
_NAMES: t.Final = 25
_PAGE: t.Final = 100
_ACCOUNT: t.Final = "AWS::::Account"


def read_config_rules(source: Source, region: str) -> Fields:
    """The region's rules on IAM and those that bear a name of ours, with the tags of these; and where it delivers."""
    found = _rules(source, region)
    ours = [item.arn for item in found if item.name.startswith(PREFIX) and not item.created_by]
    tags = _all(source, {arn: functools.partial(_tags, source, region, arn) for arn in ours})
    answer = source.call(_SERVICE, _CHANNELS, region=region)
    return {
        "config_rules": tuple(dataclasses.replace(item, tags=tags.get(item.arn, {})) for item in found),
        "delivery_channels": tuple(
            channel(record, region) for record in fields.optional_records(answer, "DeliveryChannels")
        ),
    }


def _all(source: Source, reads: Mapping[str, Callable[[], V]]) -> dict[str, V]:
    """Make all reads in parallel. Raise Unreadable if one of them does."""
    found: dict[str, V] = {}
    for key, result in source.gather(reads).items():
        if isinstance(result, Unreadable):
            raise result
        found[key] = result
    return found


def _tags(source: Source, region: str, arn: str) -> dict[str, str]:
    """The tags of a rule; one that is gone by now has none."""
    answer = source.call_unless({"ResourceNotFound"}, _SERVICE, _TAGS, {"ResourceArn": arn}, region=region)
    return fields.tags(answer) if answer is not None else {}


def _rules(source: Source, region: str) -> list[ConfigRule]:
    listed = source.items(_SERVICE, _RULES, "ConfigRules", region=region)
    found = [rule(record, region) for record in listed if _concerns_us(record)]
    return sorted(found, key=lambda item: item.name)


def _concerns_us(record: Record) -> bool:
    origin = fields.structure(record, "Source")
    on_iam = fields.text(origin, "Owner") == MANAGED and fields.optional_text(origin, "SourceIdentifier")
    return on_iam in BY_IDENTIFIER or fields.text(record, "ConfigRuleName").startswith(PREFIX)


def rule(record: Record, region: str) -> ConfigRule:
    """AWS's ``ConfigRule`` as ours, without tags."""
    origin = fields.structure(record, "Source")
    scope = fields.optional_structure(record, "Scope") or {}
    identifier = fields.optional_text(origin, "SourceIdentifier") or ""
    try:
        parameters = parse_input_parameters(fields.optional_text(record, "InputParameters"))
    except ValueError as error:
        reason = f"InputParameters of {fields.text(record, 'ConfigRuleName')} does not parse: {error}"
        raise Unreadable(UnreadKind.UNPARSABLE, reason, operation=f"{_SERVICE}:{_RULES}") from error
    modes = fields.optional_records(record, "EvaluationModes")
    return ConfigRule(
        name=fields.text(record, "ConfigRuleName"),
        arn=fields.text(record, "ConfigRuleArn"),
        region=region,
        owner=fields.text(origin, "Owner"),
        identifier=identifier,
        parameters=normalize_parameters(identifier, parameters),
        frequency=frequency_of(identifier, fields.optional_text(record, "MaximumExecutionFrequency")),
        resource_types=tuple(sorted(fields.texts(scope, "ComplianceResourceTypes"))),
        narrowed=bool(scope.get("TagKey") or scope.get("ComplianceResourceId")),
        description=fields.optional_text(record, "Description") or "",
        state=fields.optional_text(record, "ConfigRuleState") or "ACTIVE",
        created_by=fields.optional_text(record, "CreatedBy"),
        evaluation_modes=tuple(sorted(fields.text(mode, "Mode") for mode in modes)),
    )


def channel(record: Record, region: str) -> DeliveryChannel:
    """AWS's ``DeliveryChannel`` as ours."""
    return DeliveryChannel(
        name=fields.text(record, "name"),
        region=region,
        bucket=fields.optional_text(record, "s3BucketName") or "",
        prefix=fields.optional_text(record, "s3KeyPrefix"),
        kms_key_arn=fields.optional_text(record, "s3KmsKeyArn"),
        sns_topic_arn=fields.optional_text(record, "snsTopicARN"),
    )


def read_config_compliance(source: Source, region: str) -> Fields:
    """Read the verdicts of the region's rules on IAM, with the resources that do not comply."""
    rules = {item.name: item for item in _rules(source, region) if item.identifier in BY_IDENTIFIER}
    verdicts: dict[str, str] = {}
    for names in _batches(list(rules), _NAMES):
        parameters = {"ConfigRuleNames": names}
        for record in source.items(_SERVICE, _COMPLIANCE, "ComplianceByConfigRules", parameters, region=region):
            compliance = fields.optional_structure(record, "Compliance") or {}
            verdicts[fields.text(record, "ConfigRuleName")] = fields.optional_text(compliance, "ComplianceType") or ""
    # AWS refuses the details of rules that belong to its services.
    failing = [name for name, found in verdicts.items() if found == NON_COMPLIANT and not rules[name].created_by]
    details = _all(source, {name: functools.partial(_read_failing_resources, source, region, name) for name in failing})
    arns = _arns(source, region, {(item.type, item.id) for found in details.values() for item in found})
    return {
        "config_compliance": tuple(
            RuleCompliance(
                rule=name,
                region=region,
                identifier=rules[name].identifier,
                compliance=verdict,
                created_by=rules[name].created_by,
                resources=tuple(
                    dataclasses.replace(item, arn=arns.get((item.type, item.id))) for item in details.get(name, ())
                ),
            )
            for name, verdict in sorted(verdicts.items())
        )
    }


def _read_failing_resources(source: Source, region: str, name: str) -> Sequence[NonCompliant]:
    parameters = {"ConfigRuleName": name, "ComplianceTypes": [NON_COMPLIANT], "Limit": _PAGE}
    found = [
        _resource(record) for record in source.items(_SERVICE, _DETAILS, "EvaluationResults", parameters, region=region)
    ]
    return sorted(found, key=lambda item: (item.type, item.id))


def _resource(record: Record) -> NonCompliant:
    qualifier = fields.structure(fields.structure(record, "EvaluationResultIdentifier"), "EvaluationResultQualifier")
    return NonCompliant(
        type=fields.text(qualifier, "ResourceType"),
        id=fields.text(qualifier, "ResourceId"),
        annotation=fields.optional_text(record, "Annotation") or "",
    )


def _arns(source: Source, region: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ARNs of resources that are recorded here: AWS Config names users and roles by their ids alone."""
    found: dict[tuple[str, str], str] = {}
    wanted = sorted(key for key in keys if key[0] != _ACCOUNT)
    for batch in _batches(wanted, _PAGE):
        parameters = {"resourceKeys": [{"resourceType": kind, "resourceId": name} for kind, name in batch]}
        unrecorded = {"NoAvailableConfigurationRecorder", "Validation"}
        answer = source.call_unless(unrecorded, _SERVICE, _RESOURCES, parameters, region=region) or {}
        for record in fields.optional_records(answer, "baseConfigurationItems"):
            key = (fields.text(record, "resourceType"), fields.text(record, "resourceId"))
            found[key] = fields.optional_text(record, "arn") or ""
    return {key: arn for key, arn in found.items() if arn}


def _batches(items: Sequence[V], size: int) -> Iterator[Sequence[V]]:
    return (items[start : start + size] for start in range(0, len(items), size))
