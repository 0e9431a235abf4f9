# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree_reads import (
    DELEGATION_OPERATIONS,
    TAGS_OPERATIONS,
    TREE_OPERATIONS,
    silent,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    NotFound,
    Throttled,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.plugin_utils._inventory_hosts import InvalidOption, Settings, list_hosts
from ansible_collections.hardening.iam.plugins.plugin_utils._inventory_organization import (
    OPERATIONS,
    Organization,
    from_document,
    identify_source,
    read,
    to_document,
)

from ..module_utils._account.fakes import ACCOUNT, FakeAccess, deny, refusal
from ..module_utils._account.test_organization_tree_reads import PROD, TEST, organization
from .test__inventory_hosts import settings

CHECKOUT: t.Final = Path(__file__).resolve().parents[4]
SECRETS: t.Final = {
    "access_key": "AKIAX",
    "secret_key": "very",
    "session_token": "secret",
    "assume_role_external_id": "x",
}


SOURCE: t.Final = "of a caller"


def read_of(access: FakeAccess, wanted: Settings) -> Organization:
    return read(t.cast(Access, access), wanted, progress=silent)


def test_nothing_more_is_read_than_is_wanted() -> None:
    access = organization()
    found = read_of(access, settings(delegated_administrators=False))
    assert set(access.names) == set(TREE_OPERATIONS)
    assert (found.partition, found.administrators) == ("aws", False)
    access = organization()
    assert read_of(access, settings()).tree.delegated_administrators[PROD]
    assert set(access.names) == {*TREE_OPERATIONS, *DELEGATION_OPERATIONS}


def test_tags_are_read_first_of_the_undecided_then_of_the_listed() -> None:
    access = organization()
    wanted = settings(include=[{"ou": "/Workloads", "tag": {"of": PROD}}], account_tags="always")
    found = read_of(access, wanted)
    asked = [call.parameters["ResourceId"] for call in access.calls if call.name in TAGS_OPERATIONS]
    # The account of the test is closed, and the management account is a host of its own group.
    assert asked == [PROD, ACCOUNT]
    assert found.tree.account[TEST].tags is None


def test_a_misspelt_unit_costs_no_call_for_each_account() -> None:
    access = organization()
    with pytest.raises(InvalidOption, match="there is no '/Wrklds'"):
        read_of(access, settings(include=[{"ou": "/Wrklds"}], account_tags="always"))
    assert not set(TAGS_OPERATIONS) & set(access.names)


def test_the_role_of_the_template_may_read_all_of_it() -> None:
    template = (CHECKOUT / "examples" / "bootstrap" / "iam-hardening-roles.yml").read_text(encoding="utf-8")
    actions = {action for operation in OPERATIONS.reads for action in iam_actions(operation)}
    assert not OPERATIONS.writes
    assert [action for action in actions if f"- {action}\n" not in template] == []


# What would help


def failure(access: FakeAccess, wanted: t.Optional[Settings] = None) -> AwsError:
    with pytest.raises(AwsError) as raised:
        read_of(access, wanted or settings())
    return raised.value


def test_an_account_without_organization_is_told_so() -> None:
    error = failure(organization(DescribeOrganization=refusal("AWSOrganizationsNotInUseException", kind=NotFound)))
    assert f"account {ACCOUNT} is in no organization" in str(error)
    assert "static inventory" in str(error) and "assume_role_arn" in str(error)


@pytest.mark.parametrize("name", ["ListAccountsForParent", "ListRoots", "DescribeOrganization"])
def test_the_missing_permission_is_named(name: str) -> None:
    error = failure(organization(**{name: deny(f"organizations:{name}")}))
    assert isinstance(error, AccessDenied)
    assert f"the caller needs the permission organizations:{name})" in str(error)


def test_without_permission_for_tags_there_is_no_inventory_by_tags() -> None:
    access = organization(ListTagsForResource=deny("organizations:ListTagsForResource"))
    error = failure(access, settings(tag_groups=["Env"]))
    assert "needs the permission organizations:ListTagsForResource)" in str(error)


@pytest.mark.parametrize("operation", DELEGATION_OPERATIONS)
def test_delegations_can_be_done_without(operation: str) -> None:
    error = failure(organization(**{operation.partition(":")[2]: deny(operation)}))
    assert f"{operation}, or set delegated_administrators to false" in str(error)


def member() -> FakeAccess:
    """A member account: it is told which account manages it, and nothing else."""
    answer = {"Organization": {"Id": "o-1", "MasterAccountId": "999988887777", "FeatureSet": "ALL"}}
    return FakeAccess({"organizations:DescribeOrganization": answer})


