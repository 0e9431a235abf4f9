# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWS that is other than the collection assumes: which assumptions are false, by the names of docs/acceptance.md.

Some are false where calls are decided on (see :mod:`emulator.judge`, :mod:`emulator.identity`); here are those that
show in an answer.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t

from emulator import errors, identity
from emulator.identity import Caller
from emulator.wire import Answer, Call

# The operation that shows an assumption, and the error that it is about.
_ERRORS: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "third_key_is_refused": ("CreateAccessKey", "LimitExceeded"),
    "user_with_key_is_kept": ("DeleteUser", "DeleteConflict"),
    "attached_policy_is_kept": ("DeletePolicy", "DeleteConflict"),
    "boundary_policy_is_kept": ("DeletePolicy", "DeleteConflict"),
    "sixth_version_is_refused": ("CreatePolicyVersion", "LimitExceeded"),
    "existing_entity_is_refused": ("CreateUser", "EntityAlreadyExists"),
    "absent_attachment_is_refused": ("DetachUserPolicy", "NoSuchEntity"),
    "chained_session_is_an_hour": ("AssumeRole", "ValidationError"),
}
# The operation that shows an assumption, what its answer has, and what it has here.
_TEXTS: t.Final[t.Mapping[str, tuple[str, bytes, bytes]]] = {
    "boundary_holders_are_listed": ("ListEntitiesForPolicy", rb"<PolicyUsers>.*</PolicyUsers>", b"<PolicyUsers/>"),
    "denial_names_the_boundary": (
        "GetAccountSummary",
        rb"because no permissions boundary allows",
        b"since it may not do",
    ),
    "deleted_principal_becomes_an_id": ("GetRole", rb"(?<=%22AWS%22%3A%20%22)AIDA\w+", b"a-name"),
    "recreated_user_is_another": ("CreateUser", rb"(?<=<UserId>)\w+", b"AIDAALWAYSTHESAMEUSER"),
    "new_role_was_never_used": (
        "GetRole",
        rb"</Arn>",
        b"</Arn><RoleLastUsed><LastUsedDate>2026-01-01T00:00:00Z</LastUsedDate></RoleLastUsed>",
    ),
    "policy_is_returned_as_written": ("GetPolicyVersion", rb"GetObject", b"getobject"),
    "simulation_includes_the_boundary": ("SimulatePrincipalPolicy", rb"implicitDeny", b"allowed"),
    "details_are_complete": (
        "GetAccountAuthorizationDetails",
        rb"<PermissionsBoundary>.*?</PermissionsBoundary>",
        b"",
    ),
    "password_policy_update_resets": (
        "GetAccountPasswordPolicy",
        rb"<AllowUsersToChangePassword>false",
        b"<AllowUsersToChangePassword>true",
    ),
}
# Those that are false where a call is decided on.
_ELSEWHERE: t.Final = frozenset(
    {
        "action_names_ignore_case",
        "bool_if_exists_includes_an_absent_key",
        "bool_ignores_an_absent_key",
        "conditional_writes_are_kept",
        "boundary_limits_a_user",
        "denial_stays",
        "external_id_is_needed",
        "inactive_key_is_refused",
        "principal_arn_of_a_session_is_the_role",
        "reactivated_key_works",
        "resource_tag_limits_new_keys",
        "sessions_of_an_inactive_key_go_on",
        "token_issue_time_cuts_sessions",
    }
)
KNOWN: t.Final = frozenset(_ERRORS) | frozenset(_TEXTS) | _ELSEWHERE
# Of so many denials one is none, where denials do not stay.
_OF_DENIALS: t.Final = 2
_denials = itertools.count(1)


def withdraw(refusal: Answer | None, contrary: t.Collection[str]) -> Answer | None:
    """Withdraw some refusals where a denial does not stay."""
    is_deny = refusal is not None and b"with an explicit deny in an identity-based policy" in refusal.body
    if "denial_stays" in contrary and is_deny and next(_denials) % _OF_DENIALS == 0:
        return None
    return refusal


def contradict(answer: Answer, call: Call, caller: Caller, contrary: t.Collection[str]) -> Answer:
    """Change an answer to that of an AWS that is other than documented."""
    code = errors.code_of(answer)
    if code and any(_ERRORS.get(name) == (call.operation, code) for name in contrary):
        return errors.error(call, "InvalidInput", "this AWS is other than documented")
    for operation, pattern, text in (_TEXTS[name] for name in contrary if name in _TEXTS):
        if operation == call.operation:
            answer = _replace(answer, re.sub(pattern, text, answer.body, flags=re.DOTALL))
    if "reactivated_key_works" in contrary and call.operation == "UpdateAccessKey":
        _deactivate(call, caller)
    return answer


def drop_conditions(environ: t.MutableMapping[str, t.Any], contrary: t.Collection[str]) -> None:
    """Drop the conditions of a write from its headers, where S3 does not keep them."""
    if "conditional_writes_are_kept" in contrary:
        environ.pop("HTTP_IF_MATCH", None)
        environ.pop("HTTP_IF_NONE_MATCH", None)


def _replace(answer: Answer, body: bytes) -> Answer:
    """The answer with another body, of whose length a header tells."""
    headers = [(name, value) for name, value in answer.headers if name.lower() != "content-length"]
    return dataclasses.replace(answer, body=body, headers=[*headers, ("Content-Length", str(len(body)))])


def _deactivate(call: Call, caller: Caller) -> None:
    backend = identity.existing_backend(caller.account_id, caller.partition)
    key = backend.access_keys.get(str(call.parameters.get("AccessKeyId"))) if backend else None
    if key:
        key.status = "Inactive"
