# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The gates of the stages: each says why a role may not go on, or nothing. Pure.

A gate passes only on what this run read by itself. What is not known does not pass.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._prediction.denials.verdict import DELIVERY
from .declared import Declared
from .lifting import MOST_AGE
from .model import DeniedBy, Namer, NewDenial, UnreadNamers, Way
from .past import SKEW, Doubt
from .records import Kind
from .situation import LiveRole, Situation, measure

PROVED: t.Final = "proved"
UNPROVEN: t.Final = "unproven"
# So many are named in a sentence.
_NAMED: t.Final = 3


class Objection(t.NamedTuple):
    """Why a stage is refused: the rule, and a sentence for people."""

    rule: str
    reason: str


Gate = t.Optional[Objection]


def join_some(texts: Iterable[str]) -> str:
    """Join the first of some texts, and say how many more there are."""
    found = list(dict.fromkeys(texts))
    rest = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def describe_doubts(doubts: Iterable[Doubt]) -> str:
    """Describe the records that are not believed, by the names of their files; empty if there is none."""
    return join_some(f"{one.key.rpartition('/')[2]}: {one.reason}" for one in doubts)


# The live role


def check_new_role(situation: Situation, live: LiveRole) -> Gate:
    """Refuse if the new role of the records is gone, or another one has its name."""
    expected = situation.past.parallel_id
    if not expected:
        return None
    found = live.new_role
    if found is None:
        return Objection("new_role_missing", f"{situation.past.parallel_arn} was prepared, and is gone")
    if not found.is_ours or found.id != expected:
        reason = (
            f"{found.arn} is not the role that was prepared: its id is {found.id}, and that of the record {expected}; "
            "find out who made it, delete it, and revert"
        )
        return Objection("slot_filled", reason)
    return None


def check_trust(live: LiveRole) -> Gate:
    """Refuse to rely on a new role that lets in others than the campaign let in: somebody changed its trust policy."""
    new = live.new_role
    if new is None or new.is_closed or new.others == ():
        return None
    if new.others is None:
        reason = f"it is not known whom {new.arn} may let in: the journal has no trust policy of the role beside it"
        return Objection("trust_changed", reason)
    reason = (
        f"{new.arn} lets in {join_some(new.others)}, and the old role does not; undo that, repeat the stage that opened"
        " the new role, or revert"
    )
    return Objection("trust_changed", reason)


def check_slots(situation: Situation, live: LiveRole) -> Gate:
    """Refuse if somebody filled a place that the campaign needs."""
    if situation.way is Way.PARALLEL and live.new_role is not None and not live.new_role.is_ours:
        reason = (
            f"the name of the new role is taken: the campaign did not make {live.new_role.arn}; delete that role if "
            "nobody needs it, or choose the way in_place"
        )
        return Objection("slot_filled", reason)
    # A run that was interrupted, or a revert, leaves it closed. Another may be open to whom its maker likes.
    is_adopted = situation.way is Way.PARALLEL and not situation.past.parallel_id
    if is_adopted and live.new_role is not None and not live.new_role.is_closed:
        reason = f"{live.new_role.arn} is there and not closed, so no run left it like that; find out who opened it"
        return Objection("slot_filled", f"{reason}, and delete it if nobody needs it")
    if live.obstacles:
        return Objection("slot_filled", join_some(live.obstacles))
    return None


def check_boundary(live: LiveRole) -> Gate:
    """Refuse a trial if the role has a boundary already."""
    if live.boundary and not live.has_trial:
        reason = f"the role has the permissions boundary {live.boundary}, and a trial needs its place"
        reason += "; choose the way parallel"
        return Objection("slot_filled", reason)
    return None


def check_trial_age(declared: Declared, live: LiveRole, now: datetime) -> Gate:
    """Refuse a trial that would be lifted before its soak is over, since its policy was made too long ago."""
    if live.made_at is None or live.made_at + MOST_AGE > now + timedelta(days=declared.canary_days):
        return None
    made = format_utc(live.made_at)
    return Objection("trial_too_old", f"the trial policy was made on {made}, too long ago; revert, and begin again")


