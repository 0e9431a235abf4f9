# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Why a directory can't be trusted with a journal."""

from __future__ import annotations

import dataclasses
import os
import stat

from .store import StoreError, expand_path


@dataclasses.dataclass(frozen=True)
class Doubts:
    """Why a directory can't be trusted with a journal: what forbids to write there, and what is worth a warning."""

    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


def doubt_directory(location: str) -> Doubts:
    """Doubt a local directory whose content others can change, besides root and the user who runs this.

    Undo believes the journal, so nobody else may write there. A directory that is not there yet is made private.
    """
    root = expand_path(location)
    refused: list[str] = []
    warned: list[str] = []
    trusted = (0, os.geteuid())
    try:
        if root.is_symlink():
            target = f"{location} is a symbolic link to {os.readlink(root)}"
            owner = root.lstat().st_uid
            if owner in trusted:
                warned.append(f"{target}; name that directory itself")
            else:
                refused.append(f"{target}, which the user with the id {owner} made and can change")
        state = root.stat()
    except FileNotFoundError:
        return Doubts(tuple(refused), tuple(warned))
    except OSError as error:
        raise StoreError(f"can't read {root}: {error.strerror}") from error
    mode = stat.S_IMODE(state.st_mode)
    if mode & stat.S_IWOTH:
        refused.append(f"everybody on this machine can write to {location} (mode {mode:04o}); chmod 0700 it")
    elif mode & stat.S_IWGRP:
        group = f"the group with the id {state.st_gid}"
        warned.append(f"{group} can write to {location} (mode {mode:04o}), and a rollback trusts its content")
    if state.st_uid not in trusted:
        warned.append(f"{location} belongs to the user with the id {state.st_uid}, who can change its content")
    return Doubts(tuple(refused), tuple(warned))
