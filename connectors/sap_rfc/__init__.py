"""SAP HCM by RFC: bookings, prebookings, qualifications and appraisals through released BAPIs, one unit of work per person.

The RFC library is SAP's and stays the customer's: a PyRFC of their own, or pyrfcx, both under the import name `pyrfc`.
No directory: no released BAPI lists employees. No feedback: bookings can be asked for person by person only, and not in bulk.
"""

from trivet.contract import CatalogueConnector, TargetConnector, TargetTraits

from .catalogue import STREAMS, open_catalogue
from .config import SapRfcConfig
from .library import NAME
from .target import MAX_OPS, open_target

TITLE = "SAP HCM (RFC, BAPI)"

TARGET = TargetConnector(
    NAME,
    TITLE,
    SapRfcConfig,
    open_target,
    # ten minutes: a work process may run that long (rdisp/max_wprun_time), and then the commit was done or never will be
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=600.0, deletes=True),
    experimental=True,
)
CATALOGUE = CatalogueConnector(NAME, TITLE, SapRfcConfig, open_catalogue, STREAMS, experimental=True)
