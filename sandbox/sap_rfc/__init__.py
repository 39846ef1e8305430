"""Stand-in for an SAP HCM system that is called by RFC, and for the Python module that calls it.

`rfc` has the classes of the module `pyrfc` and speaks to the system over a loopback socket. The functions are typed by
`contracts/*.json`, in the form that PyRFC's `get_function_description` tells: names, types, lengths and messages after the
function documentation (consolut, stechno, se80, sapdatasheet); messages of class PN stand where it names none.
"""

from .routes import SapRfc

__all__ = ["SapRfc"]
