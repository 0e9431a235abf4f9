# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what differs between two runs of the demo, apart from what differs between any two runs."""

from __future__ import annotations

import collections
import dataclasses
import html.parser
import json
import re
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: The kinds of differences, in the order in which they are printed.
KINDS: t.Final = {
    "status": "Exit status",
    "files": "Names of files",
    "report": "report.json",
    "fleet": "fleet.json",
    "plan": "plan.json",
    "plans": "Plans by hash",
    "journal": "Journal",
    "text": "Text reports",
    "html": "HTML, as parsed",
    "other": "Other files of a run",
    "results": "Results of tasks",
    "terminal": "Terminal and warnings",
    "calls": "Calls to AWS",
}


@dataclasses.dataclass(frozen=True)
class RunOutput:
    """What a run of a playbook left."""

    name: str
    status: int
    #: What roles print, then the JSON of the callback ansible.posix.json.
    stdout: str = dataclasses.field(repr=False)
    stderr: str = dataclasses.field(repr=False)
    #: A copy of its directories "reports" and "journal".
    directory: Path
    #: The emulator's records.
    calls: t.Sequence[t.Mapping[str, t.Any]] = dataclasses.field(repr=False)
    #: Threads decide the order of its changes, which the hash of its plan depends on.
    is_unordered: bool = False

    def keep(self) -> None:
        """Write what was printed and called beside the files of the run, for people."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for name, text in (("stdout", self.stdout), ("stderr", self.stderr), ("calls.json", json.dumps(self.calls))):
            (self.directory / name).write_text(text, encoding="utf-8")


class _Mask(t.NamedTuple):
    pattern: re.Pattern[str]
    replacement: str
    reason: str


MASKS: t.Final = (
    _Mask(
        re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}"),
        "<job id>",
        "Each ansible-playbook process is a job with a random id, which names directories of parts and journal.",
    ),
    _Mask(
        re.compile(r"(?<=<job id>/)\d{6}(?=\Z)"),
        "<record>",
        "A rollback names records of the journal, whose numbers threads decide: regions are changed at the same time.",
    ),
    _Mask(
        re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
        "<uuid>",
        "Idempotency tokens, and ids that AWS gives.",
    ),
    _Mask(
        re.compile(r"\bconfig-rule-[a-z0-9]{6}\b"),
        "<config rule id>",
        "AWS gives it. Rules of several regions are made at the same time, so the emulator's ids change places.",
    ),
    _Mask(
        re.compile(r"(?<=-)[0-9a-f]{16}(?=\.json$)"),
        "<hash of a note>",
        "The note of a further run with the same plan is named after its content, which has the time.",
    ),
    _Mask(
        re.compile(r"(?<=\bfleets/)[0-9a-f]{64}(?=\.json$)"),
        "<hash of a fleet report>",
        "The report of the fleet is kept under the hash of its content, which has the time.",
    ),
    _Mask(
        re.compile(r"'sha256-[A-Za-z0-9+/]{43}='"),
        "'<hash of style or script>'",
        "The Content Security Policy of a page follows from its style and script, which are compared.",
    ),
    _Mask(
        re.compile(r"\bansible-local-\w+"),
        "<local temporary directory>",
        "Ansible's own directory of a process.",
    ),
)

#: Keys whose values are left out, wherever they are, with the reason.
LEFT_OUT: t.Final = {
    "invocation": "The options that a task passed: how roles hand them on is no result.",
    "duration": "How long a task took.",
}
#: Operations of which it only counts that they were called, with the reason.
POLLED: t.Final = {
    "GenerateCredentialReport": "Asked until AWS has made the report.",
    "GetServiceLastAccessedDetails": "Asked until AWS has made the report.",
}
# Tasks that Ansible itself adds to a role. Their results repeat the role's whole argument specification.
_VALIDATION: t.Final = "Validating arguments against arg spec"

_MOMENT: t.Final = re.compile(
    r"\b(?P<date>\d{4}-\d\d-\d\d|\d{8})[T ](?P<time>\d\d:?\d\d(?::?\d\d)?)(?:[.,]\d+)?(?:Z\b|\+00:?00\b| UTC\b)?"
)
_STATISTICS: t.Final = ("stats", "custom_stats", "global_custom_stats")
_MANIFEST: t.Final = re.compile(r"\d{8}\.json")
_PLAN_HASH: t.Final = re.compile(r'"(?:plan_sha256|hardening_plan_sha256)": "([0-9a-f]{64})"')
_RECORD: t.Final = re.compile(r"(?P<job>journal/.+)/(?P<number>\d{6})-(?P<record>\w+)\.json")


@dataclasses.dataclass(frozen=True)
class Masks:
    """Replaces what differs between any two runs: MASKS, the paths of the checkouts, and moments of the clock.

    A moment from ``started`` to ``ended`` is one that was taken from the clock. What the seed holds and what
    hardening_now sets lie outside, so they are compared.
    """

    checkouts: t.Sequence[Path]
    started: datetime
    ended: datetime
    #: Hashes that follow from an order which threads decide.
    hashes: frozenset[str] = frozenset()

    def text(self, text: str) -> str:
        """The text with everything masked."""
        # The longer first, since one may begin as the other.
        for checkout in sorted(map(str, self.checkouts), key=len, reverse=True):
            text = text.replace(checkout, "<checkout>")
        for mask in MASKS:
            text = mask.pattern.sub(mask.replacement, text)
        for value in self.hashes:
            text = text.replace(value, "<plan hash>")
        return _MOMENT.sub(self._moment, text)

    def value(self, value: t.Any) -> t.Any:
        """A value of JSON with everything masked, in keys too, and without what is left out."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, t.Mapping):
            return {self.text(key): self.value(item) for key, item in value.items() if key not in LEFT_OUT}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self._is_of_the_clock(value):
            return "<moment>"
        return value

    def _moment(self, match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match["date"] + match["time"]).ljust(14, "0")
        try:
            moment = datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return match[0]
        # Texts may leave out the seconds.
        within = self.started - timedelta(minutes=1) <= moment <= self.ended
        return "<moment>" if within else match[0]

    def _is_of_the_clock(self, number: float) -> bool:
        """Whether this is a moment in seconds or, as OCSF has it, in milliseconds."""
        begin, end = self.started.timestamp() - 1, self.ended.timestamp()
        return begin <= number <= end or begin <= number / 1000 <= end


