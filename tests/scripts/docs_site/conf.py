# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration of the site that ``make docs`` builds. Nothing in it needs the network."""

from __future__ import annotations

project = "hardening.iam"
copyright = "2026, hardening.iam contributors"
html_title = "hardening.iam"
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["README.md", "examples", "plugins"]
# Pages link to headings by the anchors that GitHub makes.
myst_heading_anchors = 4
suppress_warnings = [
    # Pages also link to anchors that they write as HTML, which MyST does not know. A test checks the links of the site.
    "myst.xref_missing",
    # Ansible's own documentation and that of amazon.aws are on other sites.
    "ref.ref",
    # The changelog is empty until the first release.
    "toc.no_title",
    # Examples are YAML or JSON with placeholders, such as "…".
    "misc.highlighting_failure",
]
# Blocks without a language are output, or commands.
highlight_language = "none"
