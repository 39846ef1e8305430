"""SOAP services for training and appraisal in the manner of SAP's enterprise services, of our own design.

After genuine enterprise-service WSDLs (messages, header, log, StandardMessageFault); SAP publishes none for HCM.
"""

from .services import SapSoap

__all__ = ["SapSoap"]