def check_in_force(live: LiveRole) -> Gate:
    """Refuse if the documents of the campaign are not what the live role has."""
    if live.has_documents:
        return None
    state = "are not in force" if live.has_documents is False else "could not be compared with the live role"
    return Objection("not_in_force", f"the generated documents {state}; repeat the last stage, or revert")


# The documents


def check_proof(declared: Declared, situation: Situation, live: LiveRole) -> Gate:
    """Refuse documents that this run did not prove again, or that were generated for other layers."""
    found, past = situation.proposal, situation.past
    if found is None:
        return Objection("no_documents", "the documents were not proved in this run")
    if found.failure:
        return Objection("no_documents", found.failure)
    if found.content_sha256 != past.content_sha256:
        return Objection("no_documents", "the documents are not those that were generated; generate again")
    if not live.layers_sha256 or {live.layers_sha256, found.layers_sha256} != {past.layers_sha256}:
        reason = (
            "the organization policies or the boundary of the role changed since the documents were generated, or they "
            "could not be read; run least_privilege_stage=generate again"
        )
        return Objection("layers_changed", reason)
    return check_outcome(declared, situation)


def check_outcome(declared: Declared, situation: Situation) -> Gate:
    """Refuse documents that are not proved, or that may break something, unless that is accepted for the role."""
    found = situation.proposal
    if found is None or found.outcome not in (PROVED, UNPROVEN):
        return Objection("no_documents", found.reason if found and found.reason else "there are no documents")
    role = situation.role_arn
    if found.outcome == UNPROVEN and not declared.accepts(declared.accept_unproven, role):
        reason = f"the documents are not proved ({found.reason}); accept that in least_privilege_accept_unproven"
        return Objection("unproven", reason)
    if found.breakage and not declared.accepts(declared.accept_breakage, role):
        return Objection("may_break", f"{found.breakage}; accept that in least_privilege_accept_breakage")
    return None


# Who uses and names the role


def check_machines(declared: Declared, situation: Situation) -> Gate:
    """Refuse a trial, which denies for real, of a role that machines use or may use."""
    found = situation.surroundings
    if found is None:
        return Objection("machines", "it was not read who uses the role")
    if declared.accepts(declared.accept_machines, situation.role_arn):
        return None
    machines = join_some(consumer.resource for consumer in found.consumers if consumer.is_machine)
    accept = "accept that in least_privilege_accept_machines"
    if machines:
        return Objection("machines", f"machines use the role ({machines}), and a trial denies for real; {accept}")
    if found.failures:
        reason = f"it is not known whether machines use the role ({join_some(found.failures)}); {accept}"
        return Objection("machines", reason)
    return None


def check_moved(declared: Declared, situation: Situation) -> Gate:
    """Refuse to close an old role that a machine still has."""
    found = situation.surroundings
    if found is None:
        return Objection("machines", "it was not read who uses the role")
    if declared.accepts(declared.accept_machines, situation.role_arn):
        return None
    left = join_some(one.resource for one in found.consumers if one.is_machine and one.has_moved is False)
    if left:
        reason = (
            f"machines still have the old role ({left}); move them, or accept that in least_privilege_accept_machines"
        )
        return Objection("machines", reason)
    return None


def accept_namer(declared: Declared, situation: Situation, namer: Namer) -> t.Optional[str]:
    """Find the reason why a namer is accepted. An account id accepts only namers in another account."""
    own = situation.role_arn.split(":")[4]
    account = "" if namer.account_id == own else namer.account_id
    return declared.accepts_namer(situation.role_arn, namer.resource, account)


def accept_unread(declared: Declared, situation: Situation, unread: UnreadNamers) -> t.Optional[str]:
    """Find the reason why a place that could not be read is accepted; without an account it is in that of the role."""
    own = situation.role_arn.split(":")[4]
    return declared.accepts_namer(situation.role_arn, "", unread.account_id or own)


def find_old_only(declared: Declared, situation: Situation) -> tuple[Namer, ...]:
    """Find the policies, grants and entries that name the old role only, and are not accepted."""
    if situation.surroundings is None or situation.way is not Way.PARALLEL:
        return ()
    namers = situation.surroundings.namers
    return tuple(one for one in namers if not one.names_new and accept_namer(declared, situation, one) is None)


