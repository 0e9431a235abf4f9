# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One experiment for each assumption: it makes what it needs, and says what AWS did."""

from __future__ import annotations

import functools
import json
import types
import typing as t
import urllib.parse
from collections.abc import Callable, Mapping

from .._aws.errors import AwsError, NotFound
from .assumptions import ALLOWED, Assumption
from .lab import PATH, Document, Lab, outcome, statement
from .means import (
    ALIASES,
    BY_A_DENY,
    BY_BOUNDARY,
    BY_NO_POLICY,
    CHANGING,
    EXPECTED,
    KINDS,
    OTHER,
    READ,
    SUMMARY,
    TAG,
    make_caller,
    make_key,
    make_trust,
    read_summary,
    set_key,
)
from .session_experiments import (
    try_chained_session,
    try_external_id,
    try_principal_arn,
    try_sessions_of_inactive_key,
    try_token_issue_time,
)


def _try_inactive_key(lab: Lab) -> str:
    """The other key of the user works on, so that the refusal is one of this key."""
    user = lab.user()
    (key, look), (_other, twin) = make_key(lab, user), make_key(lab, user)
    set_key(lab, user, key, "Inactive")
    return lab.confirm(look, EXPECTED["inactive_key_is_refused"], twin=twin)


def _try_reactivated_key(lab: Lab) -> str:
    """Activation counts only after the deactivation was seen to count."""
    user = lab.user()
    key, look = make_key(lab, user)
    set_key(lab, user, key, "Inactive")
    refused = EXPECTED["inactive_key_is_refused"]
    seen = lab.confirm(look, refused)
    if seen != refused:
        raise AwsError(f"the deactivated key still returns {seen}", code=seen)
    set_key(lab, user, key, "Active")
    return lab.confirm(look, ALLOWED)


def _confirm_refusal(lab: Lab, name: str, call: Callable[[], object]) -> str:
    """Confirm that a change is refused. Once it is made, it can't be tried again."""
    return lab.confirm(lambda: outcome(call), EXPECTED[name], refuted_by=ALLOWED)


def _try_third_key(lab: Lab) -> str:
    user = lab.user()
    for _number in range(2):
        lab.key(user)
    return _confirm_refusal(lab, "third_key_is_refused", lambda: lab.key(user))


def _try_user_with_key(lab: Lab) -> str:
    user = lab.user()
    lab.key(user)
    return _confirm_refusal(lab, "user_with_key_is_kept", lambda: lab.iam("DeleteUser", UserName=user["UserName"]))


def _try_attached_policy(lab: Lab) -> str:
    policy = lab.policy(READ)
    lab.iam("AttachUserPolicy", UserName=lab.user()["UserName"], PolicyArn=policy)
    return _confirm_refusal(lab, "attached_policy_is_kept", lambda: lab.iam("DeletePolicy", PolicyArn=policy))


def _try_boundary_policy(lab: Lab) -> str:
    policy = lab.policy(READ)
    lab.user(boundary=policy)
    return _confirm_refusal(lab, "boundary_policy_is_kept", lambda: lab.iam("DeletePolicy", PolicyArn=policy))


def _try_boundary_holders(lab: Lab) -> str:
    policy = lab.policy(READ)
    user = lab.user(boundary=policy)

    def observe_list() -> str:
        question = {"PolicyArn": policy, "PolicyUsageFilter": "PermissionsBoundary"}
        found = lab.access.items("iam", "ListEntitiesForPolicy", "PolicyUsers", question)
        names = [item["UserName"] for item in found]
        return "the user is listed" if user["UserName"] in names else "the user is not listed"

    return lab.confirm(observe_list, EXPECTED["boundary_holders_are_listed"])


def _try_sixth_version(lab: Lab) -> str:
    policy = lab.policy(READ)

    def add() -> object:
        text = json.dumps({"Version": "2012-10-17", "Statement": [READ]})
        return lab.iam("CreatePolicyVersion", PolicyArn=policy, PolicyDocument=text)

    for _number in range(4):
        add()
    return _confirm_refusal(lab, "sixth_version_is_refused", add)


