"""Rows of several files are mixed by shares or weights; what is left out or repeated is told."""

from taskfit.core.example import example_of
from taskfit.data.mix import Mixture, Part, mix


def part(name: str, rows: int, **asked: float) -> Part:
    return Part(name, tuple(example_of(f"{name}{n}", None, number=n + 1, file=name) for n in range(rows)), **asked)


def counts(found: Mixture) -> dict[str, int]:
    names = [example.origin.file for example in found.examples]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def test_files_without_shares_are_taken_whole_and_in_order():
    parts = [part("a", 3), part("b", 2)]
    found = mix(parts, seed=0)
    assert found.examples == (*parts[0].examples, *parts[1].examples)
    assert (found.left_out, found.remarks) == ((), ())


def test_a_share_is_of_the_whole_beside_files_taken_whole():
    found = mix([part("own", 80), part("general", 500, share=0.2)], seed=0)
    assert counts(found) == {"own": 80, "general": 20}
    assert len(found.left_out) == 480
    assert [remark.en for remark in found.remarks] == ["general: 20 of 500 rows are taken, drawn by the seed"]


def test_a_file_too_small_for_its_share_is_taken_again_with_new_ids():
    found = mix([part("own", 80), part("general", 8, share=0.2)], seed=0)
    assert counts(found) == {"own": 80, "general": 20}
    assert len({example.id for example in found.examples}) == 100
    assert "taken 2.5 times each" in found.remarks[0].en
    assert found.left_out == ()


def test_with_shares_for_all_no_row_is_taken_twice():
    found = mix([part("a", 30, share=0.5), part("b", 200, share=0.25), part("c", 90, share=0.25)], seed=0)
    assert counts(found) == {"a": 30, "b": 15, "c": 15}


def test_weights_say_how_often_a_file_is_taken():
    assert counts(mix([part("a", 10, weight=2.5), part("b", 10, weight=0.3)], seed=0)) == {"a": 25, "b": 3}


def test_the_seed_decides_which_rows_are_drawn():
    def drawn(seed: int) -> list[str]:
        return [example.text for example in mix([part("a", 100, weight=0.1)], seed=seed).examples]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
