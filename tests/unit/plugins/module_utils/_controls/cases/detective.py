# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that watch: AWS Config, Security Hub, Access Analyzer and CloudTrail."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer, Trail
from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import HubFinding

from ..case_tables import cases
from ..config_samples import recorder
from ..hub_samples import CIS_3, CIS_5, CIS_OLD, FSBP, hub, off, subscription
from ..hub_samples import account as with_hubs
from ..samples import ACCOUNT, arn, days_ago, snapshot, unread
from .case import Case

_HOME, _OTHER, _NEW = "us-east-1", "eu-west-1", "il-central-1"
_BOTH: t.Final = (_HOME, _OTHER)
_CONFIG: t.Final = "CIS AWS Foundations 7.0, 4.3: allSupported, recording and lastStatus SUCCESS in every region"
_GROUP: t.Final = "https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html"
_EXCLUSION: t.Final = "https://docs.aws.amazon.com/config/latest/APIReference/API_ExclusionByResourceTypes.html"
_CONFIG_1: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/config-controls.html#config-1"
_HUB: t.Final = "CIS AWS Foundations 7.0, 5.16: AWS Security Hub is enabled"
_STANDARDS: t.Final = "https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_StandardsSubscription.html"
_ANALYZER: t.Final = "CIS AWS Foundations 7.0, 2.18: an external access analyzer is ACTIVE in every region"
_SUMMARY: t.Final = "https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalyzerSummary.html"
_TRAIL: t.Final = "CIS AWS Foundations 7.0, 4.1: CloudTrail is enabled in all regions and logs management events"
_STATUS: t.Final = "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html"
_VALIDATION: t.Final = "CIS AWS Foundations 7.0, 4.2: log file validation is enabled on all trails"
_KEYS: t.Final = "CIS AWS Foundations 7.0, 4.5: CloudTrail logs are encrypted with KMS keys"
_WATCHED: t.Final = "CIS AWS Foundations 7.0, 5.1: a trail that logs delivers to a log group with a metric filter"
_ROLE: t.Final = "https://docs.aws.amazon.com/config/latest/developerguide/using-service-linked-roles.html"

Build = t.Callable[[], Snapshot]
_IAM: t.Final = tuple(f"AWS::IAM::{kind}" for kind in ("User", "Group", "Role", "Policy"))
_SOME: t.Final = {"all_supported": False, "includes_global_types": False}


def _recorders(*recorders: t.Any, regions: tuple[str, ...] = (_HOME,), **fields: t.Any) -> Build:
    return lambda: snapshot(regions=regions, config_recorders=recorders, **fields)


def _hubs(*hubs: t.Any, failed: t.Sequence[str] = (), **fields: t.Any) -> Build:
    findings = tuple(
        HubFinding(_HOME, control, arn("user", "alice"), "MEDIUM", "title", f"finding-{control}") for control in failed
    )
    return lambda: with_hubs(*hubs, security_hub_findings=findings, **fields)


def _analyzers(*analyzers: tuple[str, str, str], regions: tuple[str, ...] = (_HOME,)) -> Build:
    """Analyzers by type, status and region."""
    found = tuple(
        Analyzer(f"a{number}", f"arn:a{number}", region, kind, state)
        for number, (kind, state, region) in enumerate(analyzers)
    )
    return lambda: snapshot(regions=regions, analyzers=found)


_NARROWED: t.Final = "https://docs.aws.amazon.com/config/latest/developerguide/multi-region-cloudtrail-enabled.html"


def _trail(name: str = "main", owner: str = ACCOUNT, **fields: t.Any) -> Trail:
    values: dict[str, t.Any] = {
        "arn": f"arn:aws:cloudtrail:{_HOME}:{owner}:trail/{name}",
        "home_region": _HOME,
        "is_multi_region": True,
        "is_organization": owner != ACCOUNT,
        "is_logging": True,
        "log_file_validation": True,
        "kms_key_id": "key",
        "bucket": "logs",
        "log_group_arn": f"arn:aws:logs:{_HOME}:{owner}:log-group:trail:*",
        "last_delivery": days_ago(0),
        "logs_management_events": True,
        "log_group_delivery": days_ago(0),
    }
    return Trail(name=name, **{**values, **fields})


