# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import Seeded, account, serving

PROD, DEV = "222233334444", "333344445555"


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    with serving(account()) as seeded:
        yield seeded


def test_an_analyzer_is_created_read_and_deleted(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    arn = client.create_analyzer(analyzerName="a", type="ACCOUNT", tags={"owner": "us"})["arn"]
    assert arn == "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/a"
    got = client.get_analyzer(analyzerName="a")["analyzer"]
    assert (got["arn"], got["type"], got["status"], got["tags"]) == (arn, "ACCOUNT", "ACTIVE", {"owner": "us"})
    assert client.list_analyzers()["analyzers"] == [got]
    client.delete_analyzer(analyzerName="a")
    with pytest.raises(client.exceptions.ResourceNotFoundException) as raised:
        client.get_analyzer(analyzerName="a")
    assert raised.value.response["resourceId"] == "a"
    roles = {role["RoleName"] for role in one.client("iam").list_roles()["Roles"]}
    assert roles == {"AWSServiceRoleForAccessAnalyzer"}


def test_a_region_has_its_own_analyzers(one: Seeded) -> None:
    one.client("accessanalyzer").create_analyzer(analyzerName="a", type="ACCOUNT")
    assert one.client("accessanalyzer", region="eu-west-1").list_analyzers()["analyzers"] == []


def test_lists_filter_by_type_and_page(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    client.create_analyzer(analyzerName="external", type="ACCOUNT")
    client.create_analyzer(analyzerName="unused", type="ACCOUNT_UNUSED_ACCESS")
    unused = client.list_analyzers(type="ACCOUNT_UNUSED_ACCESS")["analyzers"]
    assert [(item["name"], "configuration" in item) for item in unused] == [("unused", False)]
    whole = client.get_analyzer(analyzerName="unused")["analyzer"]
    assert whole["configuration"] == {"unusedAccess": {"unusedAccessAge": 90}}
    first = client.list_analyzers(maxResults=1)
    second = client.list_analyzers(maxResults=1, nextToken=first["nextToken"])
    assert [item["name"] for item in (*first["analyzers"], *second["analyzers"])] == ["external", "unused"]
    assert "nextToken" not in second
    with pytest.raises(client.exceptions.ValidationException):
        client.list_analyzers(nextToken="what")


def test_names_and_types_are_taken_once(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    client.create_analyzer(analyzerName="a", type="ACCOUNT")
    with pytest.raises(client.exceptions.ConflictException):
        client.create_analyzer(analyzerName="a", type="ACCOUNT_UNUSED_ACCESS")
    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as raised:
        client.create_analyzer(analyzerName="b", type="ACCOUNT")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402


def test_tags_are_kept_by_arn(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    arn = client.create_analyzer(analyzerName="a", type="ACCOUNT", tags={"a": "1"})["arn"]
    client.tag_resource(resourceArn=arn, tags={"b": "2", "c": "3"})
    client.untag_resource(resourceArn=arn, tagKeys=["a", "c"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(resourceArn=f"{arn}-2")


def test_archive_rules_live_in_their_analyzer(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    public, ours = {"isPublic": {"eq": ["false"]}}, {"resource": {"contains": ["ours"]}}
    rules = [{"ruleName": "first", "filter": public}]
    client.create_analyzer(analyzerName="a", type="ACCOUNT", archiveRules=rules)
    client.create_archive_rule(analyzerName="a", ruleName="second", filter=ours)
    client.update_archive_rule(analyzerName="a", ruleName="first", filter=ours)
    listed = client.list_archive_rules(analyzerName="a")["archiveRules"]
    assert [(rule["ruleName"], rule["filter"]) for rule in listed] == [("first", ours), ("second", ours)]
    with pytest.raises(client.exceptions.ConflictException):
        client.create_archive_rule(analyzerName="a", ruleName="second", filter=public)
    client.delete_archive_rule(analyzerName="a", ruleName="first")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_archive_rule(analyzerName="a", ruleName="first")


def test_an_update_changes_the_tracking_period(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    client.create_analyzer(analyzerName="u", type="ACCOUNT_UNUSED_ACCESS")
    configuration = {"unusedAccess": {"unusedAccessAge": 45}}
    client.update_analyzer(analyzerName="u", configuration=configuration)
    assert client.get_analyzer(analyzerName="u")["analyzer"]["configuration"] == configuration


def test_without_an_organization_there_are_no_organization_analyzers(one: Seeded) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        one.client("accessanalyzer").create_analyzer(analyzerName="o", type="ORGANIZATION")


def test_organization_analyzers_belong_to_the_management_account_and_its_delegate() -> None:
    with serving("acme") as acme:
        member = acme.client("accessanalyzer", PROD)
        with pytest.raises(member.exceptions.AccessDeniedException):
            member.create_analyzer(analyzerName="o", type="ORGANIZATION")
        acme.client("organizations").register_delegated_administrator(
            AccountId=PROD, ServicePrincipal="access-analyzer.amazonaws.com"
        )
        member.create_analyzer(analyzerName="o", type="ORGANIZATION_UNUSED_ACCESS")
        assert [item["type"] for item in member.list_analyzers()["analyzers"]] == ["ORGANIZATION_UNUSED_ACCESS"]


def test_acme_has_its_analyzers_where_the_seed_says() -> None:
    with serving("acme") as acme:
        found = {
            (account_id, region): [
                item["type"]
                for item in acme.client("accessanalyzer", account_id, region=region).list_analyzers()["analyzers"]
            ]
            for account_id in ("111122223333", PROD, DEV)
            for region in ("us-east-1", "eu-west-1")
        }
    assert {place: kinds for place, kinds in found.items() if kinds} == {
        ("111122223333", "us-east-1"): ["ORGANIZATION"],
        ("111122223333", "eu-west-1"): ["ORGANIZATION"],
        (DEV, "us-east-1"): ["ACCOUNT"],
    }


def test_policies_are_validated(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    text = '{"Statement": [\n  {"Effect": "Allow", "Action": ["iam:PassRole", "s3:Nope"], "Resource": "*"}]}'
    answer = client.validate_policy(policyDocument=text, policyType="IDENTITY_POLICY")
    found = [(row["issueCode"], row["findingType"], row["locations"][0]) for row in answer["findings"]]
    assert [(code, kind) for code, kind, _location in found] == [
        ("MISSING_VERSION", "WARNING"),
        ("INVALID_ACTION", "ERROR"),
        ("PASS_ROLE_WITH_STAR_IN_RESOURCE", "SECURITY_WARNING"),
    ]
    invalid = found[1][2]
    assert invalid["path"] == [{"value": "Statement"}, {"index": 0}, {"value": "Action"}, {"index": 1}]
    start, end = invalid["span"]["start"], invalid["span"]["end"]
    assert text[start["offset"] : end["offset"]] == '"s3:Nope"'
    assert (start["line"], text.splitlines()[1][start["column"] :][:9]) == (2, '"s3:Nope"')


def test_validation_pages_and_tells_of_broken_json(one: Seeded) -> None:
    client = one.client("accessanalyzer")
    text = '{"Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:Nope", "Resource": "*"}}'
    first = client.validate_policy(policyDocument=text, policyType="RESOURCE_POLICY", maxResults=2)
    second = client.validate_policy(
        policyDocument=text, policyType="RESOURCE_POLICY", maxResults=2, nextToken=first["nextToken"]
    )
    codes = [row["issueCode"] for row in (*first["findings"], *second["findings"])]
    assert codes == ["MISSING_VERSION", "EMPTY_SID_VALUE", "INVALID_ACTION"]
    (broken,) = client.validate_policy(policyDocument="{", policyType="RESOURCE_POLICY")["findings"]
    assert (broken["issueCode"], broken["locations"][0]["span"]["start"]["line"]) == ("JSON_SYNTAX_ERROR", 1)
