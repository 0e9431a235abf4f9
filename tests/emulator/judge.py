# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a judged principal may make a call: its identity policies, boundary, SCPs, session and its session policies.

Judged are users and roles that a seed says so of, what they create, what is created for the acceptance, and every
session that one of them opens. Everybody
else may make every call. This is a decision of its own, which the collection's evaluator is held against.

Resource policies give nothing here, but for the trust policy of a role of the caller's own account. What they and
trust policies refuse is asked elsewhere, see :mod:`emulator.trust` and :mod:`emulator.bucket_policies`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from datetime import timedelta

from moto.iam.models import IAMBackend, Role, User

from emulator import asks, errors, identity, trust
from emulator.clock import CLOCK
from emulator.extensions.conditions import is_known
from emulator.extensions.organizations_levels import list_levels
from emulator.extensions.sessions import existing_state, is_judged, role_of
from emulator.extensions.state import Session, state_of
from emulator.extensions.statements import Statement, parse_statements
from emulator.history import History, Holder
from emulator.identity import Caller
from emulator.policy_lag import Levels
from emulator.wire import Answer, Call

Context: t.TypeAlias = dict[str, list[str]]
Statements: t.TypeAlias = list[Statement]

_RCP: t.Final = "RESOURCE_CONTROL_POLICY"
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: no permission is needed, and a
# denial has no effect. The same holds for GetSessionToken:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_FREE: t.Final = ("GetCallerIdentity", "GetSessionToken")
_LONG_TERM_ONLY: t.Final = ("GetFederationToken", "GetSessionToken")
_VARIABLE: t.Final = re.compile(r"\$\{([^}$]+)\}")
_TYPES: t.Final = {"role": "AssumedRole", "federated": "FederatedUser", "root": "Account"}


#: Below this path of the acceptance everybody is judged.
PATH: t.Final = "/iam-hardening/acceptance/"


