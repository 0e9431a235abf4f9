# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies that cut the run off from its journal, reports or trail, or CloudTrail from its bucket, and their twins."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    PolicyChange,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.own_way import (
    OwnPlace,
    TrailBucket,
    find_own_places,
    make_key_arn,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.plan import (
    Guard,
    GuardOptions,
    Observed,
    make_place,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions

from .locking import BREAK_GLASS_ARN, DEV, MANAGEMENT_ID, MEMBERS, ORGANIZATION, with_policy

AUTOMATION: t.Final = "role/iam-hardening/automation"
ENTRY: t.Final = f"arn:aws:iam::{MANAGEMENT_ID}:role/awx"
KEY: t.Final = f"arn:aws:kms:us-east-1:{MEMBERS[0]}:key/1234abcd"
JOURNAL: t.Final = OwnPlace("the journal", "acme-journal", "iam", key=KEY)
RULES: t.Final = GuardOptions(
    partition="aws",
    region="us-east-1",
    caller=f"arn:aws:iam::{MANAGEMENT_ID}:role/iam-hardening/automation",
    caller_account=MANAGEMENT_ID,
    automation=(AUTOMATION,),
    assessors=("role/iam-hardening/assessor",),
    entry=ENTRY,
    places=(JOURNAL,),
)
TRAIL: t.Final = TrailBucket("acme-trail", KEY)


def scp(*actions: str, resource: str = "*", **conditions: t.Any) -> OrganizationTree:
    statement = {"Sid": "Cuts", "Effect": "Deny", "Action": list(actions), "Resource": resource}
    return with_policy("guardrail", {**statement, **({"Condition": conditions} if conditions else {})}, [DEV])


def rcp(*actions: str, resource: str = "*", **conditions: t.Any) -> OrganizationTree:
    tree = scp(*actions, resource=resource, **conditions)
    *others, made = tree.policies
    document = json.loads(made.content)
    document["Statement"][0]["Principal"] = "*"
    return tree.with_policies([*others, dataclasses.replace(made, type=RCP, content=json.dumps(document))])


def judge(
    after: OrganizationTree, *, rules: GuardOptions = RULES, trails: tuple[TrailBucket, ...] = ()
) -> dict[str, str]:
    seen = Observed({MANAGEMENT_ID: (BREAK_GLASS_ARN,)}, entering={MEMBERS[0]: frozenset()}, trails=trails)
    found = Guard(PolicyChange(ORGANIZATION, after), rules, seen).find_refusals()
    return {refusal.rule: refusal.reason for refusals in found.values() for refusal in refusals}


@pytest.mark.parametrize(
    ("actions", "resource"),
    [
        (("s3:PutObject",), "arn:aws:s3:::acme-journal/*"),
        (("s3:GetObject",), "arn:aws:s3:::*"),
        (("s3:ListBucket",), "arn:aws:s3:::acme-journal"),
        (("kms:GenerateDataKey",), KEY),
        (("kms:Decrypt",), "*"),
    ],
)
def test_an_scp_that_cuts_automation_off_from_the_journal_is_refused(actions: tuple[str, ...], resource: str) -> None:
    reason = judge(scp(*actions, resource=resource))["own_way"]
    assert f"{AUTOMATION} to the journal in s3://acme-journal/iam" in reason
    assert f"({actions[0]} by Cuts)" in reason
    assert "certainly" in reason
    assert "accept_breakage" in reason
    exempt = {"ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/iam-hardening/*"}}
    assert "own_way" not in judge(scp(*actions, resource=resource, **exempt))


def test_other_buckets_and_other_keys_are_none_of_its_business() -> None:
    assert "own_way" not in judge(scp("s3:PutObject", resource="arn:aws:s3:::acme-data/*"))
    assert "own_way" not in judge(scp("kms:Decrypt", resource=f"{KEY}-of-somebody-else"))
    assert "own_way" not in judge(scp("s3:DeleteObject", resource="arn:aws:s3:::acme-journal/*"))


def test_a_reader_does_not_need_to_write_the_journal_but_the_reports() -> None:
    others = {"ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/iam-hardening/automation"}}
    protect = scp("s3:PutObject", resource="arn:aws:s3:::acme-journal/*", **others)
    assert "own_way" not in judge(protect)
    reports = dataclasses.replace(RULES, places=(dataclasses.replace(JOURNAL, name="the reports"),))
    assert "role/iam-hardening/assessor to the reports" in judge(protect, rules=reports)["own_way"]


