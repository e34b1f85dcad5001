"""Moving partitions to earlier builds, some days at a time: lease, catalog, ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dayfold.adapters.catalog import Place
from dayfold.adapters.ledger_writes import Claim
from dayfold.domain.partition import BuildRecord, RollbackRecord
from dayfold.domain.publications import publications
from dayfold.domain.rollback import Choice, Past, Wanted, choose
from dayfold.ending import point_back, timestamp
from dayfold.leases import lease_until
from dayfold.pipeline import Pipeline

if TYPE_CHECKING:
    import datetime as dt

_STEP_DAYS = 50  # a transaction's 100 items: each day takes its lease and checks its earlier build
_TRIES = 3  # looks at days that somebody else changed between the choice and the lease
_RESERVE_SECONDS = 30  # of a Lambda's time, kept for the answer


def pasts_of(pipeline: Pipeline, table: str, days: Sequence[dt.date]) -> dict[dt.date, Past]:
    """What the ledger knows of some days, in order, of a table."""
    first, last = days[0], days[-1]
    states = pipeline.ledger.partitions(table, first, last)
    records = pipeline.ledger.builds(table, first, last)
    seen = publications(records, pipeline.ledger.rollbacks(table, first, last))
    builds: dict[str, dict[str, BuildRecord]] = {}
    for record in records:
        builds.setdefault(record.day, {})[record.build_id] = record
    columns = pipeline.catalog.columns_of(table)
    return {
        day: Past(
            *(day, states.get(day), seen.get(day, ()), builds.get(str(day), {})), table, columns
        )
        for day in days
    }


def choose_all(
    pipeline: Pipeline, pasts: Mapping[dt.date, Past], wanted: Wanted
) -> dict[dt.date, Choice]:
    """Choose for each day; a build whose files are gone, whatever the ledger says, is left."""
    now = int(pipeline.now().timestamp())
    choices = {day: choose(past, wanted, now=now) for day, past in pasts.items()}
    # A build without rows has no files; one that made rows has.
    places = {
        day: str(choice.build.location)
        for day, choice in choices.items()
        if choice.build is not None and choice.build.rows != 0
    }
    gone = pipeline.build_files.empty(places.values())
    for day, place in places.items():
        if place in gone:
            choices[day] = Choice("leave", f"has lost its earlier build: no files at {place}")
    return choices


@dataclasses.dataclass
class Moving:
    """Moves partitions step by step."""

    pipeline: Pipeline
    wanted: Wanted
    run_id: str
    by: str | None
    seconds_left: Callable[[], float]
    cut_off: bool = False

    def move(
        self, table: str, pasts: Mapping[dt.date, Past], choices: Mapping[dt.date, Choice]
    ) -> dict[dt.date, Choice]:
        """Move the days of one table; returns the choices as they came out."""
        ended = dict(choices)
        todo = [day for day, choice in sorted(choices.items()) if choice.action == "move"]
        for start in range(0, len(todo), _STEP_DAYS):
            if self.seconds_left() < _RESERVE_SECONDS:
                self.cut_off = True
                left = Choice("leave", "was not reached in time: give the command again")
                ended.update(dict.fromkeys(todo[start:], left))
                break
            step = {day: pasts[day] for day in todo[start : start + _STEP_DAYS]}
            ended.update(self._step(table, step, {day: choices[day] for day in step}))
        return ended

    def _step(
        self, table: str, pasts: Mapping[dt.date, Past], choices: dict[dt.date, Choice]
    ) -> dict[dt.date, Choice]:
        """Move some days at once; what somebody else has changed meanwhile is judged again."""
        days = sorted(pasts)
        for _ in range(_TRIES):
            moves = {
                day: choice.build
                for day, choice in choices.items()
                if choice.action == "move" and choice.build is not None
            }
            if not moves or self._point(table, pasts, moves):
                break
            pasts = pasts_of(self.pipeline, table, days)
            choices = choose_all(self.pipeline, pasts, self.wanted)
        else:
            lost = Choice("leave", "was changed by others all the time: give the command again")
            choices.update(dict.fromkeys(moves, lost))
        return {
            day: dataclasses.replace(choice, action="leave") if choice.action == "held" else choice
            for day, choice in choices.items()
        }

    def _point(
        self, table: str, pasts: Mapping[dt.date, Past], moves: Mapping[dt.date, BuildRecord]
    ) -> bool:
        """Lease, catalog, ledger; False if one of the leases could not be had or was lost."""
        claims = [
            Claim(day, state, state.attempt + 1, build.inputs, build)
            for day, build in moves.items()
            if (state := pasts[day].state) is not None
        ]
        pipeline = self.pipeline
        until = lease_until(pipeline)
        leases = pipeline.ledger.writes.claim(table, claims, run_id=self.run_id, lease_until=until)
        if not pipeline.ledger.write(leases):
            return False
        places = {
            day: Place(str(one.location), one.build_id, one.columns) for day, one in moves.items()
        }
        described = pipeline.tables()[table]
        pipeline.catalog.repoint(described, places)
        records = {claim.day: self._record(claim) for claim in claims}
        if pipeline.ledger.settle(table, records):
            return True
        point_back(pipeline, described, sorted(moves))
        return False

    def _record(self, claim: Claim) -> RollbackRecord:
        build, seen = claim.earlier, claim.seen
        assert build is not None
        assert seen is not None
        return RollbackRecord(
            day=str(claim.day),
            attempt=claim.attempt,
            build_id=build.build_id,
            run_id=self.run_id,
            ended_at=timestamp(self.pipeline),
            undone_build_id=str(seen.published_build_id),
            by=self.by,
            location=build.location,
            sql_hash=build.sql_hash,
            inputs=build.inputs,
            rows=build.rows,
            bytes_scanned=build.bytes_scanned,
            seconds=build.seconds,
            cost_usd=build.cost_usd,
            check_results=build.check_results,
            columns=build.columns,
        )