def find_differences(
    before: t.Sequence[RunOutput], after: t.Sequence[RunOutput], *, masks: Masks
) -> dict[str, list[str]]:
    """The differences by kind."""
    found: dict[str, list[str]] = collections.defaultdict(list)
    for one, other in zip(before, after, strict=True):
        for kind, line in _of_run(one, other, masks):
            found[kind].append(f"{one.name}: {line}")
    return dict(found)


def _of_run(before: RunOutput, after: RunOutput, masks: Masks) -> t.Iterator[tuple[str, str]]:
    runs = (before, after)
    if before.status != after.status:
        yield "status", f"{before.status} became {after.status}"
    if before.is_unordered:
        masks = dataclasses.replace(masks, hashes=plan_hashes(before.directory) | plan_hashes(after.directory))
    contents = Contents(masks, before.is_unordered)
    yield from of_files(*(contents.of_directory(run.directory) for run in runs))
    printed = [split_output(run.stdout) for run in runs]
    results = [contents.of_tasks(document) for _text, document in printed]
    yield from (("results", line) for line in of_values(*results))
    lines = [_lines(f"{text}\n{run.stderr}", masks) for (text, _document), run in zip(printed, runs, strict=True)]
    yield from (("terminal", line) for line in of_counts(*lines))
    yield from (("calls", line) for line in of_counts(*(count_calls(run.calls, masks) for run in runs)))


# Files


