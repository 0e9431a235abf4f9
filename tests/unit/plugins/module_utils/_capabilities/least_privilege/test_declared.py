# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.declared import (
    DAYS,
    Declared,
    selects,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Stage, Way
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

TODAY = dt.date(2026, 1, 5)
ROLE = "arn:aws:iam::111122223333:role/team/dev-a"
TARGET: dict[str, t.Any] = {"roles": ["dev-*"], "way": "parallel"}
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary-developer"
REASON = {"principal": "dev-a", "reason": "agreed", "expires": "2026-02-01"}
BUCKET = "arn:aws:s3:::acme-logs"


def declare(**options: t.Any) -> Declared:
    return Declared.from_options({"campaign": "developers", "targets": [TARGET], **options}, today=TODAY)


def test_defaults() -> None:
    declared = declare()
    assert (declared.campaign, declared.stage, declared.revert) == ("developers", None, ())
    assert {name: getattr(declared, name) for name in DAYS} == {name: default for name, (default, _) in DAYS.items()}
    (target,) = declared.targets
    assert (target.roles, target.way, target.is_canary, target.boundary) == (("dev-*",), Way.PARALLEL, False, "")


def test_ansible_adds_options_that_are_not_given_as_nulls() -> None:
    nulls = dict.fromkeys([*DAYS, "stage", "revert", "accept_namers", "accept_unproven"])
    assert declare(**nulls, targets=[{**TARGET, "canary": None, "boundary": None}]) == declare()


def test_a_survey_sends_texts() -> None:
    assert declare(canary_days="7", stage=" canary ").canary_days == 7
    assert declare(stage="").stage is None


def test_a_campaign_without_targets_reports_only() -> None:
    assert declare(targets=[]).targets == ()


@pytest.mark.parametrize(
    "pattern", ["dev-a", "DEV-*", "role/dev-a", "role/team/dev-?", "arn:aws:iam::*:role/team/*", "*", ROLE]
)
def test_a_role_is_selected_by_name_or_arn(pattern: str) -> None:
    assert selects([pattern], ROLE)


@pytest.mark.parametrize("pattern", ["dev", "user/dev-a", "team/dev-a", "arn:aws:iam::*:role/dev-a"])
def test_a_role_is_not_selected_by_a_part_of_its_name(pattern: str) -> None:
    assert not selects([pattern], ROLE)


def test_a_role_that_two_targets_select_in_one_way_is_a_canary_if_one_says_so() -> None:
    found = declare(targets=[TARGET, {"roles": ["dev-a"], "way": "parallel", "canary": True}]).find_target(ROLE)
    assert found is not None
    assert found.is_canary
    assert declare().find_target("arn:aws:iam::111122223333:role/ops") is None


