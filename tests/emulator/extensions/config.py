# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config: rules that belong to services, what rules found, service-linked recorders, and AWS's errors.

https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigRule.html
"""

from __future__ import annotations

import json
import typing as t

from moto.config.exceptions import JsonRESTError, NoSuchConfigRuleException
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.core.base_backend import BackendDict, BaseBackend
from moto.iam.models import iam_backends

from emulator.extensions.registration import operations_of
from emulator.extensions.state import clock

_NO_RECORDER = "You must create a configuration recorder before you can create or update a Config rule."
_SERVICE_LINKED = (
    "An AWS service owns ServiceLinkedConfigRule. You do not have permissions to take action on this rule."
)
_NO_VERDICT: tuple[str, tuple[tuple[str, str], ...]] = ("INSUFFICIENT_DATA", ())
_MOST_NAMES = 25
_MOST_KEYS = 100


class Findings(BaseBackend):
    """What moto does not keep of AWS Config of one account in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: of rules: their verdict and, of a NON_COMPLIANT one, the types and ids of the resources
        self.verdicts: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {}
        self.owners: dict[str, str] = {}
        self.policies: dict[str, dict[str, t.Any]] = {}
        #: of recorders that belong to services: the service by the name
        self.service_linked: dict[str, str] = {}
        self.organization_rules: dict[str, dict[str, t.Any]] = {}


_findings: BackendDict[Findings] = BackendDict(Findings, "config")


def findings_of(backend: ConfigBackend) -> Findings:
    """The rest of AWS Config in a region."""
    return t.cast(Findings, _findings[backend.account_id][backend.region_name])


class ConfigError(JsonRESTError):
    """An error with AWS's code."""

    code = 400


def put_config_rule(response: ConfigResponse) -> str:
    """PutConfigRule: the whole rule is replaced, and tags are ignored where there is one already."""
    backend = response.config_backend
    rule = response._get_param("ConfigRule")
    put_rule(backend, rule, response._get_param("Tags") or [])
    return ""


def put_rule(backend: ConfigBackend, rule: dict[str, t.Any], tags: list[dict[str, str]]) -> None:
    """As PutConfigRule does."""
    name = rule.get("ConfigRuleName") or ""
    check_not_owned(backend, name)
    present = backend.config_rules.get(name)
    kept = dict(present.tags) if present else {}
    # Whoever runs the rule runs it by the role of the recorder.
    if rule["Source"]["Owner"] == "AWS" and not backend.recorders:
        raise ConfigError("NoAvailableConfigurationRecorderException", _NO_RECORDER)
    _check_parameters(rule.get("InputParameters"))
    if rule["Source"]["Owner"] == "CUSTOM_POLICY":
        findings_of(backend).policies[name] = rule["Source"]
        rule = {**rule, "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_USER_MFA_ENABLED"}}
    backend.put_config_rule({key: value for key, value in rule.items() if key != "EvaluationModes"}, tags)
    if present:
        backend.config_rules[name].tags = kept


def check_not_owned(backend: ConfigBackend, name: str) -> None:
    """Refuse a change of a rule that a service of AWS owns."""
    if name in findings_of(backend).owners:
        raise ConfigError("AccessDeniedException", _SERVICE_LINKED)


def _check_parameters(text: t.Optional[str]) -> None:
    """AWS takes values in quotes only, and none that are empty."""
    if not text:
        return
    for name, value in json.loads(text).items():
        if not isinstance(value, str) or not value.strip():
            message = f"Blank spaces are not acceptable for input parameter: {name}. InputParameters': '{text}"
            raise ConfigError("InvalidParameterValueException", message)


def delete_config_rule(response: ConfigResponse) -> str:
    """DeleteConfigRule."""
    name = response._get_param("ConfigRuleName")
    check_not_owned(response.config_backend, name)
    response.config_backend.delete_config_rule(name)
    findings_of(response.config_backend).verdicts.pop(name, None)
    return ""


def describe_config_rules(response: ConfigResponse) -> str:
    """DescribeConfigRules, in AWS's words: what a caller left out has its default, and JSON is spaced otherwise."""
    backend = response.config_backend
    asked = response._get_param("ConfigRuleNames")
    answer = backend.describe_config_rules(asked, response._get_param("NextToken"))
    for rule in answer["ConfigRules"]:
        name = rule["ConfigRuleName"]
        owner = findings_of(backend).owners.get(name)
        if owner:
            rule["CreatedBy"] = owner
        parameters = json.loads(rule.get("InputParameters") or "{}")
        rule["InputParameters"] = json.dumps(dict(sorted(parameters.items(), reverse=True)), separators=(" , ", " : "))
        rule["Source"] = findings_of(backend).policies.get(name) or rule["Source"]
        rule["EvaluationModes"] = [{"Mode": "DETECTIVE"}]
    return json.dumps(answer)


