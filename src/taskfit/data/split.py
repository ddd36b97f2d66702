"""Rows are divided into train, dev and a sealed test: duplicates and groups stay together, labels are balanced."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taskfit.core.errors import DataError, UsageError
from taskfit.core.example import Example, Splits
from taskfit.core.text import Text
from taskfit.data.duplicates import duplicate_groups, key_of
from taskfit.data.labels import is_closed
from taskfit.data.read import ListedRow
from taskfit.data.rows import excerpt_of

FEWEST_ROWS = 12


@dataclass(frozen=True)
class GivenSplits:
    """Splits from files the user gave, and the training rows that were left out because test or dev holds them."""

    splits: Splits
    listed: tuple[ListedRow, ...] = ()


@dataclass(frozen=True)
class _Block:
    """Rows that must stay together: their places, the label that most of them have, and their place in the draw."""

    rows: tuple[int, ...]
    label: str
    draw: str


def split_rows(
    examples: Sequence[Example],
    *,
    seed: int,
    test_share: float = 0.2,
    dev_share: float = 0.2,
    max_test: int = 2000,
    max_dev: int = 1000,
) -> Splits:
    """Divide `examples` into train, dev and test.

    Exact and near duplicates and rows of one `group` are never on two sides. Each label has its share on each
    side. Which row goes where depends on the seed and on what the rows say, not on their order; within a side
    rows keep their order. Raises DataError for fewer than 12 rows or blocks too large to divide.
    """
    if not (0 < test_share < 1 and 0 <= dev_share < 1 and test_share + dev_share < 1):
        raise UsageError(
            Text(
                f"test_share {test_share} and dev_share {dev_share} must leave rows for training",
                f"test_share {test_share} 与 dev_share {dev_share} 之和必须小于 1",
            )
        )
    _enough(examples)
    blocks = _blocks(examples, seed)
    total = len(examples)
    wanted = {
        "test": min(max_test, max(1, round(total * test_share))),
        "dev": min(max_dev, round(total * dev_share)),
    }
    side_of = _deal(blocks, wanted)
    splits = Splits(*(_side(examples, side_of, side) for side in ("train", "dev", "test")))
    _whole(splits, dev_wanted=wanted["dev"] > 0)
    return splits


def given_splits(
    train: Sequence[Example],
    *,
    dev: Sequence[Example] | None = None,
    test: Sequence[Example] | None,
    seed: int,
    dev_share: float = 0.2,
    max_dev: int = 1000,
) -> GivenSplits:
    """Return splits from the user's own files; dev is cut out of train when there is none (but not when it is empty).

    Training rows whose exact or near duplicate stands in test or dev, and dev rows whose duplicate stands in
    test, are left out and listed. The test rows are never touched.
    """
    dev_wanted, test_wanted, test = dev is None or bool(dev), test is not None, test or ()
    rows = (*train, *(dev or ()), *test)
    groups = dict(zip(map(id, rows), duplicate_groups(rows), strict=True))

    def group_of(example: Example) -> str:
        return groups[id(example)]

    test_name, dev_name = Text("the test rows", "测试数据"), Text("the dev rows", "验证数据")
    kept, listed = _without(train, test, group_of, name=test_name)
    if dev is None:
        _enough(kept)
        side_of = _deal(_blocks(kept, seed), {"dev": min(max_dev, round(len(kept) * dev_share))})
        splits = Splits(_side(kept, side_of, "train"), _side(kept, side_of, "dev"), tuple(test))
    else:
        clean_dev, listed_dev = _without(dev, test, group_of, name=test_name)
        kept, listed_train = _without(kept, clean_dev, group_of, name=dev_name)
        splits = Splits(tuple(kept), tuple(clean_dev), tuple(test))
        listed = [*listed, *listed_dev, *listed_train]
    _whole(splits, dev_wanted=dev_wanted, test_wanted=test_wanted)
    return GivenSplits(splits, tuple(listed))


def _without(
    rows: Sequence[Example], others: Sequence[Example], group_of: Callable[[Example], str], *, name: Text
) -> tuple[list[Example], list[ListedRow]]:
    first: dict[str, Example] = {}
    for other in others:
        first.setdefault(group_of(other), other)
    exact = {key_of(other): other for other in reversed(others)}
    kept: list[Example] = []
    listed: list[ListedRow] = []
    for example in rows:
        twin = exact.get(key_of(example)) or first.get(group_of(example))
        if twin is None:
            kept.append(example)
        else:
            listed.append(_left_out(example, twin, name=name, same=key_of(example) in exact))
    return kept, listed


def _left_out(example: Example, twin: Example, *, name: Text, same: bool) -> ListedRow:
    kind = Text("the same text", "相同的文本") if same else Text("nearly the same text", "几乎相同的文本")
    if not same and example.group is not None and example.group == twin.group:
        kind = Text(f"the same group '{example.group}'", f"同一分组 '{example.group}'")
    reason = Text(f"{kind.en} stands in {name.en}: {twin.origin}", f"{name.zh}中有{kind.zh}：{twin.origin}")
    if same and example.target != twin.target:
        labels = f"'{example.target}' / '{twin.target}'"
        reason = Text(f"{reason.en}, with another label ({labels})", f"{reason.zh}，且标签不同（{labels}）")
    return ListedRow(example.origin.file, example.origin.line, reason, excerpt_of(example.text), "left out")


def _blocks(examples: Sequence[Example], seed: int) -> list[_Block]:
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(duplicate_groups(examples)):
        members[group].append(place)
    targets = [example.target or "" for example in examples]
    closed = is_closed(targets)
    blocks = []
    for group, rows in members.items():
        counts = Counter(targets[row] for row in rows)
        label = min(counts, key=lambda one: (-counts[one], one)) if closed else ""
        draw = hashlib.blake2b(f"{seed}:{group}".encode(), digest_size=8).hexdigest()
        blocks.append(_Block(tuple(rows), label, draw))
    return sorted(blocks, key=lambda block: block.draw)


def _deal(blocks: Sequence[_Block], wanted: Mapping[str, int]) -> dict[int, str]:
    """Return the side of each row; sides are filled label by label in the order of the draw, train takes the rest."""
    strata: dict[str, list[_Block]] = defaultdict(list)
    for block in blocks:
        strata[block.label].append(block)
    sizes = {label: sum(len(block.rows) for block in strata[label]) for label in sorted(strata)}
    room = {side: _quotas(sizes, count) for side, count in wanted.items()}
    side_of: dict[int, str] = {}
    for label, members in strata.items():
        left = {side: room[side][label] for side in wanted}
        for number, block in enumerate(members):
            # The last block is trained on, so that no label is only tested.
            spare = number < len(members) - 1
            side = next((one for one in wanted if spare and _fits(block, left[one], room[one][label])), "train")
            left[side] = left.get(side, 0) - len(block.rows)
            side_of.update(dict.fromkeys(block.rows, side))
    return side_of


def _fits(block: _Block, left: int, quota: int) -> bool:
    # The first block of a side may be larger than its quota, so that a side is not empty; later ones may not.
    return len(block.rows) <= left or (left == quota > 0 and len(block.rows) <= 2 * quota)


def _quotas(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Divide `count` in proportion to `sizes` (largest remainders), at least one for each when any is wanted."""
    total = sum(sizes.values())
    exact = {label: count * size / total for label, size in sizes.items()}
    quotas = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(sizes, key=lambda label: (quotas[label] - exact[label], label))
    for label in by_remainder[: count - sum(quotas.values())]:
        quotas[label] += 1
    return {label: max(quota, min(1, count)) for label, quota in quotas.items()}


