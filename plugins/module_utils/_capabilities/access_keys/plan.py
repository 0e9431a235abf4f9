# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for the long-term credentials of users: at most one step each, and why others stay as they are."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.model import Dataset, Snapshot
from ..._account.moments import format_utc
from ..._controls.assess import assess
from ..._controls.control import Control, unread_reason
from ..._controls.facts import Facts
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._controls.waivers import Waivers, apply
from ..._converge.arn import Principal, is_break_glass, principal_of
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status, mask_key_ids
from ..._converge.plan import Plan
from ..._converge.protected import protection_of
from .candidates import add_live_keys, add_ssh_keys, find_reasons, match_keys_to_report
from .changes import CredentialWriter, build_command_back
from .declared import Declared
from .history import History, believe, parse_mark
from .kinds import INACTIVE, OPERATIONS_OF, Credential, Kind
from .stages import Action, Item, Step, find_next_step

MODULE: t.Final = "access_key_lifecycle"
THEME: t.Final = "access_keys"
DATASETS: t.Final = frozenset(
    {Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT, Dataset.SERVICE_SPECIFIC_CREDENTIALS}
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_TAGS_OF_A_USER: t.Final = 50
_WRITING: t.Final = (Action.NOTIFY, Action.DEACTIVATE, Action.DELETE)
# The controls on credentials of each kind: a waiver of any of them is somebody's word that the credential is needed.
_CONTROLS_ON: t.Final[Mapping[Kind, frozenset[str]]] = {
    Kind.ACCESS_KEY: frozenset(
        {
            "access_key_age",
            "access_key_for_workload",
            "access_key_of_setup",
            "access_key_single",
            "access_key_unused",
            "admin_access_key",
            "console_user_without_key",
        }
    ),
    Kind.SERVICE_CREDENTIAL: frozenset({"api_key_expires", "service_credential_age"}),
    Kind.SSH_KEY: frozenset({"ssh_public_key_age"}),
    Kind.CERTIFICATE: frozenset({"signing_certificate_age"}),
    Kind.PASSWORD: frozenset({"console_password_unused"}),
}
# The credential report numbers certificates, and nothing tells which has which number: a waiver of one is of both.
_NUMBERED: t.Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.CERTIFICATE: ("signing certificate 1", "signing certificate 2")
}


def controls() -> tuple[Control, ...]:
    """The controls on users' long-term credentials."""
    return tuple(control for control in all_controls() if control.theme == THEME)


