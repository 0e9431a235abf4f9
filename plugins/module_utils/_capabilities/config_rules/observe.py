# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What ``config_rules`` reads beside the snapshot, and how it reads again what a change of it left."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ..._account import config_reads, fields, regional_reads
from ..._account.config_rules import ConfigRule, frequency_of, normalize_parameters, parse_input_parameters
from ..._account.source import Unreadable
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._converge.capability import Aws, Caller
from ..._converge.change import Change
from .changes import (
    DELETE_CHANNEL,
    DELETE_ORGANIZATION_RULE,
    DELETE_RECORDER,
    PUT_CHANNEL,
    PUT_ORGANIZATION_RULE,
    PUT_RECORDER,
    SERVICE,
    START,
    STOP,
    TAG,
    UNTAG,
    WRITES,
    Shape,
    describe_channel,
    describe_recorder,
    describe_rule,
    select_tags,
)
from .organization import OrganizationRule, OrganizationRules
from .recorders import OtherRecorders

_RULES: t.Final = "DescribeConfigRules"
_TAGS: t.Final = "ListTagsForResource"
_RECORDERS: t.Final = "DescribeConfigurationRecorders"
_STATUS: t.Final = "DescribeConfigurationRecorderStatus"
_CHANNELS: t.Final = "DescribeDeliveryChannels"
_ALL_RECORDERS: t.Final = "ListConfigurationRecorders"
_ORGANIZATION_RULES: t.Final = "DescribeOrganizationConfigRules"
_ORGANIZATION_STATUSES: t.Final = "DescribeOrganizationConfigRuleStatuses"
# The errors of AWS for an account that may have no rules of an organization.
NO_ORGANIZATION: t.Final = (
    "NoAvailableOrganization",
    "OrganizationAccessDenied",
    "OrganizationAllFeaturesNotEnabled",
)
_FAILED: t.Final = "_FAILED"

MORE_READS: t.Final = Operations(
    reads=frozenset({f"{SERVICE}:{_ALL_RECORDERS}", f"{SERVICE}:{_ORGANIZATION_STATUSES}"})
)
# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        f"{SERVICE}:{name}" for name in (_RULES, _TAGS, _RECORDERS, _STATUS, _CHANNELS, _ORGANIZATION_RULES)
    ),
    writes=frozenset(f"{SERVICE}:{name}" for name in WRITES),
)


def read_others(access: Access, regions: Iterable[str]) -> dict[str, OtherRecorders]:
    """The recorders that services of AWS have made for themselves, by region."""
    found = access.gather({region: functools.partial(_read_services, access, region) for region in regions})
    return {
        region: OtherRecorders(problem=str(item)) if isinstance(item, AwsError) else OtherRecorders(services=item)
        for region, item in found.items()
    }


def _read_services(access: Access, region: str) -> tuple[str, ...]:
    listed = access.items(SERVICE, _ALL_RECORDERS, "ConfigurationRecorderSummaries", region=region)
    return tuple(sorted({item["servicePrincipal"] for item in listed if item.get("servicePrincipal")}))


def read_organization(access: Access, regions: Iterable[str]) -> dict[str, OrganizationRules]:
    """The managed rules of the organization, by region. AWS lists them only to accounts that may make some."""
    found = access.gather({region: functools.partial(_read_organization_rules, access, region) for region in regions})
    return {
        region: _make_unread(item) if isinstance(item, AwsError) else OrganizationRules(rules=item)
        for region, item in found.items()
    }


def _make_unread(error: AwsError) -> OrganizationRules:
    if error.code.startswith(NO_ORGANIZATION):
        return OrganizationRules(objection=error.message)
    return OrganizationRules(problem=str(error))


def _read_organization_rules(access: Access, region: str) -> tuple[OrganizationRule, ...]:
    rules = list(access.items(SERVICE, _ORGANIZATION_RULES, "OrganizationConfigRules", region=region))
    if not rules:
        return ()
    listed = access.items(SERVICE, _ORGANIZATION_STATUSES, "OrganizationConfigRuleStatuses", region=region)
    statuses = {item["OrganizationConfigRuleName"]: item for item in listed}
    found = [
        _parse_organization_rule(rule, region, statuses.get(rule["OrganizationConfigRuleName"], {}))
        for rule in rules
        if "OrganizationManagedRuleMetadata" in rule
    ]
    return tuple(sorted(found, key=lambda item: item.name))


