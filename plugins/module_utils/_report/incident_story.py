# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An incident in words: what happened, what was taken, what is closed, what is open, and what to do now.

Made from two documents, the verdict of the last containment and the last hunt. Either may be missing, and each may be
older than the other: what only the missing one knows is "not known", and a call that succeeded after the containment
speaks against it, whatever its verdict was.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from .._account.moments import parse_moment
from .._controls.control import plural
from .hunt_groups import count_names, group_rows

Item = Mapping[str, t.Any]

_MOST_LATE: t.Final = 20
#: What the verdict says of what no longer works.
_DENIED: t.Final = "denied"
#: What is open, by the part of the verdict: the words for one of them, and what it means.
_OPEN: t.Final[Mapping[str, tuple[str, str]]] = {
    "not_denied": ("Not denied", "Something still works that an intruder may use."),
    "unresolved": ("Not found", "A name of the declaration is wrong, or is gone: nothing was changed for it."),
    "failed": ("Failed", "What an account could not do or read is not known there."),
    "not_trusted": ("Not trusted", "What protects the accounts was changed, and nobody has said that it was right."),
    "left_alone": ("Left alone", "No run touches these: people have to."),
    "not_known": ("Not known", "These could not be read, or nobody can know them."),
}
_DATA_OUT: t.Final = "data_out"
#: Calls of STS on which no denial has an effect, and which give no rights.
#: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_NEVER_DENIED: t.Final = frozenset({"GetCallerIdentity", "GetSessionToken"})
#: What is never known from events: the last minutes, and what they are not about.
_LATE: t.Final = "Events are 5 to 15 minutes late: the newest calls are not known yet."
_NO_DATA_EVENTS: t.Final = (
    "Not known: reads of objects, tables and messages. The event history has none; hunt with log files (trail_logs)."
)
_ONLY_SELECTED: t.Final = "Not known: reads of data that the trail does not record. Log files have what it selects."
_NO_HUNT: t.Final = "Not known: nobody has hunted for this incident yet, or its hunt can't be read."
_NO_VERDICT: t.Final = "Not known: no containment of this incident has left its verdict here, or it can't be read."


@dataclasses.dataclass(frozen=True)
class Step:
    """What to do: a sentence, and the command for it, if there is one."""

    text: str
    command: str = ""


@dataclasses.dataclass(frozen=True)
class Story:
    """The answers, each in sentences."""

    what: tuple[str, ...]
    since: tuple[str, ...]
    taken: tuple[str, ...]
    closed: tuple[str, ...]
    open: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def is_open(self) -> bool:
        """Whether anything is open but the newest events, which are late each time, or not known."""
        return any(sentence != _LATE for sentence in self.open)


def tell_on_call(verdict: t.Optional[Item], hunt: t.Optional[Item], notes: Sequence[str] = ()) -> Story:
    """Tell it to the person on call: every name, and every step with its command.

    ``verdict`` and ``hunt`` are the documents ``verdict.json`` and ``hunt.json``, None where there is none. ``notes``
    say why one could not be read.
    """
    late = list(_list_calls_after(verdict, hunt))
    return Story(
        what=(*_tell_declared(verdict), *_list_seeds(verdict), *_tell_calls(hunt), *_list_callers(hunt)),
        since=tuple(_tell_since(verdict, hunt)),
        taken=(*_tell_reads(hunt), *_list_reads(hunt), *_tell_secrets(hunt), *_tell_limits(hunt)),
        closed=(*_tell_closed(verdict, late), *_list_closed(verdict)),
        open=(*notes, *_list_late(verdict, late), *_list_open(verdict), *_list_open_of_hunt(hunt)),
        steps=tuple(_list_steps(verdict, hunt, late)),
    )


def tell_management(verdict: t.Optional[Item], hunt: t.Optional[Item], notes: Sequence[str] = ()) -> Story:
    """Tell it to people who decide: numbers, consequences and deadlines. The other page has the names."""
    late = list(_list_calls_after(verdict, hunt))
    return Story(
        what=(*_tell_declared(verdict), *_tell_calls(hunt)),
        since=tuple(_tell_since(verdict, hunt)),
        taken=(*_tell_reads(hunt), *_tell_secrets(hunt), *_tell_limits(hunt)),
        closed=tuple(_tell_closed(verdict, late)),
        open=(*notes, *_tell_late(verdict, late), *_tell_open(verdict), *_tell_open_of_hunt(hunt)),
        steps=tuple(_list_decisions(verdict, hunt, late)),
    )


