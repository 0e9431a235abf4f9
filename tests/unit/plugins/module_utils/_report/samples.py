# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account as bad as the reference document's, assessed: what every format is rendered from in these tests."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Refusal, Undo
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import (
    Evidence,
    Finding,
    Remediation,
    Severity,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import plan_document
from ansible_collections.hardening.iam.plugins.module_utils._report.delta import compare
from ansible_collections.hardening.iam.plugins.module_utils._report.document import (
    Report,
    Run,
    Subject,
    build,
    complete,
)

ACCOUNT = "222233334444"
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
# What somebody who may create users and tags can put into a report.
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\x1b[31m\u202e"


@dataclasses.dataclass(frozen=True)
class Control:
    """A control as findings and the catalogue of the report show it."""

    id: str
    severity: Severity
    title: str
    rationale: str
    remediation: str
    compliance: t.Mapping[str, tuple[str, ...]]
    module: t.Optional[str] = None

    def text(self) -> dict[str, t.Any]:
        return {
            "title": self.title,
            "rationale": self.rationale,
            "remediation": self.remediation,
            "severity": self.severity.value,
            "compliance": {framework: list(ids) for framework, ids in self.compliance.items()},
        }


CONTROLS = {
    control.id: control
    for control in (
        Control(
            "root_no_access_key",
            Severity.CRITICAL,
            "The root user has no access key",
            "Nothing limits what a key of the root user may do: no policy, no boundary, no session that ends.",
            "Delete the access keys of the root user and let workloads assume a role.",
            {
                "cis_7.0": ("2.4",),
                "cis_5.0": ("1.3",),
                "cis_3.0": ("1.4",),
                "security_hub": ("IAM.4",),
                "nist_800_53": ("AC-2(1)", "AC-6(2)"),
                "pci_4.0": ("2.2.2",),
                "soc2": ("CC6.1",),
            },
        ),
        Control(
            "user_admin_without_mfa",
            Severity.CRITICAL,
            "No IAM user is an administrator without MFA",
            "Whoever learns the password or the key of such a user owns the account.",
            "Replace the user by a role, or require MFA for it.",
            {"nist_800_53": ("IA-2(1)",), "pci_4.0": ("8.4.2",), "soc2": ("CC6.1", "CC6.3")},
        ),
        Control(
            "privilege_escalation_path",
            Severity.CRITICAL,
            "Nobody can become an administrator on the sly",
            "Who can take the rights of an administrator has them.",
            "Take away one step of the path.",
            {"nist_800_53": ("AC-6",), "soc2": ("CC6.3",)},
        ),
        Control(
            "policy_sensitive_wildcard",
            Severity.HIGH,
            "Sensitive actions are allowed on named resources only",
            "A policy that names no resource gives access to those that will be created tomorrow, too.",
            "Name the resources that are used; Access Analyzer generates such a policy from CloudTrail.",
            {"nist_800_53": ("AC-6",), "soc2": ("CC6.3",)},
        ),
        Control(
            "access_key_age",
            Severity.HIGH,
            "Access keys are replaced in time",
            "The longer a key lives, the more copies of it lie in files, images and logs.",
            "Rotate the key, or better, replace it by a role.",
            {
                "cis_7.0": ("2.12",),
                "cis_5.0": ("1.13",),
                "cis_3.0": ("1.14",),
                "security_hub": ("IAM.3",),
                "nist_800_53": ("AC-2(3)",),
                "pci_4.0": ("8.3.9",),
                "soc2": ("CC6.1",),
            },
            "hardening.iam.access_key_lifecycle",
        ),
        Control(
            "password_min_length",
            Severity.MEDIUM,
            "Passwords are long enough",
            "Length is what makes a password expensive to guess.",
            "Require 14 characters or more.",
            {
                "cis_7.0": ("2.8",),
                "cis_5.0": ("1.7",),
                "cis_3.0": ("1.8",),
                "security_hub": ("IAM.15",),
                "pci_4.0": ("8.3.6",),
            },
            "hardening.iam.password_policy",
        ),
        Control(
            "user_permissions_through_groups",
            Severity.LOW,
            "IAM users get their permissions through groups",
            "Permissions that come by group are reviewed in one place.",
            "Move the policy to a group.",
            {"cis_7.0": ("2.13",), "cis_5.0": ("1.14",), "cis_3.0": ("1.15",), "security_hub": ("IAM.2",)},
        ),
        Control(
            "external_access_analyzer",
            Severity.MEDIUM,
            "An external access analyzer watches every region",
            "Without an analyzer nobody is told that a role or a bucket was opened to another account.",
            "Create an analyzer of the account or of the organization in every region.",
            {"cis_7.0": ("2.18",), "cis_5.0": ("1.19",), "cis_3.0": ("1.20",), "security_hub": ("IAM.28",)},
            "hardening.iam.access_analyzer",
        ),
        Control(
            "root_mfa_enabled",
            Severity.CRITICAL,
            "The root user signs in with MFA, or can't sign in",
            "The password of the root user alone must not be enough.",
            "Register two hardware keys for the root user.",
            {"cis_7.0": ("2.5",), "cis_5.0": ("1.4",), "cis_3.0": ("1.5",), "soc2": ("CC6.1",)},
        ),
        Control(
            "central_root_access",
            Severity.HIGH,
            "Root credentials of member accounts are managed centrally",
            "A member account without root credentials has none to lose.",
            "Enable central management of root access in the management account.",
            {"cis_7.0": ("2.1.1",)},
        ),
    )
}

OLD_KEYS = {
    "svc-backup": "AKIAIOSFODNN7EXAMPL2",
    "svc-monitoring": "AKIAIOSFODNN7EXAMPL3",
    "dev-alice": "AKIAIOSFODNN7EXAMPL4",
    "dev-bob": "AKIAIOSFODNN7EXAMPL5",
    "ci-runner": "AKIAIOSFODNN7EXAMPL6",
    "data-export": "AKIAIOSFODNN7EXAMPL7",
    "legacy-erp": "AKIAIOSFODNN7EXAMPQA",
}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def finding(like: str, resource: str, status: Status = Status.FAIL, /, **more: t.Any) -> Finding:
    """A finding of one of the controls above; ``more`` replaces fields of it."""
    known = CONTROLS[like]
    fields: dict[str, t.Any] = {
        "control": like,
        "status": status,
        "severity": known.severity,
        "account_id": ACCOUNT,
        "region": "global",
        "resource": resource,
        "title": known.title,
        "detail": "",
        "evidence": Evidence(source="iam:GetCredentialReport", observed_at=NOW),
        "remediation": Remediation(known.remediation, known.module),
        "compliance": known.compliance,
    }
    return Finding(**{**fields, **more})


def failing() -> list[Finding]:
    """Two critical, ten high, three medium and one low finding."""
    root = f"arn:aws:iam::{ACCOUNT}:root"
    keys = [
        finding(
            "access_key_age",
            arn("user", name),
            resource_detail=key,
            detail=f"created 2025-0{slot}-01 ({500 - slot} days); limit 90",
            evidence=Evidence(
                {
                    "created": f"2025-0{slot}-01T00:00:00Z",
                    "last_used": f"2026-11-{slot:02d}T00:00:00Z",
                    "access_key_id": key,
                },
                {"max_age_days": 90},
                "iam:GetCredentialReport",
                NOW,
            ),
        )
        for slot, (name, key) in enumerate(OLD_KEYS.items(), start=1)
    ]
    return [
        finding("root_no_access_key", root, detail="1 active access key, last used 2026-10-02"),
        finding(
            "user_admin_without_mfa",
            arn("user", "deploy-bot"),
            detail="AdministratorAccess is attached, no MFA device is assigned",
            evidence=Evidence(
                {"last_activity": "2026-11-20", "mfa_active": False},
                {"mfa_active": True},
                "iam:GetCredentialReport",
                NOW,
            ),
        ),
        *(
            finding(
                "policy_sensitive_wildcard",
                arn("policy", name),
                detail="s3:DeleteBucket, iam:PassRole and 3 more",
                evidence=Evidence(
                    {"statement": {"Effect": "Allow", "Action": ["s3:*", "iam:PassRole"], "Resource": "*"}}
                ),
            )
            for name in ("DevPolicy", "CIPolicy", "LegacyAdminPolicy")
        ),
        *keys,
        finding("password_min_length", root, detail="minimum length 8; demanded 14"),
        finding("external_access_analyzer", f"arn:aws:iam::{ACCOUNT}:root", region="us-east-1", detail="no analyzer"),
        finding("external_access_analyzer", f"arn:aws:iam::{ACCOUNT}:root", region="eu-west-1", detail="no analyzer"),
        finding("user_permissions_through_groups", arn("user", f"staff/{HOSTILE}"), detail=f"inline policy {HOSTILE}"),
    ]


# What principals do to get on, by short names: name, actions, policies.
METHODS = {
    "assume": ("assuming a role", ("sts:AssumeRole",)),
    "key": ("making an access key of another user", ("iam:CreateAccessKey",)),
    "function": (
        "passing a role to a new function and invoking it",
        ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    ),
    "stack": ("passing a role to a new stack", ("iam:PassRole", "cloudformation:CreateStack")),
    "code": ("changing the code of a function", ("lambda:UpdateFunctionCode",)),
    "version": ("writing a new version of a policy of one's own role", ("iam:CreatePolicyVersion",)),
    "make": ("making a user with an access key", ("iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey")),
}

MFA = "aws:MultiFactorAuthPresent"


def path(route: str, *, conditions: t.Optional[t.Mapping[int, str]] = None, **more: t.Any) -> Finding:
    """The finding of a path: ``"user/dev-alice assume role/release-manager version itself"``, step by step.

    ``conditions`` are what steps hang on, by their number from 0.
    """
    doubts = conditions or {}
    first, *words = route.split()
    source, steps = arn(*first.split("/", 1)), []
    here = source
    for place, (method, to) in enumerate(zip(words[::2], words[1::2], strict=True)):
        name, actions = METHODS[method]
        target = here if to == "itself" else arn(*to.split("/", 1))
        steps.append(
            {
                "from": here,
                "to": target,
                "method": method,
                "name": name,
                "actions": list(actions),
                "policies": [f"policy of {here.rpartition('/')[2]}"],
                "via": arn("policy", "Own") if method == "version" else None,
                "conditional": place in doubts,
                "conditions": [doubts[place]] if place in doubts else [],
            }
        )
        here = target
    observed = {"path": steps, "ends_as": "administrator"}
    fields: dict[str, t.Any] = {
        "detail": "can become an administrator",
        "evidence": Evidence(observed, None, "iam:GetAccountAuthorizationDetails", NOW),
    }
    status = more.pop("status", Status.FAIL)
    return finding("privilege_escalation_path", source, status, **{**fields, **more})


def escalations() -> list[Finding]:
    """Paths of every kind: through others, shared by many, on a condition, and by a principal on its own."""
    deployer = "key user/ci-deployer assume role/prod-admin"
    return [
        path(f"user/dev-alice assume role/release-manager {deployer}"),
        path(f"user/dev-bob function role/key-rotation {deployer}"),
        path(f"user/dev-erin function role/key-rotation {deployer}"),
        path(f"role/release-manager {deployer}"),
        path(f"role/key-rotation {deployer}"),
        path("user/ci-deployer assume role/prod-admin"),
        path("user/ops-frank assume role/oncall", conditions={0: MFA}, severity=Severity.HIGH),
        *(path(f"role/ci-team-{number:02d} stack role/cloudformation-deploy") for number in range(1, 16)),
        path("user/svc-legacy version itself"),
        path("role/ci-anything version itself"),
        path("role/ci-deploy version itself"),
        path("user/intern assume role/ci-deploy version itself"),
    ]


def make_other_findings() -> list[Finding]:
    """A waived, a passing, an unassessed and an inapplicable finding."""
    waiver = {
        "control": "user_permissions_through_groups",
        "accounts": [ACCOUNT],
        "resources": ["arn:aws:iam::*:user/appliance"],
        "reason": f"Replaced in spring {HOSTILE}",
        "owner": "platform@example.com",
        "ticket": "SEC-123",
        "approved_by": "ciso@example.com",
        "expires": "2027-03-31",
    }
    root = f"arn:aws:iam::{ACCOUNT}:root"
    return [
        finding(
            "user_permissions_through_groups",
            arn("user", "appliance"),
            Status.WAIVED,
            waiver=waiver,
            detail="inline policy old",
        ),
        finding(
            "root_mfa_enabled", root, Status.PASS, evidence=Evidence({"population": 1}, source="iam:GetAccountSummary")
        ),
        finding(
            "central_root_access", root, Status.NOT_ASSESSED, detail="AccessDenied on iam:ListOrganizationsFeatures"
        ),
        finding(
            "external_access_analyzer",
            root,
            Status.NOT_APPLICABLE,
            region="eu-north-1",
            detail="the organization has one",
        ),
    ]


SCORES = [
    {
        "benchmark": "cis_7.0",
        "passed": 13,
        "failed": 8,
        "not_assessed": 2,
        "not_applicable": 1,
        "waived": 1,
        "recommendations": 63,
        "percent": 62,
        "coverage_percent": 91,
    },
    {
        "benchmark": "cis_5.0",
        "passed": 12,
        "failed": 7,
        "not_assessed": 1,
        "not_applicable": 1,
        "waived": 1,
        "recommendations": 40,
        "percent": 63,
        "coverage_percent": 95,
    },
]
FRAMEWORKS = {
    "soc2": {"CC6.1": {"status": "FAIL", "controls": ["root_no_access_key", "root_mfa_enabled"]}},
    "pci_4.0": {"8.3.6": {"status": "FAIL", "controls": ["password_min_length"]}},
    "nist_800_53": {"AC-6": {"status": "FAIL", "controls": ["policy_sensitive_wildcard"]}},
}


def run(identifier: str = "20261125T020000Z", mode: str = "check") -> Run:
    return Run(
        id=identifier,
        mode=mode,
        started=NOW,
        finished=NOW.replace(second=4),
        collection_version="1.0.0",
        control_catalog_version="2026.11",
        caller_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/assessor/hardening",
        declaration_commit="9f2c1ab",
        job_url="https://awx.example.com/#/jobs/playbook/4711",
    )


def assessment(findings: t.Optional[list[Finding]] = None, **more: t.Any) -> Report:
    """The report as ``assessment_info`` writes it."""
    subject = Subject(
        account_id=ACCOUNT,
        partition="aws",
        account_alias="acme-prod",
        regions_assessed=("us-east-1", "eu-west-1"),
        regions_not={"ap-east-1": "the region is not enabled"},
        populations={"users": 31, "roles": 40, "policies": 18},
        credential_report_generated_at=NOW.replace(hour=0),
    )
    options: dict[str, t.Any] = {
        "run": run(),
        "subject": subject,
        "findings": failing() + make_other_findings() if findings is None else findings,
        "scores": SCORES,
        "frameworks": FRAMEWORKS,
        "controls": {control.id: control.text() for control in CONTROLS.values()},
        "waivers": [dict(make_other_findings()[0].waiver or {})],
        "errors": [
            {
                "dataset": "organization_features",
                "region": None,
                "operation": "iam:ListOrganizationsFeatures",
                "reason": "AccessDenied",
            }
        ],
    }
    return build(**{**options, **more})


KEY_CHANGE = Change(
    account_id=ACCOUNT,
    region="global",
    service="iam",
    operation="UpdateAccessKey",
    target=f"{arn('user', 'svc-backup')}#{OLD_KEYS['svc-backup']}",
    parameters={},
    before={"Status": "Active"},
    after={"Status": "Inactive"},
    kind="access_key_deactivate",
    impact=Impact.NARROWING,
    remedies=(next(item.fingerprint for item in failing() if item.resource.endswith("/svc-backup")),),
)
PASSWORD_POLICY_CHANGE = Change(
    account_id=ACCOUNT,
    region="global",
    service="iam",
    operation="UpdateAccountPasswordPolicy",
    target=f"account {ACCOUNT}",
    parameters={},
    before={"MinimumPasswordLength": 8, "RequireSymbols": False, "PasswordReusePrevention": None},
    after={"MinimumPasswordLength": 14, "RequireSymbols": False, "PasswordReusePrevention": 24},
    kind="password_policy",
    impact=Impact.ADDITIVE,
    remedies=(finding("password_min_length", f"arn:aws:iam::{ACCOUNT}:root").fingerprint,),
    undo=Undo("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 8}),
)
REFUSAL = Refusal(
    rule="cap",
    reason="6 of 31 keys exceed max_percent 5",
    target="access_key_deactivate",
    operation="UpdateAccessKey",
)


def part(module: str, change: Change, *, run_id: str, applied: bool = False, **more: t.Any) -> dict[str, t.Any]:
    """What a converging module leaves for the report. The plan of one that only reports is empty."""
    planned = [] if more.get("mode") == "report" else [change]
    return {
        "run_id": run_id,
        "module": module,
        "mode": "enforce",
        "changes": [change.as_dict(applied=applied)],
        "refused": [],
        "plan": plan_document(planned, account_id=ACCOUNT, run_id=run_id, created=NOW),
        "error": None,
        **more,
    }


def cost(**fields: t.Any) -> dict[str, t.Any]:
    """What AWS charges for, as a converging module says it."""
    return {"option": "rules", "unit": "rule in a region", "count": 1200, "note": "each evaluation", **fields}


def parts(run_id: str = "20261125T020000Z") -> list[dict[str, t.Any]]:
    """What the preflight, a converging module and one with a refusal leave for the report."""
    missing = ["iam:ListOrganizationsFeatures"]
    none: dict[str, t.Any] = {"refused_actions": [], "unknown_actions": []}
    rows = [
        {"capability": "password_policy", "state": "READY", "reason": "", "missing_actions": [], **none},
        {
            "capability": "central root access",
            "state": "MISSING",
            "reason": "AccessDenied",
            "missing_actions": missing,
            **none,
        },
    ]
    return [
        {"run_id": run_id, "module": "preflight_info", "capabilities": rows},
        part("password_policy", PASSWORD_POLICY_CHANGE, run_id=run_id, applied=True),
        part("access_keys", KEY_CHANGE, run_id=run_id, mode="report", refused=[REFUSAL.as_dict()]),
    ]


def complete_report() -> Report:
    """The report as the module ``report`` leaves it, without a delta."""
    return complete(assessment(), parts())


def costing() -> Report:
    """The report of a run whose declaration costs money."""
    costs = [cost(), cost(unit="user, a month", count=None)]
    return complete(assessment(), [part("config_rules", KEY_CHANGE, run_id=run().id, costs=costs)])


def compare_report() -> Report:
    """The report after an earlier run: one finding new, one resolved."""
    earlier = [item for item in failing() if item.control != "root_no_access_key"]
    earlier.append(finding("root_mfa_enabled", f"arn:aws:iam::{ACCOUNT}:root"))
    return compare(complete_report(), assessment(earlier, run=run("20261118T020000Z")))


def report_after_upgrade() -> Report:
    """The report after an upgrade that added a control, which fails."""
    known = {name: control.text() for name, control in CONTROLS.items() if name != "root_no_access_key"}
    earlier = [item for item in failing() if item.control in known]
    older = dataclasses.replace(run("20261118T020000Z"), control_catalog_version="2026.10")
    return compare(complete_report(), assessment(earlier, run=older, controls=known))


def report_after_changes() -> Report:
    """The report of a run that mended something, after an assessment before it."""
    earlier = [{**score, "percent": percent} for score, percent in zip(SCORES, (56.5, 63), strict=True)]
    return compare(complete_report(), None, assessment(scores=earlier))


def thousand_paths() -> Report:
    """A report in which a thousand users and roles can become administrators."""
    findings = [
        *(
            path(f"user/u{n:04d} assume role/stage-{n % 37} key user/bot-{n % 7} assume role/admin-{n % 3}")
            for n in range(700)
        ),
        *(path(f"role/ci-{n:04d} stack role/deploy-{n}") for n in range(300)),
    ]
    return assessment(findings)
