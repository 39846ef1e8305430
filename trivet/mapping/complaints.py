"""JSONata's error codes in words of ours: the engines' own messages quote the record's values."""

LIMIT_CODES = frozenset(
    {"U1001", "U1002", "U1006", "D1001", "D1011", "D1012", "D2014", "D2015", "D2016", "D3061"}
)
NO_FUNCTION_CODES = frozenset({"T1005", "T1006"})
_SAYINGS = {
    "U1001": "nested too deeply, or its result is too large",
    "U1006": "more steps than the limit allows",
    "D1001": "a number is out of range",
    "D1002": "only a number can be negated",
    "D1009": "two fields of the object have the same name",
    "D1011": "recursion deeper than the limit",
    "D1012": "took longer than the limit",
    "D2014": "a range longer than the limit",
    "D2015": "a list longer than the limit",
    "D2016": "a text longer than the limit",
    "D3030": "the value cannot be read as a number",
    "D3061": "a number is out of range",
    "D3137": "the expression's own $error",
    "D3138": "$single found more than one match",
    "D3139": "$single found no match",
    "D3110": "the value is not an ISO 8601 time",
    "D3141": "the expression's own $assert",
    "T0410": "an argument has the wrong type",
    "T0411": "the value before the dot has the wrong type",
    "T0412": "a list holds entries of the wrong type",
    "T1003": "a field name has to be text",
    "T1005": "there is no such function (a built-in one begins with $)",
    "T1006": "there is no such function",
    "T1007": "only a function can be applied in part",
    "T2001": "the value on the left has to be a number",
    "T2002": "the value on the right has to be a number",
    "T2003": "the range's first number has to be whole",
    "T2004": "the range's last number has to be whole",
    "T2006": "the value after ~> has to be a function",
    "T2007": "values of different types cannot be ordered",
    "T2008": "only numbers and texts can be ordered",
    "T2009": "the two sides are of different types",
    "T2010": "only numbers and texts can be compared",
}


def saying(code: str, token: object = None) -> str:
    """The cause, with the function or operator of the expression where the engine names one."""
    words = _SAYINGS.get(code, "the expression failed")
    # a token comes from the expression; anything longer than an operator or a function's name is not one
    named = f" at {token}" if isinstance(token, str) and 0 < len(token) <= 20 and token.isascii() else ""
    return f"{words}{named} [JSONata {code}]"