class UnknownOperatorError(NotImplementedError):
    """A policy has a condition that the judge does not understand."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """A judged caller: the session, if it is one, and the user or role whose permissions it has; of root neither."""

    backend: IAMBackend
    owner: User | Role | None
    session: Session | None


@dataclasses.dataclass(frozen=True)
class Layers:
    """The statements that a request is held against; None: there is none of the kind, so it limits nothing."""

    identity: Statements | None
    boundary: Statements | None = None
    session: Statements | None = None
    levels: t.Sequence[Statements] | None = None
    resource_control: Statements = dataclasses.field(default_factory=list)


def refusal(call: Call, caller: Caller, history: History, contrary: t.Collection[str] = frozenset()) -> Answer | None:
    """The error that a judged principal gets for this call, or None if it may make it, or is not judged.

    ``contrary`` are the assumptions that are false here, see :mod:`emulator.contrary`.
    """
    subject = find_subject(call, caller)
    if subject is None:
        return None
    if subject.owner is None and caller.kind != "root":
        # The role of this session was deleted.
        return errors.invalid_credentials(call)
    refused = _refuse_kind(call, caller, subject.session)
    if refused is not None or (call.service == "sts" and call.operation in _FREE):
        return refused
    if "sessions_of_an_inactive_key_go_on" in contrary and _is_of_inactive_key(subject):
        return errors.invalid_credentials(call)
    holder = history.holder_of(subject.backend, subject.owner) if subject.owner else None
    try:
        levels = holder.levels if holder else None
        if subject.owner is None:
            levels = history.levels_of(subject.backend)
        return _decide(call, caller, subject, holder, levels, contrary)
    except UnknownOperatorError as unknown:
        return errors.internal_failure(call, unknown)


def find_subject(call: Call, caller: Caller) -> Subject | None:
    """The caller as the judge sees it; None if it is not judged."""
    state = existing_state(caller.account_id, caller.partition)
    if state is None or not (state.judged or state.sessions):
        return None
    session = state.sessions.get(call.access_key_id)
    if not (is_judged(state, session) if session else caller.user_id in state.judged):
        return None
    backend = identity.existing_backend(caller.account_id, caller.partition)
    assert backend is not None
    owner_id = session.owner_id if session else caller.user_id
    users = (user for user in backend.users.values() if user.id == owner_id)
    return Subject(backend, backend.roles.get(owner_id) or next(users, None), session)


def note(call: Call, caller: Caller, answer: Answer) -> None:
    """Judge what a judged principal has just created, and what anybody creates below the path of the acceptance."""
    if answer.status != 200 or call.service != "iam" or call.operation not in ("CreateRole", "CreateUser"):
        return
    if call.parameters.get("Path") != PATH and find_subject(call, caller) is None:
        return
    backend = identity.existing_backend(caller.account_id, caller.partition)
    assert backend is not None
    made = (*backend.users.values(), *backend.roles.values())
    name = call.parameters.get("UserName") or call.parameters.get("RoleName")
    kind = User if call.operation == "CreateUser" else Role
    state_of(backend).judged.update(one.id for one in made if isinstance(one, kind) and one.name == name)


def _is_of_inactive_key(subject: Subject) -> bool:
    opened_with = subject.session.opened_with if subject.session else ""
    key = subject.backend.access_keys.get(opened_with)
    return key is not None and key.status != "Active"


def _refuse_kind(call: Call, caller: Caller, session: Session | None) -> Answer | None:
    """What sessions may never do, whatever policies allow.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    """
    if session is None:
        return None
    if call.service == "sts" and call.operation in _LONG_TERM_ONLY:
        return errors.access_denied(call, f"Cannot call {call.operation} with session credentials")
    if session.kind == "role":
        chosen = str(call.parameters.get("SourceIdentity") or "")
        if call.operation == "AssumeRole" and session.source_identity and chosen not in ("", session.source_identity):
            return _deny(call, caller, "sts:SetSourceIdentity", str(call.parameters.get("RoleArn")), "")
        return None
    if call.service == "iam" and (session.kind == "federated" or not session.mfa):
        return errors.invalid_credentials(call)
    allowed = ("AssumeRole", "GetCallerIdentity") if session.kind == "user" else ("GetCallerIdentity",)
    if call.service == "sts" and call.operation not in allowed:
        return _deny(call, caller, call.action, "*", "")
    return None


def _decide(
    call: Call,
    caller: Caller,
    subject: Subject,
    holder: Holder | None,
    levels: Levels,
    contrary: t.Collection[str],
) -> Answer | None:
    owner_arn = subject.owner.arn if subject.owner else caller.arn
    layers, context = _contradict(
        _layers(call, caller, subject, holder, levels, ignores_case="action_names_ignore_case" not in contrary),
        _context(call, caller, subject, holder),
        caller,
        contrary,
    )
    is_named = _is_named_by_trust(call, caller)
    for action, resource in asks.list_asks(call, caller, subject.backend, owner_arn):
        why = decide(action, resource, layers, context, is_named=is_named and caller.kind or "")
        if why is not None:
            return _deny(call, caller, action, resource, why)
    return None


def decide(action: str, resource: str, layers: Layers, context: Context, *, is_named: str = "") -> str | None:
    """Why a request is denied, as AWS's message ends; None if it is allowed.

    ``is_named`` is the kind of a caller that the resource's own policy names: it needs no further permission, and a
    boundary that does not allow the action limits a role only.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-eval-logic
    """

    def matching(statements: t.Iterable[Statement] | None) -> Statements:
        filled = (_fill(statement, context) for statement in statements or ())
        return [found for found in filled if found.covers(action, resource) and found.holds(context)]

    levels = [matching(level) for level in layers.levels or ()]
    kinds = {
        "a service control policy": [found for level in levels for found in level],
        "a resource control policy": matching(layers.resource_control),
        "an identity-based policy": matching(layers.identity),
        "a permissions boundary": matching(layers.boundary),
        "a session policy": matching(layers.session),
    }
    for kind, found in kinds.items():
        if any(not statement.allow for statement in found):
            return f"with an explicit deny in {kind}"
    lacking = {
        "service control policy": not all(levels),
        "identity-based policy": layers.identity is not None and not kinds["an identity-based policy"] and not is_named,
        "permissions boundary": layers.boundary is not None
        and not kinds["a permissions boundary"]
        and is_named != "user",
        "session policy": layers.session is not None and not kinds["a session policy"],
    }
    missing = next((kind for kind, lacks in lacking.items() if lacks), None)
    return f"because no {missing} allows the {action} action" if missing else None


def _layers(
    call: Call, caller: Caller, subject: Subject, holder: Holder | None, levels: Levels, *, ignores_case: bool = True
) -> Layers:
    session, is_root = subject.session, subject.owner is None
    if isinstance(subject.owner, Role) and subject.owner.path.startswith("/aws-service-role/"):
        levels = None
    policies: Statements | None = None
    if session is not None and (session.policies or session.kind == "federated"):
        policies = [found for text in session.policies for found in _parse("session", text)]
    return Layers(
        identity=None
        if is_root
        else [
            found
            for source, text in (holder.documents if holder else ())
            if ignores_case or '"IAM:' not in text
            for found in _parse(source, text)
        ],
        boundary=_parse(*holder.boundary) if holder and holder.boundary else None,
        session=policies,
        levels=None if levels is None else [[found for item in level for found in _parse(*item)] for level in levels],
        resource_control=_resource_control(call, caller),
    )


def _contradict(
    layers: Layers, context: Context, caller: Caller, contrary: t.Collection[str]
) -> tuple[Layers, Context]:
    """What an AWS decides on that is other than documented."""
    if "boundary_limits_a_user" in contrary:
        layers = dataclasses.replace(layers, boundary=None)
    operators = {
        **({"Bool": "BoolIfExists"} if "bool_ignores_an_absent_key" in contrary else {}),
        **({"BoolIfExists": "Bool"} if "bool_if_exists_includes_an_absent_key" in contrary else {}),
    }
    if operators and layers.identity is not None:
        swapped = [
            dataclasses.replace(
                found,
                conditions=tuple((operators.get(name, name), key, values) for name, key, values in found.conditions),
            )
            for found in layers.identity
        ]
        layers = dataclasses.replace(layers, identity=swapped)
    if "principal_arn_of_a_session_is_the_role" in contrary:
        context = {**context, "aws:principalarn": [caller.arn]}
    missing = {
        "token_issue_time_cuts_sessions": "aws:tokenissuetime",
        "resource_tag_limits_new_keys": "iam:resourcetag/",
    }
    without = tuple(key for name, key in missing.items() if name in contrary)
    return layers, {
        key: values for key, values in context.items() if not key.startswith(without)
    } if without else context


def _resource_control(call: Call, caller: Caller) -> Statements:
    """The RCPs above a role that is to be assumed; of other resources nobody asks here.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """
    arn = str(call.parameters.get("RoleArn") or "")
    if (call.service, call.operation) != ("sts", "AssumeRole") or arn.count(":") < 5:
        return []
    levels = list_levels(arn.split(":")[4], caller.partition, _RCP)
    return [found for level in levels or () for item in level for found in _parse(*item)]


def _parse(source: str, text: str) -> Statements:
    statements = parse_statements(source, text)
    unknown = {name for found in statements for name, _key, _values in found.conditions if not is_known(name)}
    if unknown:
        raise UnknownOperatorError(f"{source}: {', '.join(sorted(unknown))}")
    return statements


def _fill(statement: Statement, context: Context) -> Statement:
    """Replace the policy variables. A statement with one that the request lacks applies to nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    texts = (
        *statement.resources,
        *statement.not_resources,
        *(value for item in statement.conditions for value in item[2]),
    )
    if not any("${" in text for text in texts):
        return statement

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda found: _value(found[1], context), text)

    return dataclasses.replace(
        statement,
        resources=tuple(map(fill, statement.resources)),
        not_resources=tuple(map(fill, statement.not_resources)),
        conditions=tuple((name, key, tuple(map(fill, values))) for name, key, values in statement.conditions),
    )