def _try_existing_entity(lab: Lab) -> str:
    user = lab.user()
    again = functools.partial(lab.iam, "CreateUser", UserName=user["UserName"], Path=user["Path"])
    return _confirm_refusal(lab, "existing_entity_is_refused", again)


def _try_absent_attachment(lab: Lab) -> str:
    user, policy = lab.user(), lab.policy(READ)
    detach = functools.partial(lab.iam, "DetachUserPolicy", UserName=user["UserName"], PolicyArn=policy)
    return _confirm_refusal(lab, "absent_attachment_is_refused", detach)


def _try_boundary(lab: Lab, name: str, *, denied_with: str = "") -> str:
    """The policy of both users allows two reads; the boundary of one of them allows one."""
    bounded = make_caller(lab, READ, boundary=lab.policy(statement("Allow", ALIASES)))
    free = make_caller(lab, READ)
    look = functools.partial(read_summary, bounded, denied_with=denied_with)
    return lab.confirm(look, EXPECTED[name], twin=functools.partial(read_summary, free))


def _try_boundary_limits(lab: Lab) -> str:
    return _try_boundary(lab, "boundary_limits_a_user")


def _try_denial_names_boundary(lab: Lab) -> str:
    return _try_boundary(lab, "denial_names_the_boundary", denied_with=BY_BOUNDARY)


def _make_mfa_deny(operator: str) -> Document:
    return statement("Deny", SUMMARY, condition={operator: {"aws:MultiFactorAuthPresent": "false"}})


def _try_bool(lab: Lab) -> str:
    caller = make_caller(lab, READ, _make_mfa_deny("Bool"))
    return lab.confirm(functools.partial(read_summary, caller), EXPECTED["bool_ignores_an_absent_key"])


def _try_bool_if_exists(lab: Lab) -> str:
    caller, free = make_caller(lab, READ, _make_mfa_deny("BoolIfExists")), make_caller(lab, READ)
    look = functools.partial(read_summary, caller, denied_with=BY_A_DENY)
    expected = EXPECTED["bool_if_exists_includes_an_absent_key"]
    return lab.confirm(look, expected, twin=functools.partial(read_summary, free))


def _try_action_case(lab: Lab) -> str:
    caller = lab.as_user(lab.user(statement("Allow", "IAM:getaccountsummary")))
    return lab.confirm(functools.partial(read_summary, caller), ALLOWED)


def _try_resource_tag(lab: Lab) -> str:
    tagged, plain = lab.user(tags={TAG: "yes"}), lab.user()
    condition = {"StringEquals": {f"iam:ResourceTag/{TAG}": "yes"}}
    users = f"arn:{lab.access.partition}:iam::{lab.access.caller.account_id}:user{PATH}*"
    allow = statement("Allow", "iam:CreateAccessKey", resource=users, condition=condition)
    caller = make_caller(lab, statement("Allow", ALIASES), allow)

    def make_key(user: Mapping[str, t.Any], *, denied_with: str = "") -> str:
        """Make a key and remove it at once: a user can have two."""
        made: dict[str, t.Any] = {}
        question = {"UserName": user["UserName"]}
        seen = outcome(lambda: made.update(caller.call("iam", "CreateAccessKey", question)), denied_with=denied_with)
        if made:
            lab.iam("DeleteAccessKey", AccessKeyId=made["AccessKey"]["AccessKeyId"], **question)
        return seen

    return lab.confirm(
        lambda: f"with the tag {make_key(tagged)}, without it {make_key(plain, denied_with=BY_NO_POLICY)}",
        EXPECTED["resource_tag_limits_new_keys"],
    )


def _try_denial_stays(lab: Lab) -> str:
    """Any call that is allowed after the first denial refutes it, and no later denial makes up for that."""
    user = lab.user(READ)
    caller = lab.as_user(user)
    look = functools.partial(read_summary, caller, denied_with=BY_A_DENY)
    lab.wait_until_allowed(look)
    lab.allow(user, READ, statement("Deny", SUMMARY))
    returned: list[str] = []
    denials = 0

    def observe_denial() -> str:
        nonlocal denials
        seen = look()
        if seen != "AccessDenied" and denials:
            returned.append(f"{seen} after a denial")
        denials += seen == "AccessDenied"
        return returned[0] if returned else EXPECTED["denial_stays"] if denials else seen

    return lab.confirm(observe_denial, EXPECTED["denial_stays"], refuted_by=f"{ALLOWED} after a denial")