@dataclasses.dataclass(frozen=True)
class Observed:
    """The input of the plan: the account, the credentials in question as read live, and the records of the journal.

    ``unread`` has, by the ARN of a user in question, why its credentials could not be read.
    """

    snapshot: Snapshot
    credentials: tuple[Credential, ...] = ()
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    history: History = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Review:
    """A credential in question: its next step, and what stands against it. ``rule`` is empty where nothing does."""

    item: Item
    step: Step
    rule: str = ""
    objection: str = ""

    @property
    def name(self) -> tuple[str, str, str]:
        """The user, kind and id of the credential."""
        credential = self.item.credential
        return credential.user_arn, credential.kind.value, credential.id

    @property
    def dates(self) -> dict[str, t.Optional[str]]:
        """When the credential was made, and when it was last used; None where AWS has no use on record."""
        credential = self.item.credential
        used = format_utc(credential.last_used) if credential.last_used else None
        return {"created": format_utc(credential.created), "last_used": used}

    def find_next_due(self, declared: Declared, now: datetime) -> t.Optional[datetime]:
        """Find when the stage after the next one may come at the earliest; None if none comes by itself."""
        if self.step.action is Action.NOTIFY:
            days = declared.deactivate_grace if self.item.credential.is_active else declared.delete_grace
            return now + timedelta(days=days)
        if self.step.action is Action.DEACTIVATE and declared.delete_after is not None:
            return now + timedelta(days=declared.delete_grace)
        return None

    def as_dict(self, *, reveal_key_ids: bool) -> dict[str, t.Any]:
        """The review as results have it."""
        credential, belief = self.item.credential, self.item.belief
        shown = {
            "user": credential.user,
            "kind": credential.kind.value,
            "id": credential.id,
            "status": credential.status,
            "reasons": sorted(reason.value for reason in self.item.reasons),
            "stage": belief.stage.value if belief.stage else None,
            "since": format_utc(belief.since) if belief.since else None,
            "next": (self.step.then or self.step.action).value,
            "due": format_utc(self.step.due) if self.step.due else None,
            "held_back": self.objection or None,
        }
        return shown if reveal_key_ids else t.cast(dict[str, t.Any], mask_key_ids(shown))


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration in one run at one moment. ``callers`` are the caller and the roles it came through."""

    declared: Declared
    settings: Settings
    waivers: Waivers
    run_id: str
    now: datetime
    break_glass: tuple[str, ...] = ()
    callers: frozenset[Principal] = frozenset()

    def build_observed(
        self,
        snapshot: Snapshot,
        credentials: Iterable[Credential],
        unread: Mapping[str, str],
        history: History,
    ) -> Observed:
        """Build the observation: each access key with its facts from the report, and the report with the live facts."""
        completed = tuple(_add_report_facts(snapshot, tuple(credentials)))
        known = add_ssh_keys(snapshot, completed, unread) if Kind.SSH_KEY in self.declared.kinds else snapshot
        return Observed(add_live_keys(known, completed), completed, unread, history)

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on the credentials of users, waived ones marked."""
        chosen = controls()
        judged = assess(observed.snapshot, settings=self.settings, controls=chosen, now=self.now)
        ids = {control.id for control in chosen}
        concerned = tuple(waiver for waiver in self.waivers if waiver.control in ids)
        return apply(judged, concerned, self.now.date())[0]

    def plan(self, observed: Observed, found: Sequence[Finding], reviews: Sequence[Review]) -> Plan:
        """The plan for what was observed. ``found`` are the findings on it, ``reviews`` those of :meth:`reviews`."""
        missing = [unread for name in sorted(DATASETS) if (unread := observed.snapshot.missing(name))]
        needed = [gap for gap in missing if gap.dataset is not Dataset.SERVICE_SPECIFIC_CREDENTIALS]
        if needed:
            reason = f"the credentials of users are not known: {unread_reason(needed[0])}"
            account = f"arn:{observed.snapshot.partition}:iam::{observed.snapshot.account_id}:root"
            return Plan(refused=(Refusal("unread", reason, account),))
        refused = [
            Refusal("unread", f"its credentials can't be read, so they are not changed: {reason}", arn)
            for arn, reason in sorted(observed.unread.items())
        ]
        refused += [
            Refusal(review.rule, review.objection, review.item.credential.user_arn, _operation(review))
            for review in reviews
            if review.rule not in ("", "waived") and review.step.action in _WRITING
        ]
        return Plan(
            changes=(*self._list_changes(observed, reviews, found), *self._untag_leftovers(observed)),
            refused=tuple(refused),
            warnings=tuple(self._list_warnings(reviews)),
        )

    def make_reviews(self, observed: Observed) -> tuple[Review, ...]:
        """Every credential in question that has a next step, by user."""
        facts = Facts(observed.snapshot)
        items = (self._make_item(credential, observed, facts) for credential in observed.credentials)
        reviews = (self._make_review(item, facts) for item in items)
        return tuple(review for review in reviews if review.step.action is not Action.NOTHING)

    def _make_item(self, credential: Credential, observed: Observed, facts: Facts) -> Item:
        value = facts.users[credential.user_arn].tags.get(credential.tag)
        siblings = [other for other in observed.credentials if other.user_arn == credential.user_arn]
        return Item(
            credential=credential,
            reasons=find_reasons(credential, siblings, facts=facts, declared=self.declared, now=self.now),
            belief=believe(credential, value, observed.history, trust_tags=self.declared.trust_tags),
            tag_value=value,
            is_alone=sum(other.tag == credential.tag for other in siblings) == 1,
        )

    def _make_review(self, item: Item, facts: Facts) -> Review:
        step = find_next_step(item, self.declared, self.now)
        if step.action is Action.NOTHING:
            return Review(item, step)
        rule, objection = self._find_objection(item, step, facts)
        return Review(item, step, rule, objection)

    def _find_objection(self, item: Item, step: Step, facts: Facts) -> tuple[str, str]:
        credential = item.credential
        arn, user = credential.user_arn, credential.user
        protection = protection_of(arn)
        room = item.tag_value is not None or len(facts.users[arn].tags) < _TAGS_OF_A_USER
        objections: tuple[tuple[str, t.Any, str], ...] = (
            ("caller", principal_of(arn) in self.callers, "never changed: it belongs to the caller itself"),
            ("protected", protection, f"never touched: {protection}"),
            ("break_glass", is_break_glass(arn, self.break_glass), "never changed: it is a break-glass principal"),
            ("waived", *self._find_waiver(item, facts)),
            (
                "unread",
                step.action is Action.NOTIFY and item.belief.unknown,
                f"the stage of the {credential.label} {credential.id} is not known: {item.belief.unknown}",
            ),
            (
                "ses_smtp",
                credential.kind is Kind.ACCESS_KEY
                and self.declared.may_be_smtp_password(user, credential.last_used_service),
                f"a mail server may use the {credential.label} {credential.id} (SES SMTP); to allow this, list its "
                "user in accept_ses_smtp_users",
            ),
            (
                "notify",
                step.action is Action.NOTIFY and not self.declared.has_notice,
                f"the grace period of the {credential.label} {credential.id} begins with a notice to its owner; set "
                "notify to an SNS topic, or to none",
            ),
            (
                "ambiguous",
                not item.is_alone,
                f"two of its credentials share the tag {credential.tag}, so their stages can't be distinguished",
            ),
            (
                "tags",
                not room,
                (f"it has {_TAGS_OF_A_USER} tags, the limit of AWS, so the tag of the stage can't be added"),
            ),
        )
        return next(((rule, said) for rule, applies, said in objections if applies), ("", ""))

    def _find_waiver(self, item: Item, facts: Facts) -> tuple[bool, str]:
        """Whether somebody answers for the credential, by the name of its user, its number or its id.

        It need not be a failed finding today: of an inactive key there is none, nor of one whose stage comes before
        the threshold of the control.
        """
        credential, today = item.credential, self.now.date()
        for waiver in self.waivers:
            if waiver.is_expired(today) or waiver.control not in _CONTROLS_ON[credential.kind]:
                continue
            if waiver.concerns(facts.snapshot.account_id) and waiver.names(
                credential.user_arn, *_details(credential), *_NUMBERED.get(credential.kind, ())
            ):
                return True, f"waived until {waiver.expires} by {waiver.owner}"
        return False, ""

    def _list_changes(
        self, observed: Observed, reviews: Sequence[Review], found: Sequence[Finding]
    ) -> t.Iterator[Change]:
        writer = CredentialWriter(observed.snapshot.account_id, self.run_id, self.declared, self.now)
        for review in reviews:
            if not review.rule and review.step.action is not Action.WAIT:
                credential = review.item.credential
                yield from writer.make_changes(
                    review.item,
                    review.step.action,
                    population=_count_population(observed, credential.kind),
                    remedies=_find_remedies(credential, found) if review.step.action in _WRITING[1:] else (),
                )

    def _untag_leftovers(self, observed: Observed) -> t.Iterator[Change]:
        """Tags of credentials that are gone, of users all of whose credentials of that kind are known."""
        writer = CredentialWriter(observed.snapshot.account_id, self.run_id, self.declared, self.now)
        live = {(credential.user_arn, credential.tag) for credential in observed.credentials}
        for user in observed.snapshot.users:
            untouchable = principal_of(user.arn) in self.callers or is_break_glass(user.arn, self.break_glass)
            if untouchable or user.arn in observed.unread or self.declared.excludes(user.name, user.arn):
                continue
            for kind in sorted(self.declared.kinds):
                for key, value in sorted(user.tags.items()):
                    prefix = OPERATIONS_OF[kind].tag
                    if key.startswith(prefix) and parse_mark(value) and (user.arn, key) not in live:
                        identifier = key.removeprefix(prefix) or user.name
                        gone = Credential(kind, identifier, user.name, user.arn, INACTIVE, self.now)
                        yield from writer.make_changes(Item(gone, tag_value=value), Action.FORGET)

    def _list_warnings(self, reviews: Sequence[Review]) -> t.Iterator[str]:
        for review in reviews:
            credential, doubt = review.item.credential, review.item.belief.doubt
            if review.step.action is Action.NOTIFY and doubt and not review.rule:
                yield (
                    f"the {credential.label} {mask_key_ids(credential.id)} of {credential.user} begins again at the "
                    f"first stage: {doubt}"
                )


