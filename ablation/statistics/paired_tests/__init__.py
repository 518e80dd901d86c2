"""The tests that can decide a comparison: a new one is a file here and a name in `TESTS`.

spec.py is what each declares; wilcoxon.py, t.py and signflip.py are those that come along. The
files load NumPy and SciPy only when a test is run, because help texts list the names.
"""

from ablation.plugins import Registry
from ablation.statistics.paired_tests.signflip import SIGNFLIP
from ablation.statistics.paired_tests.spec import PairedTest
from ablation.statistics.paired_tests.t import T
from ablation.statistics.paired_tests.wilcoxon import WILCOXON

TESTS: Registry[PairedTest] = Registry("primary test", [WILCOXON, T, SIGNFLIP])
