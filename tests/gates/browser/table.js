// Copyright (c) 2026, hardening.iam contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// In the page of an account: sorts the table of all results and copies it, with and without a clipboard.

(async () => {
  const table = document.querySelector("#flat table");
  const toolbar = document.querySelector('form[data-filters="flat"]');
  const column = (place) => [...table.querySelectorAll("tbody .row")].map((row) => row.cells[place].textContent);
  const sort = (place) => { table.querySelectorAll("thead button")[place].click(); return column(place); };
  const sorted = { status: sort(0), severity: sort(1), reversed: sort(1), control: sort(2) };
  const direction = table.tHead.rows[0].cells[2].ariaSort;

  let copied = "";
  const give = (value) => Object.defineProperty(navigator, "clipboard", { configurable: true, value });
  const copy = async () => {
    toolbar.querySelector("[data-copy]").click();
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    return copied;
  };
  // Names that a spreadsheet takes for formulas, in cells that hold nothing else.
  const formulas = ["=1+1", "+1", "-1", "@SUM(1)", " =1", "\t=1", "a;=1", "1-1"];
  formulas.forEach((formula, place) => { table.tBodies[0].rows[place].cells[4].textContent = formula; });
  give({ writeText: async (text) => { copied = text; } });
  const whole = await copy();
  toolbar.querySelector('[data-status="PASS"]').click();
  const passing = await copy();
  const output = toolbar.querySelector("output").textContent;
  give(undefined);
  document.execCommand = () => { copied = document.activeElement.value; return true; };
  copied = "";
  const selected = await copy();
  return { sorted, direction, formulas, whole, passing, output, selected };
})()
