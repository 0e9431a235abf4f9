# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/rollback.yml: what harden.yml did is predicted to be taken back, taken back, and not again."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Sequence

import boto3
import pytest

from .conftest import DEV, EXTERNAL_ID, MANAGEMENT, PROD, Ansible, MakeAnsible, Outcome, Record, role_arn

# The management account is as declared already, so the run changes nothing there.
HOSTS = {"acme-management": MANAGEMENT, "acme-prod": PROD}
BOTH = ("--limit", "acme-management,acme-prod,localhost")
LIMIT = ("--limit", "acme-dev,localhost")
HARDENED = "hardened"
BUCKET = "acme-security"


def undo(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    return ansible.playbook("rollback", *arguments, **{"hardening_undo_run_id": HARDENED, **variables})


def harden(ansible: Ansible, *arguments: str, **variables: t.Any) -> Outcome:
    return ansible.playbook("harden", *arguments, hardening_run_id=HARDENED, **variables).succeeded()


class Steps(t.NamedTuple):
    """The demo's run, then its rollback in check mode, for real, in check mode again, for real again."""

    hardened: Outcome
    undone: Sequence[Outcome]
    parts: Sequence[dict[str, Record]]
    journal_after_check: list[str]


@pytest.fixture(scope="module")
def steps(make_ansible: MakeAnsible) -> Steps:
    ansible = make_ansible()
    hardened = harden(ansible, *BOTH)
    undone, parts, journals = [], [], []
    for number, arguments in enumerate((("--check", "--diff"), ("--diff",), ("--check",), ())):
        outcome = undo(ansible, *BOTH, *arguments, hardening_run_id=f"undo-{number}").succeeded()
        undone.append(outcome)
        parts.append({account: outcome.part(account, "rollback") for account in HOSTS.values()})
        journals.append(sorted({path.name for path in (outcome.directory / "journal").glob("[0-9]*/*")}))
    return Steps(hardened, undone, parts, journals[0])


def count_applied(outcome: Outcome) -> int:
    return sum(not record["read_only"] and record["status"] == 200 for record in outcome.requests)


def test_check_mode_predicts_and_writes_nothing(steps: Steps) -> None:
    predicted, made = steps.undone[:2]
    assert predicted.writes == []
    assert steps.journal_after_check == [HARDENED]
    assert diffs(predicted) == diffs(made) != []
    for account in HOSTS.values():
        before, after = steps.parts[0][account], steps.parts[1][account]
        assert before["plan_sha256"] == after["plan_sha256"]
        assert not any(change["applied"] for change in before["changes"])
        assert all(change["applied"] for change in after["changes"])


def diffs(outcome: Outcome) -> list[str]:
    return sorted(re.findall(r"^[+-](?![+-]).*$", outcome.output, re.MULTILINE))


def test_every_write_is_taken_back_by_one_write(steps: Steps) -> None:
    assert count_applied(steps.undone[1]) == count_applied(steps.hardened) > len(HOSTS)
    changed = {host for host in HOSTS if steps.undone[1].recap(host)["changed"]}
    assert changed == {host for host in HOSTS if steps.hardened.recap(host)["changed"]}
    assert not [refusal for part in steps.parts[1].values() for refusal in part["refused"]]


@pytest.mark.parametrize("number", (2, 3))
def test_second_rollback_changes_nothing_and_says_so(steps: Steps, number: int) -> None:
    outcome = steps.undone[number]
    assert outcome.writes == []
    assert [outcome.recap(host)["changed"] for host in HOSTS] == [0, 0]
    told = dict(re.findall(rf"Rollback of run {HARDENED} in account (\d+): (.*)", outcome.output))
    done = "to roll back" if number == 2 else "rolled back"
    assert told == {
        account: f"0 {done}, 0 refused, {len(steps.parts[1][account]['changes'])} already as before."
        for account in HOSTS.values()
    }


def test_report_tells_what_was_taken_back(steps: Steps) -> None:
    outcome = steps.undone[3]
    report = outcome.report(PROD)
    assert (report["run"]["id"], report["changes"], report["refused"]) == ("undo-3", [], [])
    undone = steps.parts[1][PROD]["changes"]
    # One job of one run.
    (folder,) = {change["undoes"].rpartition("/")[0] for change in undone}
    assert folder.startswith(f"{PROD}/{HARDENED}/")
    # Newest first.
    records = [change["undoes"] for change in undone]
    assert records == sorted(records, reverse=True) and len(records) > 1


def test_rollback_is_journalled_as_a_run_of_its_own(steps: Steps) -> None:
    journal = steps.undone[1].directory / "journal" / PROD
    assert sorted(path.name for path in journal.iterdir()) == [HARDENED, "undo-1"]
    (first, *_rest) = sorted((journal / "undo-1").glob("*/*-intent.json"))
    assert json.loads(first.read_text(encoding="utf-8"))["module"] == "rollback"


# A part of a run, and what was changed since


def password_policy(ansible: Ansible, **wanted: t.Any) -> None:
    """Set the password policy of the development account, as somebody would by hand."""
    endpoint = ansible.environment["AWS_ENDPOINT_URL"]
    sts = boto3.client(
        "sts",
        endpoint_url=endpoint,
        aws_access_key_id=ansible.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ansible.environment["AWS_SECRET_ACCESS_KEY"],
    )
    role = role_arn(DEV, "automation")
    keys = sts.assume_role(RoleArn=role, RoleSessionName="iam-hardening", ExternalId=EXTERNAL_ID)["Credentials"]
    boto3.client(
        "iam",
        endpoint_url=endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ).update_account_password_policy(**wanted)


@pytest.fixture(scope="module")
def hardened(make_ansible: MakeAnsible) -> Ansible:
    """Ansible, once the development account was hardened and somebody changed its password policy since."""
    ansible = make_ansible()
    harden(ansible, *LIMIT)
    password_policy(ansible, MinimumPasswordLength=30)
    return ansible


def test_what_was_changed_since_stands_and_is_in_the_report(hardened: Ansible) -> None:
    outcome = undo(hardened, *LIMIT, "--check", hardening_undo_modules="password_policy").succeeded()
    (refusal,) = outcome.report(DEV)["refused"]
    assert (refusal["rule"], refusal["module"]) == ("changed_since", "rollback")
    assert f"is no longer as UpdateAccountPasswordPolicy of run {HARDENED} left it" in outcome.output
    assert outcome.report(DEV)["changes"] == []


def test_refusals_fail_the_run_where_that_is_asked_for(hardened: Ansible) -> None:
    outcome = undo(hardened, *LIMIT, "--check", hardening_on_refusal="fail")
    assert outcome.status != 0
    assert outcome.writes == []
    (failure,) = outcome.document("fleet.json")["failed"]
    assert "is no longer as" in failure["message"]


def test_a_part_of_a_run(hardened: Ansible) -> None:
    outcome = undo(hardened, *LIMIT, hardening_undo_targets=["*:user/*"], hardening_run_id="part").succeeded()
    assert outcome.report(DEV)["refused"] == []
    undone = outcome.report(DEV)["changes"]
    assert undone and all(":user/" in change["target"] for change in undone)
    assert len(outcome.writes) == len(undone)


OTHERS: t.Final = ("access_keys", "user_permissions", "access_analyzer", "config_rules", "security_hub", "event_alerts")


def test_two_jobs_of_one_run_share_its_report_and_its_rollback(make_ansible: MakeAnsible) -> None:
    """As when AWX launches a job of a workflow again, which keeps the run id."""
    ansible = make_ansible()
    alone = {f"{role}_mode": "off" for role in (*OTHERS, "permissions_boundary", "findings_export")}
    for length in (16, 20):
        outcome = harden(ansible, *LIMIT, **alone, password_policy_minimum_password_length=length)
        assert outcome.writes == ["iam:UpdateAccountPasswordPolicy"]
    changes = outcome.report(DEV)["changes"]
    assert [(change["after"]["minimum_password_length"], change["applied"]) for change in changes] == [
        (16, True),
        (20, True),
    ]
    jobs = sorted(path.name for path in (outcome.directory / "journal" / DEV / HARDENED).iterdir())
    assert len(jobs) == 2
    undone = undo(ansible, *LIMIT).succeeded().report(DEV)["changes"]
    assert [(change["undoes"].split("/")[2], change["applied"]) for change in undone] == [
        (job, True) for job in reversed(jobs)
    ]
    assert undone[-1]["after"] == changes[0]["before"]


# Mistakes


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        pytest.param({"hardening_undo_run_id": ""}, "hardening_undo_run_id is not set", id="no-run"),
        pytest.param({"hardening_undo_run": "x"}, "hardening_undo_run (the nearest is", id="misspelt-variable"),
        pytest.param({"hardening_undo_target": "x"}, "hardening_undo_target (the nearest is", id="misspelt-selection"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked_of_aws(hardened: Ansible, variables: Record, told: str) -> None:
    outcome = undo(hardened, *LIMIT, **variables)
    assert outcome.status != 0
    assert told in " ".join(outcome.output.split())
    assert outcome.requests == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        pytest.param({"hardening_undo_run_id": "hardned"}, "no change of run hardned in any", id="no-such-run"),
        pytest.param({"hardening_undo_modules": "passwords"}, "modules: passwords is not allowed", id="no-such-module"),
        pytest.param({"hardening_run_id": HARDENED}, "is this run itself", id="itself"),
    ],
)
def test_mistakes_that_the_journal_shows_change_nothing(hardened: Ansible, variables: Record, told: str) -> None:
    outcome = undo(hardened, *LIMIT, **variables)
    assert outcome.status != 0
    assert told in " ".join(outcome.output.split())
    assert outcome.writes == []