def _trails(*trails: Trail, **fields: t.Any) -> Build:
    return lambda: snapshot(trails=trails, **fields)


_UNREAD: t.Final = {"regions": _BOTH, "unread": (unread(Dataset.TRAILS, region=_OTHER),)}
_UNREAD_RECORDERS: t.Final = (unread(Dataset.CONFIG_RECORDERS, region=_OTHER),)
_FOREIGN: t.Final = _trail(owner="999988887777", is_logging=None, logs_management_events=None)
_OWN_ROLE: t.Final = arn("role", "config-role")

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "config_recorder",
        _CONFIG,
        FAIL={
            "no recorder": _recorders(),
            "stopped": _recorders(recorder(recording=False)),
            "failing": _recorders(recorder(last_status="FAILURE")),
            "failing, as the API reference spells it": _recorders(recorder(last_status="Failure")),
            "one type": _recorders(recorder(all_supported=False, resource_types=("AWS::EC2::Instance",))),
            "IAM's types only": _recorders(recorder(all_supported=False, resource_types=_IAM)),
            "all but security groups": _recorders(recorder(**_SOME, excluded_types=("AWS::EC2::SecurityGroup",))),
            "all but IAM's types and buckets": _recorders(recorder(**_SOME, excluded_types=(*_IAM, "AWS::S3::Bucket"))),
            "in another region only": _recorders(recorder(_OTHER)),
        },
        PASS={
            "all types": _recorders(recorder()),
            "all types, IAM's aside": _recorders(recorder(includes_global_types=False)),
        },
        NOT_ASSESSED={
            "started just now": _recorders(recorder(last_status="PENDING")),
            "without a status": _recorders(recorder(last_status=None)),
        },
    ),
    *cases(
        "config_recorder",
        _EXCLUSION,
        PASS={
            "an exclusion without types": _recorders(recorder(all_supported=False)),
            "all but IAM's types, recorded elsewhere": _recorders(recorder(**_SOME, excluded_types=_IAM)),
        },
    ),
    *cases(
        "config_records_iam",
        _GROUP,
        FAIL={
            "all types, IAM's aside": _recorders(recorder(includes_global_types=False)),
            "in a region that can't record IAM": _recorders(
                recorder(_NEW, includes_global_types=True), regions=(_NEW,)
            ),
            "of IAM's types the users only": _recorders(recorder(**_SOME, resource_types=_IAM[:1])),
            "all but roles": _recorders(recorder(**_SOME, excluded_types=("AWS::IAM::Role",))),
            "where it fails": _recorders(recorder(last_status="FAILURE"), recorder(_OTHER), regions=_BOTH),
            "where it is stopped": _recorders(recorder(recording=False), recorder(_OTHER), regions=_BOTH),
        },
        PASS={
            "in one of two regions": _recorders(recorder(), recorder(_OTHER), regions=_BOTH),
            "in a region of choice": _recorders(
                recorder(includes_global_types=False),
                recorder(_OTHER, includes_global_types=True),
                regions=_BOTH,
            ),
            "IAM's types only": _recorders(recorder(**_SOME, resource_types=_IAM)),
        },
        NOT_ASSESSED={
            "a recorder that has not recorded yet": _recorders(recorder(last_status="PENDING")),
            "a recorder without a status": _recorders(recorder(last_status=None)),
            "maybe in a region that was not read": _recorders(
                recorder(includes_global_types=False), regions=_BOTH, unread=_UNREAD_RECORDERS
            ),
        },
        NOT_APPLICABLE={"nothing is recorded": _recorders()},
    ),
    *cases(
        "config_iam_recorded_once",
        _GROUP,
        FAIL={
            "in two regions": _recorders(recorder(), recorder(_OTHER, includes_global_types=True), regions=_BOTH),
            "by type in the second": _recorders(
                recorder(), recorder(_OTHER, **_SOME, resource_types=_IAM), regions=_BOTH
            ),
            "in three regions": _recorders(
                *(recorder(region, includes_global_types=True) for region in (_HOME, _OTHER, "us-west-2")),
                regions=(_HOME, _OTHER, "us-west-2"),
            ),
        },
        PASS={
            "in one of two": _recorders(recorder(), recorder(_OTHER), regions=_BOTH),
            "in one, and in one that can't": _recorders(
                recorder(), recorder(_NEW, includes_global_types=True), regions=(_HOME, _NEW)
            ),
        },
    ),
    *cases(
        "config_recorder_role",
        _ROLE,
        FAIL={
            "a role of the account": _recorders(recorder(role_arn=_OWN_ROLE)),
            "a role that is called like AWS's": _recorders(recorder(role_arn=arn("role", "AWSServiceRoleForConfig"))),
            "the role of another service": _recorders(
                recorder(role_arn=arn("role", "aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"))
            ),
        },
        PASS={
            "AWS Config's": _recorders(recorder()),
            "AWS Config's, of a stopped recorder": _recorders(recorder(recording=False)),
        },
        NOT_ASSESSED={"none that is known": _recorders(recorder(role_arn=None))},
    ),
    *cases(
        "security_hub",
        _HUB,
        FAIL={
            "off": _hubs(off()),
            "without a standard": _hubs(hub()),
            "with a standard that failed": _hubs(hub(subscription(FSBP, "FAILED"))),
            "with a standard that is being disabled": _hubs(hub(subscription(FSBP, "DELETING"))),
        },
        PASS={
            "with a standard": _hubs(hub(subscription(FSBP))),
            "with a failed standard beside": _hubs(hub(subscription(FSBP), subscription(CIS_5, "FAILED"))),
        },
    ),
    *cases(
        "security_hub_standards",
        _STANDARDS,
        FAIL={
            "of 2018": _hubs(hub(subscription(FSBP), subscription(CIS_OLD))),
            "failed": _hubs(hub(subscription(FSBP, "FAILED"), subscription(CIS_5))),
            "an older version": _hubs(hub(subscription(FSBP), subscription(CIS_3))),
            "none": _hubs(hub()),
        },
        PASS={
            "both": _hubs(hub(subscription(FSBP), subscription(CIS_5))),
            "both, and one that failed": _hubs(
                hub(subscription(FSBP), subscription(CIS_5), subscription(CIS_3, "FAILED"))
            ),
        },
        NOT_ASSESSED={"not ready": _hubs(hub(subscription(FSBP), subscription(CIS_5, "PENDING")))},
    ),
    *cases(
        "security_hub_iam_failed",
        _STANDARDS,
        FAIL={
            "a user without MFA": _hubs(hub(subscription(FSBP)), failed=["IAM.5"]),
            "two controls": _hubs(hub(subscription(FSBP)), failed=["IAM.3", "IAM.8"]),
            "of a standard that is not whole": _hubs(hub(subscription(FSBP, "INCOMPLETE")), failed=["IAM.4"]),
        },
        PASS={
            "nothing failed": _hubs(hub(subscription(FSBP))),
            "nothing failed, by one of two standards": _hubs(hub(subscription(FSBP), subscription(CIS_5, "PENDING"))),
        },
        NOT_ASSESSED={
            "no standard judges": _hubs(hub()),
            "the standard failed": _hubs(hub(subscription(FSBP, "FAILED"))),
            "the standard is not ready": _hubs(hub(subscription(FSBP, "PENDING"))),
        },
        NOT_APPLICABLE={"off": _hubs(off())},
    ),
    *cases(
        "external_access_analyzer",
        _ANALYZER,
        FAIL={
            "none": _analyzers(),
            "being created": _analyzers(("ACCOUNT", "CREATING", _HOME)),
            "failed": _analyzers(("ACCOUNT", "FAILED", _HOME)),
            "disabled": _analyzers(("ORGANIZATION", "DISABLED", _HOME)),
            "in another region": _analyzers(("ACCOUNT", "ACTIVE", _OTHER)),
            "in one of two regions": _analyzers(("ACCOUNT", "ACTIVE", _HOME), regions=_BOTH),
        },
        PASS={
            "of the account": _analyzers(("ACCOUNT", "ACTIVE", _HOME)),
            "of the organization, beside one that failed": _analyzers(
                ("ORGANIZATION", "ACTIVE", _HOME), ("ACCOUNT", "FAILED", _HOME)
            ),
        },
    ),
    *cases(
        "external_access_analyzer",
        _SUMMARY,
        FAIL={"of unused access": _analyzers(("ACCOUNT_UNUSED_ACCESS", "ACTIVE", _HOME))},
    ),
    *cases(
        "trail_multi_region",
        _TRAIL,
        FAIL={
            "none": _trails(),
            "one region": _trails(_trail(is_multi_region=False)),
            "stopped": _trails(_trail(is_logging=False)),
            "without management events": _trails(_trail(logs_management_events=False)),
            "stopped, beside one of one region": _trails(_trail(is_logging=False), _trail("b", is_multi_region=False)),
        },
        PASS={
            "of all regions": _trails(_trail()),
            "of all regions, beside a stopped one": _trails(_trail(), _trail("b", is_logging=False)),
        },
        NOT_ASSESSED={
            "of the organization, seen from a member": _trails(_FOREIGN),
            "whose event selectors were not read": _trails(_trail(logs_management_events=None)),
            "maybe in a region that was not read": _trails(**_UNREAD),
        },
    ),
    *cases(
        "trail_multi_region",
        _STATUS,
        FAIL={"that delivered nothing in 400 days": _trails(_trail(last_delivery=days_ago(400)))},
        NOT_ASSESSED={"of which no delivery is known": _trails(_trail(last_delivery=None))},
    ),
    *cases(
        "trail_multi_region",
        _NARROWED,
        FAIL={"without the events of KMS": _trails(_trail(excluded_sources=("kms.amazonaws.com",)))},
        PASS={
            "of all events, beside one without KMS": _trails(
                _trail(excluded_sources=("kms.amazonaws.com",)), _trail("b")
            )
        },
    ),
    *cases(
        "trail_log_group",
        _WATCHED,
        FAIL={
            "no trail": _trails(),
            "no log group": _trails(_trail(log_group_arn=None)),
            "a stopped trail": _trails(_trail(is_logging=False)),
            "a trail without management events": _trails(_trail(logs_management_events=False)),
            "a trail that delivers no more": _trails(_trail(last_delivery=days_ago(30))),
            "a log group that gets nothing more": _trails(_trail(log_group_delivery=days_ago(30))),
            "a log group that refuses": _trails(_trail(log_group_error="AccessDenied")),
        },
        PASS={
            "a log group": _trails(_trail()),
            "a log group, beside a stopped trail": _trails(_trail(is_logging=False), _trail("b")),
        },
        NOT_ASSESSED={
            "of the organization, seen from a member": _trails(_FOREIGN),
            "of a trail whose status was not read": _trails(_trail(is_logging=None)),
            "of a trail that never delivered to it": _trails(_trail(log_group_delivery=None)),
        },
    ),
    *(
        case
        for control, source, bad in (
            ("trail_log_validation", _VALIDATION, {"log_file_validation": False}),
            ("trail_encrypted", _KEYS, {"kms_key_id": None}),
        )
        for case in cases(
            control,
            source,
            FAIL={
                "the only trail": _trails(_trail(**bad)),
                "one of two": _trails(_trail(), _trail("b", **bad)),
                "a stopped one": _trails(_trail(), _trail("b", is_logging=False, **bad)),
            },
            PASS={
                "all": _trails(_trail(), _trail("b")),
                "all of its own": _trails(_trail(), dataclasses.replace(_FOREIGN, **bad)),
            },
            NOT_ASSESSED={"maybe of a region that was not read": _trails(_trail(), **_UNREAD)},
            NOT_APPLICABLE={"none of its own": _trails(dataclasses.replace(_FOREIGN, **bad))},
        )
    ),
)
