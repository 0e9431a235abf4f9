# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The integration tests of "make test": a fixed list, by the reason for which they are in it.

"make test" runs these, all gates and all unit tests. The second part of .ci/run (tests/scripts/touched.py) runs whole
files: those in EACH_RUN each time, and those that a change touches. "make test-all" runs everything.

    .venv/bin/python tests/scope.py     prints what pytest gets
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterator, Mapping

ALL: t.Final = "HARDENING_TEST_ALL"
INTEGRATION: t.Final = "tests/integration"

#: Files, or tests of a file ("file: tests"), each below tests/integration.
Tests = Mapping[str, tuple[str, ...]]
WHOLE: t.Final[tuple[str, ...]] = ()

#: One walk of each module that writes, by the name of the module: made, changed and taken back, or all of its stages.
WALKS: t.Final[Mapping[str, Tests]] = {
    "access_analyzer": {"access_analyzer": ("create_change_and_delete_in_twelve_steps",)},
    "password_policy": {"harden": ("prediction_is_the_plan_that_is_applied", "second_run_changes_nothing")},
    "access_key_lifecycle": {"access_keys": ("twelve_steps_through_the_stages",)},
    "access_key_rotation": {"key_rotation": ("the_playbook_goes_through_all_stages",)},
    "user_permissions": {"user_permissions": ("twelve_steps_of_groups_that_are_made_changed_and_policies_removed",)},
    "permissions_boundary": {"permissions_boundary": ("create_change_and_delete_in_twelve_steps",)},
    "policy_scope": {
        "policy_scope": ("twelve_steps_of_policies_that_are_narrowed_narrowed_further_and_taken_back",),
    },
    "least_privilege": {
        "right_size_interrupted": ("check_mode_writes_nothing_and_advances_nothing",),
    },
    "key_migration": {"modules/key_migration": ("check_mode_predicts_each_stage_and_a_repeated_run_changes_nothing",)},
    "config_rules": {"config_rules": ("create_change_and_delete_in_twelve_steps",)},
    "security_hub": {"security_hub": ("a_hub_is_turned_on_set_and_taken_back",)},
    "event_alerts": {"event_alerts": ("create_change_and_delete_in_twelve_steps",)},
    "findings_export": {"findings_export": ("findings_come_change_go_and_return",)},
    "organization_policy": {"organization_policy": ("create_change_and_delete_in_twelve_steps",)},
    "organization_root_access": {"organization_root_access": ("twelve_steps_of_the_organization",)},
    # The modules of an incident, which the registry does not have.
    "credential_quarantine": {
        "credential_quarantine": (
            "a_key_is_contained_the_leaked_one_first",
            "a_release_restores_what_was_there_but_for_the_leaked_key",
        ),
        "leaked_session_keys": ("the_calls_with_a_key_tell_its_session_which_is_cut_in_all_accounts",),
        "minted_keys": ("a_key_that_no_event_tells_of_yet_is_not_denied_with_the_entry_that_contains_it",),
    },
    "session_revocation": {
        "session_revocation": (
            "two_passes_end_all_sessions_of_the_intruder_and_no_others",
            "the_release_of_the_source_ends_the_incident",
        ),
        "trust_cuts": ("a_principal_is_taken_out_of_a_trust_policy_and_comes_back",),
    },
    "organization_containment": {
        "organization_containment": ("an_intruders_roles_can_do_nothing_and_the_containment_goes_on",),
    },
    "containment_drill": {"drill": ("an_incident_of_a_drill_contains_and_releases_nobody_else",)},
}

#: What else "make test" runs, by the reason.
REASONS: t.Final[Mapping[str, Tests]] = {
    "It must never go wrong: check mode writes nothing, nobody is locked out, no secret is shown, all can be undone.": {
        "check_mode": WHOLE,
        "lock_out": WHOLE,
        "rollback": (
            "check_mode_predicts_and_writes_nothing",
            "every_write_is_taken_back_by_one_write",
            "second_rollback_changes_nothing_and_says_so",
            "what_was_changed_since_stands_and_is_in_the_report",
        ),
        "secrets": WHOLE,
    },
    "What people start with, and the words that they get for a mistake.": {
        "start": ("one_command_writes_the_report_of_the_account_and_names_it_last",),
        "mistakes": (
            "before_the_first_task",
            "before_anything_is_asked_of_aws",
            "when_aws_is_asked",
        ),
    },
    "One walk through each playbook that no walk above has.": {
        "events": ("the_loop_ends_after_one_round",),
        "hunt": ("the_chain_is_followed_over_all_accounts", "the_intruder_is_told_apart", "nothing_is_written_to_aws"),
        "simulate": ("a_simulation_is_what_the_real_run_does_afterwards",),
    },
}

#: Files in which something is killed, cut off or overtaken and then goes on.
INTERRUPTED: t.Final = (
    "acceptance",
    "access_analyzer",
    "config_rules",
    "contain",
    "containment_interrupted",
    "credential_quarantine",
    "drill",
    "event_alerts",
    "evidence_place",
    "findings_export",
    "going_on",
    "interrupted",
    "minted_keys",
    "organization_containment",
    "organization_interrupted",
    "organization_root_access",
    "policy_scope_interrupted",
    "probe_alerts",
    "right_size_closed",
    "right_size_interrupted",
    "run_control",
    "security_hub",
    "session_revocation",
    "trust_cuts",
)

#: What .ci/run runs whole each time: these, and each module once in Ansible's worker and once as a process of its own.
EACH_RUN: t.Final = (*INTERRUPTED, "in_process")


def runs_all() -> bool:
    """Whether this is "make test-all", or whole files."""
    return bool(os.environ.get(ALL))


def path_of(name: str) -> str:
    """Return the path of a file of integration tests. The name of one in a folder begins with the folder."""
    folder, slash, last = name.rpartition("/")
    return f"{INTEGRATION}/{folder}{slash}test_{last}.py"


def name_of(path: str) -> str:
    """Return the name of a file of integration tests: the reverse of path_of."""
    folder, slash, last = path.removeprefix(f"{INTEGRATION}/").removesuffix(".py").rpartition("/")
    return f"{folder}{slash}{last.removeprefix('test_')}"


def list_tests() -> list[str]:
    """List what pytest gets of the fixed set: paths of files and ids of tests, each once."""
    return sorted({argument for tests in (*WALKS.values(), *REASONS.values()) for argument in _arguments(tests)})


def _arguments(tests: Tests) -> Iterator[str]:
    for name, functions in tests.items():
        yield from (f"{path_of(name)}::test_{function}" for function in functions) if functions else (path_of(name),)


def list_whole() -> set[str]:
    """The files of which "make test" runs each test."""
    return {argument for argument in list_tests() if "::" not in argument}


if __name__ == "__main__":
    print(*([INTEGRATION] if runs_all() else list_tests()))
