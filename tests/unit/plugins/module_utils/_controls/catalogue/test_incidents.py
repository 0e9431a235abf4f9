# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controls of incidents know what the containment writes, and say what they found."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine import changes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation import cut, names
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue import incidents
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity, Status

from ..samples import ACCOUNT, arn, document, judge, role, snapshot, user


def test_the_controls_know_the_names_of_the_containment() -> None:
    assert (incidents.QUARANTINE_TAG, incidents.INCIDENT_TAG) == (changes.QUARANTINE_TAG, changes.INCIDENT_TAG)
    assert (incidents.INCIDENT_TAG, incidents.INLINE_POLICY) == (names.INCIDENT_TAG, changes.INLINE_POLICY)
    assert incidents.INLINE_PREFIX == cut.INLINE_PREFIX
    # What the modules attach is found.
    deny_all = changes.DENY_POLICY.format(partition="aws", account_id=ACCOUNT)
    [finding] = judge("quarantine_without_incident", snapshot(users=(user(attached_policies=(deny_all,)),)))
    assert finding.status is Status.FAIL
    managed = arn("policy", f"iam-hardening/{cut.name_managed('INC-7', 'AROAEXAMPLE')}")
    inline = (document({"Effect": "Deny", "Action": "*", "Resource": "*"}, name=cut.name_inline("INC-8")),)
    cuts = (role("a", attached_policies=(managed,)), role("b", inline_policies=inline))
    assert {finding.status for finding in judge("role_sessions_revoked", snapshot(roles=cuts))} == {Status.FAIL}


def test_a_user_that_aws_quarantined_is_critical_also_while_it_is_contained() -> None:
    policy = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
    tags = {incidents.QUARANTINE_TAG: "true", incidents.INCIDENT_TAG: "INC-7"}
    given = (user("a", attached_policies=(policy,)), user("b", attached_policies=(policy,), tags=tags))
    found = judge("user_quarantined_by_aws", snapshot(users=given))
    assert [(finding.status, finding.severity) for finding in found] == [(Status.FAIL, Severity.CRITICAL)] * 2
    assert [finding.detail for finding in found] == [
        "AWS attached AWSCompromisedKeyQuarantineV3, which contains nothing",
        "AWS attached AWSCompromisedKeyQuarantineV3. Its tags say that incident INC-7 contains it",
    ]


def test_a_quarantine_without_incident_says_what_was_found() -> None:
    given = user("a", tags={incidents.QUARANTINE_TAG: "true", incidents.INCIDENT_TAG: "no id"})
    [finding] = judge("quarantine_without_incident", snapshot(users=(given,)))
    assert finding.detail == (
        "is quarantined by the tag iam-hardening:quarantine, and its tag iam-hardening:incident is no id"
    )
