"""kubectl and helm, against the cluster of KUBECONFIG."""

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "gatehouse"
OLDEST_KUBERNETES = "1.31.0"
SECONDS = 120.0
PAUSE = 0.1

Document = dict[str, Any]


def run(*command: str, given: str | None = None, seconds: float = SECONDS) -> str:
    """Run a command and return what it prints; fails with what it said if it fails."""
    ended = tried(*command, given=given, seconds=seconds)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def tried(*command: str, given: str | None = None, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail."""
    return subprocess.run(command, input=given, cwd=ROOT, capture_output=True, text=True, timeout=seconds)


def kubectl(*arguments: str, given: str | None = None) -> str:
    """Run kubectl and return what it prints."""
    return run("kubectl", *arguments, given=given)


def helm(*arguments: str) -> str:
    """Run helm and return what it prints."""
    return run("helm", *arguments)


def rendered(*options: str, release: str = "gatehouse", namespace: str = "gatehouse-system") -> str:
    """Return what the chart makes of some options."""
    return helm(
        "template", release, str(CHART), "--namespace", namespace, "--kube-version", OLDEST_KUBERNETES, *options
    )


def got(*arguments: str) -> Any:
    """Run `kubectl get` and return the object, or the list's items."""
    answer = json.loads(kubectl("get", *arguments, "--output=json"))
    return answer["items"] if answer["kind"] == "List" else answer


def as_list(documents: Iterable[Document]) -> str:
    """Return documents as one List, which kubectl takes at once."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})


def until(look: Callable[[], T], what: str, seconds: float = SECONDS) -> T:
    """Look until there is something to see, and return that."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {seconds:.0f} seconds: {what}"
        time.sleep(PAUSE)
    return seen
