# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""contain.yml and release.yml in the three accounts of a leaked key, while an intruder works in them."""

from __future__ import annotations

import functools
import json
import re
import typing as t
from collections.abc import Iterator

import pytest
import yaml
from intruder import CHAIN, DATA, HOME, LEAKED, OTHER_USER, PROD, SHARED, USER, Credential, Intruder

from dates import date_in
from emulator.client import EmulatorProcess

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, fresh, operation_of
from .containing import CHECKLIST, SINCE, TYPO, Response, without_leaked
from .interrupting import canonical

INVENTORY: t.Final = CHECKOUT / "examples" / "inventory" / "demo_incident.yml"
EXAMPLE: t.Final[Record] = yaml.safe_load((CHECKOUT / "examples" / "incident.yml").read_text(encoding="utf-8"))
DECLARED: t.Final[Record] = {"hardening_incident": {**EXAMPLE["hardening_incident"], "since": SINCE}}
INCIDENT: t.Final = DECLARED["hardening_incident"]["id"]
USER_ARN: t.Final = f"arn:aws:iam::{HOME}:user/ci/{USER}"
CONFIRMED: t.Final[Record] = {"compromise_response_confirm": INCIDENT, "compromise_response_recheck_seconds": 1}
EARLY: t.Final[Record] = {
    "compromise_response_checklist": CHECKLIST,
    "compromise_response_early_release_reason": "a test of the release",
}
PLANTED: t.Final = f"arn:aws:iam::{HOME}:user/svc-metrics"
OPENED: t.Final = f"arn:aws:iam::{HOME}:role/nightly-export"
#: The entries that close what the intruder of the seed has left: an administrator with a password, and a foreign trust.
DOORS: t.Final[Record] = {
    "users": [PLANTED],
    "roles": [{"arn": OPENED, "cut": "trust", "principal": "arn:aws:iam::999988887777:root"}],
}
HARDEN: t.Final = (CHECKOUT / "playbooks" / "harden.yml").read_text(encoding="utf-8")
#: The roles of harden.yml that have a mode, whichever these are.
ROLES: t.Final = frozenset(re.findall(r"name: hardening\.iam\.(\w+)", HARDEN)) - {"preflight", "assessment", "report"}
# Every mode on enforce, and for each role something to do about the contained principals, as far as it can have.
ENFORCED: t.Final[Record] = {
    **{f"{role}_mode": "enforce" for role in ROLES},
    "access_keys_notify": "none",
    "event_alerts_bus_arn": "arn:aws:events:us-east-1:111122223333:event-bus/default",
    "hardening_owner_default": "allow",
    "hardening_max_percent": 100,
    "permissions_boundary_targets": [{"path": "/ci/", "kind": "user"}],
    "user_permissions_remove_policies": [{"policy": "deployments", "users": [USER]}],
    "user_permissions_accept_breakage": [
        {"principal": f"user/{USER}", "reason": "a test of the freeze", "expires": date_in(300)}
    ],
}


def pick_contained(state: str) -> Record:
    """The part of a state that is about contained principals. harden.yml may change all else."""
    found: Record = json.loads(state)
    names = {USER, OTHER_USER, "svc-metrics", "pipeline", "build-worker"}
    details = [*found["UserDetailList"], *found["RoleDetailList"]]
    return {
        "details": [one for one in details if one.get("UserName", one.get("RoleName")) in names],
        "users": {name: user for name, user in found["users"].items() if name in names},
    }


def list_writes(outcome: Outcome) -> list[str]:
    """List the writes that took effect in AWS, but for sessions."""
    return [
        operation_of(record)
        for record in outcome.requests
        if not record["read_only"] and record["status"] == 200 and not operation_of(record).startswith("sts:")
    ]


class Story(t.NamedTuple):
    """The outcomes of the runs that the tests look at, and the account's state at the beginning and the end."""

    checked: Outcome
    named: Outcome
    entry: Record
    contained: Outcome
    able: list[tuple[Credential, str]]
    again: Outcome
    hardened: Outcome
    frozen: tuple[str, str]
    released: Outcome
    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
def ansible(emulator: EmulatorProcess, make_ansible: MakeAnsible) -> Iterator[Ansible]:
    ansible = make_ansible()
    fresh(emulator, "incident")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.env().items():
            patch.setenv(name, value)
        yield ansible


def run(ansible: Ansible, playbook: str, *arguments: str, **variables: t.Any) -> Outcome:
    return ansible.playbook(playbook, *arguments, inventory=INVENTORY, **{**DECLARED, **variables})


