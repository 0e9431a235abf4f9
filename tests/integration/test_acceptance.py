# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/acceptance.yml: it tries a sandbox, refuses other accounts, and shows an AWS that is not as assumed."""

from __future__ import annotations

import json
import threading
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.assumptions import ASSUMPTIONS, Need

from .conftest import MANAGEMENT, Ansible, MakeAnsible, Outcome, Record, operation_of

SANDBOX: t.Final = "555566667777"
PATH: t.Final = "/iam-hardening/acceptance/"
# Where the first is false, experiments of others can't be made; where the second is, the play ends before its verdict.
SETTINGS: t.Final = "password_policy_update_resets"
# The third is of the place of the journal, which a run tries before it begins.
CONDITIONS: t.Final = "conditional_writes_are_kept"
APART: t.Final = frozenset({"inactive_key_is_refused", SETTINGS, CONDITIONS})


def sandbox(**more: t.Any) -> Record:
    """An account with nothing in it, which is called a sandbox."""
    return {
        "management_account": SANDBOX,
        "accounts": {SANDBOX: {"name": "bare", "alias": "team-sandbox", "root": {"mfa": "hardware"}, **more}},
    }


def accept(ansible: Ansible, *arguments: str, account: str = SANDBOX, **variables: t.Any) -> Outcome:
    return ansible.playbook(
        "acceptance",
        *arguments,
        inventory="localhost,",
        acceptance_account_id=account,
        **{"acceptance_account_pattern": "*sandbox*", "acceptance_patience": 0, **variables},
    )


def list_writes_outside(outcome: Outcome) -> list[str]:
    """What was written that no path or name places among the objects of the acceptance."""
    return [
        record["operation"]
        for record in outcome.requests
        if not record["read_only"] and "acceptance" not in json.dumps(record["parameters"])
    ]


@pytest.fixture
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(sandbox())


