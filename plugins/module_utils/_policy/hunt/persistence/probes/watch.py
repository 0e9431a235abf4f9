# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What costs money, what watches, and the account itself: how to see whether they are still there."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from .probe import (
    Answer,
    Judgement,
    Key,
    Probe,
    equals,
    give_parameters,
    lists,
    lists_any,
    look_up,
    name_parameters,
    negates,
)

_NO_RESOURCE: t.Final = ("ResourceNotFoundException",)


def _is_contact(answer: Answer, key: Key) -> Judgement:
    """Whether the contact is the one of the event, where CloudTrail shows its address."""
    if "@" not in key[1]:
        return None
    return bool(look_up(answer, ("AlternateContact", "EmailAddress")) == key[1])


_MONEY: t.Final = (
    Probe(
        "account.region",
        "account",
        "GetRegionOptStatus",
        name_parameters("RegionName"),
        equals("RegionOptStatus", values=("ENABLED", "ENABLING")),
    ),
    Probe(
        "account.contact",
        "account",
        "GetAlternateContact",
        lambda key: {"AlternateContactType": key[0]},
        _is_contact,
        _NO_RESOURCE,
    ),
    Probe("ses.identity", "sesv2", "GetEmailIdentity", name_parameters("EmailIdentity"), absent=("NotFoundException",)),
)


def _key_state(*states: str) -> Callable[[Answer, Key], Judgement]:
    return equals("KeyMetadata", "KeyState", values=states)


def _is_type_disabled(answer: Answer, key: Key) -> Judgement:
    for root in answer.get("Roots") or ():
        if root.get("Id") == key[0]:
            return not any(
                one.get("Type") == key[1] and one.get("Status") == "ENABLED" for one in root.get("PolicyTypes") or ()
            )
    return None


def _recorder_stands(answer: Answer, key: Key) -> Judgement:
    states = answer.get("ConfigurationRecordersStatus") or ()
    return not any(one.get("recording") for one in states) if states else True


_NO_TRAIL: t.Final = ("TrailNotFoundException",)
_NO_RECORDER: t.Final = ("NoSuchConfigurationRecorderException",)
_BLINDFOLD: t.Final = (
    Probe(
        "cloudtrail.stopped",
        "cloudtrail",
        "GetTrailStatus",
        name_parameters("Name"),
        equals("IsLogging", values=(False,)),
        _NO_TRAIL,
        if_absent=True,
    ),
    Probe(
        "cloudtrail.deleted",
        "cloudtrail",
        "GetTrailStatus",
        name_parameters("Name"),
        lambda answer, key: False,
        _NO_TRAIL,
        if_absent=True,
    ),
    Probe(
        "config.stopped",
        "config",
        "DescribeConfigurationRecorderStatus",
        lambda key: {"ConfigurationRecorderNames": [key[0]]},
        _recorder_stands,
        _NO_RECORDER,
        if_absent=True,
    ),
    Probe(
        "config.deleted",
        "config",
        "DescribeConfigurationRecorderStatus",
        lambda key: {"ConfigurationRecorderNames": [key[0]]},
        negates(lists_any("ConfigurationRecordersStatus")),
        _NO_RECORDER,
        if_absent=True,
    ),
    Probe(
        # An account has one detector a region, and a new one has another id.
        "guardduty.deleted",
        "guardduty",
        "ListDetectors",
        give_parameters(),
        negates(lists_any("DetectorIds")),
        items="DetectorIds",
    ),
    Probe(
        "guardduty.disabled",
        "guardduty",
        "GetDetector",
        name_parameters("DetectorId"),
        equals("Status", values=("DISABLED",)),
    ),
    Probe(
        "guardduty.filter",
        "guardduty",
        "ListFilters",
        lambda key: {"DetectorId": key[0]},
        lambda answer, key: key[1] in (answer.get("FilterNames") or ()),
        items="FilterNames",
    ),
    Probe(
        "guardduty.ip_set",
        "guardduty",
        "ListIPSets",
        lambda key: {"DetectorId": key[0]},
        lambda answer, key: key[1] in (answer.get("IpSetIds") or ()),
        items="IpSetIds",
    ),
    Probe(
        "securityhub.off",
        "securityhub",
        "DescribeHub",
        give_parameters(),
        lambda answer, key: False,
        ("InvalidAccessException", *_NO_RESOURCE),
        if_absent=True,
    ),
    Probe(
        "accessanalyzer.deleted",
        "accessanalyzer",
        "GetAnalyzer",
        name_parameters("analyzerName"),
        lambda answer, key: False,
        _NO_RESOURCE,
        if_absent=True,
    ),
    Probe(
        "accessanalyzer.archive_rule",
        "accessanalyzer",
        "GetArchiveRule",
        name_parameters("analyzerName", "ruleName"),
        absent=_NO_RESOURCE,
    ),
)

_TAKEOVER: t.Final = (
    Probe(
        "kms.pending_deletion",
        "kms",
        "DescribeKey",
        name_parameters("KeyId"),
        _key_state("PendingDeletion", "PendingReplicaDeletion"),
        ("NotFoundException",),
        if_absent=True,
    ),
    Probe(
        "kms.disabled", "kms", "DescribeKey", name_parameters("KeyId"), _key_state("Disabled"), ("NotFoundException",)
    ),
    Probe(
        "kms.no_material",
        "kms",
        "DescribeKey",
        name_parameters("KeyId"),
        _key_state("PendingImport"),
        ("NotFoundException",),
    ),
    Probe(
        "organizations.detached",
        "organizations",
        "ListTargetsForPolicy",
        lambda key: {"PolicyId": key[0]},
        negates(lists("Targets", "TargetId", 1)),
        ("PolicyNotFoundException",),
        if_absent=True,
        items="Targets",
    ),
    Probe(
        "organizations.type_disabled", "organizations", "ListRoots", give_parameters(), _is_type_disabled, items="Roots"
    ),
    Probe(
        # An answer may show another organization, which the event does not name.
        "organizations.left",
        "organizations",
        "DescribeOrganization",
        give_parameters(),
        lambda answer, key: None,
        ("AWSOrganizationsNotInUseException",),
        if_absent=True,
    ),
    Probe(
        "organizations.accepted",
        "organizations",
        "DescribeHandshake",
        name_parameters("HandshakeId"),
        equals("Handshake", "State", values=("ACCEPTED",)),
    ),
    Probe(
        "organizations.requested",
        "organizations",
        "DescribeHandshake",
        name_parameters("HandshakeId"),
        equals("Handshake", "State", values=("REQUESTED", "OPEN", "ACCEPTED")),
    ),
    Probe(
        "organizations.closed",
        "organizations",
        "DescribeAccount",
        name_parameters("AccountId"),
        negates(equals("Account", "Status", values=("ACTIVE",))),
        ("AccountNotFoundException",),
        if_absent=True,
    ),
)

WATCH_PROBES: t.Final[tuple[Probe, ...]] = (*_MONEY, *_BLINDFOLD, *_TAKEOVER)
