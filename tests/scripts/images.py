# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the pictures in docs/images anew, from the demo's reports: ``make images``. Needs Chromium and Node.

The demo runs twice, so that its reports have a run before. ``--only`` takes the pictures of reports that are there.
"""

from __future__ import annotations

import sys
import typing as t

from gates.browsing import Browser, Missing
from scripts import demo

IMAGES: t.Final = demo.CHECKOUT / "docs" / "images"
PROD: t.Final = "222233334444/report.html"
DEV: t.Final = "333344445555/report.html"
FLEET: t.Final = "fleet.html"

# Opens the first findings that a change remedies.
OPEN_CHANGE: t.Final = """
const shown = [...document.querySelectorAll("#failing .finding")].find((node) => node.querySelector(".change pre"));
shown.open = true;
shown.closest(".group").open = true;
shown.closest(".group").classList.add("picture");
"""
FILTER: t.Final = """document.querySelector('form[data-filters="flat"] [data-status="PASS"]').click();"""
# As a printed page has.
MARGIN: t.Final = """document.body.style.padding = "12mm";"""
# What a picture shows: the page, and what shoot.mjs takes.
PICTURES: t.Final[dict[str, tuple[str, dict[str, t.Any]]]] = {
    "report": (PROD, {"height": 1180}),
    "report_dark": (PROD, {"height": 900, "theme": "dark"}),
    "report_narrow": (PROD, {"width": 390, "height": 844}),
    "report_change": (PROD, {"height": 900, "script": OPEN_CHANGE, "of": ".picture"}),
    "report_results": (PROD, {"height": 700, "script": FILTER, "of": "#results"}),
    "report_summary": (PROD, {"width": 794, "height": 1123, "media": "print", "script": MARGIN}),
    "escalation_paths": (PROD, {"height": 900, "of": "#paths"}),
    "impact": (DEV, {"height": 1500, "of": "#impact"}),
    "fleet": (FLEET, {"height": 1100}),
}


def take(browser: Browser) -> None:
    """Take all pictures."""
    jobs = [
        {"url": (demo.REPORTS / page).as_uri(), "path": str(IMAGES / f"{name}.png"), **options}
        for name, (page, options) in PICTURES.items()
    ]
    browser.do("shoot.mjs", jobs)


def main() -> int:
    try:
        browser = Browser()
    except Missing as reason:
        print(f"The pictures can't be made: {reason}", file=sys.stderr)
        return 1
    if "--only" not in sys.argv[1:]:
        for _run in range(2):
            demo.main()
    take(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