def of_files(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    """The differences between the contents of two directories by file, each with its kind."""
    yield from (("files", f"only before: {name}") for name in sorted(before.keys() - after.keys()))
    yield from (("files", f"only after: {name}") for name in sorted(after.keys() - before.keys()))
    for name in sorted(before.keys() & after.keys()):
        compare = of_counts if isinstance(before[name], collections.Counter) else of_values
        yield from ((kind_of(name), f"{name} {line}") for line in compare(before[name], after[name]))


def kind_of(name: str) -> str:
    """The kind of a file of a run."""
    parts = name.split("/")
    if parts[0] == "journal":
        return "journal"
    if "plans" in parts:
        return "plans"
    by_name = {"report.json": "report", "fleet.json": "fleet", "plan.json": "plan"}
    by_ending = {"txt": "text", "html": "html"}
    return by_name.get(parts[-1]) or by_ending.get(name.rpartition(".")[2]) or "other"


def plan_hashes(directory: Path) -> frozenset[str]:
    """The hashes of the plans that a run made."""
    return frozenset(
        value for path in directory.rglob("*.json") for value in _PLAN_HASH.findall(path.read_text(encoding="utf-8"))
    )


@dataclasses.dataclass(frozen=True)
class Contents:
    """Reads the files of a run so that they can be compared."""

    masks: Masks
    is_unordered: bool = False

    def of_directory(self, directory: Path) -> dict[str, t.Any]:
        """The contents by name, with all records of a job in the journal as one."""
        found: dict[str, t.Any] = {}
        journals: dict[str, dict[str, t.Any]] = collections.defaultdict(dict)
        for path in sorted(item for item in directory.glob("*/**/*") if item.is_file()):
            name = self.masks.text(path.relative_to(directory).as_posix())
            content = self.of_file(path.name, path.read_text(encoding="utf-8"))
            if record := _RECORD.fullmatch(name):
                journals[record["job"]].setdefault(record["number"], {})[record["record"]] = content
            else:
                found[name] = content
        return {**found, **{name: by_module(records) for name, records in journals.items()}}

    def of_file(self, name: str, text: str) -> t.Any:
        """The masked content of a file as values of JSON, lines or parts of a page."""
        ending = name.rpartition(".")[2]
        if name == "manifest.json" or _MANIFEST.fullmatch(name):
            # The hashes of files in which something is masked differ.
            return sorted(self.masks.text(path) for path in json.loads(text)["files"])
        if ending == "json":
            return self._sort(self.masks.value(json.loads(text)))
        if ending == "jsonl":
            return [self.masks.value(json.loads(line)) for line in text.splitlines()]
        text = self.masks.text(text)
        lines = parse_page(text) if ending == "html" else text.splitlines()
        return collections.Counter(lines) if self.is_unordered else lines

    def of_tasks(self, document: t.Any) -> t.Any:
        """The results of tasks by play, task and host, and the statistics of the run."""
        results: dict[str, list[t.Any]] = collections.defaultdict(list)
        for play in document["plays"]:
            for task in play["tasks"]:
                for host, result in task["hosts"].items() if _VALIDATION not in task["task"]["name"] else ():
                    name = f"{play['play']['name']} / {task['task']['name']} / {host}"
                    results[name].append(self._sort(self.masks.value(result)))
        return {**results, **{name: self.masks.value(document[name]) for name in _STATISTICS}}

    def _sort(self, value: t.Any) -> t.Any:
        """Sort a document's changes by region and its diff by text, if threads decided their order."""
        if not self.is_unordered:
            return value
        if isinstance(value, list):
            return [self._sort(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {name: self._sort(item) for name, item in value.items()}
        if isinstance(found.get("changes"), list):
            found["changes"] = sorted(found["changes"], key=lambda change: str(change["region"]))
        if isinstance(found.get("diff"), list):
            found["diff"] = sorted(found["diff"], key=lambda part: json.dumps(part, sort_keys=True))
        return found


def by_module(records: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, list[t.Any]]:
    """The records of a job by module and region, in their order: regions are changed at the same time."""
    found: dict[str, list[t.Any]] = collections.defaultdict(list)
    for _number, entry in sorted(records.items()):
        for name, record in sorted(entry.items()):
            region = entry["intent"]["change"]["region"] if name != "run" and "intent" in entry else ""
            found[f"{record['module']} {region}"].append(record)
    return dict(found)


class _Page(html.parser.HTMLParser):
    """The elements, attributes and texts of a page, in their order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_text()
        self.found.append(" ".join([f"<{tag}", *(f"{name}={value!r}" for name, value in sorted(attrs))]) + ">")

    def handle_endtag(self, tag: str) -> None:
        self.end_text()
        self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def end_text(self) -> None:
        """Keep the text so far, with its white space collapsed as a browser shows it."""
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            self.found.append(text)


def parse_page(text: str) -> list[str]:
    """The elements with sorted attributes and the texts of an HTML page, in their order."""
    page = _Page()
    page.feed(text)
    page.close()
    page.end_text()
    return page.found


# Output


def split_output(stdout: str) -> tuple[str, t.Any]:
    """What roles printed, and the document that the callback printed last."""
    text, separator, document = f"\n{stdout}".rpartition("\n{\n")
    if not separator:
        raise ValueError(f"ansible-playbook printed no results: {stdout[-2000:]}")
    return text, json.loads(f"{{{document}")


def _lines(text: str, masks: Masks) -> collections.Counter[str]:
    """How often each line was printed: hosts take turns in any order."""
    return collections.Counter(line.strip() for line in masks.text(text).splitlines() if line.strip())


def count_calls(calls: t.Iterable[t.Mapping[str, t.Any]], masks: Masks) -> collections.Counter[str]:
    """How often each call was made in an account: threads make them in any order."""
    found: collections.Counter[str] = collections.Counter()
    for call in calls:
        name = (
            f"{call['account_id']} {call['region']} {call['service']}:{call['operation']} by {call['caller_arn']} "
            f"{json.dumps(masks.value(call['parameters']), sort_keys=True)} {call['error_code'] or 'done'}"
        )
        found[name] = 1 if call["operation"] in POLLED else found[name] + 1
    return found


# Values


def of_counts(before: collections.Counter[str], after: collections.Counter[str]) -> t.Iterator[str]:
    """What is more often on one side."""
    for sign, left in (("only before", before - after), ("only after", after - before)):
        yield from (f"{sign}, {number} times: {name}" for name, number in sorted(left.items()))


def of_values(before: t.Any, after: t.Any, where: str = "") -> t.Iterator[str]:
    """The innermost places in which two values of JSON differ."""
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            if key not in after or key not in before:
                yield f"{where}.{key}: {'only before' if key in before else 'only after'}"
            else:
                yield from of_values(before[key], after[key], f"{where}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{where}: {len(before)} items became {len(after)}"
        for number, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from of_values(one, other, f"{where}[{number}]")
    else:
        yield f"{where}: {_short(before)} became {_short(after)}"


def _short(value: t.Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"