def list_commands_back(changes: Iterable[Mapping[str, t.Any]], credentials: Iterable[Credential]) -> list[str]:
    """List the commands that activate again what ``changes``, in the form of results, deactivate."""
    known = {credential.id: credential for credential in credentials}
    updates = {operations.update for operations in OPERATIONS_OF.values()}
    return [build_command_back(known[change["before"]["id"]]) for change in changes if change["operation"] in updates]


def _add_report_facts(snapshot: Snapshot, credentials: Sequence[Credential]) -> t.Iterator[Credential]:
    report = snapshot.credential_report
    rows = {row.arn: row for row in report.users} if report else {}
    for arn in sorted({credential.user_arn for credential in credentials}):
        own = sorted(
            (item for item in credentials if item.user_arn == arn), key=lambda item: (item.kind, item.created, item.id)
        )
        keys = [item for item in own if item.kind is Kind.ACCESS_KEY]
        yield from match_keys_to_report(rows.get(arn), keys, report) if report else keys
        for item in own:
            if item.kind is Kind.PASSWORD and arn in rows:
                yield dataclasses.replace(item, changed=rows[arn].password_last_changed)
            elif item.kind is not Kind.ACCESS_KEY:
                yield item


def _details(credential: Credential) -> tuple[str, ...]:
    """The names of a credential in findings and waivers, below the ARN of its user."""
    if credential.kind is Kind.PASSWORD:
        return ("password",)
    return (credential.id, *(f"access key {slot}" for slot in credential.slots))