def client(ansible: Ansible, service: str = "iam") -> t.Any:
    environment = ansible.environment
    make: t.Callable[..., t.Any] = boto3.client
    return make(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def list_remains(ansible: Ansible) -> list[str]:
    """The ARNs of all that is below the path of the acceptance."""
    iam = client(ansible)
    lists = {"users": "Users", "groups": "Groups", "roles": "Roles", "policies": "Policies"}
    return [
        item["Arn"]
        for name, key in lists.items()
        for item in getattr(iam, f"list_{name}")(PathPrefix=PATH)[key]
        if item["Path"].startswith(PATH)
    ]


def test_every_assumption_is_tried_and_nothing_is_left(ansible: Ansible) -> None:
    client(ansible, "s3").create_bucket(Bucket="journal")
    outcome = accept(ansible, acceptance_account_settings=True, hardening_journal="s3://journal/iam").succeeded()
    assert f"{len(ASSUMPTIONS)} as expected, 0 not as expected, 0 not observed, 0 not tried" in outcome.output
    assert outcome.output.index("Costs:") < outcome.output.index("Alerts") < outcome.output.index("as expected")
    settings = {"UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"}
    assert outcome.writes and set(list_writes_outside(outcome)) == {*settings, "PutObject"}
    assert list_remains(ansible) == []
    with pytest.raises(client(ansible).exceptions.NoSuchEntityException):
        client(ansible).get_account_password_policy()
    (path,) = (ansible.directory / "acceptance").glob("acceptance-*.json")
    text = path.read_text(encoding="utf-8")
    assert len(json.loads(text)["assumptions"]) == len(ASSUMPTIONS)
    assert SANDBOX not in text and "arn:" not in text


# Each with those that do not stand in the way of its experiment.
@pytest.mark.parametrize(
    "names",
    [
        sorted({item.id for item in ASSUMPTIONS} - APART),
        *([name] for name in sorted(APART - {CONDITIONS})),
    ],
    ids=lambda names: names[0] if len(names) == 1 else "together",
)
def test_an_aws_that_is_not_as_assumed_shows_in_the_table(ansible: Ansible, names: list[str]) -> None:
    ansible.control.make_false(*names)
    outcome = accept(ansible, acceptance_include=names, acceptance_account_settings=SETTINGS in names)
    assert outcome.status != 0
    missing = [name for name in names if f"NOT AS EXPECTED  {name}:" not in outcome.output]
    assert missing == [], outcome.output
    verdict = " ".join(outcome.output.split())
    unsaid = [name for name in names if f"{name} does not hold" not in verdict and name != SETTINGS]
    assert unsaid == [], outcome.output


def test_a_journal_that_does_not_keep_conditions_is_refused(ansible: Ansible) -> None:
    """Two jobs could get the lease, so nothing is tried."""
    client(ansible, "s3").create_bucket(Bucket="journal")
    ansible.control.make_false(CONDITIONS)
    outcome = accept(ansible, acceptance_include=[CONDITIONS], hardening_journal="s3://journal/iam")
    assert outcome.status != 0
    assert "it writes over an object that exists, although If-None-Match forbids it" in " ".join(outcome.output.split())
    assert "as expected" not in outcome.output
    assert set(outcome.writes) == {"s3:PutObject"}


# Denials on which guards rest, each with a policy or key that takes effect late.
LATE: t.Final = ["bool_if_exists_includes_an_absent_key", "boundary_limits_a_user", "inactive_key_is_refused"]


def test_a_denial_of_the_moment_confirms_no_assumption(ansible: Ansible) -> None:
    """AWS knows a new policy after a second. Until then it denies what the policy allows."""
    ansible.control.set_lag(1)
    ansible.control.make_false(*LATE)
    late = accept(ansible, acceptance_include=LATE, acceptance_patience=6)
    assert late.status != 0
    assert "0 as expected, 3 not as expected, 0 not observed" in late.output
    ansible.control.make_false()
    # The last looks of the experiment, of which the first is denied by chance.
    true = accept(ansible, acceptance_include=[*LATE, "denial_stays"], acceptance_patience=6).succeeded()
    assert "4 as expected, 0 not as expected, 0 not observed" in true.output


def test_one_denial_that_names_no_policy_confirms_no_assumption(ansible: Ansible) -> None:
    name = "bool_if_exists_includes_an_absent_key"
    ansible.control.make_false(name)
    for message in (None, "User is not authorized with an explicit deny in an identity-based policy"):
        denial = {"kind": "error", "operation": "GetAccountSummary", "code": "AccessDenied", "message": message}
        # The reads of the facts, in the announcement and in the run, come first.
        ansible.control.faults([{**denial, "skip": 2, "times": 1}])
        outcome = accept(ansible, acceptance_include=[name])
        assert outcome.status != 0
        assert f"NOT AS EXPECTED  {name}:" in outcome.output


def test_what_could_not_be_observed_is_no_confirmation(ansible: Ansible) -> None:
    """Everything that makes something is denied: nothing that did not happen passes."""
    ansible.control.faults([{"kind": "error", "service": "iam", "operation": "Create*", "code": "AccessDenied"}])
    everything = accept(ansible)
    assert everything.status != 0
    tried = sum(item.needs is Need.NOTHING for item in ASSUMPTIONS)
    assert f"0 as expected, 0 not as expected, {tried} not observed, 0 not tried" in everything.output
    assert "denial_stays is vital and could not be observed" in " ".join(everything.output.split())
    other = accept(ansible, acceptance_include=["third_key_is_refused"])
    assert other.status != 0 and "no assumption was observed" in " ".join(other.output.split())


def test_a_region_that_the_organization_closes_is_not_read(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(sandbox(denied_regions=["eu-west-1"]))
    outcome = accept(ansible, acceptance_include=["third_key_is_refused"]).succeeded()
    assert "Not read, since the organization denies them: eu-west-1" in outcome.output


def test_a_password_policy_that_is_not_raised_is_said(ansible: Ansible) -> None:
    """AWS's default policy is raised and comes back; one that is as strict already leaves nothing to try."""
    only = {"acceptance_include": ["third_key_is_refused"], "acceptance_account_settings": True}
    accept(ansible, **only).succeeded()
    iam = client(ansible)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    kinds = dict.fromkeys(("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters"), True)
    iam.update_account_password_policy(
        MinimumPasswordLength=30, PasswordReusePrevention=24, RequireLowercaseCharacters=True, **kinds
    )
    strict = accept(ansible, **only)
    assert strict.status != 0
    assert "so its change was not tried" in " ".join(strict.output.split())
    # The module refuses where it can't read which passwords there are.
    iam.update_account_password_policy(MinimumPasswordLength=9)
    ansible.control.faults([{"kind": "error", "operation": "UpdateAccountPasswordPolicy", "code": "AccessDenied"}])
    assert accept(ansible, **only).status != 0


def write_control(ansible: Ansible, key: str, content: str) -> None:
    path = ansible.directory / "journal" / "control" / key
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")


def read_lease(ansible: Ansible) -> Record:
    path = ansible.directory / "journal" / "control" / "leases" / "aws" / f"{SANDBOX}.json"
    lease: Record = json.loads(path.read_text(encoding="utf-8"))
    return lease


def test_the_experiments_are_made_under_the_lease_of_the_account(ansible: Ansible) -> None:
    """With the password policy it is kept, so that nobody else writes before that is restored."""
    for settings in (False, True):
        accept(ansible, acceptance_include=["third_key_is_refused"], acceptance_account_settings=settings).succeeded()
        lease = read_lease(ansible)
        assert lease["released"] and lease["run_id"].startswith("acceptance-")
    assert lease["fence"] == 2


def test_no_experiment_is_made_while_another_job_writes(ansible: Ansible) -> None:
    now = datetime.now(UTC)
    written, ends = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now, now + timedelta(minutes=10)))
    held = {"schema": "hardening.iam/lease/1", "partition": "aws", "account_id": SANDBOX, "fence": 3, "released": False}
    held |= {"run_id": "nightly", "job_id": "7", "author": "alice", "written": written, "expires": ends}
    write_control(ansible, f"leases/aws/{SANDBOX}.json", json.dumps(held))
    outcome = accept(ansible, acceptance_include=["third_key_is_refused"])
    assert outcome.status != 0 and outcome.writes == []
    assert f"run nightly (job 7 of alice) writes in account {SANDBOX}" in " ".join(outcome.output.split())
    assert accept(ansible, "--check").succeeded().writes == []
    accept(ansible, acceptance_include=["third_key_is_refused"], hardening_break_lease="nightly").succeeded()
    assert read_lease(ansible)["fence"] == 4


