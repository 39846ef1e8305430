"""Expressions run within limits, without `$eval`, by the run's clock, and never quote a record."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trivet.mapping.engine import ExpressionFailed, compile_expression
from trivet.mapping.reference import compile_reference

NOW = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
ENGINES = pytest.mark.parametrize("compiler", [compile_expression, compile_reference])
BOMBS = {
    "endless loop": "($f := function($n) { $f($n + 1) }; $f(0))",
    "endless recursion": "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
    "text doubled 40 times": "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 40))",
    "list doubled 40 times": "($f := function($a, $n) { $n = 0 ? $a : $f($append($a, $a), $n - 1) }; $f([1], 40))",
    "range of ten million": "[1..10000000]",
    "nested ranges": "$map([1..4999], function($i) { $map([1..4999], function($j) { [1..4999] }) })",
    "nested quantifiers": "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)",
    "overlapping alternatives": "$contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a|a)*$/)",
    "replace": "$replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a*)*b/, 'x')",
    "padding to gigabytes": "$pad('x', 1000000000)",
    "tower of powers": "$power(9, $power(9, 9))",
    "thirty thousand brackets": "(" * 30_000,
    "reduce": "$reduce([1..4999], function($a, $b) { $a & $a })",
    "sort without end": "$sort([1..4999], function($l, $r) { $l < $r })",
    "a text without end": "'" + "x" * 300_000 + "'",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_within_two_seconds(bomb):
    """Time, steps, depth and sizes are limited; the code says so."""
    before = time.process_time()
    with pytest.raises(ExpressionFailed) as refused:
        compile_expression(BOMBS[bomb]).evaluate({"a": 1}, {}, NOW)
    assert refused.value.code == "EXPR_LIMIT"
    assert time.process_time() - before < 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("bomb", ["range of ten million", "nested ranges", "text doubled 40 times", "reduce"])
def test_a_bomb_takes_less_than_half_a_gigabyte(bomb):
    """Measured from outside, in a process of its own; where time is the only limit, a busy machine grants it some more."""
    script = f"""
import re
from datetime import datetime, UTC
from trivet.mapping.engine import ExpressionFailed, compile_expression
try:
    compile_expression({BOMBS[bomb]!r}).evaluate({{}}, {{}}, datetime.now(UTC))
except ExpressionFailed as refused:
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
    print(refused.code, int(peak[1]) // 1024)
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert said[0] == "EXPR_LIMIT"
    assert int(said[1]) < 512


@ENGINES
@pytest.mark.parametrize("source", ["$eval('1')", "($e := $eval; $e('1'))", "$map(['1'], $eval)"])
def test_eval_is_off_by_any_name(compiler, source):
    """A record cannot bring its own expression."""
    with pytest.raises(ExpressionFailed) as refused:
        compiler(source).evaluate({}, {}, NOW)
    assert refused.value.code == "EXPR_FORBIDDEN"


def test_eval_is_seen_before_it_runs():
    """The check finds it in the file."""
    assert compile_expression("$map(a, $eval)").uses_eval()
    assert not compile_expression("$lookup($$, a)").uses_eval()


@ENGINES
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("().__class__.__mro__", "EXPR_FORBIDDEN"),
        ("open('/etc/passwd')", "EXPR_FORBIDDEN"),
        ("$open('/etc/passwd')", "EXPR_FORBIDDEN"),
        ("{{ cycler.__init__.__globals__ }}", "TEMPLATE_FORBIDDEN"),
        ("'{{ name }}'", "TEMPLATE_FORBIDDEN"),
        ("9**9**9", "EXPR_SYNTAX"),
        ("import os", "EXPR_SYNTAX"),
    ],
)
def test_another_language_is_refused(compiler, source, code):
    """Python and Jinja do not work here, and say so."""
    with pytest.raises(ExpressionFailed) as refused:
        compiler(source).evaluate({"a": 1}, {}, NOW)
    assert refused.value.code == code


@ENGINES
@pytest.mark.parametrize(
    "source",
    [
        "$number(name)", "name + 1", "-name", "name > 1", "[name..2]", "$error(name)", "$assert(false, name)",
        "$toMillis(name)", "{name: 1, 'Emma Clarke': 2}", "{other: 1}", "$half_up(name, 1)", "$local_date(name)",
        "$days_after(name, 3)", "$sum(name)", "$formatNumber(1, name)",
    ],
)  # fmt: skip
def test_no_message_quotes_the_record(compiler, source):
    """The engines' own messages do; ours do not."""
    with pytest.raises(ExpressionFailed) as refused:
        compiler(source).evaluate({"name": "Emma Clarke", "other": ["Emma Clarke"]}, {}, NOW)
    assert "Emma" not in str(refused.value)
    assert str(refused.value)


@ENGINES
def test_the_clock_is_the_run_s(compiler):
    """A run may be repeated with the same result."""
    assert compiler("$now()").evaluate({}, {}, NOW) == "2026-11-20T01:02:03.000Z"
    assert compiler("$millis()").evaluate({}, {}, NOW) == int(NOW.timestamp() * 1000)


def test_chance_is_fixed():
    """Two runs draw the same numbers."""
    program = compile_expression("[$random(), $shuffle([1..20])]")
    assert program.evaluate({}, {}, NOW) == program.evaluate({}, {}, NOW)


def test_an_error_in_chinese_text_has_its_offset_in_characters():
    """Not in bytes."""
    with pytest.raises(ExpressionFailed) as wrong:
        compile_expression('"林晓雨" & (a b)')
    assert wrong.value.start == 11
