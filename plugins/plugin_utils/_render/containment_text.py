# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The containment of an incident in all accounts, in the terminal: who is contained, what is not, and what lives on."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ...module_utils._account.moments import format_utc
from ...module_utils._controls.control import plural
from ...module_utils._converge.incident.declaration import UNVERIFIED_PERSON
from ...module_utils._converge.incident.findings import CONFIRM_WITHIN
from ...module_utils._converge.incident.reader import split_items
from ...module_utils._converge.incident.steps import HUNT_AGAIN
from ...module_utils._report.plain import join_names, printable, wrap_text

#: Statuses of a credential by which its home is known, or that it has none any more.
_FOUND: t.Final = frozenset({"home", "deleted", "root", "session", "mismatch", "organization"})
#: All statuses, the one first that says most. That a credential is not here is what every other account says of it.
_BY_KNOWLEDGE: t.Final = (
    *("home", "mismatch", "root", "session", "deleted", "organization", "foreign", "unresolved", "not_here"),
)
_RECHECK: t.Final = "recheck"
_NAMES: t.Final = 4
#: Statements that cut sessions by time alone, and those about the sessions of a provider.
_WHOLE: t.Final = frozenset({"OlderSessionsOfNobodyKnown", "OlderSessions"})
_OF_PROVIDERS: t.Final = frozenset({"OlderSessionsOfProviders", "OlderSessionsOfSaml"})

Row = Mapping[str, t.Any]
Show = Callable[[object], str]


@dataclasses.dataclass(frozen=True)
class Containment:
    """The last results of the modules in all accounts.

    ``credentials`` are those of credential_quarantine, ``sessions`` those of session_revocation, and ``organization``
    those of organization_containment. ``failures`` are the hosts in which a module failed, each with ``host`` and
    ``reason``. ``unconfirmed`` names the vital assumptions about AWS that no real account has confirmed.
    """

    incident: Row
    credentials: Sequence[Row]
    sessions: Sequence[Row]
    organization: Sequence[Row]
    failures: Sequence[Row]
    now: datetime
    is_real: bool
    unconfirmed: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        incident: Row,
        results: Sequence[Row],
        *,
        failures: Sequence[Row],
        now: datetime,
        is_real: bool,
        unconfirmed: Sequence[str] = (),
    ) -> t.Self:
        """The containment of these results. Their members say which module each is of."""
        ordered = sorted(results, key=lambda result: str(result.get("account_id", "")))
        credentials = [result for result in ordered if "seeds" in result]
        sessions = [result for result in ordered if "roles" in result]
        organization = [result for result in ordered if "people" in result]
        # In the mode report nothing is written either.
        is_enforced = any(result.get("mode") == "enforce" for result in ordered) or not ordered
        return cls(incident, credentials, sessions, organization, failures, now, is_real and is_enforced, unconfirmed)

    @property
    def _results(self) -> tuple[Row, ...]:
        return (*self.credentials, *self.sessions, *self.organization)

    def list_problems(self) -> list[str]:
        """List why a run has not contained everything: what failed, what nobody found, what is not denied or known.

        A plan only has the first two.
        """
        lost = [f"{seed['id']}: {seed['detail']}" for seed in self._list_lost()]
        failed = [f"{failure['host']}: {failure['reason']}" for failure in self.failures]
        unasked = [] if self.credentials or failed else ["no account was asked: is compromise_response_mode off?"]
        open_ends = [*self._list_mixed(), *self._list_open()] if self.is_real else []
        return list(dict.fromkeys([*failed, *unasked, *lost, *self._list_unhandled(), *open_ends]))

    def _list_unhandled(self) -> Iterator[str]:
        """List the accounts and users of Identity Center that no host has looked at."""
        known = {
            str(row.get("account_id") or row.get("user_id"))
            for result in self.organization
            for row in (*result["accounts"], *result["people"])
        }
        for name, key in (("accounts", "account_id"), ("identity_center_users", "user_id")):
            for item in split_items(self.incident.get(name)) or ():
                given = item.get(key, "") if isinstance(item, Mapping) else item
                subject = str(given).strip().lower()
                if subject.rjust(12, "0") not in known and subject not in known:
                    yield f"{subject}: only a host of the group organization_management contains it, and none did"

    def _list_mixed(self) -> Iterator[str]:
        """List the accounts that wrote nothing, in a run in which others did."""
        for result in self._results:
            if result.get("mode") != "enforce":
                yield f"account {result['account_id']}: nothing was written, because its mode is {result.get('mode')}"

    def _list_open(self) -> Iterator[str]:
        """List what is not denied, what is not known, and what was changed so late that something may have got away."""
        yield from (f"{row['principal']}: {row['reason']}" for row in self.list_not_denied())
        yield from (fact for result in self.sessions for fact in result.get("unread", ()))
        for result in self._results:
            late = {change["target"] for change in result.get("changes", ()) if change.get("applied")}
            if result.get("pass") == _RECHECK:
                yield from (f"{target}: it was still changed in the last pass, so run again" for target in sorted(late))

    def list_seeds(self) -> list[Row]:
        """List each credential once, as the account sees it that knows most of it."""
        best: dict[str, Row] = {}
        for seed in self._seeds():
            known = best.get(seed["id"])
            if known is None or _rank(seed) < _rank(known):
                best[seed["id"]] = seed
        return list(best.values())

    def _list_lost(self) -> list[Row]:
        return [seed for seed in self.list_seeds() if seed["status"] not in _FOUND]

    def _seeds(self) -> Iterator[Row]:
        return (seed for result in self.credentials for seed in result["seeds"])

    def list_not_denied(self) -> list[Row]:
        """List what is not denied, in all accounts."""
        return [row for result in self._results for row in result.get("not_denied", ())]

    def list_lives(self) -> list[Row]:
        """List what lives on, what ends first before the others, and what nobody ends in the end.

        Of sessions session_revocation knows more than what it is left as a next step.
        """
        known = {result["account_id"] for result in self.sessions if not result.get("unread")}
        rows = [
            row
            for result in self._results
            for row in result.get("lives_on", ())
            if result["account_id"] not in known or not row.get("next_step", "").startswith("session_revocation")
        ]
        return sorted(rows, key=lambda row: (row["until"] is None, row["until"] or "", row["what"], row["principal"]))