def find_entry(outcome: Outcome) -> Record:
    """Find the entry that contains a key which the intruder made for somebody else. It is wrapped in the output."""
    shown = " ".join(outcome.output.partition("\nNOT DENIED:\n")[2].split())
    (found,) = set(
        re.findall(r"add to keys of the incident (\{id: AKIA\w+, user: \"[\w-]+\", account_id: \"\d+\"\})", shown)
    )
    return t.cast(Record, yaml.safe_load(found))


@pytest.fixture(scope="module")
def story(ansible: Ansible) -> Story:
    response = Response(ansible.control, ansible.directory)
    checked = run(ansible, "contain", "--check", "--diff")
    before = {account: response.state(account) for account in (HOME, PROD, DATA)}
    with Intruder(ansible.control.url, interval=1.0) as intruder:
        named = run(ansible, "contain", **CONFIRMED)
        entry = find_entry(named)
        declared = {**DECLARED["hardening_incident"], "keys": [*DECLARED["hardening_incident"]["keys"], entry], **DOORS}
        contain = functools.partial(run, ansible, "contain", **CONFIRMED, hardening_incident=declared)
        contained = contain()
        # Who is quicker decides, and a slow machine may need another run.
        for _attempt in range(8):
            if contained.status == 0 and not intruder.find_able():
                break
            contained = contain()
    able = intruder.find_able()
    again = contain()
    frozen = response.state(HOME)
    here = ansible.control.snapshot()
    hardened = run(ansible, "harden", "--limit", "acme-ci", **ENFORCED, aws_assume_role_arn=AUTOMATION)
    still = response.state(HOME)
    # Of all else it has changed much, which no release takes back.
    ansible.control.restore(here)
    looked_at = {"by": "Ben", "statement": "it is ours", "names": [f"{PLANTED}/password"]}
    early = {**EARLY, "compromise_response_checklist": {**CHECKLIST, "looked_at": looked_at}}
    released = run(ansible, "release", **CONFIRMED, **early, hardening_incident=declared)
    after = {account: response.state(account) for account in (HOME, PROD, DATA)}
    return Story(checked, named, entry, contained, able, again, hardened, (frozen, still), released, before, after)


AUTOMATION: t.Final = f"arn:aws:iam::{HOME}:role/iam-hardening/automation"


def test_check_mode_shows_the_whole_plan_and_writes_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output
    assert list_writes(story.checked) == []
    for principal in (USER_ARN, *CHAIN, SHARED):
        assert f"- {principal}:" in story.checked.output
    assert "Plan of the containment of" in story.checked.output


def test_none_of_the_intruders_credentials_can_do_anything(story: Story) -> None:
    assert story.contained.status == 0, story.contained.output
    assert story.able == []


def test_the_end_of_a_run_says_what_lives_on_and_what_comes_next(story: Story) -> None:
    shown = story.contained.output.partition("Containment of")[2]
    for title in ("CREDENTIALS:", "CONTAINED:", "LIVES ON (UTC):", "NEXT:"):
        assert f"\n{title}\n" in shown
    assert "NOT DENIED:\n" not in shown
    assert LEAKED not in story.contained.output


def test_the_last_lines_are_the_commands_of_the_hunts(story: Story) -> None:
    seeds = story.contained.reports / "incident" / INCIDENT / "hunt_seeds.yml"
    assert yaml.safe_load(seeds.read_text(encoding="utf-8")) == {
        "credential_hunt_incident_id": INCIDENT,
        # A later run of the story names the key that the intruder made for somebody else.
        "credential_hunt_access_key_ids": [LEAKED, story.entry["id"]],
        # So it does the user that the intruder left.
        "credential_hunt_principals": [PLANTED],
        "credential_hunt_since": SINCE.replace("+00:00", "Z"),
    }
    commands = [line.strip() for line in story.contained.output.splitlines() if "/hunt.yml -e @" in line]
    assert len(commands) == 3 and commands[0].startswith('"now: ansible-playbook -i ')
    assert all(line.rstrip('",').endswith(f"-e @{seeds}") for line in commands)
    # A plan promises nothing.
    assert "hunt_seeds.yml" not in story.checked.output


def test_a_further_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output
    assert list_writes(story.again) == []
    assert "changed=0" in story.again.output


