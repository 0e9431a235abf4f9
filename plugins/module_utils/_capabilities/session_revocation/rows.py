# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What people are shown of a pass: each role with who else uses it, and what lives on until when."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from ..._account.model import Role
from ..._account.moments import format_utc
from ..._converge.arn import principal_of
from ..._converge.incident.trust import means
from ..._policy.analysis.trust_statements import ASSUMING
from ..._policy.documents.policy import Policy
from ..._policy.evaluation.compiled import compile_policy
from .cut import Sid
from .outcome import Outcome, read_openers
from .plan import Observed, Verdict, describe_moment, find_role
from .signin import choose

Row = dict[str, t.Any]

# Their sessions have a key of the request that exempts them.
_EXEMPT_SERVICES: t.Final = ("ec2.amazonaws.com", "lambda.amazonaws.com")
# A session of a role that a session assumed.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
_CHAINED: t.Final = timedelta(hours=1)
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_LONGEST: t.Final = timedelta(hours=12)
# https://docs.aws.amazon.com/signin/latest/APIReference/API_BatchRevokeSessions.html
_SIGN_IN: t.Final = timedelta(minutes=15)


def list_roles(
    observed: Observed,
    verdicts: Collection[Verdict],
    trusts: Mapping[str, t.Optional[Policy]],
    outcome: Outcome,
) -> Iterator[Row]:
    """List the targets. ``trusts`` are the trust policies by ARN."""
    for verdict in verdicts:
        target, reached = verdict.target, verdict.target.reached
        role = find_role(observed.snapshot, target.arn)
        cut = target.cut
        yield {
            "role": target.arn,
            "unique_id": verdict.live.role_id if verdict.live else None,
            "chain": list(reached.chain) if reached else [],
            "certain": reached.certain if reached else True,
            "why": list(reached.why) if reached else [_explain(observed, target.arn)],
            "statements": [sid.value for sid in cut.sids],
            "because": target.because,
            "trust": list(_list_trust_cuts(observed, verdict, outcome)),
            "issued_before": describe_moment(verdict.moment),
            "state": _describe_state(verdict, outcome.undenied),
            "left_out": list(verdict.left_out),
            "last_used": format_utc(role.last_used) if role and role.last_used else None,
            "used_by": list(list_users(role, trusts.get(target.arn), cut.sids)) if role else [],
        }


def _explain(observed: Observed, arn: str) -> str:
    return next((source.how for source in observed.sources if source.arn == arn), "named")


def _describe_state(verdict: Verdict, undenied: Collection[str]) -> str:
    if verdict.is_gone:
        return "gone"
    if verdict.target.arn in undenied:
        return "not_denied"
    return "cut" if verdict.changes else "denied_already"


def _list_trust_cuts(observed: Observed, verdict: Verdict, outcome: Outcome) -> Iterator[Row]:
    """List what is taken out of a trust policy, with those whom it still lets in, and other roles that it is in."""
    edit, arn = verdict.edit, verdict.target.arn
    openers = read_openers(verdict.trust) or ()
    for cut in verdict.target.trust_cuts if edit else ():
        state = "not_cut" if arn in outcome.trusting else "cut" if verdict.trust_change else "cut_already"
        yield {
            "principal": cut.principal,
            "subject": cut.subject,
            "state": "absent" if (arn, cut.label) in outcome.absent and state != "not_cut" else state,
            "still_lets_in": [one.value for one in openers if not means(cut, one)],
            "trusted_by": [
                role.arn
                for role in observed.snapshot.roles
                if role.arn != arn and any(means(cut, one) for one in read_openers(role.trust.document) or ())
            ],
        }