def _try_password_policy(lab: Lab) -> str:
    """Leave out the setting that lets users change their password: nothing is weaker meanwhile, and it is restored."""
    before = _read_password_policy(lab)
    # AWS's default policy, which an account without one has, requires three of the four kinds of characters.
    declared = {"MinimumPasswordLength": 14, **dict.fromkeys(KINDS, True)} if before is None else before
    kept = {key: value for key, value in declared.items() if key != CHANGING}
    try:
        lab.iam("UpdateAccountPasswordPolicy", **kept, **{CHANGING: True})
        if not (_read_password_policy(lab) or {}).get(CHANGING):
            raise AwsError(f"the password policy does not show {CHANGING}", code="NotShown")
        lab.iam("UpdateAccountPasswordPolicy", **kept)

        def observe_setting() -> str:
            return "it is kept" if (_read_password_policy(lab) or {}).get(CHANGING) else "it is reset"

        return lab.confirm(observe_setting, EXPECTED["password_policy_update_resets"])
    finally:
        if before is None:
            lab.iam("DeleteAccountPasswordPolicy")
        else:
            lab.iam("UpdateAccountPasswordPolicy", **before)


def _read_password_policy(lab: Lab) -> t.Optional[dict[str, t.Any]]:
    """Read the settings of the password policy as a request has them; None if AWS's default policy is in force."""
    try:
        found = lab.access.call("iam", "GetAccountPasswordPolicy")["PasswordPolicy"]
    except NotFound:
        return None
    # What follows from MaxPasswordAge is no setting.
    return {key: value for key, value in found.items() if key != "ExpirePasswords"}


def _parse(text: t.Any) -> Mapping[str, t.Any]:
    """Parse a document as IAM returns it: in JSON with percent signs, which botocore has mostly parsed already."""
    return t.cast(Mapping[str, t.Any], json.loads(urllib.parse.unquote(text)) if isinstance(text, str) else text)


def _read_trusted_principal(lab: Lab, role: Mapping[str, t.Any]) -> str:
    """Read the principal in the trust policy of a role, as IAM shows it."""
    found = _parse(lab.iam("GetRole", RoleName=role["RoleName"])["Role"]["AssumeRolePolicyDocument"])
    return str(found["Statement"][0]["Principal"]["AWS"])


