"""A figure as the bytes of a file, the same for the same figure."""

import io

from matplotlib.figure import Figure


def saved(figure: Figure, form: str) -> bytes:
    """Return the figure; ``form``: ``svg`` or ``png``."""
    file = io.BytesIO()
    dated = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    figure.savefig(file, format=form, metadata=dated, dpi=150)
    return file.getvalue()
