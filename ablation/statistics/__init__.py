"""Paired statistics on patients: pure functions of numbers, no I/O and no global random state.

paired.py         signed-rank and t test of one difference per patient; printed.py  as elsewhere
permutation.py    sign flips of the mean, sign test
effects.py        d_z, d_av, Hodges-Lehmann shift, superiority;  rank_biserial.py, median.py
resampling.py     draws of patients, percentile and BCa intervals
multiplicity.py   p-values of a family;  ranking.py, stability.py  several designs at once
equivalence.py    too small to matter;  bayes.py  how probable better, worse, the same are
clusters.py       cases of one patient;  repeats.py  seeds and folds as a source of chance
disagreement.py   mean against ranks
power.py          what a number of patients can show;  noncentral.py  the distribution behind it
profile.py        share of patients above every score;  trend.py  a difference over tumour size
tuning.py         the best of so many trials of a search

Import from the modules: this file loads nothing, so that naming the tests in a help text costs nothing.
"""
