"""Draws -> answers: connections, volumes, networks, differentiation, sensitivity."""

from bayescov.posterior.connections import connections
from bayescov.posterior.frames import to_frame
from bayescov.posterior.networks import networks
from bayescov.posterior.volumes import volumes

__all__ = ["connections", "networks", "to_frame", "volumes"]
