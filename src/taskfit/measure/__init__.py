"""Metrics, intervals, paired tests, calibration: pure functions of predictions."""
