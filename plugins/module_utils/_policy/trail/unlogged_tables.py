# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The actions that CloudTrail never records, by AWS's pages.

If the pages leave room for doubt, an action is in the table: it then stays unknown instead of unused.
"""

from __future__ import annotations

import dataclasses
import typing as t

_DOCS: t.Final = "https://docs.aws.amazon.com"


@dataclasses.dataclass(frozen=True)
class Unlogged:
    """Actions that leave no event, whatever the selectors of the trail say."""

    service: str
    names: tuple[str, ...]
    reason: str
    source: str


def _never(service: str, names: str, reason: str, page: str) -> Unlogged:
    return Unlogged(service, tuple(names.split()), reason, f"{_DOCS}/{page}")


_INSIDE: t.Final = "the call goes to the resource itself, which checks the permission and writes no event"
_MEASURES: t.Final = "CloudTrail does not record calls that write or read measurements"
_RARE: t.Final = "CloudTrail records it at most as a data event, which trails hardly ever select"
NEVER_LOGGED: t.Final[tuple[Unlogged, ...]] = (
    _never(
        "rds-db",
        "connect",
        "a connection to a database is no call of an API",
        "AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
    ),
    _never(
        "cloudwatch",
        "PutMetricData",
        _RARE,
        "AmazonCloudWatch/latest/monitoring/logging_cw_api_calls.html",
    ),
    _never(
        "ssmmessages",
        "*",
        _RARE,
        "systems-manager/latest/userguide/monitoring-cloudtrail-logs.html",
    ),
    _never(
        "ec2messages",
        "*",
        "agents hold channels open, which write no event",
        "systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html",
    ),
    _never(
        "logs",
        "PutLogEvents",
        "CloudTrail does not record the writing of log events",
        "AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html",
    ),
    _never(
        "xray",
        "GetSampling* PutTelemetryRecords",
        "CloudTrail does not record the calls of X-Ray's agents",
        "xray/latest/devguide/xray-api-cloudtrail.html",
    ),
    _never(
        "execute-api",
        "*",
        "calls of an API behind API Gateway are in its access logs only",
        "apigateway/latest/developerguide/cloudtrail.html",
    ),
    _never(
        "iot",
        "Connect Publish Receive RetainPublish Subscribe",
        "messages of devices are in the logs of AWS IoT only",
        "iot/latest/developerguide/iot-using-cloudtrail.html",
    ),
    _never(
        "sagemaker",
        "InvokeEndpoint InvokeEndpointAsync",
        "CloudTrail records all calls of SageMaker but those of its endpoints",
        "sagemaker/latest/dg/logging-using-cloudtrail.html",
    ),
    _never(
        "timestream",
        "WriteRecords",
        "CloudTrail does not record the writing of records",
        "timestream/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never(
        "es",
        "ESHttp* ESCrossClusterGet",
        _INSIDE,
        "opensearch-service/latest/developerguide/managedomains-cloudtrailauditing.html",
    ),
    _never(
        "aoss",
        "APIAccessAll DashboardsAccessAll",
        _INSIDE,
        "opensearch-service/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never("elasticache", "Connect", _INSIDE, "AmazonElastiCache/latest/dg/auth-iam.html"),
    _never("memorydb", "Connect", _INSIDE, "memorydb/latest/devguide/auth-iam.html"),
    _never("elasticfilesystem", "Client*", _INSIDE, "efs/latest/ug/iam-access-control-nfs-efs.html"),
    _never("kafka-cluster", "*", _INSIDE, "msk/latest/developerguide/iam-access-control.html"),
    _never("neptune-db", "*", _INSIDE, "neptune/latest/userguide/cloudtrail.html"),
    _never(
        "dax",
        "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem Query Scan UpdateItem",
        _INSIDE,
        "amazondynamodb/latest/developerguide/logging-using-cloudtrail.html",
    ),
    _never(
        "aps",
        "GetLabels GetMetricMetadata GetSeries QueryMetrics RemoteWrite",
        _MEASURES,
        "prometheus/latest/userguide/logging-using-cloudtrail.html",
    ),
    _never(
        "mediastore",
        "DeleteObject DescribeObject GetObject ListItems PutObject",
        _INSIDE,
        "mediastore/latest/ug/logging-using-cloudtrail.html",
    ),
    _never(
        "importexport",
        "*",
        "CloudTrail does not support AWS Import/Export",
        "awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html",
    ),
)
