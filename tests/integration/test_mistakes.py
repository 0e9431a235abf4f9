# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that people make, and the message that each gets.

A message names the variable that the user set (the option, where a module is used by itself), the value, what is
allowed and the next step. It has three lines at most, and no line is long.

Starting Ansible costs more than the mistake. So each table is one process, with a play and a host for each mistake.
A sample of them runs by the whole playbook as well, where the exit status is looked at.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from collections.abc import Mapping, Sequence

import pytest

from dates import date_in, noon_in

from .conftest import (
    DEV,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    role_arn,
    write_inventory,
)

NOW: t.Final = noon_in(1000)
MOST_LINES: t.Final = 3
LONGEST_LINE: t.Final = 300
# What no message may have: Python's own words, a list of options or variables, the name of another layer.
BANNED: t.Final = (
    "Traceback",
    "<class",
    "argument_spec",
    "Supported parameters",
    "argument spec",
    "Errno",
    "object at 0x",
)


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A host with these variables makes the mistake; its message has these parts.

    It is found by the check before the first task, by the role ``role``, or by the module ``module`` with ``options``.
    ``runs`` says that check mode would not find it. ``warns`` says that the task goes on with a warning.
    """

    id: str
    variables: Record
    parts: Sequence[str]
    role: str = ""
    module: str = ""
    options: Record = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    runs: bool = False
    warns: bool = False

    @property
    def task(self) -> Record:
        if self.module:
            return {"name": "Use the module by itself", f"hardening.iam.{self.module}": dict(self.options)}
        if self.role:
            role = {"name": f"hardening.iam.{self.role}", "rolespec_validate": False}
            return {"name": "Use the role", "ansible.builtin.import_role": role}
        problems = "{{ query('hardening.iam.input_problems') | join('\n') }}"
        return {"name": "Check the input", "ansible.builtin.fail": {"msg": problems}}


WAIVER: t.Final = {
    "control": "role_admin",
    "accounts": ["*"],
    "resources": ["*"],
    "reason": "the team is being reorganized",
    "owner": "platform@acme.example",
    "ticket": "ACME-1",
    "approved_by": "ciso@acme.example",
    "expires": date_in(1150),
}


def waivers(**fields: t.Any) -> Record:
    return {"hardening_waivers": [{key: value for key, value in {**WAIVER, **fields}.items() if value is not None}]}


ALLOWS: t.Final = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}

# Found before the first task of every playbook.
BEFORE: t.Final = [
    Mistake("unknown-variable", {"hardening_wavers": []}, ["hardening_wavers (the nearest is hardening_waivers)"]),
    Mistake(
        "unknown-variable-of-a-role",
        {"password_policy_length": 14},
        ["password_policy_length (the nearest is password_policy_minimum_password_length)"],
    ),
    Mistake(
        "unknown-variable-without-any-near",
        {"permissions_boundary_policy": "nofile.json"},
        ["Unknown variable of hardening.iam: permissions_boundary_policy (the nearest is permissions_boundary_"],
    ),
    Mistake(
        "misspelt-role",
        {"password_polcy_mode": "enforce"},
        ["password_polcy_mode (the nearest is password_policy_mode)", "hardening_ignore_variables"],
    ),
    Mistake(
        "misspelt-role-in-a-run-of-another",
        {"pasword_policy_mode": "enforce"},
        ["pasword_policy_mode (the nearest is password_policy_mode)"],
    ),
    Mistake(
        "misspelt-assessor",
        {"aws_assesor_role_arn": role_arn(DEV), "aws_assessor_role_arn": ""},
        ["aws_assesor_role_arn (the nearest is aws_assessor_role_arn)"],
    ),
    Mistake(
        "several-misspelt",
        {"hardening_wavers": [], "pasword_policy_mode": "enforce"},
        ["hardening_wavers (the nearest is hardening_waivers), pasword_policy_mode (the nearest is"],
    ),
    Mistake(
        "wrong-case", {"HARDENING_REPORT_DIR": "./r"}, ["HARDENING_REPORT_DIR (the nearest is hardening_report_dir)"]
    ),
    Mistake(
        "removed",
        {"password_policy_account_id": DEV, "report_terminal": "full"},
        ["password_policy_account_id (set aws_account_id), report_terminal (set hardening_terminal)", "import_role"],
    ),
    Mistake(
        "bad-account-id",
        {"aws_account_id": "acme-dev", "aws_assessor_role_arn": role_arn(DEV), "aws_assume_role_arn": role_arn(DEV)},
        ["aws_account_id of bad-account-id: 'acme-dev' is not an account id of 12 digits"],
    ),
    Mistake(
        "account-id-of-eleven-digits",
        {"aws_account_id": "33344445555"},
        ["aws_account_id of account-id-of-eleven-digits: '33344445555' is not an account id of 12 digits", "in quotes"],
    ),
    Mistake(
        "account-id-without-its-zero",
        {"aws_account_id": 33344445555},
        ["aws_account_id of account-id-without-its-zero: '33344445555' is not an account id", "in quotes"],
    ),
    Mistake(
        "account-id-by-an-undefined-variable",
        {"aws_account_id": "{{ account_ids.dev }}", "aws_assessor_role_arn": "", "aws_assume_role_arn": ""},
        ["aws_account_id of account-id-by-an-undefined-variable: '{{ account_ids.dev }}' is empty, or uses a variable"],
    ),
    Mistake(
        "wrong-mode",
        {"password_policy_mode": "enforced"},
        [
            "password_policy_mode of wrong-mode: 'enforced' is not allowed",
            "off, report or enforce",
            "nearest is enforce",
        ],
    ),
    # YAML reads an unquoted "on" as true.
    Mistake(
        "mode-on", {"access_keys_mode": True}, ["access_keys_mode of mode-on: True is not allowed", "off, report or"]
    ),
    Mistake(
        "empty-mode", {"access_keys_mode": None}, ["access_keys_mode of empty-mode: it is empty", "off, report or"]
    ),
    Mistake(
        "mode-of-an-empty-survey", {"security_hub_mode": ""}, ["security_hub_mode of", "it is empty", "off, report or"]
    ),
    Mistake(
        "guardrail-neither-on-nor-off",
        {"organization_guardrails_quarantine": "perhaps"},
        ["organization_guardrails_quarantine of", "'perhaps' is neither true nor false", "true or false"],
    ),
    Mistake(
        "fail-on",
        {"hardening_fail_on": "kritisch"},
        ["hardening_fail_on of fail-on: 'kritisch' is not allowed. Set it to never, critical,", "nearest is critical"],
    ),
    Mistake("terminal", {"hardening_terminal": "ful"}, ["hardening_terminal of terminal: 'ful'", "nearest is full"]),
    Mistake(
        "benchmark", {"hardening_benchmark": "cis_9.9"}, ["hardening_benchmark of benchmark: 'cis_9.9'", "cis_7.0"]
    ),
    Mistake(
        "owner",
        {"hardening_owners": [{"arn": "payments", "owner": "x"}]},
        ["hardening_owners[0].arn of owner: 'payments' is not allowed", "arn:*:iam::*:role/app-*"],
    ),
    Mistake(
        "file-of-owners",
        {"hardening_owned_arns": [{"path": "owned.json", "accounts": "333344445555"}]},
        ["hardening_owned_arns[0].accounts of file-of-owners: '333344445555' is not allowed", "a list of ids"],
    ),
    Mistake("deep", {"hardening_deep": "very"}, ["hardening_deep of deep: 'very' is neither true nor false"]),
    Mistake(
        "deep-of-an-empty-survey", {"hardening_deep": ""}, ["hardening_deep of", "it is empty. Set it to true or false"]
    ),
    Mistake(
        "region-typo", {"aws_regions": ["eu-west1"]}, ["aws_regions of region-typo: 'eu-west1'", "nearest is eu-west-1"]
    ),
    Mistake(
        "region-that-does-not-exist",
        {"aws_regions": ["us-east-1", "eu-west-9"]},
        ["aws_regions of region-that-does-not-exist: 'eu-west-9'", "nearest is eu-west-1", "update botocore"],
    ),
    Mistake(
        "region-by-its-place",
        {"aws_regions": "Frankfurt"},
        ["aws_regions of", "'Frankfurt'", "nearest is eu-central-1"],
    ),
    Mistake(
        "availability-zone", {"aws_regions": ["eu-west-1a"]}, ["aws_regions of", "'eu-west-1a'", "nearest is eu-west-1"]
    ),
    Mistake(
        "region-of-another-partition",
        {"aws_regions": ["us-gov-west-1"]},
        ["aws_regions of region-of-another-partition: 'us-gov-west-1'", "but of aws-us-gov", "'enabled' alone"],
    ),
    Mistake("enabled-and-more", {"aws_regions": "enabled, eu-west-1"}, ["aws_regions of", "'enabled'", "goes alone"]),
]

# Found by the first task of a role, before anything is asked of AWS.
IN_TASK: t.Final = [
    Mistake(
        "waiver-without-owner",
        waivers(owner=None),
        ["hardening_waivers[0]: owner missing", "required are"],
        "preflight",
    ),
    Mistake(
        "waiver-with-three-mistakes",
        waivers(control="role_admn", expires="31.03.2027", owner=None),
        [
            "hardening_waivers[0].control: there is no control 'role_admn'; did you mean role_admin",
            "hardening_waivers[0].expires: '31.03.2027' is not a date such as 2026-12-31",
            "hardening_waivers[0]: owner missing",
        ],
        "preflight",
    ),
    Mistake(
        "several-wrong-waivers",
        {"hardening_waivers": [{**WAIVER, "control": f"no_control_{number}"} for number in range(12)]},
        ["hardening_waivers[0].control: there is no control 'no_control_0'", "hardening_waivers[1]", "; and ", " more"],
        "preflight",
    ),
    Mistake(
        "waiver-too-long",
        waivers(expires=date_in(1400)),
        ["hardening_waivers[0].expires", date_in(1400), "365 days", "the latest is"],
        "preflight",
    ),
    Mistake(
        "waivers-as-a-mapping",
        {"hardening_waivers": {"waivers": [WAIVER]}},
        ["hardening_waivers: a list of waivers is expected", "hyphen"],
        "preflight",
    ),
    Mistake(
        "waivers-not-yaml",
        {"hardening_waivers": "[unclosed"},
        ["hardening_waivers: the text is not YAML: line 2, column 1", "Correct it there"],
        "preflight",
    ),
    Mistake(
        "waiver-with-a-key-twice",
        {"hardening_waivers": "- control: role_admin\n  control: root_hardware_mfa"},
        ["hardening_waivers: the text is not YAML", "'control' is given a second time on line 2"],
        "preflight",
    ),
    Mistake(
        "waivers-in-no-file",
        {"hardening_waivers": "./none.yml"},
        ["hardening_waivers: can't read", "none.yml"],
        "preflight",
    ),
    Mistake(
        "bad-now", {"hardening_now": "yesterday"}, ["hardening_now", "'yesterday'", "2026-01-31T00:00:00Z"], "preflight"
    ),
    Mistake(
        "unknown-threshold",
        {"hardening_thresholds": {"key_age": 30}},
        ["hardening_thresholds", "key_age", "key_age_days"],
        "preflight",
    ),
    Mistake(
        "threshold-out-of-range",
        {"hardening_thresholds": {"unused_days": 0}},
        ["hardening_thresholds.unused_days", "0", "from 1 to 1095"],
        "preflight",
    ),
    Mistake(
        "thresholds-as-text",
        {"hardening_thresholds": "thirty days"},
        ["hardening_thresholds: 'thirty days' is not a mapping", "Set it to a mapping"],
        "preflight",
    ),
    Mistake(
        "unknown-control",
        {"hardening_include": ["root_no_key"]},
        ["hardening_include", "'root_no_key'", "root_no_access_key"],
        "preflight",
    ),
    Mistake(
        "role-by-its-name",
        {"aws_assessor_role_arn": "iam-hardening/assessor"},
        ["aws_assessor_role_arn: 'iam-hardening/assessor' is not the ARN of a role", "<account>:role/"],
        "preflight",
    ),
    Mistake(
        "role-of-another-account",
        {"aws_account_id": DEV, "aws_assessor_role_arn": role_arn(PROD)},
        [f"aws_account_id: {DEV} is not the account of aws_assessor_role_arn", PROD, "Correct aws_account_id"],
        "preflight",
    ),
    Mistake(
        "external-id-with-a-space",
        {"aws_external_id": "not allowed"},
        ["aws_external_id: its value is not 2 to 1224 letters"],
        "preflight",
    ),
    Mistake(
        "source-identity-with-a-space",
        {"aws_source_identity": "Jane Doe"},
        ["aws_source_identity: 'Jane Doe' is not 2 to 64 letters"],
        "preflight",
    ),
    Mistake(
        "unknown-class-of-roles",
        {"aws_assume_role_arns": {"keys": role_arn(DEV)}},
        ["aws_assume_role_arns: keys is not a class of roles", "credentials"],
        "preflight",
    ),
    Mistake(
        "role-of-another-partition",
        {"aws_assessor_role_arn": role_arn("{{ aws_account_id }}", partition="aws-cn"), "aws_regions": ["enabled"]},
        ["aws_assessor_role_arn: arn:aws-cn", "the region us-east-1 is of aws", "AWS_REGION", "aws-cn"],
        "preflight",
    ),
    Mistake(
        "format",
        {"hardening_report_formats": ["html", "pdf"]},
        ["hardening_report_formats[1]: 'pdf' is not allowed", "txt, html, csv, junit or sarif"],
        "preflight",
    ),
    Mistake(
        "run-id-that-is-a-path",
        {"hardening_run_id": "../x"},
        ["hardening_run_id: '../x' is not allowed"],
        "preflight",
    ),
    Mistake(
        "text-for-a-number",
        {"password_policy_minimum_password_length": "viele"},
        ["password_policy_minimum_password_length: 'viele' is not a whole number", "from 6 to 128"],
        "password_policy",
    ),
    Mistake(
        "neither-true-nor-false",
        {"password_policy_require_symbols": "vielleicht"},
        ["password_policy_require_symbols: 'vielleicht' is neither true nor false", "Set it to true or false"],
        "password_policy",
    ),
    Mistake(
        "state",
        {"password_policy_state": "presnt"},
        ["password_policy_state: 'presnt' is not allowed", "present or absent", "the nearest is present"],
        "password_policy",
    ),
    Mistake(
        "mode-without-the-playbook",
        {"password_policy_mode": "enforced"},
        ["password_policy_mode: 'enforced' is not allowed", "off, report or enforce", "the nearest is enforce"],
        "password_policy",
    ),
    Mistake(
        "empty-mode-without-the-playbook",
        {"access_keys_mode": None},
        ["access_keys_mode: it is empty", "off, report or enforce"],
        "access_keys",
    ),
    Mistake(
        "max-changes",
        {"hardening_max_changes": "zehn"},
        ["hardening_max_changes: 'zehn' is not a whole number"],
        "password_policy",
    ),
    Mistake(
        "max-changes-of-an-empty-survey",
        {"hardening_max_changes": ""},
        ["hardening_max_changes: it is empty", "a whole number"],
        "password_policy",
    ),
    Mistake(
        "refusal-without-the-playbook",
        {"hardening_on_refusal": "stop"},
        ["hardening_on_refusal: 'stop' is not allowed", "report or fail"],
        "password_policy",
    ),
    Mistake(
        "local-journal-in-awx",
        {"awx_job_id": 7, "password_policy_mode": "enforce"},
        ["hardening_journal is", "/journal'", "AWX job 7", "s3://bucket/prefix"],
        "password_policy",
        runs=True,
    ),
    Mistake(
        "percent-out-of-range",
        {"hardening_max_percent": 150},
        ["hardening_max_percent: 150 is not allowed; allowed are 0 to 100"],
        "password_policy",
    ),
    Mistake(
        "change-without-a-ticket",
        {"hardening_require_change_ticket": True, "password_policy_mode": "enforce"},
        ["hardening_change_ticket is not set", "hardening_require_change_ticket"],
        "password_policy",
        runs=True,
    ),
    Mistake(
        "waivers-in-a-directory",
        {"hardening_waivers": "."},
        ["hardening_waivers: can't read", "Give the path of a file"],
        "preflight",
    ),
    Mistake(
        "target-criterion",
        {"permissions_boundary_targets": [{"pfad": "/developers/"}]},
        ["permissions_boundary_targets[0].pfad", "path"],
        "permissions_boundary",
    ),
    Mistake(
        "archive-rule-without-expiry",
        {
            "access_analyzer_archive_rules": [
                {"name": "known", "filter": {"resource": {"eq": ["x"]}}, "reason": "known"}
            ]
        },
        ["access_analyzer_archive_rules[0].expires: it is missing", "Required are"],
        "access_analyzer",
    ),
    Mistake(
        "enrolment",
        {"mfa_enforcement_enrolment": "selff"},
        ["mfa_enforcement_enrolment: 'selff' is not allowed. Set it to self or admin; the nearest is self."],
        "mfa_enforcement",
    ),
    Mistake(
        "days-as-text",
        {"access_keys_min_idle_days": "a month"},
        ["access_keys_min_idle_days: 'a month' is not a whole number"],
        "access_keys",
    ),
    Mistake(
        "misspelt-without-the-playbook",
        {"hardening_wavers": []},
        ["hardening_wavers (the nearest is hardening_waivers)"],
        "preflight",
    ),
    # By itself, a module names its options.
    Mistake(
        "unknown-option",
        {},
        ["minimum_length: hardening.iam.password_policy has no such option. The nearest is minimum_password_length."],
        module="password_policy",
        options={"minimum_length": 14},
    ),
    Mistake(
        "choice-of-an-option",
        {},
        ["mode: 'enforced' is not allowed. Set it to report or enforce; the nearest is enforce."],
        module="password_policy",
        options={"mode": "enforced"},
    ),
    Mistake(
        "option-account-id",
        {},
        ["account_id: '33344445555' is not an account id of 12 digits"],
        module="assessment_info",
        options={"account_id": "33344445555"},
    ),
    Mistake(
        "option-in-a-process-of-its-own",
        {"hardening_in_process": False},
        ["require_symbols: 'perhaps' is neither true nor false"],
        module="password_policy",
        options={"require_symbols": "perhaps"},
    ),
    Mistake(
        "request-without-a-service",
        {},
        ["requests[0].action: 'GetObject' is not one action of one service, such as s3:GetObject"],
        module="policy_simulation_info",
        options={"layers": {"identity": [ALLOWS]}, "requests": [{"id": "a", "action": "GetObject"}]},
    ),
]


def of_account(account_id: str, **variables: t.Any) -> Record:
    """The variables of a host that is an account of the demo organization."""
    return {"aws_account_id": account_id, **variables}


NO_CREDENTIALS: t.Final = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
# Found when AWS is asked. Faults are by account, so that each mistake meets its own.
AT_AWS: t.Final = [
    Mistake(
        "no-credentials",
        of_account(DEV),
        ["no AWS credentials were found", "aws sso login", "AWS_ACCESS_KEY_ID", "instance", "In AWX"],
        "preflight",
        environment=NO_CREDENTIALS,
    ),
    Mistake(
        "no-such-profile",
        of_account(DEV),
        ["The config profile (nowhere) could not be found", "AWS_PROFILE", "aws configure list-profiles"],
        "preflight",
        environment={**NO_CREDENTIALS, "AWS_PROFILE": "nowhere"},
    ),
    Mistake(
        "missing-role",
        of_account(DEV, aws_assessor_role_arn=role_arn(DEV, "nobody")),
        [
            f"can't assume {role_arn(DEV, 'nobody')}",
            "1. the role exists, the account is open; 2. its trust policy names the caller",
            "3. its sts:ExternalId is aws_external_id (set)",
            "aws_source_identity (not set); 5. it needs no MFA",
            "Ruled out: a denied sts:SetSourceIdentity",
        ],
        "preflight",
    ),
    Mistake(
        "missing-external-id",
        of_account(DEV, aws_external_id=""),
        [f"can't assume {role_arn(DEV)}", "3. its sts:ExternalId is aws_external_id (not set)"],
        "preflight",
    ),
    Mistake(
        "wrong-external-id",
        of_account(DEV, aws_external_id="other"),
        [f"can't assume {role_arn(DEV)}", "3. its sts:ExternalId is aws_external_id (set)"],
        "preflight",
    ),
    Mistake(
        "credentials-of-another-account",
        of_account(DEV, aws_assessor_role_arn="", aws_assume_role_arn=""),
        [f"aws_account_id: the credentials belong to account {MANAGEMENT}, not to {DEV}", "aws_assume_role_arn"],
        "preflight",
    ),
    Mistake("expired-token", of_account(PROD), ["the credentials have expired", "aws sso login"], "preflight"),
    Mistake("clock", of_account(SANDBOX), ["clock of this machine", "NTP"], "preflight"),
    Mistake(
        "length-out-of-range",
        of_account(DEV, password_policy_minimum_password_length=4),
        ["password_policy_minimum_password_length: 4 is not allowed", "6 to 128"],
        "password_policy",
    ),
    Mistake(
        "age-with-its-unit",
        of_account(DEV, password_policy_max_password_age="90 days"),
        ["password_policy_max_password_age: '90 days' is not allowed", "1 to 1095"],
        "password_policy",
    ),
    Mistake(
        "approved-plan-that-is-no-hash",
        of_account(DEV, hardening_approved_plan="abc"),
        ["hardening_approved_plan: 'abc' is not allowed", "64 hexadecimal digits"],
        "password_policy",
    ),
    Mistake(
        "approved-plan-by-its-path",
        of_account(DEV, hardening_approved_plan="./reports/plan.json"),
        ["hardening_approved_plan: './reports/plan.json' is not allowed", "64 hexadecimal digits"],
        "password_policy",
    ),
    Mistake(
        "bucket-that-does-not-exist",
        of_account(DEV, hardening_report_dir="s3://acme-nowhere/reports"),
        ["hardening_report_dir: s3://acme-nowhere/reports", "NoSuchBucket", "Create the bucket acme-nowhere"],
        "assessment",
    ),
    Mistake(
        "directory-that-is-a-file",
        of_account(DEV, hardening_report_dir="./site.yml/reports"),
        ["hardening_report_dir: can't read", "site.yml is a file. Set hardening_report_dir to a directory."],
        "assessment",
    ),
    Mistake(
        "directory-that-may-not-be-written",
        of_account(DEV, hardening_report_dir="/sys/reports"),
        ["hardening_report_dir: can't write /sys/reports", "or set hardening_report_dir to another directory"],
        "assessment",
    ),
    Mistake(
        "one-slash-too-few",
        of_account(DEV, hardening_report_dir="s3:/acme-reports/iam"),
        ["hardening_report_dir: 's3:/acme-reports/iam' is neither a directory nor a place in S3", "s3://bucket/prefix"],
        "assessment",
    ),
    Mistake(
        "name-of-a-bucket-in-capitals",
        of_account(DEV, hardening_report_dir="s3://Acme/reports"),
        ["hardening_report_dir: 's3://Acme/reports' is not a place in S3, such as s3://bucket/prefix"],
        "assessment",
    ),
    Mistake(
        "journal-that-may-not-be-written",
        of_account(DEV, hardening_journal="/sys/journal", hardening_max_changes=100),
        ["hardening_journal: can't write /sys/journal", "or set hardening_journal to another directory"],
        "password_policy",
        runs=True,
    ),
    Mistake(
        "notice-to-a-person",
        of_account(DEV, access_keys_notify="alice@acme.example"),
        ["access_keys_notify: 'alice@acme.example' is not allowed", "topic"],
        "access_keys",
    ),
    Mistake(
        "grace-before-the-notice",
        of_account(DEV, access_keys_notify_after_days=60, access_keys_deactivate_after_days=45),
        ["access_keys_deactivate_after_days: 45 is not allowed", "access_keys_notify_after_days (60) or more"],
        "access_keys",
    ),
    Mistake(
        "alerts-to-nobody",
        of_account(DEV, event_alerts_mode="enforce"),
        ["event_alerts_mode: enforce needs one of event_alerts_topic_arn, event_alerts_create_topic and"],
        "event_alerts",
    ),
    Mistake(
        "standard-that-does-not-exist",
        of_account(DEV, security_hub_standards=["iso27001"]),
        ["security_hub_standards: 'iso27001' is not allowed", "fsbp"],
        "security_hub",
    ),
    Mistake(
        "break-glass-that-matches-nobody",
        of_account(DEV, hardening_break_glass="admin"),
        [f"hardening_break_glass: 'admin' matches no user and no role of account {DEV}", "Give the ARN"],
        "assessment",
        warns=True,
    ),
]
FAULTS: t.Final = [
    {"kind": "error", "service": "iam", "account_id": account_id, **answer}
    for account_id, answer in {
        PROD: {
            "code": "ExpiredToken",
            "status": 403,
            "message": "The security token included in the request is expired",
        },
        SANDBOX: {"code": "RequestExpired", "status": 400, "message": "Request has expired."},
    }.items()
]


def run_table(ansible: Ansible, mistakes: Sequence[Mistake]) -> Outcome:
    """Run a play for each mistake, all in one process."""
    hosts = {
        mistake.id: {"aws_account_id": f"9{number:011}", "hardening_now": NOW, **mistake.variables}
        for number, mistake in enumerate(mistakes)
    }
    plays = [
        {
            "name": mistake.id,
            "hosts": mistake.id,
            "gather_facts": False,
            "ignore_errors": True,
            "vars": {"hardening_hosts": mistake.id},
            "environment": dict(mistake.environment),
            "tasks": [{**mistake.task, "check_mode": not mistake.runs}],
        }
        for mistake in mistakes
    ]
    playbook = ansible.directory / "site.yml"
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    return ansible.playbook(str(playbook), inventory=write_inventory(ansible.directory, hosts))


def messages(outcome: Outcome, host: str) -> list[str]:
    """The messages of the failed tasks of a host."""
    failures = re.findall(rf"^fatal: \[{re.escape(host)}\]: FAILED! => (.*)$", outcome.output, re.MULTILINE)
    return [json.loads(failure)["msg"] for failure in failures]


def assert_words(mistake: Mistake, outcome: Outcome) -> None:
    """That the message of a mistake has its parts, and is short."""
    if mistake.warns:
        text = " ".join(outcome.output.split())
        assert messages(outcome, mistake.id) == []
    else:
        # A role of several tasks meets it in each of them.
        (text,) = dict.fromkeys(messages(outcome, mistake.id))
        assert len(text.splitlines()) <= MOST_LINES, text
        assert max(map(len, text.splitlines())) <= LONGEST_LINE, text
    for part in mistake.parts:
        assert part in text, text
    if not mistake.warns:
        assert [word for word in BANNED if word in text] == []


@pytest.fixture(scope="module")
def before(make_ansible: MakeAnsible) -> Outcome:
    return run_table(make_ansible(), BEFORE)


@pytest.fixture(scope="module")
def in_task(make_ansible: MakeAnsible) -> Outcome:
    return run_table(make_ansible(), IN_TASK)


@pytest.fixture(scope="module")
def at_aws(make_ansible: MakeAnsible) -> Outcome:
    ansible = make_ansible()
    ansible.control.faults(FAULTS)
    try:
        return run_table(ansible, AT_AWS)
    finally:
        ansible.control.clear_faults()


def run_harden(ansible: Ansible, mistake: Mistake) -> Outcome:
    """Run the whole playbook on the one host that makes the mistake, which is an account of the demo."""
    ansible.control.faults(FAULTS)
    variables = {"aws_account_id": DEV, "hardening_now": NOW, **mistake.variables}
    inventory = write_inventory(ansible.directory, {mistake.id: variables})
    arguments = [] if mistake.runs else ["--check"]
    (ansible.directory / "site.yml").write_text("the file that is no directory", encoding="utf-8")
    return ansible.with_environment(**mistake.environment).playbook("harden", *arguments, inventory=inventory)


def ids(mistakes: Sequence[Mistake]) -> Mapping[str, t.Any]:
    return {"argvalues": mistakes, "ids": [mistake.id for mistake in mistakes]}


@pytest.mark.parametrize("mistake", **ids(BEFORE))
def test_before_the_first_task(before: Outcome, mistake: Mistake) -> None:
    assert_words(mistake, before)
    assert before.requests == []


@pytest.mark.parametrize("mistake", **ids(IN_TASK))
def test_before_anything_is_asked_of_aws(in_task: Outcome, mistake: Mistake) -> None:
    assert_words(mistake, in_task)
    assert in_task.requests == []


@pytest.mark.parametrize("mistake", **ids(AT_AWS))
def test_when_aws_is_asked(at_aws: Outcome, mistake: Mistake) -> None:
    assert_words(mistake, at_aws)
    assert at_aws.writes == []


# Those that harden.yml meets: not of modules by themselves, of other playbooks, or hidden by the check before.
IN_HARDEN: t.Final = [
    mistake
    for mistake in (*BEFORE, *IN_TASK, *AT_AWS)
    if not (
        mistake.module or mistake.warns or mistake.role == "mfa_enforcement" or "without-the-playbook" in mistake.id
    )
]


@pytest.mark.parametrize("mistake", **ids(IN_HARDEN))
def test_by_the_playbook(ansible: Ansible, mistake: Mistake) -> None:
    outcome = run_harden(ansible, mistake)
    assert outcome.status != 0
    said = messages(outcome, mistake.id)
    assert any(all(part in text for part in mistake.parts) for text in said), outcome.output
    for text in said:
        assert len(text.splitlines()) <= MOST_LINES, text
        assert max(map(len, text.splitlines())) <= LONGEST_LINE, text
    # A report leaves in check mode too.
    assert set(outcome.writes) <= {"s3:PutObject"}
    if mistake not in AT_AWS and mistake.role in ("", "preflight"):
        assert outcome.requests == []
    assert not [word for word in BANNED if word in outcome.output], outcome.output


def test_a_region_that_is_not_enabled_is_a_gap(ansible: Ansible) -> None:
    """AWS does not know the credentials in a region that the account has not enabled. It is left out, and named."""
    closed = {"code": "UnrecognizedClientException", "status": 403, "message": "The security token is invalid."}
    ansible.control.faults([{"kind": "error", "region": "me-central-1", **closed}])
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    regions = ["us-east-1", "me-central-1"]
    outcome = ansible.playbook("assess", inventory=inventory, aws_regions=regions).succeeded()
    report = outcome.report(DEV)
    assert report["scope"]["regions_assessed"] == ["us-east-1"]
    (reason,) = (error["reason"] for error in report["errors"] if error["region"] == "me-central-1")
    assert "the account has not enabled this region" in reason
    text = (outcome.reports / DEV / "report.txt").read_text(encoding="utf-8")
    assert "me-central-1" in text
