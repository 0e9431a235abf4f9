# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The experiments with sessions of roles."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping
from datetime import timedelta

from .._aws.access import Access
from .._aws.errors import AwsError
from .assumptions import ALLOWED
from .lab import Document, Lab, document, outcome, statement
from .means import (
    ALIASES,
    BY_A_DENY,
    EXPECTED,
    EXTERNAL_ID,
    READ,
    SUMMARY,
    make_key,
    make_trust,
    read_aliases,
    read_summary,
    set_key,
)


def _make_inline(lab: Lab, role: Mapping[str, t.Any], *statements: Document, name: str = "inline") -> None:
    lab.iam("PutRolePolicy", RoleName=role["RoleName"], PolicyName=name, PolicyDocument=document(*statements))


def _assume(caller: Access, role: Mapping[str, t.Any], **more: t.Any) -> Mapping[str, t.Any]:
    """Open a session of a role. Raises AwsError."""
    parameters = {"RoleArn": role["Arn"], "RoleSessionName": "acceptance", **more}
    return t.cast(Mapping[str, t.Any], caller.call("sts", "AssumeRole", parameters)["Credentials"])


def _open_session(lab: Lab, caller: Access, role: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Open a session as soon as IAM knows the caller, its policy and the role."""
    session: dict[str, t.Any] = {}
    lab.wait_until_allowed(lambda: outcome(lambda: session.update(_assume(caller, role))))
    return session


def _make_assuming_user(lab: Lab, role: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return lab.user(statement("Allow", "sts:AssumeRole", resource=role["Arn"]))


def try_external_id(lab: Lab) -> str:
    role = lab.role(make_trust(lab, {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}))
    caller = lab.as_user(_make_assuming_user(lab, role))

    def assume(**more: str) -> str:
        return outcome(lambda: _assume(caller, role, **more))

    lab.wait_until_allowed(lambda: assume(ExternalId=EXTERNAL_ID))
    return lab.confirm(
        lambda: f"without it {assume()}, with it {assume(ExternalId=EXTERNAL_ID)}", EXPECTED["external_id_is_needed"]
    )


def try_chained_session(lab: Lab) -> str:
    """Both roles allow two hours, so that only the chain can be the reason of a refusal."""
    second = lab.role(make_trust(lab), MaxSessionDuration=7200)
    first = lab.role(make_trust(lab), MaxSessionDuration=7200)
    _make_inline(lab, first, statement("Allow", "sts:AssumeRole", resource=second["Arn"]))
    chained = lab.as_owner(_open_session(lab, lab.as_user(_make_assuming_user(lab, first)), first))
    return lab.confirm(
        lambda: outcome(lambda: _assume(chained, second, DurationSeconds=7200)),
        EXPECTED["chained_session_is_an_hour"],
        twin=lambda: outcome(lambda: _assume(chained, second, DurationSeconds=3600)),
    )


def _make_reading_session(lab: Lab) -> tuple[Mapping[str, t.Any], Access, Mapping[str, t.Any]]:
    """Make a role that may make both reads, a user that may assume it, and a session that works already."""
    role = lab.role(make_trust(lab))
    _make_inline(lab, role, READ)
    caller = lab.as_user(_make_assuming_user(lab, role))
    session = _open_session(lab, caller, role)
    lab.wait_until_allowed(functools.partial(read_summary, lab.as_owner(session)))
    return role, caller, session


def try_token_issue_time(lab: Lab) -> str:
    """The moment of the cut is of AWS's clock: a session of one hour began an hour before it ends."""
    role, caller, session = _make_reading_session(lab)
    cut = session["Expiration"] - timedelta(hours=1) + timedelta(seconds=1)
    for _second in range(2):
        lab.pause_a_second()
    later = lab.as_owner(_open_session(lab, caller, role))
    condition = {"DateLessThan": {"aws:TokenIssueTime": f"{cut:%Y-%m-%dT%H:%M:%SZ}"}}
    _make_inline(lab, role, statement("Deny", SUMMARY, condition=condition), name="cut")
    running = lab.as_owner(session)
    denied = lab.confirm(
        functools.partial(read_summary, running, denied_with=BY_A_DENY),
        "AccessDenied",
        twin=functools.partial(read_summary, later),
    )
    expected = EXPECTED["token_issue_time_cuts_sessions"]
    return expected if denied == "AccessDenied" else f"the running session: {denied}"


def try_sessions_of_inactive_key(lab: Lab) -> str:
    role = lab.role(make_trust(lab))
    _make_inline(lab, role, READ)
    user = _make_assuming_user(lab, role)
    key, look = make_key(lab, user)
    session = lab.as_owner(_open_session(lab, lab.as_owner({**key, "SessionToken": None}), role))
    lab.wait_until_allowed(functools.partial(read_summary, session))
    set_key(lab, user, key, "Inactive")
    refused = EXPECTED["inactive_key_is_refused"]
    seen = lab.confirm(look, refused)
    if seen != refused:
        raise AwsError(f"the deactivated key still returns {seen}", code=seen)
    return lab.confirm(functools.partial(read_summary, session), ALLOWED)


def try_principal_arn(lab: Lab) -> str:
    """The role allows one read to the ARN of the role, the other one to the ARN of the session."""
    role = lab.role(make_trust(lab))
    account = lab.access.caller.account_id
    session_arn = f"arn:{lab.access.partition}:sts::{account}:assumed-role/{role['RoleName']}/acceptance"
    _make_inline(
        lab,
        role,
        statement("Allow", SUMMARY, condition={"ArnEquals": {"aws:PrincipalArn": role["Arn"]}}),
        statement("Allow", ALIASES, condition={"ArnEquals": {"aws:PrincipalArn": session_arn}}),
    )
    session = lab.as_owner(_open_session(lab, lab.as_user(_make_assuming_user(lab, role)), role))

    def observe_arn() -> str:
        of_role, of_session = read_summary(session), read_aliases(session)
        if (of_role, of_session) == (ALLOWED, "AccessDenied"):
            return "the ARN of the role"
        return f"as the role {of_role}, as the session {of_session}"

    return lab.confirm(observe_arn, EXPECTED["principal_arn_of_a_session_is_the_role"])
