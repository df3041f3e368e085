from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Hashed and gzipped static files, without the source maps (they are not shipped)."""

    patterns = tuple(
        (glob, tuple(p for p in patterns if "sourceMapping" not in str(p)))
        for glob, patterns in CompressedManifestStaticFilesStorage.patterns
    )
