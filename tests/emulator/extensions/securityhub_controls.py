# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub CSPM: controls, their parameters, and their associations with standards."""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.securityhub import urls
from moto.securityhub.exceptions import SecurityHubClientError
from moto.securityhub.models import SecurityHubBackend
from moto.securityhub.responses import SecurityHubResponse

from emulator.extensions.registration import operations_of
from emulator.extensions.securityhub import body_of, check_enabled, check_not_central, hub_of, subscriptions_of
from emulator.extensions.state import clock

_FSBP: t.Final = "aws-foundational-security-best-practices"
_CIS_5: t.Final = "cis-aws-foundations-benchmark/v/5.0.0"
Parameters = dict[str, dict[str, t.Any]]


class Control(t.NamedTuple):
    """A control: its title and severity, parts of the ARNs of its standards, and the defaults of what can be set."""

    title: str
    severity: str
    standards: tuple[str, ...]
    parameters: Parameters = {}


_PASSWORDS: t.Final[Parameters] = {
    **{
        f"Require{kind}": {"Boolean": True}
        for kind in ("UppercaseCharacters", "LowercaseCharacters", "Symbols", "Numbers")
    },
    "MinimumPasswordLength": {"Integer": 8},
}
#: some of the controls; of the ones on IAM, IAM.7 alone can be set
CONTROLS: t.Mapping[str, Control] = {
    "IAM.1": Control('IAM policies should not allow full "*" administrative privileges', "HIGH", (_FSBP,)),
    "IAM.3": Control("IAM users' access keys should be rotated every 90 days or less", "MEDIUM", (_FSBP, _CIS_5)),
    "IAM.6": Control("Hardware MFA should be enabled for the root user", "CRITICAL", (_FSBP, _CIS_5)),
    "IAM.7": Control("Password policies for IAM users should be strong", "MEDIUM", (_FSBP,), _PASSWORDS),
    "IAM.15": Control("IAM password policy should require a minimum length of 14 or more", "MEDIUM", (_CIS_5,)),
    "CloudWatch.16": Control(
        "CloudWatch log groups should be retained for a specified time",
        "MEDIUM",
        (_FSBP,),
        {"minRetentionTime": {"Integer": 365}},
    ),
}


def batch_get_security_controls(response: SecurityHubResponse) -> ActionResult:
    """BatchGetSecurityControls."""
    backend = response.securityhub_backend
    check_enabled(backend)
    wanted = body_of(response)["SecurityControlIds"]
    unknown = [
        {"SecurityControlId": name, "ErrorCode": "RESOURCE_NOT_FOUND", "ErrorReason": "The control was not found"}
        for name in wanted
        if name not in CONTROLS
    ]
    found = [_describe(backend, name) for name in wanted if name in CONTROLS]
    return ActionResult({"SecurityControls": found, "UnprocessedIds": unknown})


