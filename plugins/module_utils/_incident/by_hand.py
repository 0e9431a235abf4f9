# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The runbook of an account: how people contain a leaked credential in it with the AWS CLI alone.

It is for the night in which this collection, AWX, or the place of the journal can't be used.
"""

from __future__ import annotations

import dataclasses
import re
import string
import typing as t
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from .._account.moments import format_utc
from .from_above import DORMANT, NAME, Lock, Named, Orders, name_canary, write_orders

#: What an ARN or a glob of ARNs is made of. All else could end a quoted word of the shell.
_ARN: t.Final = re.compile(r"arn:[\w+=,.@/*?:-]+", re.ASCII)
_POLICY: t.Final = "iam-hardening-by-hand"
# In place of these the shell fills in what people know in the incident.
_LATER: t.Final = datetime(2001, 1, 1, tzinfo=UTC)
_DENY_ALL: t.Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
_DENY_OLDER: t.Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",'
    '"Condition":{"DateLessThan":{"aws:TokenIssueTime":"\'"$NOW"\'"}}}]}'
)

_HEAD: t.Final = string.Template(r"""
# RUNBOOK: contain a leaked credential in account $account, without this collection
#
# Written by the preflight at $written. Needs a shell and the AWS CLI.
# Fill in the values, and paste block after block. A line that begins with # tells what to do.

# BLOCK sign-in
# Use break-glass, from a machine that the intruder can't have used:
$people
# First stop all schedules and jobs of this collection. The account below must be $account.
aws sts get-caller-identity

# BLOCK whose-is-it
# KEY_ID is the leaked key. The first answer must be $account, else use the runbook of that account.
KEY_ID=
aws sts get-access-key-info --access-key-id "$$KEY_ID"
# The user of a key that begins with AKIA:
aws iam get-access-key-last-used --access-key-id "$$KEY_ID"
# The role of a key that begins with ASIA is in its events, in each region that you use:
aws cloudtrail lookup-events --lookup-attributes AttributeKey=AccessKeyId,AttributeValue="$$KEY_ID" --max-items 1
# USER_NAME or ROLE_NAME is what you found. The other one stays empty.
USER_NAME=
ROLE_NAME=

# BLOCK deny-user
# The key stops, and the user may do nothing, whatever else it holds. It takes effect within a minute or two.
aws iam update-access-key --user-name "$$USER_NAME" --access-key-id "$$KEY_ID" --status Inactive
aws iam put-user-policy --user-name "$$USER_NAME" --policy-name $policy --policy-document '$deny_all'
# Only if AWS refuses the policy because of its size:
#   aws iam attach-user-policy --user-name "$$USER_NAME" --policy-arn arn:$partition:iam::aws:policy/AWSDenyAll

# Roles that this user assumed go on: they are in the events of KEY_ID, as AssumeRole. Each needs the next block, and a
# role of another account the runbook of that account.

# BLOCK deny-role
# Sessions that began before now may do nothing. Workloads of the role begin new ones by themselves, or are restarted.
NOW=$$(date -u +%Y-%m-%dT%H:%M:%SZ)
aws iam put-role-policy --role-name "$$ROLE_NAME" --policy-name $policy --policy-document '$deny_older'
# Who may begin a new session. Keep the answer. Take out whom you do not know, with update-assume-role-policy.
aws iam get-role --role-name "$$ROLE_NAME" --query Role.AssumeRolePolicyDocument
""")

_LOCK: t.Final = string.Template(r"""
# BLOCK lock
# An intruder with rights in IAM undoes what you do. Then deny it from above, in the management account of the
# organization. For 60 minutes this also denies all changes of IAM in account $account, but for:
$exempt
# Look first whether the intruder can have come into these roles: their trust policies, their last sessions.
# One policy serves the whole organization. See what it says now: if another account is locked, keep its statements.
POLICY_ID=$$(aws organizations list-policies --filter SERVICE_CONTROL_POLICY --output text \
  --query "Policies[?Name=='$name'].Id")