# The journal in S3


def test_a_run_is_taken_back_from_a_journal_in_s3(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    boto3.client(
        "s3",
        endpoint_url=ansible.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=ansible.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ansible.environment["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=BUCKET)
    place = {"hardening_journal": f"s3://{BUCKET}/journal"}
    hardened = of_the_account(harden(ansible, *LIMIT, **place))
    assert of_the_account(undo(ansible, *LIMIT, "--check", **place).succeeded()) == []
    undone = undo(ansible, *LIMIT, hardening_run_id="undone", **place).succeeded()
    assert len(of_the_account(undone)) == len(hardened) > 0
    keys = {str(record["parameters"].get("Key")) for record in undone.requests if record["operation"] == "PutObject"}
    assert f"journal/control/leases/aws/{DEV}.json" in keys
    # One job, below its run.
    (folder,) = {key.rpartition("/")[0] for key in keys if "/control/" not in key}
    assert folder.startswith(f"journal/{DEV}/undone/")
    again = undo(ansible, *LIMIT, hardening_run_id="again", **place).succeeded()
    # It found the roles as the run before left them, which a containment may ask for one day.
    put = [record["parameters"].get("Key") for record in again.requests if not record["read_only"]]
    assert put == [f"journal/control/trust/{DEV}.json"]
    assert not (ansible.directory / "journal").exists()


def of_the_account(outcome: Outcome) -> list[str]:
    return [name for name in outcome.writes if not name.startswith("s3:")]
