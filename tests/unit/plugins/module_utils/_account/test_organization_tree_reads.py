# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from collections import Counter

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import organization_tree, with_account_tags
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    ENABLED,
    RCP,
    SCP,
    OrganizationTree,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree_reads import (
    DELEGATION_OPERATIONS,
    POLICIES_OPERATIONS,
    TAGS_OPERATIONS,
    TREE_OPERATIONS,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import (
    AccessDenied,
    AwsError,
    InvalidCredentials,
    NotFound,
    Throttled,
    Unparsable,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from emulator.client import EmulatorProcess

from .fakes import ACCOUNT, LONG_AGO, FakeAccess, deny, refusal

PROD, TEST = "222233334444", "333344445555"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def account(account_id: str, name: str, **fields: t.Any) -> dict[str, t.Any]:
    plain = {"Id": account_id, "Name": name, "Email": f"{name}@example.com", "JoinedTimestamp": LONG_AGO}
    return {**plain, "Status": "ACTIVE", "State": "ACTIVE", **fields}


def unit(unit_id: str, name: str) -> dict[str, t.Any]:
    return {"Id": unit_id, "Arn": "arn", "Name": name}


UNITS = {"r-1": [unit("ou-1-work", "Workloads"), unit("ou-1-test", "Test")], "ou-1-work": [unit("ou-1-prod", "Prod")]}
ACCOUNTS = {
    "r-1": [account(ACCOUNT, "management")],
    "ou-1-prod": [account(PROD, "prod")],
    "ou-1-test": [account(TEST, "test", State="CLOSED", Status="SUSPENDED")],
}
SUMMARIES = {
    SCP: [
        {"Id": "p-full", "Arn": "arn:f", "Name": "FullAWSAccess", "Type": SCP, "AwsManaged": True},
        {"Id": "p-own", "Arn": "arn:o", "Name": "own", "Type": SCP, "AwsManaged": False, "Description": "Ours."},
    ],
    RCP: [{"Id": "p-broken", "Arn": "arn:b", "Name": "broken", "Type": RCP, "AwsManaged": False}],
}
TARGETS = {"p-full": ["r-1", PROD], "p-own": ["ou-1-work"], "p-broken": []}


def units(*, ParentId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"OrganizationalUnits": UNITS.get(ParentId, [])}


def accounts(*, ParentId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"Accounts": ACCOUNTS.get(ParentId, [])}


def policies(*, Filter: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"Policies": SUMMARIES[Filter]}


def policy(*, PolicyId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {
        "Policy": {"PolicySummary": {"Id": PolicyId}, "Content": "{" if PolicyId == "p-broken" else json.dumps(FULL)}
    }


def targets(*, PolicyId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"Targets": [{"TargetId": target, "Type": "ACCOUNT"} for target in TARGETS[PolicyId]]}


def tags(*, ResourceId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"Tags": [{"Key": "of", "Value": ResourceId}]}


def services(*, AccountId: str, **_unused: t.Any) -> dict[str, t.Any]:
    return {"DelegatedServices": [{"ServicePrincipal": "sso.amazonaws.com"}, {"ServicePrincipal": "a.amazonaws.com"}]}


def organization(**replaced: t.Any) -> FakeAccess:
    known: dict[str, t.Any] = {
        "DescribeOrganization": {"Organization": {"Id": "o-1", "MasterAccountId": ACCOUNT, "FeatureSet": "ALL"}},
        "ListRoots": {"Roots": [{"Id": "r-1", "Name": "Root", "PolicyTypes": [{"Type": SCP, "Status": ENABLED}]}]},
        "ListOrganizationalUnitsForParent": units,
        "ListAccountsForParent": accounts,
        "ListTagsForResource": tags,
        "ListPolicies": policies,
        "DescribePolicy": policy,
        "ListTargetsForPolicy": targets,
        "ListAWSServiceAccessForOrganization": {
            "EnabledServicePrincipals": [{"ServicePrincipal": "sso.amazonaws.com"}]
        },
        "ListDelegatedAdministrators": {"DelegatedAdministrators": [{"Id": PROD}]},
        "ListDelegatedServicesForAccount": services,
    }
    return FakeAccess({f"organizations:{name}": answer for name, answer in {**known, **replaced}.items()})


def tree_of(access: FakeAccess, **options: t.Any) -> OrganizationTree:
    return organization_tree(t.cast(Access, access), **options)


def test_units_have_their_paths_and_accounts_their_units() -> None:
    tree = tree_of(organization())
    assert [(unit.path, unit.id, unit.parent_id) for unit in tree.units] == [
        ("/", "r-1", None),
        ("/Test", "ou-1-test", "r-1"),
        ("/Workloads", "ou-1-work", "r-1"),
        ("/Workloads/Prod", "ou-1-prod", "ou-1-work"),
    ]
    assert [(account.id, account.name, account.parent_id) for account in tree.accounts] == [
        (ACCOUNT, "management", "r-1"),
        (PROD, "prod", "ou-1-prod"),
        (TEST, "test", "ou-1-test"),
    ]
    assert (tree.id, tree.management_account_id, tree.feature_set, tree.root_id) == ("o-1", ACCOUNT, "ALL", "r-1")
    assert tree.account[PROD].joined == LONG_AGO and tree.account[PROD].email == "prod@example.com"
    assert tree.policy_types == {SCP: ENABLED}


def test_what_is_not_asked_for_costs_nothing() -> None:
    access = organization()
    tree = tree_of(access)
    assert set(access.names) == set(TREE_OPERATIONS)
    assert (tree.policies, tree.delegated_administrators, tree.trusted_services) == ((), {}, ())
    assert {account.tags for account in tree.accounts} == {None}
    per_parent = [call for call in access.calls if call.parameters.get("ParentId")]
    assert Counter(call.parameters["ParentId"] for call in per_parent) == dict.fromkeys(tree.unit, 2)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        pytest.param({"State": "CLOSED", "Status": "SUSPENDED"}, "CLOSED", id="both: State says more"),
        pytest.param({"State": None, "Status": "SUSPENDED"}, "SUSPENDED", id="a botocore without State"),
        pytest.param({"State": "PENDING_ACTIVATION", "Status": None}, "PENDING_ACTIVATION", id="an AWS without Status"),
    ],
)
def test_state_counts_where_there_is_one(fields: dict[str, t.Any], state: str) -> None:
    given = {name: value for name, value in account(PROD, "prod", **fields).items() if value is not None}
    answers = {"r-1": {"Accounts": [given]}}
    tree = tree_of(organization(ListAccountsForParent=lambda ParentId, **_unused: answers.get(ParentId, {})))
    assert [account.state for account in tree.accounts] == [state]


def test_an_account_of_no_known_state_is_not_taken_for_active() -> None:
    given = {"Accounts": [{"Id": PROD, "Name": "prod"}]}
    with pytest.raises(Unparsable, match="botocore is too old"):
        tree_of(organization(ListAccountsForParent=given))


def test_an_account_that_is_moved_while_the_tree_is_read_is_there_once() -> None:
    moved = {"r-1": [account(PROD, "prod")], "ou-1-prod": [account(PROD, "prod")]}
    access = organization(ListAccountsForParent=lambda ParentId, **_unused: {"Accounts": moved.get(ParentId, [])})
    assert [(found.id, found.parent_id) for found in tree_of(access).accounts] == [(PROD, "ou-1-prod")]


def test_a_unit_that_is_deleted_while_the_tree_is_read_ends_the_read() -> None:
    """Its accounts were moved before, maybe to where they are not looked for any more."""

    def refuse_gone_parent(*, ParentId: str, **_unused: t.Any) -> t.Any:
        missing = refusal("ParentNotFoundException", kind=NotFound, name="organizations:ListAccountsForParent")
        return missing if ParentId == "ou-1-test" else accounts(ParentId=ParentId)

    with pytest.raises(AwsError, match="ListAccountsForParent: ParentNotFoundException"):
        tree_of(organization(ListAccountsForParent=refuse_gone_parent))


@pytest.mark.parametrize("kind", [AccessDenied, Throttled])
@pytest.mark.parametrize("refused", ["ListAccountsForParent", "ListOrganizationalUnitsForParent", "ListRoots"])
def test_a_tree_without_some_of_its_accounts_is_never_returned(refused: str, kind: type[AwsError]) -> None:
    error = refusal("NoCode", kind=kind, name=f"organizations:{refused}")
    with pytest.raises(kind) as raised:
        tree_of(organization(**{refused: error}))
    assert (raised.value.service, raised.value.operation) == ("organizations", refused)


def test_credentials_that_end_meanwhile_are_named_as_the_reason() -> None:
    ended = refusal("ExpiredTokenException", kind=InvalidCredentials, name="organizations:ListAccountsForParent")
    with pytest.raises(InvalidCredentials):
        tree_of(organization(ListAccountsForParent=ended))


def test_an_organization_without_a_root_is_no_organization() -> None:
    with pytest.raises(Unparsable, match="no root"):
        tree_of(organization(ListRoots={"Roots": []}))


def test_tags_are_read_of_the_accounts_in_question_alone() -> None:
    access = organization()
    tree = tree_of(access)
    reports: list[tuple[str, int, t.Optional[int]]] = []
    tagged = with_account_tags(
        t.cast(Access, access), tree, account_ids=[PROD, "999999999999"], progress=lambda *args: reports.append(args)
    )
    assert [account.tags for account in tagged.accounts] == [None, {"of": PROD}, None]
    assert access.names.count(*TAGS_OPERATIONS) == 1
    assert reports == [("tags", 1, 1)]
    again = with_account_tags(t.cast(Access, access), tagged, account_ids=[TEST])
    assert [account.tags for account in again.accounts] == [None, {"of": PROD}, {"of": TEST}]


def test_tags_of_all_accounts() -> None:
    access = organization()
    tagged = with_account_tags(t.cast(Access, access), tree_of(access))
    assert {account.id: account.tags for account in tagged.accounts} == {
        account_id: {"of": account_id} for account_id in (ACCOUNT, PROD, TEST)
    }


def test_tags_that_are_denied_are_not_taken_for_none() -> None:
    access = organization(ListTagsForResource=deny("organizations:ListTagsForResource"))
    with pytest.raises(AccessDenied) as raised:
        with_account_tags(t.cast(Access, access), tree_of(access))
    assert raised.value.operation == "ListTagsForResource"


def test_policies_come_with_content_targets_and_tags() -> None:
    access = organization()
    tree = tree_of(access, policy_types=[SCP, RCP])
    assert [(policy.type, policy.name, policy.targets, policy.tags) for policy in tree.policies] == [
        (RCP, "broken", (), {"of": "p-broken"}),
        (SCP, "FullAWSAccess", (PROD, "r-1"), {}),
        (SCP, "own", ("ou-1-work",), {"of": "p-own"}),
    ]
    assert set(access.names) == {*TREE_OPERATIONS, *POLICIES_OPERATIONS, *TAGS_OPERATIONS}
    broken, full, own = tree.policies
    assert (own.content, own.document.document, own.description) == (json.dumps(FULL), FULL, "Ours.")
    assert full.is_aws_managed and not own.is_aws_managed
    assert broken.document.document is None and broken.content == "{"


def test_tags_of_the_policies_of_aws_are_not_asked_for() -> None:
    access = organization()
    tree_of(access, policy_types=[SCP])
    asked = [call.parameters["ResourceId"] for call in access.calls if call.name.endswith("ListTagsForResource")]
    assert asked == ["p-own"]


@pytest.mark.parametrize("refused", ["ListPolicies", "DescribePolicy", "ListTargetsForPolicy", "ListTagsForResource"])
def test_a_tree_without_some_of_its_policies_is_never_returned(refused: str) -> None:
    with pytest.raises(AccessDenied) as raised:
        tree_of(organization(**{refused: deny(f"organizations:{refused}")}), policy_types=[SCP])
    assert raised.value.operation == refused


def test_delegations_name_the_services_of_each_administrator() -> None:
    access = organization()
    tree = tree_of(access, delegations=True)
    assert tree.delegated_administrators == {PROD: ("a.amazonaws.com", "sso.amazonaws.com")}
    assert tree.trusted_services == ("sso.amazonaws.com",)
    assert set(access.names) == {*TREE_OPERATIONS, *DELEGATION_OPERATIONS}


def test_progress_counts_accounts() -> None:
    reports: list[tuple[str, int, t.Optional[int]]] = []
    tree_of(organization(), progress=lambda *args: reports.append(args))
    assert reports[-1] == ("accounts", 3, None)
    assert [done for _what, done, _of in reports] == sorted(done for _what, done, _of in reports)


# Against the emulated AWS, whose answers come page by page


@pytest.fixture(scope="module")
def process() -> t.Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="acme") as running:
        yield running


