"""The report: report.json, report.md, report.html and the terminal, all from one Report. Knows no model."""