def _make_role_that_trusts(lab: Lab, user: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """IAM refuses a trust policy that names a user which it does not know yet."""
    made: dict[str, t.Any] = {}

    def make() -> str:
        trust = {"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole"}
        return outcome(lambda: made.update(lab.role(trust)))

    lab.wait_until_allowed(make)
    return made


def _try_deleted_principal(lab: Lab) -> str:
    user = lab.user()
    role = _make_role_that_trusts(lab, user)
    lab.iam("DeleteUser", UserName=user["UserName"])
    expected = EXPECTED["deleted_principal_becomes_an_id"]
    return lab.confirm(
        lambda: expected if _read_trusted_principal(lab, role) == user["UserId"] else "the name", expected
    )


def _try_recreated_user(lab: Lab) -> str:
    user = lab.user()
    lab.iam("DeleteUser", UserName=user["UserName"])
    again = lab.iam("CreateUser", UserName=user["UserName"], Path=user["Path"])["User"]
    return "another unique id" if again["UserId"] != user["UserId"] else "the same unique id"


def _try_new_role(lab: Lab) -> str:
    role = lab.role(make_trust(lab))

    def observe_date() -> str:
        used = lab.iam("GetRole", RoleName=role["RoleName"])["Role"].get("RoleLastUsed") or {}
        return "a date" if used.get("LastUsedDate") else "no date"

    return lab.confirm(observe_date, EXPECTED["new_role_was_never_used"])


def _try_as_written(lab: Lab) -> str:
    text = statement(
        "Allow", "s3:GetObject", resource=f"arn:{lab.access.partition}:s3:::acceptance/${{aws:username}}/ä*"
    )
    policy = lab.policy(text)

    def observe_document() -> str:
        found = _parse(lab.iam("GetPolicyVersion", PolicyArn=policy, VersionId="v1")["PolicyVersion"]["Document"])
        return "the same document" if found["Statement"] == [text] else OTHER

    return lab.confirm(observe_document, EXPECTED["policy_is_returned_as_written"])


def _try_simulation(lab: Lab) -> str:
    user = lab.user(READ, boundary=lab.policy(statement("Allow", ALIASES)))
    question = {"PolicySourceArn": user["Arn"], "ActionNames": [SUMMARY]}

    def observe_simulation() -> str:
        (result,) = lab.access.items("iam", "SimulatePrincipalPolicy", "EvaluationResults", question)
        return str(result["EvalDecision"])

    return lab.confirm(observe_simulation, EXPECTED["simulation_includes_the_boundary"])


def _try_details(lab: Lab) -> str:
    policy = lab.policy(READ)
    user = lab.user(READ, boundary=policy)
    lab.iam("AddUserToGroup", GroupName=lab.group(), UserName=user["UserName"])

    def observe_details() -> str:
        kinds = {"Filter": ["User"]}
        found = lab.access.items("iam", "GetAccountAuthorizationDetails", "UserDetailList", kinds)
        record: Mapping[str, t.Any] = next((item for item in found if item["Arn"] == user["Arn"]), {})
        parts = {
            "group": record.get("GroupList"),
            "inline policy": record.get("UserPolicyList"),
            "boundary": (record.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") == policy,
        }
        there = [name for name, value in parts.items() if value]
        return " and ".join(filter(None, [", ".join(there[:-1]), *there[-1:]])) or "nothing"

    return lab.confirm(observe_details, EXPECTED["details_are_complete"])


def _try_conditional_writes(lab: Lab) -> str:
    """Each run that writes tries its place before it takes the lease. Here it is tried again and again."""
    expected = EXPECTED["conditional_writes_are_kept"]
    return lab.confirm(lambda: lab.find_ignored_condition() or expected, expected)


EXPERIMENTS: t.Final[Mapping[str, Callable[[Lab], str]]] = types.MappingProxyType(
    {
        "inactive_key_is_refused": _try_inactive_key,
        "reactivated_key_works": _try_reactivated_key,
        "third_key_is_refused": _try_third_key,
        "user_with_key_is_kept": _try_user_with_key,
        "attached_policy_is_kept": _try_attached_policy,
        "boundary_policy_is_kept": _try_boundary_policy,
        "boundary_holders_are_listed": _try_boundary_holders,
        "sixth_version_is_refused": _try_sixth_version,
        "existing_entity_is_refused": _try_existing_entity,
        "absent_attachment_is_refused": _try_absent_attachment,
        "boundary_limits_a_user": _try_boundary_limits,
        "denial_names_the_boundary": _try_denial_names_boundary,
        "bool_ignores_an_absent_key": _try_bool,
        "bool_if_exists_includes_an_absent_key": _try_bool_if_exists,
        "action_names_ignore_case": _try_action_case,
        "external_id_is_needed": try_external_id,
        "chained_session_is_an_hour": try_chained_session,
        "deleted_principal_becomes_an_id": _try_deleted_principal,
        "recreated_user_is_another": _try_recreated_user,
        "new_role_was_never_used": _try_new_role,
        "policy_is_returned_as_written": _try_as_written,
        "simulation_includes_the_boundary": _try_simulation,
        "details_are_complete": _try_details,
        "token_issue_time_cuts_sessions": try_token_issue_time,
        "sessions_of_an_inactive_key_go_on": try_sessions_of_inactive_key,
        "password_policy_update_resets": _try_password_policy,
        "principal_arn_of_a_session_is_the_role": try_principal_arn,
        "resource_tag_limits_new_keys": _try_resource_tag,
        "denial_stays": _try_denial_stays,
        "conditional_writes_are_kept": _try_conditional_writes,
    }
)


def observe(lab: Lab, assumption: Assumption) -> tuple[str, str]:
    """Make the experiment of an assumption; return the observation, and the state that it gives the assumption."""
    try:
        seen = EXPERIMENTS[assumption.id](lab)
    except AwsError as error:
        return str(error), "not_observed"
    return seen, "as_expected" if seen == assumption.expected else "not_as_expected"