# What happened, and since when


def _tell_declared(verdict: t.Optional[Item]) -> Iterator[str]:
    if verdict is not None:
        yield _make_sentence(f"{verdict['declared_by']} declared it: {verdict['reason']}")


def _list_seeds(verdict: t.Optional[Item]) -> Iterator[str]:
    if verdict is not None:
        yield from (_make_sentence(text) for text in verdict["sections"]["credentials"])


def _tell_calls(hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is None:
        yield _NO_HUNT
        return
    numbers = hunt["numbers"]
    suspected, uncertain = numbers["suspected"]["yes"], numbers["suspected"]["uncertain"]
    if not suspected and not uncertain:
        yield "No call of the record differs from what its callers usually do. That proves nothing: see what is open."
        return
    callers = {row["principal"] for row in hunt["timeline"] if row["suspected"] == "yes" and row["principal"]}
    where = f"{plural(len(callers), 'callers')} in {plural(numbers['accounts'], 'accounts')}"
    yield f"Calls that are probably an intruder's: {suspected}, by {where}; {numbers['failed']} of them failed."
    yield f"Calls that may be an intruder's: {uncertain}."
    if hunt["persistence"]:
        families = count_names(row["family"].replace("_", " ") for row in hunt["persistence"])
        yield f"Changes that these calls made: {len(hunt['persistence'])} ({families})."


def _list_callers(hunt: t.Optional[Item]) -> Iterator[str]:
    rows = [row for row in hunt["timeline"] if row["suspected"] == "yes"] if hunt else []
    for name, words in (("principal", "Made as"), ("source_address", "Made from")):
        found = list(dict.fromkeys(row[name] for row in rows if row[name]))
        if found:
            yield f"{words}: {', '.join(found)}."
    for group in group_rows(hunt["persistence"] if hunt else ()):
        counts = ", ".join(f"{count} {word}" for word, count in group.counts.items())
        yield f"{group.family.replace('_', ' ')} in account {group.account_id}: {group.events} ({counts})."


def _tell_since(verdict: t.Optional[Item], hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is not None and hunt["since"]:
        yield f"First suspicious time: {_format(hunt['since'])}."
        moments = [row["time"] for row in hunt["timeline"] if row["suspected"] != "no"]
        if moments:
            yield f"Suspected and uncertain calls: from {_format(min(moments))} to {_format(max(moments))}."
    else:
        yield "Not known: no hunt has found a first suspicious time."
    if verdict is not None:
        yield f"Last containment: {_format(verdict['at'])}."
    if hunt is not None:
        yield f"Last hunt: {_format(hunt['created'])}. {_LATE}"


# What was taken


def _tell_reads(hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is None:
        yield _NO_HUNT
        return
    data = [row for row in hunt["taken"] if row["content"] == "data"]
    total, doubtful = (sum(row[name] for row in data) for name in ("suspected", "uncertain"))
    if data:
        yield f"{plural(total, 'successful reads')} of data by suspected calls, {doubtful} by uncertain ones."
    else:
        yield "The record shows no read of data. That proves nothing: see below."
    others = sum(row["suspected"] + row["uncertain"] for row in hunt["taken"] if row["content"] != "data")
    if others:
        yield f"{plural(others, 'reads')} of settings, or of what is not known to be data."
    out = [row for row in hunt["persistence"] if row["class"] == _DATA_OUT]
    if out:
        names = count_names(row["event_name"] for row in out)
        yield f"Changes by which data can leave the accounts: {len(out)} ({names})."


def _list_reads(hunt: t.Optional[Item]) -> Iterator[str]:
    for row in hunt["taken"] if hunt else ():
        kind = "" if row["content"] == "data" else " (not known to be data)"
        yield (
            f"{row['action']}{kind}: {row['suspected']} suspected, {row['uncertain']} uncertain, in account "
            f"{', '.join(row['accounts'])}, from {_format(row['first'])} to {_format(row['last'])}."
        )


def _tell_secrets(hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is not None and hunt["secrets"]:
        read = sum(bool(row["reads"]) for row in hunt["secrets"])
        yield (
            f"{len(hunt['secrets'])} secrets, parameters and keys could be read, and the record shows that of {read}. "
            "All of them have to be changed."
        )


def _tell_limits(hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is not None:
        yield from (_make_sentence(f"Not known: {text}") for text in hunt["unread"])
        yield _ONLY_SELECTED if hunt["record"] == "files" else _NO_DATA_EVENTS


# What is closed


def _tell_closed(verdict: t.Optional[Item], late: Sequence[Item]) -> Iterator[str]:
    if verdict is None:
        yield _NO_VERDICT
        return
    doubt = " Calls that succeeded later speak against it: see what is open." if late else ""
    yield f"Verdict of {_format(verdict['at'])}: {verdict['headline']}.{doubt}"
    contained = len(verdict["sections"]["contained"])
    yield f"Users, roles and accounts that are denied, in whole or for the sessions that were open: {contained}."
    denied = [row for row in verdict["lives_on"] if row["state"] == _DENIED]
    if denied:
        yield f"Sessions and tokens that live on, but are denied: {len(denied)} kinds."


def _list_closed(verdict: t.Optional[Item]) -> Iterator[str]:
    if verdict is not None:
        yield from (_make_sentence(text) for text in verdict["sections"]["contained"])
        yield from (
            f"Denied, though it lives on{_tell_until(row)}: {row['what']} of {', '.join(row['principals'])}."
            for row in verdict["lives_on"]
            if row["state"] == _DENIED
        )


# What is open


def _list_late(verdict: t.Optional[Item], late: Sequence[Item]) -> Iterator[str]:
    yield from _tell_late(verdict, late)
    yield from (
        f"Succeeded {_format(row['time'])}: {row['event_source'].partition('.')[0]}:{row['event_name']} in account "
        f"{row['account_id']} by {row['access_key_id'] or row['principal']}."
        for row in late[:_MOST_LATE]
    )
    if late[_MOST_LATE:]:
        yield f"… and {len(late) - _MOST_LATE} more: see the page of the hunt."


def _tell_late(verdict: t.Optional[Item], late: Sequence[Item]) -> Iterator[str]:
    if late and verdict is not None:
        yield (
            f"Suspected and uncertain calls that succeeded after the containment of {_format(verdict['at'])}: "
            f"{len(late)}. It does not hold, or something was not contained."
        )


def _tell_failed(verdict: Item) -> Iterator[str]:
    if verdict["failed"]:
        yield f"The containment is not complete: {verdict['headline']}."


def _list_open(verdict: t.Optional[Item]) -> Iterator[str]:
    if verdict is None:
        yield _NO_VERDICT
        return
    yield from _tell_failed(verdict)
    for name, (words, _meaning) in _OPEN.items():
        yield from (_make_sentence(f"{words}: {text}") for text in verdict["sections"][name])
    yield from (
        f"No denial ends it{_tell_until(row)}: {row['what']} of {', '.join(row['principals'])}."
        for row in verdict["lives_on"]
        if row["state"] != _DENIED
    )


def _tell_open(verdict: t.Optional[Item]) -> Iterator[str]:
    if verdict is None:
        yield _NO_VERDICT
        return
    yield from _tell_failed(verdict)
    for name, (words, meaning) in _OPEN.items():
        if verdict["sections"][name]:
            yield f"{words}: {len(verdict['sections'][name])}. {meaning}"
    lasting = [row for row in verdict["lives_on"] if row["state"] != _DENIED]
    if lasting:
        ends = "" if any(not row["until"] for row in lasting) else max(row["until"] for row in lasting)
        last = f"The last ends at {_format(ends)}." if ends else "Some work until somebody ends them."
        yield f"Sessions and tokens that the intruder may have, and that no denial ends: {len(lasting)} kinds. {last}"


def _list_open_of_hunt(hunt: t.Optional[Item]) -> Iterator[str]:
    yield from _tell_open_of_hunt(hunt)
    if hunt is not None:
        yield from (
            _make_sentence(f"Not followed: {one['from']} → {one['to']}: {one['reason']}") for one in hunt["unfollowed"]
        )
        yield from (
            f"Read {'only in part' if coverage == 'partial' else 'not at all'}: {region} of account {account_id}."
            for account_id, regions in sorted(hunt["coverage"].items())
            for region, coverage in sorted(regions.items())
            if coverage != "complete"
        )


def _tell_open_of_hunt(hunt: t.Optional[Item]) -> Iterator[str]:
    if hunt is None:
        yield _NO_HUNT
        return
    left = [row for row in hunt["persistence"] if row["present"] != "false"]
    if left:
        unknown = sum(row["present"] == "unknown" for row in left)
        yield f"Changes that are still there, or may be: {len(left)}. Of {unknown} it is not known."
    if hunt["unfollowed"]:
        yield f"Ways to come back whose use the record does not show: {len(hunt['unfollowed'])}."
    regions = sum(coverage != "complete" for found in hunt["coverage"].values() for coverage in found.values())
    if regions:
        yield f"Regions that were not read, or only in part: {regions}."
    yield _LATE


# What to do now


def _list_steps(verdict: t.Optional[Item], hunt: t.Optional[Item], late: Sequence[Item]) -> Iterator[Step]:
    if late:
        yield Step("Contain again: something worked after the last containment.")
    if verdict is None:
        yield Step("Contain it: run contain.yml, with --check first.")
    else:
        yield from (Step(_make_sentence(step["text"]), step["command"]) for step in verdict["next"])
    if hunt is None:
        yield Step("Hunt for what was done with the credential: run hunt.yml.")
        return
    yield from (Step(_make_sentence(text)) for text in hunt["next_steps"])
    if hunt["persistence"]:
        yield Step("Decide about each change that was left behind: the page of the hunt has the call that undoes it.")
    if hunt["secrets"]:
        yield Step(f"Change the {len(hunt['secrets'])} secrets, parameters and keys that could be read.")


def _list_decisions(verdict: t.Optional[Item], hunt: t.Optional[Item], late: Sequence[Item]) -> Iterator[Step]:
    if verdict is None or verdict["failed"] or late:
        yield Step("The containment is not complete. Let the person on call go on: the other page has the commands.")
    if verdict is not None and verdict["confirm_until"]:
        yield Step(f"A second person has to confirm the containment until {_format(verdict['confirm_until'])}.")
    if hunt is None:
        yield Step("Let the person on call hunt for what was done: what was taken is not known before.")
    else:
        times = " and ".join(map(_format, hunt["lag"]["repeat_at"]))
        yield Step(f"Events are late. Let the person on call hunt again at {times}.")
        if hunt["persistence"]:
            yield Step("Let the owners of the accounts decide about each change that was left behind.")
        if hunt["secrets"]:
            yield Step(f"Let their owners change the {len(hunt['secrets'])} secrets, parameters and keys.")
    yield Step("Decide who has to hear of it, and until when. The reads that are counted are the least that were made.")


def _list_calls_after(verdict: t.Optional[Item], hunt: t.Optional[Item]) -> Iterator[Item]:
    """List the suspected and uncertain calls that succeeded after the containment: they say that it did not hold."""
    if verdict is None:
        return
    contained = parse_moment(verdict["at"])
    yield from (
        row
        for row in (hunt["timeline"] if hunt else ())
        if row["suspected"] != "no"
        and not row["error_code"]
        and not (row["event_source"].startswith("sts.") and row["event_name"] in _NEVER_DENIED)
        and parse_moment(row["time"]) > contained
    )


def _tell_until(row: Item) -> str:
    return f" until {_format(row['until'])}" if row["until"] else ", until somebody ends it"


def _make_sentence(text: str) -> str:
    # An ARN and the id of a key keep their letters.
    shown = f"{text[:1].upper()}{text[1:]}" if text.partition(" ")[0].isalpha() else text
    return shown if shown.endswith((".", ":")) else f"{shown}."


def _format(moment: str) -> str:
    return moment.replace("T", " ").replace("Z", " UTC")