def _is_on(finding: Finding, credential: Credential) -> bool:
    """Whether a finding is about exactly this credential."""
    return finding.resource == credential.user_arn and finding.resource_detail in _details(credential)


def _find_remedies(credential: Credential, found: Iterable[Finding]) -> tuple[str, ...]:
    """Find the failing findings on exactly this credential."""
    certain = credential.kind is not Kind.ACCESS_KEY or len(credential.slots) == 1
    return tuple(
        finding.fingerprint
        for finding in found
        if certain and finding.status is Status.FAIL and _is_on(finding, credential)
    )


def _count_population(observed: Observed, kind: Kind) -> int:
    """Count the credentials that a cap takes its percentage of: the active ones of the account, as far as known."""
    report = observed.snapshot.credential_report
    rows = report.users if report else ()
    counts: Mapping[Kind, Callable[[], int]] = {
        Kind.ACCESS_KEY: lambda: sum(len(row.access_keys) for row in rows),
        Kind.PASSWORD: lambda: sum(bool(row.password_enabled) for row in rows),
        Kind.CERTIFICATE: lambda: sum(len(row.certificates) for row in rows),
        Kind.SERVICE_CREDENTIAL: lambda: len(observed.snapshot.service_specific_credentials),
    }
    known = counts.get(kind, lambda: sum(item.kind is kind for item in observed.credentials))
    return known()


def _operation(review: Review) -> str:
    operations = OPERATIONS_OF[review.item.credential.kind]
    names = {Action.DEACTIVATE: operations.update or "", Action.DELETE: operations.delete}
    return names.get(review.step.action, "")