@pytest.fixture
def demo(process: EmulatorProcess) -> EmulatorProcess:
    """The emulated AWS as seeded."""
    process.control.reset("acme")
    return process


def access_to(demo: EmulatorProcess) -> Access:
    options = AccessOptions(
        endpoint_url=demo.url, access_key="administrator", secret_key="emulated", region="us-east-1"
    )
    names = (*TREE_OPERATIONS, *TAGS_OPERATIONS, *POLICIES_OPERATIONS, *DELEGATION_OPERATIONS)
    return Access(options, operations=Operations(reads=frozenset(names)), check_mode=True)


def test_the_organization_of_the_demo(demo: EmulatorProcess) -> None:
    tree = organization_tree(access_to(demo), policy_types=[SCP, RCP], delegations=True)
    assert [unit.path for unit in tree.units] == [
        "/",
        "/Sandbox",
        "/Workloads",
        "/Workloads/Development",
        "/Workloads/Production",
    ]
    assert {account.name: tree.path_of(account.id) for account in tree.accounts} == {
        "acme-management": "/",
        "acme-prod": "/Workloads/Production",
        "acme-dev": "/Workloads/Development",
        "acme-sandbox": "/Sandbox",
    }
    (watching,) = [policy for policy in tree.policies if policy.name == "keep-watching"]
    assert [tree.name_of(target) for target in watching.targets] == ["/Workloads"]
    assert "iam.amazonaws.com" in tree.trusted_services


def test_accounts_of_all_pages_are_there(demo: EmulatorProcess) -> None:
    access = access_to(demo)
    client = _administrator(demo)
    root = client.list_roots()["Roots"][0]["Id"]
    unit_id = client.create_organizational_unit(ParentId=root, Name="Crowd")["OrganizationalUnit"]["Id"]
    for number in range(45):
        created = client.create_account(AccountName=f"crowd-{number}", Email=f"crowd-{number}@example.com")
        account_id = created["CreateAccountStatus"]["AccountId"]
        client.move_account(AccountId=account_id, SourceParentId=root, DestinationParentId=unit_id)
    demo.control.clear_log()
    tree = organization_tree(access)
    assert {account.name for account in tree.accounts_under([unit_id])} == {f"crowd-{number}" for number in range(45)}
    asked = [record for record in demo.control.log() if record["operation"] == "ListAccountsForParent"]
    # Three pages of 20, and one for each of the other parents.
    assert len(asked) == len(tree.units) - 1 + 3


def _administrator(demo: EmulatorProcess) -> t.Any:
    return boto3.client(
        "organizations",
        endpoint_url=demo.url,
        region_name="us-east-1",
        aws_access_key_id="administrator",
        aws_secret_access_key="emulated",
    )
