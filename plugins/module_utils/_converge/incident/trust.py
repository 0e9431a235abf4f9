# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The trust policy of a role without a principal, and who can open new sessions of a role.

A principal is taken out of every statement that names it. If another entry still lets it in (its account, ``*``, or all
but some), or if it is one subject of a provider, a Deny statement is added: an explicit Deny overrides every Allow.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

The statements of others stay as they are. Policies have no conditions that the added statements need and a caller can
choose: AWS sets ``aws:PrincipalAccount`` and ``aws:PrincipalArn``, and the subject comes from the signed token.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

import dataclasses
import typing as t
import zlib
from collections.abc import Iterator, Mapping, Sequence

from ..._policy.analysis.trust_statements import ASSUMING
from ..._policy.documents.arn import arn_account, root_account
from ..._policy.documents.canonical import are_equivalent
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Policy, PolicyError
from ..._policy.evaluation.compiled import compile_policy
from ..arn import principal_of
from .declaration import Incident
from .trust_cut import EVERYBODY, TrustCut

Json = Mapping[str, t.Any]

_SID: t.Final = "IamHardeningIncident"
_ASSUME: t.Final = "sts:AssumeRole"
_WITH_SAML: t.Final = "sts:AssumeRoleWithSAML"
_WITH_WEB_IDENTITY: t.Final = "sts:AssumeRoleWithWebIdentity"
_AWS: t.Final = "AWS"
_FEDERATED: t.Final = "Federated"


@dataclasses.dataclass(frozen=True)
class Opener:
    """Somebody whom a trust policy lets in: the kind of the entry (``AWS``, ``Federated``, ``Service``) and its value.

    ``AWS`` with ``*`` is everybody, also if the policy excepts some.
    """

    kind: str
    value: str

    @property
    def is_saml(self) -> bool:
        """Whether it is a provider of SAML."""
        return self.kind == _FEDERATED and ":saml-provider/" in self.value

    @property
    def is_oidc(self) -> bool:
        """Whether it is a provider of OpenID Connect, Cognito among them."""
        return self.kind == _FEDERATED and not self.is_saml


@dataclasses.dataclass(frozen=True)
class TrustEdit:
    """What becomes of a trust policy. ``document`` is None if it stays. ``problem`` says why it can't be cut.

    ``removed`` are the entries that are taken out, and ``denied`` says whether a Deny statement is added or there.
    ``absent`` are principals that the policy does not let in.
    """

    document: t.Optional[Json] = None
    removed: tuple[str, ...] = ()
    denied: bool = False
    absent: tuple[str, ...] = ()
    problem: str = ""


def list_openers(trust: Policy) -> tuple[Opener, ...]:
    """List everybody whom the Allow statements of a trust policy let in, as it names them."""
    found: list[Opener] = []
    compiled = compile_policy(trust)
    for action in ASSUMING:
        for item in compiled.statements_for(action):
            if item.allow and item.statement.not_principals is not None:
                found.append(Opener(_AWS, EVERYBODY))
            for kind, value in (item.statement.principals or ()) if item.allow else ():
                found.append(Opener(_AWS if kind == "*" else kind, value))
    return tuple(dict.fromkeys(found))


def means(cut: TrustCut, opener: Opener) -> bool:
    """Whether an entry of a trust policy is one of the principal. An account means everybody in it."""
    if cut.is_provider:
        return opener.kind == _FEDERATED and opener.value == cut.principal
    if opener.kind != _AWS:
        return False
    if cut.account_id:
        return arn_account(opener.value) == cut.account_id
    return opener.value == cut.principal or _is_same(cut.principal, opener.value)


def _is_session(principal: str) -> bool:
    return ":assumed-role/" in principal or ":federated-user/" in principal


def _is_same(principal: str, value: str) -> bool:
    """Whether an entry is the same user or role, however it is written, or a session of the role."""
    return not _is_session(principal) and principal_of(value) in {principal_of(principal)} - {None}


def _includes(cut: TrustCut, opener: Opener) -> bool:
    """Whether an entry that does not name the principal lets it in all the same: everybody, its account, its role."""
    if opener.value == EVERYBODY:
        return cut.principal != EVERYBODY
    if cut.account_id or cut.is_provider or opener.kind != _AWS or opener.value == cut.principal:
        return False
    if root_account(opener.value) is not None:
        return root_account(opener.value) == arn_account(cut.principal)
    own = principal_of(cut.principal)
    return _is_session(cut.principal) and own is not None and principal_of(opener.value) == own


def cut_trust(document: Json, cuts: Sequence[TrustCut], incident_id: str) -> TrustEdit:
    """Take principals out of a trust policy. All of them, or none if one can't be."""
    edit, edited = TrustEdit(), document
    for cut in cuts:
        step = _cut_one(edited, cut, incident_id)
        if step.problem:
            return step
        edited = edited if step.document is None else step.document
        removed = dict.fromkeys((*edit.removed, *step.removed))
        edit = TrustEdit(None, tuple(removed), edit.denied or step.denied, (*edit.absent, *step.absent))
    return edit if _is_equivalent(edited, document) else dataclasses.replace(edit, document=edited)


