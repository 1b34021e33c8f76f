# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a table of volumes to a report
#
# A study measures the volumes of fifteen brain regions in 40 people with multiple sclerosis (MS), 35 with neuromyelitis
# optica spectrum disorder (NMOSD) and 34 healthy controls (HC), and asks: which regions are smaller, and which
# *connections* between regions (correlations of their volumes across people) do patients have in addition to
# controls, or lack?
#
# The people here are simulated, from published means, standard deviations and correlations, so that the answer can be held
# against the truth at the end.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import bayescov as bc

pd.set_option("display.width", 120)
settings = {"draws": 200, "min_ess": 0} if os.environ.get("BAYESCOV_QUICK") else {}
folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## 1. Read
#
# We write the simulated study to a CSV file first, so that what follows is what one would do with a table of one's own.

# %%
study = bc.simulate_study("ms-nmosd", seed=2023)
table = study.volumes.join(study.covariates)
table.insert(0, "diagnosis", study.group)
table.to_csv(folder / "volumes.csv")
table.iloc[[0, 40, 80], :6].round(1)

# %% [markdown]
# `read_cohort` recognises the tool, the unit and the regions, and keeps a record of everything it looked at. A table
# that cannot be used ends in one message that lists all its problems.

# %%
cohort = bc.read_cohort(folder / "volumes.csv", group="diagnosis", control="HC")
print(cohort)
for check in cohort.checks:
    print(f"- {check.text[:110]}")

# %% [markdown]
# ## 2. Prepare
#
# Volumes are taken as logarithms, centred by the controls and divided by the controls' standard deviation; age, sex and head
# size enter as covariates. Multiplying a region by any constant changes nothing.

# %%
design = bc.prepare(cohort, covariates="age + sex + log(icv)")
print(design.covariates, design.sizes)

# %% [markdown]
# ## 3. Fit
#
# `pooled` is the quickest of the models that share strength between groups: all groups scatter around one correlation
# matrix, and how closely is learned. `sparse` expects a few large changes instead, and the default, `adaptive`, both; say
# `model="adaptive"` for an analysis of your own (`bayescov models` lists them). The same seed gives the same draws.

# %%
fit = bc.fit(design, model="pooled", seed=2023, progress=False, **settings)
for sentence in bc.diagnose(fit).sentences:
    print(sentence)

# %% [markdown]
# A fit is an ArviZ object: `xarray.DataTree` with the dimensions `chain`, `draw`, `population`, `region` and `edge`.

# %%
fit["posterior"]["correlation"].sizes

# %% [markdown]
# ## 4. Ask
#
# ### Which regions are smaller?
#
# A region is called *smaller* (*larger*) where it is so by more than 0.2 SD of the controls; `p_smaller` is of the sign alone.

# %%
volumes = bc.volumes(fit)
columns = ["population", "region", "difference_percent", "difference_sd", "p_smaller", "verdict"]
bc.to_frame(volumes)[columns].groupby("population").head(5).round(2)

# %% [markdown]
# ### Which connections were added, which are missing?
#
# A connection is *present* where the absolute correlation exceeds 0.3; it was *added* where it is present in patients and
# exceeds the controls' by more than 0.1. Every probability is computed jointly on the draws. `undecided` is an answer: it
# says that this many people cannot settle it.

# %%
connections = bc.connections(fit, threshold=0.3, margin=0.1)
edges = bc.to_frame(connections)
edges["p_change"] = edges[["p_added", "p_missing", "p_reversed"]].max(axis=1)
columns = ["population", "region_a", "region_b", "control_mean", "mean", "p_added", "p_missing", "verdict"]
edges.sort_values("p_change", ascending=False)[columns].head(8).round(2)

# %% [markdown]
# The numbers of connections gained and lost have a posterior too, and so has the study's sentence.

# %%
for sentence in bc.headline(fit, connections, volumes):
    print(f"- {sentence}")

# %% [markdown]
# ### What do the draws look like?

# %%
names = [r.replace("Left-", "L ").replace("Right-", "R ") for r in cohort.regions]
mean = fit["posterior"]["correlation"].mean(("chain", "draw"))
rows, columns_of = np.triu_indices(len(names), 1)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, population in zip(axes, design.populations, strict=True):
    matrix = np.eye(len(names))
    matrix[rows, columns_of] = matrix[columns_of, rows] = mean.sel(population=population)
    image = axis.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r")
    axis.set_title(f"{population}, posterior mean")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    axis.set_yticks(range(len(names)), names, fontsize=6)
figure.colorbar(image, ax=axes, shrink=0.7, label="correlation")
plt.show()

# %% [markdown]
# ## 5. The frequentist twin
#
# The permutation test asks a different question on the same design: could this difference have come from shuffled labels?
# And the *naive rule*, an edge significant in one group only, is shown as a warning: between random halves of healthy
# people it calls dozens of edges.

# %%
twin = bc.permutation_test(design, seed=2023)
naive = bc.naive(design)
pd.DataFrame(
    {
        "named by the posterior": (connections["verdict"].isin(["added", "missing", "reversed"])).sum("edge"),
        "q <= .05 by permutation": (twin["q_value"] <= 0.05).sum("edge"),
        "called by the naive rule": naive["n_added"] + naive["n_missing"],
    },
    index=list(design.patients),
)

# %% [markdown]
# ## 6. Against the truth
#
# Only a simulation has one. Here is what was recovered, and what was not.

# %%
from bayescov.simulate import recovery

for sentence in recovery(study.truth, connections, volumes):
    print(f"- {sentence}")

# %% [markdown]
# ## 7. Report and keep
#
# One HTML file that opens anywhere, and the fit itself, complete in one folder.

# %%
bc.report(fit, folder / "report.html", classical=twin)
bc.save_fit(fit, folder / "fit.zarr")
again = bc.load_fit(folder / "fit.zarr")
assert again["posterior"].equals(fit["posterior"])
print(f"report.html: {(folder / 'report.html').stat().st_size / 1e6:.1f} MB")
