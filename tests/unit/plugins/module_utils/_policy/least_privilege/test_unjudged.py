# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents of a person are not proved where nobody knows what the principal does."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.unjudged import list_unjudged

from .samples import allow, blind, call, cover, make_record, policy, settings

OLD = (policy(allow(["sqs:*", "s3:GetObject", "dynamodb:PutItem"])),)
NEW = (policy(allow("sqs:*")),)


def test_what_is_taken_away_without_evidence_is_named() -> None:
    record = make_record(but=[cover("s3", data=False), blind("dynamodb")], last_accessed=False)
    found = list(list_unjudged(OLD, NEW, record, settings()))
    assert [(entry.action, entry.resource) for entry in found] == [("dynamodb:PutItem", "*"), ("s3:GetObject", "*")]
    assert "its events are excluded" in found[0].why
    assert "service last accessed was not read" in found[1].why


def test_what_stays_and_what_calls_show_needs_no_other_evidence() -> None:
    record = make_record(
        call("s3:GetObject", "arn:aws:s3:::b/k"), but=[cover("s3", data=False), blind("sqs")], last_accessed=False
    )
    assert list(list_unjudged(OLD, NEW, record, settings())) == []


def test_with_service_last_accessed_its_dates_decide() -> None:
    record = make_record(but=[cover("s3", data=False), blind("dynamodb")])
    assert list(list_unjudged(OLD, NEW, record, settings())) == []
