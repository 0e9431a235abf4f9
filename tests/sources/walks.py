# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests that are recorded: each module at work in check mode, and those that write at their stages."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import typing as t
from pathlib import Path

from .recorder import Recording

_CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
_MODULES: t.Final = "tests/integration/modules"
_WHOLE: t.Final = "tests/integration"

#: Tests of the emulated AWS, by their node ids. A new capability belongs here with one walk through its stages.
WALKS: t.Final = (
    f"{_WHOLE}/test_check_mode.py",
    f"{_MODULES}/test_access_key_lifecycle.py",
    f"{_MODULES}/test_access_key_rotation.py",
    f"{_MODULES}/test_key_migration.py",
    f"{_MODULES}/test_permissions_boundary.py",
    f"{_MODULES}/test_rollback.py",
    f"{_WHOLE}/test_access_analyzer.py::test_findings_of_all_kinds_are_listed",
    f"{_WHOLE}/test_credential_quarantine.py::test_a_release_restores_what_was_there_but_for_the_leaked_key",
    f"{_WHOLE}/test_session_revocation.py::test_two_passes_end_all_sessions_of_the_intruder_and_no_others",
    f"{_WHOLE}/test_hunt.py::test_the_chain_is_followed_over_all_accounts",
    f"{_WHOLE}/test_organization_containment.py::test_an_intruders_roles_can_do_nothing_and_the_containment_goes_on",
    f"{_WHOLE}/test_organization_containment.py::test_a_user_of_identity_center_is_denied_in_all_member_accounts",
    f"{_WHOLE}/test_organization_containment.py::test_a_move_shows_what_ends_and_is_taken_back",
    f"{_WHOLE}/test_permissions_boundary.py::test_the_owners_of_the_developers_are_found_without_a_write",
    f"{_WHOLE}/test_policy_impact.py",
    f"{_WHOLE}/test_policy_simulation.py::test_a_live_bounded_role_below_scps_is_explained",
    f"{_WHOLE}/test_policy_validation.py::test_access_analyzer_is_asked_in_check_mode_too",
    f"{_WHOLE}/test_privilege_escalation.py::test_tells_who_can_become_whom[in the worker]",
    f"{_WHOLE}/test_secrets.py::test_options_hold_no_secret[True]",
    f"{_WHOLE}/test_trial_deadlines.py::test_a_trial_ends_at_the_deadline_of_its_record",
    f"{_WHOLE}/test_waves.py::test_a_refusal_closes_the_gate_and_no_later_wave_begins",
)


def record(directory: Path, walks: t.Sequence[str] = WALKS) -> list[Recording]:
    """Run the tests, and return what their modules read; the recordings stay in the directory.

    :raises RuntimeError: a test fails.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "sources.recording_plugin", *walks]
    environment = {
        **os.environ,
        "HARDENING_SOURCES_TO": str(directory),
        "HARDENING_TEST_ALL": "1",
        "PYTHONPATH": str(_CHECKOUT / "tests"),
    }
    done = subprocess.run(command, cwd=_CHECKOUT, env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-4000:] + done.stderr[-1000:])
    return load(directory)


def load(directory: Path) -> list[Recording]:
    """The recordings in a directory, in the order of the runs."""
    return [pickle.loads(path.read_bytes()) for path in sorted(directory.glob("*.pickle"))]
