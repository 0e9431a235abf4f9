# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the guard: they are documented, and what can't be used is refused before anything is called."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.doc_fragments._lock_out import ModuleDocFragment
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.declared import (
    Declared,
    check_principals,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.run import (
    LOCK_OUT_ARGUMENTS,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import (
    EVIDENCE_ARGUMENTS,
    EvidenceOptions,
)

from ....organizing import task_at

CHECKOUT: t.Final = Path(__file__).resolve().parents[7]
NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)
UNTIL: t.Final = {"reason": "known", "expires": "2026-12-24"}


def outline(options: t.Mapping[str, t.Any], inner: str) -> dict[str, t.Any]:
    """Each option without its description: ``inner`` is where its own options are."""
    return {
        name: {
            **{key: option.get(key) for key in ("type", "elements", "default", "required", "choices")},
            "options": outline(option.get(inner) or {}, inner),
        }
        for name, option in options.items()
    }


def test_the_options_are_the_documented_ones() -> None:
    own = {name: option for name, option in LOCK_OUT_ARGUMENTS.items() if name not in EVIDENCE_ARGUMENTS}
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert outline(own, "options") == outline(documented, "suboptions")


def check_options(**options: t.Any) -> None:
    """Refuse these options beside the defaults, or none."""
    defaults = {name: argument.get("default") for name, argument in LOCK_OUT_ARGUMENTS.items()}
    task = task_at(NOW, **{**defaults, "break_glass": [], **options})
    check_principals(EvidenceOptions.of(task).acceptances)
    Declared.from_options(task.options, today=NOW.date())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"automation_roles": ["role/a", "role/path/b"], "assessor_roles": []},
        {"way_back": "management_account"},
        {"way_back": "arn:aws:iam::111122223333:role/rescue"},
        {"member_role_arn": "arn:aws:iam::<account_id>:role/reader"},
        {"accept_breakage": [{"principal": "arn:aws:iam::111122223333:role/a", **UNTIL}]},
        {"accept_breakage": [{"principal": "sns.amazonaws.com", **UNTIL}]},
        {"accept_breakage": [{"principal": "s3.amazonaws.com.cn", **UNTIL}]},
        {"accept_breakage": [{"principal": "amazonaws.com", **UNTIL}]},
        {"accept_without_evidence": [{"account": "111122223333", **UNTIL}]},
        {"max_member_reads": 0},
    ],
)
def test_options_that_can_be_used(options: dict[str, t.Any]) -> None:
    check_options(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"automation_roles": ["role/a", "automation"]}, "automation_roles: 'automation' is not a role"),
        ({"assessor_roles": ["arn:aws:iam::1:role/a"]}, "assessor_roles: 'arn:aws:iam::1:role/a' is not a role"),
        ({"assessor_roles": ["role/path/"]}, "assessor_roles: 'role/path/' is not a role"),
        ({"way_back": "somebody"}, "way_back: 'somebody' is neither management_account nor"),
        ({"way_back": "arn:aws:iam::111122223333:user/a"}, "way_back: .* is neither"),
        ({"member_role_arn": "arn:aws:iam::111122223333:role/reader"}, "member_role_arn: .* is not the ARN of a role"),
        ({"member_role_arn": "arn:aws:iam::<account_id>:user/reader"}, "member_role_arn: .* is not the ARN of a role"),
        ({"member_role_arn": "x:aws:iam::<account_id>:role/reader"}, "member_role_arn: .* is not the ARN of a role"),
        (
            {"accept_breakage": [{"principal": "role/a", **UNTIL}]},
            r"accept_breakage\[0\].principal: 'role/a' is no ARN",
        ),
        ({"accept_breakage": [{"principal": "sns.example.com", **UNTIL}]}, "is no ARN"),
        ({"accept_without_evidence": [{"account": "111122223333", "reason": "x", "expires": "soon"}]}, "expires"),
        ({"max_member_reads": -1}, "max_member_reads: -1 is not a number from 0 up"),
        ({"trail_days": 0}, "trail_days: 0 is not a number"),
    ],
)
def test_options_that_can_not_be_used(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises((InputError, TaskError), match=said):
        check_options(**options)


def test_an_acceptance_without_a_reason_names_the_account() -> None:
    with pytest.raises(InputError, match="accept_without_evidence.*account"):
        check_options(accept_without_evidence=[{"account": "", **UNTIL}])


def test_the_roles_that_examples_bootstrap_makes_are_not_locked_out() -> None:
    made = {
        f"role{properties['Path']}{properties['RoleName']}"
        for name in ("iam-hardening-roles.yml", "iam-hardening-right-sizing.yml", "iam-hardening-containment.yml")
        for resource in yaml.safe_load((CHECKOUT / "examples/bootstrap" / name).read_text(encoding="utf-8"))[
            "Resources"
        ].values()
        if resource["Type"] == "AWS::IAM::Role" and (properties := resource["Properties"])
    }
    ours = {name for option in ("automation_roles", "assessor_roles") for name in LOCK_OUT_ARGUMENTS[option]["default"]}
    # The one role for all, which a user may make.
    assert ours == {"role/iam-hardening/automation", *made} - {"role/iam-hardening/break-glass"}
    assert len([name for name in ours if "/automation" in name]) == 7
