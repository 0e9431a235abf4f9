# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""New policies for a principal: what its calls needed, what cannot be known, and nothing that it did not have.

The result depends on the facts alone: the same bytes come out, in whatever order the uses come in.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ..documents.canonical import minify
from ..documents.policy import Condition
from ..evaluation import catalogue
from ..evaluation.narrowing import condition_keys
from ..trail.coverage import Coverage, Record
from .ceiling import Ceiling, OldStatement
from .companions import Companion, find_companions, find_console_reads, list_patterns
from .generalise import UNSHOWN, Generalised, generalise, merge_generalised, regions_of
from .grants import Grant, Origin, Scope, add_conditions
from .lists import (
    Candidate,
    Kept,
    Removed,
    Totals,
    Ungranted,
    Unknown,
    count_totals,
    find_candidates,
    list_kept,
    list_removed,
    list_unknown,
)
from .needs import MEANING_KEYS, PASS_ROLE, Need, collect_needs, complete_record, exclude_named
from .pack import Document, Misfit, pack
from .principal import Principal
from .profiles import grant_declared, grant_profile
from .settings import Profile, Settings
from .shape import Shaped, list_wildcards_in, shape
from .unknowns import Judgement, Unused, Verdict
from .whole_services import keep_whole_services
from .window import Refusal, count_days, list_warnings, refuse

# So many actions are named in a warning.
_NAMED: t.Final = 5
_LEFT_OUT: t.Final = "the documents do not grant it, although it was called"
_CALLED_ELSEWHERE: t.Final = "its recorded calls were about resources that no policy of the principal grants it on"
# Their calls have one Region whatever the caller's.
_GLOBAL: t.Final = frozenset(
    {"account", "cloudfront", "globalaccelerator", "iam", "networkmanager", "organizations", "route53", "shield", "sts"}
)


class Status(enum.StrEnum):
    """The outcome for one principal. Only GENERATED has documents."""

    GENERATED = "generated"
    NO_EVIDENCE = "no_evidence"
    REFUSED = "refused"
    DOES_NOT_FIT = "does_not_fit"


