# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.txt`` and the terminal: the assessment as people have always written it down."""

from __future__ import annotations

import collections
import functools
import json
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._converge.affects.affected import describe_affected
from ...module_utils._converge.finding import Severity, Status
from ...module_utils._report.campaign_text import brief as brief_campaign
from ...module_utils._report.document import headline
from ...module_utils._report.grouping import (
    FRAMEWORKS,
    Group,
    failing_groups,
    gaps,
    last_activity,
    problem_of,
    refusal_groups,
    resource_name,
)
from ...module_utils._report.impact_text import brief as impact_lines
from ...module_utils._report.least_privilege_text import brief as brief_principal
from ...module_utils._report.paths import by_end, caveat, path_of
from ...module_utils._report.plain import WIDTH, join_names, list_action_notes, printable, wrap_text
from ...module_utils._report.states import count_changes, state_of
from ...module_utils._report.states import format_counts as states

TITLE: t.Final = "IAM Security Assessment Report"

# How many names or ids a line lists before it cuts.
_NAMES = 12
_IDS = 4
_REFUSED = 40
# How many ways to become an administrator are named, and how many to become the same one.
_WAYS = 12
_WAYS_TO_ONE = 4

_UNNAMED: t.Final = "unnamed"

Lines = list[str]
Show = Callable[[object], str]


