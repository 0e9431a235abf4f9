# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which modules' changes can be taken back, and the text of a rollback."""

from __future__ import annotations

import dataclasses
import importlib
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.run import MODULE as DRILL
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials import run as trials
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import CAPABILITIES
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import MODULES as INCIDENT_MODULES
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Roles, Writer
from ansible_collections.hardening.iam.plugins.module_utils._rollback.run import (
    MODULE,
    OPERATIONS,
    UndoRoles,
    parse_selection,
    render,
    stays_with,
)
from ansible_collections.hardening.iam.plugins.modules import rollback

MODULES = "ansible_collections.hardening.iam.plugins.modules"

# Of modules one write that takes back, and one read that shows whether it may.
NEEDED: t.Final = {
    "access_analyzer": ("accessanalyzer:DeleteAnalyzer", "accessanalyzer:GetAnalyzer"),
    "access_key_lifecycle": ("iam:UpdateAccessKey", "iam:ListAccessKeys"),
    "config_rules": ("config:DeleteConfigRule", "config:DescribeConfigRules"),
    "event_alerts": ("events:DeleteRule", "events:DescribeRule"),
    "findings_export": ("securityhub:BatchUpdateFindings", "securityhub:GetFindings"),
    "least_privilege": ("iam:DeleteRole", "iam:GetRole"),
    "organization_policy": ("organizations:DetachPolicy", "organizations:ListTargetsForPolicy"),
    "organization_root_access": ("iam:DisableOrganizationsRootSessions", "iam:ListOrganizationsFeatures"),
    "password_policy": ("iam:UpdateAccountPasswordPolicy", "iam:GetAccountPasswordPolicy"),
    "permissions_boundary": ("iam:DeleteRolePermissionsBoundary", "iam:GetRole"),
    "policy_scope": ("iam:SetDefaultPolicyVersion", "iam:ListPolicyVersions"),
    "security_hub": ("securityhub:DisableSecurityHub", "securityhub:DescribeHub"),
    "user_permissions": ("iam:AttachUserPolicy", "iam:ListAttachedUserPolicies"),
}


def writing_modules(checkout: Path) -> dict[str, frozenset[str]]:
    """The writes of every module that has some, by its name; the acceptance of a sandbox removes its objects itself."""
    files = sorted((checkout / "plugins" / "modules").glob("[!_]*.py"))
    # The module files of the last three are documentation.
    documents = ("acceptance", "audit_sheet", "report", "rollout_simulation_info")
    files = [path for path in files if path.stem not in documents]
    writes = {path.stem: importlib.import_module(f"{MODULES}.{path.stem}").ENTRY.operations.writes for path in files}
    return {name: operations for name, operations in writes.items() if operations and name != MODULE}


def test_every_module_that_writes_can_be_taken_back(checkout: Path) -> None:
    writes = writing_modules(checkout)
    # In the journal the ends of trials are changes of the module that began them.
    assert writes.pop(trials.PART) <= writes[trials.MODULE]
    # A containment ends by its own release, and a drill deletes what it made.
    assert set(CAPABILITIES) == set(writes) - {*INCIDENT_MODULES, DRILL}


def test_a_module_is_taken_back_by_writes_that_it_declares_itself(checkout: Path) -> None:
    declared = writing_modules(checkout)
    for name, capability in CAPABILITIES.items():
        assert capability.reversal.operations.writes
        assert capability.reversal.operations.reads
        assert capability.reversal.operations.writes <= declared[name], name


def test_a_rollback_declares_what_its_modules_need_and_no_more(checkout: Path) -> None:
    """Of each module what it undoes with and rereads by, and nothing that only its first run needs."""
    assert OPERATIONS.writes == frozenset().union(*(one.reversal.operations.writes for one in CAPABILITIES.values()))
    for name, (write, read) in NEEDED.items():
        assert write in CAPABILITIES[name].reversal.operations.writes & OPERATIONS.writes, name
        assert read in CAPABILITIES[name].reversal.operations.reads & OPERATIONS.reads, name
    assert rollback.ENTRY.operations.writes >= OPERATIONS.writes
    declared = writing_modules(checkout)
    assert OPERATIONS.writes < frozenset().union(*declared.values())
    assert not OPERATIONS.writes & {"sns:Publish", "iam:CreateAccessKey", "iam:CreateUser"}


ROLES: t.Final = {str(writer): f"arn:aws:iam::111122223333:role/{writer}" for writer in Writer}


@pytest.mark.parametrize(
    ("selected", "given", "writer"),
    [
        ((), ROLES, "detective"),
        (("password_policy", "config_rules"), ROLES, "credentials"),
        (("permissions_boundary", "event_alerts"), ROLES, "policies"),
        (("organization_policy",), ROLES, "organization"),
        (("password_policy",), {"policies": ROLES["policies"]}, "policies"),
    ],
)
def test_a_rollback_begins_in_a_role_of_what_is_selected(
    selected: tuple[str, ...], given: dict[str, str], writer: str
) -> None:
    declared = Roles.from_options({"assume_role_arns": given})
    assert UndoRoles.of(declared).first(selected) == ROLES[writer]


