"""How the plots look: one palette that colour-blind readers can tell apart, and small helpers."""
import base64
import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LogNorm  # noqa: E402,F401

# Okabe and Ito's colours: told apart with every common colour vision
BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9",
                                            "#E69F00")
INK, GREY, PALE = "#24292f", "#8a929b", "#d5dae0"
REFERENCE, GENERATED = INK, ORANGE  # showers
DATA, CHAINS = BLUE, ORANGE  # latent bits
DECADES = [PURPLE, BLUE, GREEN, YELLOW, ORANGE]
WIDE = 11.2  # inches: the page's width

plt.rcParams.update({
    "figure.dpi": 130, "savefig.facecolor": "white", "font.size": 9.5, "axes.titlesize": 10,
    "axes.titleweight": "medium", "axes.labelsize": 9.5, "axes.edgecolor": GREY,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#eceff2",
    "grid.linewidth": 0.8, "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 9,
    "lines.linewidth": 1.6, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
    "font.family": "DejaVu Sans", "axes.prop_cycle": matplotlib.cycler(
        color=[BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW])})


def page(rows, columns, height=2.6, width=WIDE, **more):
    """A figure of rows x columns panels, each `height` inches high; the axes as a flat list."""
    figure, axes = plt.subplots(rows, columns, figsize=(width, height * rows), squeeze=False,
                                constrained_layout=True, **more)
    return figure, list(axes.flat)


def png(figure):
    """The figure as a data: URI."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def rows_for(n, columns):
    return -(-n // columns)


def blank(axes):
    """Panels that are left over."""
    for ax in axes:
        ax.set_visible(False)


def energy_text(mev):
    """12.3 GeV"""
    for unit, size in (("TeV", 1e6), ("GeV", 1e3)):
        if mev >= size * 0.9999:
            return f"{mev / size:.3g} {unit}"
    return f"{mev:.3g} MeV"


def plain(x, digits=4):
    """A number for a table."""
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        return str(x)
    if x != x:
        return "not measured"
    return f"{x:,}" if isinstance(x, int) else f"{x:.{digits}g}"