def _rank(seed: Row) -> int:
    status = seed["status"]
    return _BY_KNOWLEDGE.index(status) if status in _BY_KNOWLEDGE else len(_BY_KNOWLEDGE)


def render(containment: Containment, *, ascii_only: bool = False) -> str:
    """The containment as text."""
    show = functools.partial(printable, ascii_only=ascii_only)
    incident = containment.incident
    title = f"{'Containment' if containment.is_real else 'Plan of the containment'} of {show(incident.get('id'))}"
    lines = [
        title,
        "=" * len(title),
        *wrap_text(show(f"Declared by {incident.get('declared_by')}: {incident.get('reason')}")),
        *_section("CREDENTIALS:", _render_seeds(containment), show),
        *_section("CONTAINED:" if containment.is_real else "TO CONTAIN:", _render_contained(containment), show),
        *_section("LEFT ALONE:", _render_left_alone(containment), show),
        *_section("NOT DENIED:", _render_not_denied(containment), show),
        *_section("LIVES ON (UTC):", _render_lives(containment), show),
        *_section("NOT KNOWN:", _render_unknown(containment), show),
        *_section("NOT TRUSTED:", _render_untrusted(containment), show),
        *_section("FAILED:", (f"{one['host']}: {one['reason']}" for one in containment.failures), show),
        *_section("NEXT:", _render_next(containment), show),
    ]
    return "\n".join(lines)


def _section(title: str, items: Iterable[str], show: Show) -> list[str]:
    lines = [line for item in items for line in wrap_text(show(f"- {item}"), first="  ", rest="    ")]
    return ["", title, *lines] if lines else []


def _render_seeds(containment: Containment) -> Iterator[str]:
    for seed in containment.list_seeds():
        step = f"; {seed['next_step']}" if seed.get("next_step") else ""
        yield f"{seed['id']}: {seed['detail']}{step}"


def _render_contained(containment: Containment) -> Iterator[str]:
    undenied = {row["principal"] for row in containment.list_not_denied()}
    for result in containment.credentials:
        yield from (
            f"{one['principal']}: everything" for one in result["contained"] if one["principal"] not in undenied
        )
    for result in containment.sessions:
        for role in result["roles"]:
            if role["state"] in ("cut", "denied_already"):
                way = "" if role["certain"] else " (it may have been reached)"
                yield f"{role['role']}: {_name_sessions(role)}{way}{_name_others(role)}"
            for cut in role.get("trust", ()):
                if cut["state"] in ("cut", "cut_already"):
                    yield f"{role['role']}: who is let in: {_describe_trust(cut)}"
        sessions = result.get("signin_sessions", ())
        if sessions:
            owners = join_names(sorted({session["principal"] for session in sessions}), _NAMES)
            yield f"{plural(len(sessions), 'sign-in sessions')} of {owners}"
    for result in containment.organization:
        yield from _render_organization(result)


def _render_organization(result: Row) -> Iterator[str]:
    for account in result["accounts"]:
        if account["state"] != "not_contained":
            roles = [role["role"].rpartition("/")[2] for role in account["roles"] if role["continues"]]
            kept = join_names(roles, _NAMES)
            yield f"account {account['account_id']}: everything{f', but for {kept}' if kept else ''}"
    for person in result["people"]:
        if person["state"] != "not_contained":
            yield f"Identity Center user {person['user_id']}: everything in all member accounts"


