"""Metrics, calibration, baselines and behavioral tests."""