def test_no_other_run_changes_a_contained_principal(story: Story) -> None:
    assert story.hardened.status == 0, story.hardened.output
    before, after = map(pick_contained, story.frozen)
    assert len(before["details"]) == 5 and before == after
    assert "(contained)" in story.hardened.output


def test_a_key_that_the_intruder_made_for_somebody_else_is_named_with_its_entry(story: Story) -> None:
    assert story.named.status != 0
    assert (story.entry["user"], story.entry["account_id"]) == (OTHER_USER, HOME)


def test_what_the_intruder_left_to_come_back_by_is_named_with_its_entries(story: Story) -> None:
    shown = " ".join(story.named.output.partition("\nNOT DENIED:\n")[2].split())
    assert f'add to users of the incident "{PLANTED}"' in shown
    assert f'{{arn: "{OPENED}", cut: trust, principal: "arn:aws:iam::999988887777:root", restore: false}}' in shown


def test_a_release_restores_what_was_there_but_for_keys_in_wrong_hands(story: Story) -> None:
    assert story.released.status == 0, story.released.output
    assert {account: json.loads(text) for account, text in story.after.items()} == {
        account: leave_inactive(text, story) for account, text in story.before.items()
    }


def leave_inactive(before: str, story: Story) -> Record:
    """The state as a release leaves it: the leaked key is switched off, and so are those that the intruder made."""
    found: Record = json.loads(without_leaked(before))
    for user, state in found["users"].items():
        if user == OTHER_USER:
            after = json.loads(story.after[HOME])["users"][user]["keys"]
            (made,) = [key for key in after if key["AccessKeyId"] == story.entry["id"]]
            assert made["Status"] == "Inactive"
            state["keys"] = sorted([*state["keys"], made], key=canonical)
        for key in state["keys"] if user == "svc-metrics" else ():
            key["Status"] = "Inactive"
    return found


def test_a_slip_of_the_finger_contains_nobody(ansible: Ansible) -> None:
    incident = {**DECLARED["hardening_incident"], "keys": [{"id": TYPO, "user": USER}]}
    outcome = run(ansible, "contain", **CONFIRMED, hardening_incident=incident)
    assert outcome.status != 0
    assert list_writes(outcome) == []
    assert "ci-deploy-legacy" in outcome.output


def test_names_that_do_not_exist_change_nothing_and_near_ones_are_offered(ansible: Ansible) -> None:
    """A key, a user, a role and an account, each with a slip, and a reason that is too short for the record."""
    role, name = CHAIN[0], CHAIN[0].rpartition("/")[2]
    slips = {
        "reason": "leak",
        "keys": [{"id": f"{LEAKED[:-1]}A", "user": USER}],
        "users": [USER_ARN.replace("ci-deploy", "CI-Deploy")],
        "roles": [{"arn": role.replace(name, name.upper()), "cut": "all_sessions"}],
        "accounts": [f"{PROD[:-1]}6"],
    }
    outcome = run(ansible, "contain", **CONFIRMED, hardening_incident={**DECLARED["hardening_incident"], **slips})
    shown = " ".join(outcome.output.partition("Containment of")[2].split())
    assert outcome.status == 2 and list_writes(outcome) == [], outcome.output
    assert "UNRESOLVED 4" in shown
    for near in (f"…{LEAKED[-4:]} of the user {USER}", USER_ARN, role, PROD):
        assert re.search(rf"\(near: [^)]*{re.escape(near)}", shown), shown
    assert "'leak' says little" in " ".join(outcome.output.split())
    assert "Plan of" not in outcome.output and "without --check" not in shown
    (found,) = {
        json.dumps(one["observed"]["verdict"])
        for path in outcome.reports.rglob("verdict.json")
        for one in (finding["evidence"] for finding in json.loads(path.read_text("utf-8"))["findings"])
    }
    assert found == '"unresolved"'
    (page,) = outcome.reports.rglob("on_call.html")
    assert "Not found: " in page.read_text("utf-8") and "nobody has hunted" in page.read_text("utf-8")


STRANGER: t.Final = "999988887777"


