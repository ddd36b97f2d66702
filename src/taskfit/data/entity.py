"""Entity: something in a text that belongs to somebody, such as an address, a number or a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """Its kind, where it stands, and the form in which equal ones are equal."""

    kind: str
    start: int
    end: int
    same: str
