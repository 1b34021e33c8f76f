"""Compiled pieces of the sampler: plain arrays in, plain arrays out. They know neither labels nor PyMC."""
