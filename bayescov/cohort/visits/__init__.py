"""People with several visits: which row is of which visit, in which order visits follow, and the one to take.

`choosing` takes one row a person; `clues` says which row is the first and the last, from names (`order`), `dates` and ages;
`sessions` finds the participants' row of each visit.
"""
