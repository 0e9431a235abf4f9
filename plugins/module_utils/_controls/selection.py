# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which controls are judged: include and exclude, by id, pattern, severity, theme or requirement."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Collection, Sequence

from .._account.model import DEEP, DETECTIVE, Dataset
from .._converge.finding import Status
from .control import Control


class SelectionError(ValueError):
    """A term selects no control; the message names it and what comes near."""


def select(
    controls: Sequence[Control], *, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[Control, ...]:
    """The controls that a term of ``include`` names (all, without any), less those that one of ``exclude`` names.

    A term is a control's id, a pattern of ids (``root_*``), a severity, a theme, a framework (``cis_7.0``), or a
    requirement with or without its framework (``cis_7.0:2.4``, ``cis_7.0:2.1.*``, ``IAM.4``).

    :raises SelectionError: a term that names nothing.
    """
    kept = _match_terms(controls, include, "include") if include else {control.id for control in controls}
    dropped = _match_terms(controls, exclude, "exclude")
    return tuple(control for control in controls if control.id in kept and control.id not in dropped)


def _match_terms(controls: Sequence[Control], terms: Sequence[str], option: str) -> set[str]:
    found: set[str] = set()
    for term in terms:
        ids = {control.id for control in controls if term in _words(control) or _fits(control, term)}
        if not ids:
            known = {word for control in controls for word in _words(control)}
            raise SelectionError(
                f"{option}: {term!r} names no control, severity, theme or requirement{near(term, known)}"
            )
        found |= ids
    return found


def _words(control: Control) -> set[str]:
    frameworks = control.requirements(Status.FAIL)
    requirements = {requirement for ids in frameworks.values() for requirement in ids if not requirement[0].isdigit()}
    return {control.id, control.severity.value, control.theme, *frameworks, *requirements} | {
        f"{framework}:{requirement}" for framework, ids in frameworks.items() for requirement in ids
    }


def _fits(control: Control, term: str) -> bool:
    """Patterns apply to ids and to requirements with their framework, never to severities or themes."""
    spelled = (word for word in _words(control) if ":" in word)
    return any(fnmatch.fnmatchcase(word, term) for word in (control.id, *spelled))


def near(term: str, known: Collection[str]) -> str:
    """Find names that are similar to a term, as the tail of an error message."""
    found = difflib.get_close_matches(term, sorted(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def datasets_for(
    controls: Sequence[Control], *, deep: bool = False, detective: bool = False, of_organization: bool = False
) -> frozenset[Dataset]:
    """The datasets that must be read for the controls that are about an account, or ``of_organization``.

    Evidence that costs a call per principal only with ``deep``, that of the services that watch with ``detective``.
    """
    wanted: frozenset[Dataset] = frozenset()
    for control in controls:
        if control.of_organization is of_organization:
            wanted |= control.datasets
    left_out: frozenset[Dataset] = frozenset() if deep else DEEP
    return wanted - (left_out if detective else left_out | DETECTIVE)
