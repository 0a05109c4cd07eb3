#!/usr/bin/env python3
"""One self-contained HTML page of a run, or of a comparison of architectures (jobs/architectures.slurm):
python3 analysis/report.py RUN_DIR [-o report.html]

FIGURES is the list of what the page shows; each becomes one <figure id=...>. A figure whose data
are not there says so in its place. Reads only what caloq wrote into the run folder, and the shower
files named in its configs (relative to the folder in which caloq ran).
"""
import argparse
import html
import importlib.util
import os
import re
import subprocess
import sys
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
if not all(importlib.util.find_spec(name) for name in ("numpy", "h5py", "matplotlib")):
    found = subprocess.run([os.path.join(HERE, "python.sh")], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        sys.exit(1)
    os.execvp(found.stdout.strip(), [found.stdout.strip(), *sys.argv])
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

import annealing  # noqa: E402
import architectures  # noqa: E402
import challenge  # noqa: E402
import histograms  # noqa: E402
import latent  # noqa: E402
import pairs  # noqa: E402
import paths  # noqa: E402
import showers  # noqa: E402
import tables  # noqa: E402
import training  # noqa: E402
from look import png  # noqa: E402
from source import Absent, Run  # noqa: E402

# draw(run) gives a matplotlib figure, or a text of HTML
Figure = namedtuple("Figure", "section id title draw words")

FIGURES = [
    Figure("Quality", "quality", "Distance to the reference showers", tables.quality,
           "Fréchet physics distance (FPD) of the model and of what it must beat; lower is better. The floor is what "
           "two samples of the reference of this size show."),
    Figure("Quality", "separations", "Separation power of every histogram", histograms.separations,
           "S is 0 for equal and 1 for disjoint histograms (eq. 15 of arXiv:2009.03796)."),
    Figure("Quality", "separation-table", "Separation power by kind of observable", tables.separation,
           "The last column names the layer that is worst."),
    Figure("Quality", "reconstruction", "Reconstruction, shower by shower", tables.reconstruction,
           "Encoded to bits and decoded again, compared with the shower itself."),
    Figure("Quality", "pairs", "Reconstructed against true energy", pairs.scatter,
           "Left: every shower and its reconstruction. Right: the error of the total energy, and what it would be if it "
           "were the same at every energy, grew as its root, in proportion to it, or with the power that fits (rms: of the logarithm)."),
    Figure("Quality", "radar", "Beside published models", challenge.radar,
           "Outside is worse; every axis runs from GEANT4 against itself to CaloVAE+INN, logarithmically, that of the time "
           "from the quickest published model to the slowest. Published numbers are for 100,000 showers against dataset_2_2: "
           "others compare only in tendency; what two samples of this run's reference would show is dashed."),
    Figure("Quality", "published", "The same as a table", challenge.published, "Data set 2, homepage of the CaloChallenge."),
    Figure("Quality", "times", "Time to generate a shower", challenge.times,
           "Published times are for an unnamed CPU; those of this run include reading and writing."),
    Figure("Showers", "resolution", "Energy resolution and response", challenge.resolution,
           "Standard deviation over mean of the total energy, in bins of the incident energy."),
    Figure("Showers", "events", "Single showers", showers.events,
           "For each energy the reference and the generated shower nearest to it, from the side (left; sectors of the "
           "upper half above the axis) and along the axis (right); one colour scale a row."),
    Figure("Showers", "events-in-space", "The same in space", showers.events_in_space,
           "Hits above a ten-thousandth of the largest, as large and as bright as their energy."),
    Figure("Showers", "mean-showers", "Mean showers", showers.mean_showers,
           "By decade of the incident energy, summed over the sectors."),
    Figure("Showers", "longitudinal", "Longitudinal profile", showers.longitudinal, ""),
    Figure("Showers", "radial", "Radial profile", showers.radial, ""),
    Figure("Showers", "response", "Total response and voxel energies", histograms.response,
           "Total energy over incident energy, and the spectrum of all voxels."),
    Figure("Showers", "by-energy", "By decade of the incident energy", challenge.by_energy, ""),
    Figure("Showers", "layer-energies", "Energies of single layers", histograms.layer_energies, ""),
    Figure("Showers", "sparsity", "Sparsity", histograms.sparsity, "Share of a layer's voxels without energy."),
    Figure("Showers", "centres", "Centres of energy", histograms.centres, ""),
    Figure("Showers", "widths", "Widths", histograms.widths, ""),
    Figure("Boltzmann machine", "rbm-energies", "Energies while training", training.energies,
           "Where both meet, the machine gives encoded showers and its own states the same energy."),
    Figure("Boltzmann machine", "latent-energies", "Energies of data and chains", latent.energies, ""),
    Figure("Boltzmann machine", "bit-means", "Latent bits", latent.bit_means, ""),
    Figure("Boltzmann machine", "correlations", "Correlations of latent bits", latent.correlations, ""),
    Figure("Boltzmann machine", "weights", "Couplings and biases", latent.weights, ""),
    Figure("Boltzmann machine", "ln-z", "Partition function", latent.bracket,
           "Annealed importance sampling bounds ln Z from below, reverse annealing from above (both in expectation)."),
    Figure("Boltzmann machine", "log-weights", "Log-weights", latent.log_weights,
           "The two histograms overlap when the annealing path is slow enough."),
    Figure("Boltzmann machine", "ln-z-path", "ln Z along the annealing path", paths.along,
           "From the weights at each point of the path (logz.trace), for the middle one of the conditions."),
    Figure("Boltzmann machine", "ln-z-study", "The bracket against the work", paths.study,
           "Runs of many numbers of chains and steps (jobs/bracket.sh); bars are two errors."),
    Figure("Boltzmann machine", "ln-z-training", "ln Z and likelihood while training", paths.epochs,
           "Annealing at checkpoints (jobs/likelihood.sh) and the estimate that went along (rbm.trajectory)."),
    Figure("Annealer", "anneal-temperature", "Temperature of the annealer", annealing.temperature,
           "By maximum pseudo-likelihood; bars are one error; dotted: the scale that was programmed. waits: pauses between programmings, which heat the device; single: one "
           "read in every call."),
    Figure("Annealer", "anneal-estimators", "Estimators of the temperature", annealing.estimators,
           "Those that failed say so in the result, with the reason."),
    Figure("Annealer", "anneal-energies", "Energies of data, chains and annealer", annealing.energies,
           "Weighed: each read by exp(-E + βH), as a state of the machine."),
    Figure("Training", "losses", "Losses", training.losses, "Pale: single lines of metrics.jsonl; full: running mean."),
    Figure("Training", "throughput", "Throughput", training.throughput, ""),
    Figure("Training", "schedules", "Schedules and gradients", training.schedules, ""),
    Figure("Run", "results", "Results of every command", tables.results, ""),
    Figure("Run", "config", "Configuration", tables.configuration, "What differs from command to command stands in "
           "its own row."),
]

# the page of a folder of jobs/architectures.slurm
COMPARISON = [
    Figure("Architectures", "architectures", "The same time for each", architectures.summary,
           "Trained on one rank for the same time, then judged against the same showers; the best FPD first."),
    Figure("Architectures", "architecture-distances", "Distance, and loss against work", architectures.distances, ""),
]

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: #24292f; font: 15px/1.5 system-ui, sans-serif; }
header { background: #fff; border-bottom: 1px solid #d5dae0; padding: 26px 24px 18px; }
header > div, main { max-width: 1200px; margin: 0 auto; }
main { padding: 8px 24px 60px; }
h1 { margin: 0 0 2px; font-size: 25px; font-weight: 650; }
h2 { margin: 36px 0 12px; font-size: 19px; font-weight: 650; }
.sub { color: #57606a; margin: 0; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 18px 0 14px; }
.tile { background: #f5f6f8; border: 1px solid #e1e5ea; border-radius: 8px; padding: 10px 16px; min-width: 150px; }
.tile b { display: block; font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile span { color: #57606a; font-size: 13px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; }
nav a { color: #0a58a6; text-decoration: none; }
nav a:hover { text-decoration: underline; }
.grid { display: flex; flex-wrap: wrap; gap: 16px; }
figure { margin: 0; background: #fff; border: 1px solid #d5dae0; border-radius: 8px; padding: 14px 18px 16px;
         flex: 1 1 100%; min-width: 0; overflow-x: auto; }
figure.half { flex: 1 1 460px; }
figcaption { margin-bottom: 8px; color: #57606a; font-size: 13.5px; }
figcaption b { display: block; color: #24292f; font-size: 15.5px; font-weight: 600; }
figure img { display: block; width: 100%; height: auto; }
.absent { color: #8a4b00; background: #fff6e5; border-radius: 6px; padding: 10px 14px; margin: 0; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 28px 4px 0; border-bottom: 1px solid #eceff2; vertical-align: top; }
th { font-weight: 600; color: #57606a; }
td.n, th.n { text-align: right; }
td.k { color: #57606a; white-space: nowrap; }
.scroll { max-height: 480px; overflow: auto; }
"""


def figure_html(figure, run):
    try:
        content = figure.draw(run)
    except Absent as why:
        content = f'<p class="absent">This figure is absent: {html.escape(str(why))}.</p>'
    except Exception as why:  # one figure's odd data must not cost the page
        print(f"report: {figure.id}: {type(why).__name__}: {why}", file=sys.stderr)
        content = (f'<p class="absent">This figure is absent: its data have another form than expected '
                   f"({html.escape(type(why).__name__)}: {html.escape(str(why))}).</p>")
    half = ""
    if not isinstance(content, str):
        half = ' class="half"' if content.get_figwidth() < 8 else ""
        content = f'<img alt="{html.escape(figure.title)}" src="{png(content)}">'
    return (f'<figure id="{figure.id}"{half}><figcaption><b>{html.escape(figure.title)}</b>'
            f"{html.escape(figure.words)}</figcaption>{content}</figure>")


def slug(text):
    return re.sub(r"\W+", "-", text.lower())


def page(run):
    figures = COMPARISON if architectures.has(run) else FIGURES
    sections = list(dict.fromkeys(f.section for f in figures))
    body = []
    for section in sections:
        inside = "\n".join(figure_html(f, run) for f in figures if f.section == section)
        body.append(f'<h2 id="{slug(section)}">{section}</h2>\n<div class="grid">\n{inside}\n</div>')
    links = "".join(f'<a href="#{slug(s)}">{s}</a>' for s in sections)
    name = html.escape(os.path.basename(os.path.abspath(run.folder)))
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width"><title>caloq: {name}</title><style>{STYLE}</style></head>\n<body><header>'
            f"<div><h1>{name}</h1><p class=\"sub\">{tables.subtitle(run)}</p>{tables.tiles(run)}<nav>{links}</nav></div>"
            f"</header>\n<main>\n" + "\n".join(body) + "\n</main></body></html>\n")


def main():
    parser = argparse.ArgumentParser(description="One HTML page of a run.")
    parser.add_argument("run", help="run folder")
    parser.add_argument("-o", "--output", help="page to write (default: report.html in the run folder)")
    parser.add_argument("--count", action="store_true", help="print how many figures a page has, and end")
    if "--count" in sys.argv:
        print(len(FIGURES))
        return
    a = parser.parse_args()
    path = a.output or os.path.join(a.run, "report.html")
    text = page(Run(a.run))
    with open(path + ".part", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".part", path)
    print(path)


if __name__ == "__main__":
    main()
