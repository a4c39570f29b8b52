"""What `gatehouse up` shows: Gateways, listeners and routes with what is amiss about them."""

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from translator.status import (
    Condition,
    GatewayStatus,
    ListenerSetStatus,
    RouteStatus,
    Status,
    amiss,
    conditions_of,
)
from translator.value import Ref
from xds_server.local.endpoints import Endpoint


def complaints(status: Status) -> list[str]:
    """One line for each condition that is not as it should be."""
    lines = (_line(part, condition) for part, condition in conditions_of(status) if amiss(condition))
    return list(dict.fromkeys(lines))


def _line(part: str, condition: Condition) -> str:
    where = f"{part}: " if part else ""
    return f"{where}{condition.type} {condition.status}, {condition.reason}: {condition.message}"


def board(
    statuses: Mapping[Ref, Status], endpoints: Mapping[Ref, tuple[Endpoint, ...]], notices: Iterable[str], height: int
) -> RenderableType:
    """Draw the whole picture in about `height` lines: what is amiss comes first, the rest is counted."""
    gateways = Table(title="Gateways", title_justify="left", expand=True, box=None, header_style="bold")
    for column in ("Gateway", "Listener", "Send requests to", "Routes", "State"):
        gateways.add_column(column, overflow="fold")
    for ref, status in sorted(statuses.items()):
        if isinstance(status, GatewayStatus):
            _add_holder(gateways, ref, status, endpoints.get(ref, ()))
    sets = [(complaints(it), ref, it) for ref, it in statuses.items() if isinstance(it, ListenerSetStatus)]
    sets.sort(key=lambda row: (not row[0], row[1]))
    for _, ref, listener_set in sets[: max(3, height // 8)]:
        _add_holder(gateways, ref, listener_set, endpoints.get(ref, ()))
    if len(sets) > max(3, height // 8):
        gateways.add_row(f"… and {len(sets) - max(3, height // 8)} more ListenerSets")
    routes = Table(title="Routes", title_justify="left", expand=True, box=None, header_style="bold")
    for column in ("Route", "Parents", "State"):
        routes.add_column(column, overflow="fold")
    rows = [(complaints(status), ref, status) for ref, status in statuses.items() if isinstance(status, RouteStatus)]
    rows.sort(key=lambda row: (not row[0], row[1]))
    room = max(5, height - gateways.row_count - 10)
    for wrong, ref, status in rows[:room]:
        parents = ", ".join(dict.fromkeys(entry.parent_ref.name for entry in status.parents))
        routes.add_row(str(ref), parents, _state(wrong))
    if len(rows) > room:
        fine = sum(not wrong for wrong, _, _ in rows[room:])
        routes.add_row(f"… and {len(rows) - room} more", "", f"{fine} of them as they should be")
    return Group(gateways, Text(), routes, Text(), *(Text(notice, style="yellow") for notice in notices))


def _add_holder(
    table: Table, ref: Ref, status: GatewayStatus | ListenerSetStatus, endpoints: tuple[Endpoint, ...]
) -> None:
    url_of = {endpoint.listener: endpoint.url for endpoint in endpoints}
    wrong = [_line(part, condition) for part, condition in conditions_of(status) if not part and amiss(condition)]
    name = str(ref.key) if isinstance(status, GatewayStatus) else str(ref)
    table.add_row(name, "", "", "", _state(wrong), style="bold")
    for listener in status.listeners:
        wrong = [_line("", condition) for condition in listener.conditions if amiss(condition)]
        url = url_of.get(listener.name, "")
        table.add_row("", listener.name, url, str(listener.attached_routes), _state(wrong))


def _state(wrong: list[str]) -> Text:
    return Text("\n".join(wrong), style="red") if wrong else Text("as it should be", style="green")
