# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much runs: all of it in "make test-all", else what fits into a quarter of an hour on two cores."""

from __future__ import annotations

import os
import typing as t

ALL: t.Final = "HARDENING_TEST_ALL"

# Files of many tests that run Ansible each for itself, and how many of them "make test" draws, other ones in each run.
# Those that are marked in_every_sample run besides. The summary names the files. Whole are what must never go wrong
# (test_check_mode.py, test_lock_out.py, test_rollback.py, test_secrets.py), and files whose tests look at one run.
SAMPLED: t.Final[dict[str, int]] = {
    f"tests/integration/test_{name}.py": at_most
    for name, at_most in {
        "acceptance": 3,
        "access_analyzer": 3,
        "access_keys": 3,
        "ansible_runner": 2,
        "approved_plan": 3,
        "assess": 5,
        "audit_sheet": 2,
        "awx_setup": 2,
        "callback": 2,
        "config_rules": 4,
        "containment_interrupted": 2,
        "containment_role": 2,
        "credential_quarantine": 14,
        "developers": 2,
        "event_alerts": 4,
        "events": 2,
        "files_of_earlier_versions": 3,
        "findings_export": 3,
        "fleet": 4,
        "guardrails": 3,
        "hunt": 8,
        "inventory": 6,
        "drill": 3,
        "evidence_place": 2,
        "key_rotation": 2,
        "leaked_session_keys": 1,
        "least_privilege": 3,
        "lock_out": 8,
        "minted_keys": 2,
        "mistakes": 3,
        "molecule": 2,
        "organization": 3,
        "organization_containment": 1,
        "organization_interrupted": 1,
        "organization_policy": 3,
        "organization_policy_attacks": 3,
        "organization_rollout": 3,
        "organization_root_access": 3,
        "permissions_boundary": 3,
        "policy_scope": 3,
        "policy_scope_interrupted": 3,
        "probe_alerts": 3,
        "reports_s3": 3,
        "right_size_by_owner": 2,
        "right_size_closed": 2,
        "right_size_interrupted": 2,
        "right_size_refused": 2,
        "trial_deadlines": 3,
        "trust_cuts": 3,
        "rollback": 4,
        "run_control": 2,
        "run_snapshot": 2,
        "security_hub": 3,
        "session_revocation": 14,
        "simulate": 2,
        "start": 3,
        "user_permissions": 3,
        "waves": 2,
        "writing_roles": 3,
    }.items()
} | {
    # Sphinx takes half a minute. What can go wrong without it, test_pages.py and test_build_docs.py have.
    "tests/gates/test_docs_site.py": 0,
    # A run of the module over moto in each, some of them over all stages.
    "tests/unit/plugins/modules/test_access_key_rotation.py": 20,
    "tests/unit/plugins/modules/test_key_migration.py": 8,
}

# Files that go through many runs each. "make test" draws one of so many of them, other ones in each run. Of those that
# wait, what is marked in_every_sample waits too. One that is asked for alone runs.
LONGEST: t.Final = 8
TAKING_TURNS: t.Final[dict[str, int]] = {
    f"tests/integration/test_{name}.py": LONGEST
    for name in (
        "ansible_runner",
        "audit_sheet",
        "awx_setup",
        "hunt",
        "key_rotation",
        "least_privilege",
        "molecule",
        "organization_rollout",
        "policy_scope",
        "reports_s3",
        "right_size",
        "right_size_by_owner",
        "right_size_closed",
        "right_size_contained",
        "right_size_interrupted",
        "right_size_refused",
        "run_control",
        "run_snapshot",
        "simulate",
        "thirty_accounts",
        "waves",
    )
}
# Of the other files of integration tests that are sampled, so many runs have each once, but for these, which all have.
OTHERS: t.Final = 5
IN_EACH_RUN: t.Final = frozenset(
    f"tests/integration/test_{name}.py"
    for name in ("access_keys", "credential_quarantine", "lock_out", "rollback", "session_revocation")
)
# These are whole where they run: their tests look at few runs of Ansible.
WHOLE: t.Final = tuple(
    f"tests/integration/test_{name}.py"
    for name in (
        "affected_oracle",
        "affected_principals",
        "bad_input",
        "calls",
        "faults",
        "keys_to_roles",
        "policy_impact",
        "policy_simulation",
        "report_impact",
        "snapshot",
    )
)
TAKING_TURNS.update(
    {
        name: OTHERS
        for name in (*SAMPLED, *WHOLE)
        if name.startswith("tests/integration/") and name not in IN_EACH_RUN and name not in TAKING_TURNS
    }
)


def runs_all() -> bool:
    """Whether this is "make test-all"."""
    return bool(os.environ.get(ALL))
