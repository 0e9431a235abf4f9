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
from collections.abc import Callable, Iterable, Iterator

from ...module_utils._controls.control import plural
from ...module_utils._converge.incident.declaration import UNVERIFIED_PERSON
from ...module_utils._incident.next_steps import Commands, NextStep, list_next_steps
from ...module_utils._incident.results import Containment, Row
from ...module_utils._incident.verdict import Judgement, Verdict, judge
from ...module_utils._report.plain import join_names, printable, wrap_text

_NAMES: t.Final = 4
#: How a next step begins that session_revocation takes.
_CUT_LATER: t.Final = "session_revocation"
#: Statements that cut sessions by time alone, and those about the sessions of a provider.
_WHOLE: t.Final = frozenset({"OlderSessionsOfNobodyKnown", "OlderSessions"})
_OF_PROVIDERS: t.Final = frozenset({"OlderSessionsOfProviders", "OlderSessionsOfSaml"})

Show = Callable[[object], str]


def render(
    containment: Containment,
    judgement: t.Optional[Judgement] = None,
    commands: t.Optional[Commands] = None,
    *,
    ascii_only: bool = False,
) -> str:
    """The containment as text. The verdict is its first line, and what to do now comes next."""
    show = functools.partial(printable, ascii_only=ascii_only)
    incident = containment.incident
    judgement = judgement or judge(containment)
    title = f"{'Containment' if containment.is_real else 'Plan of the containment'} of {show(incident.get('id'))}"
    lines = [
        title,
        "=" * len(title),
        *wrap_text(show(judgement.headline)),
        *wrap_text(show(f"Declared by {incident.get('declared_by')}: {incident.get('reason')}")),
        *_render_next(list_next_steps(judgement, containment, commands or Commands()), show),
        *(
            line
            for name, items in list_sections(containment, judgement).items()
            for line in _section(_name_title(name, is_real=containment.is_real), items, show)
        ),
    ]
    return "\n".join(lines)


def list_sections(containment: Containment, judgement: Judgement) -> dict[str, list[str]]:
    """List what is said of a containment below its verdict and the next steps, by the name of the part."""
    return {
        "unresolved": list(_render_unresolved(judgement)),
        "credentials": list(_render_seeds(containment)),
        "contained": list(_render_contained(containment, judgement)),
        "left_alone": list(_render_left_alone(containment)),
        "not_denied": list(_render_not_denied(containment, judgement)),
        "lives_on": [
            f"{row['until'] or 'until somebody ends it'}  {row['state']}  {row['what']}: "
            f"{join_names(row['principals'], _NAMES)}"
            for row in list_lives(containment)
        ],
        "not_known": [*_render_undoable(containment, judgement), *_render_unknown(containment)],
        "not_trusted": list(_render_untrusted(containment)),
        "failed": [f"{one['host']}: {one['reason']}" for one in containment.failures],
    }


def _name_title(name: str, *, is_real: bool) -> str:
    others = {"contained": "CONTAINED:" if is_real else "TO CONTAIN:", "lives_on": "LIVES ON (UTC):"}
    return others.get(name, f"{name.replace('_', ' ').upper()}:")


def _section(title: str, items: Iterable[str], show: Show) -> list[str]:
    lines = [line for item in items for line in wrap_text(show(f"- {item}"), first="  ", rest="    ")]
    return ["", title, *lines] if lines else []


def _render_next(steps: Iterable[NextStep], show: Show) -> list[str]:
    """Render the next steps. A command stays on one line, however long it is, so that it can be pasted."""
    lines = ["", "NEXT:"]
    for step in steps:
        first, *others = step.text.split("\n")
        ending = ":" if step.command else ""
        lines += wrap_text(show(f"- {first}{'' if others else ending}"), first="  ", rest="    ")
        lines += [line for other in others for line in wrap_text(show(other), first="    ", rest="    ")]
        lines += [f"    {show(step.command)}"] if step.command else []
    return lines


def _render_seeds(containment: Containment) -> Iterator[str]:
    for seed in containment.list_seeds():
        step = f"; {seed['next_step']}" if seed.get("next_step") else ""
        yield f"{seed['id']}: {seed['detail']}{step}"


def _render_contained(containment: Containment, judgement: Judgement) -> Iterator[str]:
    undenied = {row["principal"] for row in containment.list_not_denied()}
    undenied |= {one.subject for one in judgement.reasons if one.verdict is Verdict.NOT_DENIED}
    for result in containment.credentials:
        yield from (
            f"{one['principal']}: everything" for one in result["contained"] if one["principal"] not in undenied
        )
    for result in containment.sessions:
        for role in result["roles"]:
            if role["state"] in ("cut", "denied_already") and role["role"] not in undenied:
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


def _render_unresolved(judgement: Judgement) -> Iterator[str]:
    yield from (one.message for one in judgement.reasons if one.verdict is Verdict.UNRESOLVED)


def _render_not_denied(containment: Containment, judgement: Judgement) -> Iterator[str]:
    """Render what is not denied: of a plan what would not be, and of a run all that the verdict counts."""
    unresolved = {one.subject for one in judgement.reasons if one.verdict is Verdict.UNRESOLVED}
    rows = [row for row in containment.list_not_denied() if row["principal"] not in unresolved]
    steps = {f"{row['principal']}: {row['reason']}": row.get("next_step") for row in rows}
    found = [one.message for one in judgement.reasons if one.verdict is Verdict.NOT_DENIED]
    for text in dict.fromkeys([*(steps if judgement.is_plan else ()), *found]):
        yield f"{text}{f'; {steps[text]}' if steps.get(text) else ''}"


def list_lives(containment: Containment) -> list[dict[str, t.Any]]:
    """List what lives on, the same of several principals in one row, with the time until which it does, if it ends."""
    reasons = judge(dataclasses.replace(containment, is_real=True)).reasons
    undenied = {one.subject for one in reasons}
    # Of a plan nothing is denied yet.
    working = {one.subject for one in reasons if one.verdict is Verdict.NOT_DENIED and containment.is_real}
    merged: dict[tuple[str, str, str], list[str]] = {}
    for row in containment.list_lives():
        # Of a principal that is denied there is still what no denial of AWS ends.
        is_open = row["principal"] in undenied or row.get("next_step", "").startswith(_CUT_LATER)
        open_ = "NOT DENIED" if is_open else "no denial ends it"
        state = "denied" if row["denied"] and row["principal"] not in working else open_
        merged.setdefault((row["until"] or "", state, row["what"]), []).append(row["principal"].rpartition(":")[2])
    return [
        {"until": until, "state": state, "what": what, "principals": principals}
        for (until, state, what), principals in merged.items()
    ]


def _render_undoable(containment: Containment, judgement: Judgement) -> Iterator[str]:
    """Render what is contained inside an account in which something still works: that can undo it after this run."""
    reasons = [one for one in judgement.reasons if one.verdict is Verdict.NOT_DENIED]
    undenied = {one.subject for one in reasons}
    for account_id in sorted({one.account_id for one in reasons} - {""}):
        names = [
            arn
            for arn in dict.fromkeys(containment.list_contained())
            if arn.split(":")[4] == account_id
            and arn not in undenied
            and not containment.is_denied_from_above(account_id, arn)
        ]
        if names:
            yield (
                f"whether it stays contained, while something in account {account_id} is not denied: {', '.join(names)}"
            )


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