def test_the_stop_switch_stops_the_experiments(ansible: Ansible) -> None:
    write_control(ansible, "stop", "INC-7")
    outcome = accept(ansible)
    assert outcome.status != 0 and outcome.writes == []
    assert "is set: INC-7" in " ".join(outcome.output.split())
    assert not (ansible.directory / "journal" / "control" / "leases").exists()


def test_no_lease_is_taken_where_everybody_can_write(ansible: Ansible) -> None:
    (ansible.directory / "journal").mkdir()
    (ansible.directory / "journal").chmod(0o777)
    outcome = accept(ansible, acceptance_include=["third_key_is_refused"])
    assert outcome.status != 0 and outcome.writes == []
    assert "hardening_journal): everybody on this machine can write" in " ".join(outcome.output.split())


def test_check_mode_writes_nothing(ansible: Ansible) -> None:
    outcome = accept(ansible, "--check").succeeded()
    assert "Accepted as a sandbox" in outcome.output
    assert outcome.writes == []


def test_the_sandbox_must_be_named(ansible: Ansible) -> None:
    outcome = accept(ansible, account="")
    assert "Name the sandbox" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


def test_the_management_account_is_refused(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    outcome = accept(ansible, account=MANAGEMENT, acceptance_account_pattern="acme*")
    assert "it is the management account of an organization" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


DOCUMENT: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
OLD: t.Final[Record] = {
    "users": {
        "acceptance-0a1b2c-01": {
            "path": PATH,
            "created_days": 1,
            "access_keys": [{"age_days": 1}, {"age_days": 1, "status": "Inactive"}],
            "policies": ["acceptance-0a1b2c-02"],
            "inline": {"inline": DOCUMENT},
            "boundary": "acceptance-0a1b2c-02",
            "groups": ["acceptance-0a1b2c-03"],
        },
        "somebody": {"path": "/iam-hardening/acceptance-of-others/"},
        "break-glass": {"path": PATH, "created_days": 1, "access_keys": [{"age_days": 1}]},
    },
    "groups": {"acceptance-0a1b2c-03": {"path": PATH, "created_days": 1}},
    "policies": {
        "acceptance-0a1b2c-02": {
            "path": PATH,
            "created_days": 1,
            "document": DOCUMENT,
            "older_documents": [DOCUMENT],
        }
    },
}


def test_the_objects_of_a_killed_run_are_removed(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(sandbox(**OLD))
    outcome = accept(ansible, acceptance_include=["third_key_is_refused"]).succeeded()
    assert outcome.output.count("Removed from an earlier run") == 3
    # Only the name says that an object is of the acceptance: what somebody else put there stays, with its key.
    assert list_remains(ansible) == [f"arn:aws:iam::{SANDBOX}:user{PATH}break-glass"]
    assert {user["UserName"] for user in client(ansible).list_users()["Users"]} == {"somebody", "break-glass"}
    assert len(client(ansible).list_access_keys(UserName="break-glass")["AccessKeyMetadata"]) == 1


def test_the_objects_of_a_run_that_may_be_under_way_stay(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(sandbox(**OLD))
    client(ansible).create_user(UserName="acceptance-ffffff-01", Path=PATH)
    outcome = accept(ansible)
    assert "another run may be under way" in outcome.output
    assert outcome.status != 0 and outcome.writes == []


def test_account_settings_are_restored_from_the_journal(ansible: Ansible) -> None:
    iam = client(ansible)
    given = {"MinimumPasswordLength": 9, "RequireNumbers": True, "AllowUsersToChangePassword": True}
    iam.update_account_password_policy(**given)
    before = iam.get_account_password_policy()["PasswordPolicy"]
    only = ["third_key_is_refused"]
    outcome = accept(ansible, acceptance_include=only, acceptance_account_settings=True).succeeded()
    assert "raised; a second run changed nothing; restored from the journal" in " ".join(outcome.output.split())
    assert outcome.writes.count("iam:UpdateAccountPasswordPolicy") == 2
    assert iam.get_account_password_policy()["PasswordPolicy"] == before
    unasked = accept(ansible, acceptance_include=only).succeeded()
    assert "iam:UpdateAccountPasswordPolicy" not in unasked.writes

    # Somebody else changes the policy right before it is restored: theirs stands, and the run does not pass for done.
    reads = [operation_of(record) for record in outcome.requests]
    restore = len(reads) - 1 - reads[::-1].index("iam:UpdateAccountPasswordPolicy")
    earlier = reads[:restore].count("iam:GetAccountPasswordPolicy") - 1
    ansible.control.faults([{"kind": "hold", "operation": "GetAccountPasswordPolicy", "skip": earlier, "drops": False}])

    def interfere() -> None:
        if any(ansible.control.wait_until_held(30) for _attempt in range(6)):
            iam.update_account_password_policy(MinimumPasswordLength=30)
        ansible.control.clear_faults()

    other = threading.Thread(target=interfere)
    other.start()
    spoilt = accept(ansible, acceptance_include=only, acceptance_account_settings=True)
    other.join()
    assert iam.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 30
    assert spoilt.status != 0
    assert "was raised and could not be restored" in " ".join(spoilt.output.split())


def raise_policy(ansible: Ansible, run_id: str) -> None:
    """What the playbook does before it restores the password policy."""
    place = str(ansible.directory / "acceptance")
    ansible.module(
        "password_policy",
        account_id=SANDBOX,
        minimum_password_length=20,
        password_reuse_prevention="24",
        journal=f"{place}/journal",
        report_dir=f"{place}/reports",
        run_id=run_id,
    ).succeeded()


def test_account_settings_that_a_killed_run_left_are_restored_first(ansible: Ansible) -> None:
    iam = client(ansible)
    iam.update_account_password_policy(MinimumPasswordLength=9)
    before = iam.get_account_password_policy()["PasswordPolicy"]
    raise_policy(ansible, "acceptance-20260101T000000Z")
    assert iam.get_account_password_policy()["PasswordPolicy"] != before
    only = {"acceptance_include": ["third_key_is_refused"], "acceptance_account_settings": True}
    checked = accept(ansible, "--check", **only).succeeded()
    assert checked.writes == []
    accept(ansible, **only).succeeded()
    assert iam.get_account_password_policy()["PasswordPolicy"] == before
    again = accept(ansible, **only).succeeded()
    assert again.writes.count("iam:UpdateAccountPasswordPolicy") == 2
    assert iam.get_account_password_policy()["PasswordPolicy"] == before
