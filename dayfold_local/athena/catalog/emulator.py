"""Glue and S3 of the emulator in this process, with the rights of a request's caller.

Reads look straight at the emulator's memory and at its files, which is what makes a query fast.
Writes go through its request handlers, so that whatever the host has put around a service
(journals, events) sees them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dayfold_local.athena.catalog.emulator_glue import EmulatorCatalog
from dayfold_local.athena.catalog.emulator_rights import EmulatorRights
from dayfold_local.athena.catalog.emulator_s3 import EmulatorStore
from dayfold_local.athena.catalog.ports import World

if TYPE_CHECKING:
    from dayfold_local.athena.catalog.callers import Caller


def world_of(caller: Caller) -> World:
    """Catalog and store as the caller may use them."""
    rights = EmulatorRights(caller)
    return World(EmulatorCatalog(caller, rights), EmulatorStore(caller, rights), rights)
