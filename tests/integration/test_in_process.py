# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module run inside Ansible's worker gives the result that it gives as a module of its own process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import sys
import typing as t
from collections import Counter
from pathlib import Path

import pytest
import yaml
from scope import runs_all

from dates import date_in, noon_in
from emulator.seed import access_key_id

from .conftest import CHECKOUT, DEV, EXTERNAL_ID, MANAGEMENT, PROD, SANDBOX, Ansible, MakeAnsible, Record, role_arn

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "action").glob("[!_]*.py"))
NOW = noon_in(1000)
# What differs by where a module runs.
OF_THE_PROCESS = {"invocation", "discovered_interpreter_python", "ansible_facts"}


class Vaulted(str):
    """A value that stands in the playbook as vault's ciphertext."""


def _vaulted(dumper: yaml.SafeDumper, value: Vaulted) -> yaml.ScalarNode:
    return dumper.represent_scalar("!vault", value, style="|")


class Dumper(yaml.SafeDumper):
    """Writes playbooks; it never uses aliases, so that tasks read on their own."""

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


Dumper.add_representer(Vaulted, _vaulted)


@dataclasses.dataclass(frozen=True)
class Case:
    """One task; its results by both ways are compared. ``fails`` is what its message must contain."""

    name: str
    module: str
    options: Record
    keywords: Record = dataclasses.field(default_factory=dict)
    fails: t.Optional[str] = None


def reading(account: str, **options: t.Any) -> Record:
    return {
        "account_id": account,
        "assessor_role_arn": role_arn(account),
        "assume_role_external_id": EXTERNAL_ID,
        "now": NOW,
        **options,
    }


def asking(**options: t.Any) -> Record:
    """Options of a module that counts no ages."""
    return {name: value for name, value in reading(DEV, **options).items() if name != "now"}


def assessing(**options: t.Any) -> Record:
    return reading(DEV, **{"run_id": "parity", "return_findings": "none", "regions": ["us-east-1"], **options})


def hunting(**options: t.Any) -> Record:
    return reading(DEV, **{"run_id": "parity", "regions": ["us-east-1"], **options})


ACCOUNTS_OF_EVENTS: t.Final = [{"account_id": DEV, "host": "acme-dev"}]
# Both ways are one job of one run, or their journals would be two.
PARITY: t.Final = {"run_id": "parity", "job_id": "1"}


