"""Numbers of the normal heart: means, effects of age and sex, and how people differ.

Every row is a lobe of ``LOBES``, its columns the moments along X (left), Y (down) and Z (back)
in microvolts of a Frank lead. They were measured on the 6,084 records of PTB-XL 1.0.3 (Wagner
et al. 2020, CC BY 4.0; folds 1-8) that carry NORM and no other superclass, keep a steady rhythm
and state an age: the median beat of each was taken back to a dipole by least squares on Dower's
matrix and fitted with the lobes (median residual 0.6 % of its energy), then brought to the same
QRS magnitude, ``QRS_MAGNITUDE``. ``MODES`` are the 14 leading principal components of what age
and sex leave unexplained, one standard deviation each (ST and T weighted fourfold, 93 % of the
variance).
"""

import numpy as np
from numpy.typing import NDArray

# Name, centre and width (ms, standard deviation) from the R peak at 70 beats a minute.
# QRS lobes do not stretch with the rate; the rest follows the square root of RR (Bazett 1920).
LOBES = (
    ("septal", -30, 8),
    ("apical", -17, 8),
    ("left", -4, 8),
    ("lateral", 9, 8),
    ("basal", 22, 8),
    ("terminal", 35, 8),
    ("early ST", 100, 26),
    ("late ST", 150, 30),
    ("T rise", 200, 34),
    ("T shoulder", 245, 30),
    ("T peak", 285, 26),
    ("T fall", 325, 28),
    ("U", 420, 40),
)
# The records were low-passed at 40 Hz forwards and backwards (4.7 ms as a Gaussian) and their
# beats put on top of each other to 10 ms before the median (2.9 ms): so much wider are the lobes.
BLUR_S = 0.0050
QRS_WIDTH_S = 0.008
QRS = slice(0, 6)
ST = slice(6, 8)
T = slice(8, 12)
U = slice(12, 13)

# QRS magnitude: root of the sum of squares of its moments, in mV. Its median, and how its
# logarithm goes with a decade of age, from male to female, and from person to person.
QRS_MAGNITUDE = 1.567
LOG_GAIN_PER_DECADE = -0.036
LOG_GAIN_FEMALE = -0.134
LOG_GAIN_SPREAD = 0.226