aws organizations describe-policy --policy-id "$$POLICY_ID" --query Policy.Content --output text
# NAMED_ARN is the user or the role. On macOS the date is: date -u -v+60M +%Y-%m-%dT%H:%M:%SZ
NAMED_ARN=
UNTIL=$$(date -u -d '+60 minutes' +%Y-%m-%dT%H:%M:%SZ)
aws organizations update-policy --policy-id "$$POLICY_ID" --content '$lock'

# BLOCK wait
# In account $account. NoSuchEntity: not yet in force. An explicit deny in a service control policy: in force.
aws iam get-role --role-name $canary
# When it is in force, paste the deny blocks once more. Only what is done from here on counts.

# BLOCK lift
# In the management account, when nothing has changed for five minutes. The named may work again from here on, as far
# as the deny blocks do not hold them.
aws organizations update-policy --policy-id "$$POLICY_ID" --content '$dormant'
""")

_NO_LOCK: t.Final = """
# NO LOCK FROM ABOVE
# {why}
# If somebody undoes what you do, give each user and role that changed something in the last minutes the policy of the
# deny blocks, all at once.
"""

_UNDO: t.Final = string.Template(r"""
# BLOCK undo
# When the incident is over. The leaked key stays inactive: make a new one. Each line for what you denied.
aws iam delete-user-policy --user-name "$$USER_NAME" --policy-name $policy
aws iam delete-role-policy --role-name "$$ROLE_NAME" --policy-name $policy
""")


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the runbook of an account is made of.

    ``break_glass`` are globs of ARNs, ``container`` is the ARN of the role of containment, empty for none.
    ``no_lock`` says why nothing above the account can deny anything in it; empty if that is not known.
    """

    account_id: str
    partition: str
    written: datetime
    container: str = ""
    break_glass: tuple[str, ...] = ()
    no_lock: str = ""


def runbook_key(account_id: str) -> str:
    """The key of the runbook of an account, in its place."""
    return f"{account_id}/runbook-{account_id}.txt"


def write_runbook(facts: Facts) -> str:
    """Write the runbook of an account.

    ARNs that the shell could read as commands are left out, and so are those of other accounts.
    """
    people = _list_people(facts)
    deny = {"deny_all": _DENY_ALL, "deny_older": _DENY_OLDER, "policy": _POLICY}
    head = _HEAD.substitute(
        deny,
        account=facts.account_id,
        partition=facts.partition,
        people=_list(people),
        written=format_utc(facts.written),
    )
    lock = _NO_LOCK.format(why=facts.no_lock) if facts.no_lock else _write_lock(facts, people)
    return f"{head}{lock}{_UNDO.substitute(policy=_POLICY)}".lstrip()


def _list_people(facts: Facts) -> tuple[str, ...]:
    roles = f"arn:{facts.partition}:iam::{facts.account_id}:role/iam-hardening/break-glass"
    return tuple(dict.fromkeys([roles, f"{roles}/*", *filter(_ARN.fullmatch, facts.break_glass)]))


def _write_lock(facts: Facts, people: Collection[str]) -> str:
    exempt = {*people, *filter(_ARN.fullmatch, [facts.container])}
    somebody = f"arn:{facts.partition}:iam::000000000000:user/named"
    lock = Lock(frozenset({facts.account_id}), _LATER, frozenset(exempt))
    content, _left_out = write_orders(Orders(Named(arns=frozenset({somebody})), lock))
    text = content.text.replace(somebody, "'\"$NAMED_ARN\"'").replace(format_utc(_LATER), "'\"$UNTIL\"'")
    return _LOCK.substitute(
        account=facts.account_id,
        canary=name_canary(content),
        dormant=DORMANT.text,
        exempt=_list(sorted(exempt)),
        lock=text,
        name=NAME,
    )


def _list(arns: Collection[str]) -> str:
    return "\n".join(_comment(arns))


def _comment(arns: Collection[str]) -> Iterator[str]:
    yield from (f"#   {arn}" for arn in arns)
