"""Labels that a reader takes for the same, and labels that are rather an id."""

from collections.abc import Iterator

from taskfit.core.text import Text
from taskfit.data.finding import RowFinding, Rows, places
from taskfit.data.labels import is_closed, variants


def check(rows: Rows) -> Iterator[RowFinding]:
    """Yield one finding for all labels that look the same, and one when the labels look like ids."""
    targets = [example.target or "" for example in rows.examples]
    distinct = set(targets)
    if is_closed(targets):
        alike = variants(distinct)
        if alike:
            names = {name for one in alike for name in one}
            shown = "; ".join(" = ".join(repr(name) for name in one) for one in alike[:5])
            what = Text(
                f"{len(names)} labels look like {len(alike)}: {shown}; write each label in one way",
                f"{len(names)} 个标签看起来是 {len(alike)} 个：{shown}；请统一写法",
            )
            found = places(example for example in rows.examples if example.target in names)
            yield RowFinding("label_variants", "warn", what, len(names), found)
    elif len(targets) >= 20 and len(distinct) > 0.9 * len(targets) and not any(" " in name for name in distinct):
        name = rows.facts.roles.label if rows.facts else "label"
        what = Text(
            f"{len(distinct)} different labels in {len(targets)} rows: '{name}' looks like an id, not a label",
            f"{len(targets)} 行中有 {len(distinct)} 个不同的标签：'{name}' 更像编号而不是标签",
        )
        if all(len(one) <= 40 and one.isascii() for one in distinct):
            yield RowFinding("label_is_id", "warn", what, len(distinct), places(rows.examples))
