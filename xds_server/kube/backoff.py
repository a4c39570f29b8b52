"""How long to wait after a failure: longer each time, never in step with others, as long as the server asks for."""

import random

from translator.value import Value


class Backoff(Value):
    """Seconds before the first second try, and the most there will be."""

    first: float = 0.2
    most: float = 10.0

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Return how long to wait after so many failures in a row, at least what the server asks for."""
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 30))
        return max(retry_after or 0.0, longest * random.uniform(0.5, 1.0))  # noqa: S311