def _parse_organization_rule(rule: Mapping[str, t.Any], region: str, status: Mapping[str, t.Any]) -> OrganizationRule:
    given = rule["OrganizationManagedRuleMetadata"]
    identifier, name = given["RuleIdentifier"], rule["OrganizationConfigRuleName"]
    try:
        parameters = parse_input_parameters(given.get("InputParameters"))
    except ValueError as error:
        raise AwsError(f"InputParameters of {name} does not parse: {error}", service=SERVICE, region=region) from error
    state = status.get("OrganizationRuleStatus") or ""
    return OrganizationRule(
        name=name,
        region=region,
        identifier=identifier,
        parameters=normalize_parameters(identifier, parameters),
        frequency=frequency_of(identifier, given.get("MaximumExecutionFrequency")),
        resource_types=tuple(sorted(given.get("ResourceTypesScope") or ())),
        narrowed=bool(given.get("TagKeyScope") or given.get("ResourceIdScope")),
        description=given.get("Description") or "",
        excluded_accounts=tuple(sorted(rule.get("ExcludedAccounts") or ())),
        status=state,
        problem=status.get("ErrorMessage") or "AWS does not say why" if state.endswith(_FAILED) else "",
    )


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def _reread(access: Access, change: Change) -> t.Any:
    name = change.target.rpartition("/")[2]
    try:
        return _read_target(access, change, name)
    except NotFound:
        return None
    except Unreadable as failure:
        raise AwsError(f"{change.target}: {failure.reason}") from failure


def _read_target(access: Access, change: Change, name: str) -> t.Any:
    region, operation = change.region, change.operation
    if operation in (PUT_RECORDER, DELETE_RECORDER):
        answer = access.call(SERVICE, _RECORDERS, {"ConfigurationRecorderNames": [name]}, region=region)
        recorders = fields.records(answer, "ConfigurationRecorders")
        return describe_recorder(regional_reads.recorder(recorders[0], {}, region)) if recorders else None
    if operation in (START, STOP):
        answer = access.call(SERVICE, _STATUS, {"ConfigurationRecorderNames": [name]}, region=region)
        return {"recording": any(item.get("recording") for item in answer["ConfigurationRecordersStatus"])}
    if operation in (PUT_CHANNEL, DELETE_CHANNEL):
        answer = access.call(SERVICE, _CHANNELS, {"DeliveryChannelNames": [name]}, region=region)
        channels = fields.records(answer, "DeliveryChannels")
        return describe_channel(config_reads.channel(channels[0], region)) if channels else None
    shape = change.after or change.before
    if operation in (PUT_ORGANIZATION_RULE, DELETE_ORGANIZATION_RULE):
        asked = {"OrganizationConfigRuleNames": [name]}
        answer = access.call(SERVICE, _ORGANIZATION_RULES, asked, region=region)
        rules = answer.get("OrganizationConfigRules") or []
        return _drop_defaults(_parse_organization_rule(rules[0], region, {}).shape, shape) if rules else None
    return _read_rule(access, change, name, shape)


def _read_rule(access: Access, change: Change, name: str, shape: Shape) -> t.Any:
    answer = access.call(SERVICE, _RULES, {"ConfigRuleNames": [name]}, region=change.region)
    rules: Sequence[ConfigRule] = [
        config_reads.rule(record, change.region) for record in fields.records(answer, "ConfigRules")
    ]
    # One that is being deleted is gone, but for its name.
    if not rules or rules[0].is_leaving:
        return None
    found = rules[0]
    if change.operation in (TAG, UNTAG):
        return select_tags(_read_tags(access, change.region, found.arn), list(shape))
    present = _drop_defaults(describe_rule(found), shape)
    if "tags" in shape:
        present["tags"] = select_tags(_read_tags(access, change.region, found.arn), list(shape["tags"]))
    return present


def _read_tags(access: Access, region: str, arn: str) -> dict[str, str]:
    return fields.tags(access.call(SERVICE, _TAGS, {"ResourceArn": arn}, region=region))


def _drop_defaults(present: Shape, shape: Shape) -> Shape:
    """Drop the defaults that AWS fills in where a rule was made without a frequency or resource types."""
    left_out = {name: shape[name] for name in ("frequency", "resource_types") if not shape[name]}
    return {**present, **left_out}


@dataclasses.dataclass(frozen=True)
class _TaggingAws:
    """AWS for the tags of a rule. One that was removed and made again has another ARN than the one that was noted."""

    access: Access
    name: str

    @property
    def caller(self) -> Caller:
        return self.access.caller

    @property
    def chain(self) -> Sequence[str]:
        return self.access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call."""
        try:
            return self.access.call(service, operation, parameters, region=region)
        except NotFound:
            answer = self.access.call(SERVICE, _RULES, {"ConfigRuleNames": [self.name]}, region=region)
            (rule,) = answer["ConfigRules"]
            again = {**(parameters or {}), "ResourceArn": rule["ConfigRuleArn"]}
            return self.access.call(service, operation, again, region=region)


def acting(access: Access) -> Callable[[Change], t.Optional[Aws]]:
    """Find the AWS for changes of this module, or undos of such, where that is not the access itself."""
    return lambda change: (
        _TaggingAws(access, change.target.rpartition("/")[2]) if change.operation in (TAG, UNTAG) else None
    )