def options(**given: t.Any) -> dict[str, t.Any]:
    return {"modules": [], "targets": [], "exclude_targets": [], "operations": [], **given}


def test_an_empty_field_of_a_survey_selects_nothing_out() -> None:
    empty = dict.fromkeys(options(), [""])
    assert parse_selection(empty) == parse_selection(options())


def test_a_module_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"modules: password_polcy is not allowed; allowed are .*password_policy"):
        parse_selection(options(modules=["password_polcy"]))


def undo_of(number: int, module: str, operation: str, after: t.Any) -> tuple[Intent, Change]:
    """A recorded change of a run and what takes it back by ``operation``."""
    target = "arn:aws:iam::111122223333:" + ("user/alice" if "through" in after else "group/staff")
    done = Change("111122223333", "global", "iam", "Done", target, {}, None, after, "", Impact.ADDITIVE)
    key = f"111122223333/run/{number:06d}"
    undo = dataclasses.replace(done, operation=operation, before=after, after=None, undoes=key)
    return Intent(key, "run", module, done), undo


@pytest.mark.parametrize(
    ("module", "group", "operation", "stays"),
    [
        pytest.param("user_permissions", "staff", "DetachGroupPolicy", True, id="relied on"),
        pytest.param("user_permissions", "others", "DetachGroupPolicy", False, id="through another group"),
        pytest.param("user_permissions", "staff", "AttachGroupPolicy", False, id="takes nothing away"),
        pytest.param("permissions_boundary", "staff", "DetachGroupPolicy", False, id="of another module"),
    ],
)
def test_what_was_given_stays_where_what_was_taken_for_it_does_not_come_back(
    module: str, group: str, operation: str, stays: bool
) -> None:
    given, first = undo_of(1, "user_permissions", operation, {"policy": "p", "attached": True})
    through = {"policy": "p", "attached": False, "through": {"group": group, "policy": "p"}}
    taken, second = undo_of(2, module, "AttachUserPolicy", through)
    made = {intent.key: (place, intent) for place, intent in enumerate((given, taken))}
    assert stays_with(made, first, second) is stays
    assert not stays_with(made, second, first)


RESULT: t.Final[dict[str, t.Any]] = {
    "undo_run_id": "17",
    "account_id": "111122223333",
    "recorded": 4,
    "selected": 3,
    "as_before": [{"target": "c", "operation": "Replace"}],
    "changes": [{"operation": "Replace", "target": "a", "applied": True}],
    "refused": [{"rule": "changed_since", "reason": "b is no longer as it was"}],
}


@pytest.mark.parametrize(
    ("given", "written", "text"),
    [
        (
            {},
            True,
            "Rollback of run 17 in account 111122223333: 1 rolled back, 1 refused, 1 already as before, "
            "1 not selected.\n"
            "  rolled back: Replace on a\n"
            "  refused (changed_since): b is no longer as it was",
        ),
        (
            {"changes": [{"operation": "Replace", "target": "a", "applied": False}], "refused": [], "selected": 4},
            False,
            "Rollback of run 17 in account 111122223333: 1 to roll back, 0 refused, 1 already as before.\n"
            "  to roll back: Replace on a",
        ),
        (
            {"changes": [{"operation": "Replace", "target": "a", "applied": False}], "selected": 4},
            True,
            "Rollback of run 17 in account 111122223333: 0 rolled back, 1 refused, 1 already as before.\n"
            "  refused (changed_since): b is no longer as it was",
        ),
        (
            {"recorded": 0, "selected": 0, "changes": [], "refused": [], "as_before": []},
            True,
            "Rollback of run 17 in account 111122223333: the journal has no change of that run.",
        ),
    ],
    ids=["made", "predicted", "refused-at-last", "no-such-run"],
)
def test_text(given: dict[str, t.Any], written: bool, text: str) -> None:
    assert render({**RESULT, **given}, written=written) == text


def test_no_record_writes_lines_of_the_terminal_itself() -> None:
    """A journal can be written by others, and people decide by what they see of the rollback."""
    target = "a\n  to roll back: Replace on b\x1b[2K\r\u202e"
    forged = {
        **RESULT,
        "changes": [{"operation": "Replace", "target": target, "applied": False}],
        "refused": [{"rule": "cap", "reason": f"too many of {target}"}],
    }
    _head, planned, refused = render(forged, written=False).split("\n")
    assert planned == "  to roll back: Replace on a to roll back: Replace on b?[2K ?"
    assert refused.startswith("  refused (cap): too many of a to roll back")
