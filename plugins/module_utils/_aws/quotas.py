# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Errors that say that a quota is used up: which quota, and what to do about it.

The codes are those of the services' API references, the quotas those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html,
https://docs.aws.amazon.com/general/latest/gr/sns.html, https://docs.aws.amazon.com/general/latest/gr/sqs-service.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html,
https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

_RAISE: t.Final = "delete unused ones, or raise the quota in Service Quotas"
_FIXED: t.Final = "delete unused ones: AWS does not raise this quota"

# By service and code, the latter without the ending "Exception": the quota, and what to do.
_QUOTAS: t.Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    # AWS's message ends with the name and the value: "Cannot exceed quota for GroupsPerUser: 10".
    "iam": {"LimitExceeded": ("a quota of IAM, which AWS names here", _RAISE)},
    "sns": {
        "TopicLimitExceeded": ("the number of SNS topics in this region", _RAISE),
        "SubscriptionLimitExceeded": ("the number of SNS subscriptions", _RAISE),
        "FilterPolicyLimitExceeded": ("the number of SNS filter policies", _RAISE),
        "TagLimitExceeded": ("50 tags on one SNS topic", _FIXED),
    },
    "sqs": {"OverLimit": ("a limit of SQS on one queue, such as the size of its policy", _FIXED)},
    "events": {
        "LimitExceeded": ("the number of EventBridge rules on this bus, or of targets of one rule", _RAISE),
        "PolicyLengthExceeded": ("the size of the policy of the event bus", "remove statements that are not needed"),
    },
    "config": {
        "MaxNumberOfConfigRulesExceeded": ("the number of AWS Config rules in this region", _RAISE),
        "MaxNumberOfOrganizationConfigRulesExceeded": ("the number of AWS Config rules of the organization", _RAISE),
        "MaxNumberOfConfigurationRecordersExceeded": ("one configuration recorder a region", "use the one that exists"),
        "MaxNumberOfDeliveryChannelsExceeded": ("one delivery channel a region", "use the one that exists"),
        "TooManyTags": ("50 tags on one resource of AWS Config", _FIXED),
    },
    "accessanalyzer": {
        "ServiceQuotaExceeded": ("the number of analyzers of this type in this region, or of archive rules", _RAISE)
    },
    "secretsmanager": {"LimitExceeded": ("a quota of Secrets Manager in this region", _RAISE)},
}
# ConstraintViolationException of Organizations has a reason.
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html
_REASONS: t.Final[Mapping[str, tuple[str, str]]] = {
    "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED": (
        "the number of policies of one type that are attached to one root, OU or account",
        "detach one, or merge two",
    ),
    "POLICY_NUMBER_LIMIT_EXCEEDED": ("the number of policies of this type in the organization", _RAISE),
    "POLICY_CONTENT_LIMIT_EXCEEDED": ("the size of one policy of this type", "shorten or split the policy"),
    "MAX_TAG_LIMIT_EXCEEDED": ("50 tags on one policy or account", _FIXED),
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": (
        "the number of delegated administrators of one service",
        "deregister another one",
    ),
}
# Codes that are not listed, such as those of a service that a later version uses.
_LOOKS_LIKE: t.Final = re.compile(r"(Limit|Quota)Exceeded(Exception)?$|^MaxNumberOf\w+Exceeded(Exception)?$")


def advice(service: str, code: str, reason: str = "") -> str:
    """Which quota an error is about, and what to do; empty where it is not about a quota."""
    known = _REASONS.get(reason) or _QUOTAS.get(service, {}).get(code.removesuffix("Exception"))
    if known is None:
        if not _LOOKS_LIKE.search(code):
            return ""
        known = f"a quota of {service}", _RAISE
    quota, what_to_do = known
    return f"quota used up: {quota}; {what_to_do}"
