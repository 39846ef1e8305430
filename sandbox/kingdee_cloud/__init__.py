"""Stand-in for Kingdee Cloud (K/3 Cloud WebAPI), after the official Python SDK 8.2.0 and its DTOs.

The standard product has no training or performance form: `PAEZ_TrainingPlan` and `PAEZ_KPIWeight` are custom forms of this
tenant, as a customer's would be.
"""

from .routes import KingdeeCloud

__all__ = ["KingdeeCloud"]
