# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of regional services: one or two calls a region each."""

from __future__ import annotations

import typing as t

from . import fields
from .regional import Analyzer, ConfigRecorder, Instance, SecurityHub
from .security_hubs import SUBSCRIBED
from .source import Fields, Record, Source, check_account

# Config records these in one region only; a recorder that excludes any of them does not cover IAM.
_IAM_TYPES: t.Final = frozenset({"AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"})

# All states but terminated: such an instance is listed for an hour, and is nothing any more.
_LIVING: t.Final = ("pending", "running", "shutting-down", "stopping", "stopped")


def read_analyzers(source: Source, region: str) -> Fields:
    """IAM Access Analyzers of all types that this account owns in a region."""
    analyzers = [
        Analyzer(
            name=fields.text(analyzer, "name"),
            arn=fields.text(analyzer, "arn"),
            region=region,
            type=fields.text(analyzer, "type"),
            status=fields.text(analyzer, "status"),
        )
        for analyzer in source.items("accessanalyzer", "ListAnalyzers", "analyzers", region=region)
    ]
    return {"analyzers": tuple(sorted(analyzers, key=lambda analyzer: analyzer.arn))}


def read_config_recorders(source: Source, region: str) -> Fields:
    """The region's customer managed configuration recorder (AWS allows one), if there is one."""
    answer = source.call("config", "DescribeConfigurationRecorders", region=region)
    recorders = fields.records(answer, "ConfigurationRecorders")
    if not recorders:
        return {"config_recorders": ()}
    status = source.call("config", "DescribeConfigurationRecorderStatus", region=region)
    by_name = {fields.text(entry, "name"): entry for entry in fields.records(status, "ConfigurationRecordersStatus")}
    found = [recorder(record, by_name.get(fields.text(record, "name"), {}), region) for record in recorders]
    return {"config_recorders": tuple(sorted(found, key=lambda item: item.name))}


def recorder(record: Record, status: Record, region: str) -> ConfigRecorder:
    """AWS's ``ConfigurationRecorder`` and its status, which may be empty, as ours."""
    group = fields.optional_structure(record, "recordingGroup") or {}
    return ConfigRecorder(
        name=fields.text(record, "name"),
        region=region,
        recording=fields.flag(status, "recording"),
        last_status=fields.optional_text(status, "lastStatus"),
        all_supported=fields.flag(group, "allSupported"),
        includes_global_types=_records_iam(group),
        resource_types=tuple(sorted(fields.texts(group, "resourceTypes"))),
        role_arn=fields.optional_text(record, "roleARN"),
        excluded_types=_list_excluded_types(group),
    )


def _records_iam(group: Record) -> bool:
    """Whether IAM's resource types are among what a recording group records, by any of the three strategies."""
    if fields.flag(group, "allSupported"):
        return fields.flag(group, "includeGlobalResourceTypes")
    if _excludes(group):
        return not _IAM_TYPES & set(_list_excluded_types(group))
    return set(fields.texts(group, "resourceTypes")) >= _IAM_TYPES


def _excludes(group: Record) -> bool:
    strategy = fields.optional_structure(group, "recordingStrategy") or {}
    return fields.optional_text(strategy, "useOnly") == "EXCLUSION_BY_RESOURCE_TYPES"


def _list_excluded_types(group: Record) -> tuple[str, ...]:
    """List the types that a recorder leaves out by name. The list counts for nothing under another strategy."""
    listed = fields.optional_structure(group, "exclusionByResourceTypes") or {}
    return tuple(sorted(fields.texts(listed, "resourceTypes"))) if _excludes(group) else ()


def read_security_hub(source: Source, region: str) -> Fields:
    """Read Security Hub and its enabled standards. AWS answers an account that is not subscribed by an error code."""
    hub = source.call_unless({"InvalidAccess", "ResourceNotFound"}, "securityhub", "DescribeHub", region=region)
    if hub is None:
        return {"security_hubs": (SecurityHub(region=region, enabled=False),)}
    fields.text(hub, "HubArn")
    standards = {
        fields.text(subscription, "StandardsArn")
        for subscription in source.items(
            "securityhub", "GetEnabledStandards", "StandardsSubscriptions", {"MaxResults": 100}, region=region
        )
        # One that is being disabled, or that failed, is listed here as well.
        if fields.text(subscription, "StandardsStatus") in SUBSCRIBED
    }
    return {"security_hubs": (SecurityHub(region=region, enabled=True, standards=tuple(sorted(standards))),)}


def read_instances(source: Source, region: str) -> Fields:
    """EC2 instances that are not terminated."""
    parameters = {"MaxResults": 1000, "Filters": [{"Name": "instance-state-name", "Values": list(_LIVING)}]}
    instances = [
        _instance(source, region, fields.text(reservation, "OwnerId"), instance)
        for reservation in source.items("ec2", "DescribeInstances", "Reservations", parameters, region=region)
        for instance in fields.records(reservation, "Instances")
    ]
    check_account(source, (instance.arn for instance in instances))
    return {"instances": tuple(sorted(instances, key=lambda instance: instance.id))}


def _instance(source: Source, region: str, owner: str, instance: Record) -> Instance:
    identifier = fields.text(instance, "InstanceId")
    profile = fields.optional_structure(instance, "IamInstanceProfile")
    return Instance(
        id=identifier,
        arn=f"arn:{source.partition}:ec2:{region}:{owner}:instance/{identifier}",
        region=region,
        instance_profile_arn=fields.optional_text(profile, "Arn") if profile else None,
        state=fields.text(fields.structure(instance, "State"), "Name"),
    )