def check_namers(declared: Declared, situation: Situation) -> Gate:
    """Refuse to move users to a new role that a policy, grant or entry does not name yet."""
    if situation.surroundings is None:
        return Objection("namers", "it was not read who names the role")
    found = join_some(f"{one.kind} of {one.resource}" for one in find_old_only(declared, situation))
    if found:
        reason = (
            f"only the old role is named in {found}; add the new one, or accept that in least_privilege_accept_namers"
        )
        return Objection("namers", reason)
    return None


def check_unread_namers(declared: Declared, situation: Situation) -> Gate:
    """Refuse to retire a role that may be named in a place that could not be read."""
    if situation.surroundings is None:
        return Objection("namers", "it was not read who names the role")
    blocking = [
        one.reason
        for one in situation.surroundings.unread_namers
        if one.blocks and accept_unread(declared, situation, one) is None
    ]
    if blocking:
        reason = f"{join_some(blocking)}; accept that by account id in least_privilege_accept_namers"
        return Objection("namers_unread", reason)
    return None


# Denials


def find_unexplained(declared: Declared, situation: Situation) -> tuple[NewDenial, ...]:
    """Find the new denials that the campaign may have caused, and that are not accepted.

    An organization policy is not ours. Nobody but a person decides about denials of what was never used: an intruder
    makes them as well as a yearly job.
    """
    denials = situation.watched.new if situation.watched else ()
    own = (denial for denial in denials if _may_be_ours(denial, situation))
    return tuple(denial for denial in own if accept_denial(declared, situation, denial) is None)


def _may_be_ours(denial: NewDenial, situation: Situation) -> bool:
    own = {DeniedBy.OURS, DeniedBy.UNKNOWN}
    if situation.way is Way.IN_PLACE:
        # The trial is a boundary.
        own.add(DeniedBy.BOUNDARY)
    if situation.way is Way.PARALLEL:
        # The new role may have a boundary by the campaign, and a policy of a resource may name the old role only.
        own |= {DeniedBy.BOUNDARY, DeniedBy.RESOURCE}
    return denial.by in own


def accept_denial(declared: Declared, situation: Situation, denial: NewDenial) -> t.Optional[str]:
    """Find the reason why a denial is accepted, by the name of the old role or of the new one."""
    names = (situation.role_arn, denial.principal_arn)
    return next((reason for name in names if (reason := declared.accepts_denial(name, denial.action))), None)


def check_denials(
    declared: Declared, situation: Situation, since: datetime, until: datetime, *, used_only: bool = False
) -> Gate:
    """Refuse if the denials of a time are not known, or one of them is new and unexplained.

    With ``used_only`` those of what the role never used do not count.
    """
    watched = situation.watched
    if watched is None:
        return Objection("no_evidence", "its denials were not read")
    if watched.failure:
        return Objection("no_evidence", f"nobody knows its denials: {watched.failure}")
    if watched.since > since + SKEW or watched.until < until:
        reason = f"its denials were read only from {format_utc(watched.since)} to {format_utc(watched.until)}"
        return Objection("no_evidence", reason)
    found = find_unexplained(declared, situation)
    denied = join_some(denial.action for denial in found if denial.used_before or not used_only)
    if denied:
        reason = (
            f"there are new denials of {denied}; extend the policies by the proposal and generate again, or accept "
            "them in least_privilege_accept_denials"
        )
        return Objection("new_denial", reason)
    return None


# Soaks


def check_soak(declared: Declared, situation: Situation, kind: Kind, days: int, now: datetime) -> Gate:
    """Refuse if the soak after an event is not over, or has a denial that must not be.

    A user of a canary who tries what nobody used must not hold all other roles. At the end of the watch each role is
    judged by itself, and there such denials count.
    """
    used_only = kind is Kind.OPENED
    since = situation.find_start(kind)
    if since is None:
        return Objection("soak_not_over", "AWS's dates of what the campaign made are not known, so no soak is counted")
    soak = measure(since, days, now, delivery=DELIVERY)
    read = min(soak.ends, now - DELIVERY)
    known = check_denials(declared, situation, since, read, used_only=used_only) if situation.watched else None
    if known is not None and known.rule == "new_denial":
        return known
    if not soak.is_over:
        return Objection("soak_not_over", f"it has still to be watched for {describe_days(soak.days_left)}")
    objection = check_denials(declared, situation, since, soak.ends, used_only=used_only)
    return objection or (_check_used(declared, situation) if kind is Kind.OPENED else None)


