"""Stand-in for SAP SuccessFactors OData V2: upsert with an outcome per item, goals, MDF objects, users, `$metadata`, `$batch`.

After SAP's KBAs (2545933, 2936182, 3145174, 2614934, 3709239) and the EDMX that SAP publishes for goals; assertions of the
SAML bearer grant are taken without checking their signature.
"""

from .routes import SuccessFactors

__all__ = ["SuccessFactors"]