def let_in(iam: t.Any, role: str, principal: str) -> None:
    """Let a principal in by a trust policy, beside those that it lets in."""
    document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    own = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    document = {**document, "Statement": [*document["Statement"], own]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def test_an_intruder_in_the_roles_of_the_run_is_not_called_contained(ansible: Ansible) -> None:
    """It lets itself into both roles by which a containment works, and leaves a role and a password to come back by."""
    response = Response(ansible.control, ansible.directory)
    here = ansible.control.snapshot()
    iam = response.client("iam")
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=json.dumps(everything))
    for role in ("automation-containment", "break-glass"):
        let_in(iam, role, USER_ARN)
    trust = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": trust})
    back = iam.create_role(RoleName="support-readonly", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="support-readonly", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.create_login_profile(UserName=OTHER_USER, Password="Not-A-Real-Password-1")
    outcome = run(ansible, "contain", **CONFIRMED)
    ansible.control.restore(here)
    shown = " ".join(outcome.output.partition("Containment of")[2].split())
    assert outcome.status == 2 and "NOT DENIED" in shown.partition("Declared by")[0], shown
    for name in ("role/iam-hardening/automation-containment", "break-glass", back, f"user/{OTHER_USER}"):
        assert re.search(rf"- arn:\S+{re.escape(name.rpartition(':')[2])}: ", shown.partition("NOT DENIED: -")[2]), name
    assert f'accounts: [{{account_id: "{HOME}", action: policy}}]' in shown
    assert "The intruder can have come into" in shown and "an administrator that lets in 999988887777" in shown
    again = yaml.safe_load((outcome.reports / "incident" / INCIDENT / "contain_again.yml").read_text("utf-8"))
    assert again["hardening_incident"]["accounts"] == [{"account_id": HOME, "action": "policy"}]
    assert f"contain_again.yml -e compromise_response_confirm={INCIDENT}" in shown


def test_a_run_without_confirmation_writes_nothing(ansible: Ansible) -> None:
    outcome = run(ansible, "contain", compromise_response_recheck_seconds=1)
    assert outcome.status != 0
    assert list_writes(outcome) == []
    assert f"set hardening_incident.confirm to {INCIDENT}" in " ".join(outcome.output.split())


# As AWX writes the answers of a survey: each is marked as unsafe, and a list is one text.
ANSWERS: t.Final = r"""
awx_user_name: !unsafe ana
compromise_response_incident_id: !unsafe INC-8
compromise_response_declared_by: !unsafe ''
compromise_response_reason: !unsafe "{{ lookup('pipe', 'touch pwned') }} 'leaked', {[\n\nNOT DENIED:\n  - nothing\n"
compromise_response_keys: !unsafe "TYPO,\n LEAKED\n"
compromise_response_users: !unsafe ''
compromise_response_since: !unsafe ''
"""


def test_the_answers_of_a_survey_declare_an_incident(ansible: Ansible) -> None:
    """The file about another incident is ignored: its credentials are not contained in the name of this one."""
    answers = ansible.directory / "answers.yml"
    answers.write_text(ANSWERS.replace("TYPO", TYPO).replace("LEAKED", LEAKED), encoding="utf-8")
    strange = {**DECLARED["hardening_incident"], "id": "INC-6", "keys": ["AKIAIOSFODNN7EXAMPLE"]}
    given = {"inventory": INVENTORY, "hardening_incident": strange}
    outcome = ansible.playbook("contain", "--check", "--extra-vars", f"@{answers}", **given)
    assert list_writes(outcome) == []
    shown = outcome.output.partition("Plan of the containment of")[2]
    assert "Declared by ana: {{ lookup('pipe', 'touch pwned') }}" in " ".join(shown.split())
    assert f"- {USER_ARN}:" in shown and "MPLE" not in shown
    # The end has no line that an answer forged.
    assert "\nNOT DENIED:\n  - nothing" not in outcome.output
    assert not list(ansible.directory.rglob("pwned"))


@pytest.mark.parametrize("playbook", ["contain", "release"])
def test_a_run_without_an_incident_says_what_is_missing(ansible: Ansible, playbook: str) -> None:
    outcome = ansible.playbook(playbook, inventory=INVENTORY)
    assert outcome.status != 0
    assert "hardening_incident is not set" in outcome.output
    assert list_writes(outcome) == []


def test_a_release_never_contains(ansible: Ansible) -> None:
    """What is given at the start of a run comes before the variables of its tasks."""
    outcome = run(ansible, "release", **CONFIRMED, compromise_response_state="contained")
    assert outcome.status != 0
    assert "it would not release but contain" in " ".join(outcome.output.split())
    assert outcome.requests == [], outcome.output


def test_a_slice_of_a_job_contains_nothing(ansible: Ansible) -> None:
    outcome = run(ansible, "contain", **CONFIRMED, hardening_fleet_report=False)
    assert outcome.status != 0
    assert "A slice of a job" in outcome.output
    assert list_writes(outcome) == []
