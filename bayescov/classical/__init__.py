"""A design -> the frequentist twin: the tests a reviewer knows, on the same residuals and labels as the posterior.

All take a `Design`, compare every patient group with the controls, and return an `xarray.Dataset` whose coordinates
are those of the posterior answers: ``population`` (patient groups, in the design's order), ``edge`` with ``region_a`` and
``region_b``, ``region``, ``measure``. To put twin and posterior side by side, merge on these labels. Some variables
have one name on both sides on purpose (``difference``, ``difference_sd``, ``difference_percent``, ``verdict``), so
give them suffixes::

    posterior, twin = bc.to_frame(bc.connections(fit)), bc.to_frame(bc.permutation_test(design))
    both = posterior.merge(twin, on=["population", "region_a", "region_b"], suffixes=("", "_twin"), validate="1:1")

    bc.to_frame(bc.volumes(fit)).merge(bc.to_frame(bc.ancova(design)), on=["population", "region"], ...)
    bc.to_frame(bc.networks(fit)).merge(bc.to_frame(bc.network_test(design)), on=["population", "measure"], ...)

What a twin calls: ``q_value <= fdr`` is its counterpart of a verdict, the sign of ``abs(correlation) -
abs(control_correlation)`` telling added from missing; ``p_max_t <= alpha`` holds the familywise error instead.
"""

from bayescov.classical.ancova import ancova
from bayescov.classical.direct import fisher_z, naive
from bayescov.classical.nbs import nbs
from bayescov.classical.networks import network_test
from bayescov.classical.permutation import permutation_test

__all__ = ["ancova", "fisher_z", "naive", "nbs", "network_test", "permutation_test"]
