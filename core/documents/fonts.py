"""The fonts of an official document by the names that Word knows.

A Word file names them and carries none: they are on the office's PCs and must not be shipped. What a
PDF is set in, is chosen in `typesetting.py` from what this machine has.
"""

XIAOBIAOSONG = "方正小标宋简体"
FANGSONG = "仿宋_GB2312"
KAITI = "楷体_GB2312"
HEITI = "黑体"
SONGTI = "宋体"
LATIN = "Times New Roman"