@dataclasses.dataclass(frozen=True)
class Generated:
    """The new documents of one principal with the reasons for all that they have and have not.

    ``reason`` says why there is no document. ``digest`` is the SHA-256 over the record's digest and the documents.
    ``foreign`` are the ARNs of other accounts that calls were about.
    """

    principal_arn: str
    status: Status
    reason: str = ""
    documents: tuple[Document, ...] = ()
    kept: tuple[Kept, ...] = ()
    removed: tuple[Removed, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    ungranted: tuple[Ungranted, ...] = ()
    generalised: tuple[Generalised, ...] = ()
    foreign: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    totals: Totals = dataclasses.field(default_factory=Totals)
    misfit: t.Optional[Misfit] = None
    warnings: tuple[str, ...] = ()
    window_days: int = 0
    digest: str = ""

    @property
    def needs_acceptance(self) -> tuple[Generalised, ...]:
        """The patterns that are only used once a person accepts them."""
        return tuple(item for item in self.generalised if item.needs_acceptance)


@dataclasses.dataclass(frozen=True)
class _Found:
    """All that is known before documents are made."""

    grants: tuple[Grant, ...]
    needs: tuple[Need, ...]
    companions: tuple[Companion, ...]
    profiles: tuple[Profile, ...]
    judged: Mapping[str, Judgement]
    ungranted: tuple[Ungranted, ...]
    generalised: tuple[Generalised, ...]
    foreign: tuple[str, ...]


def generate(principal: Principal, record: Record, settings: Settings) -> Generated:
    """Generate the new documents of a principal from the record of its calls."""
    refusal = refuse(principal, record, settings)
    if refusal is not None:
        return answer_refusal(principal, refusal)
    record = complete_record(record)
    ceiling = Ceiling(principal.old_policies, principal.arn, principal.resources)
    found = _find(principal, record, settings, ceiling)
    if not found.grants:
        reason = "no recorded call is granted by today's policies, and an empty policy is never generated"
        step = "Read a longer record, or ask the owner whether it is still used"
        return answer_refusal(principal, Refusal(f"{reason}. {step}", True))
    return _write(principal, record, settings, ceiling, found)


def describe_given(
    principal: Principal, record: Record, settings: Settings, documents: tuple[Document, ...]
) -> Generated:
    """Describe documents that a person wrote, by what they keep and remove of today's policies."""
    record = complete_record(record)
    ceiling = Ceiling(principal.old_policies, principal.arn, principal.resources)
    after = set(Ceiling([item.policy for item in documents], principal.arn).granted)
    needs = collect_needs(record.uses, principal.partition)
    work = _Work(principal, settings, ceiling)
    work.grant_needs(needs)
    used = [grant for grant in work.grants if grant.action in after]
    unused = Unused(record, settings, {grant.action.partition(":")[0].lower() for grant in work.grants})
    called = {grant.action.lower() for grant in work.grants}
    judged = {name: unused.judge(name) for name in ceiling.granted if name.lower() not in called or name not in after}
    lost = {name: dataclasses.replace(judged[name], why=_LEFT_OUT) for name in judged if name.lower() in called}
    unknown = {name: item for name, item in judged.items() if item.verdict is Verdict.UNKNOWN and name in after}
    return Generated(
        principal.arn,
        Status.GENERATED,
        documents=documents,
        kept=list_kept(needs, (), (), used),
        removed=list_removed({**judged, **lost}, after),
        unknown=list_unknown(unknown, ()),
        ungranted=tuple(work.ungranted),
        totals=count_totals(ceiling.granted, after, unknown),
        digest=_digest(record, documents),
    )


def list_needed_keys(principals: Iterable[Principal], settings: Settings) -> frozenset[str]:
    """List the condition keys, in lower case, that a record for ``generate`` has to keep.

    They are those of the policies, and those of conditions that are generated. Each further key that varies makes the
    record larger.
    """
    region = {"aws:requestedregion"} if settings.scope_regions else set()
    return condition_keys(principal.layers for principal in principals) | MEANING_KEYS | region


def make_record_for_proof(record: Record, settings: Settings) -> Record:
    """Make the record that a proof of generated documents has to be about.

    Its calls have the condition keys that follow from their meaning, and a call whose action is not known is none of
    those that the record names. Its dates of last access are those that complete
    records do not explain and that are not too old.
    """
    completed = complete_record(record)
    calls = tuple(exclude_named(completed.uses))
    return dataclasses.replace(completed, uses=(*calls, *Unused(completed, settings).list_open_dates()))


def answer_refusal(principal: Principal, refusal: Refusal) -> Generated:
    """Answer that there are no documents, and why."""
    status = Status.NO_EVIDENCE if refusal.is_no_evidence else Status.REFUSED
    return Generated(principal.arn, status, refusal.reason)


def _find(principal: Principal, record: Record, settings: Settings, ceiling: Ceiling) -> _Found:
    needs = collect_needs(record.uses, principal.partition)
    work = _Work(principal, settings, ceiling)
    work.grant_needs(needs)
    used = tuple(work.grants)
    unused = Unused(record, settings, {grant.action.partition(":")[0].lower() for grant in work.grants})
    companions = _list_companions(needs, principal, record, settings, ceiling, unused)
    for companion in companions:
        work.grant(companion.action, companion.scope, companion.conditions, Origin.COMPANION)
    profiles = tuple(item for item in settings.always_allow if not item.is_expired(settings.now))
    for profile in profiles:
        work.grants.extend(grant_profile(profile, ceiling))
    judged = _judge(ceiling, {grant.action.lower() for grant in used}, {need.action.lower() for need in needs}, unused)
    for action, judgement in judged.items():
        if judgement.verdict is Verdict.UNKNOWN:
            for pattern in list_patterns(action, principal.partition):
                work.grant(action, Scope(pattern), (), Origin.UNKNOWN)
    return _Found(
        tuple(work.grants),
        needs,
        companions,
        profiles,
        judged,
        tuple(work.ungranted),
        merge_generalised(work.generalised),
        tuple(sorted(set(work.foreign))),
    )


def _list_companions(
    needs: Sequence[Need],
    principal: Principal,
    record: Record,
    settings: Settings,
    ceiling: Ceiling,
    unused: Unused,
) -> tuple[Companion, ...]:
    found = find_companions(needs, principal, unused.is_complete)
    if record.is_console if settings.console_reads is None else settings.console_reads:
        services = {need.service for need in needs}
        found = (*found, *find_console_reads(ceiling.granted, services, principal.partition))
    return found


def _judge(ceiling: Ceiling, used: Collection[str], called: Collection[str], unused: Unused) -> dict[str, Judgement]:
    """Judge all that is granted and not ``used``, and calls whose other resources may be missing.

    What was only ``called`` on resources that nothing grants is as unused as what was not called at all.
    """
    found: dict[str, Judgement] = {}
    for action in ceiling.granted:
        if action.lower() not in used:
            judgement = unused.judge(action)
            if action.lower() in called and judgement.verdict is Verdict.REMOVED:
                judgement = dataclasses.replace(judgement, why=_CALLED_ELSEWHERE)
            found[action] = judgement
        elif not unused.is_complete(action):
            judgement = unused.judge(action)
            if judgement.verdict is Verdict.UNKNOWN:
                why = f"other resources than the recorded ones are possible: {judgement.why}"
                found[action] = dataclasses.replace(judgement, why=why)
    return found


class _Work:
    """Collects the permissions of one principal."""

    def __init__(self, principal: Principal, settings: Settings, ceiling: Ceiling) -> None:
        self._principal: t.Final = principal
        self._settings: t.Final = settings
        self._ceiling: t.Final = ceiling
        self.grants: t.Final[list[Grant]] = []
        self.ungranted: t.Final[list[Ungranted]] = []
        self.generalised: t.Final[list[Generalised]] = []
        self.foreign: t.Final[list[str]] = []

    def grant(self, action: str, scope: Scope, conditions: Sequence[Condition], origin: Origin) -> None:
        """Grant an action on a scope, as far as any old statement did."""
        self.grants.extend(self._ceiling.narrow(action, scope, more=conditions, origin=origin))

    def grant_needs(self, needs: Sequence[Need]) -> None:
        """Grant what the needs show, each action on its generalised resources."""
        regional = [need for need in needs if need.service not in _GLOBAL]
        regions = tuple(sorted(regions_of(regional))) if self._settings.scope_regions else ()
        groups: dict[tuple[str, tuple[Condition, ...]], list[Need]] = {}
        for need in needs:
            conditions = add_conditions(need.meaning, _scope_regions(need, regions)) or need.meaning
            groups.setdefault((need.action, conditions), []).append(need)
        for (action, conditions), found in groups.items():
            self._grant_action(action, conditions, found)

    def _grant_action(self, action: str, conditions: Sequence[Condition], needs: Sequence[Need]) -> None:
        outcome = generalise(action, needs, self._principal, self._settings)
        self.generalised.extend(outcome.generalised)
        self.foreign.extend(outcome.foreign)
        granting = {
            need: self._ceiling.find_granting(action, need.targets, need.contexts, is_known=need.is_known)
            for need in needs
        }
        by_target: dict[str, dict[OldStatement, None]] = {}
        for need, statements in granting.items():
            for target in need.targets:
                by_target.setdefault(target, {}).update(dict.fromkeys(statements))
            if not statements and not need.is_possible:
                self.ungranted.append(Ungranted(action, need.targets, need.count))
        for scope in outcome.scopes:
            meant: dict[OldStatement, None] = {}
            for target in scope.seen or (scope.pattern,):
                meant.update(by_target.get(target, {}))
            self.grants.extend(self._ceiling.narrow(action, scope, tuple(meant), more=conditions))


def _scope_regions(need: Need, regions: Sequence[str]) -> tuple[Condition, ...]:
    """The condition on the Regions that were seen, for a call of a Regional service whose Region is always known.

    None for what is in any Region: the requested one is that which a profile of Bedrock sends a call to.
    https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html
    """
    shown = all(isinstance(context.get("aws:RequestedRegion"), tuple) for context in need.contexts)
    is_elsewhere = any(target.split(":", 4)[3:4] == ["*"] for target in need.targets)
    if not regions or not shown or is_elsewhere or need.service in _GLOBAL:
        return ()
    return (Condition("StringEquals", "aws:RequestedRegion", tuple(regions)),)


def _write(principal: Principal, record: Record, settings: Settings, ceiling: Ceiling, found: _Found) -> Generated:
    grants, shaped, packed = _fit(principal, settings, ceiling, found)
    after = _list_granted(grants)
    removed = {name: item for name, item in found.judged.items() if item.verdict is Verdict.REMOVED}
    unknown = {name: item for name, item in found.judged.items() if item.verdict is Verdict.UNKNOWN}
    documents = () if isinstance(packed, Misfit) else packed
    coverage = record.coverage
    wildcards = sorted({item for one in shaped for item in list_wildcards_in([one.statement])})
    warnings = [*list_warnings(record, settings)]
    if wildcards:
        warnings.append(f"actions that AWS adds later are granted by {', '.join(wildcards)}")
    warnings += _warn_of_open_roles(found.generalised)
    warnings += [
        f"profile {item.name} expired on {item.expires.isoformat()} and is ignored"
        for item in settings.always_allow
        if item not in found.profiles
    ]
    warnings += _warn_of_empty_profiles(found.profiles, ceiling)
    is_misfit = isinstance(packed, Misfit)
    return Generated(
        principal_arn=principal.arn,
        status=Status.DOES_NOT_FIT if is_misfit else Status.GENERATED,
        reason=_explain_misfit(packed, record, found.needs, unknown) if isinstance(packed, Misfit) else "",
        documents=documents,
        kept=list_kept(found.needs, found.companions, found.profiles, found.grants),
        removed=list_removed(removed, after),
        unknown=list_unknown(unknown, found.grants),
        ungranted=tuple(sorted(found.ungranted, key=lambda item: (item.action, item.resources, item.count))),
        generalised=found.generalised,
        foreign=found.foreign,
        candidates=find_candidates(found.needs),
        totals=count_totals(ceiling.granted, after, unknown),
        misfit=packed if isinstance(packed, Misfit) else None,
        warnings=tuple(warnings),
        window_days=count_days(coverage.since, coverage.until) if coverage.since and coverage.until else 0,
        digest=_digest(record, documents),
    )


def _fit(
    principal: Principal, settings: Settings, ceiling: Ceiling, found: _Found
) -> tuple[tuple[Grant, ...], tuple[Shaped, ...], t.Union[tuple[Document, ...], Misfit]]:
    """Make documents that name each action, or else the wildcards of services of which nothing is known."""
    shaped = shape(found.grants, ceiling, compress=settings.compress)
    packed = pack(shaped, ceiling.denials, principal, settings)
    if isinstance(packed, Misfit):
        whole = keep_whole_services(found.grants, found.judged, ceiling)
        smaller = shape(whole, ceiling, compress=settings.compress)
        fitting = pack(smaller, ceiling.denials, principal, settings)
        if not isinstance(fitting, Misfit):
            return whole, smaller, fitting
    return found.grants, shaped, packed


def _warn_of_open_roles(generalised: Iterable[Generalised]) -> list[str]:
    """Warn of roles that were passed and that the record does not name, as those of instance profiles."""
    return [
        f"iam:PassRole is granted on {item.pattern}, as far as today, since the record does not name the role"
        for item in generalised
        if item.level == UNSHOWN and "iam:PassRole" in item.actions
    ]


def _warn_of_empty_profiles(profiles: Iterable[Profile], ceiling: Ceiling) -> Iterator[str]:
    """Warn of declared actions that nothing is granted for: the person who declared them relies on them."""
    for profile in profiles:
        for action in profile.actions:
            if not any(grant_declared(action, profile, ceiling)):
                is_pass_role = action.lower() == PASS_ROLE
                why = "the roles that are passed must be known" if is_pass_role else "no policy of today does"
                yield f"profile {profile.name} grants nothing for {action}: {why}"


def _list_granted(grants: Iterable[Grant]) -> frozenset[str]:
    """The actions that are granted, by the catalogue."""
    found: set[str] = set()
    for action in {grant.action for grant in grants}:
        known = catalogue.expand(action)
        found.update(item.full_name for item in known)
        if not known:
            found.add(action)
    return frozenset(found)


def _explain_misfit(misfit: Misfit, record: Record, needs: Sequence[Need], unknown: Mapping[str, Judgement]) -> str:
    if not record.is_last_accessed_read and len(unknown) > len(needs):
        first = next(iter(sorted(unknown)))
        return (
            f"service last accessed was not read, so all {len(unknown):,} actions stay that log files alone can't show "
            f"as unused, such as {first}. Allow iam:GenerateServiceLastAccessedDetails and "
            f"iam:GetServiceLastAccessedDetails, or {_advise_on_files(record.coverage)}"
        )
    largest = sorted(misfit.sizes.items(), key=lambda item: (-item[1], item[0]))[:5]
    sizes = ", ".join(f"{service} {size:,}" for service, size in largest)
    return (
        f"the statements take {misfit.needed:,} characters, and policies have room for {misfit.available:,}; "
        f"the largest are {sizes}. Set the level of these services to prefix or service"
    )


def _advise_on_files(coverage: Coverage) -> str:
    if coverage.gaps:
        return f"give the log files of all days: some are missing since {coverage.gaps[0][0].date().isoformat()}"
    if coverage.files_broken:
        return f"replace the {coverage.files_broken} log files that can't be read"
    return "set assume_logged if the trail logs these calls"


def _digest(record: Record, documents: Sequence[Document]) -> str:
    lines = [record.digest, *(f"{item.name} {item.kind} {minify(item.policy)}" for item in documents)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