def converging(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    kinds = ("symbols", "numbers", "uppercase_characters", "lowercase_characters")
    policy = {"minimum_password_length": 15, **{f"require_{kind}": True for kind in kinds}}
    return reading(DEV, **{**writer, **policy, **options})


def validating(**options: t.Any) -> Record:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObjct", "Resource": "*"}}
    access = {"assessor_role_arn": role_arn(DEV), "assume_role_external_id": EXTERNAL_ID}
    return {
        "policies": [{"document": document}, {"document": json.dumps(document), "type": "scp"}],
        **access,
        **options,
    }


def staging(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    return reading(DEV, **{**writer, "notify": "none", **options})


def rooting(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(MANAGEMENT, "automation"), "journal": "./journal", **PARITY}
    declared = {"root_sessions": True, "targets": ["/Workloads"], "remove_root_credentials": True}
    return reading(MANAGEMENT, **{**writer, **declared, **options})


FIRST_PASS: t.Final = {"pass": "first"}


def containing(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    keys = [access_key_id(DEV, "ci-jenkins"), {"id": access_key_id(PROD, "deploy-bot"), "account_id": PROD}]
    declared = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a repository", "keys": keys}
    return reading(DEV, **{**writer, "incident": declared, "inventory_accounts": [DEV, PROD], **options})


def organizing(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(MANAGEMENT, "automation"), "journal": "./journal", **PARITY}
    people = [{"user_id": "94482488-3041-7026-d8a7-000000000000"}]
    declared = {"id": "INC-7", "declared_by": "Ana", "reason": "an intruder is administrator", "accounts": [DEV]}
    roles = {"member_role_arn": "arn:aws:iam::<account_id>:role/iam-hardening/assessor"}
    incident = {**declared, "identity_center_users": people}
    return reading(
        MANAGEMENT, **{**writer, **roles, "incident": incident, "inventory_accounts": [DEV, PROD], **options}
    )


def drilling(state: str, **options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    return reading(DEV, **{**writer, "state": state, "person": "Ana", **options})


def guarding(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(MANAGEMENT, "automation"), "journal": "./journal", **PARITY}
    deny = {"Effect": "Deny", "Action": ["cloudtrail:StopLogging"], "Resource": "*"}
    content = {"Version": "2012-10-17", "Statement": [deny]}
    declared = {
        "policies": [{"name": "parity", "content": content, "targets": [{"ou": "/Sandbox"}]}],
        "accept_without_evidence": [{"account": SANDBOX, "reason": "a test", "expires": DATE}],
        "break_glass": [role_arn("*", "break-glass")],
    }
    return reading(MANAGEMENT, **{**writer, **declared, **options})


def taking_back(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY, "run_id": "back"}
    options = reading(DEV, **{**writer, "undo_run_id": "parity", **options})
    return {name: value for name, value in options.items() if name != "now"}


def waiver(**fields: t.Any) -> Record:
    return {
        "control": "role_admin",
        "accounts": ["*"],
        "resources": ["*"],
        "reason": "the team is being reorganized",
        "owner": "platform@acme.example",
        "ticket": "ACME-1",
        "approved_by": "ciso@acme.example",
        "expires": date_in(1150),
        **fields,
    }


def escalating(**options: t.Any) -> Record:
    return {name: value for name, value in reading(PROD, **options).items() if name != "now"}


def impact(**options: t.Any) -> Record:
    return reading(DEV, principals=["dev-team-07-role", "dev-team-12-role"], **options)


def simulating(**options: t.Any) -> Record:
    options = reading(PROD, requests=[{"id": "stop", "action": "cloudtrail:StopLogging"}], **options)
    return {name: value for name, value in options.items() if name != "now"}


def permitting(**options: t.Any) -> Record:
    declared = {
        "groups": [{"name": "cloudshell", "users": ["dev-ivan"]}],
        "remove_policies": [{"policy": "AlmostAdminPolicy", "users": ["contractor-*"]}],
        "journal": "./journal",
        **PARITY,
    }
    return reading(DEV, assume_role_arn=role_arn(DEV, "automation"), **{**declared, **options})


def scoping(**options: t.Any) -> Record:
    rule = {"actions": ["s3:Get*"], "arns": ["arn:aws:s3:::acme-app-*", "arn:aws:s3:::acme-app-*/*"]}
    declared = {
        "targets": [{"policies": ["TeamAdminPolicy", "DataSciencePolicy"], "resources": [rule]}],
        "break_glass": [role_arn(DEV, "break-glass")],
        "journal": "./journal",
        **PARITY,
    }
    return reading(DEV, assume_role_arn=role_arn(DEV, "automation"), **{**declared, **options})


def sizing(**options: t.Any) -> Record:
    declared = {
        "campaign": "parity",
        "stage": "assess",
        "targets": [{"roles": ["role/*"], "way": "parallel", "canary": True}],
        "break_glass": [role_arn(DEV, "break-glass")],
        "event_history": False,
        "journal": "./journal",
        **PARITY,
    }
    return reading(DEV, assume_role_arn=role_arn(DEV, "automation"), **{**declared, **options})


def ending(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    return reading(DEV, **{**writer, **options})


def revoking(**options: t.Any) -> Record:
    incident = {
        "id": "INC-7",
        "declared_by": "Ana",
        "reason": "key found in a public repository",
        "users": ["arn:aws:iam::999988887777:user/bob"],
    }
    given = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY, "incident": incident}
    return reading(DEV, **{**given, **options})


def bounding(**options: t.Any) -> Record:
    declared = {
        "boundaries": [
            {
                "name": "parity",
                "document": {"Statement": {"Effect": "Allow", "Action": ["s3:*", "sts:*"], "Resource": "*"}},
                "targets": [{"name": "anyone"}, {"name": "forgotten"}],
            }
        ],
        "break_glass": [role_arn(DEV, "break-glass")],
        "journal": "./journal",
        **PARITY,
    }
    return reading(DEV, assume_role_arn=role_arn(DEV, "automation"), **{**declared, **options})


def watching(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    # Regions are written side by side, so the journal of several has no order that two runs share.
    return reading(DEV, **{**writer, "regions": "us-east-1", **options})


def exporting(**options: t.Any) -> Record:
    declared = watching(**{"report_dir": "./reports", **options})
    return {name: value for name, value in declared.items() if name != "regions"}


def finding(**options: t.Any) -> Record:
    options = reading(DEV, **{"regions": ["us-east-1", "eu-west-1"], **options})
    return {name: value for name, value in options.items() if name != "now"}


NO_SESSIONS: t.Final = {"remove_root_credentials": False, "root_sessions": False}
UNTARGETED: t.Final = [
    {"name": "parity", "content": '{"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}'}
]
FROM_FILE: t.Final = [{"name": "parity", "content": "./scp.json"}]
THEIRS: t.Final = [{"name": "deny-regions"}]
NOWHERE: t.Final = [{**UNTARGETED[0], "targets": [{"ou": "/Nowhere"}]}]
STAGED: t.Final = {"stages": [{"name": "canary", "targets": [{"ou": "/Sandbox"}]}]}
CHECKED: t.Final = {"check_mode": True, "diff": True}
DATE: t.Final = dt.date(2030, 6, 30)
ARCHIVE: t.Final = {
    "name": "partner",
    "filter": {"principal.AWS": {"eq": ["444455556666"]}},
    "reason": "they deliver here",
    "expires": DATE,
}
LENGTH: t.Final = {"name": "password-policy", "parameters": {"MinimumPasswordLength": 16, "RequireSymbols": False}}
ODD: t.Final = {"MinimumPasswordLength": "long"}
BUS: t.Final = f"arn:aws:events:us-east-1:{PROD}:event-bus/default"
HEARING: t.Final = {"name": "ours", "title": "Ours", "pattern": '{"source": ["aws.signin"]}'}
DEAF: t.Final = {**HEARING, "pattern": {"source": "aws.signin"}}
ACCEPTED: t.Final = {"principal": "contractor-mallory", "reason": "left", "expires": DATE}


def rotating(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    return reading(DEV, **{**writer, "users": [{"name": "dev-ivan"}], "event_history": False, **options})


def moving(**options: t.Any) -> Record:
    workload = {"name": "x", "user": "dev-ivan", "platform": "github", "repository": "acme/x", "branch": "main"}
    writer = {"assume_role_arn": role_arn(DEV, "automation"), "journal": "./journal", **PARITY}
    return reading(DEV, **{**writer, "workloads": [workload], "event_history": False, **options})


def accepting(**options: t.Any) -> Record:
    writer = {"assume_role_arn": role_arn(SANDBOX, "automation"), "assume_role_external_id": EXTERNAL_ID}
    return {"account_id": SANDBOX, "account_pattern": "*sandbox*", "patience": 0, **writer, **options}


CASES: t.Final = (
    Case("acceptance of an account that is refused", "acceptance", accepting()),
    Case("acceptance, no such assumption", "acceptance", accepting(include=["none"]), fails="include"),
    Case("inventory", "account_inventory_info", reading(PROD)),
    Case("inventory of another account", "account_inventory_info", reading(PROD, account_id=DEV), fails="account_id"),
    Case("inventory, unknown option", "account_inventory_info", reading(PROD, accounts=1), fails="no such option"),
    Case("inventory, unquoted date", "account_inventory_info", reading(PROD, now=DATE)),
    Case("inventory, number for an id", "account_inventory_info", reading(PROD, account_id=int(PROD))),
    Case("inventory, role of nobody", "account_inventory_info", reading(PROD, assessor_role_arn=role_arn(PROD, "no"))),
    Case("assessment", "assessment_info", assessing(return_findings="all")),
    Case("assessment, failed findings", "assessment_info", assessing(return_findings="failed")),
    Case("assessment, region by alias", "assessment_info", assessing(aws_region="eu-west-1", return_findings="all")),
    Case(
        "assessment, option and alias",
        "assessment_info",
        assessing(aws_region="eu-west-1", region="us-east-1", include=["root_no_access_key"]),
    ),
    Case(
        "assessment of the organization", "assessment_info", reading(MANAGEMENT, run_id="parity", scope="organization")
    ),
    Case(
        "assessment of no organization a member may read",
        "assessment_info",
        reading(PROD, run_id="parity", scope="organization"),
    ),
    Case("assessment, no such choice", "assessment_info", assessing(benchmark="cis_1.0"), fails="cis_1.0"),
    Case("assessment, not a number", "assessment_info", assessing(waiver_max_days="soon"), fails="waiver_max_days"),
    Case("assessment, offline", "assessment_info", assessing(offline=True), fails="snapshot_path"),
    Case("assessment, unquoted expiry", "assessment_info", assessing(waivers=[waiver(expires=DATE)])),
    Case("assessment, idle waiver", "assessment_info", assessing(waivers=[waiver(control="root_no_access_key")])),
    Case("assessment, bad waiver", "assessment_info", assessing(waivers=[waiver(owner="")]), fails="owner"),
    Case("assessment, a secret in the result", "assessment_info", assessing(run_id=f"of-{EXTERNAL_ID}")),
    Case("assessment, no_log", "assessment_info", assessing(), {"no_log": True}),
    Case(
        "assessments in a loop",
        "assessment_info",
        assessing(benchmark="{{ item }}"),
        {"loop": ["cis_7.0", "cis_5.0"]},
    ),
    Case("assessment, written", "assessment_info", assessing(report_dir="./reports")),
    Case("preflight", "preflight_info", reading(SANDBOX, run_id="parity", regions=["us-east-1", "eu-west-1"])),
    Case("preflight, bad threshold", "preflight_info", reading(SANDBOX, thresholds={"old": 1}), fails="thresholds"),
    Case("simulation", "policy_simulation_info", simulating(principal_arn=role_arn(PROD), engine="both")),
    Case("simulation of text", "policy_simulation_info", simulating(layers={"boundary": "{"}), fails="layers.boundary"),
    Case("impact", "policy_impact_info", impact(detach_policies=["AdministratorAccess"], return_uses="all")),
    Case("impact, no change", "policy_impact_info", impact(), fails="no change is given"),
    Case("hunt", "credential_hunt_info", hunting(principals=["role/dev-team-1"])),
    Case("hunt, no key", "credential_hunt_info", hunting(access_key_ids=["AKIA"]), fails="access_key_ids"),
    Case("least privilege", "least_privilege_info", impact(event_history=False, return_lists="all")),
    Case(
        "least privilege, of nobody", "least_privilege_info", reading(DEV, principals=["role/nobody"]), fails="nobody"
    ),
    Case("policy generation", "policy_generation_info", impact(request=True, access_role_arn=role_arn(DEV)), CHECKED),
    Case("policy generation, no role", "policy_generation_info", impact(request=True), fails="access_role_arn"),
    Case("validation", "policy_validation_info", validating(access_analyzer=True)),
    Case("validation, failing", "policy_validation_info", validating(fail_on="warning"), fails="s3:GetObjct"),
    Case(
        "escalation", "privilege_escalation_info", escalating(principals=["dev-*", "nobody"], snapshot_path="./s.json")
    ),
    Case("owners", "ownership_info", asking(arns=["arn:aws:iam::*:role/dev-team-1*"])),
    Case("owners, bad entry", "ownership_info", asking(owners=[{"owner": "x"}]), fails="owners[0]"),
    Case("escalation, too deep", "privilege_escalation_info", escalating(max_depth=11), fails="max_depth"),
    Case("policy, predicted", "password_policy", converging(), CHECKED),
    Case("policy, reported", "password_policy", converging(mode="report"), {"diff": True}),
    Case("policy, text for a number", "password_policy", converging(minimum_password_length="ten"), fails="ten"),
    Case("policy, refused", "password_policy", converging(max_password_age="90"), CHECKED),
    Case("policy, in no account", "password_policy", converging(account_id=""), fails="account_id"),
    Case("policy, applied", "password_policy", converging(), {"diff": True}),
    Case("policy, applied already", "password_policy", converging(), {"diff": True}),
    Case("policy, not weakened", "password_policy", converging(minimum_password_length=7)),
    Case("policy, deleted", "password_policy", converging(state="absent", allow_weaken=True), {"diff": True}),
    Case("keys, predicted", "access_key_lifecycle", staging(reveal_key_ids=True), CHECKED),
    Case("keys, no notice declared", "access_key_lifecycle", staging(notify=""), CHECKED),
    Case("keys, in use", "access_key_lifecycle", staging(min_idle_days="3"), fails="min_idle_days"),
    Case("keys, waived", "access_key_lifecycle", staging(waivers=[waiver(control="access_key_unused", expires=DATE)])),
    Case("keys, noticed", "access_key_lifecycle", staging(), {"diff": True}),
    Case("keys, noticed already", "access_key_lifecycle", staging(), {"diff": True}),
    Case("keys, forgotten", "access_key_lifecycle", staging(stage_reasons=[]), {"diff": True}),
    Case("rotation, predicted", "access_key_rotation", rotating(), CHECKED),
    Case("rotation, reported", "access_key_rotation", rotating(mode="report")),
    Case("rotation, by a pattern", "access_key_rotation", rotating(users=[{"name": "dev-*"}]), fails="users: 'dev-*'"),
    Case("moves, predicted", "key_migration", moving(stage="prepare"), CHECKED),
    Case("moves, assessed", "key_migration", moving(mode="report")),
    Case("moves, by a pattern", "key_migration", moving(workloads=[{"name": "x", "user": "dev-*"}]), fails="dev-*"),
    Case("permissions, predicted", "user_permissions", permitting(), CHECKED),
    Case("policies, predicted", "policy_scope", scoping(), CHECKED),
    Case("policies, nothing to do", "policy_scope", scoping(targets=[{"policies": ["x"]}]), fails="targets[0]"),
    Case("roles, assessed", "least_privilege", sizing(), CHECKED),
    Case("roles, no stage yet", "least_privilege", sizing(stage="generate", mode="report")),
    Case("roles, no such way", "least_privilege", sizing(targets=[{"roles": ["*"], "way": "x"}]), fails="way"),
    Case("trials, none", "trial_deadlines", ending(), {"diff": True}),
    Case("trials, none reported", "trial_deadlines", ending(mode="report", return_findings="all"), CHECKED),
    Case("trials, in no account", "trial_deadlines", ending(account_id=PROD), fails="account_id"),
    Case("permissions, reported", "user_permissions", permitting(mode="report"), {"diff": True}),
    Case("permissions, no such key", "user_permissions", permitting(groups=[{"users": ["*"]}]), fails="groups"),
    Case(
        "permissions, of nobody",
        "user_permissions",
        permitting(remove_policies=[{"policy": "A"}]),
        fails="no principal",
    ),
    Case("permissions, unquoted date", "user_permissions", permitting(accept_breakage=[ACCEPTED]), CHECKED),
    Case("permissions, applied", "user_permissions", permitting(), {"diff": True}),
    Case("permissions, applied already", "user_permissions", permitting(), {"diff": True}),
    Case("boundary, predicted", "permissions_boundary", bounding(), CHECKED),
    Case("boundary, reported", "permissions_boundary", bounding(mode="report", return_findings="all"), {"diff": True}),
    Case("boundary, no document", "permissions_boundary", bounding(boundaries=[{"name": "x"}]), fails="document"),
    Case("boundary, unquoted date", "permissions_boundary", bounding(accept_breakage=[ACCEPTED]), CHECKED),
    Case("boundary, applied", "permissions_boundary", bounding(), {"diff": True}),
    Case("boundary, applied already", "permissions_boundary", bounding(), {"diff": True}),
    Case("analyzers, predicted", "access_analyzer", watching(return_findings="all"), CHECKED),
    Case("analyzers, reported", "access_analyzer", watching(mode="report", unused={"unused_access_age": "60"})),
    Case(
        "analyzers, no date", "access_analyzer", watching(archive_rules=[{**ARCHIVE, "expires": "x"}]), fails="no date"
    ),
    Case("analyzers, unquoted date", "access_analyzer", watching(archive_rules=[ARCHIVE]), CHECKED),
    Case("analyzers, of no organization", "access_analyzer", watching(external="organization"), {"diff": True}),
    Case("analyzers, applied", "access_analyzer", watching(tags={"team": "security"}), {"diff": True}),
    Case("analyzers, applied already", "access_analyzer", watching(tags={"team": "security"}), {"diff": True}),
    Case("analyzers, found", "access_analyzer_findings_info", finding(details="yes")),
    Case("analyzers, recommended", "access_analyzer_findings_info", finding(recommendations=True), CHECKED),
    Case("analyzers, none found", "access_analyzer_findings_info", finding(limit=0), fails="limit: 0"),
    Case("config, predicted", "config_rules", watching(return_findings="all"), CHECKED),
    Case("config, reported", "config_rules", watching(mode="report", remove_rules="root-mfa, x", default_rules="yes")),
    Case("config, no such rule", "config_rules", watching(rules=[{"name": "x"}]), fails="rules[0].name: 'x'"),
    Case("config, not a length", "config_rules", watching(rules=[{**LENGTH, "parameters": ODD}]), fails="6 to 128"),
    Case("config, once elsewhere", "config_rules", watching(iam_region="eu-west-1"), fails="iam_region: eu-west-1"),
    Case("config, of no organization", "config_rules", watching(scope="organization"), {"diff": True}),
    Case("config, applied", "config_rules", watching(rules=[LENGTH]), {"diff": True}),
    Case("config, applied already", "config_rules", watching(rules=[LENGTH]), {"diff": True}),
    Case("config, gone", "config_rules", watching(remove_rules=["password-policy"]), {"diff": True}),
    Case("export, of a hub that is off", "findings_export", exporting(severities="critical, high"), CHECKED),
    Case("export, reported", "findings_export", exporting(mode="report", global_region="eu-west-1")),
    Case("export, to a file", "findings_export", exporting(security_hub="no")),
    Case("export, no such severity", "findings_export", exporting(severities=["urgent"]), fails="severities: urgent"),
    Case("export, of another run", "findings_export", exporting(run_id="x"), fails="of run x"),
    Case("export, nowhere", "findings_export", exporting(global_region="nowhere"), fails="nowhere"),
    Case("hub, predicted", "security_hub", watching(), CHECKED),
    Case("hub, reported", "security_hub", watching(mode="report", standards="cis/3.0.0", return_findings="all")),
    Case("hub, no such standard", "security_hub", watching(standards=["cis_5"]), fails="standards: 'cis_5'"),
    Case("hub, no reason", "security_hub", watching(controls=[{"id": "IAM.6", "enabled": "no"}]), fails="a reason"),
    Case("hub, aggregated elsewhere", "security_hub", watching(aggregation_region="eu-north-1"), fails="eu-north-1"),
    Case("hub, applied", "security_hub", watching(), {"diff": True}),
    Case("hub, applied already", "security_hub", watching(), {"diff": True}),
    Case("export, of nothing", "findings_export", exporting(severities=""), {"diff": True}),
    Case("alerts, predicted", "event_alerts", watching(create_topic="yes", return_findings="all"), CHECKED),
    Case("alerts, reported", "event_alerts", watching(mode="report", ignore_principals="arn:aws:iam::*:role/ci")),
    Case("alerts, handed on", "event_alerts", watching(bus_arn=BUS, regions="us-east-1, eu-west-1"), CHECKED),
    Case("alerts, of nobody", "event_alerts", watching(), fails="one of topic_arn"),
    Case("alerts, no such rule", "event_alerts", watching(create_topic=True, rules={"x": True}), fails="rules: x"),
    Case("alerts, no pattern", "event_alerts", watching(create_topic=True, own_rules=[DEAF]), fails="own_rules[0]"),
    Case("alerts, applied", "event_alerts", watching(create_topic=True, own_rules=[HEARING]), {"diff": True}),
    Case("alerts, applied already", "event_alerts", watching(create_topic=True, own_rules=[HEARING]), {"diff": True}),
    Case("alerts, gone", "event_alerts", watching(state="absent", rules={"assume-root": "off"}), {"diff": True}),
    Case("root, predicted", "organization_root_access", rooting(return_findings="all"), CHECKED),
    Case("root, of all", "organization_root_access", rooting(targets="all, /Sandbox", root_sessions="no"), CHECKED),
    Case("root, of nobody", "organization_root_access", rooting(targets=["nobody"]), fails="nobody"),
    Case("root, unquoted date", "organization_root_access", rooting(accept_use=[ACCEPTED]), fails="root user"),
    Case("root, applied", "organization_root_access", rooting(remove_root_credentials=False), {"diff": True}),
    Case("root, applied already", "organization_root_access", rooting(remove_root_credentials=False), {"diff": True}),
    Case("root, turned off", "organization_root_access", rooting(targets=[], **NO_SESSIONS), {"diff": True}),
    Case("guardrail, predicted", "organization_policy", guarding(return_findings="all"), CHECKED),
    Case("guardrail, reported", "organization_policy", guarding(mode="report", max_policy_size="500"), {"diff": True}),
    Case("guardrail, of a file", "organization_policy", guarding(policies=FROM_FILE), fails="scp.json"),
    Case("guardrail, nowhere", "organization_policy", guarding(policies=NOWHERE), fails="/Nowhere"),
    Case("guardrail, staged", "organization_policy", guarding(policies=UNTARGETED, rollout=STAGED), CHECKED),
    Case("guardrail, of others", "organization_policy", guarding(policies=THEIRS, state="absent", allow_loosen="yes")),
    Case("containment, predicted", "credential_quarantine", containing(return_findings="all"), CHECKED),
    Case("containment, reported", "credential_quarantine", containing(mode="report", **FIRST_PASS), {"diff": True}),
    Case("containment, not confirmed", "credential_quarantine", containing(), fails="hardening_incident.confirm"),
    Case("containment of too many", "credential_quarantine", containing(max_principals="1"), CHECKED, fails="names 2"),
    Case("drill, predicted", "containment_drill", drilling("started"), CHECKED),
    Case("drill, nothing left", "containment_drill", drilling("recovered")),
    Case("drill of nobody", "containment_drill", drilling("started", person=""), fails="person"),
    Case("drill of another job", "containment_drill", drilling("finished", drill_id="x"), fails="not the drill of"),
    Case("release of nothing", "credential_quarantine", containing(state="released"), CHECKED),
    Case("accounts contained, predicted", "organization_containment", organizing(), CHECKED),
    Case(
        "accounts contained, not confirmed",
        "organization_containment",
        organizing(),
        fails="hardening_incident.confirm",
    ),
    Case(
        "accounts contained, too many",
        "organization_containment",
        organizing(max_principals=1),
        CHECKED,
        fails="names 2",
    ),
    Case("accounts released, none", "organization_containment", organizing(state="released"), CHECKED),
    Case("lease that no task kept", "lease", {"account_id": DEV, "journal": "./journal", **PARITY}),
    Case("lease in check mode", "lease", {"account_id": DEV, "journal": "./journal", **PARITY}, CHECKED),
    Case("lease of no account", "lease", {"journal": "./journal", **PARITY}, fails="account_id"),
    Case("rollback, predicted", "rollback", taking_back(), CHECKED),
    Case("rollback, reported", "rollback", taking_back(mode="report"), {"diff": True}),
    Case("rollback of a part", "rollback", taking_back(operations="Delete*", run_id="part"), {"diff": True}),
    Case("rollback", "rollback", taking_back(), {"diff": True}),
    Case("rollback, done already", "rollback", taking_back(run_id="back-again"), {"diff": True}),
    Case("rollback of itself", "rollback", taking_back(run_id="parity"), fails="undo_run_id"),
    Case("rollback of no module", "rollback", taking_back(modules="keys"), fails="password_policy"),
    Case("sessions, not confirmed", "session_revocation", revoking(now=None), fails="confirm"),
    Case("sessions, too many", "session_revocation", revoking(max_roles=-1), CHECKED, fails="max_roles"),
    Case("events, none", "event_plan", {"accounts": ACCOUNTS_OF_EVENTS, "report_dir": "./reports", "run_id": "events"}),
    Case(
        "events, few plans",
        "event_plan",
        {"report_dir": "./reports", "max_plans_per_hour": 2},
        fails="max_plans_per_hour",
    ),
    Case("gate, closed", "wave_gate", {"accounts": [{"account_id": DEV}], "report_dir": "./reports", "run_id": "gate"}),
    Case("gate, no number", "wave_gate", {"report_dir": "./reports", "max_refusals": -1}, fails="max_refusals: -1"),
    Case("report", "report", {"account_id": DEV, "report_dir": "./reports", "run_id": "parity", "now": NOW}),
    Case(
        "report of another run", "report", {"account_id": DEV, "report_dir": "./reports", "run_id": "x"}, fails="run x"
    ),
    Case("report in no place", "report", {"account_id": DEV}, fails="report_dir"),
    Case("audit sheet", "audit_sheet", {"audit_run_id": "parity", "report_dir": "./reports", "now": NOW}),
    Case(
        "simulation without inventory",
        "rollout_simulation_info",
        {"wanted_inventory": ["missing.yml"], "snapshot_dir": "./snapshots"},
        fails="missing.yml does not exist",
    ),
    Case("audit sheet of no run", "audit_sheet", {"audit_run_id": "x", "report_dir": "./reports"}, fails="run x"),
    Case("fleet", "report", {"scope": "fleet", "report_dir": "./reports", "run_id": "parity", "now": NOW}),
)
# Modules that are documentation: their tasks always run in Ansible's worker, so there is nothing to compare.
ON_CONTROLLER: t.Final = frozenset({"audit_sheet", "report", "rollout_simulation_info"})
COMPARED: t.Final = tuple(case for case in CASES if case.module not in ON_CONTROLLER)
ACCOUNTS: t.Final = (MANAGEMENT, PROD, DEV, SANDBOX)
# The case that no literal can hold, since its password is new each time.
VAULTED: t.Final = "inventory, vaulted"
NAMES: t.Final = frozenset({case.name for case in CASES} | {VAULTED})
# Tasks that Ansible runs elsewhere, as somebody else or later: none may run in its own worker.
ELSEWHERE: t.Final[t.Mapping[str, Record]] = {
    "become": {"become": True, "vars": {"ansible_become_exe": "./become"}},
    "environment": {"environment": {"AWS_MAX_ATTEMPTS": "2"}},
    "async": {"async": 60, "poll": 1},
    "interpreter": {"vars": {"ansible_python_interpreter": "./python"}},
    "delegated interpreter": {"delegate_to": "elsewhere"},
    "switched off": {"vars": {"hardening_in_process": False}},
    "switched off by a survey": {"vars": {"hardening_in_process": "no"}},
}


def ciphertext(ansible: Ansible) -> str:
    """The external id, encrypted with the password in ./vault-password."""
    (ansible.directory / "vault-password").write_text("open sesame\n", encoding="utf-8")
    done = ansible.run("ansible-vault", "encrypt_string", "--vault-password-file", "vault-password", EXTERNAL_ID)
    assert done.returncode == 0, done.stderr
    return "\n".join(line.strip() for line in done.stdout.splitlines()[1:])


def play(ansible: Ansible, tasks: t.Sequence[tuple[str, Record]], **variables: t.Any) -> dict[str, Record]:
    """Run tasks, of which any may fail, and return their results by name."""
    written = [{"name": name, "ignore_errors": True, **task} for name, task in tasks]
    head = {"hosts": "localhost", "gather_facts": False, "tasks": written}
    # Not where Ansible is started: that is what relative paths are relative to.
    playbook = ansible.directory / "plays" / "play.yml"
    playbook.write_text(yaml.dump([head], Dumper=Dumper, sort_keys=False), encoding="utf-8")
    (ansible.directory / "hosts").write_text(
        f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
        "elsewhere ansible_connection=local ansible_python_interpreter=./python\n",
        encoding="utf-8",
    )
    done = ansible.run(
        "ansible-playbook",
        "--inventory",
        "hosts",
        "--vault-password-file",
        "vault-password",
        "--extra-vars",
        json.dumps(variables),
        "-vvv",
        str(playbook),
        ANSIBLE_STDOUT_CALLBACK="ansible.posix.json",
        # Since core 2.20 results tell how a module was called only on request; it is what shows where it ran.
        ANSIBLE_INJECT_INVOCATION="true",
        # Another region than the other variables of the environment say.
        AWS_REGION="eu-west-1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Reports for the terminal stand above the callback's document.
    document = json.loads(done.stdout[f"\n{done.stdout}".rindex("\n{\n") :])
    return {task["task"]["name"]: task["hosts"]["localhost"] for task in document["plays"][0]["tasks"]}


def _executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    ansible = make_ansible()
    plays = ansible.directory / "plays"
    plays.mkdir()
    _executable(plays / "python", f'exec "{sys.executable}" "$@"')
    _executable(plays / "become", 'while [ "$1" != /bin/sh ]; do shift; done; exec "$@"')
    return ansible


@dataclasses.dataclass(frozen=True)
class Ways:
    """The results of all cases: in Ansible's worker, and each in a process of its own."""

    within: t.Mapping[str, Record]
    outside: t.Mapping[str, Record]
    files_within: set[Path]
    files_outside: set[Path]
    # The regions in which the roles of the first way were assumed: those of the sessions.
    regions_within: Counter[str]


# The cases that tests name, and which others go by: what is reported was assessed, what is taken back was changed.
NAMED: t.Final = frozenset(
    {
        "assessment, a secret in the result",
        "assessment, idle waiver",
        "assessment, option and alias",
        "assessment, written",
        "fleet",
        VAULTED,
        "policy, applied already",
        "policy, applied",
        "policy, predicted",
        "policy, reported",
        "report",
    }
)


def chosen(items: t.Iterable[pytest.Item]) -> set[str]:
    """The names of the cases that the tests of this file look at; few where few are asked for."""
    ids = {item.callspec.id for item in items if item.path == Path(__file__) and hasattr(item, "callspec")}
    return NAMED | (ids & NAMES)


@pytest.fixture(scope="module")
def ways(ansible: Ansible, request: pytest.FixtureRequest) -> Ways:
    secret = Vaulted(ciphertext(ansible))
    vaulted = Case(VAULTED, "account_inventory_info", reading(PROD, assume_role_external_id=secret))
    names = chosen(request.session.items)
    cases = [case for case in (*CASES, vaulted) if case.name in names]
    tasks = [(case.name, {f"hardening.iam.{case.module}": case.options, **case.keywords}) for case in cases]
    # AWS makes the credential report on request and keeps it: both ways shall find the same one.
    inventory = {account: {"hardening.iam.account_inventory_info": reading(account)} for account in ACCOUNTS}
    play(ansible, [*inventory.items()])
    # What one way leaves changed, the other would find.
    start = ansible.control.snapshot()
    ansible.control.clear_log()
    within = play(ansible, tasks, hardening_in_process=True)
    log = ansible.control.log()
    regions = Counter(record["region"] for record in log if record["operation"] == "AssumeRole")
    files = _written(ansible)
    for path in files:
        path.unlink()
    ansible.control.restore(start)
    ansible.control.forget(start)
    return Ways(within, play(ansible, tasks, hardening_in_process=False), files, _written(ansible), regions)


def _written(ansible: Ansible) -> set[Path]:
    """The files in the directories that the cases name."""
    return {
        path for name in ("reports", "journal") for path in ansible.directory.rglob(f"{name}/**/*") if path.is_file()
    }


def _compared(result: Record) -> Record:
    compared = {key: value for key, value in result.items() if key not in OF_THE_PROCESS}
    if "warnings" in compared:
        # Modules in the process share what one of them has read, and a denial names the role that asked.
        compared["warnings"] = [
            re.sub(r" \(asked by \S+, which .* in this run\)", "", text) for text in compared["warnings"]
        ]
    if "results" in compared:
        compared["results"] = [_compared(item) for item in compared["results"]]
    if "roles" in compared:
        # Those that the tasks work in are used anew each time.
        compared["roles"] = [role for role in compared["roles"] if role.get("path") != "/iam-hardening/"]
    if "table" in compared:
        # The two runs observe AWS one after the other.
        compared["table"] = {key: value for key, value in compared["table"].items() if key != "observed_at"}
    return compared


def test_every_module_has_cases() -> None:
    assert {case.module for case in CASES} == set(MODULES)
    assert NAMED < NAMES


def name_cases(cases: t.Iterable[Case]) -> list[t.Any]:
    """Parameters: of each module the first case, or in "make test-all" all of them, since each starts Python once."""
    cases = tuple(cases)
    first = {case.module: case for case in reversed(cases)}
    return [pytest.param(case, id=case.name) for case in cases if runs_all() or case is first[case.module]]


@pytest.mark.parametrize("name", [*(parameter.id for parameter in name_cases(COMPARED)), VAULTED])
def test_result_is_the_same(ways: Ways, name: str) -> None:
    assert _compared(ways.within[name]) == _compared(ways.outside[name])


@pytest.mark.parametrize("case", name_cases(case for case in COMPARED if not case.keywords.get("no_log")))
def test_cases_ran_where_they_should(ways: Ways, case: Case) -> None:
    within, outside = ways.within[case.name], ways.outside[case.name]
    if "loop" in case.keywords:
        within, outside = within["results"][0], outside["results"][0]
    assert "invocation" not in within
    # Options that don't fit end a module before it can say how it was called.
    assert "invocation" in outside or within.get("failed")


@pytest.mark.parametrize("case", name_cases(case for case in CASES if case.module in ON_CONTROLLER))
def test_what_is_documentation_never_runs_as_a_module(ways: Ways, case: Case) -> None:
    assert "invocation" not in ways.within[case.name]
    assert "invocation" not in ways.outside[case.name]


@pytest.mark.parametrize("case", name_cases(CASES))
def test_cases_fail_as_they_should(ways: Ways, case: Case) -> None:
    result = ways.within[case.name]
    if case.fails is not None:
        assert result["failed"]
        assert case.fails in result["msg"]


def test_relative_places_are_the_same(ways: Ways) -> None:
    assert {path.name for path in ways.files_within} >= {"report.json", "report.html", "fleet.json"}
    # A journal's files are named by the time.
    places = [{path.parent for path in files} for files in (ways.files_within, ways.files_outside)]
    # The state of trust is made of what an assessment of the same process read.
    (trust,) = places[0] - places[1]
    assert trust.parts[-2:] == ("control", "trust") and places[1] < places[0]


def test_vaulted_values_are_decrypted_and_masked(ways: Ways) -> None:
    result = ways.within["inventory, vaulted"]
    assert not result.get("failed")
    assert EXTERNAL_ID not in json.dumps(ways.within["assessment, a secret in the result"]["run_id"])


def test_environment_falls_in_for_options(ways: Ways) -> None:
    assert ways.regions_within.most_common(1)[0][0] == "eu-west-1"


def test_warnings_are_returned(ways: Ways) -> None:
    assert any("matches no failed finding" in text for text in ways.within["assessment, idle waiver"]["warnings"])
    assert any("alias" in text for text in ways.within["assessment, option and alias"]["warnings"])


def test_diff_and_changed_are_returned(ways: Ways) -> None:
    for name in ("policy, predicted", "policy, applied"):
        assert ways.within[name]["changed"]
        assert ways.within[name]["diff"]
    assert not ways.within["policy, reported"]["changed"]
    assert not ways.within["policy, applied already"]["changed"]


@pytest.fixture(scope="module")
def elsewhere(ansible: Ansible) -> t.Mapping[str, Record]:
    ciphertext(ansible)
    module = {"hardening.iam.account_inventory_info": reading(PROD)}
    tasks: list[tuple[str, Record]] = [(name, {**module, **keywords}) for name, keywords in ELSEWHERE.items()]
    tasks.append(("here", module))
    tasks.append(("delegated here", {**module, "delegate_to": "localhost"}))
    return play(ansible, tasks)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_module_runs_as_usual_where_the_worker_is_not_the_place(elsewhere: t.Mapping[str, Record], name: str) -> None:
    assert not elsewhere[name].get("failed"), elsewhere[name]["msg"]
    assert "invocation" in elsewhere[name]
    assert elsewhere[name]["users"] == elsewhere["here"]["users"]


@pytest.mark.parametrize("name", ["here", "delegated here"])
def test_module_runs_within_otherwise(elsewhere: t.Mapping[str, Record], name: str) -> None:
    assert "invocation" not in elsewhere[name]
