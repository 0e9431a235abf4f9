# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is affected right now, read from the emulated AWS and from one that refuses."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import (
    find_affected,
    find_newly_affected,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.live import LiveReach
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.reach import NotKnown

from ..fakes import ACCOUNT
from .test_affected import HOLDERS, MEMBERS, POLICY, SCP_ARN, arn, make_change

UPDATE: t.Final = make_change("iam:CreatePolicyVersion", POLICY, {"PolicyArn": POLICY, "SetAsDefault": True})
ATTACH: t.Final = make_change(
    "organizations:AttachPolicy", f"{SCP_ARN} on ou-work", {"TargetId": "ou-work"}, before={"type": SCP}
)


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FakeLive:
    """AWS with a policy, a group and an organization, in pages of one; ``refuses`` are operations with their codes."""

    def __init__(self, **refuses: str) -> None:
        self.refuses = refuses
        self.asked: list[str] = []
        self.owners: dict[str, dict[str, list[str]]] = {
            "PermissionsPolicy": {"PolicyUsers": ["bob"], "PolicyRoles": ["app"], "PolicyGroups": ["Team"]},
            "PermissionsBoundary": {"PolicyUsers": ["eve"], "PolicyRoles": ["dev"], "PolicyGroups": []},
        }
        self.members = [arn("user", "ann")]
        self.accounts = {"ou-work": [MEMBERS[0]], "ou-inner": [MEMBERS[1]], "r-root": [ACCOUNT, MEMBERS[2]]}
        self.units = {"ou-work": ["ou-inner"], "r-root": ["ou-work"]}

    def call(
        self, service: str, operation: str, parameters: t.Optional[Mapping[str, t.Any]] = None
    ) -> Mapping[str, t.Any]:
        of_iam = ("ListEntitiesForPolicy", "GetGroup", "GetUser", "GetRole")
        assert service == ("iam" if operation in of_iam else "organizations")
        self.asked.append(operation)
        if operation in self.refuses:
            raise Refused(self.refuses[operation])
        return t.cast(Mapping[str, t.Any], getattr(self, f"_{operation}")(parameters or {}))

    def _page(self, items: t.Sequence[t.Any], given: Mapping[str, t.Any], key: str) -> dict[str, t.Any]:
        at = int(given.get(key, 0))
        more = {key: str(at + 1), "IsTruncated": True} if at + 1 < len(items) else {}
        return {"items": items[at : at + 1], **more}

    def _ListEntitiesForPolicy(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        assert given["PolicyArn"] == POLICY
        kinds = self.owners[given["PolicyUsageFilter"]]
        page = self._page([(kind, name) for kind, names in kinds.items() for name in names], given, "Marker")
        answer: dict[str, t.Any] = {key: value for key, value in page.items() if key != "items"}
        for kind, name in page["items"]:
            answer[kind] = [{f"{kind.removeprefix('Policy').removesuffix('s')}Name": name}]
        return answer

    def _GetGroup(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        page = self._page(self.members, given, "Marker")
        return {**page, "Users": [{"Arn": item} for item in page["items"]]}

    def _GetUser(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"User": {"Arn": arn("user", given["UserName"])}}

    def _GetRole(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"Role": {"Arn": arn("role", f"path/{given['RoleName']}")}}

    def _DescribeOrganization(self, _given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"Organization": {"MasterAccountId": ACCOUNT}}

    def _ListAccountsForParent(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        page = self._page(self.accounts[given["ParentId"]], given, "NextToken")
        return {**page, "Accounts": [{"Id": item} for item in page["items"]]}

    def _ListOrganizationalUnitsForParent(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        page = self._page(self.units.get(given["ParentId"], []), given, "NextToken")
        return {**page, "OrganizationalUnits": [{"Id": item} for item in page["items"]]}

    def _ListPolicies(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        assert given["Filter"] == SCP
        page = self._page([("p-other", "other"), ("p-protect", "protect")], given, "NextToken")
        return {**page, "Policies": [{"Id": key, "Name": name} for key, name in page["items"]]}

    def _ListTargetsForPolicy(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        assert given["PolicyId"] == "p-protect"
        page = self._page(["ou-inner", MEMBERS[2]], given, "NextToken")
        return {**page, "Targets": [{"TargetId": item} for item in page["items"]]}

    def _ListDelegatedAdministrators(self, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
        assert given == {"ServicePrincipal": "iam.amazonaws.com"}
        return {"DelegatedAdministrators": [{"Id": MEMBERS[0]}]}


def live(aws: FakeLive, *known: str) -> LiveReach:
    return LiveReach(aws, account_id=ACCOUNT, partition="aws", errors=(Refused,), known=known)


def with_path(affected: t.Iterable[str]) -> list[str]:
    return sorted(item.replace("role/", "role/path/") for item in affected)


def test_holders_are_read_of_both_usages_page_by_page_with_their_paths() -> None:
    aws = FakeLive()
    assert list(find_affected(UPDATE, live(aws))) == with_path(HOLDERS)
    assert aws.asked.count("ListEntitiesForPolicy") == 5


def test_accounts_are_read_down_the_tree() -> None:
    assert find_affected(ATTACH, live(FakeLive())) == MEMBERS[:2]
    root = dataclasses.replace(ATTACH, parameters={"TargetId": "r-root"})
    assert find_affected(root, live(FakeLive())) == MEMBERS
    one = dataclasses.replace(ATTACH, parameters={"TargetId": MEMBERS[1]})
    assert find_affected(one, live(FakeLive())) == (MEMBERS[1],)


def test_the_nodes_of_a_policy_are_read_by_its_name() -> None:
    named = {"PolicyName": "protect", "PolicyType": SCP, "Content": "{}"}
    update = make_change("organizations:UpdatePolicy", SCP_ARN, named, before={"type": SCP, "document": None})
    assert find_affected(update, live(FakeLive())) == MEMBERS[1:]


def test_delegated_administrators_are_read() -> None:
    change = make_change("iam:DisableOrganizationsRootSessions", "x")
    assert find_affected(change, live(FakeLive())) == (ACCOUNT, MEMBERS[0])


# Who joined


def plan_change(change: t.Any, aws: FakeLive) -> t.Any:
    return dataclasses.replace(change, affects=find_affected(change, live(aws)))


def test_nobody_joined() -> None:
    aws = FakeLive()
    change = plan_change(UPDATE, aws)
    again = FakeLive()
    assert find_newly_affected(change, live(again, *change.affects)) == ()
    # Whose ARN is known is not asked for.
    assert "GetUser" not in again.asked and "GetRole" not in again.asked


def test_who_is_planned_by_another_path_did_not_join() -> None:
    """A plan may name a role without the path that IAM knows."""
    change = dataclasses.replace(UPDATE, affects=tuple(HOLDERS))
    assert find_newly_affected(change, live(FakeLive())) == ()


def test_who_left_is_no_growth() -> None:
    change = plan_change(UPDATE, FakeLive())
    fewer = FakeLive()
    fewer.owners["PermissionsPolicy"] = {"PolicyUsers": [], "PolicyRoles": ["app"], "PolicyGroups": []}
    assert find_newly_affected(change, live(fewer, *change.affects)) == ()


def test_a_role_that_got_the_policy_and_a_user_who_joined_the_group_are_named() -> None:
    change = plan_change(UPDATE, FakeLive())
    more = FakeLive()
    more.owners["PermissionsBoundary"]["PolicyRoles"] = ["dev", "new"]
    more.members = [arn("user", "ann"), arn("user", "zoe")]
    assert find_newly_affected(change, live(more, *change.affects)) == (arn("role", "path/new"), arn("user", "zoe"))


def test_an_account_that_was_moved_below_the_node_is_named() -> None:
    change = plan_change(ATTACH, FakeLive())
    more = FakeLive()
    more.accounts["ou-inner"].append(MEMBERS[2])
    assert find_newly_affected(change, live(more)) == (MEMBERS[2],)


def test_what_concerns_one_principal_reads_nothing() -> None:
    aws = FakeLive()
    assert (
        find_newly_affected(make_change("iam:DetachUserPolicy", arn("user", "bob"), {"UserName": "bob"}), live(aws))
        == ()
    )
    assert find_newly_affected(make_change("iam:CreateUser", arn("user", "bob"), {"UserName": "bob"}), live(aws)) == ()
    assert aws.asked == []


# What can't be read


@pytest.mark.parametrize(
    ("change", "operation"),
    [
        (UPDATE, "ListEntitiesForPolicy"),
        (UPDATE, "GetGroup"),
        (UPDATE, "GetUser"),
        (ATTACH, "ListAccountsForParent"),
        (ATTACH, "ListOrganizationalUnitsForParent"),
        (ATTACH, "DescribeOrganization"),
        (make_change("iam:DisableOrganizationsRootSessions", "x"), "ListDelegatedAdministrators"),
    ],
)
def test_what_is_denied_is_affected_and_unknown(change: t.Any, operation: str) -> None:
    (entry,) = find_affected(change, live(FakeLive(**{operation: "AccessDenied"})))
    assert entry.startswith("unknown: ") and "AccessDenied" in entry
    # So it is right before the write.
    assert find_newly_affected(plan_change(change, FakeLive()), live(FakeLive(**{operation: "AccessDenied"}))) == (
        entry,
    )


@pytest.mark.parametrize("code", ["NoSuchEntity", "NoSuchEntityException"])
def test_a_principal_that_is_gone_has_no_arn_and_a_group_that_is_gone_no_members(code: str) -> None:
    gone = live(FakeLive(GetUser=code, GetGroup=code, ListEntitiesForPolicy=code))
    assert gone.arn_of("user", "bob") is None
    assert gone.members("Team") == frozenset()
    assert gone.owners(POLICY) == frozenset()
    with pytest.raises(NotKnown, match="management account"):
        live(FakeLive(DescribeOrganization="NoSuchEntity")).management_account()
