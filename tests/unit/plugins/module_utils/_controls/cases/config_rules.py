# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config's rules on IAM, such as judge nothing, and what they found."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

from ansible_collections.hardening.iam.plugins.module_utils._account.config_rules import ConfigRule
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot

from ..case_tables import cases
from ..config_samples import HOME, ONCE, OTHER, RECORDED, account, all_rules, recorder, rule, verdict
from ..samples import arn, unread
from .case import Case

_RULES: t.Final = "https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html"
_SCOPE: t.Final = "https://docs.aws.amazon.com/config/latest/APIReference/API_Scope.html"
_STATE: t.Final = "https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRule.html"
_GLOBAL: t.Final = "https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html"
_COMPLIANCE: t.Final = "https://docs.aws.amazon.com/config/latest/APIReference/API_Compliance.html"

Build = Callable[[], Snapshot]
_BOTH: t.Final = (HOME, OTHER)


def _with_rules(*rules: ConfigRule, regions: Sequence[str] = (HOME,), **fields: t.Any) -> Build:
    return lambda: account(regions=tuple(regions), config_rules=rules, **fields)


def _without(name: str, *more: ConfigRule) -> Build:
    """All rules but one, and others."""
    return _with_rules(*(item for item in all_rules() if name not in item.name), *more)


def _everywhere(*regions: str) -> tuple[ConfigRule, ...]:
    return tuple(rule("external-analyzer", region) for region in regions)


def _with_verdicts(*verdicts: t.Any, regions: Sequence[str] = (HOME,)) -> Build:
    return lambda: account(regions=tuple(regions), config_compliance=verdicts)


_ALICE: t.Final = [("AWS::IAM::User", "AIDAEXAMPLE", arn("user", "alice"))]

CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "config_iam_rules",
        _RULES,
        FAIL={
            "none": _with_rules(),
            "all but one": _without("root-mfa"),
            "rules of one's own by the names of AWS's": _without(
                "root-mfa", rule("root-mfa", identifier="acme", owner="CUSTOM_LAMBDA")
            ),
            "one region has none": _with_rules(*all_rules(), regions=_BOTH),
        },
        PASS={
            "all": _with_rules(*all_rules()),
            "all, one under another name": _without("root-mfa", rule("theirs", kind="root-mfa")),
            "all, one by Security Hub": _without(
                "root-mfa", rule("hub", kind="root-mfa", created_by="securityhub.amazonaws.com")
            ),
        },
        NOT_APPLICABLE={"no recorder, which another control fails": _with_rules(config_recorders=())},
        NOT_ASSESSED={
            "rules that may not be read": _with_rules(unread=(unread(Dataset.CONFIG_RULES, region=HOME),)),
        },
    ),
    *cases(
        "config_iam_rules",
        _SCOPE,
        FAIL={"one for a tag or a single resource": _without("root-mfa", rule("root-mfa", narrowed=True))},
    ),
    *cases(
        "config_iam_rules",
        _STATE,
        FAIL={
            "one is being deleted": _without("root-mfa", rule("root-mfa", state="DELETING")),
            "the results of one are being deleted": _without("root-mfa", rule("root-mfa", state="DELETING_RESULTS")),
        },
        PASS={
            "one is being evaluated": _without("root-mfa", rule("root-mfa", state="EVALUATING")),
        },
    ),
    *cases(
        "config_iam_rules",
        _GLOBAL,
        FAIL={
            "those on IAM where IAM is not recorded": _with_rules(
                *(rule(name, OTHER) for name in (*ONCE, *RECORDED)), *_everywhere(*_BOTH), regions=_BOTH
            ),
        },
        PASS={
            "all that run by the clock in another region": _with_rules(
                *(rule(name, OTHER) for name in ONCE),
                *(rule(name, HOME) for name in RECORDED),
                *_everywhere(*_BOTH),
                regions=_BOTH,
            ),
            "all where another region records IAM": _with_rules(
                *(rule(name, OTHER) for name in (*ONCE, *RECORDED)),
                *_everywhere(*_BOTH),
                regions=_BOTH,
                config_recorders=(
                    recorder(HOME, includes_global_types=False),
                    recorder(OTHER, includes_global_types=True),
                ),
            ),
        },
    ),
    *cases(
        "config_iam_compliant",
        _COMPLIANCE,
        FAIL={
            "a user": _with_verdicts(verdict("user-no-policies", resources=_ALICE)),
            "the account": _with_verdicts(verdict("root-mfa", resources=[("AWS::::Account", "111122223333")])),
            "without a resource, by a rule of Security Hub": _with_verdicts(
                verdict("console-mfa", created_by="securityhub.amazonaws.com")
            ),
            "a user, beside rules that wait": _with_verdicts(
                verdict("user-no-policies", resources=_ALICE), verdict("console-mfa", compliance="INSUFFICIENT_DATA")
            ),
            "one region of two": _with_verdicts(
                verdict("external-analyzer", HOME, compliance="COMPLIANT"),
                verdict("external-analyzer", OTHER),
                regions=_BOTH,
            ),
        },
        PASS={
            "nothing": _with_verdicts(verdict("root-mfa", compliance="COMPLIANT")),
            "nothing in both regions": _with_verdicts(
                *(verdict("external-analyzer", region, compliance="COMPLIANT") for region in _BOTH), regions=_BOTH
            ),
        },
        NOT_ASSESSED={
            "a rule that was not evaluated yet": _with_verdicts(
                verdict("root-mfa", compliance="COMPLIANT"), verdict("console-mfa", compliance="INSUFFICIENT_DATA")
            )
        },
        NOT_APPLICABLE={"no rule": _with_verdicts()},
    ),
)
