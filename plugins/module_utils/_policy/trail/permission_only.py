# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Actions that no operation of an API has: a caller needs them for other calls, whose events do not name them.

The service authorization reference marks them as "permission only". A record of all events says nothing of them. The
table has those that roles of teams are likely to need. Others are derived from the requests (``further``).
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

#: The reference, with the page of each service.
SOURCE: t.Final = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)

PERMISSION_ONLY: t.Final[Mapping[str, str]] = {
    "backup": "CopyFromBackupVault CopyIntoBackupVault",
    "bedrock": "CallWithBearerToken",
    "dynamodb": (
        "CreateTableReplica DeleteTableReplica ReadDataForReplication ReplicateSettings RestoreTableFromAwsBackup "
        "StartAwsBackupJob WriteDataForReplication"
    ),
    "ecr": "BatchImportUpstreamImage ReplicateImage",
    "eks": "AccessKubernetesApi MutateViaKubernetesApi",
    "elasticfilesystem": "Backup ReplicationRead ReplicationWrite Restore",
    "events": "InvokeApiDestination RetrieveConnectionCredentials",
    "glue": "PassConnection",
    "lambda": "DisableReplication EnableReplication PassCapacityProvider PassNetworkConnector",
    "logs": "Unmask",
    "rds": "CrossRegionCommunication",
    "redshift": "CreateClusterUser JoinGroup",
    "sts": "GetServiceBearerToken",
}
_NAMES: t.Final = frozenset(
    f"{service}:{name}".lower() for service, names in PERMISSION_ONLY.items() for name in names.split()
)


def is_permission_only(action: str) -> bool:
    """Whether no event names an action, in any case."""
    return action.lower() in _NAMES