def update_security_control(response: SecurityHubResponse) -> ActionResult:
    """UpdateSecurityControl: the parameters that are named; the others stay."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    body = body_of(response)
    name = body["SecurityControlId"]
    if name not in CONTROLS:
        raise SecurityHubClientError("ResourceNotFoundException", f"Security control {name} was not found")
    if not body.get("LastUpdateReason"):
        raise SecurityHubClientError("InvalidInputException", "Invalid parameter LastUpdateReason")
    kept = hub_of(backend).parameters.setdefault(name, {})
    for parameter, given in body["Parameters"].items():
        default = CONTROLS[name].parameters.get(parameter)
        if default is None:
            raise SecurityHubClientError("InvalidInputException", f"Parameter {parameter} is not customizable")
        if given["ValueType"] == "DEFAULT":
            kept.pop(parameter, None)
        elif set(given.get("Value") or ()) != set(default):
            raise SecurityHubClientError("InvalidInputException", f"Invalid value for parameter {parameter}")
        else:
            kept[parameter] = given["Value"]
    return EmptyResult()


def batch_get_standards_control_associations(response: SecurityHubResponse) -> ActionResult:
    """BatchGetStandardsControlAssociations: of controls in standards that are enabled."""
    backend = response.securityhub_backend
    check_enabled(backend)
    found, unprocessed = [], []
    for wanted in body_of(response)["StandardsControlAssociationIds"]:
        if _is_associated(backend, wanted["SecurityControlId"], wanted["StandardsArn"]):
            status, reason = _association(backend, wanted["SecurityControlId"], wanted["StandardsArn"])
            found.append(
                {
                    **wanted,
                    "SecurityControlArn": _arn(backend, wanted["SecurityControlId"]),
                    "AssociationStatus": status,
                    "UpdatedReason": reason,
                    "UpdatedAt": clock(),
                }
            )
        else:
            code = {"ErrorCode": "RESOURCE_NOT_FOUND", "ErrorReason": "The association was not found"}
            unprocessed.append({"StandardsControlAssociationId": wanted, **code})
    return ActionResult({"StandardsControlAssociationDetails": found, "UnprocessedAssociations": unprocessed})


def batch_update_standards_control_associations(response: SecurityHubResponse) -> ActionResult:
    """BatchUpdateStandardsControlAssociations: a reason is needed to disable."""
    backend = response.securityhub_backend
    check_enabled(backend)
    check_not_central(backend)
    unprocessed = []
    for update in body_of(response)["StandardsControlAssociationUpdates"]:
        control, standard = update["SecurityControlId"], update["StandardsArn"]
        status, reason = update["AssociationStatus"], update.get("UpdatedReason") or ""
        if not _is_associated(backend, control, standard):
            problem = "RESOURCE_NOT_FOUND", "The association was not found"
        elif status == "DISABLED" and not reason:
            problem = "INVALID_INPUT", "UpdatedReason is required to disable a control"
        else:
            hub_of(backend).associations[control, standard] = status, reason
            continue
        code, why = problem
        unprocessed.append({"StandardsControlAssociationUpdate": update, "ErrorCode": code, "ErrorReason": why})
    return ActionResult({"UnprocessedAssociationUpdates": unprocessed})


def _describe(backend: SecurityHubBackend, name: str) -> dict[str, t.Any]:
    control = CONTROLS[name]
    custom = hub_of(backend).parameters.get(name, {})
    pairs = [(name, str(item["StandardsArn"])) for item in subscriptions_of(backend).values()]
    enabled = any(_is_associated(backend, *pair) and _association(backend, *pair)[0] == "ENABLED" for pair in pairs)
    parameters: Parameters = {
        parameter: {"ValueType": "CUSTOM", "Value": custom[parameter]}
        if parameter in custom
        else {"ValueType": "DEFAULT", "Value": default}
        for parameter, default in control.parameters.items()
    }
    return {
        "SecurityControlId": name,
        "SecurityControlArn": _arn(backend, name),
        "Title": control.title,
        "Description": control.title,
        "RemediationUrl": f"https://docs.aws.amazon.com/console/securityhub/{name}/remediation",
        "SeverityRating": control.severity,
        "SecurityControlStatus": "ENABLED" if enabled else "DISABLED",
        "UpdateStatus": "READY",
        "Parameters": parameters,
    }


def _arn(backend: SecurityHubBackend, name: str) -> str:
    place = f"{backend.region_name}:{backend.account_id}"
    return f"arn:{backend.partition}:securityhub:{place}:security-control/{name}"


def _is_associated(backend: SecurityHubBackend, name: str, standard: str) -> bool:
    enabled = {item["StandardsArn"] for item in subscriptions_of(backend).values()}
    return standard in enabled and name in CONTROLS and any(part in standard for part in CONTROLS[name].standards)


def _association(backend: SecurityHubBackend, name: str, standard: str) -> tuple[str, str]:
    return hub_of(backend).associations.get((name, standard), ("ENABLED", ""))


def install() -> None:
    """Add the operations with their paths."""
    operations_of(
        SecurityHubResponse,
        batch_get_security_controls,
        update_security_control,
        batch_get_standards_control_associations,
        batch_update_standards_control_associations,
    )
    for path in ("securityControls/batchGet", "securityControl/update", "associations", "associations/batchGet"):
        urls.url_paths[f"{{0}}/{path}$"] = SecurityHubResponse.dispatch