def _cut_one(document: Json, cut: TrustCut, incident_id: str) -> TrustEdit:
    openers = _read_openers(document)
    if openers is None:
        return TrustEdit(problem="its trust policy can't be read")
    named = [one.value for one in openers if means(cut, one)]
    if not named and not any(_includes(cut, one) for one in openers):
        return TrustEdit(absent=(cut.label,))
    present = _list_statements(document)
    kept = present if cut.subject else [one for item in present for one in _without(item, cut)]
    rest = _read_openers({**document, "Statement": kept}) or ()
    if not cut.subject and not cut.leaves_nobody and all(means(cut, one) for one in rest):
        return TrustEdit(problem=_explain_nobody(cut))
    if cut.principal == EVERYBODY and any(means(cut, one) for one in rest):
        return TrustEdit(problem="it lets in all but some, so these can't be taken out; set cut: all_sessions")
    removed = () if cut.subject else tuple(named)
    if not cut.subject and rest and not any(_includes(cut, one) for one in rest):
        return TrustEdit({**document, "Statement": kept}, removed)
    # An entry of everybody, or of the account, still lets the principal in. And a policy needs a statement.
    denial = _make_deny(cut, incident_id)
    others = [one for one in kept if not isinstance(one, Mapping) or one.get("Sid") != denial["Sid"]]
    return TrustEdit({**document, "Statement": [*others, denial]}, removed, denied=True)


def list_cuts(incident: Incident, role: str) -> tuple[TrustCut, ...]:
    """List what an incident takes out of the trust policy of a role, however its ARN is written."""
    meant = principal_of(role)
    return tuple(seed.trust for seed in incident.roles if seed.trust and principal_of(seed.arn) == meant)


def restore(before: Json, after: Json, cuts: Sequence[TrustCut], incident_id: str) -> t.Optional[Json]:
    """The policy that a release writes in place of ``after``; None if this is not what a containment left.

    The journal may be forged, and somebody may have changed the policy between two passes. So ``after`` has to be what
    the declared cuts make of ``before``. What is not to be restored stays out.
    """
    made = cut_trust(before, cuts, incident_id)
    if made.document is None or not _is_equivalent(made.document, after):
        return None
    kept = cut_trust(before, [cut for cut in cuts if not cut.restore], incident_id)
    return before if kept.document is None else kept.document


def _explain_nobody(cut: TrustCut) -> str:
    return (
        f"nobody could assume it without {cut.principal}. If that is meant, set leaves_nobody: true, "
        "or cut: all_sessions"
    )


def _is_equivalent(one: Json, other: Json) -> bool:
    try:
        return are_equivalent(parse(one), parse(other))
    except PolicyError:
        return False


def _read_openers(document: Json) -> t.Optional[tuple[Opener, ...]]:
    """The openers of a document; those of none if it has no statement, and None if it can't be read."""
    if not _list_statements(document):
        return ()
    try:
        return list_openers(parse(document))
    except PolicyError:
        return None


def _list_statements(document: Json) -> list[t.Any]:
    statements = document.get("Statement")
    return list(statements) if isinstance(statements, list) else [statements] if statements else []


def _without(statement: t.Any, cut: TrustCut) -> Iterator[t.Any]:
    """The statement without the principal; nothing if it names nobody else. Deny statements stay."""
    if not isinstance(statement, Mapping) or statement.get("Effect") != "Allow" or "Principal" not in statement:
        yield statement
        return
    principal = statement["Principal"]
    if isinstance(principal, str):
        if not means(cut, Opener(_AWS, principal)):
            yield statement
        return
    kept = {kind: _drop(kind, values, cut) for kind, values in principal.items()}
    kept = {kind: values for kind, values in kept.items() if values not in ([], None)}
    if kept == dict(principal):
        yield statement
    elif kept:
        yield {**statement, "Principal": kept}


def _drop(kind: str, values: t.Any, cut: TrustCut) -> t.Any:
    """The values of one kind without the principal, in the form in which they are; None if none is left."""
    if isinstance(values, list):
        return [value for value in values if not means(cut, Opener(kind, str(value)))]
    return None if means(cut, Opener(kind, str(values))) else values


def _make_deny(cut: TrustCut, incident_id: str) -> dict[str, t.Any]:
    """Make the statement that denies the principal. Ids of statements have letters and digits only."""
    incident = "".join(character for character in incident_id if character.isalnum())
    base = {"Sid": f"{_SID}{incident}{zlib.crc32(cut.label.encode()):08x}", "Effect": "Deny"}
    if cut.is_provider:
        action = _WITH_SAML if cut.is_saml else _WITH_WEB_IDENTITY
        condition = {"Condition": {"StringLike": {f"{cut.host}:sub": [cut.subject]}}} if cut.subject else {}
        return {**base, "Principal": {_FEDERATED: cut.principal}, "Action": action, **condition}
    everybody = {**base, "Principal": {_AWS: EVERYBODY}, "Action": _ASSUME}
    if cut.account_id:
        return {**everybody, "Condition": {"StringEquals": {"aws:PrincipalAccount": cut.account_id}}}
    if ":iam::" in cut.principal:
        return {**everybody, "Condition": {"ArnLike": {"aws:PrincipalArn": _list_forms(cut.principal)}}}
    return {**everybody, "Principal": {_AWS: cut.principal}}


def _list_forms(principal: str) -> list[str]:
    """The ARN of a user or role without its path, and with any: a name is unique in its account whatever the path."""
    head, *_path, name = principal.split("/")
    return [f"{head}/{name}", f"{head}/*/{name}"]
