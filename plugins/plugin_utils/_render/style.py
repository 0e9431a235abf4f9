# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The style sheet of the HTML reports. It is part of the page: a report opens anywhere, without a network."""

from __future__ import annotations

# Colours of the dark theme, chosen by the system or by the reader. Paper is white.
_DARK = """
  color-scheme: dark;
  --page: #0e1218; --surface: #161c26; --raised: #1b222e; --ink: #e6eaf2; --soft: #9ca7ba; --line: #2a3342;
  --accent: #a3b0ff; --accent-soft: #232b4d; --good: #6fd6a5; --good-soft: #12332a; --shadow: none;
  --critical: #ff94a8; --critical-soft: #421524; --high: #ffb382; --high-soft: #3d2414;
  --medium: #f0cf6b; --medium-soft: #362c10; --low: #93c4ff; --low-soft: #152b46; --none: #9ca7ba;
  --none-soft: #242c39;
"""

STYLE = (
    """
:root {
  color-scheme: light;
  --page: #f4f6f9; --surface: #ffffff; --raised: #f8f9fc; --ink: #182033; --soft: #566075; --line: #dde2eb;
  --accent: #3446c4; --accent-soft: #e8ebfb; --good: #14704a; --good-soft: #dff3e8;
  --shadow: 0 1px 2px #1820330f, 0 4px 16px #1820330a;
  --critical: #a60f31; --critical-soft: #fce4ea; --high: #a33f08; --high-soft: #fdeadd;
  --medium: #765600; --medium-soft: #faf0cb; --low: #1d579f; --low-soft: #e2edfb; --none: #566075;
  --none-soft: #eceff4;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
"""
    + '@media screen and (prefers-color-scheme: dark) { :root:not([data-theme="light"]) {'
    + _DARK
    + '} }\n@media screen { :root[data-theme="dark"] {'
    + _DARK
    + "} }"
    + """
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.55 var(--sans); }
a { color: var(--accent); text-underline-offset: 2px; }
h1, h2, h3, p, dl, dd, ul, ol, figure, fieldset { margin: 0; padding: 0; border: 0; }
ul, ol { list-style: none; }
code, pre, .mono { font-family: var(--mono); font-size: 0.86em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
[hidden] { display: none !important; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.skip {
  position: absolute; left: 1rem; top: -4rem; z-index: 9; padding: 0.5rem 1rem; background: var(--accent);
  color: var(--page); border-radius: 0 0 8px 8px;
}
.skip:focus { top: 0; }

.page { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem 4rem; }
.bar { display: flex; align-items: center; gap: 0.75rem; padding: 1rem 0; color: var(--soft); font-size: 0.9rem; }
.bar svg { width: 1.5rem; height: 1.5rem; flex: none; color: var(--accent); }
.bar strong { color: var(--ink); font-weight: 650; }
.bar button { margin-left: auto; }
button { font: inherit; color: inherit; cursor: pointer; }
.button {
  border: 1px solid var(--line); background: var(--surface); border-radius: 8px; padding: 0.3rem 0.75rem;
  font-size: 0.87rem;
}
.button:hover { border-color: var(--accent); }
.button[aria-pressed="true"] {
  background: var(--accent-soft); border-color: var(--accent); color: var(--accent); font-weight: 600;
}

.masthead { padding: 0.5rem 0 1.5rem; }
.masthead h1 {
  font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.15; letter-spacing: -0.02em; font-weight: 700;
  overflow-wrap: anywhere;
}
.masthead .number {
  font-family: var(--mono); font-size: 0.55em; font-weight: 500; letter-spacing: 0; color: var(--soft);
  white-space: nowrap;
}
.facts { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin-top: 0.6rem; font-size: 0.9rem; }
.facts div { display: flex; gap: 0.4rem; min-width: 0; }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }

.overview { display: grid; gap: 1rem; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); margin-bottom: 1.5rem; }
.card {
  background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem;
  box-shadow: var(--shadow);
}
.score { display: flex; gap: 1.25rem; align-items: center; }
.donut { width: 8.5rem; flex: none; }
.donut .track { stroke: var(--none-soft); }
.donut .value { stroke: var(--accent); stroke-linecap: round; }
.donut text { fill: var(--ink); font: 700 25px var(--sans); text-anchor: middle; letter-spacing: -0.02em; }
.donut .unit { font: 500 12px var(--sans); fill: var(--soft); letter-spacing: 0; }
.score h2 { font-size: 1rem; line-height: 1.3; }
.score p, .also { font-size: 0.87rem; color: var(--soft); }
.score p strong { color: var(--ink); }
.also { margin-top: 1rem; padding-top: 0.75rem; border-top: 1px solid var(--line); display: grid; gap: 0.3rem; }
.also li { display: flex; justify-content: space-between; gap: 1rem; }
.also strong { color: var(--ink); white-space: nowrap; }
.severities { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; }
.tally {
  display: block; text-decoration: none; border-radius: 14px; padding: 1rem 1.1rem; color: var(--tone);
  background: var(--tint); border: 1px solid transparent;
}
.tally:hover { border-color: var(--tone); }
.tally b {
  display: block; font-size: 2.1rem; line-height: 1.1; font-weight: 700; letter-spacing: -0.03em;
  font-variant-numeric: tabular-nums;
}
.tally span { font-size: 0.87rem; font-weight: 600; }
.tally.zero { color: var(--soft); background: var(--surface); border-color: var(--line); }
.news {
  margin-top: 1rem; display: flex; flex-wrap: wrap; gap: 0.4rem 0.6rem; align-items: center;
  padding: 0.85rem 1.1rem; font-size: 0.9rem;
}
.column { display: flex; flex-direction: column; }
.column .news { flex: 1; align-content: center; }

.critical { --tone: var(--critical); --tint: var(--critical-soft); }
.high { --tone: var(--high); --tint: var(--high-soft); }
.medium { --tone: var(--medium); --tint: var(--medium-soft); }
.low { --tone: var(--low); --tint: var(--low-soft); }
.good { --tone: var(--good); --tint: var(--good-soft); }
.none { --tone: var(--none); --tint: var(--none-soft); }
.accent { --tone: var(--accent); --tint: var(--accent-soft); }
.badge {
  display: inline-block; border-radius: 999px; padding: 0.05rem 0.6rem; font-size: 0.78rem; font-weight: 600;
  white-space: nowrap; color: var(--tone, var(--none)); background: var(--tint, var(--none-soft));
}
.id { border-radius: 6px; font-family: var(--mono); font-weight: 600; }

.nav {
  position: sticky; top: 0; z-index: 5; margin: 0 -1.25rem 1.5rem; padding: 0 1.25rem; background: var(--page);
  border-bottom: 1px solid var(--line);
}
.nav ul { display: flex; gap: 0.25rem; overflow-x: auto; scrollbar-width: none; }
.nav a {
  display: block; padding: 0.7rem 0.7rem; white-space: nowrap; text-decoration: none; color: var(--soft);
  font-size: 0.9rem; font-weight: 550; border-bottom: 2px solid transparent;
}
.nav a:hover { color: var(--ink); border-color: var(--line); }
.nav a.current { color: var(--accent); border-color: var(--accent); }
.nav small { font-variant-numeric: tabular-nums; font-weight: 500; margin-left: 0.2rem; opacity: 0.8; }

section { margin-bottom: 2.75rem; }
section > h2 { font-size: 1.3rem; letter-spacing: -0.01em; margin-bottom: 0.75rem; }
section > p { color: var(--soft); margin-bottom: 0.9rem; max-width: 46rem; }
h3.severity {
  display: flex; align-items: baseline; gap: 0.5rem; margin: 1.4rem 0 0.5rem; font-size: 0.8rem;
  letter-spacing: 0.06em; text-transform: uppercase; color: var(--tone);
}
.toolbar { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin-bottom: 0.5rem; }
.toolbar .search { flex: 1 1 16rem; }
.toolbar input {
  width: 100%; font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--line);
  border-radius: 8px; padding: 0.4rem 0.75rem;
}
.toolbar fieldset { display: flex; flex-wrap: wrap; gap: 0.35rem; }
.toolbar output { flex-basis: 100%; font-size: 0.85rem; color: var(--soft); }
.toolbar .button[data-severity][aria-pressed="true"] {
  color: var(--tone); background: var(--tint); border-color: var(--tone);
}

.group, .entry {
  background: var(--surface); border: 1px solid var(--line); border-radius: 12px; margin-bottom: 0.6rem;
  box-shadow: var(--shadow);
}
.group { border-left: 4px solid var(--tone); }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
.group > summary, .entry > summary {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.35rem 0.65rem; padding: 0.75rem 1rem 0.75rem 2.1rem;
  position: relative; border-radius: 12px;
}
.group > summary:hover, .entry > summary:hover, .finding summary:hover { background: var(--raised); }
summary::before {
  content: ""; position: absolute; left: 0.95rem; top: 1.2rem; width: 0.42rem; height: 0.42rem;
  border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(-45deg);
}
details[open] > summary::before { transform: rotate(45deg); }
.heading { flex: 1 1 12rem; font-weight: 620; overflow-wrap: anywhere; min-width: 0; }
.preview {
  flex-basis: 100%; color: var(--soft); font-size: 0.87rem; white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis;
}
details[open] > summary > .preview { display: none; }
code.heading { flex: 0 1 auto; }
.push { margin-left: auto; display: flex; flex-wrap: wrap; gap: 0.35rem; }
.body { padding: 0 1rem 1rem 2.1rem; }
.fix { background: var(--raised); border-radius: 8px; padding: 0.6rem 0.85rem; margin-bottom: 0.6rem; }
.fix > span { color: var(--soft); font-size: 0.87rem; }
.tags {
  display: flex; flex-wrap: wrap; gap: 0.35rem; align-items: center; margin-bottom: 0.6rem; font-size: 0.87rem;
}
.tags .badge { white-space: normal; border-radius: 10px; }
.finding { border-top: 1px solid var(--line); }
.finding summary {
  position: relative; display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr) 8rem; gap: 0.1rem 1rem;
  padding: 0.5rem 0.25rem 0.5rem 1.35rem; border-radius: 6px; align-items: baseline;
}
.finding summary::before { left: 0.3rem; top: 0.95rem; width: 0.35rem; height: 0.35rem; }
.finding .name { font-weight: 550; overflow-wrap: anywhere; }
.finding summary > :last-child { text-align: right; }
.finding .detail { color: var(--soft); font-size: 0.9rem; overflow-wrap: anywhere; }
.finding:target > summary, .body:target { outline: 2px solid var(--accent); border-radius: 6px; }
.evidence {
  display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: 0.3rem 1rem;
  padding: 0.35rem 0.25rem 0.9rem 1.35rem; font-size: 0.9rem;
}
.evidence dt { color: var(--soft); }
.evidence dd { overflow-wrap: anywhere; min-width: 0; }
pre {
  margin: 0; padding: 0.6rem 0.8rem; background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45;
}
pre .add { color: var(--good); background: var(--good-soft); }
pre .del { color: var(--critical); background: var(--critical-soft); }
pre span { display: block; margin: 0 -0.8rem; padding: 0 0.8rem; }
.refusal { padding: 0.75rem 1rem; margin-bottom: 0.6rem; }
.refusal p { overflow-wrap: anywhere; }
.refusal .tags { margin: 0.35rem 0 0; }
.refusal .arns { margin-top: 0.5rem; }
.entry .body > * + * { margin-top: 0.5rem; }
.entry h4 { margin: 0.8rem 0 0; font-size: 0.87rem; color: var(--soft); font-weight: 600; }

.steps { list-style: decimal; padding-left: 1.4rem; display: grid; gap: 0.4rem; }
.shared { margin-bottom: 1rem; }
.escalation { margin-bottom: 1rem; border-left: 4px solid var(--tone); }
.escalation figcaption {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.3rem 0.65rem; margin-bottom: 0.9rem;
}
.escalation h3 { font-size: 1rem; overflow-wrap: anywhere; min-width: 0; }
.escalation summary.plain { padding-left: 1.2rem; color: var(--soft); font-size: 0.9rem; }
.ways { display: grid; gap: 1.1rem; padding: 0.9rem 0 0 1rem; font-size: 0.9rem; }
.ways p { font-weight: 550; margin-bottom: 0.3rem; overflow-wrap: anywhere; }

.impact { margin-bottom: 1rem; border-left: 4px solid var(--tone); }
.impact .title { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.3rem 0.65rem; margin-bottom: 0.7rem; }
.impact h3 { font-size: 1rem; overflow-wrap: anywhere; min-width: 0; flex: 1 1 14rem; }
.impact h4 { margin: 1rem 0 0.4rem; font-size: 0.87rem; color: var(--soft); font-weight: 600; }
.impact .scroll, .impact .group { box-shadow: none; }
.impact .body > h4:first-child { margin-top: 0; }
.uses { margin-bottom: 0.6rem; font-size: 0.9rem; }
.uses li {
  display: grid; grid-template-columns: minmax(0, 6fr) minmax(0, 6fr) minmax(0, 3fr); gap: 0.15rem 1.25rem;
  padding: 0.45rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere;
}
.impact summary.plain { margin-top: 0.9rem; padding-left: 1.2rem; color: var(--soft); font-size: 0.9rem; }
.share { display: block; width: 100%; height: 0.6rem; border-radius: 999px; margin-bottom: 0.7rem; }
.share rect { fill: var(--tone); }
.arns {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 0.15rem 1rem;
  overflow-wrap: anywhere;
}
.spots { list-style: disc; padding-left: 1.2rem; display: grid; gap: 0.25rem; margin-top: 0.4rem; font-size: 0.9rem; }

/* A tree of boxes. Upright: its end on top, and indented below it what leads there. */
.tree { --rail: color-mix(in srgb, var(--soft) 55%, transparent); margin-bottom: 0.9rem; font-size: 0.85rem; }
.tree, .branch { display: flex; flex-direction: column-reverse; }
.box {
  align-self: flex-start; max-width: 100%; padding: 0.3rem 0.7rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--raised); line-height: 1.35; overflow-wrap: anywhere;
}
.box b { display: block; font-weight: 600; }
.box small, .box span, .more { color: var(--soft); font-size: 0.78rem; }
.box b span { color: inherit; font-size: inherit; }
.goal { color: var(--tone); background: var(--tint); border-color: var(--tone); }
.goal small { color: inherit; }
.more { border-style: dashed; }
.branches { position: relative; padding-left: 0.75rem; }
.branches::after {
  content: ""; position: absolute; left: calc(0.75rem + 1px); top: 0; width: 0.6rem; height: 0.55rem;
  margin-left: -0.3rem; background: var(--rail); clip-path: polygon(50% 0, 100% 100%, 0 100%);
}
.branch { position: relative; padding: 0.5rem 0 0 1.2rem; }
.branch::before {
  content: ""; position: absolute; left: 0; top: 0; bottom: 0; border-left: 2px solid var(--rail);
}
.branch:last-child::before { bottom: auto; height: 1.1rem; }
.edge { position: relative; padding-bottom: 0.25rem; min-height: 1.2rem; color: var(--soft); }
.edge code { display: block; overflow-wrap: anywhere; }
.edge i { position: absolute; left: -1.2rem; top: 0.55rem; width: 0.9rem; border-top: 2px solid var(--rail); }
.if > .edge i { border-top-style: dashed; }
.if > .edge div:last-child { font-size: 0.8rem; font-style: italic; overflow-wrap: anywhere; }

.scroll {
  overflow-x: auto; background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  box-shadow: var(--shadow);
}
.body .scroll { box-shadow: none; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td {
  text-align: left; vertical-align: top; padding: 0.55rem 0.9rem; border-top: 1px solid var(--line);
  overflow-wrap: anywhere;
}
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: 0.82rem; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th[scope="row"] { font-weight: 600; min-width: 9rem; }
.fix a { white-space: nowrap; }
.meter { display: block; width: 8rem; height: 0.5rem; }
.meter .track { fill: var(--none-soft); }
.meter .value { fill: var(--tone, var(--accent)); }
.about { color: var(--soft); font-size: 0.87rem; font-weight: 400; white-space: normal; }
.gauge { display: flex; align-items: center; gap: 0.6rem; }
.gauge strong { min-width: 3.2rem; font-variant-numeric: tabular-nums; }
summary.plain { position: relative; padding-left: 1rem; }
summary.plain::before { left: 0.1rem; top: 0.5rem; }
.empty { padding: 1.1rem 1.25rem; color: var(--soft); }
footer { color: var(--soft); font-size: 0.85rem; border-top: 1px solid var(--line); padding-top: 1rem; }

/* A tree that is not deep lies on its side where there is room: it then reads from left to right. */
@media (min-width: 78rem) {
  .wide, .wide .branch { flex-direction: row; align-items: center; justify-content: flex-end; }
  .wide { justify-content: flex-start; }
  .wide .box { flex: none; width: 9rem; align-self: auto; }
  .wide .branches { padding: 0 1rem 0 0; }
  .wide .branches::after {
    left: auto; right: 0.1rem; top: calc(50% - 0.3rem); width: 0.9rem; height: 0.6rem;
    clip-path: polygon(0 40%, 60% 40%, 60% 0, 100% 50%, 60% 100%, 60% 60%, 0 60%);
  }
  .wide .branch { padding: 0.3rem 0; }
  .wide .branch::before { left: auto; right: 0; }
  .wide .branch:first-child::before { top: 50%; }
  .wide .branch:last-child::before { bottom: 50%; height: auto; }
  .wide .edge {
    flex: none; width: 10.5rem; min-height: 0; padding: 0; display: grid; grid-template-rows: 1fr auto 1fr;
    gap: 0.15rem; text-align: center;
  }
  .wide .edge div { min-width: 0; padding: 0 0.2rem; }
  .wide .edge div:first-child { align-self: end; }
  .wide .edge i { position: static; width: 100%; }
}

@media (max-width: 56rem) { .overview { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) {
  .page { padding: 0 0.9rem 3rem; }
  .nav { margin: 0 -0.9rem 1.25rem; padding: 0 0.5rem; }
  .severities { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem; }
  .tally { padding: 0.7rem 0.9rem; } .tally b { font-size: 1.7rem; }
  .donut { width: 6.5rem; }
  .gauge .meter { display: none; }
  td:last-child { min-width: 11rem; }
  td.number:last-child { min-width: 0; }
  .facts { flex-direction: column; }
  .group > summary, .entry > summary { padding-right: 0.75rem; padding-left: 1.9rem; }
  code.heading { flex: 0 1 auto; }
.push { margin-left: 0; }
  .body { padding: 0 0.75rem 0.75rem; }
  .finding summary { grid-template-columns: minmax(0, 1fr) auto; }
  .finding summary > :last-child { text-align: right; }
.finding .detail { grid-column: 1 / -1; grid-row: 2; }
  .evidence, .uses li { grid-template-columns: minmax(0, 1fr); gap: 0.1rem; }
  .impact { padding: 0.9rem; }
  .evidence dd { margin-bottom: 0.45rem; }
}
@media print {
  :root, :root[data-theme] {
    --page: #fff; --surface: #fff; --raised: #fff; --ink: #000; --soft: #444; --line: #bbb; --shadow: none;
  }
  body { font-size: 10pt; }
  .nav, .toolbar, .skip, .bar button { display: none !important; }
  .page { max-width: none; padding: 0; }
  .card, .group, .entry, .tally, .scroll { box-shadow: none; }
  .escalation { break-inside: avoid; }
  .finding { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary::before { display: none; }
  .preview, .evidence dt:has(+ dd > .waive), .evidence dd:has(> .waive) { display: none; }
  h2, h3, summary { break-after: avoid; }
}
"""
)
