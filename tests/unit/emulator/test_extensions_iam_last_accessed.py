# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from unit.emulator.seeded import Seeded, serving

DEV, PROD = "333344445555", "222233334444"
DEVELOPER = f"arn:aws:iam::{DEV}:role/dev-team-07-role"


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def details(iam: t.Any, arn: str, granularity: str = "SERVICE_LEVEL") -> dict[str, dict[str, t.Any]]:
    """The finished report by service, over all its pages."""
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity=granularity)["JobId"]
    assert iam.get_service_last_accessed_details(JobId=job)["JobStatus"] == "IN_PROGRESS"
    services: dict[str, dict[str, t.Any]] = {}
    marker: dict[str, str] = {}
    while True:
        page = iam.get_service_last_accessed_details(JobId=job, MaxItems=200, **marker)
        assert (page["JobStatus"], page["JobType"]) == ("COMPLETED", granularity)
        services |= {item["ServiceNamespace"]: item for item in page["ServicesLastAccessed"]}
        if not page["IsTruncated"]:
            return services
        marker = {"Marker": page["Marker"]}


def ago(moment: datetime) -> int:
    return round((datetime.now(UTC) - moment) / timedelta(days=1))


def test_an_administrator_is_granted_every_service_and_used_three(acme: Seeded) -> None:
    services = details(acme.client("iam", DEV), DEVELOPER)
    assert len(services) > 400
    used = {key: ago(item["LastAuthenticated"]) for key, item in services.items() if "LastAuthenticated" in item}
    assert used == {"s3": 1, "lambda": 2, "dynamodb": 4}
    assert services["s3"]["ServiceName"] == "Amazon S3"
    assert services["s3"]["LastAuthenticatedEntity"] == DEVELOPER
    assert (services["s3"]["TotalAuthenticatedEntities"], services["ec2"]["TotalAuthenticatedEntities"]) == (1, 0)
    assert "TrackedActionsLastAccessed" not in services["s3"]


def test_a_job_is_complete_once_its_time_has_passed(acme: Seeded) -> None:
    iam = acme.client("iam", DEV)
    job = iam.generate_service_last_accessed_details(Arn=DEVELOPER)["JobId"]
    time.sleep(0.4)
    assert iam.get_service_last_accessed_details(JobId=job)["JobStatus"] == "COMPLETED"


def test_actions_are_listed_used_or_not(acme: Seeded) -> None:
    services = details(acme.client("iam", DEV), DEVELOPER, "ACTION_LEVEL")
    tracked = services["s3"]["TrackedActionsLastAccessed"]
    used = {item["ActionName"]: ago(item["LastAccessedTime"]) for item in tracked if "LastAccessedTime" in item}
    assert used == {"ListAllMyBuckets": 1, "CreateBucket": 60}
    names = {item["ActionName"] for item in tracked}
    assert "DeleteBucket" in names
    assert "GetObject" not in names


def test_only_granted_services_are_listed(acme: Seeded) -> None:
    services = details(acme.client("iam", PROD), f"arn:aws:iam::{PROD}:policy/BackupPolicy")
    assert list(services) == ["s3"]


def test_a_user_has_its_group_s_services(acme: Seeded) -> None:
    services = details(acme.client("iam", DEV), f"arn:aws:iam::{DEV}:user/data-judy")
    assert set(services) == {"kms", "sagemaker", "bedrock", "s3"}
    assert (ago(services["sagemaker"]["LastAuthenticated"]), ago(services["bedrock"]["LastAuthenticated"])) == (130, 95)
    assert "LastAuthenticated" not in services["kms"]


def test_calls_to_the_emulator_count(acme: Seeded) -> None:
    acme.client("dynamodb", DEV).list_tables()
    arn = f"arn:aws:iam::{DEV}:role/iam-hardening/automation"
    iam = acme.client("iam", DEV)
    services = details(iam, arn)
    assert ago(services["dynamodb"]["LastAuthenticated"]) == 0
    role = iam.get_role(RoleName="automation")["Role"]["RoleLastUsed"]
    assert (ago(role["LastUsedDate"]), role["Region"]) == (0, "us-east-1")


def test_jobs_and_principals_must_exist(acme: Seeded) -> None:
    iam = acme.client("iam", DEV)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{DEV}:role/nobody")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_service_last_accessed_details(JobId="00000000-0000-0000-0000-000000000000")
    # A job is its account's: another account does not know it.
    job = iam.generate_service_last_accessed_details(Arn=DEVELOPER)["JobId"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        acme.client("iam", PROD).get_service_last_accessed_details(JobId=job)
