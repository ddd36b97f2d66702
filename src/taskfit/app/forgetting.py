"""What a climb or a training is probed with for what was forgotten: built-in material, and the user's own files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from taskfit.app.ground import task_of
from taskfit.app.settings import TaskSettings
from taskfit.core.errors import DataError
from taskfit.core.model import Model
from taskfit.data.read import Reading, read_rows
from taskfit.measure.forgetting_material import (
    OWN_SKILL,
    OWN_TEXT,
    QUESTIONS,
    GeneralText,
    Material,
    Sampling,
    Skill,
    general_talks,
    general_texts,
    world_skills,
)

if TYPE_CHECKING:
    from taskfit.measure.forgetting_probes import Probes

One = TypeVar("One")

# With this many rows to learn from or more, everything is asked; with fewer, as many times less, so that measuring what
# was forgotten stays a small part of a small climb.
ROWS_FOR_ALL = 400
SAMPLES, FEWEST = 32, 6
THOROUGH = 8
LONGEST_PIECE = 600  # characters of general text read at once
OWN_TEXTS, OWN_QUESTIONS = 32, 64


class Asked(Protocol):
    """The settings that say what is measured, of a climb or of a training."""

    @property
    def forgetting(self) -> Literal["auto", "thorough", "off"]:
        """How much is asked."""
        ...

    @property
    def general_text(self) -> str | None:
        """The user's file of general text."""
        ...

    @property
    def retained(self) -> str | None:
        """The user's file of rows of other tasks."""
        ...

    @property
    def seed(self) -> int:
        """The seed of the base's own samples."""
        ...


@dataclass(frozen=True)
class OwnFiles:
    """What the user wants looked after: general text, and rows of tasks that must not be lost."""

    texts: tuple[str, ...] = ()
    retained: Skill | None = None


def own_files(settings: Asked) -> OwnFiles:
    """Read the user's files; raise DataError when they cannot be used. Nothing is read when forgetting is off."""
    if settings.forgetting == "off":
        return OwnFiles()
    texts = general_text(settings.general_text) if settings.general_text else ()
    return OwnFiles(texts, retained_rows(settings.retained) if settings.retained else None)


def general_text(path: str) -> tuple[str, ...]:
    """Return the text of a file in pieces: paragraphs or rows, long ones cut at blanks or sentence ends."""
    prose = Path(path).suffix.lower() in (".txt", ".md", ".text")
    reading = _all_of(read_rows(path, format="paragraphs" if prose else None, shape="text"))
    return tuple(piece for one in reading.examples for piece in pieces(one.text))


def retained_rows(path: str) -> Skill:
    """Return the rows of a file as questions of a task, which is guessed from them."""
    rows = _all_of(read_rows(path)).examples
    examples = tuple(replace(one, id=f"{OWN_SKILL}:{number}") for number, one in enumerate(rows, 1))
    return Skill(OWN_SKILL, task_of(TaskSettings(), examples), examples)


def _all_of(reading: Reading) -> Reading:
    """Refuse a file of which some rows cannot be used: what is looked after must not shrink unseen."""
    if reading.listed:
        raise DataError([row.finding for row in reading.listed])
    return reading


def pieces(text: str, most: int = LONGEST_PIECE) -> list[str]:
    """Return `text` in pieces of at most `most` characters, cut behind the last blank or full stop that fits."""
    found, left = [], text.strip()
    while len(left) > most:
        at = max(left.rfind(mark, 0, most) for mark in (" ", "\n", "。", "！", "？")) + 1
        at = at if at > most // 2 else most
        found.append(left[:at].strip())
        left = left[at:].strip()
    return [*found, left] if left else found


def probes_of(settings: Asked, own: OwnFiles, model: Model, *, rows: int, cache: Path) -> "Probes | None":
    """Return what measures forgetting with so many `rows` to learn from; None when off, or not local."""
    from taskfit.model.local import LocalModel

    if settings.forgetting == "off" or not isinstance(model, LocalModel):
        return None
    from taskfit.measure.forgetting_probes import Probes

    share = 1.0 if settings.forgetting == "thorough" else min(1.0, rows / ROWS_FOR_ALL)
    return Probes(model, material(settings, own, world=model.card.name == "tiny", share=share), cache)


def material(settings: Asked, own: OwnFiles, *, world: bool, share: float) -> Material:
    """Return what to ask: a `share` of the built-in material, and the user's own; thorough: many times as much."""
    times = THOROUGH if settings.forgetting == "thorough" else 1

    def part(whole: int) -> int:
        return max(FEWEST, round(whole * share)) * times

    texts: dict[str, tuple[GeneralText, ...]] = {
        name: _spread(some, part(len(some))) for name, some in general_texts(world=world).items()
    }
    if own.texts:
        texts[OWN_TEXT] = _spread(own.texts, part(OWN_TEXTS))
    kept = own.retained
    skills = () if kept is None else (replace(kept, asked=_spread(kept.asked, part(OWN_QUESTIONS))),)
    samples = part(SAMPLES)
    return Material(
        texts,
        general_talks(world=world, count=samples),
        world_skills(part(QUESTIONS)),
        skills,
        Sampling(samples, seed=settings.seed),
    )


def _spread(some: Sequence[One], most: int) -> tuple[One, ...]:
    """Return at most `most` of them, from everywhere."""
    if len(some) <= most:
        return tuple(some)
    return tuple(some[number * len(some) // most] for number in range(most))
