# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Argument specs that several modules share; each pairs with the doc fragment of the same name."""

from __future__ import annotations

import typing as t

ArgumentSpec = dict[str, dict[str, t.Any]]

# doc_fragments/_account.py
ACCOUNT_ARGUMENTS: t.Final[ArgumentSpec] = {"account_id": {"type": "str"}}
ORGANIZATION_ARGUMENTS: t.Final[ArgumentSpec] = {"organization_role_arn": {"type": "str"}}
RUN_ARGUMENTS: t.Final[ArgumentSpec] = {"run_id": {"type": "str"}}

# doc_fragments/_declaration.py
DECLARATION_ARGUMENTS: t.Final[ArgumentSpec] = {
    "include": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "thresholds": {"type": "dict", "default": {}},
    "waivers": {"type": "raw"},
    "waiver_max_days": {"type": "int", "default": 365},
    "now": {"type": "str"},
}

# doc_fragments/_assessment.py
ASSESSMENT_ARGUMENTS: t.Final[ArgumentSpec] = {
    "return_findings": {"type": "str", "choices": ["none", "failed", "all"], "default": "failed"},
    "reveal_key_ids": {"type": "bool", "default": False, "no_log": False},
}

# doc_fragments/_report_place.py
REPORT_PLACE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "report_dir": {"type": "str"},
    "report_kms_key_id": {"type": "str", "no_log": False},
    "report_role_arn": {"type": "str"},
}

# The same, where the place is required; doc_fragments/_report_place.py, the part REQUIRED.
REQUIRED_REPORT_PLACE_ARGUMENTS: t.Final[ArgumentSpec] = {
    **REPORT_PLACE_ARGUMENTS,
    "report_dir": {"type": "str", "required": True},
}

# doc_fragments/_journal.py
JOURNAL_PLACE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "journal": {"type": "str", "default": "./journal"},
    "journal_kms_key_id": {"type": "str", "no_log": False},
    "journal_role_arn": {"type": "str"},
}

# doc_fragments/_journal.py, the part JOB
JOB_ARGUMENTS: t.Final[ArgumentSpec] = {
    "run_id": {"type": "str"},
    "awx_job_id": {"type": "str"},
    "job_id": {"type": "str"},
    "job_process": {"type": "str"},
}

# doc_fragments/_journal.py, the part LEASE
LEASE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "break_lease": {"type": "str"},
    "keep_lease": {"type": "bool", "default": False},
}

# doc_fragments/_converge.py, the part JOURNALLED
JOURNALLED_ARGUMENTS: t.Final[ArgumentSpec] = {
    "mode": {"type": "str", "choices": ["report", "enforce"], "default": "enforce"},
    "account_id": {"type": "str"},
    **JOURNAL_PLACE_ARGUMENTS,
    **JOB_ARGUMENTS,
    "approved_plan": {"type": "raw"},
    "run_details": {
        "type": "dict",
        "default": {},
        "options": {
            "author": {"type": "str"},
            "approver": {"type": "str"},
            "change_ticket": {"type": "str"},
            "require_change_ticket": {"type": "bool", "default": False},
            "job": {"type": "str"},
            "commit": {"type": "str"},
            "declaration": {"type": "str"},
        },
    },
    **LEASE_ARGUMENTS,
    "break_glass": {"type": "list", "elements": "str", "default": []},
    "on_refusal": {"type": "str", "choices": ["report", "fail"], "default": "report"},
    **REPORT_PLACE_ARGUMENTS,
}

# doc_fragments/_converge.py
CONVERGE_ARGUMENTS: t.Final[ArgumentSpec] = {
    **JOURNALLED_ARGUMENTS,
    "max_changes": {"type": "int", "default": 10},
    "max_percent": {"type": "int", "default": 5},
    # A rollback does not have it: no cap may keep accounts from going back.
    "fleet_caps": {
        "type": "dict",
        "default": {},
        "options": {
            "max_accounts_changed": {"type": "int"},
            "max_fleet_changes": {"type": "int"},
            "max_accounts_failed": {"type": "int"},
            "is_large_inventory": {"type": "bool", "default": False},
            "wave_passed": {"type": "bool", "default": False},
        },
    },
    **{name: DECLARATION_ARGUMENTS[name] for name in ("thresholds", "now")},
    "snapshot_dir": {"type": "str"},
    "snapshot_kms_key_id": {"type": "str", "no_log": False},
    "snapshot_role_arn": {"type": "str"},
    **ASSESSMENT_ARGUMENTS,
}

# doc_fragments/_emergency.py, with those of _assessment
EMERGENCY_ARGUMENTS: t.Final[ArgumentSpec] = {
    "incident": {"type": "dict", "required": True},
    "max_principals": {"type": "int", "default": 10},
    "journal_fallback": {"type": "str", "choices": ["none", "local"], "default": "none"},
    "evidence_lock_days": {"type": "int", "default": 0},
    "pass": {"type": "str", "choices": ["first", "second", "recheck", "last"], "default": "last", "no_log": False},
    **{name: JOURNALLED_ARGUMENTS[name] for name in ("mode", "account_id", "run_details", "break_glass", "on_refusal")},
    **JOURNAL_PLACE_ARGUMENTS,
    **JOB_ARGUMENTS,
    **LEASE_ARGUMENTS,
    **REPORT_PLACE_ARGUMENTS,
    **ASSESSMENT_ARGUMENTS,
    "now": {"type": "str"},
}

_SAID: t.Final[dict[str, t.Any]] = {name: {"type": "str", "required": True} for name in ("statement", "by")}
_STATEMENT: t.Final[dict[str, t.Any]] = {"type": "dict", "options": _SAID}
_LOOKED_AT: t.Final[dict[str, t.Any]] = {
    "type": "dict",
    "options": {**_SAID, "names": {"type": "list", "elements": "str", "required": True}},
}
# The modules of an incident that contain and release. doc_fragments/_release.py
RELEASE_ARGUMENTS: t.Final[ArgumentSpec] = {
    "state": {"type": "str", "choices": ["contained", "released"], "default": "contained"},
    "checklist": {
        "type": "dict",
        "options": {
            **dict.fromkeys(("sweep_clean_twice", "credential_verified", "owner"), _STATEMENT),
            "looked_at": _LOOKED_AT,
        },
    },
    "early_release_reason": {"type": "str"},
}

# doc_fragments/_ownership.py
OWNERS_ARGUMENTS: t.Final[ArgumentSpec] = {
    "owners": {"type": "raw"},
    "owner_default": {"type": "str", "choices": ["refuse", "allow"], "default": "refuse"},
    "terraform_state_paths": {"type": "list", "elements": "raw", "default": []},
    "owned_arns": {"type": "list", "elements": "raw", "default": []},
}

# doc_fragments/_ownership.py, the part PLAN
PLAN_OWNERS_ARGUMENTS: t.Final[ArgumentSpec] = {
    **OWNERS_ARGUMENTS,
    "enforce_drifting": {"type": "list", "elements": "str", "default": []},
}

# The files that the module report writes beside report.json, and the findings that make a run fail.
FORMATS: t.Final = ("txt", "html", "csv", "junit", "sarif")
FAIL_ON: t.Final = ("never", "critical", "high", "new")
