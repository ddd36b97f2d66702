"""The measured ladder: plan, climb, verdict, report."""
