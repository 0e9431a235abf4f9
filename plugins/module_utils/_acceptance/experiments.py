# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One experiment for each assumption: it makes what it needs, and says what AWS did."""

from __future__ import annotations

import json
import types
import typing as t
import urllib.parse
from collections.abc import Callable, Mapping

from .._aws.access import Access
from .._aws.errors import AwsError
from .assumptions import ALLOWED, ASSUMPTIONS
from .lab import Document, Lab, outcome, statement

_EXPECTED: t.Final = {item.id: item.expected for item in ASSUMPTIONS}
# A read that harms nobody and needs no resource.
_SUMMARY: t.Final = "iam:GetAccountSummary"
_ALIASES: t.Final = "iam:ListAccountAliases"
_READ: t.Final = statement("Allow", _SUMMARY, _ALIASES)
_EXTERNAL_ID: t.Final = "acceptance"
_OTHER: t.Final = "something else"


def _read_summary(access: Access) -> str:
    return outcome(lambda: access.call("iam", "GetAccountSummary"))


def _try_inactive_key(lab: Lab) -> str:
    return _try_key_status(lab, "Inactive", _EXPECTED["inactive_key_is_refused"])


def _try_reactivated_key(lab: Lab) -> str:
    return _try_key_status(lab, "Active", ALLOWED)


def _try_key_status(lab: Lab, status: str, expected: str) -> str:
    user = lab.user()
    key = lab.key(user)
    caller = lab.as_owner({**key, "SessionToken": None})

    def identity() -> str:
        return outcome(lambda: caller.call("sts", "GetCallerIdentity"))

    lab.wait_until_allowed(identity)
    for value in dict.fromkeys(("Inactive", status)):
        lab.iam("UpdateAccessKey", UserName=user["UserName"], AccessKeyId=key["AccessKeyId"], Status=value)
    return lab.until(identity, expected)


def _try_third_key(lab: Lab) -> str:
    user = lab.user()
    for _number in range(2):
        lab.key(user)
    return outcome(lambda: lab.key(user))


def _try_user_with_key(lab: Lab) -> str:
    user = lab.user()
    lab.key(user)
    return outcome(lambda: lab.iam("DeleteUser", UserName=user["UserName"]))


def _try_attached_policy(lab: Lab) -> str:
    policy = lab.policy(_READ)
    lab.iam("AttachUserPolicy", UserName=lab.user()["UserName"], PolicyArn=policy)
    return outcome(lambda: lab.iam("DeletePolicy", PolicyArn=policy))


def _try_boundary_policy(lab: Lab) -> str:
    policy = lab.policy(_READ)
    lab.user(boundary=policy)
    return outcome(lambda: lab.iam("DeletePolicy", PolicyArn=policy))


def _try_boundary_holders(lab: Lab) -> str:
    policy = lab.policy(_READ)
    user = lab.user(boundary=policy)

    def observe_list() -> str:
        question = {"PolicyArn": policy, "PolicyUsageFilter": "PermissionsBoundary"}
        found = lab.access.items("iam", "ListEntitiesForPolicy", "PolicyUsers", question)
        names = [item["UserName"] for item in found]
        return "the user is listed" if user["UserName"] in names else "the user is not listed"

    return lab.until(observe_list, _EXPECTED["boundary_holders_are_listed"])


def _try_sixth_version(lab: Lab) -> str:
    policy = lab.policy(_READ)

    def add() -> object:
        text = json.dumps({"Version": "2012-10-17", "Statement": [_READ]})
        return lab.iam("CreatePolicyVersion", PolicyArn=policy, PolicyDocument=text)

    for _number in range(4):
        add()
    return outcome(add)


def _try_existing_entity(lab: Lab) -> str:
    user = lab.user()
    return outcome(lambda: lab.iam("CreateUser", UserName=user["UserName"], Path=user["Path"]))


def _try_absent_attachment(lab: Lab) -> str:
    user, policy = lab.user(), lab.policy(_READ)
    return outcome(lambda: lab.iam("DetachUserPolicy", UserName=user["UserName"], PolicyArn=policy))


def _make_bounded_user(lab: Lab) -> Access:
    """Make a user whose policy allows two reads, and whose boundary allows one of them."""
    caller = lab.as_user(lab.user(_READ, boundary=lab.policy(statement("Allow", _ALIASES))))
    lab.wait_until_allowed(lambda: outcome(lambda: caller.call("iam", "ListAccountAliases")))
    return caller


def _try_boundary_limits(lab: Lab) -> str:
    caller = _make_bounded_user(lab)
    return lab.until(lambda: _read_summary(caller), _EXPECTED["boundary_limits_a_user"])


def _try_denial_names_boundary(lab: Lab) -> str:
    caller, phrase = _make_bounded_user(lab), _EXPECTED["denial_names_the_boundary"]

    def observe_message() -> str:
        try:
            caller.call("iam", "GetAccountSummary")
        except AwsError as error:
            return phrase if phrase in error.message else f"{error.code} without these words"
        return ALLOWED

    return lab.until(observe_message, phrase)


def _try_denial_without_mfa(lab: Lab, operator: str, expected: str) -> str:
    condition = {operator: {"aws:MultiFactorAuthPresent": "false"}}
    caller = lab.as_user(lab.user(_READ, statement("Deny", _SUMMARY, condition=condition)))
    # The other read is allowed as soon as IAM knows key and policy.
    lab.wait_until_allowed(lambda: outcome(lambda: caller.call("iam", "ListAccountAliases")))
    return lab.until(lambda: _read_summary(caller), expected)


def _try_bool(lab: Lab) -> str:
    return _try_denial_without_mfa(lab, "Bool", _EXPECTED["bool_ignores_an_absent_key"])


