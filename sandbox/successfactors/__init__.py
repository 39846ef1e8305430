"""Stand-in for SAP SuccessFactors OData V2: upsert with an outcome per item, goals, MDF objects, users, `$metadata`, `$batch`.

After SAP's KBAs (2545933, 2936182, 3145174, 2614934, 3709239) and the EDMX that SAP publishes for goals. OAuth takes
assertions that the registered certificate vouches for; Learning (OData V4) is served below /learning.
"""

from .routes import SuccessFactors

__all__ = ["SuccessFactors"]
