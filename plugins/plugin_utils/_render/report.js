/*
 * Copyright (c) 2026, hardening.iam contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The script of the HTML reports: filters, the theme, keys. It becomes a part of each page, without this comment.
 * Everything can be read without it.
 */

(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  const themes = ["auto", "light", "dark"];
  const button = one("#theme");
  const remembered = () => { try { return localStorage.getItem("theme"); } catch (error) { return null; } };
  const remember = (theme) => {
    try { localStorage.setItem("theme", theme); } catch (error) { /* a page without storage */ }
  };
  const paint = (theme) => {
    if (theme === "auto") { delete root.dataset.theme; } else { root.dataset.theme = theme; }
    if (button) { button.textContent = "Theme: " + theme; button.dataset.now = theme; }
  };
  const known = remembered();
  paint(themes.includes(known) ? known : "auto");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(button.dataset.now) + 1) % themes.length];
      paint(next);
      remember(next);
    });
  }

  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    for (let node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    opened.forEach((node) => { node.open = true; });
  });
  addEventListener("afterprint", () => { opened.forEach((node) => { node.open = false; }); });

  const links = new Map(all(".nav a").map((link) => [link.hash.slice(1), link]));
  if ("IntersectionObserver" in window && links.size) {
    const watch = new IntersectionObserver((entries) => {
      const entry = entries.find((candidate) => candidate.isIntersecting);
      if (!entry) { return; }
      links.forEach((link, id) => {
        const here = id === entry.target.id;
        link.classList.toggle("current", here);
        if (here) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
      });
    }, { rootMargin: "-20% 0px -70% 0px" });
    all("main section[id]").forEach((section) => watch.observe(section));
  }

  const toolbar = one("#toolbar");
  if (!toolbar) { return; }
  toolbar.hidden = false;
  toolbar.addEventListener("submit", (event) => event.preventDefault());
  const search = one("#search");
  const shown = one("#shown");
  const toggles = all("[data-severity][aria-pressed]", toolbar);
  const fresh = one("#only-new");
  const expand = one("#expand");
  const title = (node) => (node.querySelector(":scope > summary .heading") || {}).textContent;
  const groups = all("[data-rows]").map((node) => ({
    node,
    severity: node.dataset.severity,
    title: (title(node) + " " + node.dataset.control).toLowerCase(),
    rows: all(".row", node).map((row) => ({ node: row, isNew: "new" in row.dataset, text: null })),
    wasOpen: node.open,
  }));
  groups.forEach((group) => group.node.addEventListener("toggle", () => {
    if (!search.value) { group.wasOpen = group.node.open; }
  }));
  const headings = all("[data-heading]");
  const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const words = (row) => { if (row.text === null) { row.text = row.node.textContent.toLowerCase(); } return row.text; };
  const pressed = (node) => node && node.getAttribute("aria-pressed") === "true";

  const apply = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(toggles.filter(pressed).map((toggle) => toggle.dataset.severity));
    const onlyNew = pressed(fresh);
    const present = new Set();
    let count = 0;
    for (const group of groups) {
      const wanted = !severities.size || severities.has(group.severity);
      const rest = terms.filter((term) => !group.title.includes(term));
      let visible = 0;
      for (const row of group.rows) {
        const hit = wanted && (!onlyNew || row.isNew) && rest.every((term) => words(row).includes(term));
        if (row.node.hidden === hit) { row.node.hidden = !hit; }
        visible += hit ? 1 : 0;
      }
      group.node.hidden = !visible;
      if (group.node.tagName === "DETAILS") { group.node.open = terms.length && visible ? true : group.wasOpen; }
      if (visible) { present.add(group.severity); }
      count += visible;
    }
    headings.forEach((heading) => { heading.hidden = !present.has(heading.dataset.heading); });
    const what = toolbar.dataset.unit;
    shown.textContent = count === total ? total + " " + what : count + " of " + total + " " + what;
  };
  let pending = 0;
  search.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(apply, 80); });
  const toggle = (node) => { node.setAttribute("aria-pressed", String(!pressed(node))); apply(); };
  [...toggles, ...(fresh ? [fresh] : [])].forEach((node) => node.addEventListener("click", () => toggle(node)));
  if (expand) {
    expand.addEventListener("click", () => {
      const open = !pressed(expand);
      expand.setAttribute("aria-pressed", String(open));
      expand.textContent = open ? "Collapse all" : "Expand all";
      groups.forEach((group) => { group.node.open = open; group.wasOpen = open; });
    });
  }
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "/" && !typing && !modified) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && event.target === search && search.value) { search.value = ""; apply(); }
  });
  apply();
})();