@pytest.mark.parametrize(
    "other", [{"roles": ["*-a"], "way": "in_place"}, {"roles": ["*-a"], "way": "parallel", "boundary": BOUNDARY}]
)
def test_a_role_that_two_targets_select_in_two_ways_is_refused(other: dict[str, t.Any]) -> None:
    message = r"role/team/dev-a is selected by targets\[0\] \(way parallel\) and by targets\[1\] \(way "
    with pytest.raises(InputError, match=message):
        declare(targets=[TARGET, other]).find_target(ROLE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"campaign": None}, "campaign: '' is not a name; allowed are"),
        ({"campaign": "../etc"}, r"campaign: '\.\./etc' is not a name"),
        ({"campaign": ".."}, "campaign: "),
        ({"campaign": "a/b"}, "campaign: 'a/b'"),
        ({"campaign": "a" * 65}, "campaign: "),
        ({"campaign": "dév"}, "campaign: "),
        ({"stage": "cutover"}, "stage: there is no stage 'cutover'; allowed are assess, generate, prepare, canary"),
        ({"canary_days": 2}, "canary_days: 2 is not a whole number of days from 3 to 365"),
        ({"canary_days": True}, "canary_days: True"),
        ({"canary_days": "3.5"}, "canary_days: '3.5'"),
        ({"canary_days": "٣٣"}, "canary_days: "),
        ({"watch_days": 366}, "watch_days: 366"),
        ({"unused_days": 6}, "unused_days: 6 is not a whole number of days from 7 to 365"),
        ({"closed_days": 6}, "closed_days: 6"),
        ({"trial_days": 91}, "trial_days: 91 is not a whole number of days from 4 to 90"),
        ({"trial_days": 14}, "trial_days: 14 is not more than canary_days, 14"),
        ({"parallel_days": 0}, "parallel_days: 0"),
        ({"targets": {}}, "targets: a list of mappings is expected"),
        ({"targets": ["dev-a"]}, r"targets\[0\]: a mapping is expected, not 'dev-a'"),
        ({"targets": [{**TARGET, "role": "x"}]}, r"targets\[0\]: there is no key 'role'; allowed are roles, way"),
        ({"targets": [{**TARGET, "roles": []}]}, r"targets\[0\].roles: it is empty"),
        ({"targets": [{**TARGET, "roles": "dev-*"}]}, r"targets\[0\].roles: a list of names or ARNs is expected"),
        ({"targets": [{**TARGET, "roles": ["dev", ""]}]}, r"targets\[0\].roles: it has an empty entry"),
        (
            {"targets": [{**TARGET, "way": "beside"}]},
            r"targets\[0\].way: there is no way 'beside'; allowed are",
        ),
        ({"targets": [{"roles": ["dev"]}]}, r"targets\[0\].way: there is no way ''"),
        ({"targets": [{**TARGET, "canary": "maybe"}]}, r"targets\[0\].canary: 'maybe' is neither true nor false"),
        ({"targets": [{**TARGET, "boundary": "developer"}]}, r"targets\[0\].boundary: 'developer' is not the ARN"),
        (
            {"targets": [{**TARGET, "way": "in_place", "boundary": BOUNDARY}]},
            r"targets\[0\].boundary: only way parallel makes new roles",
        ),
        ({"targets": [], "stage": "assess"}, "targets: it is empty, and stage is assess"),
        ({"stage": "revert"}, r"revert: it is empty, and stage is revert; name roles, or write '\*'"),
        ({"revert": ["*"]}, r"revert: \* is only used with stage revert, and stage is not set"),
        ({"revert": ["*"], "stage": "watch"}, "revert: .* and stage is watch"),
        ({"revert": "*", "stage": "revert"}, "revert: a list of names or ARNs is expected"),
        ({"accept_unproven": [{"principal": "dev-a"}]}, r"accept_unproven\[0\]: reason, expires missing"),
        ({"accept_machines": [{**REASON, "principal": "dev-*"}]}, r"accept_machines\[0\].principal: .* is a pattern"),
        ({"accept_breakage": [{**REASON, "expires": "2028-01-01"}]}, r"accept_breakage\[0\].expires: .* days ahead"),
        ({"accept_namers": [REASON]}, r"accept_namers\[0\]: namer missing or empty; required are principal, namer"),
        ({"accept_namers": [{**REASON, "namer": "*"}]}, r"accept_namers\[0\].namer: '\*' is neither the ARN"),
        ({"accept_namers": [{**REASON, "namer": "arn:aws:s3:::*"}]}, r"accept_namers\[0\].namer: "),
        ({"accept_namers": [{**REASON, "namer": BUCKET, "x": 1}]}, r"accept_namers\[0\]: there is no key 'x'"),
        ({"accept_denials": [{**REASON, "action": "s3:*"}]}, r"accept_denials\[0\].action: 's3:\*' is not one action"),
        ({"accept_denials": [{"action": "s3:GetObject"}]}, r"accept_denials\[0\]: principal, reason, expires missing"),
        ({"accept_denials": [REASON, 3]}, r"accept_denials\[1\]: a mapping is expected, not 3"),
    ],
)
def test_a_bad_value_is_refused(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(**options)


def test_a_revert_of_everything_is_spelled() -> None:
    declared = declare(stage="revert", revert=["*"])
    assert declared.stage is Stage.REVERT
    assert declared.reverts(ROLE)
    assert not declare(stage="revert", revert=["dev-b"]).reverts(ROLE)


def test_acceptances_are_about_one_principal_and_one_thing_until_they_expire() -> None:
    namer = {**REASON, "namer": BUCKET}
    account = {**REASON, "namer": "444455556666"}
    declared = declare(accept_namers=[namer, account], accept_denials=[{**REASON, "action": "s3:GetObject"}])
    other = ROLE.replace("dev-a", "dev-b")
    assert declared.accepts_namer(ROLE, BUCKET, "111122223333") == "agreed"
    assert declared.accepts_namer(other, BUCKET, "111122223333") is None
    assert declared.accepts_namer(ROLE, "arn:aws:sqs:eu-west-1:444455556666:q", "444455556666") == "agreed"
    assert declared.accepts_namer(ROLE, "", "") is None
    assert declared.accepts_denial(ROLE, "S3:getobject") == "agreed"
    assert declared.accepts_denial(ROLE, "s3:PutObject") is None
    expired = declare(accept_denials=[{**REASON, "action": "s3:GetObject", "expires": "2026-01-04"}])
    assert expired.accepts_denial(ROLE, "s3:GetObject") is None


def test_acceptances_that_expired_or_are_about_others_are_warned_of() -> None:
    expired = {**REASON, "expires": "2026-01-04"}
    declared = declare(
        accept_machines=[REASON, {**REASON, "principal": "ops"}],
        accept_denials=[{**expired, "action": "s3:GetObject"}],
    )
    assert declared.list_warnings([ROLE]) == [
        "accept_machines[1]: ops is no role of the campaign",
        "accept_denials[0]: the acceptance for dev-a expired on 2026-01-04",
    ]


def test_a_mistyped_name_is_named_although_others_select_something() -> None:
    roles = ["arn:aws:iam::111122223333:role/dev-a", "arn:aws:iam::111122223333:role/dev-b"]
    targets = [{"roles": ["dev-a", "dev-1o"], "way": "parallel"}, {"roles": ["dev-b*"], "way": "parallel"}]
    declared = declare(targets=targets, stage="revert", revert=["dev-a", "dev-c"])
    assert declared.list_needless_globs(roles) == [
        "targets[0].roles: dev-1o selects no role of the account",
        "revert: dev-c selects no role of the account",
    ]
