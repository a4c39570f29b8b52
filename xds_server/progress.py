"""What the Envoys of each Gateway have acknowledged, as the streams of this replica and the reports of others tell."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from translator.pipeline import Commit
from translator.value import Key, Ref, Value
from translator.xds.resource import ResourceType
from xds_server.ads.events import Acked, Connected, Disconnected, Event, Nacked, Settled
from xds_server.control_plane import ControlPlane
from xds_server.refusals import Refusal

UNSETTLED = 0


class Report(Value):
    """What the Envoys that are connected to one replica said."""

    acked: tuple[tuple[Key, int], ...] = ()
    """The generation that all of a Gateway's Envoys here have answered for; 0 where they have not yet."""
    refused: tuple[Refusal, ...] = ()
    marks: tuple[tuple[Key, int], ...] = ()
    """What the ListenerSets of a Gateway were when all of its Envoys here had answered, if they ever had."""


class Progress:
    """Tells a control plane when a Gateway is acknowledged: once all of its Envoys, on any replica, answered for it.

    `settled` tells of the streams here. With no Envoy connected nothing is acknowledged, and nothing taken back.
    """

    def __init__(self, plane: ControlPlane, settled: Callable[[Key], bool | None]) -> None:
        self._plane = plane
        self._settled = settled
        self._own: dict[Key, int] = {}
        self._own_marks: dict[Key, int] = {}
        self._refused: dict[tuple[Key, ResourceType, str, str], Refusal] = {}
        self._reports: dict[str, dict[Key, int]] = {}
        self._marks: dict[str, dict[Key, int]] = {}
        self._told: dict[str, frozenset[Refusal]] = {}
        self._acknowledged: dict[Key, int] = {}
        self._doubtful: set[Key] = set()
        self._watchers: list[Callable[[], None]] = []
        plane.watch(self._committed)
        plane.listen(self._heard)

    # ---- what this replica tells ----------------------------------------------------------------------------------

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this whenever the own report has changed, from now on."""
        self._watchers.append(watcher)

    def report(self) -> Report:
        """Return what the Envoys that are connected here said."""
        refused = tuple(self._refused[place] for place in sorted(self._refused))
        return Report(tuple(sorted(self._own.items())), refused, tuple(sorted(self._own_marks.items())))

    # ---- what others tell -----------------------------------------------------------------------------------------

    def learn(self, programmed: Mapping[Ref, int]) -> None:
        """Take over what the status of Gateways and ListenerSets says was acknowledged before this process led."""
        translator = self._plane.translator
        known = {
            ref.key: generation
            for ref, generation in programmed.items()
            if ref.kind == "Gateway"
            and ref.key not in self._acknowledged
            and generation <= (translator.generation(ref.key) or 0)
        }
        self._acknowledge(known, ())
        sets = [
            ref.key
            for ref, generation in programmed.items()
            if ref.kind == "ListenerSet" and translator.generation_of_set(ref.key) == generation
        ]
        if sets:
            self._plane.acknowledge_sets(sets)

    def hear(self, replica: str, report: Report | None) -> None:
        """Take in another replica's newest report; None forgets a replica that is gone."""
        before = self._reports.pop(replica, {})
        self._marks.pop(replica, None)
        refused = frozenset(() if report is None else report.refused)
        if report is not None:
            self._reports[replica], self._marks[replica] = dict(report.acked), dict(report.marks)
        self._hear_refusals(replica, refused)
        self._judge({*before, *self._reports.get(replica, ())})

    def forget_others(self) -> None:
        """Forget all other replicas, as one that does not lead any more does."""
        for replica in list(self._reports):
            self.hear(replica, None)

    def _hear_refusals(self, replica: str, refused: frozenset[Refusal]) -> None:
        told = self._told.pop(replica, frozenset())
        if refused:
            self._told[replica] = refused
        for refusal in told - refused:
            self._plane.accept_elsewhere(refusal, replica)
        for refusal in refused - told:
            self._plane.refuse_elsewhere(refusal, replica)

    # ---- what happens here ----------------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        match event:
            case Settled(gateway=gateway) | Connected(gateway=gateway) | Disconnected(gateway=gateway):
                self._judge((gateway,))
            case Nacked(gateway=gateway, type=type_, name=name, host=host):
                self._refused[gateway, type_, name, host] = self._plane.refusal(event)
                self._changed()
            case Acked(gateway=gateway, type=type_, names=names):
                self._drop_refusals(gateway, type_, frozenset(names))

    def _drop_refusals(self, gateway: Key, type_: ResourceType, names: frozenset[str]) -> None:
        mine = [place for place in self._refused if place[:2] == (gateway, type_) and place[2] in names]
        gone = [place for place in mine if not self._plane.translator.is_refused(*place)]
        for place in gone:
            del self._refused[place]
        if gone:
            self._changed()

    def _committed(self, commit: Commit) -> None:
        """Judge Gateways that may have another generation, once everybody has heard of the commit."""
        touched = {change.ref.key for change in commit.statuses if change.ref.kind == "Gateway"}
        touched.update(self._plane.translator.awaited())
        if touched and not self._doubtful:
            asyncio.get_running_loop().call_soon(self._judge_touched)
        self._doubtful |= touched

    def _judge_touched(self) -> None:
        touched, self._doubtful = self._doubtful, set()
        self._judge(touched)

    def _judge(self, gateways: Iterable[Key]) -> None:
        """Look at Gateways anew: what is told of them here, and whether all have answered."""
        acknowledged: dict[Key, int] = {}
        with_sets: list[Key] = []
        changed = False
        for gateway in gateways:
            generation = self._plane.translator.generation(gateway)
            before = self._own.get(gateway), self._own_marks.get(gateway)
            self._look(gateway, generation)
            changed = changed or (self._own.get(gateway), self._own_marks.get(gateway)) != before
            if self._plane.translator.awaiting(gateway) and self._all_marked(gateway):
                with_sets.append(gateway)
            if generation is None:
                self._acknowledged.pop(gateway, None)
            elif self._acknowledged.get(gateway) != generation and self._all_answered(gateway, generation):
                acknowledged[gateway] = generation
        if changed:
            self._changed()
        self._acknowledge(acknowledged, with_sets)

    def _look(self, gateway: Key, generation: int | None) -> None:
        settled = self._settled(gateway)
        mark = self._plane.translator.mark(gateway) if settled else self._own_marks.get(gateway)
        if settled is None or generation is None or not mark:
            self._own_marks.pop(gateway, None)
        else:
            self._own_marks[gateway] = mark
        if settled is None:
            self._own.pop(gateway, None)
        elif generation is None or generation < self._own.get(gateway, UNSETTLED):
            self._own[gateway] = UNSETTLED
        else:
            self._own[gateway] = generation if settled else self._own.get(gateway, UNSETTLED)

    def _all_answered(self, gateway: Key, generation: int) -> bool:
        answers = [it[gateway] for it in (self._own, *self._reports.values()) if gateway in it]
        return bool(answers) and min(answers) >= generation

    def _all_marked(self, gateway: Key) -> bool:
        """Whether all who have Envoys of the Gateway know its ListenerSets as they are here."""
        those = [(self._own, self._own_marks), *((it, self._marks[name]) for name, it in self._reports.items())]
        marks = {marked.get(gateway) for acked, marked in those if gateway in acked}
        return marks == {self._plane.translator.mark(gateway)}

    def _acknowledge(self, generations: Mapping[Key, int], with_sets: Iterable[Key]) -> None:
        if generations or with_sets:
            self._acknowledged.update(generations)
            self._plane.acknowledge(generations, with_sets)

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()
