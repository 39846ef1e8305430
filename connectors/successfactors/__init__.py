"""SAP SuccessFactors over OData V2: goals and custom MDF objects by bulk upsert, an outcome per record.

After SAP's KBAs 2545933, 2936182, 3069375, 3145174, 3709239 and the EDMX that SAP publishes for goals.
"""

from trivet.contract import TargetConnector, TargetTraits

from .config import SuccessFactorsConfig
from .target import MAX_OPS, open_target

TARGET = TargetConnector(
    "successfactors",
    "SAP SuccessFactors (OData V2)",
    SuccessFactorsConfig,
    open_target,
    TargetTraits(asked_by="searchable_reference", max_ops=MAX_OPS, quiet_seconds=2.0, deletes=True),
)
