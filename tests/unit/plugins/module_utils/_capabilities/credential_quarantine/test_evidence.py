# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence of a pass: whole, harmless and without secrets."""

from __future__ import annotations

import json

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.evidence import describe
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.locate import (
    Seed,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import RootState

from .users import ACCOUNT, LEAKED, NOW, OTHER, user


def test_it_has_all_that_was_read() -> None:
    seed = Seed(LEAKED, "access_key", Status.HOME, ACCOUNT, "ci-deploy")
    root = RootState(OTHER, f"arn:aws:iam::{OTHER}:root", password_created=NOW)
    document = describe([seed], [user(unread={"groups": "denied"})], [root], name_of_pass="first", at=NOW)
    assert json.loads(json.dumps(document)) == document
    assert (document["pass"], document["at"]) == ("first", "2026-11-27T10:00:00Z")
    (found,) = document["users"]
    assert [one["id"] for one in found["credentials"] if one["kind"] == "access_key"][1] == LEAKED
    assert found["unread"] == {"groups": "denied"}
    assert document["roots"][0]["password_created"] == "2026-11-27T10:00:00Z"


def test_text_that_an_intruder_chose_can_not_move_a_cursor() -> None:
    hostile = "team\x1b[2J\u202egnp\nINJECTED"
    document = describe(
        [], [user(tags={hostile: hostile}, inline={"x": {"Sid": hostile}})], [], name_of_pass="", at=NOW
    )
    text = json.dumps(document, ensure_ascii=False)
    for sign in ("\x1b", "\u202e", "\\n"):
        assert sign not in text
