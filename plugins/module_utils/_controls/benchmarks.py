# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The CIS AWS Foundations benchmarks that scores are counted against.

Numbers as published; titles are this project's own. In scope are the recommendations on identity, on the services that
watch over it, and on monitoring; ``recommendations`` counts those of the whole benchmark, so that a score never looks
like more than it is. The others are listed without a control, so that an auditor sees what is not assessed.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """``recommendations`` is the number of all recommendations.

    ``titles`` has those in scope here, by id, and ``others`` the rest.
    """

    id: str
    title: str
    recommendations: int
    titles: Mapping[str, str]
    others: Mapping[str, str]


# Title, then the ids in 7.0, 5.0 and 3.0; "" where a version has no such recommendation.
_ROWS: t.Final = (
    ("Root access to member accounts is managed centrally", "2.1.1", "", ""),
    ("Guardrail policies cover all accounts of the organization", "2.1.2", "", ""),
    ("The management account runs no workloads", "2.1.3", "", ""),
    ("Organizational units follow environment and sensitivity", "2.1.4", "", ""),
    ("A delegated administrator manages the organization's policies", "2.1.5", "", ""),
    ("Delegated administrators manage the integrated services", "2.1.6", "", ""),
    ("The account's contact details are up to date", "2.2", "1.1", "1.1"),
    ("A security contact is registered", "2.3", "1.2", "1.2"),
    ("Security questions are registered", "", "", "1.3"),
    ("Root has no access key", "2.4", "1.3", "1.4"),
    ("Root has MFA", "2.5", "1.4", "1.5"),
    ("Root's MFA is hardware", "2.6", "1.5", "1.6"),
    ("Root is not used for daily work", "2.7", "1.6", "1.7"),
    ("Passwords have at least 14 characters", "2.8", "1.7", "1.8"),
    ("Passwords can't be reused", "2.9", "1.8", "1.9"),
    ("Users with a console password have MFA", "2.10", "1.9", "1.10"),
    ("Console users get no access key at setup", "", "1.10", "1.11"),
    ("Credentials unused for 45 days are disabled", "2.11", "1.11", "1.12"),
    ("Each user has one active access key", "", "1.12", "1.13"),
    ("Access keys are rotated within 90 days", "2.12", "1.13", "1.14"),
    ("Users get permissions through groups only", "2.13", "1.14", "1.15"),
    ("No policy with full administrative rights is attached", "2.14", "1.15", "1.16"),
    ("There is a role for incidents with AWS Support", "2.15", "1.16", "1.17"),
    ("Instances act through instance roles", "2.16", "1.17", "1.18"),
    ("Expired server certificates are removed", "2.17", "1.18", "1.19"),
    ("An external access analyzer watches every region", "2.18", "1.19", "1.20"),
    ("People are managed centrally and federated", "2.19", "1.20", "1.21"),
    ("Full CloudShell access is restricted", "2.20", "1.21", "1.22"),
    ("Resource policies admit no anonymous principal", "2.21", "", ""),
    ("CloudTrail covers every region", "4.1", "3.1", "3.1"),
    ("CloudTrail validates its log files", "4.2", "3.2", "3.2"),
    ("AWS Config records in every region", "4.3", "3.3", "3.3"),
    ("CloudTrail encrypts its logs with KMS keys", "4.5", "3.5", "3.5"),
    ("Unauthorized API calls are monitored", "5.1", "4.1", "4.1"),
    ("Console sign-in without MFA is monitored", "5.2", "4.2", "4.2"),
    ("Use of root is monitored", "5.3", "4.3", "4.3"),
    ("Changes of IAM policies are monitored", "5.4", "4.4", "4.4"),
    ("Changes of CloudTrail are monitored", "5.5", "4.5", "4.5"),
    ("Failed console sign-ins are monitored", "5.6", "4.6", "4.6"),
    ("Disabling and deletion of KMS keys is monitored", "5.7", "4.7", "4.7"),
    ("Changes of bucket policies are monitored", "5.8", "4.8", "4.8"),
    ("Changes of AWS Config are monitored", "5.9", "4.9", "4.9"),
    ("Changes of security groups are monitored", "5.10", "4.10", "4.10"),
    ("Changes of network ACLs are monitored", "5.11", "4.11", "4.11"),
    ("Changes of network gateways are monitored", "5.12", "4.12", "4.12"),
    ("Changes of route tables are monitored", "5.13", "4.13", "4.13"),
    ("Changes of VPCs are monitored", "5.14", "4.14", "4.14"),
    ("Changes of the organization are monitored", "5.15", "4.15", "4.15"),
    ("Security Hub is on", "5.16", "4.16", "4.16"),
)

