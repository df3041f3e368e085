"""Names as they are compared: without place, legal form, spelling and phase."""

import re
from functools import lru_cache

from core.text import comparison_key
from projects.lookalikes import bare_name

# What in a name says that it is a later part of something: 二期, 增资扩产 …
_PHASE = re.compile(
    "第?[一二三四五六七八九十0-9]期|增资扩产|增资扩股|增资|扩产|扩建|扩能|续建|追加投资|技改|解约|终止"
)

# Of one row each key is wanted several times.
bare = lru_cache(maxsize=4096)(bare_name)
spelt = lru_cache(maxsize=4096)(comparison_key)


@lru_cache(maxsize=4096)
def base_name(name: str) -> str:
    """A project's bare name without what makes it a later part: 糖果产线（二期）→ 糖果产线."""
    return bare(_PHASE.sub("", name)) or bare(name)
