"""Runs `x.test.yaml` beside `x.yaml`, and says what its cases leave untried.

cases       the test file: a base input, a patch a case, a fixed clock
outcome     what one input came to
compare     what was expected and what was made, place by place
runner      every case of every file, in several processes where that pays
snapshots   rewrites expectations with what is made now
tokens      expressions cut into tokens: where a ternary's condition begins and ends
coverage    fields, branches, defaults, look-ups and rules that no case reached
mutants     small wrong versions of a file; mutation runs them against the file's own cases
junit       the results as JUnit XML
"""

from trivet.mapping.testing.cases import CLOCK, TESTED, base_of, given_to, merged
from trivet.mapping.testing.runner import Result, run_tests

__all__ = ["CLOCK", "TESTED", "Result", "base_of", "given_to", "merged", "run_tests"]
