#include "cmd/keys.h"

#define BIG 9e15 /* an integer that a double still holds */

/* clang-format off */
static const struct conf_key table[] = {
    /* name, type, default, least, most, unit, choices, help */
    { "run.dir", CONF_TEXT, "runs/default", 0, 0, "", 0, "run folder: config, log, metrics, checkpoints, results" },
    { "run.name", CONF_TEXT, "", 0, 0, "", 0, "what the result and config files in the run folder are called; default: the command" },
    { "run.seed", CONF_INT, "1", 0, BIG, "", 0, "every random number is a function of it" },
    { "run.resume", CONF_CHOICE, "auto", 0, 0, "", "auto never must", "go on from the newest checkpoint in run.dir: if there is one, never, or fail without one" },
    { "run.walltime", CONF_REAL, "0", 0, BIG, "s", 0, "stop with a checkpoint and exit status 75 after this time; 0: no limit" },
    { "run.kernels", CONF_CHOICE, "auto", 0, 0, "", "auto base v3 v4", "instruction set of the sampling kernels (all give the same bits)" },
    { "run.keep", CONF_INT, "3", 1, 1000000, "", 0, "checkpoints kept, newest first; best.h5 comes on top" },

    { "data.kind", CONF_CHOICE, "calochallenge", 0, 0, "", "calochallenge bits", "what the files hold: showers, or latent bits (training.mode: rbm)" },
    { "data.train", CONF_TEXTS, "[runs/data/train.h5]", 0, 0, "", 0, "training files" },
    { "data.validation", CONF_TEXTS, "[]", 0, 0, "", 0, "validation files; empty: a fraction of the training events" },
    { "data.validation_fraction", CONF_REAL, "0.1", 0, 0.9, "", 0, "share of the training events set aside when data.validation is empty" },
    { "data.test", CONF_TEXTS, "[]", 0, 0, "", 0, "files that `encode` reads" },
    { "data.most", CONF_INT, "0", 0, BIG, "showers", 0, "read at most this many from each list of files; 0: all" },
    { "data.geometry", CONF_TEXT, "configs/geometries/calochallenge2.yaml", 0, 0, "", 0, "geometry file: layers, rings, angular bins, readout threshold" },
    { "data.transform", CONF_CHOICE, "logit", 0, 0, "", "logit log1p gev", "voxel energies to network units" },

    { "synth.showers", CONF_INT, "2000", 1, BIG, "showers", 0, "how many" },
    { "synth.first", CONF_INT, "0", 0, 1e13, "", 0, "global number of the first shower: files with disjoint numbers are independent" },
    { "synth.output", CONF_TEXT, "runs/data/train.h5", 0, 0, "", 0, "file to write" },
    { "synth.energy_min", CONF_REAL, "1000", 10, 1e8, "MeV", 0, "least incident energy" },
    { "synth.energy_max", CONF_REAL, "1000000", 10, 1e8, "MeV", 0, "largest incident energy; energies are log-uniform" },
    { "synth.geometry", CONF_TEXT, "configs/geometries/calochallenge2.yaml", 0, 0, "", 0, "geometry file" },
    { "synth.gzip", CONF_INT, "0", 0, 9, "", 0, "compression level; 0: none" },

    { "model.architecture", CONF_TEXT, "configs/architectures/fcn-small.yaml", 0, 0, "", 0, "network: layers of encoder and decoder" },
    { "model.energy_code", CONF_CHOICE, "caloq", 0, 0, "", "caloq", "incident energy to the bits of partition 0" },

    { "rbm.topology", CONF_CHOICE, "complete", 0, 0, "", "complete none file", "couplings: between all partitions, none, or an edge list" },
    { "rbm.chip", CONF_TEXT, "", 0, 0, "", 0, "rbm.topology: file: a text file with two unit numbers a line" },
    { "rbm.partitions", CONF_INT, "4", 2, 64, "", 0, "number of partitions; partition 0 holds the incident energy" },
    { "rbm.nodes", CONF_INTS, "[64]", 1, 1e6, "units", 0, "units of each partition: one number for all, or a list" },
    { "rbm.clamped", CONF_INT, "0", -1, 63, "", 0, "the partition that is the condition (networks: 0, the incident energy); -1: none" },
    { "rbm.file", CONF_TEXT, "", 0, 0, "", 0, "start from the machine of this RBM file or checkpoint" },
    { "rbm.chains", CONF_INT, "512", 1, 1e9, "chains", 0, "persistent chains, over all ranks" },
    { "rbm.sweeps", CONF_INT, "10", 1, 1e6, "", 0, "Gibbs sweeps an update (the k of PCD-k)" },
    { "rbm.gradient", CONF_CHOICE, "centred", 0, 0, "", "plain centred enhanced", "plain differences, centred by data means, or enhanced" },
    { "rbm.data_statistics", CONF_CHOICE, "binary", 0, 0, "", "binary", "what stands for the data: sampled bits, counted exactly" },
    { "rbm.chain_condition", CONF_CHOICE, "batch", 0, 0, "", "batch fixed", "chains take the energies of the step's events, or keep energies drawn once" },
    { "rbm.optimiser", CONF_CHOICE, "sgd", 0, 0, "", "sgd adam", "update rule" },
    { "rbm.learning_rate", CONF_REAL, "0.05", 0, 10, "", 0, "step size" },
    { "rbm.momentum", CONF_REAL, "0", 0, 0.9999, "", 0, "momentum of sgd" },
    { "rbm.decay", CONF_REAL, "0", 0, 1, "", 0, "decoupled weight decay, times the step size" },
    { "rbm.weight_std", CONF_REAL, "0.01", 0, 10, "", 0, "couplings start as normal deviates of this width" },

    { "training.mode", CONF_CHOICE, "vae", 0, 0, "", "ae vae rbm", "autoencoder alone, everything, or the Boltzmann machine alone" },
    { "training.epochs", CONF_INT, "10", 1, 1e9, "", 0, "passes over the training events" },
    { "training.phases", CONF_LIST, "[]", 0, 0, "", 0, "several phases in a row, in place of mode and epochs" },
    { "training.phases[].mode", CONF_CHOICE, "vae", 0, 0, "", "ae vae rbm", "as training.mode" },
    { "training.phases[].epochs", CONF_INT, "10", 1, 1e9, "", 0, "as training.epochs" },
    { "training.phases[].from", CONF_CHOICE, "last", 0, 0, "", "last best", "start from the end of the phase before, or from its best.h5" },
    { "training.batch", CONF_INT, "128", 1, 1048576, "showers", 0, "showers a step, over all ranks" },
    { "training.optimiser", CONF_CHOICE, "adam", 0, 0, "", "sgd adam adamw", "update rule of the networks" },
    { "training.learning_rate", CONF_REAL, "0.001", 0, 10, "", 0, "step size of the networks" },
    { "training.schedule", CONF_CHOICE, "cosine", 0, 0, "", "constant cosine", "course of the step size over a phase" },
    { "training.warmup", CONF_INT, "50", 0, 1e9, "steps", 0, "the step size rises linearly over the first steps of a phase" },
    { "training.momentum", CONF_REAL, "0.9", 0, 0.9999, "", 0, "momentum of sgd" },
    { "training.decay", CONF_REAL, "0", 0, 1, "", 0, "weight decay of adamw" },
    { "training.clip", CONF_REAL, "0", 0, 1e9, "", 0, "largest norm of a gradient; 0: no limit" },
    { "training.beta_start", CONF_REAL, "1", 0.01, 1000, "", 0, "sharpness of the Gumbel relaxation at the first step" },
    { "training.beta_end", CONF_REAL, "8", 0.01, 1000, "", 0, "and at the last step" },
    { "training.slope_start", CONF_REAL, "0.05", 0, 1, "", 0, "slope of the output's leaky rectifier at the first step; 0 at the last" },
    { "training.mask", CONF_FLAG, "true", 0, 0, "", 0, "multiply the output by the true hits while training" },
    { "training.straight_through", CONF_FLAG, "false", 0, 0, "", 0, "decode binary bits, differentiate the relaxed ones" },
    { "training.ae_weight", CONF_REAL, "1", 0, 1e9, "", 0, "weight of the reconstruction error" },
    { "training.hit_weight", CONF_REAL, "1", 0, 1e9, "", 0, "weight of the hits' cross-entropy" },
    { "training.entropy_weight", CONF_REAL, "1", 0, 1e9, "", 0, "weight of the posterior's negative entropy" },
    { "training.positive_weight", CONF_REAL, "1", 0, 1e9, "", 0, "weight of the energy of encoded showers" },
    { "training.mse_exponent", CONF_REAL, "0.5", -10, 10, "", 0, "w in the reconstruction weight exp(w u)" },
    { "training.mse_coefficient", CONF_REAL, "0.01", 0, 1e6, "", 0, "coefficient of the reconstruction error" },
    { "training.log_every", CONF_INT, "20", 1, 1e9, "steps", 0, "steps between two lines of metrics.jsonl" },
    { "training.checkpoint_every", CONF_INT, "1", 1, 1e9, "epochs", 0, "epochs between checkpoints" },
    { "training.best", CONF_CHOICE, "ahep", 0, 0, "", "ahep ah", "best epoch by validation loss: reconstruction + hits (+ entropy + energy)" },

    { "encode.model", CONF_TEXT, "runs/default", 0, 0, "", 0, "run folder or checkpoint" },
    { "encode.output", CONF_TEXT, "runs/default/encode.h5", 0, 0, "", 0, "Bits file to write" },
    { "encode.logits", CONF_FLAG, "true", 0, 0, "", 0, "write the posterior's logits too" },

    { "generate.model", CONF_TEXT, "runs/default", 0, 0, "", 0, "run folder or checkpoint" },
    { "generate.output", CONF_TEXT, "runs/default/generated.h5", 0, 0, "", 0, "shower file to write" },
    { "generate.showers", CONF_INT, "1000", 1, BIG, "showers", 0, "how many, for drawn or listed energies" },
    { "generate.energies", CONF_TEXTS, "[]", 0, 0, "MeV", 0, "incident energies: numbers (taken in turn), or one shower file; empty: log-uniform" },
    { "generate.energy_min", CONF_REAL, "1000", 1, 1e7, "MeV", 0, "least drawn incident energy" },
    { "generate.energy_max", CONF_REAL, "1000000", 1, 1e7, "MeV", 0, "largest drawn incident energy" },
    { "generate.latents", CONF_TEXT, "", 0, 0, "", 0, "decode this Bits file (from encode, chains or an annealer) in order" },
    { "generate.prior", CONF_CHOICE, "rbm", 0, 0, "", "rbm uncoupled coins", "latents from the RBM, from the RBM with its couplings set to 0, or fair coins" },
    { "generate.sweeps", CONF_INT, "500", 1, 1e9, "", 0, "Gibbs sweeps from a random start" },
    { "generate.states", CONF_TEXT, "", 0, 0, "", 0, "write the latents to this Bits file as well" },
    { "generate.batch", CONF_INT, "256", 1, 65536, "showers", 0, "showers decoded at a time on a rank" },
    { "generate.gzip", CONF_INT, "0", 0, 9, "", 0, "compression level; 0: none" },

    { "logz.model", CONF_TEXT, "runs/default", 0, 0, "", 0, "run folder, checkpoint or RBM file" },
    { "logz.method", CONF_CHOICE, "both", 0, 0, "", "ais rais both bar exact", "annealed importance sampling up, down, both, both joined by BAR, or enumeration" },
    { "logz.clamp", CONF_CHOICE, "auto", 0, 0, "", "auto none", "as trained (conditional when a partition is clamped), or the joint ln Z" },
    { "logz.energies", CONF_REALS, "[1000, 10000, 100000, 1000000]", 1, 1e7, "MeV", 0, "incident energies of the conditional ln Z" },
    { "logz.base", CONF_CHOICE, "data", 0, 0, "", "data biases uniform", "where the path starts: units with the means of logz.data (else of chains), the model's biases, fair coins" },
    { "logz.chains", CONF_INT, "256", 2, 1e9, "chains", 0, "chains for each condition and direction" },
    { "logz.betas", CONF_INT, "1000", 1, 1e8, "steps", 0, "steps of the path" },
    { "logz.sweeps", CONF_INT, "1", 1, 1e6, "", 0, "Gibbs sweeps a step" },
    { "logz.burn", CONF_INT, "1000", 0, 1e9, "sweeps", 0, "sweeps of the reverse chains before their path starts" },
    { "logz.data", CONF_TEXT, "", 0, 0, "", 0, "Bits file: base rates, and the log-likelihood of its states" },
    { "logz.output", CONF_TEXT, "", 0, 0, "", 0, "HDF5 file of the log-weights; default: NAME.h5 in the run folder" },
    { "logz.exact_most", CONF_INT, "24", 0, 40, "units", 0, "print the exact value too when at most this many units need enumeration" },

    { "evaluate.generated", CONF_TEXT, "runs/default/generated.h5", 0, 0, "", 0, "shower file to judge" },
    { "evaluate.reference", CONF_TEXT, "runs/data/test.h5", 0, 0, "", 0, "shower file to judge it by" },
    { "evaluate.geometry", CONF_TEXT, "configs/geometries/calochallenge2.yaml", 0, 0, "", 0, "geometry file" },
    { "evaluate.features", CONF_CHOICE, "challenge", 0, 0, "", "challenge reference", "columns of FPD and KPD: the challenge's, or the reference code's" },
    { "evaluate.fpd_min", CONF_INT, "10000", 10, BIG, "showers", 0, "smallest bootstrap batch of the FPD" },
    { "evaluate.fpd_max", CONF_INT, "50000", 10, BIG, "showers", 0, "largest bootstrap batch of the FPD" },
    { "evaluate.kpd_batch", CONF_INT, "10000", 10, 1e6, "showers", 0, "showers in a batch of the KPD" },
    { "evaluate.paired", CONF_FLAG, "false", 0, 0, "", 0, "the files hold the same events in the same order: reconstruction errors" },
    { "evaluate.training", CONF_TEXT, "", 0, 0, "", 0, "real showers for the baseline of independent voxels, and for the floor of the FPD" },
    { "evaluate.output", CONF_TEXT, "", 0, 0, "", 0, "HDF5 file of histograms; default: NAME.h5 in the run folder" },

    { "bench.what", CONF_CHOICE, "all", 0, 0, "", "all gibbs counts logz train io", "which part to measure" },
    { "bench.seconds", CONF_REAL, "1", 0.01, 1000, "s", 0, "time for each figure" },

    { "info.file", CONF_TEXT, "", 0, 0, "", 0, "the file to look at (or: caloq info FILE.h5)" },
};
/* clang-format on */

const struct conf_key *keys_table(int *n)
{
    *n = (int)(sizeof table / sizeof table[0]);
    return table;
}