def test_a_role_that_is_assumed_for_the_place_is_the_one_that_needs_it() -> None:
    writer = dataclasses.replace(JOURNAL, writer=f"arn:aws:iam::{MEMBERS[0]}:role/writer")
    rules = dataclasses.replace(RULES, places=(writer,))
    protect = scp("s3:*", ArnNotLike={"aws:PrincipalArn": "arn:*:iam::*:role/writer"})
    assert "own_way" not in judge(protect, rules=rules)
    assert "role/writer to the journal" in judge(scp("s3:PutObject"), rules=rules)["own_way"]


def test_an_rcp_that_keeps_the_run_from_its_bucket_is_refused_and_accepted_by_name() -> None:
    others = rcp("s3:*", StringNotEquals={"aws:PrincipalAccount": "${aws:ResourceAccount}"})
    reason = judge(others)["own_way"]
    assert f"{ENTRY} to the journal" in reason
    assert "The name of a bucket does not show its account" in reason
    assert "own_way" not in judge(others, rules=dataclasses.replace(RULES, accepted=frozenset({ENTRY})))
    inside = rcp("s3:*", StringNotEqualsIfExists={"aws:PrincipalOrgID": ORGANIZATION.id})
    assert "own_way" not in judge(inside)
    outside = dataclasses.replace(RULES, entry="arn:aws:iam::777788889999:role/awx")
    assert "arn:aws:iam::777788889999:role/awx to the journal" in judge(inside, rules=outside)["own_way"]


def test_a_role_that_is_assumed_in_the_organization_is_inside_whoever_assumes_it() -> None:
    """The run starts with credentials from outside, but the journal is written by a role of the organization."""
    writer = dataclasses.replace(JOURNAL, writer=f"arn:aws:iam::{MANAGEMENT_ID}:role/writer")
    rules = dataclasses.replace(RULES, entry="arn:aws:iam::777788889999:role/awx", places=(writer,))
    inside = rcp("s3:*", StringNotEqualsIfExists={"aws:PrincipalOrgID": ORGANIZATION.id})
    assert "own_way" not in judge(inside, rules=rules)


@pytest.mark.parametrize("prefix", ["iam", ""])
def test_what_the_run_writes_lies_below_its_prefix_and_the_account(prefix: str) -> None:
    rules = dataclasses.replace(RULES, places=(dataclasses.replace(JOURNAL, prefix=prefix),))
    below = f"arn:aws:s3:::acme-journal/{prefix}{'/' if prefix else ''}{MEMBERS[0]}/*"
    assert "own_way" in judge(scp("s3:PutObject", resource=below), rules=rules)
    assert "own_way" not in judge(scp("s3:PutObject", resource="arn:aws:s3:::acme-journal/else/*"), rules=rules)


def test_a_denial_outside_the_region_of_the_run_does_not_concern_its_bucket() -> None:
    home = scp("s3:PutObject", StringNotEquals={"aws:RequestedRegion": "us-east-1"})
    assert "own_way" not in judge(home)
    assert "own_way" not in judge(home, rules=dataclasses.replace(RULES, region=""))
    elsewhere = scp("s3:PutObject", StringNotEquals={"aws:RequestedRegion": "eu-west-1"})
    assert "certainly" in judge(elsewhere)["own_way"]


