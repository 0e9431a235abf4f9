# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill the regional services and the contacts of one account from a seed."""

from __future__ import annotations

import base64
import collections
import json
import typing as t
from datetime import datetime

from moto.account.models import account_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.config.models import ConfigBackend, config_backends
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.securityhub.models import securityhub_backends
from moto.sns.models import sns_backends

from emulator.extensions import cloudtrail_events, config, securityhub, state
from emulator.extensions.accessanalyzer.findings import Finding
from emulator.extensions.accessanalyzer.models import accessanalyzer_backends
from emulator.extensions.cloudformation.models import Resource, Stack, find_stack, seeded_backends
from emulator.seed import model
from emulator.seed.identifiers import moment
from emulator.seed.resources import Place, seed_resources
from emulator.seed.structure import expand

_METRIC_NAMESPACE = "CISBenchmark"
# An empty archive in base64. The emulator runs no function.
_CODE = base64.b64encode(b"PK\x05\x06" + bytes(18)).decode()


def apply(account: model.Account, *, now: datetime) -> None:
    """Put the contacts and everything regional of the seed's account into moto."""
    _contacts(account)
    for region, seeded in account.regions.items():
        place = Place(account, region, now)
        for analyzer in seeded.analyzers.values():
            _analyzer(place, analyzer)
        generations = accessanalyzer_backends[place.account.id][place.region].generations
        generations.errors = {name: (code, text) for name, (code, text) in seeded.policy_generation_errors.items()}
        if seeded.config is not None:
            _config_recorder(place, seeded.config)
        if seeded.security_hub is not None:
            _security_hub(place, seeded.security_hub)
        for trail in seeded.trails.values():
            _trail(place, trail)
        for metric_filter in seeded.metric_filters.values():
            _metric_filter(place, metric_filter)
        for instance in seeded.instances.values():
            _instances(place, instance)
        for function in seeded.functions.values():
            _function(place, function)
        seed_resources(place, seeded)
        for call in seeded.calls:
            _calls(place, call)
        for name, stack in seeded.stacks.items():
            _stack(place, name, stack)


def _contacts(account: model.Account) -> None:
    backend = account_backends[account.id][account.partition]
    for kind in ("security", "operations", "billing"):
        contact: t.Optional[model.Contact] = getattr(account.contacts, kind)
        if contact is not None:
            backend.put_alternate_contact(
                kind.upper(), contact.email, contact.name, contact.phone, contact.title or contact.name
            )
    primary = account.contacts.primary
    if primary is not None:
        state.account_states[account.id][account.partition].contact = {
            "FullName": primary.full_name,
            "AddressLine1": primary.address,
            "City": primary.city,
            "PostalCode": primary.postal_code,
            "CountryCode": primary.country_code,
            "PhoneNumber": primary.phone,
            **({"CompanyName": primary.company} if primary.company else {}),
        }


def _analyzer(place: Place, seeded: model.Analyzer) -> None:
    backend = accessanalyzer_backends[place.account.id][place.region]
    configuration = seeded.configuration
    if seeded.unused_access_age is not None:
        configuration = {"unusedAccess": {"unusedAccessAge": seeded.unused_access_age}}
    analyzer = backend.create_analyzer(
        name=seeded.name,
        kind=seeded.type,
        tags=seeded.tags,
        configuration=configuration,
        archive_rules=[{"ruleName": name, "filter": criteria} for name, criteria in seeded.archive_rules.items()],
    )
    analyzer.created = moment(place.now, seeded.created_days)
    analyzer.status, analyzer.status_reason = seeded.status, seeded.status_reason
    analyzer.managed_by = seeded.managed_by
    for finding in seeded.findings.values():
        analyzer.add(
            Finding(
                id=finding.name,
                kind=finding.type,
                resource=finding.resource,
                resource_type=finding.resource_type,
                owner=finding.owner or place.account.id,
                created=moment(place.now, finding.created_days),
                status=finding.status,
                public=finding.public,
                principal=finding.principal,
                actions=finding.actions,
                access_key=finding.access_key,
                error=finding.error,
                recommendation_error=_pair(finding.recommendation_error),
            )
        )


def _pair(given: tuple[str, ...]) -> t.Optional[tuple[str, str]]:
    return (given[0], given[1]) if given else None