def _check_used(declared: Declared, situation: Situation) -> Gate:
    """Refuse a canary without a call that AWS allowed since its stage began: it tested nothing."""
    watched = situation.watched
    if watched is None or watched.calls > watched.denied:
        return None
    if declared.accepts(declared.accept_unused, situation.role_arn):
        return None
    found = "no call of it was recorded" if not watched.calls else "only denied calls of it were recorded"
    reason = (
        f"{found} since {format_utc(watched.since)}, so nothing was tested; wait until it is used, choose another "
        "canary, or accept that in least_privilege_accept_unused"
    )
    return Objection("no_evidence", reason)


def describe_days(days: float) -> str:
    """Describe a number of days; less than one is hours."""
    if days >= 1:
        return f"{days:.0f} day{'' if round(days) == 1 else 's'}"
    hours = max(1, round(days * 24))
    return f"{hours} hour{'' if hours == 1 else 's'}"


def check_canaries(declared: Declared, situations: Sequence[Situation], now: datetime) -> Gate:
    """Refuse a cut-over until every canary of the campaign has passed."""
    canaries = [situation for situation in situations if situation.is_canary]
    if not canaries:
        return Objection("no_canary", "the campaign has no canary: set canary: true in a target that selects a role")
    failures = list(_list_failures(declared, canaries, now))
    if not failures:
        return None
    # A soak that is under way is no failure of its own.
    worst = next((item for item in failures if item[1].rule != "soak_not_over"), failures[0])
    name, objection = worst
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    rule = objection.rule if objection.rule == "soak_not_over" else "canary_failed"
    return Objection(rule, f"not every canary has passed: {name}: {objection.reason}{more}")


def _list_failures(declared: Declared, canaries: Iterable[Situation], now: datetime) -> Iterator[tuple[str, Objection]]:
    for situation in canaries:
        objection = _check_canary(declared, situation, now)
        if objection is not None:
            yield situation.name, objection


def _check_canary(declared: Declared, situation: Situation, now: datetime) -> Gate:
    past, live = situation.past, situation.live
    if live is None:
        return Objection("role_missing", "it does not exist any more")
    if past.doubts or past.is_recreated:
        return Objection("forged_record", "its records contradict each other")
    if Kind.OPENED not in past.since:
        state = "its trial was lifted" if past.is_lifted else "its stage canary is missing"
        return Objection("stage_missing", state)
    objection = check_new_role(situation, live) or check_trust(live)
    if objection is None and live.has_other_trial:
        reason = "its trial policy was changed by somebody else; repeat its stage canary, which begins again"
        objection = Objection("not_in_force", reason)
    if objection is None and not live.has_trial:
        is_trial = past.trial is not None and not live.has_documents
        objection = Objection("not_in_force", "its trial boundary was removed") if is_trial else check_in_force(live)
    return objection or check_soak(declared, situation, Kind.OPENED, declared.canary_days, now)


# The old role


def find_last_use(situation: Situation) -> t.Optional[datetime]:
    """Find when the old role was used the last time, by the evidence and by AWS's own date; None if never."""
    watched, live = situation.watched, situation.live
    moments = (watched.old_role_last if watched else None, live.last_used if live else None)
    return max((moment for moment in moments if moment is not None), default=None)


def check_unused(declared: Declared, situation: Situation, now: datetime) -> Gate:
    """Refuse to close an old role that was used within the declared days, or of which nobody knows."""
    watched = situation.watched
    if watched is None or watched.failure:
        why = watched.failure if watched else "its use was not read"
        return Objection("no_evidence", f"nobody knows whether the old role is used: {why}")
    last = find_last_use(situation)
    limit = now - timedelta(days=declared.unused_days)
    needed = f"{declared.unused_days} days without use are needed"
    if last is not None and last > limit:
        users = join_some(watched.old_role_users) or "nobody known"
        return Objection("old_role_used", f"the old role was used on {format_utc(last)} (by {users}); {needed}")
    if watched.since > limit:
        reason = (
            f"its use is known since {format_utc(watched.since)}; {declared.unused_days} days without use are needed"
        )
        return Objection("old_role_used", reason)
    return None