def _try_bool_if_exists(lab: Lab) -> str:
    return _try_denial_without_mfa(lab, "BoolIfExists", _EXPECTED["bool_if_exists_includes_an_absent_key"])


def _try_action_case(lab: Lab) -> str:
    caller = lab.as_user(lab.user(statement("Allow", "IAM:getaccountsummary")))
    return lab.until(lambda: _read_summary(caller), ALLOWED)


def _make_trust(lab: Lab, condition: t.Optional[Document] = None) -> Document:
    found = {"Effect": "Allow", "Principal": {"AWS": lab.account_root}, "Action": "sts:AssumeRole"}
    return {**found, "Condition": condition} if condition else found


def _try_external_id(lab: Lab) -> str:
    role = lab.role(_make_trust(lab, {"StringEquals": {"sts:ExternalId": _EXTERNAL_ID}}))
    caller = lab.as_user(lab.user(statement("Allow", "sts:AssumeRole", resource=role["Arn"])))

    def assume(**more: str) -> str:
        parameters = {"RoleArn": role["Arn"], "RoleSessionName": "acceptance", **more}
        return outcome(lambda: caller.call("sts", "AssumeRole", parameters))

    having_it = lab.until(lambda: assume(ExternalId=_EXTERNAL_ID), ALLOWED)
    return f"without it {assume()}, with it {having_it}"


def _try_chained_session(lab: Lab) -> str:
    """Both roles allow two hours, so that only the chain can be the reason of a refusal."""
    second = lab.role(_make_trust(lab), MaxSessionDuration=7200)
    first = lab.role(_make_trust(lab), MaxSessionDuration=7200)
    policy = {"Version": "2012-10-17", "Statement": [statement("Allow", "sts:AssumeRole", resource=second["Arn"])]}
    lab.iam("PutRolePolicy", RoleName=first["RoleName"], PolicyName="inline", PolicyDocument=json.dumps(policy))
    caller = lab.as_user(lab.user(statement("Allow", "sts:AssumeRole", resource=first["Arn"])))
    session: dict[str, t.Any] = {}

    def assume_first() -> str:
        parameters = {"RoleArn": first["Arn"], "RoleSessionName": "acceptance"}
        return outcome(lambda: session.update(caller.call("sts", "AssumeRole", parameters)))

    lab.wait_until_allowed(assume_first)
    chained = lab.as_owner(session["Credentials"])
    parameters = {"RoleArn": second["Arn"], "RoleSessionName": "acceptance", "DurationSeconds": 7200}
    expected = _EXPECTED["chained_session_is_an_hour"]
    return lab.until(lambda: outcome(lambda: chained.call("sts", "AssumeRole", parameters)), expected)


def _read_trusted_principal(lab: Lab, role: Mapping[str, t.Any]) -> str:
    """Read the principal in the trust policy of a role, as IAM shows it."""
    document = lab.iam("GetRole", RoleName=role["RoleName"])["Role"]["AssumeRolePolicyDocument"]
    found = json.loads(urllib.parse.unquote(document)) if isinstance(document, str) else document
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
    expected = _EXPECTED["deleted_principal_becomes_an_id"]
    return lab.until(lambda: expected if _read_trusted_principal(lab, role) == user["UserId"] else "the name", expected)


def _try_recreated_user(lab: Lab) -> str:
    user = lab.user()
    lab.iam("DeleteUser", UserName=user["UserName"])
    again = lab.iam("CreateUser", UserName=user["UserName"], Path=user["Path"])["User"]
    return "another unique id" if again["UserId"] != user["UserId"] else "the same unique id"


def _try_new_role(lab: Lab) -> str:
    role = lab.role(_make_trust(lab))
    used = lab.iam("GetRole", RoleName=role["RoleName"])["Role"].get("RoleLastUsed") or {}
    return "a date" if used.get("LastUsedDate") else "no date"


def _try_as_written(lab: Lab) -> str:
    text = statement(
        "Allow", "s3:GetObject", resource=f"arn:{lab.access.partition}:s3:::acceptance/${{aws:username}}/ä*"
    )
    policy = lab.policy(text)
    document = lab.iam("GetPolicyVersion", PolicyArn=policy, VersionId="v1")["PolicyVersion"]["Document"]
    found = json.loads(urllib.parse.unquote(document)) if isinstance(document, str) else document
    return "the same document" if found["Statement"] == [text] else _OTHER


def _try_simulation(lab: Lab) -> str:
    user = lab.user(_READ, boundary=lab.policy(statement("Allow", _ALIASES)))
    question = {"PolicySourceArn": user["Arn"], "ActionNames": [_SUMMARY]}

    def observe_simulation() -> str:
        (result,) = lab.access.items("iam", "SimulatePrincipalPolicy", "EvaluationResults", question)
        return str(result["EvalDecision"])

    return lab.until(observe_simulation, _EXPECTED["simulation_includes_the_boundary"])


def _try_details(lab: Lab) -> str:
    policy = lab.policy(_READ)
    user = lab.user(_READ, boundary=policy)
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

    return lab.until(observe_details, _EXPECTED["details_are_complete"])


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
        "external_id_is_needed": _try_external_id,
        "chained_session_is_an_hour": _try_chained_session,
        "deleted_principal_becomes_an_id": _try_deleted_principal,
        "recreated_user_is_another": _try_recreated_user,
        "new_role_was_never_used": _try_new_role,
        "policy_is_returned_as_written": _try_as_written,
        "simulation_includes_the_boundary": _try_simulation,
        "details_are_complete": _try_details,
    }
)


def observe(lab: Lab, name: str) -> tuple[str, bool]:
    """Make the experiment of an assumption; return the observation, and whether it could be made."""
    try:
        return EXPERIMENTS[name](lab), True
    except AwsError as error:
        return f"not observed: {error}", False