def _config_recorder(place: Place, seeded: model.ConfigRecorder) -> None:
    backend = config_backends[place.account.id][place.region]
    role = (
        "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig" if seeded.service_linked_role else "config-role"
    )
    group: dict[str, object] = {"allSupported": True, "includeGlobalResourceTypes": seeded.include_global}
    if not seeded.all_supported:
        group = {"allSupported": False, "includeGlobalResourceTypes": False, "resourceTypes": ["AWS::EC2::Instance"]}
    backend.put_configuration_recorder(
        {
            "name": seeded.name,
            "roleARN": f"arn:{place.account.partition}:iam::{place.account.id}:role/{role}",
            "recordingGroup": group,
        }
    )
    bucket = f"{seeded.bucket}-{place.account.id}"
    place.bucket(bucket)
    backend.put_delivery_channel({"name": seeded.name, "s3BucketName": bucket})
    status = backend.recorders[seeded.name].status
    if seeded.recording:
        backend.start_configuration_recorder(seeded.name)
        status.last_status = seeded.last_status
    for rule in seeded.rules.values():
        _config_rule(backend, rule)
    own = {f"AWSConfigurationRecorderFor{name.partition('.')[0]}": name for name in seeded.service_linked_recorders}
    config.findings_of(backend).service_linked.update(own)
    if not seeded.recorder:
        backend.delete_configuration_recorder(seeded.name)


def _config_rule(backend: ConfigBackend, seeded: model.ConfigRule) -> None:
    scope = {"Scope": {"ComplianceResourceTypes": list(seeded.resource_types)}} if seeded.resource_types else {}
    rule = {
        "ConfigRuleName": seeded.name,
        "Source": {"Owner": "AWS", "SourceIdentifier": seeded.identifier},
        "InputParameters": json.dumps(seeded.parameters),
        **scope,
    }
    config.put_rule(backend, rule, [{"Key": key, "Value": value} for key, value in seeded.tags.items()])
    found = tuple(config.resource_of(backend, name) for name in seeded.resources)
    config.findings_of(backend).verdicts[seeded.name] = (seeded.compliance, found)
    if seeded.created_by:
        config.findings_of(backend).owners[seeded.name] = seeded.created_by


def _security_hub(place: Place, seeded: model.SecurityHub) -> None:
    backend = securityhub_backends[place.account.id][place.region]
    hub = securityhub.hub_of(backend)
    hub.policy, hub.tells_policy = seeded.policy, seeded.delegated_administrator
    hub.v2, hub.generator = seeded.v2, seeded.generator
    if not seeded.on:
        return
    backend.enable_security_hub(enable_default_standards=False, tags={})
    for standard in seeded.standards:
        path = next((path for path in securityhub.STANDARDS if path.partition("/")[2] == standard), standard)
        (subscription,) = securityhub.enable_standards(backend, [securityhub.arn(backend, path)])
        subscription["StandardsStatus"] = seeded.statuses.get(standard, "READY")
    # Without one there is no central configuration.
    if seeded.delegated_administrator:
        securityhub.aggregate(backend, {"RegionLinkingMode": "ALL_REGIONS"})


def _trail(place: Place, seeded: model.Trail) -> None:
    place.bucket(seeded.bucket)
    group_arn = role_arn = ""
    if seeded.log_group is not None:
        logs_backends[place.account.id][place.region].ensure_log_group(seeded.log_group)
        group_arn = place.arn("logs", f"log-group:{seeded.log_group}:*")
        role_arn = f"arn:{place.account.partition}:iam::{place.account.id}:role/cloudtrail-to-cloudwatch"
    backend = cloudtrail_backends[place.account.id][place.region]
    trail = backend.create_trail(
        name=seeded.name,
        bucket_name=seeded.bucket,
        s3_key_prefix=seeded.prefix,
        sns_topic_name=None,
        is_global=seeded.global_events,
        is_multi_region=seeded.multi_region,
        log_validation=seeded.log_validation,
        is_org_trail=seeded.organization,
        cw_log_group_arn=group_arn or None,
        cw_role_arn=role_arn or None,
        kms_key_id=seeded.kms_key,
        tags_list=[],
    )
    if seeded.advanced_selectors:
        trail.put_event_selectors([], list(seeded.advanced_selectors))
    elif seeded.management_events != "All" or seeded.exclude_sources or seeded.data_resources:
        trail.put_event_selectors([_basic_selector(seeded)], [])
    if seeded.logging:
        trail.start_logging()
        trail.status.started = moment(place.now, 300)
        owner = state.account_states[place.account.id][place.account.partition]
        owner.undelivered.add(seeded.bucket)


def _basic_selector(seeded: model.Trail) -> dict[str, t.Any]:
    records = seeded.management_events != "none"
    return {
        "IncludeManagementEvents": records,
        "ReadWriteType": seeded.management_events if records else "All",
        "DataResources": [{"Type": kind, "Values": list(arns)} for kind, arns in seeded.data_resources.items()],
        "ExcludeManagementEventSources": list(seeded.exclude_sources),
    }


