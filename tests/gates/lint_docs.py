# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command antsibull-docs, whose temporary directories never have a name that ends with an underscore.

antsibull-docs copies the collection to such a directory and writes its path into the RST that it checks. docutils takes
a word that ends with an underscore for a reference. One random name in 37 does, and the check then fails with
"Unknown target name".
"""

from __future__ import annotations

import sys
import tempfile
import typing as t

from antsibull_docs.cli.antsibull_docs import main

make_directory: t.Final = tempfile.mkdtemp


def make_named_directory(
    suffix: t.Optional[str] = None, prefix: t.Optional[str] = None, dir: t.Optional[str] = None
) -> str:
    """Make a temporary directory as ``tempfile.mkdtemp`` does; without a wanted suffix its name ends with a letter."""
    return make_directory(suffix=suffix or "d", prefix=prefix, dir=dir)


if __name__ == "__main__":
    tempfile.mkdtemp = make_named_directory  # type: ignore[assignment]
    sys.exit(main())
