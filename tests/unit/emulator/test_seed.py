# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from moto.iam.models import iam_backends

from emulator import seed
from emulator.seed import populate
from unit.emulator.seeded import Seeded, account, serving

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT, PROD, DEV, SANDBOX = "111122223333", "222233334444", "333344445555", "444455556666"


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def report(seeded: Seeded, account_id: str) -> dict[str, dict[str, str]]:
    iam = seeded.client("iam", account_id)
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    text = iam.get_credential_report()["Content"].decode()
    return {row["user"]: row for row in csv.DictReader(text.splitlines())}


def roles_of(seeded: Seeded, account_id: str) -> list[dict[str, t.Any]]:
    details = seeded.client("iam", account_id).get_account_authorization_details(Filter=["Role"], MaxItems=1000)
    return t.cast("list[dict[str, t.Any]]", details["RoleDetailList"])


def test_the_organization_stands(acme: Seeded) -> None:
    organizations = acme.client("organizations")
    described = organizations.describe_organization()["Organization"]
    assert (described["Id"], described["MasterAccountId"]) == ("o-acme123456", ROOT)
    names = {item["Id"]: item["Name"] for item in organizations.list_accounts()["Accounts"]}
    assert names == {ROOT: "acme-management", PROD: "acme-prod", DEV: "acme-dev", SANDBOX: "acme-sandbox"}
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert sorted(unit["Name"] for unit in units) == ["Sandbox", "Workloads"]
    workloads = next(unit["Id"] for unit in units if unit["Name"] == "Workloads")
    inner = organizations.list_organizational_units_for_parent(ParentId=workloads)["OrganizationalUnits"]
    production = next(unit["Id"] for unit in inner if unit["Name"] == "Production")
    assert [item["Id"] for item in organizations.list_accounts_for_parent(ParentId=production)["Accounts"]] == [PROD]
    services = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert "iam.amazonaws.com" in {service["ServicePrincipal"] for service in services}
    # A member sees the organization as well.
    assert acme.client("organizations", PROD).describe_organization()["Organization"]["Id"] == "o-acme123456"


@pytest.mark.parametrize("account_id", [ROOT, PROD, DEV, SANDBOX])
def test_every_account_has_the_roles_of_the_collection(acme: Seeded, account_id: str) -> None:
    arns = {role["Arn"] for role in roles_of(acme, account_id)}
    for name in ("assessor", "automation", "break-glass"):
        assert f"arn:aws:iam::{account_id}:role/iam-hardening/{name}" in arns
    access = f"arn:aws:iam::{account_id}:role/OrganizationAccountAccessRole"
    assert (access in arns) == (account_id != ROOT)


def test_production_has_exactly_seven_active_keys_older_than_90_days(acme: Seeded) -> None:
    old = []
    for name, row in report(acme, PROD).items():
        for number in ("1", "2"):
            if row[f"access_key_{number}_active"] == "true":
                rotated = datetime.fromisoformat(row[f"access_key_{number}_last_rotated"])
                if datetime.now(UTC) - rotated > timedelta(days=90):
                    old.append(name)
    expected = ["dev-alice", "dev-bob", "dev-erin", "svc-backup", "svc-legacy", "svc-monitoring", "svc-reports"]
    assert sorted(old) == expected


def test_deploy_bot_is_the_reference_document_s(acme: Seeded) -> None:
    row = report(acme, PROD)["deploy-bot"]
    assert (row["password_enabled"], row["mfa_active"], row["access_key_1_active"]) == ("false", "false", "true")
    assert timedelta(days=1) < datetime.now(UTC) - datetime.fromisoformat(row["access_key_1_last_used_date"])
    attached = acme.client("iam", PROD).list_attached_user_policies(UserName="deploy-bot")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]


def test_fifteen_developer_roles_are_administrators(acme: Seeded) -> None:
    developers = [role for role in roles_of(acme, DEV) if role["RoleName"].startswith("dev-team-")]
    assert [role["RoleName"] for role in developers] == [f"dev-team-{number:02d}-role" for number in range(1, 16)]
    for role in developers:
        assert [policy["PolicyName"] for policy in role["AttachedManagedPolicies"]] == ["AdministratorAccess"]


def test_the_key_of_a_seeded_user_acts_as_that_user(acme: Seeded) -> None:
    key = seed.access_key_id(PROD, "svc-backup")
    identity = acme.client("sts", keys=(key, seed.secret_access_key(key))).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (PROD, f"arn:aws:iam::{PROD}:user/svc-backup")
    assert len(key) == 20
    assert key.startswith("AKIA")


def test_instances_have_the_profiles_that_the_seed_says(acme: Seeded) -> None:
    def profiles(account_id: str, region: str) -> list[bool]:
        answer = acme.client("ec2", account_id, region=region).describe_instances()
        return ["IamInstanceProfile" in one for found in answer["Reservations"] for one in found["Instances"]]

    assert profiles(PROD, "us-east-1") == [True, True]
    assert profiles(DEV, "us-east-1") == [False, False, True]
    assert profiles(DEV, "eu-west-1") == [False]


