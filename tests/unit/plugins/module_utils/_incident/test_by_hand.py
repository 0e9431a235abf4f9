# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runbook says, and that no text of a variable becomes a command. What it does is in tests/integration."""

from __future__ import annotations

import json
import subprocess
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._incident.by_hand import Facts, runbook_key, write_runbook
from ansible_collections.hardening.iam.plugins.module_utils._incident.from_above import DORMANT, read_orders

ACCOUNT = "222233334444"
CONTAINER = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/automation-containment"
HOSTILE = (
    "arn:aws:iam::*:role/it's; touch hacked",
    "arn:aws:iam::*:role/$(touch hacked)",
    "arn:aws:iam::*:role/`touch hacked`",
    "arn:aws:iam::*:role/x\ntouch hacked",
    'arn:aws:iam::*:role/"]}',
    "touch hacked",
)


def write(**given: t.Any) -> str:
    return write_runbook(Facts(ACCOUNT, "aws", datetime(2026, 12, 2, tzinfo=UTC), **given))


def expand(text: str, start: str, **values: str) -> t.Any:
    """What the shell makes of the JSON in the command that begins so."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    quoted = line[line.index(" '{") + 1 :]
    script = f"printf %s {quoted}"
    done = subprocess.run(["bash", "-euc", script], env=values, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("facts", [{}, {"container": CONTAINER}, {"no_lock": "This account is alone."}])
def test_a_shell_can_read_it(facts: dict[str, t.Any]) -> None:
    subprocess.run(["bash", "-n"], input=write(**facts), text=True, check=True)


def test_each_command_is_one_of_the_aws_cli_or_a_value() -> None:
    starts = ("aws ", "KEY_ID=", "USER_NAME=", "ROLE_NAME=", "NAMED_ARN=", "NOW=$(date ", "UNTIL=$(date ", "POLICY_ID=")
    others = [line for line in commands(write(container=CONTAINER)) if not line.startswith(starts)]
    assert others == ["  --query \"Policies[?Name=='IamHardeningDormant'].Id\")"]


@pytest.mark.parametrize("arn", HOSTILE)
def test_no_text_of_a_variable_becomes_a_command(arn: str) -> None:
    assert write(break_glass=(arn,)) == write()
    assert write(container=arn) == write()


def test_the_lock_spares_break_glass_and_containment_alone() -> None:
    emergency = "arn:aws:iam::*:user/emergency-*"
    text = write(container=CONTAINER, break_glass=(emergency,))
    named = f"arn:aws:iam::{ACCOUNT}:user/eve"
    values = {"NAMED_ARN": named, "UNTIL": "2026-12-02T03:00:00Z"}
    document = expand(text, 'aws organizations update-policy --policy-id "$POLICY_ID" --content', **values)
    (lock,) = (one for one in document["Statement"] if one["Sid"] == "IdentityLock")
    path = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
    assert lock["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": sorted([emergency, path, f"{path}/*", CONTAINER])},
        "DateLessThan": {"aws:CurrentTime": "2026-12-02T03:00:00Z"},
        "StringEquals": {"aws:PrincipalAccount": [ACCOUNT]},
    }
    assert named in json.dumps(document["Statement"][0])


def test_people_read_whom_they_use_and_whom_the_lock_leaves_alone() -> None:
    emergency = "arn:aws:iam::*:user/emergency-*"
    lines = write(container=CONTAINER, break_glass=(emergency,)).splitlines()
    path = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
    use = lines.index("# Use break-glass, from a machine that the intruder can't have used:")
    assert lines[use + 1 : use + 4] == [f"#   {path}", f"#   {path}/*", f"#   {emergency}"]
    exempt = [line.removeprefix("#   ") for line in lines[use + 4 :] if line.startswith("#   arn:")]
    assert exempt == sorted([emergency, path, f"{path}/*", CONTAINER])


def test_the_lift_is_what_the_bootstrap_made() -> None:
    text = write()
    lift = text[text.index("# BLOCK lift") :]
    document = expand(lift, "aws organizations update-policy")
    assert document == DORMANT.document
    assert read_orders(document) is not None


def test_the_denials_are_policies() -> None:
    text = write()
    everything = expand(text, 'aws iam put-user-policy --user-name "$USER_NAME"')
    assert everything["Statement"] == [{"Effect": "Deny", "Action": "*", "Resource": "*"}]
    older = expand(text, 'aws iam put-role-policy --role-name "$ROLE_NAME"', NOW="2026-12-02T02:00:00Z")
    assert older["Statement"][0]["Condition"] == {"DateLessThan": {"aws:TokenIssueTime": "2026-12-02T02:00:00Z"}}


def test_no_command_goes_to_the_organization_where_it_can_deny_nothing() -> None:
    text = write(no_lock="This is the management account of its organization, which no control policy binds.")
    assert "organizations" not in "\n".join(commands(text))
    assert "# This is the management account of its organization" in text
    assert "# BLOCK undo" in text


def test_it_has_a_file_of_its_own_for_each_account() -> None:
    assert runbook_key(ACCOUNT) == f"{ACCOUNT}/runbook-{ACCOUNT}.txt"