def render(
    report: Mapping[str, t.Any], *, title: str = TITLE, ascii_only: bool = False, with_preflight: bool = True
) -> str:
    """The report of one account as text of at most 100 columns.

    :arg ascii_only: nothing but ASCII, for terminals and mail that garble the rest.
    :arg with_preflight: not where the preflight's own table was shown just before.
    """
    show = functools.partial(printable, ascii_only=ascii_only)
    sections = [
        _render_header(report, show(title), show),
        _render_preflight(report["preflight"] if with_preflight else (), show),
        *_render_findings(report, show),
        _render_not_assessed(report, show),
        _render_waived(report, show),
        _render_impacts(report["impacts"], show),
        _render_briefs("LEAST PRIVILEGE:", report.get("least_privilege", ()), brief_principal, show),
        _render_briefs("RIGHT-SIZING:", report.get("campaigns", ()), brief_campaign, show),
        _render_changes(report, show),
        _render_refused(report["refused"], show),
        _render_costs(report["costs"], show),
        _render_summary(report, show),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def render_summary(report: Mapping[str, t.Any], *, title: str = TITLE, ascii_only: bool = False) -> str:
    """The head of the report and its numbers."""
    show = functools.partial(printable, ascii_only=ascii_only)
    sections = (_render_header(report, show(title), show), _render_summary(report, show))
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def render_brief(report: Mapping[str, t.Any]) -> str:
    """The outcome of one account in a line, where the reports of many would bury each other."""
    counts = ", ".join(f"{report['summary'][name]} {name}" for name in ("critical", "high", "medium", "low"))
    score, changed = headline(report), count_changes(report)
    parts = [
        counts,
        describe_score(score) if score else "",
        f"changes: {states(changed)}" if any(changed.values()) else "",
        _count_refused(report["refused"]),
    ]
    return f"{describe_account(report)}: " + "; ".join(filter(None, parts))


def _count_refused(refused: Sequence[Mapping[str, t.Any]]) -> str:
    """Count the changes that each guard refused; the report has their reasons."""
    by_rule = collections.Counter(item["rule"] for item in refused)
    return f"refused by {', '.join(f'{rule} ({count})' for rule, count in sorted(by_rule.items()))}" if by_rule else ""


def describe_analyzer(report: Mapping[str, t.Any]) -> str:
    """Describe the versions of the software that assessed."""
    run = report["run"]
    return f"hardening.iam {run['collection_version']} (control catalog {run['control_catalog_version']})"


def describe_account(report: Mapping[str, t.Any]) -> str:
    """Describe the account by number and alias; if the organization was assessed, that comes first."""
    alias, organization = report["account_alias"], report["scope"].get("organization_id")
    if organization:
        return f"{organization}, assessed from {report['account_id']}"
    return f"{report['account_id']} ({alias})" if alias else str(report["account_id"])


def describe_mode(report: Mapping[str, t.Any]) -> str:
    """Describe what the run could do to the account."""
    return name_mode(report["run"]["mode"])


def name_mode(name: str) -> str:
    """Name a mode of a run in words."""
    return "check mode: nothing was changed" if name == "check" else "real run"


def describe_score(score: Mapping[str, t.Any]) -> str:
    """Describe a score with its benchmark and version: never a number alone."""
    return f"{describe_percent(score)} ({FRAMEWORKS.get(score['benchmark'], score['benchmark'])})"


def describe_percent(score: Mapping[str, t.Any]) -> str:
    """Describe the percentage of a score; if the run changed something, first the one from before."""
    percent = "no verdict" if score["percent"] is None else f"{score['percent']:g}%"
    before = score.get("percent_before")
    return percent if before is None else f"{before:g}% → {percent}"


def describe_score_basis(score: Mapping[str, t.Any]) -> str:
    """Describe the basis of a score, and how much of the benchmark that is."""
    names = [name for name in ("waived", "not_assessed", "not_applicable") if score[name]]
    others = "".join(f"; {score[name]} {name.replace('_', ' ')}" for name in names)
    decided = score["passed"] + score["failed"]
    coverage = f"coverage {score['coverage_percent']:g}% of {score['recommendations']} recommendations"
    return f"{score['passed']} of {decided} passed; {coverage}{others}"


def _describe_credential_report(report: Mapping[str, t.Any]) -> str:
    """Describe when the credential report was made: later events are not in it."""
    generated = report["credential_report_generated_at"]
    return f"{generated} (AWS renews it every 4 hours at most)" if generated else ""


def describe_clock(report: Mapping[str, t.Any]) -> str:
    """Describe the moment that ages are counted from, if it is not the time of the run."""
    moment = report["run"].get("clock_set_to")
    return f"ages are counted from {moment} (hardening_now)" if moment else ""


def _render_header(report: Mapping[str, t.Any], title: str, show: Show) -> Lines:
    run, scope = report["run"], report["scope"]
    populations = ", ".join(f"{name}: {count}" for name, count in scope["populations"].items())
    score = headline(report)
    has_moved = score is not None and score["percent_before"] is not None
    fields = [
        ("Organization ID" if scope.get("organization_id") else "Account ID", describe_account(report)),
        ("Assessment Date", run["started"][:10]),
        ("Clock", describe_clock(report)),
        ("Analyzer", describe_analyzer(report)),
        ("Run", f"{run['id']} ({describe_mode(report)})"),
        ("Compliance Score", describe_score(score) if score and has_moved else ""),
        ("Regions", ", ".join(scope["regions_assessed"])),
        ("Scope", populations),
        ("Credential Report", _describe_credential_report(report)),
    ]
    lines = [title, "=" * len(title)]
    for name, value in fields:
        if value:
            lines += wrap_text(f"{name}: {show(value)}", rest="  ")
    for reason, regions in group_regions_by_reason(scope):
        name = "Region" if len(regions) == 1 else "Regions"
        lines += wrap_text(f"{name} not assessed: {show(', '.join(regions))}: {show(reason)}", rest="  ")
    return lines


def group_regions_by_reason(scope: Mapping[str, t.Any]) -> list[tuple[str, list[str]]]:
    """Group the regions that were not assessed by reason."""
    found: dict[str, list[str]] = {}
    for gap in scope["regions_not"]:
        found.setdefault(gap["reason"], []).append(gap["region"])
    return list(found.items())


def _render_preflight(rows: Iterable[Mapping[str, t.Any]], show: Show) -> Lines:
    cells = [
        (
            show(row["capability"]),
            row["state"],
            "; ".join(filter(None, (row["reason"], *list_action_notes(row)))),
        )
        for row in rows
    ]
    if not cells:
        return []
    width = max(len(name) for name, _state, _note in cells)
    lines = ["PREFLIGHT:"]
    for name, state, note in cells:
        lines += wrap_text(f"{name:<{width}}  {state:<14}  {show(note)}".rstrip(), first="  ", rest=" " * (width + 20))
    return lines


def _render_findings(report: Mapping[str, t.Any], show: Show) -> list[Lines]:
    groups = failing_groups(report)
    sections = []
    for severity in Severity:
        blocks = [_render_group(group, report, show) for group in groups if group.severity == severity.value]
        if blocks:
            body = "\n\n".join("\n".join(block) for block in blocks)
            sections.append([f"{severity.value.upper()} FINDINGS:", body])
    return sections


def _render_group(group: Group, report: Mapping[str, t.Any], show: Show) -> Lines:
    delta = report["delta"]
    badges = _make_badge(group, delta["new"], "NEW") + _make_badge(
        group, delta.get("newly_assessed", ()), "NEWLY ASSESSED"
    )
    lines = wrap_text(f"[{group.id}] {show(group.heading)}{badges}", rest=" " * 8)
    for name, value in _list_group_fields(group, report):
        lines += wrap_text(f"- {name}: {show(value)}", first="  ", rest="    ")
    return lines


def _make_badge(group: Group, fingerprints: Iterable[str], word: str) -> str:
    """A mark behind the heading: the word alone where it holds for all findings of the group, else for how many."""
    wanted = frozenset(fingerprints)
    count = sum(finding["fingerprint"] in wanted for finding in group.findings)
    return "" if not count else f" [{word}]" if count == len(group.findings) else f" [{count} {word}]"


def _list_group_fields(group: Group, report: Mapping[str, t.Any]) -> list[tuple[str, str]]:
    first = group.findings[0]
    escalations = _list_escalations(group, report)
    fields: list[tuple[str, t.Optional[str]]]
    if len(group.findings) == 1:
        detail = first["resource_detail"]
        region = "" if first["region"] == "global" else first["region"]
        notes = ", ".join(filter(None, (detail, region)))
        fields = [
            ("Resource", f"{first['resource']} ({notes})" if notes else first["resource"]),
            *(escalations or [("Detail", first["detail"])]),
            ("Last Activity", last_activity(first)),
        ]
    elif escalations:
        fields = [*escalations]
    else:
        what = "Resources" if len(group.controls) == 1 else "Events"
        fields = [(what, join_names(group.names, _NAMES)), ("Detail", first["detail"] if _is_shared(group) else None)]
    fields += [("Remediation", group.remediation["text"]), ("CIS Benchmark", join_cis_ids(group.compliance))]
    return [(name, value) for name, value in fields if value]


def _list_escalations(group: Group, report: Mapping[str, t.Any]) -> list[tuple[str, str]]:
    """List who can become an administrator and how; principals with the same way together."""
    found = [path for path in map(path_of, group.findings) if path is not None]
    if not found:
        return []
    named = [way for same in by_end(found) for way in same[:_WAYS_TO_ONE]][:_WAYS]
    more = len(found) - sum(len(way.paths) for way in named)
    rest = f"… and {more} more principals" if more else ""
    return [*(("Path", way.sentence) for way in named), ("Path", rest), ("Detail", caveat(report))]


def _is_shared(group: Group) -> bool:
    return len({finding["detail"] for finding in group.findings}) == 1


def join_cis_ids(compliance: Mapping[str, Sequence[str]]) -> str:
    """The recommendations of the CIS benchmark, the newest version first; of many the first ones and the last."""
    versions = [(name, compliance.get(name, ())) for name in FRAMEWORKS if name.startswith("cis_")]
    return ", ".join(f"{_join_ids(ids)} (v{name.removeprefix('cis_')})" for name, ids in versions if ids)


def _join_ids(ids: Sequence[str]) -> str:
    return " ".join(ids) if len(ids) <= _IDS else " ".join([*ids[: _IDS - 1], "…", ids[-1]])


def _render_not_assessed(report: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for gap in gaps(report):
        lines += wrap_text(f"- {show(gap.reason)}", first="  ", rest="    ")
        lines += wrap_text(f"Controls: {show(', '.join(gap.controls))}", first="    ", rest="      ")
        named = [*gap.resources, *(region for region in gap.regions if region != "global")]
        if named:
            lines += wrap_text(f"About: {show(join_names(named, _NAMES * 2))}", first="    ", rest="      ")
    return ["NOT ASSESSED:", *lines] if lines else []


def _render_waived(report: Mapping[str, t.Any], show: Show) -> Lines:
    lines = []
    for finding in report["findings"]:
        if finding["status"] == Status.WAIVED.value:
            waiver = finding["waiver"] or {}
            terms = "; ".join(
                f"{name} {waiver[name]}" for name in ("expires", "owner", "ticket", "reason") if waiver.get(name)
            )
            lines += wrap_text(
                f"- {show(problem_of(finding, report))}: {show(resource_name(finding))}", first="  ", rest="    "
            )
            lines += wrap_text(show(terms), first="    ", rest="    ") if terms else []
    return ["WAIVED:", *lines] if lines else []


def _render_impacts(impacts: Sequence[Mapping[str, t.Any]], show: Show) -> Lines:
    texts = ["\n".join(impact_lines(impact, show)) for impact in impacts]
    return ["WHAT WOULD BREAK:", "\n\n".join(texts)] if texts else []


def _render_briefs(
    title: str, items: Sequence[Mapping[str, t.Any]], brief: Callable[[Mapping[str, t.Any], Show], Lines], show: Show
) -> Lines:
    lines = [line for item in items for line in brief(item, show)]
    return [title, *lines] if lines else []


def _render_changes(report: Mapping[str, t.Any], show: Show) -> Lines:
    changes = report["changes"]
    lines = []
    for change in changes:
        undo = "" if change["reversible"] else ", not reversible"
        what = f"- {change['service']}:{change['operation']} on {change['target']} ({state_of(change)}{undo})"
        lines += wrap_text(show(what), first="  ", rest="    ")
        affects = change.get("affects")
        affected = [f"affects: {describe_affected(affects)}"] if affects else []
        for line in (*describe_difference(change["before"], change["after"]), *affected):
            lines += wrap_text(show(line), first="      ", rest="        ")
    return [f"CHANGES: {states(count_changes(report))}", *lines] if changes else []


def describe_difference(before: t.Any, after: t.Any) -> Lines:
    """Describe the differences of a change, a line each: by field if a side has fields, of policies by statement."""
    old, new = ({} if side is None else side for side in (before, after))
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [_describe_pair(before, after)]
    names = list(dict.fromkeys([*old, *new]))
    pairs = [(name, old.get(name), new.get(name)) for name in names]
    return [f"{name}: {_describe_pair(there, then)}" for name, there, then in pairs if there != then]


def _describe_pair(there: t.Any, then: t.Any) -> str:
    """Describe two values that differ, so that they do not look equal."""
    old, new = _format_value(there), _format_value(then)
    if _is_policy(there) and _is_policy(then):
        before = _list_statements(there)
        changed = [name for name, statement in _list_statements(then) if (name, statement) not in before]
        # Of statements without a name nobody can say which of them changed.
        known = {name for name, _statement in before if name != _UNNAMED or old == new}
        names = ", ".join(name for name in changed if name in known) or ("other members" if old == new else "")
        return f"{old} -> {new}{f', changed: {names}' if names else ''}"
    if old == new:
        old, new = (json.dumps(value, sort_keys=True, ensure_ascii=False) for value in (there, then))
    return f"{old} -> {new}"


def _is_policy(value: t.Any) -> bool:
    return isinstance(value, Mapping) and "Statement" in value


def _list_statements(policy: Mapping[str, t.Any]) -> list[tuple[str, t.Any]]:
    """List the statements of a policy with their names."""
    statements = policy["Statement"]
    found = statements if isinstance(statements, list) else [statements]
    return [(str(item.get("Sid", _UNNAMED)), item) for item in found if isinstance(item, Mapping)]


def _format_value(value: t.Any) -> str:
    if value is None:
        return "none"
    if _is_policy(value):
        return _describe_policy(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _describe_policy(policy: Mapping[str, t.Any]) -> str:
    """Describe a policy by the names of its statements: the whole policy is in plan.json and in the diff."""
    count = len(policy["Statement"]) if isinstance(policy["Statement"], list) else 1
    names = [name for name, _statement in _list_statements(policy)]
    return f"a policy with {plural(count, 'statements')} ({', '.join(names)})"


def _render_refused(refused: Iterable[Mapping[str, t.Any]], show: Show) -> Lines:
    lines = []
    for refusal in refusal_groups(refused):
        marks = filter(None, (refusal.module, refusal.operation, refusal.rule))
        lines += wrap_text(show(f"- {refusal.title}: {refusal.summary} ({', '.join(marks)})"), first="  ", rest="    ")
        # Lines to copy are not wrapped.
        lines += [f"      {show(line)}" for line in refusal.to_copy]
        if refusal.names:
            lines += wrap_text(show(join_names(refusal.names, _REFUSED)), first="      ", rest="      ")
    return ["REFUSED:", *lines] if lines else []


def _render_costs(costs: Sequence[Mapping[str, t.Any]], show: Show) -> Lines:
    lines = []
    for cost in costs:
        what = f"- {cost['module']}: {describe_cost(cost)} ({state_of(cost)}; {cost['note']})"
        lines += wrap_text(show(what), first="  ", rest="    ")
    return ["WHAT IT COSTS:", *lines] if lines else []


def describe_cost(cost: Mapping[str, t.Any]) -> str:
    """Describe the number of units that AWS charges for."""
    count = "an unknown number" if cost["count"] is None else f"{cost['count']:,}"
    return f"{count} × {cost['unit']}"


def _render_summary(report: Mapping[str, t.Any], show: Show) -> Lines:
    summary = report["summary"]
    severities = " | ".join(f"{severity.value.capitalize()}: {summary[severity.value]}" for severity in Severity)
    lines = [
        "SUMMARY:",
        f"  Total Findings: {summary['total']} in {len(failing_groups(report))} groups",
        f"  {severities}",
    ]
    lines += [f"  {line}" for line in render_delta(report["delta"])]
    counts = count_changes(report)
    lines += [f"  Changes: {states(counts)}"] if any(counts.values()) else []
    for score in report["scores"]:
        lines += wrap_text(f"Compliance Score: {show(describe_score(score))}", first="  ", rest="    ")
        lines += wrap_text(show(describe_score_basis(score)), first="    ", rest="    ", width=WIDTH)
    return lines


def render_delta(delta: Mapping[str, t.Any]) -> Lines:
    """Render the changes of findings since the assessment that this one is compared with."""
    if delta["basis"] is None:
        return []
    since = "before the changes of this run" if delta["basis"] == "before_changes" else f"run {delta['previous_run']}"
    counts = {"New": "new", "Resolved": "resolved", "Changed": "changed", "Unknown": "not_assessed"}
    numbers = " | ".join(f"{name}: {len(delta[key])}" for name, key in counts.items())
    lines = [f"Since {since}: {numbers}"]
    newly = len(delta.get("newly_assessed", ()))
    return [*lines, f"Newly assessed, so not known before: {newly}"] if newly else lines
