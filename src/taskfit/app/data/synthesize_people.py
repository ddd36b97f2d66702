"""How a judge agrees with people, where the material holds their scores."""

from dataclasses import dataclass
from pathlib import Path

from taskfit.app.data.synthesize_settings import SynthesizeSettings
from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.workshop.agreement import GOOD, Agreement, agreement
from taskfit.workshop.journal import Journal
from taskfit.workshop.synthesis import ROUNDS, Order


@dataclass(frozen=True)
class Trust:
    """The agreement of a judge with people, and how many rows have only one of the two scores."""

    agreement: Agreement
    unscored: int

    @property
    def is_good(self) -> bool:
        """Whether the judge may stand for people."""
        return self.agreement.kappa >= GOOD


def scores_of_people(order: Order, field: str) -> dict[str, float]:
    """Return the scores in a field of the material, by the id of the row; raise DataError when there are none."""
    found: dict[str, float] = {}
    for record in order.material.records:
        value = record.extra.get(field, record.about.get(field))
        try:
            found[record.id] = float(str(value))
        except ValueError:
            continue
    if not found:
        raise DataError(
            Text(f"no row has a number in '{field}'", f"没有任何一行的 '{field}' 是数字"),
            where="--people",
            todo=Text("name the field that holds the scores of people", "请指定存放人工评分的字段"),
        )
    return found


def trust_in(settings: SynthesizeSettings, order: Order, folder: Path) -> Trust | None:
    """Return how the judge agrees with people on the rows judged so far; None where that was not asked for."""
    if settings.people is None:
        return None
    people = scores_of_people(order, settings.people)
    judge: dict[str, float] = {}
    for one in Journal(folder / ROUNDS).rounds():
        for row in one.rows:
            if "judge_score" in row.about and "parent" in row.about:
                judge[row.about["parent"]] = float(row.about["judge_score"])
        for lost in one.rejected:
            if "score" in lost.said and lost.parent:
                judge[lost.parent] = float(lost.said["score"])
    both = [name for name in people if name in judge]
    least = settings.least if settings.least is not None else float(settings.recipe.model_dump().get("least", 0.0))
    found = agreement([judge[name] for name in both], [people[name] for name in both], least=least)
    return None if found is None else Trust(found, len(people) - len(both))