def describe_compliance_by_config_rule(response: ConfigResponse) -> str:
    """DescribeComplianceByConfigRule. A rule that has not run yet has no verdict."""
    backend = response.config_backend
    names = _require_known(backend, response._get_param("ConfigRuleNames") or [])
    verdicts = findings_of(backend).verdicts
    wanted = response._get_param("ComplianceTypes") or []
    compliances = {name: verdicts.get(name, _NO_VERDICT)[0] for name in names or sorted(backend.config_rules)}
    found = [
        {"ConfigRuleName": name, "Compliance": {"ComplianceType": verdict}}
        for name, verdict in compliances.items()
        if not wanted or verdict in wanted
    ]
    return json.dumps({"ComplianceByConfigRules": found})


def _require_known(backend: ConfigBackend, names: t.Sequence[str]) -> t.Sequence[str]:
    if len(names) > _MOST_NAMES:
        raise ConfigError("ValidationException", f"Member must have length less than or equal to {_MOST_NAMES}")
    for name in names:
        if name not in backend.config_rules:
            raise NoSuchConfigRuleException(name)
    return names


def get_compliance_details_by_config_rule(response: ConfigResponse) -> str:
    """GetComplianceDetailsByConfigRule: not for rules that a service owns."""
    backend = response.config_backend
    (name,) = _require_known(backend, [response._get_param("ConfigRuleName")])
    check_not_owned(backend, name)
    verdict, resources = findings_of(backend).verdicts.get(name, _NO_VERDICT)
    now = clock().timestamp()
    results = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {"ConfigRuleName": name, "ResourceType": kind, "ResourceId": resource},
                "OrderingTimestamp": now,
            },
            "ComplianceType": verdict,
            "ResultRecordedTime": now,
            "ConfigRuleInvokedTime": now,
        }
        for kind, resource in resources
    ]
    start = int(response._get_param("NextToken") or 0)
    limit = response._get_param("Limit") or 10
    following = start + limit
    more = {"NextToken": str(following)} if following < len(results) else {}
    return json.dumps({"EvaluationResults": results[start:following], **more})


def batch_get_resource_config(response: ConfigResponse) -> str:
    """BatchGetResourceConfig of IAM: where it is recorded."""
    backend = response.config_backend
    keys = response._get_param("resourceKeys")
    if len(keys) > _MOST_KEYS:
        raise ConfigError("ValidationException", f"Member must have length less than or equal to {_MOST_KEYS}")
    recorded = _iam(backend) if _records_iam(backend) else {}
    asked = [(key["resourceType"], key["resourceId"]) for key in keys]
    found = [
        {"resourceType": kind, "resourceId": name, "arn": recorded[kind, name], "accountId": backend.account_id}
        for kind, name in asked
        if (kind, name) in recorded
    ]
    return json.dumps({"baseConfigurationItems": found, "unprocessedResourceKeys": []})


def _records_iam(backend: ConfigBackend) -> bool:
    return any(
        recorder.recording_group.include_global_resource_types
        or "AWS::IAM::User" in (recorder.recording_group.resource_types or [])
        for recorder in backend.recorders.values()
        if recorder.status.recording
    )


def _iam(backend: ConfigBackend) -> dict[tuple[str, str], str]:
    iam = iam_backends[backend.account_id][backend.partition]
    return {
        **{("AWS::IAM::User", user.id): user.arn for user in iam.users.values()},
        **{("AWS::IAM::Role", role.id): role.arn for role in iam.roles.values()},
        **{("AWS::IAM::Group", group.id): group.arn for group in iam.groups.values()},
        **{("AWS::IAM::Policy", policy.id): policy.arn for policy in iam.managed_policies.values()},
    }


def resource_of(backend: ConfigBackend, name: str) -> tuple[str, str]:
    """The type and the id of ``user/NAME``, ``role/NAME`` or ``policy/NAME``, or of the ``account``."""
    kind, _slash, own = name.partition("/")
    if kind == "account":
        return "AWS::::Account", backend.account_id
    arns = {(found[0], arn.rpartition("/")[2]): found for found, arn in _iam(backend).items()}
    return arns[f"AWS::IAM::{kind.title()}", own]


def list_configuration_recorders(response: ConfigResponse) -> str:
    """ListConfigurationRecorders: those that services made for themselves as well."""
    backend = response.config_backend
    place = f"arn:{backend.partition}:config:{backend.region_name}:{backend.account_id}:configuration-recorder"
    customers = [{"arn": f"{place}/{name}", "name": name, "recordingScope": "PAID"} for name in backend.recorders]
    services = [
        {"arn": f"{place}/{name}", "name": name, "servicePrincipal": service, "recordingScope": "INTERNAL"}
        for name, service in findings_of(backend).service_linked.items()
    ]
    return json.dumps({"ConfigurationRecorderSummaries": [*customers, *services]})


def install() -> None:
    """Add the operations."""
    operations_of(
        ConfigResponse,
        put_config_rule,
        delete_config_rule,
        describe_config_rules,
        describe_compliance_by_config_rule,
        get_compliance_details_by_config_rule,
        batch_get_resource_config,
        list_configuration_recorders,
    )