def _name_sessions(role: Row) -> str:
    """Name the sessions of a role that are cut, by the statements of its policy."""
    statements = set(role["statements"])
    if "AllSessions" in statements:
        return "all sessions"
    before = f"sessions that began before {role['issued_before']}"
    parts = [before] if statements & _WHOLE else []
    parts += [f"{before} of the provider taken out"] if statements & _OF_PROVIDERS else []
    named = statements - _WHOLE - _OF_PROVIDERS - {"SignInSessions"}
    return " and ".join([*parts, *(["sessions of the names that the incident gives"] if named else [])])


def _name_others(role: Row) -> str:
    """Name the others who use a role: who has to begin sessions again, and who goes on."""
    again, on = (
        join_names([use["principal"] for use in role["used_by"] if use["goes_on"] is goes_on], _NAMES)
        for goes_on in (False, True)
    )
    return "".join(
        f"; {what}: {names}" for what, names in (("must begin their sessions again", again), ("go on", on)) if names
    )


def _describe_trust(cut: Row) -> str:
    """Describe a principal that a role no longer lets in, who else uses the role, and where else it is let in."""
    principal = f"{cut['subject']} of {cut['principal']}" if cut["subject"] else cut["principal"]
    still = join_names(cut["still_lets_in"], _NAMES)
    also = join_names(cut["trusted_by"], _NAMES)
    return f"no longer {principal}; still {still or 'nobody'}{f'; {also} let it in too' if also else ''}"


def _render_left_alone(containment: Containment) -> Iterator[str]:
    for result in containment.sessions:
        for refusal in result.get("not_cut_because", ()):
            yield f"{refusal['target']}: {refusal['reason']}"


def _render_not_denied(containment: Containment) -> Iterator[str]:
    for row in containment.list_not_denied():
        step = f"; {row['next_step']}" if row.get("next_step") else ""
        yield f"{row['principal']}: {row['reason']}{step}"


def _render_lives(containment: Containment) -> Iterator[str]:
    """Render what lives on, the same of several principals in one line."""
    merged: dict[tuple[str, bool, str], list[str]] = {}
    for row in containment.list_lives():
        until = row["until"] or "until somebody ends it"
        merged.setdefault((until, row["denied"], row["what"]), []).append(row["principal"].rpartition(":")[2])
    for (until, is_denied, what), principals in merged.items():
        yield f"{until}  {'denied' if is_denied else 'NOT DENIED'}  {what}: {join_names(principals, _NAMES)}"


def _render_unknown(containment: Containment) -> Iterator[str]:
    merged: dict[str, list[str]] = {}
    for result in containment.sessions:
        for edge in result.get("unfollowed", ()):
            merged.setdefault(f"account {edge['to']}: {edge['reason']}", []).append(edge["from"].rpartition(":")[2])
        for fact in result.get("unread", ()):
            merged.setdefault(fact, [])
        for region, reason in (result.get("signin_unread") or {}).items():
            merged.setdefault(f"sign-in sessions in {region}: {reason}", []).append(result["account_id"])
    for result in containment.organization:
        for row in result.get("trust", ()):
            for fact in row["unread"]:
                merged.setdefault(f"whether account {row['account_id']} may be trusted: {fact}", [])
        for person in result["people"]:
            merged.setdefault(UNVERIFIED_PERSON.format(person["user_id"]), [])
    if any(result["contained"] for result in containment.credentials):
        merged["passwords and roles that it made for others: their events are 5 to 15 minutes late"] = []
    if containment.unconfirmed:
        names = ", ".join(containment.unconfirmed)
        merged[f"whether AWS itself does what only tests have confirmed yet: {names}, see docs/acceptance.md"] = []
    for fact, sources in merged.items():
        yield f"{fact}{f' ({join_names(list(dict.fromkeys(sources)), _NAMES)})' if sources else ''}"


def _render_untrusted(containment: Containment) -> Iterator[str]:
    for result in containment.organization:
        for row in result.get("trust", ()):
            if row["state"] == "changed":
                calls = (
                    f"{one['operation']} of {one['what']} by {one['caller']} at {one['when']}" for one in row["changes"]
                )
                changes = [*(one["summary"] for one in row["differences"]), *calls]
                yield (
                    f"account {row['account_id']}: {'; '.join(changes)}. If that was an intruder, add the account to "
                    "accounts of the incident, and run contain.yml again"
                )


def _render_next(containment: Containment) -> Iterator[str]:
    if not containment.is_real:
        yield "if this is right, run it without --check, and with the id of the incident as compromise_response_confirm"
        return
    if containment.list_problems():
        yield "run contain.yml again: it goes on where this run ended"
    if not any(result.get("confirmed_by") for result in (*containment.credentials, *containment.sessions)):
        until = format_utc(containment.now + CONFIRM_WITHIN)
        yield f"a second person confirms it until {until}: run contain.yml with compromise_response_confirmed_by"
    times = " and ".join(format_utc(containment.now + wait) for wait in HUNT_AGAIN)
    yield f"events are late: run hunt.yml now, and again at {times}; then contain.yml with the sessions that it found"
