// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads jobs from standard input, does them in one browser, and writes their results to standard output, as JSON.
// A job is {"do": "axe" | "links" | "deep" | "run" | "print", "url": …, and what browser.mjs and the job take}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { open, withBrowser } from "./browser.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

/** What axe finds wrong, with all that is folded open. `rules` limits it to some rules. */
async function axe(page, { rules }) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((node) => { node.open = true; }));
  await page.evaluate(axeSource);
  return page.evaluate(async (only) => {
    const options = { resultTypes: ["violations"], ...(only ? { runOnly: { type: "rule", values: only } } : {}) };
    const { violations } = await globalThis.axe.run(document, options);
    return violations.map((found) => ({
      rule: found.id,
      help: found.help,
      nodes: found.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)}: ${node.failureSummary}`),
    }));
  }, rules);
}

// In the page: whether a link has led to where the reader sees its target.
function makeTools() {
  const bar = document.querySelector(".nav");
  const isFolded = (node) => {
    for (let at = node; at; at = at.parentElement) { if (at.tagName === "DETAILS" && !at.open) { return true; } }
    return false;
  };
  const settle = () => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
  const look = (id) => {
    const target = document.getElementById(id);
    if (!target) { return "there is no such element"; }
    if (isFolded(target)) { return "it is folded"; }
    const { top, height } = target.getBoundingClientRect();
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const covered = bar ? bar.getBoundingClientRect().bottom : 0;
    if (height === 0) { return "it is not shown"; }
    if (top < covered - 1) { return `it begins ${Math.round(covered - top)} pixels under the navigation`; }
    if (top > covered + 120 && !(atEnd && top < innerHeight)) { return `it is ${Math.round(top)} pixels below the top`; }
    return "";
  };
  return { settle, look };
}
const inPage = (body) => `(async () => { const { settle, look } = (${makeTools})(); ${body} })()`;

/** Follow each link within a page by a click, from a page whose folds are as it was opened. */
async function links(page) {
  return page.evaluate(inPage(`
    const links = new Map([...document.querySelectorAll("a[href^='#']")].map((link) => [link.getAttribute("href"), link]));
    // This one leads to all of the page, and the skip link to all of its content, which begins above the navigation.
    links.delete("#everything");
    links.delete("#main");
    const missed = [];
    for (const [href, link] of links) {
      link.click();
      await settle();
      const problem = look(href.slice(1));
      if (problem) { missed.push(href + ": " + problem); }
    }
    return { followed: links.size, missed };
  `));
}

/** Where a link from elsewhere to an id of the page leads; empty where the reader sees it. */
async function deep(page, { url }) {
  const id = decodeURIComponent(new URL(url).hash.slice(1));
  return page.evaluate(inPage(`await settle(); return look(${JSON.stringify(id)});`));
}

/** The value of an expression in the page. */
async function run(page, { script }) {
  return page.evaluate(script);
}

/** The PDF that the browser prints, as its number of pages. */
async function print(page, { path }) {
  const content = await page.pdf({ preferCSSPageSize: true, format: "A4", ...(path ? { path } : {}) });
  return Buffer.from(content).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
}

const work = { axe, links, deep, run, print };
const jobs = JSON.parse(readFileSync(0, "utf-8"));
const results = await withBrowser(async (browser) => {
  const found = [];
  const problems = [];
  for (const job of jobs) {
    const page = await open(browser, job, (text) => problems.push(text));
    try {
      found.push(await work[job.do](page, job));
    } finally {
      await page.close();
    }
  }
  return { found, problems };
});
process.stdout.write(JSON.stringify(results));
