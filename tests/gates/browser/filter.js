// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// In the page of an account: filters the findings step by step and returns what is seen after each.

(async () => {
  const toolbar = document.querySelector('form[data-filters="failing"]');
  const search = toolbar.querySelector("input");
  const text = (node) => node.textContent.trim();
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((node) => !node.closest("[hidden]"));
  const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  const look = () => ({
    output: text(toolbar.querySelector("output")),
    navigation: text(document.querySelector('.nav [data-count="findings"]')),
    headings: seen("#failing [data-heading] [data-count]").map(text),
    shown: seen("#failing [data-shown]").map(text),
    rows: seen("#failing .row").length,
  });
  const all = look();
  toolbar.querySelector('[data-severity="high"]').click();
  const high = look();
  search.value = "svc";
  search.dispatchEvent(new Event("input"));
  await wait(200);
  const searched = look();
  // A link to what the filter hides.
  location.hash = document.querySelector("#failing .group").id;
  await wait(100);
  const led = look();
  // All of the page on paper, with a filter that is still set.
  toolbar.querySelector('[data-severity="low"]').click();
  location.hash = "everything";
  await wait(100);
  dispatchEvent(new Event("beforeprint"));
  const printed = look();
  dispatchEvent(new Event("afterprint"));
  return { all, high, searched, led, printed };
})()
