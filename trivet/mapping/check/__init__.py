"""Finds what is wrong in mapping and rules files before they run: each finding with file, line, column, code and cure.

files     every file, its test and the code lists
meaning   one file: tables, syntax, and which expression meets which schema
around    what an expression stands in, and what a path in it leads to
reads     what an expression reads: unknown paths, variables, tables; personal data on its way out
lints     what is legal and yet wrong: a zero that is lost, a list that collapses, an id that becomes a number
target    the fields against what the target takes
codes     code tables against the lists that the ERP knows
lists     what scorers judge by: rubrics, behaviours, terms
editor    the line by which editors know a file's schema
spots     findings at the places of a file and its layers
finding   the finding itself, with its caret
sarif     findings for code hosts
"""

from trivet.mapping.check.files import check_file, check_mappings
from trivet.mapping.check.finding import Finding, shown

__all__ = ["Finding", "check_file", "check_mappings", "shown"]
