// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// One Chromium for all that a script does with it. HARDENING_CHROMIUM names its executable.

import puppeteer from "puppeteer-core";

/** Start Chromium, hand it to `work`, and end it in any case. */
export async function withBrowser(work) {
  const browser = await puppeteer.launch({
    executablePath: process.env.HARDENING_CHROMIUM,
    // The sandbox needs a user of its own. The pages are our own, and their policy lets them load nothing.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--font-render-hinting=none"],
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** Open a page of a width, in a theme, with or without motion. `problem` is called with errors and further requests. */
export async function open(browser, job, problem = () => {}) {
  const { url, width = 1280, height = 900, theme = "light", motion = true, scale = 1 } = job;
  const page = await browser.newPage();
  page.on("pageerror", (error) => problem(`${url}: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") { problem(`${url}: ${message.text()}`); } });
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== url.split("#")[0]) { problem(`${url} asks for ${request.url()}`); }
  });
  await page.setViewport({ width, height, deviceScaleFactor: scale });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: theme },
    { name: "prefers-reduced-motion", value: motion ? "no-preference" : "reduce" },
  ]);
  // After the features, which would end it.
  if (job.media) { await page.emulateMediaType(job.media); }
  await page.goto(url, { waitUntil: "load" });
  return page;
}
