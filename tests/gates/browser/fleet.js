// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// In the page of a run over many accounts: searches for one of them, sorts, and returns what is seen.

(async () => {
  const toolbar = document.querySelector('form[data-filters="fleet-accounts"]');
  const search = toolbar.querySelector("input");
  const rows = () => [...document.querySelectorAll("#fleet-accounts .row")].filter((row) => !row.hidden);
  const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  const look = () => ({ output: toolbar.querySelector("output").textContent.trim(), rows: rows().length });
  const find = async (text) => {
    search.value = text;
    search.dispatchEvent(new Event("input"));
    await wait(200);
    return look();
  };
  const all = look();
  const searched = { ...await find("production-0777"), first: rows()[0].textContent.includes("900000000777") };
  const again = await find("");
  const units = document.querySelectorAll("#fleet-accounts tbody").length;
  document.querySelectorAll("#fleet-accounts thead button")[0].click();
  return {
    all, searched, again, units, sorted: rows().length,
    open: document.querySelectorAll("details[open]").length,
    overflows: document.documentElement.scrollWidth > innerWidth,
  };
})();
