// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads jobs from standard input and takes a picture for each. A job is {"url": …, "path": …} and what browser.mjs takes;
// "script" is run in the page before, and "of" is a selector of what the picture begins with, below the navigation.

import { readFileSync } from "node:fs";
import { open, withBrowser } from "./browser.mjs";

const jobs = JSON.parse(readFileSync(0, "utf-8"));
await withBrowser(async (browser) => {
  for (const job of jobs) {
    const page = await open(browser, job);
    if (job.script) { await page.evaluate(job.script); }
    const top = job.of ? await page.$eval(job.of, (node) => node.getBoundingClientRect().top + scrollY - 64) : 0;
    await page.evaluate((y) => scrollTo(0, y), top);
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    await page.screenshot({ path: job.path });
    await page.close();
  }
});