def test_a_key_is_called_by_s3() -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service"""
    direct = scp("kms:Decrypt", **{"ForAllValues:StringNotEquals": {"aws:CalledVia": "s3.amazonaws.com"}})
    assert "own_way" not in judge(direct)
    by_s3 = scp("kms:Decrypt", **{"ForAnyValue:StringEquals": {"aws:CalledVia": "s3.amazonaws.com"}})
    assert "certainly" in judge(by_s3)["own_way"]
    assert "own_way" not in judge(scp("kms:Decrypt", Bool={"aws:ViaAWSService": "false"}))
    assert "certainly" in judge(scp("kms:Decrypt", Bool={"aws:ViaAWSService": "true"}))["own_way"]


@pytest.mark.parametrize("region", ["eu-west-1", ""])
def test_a_trail_is_written_in_the_region_of_the_run(region: str) -> None:
    rules = dataclasses.replace(RULES, region=region, places=())
    home = rcp("s3:PutObject", StringNotEquals={"aws:RequestedRegion": region or "us-east-1"})
    assert judge(home, rules=rules, trails=(TRAIL,)) == {}
    elsewhere = rcp("s3:PutObject", StringNotEquals={"aws:RequestedRegion": "ap-south-1"})
    assert "own_way" in judge(elsewhere, rules=rules, trails=(TRAIL,))


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        (KEY, KEY),
        ("1234abcd", KEY),
        ("key/1234abcd", KEY),
        # Which key an alias stands for is not known.
        ("alias/journal", f"arn:aws:kms:us-east-1:{MEMBERS[0]}:key/any"),
    ],
)
def test_a_key_by_arn_id_or_alias(key: str, meant: str) -> None:
    place = make_place(ORGANIZATION, MEMBERS[0], partition="aws", region="us-east-1")
    assert make_key_arn(key, place) == meant


def test_automation_may_be_given_by_its_arn() -> None:
    rules = dataclasses.replace(RULES, automation=(f"arn:aws:iam::{MEMBERS[0]}:role/deployer",))
    exempt = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{MEMBERS[0]}:role/deployer"}}
    cut = scp("s3:GetObject", resource="arn:aws:s3:::acme-journal/*", **exempt)
    assert "deployer to the journal" not in judge(cut, rules=rules)["own_way"]
    assert "deployer to the journal" in judge(scp("s3:GetObject"), rules=rules)["own_way"]


def test_whoever_is_not_known_by_an_arn_is_not_asked_for() -> None:
    rules = dataclasses.replace(RULES, entry="", caller="", automation=(), assessors=())
    assert "own_way" not in judge(scp("s3:PutObject"), rules=rules)


def test_an_rcp_says_nothing_of_a_key_of_another_account() -> None:
    key = f"arn:aws:kms:us-east-1:{MEMBERS[1]}:key/1"
    rules = dataclasses.replace(RULES, places=(dataclasses.replace(JOURNAL, key=key),))
    deny = rcp("kms:*", StringNotEquals={"aws:PrincipalAccount": "${aws:ResourceAccount}"})
    assert "own_way" not in judge(deny, rules=rules)
    assert "own_way" in judge(deny)
    # An SCP binds who calls, wherever the key is.
    assert "own_way" in judge(scp("kms:Decrypt"), rules=rules)


@pytest.mark.parametrize("actions", [("s3:PutObject",), ("s3:GetBucketAcl",), ("kms:*",)])
@pytest.mark.parametrize("service", ["cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com"])
def test_an_rcp_that_keeps_what_writes_the_trail_from_its_bucket_is_refused(
    actions: tuple[str, ...], service: str
) -> None:
    conditions = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION.id}}
    reason = judge(rcp(*actions, **conditions), trails=(TRAIL,))["own_way"]
    assert f"AWS service {service} to the trail in s3://acme-trail" in reason
    exempt = {**conditions, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    assert judge(rcp(*actions, **exempt), trails=(TRAIL,)) == {}


def test_places_are_those_of_the_options_that_are_in_s3() -> None:
    journal = StoreOptions("s3://acme-journal/iam/", "alias/journal", ENTRY)
    local, trail = StoreOptions("./reports"), StoreOptions("s3://acme-trail")
    found = find_own_places(journal=journal, reports=local, trails=[trail])
    assert found == (
        OwnPlace("the journal", "acme-journal", "iam", ENTRY, "alias/journal"),
        OwnPlace("the trail", "acme-trail", is_written=False),
    )
    assert [place.location for place in found] == ["s3://acme-journal/iam", "s3://acme-trail"]
    assert find_own_places(journal=StoreOptions("./journal")) == ()
    reports = StoreOptions("s3://acme-reports", KEY, ENTRY)
    assert find_own_places(reports=reports) == (
        OwnPlace("the reports", "acme-reports", "", ENTRY, KEY, is_written=True),
    )
    trail = StoreOptions("s3://acme-trail", role_arn=ENTRY)
    assert find_own_places(trails=[trail]) == (OwnPlace("the trail", "acme-trail", "", ENTRY, "", is_written=False),)


@pytest.mark.parametrize(("action", "is_refused"), [("s3:GetObject", True), ("s3:PutObject", False)])
def test_what_is_only_read_must_be_readable(action: str, is_refused: bool) -> None:
    rules = dataclasses.replace(RULES, places=(OwnPlace("the trail", "acme-trail", is_written=False),))
    found = judge(scp(action, resource="arn:aws:s3:::acme-trail/*"), rules=rules)
    assert ("own_way" in found) is is_refused
