"""What an answer must look like before any tree is built of it: harmless XML, and one Envelope with one Body.

Our own limits are far below the ones of libxml2, which reads the answer afterwards.
"""

from dataclasses import dataclass

from trivet.guarded_xml import Hostile, Sentry, watched

SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"


def enveloped(content: bytes) -> None:
    """Raises `Hostile` unless the document is harmless and one SOAP envelope with one body of at most one child."""
    sentry = _Envelope()
    watched(sentry, content)
    if sentry.bodies != 1:
        raise Hostile("SOAP_UNEXPECTED", "the envelope has no body")


@dataclass
class _Envelope(Sentry):
    soap: str = ""
    inside: str = ""
    bodies: int = 0
    contents: int = 0

    def opened(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        soap = space in (SOAP_11, SOAP_12)
        if self.depth == 1:
            if not soap or local != "Envelope":
                raise Hostile("SOAP_UNEXPECTED", "it is no SOAP envelope")
            self.soap = space
        elif self.depth == 2:
            self.inside = local if space == self.soap else ""
            self.bodies += self.inside == "Body"
            if (
                self.inside not in ("Header", "Body")
                or self.bodies > 1
                or (self.inside == "Header" and self.bodies)
            ):
                raise Hostile(
                    "SOAP_UNEXPECTED", "the envelope holds something else than a header and one body"
                )
        elif soap and local in ("Envelope", "Body"):
            # a second body deep inside is what wraps somebody else's signed one
            raise Hostile("SOAP_UNEXPECTED", "it holds a second envelope or body")
        elif self.depth == 3 and self.inside == "Body":
            self.contents += 1
            if self.contents > 1:
                raise Hostile("SOAP_UNEXPECTED", "the body holds more than one message")
