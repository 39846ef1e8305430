"""The results as JUnit XML, as build servers read it: a suite a file, a case a case."""

import re
from collections.abc import Iterable
from itertools import groupby
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from trivet.mapping.testing.cases import TESTED
from trivet.mapping.testing.runner import Result

# what XML 1.0 cannot hold, not even escaped
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Iterable[Result]) -> ElementTree:
    """The whole report; results of one file stand together."""
    root = Element("testsuites", {"name": "trivet test"})
    for file, cases in groupby(results, key=lambda result: result.file):
        _suite(root, file, list(cases))
    _count(root, [case for suite in root for case in suite])
    indent(root)
    return ElementTree(root)


def _suite(root: Element, file: str, results: list[Result]) -> None:
    suite = SubElement(root, "testsuite", {"name": file})
    for result in results:
        case = SubElement(
            suite, "testcase",
            {
                "classname": file.removesuffix(TESTED).replace("/", "."), "name": _held(result.name),
                "time": f"{result.seconds:.6f}",
            },
        )  # fmt: skip
        if not result.passed:
            first = result.message.partition("\n")[0]
            failure = SubElement(case, "failure", {"message": _held(first), "type": "mapping"})
            failure.text = _held(f"{file}:{result.line}: {result.name}\n{result.message}")
    _count(suite, list(suite))


def _count(element: Element, cases: list[Element]) -> None:
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", "0")
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.6f}")


def _held(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
