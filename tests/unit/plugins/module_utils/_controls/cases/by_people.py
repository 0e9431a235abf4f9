# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controls that a person has to judge: the account is described, and nothing is passed."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Caller, Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Instance

from ..case_tables import cases
from ..organization_samples import PROD, PRODUCTION, ROOT_ID, SANDBOX, account, acme, tree
from ..samples import ACCOUNT, role, snapshot, unread, user
from .case import Case

_QUESTIONS: t.Final = "CIS AWS Foundations 3.0, 1.3: security questions are registered in the AWS account"
_WORKLOADS: t.Final = "CIS AWS Foundations 7.0, 2.1.3: the management account runs no workloads"
_UNITS: t.Final = "CIS AWS Foundations 7.0, 2.1.4: organizational units follow environment and sensitivity"
_STATES: t.Final = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html"

Build = Callable[[], Snapshot]


def _in_units(*units: tuple[str, str], **states: str) -> Build:
    """An organization with member accounts by name and unit."""
    members = tuple(
        account(f"{number}" * 12, name, unit, states.get(name, "ACTIVE"))
        for number, (name, unit) in enumerate(units, start=2)
    )
    return lambda: acme(accounts=(account(ACCOUNT, "acme", ROOT_ID), *members))


_INSTANCE: t.Final = Instance("i-1", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1", "us-east-1", None, "running")
_ELSEWHERE: t.Final = Caller(PROD, f"arn:aws:sts::{PROD}:assumed-role/assessor/s", "AROAEXAMPLE:s")

CASES: t.Final[tuple[Case, ...]] = (
    *cases("security_questions", _QUESTIONS, NOT_ASSESSED={"any account": snapshot}),
    *cases(
        "management_account_without_workloads",
        _WORKLOADS,
        NOT_ASSESSED={
            "nothing that speaks for a workload": acme,
            "an instance": lambda: acme(read={"instances": (_INSTANCE,)}),
            "a role for EC2 and a user": lambda: acme(read={"roles": (role(),), "users": (user(),)}),
            "seen from another account": lambda: acme(read={"caller": _ELSEWHERE}),
            "instances that may not be read": lambda: acme(read={"unread": (unread(Dataset.INSTANCES),)}),
        },
    ),
    *cases(
        "organizational_units_by_environment",
        _UNITS,
        FAIL={
            "all accounts directly below the root": _in_units(("acme-prod", ROOT_ID), ("acme-dev", ROOT_ID)),
            "one account, directly below the root": _in_units(("acme-prod", ROOT_ID)),
            "all accounts below the root, and units that are empty": lambda: acme(
                accounts=(account(ACCOUNT, "acme", ROOT_ID), account(PROD, "acme-prod", ROOT_ID))
            ),
        },
        NOT_ASSESSED={
            "units whose purpose nobody but a person knows": acme,
            "one account in a unit, others directly below the root": _in_units(
                ("acme-prod", PRODUCTION), ("acme-dev", ROOT_ID)
            ),
            "all accounts in one unit": _in_units(("acme-prod", SANDBOX), ("acme-dev", SANDBOX)),
        },
        NOT_APPLICABLE={"the management account alone": lambda: acme(accounts=tree().accounts[:1])},
    ),
    *cases(
        "organizational_units_by_environment",
        _STATES,
        FAIL={
            "all active accounts directly below the root, and a suspended one in a unit": _in_units(
                ("acme-prod", ROOT_ID), ("acme-old", SANDBOX), **{"acme-old": "SUSPENDED"}
            ),
        },
        NOT_APPLICABLE={"all other accounts are suspended": _in_units(("old", ROOT_ID), old="SUSPENDED")},
    ),
)