def test_recorders_trails_filters_and_alarms_are_there(acme: Seeded) -> None:
    status = acme.client("config", PROD).describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert [(item["recording"], item["lastStatus"]) for item in status] == [(True, "SUCCESS")]
    off = acme.client("config", DEV).describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert [item["recording"] for item in off] == [False]
    trail = acme.client("cloudtrail").describe_trails()["trailList"][0]
    assert (trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"]) == (True, True)
    assert acme.client("cloudtrail").get_trail_status(Name=trail["TrailARN"])["IsLogging"] is True
    filters = acme.client("logs").describe_metric_filters()["metricFilters"]
    assert len(filters) == 5
    alarmed = {alarm["MetricName"] for alarm in acme.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert {item["filterName"] for item in filters} - alarmed == {"iam-policy-changes"}


def test_contacts_providers_and_certificates_are_there(acme: Seeded) -> None:
    security = acme.client("account", PROD).get_alternate_contact(AlternateContactType="SECURITY")
    assert security["AlternateContact"]["EmailAddress"] == "security@acme.example"
    iam = acme.client("iam", PROD)
    assert [item["Arn"] for item in iam.list_saml_providers()["SAMLProviderList"]] == [
        f"arn:aws:iam::{PROD}:saml-provider/AcmeIdp",
        f"arn:aws:iam::{PROD}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE",
    ]
    provider = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"][0]["Arn"]
    assert provider.endswith("oidc-provider/token.actions.githubusercontent.com")
    expiries = {
        item["ServerCertificateName"]: item["Expiration"] > datetime.now(UTC)
        for item in iam.list_server_certificates()["ServerCertificateMetadataList"]
    }
    assert expiries == {"legacy-www": False, "www": True}


def test_the_sandbox_is_shut_out_of_a_region(acme: Seeded) -> None:
    closed = acme.client("accessanalyzer", SANDBOX, region="eu-west-1")
    with pytest.raises(closed.exceptions.AccessDeniedException, match="explicit deny in a service control policy"):
        closed.list_analyzers()
    assert acme.client("accessanalyzer", SANDBOX).list_analyzers()["analyzers"] == []
    assert acme.client("iam", SANDBOX, region="eu-west-1").list_users()["Users"]


def test_every_account_has_another_password_policy(acme: Seeded) -> None:
    lengths = {}
    for account_id in (ROOT, PROD, DEV, SANDBOX):
        iam = acme.client("iam", account_id)
        try:
            lengths[account_id] = iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"]
        except iam.exceptions.NoSuchEntityException:
            lengths[account_id] = None
    assert lengths == {ROOT: 14, PROD: 10, DEV: None, SANDBOX: 6}


def test_gov_lives_in_its_partition() -> None:
    with serving("gov") as gov:
        details = gov.client("iam").get_account_authorization_details(MaxItems=1000)
        arns = [item["Arn"] for key in ("UserDetailList", "RoleDetailList", "Policies") for item in details[key]]
        assert arns
        assert all(arn.startswith("arn:aws-us-gov:iam::") for arn in arns)
        hub = gov.client("securityhub").describe_hub()["HubArn"]
        assert hub.startswith("arn:aws-us-gov:securityhub:us-gov-west-1:")


def test_bare_is_bare() -> None:
    with serving("bare") as bare:
        assert bare.client("iam").list_users()["Users"] == []
        assert bare.client("cloudtrail").describe_trails()["trailList"] == []
        assert bare.client("accessanalyzer").list_analyzers()["analyzers"] == []
        organizations = bare.client("organizations")
        with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
            organizations.describe_organization()


def test_the_same_seed_gives_the_same_account() -> None:
    def identifiers() -> list[str]:
        populate.apply(seed.load("acme", now=NOW), now=NOW)
        backend = iam_backends[PROD]["aws"]
        return [*(user.id for user in backend.users.values()), *backend.roles, *backend.access_keys]

    assert identifiers() == identifiers()


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_policies_of_the_organization_name_its_partition(partition: str) -> None:
    document = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "arn:<partition>:s3:::*"}]}
    settings = {"id": "o-one1234567", "control_policies": {"guard": {"document": document}}}
    organization = seed.load({"organization": settings, **account(partition=partition)}, now=NOW)
    statement = organization.control_policies["guard"].document["Statement"][0]
    assert statement["Resource"] == f"arn:{partition}:s3:::*"


def test_an_unknown_policy_is_named() -> None:
    organization = seed.load(account(users={"bob": {"policies": ["aws:Nothing"]}}), now=NOW)
    with pytest.raises(seed.SeedError, match="users.bob.policies: no policy 'aws:Nothing': write aws:NAME"):
        populate.apply(organization, now=NOW)