def test_a_member_is_told_where_to_read() -> None:
    message = str(failure(member()))
    assert f"it belongs to account {ACCOUNT}" in message
    assert "set assume_role_arn to a role in the management account 999988887777" in message


def test_credentials_that_are_unknown_are_no_missing_permission() -> None:
    error = failure(organization(ListRoots=refusal("ExpiredToken", "expired", kind=InvalidCredentials)))
    assert "see profile and assume_role_arn" in str(error)
    assert "permission" not in str(error)


def test_other_failures_say_what_aws_says() -> None:
    error = failure(organization(ListRoots=refusal("TooManyRequestsException", "slow down", kind=Throttled)))
    assert error.message == "slow down"


# The cache


def pass_through_cache(wanted: Settings) -> t.Any:
    """What comes back from a cache that keeps JSON."""
    return json.loads(json.dumps(to_document(read_of(organization(), wanted), wanted, SOURCE)))


def test_the_cache_gives_back_what_was_read() -> None:
    wanted = settings(emails=True, account_tags="always")
    found = from_document(pass_through_cache(wanted), wanted, SOURCE)
    read_before = read_of(organization(), wanted)
    assert found is not None
    assert list_hosts(found.tree, found.partition, wanted) == list_hosts(
        read_before.tree, read_before.partition, wanted
    )
    assert found.tree.account[PROD].email == "prod@example.com"


def test_the_cache_has_no_secrets_and_no_addresses() -> None:
    text = json.dumps(pass_through_cache(settings()))
    assert not [secret for secret in SECRETS.values() if f'"{secret}"' in text]
    assert "@example.com" not in text
    assert "@example.com" in json.dumps(pass_through_cache(settings(emails=True)))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"exclude": [{"account": "prod"}]}, id="accounts"),
        pytest.param({"hostnames": "id"}, id="names"),
        pytest.param({"delegated_administrators": False}, id="less"),
        pytest.param({"assessor_role_name": "auditor"}, id="roles"),
    ],
)
def test_options_that_need_nothing_more_are_served_by_the_cache(changed: dict[str, t.Any]) -> None:
    document = pass_through_cache(settings())
    found = from_document(document, settings(**changed), SOURCE)
    assert found is not None
    assert bool(found.tree.delegated_administrators) == changed.get("delegated_administrators", True)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"emails": True}, id="addresses"),
        pytest.param({"tag_groups": ["Env"]}, id="tags to show"),
        pytest.param({"exclude": [{"tag": {"Env": "x"}}]}, id="tags that decide"),
        pytest.param({"include": [{"ou": "/New"}]}, id="a unit that may be new"),
    ],
)
def test_what_the_cache_lacks_is_read(changed: dict[str, t.Any]) -> None:
    assert from_document(pass_through_cache(settings()), settings(**changed), SOURCE) is None


def test_delegations_that_were_not_read_are_read() -> None:
    assert from_document(pass_through_cache(settings(delegated_administrators=False)), settings(), SOURCE) is None


def test_what_another_caller_read_is_not_served_by_the_cache() -> None:
    assert from_document(pass_through_cache(settings()), settings(), SOURCE) is not None
    assert from_document(pass_through_cache(settings()), settings(), "of another") is None


def source(arn: str, **options: t.Any) -> str:
    access = organization()
    access.caller = dataclasses.replace(access.caller, arn=arn, account_id=arn.split(":")[4])
    return identify_source(t.cast(Access, access), options)


def test_the_source_is_the_caller_whatever_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    one = "arn:aws:sts::111122223333:assumed-role/assessor/awx-1"
    same = [source(one, **SECRETS), source(one.replace("awx-1", "awx-2"), profile="x", region="eu-west-1")]
    assert set(same) == {source(one)}
    others = [
        source("arn:aws:sts::222233334444:assumed-role/assessor/awx-1"),
        source("arn:aws:sts::111122223333:assumed-role/auditor/awx-1"),
        source("arn:aws:iam::111122223333:user/assessor"),
        source("arn:aws:iam::111122223333:root"),
        source(one, endpoint_url="http://127.0.0.1:5055"),
    ]
    assert len({source(one), *others}) == len(others) + 1
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5055")
    assert source(one) == others[-1]


@pytest.mark.parametrize("document", [None, "text", [], {}, {"schema": "hardening.iam/organization-inventory/0"}])
def test_what_another_version_left_is_not_used(document: object) -> None:
    assert from_document(document, settings(), SOURCE) is None