def drawn(examples: Sequence[Example], most: int, *, seed: int) -> set[int]:
    """Return the places of at most `most` examples, drawn label by label so that none is lost while there is room."""
    targets = [example.target or "" for example in examples]
    closed = is_closed(targets)
    strata: dict[str, list[int]] = defaultdict(list)
    for place in np.random.default_rng([seed, 2]).permutation(len(examples)).tolist():
        strata[targets[place] if closed else ""].append(place)
    quotas = _quotas({label: len(strata[label]) for label in sorted(strata)}, most)
    rounds = sorted(
        (
            (turn / quotas[label], label, place)
            for label in strata
            for turn, place in enumerate(strata[label][: quotas[label]])
        )
    )
    return {place for _, _, place in rounds[:most]}


def _side(examples: Sequence[Example], side_of: Mapping[int, str], side: str) -> tuple[Example, ...]:
    return tuple(example for place, example in enumerate(examples) if side_of[place] == side)


def _enough(examples: Sequence[Example]) -> None:
    if len(examples) < FEWEST_ROWS:
        raise DataError(
            Text(
                f"{len(examples)} rows are too few to train, choose and test on; at least {FEWEST_ROWS} are needed",
                f"只有 {len(examples)} 行，不足以划分训练、验证和测试；至少需要 {FEWEST_ROWS} 行",
            ),
            todo=Text("30 rows per label are a good start", "每个标签 30 行是个不错的起点"),
        )


def _whole(splits: Splits, *, dev_wanted: bool, test_wanted: bool = True) -> None:
    parts = {"train": splits.train}
    parts |= {"dev": splits.dev} if dev_wanted else {}
    parts |= {"test": splits.test} if test_wanted else {}
    empty = [name for name, part in parts.items() if not part]
    if empty:
        names = ", ".join(empty)
        raise DataError(
            Text(f"no rows are left for {names}", f"没有数据可用于 {names}"),
            todo=Text(
                "too many rows belong together (duplicates, or one group); give more different rows",
                "过多的行属于同一组（重复或同一分组）；请提供更多不同的数据",
            ),
        )