def _value(variable: str, context: Context) -> str:
    if variable in ("*", "?", "$"):
        return {"*": "[*]", "?": "[?]", "$": "$"}[variable]
    key, _comma, default = variable.partition(",")
    found = context.get(key.strip().lower())
    # No value is like this one, so nothing matches.
    return found[0] if found else default.strip().strip("'") or "\0"


def _context(call: Call, caller: Caller, subject: Subject, holder: Holder | None) -> Context:
    """The condition keys of a request, in lower case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    session, now = subject.session, CLOCK.now()
    owner_id = session.owner_id if session else caller.user_id
    is_role = caller.kind == "role" and session is not None
    found: dict[str, str] = {
        "aws:currenttime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "aws:epochtime": str(int(now.timestamp())),
        "aws:principalaccount": caller.account_id,
        "aws:principalarn": caller.principal_arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": _TYPES.get(caller.kind, "User"),
        "aws:userid": f"{owner_id}:{session.name}" if is_role and session else caller.user_id,
    }
    organization = identity.organization_id(caller.account_id)
    if organization:
        found["aws:principalorgid"] = organization
    if caller.kind == "user":
        found["aws:username"] = caller.name
    if session is not None:
        found |= _of_session(session)
        if session.mfa:
            issued = session.issued.replace(tzinfo=now.tzinfo)
            found["aws:multifactorauthage"] = str(int((now - issued) / timedelta(seconds=1)))
    tags = dict(holder.tags) if holder and caller.kind != "federated" else {}
    tags |= dict(session.tags) if session else {}
    found |= {f"aws:principaltag/{key.lower()}": value for key, value in tags.items()}
    own = {key: [value] for key, value in found.items()}
    return {**asks.keys_of_target(call, subject.backend), **asks.keys_of_request(call), **own}


def _of_session(session: Session) -> dict[str, str]:
    """What only temporary credentials have in their context."""
    return {
        "aws:tokenissuetime": f"{session.issued:%Y-%m-%dT%H:%M:%SZ}",
        "aws:multifactorauthpresent": str(session.mfa).lower(),
        **({"aws:sourceidentity": session.source_identity} if session.source_identity else {}),
        **{key.lower(): value for key, value in session.keys.items()},
    }


def _is_named_by_trust(call: Call, caller: Caller) -> bool:
    """Whether a role of the caller's own account names the caller, who then needs no permission to assume it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
    """
    arn = str(call.parameters.get("RoleArn") or "")
    if (call.service, call.operation) != ("sts", "AssumeRole") or f":{caller.account_id}:" not in arn:
        return False
    backend = identity.existing_backend(caller.account_id, caller.partition)
    role = role_of(backend, arn) if backend else None
    return role is not None and trust.names(json.loads(role.assume_role_policy_document), caller)


def _deny(call: Call, caller: Caller, action: str, resource: str, why: str) -> Answer:
    message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {why}".strip()
    return errors.access_denied(call, message)
