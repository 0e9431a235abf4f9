# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.changes import (
    RootAccessWriter,
    is_removal,
    relies_on,
    removals,
    waits_for,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact, Undo

from .roots import MANAGEMENT, PROD, SESSIONS, TEST, arn, idle

WRITER = RootAccessWriter(MANAGEMENT, f"arn:aws:organizations::{MANAGEMENT}:organization/o-1")
REMOVED = removals(idle(PROD), arn=arn(PROD), population=2, remedies={"password": ("fingerprint",)})


def test_removals_are_in_order_destructive_and_final() -> None:
    assert [(change.operation, dict(change.parameters)) for change in REMOVED] == [
        ("DeleteAccessKey", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}),
        ("DeleteSigningCertificate", {"CertificateId": "CERT"}),
        ("DeleteLoginProfile", {}),
        ("DeactivateMFADevice", {"SerialNumber": "serial"}),
    ]
    assert {(change.impact, change.undo, change.account_id) for change in REMOVED} == {(Impact.DESTRUCTIVE, None, PROD)}
    assert [change.remedies for change in REMOVED] == [(), (), ("fingerprint",), ()]
    assert all(map(is_removal, REMOVED))


def test_what_comes_later_waits_for_what_is_refused() -> None:
    for earlier, later in itertools.combinations(REMOVED, 2):
        assert waits_for(later, earlier)
        assert not waits_for(earlier, later)
    others = removals(idle(TEST), arn=arn(TEST), population=2, remedies={})
    assert not any(waits_for(later, earlier) for later in others for earlier in REMOVED)


def test_settings_come_with_their_way_back() -> None:
    on, off = WRITER.set_feature(SESSIONS, on=True), WRITER.set_feature(SESSIONS, on=False)
    assert (on.operation, on.undo, on.impact) == (
        "EnableOrganizationsRootSessions",
        Undo("DisableOrganizationsRootSessions", {}),
        Impact.ADDITIVE,
    )
    assert (off.operation, off.impact) == ("DisableOrganizationsRootSessions", Impact.NARROWING)
    assert (on.before, on.after) == (off.after, off.before)
    administrator = WRITER.set_administrator(PROD, on=True)
    assert administrator.undo == Undo(
        "DeregisterDelegatedAdministrator", {"AccountId": PROD, "ServicePrincipal": "iam.amazonaws.com"}
    )


def test_trusted_access_is_what_the_rest_relies_on() -> None:
    trust, feature, distrust = (
        WRITER.set_trust(on=True),
        WRITER.set_feature(SESSIONS, on=True),
        WRITER.set_trust(on=False),
    )
    assert waits_for(feature, trust)
    assert relies_on(feature, trust)
    assert not relies_on(trust, feature)
    assert not relies_on(REMOVED[0], trust)
    assert waits_for(distrust, WRITER.set_administrator(PROD, on=False))
    assert not waits_for(distrust, REMOVED[0])