def _metric_filter(place: Place, seeded: model.MetricFilter) -> None:
    logs = logs_backends[place.account.id][place.region]
    logs.ensure_log_group(seeded.log_group)
    transformation = {"metricName": seeded.name, "metricNamespace": _METRIC_NAMESPACE, "metricValue": "1"}
    logs.put_metric_filter(seeded.name, seeded.pattern, seeded.log_group, [transformation])
    if not seeded.alarm:
        return
    sns = sns_backends[place.account.id][place.region]
    topic = sns.create_topic("security-alarms" if seeded.subscribed else "security-alarms-unread")
    if seeded.subscribed and not any(found.topic is topic for found in sns.subscriptions.values()):
        # Its owner followed the link that was mailed.
        sns.subscribe(topic.arn, "security@example.com", "email").attributes["PendingConfirmation"] = False
    cloudwatch_backends[place.account.id][place.region].put_metric_alarm(
        name=f"{seeded.name}-alarm",
        namespace=_METRIC_NAMESPACE,
        metric_name=seeded.name,
        comparison_operator="GreaterThanOrEqualToThreshold",
        evaluation_periods=1,
        period=300,
        threshold=1,
        statistic="Sum",
        description="",
        dimensions=[],
        alarm_actions=[topic.arn],
    )


def _instances(place: Place, seeded: model.Instance) -> None:
    backend = ec2_backends[place.account.id][place.region]
    reservation = backend.run_instances(
        "ami-12c6146b",
        seeded.count,
        None,
        [],
        instance_type="t3.micro",
        is_instance_type_default=False,
        tags={"instance": {"Name": seeded.name, **seeded.tags}},
        private_ip=seeded.address,
    )
    for instance in reservation.instances:
        instance.launch_time = moment(place.now, seeded.started_days)
        pods = [{"Primary": False, "PrivateIpAddress": address} for address in seeded.pod_addresses]
        instance.nics[0].private_ip_addresses += pods
    if seeded.profile is not None:
        profile = iam_backends[place.account.id][place.account.partition].get_instance_profile(seeded.profile)
        for instance in reservation.instances:
            backend.associate_iam_instance_profile(instance.id, iam_instance_profile_arn=profile.arn)


def _function(place: Place, seeded: model.Function) -> None:
    # Importing it takes a third of a second, and few seeds have functions.
    from moto.awslambda.models import lambda_backends

    role = place.account.roles[seeded.role]
    backend = lambda_backends[place.account.id][place.region]
    # As moto makes it, with a function of its own, no snapshot can copy it.
    backend._lambdas._aliases = collections.defaultdict(dict)
    backend.create_function(
        {
            "FunctionName": seeded.name,
            "Runtime": "python3.13",
            "Handler": "main.handle",
            "Role": f"arn:{place.account.partition}:iam::{place.account.id}:role{role.path}{role.name}",
            "Code": {"ZipFile": _CODE},
            "VpcConfig": {"SubnetIds": list(seeded.subnets), "SecurityGroupIds": list(seeded.security_groups)},
        }
    )
    for _number in range(seeded.versions):
        backend.get_function(seeded.name).code_or_config_updated = True
        backend.publish_version(seeded.name)


def _calls(place: Place, seeded: model.Call) -> None:
    for principal in expand(seeded.principal):
        for _number in range(seeded.count):
            cloudtrail_events.record_call(
                place.account.id,
                place.region,
                principal=principal,
                call=seeded.call,
                when=moment(place.now, seeded.days),
                parameters=seeded.parameters or None,
                error=seeded.error,
                via=seeded.via,
                user_agent=seeded.user_agent,
                resources=seeded.resources,
                session=seeded.session,
                answer=seeded.answer or None,
                more=seeded.more,
            )


def _stack(place: Place, name: str, seeded: model.Stack) -> None:
    backend = seeded_backends[place.account.id][place.region]
    parent = find_stack(backend.stacks, seeded.parent) if seeded.parent else None
    backend.stacks.append(
        Stack(
            id=backend.stack_id(name),
            name=name,
            status=seeded.status,
            created=moment(place.now, seeded.created_days),
            description=seeded.description,
            deleted=None if seeded.deleted_days is None else moment(place.now, seeded.deleted_days),
            parent_id=parent.id if parent else None,
            root_id=(parent.root_id or parent.id) if parent else None,
            resources=tuple(
                Resource(logical, item.type, item.id.replace("{name}", name), item.status)
                for logical, item in seeded.resources.items()
            ),
        )
    )
