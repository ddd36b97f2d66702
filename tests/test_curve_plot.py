"""Curves in braille dots."""

import math

from taskfit.curve_plot import plot, squeezed


def test_a_falling_line_goes_from_top_left_to_bottom_right():
    lines = plot([3.0, 2.0, 1.0, 0.0], width=2, height=1)
    assert lines == ["⠑⢄"]


def test_a_flat_line_stays_at_the_top_and_few_values_fill_few_cells():
    assert plot([1.0, 1.0], width=4, height=2) == ["⠉", ""]


def test_a_steep_step_has_no_gap():
    assert plot([1.0, 0.0], width=1, height=2) == ["⢱", "⢸"]


def test_values_that_are_no_numbers_are_left_out():
    assert plot([math.nan, 1.0, math.inf, 1.0], width=4, height=1) == ["⠉"]
    assert plot([], width=4, height=2) == ["", ""]


def test_many_values_become_means_of_neighbours():
    assert squeezed([1.0, 3.0, 5.0, 7.0], 2) == [2.0, 6.0]
    assert len(squeezed([float(n) for n in range(1001)], 120)) == 120
