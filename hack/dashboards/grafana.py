"""Dashboards as Grafana reads them: JSON. The data source and selections are variables at the top."""

from collections.abc import Iterator
from typing import Any

from hack.dashboards.panels import Dashboard, Panel, Variable

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24


def document(dashboard: Dashboard) -> dict[str, Any]:
    """Return a dashboard as Grafana reads it."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["gatehouse"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [_datasource(), *map(_variable, dashboard.variables)]},
        "panels": [{**panel, "id": number} for number, panel in enumerate(_panels(dashboard), 1)],
    }


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    y = 0
    for title, panels in dashboard.rows:
        yield {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": _at(0, y, WIDTH, 1)}
        x, y = 0, y + 1
        for panel in panels:
            height = 4 if panel.kind == "stat" else 8
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            yield {**_panel(panel), "gridPos": _at(x, y, panel.width, height)}
            x += panel.width
        y += height


def _panel(panel: Panel) -> dict[str, Any]:
    queries = [
        {"refId": chr(ord("A") + nth), "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}
        for nth, (expression, legend) in enumerate(panel.queries)
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": None if panel.unit == "s" else 0}, "overrides": []},
        "targets": queries,
    }


def _at(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": f"label_values({variable.metric}, {variable.label})", "refId": variable.name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }
