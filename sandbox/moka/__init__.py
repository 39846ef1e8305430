"""Moka 招聘: the recruiting product's API, v1 and v2, as far as it is read."""

from .routes import Moka

__all__ = ["Moka"]