# At 54 years, between the sexes.
_MEAN = (
    (-18, -23, -66), (58, -11, -151), (856, 325, 182), (425, 193, 442), (-223, -39, 307),
    (19, 3, 40), (-15, -19, -46), (11, -7, -46), (51, -1, -108), (197, 63, -140), (114, 50, -45),
    (12, 5, -11), (6, 4, -17),
)  # fmt: skip
# Added for each ten years above 54.
_PER_DECADE = (
    (5, 2, 8), (-3, 7, 14), (1, -66, -66), (23, -34, -12), (-3, 4, 22), (-4, -3, 3), (-5, -1, 1),
    (-5, -2, 0), (-9, -2, 5), (-9, -6, -7), (10, 2, -8), (2, 1, 1), (-3, -1, 2),
)  # fmt: skip
# Female less male.
_FEMALE = (
    (-20, -11, 22), (-70, -22, -37), (73, 115, 113), (-38, 24, 59), (4, -61, -95), (18, 6, -32),
    (-14, -5, 16), (-13, -2, 21), (-40, -4, 66), (-22, 7, 72), (52, 26, -8), (4, 5, 1),
    (-8, -1, 5),
)  # fmt: skip
_MODES = (
    (
        (-31, 8, 79), (-265, -64, -74), (258, -19, -381), (294, 75, -64), (-78, -6, 117),
        (14, 1, 21), (-7, 0, 10), (-2, 0, 5), (-21, -4, 22), (-3, -8, -14), (37, 11, -22),
        (5, 3, -2), (0, 0, -1),
    ),
    (
        (14, 0, -19), (67, 31, 43), (-103, -51, 41), (-26, -44, -17), (15, 3, 0), (-10, -5, 5),
        (-2, 1, 5), (-2, -1, 1), (-20, -4, 25), (-46, -25, 2), (69, 19, -34), (14, 8, -2),
        (0, 0, -1),
    ),
    (
        (-48, -9, 19), (-49, -35, -93), (215, 150, 155), (-84, 45, 118), (9, -14, -68),
        (15, 13, -13), (-3, -3, 0), (-3, -1, 2), (-14, -5, 11), (-15, -2, 13), (15, 9, 3),
        (1, 2, 1), (0, 1, 1),
    ),
    (
        (3, -6, -3), (-9, -3, 10), (-32, -6, -31), (23, 45, 6), (12, 18, 19), (-4, 3, 5),
        (-8, -4, 6), (-14, -6, 8), (-17, -6, 17), (-77, -24, 45), (-40, -18, 11), (8, 2, -2),
        (-2, -1, 1),
    ),
    (
        (-10, 4, 0), (7, 6, -6), (53, -7, 4), (-18, -60, 11), (31, -3, 17), (6, -4, -10),
        (-4, -3, -9), (-5, -4, -11), (-11, -10, -29), (-28, -28, -62), (-13, -13, -21),
        (0, -1, 2), (-1, -2, -1),
    ),
    (
        (17, -10, 1), (-8, -36, -6), (-108, 57, 7), (49, 198, 65), (5, 17, 8), (6, 18, 3),
        (2, -4, -6), (1, -2, -6), (-4, -5, -14), (-9, 5, -21), (4, 14, 1), (-3, 1, 3), (0, 2, 1),
    ),
    (
        (-10, -5, -10), (8, 13, 17), (-11, 64, 101), (149, -18, -115), (18, -24, -52),
        (6, -1, -9), (-5, -1, 3), (-3, 0, 3), (-12, -3, 6), (5, 1, -8), (-4, -2, 0), (-6, -3, 3),
        (1, 0, 0),
    ),
    (
        (10, 17, 13), (-33, -10, -29), (-3, -96, 85), (96, -20, 86), (-36, -9, 12), (0, -2, 13),
        (2, 1, -4), (1, -1, -2), (11, -2, -8), (2, -18, 8), (7, -9, 8), (7, 2, 0), (2, -1, 0),
    ),
    (
        (-8, -1, -5), (26, 6, -2), (-4, -64, -5), (-15, 1, 42), (13, 27, 19), (-10, -3, 9),
        (-10, -5, 5), (-3, -3, 5), (-29, -14, 14), (20, -6, -13), (0, 1, 18), (-17, -7, 4),
        (-1, -1, 1),
    ),
    (
        (8, 2, -1), (-31, 9, 17), (-7, 21, -12), (-4, -54, -22), (-14, -25, 15), (3, -4, -5),
        (-1, -1, -6), (-1, 1, -4), (-5, -2, -18), (-17, 6, 3), (9, 15, 28), (-2, -1, 0),
        (-3, -2, 0),
    ),
    (
        (-28, -10, -18), (69, 27, 28), (70, -31, -7), (18, 51, -38), (48, 76, -12), (-1, 4, -5),
        (1, 0, 0), (0, -2, -1), (8, -2, -8), (-1, -10, 3), (6, 2, 11), (6, 3, -2), (3, 2, 0),
    ),
    (
        (20, -6, -9), (-32, 29, 129), (29, 8, 17), (-5, 16, 22), (-41, -5, 14), (6, 0, -10),
        (1, -1, -1), (2, -1, 0), (1, -2, 4), (3, -3, -1), (-2, 0, -2), (-1, 0, 2), (0, 0, 2),
    ),
    (
        (-18, -3, -5), (1, 36, 8), (11, -14, 20), (31, -20, 40), (42, 36, 50), (-2, 2, 8),
        (-2, 5, -1), (-3, 5, -1), (-7, 10, -2), (-5, 27, 2), (-5, 7, -7), (0, 0, 0), (0, 1, 0),
    ),
    (
        (-7, -13, -6), (-21, -2, -18), (-12, 39, 33), (-17, -6, -35), (-16, 47, 95), (-19, 1, 33),
        (0, -4, -1), (1, -4, 0), (2, -8, 0), (7, -7, 4), (1, -3, -1), (3, 2, -2), (0, 0, -1),
    ),
)  # fmt: skip


def millivolts(table: object) -> NDArray[np.float64]:
    """A table of microvolts as millivolts."""
    return np.asarray(table, dtype=np.float64) / 1000


MEAN = millivolts(_MEAN)  # (13, 3)
PER_DECADE = millivolts(_PER_DECADE)  # (13, 3)
FEMALE = millivolts(_FEMALE)  # (13, 3)
MODES = millivolts(_MODES)  # (14, 13, 3)
