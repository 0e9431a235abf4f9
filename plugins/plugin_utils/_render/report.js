/*
 * Copyright (c) 2026, hardening.iam contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The script of the HTML reports: links into what is folded, filters, tables, printing, the theme, keys. It becomes a
 * part of each page, without this comment. Everything can be read without it.
 */

(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const pressed = (node) => Boolean(node) && node.getAttribute("aria-pressed") === "true";
  const press = (node, value) => node.setAttribute("aria-pressed", String(value));
  const setHidden = (node, value) => { if (node.hidden !== value) { node.hidden = value; } };

  // The theme of the reader

  const themes = ["auto", "light", "dark"];
  const button = one("#theme");
  const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const remember = (theme) => {
    try { localStorage.setItem("theme", theme); } catch { /* a page without storage */ }
  };
  const paint = (theme) => {
    if (theme === "auto") { delete root.dataset.theme; } else { root.dataset.theme = theme; }
    button.textContent = "Theme: " + theme;
    button.dataset.now = theme;
  };
  const known = remembered();
  paint(themes.includes(known) ? known : "auto");
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.dataset.now) + 1) % themes.length];
    paint(next);
    remember(next);
  });

  // Filters: a toolbar for each list or table. What a filter shows is counted in it and in the navigation.

  const filters = [];

  const makeGroups = (list) => all("[data-rows]", list).map((node) => ({
    node,
    severity: node.dataset.severity,
    title: ((one(":scope > summary .heading", node) || {}).textContent || "") + " " + (node.dataset.control || ""),
    rows: all(".row", node).map((row) => ({ node: row, text: null })),
    shown: one("[data-shown]", node),
    count: one("[data-of]", node),
    wasOpen: node.open,
  }));

  const textOf = (row) => {
    if (row.text === null) {
      const full = all("[data-full]", row.node).map((cell) => cell.dataset.full);
      row.text = [row.node.textContent, ...full].join(" ").toLowerCase();
    }
    return row.text;
  };
  const partOf = (count, total) => count === total ? String(total) : count + " of " + total;

  const makeFilter = (toolbar) => {
    const list = document.getElementById(toolbar.dataset.filters);
    const search = one("input", toolbar);
    const output = one("output", toolbar);
    const fresh = one("[data-only-new]", toolbar);
    const expand = one("[data-expand]", toolbar);
    const groups = makeGroups(list);
    const section = list.closest("section");
    const inNavigation = one(`.nav [data-count="${section.id}"]`);
    const headings = all("[data-heading]", list);
    const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
    const chosen = (name) => new Set(
      all(`[data-${name}]`, toolbar).filter(pressed).map((node) => node.dataset[name]),
    );
    groups.forEach((group) => {
      group.title = group.title.toLowerCase();
      group.node.addEventListener("toggle", () => { if (!search.value) { group.wasOpen = group.node.open; } });
    });

    const showGroup = (group, visible, isSearched) => {
      setHidden(group.node, !visible);
      if (group.node.tagName === "DETAILS") { group.node.open = isSearched && visible ? true : group.wasOpen; }
      if (group.shown) {
        group.shown.hidden = visible === group.rows.length;
        group.shown.textContent = partOf(visible, group.rows.length) + " shown";
      }
      if (group.count) { group.count.textContent = partOf(visible, group.rows.length); }
    };

    const apply = () => {
      const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = chosen("severity");
      const statuses = chosen("status");
      const onlyNew = pressed(fresh);
      const visibleOf = new Map();
      const totalOf = new Map();
      let count = 0;
      for (const group of groups) {
        const rest = terms.filter((term) => !group.title.includes(term));
        let visible = 0;
        for (const row of group.rows) {
          const { severity = group.severity, status } = row.node.dataset;
          const hit = (!severities.size || severities.has(severity)) && (!statuses.size || statuses.has(status))
            && (!onlyNew || "new" in row.node.dataset) && rest.every((term) => textOf(row).includes(term));
          setHidden(row.node, !hit);
          visible += hit ? 1 : 0;
        }
        showGroup(group, visible, terms.length > 0);
        visibleOf.set(group.severity, (visibleOf.get(group.severity) || 0) + visible);
        totalOf.set(group.severity, (totalOf.get(group.severity) || 0) + group.rows.length);
        count += visible;
      }
      for (const heading of headings) {
        const name = heading.dataset.heading;
        setHidden(heading, !visibleOf.get(name));
        one("[data-count]", heading).textContent = partOf(visibleOf.get(name), totalOf.get(name));
      }
      if (inNavigation) { inNavigation.textContent = partOf(count, total); }
      output.textContent = partOf(count, total) + " " + toolbar.dataset.unit;
    };

    const clear = () => {
      search.value = "";
      all("[aria-pressed]", toolbar).filter((node) => node !== expand).forEach((node) => press(node, false));
      apply();
    };

    let pending = 0;
    toolbar.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", () => { clearTimeout(pending); pending = setTimeout(apply, 80); });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && search.value) { search.value = ""; apply(); }
    });
    all("[data-severity], [data-status], [data-only-new]", toolbar).forEach((node) => {
      node.addEventListener("click", () => { press(node, !pressed(node)); apply(); });
    });
    if (expand) {
      expand.addEventListener("click", () => {
        const open = !pressed(expand);
        press(expand, open);
        expand.textContent = open ? "Collapse all" : "Expand all";
        groups.forEach((group) => { group.node.open = open; group.wasOpen = open; });
      });
    }
    toolbar.hidden = false;
    apply();
    filters.push({ list, section, search, clear });
    return output;
  };

  // Tables: sorted by a column, copied as CSV

  const order = [
    "critical", "high", "medium", "low", "fail", "waived", "not assessed", "pass", "not applicable",
  ];
  const collator = new Intl.Collator("en", { numeric: true });
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return (cell.dataset.key || cell.textContent).trim();
  };
  const compare = (left, right) => {
    const ranks = [order.indexOf(left), order.indexOf(right)];
    return ranks.includes(-1) ? collator.compare(left, right) : ranks[0] - ranks[1];
  };
  const sortBy = (table, column, descending) => {
    for (const body of table.tBodies) {
      const rows = all(":scope > tr:not(.unit)", body).map((row) => [keyOf(row, column), row]);
      rows.sort((a, b) => (descending ? -1 : 1) * compare(a[0], b[0]));
      body.append(...rows.map((pair) => pair[1]));
    }
  };
  all("table[data-sort]").forEach((table) => {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const control = document.createElement("button");
      control.type = "button";
      control.className = "sort";
      control.append(...head.childNodes);
      head.append(control);
      control.addEventListener("click", () => {
        const up = head.classList.contains("number");
        const descending = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : up;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sortBy(table, column, descending);
      });
    });
  });

  // What a spreadsheet takes for a formula gets a quote mark, as in report.csv: names in an account are anybody's.
  const neutralize = (text) => {
    const inner = text.replace(/([;|\t\r\n]\s*)(?=[=+@＝＋＠]|[-－]\S)/g, "$1'");
    return /^\s*[=+\-@＝＋－＠]/.test(text) || /^[\t\r\n]/.test(text) ? "'" + inner : inner;
  };
  const quote = (text) => '"' + neutralize(text).replaceAll('"', '""') + '"';
  const toCsv = (table) => {
    const rows = [table.tHead.rows[0], ...all("tbody .row:not([hidden])", table)];
    const cellText = (cell) => (cell.dataset.full || cell.textContent).trim();
    return rows.map((row) => [...row.cells].map((cell) => quote(cellText(cell))).join(",")).join("\r\n") + "\r\n";
  };
  const copyBySelection = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  // A page in a file may have no clipboard of its own.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  };
  const prepareCopy = (toolbar, output) => {
    const control = one("[data-copy]", toolbar);
    if (!control) { return; }
    control.addEventListener("click", async () => {
      const table = one("table", document.getElementById(toolbar.dataset.filters));
      const rows = all("tbody .row:not([hidden])", table).length;
      const done = await copy(toCsv(table));
      output.textContent = done ? "Copied " + rows + " rows as CSV" : "The browser did not allow the copy";
    });
  };

  all("form[data-filters]").forEach((toolbar) => prepareCopy(toolbar, makeFilter(toolbar)));

  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || !filters.length) { return; }
    const inView = filters.find((filter) => {
      const box = filter.section.getBoundingClientRect();
      return box.top < innerHeight / 2 && box.bottom > innerHeight / 2;
    });
    event.preventDefault();
    (inView || filters[0]).search.focus();
  });

  // A link into something that is folded or filtered away shows it. A second click on the same link works as well.

  const targetOf = (hash) => {
    try {
      return hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
    } catch {
      return null;
    }
  };
  const reveal = () => {
    const target = targetOf(location.hash);
    if (!target || target === document.body) { return; }
    if (target.closest("[hidden]")) {
      filters.filter((filter) => filter.list.contains(target)).forEach((filter) => filter.clear());
    }
    for (let node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a[href^='#']") : null;
    if (link && link.hash === location.hash) { reveal(); }
  });
  reveal();

  // Printing: the summary, or everything

  let opened = [];
  addEventListener("beforeprint", () => {
    // What a filter hides is not seen on paper, nor is the filter.
    const isWhole = document.body.matches(".everything, :target:not(.summary)") || !one(".printed");
    if (isWhole) { filters.forEach((filter) => filter.clear()); }
    opened = all("details:not([open])");
    opened.forEach((node) => { node.open = true; });
  });
  addEventListener("afterprint", () => {
    opened.forEach((node) => { node.open = false; });
    opened = [];
    document.body.classList.remove("everything", "summary");
  });
  all("[data-print]").forEach((control) => {
    control.hidden = false;
    control.addEventListener("click", () => {
      document.body.classList.add(control.dataset.print);
      print();
    });
  });

  // The navigation shows where the reader is

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
})();
