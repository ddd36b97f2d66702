"""Tiny models for the tests of this folder."""

from tiny_models import tiny as tiny