def list_users(role: Role, trust: t.Optional[Policy], sids: Collection[Sid]) -> Iterator[Row]:
    """List who else uses a role, and whether their sessions go on."""
    whole = Sid.OLDER in sids or Sid.ALL in sids
    only_named = not whole and Sid.NOBODY_KNOWN not in sids
    cut_kinds = {Sid.PROVIDERS: "oidc-provider", Sid.SAML: "saml-provider"}
    is_cut = tuple(f":{kind}/" for sid, kind in cut_kinds.items() if sid in sids)
    for profile in role.instance_profiles:
        yield {"kind": "instance_profile", "principal": profile, "goes_on": not whole}
    for kind, value in dict.fromkeys(_list_principals(trust)):
        is_exempt = kind == "Federated" or (kind == "Service" and value.startswith(_EXEMPT_SERVICES))
        yield {
            "kind": _KINDS.get(kind, "principal"),
            "principal": value,
            "goes_on": (only_named or (is_exempt and not whole)) and not any(kind in value for kind in is_cut),
        }


_KINDS: t.Final = {"Service": "service", "Federated": "identity_provider"}


def _list_principals(trust: t.Optional[Policy]) -> Iterator[tuple[str, str]]:
    """List the principals that the Allow statements of a trust policy name."""
    compiled = compile_policy(trust) if trust else None
    for action in ASSUMING if compiled else ():
        for item in compiled.statements_for(action) if compiled else ():
            yield from (item.statement.principals or ()) if item.allow else ()


def list_lives(
    observed: Observed, verdicts: Collection[Verdict], outcome: Outcome, owners: Collection[str], now: datetime
) -> Iterator[Row]:
    """List what lives on, and until when at most. What is ``denied`` exists until then, and can do nothing."""
    for verdict in verdicts:
        if verdict.live is None:
            continue
        reached = verdict.target.reached
        longest = timedelta(seconds=verdict.live.longest)
        if reached and reached.is_chained:
            longest = min(longest, _CHAINED)
        denied = verdict.target.arn not in outcome.undenied
        until = (verdict.moment if denied and verdict.moment else now) + longest
        yield _make_row("sessions of the role", verdict.target.arn, until, denied=denied)
    for arn, refusal in observed.chosen.not_cut.items():
        yield _make_row(f"sessions of the role: {refusal.reason}", arn, now + _LONGEST, denied=False)
    for arn in sorted(outcome.open | outcome.trusting):
        yield _make_row("new sessions of the role, which its source can open", arn, None, denied=False)
    yield from _list_signin(observed, verdicts, outcome, owners, now)


def _list_signin(
    observed: Observed, verdicts: Collection[Verdict], outcome: Outcome, owners: Collection[str], now: datetime
) -> Iterator[Row]:
    """List the sessions of ``aws login``, and the last credentials of those that are revoked.

    A session that is not revoked gets new credentials, which began after the moment of a cut.
    """
    targets = {principal_of(verdict.target.arn): verdict for verdict in verdicts}
    revoked = [one for one in observed.signin if not choose([one], outcome.unrevoked)]
    of_targets = (verdict.target.arn for verdict in verdicts if choose(revoked, [verdict.target.arn]))
    for arn in dict.fromkeys([*owners, *of_targets]):
        verdict = targets.get(principal_of(arn))
        denied = arn not in outcome.unrevoked and (":user/" in arn or _denies_signin(verdict, outcome))
        yield _make_row("credentials of sign-in sessions (aws login)", arn, now + _SIGN_IN, denied=denied)
    for session in (*observed.signin_left, *(one for one in observed.signin if one not in revoked)):
        verdict = targets.get(session.principal)
        denied = verdict is not None and verdict.target.cut.all and verdict.target.arn not in outcome.undenied
        what = f"sign-in session {session.arn.rpartition('/')[2]} (aws login), which gets new credentials"
        yield _make_row(what, session.principal_arn, session.expires, denied=denied)


def _denies_signin(verdict: t.Optional[Verdict], outcome: Outcome) -> bool:
    """Whether the policy of a role denies the last credentials of its sign-in sessions."""
    if verdict is None or verdict.target.arn in outcome.undenied:
        return False
    return bool({Sid.ALL, Sid.SIGNIN}.intersection(verdict.target.cut.sids))


def _make_row(what: str, principal: str, until: t.Optional[datetime], *, denied: bool) -> Row:
    return {"what": what, "principal": principal, "until": describe_moment(until), "denied": denied}