# The same of the recommendations that are out of scope here.
_OTHERS: t.Final = (
    ("Bucket policies refuse plain HTTP", "3.1.1", "2.1.1", "2.1.1"),
    ("Buckets need MFA to delete", "3.1.2", "2.1.2", "2.1.2"),
    ("Data in S3 is discovered, classified and protected", "3.1.3", "2.1.3", "2.1.3"),
    ("Buckets block public access", "3.1.4", "2.1.4", "2.1.4"),
    ("Databases in RDS are encrypted", "3.2.1", "2.2.1", "2.3.1"),
    ("Databases in RDS get minor upgrades by themselves", "3.2.2", "2.2.2", "2.3.2"),
    ("Databases in RDS are not public", "3.2.3", "2.2.3", "2.3.3"),
    ("Databases in RDS run in several zones", "3.2.4", "2.2.4", ""),
    ("File systems in EFS are encrypted", "3.3.1", "2.3.1", "2.4.1"),
    ("Access to the bucket of CloudTrail is logged", "4.4", "3.4", "3.4"),
    ("Symmetric KMS keys of customers rotate", "4.6", "3.6", "3.6"),
    ("VPCs log their flows", "4.7", "3.7", "3.7"),
    ("Writes of objects in S3 are logged", "4.8", "3.8", "3.8"),
    ("Reads of objects in S3 are logged", "4.9", "3.9", "3.9"),
    ("Managed web front ends log access", "4.10", "", ""),
    ("EBS volumes are encrypted in every region", "6.1.1", "5.1.1", "2.2.1"),
    ("CIFS is open to trusted networks only", "6.1.2", "5.1.2", ""),
    ("Network ACLs close administration ports to the internet", "6.2", "5.2", "5.1"),
    ("Security groups close administration ports to IPv4", "6.3", "5.3", "5.2"),
    ("Security groups close administration ports to IPv6", "6.4", "5.4", "5.3"),
    ("Default security groups admit nothing", "6.5", "5.5", "5.4"),
    ("Routes to peered VPCs are narrow", "6.6", "5.6", "5.5"),
    ("Instances accept IMDSv2 only", "6.7", "5.7", "5.6"),
    ("AWS services are reached through VPC endpoints", "6.8", "", ""),
)


def _benchmark(version: str, column: int, recommendations: int) -> Benchmark:
    titles, others = ({row[column]: row[0] for row in rows if row[column]} for rows in (_ROWS, _OTHERS))
    return Benchmark(f"cis_{version}", f"CIS AWS Foundations Benchmark v{version}.0", recommendations, titles, others)


BENCHMARKS: t.Final[Mapping[str, Benchmark]] = {
    benchmark.id: benchmark
    for benchmark in (_benchmark("7.0", 1, 70), _benchmark("5.0", 2, 63), _benchmark("3.0", 3, 62))
}
# The newest first, and beside it the newest that Security Hub knows.
DEFAULT_BENCHMARKS: t.Final = ("cis_7.0", "cis_5.0")
FRAMEWORKS: t.Final[Mapping[str, str]] = {
    **{benchmark.id: benchmark.title for benchmark in BENCHMARKS.values()},
    "security_hub": "AWS Security Hub CSPM controls",
    "nist_800_53": "NIST SP 800-53 Rev. 5",
    "pci_4.0": "PCI DSS v4.0.1",
    "soc2": "SOC 2 trust services criteria",
}
