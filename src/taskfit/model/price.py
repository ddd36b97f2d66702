"""What answers cost, and how much may be spent."""

import threading
from dataclasses import dataclass, field

from taskfit.core.text import Text


@dataclass(frozen=True)
class Price:
    """Money per million tokens read (`tokens_in`) and written (`tokens_out`)."""

    per_million_in: float = 0.0
    per_million_out: float = 0.0

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """Return the money for so many tokens.

        >>> Price(2.0, 10.0).of(500_000, 100_000)
        2.0
        """
        return (tokens_in * self.per_million_in + tokens_out * self.per_million_out) / 1e6


@dataclass
class Purse:
    """What was spent so far and what may be; shared by the threads that ask.

    Money is set aside before a request and settled after it, so that requests under way cannot pass the limit together.
    """

    price: Price
    max_requests: int | None = None
    max_money: float | None = None
    requests: int = 0
    tokens: int = 0
    money: float = 0.0
    beside: "Purse | None" = None
    _set_aside: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def open_for(self, tokens_in: int, tokens_out: int) -> Text | None:
        """Set money aside for one request of at most so many tokens; return the limit that forbids it, or None."""
        cost = self.price.of(tokens_in, tokens_out)
        with self._lock:
            if self.max_requests is not None and self.requests >= self.max_requests:
                return Text(f"max_requests = {self.max_requests}", f"max_requests = {self.max_requests}")
            others = 0.0 if self.beside is None else self.beside.money + self.beside._set_aside
            if self.max_money is not None and self.money + self._set_aside + others + cost > self.max_money:
                return Text(f"max_money = {self.max_money:g}", f"max_money = {self.max_money:g}")
            self.requests += 1
            self._set_aside += cost
        return None

    def settle(self, expected: tuple[int, int], used: tuple[int, int]) -> None:
        """Replace what was set aside for the `expected` tokens (in, out) by the price of those `used`."""
        with self._lock:
            self._set_aside -= self.price.of(*expected)
            self.tokens += sum(used)
            self.money += self.price.of(*used)

    def share_with(self, other: "Purse") -> None:
        """Let the money of both count for the limit of each. They are for models that are asked one after the other."""
        self.beside, other.beside = other, self

    def put_in(self, requests: int, tokens: tuple[int, int]) -> None:
        """Count what was spent before: requests, and tokens (in, out)."""
        with self._lock:
            self.requests += requests
            self.tokens += sum(tokens)
            self.money += self.price.of(*tokens)

    @property
    def spent(self) -> Text:
        """What was spent, as a phrase."""
        return Text(
            f"{self.requests:,} requests, {self.tokens:,} tokens, {self.money:.4f} money",
            f"{self.requests:,} 次请求、{self.tokens:,} 个 token、花费 {self.money:.4f}",
        )


def estimate_tokens(text: str) -> int:
    """Return roughly how many tokens `text` has: four Latin letters, or one Chinese character, make a token.

    >>> estimate_tokens("tasty noodles"), estimate_tokens("好吃的面")
    (4, 4)
    """
    wide = sum(ord(character) > 0x2E7F for character in text)
    return wide + (len(text) - wide + 3) // 4
