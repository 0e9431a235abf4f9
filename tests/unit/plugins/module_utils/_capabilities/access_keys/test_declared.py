# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.declared import (
    IDLE_REASONS,
    Reason,
    region_of_topic,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Kind
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

from .keys import declare, user_arn

TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:keys"


def test_defaults_stage_unused_access_keys_and_delete_nothing() -> None:
    found = declare()
    assert (found.reasons, found.kinds, found.delete_after) == (IDLE_REASONS, {Kind.ACCESS_KEY}, None)
    assert (found.notify_after, found.deactivate_grace, found.min_idle) == (45, 14, 45)


@pytest.mark.parametrize(
    ("notify", "expected"),
    [(TOPIC, (True, TOPIC)), ("none", (True, None)), (None, (False, None)), ("", (False, None))],
)
def test_how_owners_are_told(notify: t.Optional[str], expected: tuple[bool, t.Optional[str]]) -> None:
    found = declare(notify=notify)
    assert (found.has_notice, found.topic) == expected


def test_a_topic_is_reached_in_its_own_region() -> None:
    assert region_of_topic(TOPIC) == "us-gov-west-1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"notify": "keys"}, "notify: 'keys'"),
        ({"notify": f"{TOPIC}.fifo"}, "no FIFO topic"),
        ({"notify_after_days": 6}, "notify_after_days: 6 is not allowed; allowed are 7 to 1095 days"),
        ({"min_idle_days": 0}, "min_idle_days: 0 is not allowed; allowed are 7 to 1095 days"),
        ({"deactivate_after_days": 44}, r"allowed are notify_after_days \(45\) or more"),
        ({"delete_after_days": "44"}, r"allowed are deactivate_after_days \(45\) or more"),
        ({"delete_after_days": "-1"}, "delete_after_days: '-1'"),
        ({"delete_grace_days": 0}, "delete_grace_days: 0 is not allowed; allowed are 1 to 1095 days"),
        ({"deactivate_grace_days": 2000}, "allowed are 1 to 1095 days"),
        ({"accept_ses_smtp_users": ["ses-smtp-user.*"]}, "allowed are names of users"),
    ],
)
def test_what_is_not_allowed(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(**options)


def test_further_kinds_and_reasons_are_taken_on_request() -> None:
    found = declare(stage_reasons=["old"], stage_credentials=["ssh_public_key"], remove_unused_passwords=True)
    assert found.reasons == {Reason.OLD}
    assert found.kinds == {Kind.ACCESS_KEY, Kind.SSH_KEY, Kind.PASSWORD}


@pytest.mark.parametrize(
    ("user", "service", "accepted", "expected"),
    [
        ("ses-smtp-user.20240131-101500", None, [], True),
        ("SES-SMTP-User.prod", None, [], True),
        ("mailer", "ses", [], True),
        ("mailer", "ses", ["mailer"], False),
        ("mailer", "s3", [], False),
        ("ses-smtp-user.1", None, ["ses-smtp-user.2"], True),
    ],
)
def test_keys_behind_mail_servers(user: str, service: t.Optional[str], accepted: list[str], expected: bool) -> None:
    assert declare(accept_ses_smtp_users=accepted).may_be_smtp_password(user, service) is expected


def test_users_are_excluded_by_name_and_by_arn_in_any_case() -> None:
    found = declare(exclude_users=["SVC-annual-*", user_arn("Audit")])
    assert [name for name in ("svc-annual-tax", "audit", "svc") if found.excludes(name, user_arn(name))] == [
        "svc-annual-tax",
        "audit",
    ]
